//! What lies between a session and its connection: clear text, or TLS.
//!
//! The handshake goes through whatever the chain is, and the chain is judged afterwards by others. That is safe
//! only because nothing secret is ever sent inside: no AUTH, no mail. The signature by which the server proves
//! that it holds its certificate's key is verified all the same, or the certificate shown would prove nothing.

mod clear_records;
mod public_key;
mod shares;
mod threshold;
mod tls;
mod witness;

use std::sync::Arc;

use heloscope_crypto::WriteKey;
use heloscope_observation::{AlertDescription, Der, Handshake, Host, Purpose, TlsFailure};
use heloscope_smtp::{Octets, stray_command};
use rustls::crypto::CryptoProvider;

use crate::hello::{RawHandshake, client_hello};
use crate::limits::MAX_WARNINGS;
pub(crate) use shares::provider;
pub(crate) use threshold::Expectation;
use threshold::{ClearText, Crossing, Ending, Threshold};
use tls::TlsClient;

/// TLS on a connection, from the ClientHello on.
#[derive(Debug)]
pub(crate) struct TlsChannel {
    client: Client,
    /// Until the server's first record.
    threshold: Option<Threshold>,
    /// What the server has warned of, each once and no more than are told.
    warned: Vec<AlertDescription>,
    close_notify: bool,
}

/// Who speaks TLS.
#[derive(Debug)]
enum Client {
    /// The TLS library, as far as it goes.
    Library(Box<TlsClient>),
    /// A hello made by hand, for what the library cannot speak.
    Raw(RawHandshake),
}

/// What came of octets from the server.
#[derive(Debug)]
pub(crate) enum TlsEvent {
    /// Clear text came before the ClientHello went out, or stood before the server's first record.
    Injected { octets: Octets, total: usize },
    /// The server asked for another hello, which goes out with so many octets.
    HelloRetried { octets: usize },
    /// The server warned, and may go on.
    Warned(AlertDescription),
    /// The server presented these certificates.
    Chain(Vec<Der>),
    /// The server asked for a client certificate.
    ClientCertificateRequested,
    /// What was chosen in a handshake that fails next, or whose connection has ended.
    Chosen(Handshake),
    /// The handshake is finished, or all is known of one that will not be.
    Handshake(Handshake),
    /// Octets of the server's, deciphered.
    Plaintext(Vec<u8>),
    /// The server will send no more.
    CloseNotify,
    /// TLS is over; nothing more comes.
    Failed(TlsFailure),
}

impl TlsChannel {
    /// `early`: octets that came before the ClientHello goes out.
    pub(crate) fn new(
        purpose: Purpose,
        host: &Host,
        expectation: Expectation,
        early: &[u8],
        provider: Arc<CryptoProvider>,
        began_at_ms: i64,
    ) -> Self {
        let client = match purpose {
            Purpose::Dialogue => Client::Library(Box::new(TlsClient::new(host, provider, began_at_ms))),
            Purpose::RawHello | Purpose::NamelessHello => {
                let named = Some(host).filter(|_| purpose == Purpose::RawHello);
                Client::Raw(raw_handshake(named, &provider))
            }
        };
        let threshold = Some(Threshold::new(expectation, early));
        Self { client, threshold, warned: Vec::new(), close_notify: false }
    }

    /// Takes in octets of the server's.
    pub(crate) fn receive(&mut self, octets: &[u8]) -> Vec<TlsEvent> {
        let Some(threshold) = &mut self.threshold else { return self.past_threshold(octets) };
        match threshold.receive(octets) {
            Crossing::Undecided => Vec::new(),
            Crossing::NotTls(ending) => {
                self.threshold = None;
                did_not_begin(ending)
            }
            Crossing::Tls { octets, injected } => {
                self.threshold = None;
                injected.into_iter().map(injection).chain(self.past_threshold(&octets)).collect()
            }
        }
    }

    /// Whether TLS will not begin, or does not go on, whatever follows.
    pub(crate) fn is_lost(&self) -> bool {
        match &self.client {
            Client::Library(client) if client.is_astray() => true,
            _ => self.threshold.as_ref().is_some_and(Threshold::is_lost),
        }
    }

    /// What to make of the connection's end.
    pub(crate) fn end(&mut self) -> Vec<TlsEvent> {
        let held_back = self.threshold.as_mut().map(Threshold::end).unwrap_or_default();
        let failed = held_back.octets.is_some();
        let mut events = did_not_begin(held_back);
        if !failed {
            match &mut self.client {
                Client::Library(client) => {
                    events.extend(client.witnessed());
                    events.extend(client.chosen());
                    events.extend(client.end_astray());
                }
                Client::Raw(client) => events.extend(client.end()),
            }
        }
        events
    }

    /// Whether the server's first TLS record is still awaited.
    pub(crate) fn awaits_first_record(&self) -> bool {
        self.threshold.is_some()
    }

    /// Enciphers octets for the server. Nothing can be said to a handshake that is never finished.
    pub(crate) fn send(&mut self, octets: &[u8]) {
        if let Client::Library(client) = &mut self.client {
            client.send(octets);
        }
    }

    /// Says that nothing more will be sent, RFC 8446 §6.1.
    pub(crate) fn send_close_notify(&mut self) {
        if let Client::Library(client) = &mut self.client {
            client.send_close_notify();
        }
    }

    /// What is to go out on the connection.
    pub(crate) fn take_outgoing(&mut self) -> Vec<u8> {
        match &mut self.client {
            Client::Library(client) => client.take_outgoing(),
            Client::Raw(client) => client.take_outgoing(),
        }
    }

    /// The key that application data is encrypted with from now on, once.
    pub(crate) fn take_write_key(&mut self) -> Option<WriteKey> {
        match &mut self.client {
            Client::Library(client) => client.take_write_key(),
            Client::Raw(_) => None,
        }
    }

    /// Whether the server said that it would send no more.
    pub(crate) fn saw_close_notify(&self) -> bool {
        self.close_notify
    }

    fn past_threshold(&mut self, octets: &[u8]) -> Vec<TlsEvent> {
        let mut events = match &mut self.client {
            Client::Library(client) => client.receive(octets),
            Client::Raw(client) => client.receive(octets),
        };
        events.retain(|event| match event {
            TlsEvent::Warned(alert) => self.is_news(*alert),
            _ => true,
        });
        self.close_notify |= events.iter().any(|event| matches!(event, TlsEvent::CloseNotify));
        events
    }

    fn is_news(&mut self, alert: AlertDescription) -> bool {
        let is_news = self.warned.len() < MAX_WARNINGS && !self.warned.contains(&alert);
        if is_news {
            self.warned.push(alert);
        }
        is_news
    }
}

fn did_not_begin(Ending { injected, octets }: Ending) -> Vec<TlsEvent> {
    let failed = octets.map(|octets| TlsEvent::Failed(TlsFailure::NotTls(octets)));
    injected.into_iter().map(injection).chain(failed).collect()
}

fn injection((octets, total): ClearText) -> TlsEvent {
    TlsEvent::Injected { octets, total }
}

fn raw_handshake(host: Option<&Host>, provider: &CryptoProvider) -> RawHandshake {
    loop {
        let mut random = [0; 32];
        let drawn = provider.secure_random.fill(&mut random);
        assert!(drawn.is_ok(), "the platform has a random number generator");
        let hello = client_hello(host, random);
        if holds_no_command(&hello, host) {
            return RawHandshake::new(hello);
        }
    }
}

/// Whether a server that speaks no TLS would find no command in this hello, its name aside. Chance makes one that a
/// relay does not let through, once in some millions; the next is as good.
fn holds_no_command(hello: &[u8], named: Option<&Host>) -> bool {
    let name = match named {
        Some(Host::Name(name)) => name.as_bytes(),
        Some(Host::Address(_)) | None => &[],
    };
    let place = hello.windows(name.len().max(1)).position(|octets| octets == name);
    stray_command(hello, &place.map_or(0..0, |start| start..start + name.len())).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_holds_a_command_by_its_random_and_not_by_its_name() {
        let hello = |host: &str, random: &[u8; 4]| {
            let (host, mut filled): (Host, _) = (host.parse().unwrap(), [7; 32]);
            filled[..4].copy_from_slice(random);
            (client_hello(Some(&host), filled), host)
        };
        for (host, random, sound) in [
            ("mx.example", b"\x01\x02\x03\x04", true),
            ("rcpt.example", b"\x01\x02\x03\x04", true),
            ("mx.example", b"Rcpt", false),
            ("rcpt.example", b"rcpt", false),
            ("192.0.2.1", b"RCPT", false),
        ] {
            let (hello, host) = hello(host, random);
            assert_eq!(holds_no_command(&hello, Some(&host)), sound, "{host}");
        }
    }
}
