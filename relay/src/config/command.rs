use clap::{Arg, ArgAction, ArgMatches, Command};

use super::Config;
use super::setting::{Form, Setting};
use super::table::Group;

/// The option that names the configuration file. It is no setting: what it names cannot stand in the file itself.
pub(super) const CONFIG: &str = "config";
pub(super) const CONFIG_VARIABLE: &str = "HELOSCOPE_CONFIG";

/// The command line, made of the table.
pub(super) fn command(table: &[Group]) -> Command {
    let config = Arg::new(CONFIG)
        .long(CONFIG)
        .value_name("FILE")
        .help(format!(
            "A configuration file (TOML), whose keys are the options' names without dashes before them [env: {CONFIG_VARIABLE}]"
        ))
        .global(true);
    let defaults = Config::default();
    let mut command = Command::new("heloscope-relay")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Carries octets between a web page and one TCP connection to a mail server, so that the page can test it")
        .after_help(
            "An option counts for more than the environment, the environment for more than the file. What gives a list \
             replaces the list of what counts for less. An environment variable without a value counts as none.",
        )
        .arg(config)
        .subcommand(
            Command::new("check-config").about("Reads the configuration, says all that is wrong with it, and ends with 0 or 2"),
        )
        .subcommand(
            Command::new("print-config").about("Prints every setting, its value and where that comes from, as a configuration file"),
        );
    for group in table {
        command = command.next_help_heading(group.heading);
        for setting in &group.settings {
            command = command.arg(option(setting, &defaults));
        }
    }
    command
}

fn option(setting: &Setting, defaults: &Config) -> Arg {
    let again = if setting.form == Form::List { "; may be given again" } else { "" };
    let live = if setting.live { "; read again on SIGHUP" } else { "" };
    let default = match (setting.form, setting.write(defaults).as_slice()) {
        (Form::Switch, _) | (_, []) => String::new(),
        (_, words) => format!(" [default: {}]", words.join(",")),
    };
    let arg = Arg::new(setting.name)
        .long(setting.name)
        .value_name(setting.value)
        .help(format!("{}{again}{live} [env: {}]{default}", setting.help, setting.variable()))
        .global(true);
    match setting.form {
        Form::Text | Form::Number => arg,
        // `--demo`, and `--demo=false` where the file says otherwise.
        Form::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        Form::List => arg.action(ArgAction::Append),
    }
}

/// The words that the command line gives for a setting, if it does.
pub(super) fn given(matches: &ArgMatches, setting: &Setting) -> Option<Vec<String>> {
    let values: Vec<&String> = matches.get_many(setting.name)?.collect();
    Some(match setting.form {
        Form::List => values.into_iter().flat_map(|value| split(value)).collect(),
        _ => values.into_iter().cloned().collect(),
    })
}

/// A list in one word: its parts between commas.
pub(super) fn split(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
