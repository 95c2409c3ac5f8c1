//! Observations as a play: what the server did on each port, step by step, at fixed times.

// Each test program uses its part of this.
#![allow(dead_code, unused_imports)]
#![allow(clippy::unwrap_used)]

mod authority;
pub(crate) mod by_hand;
pub(crate) mod certified;
mod judged;
mod told;

use std::sync::LazyLock;
use std::time::Duration;

use heloscope_languages::catalogue;
use heloscope_observation::{
    CipherSuite, Connection, ConnectionId, Der, Established, Event, Handshake, NamedGroup, Observation,
    Observations, Pace, PortSpec, Purpose, Refusal, RefusalCode, Stage, Target, TlsFailure, TlsMode,
    TlsVersion,
};
use heloscope_pki::{TrustAnchors, Verifier};
use heloscope_report::{
    CheckVerdict, Finding, Port, Report, Verdict, explain, judge, progress, senders, summary,
};
use heloscope_smtp::{Command, Fault, FaultKind, LeftOut, LineEnding, Octets, Reply, ReplyLine, ReplyReader};
use heloscope_words::{Catalogue, within};

pub(crate) use authority::{Entity, ca, chain, fixture, named, server, valid};
pub(crate) use judged::{assert_says, error, healthy, port};
pub(crate) use told::tell_lists;

/// 2026-11-23T22:15:04Z
pub(crate) const NOW: i64 = 1_795_472_104;
pub(crate) const DAY: i64 = 86_400;

/// Octets of the hello of today's form, for mx1.example.com.
pub(crate) const FIRST_HELLO: usize = 248;
/// Octets of the hello made by hand.
pub(crate) const HELLO_BY_HAND: usize = 517;

pub(crate) const GREETING: &str = "220 mx1.example.com ESMTP ready";
pub(crate) const EHLO: &str = "250-mx1.example.com\n250-SIZE 52428800\n250 STARTTLS";
pub(crate) const EHLO_TLS: &str = "250-mx1.example.com\n250-SIZE 52428800\n250 PIPELINING";

/// A test of one host.
pub(crate) struct Scene {
    pub(crate) observations: Observations,
    /// When it is judged, in Unix seconds.
    now: i64,
}

impl Scene {
    pub(crate) fn of(host: &str) -> Self {
        Self {
            observations: Observations {
                target: Target { host: host.parse().unwrap(), ports: Vec::new(), address: None },
                began_at_ms: NOW * 1000 + 250,
                relay: Some("wss://relay.example.org".to_owned()),
                connections: Vec::new(),
                seen: Vec::new(),
            },
            now: NOW,
        }
    }

    /// A test of mx1.example.com on one port.
    pub(crate) fn one(port: &str, play: impl FnOnce(Play<'_>) -> Play<'_>) -> Self {
        Self::of("mx1.example.com").port(port, play)
    }

    pub(crate) fn port(mut self, port: &str, play: impl FnOnce(Play<'_>) -> Play<'_>) -> Self {
        let port: PortSpec = port.parse().unwrap();
        self.observations.target.ports.push(port);
        self.connection(port, Purpose::Dialogue, play)
    }

    /// A hello by hand on a port that there has been a dialogue with.
    pub(crate) fn raw_hello(self, port: &str, play: impl FnOnce(Play<'_>) -> Play<'_>) -> Self {
        self.connection(port.parse().unwrap(), Purpose::RawHello, play)
    }

    /// The same without the host's name in it.
    pub(crate) fn nameless_hello(self, port: &str, play: impl FnOnce(Play<'_>) -> Play<'_>) -> Self {
        self.connection(port.parse().unwrap(), Purpose::NamelessHello, play)
    }

    fn connection(
        mut self,
        port: PortSpec,
        purpose: Purpose,
        play: impl FnOnce(Play<'_>) -> Play<'_>,
    ) -> Self {
        let id = ConnectionId(u32::try_from(self.observations.connections.len()).unwrap());
        self.observations.connections.push(Connection { id, port, purpose });
        play(Play { seen: &mut self.observations.seen, id, port, at: 0, encrypted: false });
        self
    }

    /// Judged at another time than [`NOW`].
    pub(crate) fn at(self, now: i64) -> Self {
        Self { now, ..self }
    }

    /// With no trust anchor.
    pub(crate) fn judged(&self) -> Report {
        self.judged_by(None)
    }

    /// With this private trust anchor.
    pub(crate) fn judged_trusting(&self, anchor: &Entity) -> Report {
        self.judged_by(Some(&anchor.pem))
    }

    /// With these private trust anchors, in PEM.
    pub(crate) fn judged_by(&self, private: Option<&str>) -> Report {
        let mut anchors = TrustAnchors::none();
        if let Some(pem) = private {
            anchors.add_pem(pem).unwrap();
        }
        let judged = || judge(&self.observations, &Verifier::new(&anchors), self.now);
        let in_german = within(Some(german()), || {
            let report = judged();
            assert_german(&report, &self.observations);
            report
        });
        let reports = [within(None, judged), in_german];
        told::tell(&self.observations, private, self.now, &reports);
        judged()
    }
}

/// The German that comes with the program.
pub(crate) fn german() -> &'static Catalogue {
    static GERMAN: LazyLock<&Catalogue> = LazyLock::new(|| catalogue("de").unwrap());
    *GERMAN
}

/// Every scene of every test is also told in German, and nothing of it may stay English but what the server said.
fn assert_german(report: &Report, observations: &Observations) {
    let mut told = vec![summary(report)];
    told.extend(senders(report).into_iter().map(|row| format!("{} {}", row.outcome.name(), row.text)));
    for port in progress(observations, Duration::from_secs(60)) {
        told.extend(port.steps.into_iter().filter_map(|step| step.note));
    }
    let findings = |all: &[Finding]| -> Vec<String> {
        let words =
            |one: &Finding| [&one.title, &one.explanation, &one.fix, &one.reference].map(String::clone);
        all.iter().flat_map(words).collect()
    };
    told.extend(findings(&report.findings));
    for port in &report.ports {
        told.extend(findings(&port.findings));
        told.extend(port.error.iter().map(|error| error.message.clone()));
        told.extend(port.notes.iter().cloned());
        told.extend(port.checks.iter().filter_map(|check| check.why.clone()));
        told.extend(port.capabilities.iter().filter_map(|capability| capability.meaning.clone()));
        told.extend(port.certificate.iter().filter_map(|leaf| leaf.chain_error_text.clone()));
        told.extend(explain(&port.transcript).into_iter().flatten());
    }
    assert_eq!(report.language, "de");
    let told = told.join("\n");
    assert_eq!(german().left_english(&told), Vec::<&str>::new(), "in: {told}");
}

/// One connection. Each step takes the time it says.
pub(crate) struct Play<'s> {
    seen: &'s mut Vec<Observation>,
    id: ConnectionId,
    port: PortSpec,
    at: u64,
    encrypted: bool,
}

impl Play<'_> {
    /// Lets time pass.
    pub(crate) fn after_ms(mut self, milliseconds: u64) -> Self {
        self.at += milliseconds;
        self
    }

    pub(crate) fn see(self, stage: Stage, event: Event) -> Self {
        let at = Duration::from_millis(self.at);
        self.seen.push(Observation { connection: self.id, at, stage, event });
        self
    }

    /// In 24 ms.
    pub(crate) fn connects(self) -> Self {
        let address = ([203, 0, 113, 5], self.port.port).into();
        let ehlo_name = "relay.example.org".to_owned();
        let connected = Established { address, ehlo_name, resolve_ms: Some(3), connect_ms: 21 };
        self.see(Stage::Resolve, Event::Dialled).after_ms(24).see(Stage::Connect, Event::Connected(connected))
    }

    pub(crate) fn meets(self, stage: Stage, code: RefusalCode) -> Self {
        self.see(Stage::Resolve, Event::Dialled).loses(stage, code)
    }

    /// The connection is lost, by the network's or the relay's word.
    pub(crate) fn loses(self, stage: Stage, code: RefusalCode) -> Self {
        let refusal = Refusal { code, message: String::new() };
        self.see(stage, Event::Refused(refusal)).see(stage, Event::Ended)
    }

    /// The relay makes no connection, and says why.
    pub(crate) fn hears(self, code: RefusalCode, message: &str) -> Self {
        let refusal = Refusal { code, message: message.to_owned() };
        let play = self.see(Stage::Resolve, Event::Dialled);
        play.see(Stage::Connect, Event::Refused(refusal)).see(Stage::Connect, Event::Ended)
    }

    /// After 44 ms.
    pub(crate) fn greets(self, reply: &str) -> Self {
        self.after_ms(44).replies(Stage::Greeting, reply)
    }

    /// After 5 ms.
    pub(crate) fn replies(self, stage: Stage, text: &str) -> Self {
        let encrypted = self.encrypted;
        self.after_ms(5).see(stage, Event::Replied { reply: reply(text), encrypted, came: None })
    }

    /// The greeting, after 5 ms, its octets having come like this.
    pub(crate) fn replies_at(self, text: &str, came: Option<Pace>) -> Self {
        let encrypted = self.encrypted;
        self.after_ms(5).see(Stage::Greeting, Event::Replied { reply: reply(text), encrypted, came })
    }

    /// A reply that nobody asked for, together with what came before it.
    pub(crate) fn volunteers(self, stage: Stage, text: &str) -> Self {
        let encrypted = self.encrypted;
        self.see(stage, Event::Unasked { reply: reply(text), encrypted, came: None, more: 0 })
    }

    /// After 5 ms, in these octets, endings included.
    pub(crate) fn replies_octets(self, stage: Stage, octets: &[u8]) -> Self {
        let mut reader = ReplyReader::default();
        reader.push(octets);
        let reply = reader.next_reply().unwrap().unwrap();
        let encrypted = self.encrypted;
        self.after_ms(5).see(stage, Event::Replied { reply, encrypted, came: None })
    }

    pub(crate) fn sends(self, stage: Stage, command: Command) -> Self {
        let encrypted = self.encrypted;
        self.see(stage, Event::Sent { command, encrypted })
    }

    pub(crate) fn says_ehlo(self) -> Self {
        let stage = self.ehlo_stage();
        self.sends(stage, Command::Ehlo("relay.example.org".to_owned()))
    }

    pub(crate) fn ehlo(self, reply: &str) -> Self {
        let stage = self.ehlo_stage();
        self.says_ehlo().replies(stage, reply)
    }

    pub(crate) fn helo(self, reply: &str) -> Self {
        let stage = self.ehlo_stage();
        self.sends(stage, Command::Helo("relay.example.org".to_owned())).replies(stage, reply)
    }

    pub(crate) fn starttls(self, reply: &str) -> Self {
        self.sends(Stage::StartTls, Command::StartTls).replies(Stage::StartTls, reply)
    }

    pub(crate) fn begins_handshake(self) -> Self {
        self.see(Stage::Tls, Event::HandshakeBegun)
    }

    /// TLS 1.3 with X25519, in 31 ms.
    pub(crate) fn tls(self, chain: &[&[u8]]) -> Self {
        self.begins_handshake().after_ms(31).chooses(
            TlsVersion::TLS_1_3,
            0x1302, // TLS_AES_256_GCM_SHA384
            Some(NamedGroup(29)),
            true,
            chain,
        )
    }

    pub(crate) fn chooses(
        mut self,
        version: TlsVersion,
        suite: u16,
        group: Option<NamedGroup>,
        completed: bool,
        chain: &[&[u8]],
    ) -> Self {
        let chain = chain.iter().map(|der| Der(der.to_vec())).collect();
        let handshake = Handshake {
            version,
            suite: CipherSuite(suite),
            group,
            finite_field_bits: None,
            hello_retry: false,
            hello_octets: Some(FIRST_HELLO),
            completed,
            unoffered: None,
        };
        self.encrypted |= completed;
        self.see(Stage::Tls, Event::Chain(chain)).see(Stage::Tls, Event::Handshake(handshake))
    }

    /// Answers the hello with these certificates, perhaps asks for one, and has not finished the handshake.
    pub(crate) fn presents(self, chain: &[&[u8]], asks: bool) -> Self {
        let chain = chain.iter().map(|der| Der(der.to_vec())).collect();
        let play = self.see(Stage::Tls, Event::Chain(chain));
        if asks { play.see(Stage::Tls, Event::ClientCertificateRequested) } else { play }
    }

    /// Answers a hello by hand, up to its ServerHelloDone.
    pub(crate) fn answers(
        self,
        version: TlsVersion,
        suite: u16,
        group: Option<u16>,
        finite_field_bits: Option<u16>,
        chain: &[&[u8]],
    ) -> Self {
        let chain = chain.iter().map(|der| Der(der.to_vec())).collect();
        let handshake = Handshake {
            version,
            suite: CipherSuite(suite),
            group: group.map(NamedGroup),
            finite_field_bits,
            hello_retry: false,
            hello_octets: Some(HELLO_BY_HAND),
            completed: false,
            unoffered: None,
        };
        let play = self.begins_handshake().after_ms(7).see(Stage::Tls, Event::Chain(chain));
        play.see(Stage::Tls, Event::Handshake(handshake)).ends(Stage::Tls)
    }

    /// Answers a hello by hand with an anonymous suite: there is no Certificate message.
    pub(crate) fn answers_without_chain(self, version: TlsVersion, suite: u16) -> Self {
        let handshake = Handshake {
            version,
            suite: CipherSuite(suite),
            group: None,
            finite_field_bits: Some(3072),
            hello_retry: false,
            hello_octets: Some(HELLO_BY_HAND),
            completed: false,
            unoffered: None,
        };
        self.see(Stage::Tls, Event::Handshake(handshake)).ends(Stage::Tls)
    }

    /// Up to the handshake: STARTTLS is taken, or TLS begins at once.
    pub(crate) fn until_hello(self) -> Self {
        match self.port.mode {
            TlsMode::StartTls => {
                self.connects().greets(GREETING).ehlo(EHLO).starttls("220 go ahead").begins_handshake()
            }
            TlsMode::Implicit => self.connects().begins_handshake(),
        }
    }

    pub(crate) fn tls_fails(self, failure: TlsFailure) -> Self {
        self.see(Stage::Tls, Event::TlsFailed(failure)).ends(Stage::Tls)
    }

    pub(crate) fn babbles(self, stage: Stage, kind: FaultKind, octets: &[u8]) -> Self {
        let encrypted = self.encrypted;
        let (lines, left_out) = (Vec::new(), LeftOut::default());
        let fault = Fault { kind, lines, left_out, octets: Octets::from(octets), more: 0 };
        self.see(stage, Event::NoReply { fault, encrypted, came: None })
    }

    pub(crate) fn closes(self, stage: Stage) -> Self {
        let close_notify = self.encrypted.then_some(false);
        self.see(stage, Event::Closed { close_notify }).ends(stage)
    }

    /// After so long.
    pub(crate) fn times_out(self, stage: Stage, seconds: u64) -> Self {
        let after = Duration::from_secs(seconds);
        self.after_ms(seconds * 1000)
            .see(stage, Event::TimedOut { after, whole: false, came: None })
            .ends(stage)
    }

    pub(crate) fn ends(self, stage: Stage) -> Self {
        self.see(stage, Event::Ended)
    }

    pub(crate) fn quits(self) -> Self {
        self.sends(Stage::Quit, Command::Quit).replies(Stage::Quit, "221 bye").ends(Stage::Quit)
    }

    /// Everything as it should be.
    pub(crate) fn goes_well(self, chain: &[&[u8]]) -> Self {
        match self.port.mode {
            TlsMode::StartTls => {
                let play = self.connects().greets(GREETING).ehlo(EHLO).starttls("220 go ahead").tls(chain);
                let ehlo = if play.port.port == 587 { EHLO_AUTH } else { EHLO_TLS };
                play.ehlo(ehlo).quits()
            }
            TlsMode::Implicit => self.connects().tls(chain).greets(GREETING).ehlo(EHLO_AUTH).quits(),
        }
    }

    fn ehlo_stage(&self) -> Stage {
        if self.encrypted { Stage::EhloAfterTls } else { Stage::Ehlo }
    }
}

pub(crate) const EHLO_AUTH: &str = "250-mx1.example.com\n250 AUTH PLAIN LOGIN";

fn reply(text: &str) -> Reply {
    let line = |text: &str| ReplyLine { octets: text.into(), ending: LineEnding::CrLf, cut: 0 };
    Reply::from(text.split('\n').map(line).collect::<Vec<_>>())
}

/// Questions that tests ask of a port of a report.
pub(crate) trait Asked {
    fn ids(&self) -> Vec<&str>;
    fn found(&self, id: &str) -> &Finding;
    fn verdict(&self, id: &str) -> Verdict;
    fn why(&self, id: &str) -> &str;
}

impl Asked for Port {
    fn ids(&self) -> Vec<&str> {
        self.findings.iter().map(|finding| finding.id.as_str()).collect()
    }

    fn found(&self, id: &str) -> &Finding {
        let found = self.findings.iter().find(|finding| finding.id == id);
        found.unwrap_or_else(|| panic!("{id} is not among {:?}", self.ids()))
    }

    fn verdict(&self, id: &str) -> Verdict {
        check(self, id).verdict
    }

    fn why(&self, id: &str) -> &str {
        check(self, id).why.as_deref().unwrap_or_default()
    }
}

fn check<'p>(port: &'p Port, id: &str) -> &'p CheckVerdict {
    port.checks.iter().find(|check| check.id == id).unwrap_or_else(|| panic!("no check {id}"))
}
