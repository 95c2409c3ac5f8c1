//! What the relay runs with: each setting by option, environment or file, in that order.

mod command;
mod file;
mod print;
mod setting;
mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use clap::ArgMatches;
use heloscope_observation::{PortSpec, STANDARD_PORTS};
use heloscope_relay::{Settings, TlsFiles, TrustAnchors};
use tracing_subscriber::filter::LevelFilter;

use setting::{Form, Setting};

/// The values of all settings; [`table::table`] says which is which.
#[derive(Clone)]
pub(crate) struct Config {
    /// What goes to the relay as it is.
    relay: Settings,
    allow_ports: Vec<PortSpec>,
    ca_file: Option<PathBuf>,
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
    Option(&'static str),
    Environment(String),
    File { path: Arc<str>, line: usize },
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

/// The command line that the table makes.
pub(crate) fn command() -> clap::Command {
    command::command(&table::table())
}

/// Reads the configuration from the command line, the environment and the file that one of them names; again on each
/// call.
pub(crate) fn load(matches: &ArgMatches) -> Loaded {
    let environment = |name: &str| match std::env::var(name) {
        Ok(value) if !value.is_empty() => Some(Ok(value)),
        Err(std::env::VarError::NotUnicode(_)) => Some(Err("its value is no UTF-8".to_owned())),
        _ => None,
    };
    let path = matches
        .get_one::<String>(command::CONFIG)
        .map(|path| (Source::Option(command::CONFIG), path.clone()))
        .or_else(|| {
            let path = environment(command::CONFIG_VARIABLE)?.ok()?;
            Some((Source::Environment(command::CONFIG_VARIABLE.to_owned()), path))
        });
    let file = path.map(|(source, path)| {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Fault::at(source, None, format!("{path} cannot be read: {error}")));
        (PathBuf::from(path), text)
    });
    let mut loaded = match file {
        None => assemble(matches, environment, None),
        Some((path, Ok(text))) => assemble(matches, environment, Some((&path, &text))),
        Some((_, Err(fault))) => {
            let mut loaded = assemble(matches, environment, None);
            loaded.faults.insert(0, fault);
            loaded
        }
    };
    if loaded.faults.is_empty() {
        loaded.check();
    }
    loaded
}

/// The values of the three sources, each over those of the next.
fn assemble(
    matches: &ArgMatches,
    environment: impl Fn(&str) -> Option<Result<String, String>>,
    file: Option<(&Path, &str)>,
) -> Loaded {
    let groups = table::table();
    let settings: Vec<&Setting> = groups.iter().flat_map(|group| &group.settings).collect();
    let (from_file, mut faults) =
        file.map_or_else(Default::default, |(path, text)| file::read(path, text, &settings));
    let mut config = Config::default();
    let mut sources = BTreeMap::new();
    for setting in settings {
        let option = || Some((command::given(matches, setting)?, Source::Option(setting.name)));
        let variable = || {
            let source = Source::Environment(setting.variable());
            match environment(&setting.variable())? {
                Ok(value) if setting.form == Form::List => Some(Ok((command::split(&value), source))),
                Ok(value) => Some(Ok((vec![value], source))),
                Err(what) => Some(Err(Fault::at(source, None, what))),
            }
        };
        let in_file = || {
            let given = from_file.iter().find(|given| given.setting == setting.name)?;
            Some((given.words.clone(), given.source.clone()))
        };
        let given = option().map(Ok).or_else(variable).or_else(|| in_file().map(Ok));
        match given {
            None => {}
            Some(Err(fault)) => faults.push(fault),
            Some(Ok((words, source))) => {
                if let Err(what) = setting.read(&mut config, &words) {
                    faults.push(Fault::at(source.clone(), Some(setting.name), what));
                }
                sources.insert(setting.name, source);
            }
        }
    }
    Loaded { config, sources, faults }
}

impl Loaded {
    /// Adds what is wrong with the whole although each value by itself is right, and with the files it names.
    fn check(&mut self) {
        match self.settings() {
            Err(faults) => self.faults.extend(faults),
            Ok(settings) => {
                let found: Vec<Fault> = settings
                    .contradictions()
                    .into_iter()
                    .map(|contradiction| self.fault(contradiction.setting(), contradiction.to_string()))
                    .collect();
                self.faults.extend(found);
            }
        }
    }

    /// The relay's settings; reads the files that the configuration names, but for the deny file.
    pub(crate) fn settings(&self) -> Result<Settings, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut settings = self.config.relay.clone();
        settings.ports = STANDARD_PORTS.to_vec();
        for port in &self.config.allow_ports {
            match settings.ports.iter().find(|known| known.port == port.port) {
                Some(known) if known.mode != port.mode => {
                    faults.push(self.fault(
                        "allow-port",
                        format!("port {} has two TLS modes; a port has one", port.port),
                    ));
                }
                Some(_) => {}
                None => settings.ports.push(*port),
            }
        }
        if let Some(path) = &self.config.ca_file {
            let read = std::fs::read_to_string(path)
                .map_err(|error| error.to_string())
                .and_then(|text| TrustAnchors::from_pem(&text).map_err(|fault| fault.to_string()));
            match read {
                Ok(anchors) => settings.trust_anchors = anchors,
                Err(why) => {
                    faults.push(
                        self.fault(
                            "ca-file",
                            format!("the CA file {} cannot be used: {why}", path.display()),
                        ),
                    );
                }
            }
        }
        match (self.config.tls_cert.clone(), self.config.tls_key.clone()) {
            (None, None) => {}
            (Some(certificate), Some(key)) => settings.tls = Some(TlsFiles { certificate, key }),
            (Some(_), None) => faults.push(self.fault("tls-cert", "HTTPS needs tls-key as well".to_owned())),
            (None, Some(_)) => faults.push(self.fault("tls-key", "HTTPS needs tls-cert as well".to_owned())),
        }
        #[cfg(feature = "acme")]
        match self.config.acme_cache.clone() {
            Some(cache) if self.config.acme => {
                settings.acme = Some(heloscope_relay::Acme {
                    directory: self.config.acme_directory.clone(),
                    cache,
                    ca_file: self.config.acme_ca_file.clone(),
                });
            }
            None if self.config.acme => {
                faults.push(
                    self.fault("acme", "ACME needs acme-cache as well, a directory of its own".to_owned()),
                );
            }
            _ => {}
        }
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }

    /// The settings that have another value here, and that a relay which runs with the older one does not take over.
    pub(crate) fn needs_restart(&self, running: &Self) -> Vec<&'static str> {
        let groups = table::table();
        let settings = groups.iter().flat_map(|group| &group.settings).filter(|setting| !setting.live);
        let changed =
            settings.filter(|setting| setting.write(&self.config) != setting.write(&running.config));
        changed.map(|setting| setting.name).collect()
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
            _ => Err("there are these two"),
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
