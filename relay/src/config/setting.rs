use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::Config;

/// One setting: its name, what it holds, and the field that holds it.
pub(crate) struct Setting {
    /// `listen`: the option's name without dashes, and the key in the file.
    pub(crate) name: &'static str,
    /// What stands for its value in `--help`.
    pub(crate) value: &'static str,
    pub(crate) help: &'static str,
    pub(crate) form: Form,
    /// Whether its value is never shown.
    pub(crate) secret: bool,
    /// Whether a relay that runs cannot take another value over, on SIGHUP.
    pub(crate) fixed: bool,
    read: Box<Read>,
    write: Box<Write>,
}

type Read = dyn Fn(&mut Config, &[String]) -> Result<(), String>;
type Write = dyn Fn(&mut Config) -> Vec<String>;

/// What a setting holds, as TOML has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A string.
    Text,
    /// An integer.
    Number,
    /// A boolean.
    Switch,
    /// An array of strings; an option that may be given again.
    List,
}

impl Setting {
    /// `HELOSCOPE_LISTEN`.
    pub(crate) fn variable(&self) -> String {
        format!("HELOSCOPE_{}", self.name.replace('-', "_").to_ascii_uppercase())
    }

    /// The same, whose value cannot change while the relay runs.
    pub(crate) fn fixed(self) -> Self {
        Self { fixed: true, ..self }
    }

    /// Reads the value out of its words, of which only a list has other than one, into the configuration; an error is
    /// a clause that says what is wrong and what to write.
    pub(crate) fn read(&self, config: &mut Config, words: &[String]) -> Result<(), String> {
        (self.read)(config, words)
    }

    /// The value's words, as [`read`](Self::read) takes them; none where it is not set.
    pub(crate) fn write(&self, config: &Config) -> Vec<String> {
        (self.write)(&mut config.clone())
    }
}

/// A value that is always there.
pub(crate) fn one<T>(
    name: &'static str,
    value: &'static str,
    help: &'static str,
    field: fn(&mut Config) -> &mut T,
) -> Setting
where
    T: FromStr<Err: Display> + Display + 'static,
{
    Setting {
        name,
        value,
        help,
        form: Form::Text,
        secret: false,
        fixed: false,
        read: Box::new(move |config, words| {
            *field(config) = parse(value, only(words)?)?;
            Ok(())
        }),
        write: Box::new(move |config| vec![field(config).to_string()]),
    }
}

/// A value that may be missing.
pub(crate) fn maybe<T>(
    name: &'static str,
    value: &'static str,
    help: &'static str,
    field: fn(&mut Config) -> &mut Option<T>,
) -> Setting
where
    T: FromStr<Err: Display> + Display + 'static,
{
    Setting {
        name,
        value,
        help,
        form: Form::Text,
        secret: false,
        fixed: false,
        read: Box::new(move |config, words| {
            *field(config) = Some(parse(value, only(words)?)?);
            Ok(())
        }),
        write: Box::new(move |config| field(config).iter().map(T::to_string).collect()),
    }
}

/// A value that may be missing, and is there unless turned off: `off` stands for that it is missing.
pub(crate) fn or_off<T>(
    name: &'static str,
    value: &'static str,
    help: &'static str,
    field: fn(&mut Config) -> &mut Option<T>,
) -> Setting
where
    T: FromStr<Err: Display> + Display + 'static,
{
    const OFF: &str = "off";
    Setting {
        name,
        value,
        help,
        form: Form::Text,
        secret: false,
        fixed: false,
        read: Box::new(move |config, words| {
            let word = only(words)?;
            *field(config) = if word == OFF { None } else { Some(parse(value, word)?) };
            Ok(())
        }),
        write: Box::new(move |config| {
            vec![field(config).as_ref().map_or_else(|| OFF.to_owned(), T::to_string)]
        }),
    }
}

/// A value that may be missing, and is never shown: all that is written of it is that it is there.
pub(crate) fn secret<T>(
    name: &'static str,
    value: &'static str,
    help: &'static str,
    field: fn(&mut Config) -> &mut Option<T>,
) -> Setting
where
    T: FromStr<Err: Display> + 'static,
{
    Setting {
        name,
        value,
        help,
        form: Form::Text,
        secret: true,
        fixed: false,
        read: Box::new(move |config, words| {
            *field(config) = Some(only(words)?.parse().map_err(|error: T::Err| error.to_string())?);
            Ok(())
        }),
        write: Box::new(move |config| field(config).iter().map(|_| "…".to_owned()).collect()),
    }
}

/// Any number of values, each of which an option gives anew. What one source gives replaces what a lesser one gave.
pub(crate) fn list<T>(
    name: &'static str,
    value: &'static str,
    help: &'static str,
    field: fn(&mut Config) -> &mut Vec<T>,
) -> Setting
where
    T: FromStr<Err: Display> + Display + 'static,
{
    Setting {
        name,
        value,
        help,
        form: Form::List,
        secret: false,
        fixed: false,
        read: Box::new(move |config, words| {
            *field(config) = words.iter().map(|word| parse(value, word)).collect::<Result<_, _>>()?;
            Ok(())
        }),
        write: Box::new(move |config| field(config).iter().map(T::to_string).collect()),
    }
}

/// A file's path, which may be missing.
pub(crate) fn file(
    name: &'static str,
    help: &'static str,
    field: fn(&mut Config) -> &mut Option<PathBuf>,
) -> Setting {
    Setting {
        name,
        value: "FILE",
        help,
        form: Form::Text,
        secret: false,
        fixed: false,
        read: Box::new(move |config, words| {
            *field(config) = Some(only(words)?.into());
            Ok(())
        }),
        write: Box::new(move |config| field(config).iter().map(|path| path.display().to_string()).collect()),
    }
}

/// What is on or off.
pub(crate) fn switch(name: &'static str, help: &'static str, field: fn(&mut Config) -> &mut bool) -> Setting {
    Setting {
        name,
        value: "true|false",
        help,
        form: Form::Switch,
        secret: false,
        fixed: false,
        read: Box::new(move |config, words| {
            *field(config) = match only(words)? {
                "true" => true,
                "false" => false,
                other => return Err(format!("`{}` will not do: write true or false", other.escape_debug())),
            };
            Ok(())
        }),
        write: Box::new(move |config| vec![field(config).to_string()]),
    }
}

/// A whole number within a range.
pub(crate) fn number(
    name: &'static str,
    value: &'static str,
    range: RangeInclusive<u64>,
    help: &'static str,
    field: fn(&mut Config) -> &mut u64,
) -> Setting {
    Setting {
        name,
        value,
        help,
        form: Form::Number,
        secret: false,
        fixed: false,
        read: Box::new(move |config, words| {
            *field(config) = whole(only(words)?, &range, value)?;
            Ok(())
        }),
        write: Box::new(move |config| vec![field(config).to_string()]),
    }
}

/// A time in whole seconds, up to an hour.
pub(crate) fn seconds(
    name: &'static str,
    help: &'static str,
    field: fn(&mut Config) -> &mut Duration,
) -> Setting {
    const VALUE: &str = "SECONDS";
    Setting {
        name,
        value: VALUE,
        help,
        form: Form::Number,
        secret: false,
        fixed: false,
        read: Box::new(move |config, words| {
            *field(config) = Duration::from_secs(whole(only(words)?, &(1..=3600), VALUE)?);
            Ok(())
        }),
        write: Box::new(move |config| vec![field(config).as_secs().to_string()]),
    }
}

fn parse<T: FromStr<Err: Display>>(value: &str, word: &str) -> Result<T, String> {
    word.parse().map_err(|error: T::Err| {
        let error = error.to_string();
        let word = word.escape_debug();
        match what_to_write(value) {
            Some(what) => format!("`{word}` is not of the form {value}: write {what}"),
            None if error.contains('`') => error,
            None => format!("`{word}` is not of the form {value}: {error}"),
        }
    })
}

/// What to write for a value whose own error, from a library, does not say so.
fn what_to_write(value: &str) -> Option<&'static str> {
    match value {
        ADDRESS_AND_PORT => Some(
            "an IP address and a port from 1 to 65535 (or 0 for one that is free), such as 127.0.0.1:8025 or [::1]:8025",
        ),
        LEVEL => Some("off, error, warn, info, debug or trace"),
        LOG_FORMAT => Some("text or json"),
        _ => None,
    }
}

/// What stands for the value of a setting that is listened on.
pub(crate) const ADDRESS_AND_PORT: &str = "ADDRESS:PORT";
/// What stands for the level of the log.
pub(crate) const LEVEL: &str = "LEVEL";
/// What stands for how the log's lines look.
pub(crate) const LOG_FORMAT: &str = "text|json";

fn whole(word: &str, range: &RangeInclusive<u64>, unit: &str) -> Result<u64, String> {
    word.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let unit = unit.to_ascii_lowercase();
        format!(
            "`{}` will not do: write a whole number of {unit} from {} to {}",
            word.escape_debug(),
            range.start(),
            range.end()
        )
    })
}

fn only(words: &[String]) -> Result<&str, String> {
    match words {
        [word] => Ok(word),
        _ => Err(format!("{} values stand where one is to stand", words.len())),
    }
}
