//! A probe of which every output is held against what it may do.

use std::collections::BTreeMap;
use std::time::Duration;

use heloscope_observation::{
    ConnectionId, Established, Event, Observation, Observations, PortSpec, Purpose, Refusal, Stage, Target,
    TlsMode,
};
use heloscope_probe::{Input, Output, Probe, limits};
use heloscope_smtp::ReplyReader;

/// Outputs that one input may bring: that of a tick to every connection, or of all the replies of a dialogue at once.
const MAX_OUTPUTS: usize = 64;
/// Observations of one connection.
const MAX_OBSERVATIONS: usize = 40;

/// A probe that is being tested, its clock, and the far ends of its connections.
#[derive(Debug)]
pub struct Watched {
    probe: Probe,
    ports: Vec<PortSpec>,
    at: Duration,
    ends: BTreeMap<ConnectionId, End>,
    observed: Vec<Observation>,
    done: bool,
    ambiguous: bool,
}

/// What a server would know of a connection.
#[derive(Debug)]
pub struct End {
    /// To which port.
    pub port: PortSpec,
    /// What the probe sent and nobody has read yet.
    pub arrived: Vec<u8>,
    /// Whether a ClientHello was sent.
    pub in_tls: bool,
    /// Whether a relay would have been told the key.
    key_told: bool,
    /// Whether TCP connected.
    pub connected: bool,
    /// Whether the probe has closed it.
    pub closed: bool,
    /// What the server has sent in clear.
    heard: Vec<u8>,
    /// The same, read.
    replies: ReplyReader,
    /// The stages in which a command was sent.
    asked: Vec<Stage>,
    /// The verbs sent in clear.
    said: Vec<&'static str>,
    ended: bool,
}

impl Watched {
    /// Begins a test.
    pub fn new(target: Target) -> Self {
        let ports = target.ports.clone();
        let probe = Probe::new(target, Some("wss://relay.example".to_owned()), 1_795_471_200_000);
        let mut watched = Self {
            probe,
            ports,
            at: Duration::ZERO,
            ends: BTreeMap::new(),
            observed: Vec::new(),
            done: false,
            ambiguous: false,
        };
        watched.poll();
        watched
    }

    /// The far end of a connection that the probe has asked for.
    pub fn end(&mut self, connection: ConnectionId) -> Option<&mut End> {
        self.ends.get_mut(&connection)
    }

    /// Time passes, and the probe is told.
    pub fn wait(&mut self, time: Duration) {
        self.at += time;
        self.input(Input::Tick { at: self.at });
        if let Output::Wait { until } = self.probe.poll_output() {
            assert!(until > self.at, "what was due is done, and nobody waits for the past");
        }
    }

    /// TCP connects.
    pub fn connect(&mut self, connection: ConnectionId, ehlo_name: &str) {
        if let Some(end) = self.ends.get_mut(&connection) {
            end.connected = true;
        }
        let established = Established {
            address: "192.0.2.1:25".parse().expect("an address"),
            ehlo_name: ehlo_name.to_owned(),
            resolve_ms: Some(3),
            connect_ms: 21,
        };
        self.input(Input::Connected { connection, at: self.at, established });
    }

    /// The network or the relay says no.
    pub fn refuse(&mut self, connection: ConnectionId, refusal: Refusal) {
        self.input(Input::Refused { connection, at: self.at, refusal });
    }

    /// The server closes the connection.
    pub fn close(&mut self, connection: ConnectionId) {
        self.input(Input::Closed { connection, at: self.at });
    }

    /// The server's octets arrive in pieces of this size.
    pub fn receive(&mut self, connection: ConnectionId, octets: &[u8], size: usize) {
        for piece in octets.chunks(size.max(1)) {
            if let Some(end) = self.ends.get_mut(&connection).filter(|end| end.connected && !end.in_tls) {
                end.heard.extend(piece);
                end.replies.push(piece);
                // What comes together with a reply was sent before anything was said to that, and answers nothing. In
                // another cut that cannot be known.
                while let Some(Ok(_)) = end.replies.next_reply() {
                    self.ambiguous |= end.replies.unread_len() > 0;
                }
            }
            self.input(Input::Received { connection, at: self.at, octets: piece });
        }
    }

    /// Waits until the test must be over, and gives what was seen; `None` where another cut of the same octets may
    /// rightly be seen otherwise.
    pub fn finish(mut self) -> Option<Observations> {
        let rest = limits::PORT.saturating_sub(self.at);
        self.wait(rest);
        assert!(self.done, "after {:?} all is over", limits::PORT);
        let observations = self.probe.into_observations();
        assert_eq!(observations.seen, self.observed, "what is kept is what was shown");
        assert_eq!(observations.connections.len(), self.ends.len());
        for connection in &observations.connections {
            let seen: Vec<_> = observations
                .seen
                .iter()
                .filter(|observation| observation.connection == connection.id)
                .collect();
            let ended = seen.iter().filter(|observation| observation.event == Event::Ended).count();
            assert_eq!(ended, 1, "a connection ends once");
            assert_eq!(seen.last().map(|observation| &observation.event), Some(&Event::Ended));
            assert!(seen.len() <= MAX_OBSERVATIONS, "{} observations of one connection", seen.len());
            let kept: usize = seen.iter().map(|observation| kept(&observation.event)).sum();
            assert!(kept <= heloscope_observation::MAX_RECEIVED, "{kept} octets kept of one connection");
        }
        let json = serde_json::to_string(&observations).expect("observations are plain data");
        let read: Observations = serde_json::from_str(&json).expect("what was written can be read");
        assert_eq!(read, observations, "nothing is lost in JSON");
        (!self.ambiguous).then_some(observations)
    }

    fn input(&mut self, input: Input<'_>) {
        self.probe.handle_input(input);
        self.poll();
    }

    fn poll(&mut self) {
        for _ in 0..MAX_OUTPUTS {
            match self.probe.poll_output() {
                Output::Connect { connection, port, .. } => self.dialled(connection, port),
                Output::Transmit { connection, octets } => {
                    let end = self.ends.get_mut(&connection).expect("a connection that was asked for");
                    end.transmitted(&octets);
                }
                Output::ClientWriteKey { connection, key, iv } => {
                    let end = self.ends.get_mut(&connection).expect("a connection that was asked for");
                    assert!(end.in_tls && !end.closed, "a key is for TLS that is up");
                    assert!(matches!((key.len(), iv.len()), (16 | 32, 12 | 4)));
                    assert!(!std::mem::replace(&mut end.key_told, true), "a relay is told one key");
                }
                Output::Close { connection } => {
                    let end = self.ends.get_mut(&connection).expect("a connection that was asked for");
                    assert!(!std::mem::replace(&mut end.closed, true), "a connection is closed once");
                }
                Output::Observed(observation) => self.observed(observation),
                Output::Wait { until } if until <= self.at => {
                    self.probe.handle_input(Input::Tick { at: self.at });
                }
                Output::Wait { .. } => {
                    assert!(self.ends.values().any(|end| !end.ended), "there is something to wait for");
                    return;
                }
                Output::Done => {
                    assert!(self.ends.values().all(|end| end.ended && end.closed));
                    self.done = true;
                    return;
                }
            }
            assert!(!self.done, "nothing comes after the end");
        }
        panic!("more than {MAX_OUTPUTS} outputs for one input");
    }

    fn dialled(&mut self, connection: ConnectionId, port: PortSpec) {
        assert!(self.ports.contains(&port), "only what was asked for is tested");
        let end = End {
            port,
            arrived: Vec::new(),
            in_tls: false,
            key_told: false,
            connected: false,
            closed: false,
            heard: Vec::new(),
            replies: ReplyReader::default(),
            asked: Vec::new(),
            said: Vec::new(),
            ended: false,
        };
        assert!(self.ends.insert(connection, end).is_none(), "a new connection has a new number");
        let known = self.probe.observations().connections.iter().find(|known| known.id == connection);
        let purpose = known.expect("a connection that is dialled is listed").purpose;
        let same =
            |known: &&heloscope_observation::Connection| (known.port, known.purpose) == (port, purpose);
        assert_eq!(
            self.probe.observations().connections.iter().filter(same).count(),
            1,
            "{purpose:?} once a port"
        );
        assert!(purpose == Purpose::Dialogue || self.at < limits::PORT, "no hello when time is over");
    }

    fn observed(&mut self, observation: Observation) {
        assert!(observation.at <= self.at);
        let connection = observation.connection;
        // `Dialled` comes before the dialling.
        if let Some(end) = self.ends.get_mut(&connection) {
            assert!(!end.ended, "nothing is seen of a connection that has ended");
            if let Event::Sent { .. } = observation.event {
                end.asked.push(observation.stage);
            }
            // Inside TLS it shows by what is seen: a command was due, and was not sent.
            let has_command = matches!(
                observation.stage,
                Stage::Ehlo | Stage::StartTls | Stage::EhloAfterTls | Stage::Quit
            );
            let due = has_command && !end.asked.contains(&observation.stage);
            self.ambiguous |= due || matches!(observation.event, Event::Unasked { .. });
            match &observation.event {
                Event::HandshakeBegun => {
                    let asked = end.said.last() == Some(&"STARTTLS");
                    assert!(!end.in_tls && (asked || end.port.mode == TlsMode::Implicit));
                    end.in_tls = true;
                }
                Event::Sent { encrypted, .. }
                | Event::Replied { encrypted, .. }
                | Event::Unasked { encrypted, .. } => {
                    assert!(!encrypted || end.in_tls);
                }
                Event::Ended => {
                    assert!(end.closed, "the probe lets go of what has ended");
                    end.ended = true;
                }
                _ => {}
            }
        } else {
            assert_eq!(observation.event, Event::Dialled);
        }
        self.observed.push(observation);
    }
}

impl End {
    /// The whole of what the probe may ever say.
    fn transmitted(&mut self, octets: &[u8]) {
        assert!(self.connected && !self.closed, "octets are for a connection that is there");
        assert!(!octets.is_empty());
        self.arrived.extend(octets);
        if self.in_tls {
            return whole_records(octets);
        }
        assert_eq!(self.port.mode, TlsMode::StartTls, "nothing is said in clear where TLS comes first");
        assert!(has_complete_reply(&self.heard), "the server has finished its greeting");
        let verb = command(octets).expect("a command line that this tester may send");
        let order = ["EHLO", "HELO", "STARTTLS", "QUIT"];
        let place = |verb| order.iter().position(|known| *known == verb);
        assert!(self.said.last().is_none_or(|last| place(*last) < place(verb)), "each once, in this order");
        assert!(!self.said.is_empty() || verb == "EHLO" || verb == "QUIT");
        self.said.push(verb);
    }
}

/// The verb of a command line, where it is one of the four and nothing stands behind it.
pub fn command(octets: &[u8]) -> Option<&'static str> {
    let line = octets.strip_suffix(b"\r\n")?;
    let named = |verb: &'static str, rest: &[u8]| {
        let plain = |octet: &u8| octet.is_ascii_alphanumeric() || b".-[]:".contains(octet);
        (rest.len() <= 255 && rest.iter().all(plain)).then_some(verb)
    };
    match line {
        b"STARTTLS" => Some("STARTTLS"),
        b"QUIT" => Some("QUIT"),
        [b'E', b'H', b'L', b'O', b' ', name @ ..] => named("EHLO", name),
        [b'H', b'E', b'L', b'O', b' ', name @ ..] => named("HELO", name),
        _ => None,
    }
}

/// Asks that what goes out after the ClientHello is begun is TLS and nothing else.
fn whole_records(octets: &[u8]) {
    let mut rest = octets;
    while !rest.is_empty() {
        let Some(([20..=23, 3, 0..=4, high, low], later)) = rest.split_first_chunk() else {
            panic!("no TLS record: {rest:?}");
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        rest = later.get(length..).expect("a record goes out whole");
    }
}

/// Whether there is a line that no hyphen says another will follow.
fn has_complete_reply(octets: &[u8]) -> bool {
    octets.split_inclusive(|octet| *octet == b'\n').any(|line| {
        line.ends_with(b"\n") && line.iter().take(3).all(u8::is_ascii_digit) && line.get(3) != Some(&b'-')
    })
}

fn kept(event: &Event) -> usize {
    use heloscope_observation::TlsFailure;
    let lines = |lines: &[heloscope_smtp::ReplyLine]| lines.iter().map(|line| line.octets.len()).sum();
    match event {
        Event::Replied { reply, .. } | Event::Unasked { reply, .. } => lines(&reply.lines),
        Event::NoReply { fault, .. } => fault.octets.len() + lines(&fault.lines),
        Event::Injected { octets, .. } | Event::TlsFailed(TlsFailure::NotTls(octets)) => octets.len(),
        // An empty certificate costs something too.
        Event::Chain(chain) => chain.iter().map(|der| der.0.len() + 3).sum(),
        Event::TlsFailed(TlsFailure::Protocol(text)) => text.len(),
        _ => 0,
    }
}
