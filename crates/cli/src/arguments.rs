mod ehlo_name;
mod language;
mod token;

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use heloscope_observation::PortSpec;
use heloscope_wire::RelayUrl;
use heloscope_words::say;

pub(crate) use ehlo_name::EhloName;
pub(crate) use language::Language;
pub(crate) use token::Token;

use crate::usage::Usage;

/// What is told by `--help`, in the language that is spoken when the command line is read.
#[derive(Debug, Parser)]
#[command(
    name = "heloscope",
    version,
    about = say!("Tests a mail server's SMTP and TLS, as other mail servers and mail clients meet it"),
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true,
    help_template = help_template(),
    next_help_heading = say!("Options"),
    subcommand_help_heading = say!("Commands"),
    after_help = format!(
        "{}\n\n{}",
        say!(
            "Exit status, by the worst that was found: 0 nothing, or notices only; 1 a warning; 2 an error, such as a \
             port to which TCP does not connect; 3 nothing could be tested, since the name does not \
             exist or could not be looked up, the relay cannot be reached or makes no connection, or the command line \
             or a file it names is wrong."
        ),
        say!("No mail is sent, and no password."),
    )
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[arg(
        value_name = "HOST",
        required = true,
        help_heading = say!("Arguments"),
        help = say!(
            "The mail server: a name or an IP address; `mx1.example.com:587`, a URL and a mail address are understood too"
        )
    )]
    pub(crate) host: Option<String>,

    #[arg(
        long = "port",
        value_name = "PORT",
        help = say!(
            "A port to test, instead of 25, 465 and 587: one of these, or any other with its TLS mode, such as \
             2525/starttls or 10465/implicit; may be given several times"
        )
    )]
    pub(crate) ports: Vec<PortSpec>,

    #[arg(
        long,
        value_name = "ADDRESS",
        value_parser = ip_address,
        help = say!("Connect to this IP address, instead of those that the name has")
    )]
    pub(crate) address: Option<IpAddr>,

    #[arg(
        long = "ca-file",
        value_name = "FILE",
        help = say!(
            "Trust a mail server's certificate under those in this PEM file as well, besides Mozilla's roots; may be \
             given several times"
        )
    )]
    pub(crate) ca_files: Vec<PathBuf>,

    #[arg(
        long,
        value_name = "NAME",
        help = say!(
            "The name to give with EHLO, instead of this machine's own, or where that has no dot, its address"
        )
    )]
    pub(crate) ehlo_name: Option<EhloName>,

    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "ehlo_name",
        help = say!("Test through this relay, such as https://relay.example.org, instead of from this machine")
    )]
    pub(crate) relay: Option<RelayUrl>,

    #[arg(
        long,
        value_name = "TOKEN",
        requires = "relay",
        help = say!(
            "The relay's token, which lets in who is no web page; the environment variable HELOSCOPE_TOKEN is the better \
             place for it, as others can see a program's options"
        )
    )]
    pub(crate) token: Option<Token>,

    #[arg(
        long = "relay-ca-file",
        value_name = "FILE",
        requires = "relay",
        help = say!(
            "Trust a relay whose HTTPS certificate is from an authority in this PEM file as well, besides Mozilla's roots; \
             may be given several times"
        )
    )]
    pub(crate) relay_ca_files: Vec<PathBuf>,

    #[arg(long, conflicts_with = "markdown", help = say!("Print the report as JSON"))]
    pub(crate) json: bool,

    #[arg(long, help = say!("Print the report as Markdown"))]
    pub(crate) markdown: bool,

    #[arg(
        long,
        value_name = "LANG",
        global = true,
        default_value = "en",
        hide_default_value = true,
        help = say!("The language of what is printed, this text included: en, unless told otherwise, or de")
    )]
    pub(crate) lang: Language,

    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t = Colour::Auto,
        hide_default_value = true,
        hide_possible_values = true,
        help = say!(
            "When to use colours: `auto`, on a terminal, unless NO_COLOR is set; `always`; or `never`; it is `auto` unless \
             told otherwise"
        )
    )]
    pub(crate) color: Colour,

    #[arg(short, long, global = true, action = ArgAction::Help, help = say!("Print this text"))]
    help: Option<bool>,

    #[arg(short = 'V', long, action = ArgAction::Version, help = say!("Print the version"))]
    version: Option<bool>,
}

/// What clap says of itself is English.
fn help_template() -> String {
    format!("{{about-with-newline}}\n{} {{usage}}\n\n{{all-args}}{{after-help}}", say!("Usage:"))
}

impl Arguments {
    /// Reads the words of a command line, the program's name first; `--lang` may stand before `checks`.
    pub(crate) fn read(words: Vec<OsString>) -> Result<Self, Usage> {
        let read = Self::try_parse_from(&words);
        let words = without_language(words);
        let checks_first = words.get(1).is_some_and(|word| word == "checks");
        match read {
            Ok(Self { host: Some(host), .. }) if host == "checks" => {
                let read = Self::try_parse_from(words).ok().filter(|read| read.command.is_some());
                read.ok_or_else(checks_alone)
            }
            Err(error) if checks_first && error.kind() == ErrorKind::UnknownArgument => Err(checks_alone()),
            read => Ok(read?),
        }
    }
}

fn checks_alone() -> Usage {
    let why = say!("`checks` takes no option but --lang; to test a host of this name, write `checks.`");
    Usage::Wrong(why.to_owned())
}

/// An IP address of either version.
fn ip_address(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| say!("an IP address is such as 192.0.2.1 or 2001:db8::1"))
}

/// The words but for `--lang` and its value.
fn without_language(words: Vec<OsString>) -> Vec<OsString> {
    let mut is_value = false;
    let is_other = |word: &OsString| {
        let value = std::mem::replace(&mut is_value, word == "--lang");
        !(value || word == "--lang" || word.to_string_lossy().starts_with("--lang="))
    };
    words.into_iter().filter(is_other).collect()
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(about = say!("Print the table of all checks, in Markdown"), help_template = help_template())]
    Checks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use heloscope_words::Catalogue;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_host_is_needed_unless_the_checks_are_asked_for() {
        assert!(Arguments::try_parse_from(["heloscope"]).is_err());
        assert!(Arguments::try_parse_from(["heloscope", "checks"]).is_ok_and(|read| read.command.is_some()));
        let read =
            Arguments::try_parse_from(["heloscope", "mx.example", "--port", "25", "--port", "2525/starttls"]);
        assert_eq!(read.map(|read| (read.host.is_some(), read.ports.len())).ok(), Some((true, 2)));
        assert!(Arguments::try_parse_from(["heloscope", "mx.example", "--json", "--markdown"]).is_err());
        assert!(Arguments::try_parse_from(["heloscope", "mx.example", "--port", "2525"]).is_err());
    }

    #[test]
    fn the_checks_have_a_language_and_one_host_is_tested_at_a_time() {
        let read = |words: &[&str]| {
            let words = ["heloscope"].iter().chain(words).map(OsString::from).collect();
            Arguments::read(words)
        };
        for words in [
            &["checks"][..],
            &["--lang", "de", "checks"],
            &["--lang=de", "checks"],
            &["checks", "--lang", "de"],
            &["checks", "--lang=de"],
        ] {
            assert!(read(words).is_ok_and(|read| read.command.is_some()), "{words:?}");
        }
        let wrong = |words: &[&str]| read(words).expect_err("it is wrong").to_string();
        for words in [
            &["--json", "checks"][..],
            &["checks", "--json"],
            &["checks", "foo"],
            &["--", "checks"],
            &["--lang", "de", "checks", "--markdown"],
        ] {
            assert!(wrong(words).starts_with("`checks` takes no option but --lang; "), "{words:?}");
        }
        assert!(wrong(&["a.example", "b.example"]).starts_with("one host is tested at a time; "));
        assert!(read(&["mx.example", "--json"]).is_ok_and(|read| read.host.is_some()));
    }

    #[test]
    fn the_report_has_a_language_that_there_is() {
        let read = |lang| Arguments::try_parse_from(["heloscope", "mx.example", "--lang", lang]);
        for (lang, expected) in [("en", None), ("en-GB", None), ("de", Some("de")), ("de-AT", Some("de"))] {
            let language = read(lang).ok().map(|read| read.lang.0.map(Catalogue::language));
            assert_eq!(language, Some(expected), "{lang}");
        }
        assert!(read("fr").is_err_and(|error| error.to_string().contains("the languages are en, de")));
    }

    #[test]
    fn what_is_for_a_relay_needs_one() {
        let read = |options: &[&str]| {
            Arguments::try_parse_from(["heloscope", "mx.example"].iter().chain(options)).map(|_| ())
        };
        let relay = "--relay=https://relay.example";
        for options in
            [&[relay][..], &[relay, "--token=0123456789abcdef"], &[relay, "--relay-ca-file=ca.pem"]]
        {
            assert!(read(options).is_ok(), "{options:?}");
        }
        for options in [
            &["--relay=relay.example"][..],
            &["--token=0123456789abcdef"],
            &["--relay-ca-file=ca.pem"],
            &[relay, "--ehlo-name=client.example"],
            &[relay, "--token=0123456789 abcdef"],
        ] {
            assert!(read(options).is_err(), "{options:?}");
        }
    }
}
