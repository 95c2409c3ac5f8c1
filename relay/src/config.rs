//! What the relay runs with: each setting by option, environment or file, in that order.

mod command;
mod environment;
mod file;
mod nearest;
mod print;
mod setting;
mod table;
mod whole;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use heloscope_observation::PortSpec;
use heloscope_relay::{Settings, text_of};
use tracing_subscriber::filter::LevelFilter;

pub(crate) use command::CommandLine;
use environment::Environment;
use setting::{Form, Setting};

/// The values of all settings; [`table::table`] says which is which.
#[derive(Clone)]
pub(crate) struct Config {
    /// What goes to the relay as it is.
    relay: Settings,
    allow_ports: Vec<PortSpec>,
    ca_file: Option<PathBuf>,
    quota_store_ca_file: Option<PathBuf>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    #[cfg(feature = "acme")]
    acme: bool,
    #[cfg(feature = "acme")]
    acme_directory: String,
    #[cfg(feature = "acme")]
    acme_cache: Option<PathBuf>,
    #[cfg(feature = "acme")]
    acme_ca_file: Option<PathBuf>,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: LevelFilter,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            relay: Settings::default(),
            allow_ports: Vec::new(),
            ca_file: None,
            quota_store_ca_file: None,
            tls_cert: None,
            tls_key: None,
            #[cfg(feature = "acme")]
            acme: false,
            #[cfg(feature = "acme")]
            acme_directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
            #[cfg(feature = "acme")]
            acme_cache: None,
            #[cfg(feature = "acme")]
            acme_ca_file: None,
            log_format: LogFormat::Text,
            log_level: LevelFilter::INFO,
        }
    }
}

/// A configuration, where each value of it comes from, and what is wrong with it.
pub(crate) struct Loaded {
    pub(crate) config: Config,
    sources: BTreeMap<&'static str, Source>,
    pub(crate) faults: Vec<Fault>,
}

/// Where a value comes from, the default aside.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// A word of the command line that is no option.
    Word(String),
    Option(&'static str),
    Environment(String),
    File {
        path: Arc<str>,
        line: usize,
    },
}

/// Something wrong with the configuration: where, and a clause that says what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    source: Option<Source>,
    setting: Option<&'static str>,
    what: String,
}

/// The words that a source gives for a setting.
struct Given {
    setting: &'static str,
    words: Vec<String>,
    source: Source,
}

/// Reads the configuration from the command line, the environment and the file that one of them names; again on each
/// call.
pub(crate) fn load(line: &CommandLine) -> Loaded {
    let environment = Environment::of(std::env::vars_os());
    let (path, mut faults) = file_to_read(line, &environment);
    let text = path.and_then(|(source, path)| match text_of(Path::new(&path)) {
        Ok(text) => Some((path, text)),
        Err(error) => {
            faults.push(Fault::at(source, None, format!("{path} cannot be read: {error}")));
            None
        }
    });
    let file = text.as_ref().map(|(path, text)| (Path::new(path), text.as_str()));
    assemble(line, &environment, file, faults)
}

/// The configuration file that is named, and by what.
fn file_to_read(line: &CommandLine, environment: &Environment) -> (Option<(Source, String)>, Vec<Fault>) {
    let mut named = line.matches.get_many::<String>(command::CONFIG).into_iter().flatten();
    if let Some(path) = named.next() {
        let source = Source::Option(command::CONFIG);
        let more = (named.next().is_some())
            .then(|| Fault::at(source.clone(), None, "there can be one configuration file only".to_owned()));
        return (Some((source, path.clone())), more.into_iter().collect());
    }
    let source = Source::Environment(command::CONFIG_VARIABLE.to_owned());
    match environment.value(command::CONFIG_VARIABLE) {
        None => (None, Vec::new()),
        Some(Ok(path)) => (Some((source, path.to_owned())), Vec::new()),
        Some(Err(what)) => (None, vec![Fault::at(source, None, what)]),
    }
}

/// The values of the three sources, each over those of the next, and all that is wrong with any of them.
fn assemble(
    line: &CommandLine,
    environment: &Environment,
    file: Option<(&Path, &str)>,
    mut faults: Vec<Fault>,
) -> Loaded {
    let groups = table::table();
    let settings: Vec<&Setting> = groups.iter().flat_map(|group| &group.settings).collect();
    let (mut given, faults_of_file) =
        file.map_or_else(Default::default, |(path, text)| file::read(path, text, &settings));
    faults.extend(line.faults.iter().cloned());
    faults.extend(faults_of_file);
    faults.extend(environment.unknown(&settings));
    for setting in &settings {
        let source = Source::Environment(setting.variable());
        match environment.value(&setting.variable()) {
            None => {}
            Some(Err(what)) => faults.push(Fault::at(source, Some(setting.name), what)),
            Some(Ok(value)) => {
                let words = match setting.form {
                    Form::List => command::split(value),
                    _ => vec![value.to_owned()],
                };
                given.push(Given { setting: setting.name, words, source });
            }
        }
    }
    for setting in &settings {
        let source = Source::Option(setting.name);
        given.extend(command::given(&line.matches, setting).map(|words| Given {
            setting: setting.name,
            words,
            source,
        }));
    }
    let mut loaded = Loaded { config: Config::default(), sources: BTreeMap::new(), faults };
    // What counts for less is read all the same: it may be wrong as well.
    for given in given {
        let setting = settings.iter().find(|setting| setting.name == given.setting);
        setting.into_iter().for_each(|setting| loaded.take(setting, &given));
    }
    loaded.check();
    loaded.faults.sort_by_key(Fault::place);
    loaded
}

impl Loaded {
    /// Takes over what a source gives for a setting.
    fn take(&mut self, setting: &Setting, given: &Given) {
        let wrong = match setting.form {
            // One by one, so that all are told that are wrong.
            Form::List => {
                let read = |word| setting.read(&mut Config::default(), std::slice::from_ref(word));
                given.words.iter().filter_map(|word| read(word).err()).collect()
            }
            _ => Vec::new(),
        };
        let wrong = if wrong.is_empty() {
            setting.read(&mut self.config, &given.words).err().into_iter().collect()
        } else {
            wrong
        };
        let fault = |what| Fault::at(given.source.clone(), Some(setting.name), what);
        self.faults.extend(wrong.into_iter().map(fault));
        self.sources.insert(setting.name, given.source.clone());
    }

    /// The settings that have another value here, and that a relay which runs with the older one does not take over.
    pub(crate) fn needs_restart(&self, running: &Self) -> Vec<&'static str> {
        let groups = table::table();
        let settings = groups.iter().flat_map(|group| &group.settings);
        let changed =
            settings.filter(|setting| setting.write(&self.config) != setting.write(&running.config));
        changed
            .filter(|setting| setting.fixed || self.is_fixed_by_https(setting.name, running))
            .map(|setting| setting.name)
            .collect()
    }

    /// Other certificate files can be read, but not HTTPS begun, or given up; and an order for a certificate goes on
    /// for the names and the contact that it began with.
    fn is_fixed_by_https(&self, setting: &str, running: &Self) -> bool {
        let files = |loaded: &Self| loaded.config.tls_cert.is_some() && loaded.config.tls_key.is_some();
        #[cfg(feature = "acme")]
        if running.config.acme && ["origin", "contact"].contains(&setting) {
            return true;
        }
        ["tls-cert", "tls-key"].contains(&setting) && files(self) != files(running)
    }

    /// Something wrong with the value of a setting, wherever that comes from.
    pub(crate) fn fault(&self, setting: &'static str, what: String) -> Fault {
        Fault { source: self.sources.get(setting).cloned(), setting: Some(setting), what }
    }
}

impl Fault {
    fn at(source: Source, setting: Option<&'static str>, what: String) -> Self {
        Self { source: Some(source), setting, what }
    }

    /// In which order faults are told: that of the command line, of the environment, of the file.
    fn place(&self) -> (u8, usize) {
        match &self.source {
            Some(Source::Word(_)) => (0, 0),
            Some(Source::Option(_)) => (1, 0),
            Some(Source::Environment(_)) => (2, 0),
            Some(Source::File { line, .. }) => (3, *line),
            None => (4, 0),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.source, self.setting) {
            (Some(source @ Source::File { .. }), Some(setting)) => {
                write!(f, "{source}: {setting}: {}", self.what)
            }
            (Some(source), _) => write!(f, "{source}: {}", self.what),
            (None, Some(setting)) => write!(f, "{setting}: {}", self.what),
            (None, None) => f.write_str(&self.what),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "`{word}`"),
            Self::Option(name) => write!(f, "--{name}"),
            Self::Environment(name) => f.write_str(name),
            Self::File { path, line } => write!(f, "{path}:{line}"),
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("it is neither"),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

#[cfg(test)]
mod tests;
