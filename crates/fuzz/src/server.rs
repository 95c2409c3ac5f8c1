//! A mail server's end of TLS, with keys drawn by chance: what is asserted must hold for any.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, OnceLock};

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{NamedGroup, ServerConfig, ServerConnection};

use crate::any_client::AnyClient;

/// The self-signed certificate of mx.example.
pub const CERTIFICATE: &[u8] = include_bytes!("../../dialogue/fixtures/mx.example.der");
const KEY: &[u8] = include_bytes!("../../dialogue/fixtures/mx.example.key.der");
const ANOTHER_KEY: &[u8] = include_bytes!("../fixtures/another.key.der");

/// What the server's TLS is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// TLS 1.2 and not 1.3.
    pub old: bool,
    /// Only P-384 is taken, for which a client of TLS 1.3 must say hello again.
    pub retry: bool,
    /// A client certificate is asked for.
    pub asks: bool,
    /// The handshake is signed with another key than the certificate's.
    pub forged: bool,
}

impl Kind {
    /// One of the sixteen.
    pub fn of(octet: u8) -> Self {
        let bit = |number: u8| octet >> number & 1 == 1;
        Self { old: bit(0), retry: bit(1), asks: bit(2), forged: bit(3) }
    }

    fn config(self) -> Arc<ServerConfig> {
        static CONFIGS: [OnceLock<Arc<ServerConfig>>; 16] = [const { OnceLock::new() }; 16];
        let bits = [self.old, self.retry, self.asks, self.forged];
        let index = bits.into_iter().rev().fold(0, |index, bit| index << 1 | usize::from(bit));
        CONFIGS[index].get_or_init(|| Arc::new(self.make())).clone()
    }

    fn make(self) -> ServerConfig {
        let mut provider = ring::default_provider();
        if self.retry {
            provider.kx_groups.retain(|group| group.name() == NamedGroup::secp384r1);
        }
        let version = if self.old { &rustls::version::TLS12 } else { &rustls::version::TLS13 };
        let builder = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[version])
            .expect("the provider has suites of both versions");
        let builder = if self.asks {
            builder.with_client_cert_verifier(Arc::new(AnyClient))
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(if self.forged { ANOTHER_KEY } else { KEY }));
        let key = ring::sign::any_ecdsa_type(&key).expect("the fixtures are P-256 keys");
        let certified = CertifiedKey::new(vec![CertificateDer::from(CERTIFICATE)], key);
        builder.with_cert_resolver(Arc::new(OnlyCertificate(Arc::new(certified))))
    }
}

/// One connection's TLS, seen from the server.
#[derive(Debug)]
pub struct Server(ServerConnection);

impl Server {
    /// Before the ClientHello.
    pub fn new(kind: Kind) -> Self {
        Self(ServerConnection::new(kind.config()).expect("the configuration is whole"))
    }

    /// Takes in the client's octets and gives what it said inside TLS; `None` where that is no TLS.
    pub fn decipher(&mut self, mut octets: &[u8]) -> Option<Vec<u8>> {
        let mut said = Vec::new();
        while !octets.is_empty() {
            self.0.read_tls(&mut octets).ok()?;
            let state = self.0.process_new_packets().ok()?;
            let mut read = vec![0; state.plaintext_bytes_to_read()];
            self.0.reader().read_exact(&mut read).expect("as many as there are");
            said.extend(read);
        }
        Some(said)
    }

    /// What is to be sent, these octets included.
    pub fn encipher(&mut self, octets: &[u8]) -> Vec<u8> {
        // After an alert the library takes no more.
        let _ = self.0.writer().write_all(octets);
        let mut out = Vec::new();
        while self.0.wants_write() {
            self.0.write_tls(&mut out).expect("writing to memory does not fail");
        }
        out
    }

    /// Says that nothing more will be sent.
    pub fn close_notify(&mut self) {
        self.0.send_close_notify();
    }

    /// Whether the handshake is over.
    pub fn is_up(&self) -> bool {
        !self.0.is_handshaking()
    }
}

#[derive(Debug)]
struct OnlyCertificate(Arc<CertifiedKey>);

impl ResolvesServerCert for OnlyCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}
