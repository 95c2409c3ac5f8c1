use super::Rule;
use super::handshake::State;
use super::key_proof::KeyProof;
use super::records::{HANDSHAKE, Record};
use super::server_flight::Seen;
use super::suite::Suite;

/// Rule 3 in TLS 1.2 (RFC 5246 §7.3): after the ServerHelloDone an empty Certificate where one was asked for, a
/// ClientKeyExchange as long as the server's group has it, a ChangeCipherSpec, and one encrypted handshake record as long as
/// Finished is. There is no second: no renegotiation.
#[derive(Debug)]
pub(super) struct Tls12 {
    pub(super) proof: KeyProof,
    suite: Suite,
    group: Option<u16>,
    certificate_requested: bool,
    server_done: bool,
    next: Next,
}

/// What the client is to send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// A Certificate where one was asked for, and else a ClientKeyExchange.
    Certificate,
    KeyExchange,
    ChangeCipherSpec,
    Finished,
}

impl Tls12 {
    pub(super) fn new(suite: Suite, proof: KeyProof) -> Self {
        Self {
            proof,
            suite,
            group: None,
            certificate_requested: false,
            server_done: false,
            next: Next::Certificate,
        }
    }

    /// A record of the client's: the state after it, or `None` where it does not pass.
    pub(super) fn record(mut self, record: &Record<'_>) -> Option<State> {
        if self.next != Next::Finished && record.is_clear_alert() {
            return Some(State::Over(Rule::Handshake));
        }
        let expected = match self.next {
            _ if !self.server_done => false,
            Next::Certificate if self.certificate_requested => {
                record.is(HANDSHAKE) && record.content == EMPTY_CERTIFICATE
            }
            Next::Certificate | Next::KeyExchange => {
                record.is(HANDSHAKE) && self.is_key_exchange(record.content)
            }
            Next::ChangeCipherSpec => record.is_change_cipher_spec(),
            Next::Finished => record.is(HANDSHAKE) && record.content.len() == self.suite.finished,
        };
        self.next = match self.next {
            _ if !expected => return None,
            Next::Certificate if self.certificate_requested => Next::KeyExchange,
            Next::Certificate | Next::KeyExchange => Next::ChangeCipherSpec,
            Next::ChangeCipherSpec => Next::Finished,
            Next::Finished => return Some(State::Encrypted(self.proof)),
        };
        Some(State::Tls12(self))
    }

    /// The state after what was seen of the server.
    pub(super) fn after(mut self, seen: &Seen) -> State {
        match seen {
            Seen::KeyExchange(group) => self.group = *group,
            Seen::CertificateRequest => self.certificate_requested = true,
            Seen::HelloDone => self.server_done = true,
            // Certificate, CertificateStatus: the tester's to read.
            Seen::OtherMessage => {}
            // A server that changes ciphers first resumes a session, and there is none.
            _ => return State::Farewell,
        }
        State::Tls12(self)
    }

    /// A ClientKeyExchange with one point of the server's group, RFC 8422 §5.7; those of NIST's curves are not
    /// compressed.
    fn is_key_exchange(&self, content: &[u8]) -> bool {
        const CLIENT_KEY_EXCHANGE: u8 = 16;
        let (nist, point) = match self.group {
            Some(29) => (false, 32),
            Some(23) => (true, 65),
            Some(24) => (true, 97),
            Some(25) => (true, 133),
            _ => return false,
        };
        let begins = [CLIENT_KEY_EXCHANGE, 0, 0, point + 1, point];
        content.len() == begins.len() + usize::from(point)
            && content.starts_with(&begins)
            && (!nist || content[begins.len()] == 4)
    }
}

/// RFC 5246 §7.4.6.
const EMPTY_CERTIFICATE: &[u8] = &[11, 0, 0, 3, 0, 0, 0];
