//! What is compared: the relay, its peers, and no bridge at all.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::mail_server::Part;
use super::peers::{self, Peer};
use super::process::Running;
use super::wire::{Connection, Protocol};
use crate::beside;

/// A way to a mail server.
#[derive(Clone, Debug)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// What it does, in a few words.
    pub(crate) does: &'static str,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Direct,
    Relay(PathBuf),
    Peer(Peer, PathBuf),
}

/// One that is not there, and how to get it.
pub(crate) type Absent = (&'static str, String);

/// A running bridge to one mail server.
#[derive(Debug)]
pub(crate) struct Bridge {
    running: Option<Running>,
    address: SocketAddr,
    protocol: Protocol,
}

/// Longest time to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// Direct TCP first, the relay second, and the peers that are there; and those that are not.
pub(crate) fn contestants() -> Result<(Vec<Contestant>, Vec<Absent>)> {
    let direct = Contestant { name: "direct TCP", does: "no bridge", kind: Kind::Direct };
    let relay = Contestant {
        name: "heloscope-relay",
        does: "any target that its policy admits; guard and quotas on",
        kind: Kind::Relay(beside("heloscope-relay")?),
    };
    let (mut all, mut absent) = (vec![direct, relay], Vec::new());
    for peer in Peer::ALL {
        match peers::program(peer) {
            Ok(program) => {
                all.push(Contestant {
                    name: peer.name(),
                    does: peer.does(),
                    kind: Kind::Peer(peer, program),
                });
            }
            Err(reason) => absent.push((peer.name(), reason.to_string())),
        }
    }
    Ok((all, absent))
}

impl Contestant {
    /// Whether it has processes of its own to measure.
    pub(crate) fn is_bridge(&self) -> bool {
        !matches!(self.kind, Kind::Direct)
    }

    /// Whether it is the relay.
    pub(crate) fn is_relay(&self) -> bool {
        matches!(self.kind, Kind::Relay(_))
    }

    /// Whether each of its sessions is a process, of which a machine cannot hold thousands.
    pub(crate) fn forks(&self) -> bool {
        matches!(self.kind, Kind::Peer(Peer::Websockify, _))
    }

    /// Starts it, with this mail server behind it.
    pub(crate) fn start(&self, to: SocketAddr, part: Part) -> Result<Bridge> {
        let bridge = match &self.kind {
            Kind::Direct => return Ok(Bridge { running: None, address: to, protocol: Protocol::Tcp }),
            Kind::Relay(program) => start_relay(program.into(), to, part),
            Kind::Peer(peer, program) => start_peer(*peer, program.into(), to),
        };
        bridge.with_context(|| format!("{} does not start", self.name))
    }
}

impl Bridge {
    /// A new connection to the mail server, before it has said anything.
    pub(crate) fn open(&self) -> Result<Connection> {
        Ok(Connection::open(self.address, &self.protocol)?)
    }

    /// Its processes; none of direct TCP.
    pub(crate) fn running(&self) -> Option<&Running> {
        self.running.as_ref()
    }
}

/// As by default, but for the limits that a load is there to exceed.
fn start_relay(program: PathBuf, to: SocketAddr, part: Part) -> Result<Bridge> {
    // Behind implicit TLS a server's octets are none of the guard's business until a client speaks.
    let mode = if part == Part::Talks { "starttls" } else { "implicit" };
    let port = to.port();
    let mut command = Command::new(program);
    command.args(["--listen", "127.0.0.1:0", "--ehlo-name", "relay.test", "--allow-net", "127.0.0.0/8"]);
    command.args(["--allow-port", &format!("{port}/{mode}")]);
    command.args([
        "--limit-octets-down",
        "1099511627776",
        "--limit-silence",
        "600",
        "--limit-connection",
        "600",
        "--limit-client-connections",
        "100000",
    ]);
    for quota in ["--quota-client", "--quota-target-address", "--quota-target-network"] {
        command.args([quota, "65535/65535/65535"]);
    }
    command.args(["--quota-all", "10000"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let stdout = child.stdout.take();
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(stdout.context("its output is piped")?).read_line(&mut line)?;
    let origin = line.trim_end().strip_prefix("Heloscope is at ").and_then(|url| url.strip_suffix('/'));
    let origin = origin.with_context(|| format!("it says {line:?}"))?;
    let address = origin.strip_prefix("http://").context("its address is http")?.parse()?;
    let target = format!("/v1/connect?host=127.0.0.1&port={port}");
    let fields = format!("Origin: {origin}\r\nSec-WebSocket-Protocol: heloscope.v1\r\n");
    Ok(Bridge { running: Some(running), address, protocol: Protocol::WebSocket { target, fields } })
}

fn start_peer(peer: Peer, program: PathBuf, to: SocketAddr) -> Result<Bridge> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let mut command = Command::new(program);
    let protocol = match peer {
        Peer::Websockify => {
            command.args([address.to_string(), to.to_string()]);
            Protocol::WebSocket { target: "/".to_owned(), fields: String::new() }
        }
        Peer::Websocat => {
            command.args(["--binary", "-q", &format!("ws-l:{address}"), &format!("tcp:{to}")]);
            Protocol::WebSocket { target: "/".to_owned(), fields: String::new() }
        }
        Peer::WispJs => {
            command.args(["--port", &address.port().to_string(), "--logging", "NONE"]);
            command.args(["--options", r#"{"allow_loopback_ips":true,"allow_private_ips":true}"#]);
            Protocol::Wisp(to.port())
        }
    };
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut running = Running(child);
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        if let Some(status) = running.0.try_wait()? {
            bail!("it ends with {status}");
        }
        if began.elapsed() > PATIENCE {
            bail!("it does not listen on {address}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(Bridge { running: Some(running), address, protocol })
}
