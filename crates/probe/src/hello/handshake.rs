use heloscope_observation::{AlertDescription, Handshake, NamedGroup, TlsFailure};

use super::client_hello::unoffered;
use super::flight::{self, KeyExchange, ServerHello};
use super::records::{Piece, Records};
use crate::channel::TlsEvent;

/// A handshake that is begun by hand and never finished.
#[derive(Debug)]
pub(crate) struct RawHandshake {
    outgoing: Vec<u8>,
    /// Of the hello, with the header of its record.
    hello_octets: usize,
    records: Records,
    hello: Option<ServerHello>,
    key_exchange: Option<KeyExchange>,
    /// Certificates were shown; a server shows its chain once.
    chain: bool,
    /// A client certificate was asked for.
    requested: bool,
    over: bool,
    /// What the flight broke off at.
    failure: Option<TlsFailure>,
}

impl RawHandshake {
    /// Begins with this hello.
    pub(crate) fn new(hello: Vec<u8>) -> Self {
        Self {
            hello_octets: hello.len(),
            outgoing: hello,
            records: Records::default(),
            hello: None,
            key_exchange: None,
            chain: false,
            requested: false,
            over: false,
            failure: None,
        }
    }

    pub(crate) fn take_outgoing(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outgoing)
    }

    /// Reads the server's flight; the handshake, as far as it is known, comes once, and last but for what broke it off.
    pub(crate) fn receive(&mut self, octets: &[u8]) -> Vec<TlsEvent> {
        self.records.push(octets);
        let mut events = Vec::new();
        while !self.over {
            match self.records.next_piece() {
                Some(piece) => events.extend(self.piece(&piece)),
                None => break,
            }
        }
        events.extend(self.failure.take().map(TlsEvent::Failed));
        events
    }

    /// What is known when the connection ends in the middle of the flight, which is a fault of its own.
    pub(crate) fn end(&mut self) -> Option<TlsEvent> {
        let broken = self.learn()?;
        // From what was not offered nobody would go on.
        Some(match broken.unoffered {
            None => TlsEvent::Chosen(broken),
            Some(_) => TlsEvent::Handshake(broken),
        })
    }

    fn learn(&mut self) -> Option<Handshake> {
        self.over = true;
        self.hello.take().map(|hello| self.learned(hello))
    }

    /// The flight ends before its end.
    fn break_off(&mut self, failure: TlsFailure) -> Option<TlsEvent> {
        let known = self.end();
        self.failure = (!matches!(known, Some(TlsEvent::Handshake(_)))).then_some(failure);
        self.over = true;
        known
    }

    fn fail(&mut self, what: &str) -> Option<TlsEvent> {
        self.break_off(TlsFailure::Protocol(what.to_owned()))
    }

    fn piece(&mut self, piece: &Piece) -> Option<TlsEvent> {
        const SERVER_HELLO: u8 = 2;
        const CERTIFICATE: u8 = 11;
        const SERVER_KEY_EXCHANGE: u8 = 12;
        const CERTIFICATE_REQUEST: u8 = 13;
        const SERVER_HELLO_DONE: u8 = 14;
        const CLOSE_NOTIFY: u8 = 0;

        match (piece, self.hello) {
            (Piece::Message { kind: SERVER_HELLO, body }, None) => {
                self.hello = flight::server_hello(body);
                if self.hello.is_some() { None } else { self.fail("a ServerHello that is none") }
            }
            (Piece::Message { kind: CERTIFICATE, body }, Some(_)) if !self.chain => {
                self.chain = true;
                Some(TlsEvent::Chain(flight::certificates(body)))
            }
            (Piece::Message { kind: SERVER_KEY_EXCHANGE, body }, Some(hello)) => {
                if unoffered(hello.version, hello.suite).is_none() {
                    self.key_exchange = flight::key_exchange(hello.suite, body);
                }
                None
            }
            (Piece::Message { kind: CERTIFICATE_REQUEST, .. }, Some(_)) if !self.requested => {
                self.requested = true;
                Some(TlsEvent::ClientCertificateRequested)
            }
            (Piece::Message { kind: SERVER_HELLO_DONE, .. }, Some(_)) => {
                self.learn().map(TlsEvent::Handshake)
            }
            (Piece::Alert { fatal: false, description: CLOSE_NOTIFY }, _)
            | (Piece::Message { .. }, Some(_)) => None,
            (Piece::Alert { fatal: false, description }, _) => {
                Some(TlsEvent::Warned(AlertDescription(*description)))
            }
            (Piece::Alert { description, .. }, _) => {
                self.break_off(TlsFailure::Alert(AlertDescription(*description)))
            }
            (Piece::Unexpected(what), _) => self.fail(what),
            (Piece::Message { .. }, None) => self.fail("a handshake message before the ServerHello"),
        }
    }

    fn learned(&self, hello: ServerHello) -> Handshake {
        let (group, finite_field_bits) = match self.key_exchange {
            Some(KeyExchange::Named(group)) => (Some(group), None),
            Some(KeyExchange::FiniteField { bits }) => (None::<NamedGroup>, Some(bits)),
            None => (None, None),
        };
        let ServerHello { version, suite } = hello;
        Handshake {
            version,
            suite,
            group,
            finite_field_bits,
            hello_retry: false,
            hello_octets: Some(self.hello_octets),
            completed: false,
            unoffered: unoffered(version, suite),
        }
    }
}
