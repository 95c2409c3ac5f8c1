//! The peers, each from its own package index, below cargo's target directory.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::program as of_machine;
use crate::sslyze::{may_install, quietly, target};

/// Another program that carries TCP over WebSockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Websockify,
    Websocat,
    WispJs,
}

impl Peer {
    pub(crate) const ALL: [Self; 3] = [Self::Websockify, Self::Websocat, Self::WispJs];

    /// Its name and the version compared with.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Websockify => "websockify 0.13.0",
            Self::Websocat => "websocat 1.14.1",
            Self::WispJs => "wisp-js 0.5.0",
        }
    }

    /// What it is, in a few words.
    pub(crate) fn does(self) -> &'static str {
        match self {
            Self::Websockify => "Python; one fixed target, a process a session",
            Self::Websocat => "Rust; one fixed target, one thread",
            Self::WispJs => "Node.js; any target, one thread, streams in packets of its own",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Websockify => "bin/websockify",
            Self::Websocat => "bin/websocat",
            Self::WispJs => "node_modules/.bin/wisp-js-server",
        }
    }

    /// What installs it here, command by command.
    fn get(self, at: &Path) -> Vec<Vec<String>> {
        let at = at.display();
        let words = |line: String| line.split(' ').map(str::to_owned).collect();
        match self {
            Self::Websockify => vec![
                words(format!("python3 -m venv {at}")),
                words(format!("{at}/bin/pip install --quiet --disable-pip-version-check websockify==0.13.0")),
            ],
            // Without TLS, which is not measured and would want OpenSSL's headers.
            Self::Websocat => vec![words(format!(
                "cargo install --quiet --locked --no-default-features --root {at} websocat@1.14.1"
            ))],
            Self::WispJs => vec![words(format!(
                "npm install --silent --no-audit --no-fund --prefix {at} @mercuryworkshop/wisp-js@0.5.0"
            ))],
        }
    }

    fn folder(self) -> Result<PathBuf> {
        let name = self.name().split(' ').next().unwrap_or_default();
        Ok(target()?.join("peers").join(name))
    }
}

/// Its program.
///
/// # Errors
/// It is not there; says how to get it.
pub(crate) fn program(peer: Peer) -> Result<PathBuf> {
    let folder = peer.folder()?;
    let program = folder.join(peer.program());
    if !program.is_file() {
        let commands: Vec<String> = peer.get(&folder).iter().map(|words| words.join(" ")).collect();
        bail!("{}", commands.join(" && "));
    }
    Ok(program)
}

/// Installs those that are missing where that may be done unasked, and says so where it fails.
pub(crate) fn install() {
    for peer in Peer::ALL.into_iter().filter(|&peer| program(peer).is_err() && may_install()) {
        if let Err(error) = try_install(peer) {
            println!("{} cannot be installed: {error:#}", peer.name());
        }
    }
}

fn try_install(peer: Peer) -> Result<()> {
    for words in peer.get(&peer.folder()?) {
        let (name, arguments) = words.split_first().context("a command has a name")?;
        let name = if Path::new(name).is_absolute() {
            name.into()
        } else {
            of_machine(name).with_context(|| format!("there is no {name}"))?
        };
        quietly(Command::new(name).args(arguments))?;
    }
    Ok(())
}
