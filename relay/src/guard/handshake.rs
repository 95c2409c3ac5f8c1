use heloscope_observation::{Host, TlsMode};
use heloscope_wire::ClientWriteKey;

use super::client_hello::{Hello, RetryRequest, client_hello};
use super::key_proof::KeyProof;
use super::records::{Record, Records};
use super::server_flight::{Seen, ServerFlight};
use super::suite::Version;
use super::tls12::Tls12;
use super::tls13::Tls13;
use super::{Lines, Rule};

/// Rules 2 and 3: from the ClientHello to the client's Finished. Rule 4, after it, is in [`KeyProof`].
#[derive(Debug)]
pub(super) struct Tls {
    host: Host,
    mode: TlsMode,
    lines: Lines,
    /// The server spoke before the ClientHello went up. After a 220 to STARTTLS that is text that somebody slipped in,
    /// which the tester reports and TLS may still follow; where TLS comes first it means that there is none.
    server_first: bool,
    /// The one ChangeCipherSpec that TLS 1.3 has, before the second hello or the Finished, is gone.
    ccs: bool,
    from_client: Records,
    from_server: ServerFlight,
    state: State,
}

/// Where the handshake is. Each state says what the client may send in it; all else is refused.
#[derive(Debug)]
pub(super) enum State {
    /// One ClientHello.
    Hello,
    /// Nothing, until the server's ServerHello.
    ServerHello { retried: bool, hello: Hello },
    /// A ChangeCipherSpec (RFC 8446 appendix D.4), one more ClientHello, or an alert.
    Retry { first: Hello, request: RetryRequest },
    /// The client's flight of TLS 1.2, or an alert.
    Tls12(Tls12),
    /// The client's flight of TLS 1.3, or an alert.
    Tls13(Tls13),
    /// Application data that [`KeyProof`] can read, and an alert.
    Encrypted(KeyProof),
    /// One alert in clear: what the server said in TLS is nothing that the core speaks.
    Farewell,
    /// Nothing, by this rule.
    Over(Rule),
}

/// A record of the client's that may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passes {
    Up,
    /// It was sound, but the server is known not to want it.
    Nowhere,
}

impl Tls {
    pub(super) fn new(host: Host, mode: TlsMode, lines: Lines) -> Self {
        Self {
            host,
            mode,
            lines,
            server_first: false,
            ccs: false,
            from_client: Records::default(),
            from_server: ServerFlight::default(),
            state: State::Hello,
        }
    }

    /// Octets of the server's.
    pub(super) fn hear(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() && !matches!(self.state, State::Over(_)) {
            if matches!(self.state, State::Hello) {
                // It is no answer to a hello, whatever it looks like.
                self.server_first = true;
                return;
            }
            if let Some(seen) = self.from_server.next(&mut octets) {
                let state = std::mem::replace(&mut self.state, State::Farewell);
                self.state = self.after(state, seen);
            }
        }
    }

    /// See [`Guard::awaits_greeting_inside_tls`](super::Guard::awaits_greeting_inside_tls).
    pub(super) fn awaits_greeting(&self) -> bool {
        let State::Encrypted(proof) = &self.state else { return false };
        self.mode == TlsMode::Implicit && proof.has_said_nothing()
    }

    /// Whether, where TLS comes first, the client is on its way to the greeting, or waits for it.
    pub(super) fn precedes_lines(&self) -> bool {
        let handshaking = matches!(self.state, State::ServerHello { .. } | State::Tls12(_) | State::Tls13(_));
        self.awaits_greeting() || (self.mode == TlsMode::Implicit && handshaking)
    }

    /// A frame of the client's, cut anywhere: what goes up now, of this frame and of those before.
    pub(super) fn say(&mut self, frame: &[u8]) -> Result<Vec<u8>, Rule> {
        self.from_client.push(frame);
        let mut up = Vec::new();
        while !self.from_client.is_empty() {
            let rule = self.state.rule();
            if matches!(self.state, State::ServerHello { .. } | State::Over(_)) {
                return Err(rule);
            }
            let Some(octets) = self.from_client.next_record().map_err(|_| rule)? else { break };
            if self.record(&Record::of(&octets)).ok_or(rule)? == Passes::Up {
                up.extend(octets);
            }
        }
        Ok(up)
    }

    /// The key to the client's application data: one, after the ServerHello and before the first such record.
    pub(super) fn learn(&mut self, key: &ClientWriteKey) -> Result<(), Rule> {
        let proof = match &mut self.state {
            State::Tls12(Tls12 { proof, .. }) | State::Tls13(Tls13 { proof, .. }) => proof,
            State::Encrypted(proof) => proof,
            _ => return Err(Rule::KeyProof),
        };
        proof.learn(key).ok_or(Rule::KeyProof)
    }

    fn record(&mut self, record: &Record<'_>) -> Option<Passes> {
        let rule = self.state.rule();
        self.state = match std::mem::replace(&mut self.state, State::Over(rule)) {
            State::Hello => {
                let hello = client_hello(record, &self.host, None)?;
                if self.server_first && self.mode == TlsMode::Implicit {
                    return Some(Passes::Nowhere);
                }
                State::ServerHello { retried: false, hello }
            }
            State::Retry { first, request } if record.is_change_cipher_spec() && !self.ccs => {
                self.ccs = true;
                State::Retry { first, request }
            }
            State::Retry { .. } | State::Farewell if record.is_clear_alert() => State::Over(rule),
            State::Retry { first, request } => {
                let hello = client_hello(record, &self.host, Some((&first, &request)))?;
                State::ServerHello { retried: true, hello }
            }
            State::Tls12(tls12) => tls12.record(record)?,
            State::Tls13(tls13) if record.is_change_cipher_spec() && !self.ccs => {
                self.ccs = true;
                State::Tls13(tls13)
            }
            State::Tls13(tls13) => tls13.record(record)?,
            State::Encrypted(proof) => proof.record(record)?,
            State::ServerHello { .. } | State::Farewell | State::Over(_) => return None,
        };
        Some(Passes::Up)
    }

    /// The state after what was seen of the server.
    fn after(&mut self, state: State, seen: Seen) -> State {
        let rule = state.rule();
        match (state, seen) {
            (_, Seen::NoTls) => State::Over(rule),
            (State::Encrypted(proof), seen) => State::Encrypted(proof.after(&seen, &mut self.from_server)),
            // TLS 1.3 has no warnings but one, RFC 8446 §6.
            (_, Seen::Alert) | (State::Tls13(_), Seen::Warning) => State::Over(rule),
            // RFC 6066 §3 has one before the ServerHello. It passes nothing that would not pass without it.
            (state, Seen::Warning) => state,
            (State::ServerHello { retried, hello }, seen) => self.after_hello(retried, hello, seen),
            // The server's own ChangeCipherSpec of TLS 1.3 means nothing, wherever it comes.
            (State::Retry { first, request }, Seen::ChangeCipherSpec) => State::Retry { first, request },
            (State::Tls13(tls13), seen) => tls13.after(&seen),
            (State::Tls12(tls12), seen) => tls12.after(&seen),
            (State::Over(rule), _) => State::Over(rule),
            (State::Hello | State::Retry { .. } | State::Farewell, _) => State::Farewell,
        }
    }

    /// The server's first octets have to be a handshake record (RFC 8446 §5.1), and its first message a ServerHello.
    fn after_hello(&mut self, retried: bool, hello: Hello, seen: Seen) -> State {
        match seen {
            Seen::Retry(request) if !retried => State::Retry { first: hello, request },
            Seen::Hello(Some(suite)) => {
                let proof = KeyProof::new(suite, self.lines.clone());
                match suite.version {
                    Version::Tls13 => State::Tls13(Tls13::new(suite, proof)),
                    Version::Tls12 if !retried => State::Tls12(Tls12::new(suite, proof)),
                    // RFC 8446 §4.1.4: who asks for another hello has chosen TLS 1.3.
                    Version::Tls12 => State::Farewell,
                }
            }
            Seen::ChangeCipherSpec if retried => State::ServerHello { retried, hello },
            Seen::ChangeCipherSpec | Seen::ApplicationData => State::Over(Rule::ClientHello),
            _ => State::Farewell,
        }
    }
}

impl State {
    /// The rule that refuses what does not pass here.
    fn rule(&self) -> Rule {
        match self {
            Self::Hello | Self::ServerHello { .. } | Self::Retry { .. } => Rule::ClientHello,
            Self::Tls12(_) | Self::Tls13(_) | Self::Farewell => Rule::Handshake,
            Self::Encrypted(_) => Rule::KeyProof,
            Self::Over(rule) => *rule,
        }
    }
}
