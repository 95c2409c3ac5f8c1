use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What stands in the way of starting the servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The Debian packages that are not installed.
    pub packages: Vec<&'static str>,
    /// This process is not root's, as the master of a mail server has to be.
    pub root: bool,
}

/// Whether all is there to start the servers, as Debian installs it.
///
/// # Errors
/// What is missing; its `Display` says how to come by it.
pub fn requirements() -> Result<(), Missing> {
    let postfix = [POSTFIX, "/usr/lib/postfix/sbin/smtpd"].iter().all(|program| Path::new(program).exists());
    let mut packages = Vec::new();
    if !postfix {
        packages.push("postfix");
    }
    if !has_sasl_mechanisms() {
        packages.push("libsasl2-modules");
    }
    let missing = Missing { packages, root: !is_root() };
    if missing.packages.is_empty() && !missing.root { Ok(()) } else { Err(missing) }
}

/// Postfix's own program to start and stop it.
pub(crate) const POSTFIX: &str = "/usr/sbin/postfix";

/// The plug-ins for PLAIN and LOGIN lie in a directory of the machine's architecture.
fn has_sasl_mechanisms() -> bool {
    let Ok(architectures) = fs::read_dir("/usr/lib") else { return false };
    architectures.flatten().any(|entry| {
        let plugins = entry.path().join("sasl2");
        plugins.join("libplain.so").exists() && plugins.join("liblogin.so").exists()
    })
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

impl Missing {
    /// A shell command that installs what is missing, on Debian; `None` where no package is missing.
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
        if let Some(command) = self.command() {
            write!(f, "not installed: {}. As root: {command}", self.packages.join(", "))?;
        }
        match (self.root, self.packages.is_empty()) {
            (true, true) => f.write_str("only root can start a mail server"),
            (true, false) => f.write_str("; and only root can start a mail server"),
            (false, _) => Ok(()),
        }
    }
}

impl std::error::Error for Missing {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_says_how_to_come_by_it() {
        let missing = Missing { packages: vec!["postfix", "libsasl2-modules"], root: false };
        assert_eq!(
            missing.to_string(),
            "not installed: postfix, libsasl2-modules. As root: echo 'postfix postfix/main_mailer_type select No \
             configuration' | debconf-set-selections && DEBIAN_FRONTEND=noninteractive apt-get install -y \
             --no-install-recommends postfix libsasl2-modules"
        );
        let missing = Missing { packages: vec!["libsasl2-modules"], root: true };
        assert_eq!(
            missing.to_string(),
            "not installed: libsasl2-modules. As root: DEBIAN_FRONTEND=noninteractive apt-get install -y \
             --no-install-recommends libsasl2-modules; and only root can start a mail server"
        );
        let missing = Missing { packages: Vec::new(), root: true };
        assert_eq!(
            (missing.to_string().as_str(), missing.command()),
            ("only root can start a mail server", None)
        );
    }
}
