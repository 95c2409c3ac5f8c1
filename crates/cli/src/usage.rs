//! What is wrong with a command line, in words of our own: clap has English only.

use std::error::Error as _;
use std::fmt;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use heloscope_report::inert;
use heloscope_words::say;

/// Why a command line asks for no test.
#[derive(Debug)]
pub(crate) enum Usage {
    /// It is wrong, in a sentence without its full stop.
    Wrong(String),
    /// It asks for help or the version, or is wrong in a way that hardly anybody meets.
    Clap(clap::Error),
}

impl From<clap::Error> for Usage {
    fn from(error: clap::Error) -> Self {
        told(&error).map_or(Self::Clap(error), Self::Wrong)
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(why) => {
                f.write_str(&inert(why))?;
                f.write_str("\n")?;
                f.write_str(say!("`heloscope --help` says what it takes."))
            }
            Self::Clap(error) => error.fmt(f),
        }
    }
}

/// `None` for what is left to clap.
fn told(error: &clap::Error) -> Option<String> {
    let context = |kind| one(error, kind);
    let option = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    // A second host is taken for a subcommand.
    if context(ContextKind::InvalidSubcommand).is_some() {
        return Some(one_host());
    }
    match error.kind() {
        ErrorKind::InvalidValue if value?.is_empty() => Some(say!("{} needs a value", option?)),
        ErrorKind::InvalidValue => {
            let values = several(error, ContextKind::ValidValue)?.join(", ");
            Some(say!("{} does not take “{}”, but one of these: {values}", option?, value?))
        }
        ErrorKind::ValueValidation => {
            let why = error.source()?;
            match option? {
                // Others may read what is printed.
                token if token.starts_with("--token") => Some(format!("{token}: {why}")),
                option => Some(say!("{option} does not take “{}”: {why}", value?)),
            }
        }
        ErrorKind::TooManyValues => Some(say!("{} takes no value", option?)),
        ErrorKind::UnknownArgument if option.is_some_and(|option| option.starts_with('-')) => {
            let like = context(ContextKind::SuggestedArg);
            let like = like.map(|like| say!("; there is {like}")).unwrap_or_default();
            Some(say!("there is no option {}{like}", option?))
        }
        ErrorKind::UnknownArgument => Some(one_host()),
        ErrorKind::ArgumentConflict => {
            let others = several(error, ContextKind::PriorArg)?;
            match option? {
                option if others == [option] => Some(say!("{option} may be given only once")),
                option => Some(say!("{option} cannot be given together with {}", others.join(", "))),
            }
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = several(error, ContextKind::InvalidArg)?;
            match missing.iter().find(|missing| missing.starts_with('-')) {
                Some(option) => Some(say!("what was given makes sense only with {option}")),
                None => Some(say!("no host was named, such as mx1.example.com").to_owned()),
            }
        }
        _ => None,
    }
}

fn one_host() -> String {
    say!("one host is tested at a time; what follows it must be an option").to_owned()
}

fn one(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(one) => Some(one),
        _ => None,
    }
}

fn several(error: &clap::Error, kind: ContextKind) -> Option<Vec<&str>> {
    match error.get(kind)? {
        ContextValue::String(one) => Some(vec![one]),
        ContextValue::Strings(several) => Some(several.iter().map(String::as_str).collect()),
        _ => None,
    }
}
