//! The stage: plays a mail server and the network towards a probe, and writes down what the probe observes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use heloscope_observation::{
    ConnectionId, Established, Event, Handshake, Observation, Pace, PortSpec, Refusal, RefusalCode, Stage,
    Target, TlsFailure, Unoffered,
};
use heloscope_probe::{Input, Output, Probe, limits};
use heloscope_smtp::ReplyLine;
use rustls::ServerConnection;

use crate::server::{self, Tls};

/// How the server's octets are cut on their way.
#[derive(Clone, Copy)]
pub(crate) enum Cut {
    Whole,
    By(usize),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::By(size) => write!(f, "by_{size}"),
        }
    }
}

/// One dialogue being played; its steps speak of the first connection unless another is chosen.
pub(crate) struct Play {
    cut: Cut,
    probe: Option<Probe>,
    at: Duration,
    on: ConnectionId,
    ends: BTreeMap<ConnectionId, End>,
    seen: Vec<String>,
    due: Option<Duration>,
    /// Octets of the server's that the probe keeps.
    kept: BTreeMap<ConnectionId, usize>,
}

/// The mail server's end of a connection.
#[derive(Default)]
struct End {
    arrived: Vec<u8>,
    /// Deciphered, and not yet asked for.
    said: Vec<u8>,
    tls: Option<ServerConnection>,
    closed_by_probe: bool,
    /// Of the first ClientHello, with the header of its record.
    hello_octets: Option<usize>,
    /// A relay would know the key to what is said in TLS.
    key_told: bool,
}

impl Play {
    /// Plays a dialogue, and panics where something is not as it says.
    pub(crate) fn perform(dialogue: fn(&mut Self), cut: Cut) {
        let mut play = Self {
            cut,
            probe: None,
            at: Duration::ZERO,
            on: ConnectionId(0),
            ends: BTreeMap::new(),
            seen: Vec::new(),
            due: None,
            kept: BTreeMap::new(),
        };
        dialogue(&mut play);
        assert!(play.seen.is_empty(), "not spoken of: {:#?}", play.seen);
        assert_eq!(play.due, None, "the test is over");
        let kept: usize = play.kept.values().sum();
        assert!(kept <= limits::MAX_RECEIVED * play.kept.len().max(1), "{kept} octets kept");
    }

    /// Begins a test of mx.example, at 2026-11-23T22:00:00Z.
    pub(crate) fn test(&mut self, ports: &[&str]) {
        let ports = ports.iter().map(|port| port.parse::<PortSpec>().expect("a port")).collect();
        let target = Target { host: "mx.example".parse().expect("a host"), ports, address: None };
        self.at = Duration::ZERO;
        self.ends.clear();
        self.probe = Some(Probe::new(target, None, 1_795_471_200_000));
        self.poll();
    }

    /// Speaks of this connection from here on.
    pub(crate) fn on(&mut self, connection: u32) {
        self.on = ConnectionId(connection);
    }

    /// Time passes without anything happening.
    pub(crate) fn wait(&mut self, seconds: u64) {
        self.at += Duration::from_secs(seconds);
        self.input(|_, at| Input::Tick { at });
    }

    /// TCP connects.
    pub(crate) fn connects(&mut self) {
        let established = Established {
            address: "192.0.2.1:25".parse().expect("an address"),
            ehlo_name: "relay.example".to_owned(),
            resolve_ms: Some(3),
            connect_ms: 21,
        };
        self.input(|connection, at| Input::Connected { connection, at, established: established.clone() });
    }

    /// The network or the relay says no.
    pub(crate) fn refuses(&mut self, code: RefusalCode) {
        let refusal = Refusal { code, message: "no".to_owned() };
        self.input(|connection, at| Input::Refused { connection, at, refusal: refusal.clone() });
    }

    /// The server says this, inside TLS where that is up.
    pub(crate) fn server(&mut self, octets: impl AsRef<[u8]>) {
        let end = self.end();
        let octets = match &mut end.tls {
            Some(tls) => server::encipher(tls, octets.as_ref()),
            None => octets.as_ref().to_vec(),
        };
        self.deliver(&octets);
    }

    /// The server says this in clear, and it arrives in one piece: what follows a reply in it came before anything was said
    /// to that, which in another cut nobody could know.
    pub(crate) fn server_at_once(&mut self, octets: impl AsRef<[u8]>) {
        assert!(self.end().tls.is_none(), "TLS is not up");
        self.input(|connection, at| Input::Received { connection, at, octets: octets.as_ref() });
    }

    /// The server says this in clear, though TLS is up.
    pub(crate) fn in_clear(&mut self, octets: impl AsRef<[u8]>) {
        assert!(self.end().tls.is_some(), "TLS is up");
        self.deliver(octets.as_ref());
    }

    /// Asks that the client has said this and nothing else.
    pub(crate) fn client(&mut self, expected: &str) {
        let end = self.end();
        let arrived = std::mem::take(&mut end.arrived);
        let mut said = std::mem::take(&mut end.said);
        match &mut end.tls {
            Some(tls) => said.extend(server::decipher(tls, &arrived).expect("octets of TLS")),
            None => said.extend(arrived),
        }
        assert_eq!(String::from_utf8_lossy(&said), expected);
    }

    /// The server takes the client's hello and does its part of the handshake, until it is done or the client gives up.
    pub(crate) fn handshake(&mut self, tls: &Tls) {
        self.handshake_and(tls, "");
    }

    /// The same, and the server says this with the end of it, in one piece.
    pub(crate) fn handshake_and(&mut self, tls: &Tls, said_at_once: &str) {
        self.end().tls = Some(tls.connection());
        loop {
            let end = self.end();
            let connection = end.tls.as_mut().expect("TLS has begun");
            let arrived = std::mem::take(&mut end.arrived);
            let Ok(said) = server::decipher(connection, &arrived) else { return };
            end.said.extend(said);
            let done = !connection.is_handshaking();
            let last = if done { said_at_once } else { "" };
            let answer = server::encipher(connection, last.as_bytes());
            assert!(done || !answer.is_empty(), "the handshake goes on");
            if last.is_empty() {
                self.deliver(&answer);
            } else {
                self.input(|connection, at| Input::Received { connection, at, octets: &answer });
            }
            if done || self.end().closed_by_probe {
                return;
            }
        }
    }

    /// The server asks for another hello, as one does that takes only groups of which there was no share, and gets it.
    pub(crate) fn asks_for_another_hello(&mut self, tls: &Tls) {
        let mut connection = tls.connection();
        server::decipher(&mut connection, &self.client_hello()).expect("a hello");
        let answer = server::encipher(&mut connection, b"");
        self.deliver(&answer);
        let arrived = std::mem::take(&mut self.end().arrived);
        assert_eq!(arrived[..7], [20, 3, 3, 0, 1, 1, 22], "ChangeCipherSpec, and a handshake record");
    }

    /// Takes the client's hello away unread; gives its octets.
    pub(crate) fn client_hello(&mut self) -> Vec<u8> {
        let hello = self.client_octets();
        assert_eq!(hello.first(), Some(&22), "a handshake record");
        hello
    }

    /// Takes whatever the client has sent away unread.
    pub(crate) fn client_octets(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.end().arrived)
    }

    /// The server says that it will send no more in TLS.
    pub(crate) fn sends_close_notify(&mut self) {
        let tls = self.end().tls.as_mut().expect("TLS is up");
        tls.send_close_notify();
        let octets = server::encipher(tls, b"");
        self.deliver(&octets);
    }

    /// The server closes the connection.
    pub(crate) fn closes(&mut self) {
        self.input(|connection, at| Input::Closed { connection, at });
    }

    /// Asks that the probe keeps so many octets of the server's of this connection.
    pub(crate) fn keeps(&self, octets: usize) {
        assert_eq!(self.kept.get(&self.on).copied().unwrap_or_default(), octets, "octets kept");
    }

    /// Asks that the probe has closed the connection, and has sent nothing else but perhaps a close_notify or alert.
    pub(crate) fn is_closed_by_probe(&mut self) {
        assert!(self.end().closed_by_probe, "the probe has closed the connection");
        if self.end().tls.is_some() {
            self.client("");
        }
    }

    /// Asks that exactly this was observed since last asked.
    pub(crate) fn seen(&mut self, expected: &[&str]) {
        let seen = std::mem::take(&mut self.seen);
        assert_eq!(seen, expected, "observed, against expected");
    }

    /// Asks that this was observed first since last asked; what followed is asked for later.
    pub(crate) fn seen_first(&mut self, expected: &[&str]) {
        let later = self.seen.split_off(expected.len().min(self.seen.len()));
        self.seen(expected);
        self.seen = later;
    }

    /// Asks that this was observed last, after whatever else.
    pub(crate) fn seen_last(&mut self, expected: &[&str]) {
        self.seen.drain(..self.seen.len().saturating_sub(expected.len()));
        self.seen(expected);
    }

    fn end(&mut self) -> &mut End {
        self.ends.entry(self.on).or_default()
    }

    fn deliver(&mut self, octets: &[u8]) {
        let size = match self.cut {
            Cut::Whole => octets.len().max(1),
            Cut::By(size) => size,
        };
        for octets in octets.chunks(size) {
            self.input(|connection, at| Input::Received { connection, at, octets });
        }
    }

    fn input<'a>(&mut self, input: impl Fn(ConnectionId, Duration) -> Input<'a>) {
        let (on, at) = (self.on, self.at);
        self.probe.as_mut().expect("a test has begun").handle_input(input(on, at));
        self.poll();
    }

    fn poll(&mut self) {
        loop {
            match self.probe.as_mut().expect("a test has begun").poll_output() {
                Output::Connect { connection, .. } => drop(self.ends.insert(connection, End::default())),
                Output::Transmit { connection, octets } => {
                    let end = self.ends.entry(connection).or_default();
                    if octets[..2] == [22, 3] {
                        end.hello_octets.get_or_insert(octets.len());
                    }
                    end.arrived.extend(octets);
                }
                Output::ClientWriteKey { connection, .. } => {
                    let end = self.ends.entry(connection).or_default();
                    assert!(!std::mem::replace(&mut end.key_told, true), "a relay is told one key");
                }
                Output::Close { connection } => {
                    self.ends.entry(connection).or_default().closed_by_probe = true;
                }
                Output::Observed(observation) => {
                    if let Event::Handshake(handshake) = &observation.event {
                        let hello = self.ends.get(&observation.connection).and_then(|end| end.hello_octets);
                        assert_eq!(handshake.hello_octets, hello, "octets of the first hello");
                    }
                    *self.kept.entry(observation.connection).or_default() += kept(&observation.event);
                    self.seen.push(line(&observation));
                }
                Output::Wait { until } if until <= self.at => {
                    let at = self.at;
                    self.probe.as_mut().expect("a test has begun").handle_input(Input::Tick { at });
                }
                Output::Wait { until } => return self.due = Some(until),
                Output::Done => return self.due = None,
            }
        }
    }
}

/// Octets of the server's that an observation keeps.
fn kept(event: &Event) -> usize {
    let lines = |lines: &[ReplyLine]| lines.iter().map(|line| line.octets.len()).sum();
    match event {
        Event::Replied { reply, .. } | Event::Unasked { reply, .. } => lines(&reply.lines),
        Event::NoReply { fault, .. } => fault.octets.len() + lines(&fault.lines),
        Event::Injected { octets, .. } | Event::TlsFailed(TlsFailure::NotTls(octets)) => octets.len(),
        Event::Chain(chain) => chain.iter().map(|der| der.0.len()).sum(),
        _ => 0,
    }
}

/// An observation in one line: `stage: what`, with `<` for the server's and `>` for the client's words.
fn line(observation: &Observation) -> String {
    let lock = |encrypted: bool| if encrypted { "*" } else { "" };
    let at = format!("at {} s", observation.at.as_secs());
    let what = match &observation.event {
        Event::Dialled => "dialled".to_owned(),
        Event::Connected(established) => format!("connected {}", established.address),
        Event::Refused(refusal) => format!("refused {:?}", refusal.code),
        Event::Sent { command, encrypted } => format!("{}> {command}", lock(*encrypted)),
        Event::Replied { reply, encrypted, came } => {
            let lines: Vec<_> = reply.lines.iter().map(|line| format!("{:?}", line.octets)).collect();
            format!("{}< {}{}", lock(*encrypted), lines.join(" "), pace(came.as_ref()))
        }
        Event::Unasked { reply, encrypted, came, more } => {
            let lines: Vec<_> = reply.lines.iter().map(|line| format!("{:?}", line.octets)).collect();
            let more = if *more > 0 { format!(" and {more} octets more") } else { String::new() };
            format!("{}unasked < {}{}{more}", lock(*encrypted), lines.join(" "), pace(came.as_ref()))
        }
        Event::NoReply { fault, encrypted, came } => {
            let (lock, pace) = (lock(*encrypted), pace(came.as_ref()));
            let lines = match (fault.lines.len(), fault.left_out.lines) {
                (lines, 0) => format!("{lines} lines"),
                (lines, left_out) => format!("{lines} lines and {left_out} left out before the last"),
            };
            format!("{lock}no reply: {:?} after {lines} {:?}{pace}", fault.kind, fault.octets)
        }
        Event::Injected { octets, total } => format!("injected {total} {octets:?} {at}"),
        Event::HandshakeBegun => "hello".to_owned(),
        Event::Chain(chain) => {
            let known: Vec<_> = chain
                .iter()
                .map(|der| if der.0 == server::CERTIFICATE { "mx.example" } else { "?" })
                .collect();
            format!("chain {}", known.join(" "))
        }
        Event::HelloRetried { octets } => format!("another hello of {octets} octets"),
        Event::TlsWarned(alert) => format!("warning {}", alert.0),
        Event::ClientCertificateRequested => "client certificate requested".to_owned(),
        Event::Handshake(handshake) => format!(
            "handshake {:04x} suite {:04x} group {} {}{}{}",
            handshake.version.0,
            handshake.suite.0,
            group(handshake),
            if handshake.hello_retry { "after a retry " } else { "" },
            if handshake.completed { "completed" } else { "not completed" },
            match handshake.unoffered {
                None => "",
                Some(Unoffered::Version) => ", version not offered",
                Some(Unoffered::Suite) => ", suite not offered",
            }
        ),
        Event::TlsFailed(TlsFailure::Alert(alert)) => format!("alert {}", alert.0),
        Event::TlsFailed(TlsFailure::NotTls(octets)) => format!("not TLS {octets:?} {at}"),
        Event::TlsFailed(TlsFailure::Protocol(_)) => "TLS broken".to_owned(),
        Event::TlsFailed(TlsFailure::BadSignature) => "bad signature".to_owned(),
        Event::TlsFailed(TlsFailure::UnverifiedKey) => "unverified key".to_owned(),
        Event::Closed { close_notify: None } => "closed".to_owned(),
        Event::Closed { close_notify: Some(true) } => "closed after close_notify".to_owned(),
        Event::Closed { close_notify: Some(false) } => "closed without close_notify".to_owned(),
        Event::TimedOut { after, whole: false, .. } => format!("timed out after {} s", after.as_secs()),
        Event::TimedOut { after, whole: true, came } => {
            format!("whole time of {} s over{}", after.as_secs(), pace(came.as_ref()))
        }
        Event::Ended => "ended".to_owned(),
    };
    let on = match observation.connection.0 {
        0 => String::new(),
        other => format!("#{other} "),
    };
    format!("{on}{}: {what}", stage(observation.stage))
}

/// `in 2 pieces from 0 s to 6 s, lines at 0 s, 6 s`; nothing where all came at once.
fn pace(came: Option<&Pace>) -> String {
    let Some(Pace { first, last, lines, pieces, .. }) = came else { return String::new() };
    let lines: Vec<_> = lines.iter().map(|at| format!("{} s", at.as_secs())).collect();
    let at = if lines.is_empty() { String::new() } else { format!(", lines at {}", lines.join(", ")) };
    let noun = if *pieces == 1 { "piece" } else { "pieces" };
    format!(" in {pieces} {noun} from {} s to {} s{at}", first.as_secs(), last.as_secs())
}

fn group(handshake: &Handshake) -> String {
    match (handshake.group, handshake.finite_field_bits) {
        (Some(group), _) => group.0.to_string(),
        (None, Some(bits)) => format!("{bits} bits"),
        (None, None) => "none".to_owned(),
    }
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Resolve => "resolve",
        Stage::Connect => "connect",
        Stage::Greeting => "greeting",
        Stage::Ehlo => "ehlo",
        Stage::StartTls => "starttls",
        Stage::Tls => "tls",
        Stage::EhloAfterTls => "ehlo after tls",
        Stage::Quit => "quit",
    }
}
