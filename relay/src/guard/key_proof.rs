use heloscope_crypto::RecordOpener;
use heloscope_wire::ClientWriteKey;

use super::handshake::State;
use super::records::{ALERT, APPLICATION_DATA, Record};
use super::server_flight::{Seen, ServerFlight};
use super::suite::{Suite, Version};
use super::{Line, Lines, Rule};

/// Rule 4: application data passes where the key that the client has shown opens it, in its place in the sequence, to
/// EHLO, HELO after it, QUIT or a close_notify, each once and in this order. HELO is what the tester says where EHLO is
/// refused inside TLS; whether it was nobody can see here, and the line is as harmless as the other.
///
/// The three AEADs do not commit to a key: where the plaintext may be chosen, a ciphertext can be made that opens under two.
/// Here it may not. The shown key and the record's number leave one ciphertext and one tag to each line and length of
/// padding; with AES-GCM in TLS 1.2, where 8 octets of the nonce stand in the record and are the client's choice (RFC 5288
/// §3), one to each nonce. The line being given, neither leaves anything to solve for: that the same record opens under the
/// server's key as well takes a match of its 128-bit tag, for which keys and nonces can only be tried one by one, and what it
/// then opens to is nobody's choice. That those 8 octets stand in clear is no matter: a server that has changed ciphers reads
/// no lines out of a record that it has not opened.
#[derive(Debug)]
pub(super) struct KeyProof {
    suite: Suite,
    lines: Lines,
    opener: Option<RecordOpener>,
    /// TLS 1.2: the server has changed ciphers as well, and its Finished follows.
    server_ready: bool,
    said: Option<Line>,
}

impl KeyProof {
    pub(super) fn new(suite: Suite, lines: Lines) -> Self {
        let server_ready = suite.version == Version::Tls13;
        Self { suite, lines, opener: None, server_ready, said: None }
    }

    /// Takes the key; `None` where there is one already, or where the suite's keys are of another length.
    pub(super) fn learn(&mut self, key: &ClientWriteKey) -> Option<()> {
        let opener = RecordOpener::new(self.suite.number, &key.key, &key.iv)?;
        self.opener.is_none().then(|| self.opener = Some(opener))
    }

    /// Whether the handshake is over on both sides, and the client has said no line yet.
    pub(super) fn has_said_nothing(&self) -> bool {
        self.server_ready && self.said.is_none()
    }

    /// A record of the client's: the state after it, or `None` where it does not pass.
    pub(super) fn record(mut self, record: &Record<'_>) -> Option<State> {
        let clear_type = self.suite.version == Version::Tls12 && record.is(ALERT);
        if !self.server_ready || !(record.is(APPLICATION_DATA) || clear_type) {
            return None;
        }
        const CLOSE_NOTIFY: [u8; 2] = [1, 0];
        match self.opener.as_mut()?.open(record.octets)? {
            (APPLICATION_DATA, text) => {
                let line = self.lines.read(&text)?;
                let next = match line {
                    Line::Ehlo => self.said.is_none(),
                    Line::Helo => self.said == Some(Line::Ehlo),
                    Line::StartTls => false,
                    Line::Quit => self.said != Some(Line::Quit),
                };
                self.said = Some(line);
                next.then_some(State::Encrypted(self))
            }
            (ALERT, text) if text == CLOSE_NOTIFY => Some(State::Over(Rule::KeyProof)),
            _ => None,
        }
    }

    /// After what was seen of the server.
    pub(super) fn after(mut self, seen: &Seen, server: &mut ServerFlight) -> Self {
        if self.suite.version == Version::Tls12 && *seen == Seen::ChangeCipherSpec {
            self.server_ready = true;
            server.expect_encrypted();
        }
        self
    }
}
