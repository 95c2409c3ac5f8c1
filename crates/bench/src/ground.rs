//! Where the contest is held: a network namespace with loopback, mail servers and, 40 ms away, the same servers again.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use heloscope_interop::{Authority, Server, fetch, requirements};

use crate::far::Far;
use crate::figures::median;
use crate::network::{NEAR, ip};
use crate::program;

/// The word that makes this program hold the contest in the namespace that it is in.
pub(crate) const APART: &str = "speed-apart";

/// The mail servers. What matters far away is who has Nagle's algorithm (RFC 9293 §3.7.4) on and a session ticket to be
/// acknowledged: the first alone.
const SERVERS: [&str; 3] = ["postfix", "postfix-without-tickets", "exim"];
/// Connects timed to know the round trip.
const CONNECTS: usize = 11;

/// What there is to test.
#[derive(Debug)]
pub(crate) struct Ground {
    servers: Vec<Server>,
    far: Option<Far>,
}

/// Holds the contest in a network namespace of its own, so that nothing of it can leave this machine, nor change what
/// the machine's own network is like.
pub(crate) fn enter() -> Result<()> {
    for server in SERVERS {
        // In the namespace there is no network to fetch it by.
        if let Err(error) = fetch(server).and_then(|()| requirements(server)) {
            println!("Not measured against {server}: {error:#}");
        }
    }
    let unshare = program("unshare").context("there is no unshare(1), of util-linux")?;
    let own = std::env::current_exe()?;
    let status = Command::new(unshare).arg("--net").arg(own).arg(APART).status()?;
    if !status.success() {
        bail!("the contest ended with {status}");
    }
    Ok(())
}

impl Ground {
    /// Brings loopback up and starts what is there to test.
    pub(crate) fn lay() -> Result<Self> {
        ip(&["link", "set", "lo", "up"])?;
        // All of 127.0.0.0/8 is near by default.
        let (near, all) = (format!("{NEAR}/32"), format!("{NEAR}/8"));
        ip(&["address", "add", &near, "dev", "lo"])?;
        ip(&["address", "del", &all, "dev", "lo"])?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let authority = Authority::new(now.try_into()?)?;
        let there = SERVERS.into_iter().filter(|name| requirements(name).is_ok());
        let started = there.map(|name| Server::start(name, &authority)).collect::<Result<Vec<_>>>()?;
        let far = Far::start();
        if let Err(error) = &far {
            println!("40 ms away: not measured, {error:#}");
        }
        Ok(Self { servers: started.into_iter().flatten().collect(), far: far.ok() })
    }

    /// The mail servers that could be started.
    pub(crate) fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// Whether [`FAR`](crate::far::FAR) is there.
    pub(crate) fn has_far(&self) -> bool {
        self.far.is_some()
    }

    /// Settings of Postfix's, without any of which posttls-finger does not start.
    pub(crate) fn postfix_settings(&self) -> Option<PathBuf> {
        let postfix = self.servers.iter().find(|server| server.name() == "postfix")?;
        Some(postfix.ca_file().parent()?.join("etc"))
    }

    /// The time that TCP takes to connect: one round trip.
    pub(crate) fn round_trip(&self, to: Ipv4Addr) -> Result<Duration> {
        let listener = TcpListener::bind((NEAR, 0))?;
        let port = listener.local_addr()?.port();
        let mut took = Vec::new();
        for _ in 0..CONNECTS {
            let began = Instant::now();
            TcpStream::connect((to, port))?;
            took.push(began.elapsed());
        }
        Ok(median(&took))
    }
}
