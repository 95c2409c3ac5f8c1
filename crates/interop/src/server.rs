use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::thread::sleep;

use heloscope_observation::PortSpec;

use crate::authority::Authority;
use crate::expected::Expected;
use crate::keeper::{Keeper, PATIENCE, PAUSE};
use crate::ports::ADDRESS;
use crate::requirements::Need;
use crate::starttls_front::Front;

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

impl Server {
    /// Which server it is: one of [`names`](crate::names()).
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
