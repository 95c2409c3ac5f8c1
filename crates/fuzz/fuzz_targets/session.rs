//! A whole test against servers, a network and a clock that do anything at all.
//!
//! The first octets choose host and ports. Each step is one octet, four bits for what happens and four for the
//! connection it happens to, and what that step wants to know.
#![no_main]

use std::collections::BTreeMap;
use std::time::Duration;

use heloscope_fuzz::{Kind, Script, Server, Watched, command};
use heloscope_observation::{
    ConnectionId, Event, Observations, PortSpec, Refusal, RefusalCode, Target, TlsFailure, TlsMode,
};
use libfuzzer_sys::fuzz_target;

/// Octets that the servers of one play send, so that no play takes long.
const MAX_SENT: usize = 200_000;
/// Octets in a record, RFC 8446 §5.1.
const MAX_RECORD: usize = 1 << 14;

fuzz_target!(|data: &[u8]| {
    let (whole, chance) = play(data, None);
    // Keys are drawn by chance, and a signature is now and then an octet shorter: what hits one octet hits another.
    if let (Some(whole), false) = (whole, chance) {
        let (by_one, _) = play(data, Some(1));
        assert_eq!(by_one, Some(whole), "the same octets in another cut");
    }
});

struct Play {
    probe: Watched,
    servers: BTreeMap<ConnectionId, Server>,
    /// What clients said inside TLS and nobody has answered.
    inside: BTreeMap<ConnectionId, Vec<u8>>,
    cut: usize,
    fixed_cut: Option<usize>,
    sent: usize,
    last: Vec<u8>,
    /// What is to arrive at once with what comes next.
    held: Option<(ConnectionId, Vec<u8>)>,
    chance: bool,
    /// Whether more than one record of what is said inside TLS arrived at once: what comes together with a reply answers
    /// nothing, and record by record that cannot be known.
    together: bool,
}

/// What was seen, unless the cut had a say in it; and whether chance had.
fn play(data: &[u8], fixed_cut: Option<usize>) -> (Option<Observations>, bool) {
    let mut script = Script::new(data);
    let target = target(script.octet().unwrap_or_default(), script.octet().unwrap_or_default());
    let mut play = Play {
        probe: Watched::new(target),
        servers: BTreeMap::new(),
        inside: BTreeMap::new(),
        cut: usize::MAX,
        fixed_cut,
        sent: 0,
        last: Vec::new(),
        held: None,
        chance: false,
        together: false,
    };
    while let Some(step) = script.octet() {
        play.step(step & 15, ConnectionId(u32::from(step >> 4)), &mut script);
    }
    play.release();
    let mut seen = play.probe.finish();
    if !play.servers.is_empty() {
        seen.iter_mut().for_each(leave_out_why_tls_failed);
    }
    let shown = |seen: &Observations| seen.seen.iter().any(|observation| shows_octets(&observation.event));
    let chance = play.chance || play.together || !play.servers.is_empty() && seen.as_ref().is_some_and(shown);
    (seen, chance)
}

/// Where a server's enciphered octets come before a client that waits for others, their first ones, drawn by chance, are
/// taken for a kind and a length of a message.
fn leave_out_why_tls_failed(seen: &mut Observations) {
    for observation in &mut seen.seen {
        if let Event::TlsFailed(TlsFailure::Protocol(why)) = &mut observation.event {
            why.clear();
        }
    }
}

/// Whether TLS may be in what was seen in clear.
fn shows_octets(event: &Event) -> bool {
    let clear = matches!(event, Event::NoReply { encrypted: false, .. } | Event::Injected { .. });
    clear || matches!(event, Event::TlsFailed(TlsFailure::NotTls(_)))
}

fn target(host: u8, ports: u8) -> Target {
    let long = format!("{}.example", "a".repeat(63));
    let hosts = [
        "mx.example",
        "192.0.2.1",
        "2001:db8::1",
        "localhost",
        "xn--mnchen-3ya.example",
        &long,
        "1a",
        "a-b.c",
    ];
    let host = hosts[usize::from(host) % hosts.len()].parse().expect("a host");
    let count = 1 + u16::from(ports & 3);
    let port = |number: u16| {
        let mode = if ports >> (2 + number) & 1 == 1 { TlsMode::Implicit } else { TlsMode::StartTls };
        PortSpec { port: 2500 + number, mode }
    };
    Target::new(host, (0..count).map(port))
}

impl Play {
    fn step(&mut self, step: u8, on: ConnectionId, script: &mut Script<'_>) {
        match step {
            0 => self.connect(on, script.octet().unwrap_or_default()),
            1 => self.refuse(on, script.octet().unwrap_or_default()),
            2 => self.deliver(on, script.octets().to_vec()),
            3 => self.probe.close(on),
            4 => self.wait(script.octet().unwrap_or_default()),
            5 => self.say(on, SAYINGS[usize::from(script.octet().unwrap_or_default()) % SAYINGS.len()]),
            6 => self.handshake(on, script.octet().unwrap_or_default()),
            7 => self.say(on, script.octets()),
            8 => self.message(on, script),
            9 => self.alert(on, script),
            10 => self.again(on, script.octet().unwrap_or_default()),
            11 => match script.octet().unwrap_or_default() {
                0xff => self.held = self.held.take().or(Some((on, Vec::new()))),
                0xfe => self.release(),
                size => self.cut = usize::from(size) + 1,
            },
            12 => self.close_notify(on),
            13 => self.filler(on, script),
            14 => self.broken(on, script),
            _ => self.sensible(on, script.octet().unwrap_or_default()),
        }
    }

    fn deliver(&mut self, on: ConnectionId, octets: Vec<u8>) {
        if self.sent + octets.len() > MAX_SENT {
            // How much fits depends on the length of signatures.
            self.chance = true;
            return;
        }
        self.sent += octets.len();
        match &mut self.held {
            Some((holding, held)) if *holding == on => {
                let inside = self.servers.get(&on).is_some_and(Server::is_up);
                self.together |= inside && !held.is_empty();
                held.extend(octets);
            }
            _ => self.arrive(on, octets),
        }
    }

    fn release(&mut self) {
        if let Some((on, octets)) = self.held.take() {
            self.arrive(on, octets);
        }
    }

    fn arrive(&mut self, on: ConnectionId, octets: Vec<u8>) {
        self.probe.receive(on, &octets, self.fixed_cut.unwrap_or(self.cut));
        self.last = octets;
    }

    fn connect(&mut self, on: ConnectionId, name: u8) {
        let long = "relay.".repeat(20_000);
        let names = ["relay.example", "[192.0.2.9]", "", "a\r\nMAIL FROM:<>", "münchen.example\0", &long];
        self.probe.connect(on, names[usize::from(name) % names.len()]);
    }

    fn refuse(&mut self, on: ConnectionId, code: u8) {
        let codes = RefusalCode::ALL;
        let message = String::from_utf8_lossy(&[code, b'"', 0x1b]).into_owned();
        self.probe.refuse(on, Refusal { code: codes[usize::from(code) % codes.len()], message });
    }

    /// Up to 20 s in tenths, then up to some years, and never whole microseconds.
    fn wait(&mut self, time: u8) {
        let long = u64::from(time.saturating_sub(200));
        let tenths = u64::from(time) * 100;
        let time = if long == 0 { Duration::from_millis(tenths) } else { Duration::from_secs(long.pow(5)) };
        self.probe.wait(time + Duration::from_nanos(1));
    }

    /// In TLS where that is up, else in clear.
    fn say(&mut self, on: ConnectionId, octets: &[u8]) {
        self.listen(on);
        let octets = match self.servers.get_mut(&on) {
            Some(server) if server.is_up() => {
                self.together |= octets.len() > MAX_RECORD;
                server.encipher(octets)
            }
            _ => octets.to_vec(),
        };
        self.deliver(on, octets);
    }

    /// Takes what the client has sent inside TLS, and asks that it is nothing but what it may say.
    fn listen(&mut self, on: ConnectionId) {
        let (Some(server), Some(end)) = (self.servers.get_mut(&on), self.probe.end(on)) else { return };
        let arrived = std::mem::take(&mut end.arrived);
        let Some(said) = server.decipher(&arrived) else { return };
        for line in said.split_inclusive(|octet| *octet == b'\n') {
            assert!(matches!(command(line), Some("EHLO" | "HELO" | "QUIT")), "{}", line.escape_ascii());
        }
        self.inside.entry(on).or_default().extend(said);
    }

    /// The server answers the ClientHello, or goes on with a handshake.
    fn handshake(&mut self, on: ConnectionId, kind: u8) {
        if self.probe.end(on).is_none_or(|end| !end.in_tls || end.arrived.is_empty()) {
            return;
        }
        self.servers.entry(on).or_insert_with(|| Server::new(Kind::of(kind)));
        for _ in 0..4 {
            self.listen(on);
            let Some(server) = self.servers.get_mut(&on) else { return };
            let answer = server.encipher(b"");
            let up = server.is_up();
            if !answer.is_empty() {
                self.deliver(on, answer);
            }
            // Bit 4: one flight at a time.
            if up || kind & 16 != 0 {
                return;
            }
        }
    }

    /// The next flight of a handshake with one octet changed.
    fn broken(&mut self, on: ConnectionId, script: &mut Script<'_>) {
        let (place, change) = (script.octet().unwrap_or_default(), script.octet().unwrap_or_default());
        if self.probe.end(on).is_none_or(|end| !end.in_tls) {
            return;
        }
        self.chance = true;
        self.servers.entry(on).or_insert_with(|| Server::new(Kind::of(place)));
        self.listen(on);
        let server = self.servers.get_mut(&on).expect("it was just put there");
        let mut answer = server.encipher(if server.is_up() { b"250 mx.example\r\n" } else { b"" });
        let length = answer.len();
        if let Some(octet) = answer.get_mut(length * usize::from(place) / 256) {
            *octet ^= change;
        }
        self.deliver(on, answer);
    }

    fn close_notify(&mut self, on: ConnectionId) {
        self.listen(on);
        if let Some(server) = self.servers.get_mut(&on).filter(|server| server.is_up()) {
            server.close_notify();
            let octets = server.encipher(b"");
            self.deliver(on, octets);
        }
    }

    /// A handshake message in a record of its own.
    fn message(&mut self, on: ConnectionId, script: &mut Script<'_>) {
        let (version, kind) = (script.octet().unwrap_or_default(), script.octet().unwrap_or_default());
        let body = script.octets();
        let length = u16::try_from(body.len()).expect("at most 255 octets");
        let [high, low] = (length + 4).to_be_bytes();
        let header = [22, 3, version % 5, high, low, kind, 0, 0, length.to_be_bytes()[1]];
        self.deliver(on, [&header, body].concat());
    }

    fn alert(&mut self, on: ConnectionId, script: &mut Script<'_>) {
        let (level, description) = (script.octet().unwrap_or_default(), script.octet().unwrap_or_default());
        self.deliver(on, vec![21, 3, 3, 0, 2, level, description]);
    }

    fn again(&mut self, on: ConnectionId, times: u8) {
        let last = std::mem::take(&mut self.last);
        // Too much is not even made; how much that is depends on the length of signatures.
        match last.len() * usize::from(times) > MAX_SENT {
            true => self.chance = true,
            false => self.deliver(on, last.repeat(usize::from(times))),
        }
        self.last = last;
    }

    /// A line that is long.
    fn filler(&mut self, on: ConnectionId, script: &mut Script<'_>) {
        let length = usize::from(script.octet().unwrap_or_default()) * 300;
        let line = [script.octets(), &vec![b'a'; length], b"\r\n"].concat();
        self.say(on, &line[..line.len().min(16_000)]);
    }

    /// What an honest server would do next.
    fn sensible(&mut self, on: ConnectionId, choice: u8) {
        self.listen(on);
        let Some(end) = self.probe.end(on) else { return };
        if !end.connected {
            return self.connect(on, 0);
        }
        let up = self.servers.get(&on).is_some_and(Server::is_up);
        if end.in_tls && !up {
            return self.handshake(on, choice);
        }
        let said = if up {
            std::mem::take(self.inside.entry(on).or_default())
        } else {
            std::mem::take(&mut end.arrived)
        };
        let last = said.split_inclusive(|octet| *octet == b'\n').next_back().unwrap_or_default();
        let answers: &[&[u8]] = match command(last) {
            Some("EHLO") if up => &[b"250-mx.example\r\n250 AUTH PLAIN\r\n", b"502 no\r\n", b"421 busy\r\n"],
            Some("EHLO") => &[
                b"250-mx.example\r\n250 STARTTLS\r\n",
                b"250 mx.example\r\n",
                b"502 no\r\n",
                b"451 later\r\n",
            ],
            Some("HELO") => &[b"250 mx.example\r\n", b"554 no\r\n"],
            Some("STARTTLS") => &[b"220 2.0.0 go\r\n", b"220 go\r\n250 injected\r\n", b"454 4.7.0 no\r\n"],
            Some("QUIT") => &[b"221 2.0.0 bye\r\n"],
            _ => &[
                b"220 mx.example ESMTP\r\n",
                b"220-mx.example\r\n220 ESMTP\r\n",
                b"421 busy\r\n",
                b"554 no\r\n",
            ],
        };
        self.say(on, answers[usize::from(choice) % answers.len()]);
    }
}

/// What servers say.
const SAYINGS: &[&[u8]] = &[
    b"220 mx.example ESMTP ready\r\n",
    b"220-mx.example ESMTP\r\n",
    b"250-mx.example\r\n250-SIZE 52428800\r\n250-PIPELINING\r\n250 STARTTLS\r\n",
    b"250 mx.example\r\n",
    b"220 2.0.0 Ready to start TLS\r\n",
    b"221 2.0.0 Bye\r\n",
    b"421 4.7.0 mx.example busy\r\n",
    b"454 4.7.0 TLS not available\r\n",
    b"502 5.5.1 Command not implemented\r\n",
    b"554 5.7.1 No\r\n",
    b"250-mx.example\r\n",
    b"250 starttls \n",
    b"250STARTTLS\r\n",
    b"HTTP/1.1 400 Bad Request\r\n",
    b"* OK IMAP4rev1\r\n",
    b"SSH-2.0-OpenSSH_9.9\r\n",
    b"220 mx\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n",
    b"\r\n",
    b"25",
];
