use std::io::{Read as _, Write as _};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use heloscope_crypto::{WriteKey, watch_write_key};
use heloscope_observation::{
    AlertDescription, CipherSuite, Handshake, Host, NamedGroup, TlsFailure, TlsVersion,
};
use rustls::client::{ClientConnection, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{DnsName, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, ClientConfig, Error, HandshakeKind};

use crate::limits::MAX_STRAY;

use super::clear_records::ClearRecords;
use super::witness::Witness;
use super::{TlsEvent, holds_no_command};

/// The TLS library's client, from its ClientHello on.
#[derive(Debug)]
pub(super) struct TlsClient {
    connection: ClientConnection,
    witness: Arc<Witness>,
    records: ClearRecords,
    /// What came where a record was due once the handshake was finished, and is none: its first octets.
    stray: Vec<u8>,
    /// Octets of the first hello, with the header of its record.
    hello_octets: usize,
    retried: bool,
    finished_handshake: bool,
    /// What is to go out.
    outgoing: Vec<u8>,
    /// The last key that this client began to encrypt with: in TLS 1.3 its handshake's, and then its application data's.
    write_key: Option<WriteKey>,
}

impl TlsClient {
    pub(super) fn new(host: &Host, provider: Arc<CryptoProvider>, began_at_ms: i64) -> Self {
        let witness = Witness::new(&provider);
        let config = Arc::new(config(provider, &witness, began_at_ms));
        loop {
            let connection = ClientConnection::new(config.clone(), server_name(host)).unwrap_or_else(|_| {
                unreachable!("a configuration with suites and groups makes a hello for any name")
            });
            let mut client = Self {
                connection,
                witness: witness.clone(),
                records: ClearRecords::default(),
                stray: Vec::new(),
                hello_octets: 0,
                retried: false,
                finished_handshake: false,
                outgoing: Vec::new(),
                write_key: None,
            };
            client.outgoing = client.take_outgoing();
            client.hello_octets = client.outgoing.len();
            if holds_no_command(&client.outgoing, Some(host)) {
                return client;
            }
        }
    }

    /// Enciphers octets for the server.
    pub(super) fn send(&mut self, octets: &[u8]) {
        // Commands are far below the library's buffer limit. Where TLS has failed meanwhile, the session is still to
        // hear of it, and there is nobody to say this to.
        let _ = self.connection.writer().write_all(octets);
    }

    /// Says that nothing more will be sent, RFC 8446 §6.1.
    pub(super) fn send_close_notify(&mut self) {
        self.connection.send_close_notify();
    }

    /// What is to go out on the connection.
    pub(super) fn take_outgoing(&mut self) -> Vec<u8> {
        let mut octets = std::mem::take(&mut self.outgoing);
        while self.connection.wants_write() {
            self.connection.write_tls(&mut octets).expect("writing to memory does not fail");
        }
        octets
    }

    /// The key that application data is encrypted with from now on, once.
    pub(super) fn take_write_key(&mut self) -> Option<WriteKey> {
        self.write_key.take_if(|_| self.finished_handshake)
    }

    /// What the server presented, and has not been told yet.
    pub(super) fn witnessed(&self) -> Vec<TlsEvent> {
        let seen = self.witness.take();
        let chain = seen.chain.map(TlsEvent::Chain);
        let requested = seen.client_certificate_requested.then_some(TlsEvent::ClientCertificateRequested);
        chain.into_iter().chain(requested).collect()
    }

    /// Takes in octets of the server's.
    pub(super) fn receive(&mut self, mut octets: &[u8]) -> Vec<TlsEvent> {
        let mut events = Vec::new();
        // Record by record, so that what the server warns of stands where it came, in whatever cut.
        while !octets.is_empty() {
            if self.goes_astray(octets) {
                if self.stray.len() == MAX_STRAY {
                    events.extend(self.end_astray());
                }
                break;
            }
            let (piece, warning) = self.records.take(&mut octets);
            events.extend(warning.filter(|_| !self.finished_handshake).map(TlsEvent::Warned));
            if self.take_in(piece, &mut events).is_break() {
                break;
            }
        }
        events
    }

    /// Whether what comes is no TLS any more, whatever follows.
    pub(super) fn is_astray(&self) -> bool {
        !self.stray.is_empty()
    }

    /// What came in place of TLS.
    pub(super) fn end_astray(&mut self) -> Option<TlsEvent> {
        let stray = std::mem::take(&mut self.stray);
        (!stray.is_empty()).then(|| TlsEvent::Failed(TlsFailure::NotTls(stray.into())))
    }

    /// Keeps these octets from the TLS library where they are no record: it would say no more of them than that.
    fn goes_astray(&mut self, octets: &[u8]) -> bool {
        let begins = self.finished_handshake && self.records.is_between();
        let is_stray = self.is_astray() || begins && !octets.first().is_some_and(is_content_type);
        if is_stray {
            let room = MAX_STRAY - self.stray.len();
            self.stray.extend_from_slice(&octets[..octets.len().min(room)]);
        }
        is_stray
    }

    /// Breaks where nothing more comes.
    fn take_in(&mut self, mut octets: &[u8], events: &mut Vec<TlsEvent>) -> ControlFlow<()> {
        // `read_tls` may take less than it is given: packets must be processed before it takes more.
        while !octets.is_empty() {
            let taken = self.connection.read_tls(&mut octets);
            let (state, write_key) = watch_write_key(|| self.connection.process_new_packets());
            // Once application data is encrypted, a key that follows is the server's wish (RFC 8446 §4.6.3).
            if !self.finished_handshake && write_key.is_some() {
                self.write_key = write_key;
            }
            events.extend(self.retry());
            // What came before a failure counts, though both came together.
            if !self.finished_handshake && !self.connection.is_handshaking() {
                self.finished_handshake = true;
                events.extend(self.witnessed());
                events.extend(self.handshake(true).map(TlsEvent::Handshake));
            }
            let mut plaintext = Vec::new();
            // An error here only says that there is no more for now.
            let _ = self.connection.reader().read_to_end(&mut plaintext);
            if !plaintext.is_empty() {
                events.push(TlsEvent::Plaintext(plaintext));
            }
            match state {
                Ok(state) if state.peer_has_closed() => {
                    events.push(TlsEvent::CloseNotify);
                    return ControlFlow::Break(());
                }
                Ok(_) => {}
                Err(error) => {
                    events.extend(self.witnessed());
                    let failure = failure(&error);
                    let is_known = matches!(failure, TlsFailure::UnverifiedKey | TlsFailure::Alert(_));
                    events.extend(self.chosen().filter(|_| is_known));
                    events.push(TlsEvent::Failed(failure));
                    return ControlFlow::Break(());
                }
            }
            if !matches!(taken, Ok(1..)) {
                let stuck = "the handshake cannot go on".to_owned();
                events.push(TlsEvent::Failed(TlsFailure::Protocol(stuck)));
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// The second hello, where the server has just asked for it.
    fn retry(&mut self) -> Option<TlsEvent> {
        let asked = self.connection.handshake_kind() == Some(HandshakeKind::FullWithHelloRetryRequest);
        if self.retried || !asked {
            return None;
        }
        self.retried = true;
        self.outgoing = self.take_outgoing();
        // A ChangeCipherSpec goes before it, RFC 8446 appendix D.4.
        let octets = handshake_octets(&self.outgoing);
        (octets > 0).then_some(TlsEvent::HelloRetried { octets })
    }

    /// What the server chose in a handshake that will not be finished. With a HelloRetryRequest it chooses a suite as well, and
    /// a group only with its ServerHello.
    pub(super) fn chosen(&self) -> Option<TlsEvent> {
        let chosen = self.handshake(false).filter(|_| !self.finished_handshake)?;
        (!self.retried || chosen.group.is_some()).then_some(TlsEvent::Chosen(chosen))
    }

    fn handshake(&self, completed: bool) -> Option<Handshake> {
        let connection = &self.connection;
        Some(Handshake {
            version: TlsVersion(connection.protocol_version()?.into()),
            suite: CipherSuite(connection.negotiated_cipher_suite()?.suite().into()),
            group: connection.negotiated_key_exchange_group().map(|group| NamedGroup(group.name().into())),
            finite_field_bits: None,
            hello_retry: connection.handshake_kind() == Some(HandshakeKind::FullWithHelloRetryRequest),
            hello_octets: Some(self.hello_octets),
            completed,
            unoffered: None,
        })
    }
}

/// RFC 8446 §5.1, RFC 6520 §3.
fn is_content_type(octet: &u8) -> bool {
    matches!(octet, 20..=24)
}

/// Octets of the handshake records among these.
fn handshake_octets(mut records: &[u8]) -> usize {
    let mut octets = 0;
    while let [kind, _, _, high, low, ..] = *records {
        let end = records.len().min(5 + usize::from(u16::from_be_bytes([high, low])));
        octets += if kind == 22 { end } else { 0 };
        records = &records[end..];
    }
    octets
}

/// No resumption: a resumed TLS 1.2 session shows no certificate.
fn config(provider: Arc<CryptoProvider>, witness: &Arc<Witness>, began_at_ms: i64) -> ClientConfig {
    let versions = ClientConfig::builder_with_details(provider, Arc::new(TimeOfTest(began_at_ms)))
        .with_safe_default_protocol_versions()
        .unwrap_or_else(|_| unreachable!("the provider has suites of TLS 1.2 and 1.3"));
    let mut config = versions
        .dangerous()
        .with_custom_certificate_verifier(witness.clone())
        .with_client_cert_resolver(witness.clone());
    config.resumption = Resumption::disabled();
    config
}

/// The SNI is sent for names only, RFC 6066 §3.
fn server_name(host: &Host) -> ServerName<'static> {
    match host {
        Host::Address(address) => ServerName::IpAddress((*address).into()),
        Host::Name(name) => {
            let name = DnsName::try_from(name.clone())
                .expect("a host name is letters, digits, hyphens and dots, in bounds");
            ServerName::DnsName(name)
        }
    }
}

fn failure(error: &Error) -> TlsFailure {
    match error {
        Error::AlertReceived(alert) => TlsFailure::Alert(AlertDescription((*alert).into())),
        Error::InvalidCertificate(CertificateError::BadSignature) => TlsFailure::BadSignature,
        // So the witness calls it.
        Error::InvalidCertificate(CertificateError::InvalidPurpose) => TlsFailure::UnverifiedKey,
        other => TlsFailure::Protocol(protocol(other)),
    }
}

/// In words of our own: the library's would bring the text of every error it knows into a page's WebAssembly. The report knows
/// them by heart, and quotes any others.
fn protocol(error: &Error) -> String {
    match error {
        Error::PeerIncompatible(why) => format!("client and server have nothing in common ({why:?})"),
        Error::PeerMisbehaved(why) => format!("the server broke the rules of TLS ({why:?})"),
        Error::InvalidMessage(_) => "a message of the server's cannot be read".to_owned(),
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            "a message of the server's comes where it may not".to_owned()
        }
        Error::DecryptError => "a record of the server's does not decrypt".to_owned(),
        Error::PeerSentOversizedRecord => "a record of the server's is too long".to_owned(),
        Error::NoCertificatesPresented => "the server presents no certificate".to_owned(),
        Error::InvalidCertificate(_) => "the key of the server's certificate cannot be used".to_owned(),
        _ => "the handshake cannot go on".to_owned(),
    }
}

/// The TLS library asks for the time; it is the time at which the test began.
#[derive(Debug)]
struct TimeOfTest(i64);

impl TimeProvider for TimeOfTest {
    fn current_time(&self) -> Option<UnixTime> {
        let since_epoch = Duration::from_millis(u64::try_from(self.0).ok()?);
        Some(UnixTime::since_unix_epoch(since_epoch))
    }
}

#[cfg(test)]
mod tests {
    use super::super::provider;
    use super::*;

    /// The report's advice goes by this: certain load balancers take no hello of 256 to 511 octets, RFC 7685 §4.
    #[test]
    fn a_hello_is_longer_than_255_octets_from_a_name_of_28_characters_on() {
        const RECORD_HEADER: usize = 5;
        let octets = |host: &str| {
            let host = host.parse().expect("a host");
            TlsClient::new(&host, Arc::new(provider()), 0).hello_octets - RECORD_HEADER
        };
        let named = |length: usize| octets(&format!("{}.example", "a".repeat(length - ".example".len())));
        assert_eq!((octets("192.0.2.1"), named(15), named(27), named(28)), (219, 243, 255, 256));
        let longest = [60; 4].map(|length| "a".repeat(length)).join(".") + ".example";
        assert!(octets(&longest) < 512);
    }
}
