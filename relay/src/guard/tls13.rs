use super::Rule;
use super::handshake::State;
use super::key_proof::KeyProof;
use super::records::{APPLICATION_DATA, Record};
use super::server_flight::Seen;
use super::suite::{Suite, TLS13_OVERHEAD};

/// Rule 3 in TLS 1.3 (RFC 8446 §4.4), where the relay sees lengths only: once the server has begun to encrypt, a record
/// of the length that Finished has, an empty Certificate before it or in it; nothing else.
#[derive(Debug)]
pub(super) struct Tls13 {
    pub(super) proof: KeyProof,
    suite: Suite,
    server_encrypts: bool,
    /// An empty Certificate has gone up in a record of its own.
    certificate: bool,
}

/// An empty Certificate, RFC 8446 §4.4.2: header, no context, no list.
const EMPTY_CERTIFICATE: usize = 4 + 1 + 3;
const ALERT: usize = 2;

impl Tls13 {
    pub(super) fn new(suite: Suite, proof: KeyProof) -> Self {
        Self { proof, suite, server_encrypts: false, certificate: false }
    }

    /// A record of the client's: the state after it, or `None` where it does not pass.
    pub(super) fn record(mut self, record: &Record<'_>) -> Option<State> {
        const CERTIFICATE: usize = EMPTY_CERTIFICATE + TLS13_OVERHEAD;
        const FAREWELL: usize = ALERT + TLS13_OVERHEAD;
        if record.is_clear_alert() {
            return Some(State::Over(Rule::Handshake));
        }
        let finished = self.suite.finished;
        match record.content.len() {
            _ if !self.server_encrypts || !record.is(APPLICATION_DATA) => None,
            FAREWELL => Some(State::Over(Rule::Handshake)),
            CERTIFICATE if !self.certificate => {
                self.certificate = true;
                Some(State::Tls13(self))
            }
            length if length == finished || length == EMPTY_CERTIFICATE + finished && !self.certificate => {
                Some(State::Encrypted(self.proof))
            }
            _ => None,
        }
    }

    /// The state after what was seen of the server.
    pub(super) fn after(mut self, seen: &Seen) -> State {
        match seen {
            Seen::ApplicationData => self.server_encrypts = true,
            Seen::ChangeCipherSpec => {}
            _ => return State::Farewell,
        }
        State::Tls13(self)
    }
}
