use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread::sleep;

use anyhow::{Context, bail};
use heloscope_observation::{PortSpec, TlsMode};

use crate::authority::Authority;
use crate::expected::Expected;
use crate::keeper::{Keeper, PATIENCE, PAUSE};
use crate::requirements::{Need, missing};
use crate::starttls_front::Front;
use crate::{exim, opensmtpd, openssl, postfix, postfix_open, postscreen, scripted};

/// A real mail server, on loopback and with a directory of its own; it sends nothing anywhere.
///
/// Dropping it stops it, and so does the end of this process, however it comes.
#[derive(Debug)]
pub struct Server {
    pub(crate) name: &'static str,
    pub(crate) host: &'static str,
    pub(crate) ports: Vec<PortSpec>,
    pub(crate) expected: Vec<Expected>,
    /// Within the keeper's directory.
    pub(crate) log: &'static str,
    /// Where it is not the server itself that listens.
    pub(crate) _front: Option<Front>,
    /// Last: with it goes the directory.
    pub(crate) keeper: Keeper,
}

/// How to come by a server.
#[derive(Clone, Copy)]
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) start: fn(&'static str, &Authority) -> anyhow::Result<Server>,
}

fn recipes() -> impl Iterator<Item = Recipe> {
    let others = [
        postfix::RECIPE,
        postscreen::RECIPE,
        exim::RECIPE,
        opensmtpd::RECIPE,
        scripted::SMTP_SERVER,
        scripted::AIOSMTPD,
    ];
    others.into_iter().chain(openssl::recipes())
}

pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Another process may take a port between its choice and its use.
const ATTEMPTS: usize = 3;

/// The names of all servers there are whose ports a test reports on.
pub fn names() -> impl Iterator<Item = &'static str> {
    recipes().map(|recipe| recipe.name)
}

pub(crate) fn recipe(name: &str) -> anyhow::Result<Recipe> {
    let found =
        recipes().chain([postfix::WITHOUT_TICKETS, postfix_open::RECIPE]).find(|recipe| recipe.name == name);
    found.with_context(|| {
        format!("there is no server `{name}`, but: {}", names().collect::<Vec<_>>().join(" "))
    })
}

impl Server {
    /// Starts the server of this name, one of [`names`], `postfix-without-tickets` or `postfix-open`, with certificates from `authority`; what it
    /// needs and can be fetched is fetched.
    ///
    /// `None` where [requirements](crate::requirements()) are missing, which stderr is then told.
    ///
    /// # Errors
    /// There is no server of this name, it does not start, or requirements are missing where the environment says
    /// `CI=true`.
    pub fn start(name: &str, authority: &Authority) -> anyhow::Result<Option<Self>> {
        let recipe = recipe(name)?;
        if let Err(missing) = fetched(recipe) {
            if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
                return Err(missing.context(format!("{name} cannot be started")));
            }
            eprintln!("\n*** NOT TESTED against {name}: {missing:#}\n");
            return Ok(None);
        }
        for _ in 1..ATTEMPTS {
            if let Ok(server) = (recipe.start)(recipe.name, authority) {
                return Ok(Some(server));
            }
        }
        (recipe.start)(recipe.name, authority).with_context(|| format!("{name} cannot be started")).map(Some)
    }

    /// Which server it is: one of [`names`].
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The name it calls itself and its certificate carries.
    pub fn host(&self) -> &'static str {
        self.host
    }

    /// The address it listens on, which its certificate carries too.
    pub fn address(&self) -> Ipv4Addr {
        ADDRESS
    }

    /// Its ports; where there are three: relay, submissions, submission. Those of `postfix-open` are
    /// [`OpenPort`](crate::OpenPort)'s.
    pub fn ports(&self) -> &[PortSpec] {
        &self.ports
    }

    /// What a report has to say of each of its ports, in their order.
    pub fn expected(&self) -> &[Expected] {
        &self.expected
    }

    /// The root of its certificate, a file in PEM; gone with the server. All servers of one [`Authority`] have the same.
    pub fn ca_file(&self) -> PathBuf {
        self.keeper.directory().join("ca.pem")
    }

    /// The ports of this machine from which it was asked whether it is ready, once for each connection that it took;
    /// empty where the server is none that is asked.
    pub fn askers(&self) -> &[u16] {
        self.keeper.askers()
    }

    /// Where it logs; gone with the server.
    pub fn log_path(&self) -> PathBuf {
        self.keeper.directory().join(self.log)
    }

    /// What it logged, once that is `complete`; after twenty seconds, what there is. A server may log what it has done
    /// after it has answered, and another process may write it down.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn log_once(&self, complete: impl Fn(&str) -> bool) -> std::io::Result<String> {
        let mut log = fs::read_to_string(self.log_path())?;
        for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
            if complete(&log) {
                break;
            }
            sleep(PAUSE);
            log = fs::read_to_string(self.log_path())?;
        }
        Ok(log)
    }
}

/// Fetches what the server of this name needs and can be had without touching the system, where it is not there yet.
///
/// # Errors
/// There is no server of this name, it cannot be fetched, or requirements are missing all the same.
pub fn fetch(name: &str) -> anyhow::Result<()> {
    fetched(recipe(name)?)
}

fn fetched(recipe: Recipe) -> anyhow::Result<()> {
    let (fetchable, others): (Vec<Need>, Vec<Need>) = recipe.needs.iter().partition(|need| need.is_fetched());
    missing(&others)?;
    for need in fetchable.iter().filter(|need| !need.is_met()) {
        need.fetch().with_context(|| need.to_string())?;
    }
    Ok(missing(&fetchable)?)
}

/// Ports that nobody listens on, all different.
pub(crate) fn free_ports<const N: usize>(modes: [TlsMode; N]) -> std::io::Result<[PortSpec; N]> {
    // All are held at once, so that they differ.
    let listeners = [(); N].map(|()| TcpListener::bind((ADDRESS, 0)));
    let mut ports = modes.map(|mode| PortSpec { port: 0, mode });
    for (port, listener) in ports.iter_mut().zip(listeners) {
        port.port = listener?.local_addr()?.port();
    }
    Ok(ports)
}

/// Relay, submissions, submission.
pub(crate) const USUAL: [TlsMode; 3] = [TlsMode::StartTls, TlsMode::Implicit, TlsMode::StartTls];

/// The directory's name as configuration files can carry it.
pub(crate) fn utf8(path: &Path) -> anyhow::Result<&str> {
    let Some(path) = path.to_str() else { bail!("the directory for temporary files has no UTF-8 name") };
    Ok(path)
}
