//! The mail server's side of TLS.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::DecodePrivateKey as _;
use rustls::crypto::SupportedKxGroup;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{
    Error, NamedGroup, ServerConfig, ServerConnection, SignatureAlgorithm, SignatureScheme,
    SupportedProtocolVersion,
};

use crate::any_client::AnyClient;

/// The self-signed P-256 certificate of mx.example.
pub(crate) const CERTIFICATE: &[u8] = include_bytes!("../fixtures/mx.example.der");
/// The same with a key of its own, whose curve is given by its parameters: OpenSSL 3.0's `ecparam -param_enc explicit`.
pub(crate) const EXPLICIT_CURVE: &[u8] = include_bytes!("../fixtures/mx.example-explicit-curve.der");
const KEY: &[u8] = include_bytes!("../fixtures/mx.example.key.der");

/// What a server's TLS is to be like.
pub(crate) struct Tls {
    pub(crate) version: &'static SupportedProtocolVersion,
    /// Only this group is taken, where one is named.
    pub(crate) group: Option<NamedGroup>,
    pub(crate) asks_for_client_certificate: bool,
    pub(crate) certificate: &'static [u8],
    /// The handshake is signed with another key than the certificate's.
    pub(crate) forged: bool,
}

impl Tls {
    pub(crate) const V1_3: Self = Self {
        version: &rustls::version::TLS13,
        group: None,
        asks_for_client_certificate: false,
        certificate: CERTIFICATE,
        forged: false,
    };
    pub(crate) const V1_2: Self = Self { version: &rustls::version::TLS12, ..Self::V1_3 };

    pub(crate) fn connection(&self) -> ServerConnection {
        let mut provider = heloscope_crypto::provider();
        if let Some(only) = self.group {
            provider.kx_groups.retain(|group: &&dyn SupportedKxGroup| group.name() == only);
        }
        let builder =
            ServerConfig::builder_with_provider(Arc::new(provider)).with_protocol_versions(&[self.version]);
        let builder = builder.expect("the provider has suites of both versions");
        let builder = if self.asks_for_client_certificate {
            builder.with_client_cert_verifier(Arc::new(AnyClient))
        } else {
            builder.with_no_client_auth()
        };
        let config = builder.with_cert_resolver(Arc::new(OnlyCertificate {
            certificate: self.certificate,
            key: Key { forged: self.forged },
        }));
        ServerConnection::new(Arc::new(config)).expect("the configuration is whole")
    }
}

/// Feeds a client's octets to a server, and gives the deciphered ones.
pub(crate) fn decipher(server: &mut ServerConnection, mut octets: &[u8]) -> Result<Vec<u8>, Error> {
    let mut plaintext = Vec::new();
    while !octets.is_empty() {
        server.read_tls(&mut octets).expect("reading from memory does not fail");
        let state = server.process_new_packets()?;
        let mut read = vec![0; state.plaintext_bytes_to_read()];
        server.reader().read_exact(&mut read).expect("as many as there are");
        plaintext.extend(read);
    }
    Ok(plaintext)
}

/// What a server has to send, these octets included.
pub(crate) fn encipher(server: &mut ServerConnection, octets: &[u8]) -> Vec<u8> {
    server.writer().write_all(octets).expect("writing to memory does not fail");
    let mut out = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut out).expect("writing to memory does not fail");
    }
    out
}

#[derive(Debug)]
struct OnlyCertificate {
    certificate: &'static [u8],
    key: Key,
}

impl ResolvesServerCert for OnlyCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::new(CertifiedKey::new(vec![CertificateDer::from(self.certificate)], Arc::new(self.key))))
    }
}

#[derive(Clone, Copy, Debug)]
struct Key {
    forged: bool,
}

impl rustls::sign::SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn rustls::sign::Signer>> {
        offered.contains(&SignatureScheme::ECDSA_NISTP256_SHA256).then(|| Box::new(*self) as _)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl rustls::sign::Signer for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let key = SigningKey::from_pkcs8_der(KEY).expect("the fixture is a P-256 key");
        let key = if self.forged {
            SigningKey::from_slice(&[7; 32]).expect("a number below the order")
        } else {
            key
        };
        let signature: DerSignature = key.sign(message);
        Ok(signature.as_bytes().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
    }
}
