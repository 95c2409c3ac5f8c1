use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::setting::{Form, Setting};
use super::table::{Group, of_another_build, table};
use super::{Config, Fault, Source, nearest};

/// The option that names the configuration file. It is no setting: what it names cannot stand in the file itself.
pub(super) const CONFIG: &str = "config";
pub(super) const CONFIG_VARIABLE: &str = "HELOSCOPE_CONFIG";

/// What the command line says, and all that is wrong with it.
pub(crate) struct CommandLine {
    pub(super) matches: ArgMatches,
    pub(super) faults: Vec<Fault>,
}

impl CommandLine {
    /// Reads the words behind the program's name.
    ///
    /// # Errors
    /// Where `--help` or `--version` is among them: what to print, and to end with.
    pub(crate) fn read(words: impl Iterator<Item = OsString>) -> Result<Self, clap::Error> {
        let table = table();
        let settings: Vec<&Setting> = table.iter().flat_map(|group| &group.settings).collect();
        let command = command(&table);
        let commands: Vec<String> =
            command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
        let mut sieve = Sieve { settings: &settings, commands: &commands, ..Sieve::default() };
        sieve.sift(words.collect());
        let right = std::iter::once("heloscope-relay".to_owned()).chain(sieve.options).chain(sieve.words);
        let matches = command.try_get_matches_from(right)?;
        Ok(Self { matches, faults: sieve.faults })
    }

    /// The command, if there is one.
    pub(crate) fn subcommand(&self) -> Option<&str> {
        self.matches.subcommand_name()
    }
}

/// Tells the words that can be read from those that cannot: clap itself stops at the first of these.
#[derive(Default)]
struct Sieve<'a> {
    settings: &'a [&'a Setting],
    commands: &'a [String],
    /// Options, each with its value in one word.
    options: Vec<String>,
    /// The command, and what asks for help.
    words: Vec<String>,
    faults: Vec<Fault>,
}

impl Sieve<'_> {
    fn sift(&mut self, words: Vec<OsString>) {
        let mut words = words.into_iter().map(OsString::into_string).peekable();
        while let Some(word) = words.next() {
            let word = match word {
                Ok(word) => word,
                Err(word) => {
                    self.fault(&word.to_string_lossy(), "this is no UTF-8".to_owned());
                    continue;
                }
            };
            let behind = words.peek().and_then(|word| word.as_deref().ok());
            if ["--help", "-h", "--version", "-V", "help"].contains(&word.as_str()) {
                self.words.push(word);
            } else if let Some(option) = word.strip_prefix("--").filter(|option| !option.is_empty()) {
                if self.option(option, behind) {
                    words.next();
                }
            } else if !self.commands.contains(&word) {
                let commands = self.commands.iter().map(String::as_str);
                let hint = nearest::hint(&word, commands, "", "`heloscope-relay --help`");
                self.fault(&word, format!("this is neither a command nor an option's value{hint}"));
            } else if let Some(first) = self.words.iter().find(|word| self.commands.contains(word)) {
                let what = format!("there is a command already, {first}");
                self.fault(&word, what);
            } else {
                self.words.push(word);
            }
        }
    }

    /// Takes an option, whose dashes are off; whether the word behind it is its value.
    fn option(&mut self, option: &str, behind: Option<&str>) -> bool {
        let (name, value) =
            option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let setting = self.settings.iter().find(|setting| setting.name == name);
        let behind =
            behind.filter(|word| !word.starts_with('-') && !self.commands.iter().any(|it| it == word));
        if setting.is_none() && name != CONFIG {
            let what = of_another_build(name).unwrap_or_else(|| {
                let known = self.settings.iter().map(|setting| setting.name).chain([CONFIG]);
                let hint = nearest::hint(name, known, "--", "`heloscope-relay --help`");
                format!("there is no such option{hint}")
            });
            self.fault(&format!("--{name}"), what);
            return value.is_none() && behind.is_some();
        }
        let switch = setting.is_some_and(|setting| setting.form == Form::Switch);
        if switch || value.is_some() {
            self.options.push(format!("--{option}"));
            return false;
        }
        match behind {
            Some(value) => self.options.push(format!("--{name}={value}")),
            None => {
                let what = setting.map_or("FILE", |setting| setting.value);
                self.fault(
                    &format!("--{name}"),
                    format!("{what} is missing behind it; a value that begins with a dash is written --{name}=VALUE"),
                );
            }
        }
        behind.is_some()
    }

    fn fault(&mut self, word: &str, what: String) {
        self.faults.push(Fault::at(Source::Word(word.escape_debug().to_string()), None, what));
    }
}

/// The command line, made of the table.
fn command(table: &[Group]) -> Command {
    let config = Arg::new(CONFIG)
        .long(CONFIG)
        .value_name("FILE")
        .help(format!(
            "A configuration file (TOML), whose keys are the options' names without dashes before them [env: {CONFIG_VARIABLE}]"
        ))
        .action(ArgAction::Append)
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
    let fixed = if setting.fixed { "; another value takes a restart" } else { "" };
    let default = match (setting.form, setting.write(defaults).as_slice()) {
        (Form::Switch, _) | (_, []) => String::new(),
        (_, words) => format!(" [default: {}]", words.join(",")),
    };
    let arg = Arg::new(setting.name)
        .long(setting.name)
        .value_name(setting.value)
        .help(format!("{}{again}{fixed} [env: {}]{default}", setting.help, setting.variable()))
        // Of what is to be given once, it is for the setting to say that there is more.
        .action(ArgAction::Append)
        .global(true);
    match setting.form {
        // `--demo`, and `--demo=false` where the file says otherwise.
        Form::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        Form::Text | Form::Number | Form::List => arg,
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
