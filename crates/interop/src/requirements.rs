use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::scripts;
use crate::unpacked::{self, Package};

/// What stands in the way of starting a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// The Debian packages that are not installed.
    pub packages: Vec<&'static str>,
    /// This process is not root's, as the master of a mail server has to be.
    pub root: bool,
    /// What is not there besides, and the shell command that gets each.
    pub others: Vec<(String, String)>,
}

/// What a server cannot do without.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// To be root.
    Root,
    /// A Debian package; it is there where all these files are.
    Package(&'static str, &'static [&'static str]),
    /// Debian's plug-ins for the mechanisms PLAIN and LOGIN.
    SaslMechanisms,
    /// A Debian package and the libraries it needs, unpacked aside, since it conflicts with Postfix's.
    Unpacked(Package),
    /// Node.js.
    Node,
    /// What npm installs for this project.
    NodeModules,
    /// aiosmtpd and tlslite-ng in a virtual environment of Python.
    PythonEnvironment,
}

pub(crate) fn missing(needs: &[Need]) -> Result<(), Missing> {
    let mut missing = Missing::default();
    for need in needs.iter().filter(|need| !need.is_met()) {
        match need {
            Need::Root => missing.root = true,
            Need::Package(package, _) => missing.packages.push(package),
            Need::SaslMechanisms => missing.packages.push("libsasl2-modules"),
            Need::Unpacked(_) | Need::PythonEnvironment => {
                missing.others.push((need.to_string(), FETCH.to_owned()));
            }
            Need::Node => missing.others.push((need.to_string(), "see https://nodejs.org".to_owned())),
            Need::NodeModules => missing.others.push((need.to_string(), "npm ci".to_owned())),
        }
    }
    if missing == Missing::default() { Ok(()) } else { Err(missing) }
}

const FETCH: &str = "cargo run -p heloscope-interop -- --fetch";

impl Need {
    pub(crate) fn is_met(self) -> bool {
        match self {
            Self::Root => fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0),
            Self::Package(_, files) => files.iter().all(|file| Path::new(file).exists()),
            Self::SaslMechanisms => has_sasl_mechanisms(),
            Self::Unpacked(package) => package.tree().is_ok_and(|tree| tree.exists()),
            Self::Node => std::env::var_os("PATH").is_some_and(|path| {
                std::env::split_paths(&path).any(|directory| directory.join("node").is_file())
            }),
            Self::NodeModules => scripts::node_module().exists(),
            Self::PythonEnvironment => scripts::environment().is_ok_and(|environment| environment.exists()),
        }
    }

    /// Whether [`Need::fetch`] can meet it.
    pub(crate) fn is_fetched(self) -> bool {
        matches!(self, Self::Unpacked(_) | Self::PythonEnvironment)
    }

    /// Meets it where that can be done without touching the system.
    pub(crate) fn fetch(self) -> anyhow::Result<()> {
        match self {
            Self::Unpacked(package) => unpacked::fetch(package),
            Self::PythonEnvironment => scripts::fetch_environment(),
            Self::Root | Self::Package(..) | Self::SaslMechanisms | Self::Node | Self::NodeModules => Ok(()),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("only root can start a mail server"),
            Self::Package(package, _) => f.write_str(package),
            Self::SaslMechanisms => f.write_str("libsasl2-modules"),
            Self::Unpacked(package) => write!(f, "{}, unpacked aside", package.name),
            Self::Node => f.write_str("Node.js"),
            Self::NodeModules => f.write_str("smtp-server of npm"),
            Self::PythonEnvironment => f.write_str("aiosmtpd and tlslite-ng of PyPI"),
        }
    }
}

/// The plug-ins lie in a directory of the machine's architecture.
fn has_sasl_mechanisms() -> bool {
    let Ok(architectures) = fs::read_dir("/usr/lib") else { return false };
    architectures.flatten().any(|entry| {
        let plugins = entry.path().join("sasl2");
        plugins.join("libplain.so").exists() && plugins.join("liblogin.so").exists()
    })
}

impl Missing {
    /// A shell command that installs the missing packages, on Debian; `None` where no package is missing.
    ///
    /// Postfix is left without a configuration of its own, without which the package's own instance never starts.
    pub fn command(&self) -> Option<String> {
        let packages = self.packages.join(" ");
        let unconfigured = if self.packages.contains(&"postfix") {
            "echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections && "
        } else {
            ""
        };
        (!packages.is_empty()).then(|| {
            format!(
                "{unconfigured}DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {packages}"
            )
        })
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some(command) = self.command() {
            parts.push(format!("not installed: {}. As root: {command}", self.packages.join(", ")));
        }
        parts.extend(self.others.iter().map(|(what, command)| format!("not there: {what}. {command}")));
        if self.root {
            let and = if parts.is_empty() { "" } else { "and " };
            parts.push(format!("{and}{}", Need::Root));
        }
        f.write_str(&parts.join("; "))
    }
}

impl std::error::Error for Missing {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_says_how_to_come_by_it() {
        let missing = Missing { packages: vec!["postfix", "libsasl2-modules"], ..Missing::default() };
        assert_eq!(
            missing.to_string(),
            "not installed: postfix, libsasl2-modules. As root: echo 'postfix postfix/main_mailer_type select No \
             configuration' | debconf-set-selections && DEBIAN_FRONTEND=noninteractive apt-get install -y \
             --no-install-recommends postfix libsasl2-modules"
        );
        let missing = Missing { packages: vec!["libsasl2-modules"], root: true, ..Missing::default() };
        assert_eq!(
            missing.to_string(),
            "not installed: libsasl2-modules. As root: DEBIAN_FRONTEND=noninteractive apt-get install -y \
             --no-install-recommends libsasl2-modules; and only root can start a mail server"
        );
        let missing = Missing { root: true, ..Missing::default() };
        assert_eq!(
            (missing.to_string().as_str(), missing.command()),
            ("only root can start a mail server", None)
        );
        let others = vec![("exim4-daemon-light, unpacked aside".to_owned(), FETCH.to_owned())];
        let missing = Missing { others, ..Missing::default() };
        assert_eq!(
            (missing.to_string().as_str(), missing.command()),
            (
                "not there: exim4-daemon-light, unpacked aside. cargo run -p heloscope-interop -- --fetch",
                None
            )
        );
    }
}
