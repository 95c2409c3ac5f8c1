use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use heloscope_languages::{TRANSLATIONS, catalogue};
use heloscope_observation::{Host, PortSpec};
use heloscope_wire::RelayUrl;
use heloscope_words::Catalogue;
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// Tests a mail server's SMTP and TLS, as other mail servers and mail clients meet it.
#[derive(Debug, Parser)]
#[command(
    name = "heloscope",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    after_help = "Exit status, by the worst that was found: 0 nothing, or notices only; 1 a warning; 2 an error, such as a \
                  port to which TCP does not connect; 3 nothing could be tested, since the name does not \
                  exist or could not be looked up, the relay cannot be reached or makes no connection, or the command line \
                  or a file it names is wrong.\n\nNo mail is sent, and no password."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// The mail server: a name or an IP address; `mx1.example.com:587`, a URL and a mail address are understood too
    #[arg(value_name = "HOST", required = true)]
    pub(crate) host: Option<String>,

    /// A port to test, instead of 25, 465 and 587: one of these, or any other with its TLS mode, such as
    /// 2525/starttls or 10465/implicit; may be given several times
    #[arg(long = "port", value_name = "PORT")]
    pub(crate) ports: Vec<PortSpec>,

    /// Connect to this IP address, instead of those that the name has
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<IpAddr>,

    /// Trust a mail server's certificate under those in this PEM file as well, besides Mozilla's roots; may be given several
    /// times
    #[arg(long = "ca-file", value_name = "FILE")]
    pub(crate) ca_files: Vec<PathBuf>,

    /// The name to give with EHLO, instead of this machine's own, or where that has no dot, its address
    #[arg(long, value_name = "NAME")]
    pub(crate) ehlo_name: Option<EhloName>,

    /// Test through this relay, such as https://relay.example.org, instead of from this machine
    #[allow(rustdoc::bare_urls, reason = "it is printed by --help, too")]
    #[arg(long, value_name = "URL", conflicts_with = "ehlo_name")]
    pub(crate) relay: Option<RelayUrl>,

    /// The relay's token, which lets in who is no web page; the environment variable HELOSCOPE_TOKEN is the better place for
    /// it, as others can see a program's options
    #[arg(long, value_name = "TOKEN", requires = "relay")]
    pub(crate) token: Option<Token>,

    /// Trust a relay whose HTTPS certificate is from an authority in this PEM file as well, besides Mozilla's roots; may be
    /// given several times
    #[arg(long = "relay-ca-file", value_name = "FILE", requires = "relay")]
    pub(crate) relay_ca_files: Vec<PathBuf>,

    /// Print the report as JSON
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,

    /// Print the report as Markdown
    #[arg(long)]
    pub(crate) markdown: bool,

    /// The language of the report: en or de
    #[arg(long, value_name = "LANG", default_value = "en")]
    pub(crate) lang: Language,

    /// When to use colours; `auto` is on a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Colour::Auto)]
    pub(crate) color: Colour,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the table of all checks, in Markdown
    Checks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

/// The language of the report, BCP 47; a region is passed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Language(pub(crate) Option<&'static Catalogue>);

impl std::str::FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let language = text.split('-').next().unwrap_or_default().to_ascii_lowercase();
        match (language.as_str(), catalogue(&language)) {
            ("en", _) => Ok(Self(None)),
            (_, Some(catalogue)) => Ok(Self(Some(catalogue))),
            (_, None) => {
                let others = TRANSLATIONS.map(|(language, _)| language).join(", ");
                Err(format!("the languages are en, {others}"))
            }
        }
    }
}

/// What may stand after EHLO, RFC 5321 §4.1.1.1: a domain name or an address literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EhloName(String);

impl EhloName {
    /// The machine's own name, where it is a fully qualified one that means something to others.
    pub(crate) fn of_machine(name: &str) -> Option<Self> {
        match name.parse() {
            Ok(Host::Name(name)) if name.contains('.') && !name.starts_with("localhost.") => Some(Self(name)),
            _ => None,
        }
    }

    /// An address literal, RFC 5321 §4.1.3.
    pub(crate) fn literal(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => format!("[{address}]"),
            IpAddr::V6(address) => format!("[IPv6:{address}]"),
        })
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl std::str::FromStr for EhloName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let literal = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(|inside| {
            inside
                .strip_prefix("IPv6:")
                .map_or_else(|| inside.parse().map(IpAddr::V4), |inside| inside.parse().map(IpAddr::V6))
        });
        match (literal, text.parse()) {
            (Some(Ok(address)), _) => Ok(Self::literal(address)),
            (None, Ok(Host::Name(name))) => Ok(Self(name)),
            _ => Err("EHLO takes a domain name, or an address literal: [192.0.2.1] or [IPv6:2001:db8::1]"),
        }
    }
}

/// What a relay lets in a program by, RFC 6750 §2.1.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// The environment's, where it has one that is not empty.
    pub(crate) fn of_environment() -> Result<Option<Self>, &'static str> {
        let given = std::env::var_os("HELOSCOPE_TOKEN").filter(|token| !token.is_empty());
        given.map(|token| token.to_str().unwrap_or_default().parse()).transpose()
    }

    /// The value of an `Authorization` field that shows it.
    pub(crate) fn bearer(&self) -> HeaderValue {
        let shown = HeaderValue::from_str(&format!("Bearer {}", self.0));
        let mut field = shown.expect("a token is of visible ASCII characters");
        field.set_sensitive(true);
        field
    }
}

impl std::str::FromStr for Token {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let visible = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic());
        if visible {
            Ok(Self(text.to_owned()))
        } else {
            Err("a token is made of visible ASCII characters, none of them a space")
        }
    }
}

impl fmt::Debug for Token {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

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

    #[test]
    fn ehlo_takes_a_name_or_a_literal() {
        for text in ["client.example", "[192.0.2.1]", "[IPv6:2001:db8::1]"] {
            assert_eq!(text.parse::<EhloName>().map(EhloName::into_string).as_deref(), Ok(text));
        }
        for text in [
            "",
            "192.0.2.1",
            "[2001:db8::1]",
            "[client.example]",
            "a b",
            "a\r\nMAIL FROM:<>",
            "[IPv6:192.0.2.1]",
        ] {
            assert!(text.parse::<EhloName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_machine_without_a_qualified_name_gives_its_address() {
        assert_eq!(EhloName::of_machine("mail.example.com"), Some(EhloName("mail.example.com".into())));
        for name in ["mail", "localhost.localdomain", "a_b.example", "192.0.2.1", ""] {
            assert_eq!(EhloName::of_machine(name), None, "{name}");
        }
        let mapped = "::ffff:192.0.2.1".parse().expect("an address");
        assert_eq!(EhloName::literal(mapped).into_string(), "[192.0.2.1]");
    }
}
