//! Whole handshakes in memory: a client with this provider against a server with another one (ring's), or with this
//! one where no other speaks the group.

#![allow(clippy::unwrap_used)] // what prepares a test fails as the test does

use std::io::{Read, Write};
use std::sync::Arc;

use heloscope_crypto::provider;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{
    AlertDescription, CertificateError, CipherSuite, ClientConfig, ClientConnection, ConnectionCommon, Error,
    HandshakeKind, NamedGroup, ProtocolVersion, RootCertStore, ServerConfig, ServerConnection,
    SignatureAlgorithm, SignatureScheme, SupportedCipherSuite,
};

#[test]
fn every_suite_with_every_group_ring_has() {
    let suites: Vec<_> = provider().cipher_suites.iter().map(SupportedCipherSuite::suite).collect();
    assert_eq!(
        suites,
        [
            CipherSuite::TLS13_AES_256_GCM_SHA384,
            CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS13_AES_128_GCM_SHA256,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ]
    );

    let ecdsa = Identity::generated(&PKCS_ECDSA_P256_SHA256);
    let rsa = Identity::rsa();
    for suite in suites {
        for group in [NamedGroup::X25519, NamedGroup::secp256r1, NamedGroup::secp384r1] {
            let identity = if format!("{suite:?}").contains("_RSA_") { &rsa } else { &ecdsa };
            let mut session =
                Session::new(provider(), only(ring::default_provider(), suite, group), identity);
            session.complete().unwrap_or_else(|error| panic!("{suite:?}, {group:?}: {error}"));

            let tls13 = format!("{suite:?}").starts_with("TLS13");
            let version = if tls13 { ProtocolVersion::TLSv1_3 } else { ProtocolVersion::TLSv1_2 };
            assert_eq!(session.client.protocol_version(), Some(version));
            assert_eq!(session.client.negotiated_cipher_suite().map(|suite| suite.suite()), Some(suite));
            assert_eq!(session.group(), Some(group));
            assert_eq!(
                session.client.handshake_kind(),
                Some(if tls13 && group != NamedGroup::X25519 {
                    HandshakeKind::FullWithHelloRetryRequest
                } else {
                    HandshakeKind::Full
                })
            );
            session.echo();
        }
    }
}

#[test]
fn every_kind_of_certificate_rcgen_makes_with_ring() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        for suite in
            [CipherSuite::TLS13_AES_128_GCM_SHA256, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]
        {
            let server = only(ring::default_provider(), suite, NamedGroup::X25519);
            let mut session = Session::new(provider(), server, &Identity::generated(algorithm));
            session.complete().unwrap_or_else(|error| panic!("{algorithm:?}, {suite:?}: {error}"));
            session.echo();
        }
    }
}

/// Ring has neither of these groups: the server has this provider, and ring's signature.
#[test]
fn p521_and_x25519mlkem768_come_by_hello_retry_request() {
    let identity = Identity::generated(&PKCS_ECDSA_P256_SHA256);
    for group in [NamedGroup::secp521r1, NamedGroup::X25519MLKEM768] {
        let server = only(provider(), CipherSuite::TLS13_AES_256_GCM_SHA384, group);
        let mut session = Session::new(provider(), server, &identity);
        session.complete().unwrap();
        assert_eq!(session.group(), Some(group));
        assert_eq!(session.client.handshake_kind(), Some(HandshakeKind::FullWithHelloRetryRequest));
        session.echo();
    }
}

/// The first hello is small, and the one with the ML-KEM share is still one of at most 2 KiB.
#[test]
fn hellos_stay_small() {
    let identity = Identity::generated(&PKCS_ECDSA_P256_SHA256);
    let server = only(provider(), CipherSuite::TLS13_AES_128_GCM_SHA256, NamedGroup::X25519MLKEM768);
    let mut session = Session::new(provider(), server, &identity);
    let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
    assert_eq!(longest.len(), 253);
    session.client =
        ClientConnection::new(session.client_config.clone(), ServerName::try_from(longest).unwrap()).unwrap();

    let first = sent(&mut session.client);
    assert!(first.len() < 640, "{}", first.len());
    read(&mut session.server, &first).unwrap();
    let retry = sent(&mut session.server);
    read(&mut session.client, &retry).unwrap();
    let second = sent(&mut session.client);
    assert!(second.len() > 1216 && second.len() < 2048, "{}", second.len());
}

#[test]
fn an_altered_record_ends_the_session() {
    let identities = [Identity::generated(&PKCS_ECDSA_P256_SHA256), Identity::rsa()];
    for suite in provider().cipher_suites.iter().map(SupportedCipherSuite::suite) {
        let identity = &identities[usize::from(format!("{suite:?}").contains("_RSA_"))];
        let server = only(ring::default_provider(), suite, NamedGroup::X25519);
        let mut session = Session::new(provider(), server, identity);
        session.complete().unwrap();
        session.echo();

        session.server.writer().write_all(b"250 ok").unwrap();
        let mut record = sent(&mut session.server);
        *record.last_mut().unwrap() ^= 1;
        assert_eq!(read(&mut session.client, &record), Err(Error::DecryptError), "{suite:?}");
    }
}

#[test]
fn an_altered_handshake_signature_ends_the_handshake() {
    for (suite, identity) in [
        (CipherSuite::TLS13_AES_128_GCM_SHA256, Identity::generated(&PKCS_ECDSA_P256_SHA256)),
        (CipherSuite::TLS13_AES_128_GCM_SHA256, Identity::generated(&PKCS_ED25519)),
        (CipherSuite::TLS13_AES_128_GCM_SHA256, Identity::rsa()),
        (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, Identity::generated(&PKCS_ECDSA_P384_SHA384)),
        (CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, Identity::rsa()),
    ] {
        let server = only(ring::default_provider(), suite, NamedGroup::X25519);
        let mut session = Session::new(provider(), server, &identity.forging());
        assert_eq!(
            session.complete(),
            Err(Error::InvalidCertificate(CertificateError::BadSignature)),
            "{suite:?}"
        );
    }
}

/// The provider verifies a path, too: with no trust anchor for it, there is none.
#[test]
fn a_certificate_of_an_unknown_issuer_ends_the_handshake() {
    let identity = Identity::generated(&PKCS_ECDSA_P256_SHA256);
    let stranger = Identity::generated(&PKCS_ECDSA_P256_SHA256);
    let mut session = Session::new(provider(), ring::default_provider(), &identity);
    session.trust(&stranger);
    assert_eq!(session.complete(), Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)));
}

#[test]
fn no_group_in_common_is_an_alert() {
    let identity = Identity::generated(&PKCS_ECDSA_P256_SHA256);
    let mut client = provider();
    client.kx_groups = vec![client.kx_groups[3]]; // P-521, which ring has not
    let mut session = Session::new(client, ring::default_provider(), &identity);
    assert_eq!(session.complete(), Err(Error::AlertReceived(AlertDescription::HandshakeFailure)));
}

/// A client, a server, and what they say to each other.
struct Session {
    client_config: Arc<ClientConfig>,
    client: ClientConnection,
    server: ServerConnection,
}

impl Session {
    fn new(client: CryptoProvider, server: CryptoProvider, identity: &Identity) -> Self {
        let client_config = Arc::new(config(client, identity));
        let server_config = ServerConfig::builder_with_provider(server.into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(identity.clone()));
        Self {
            client: ClientConnection::new(client_config.clone(), name()).unwrap(),
            client_config,
            server: ServerConnection::new(server_config.into()).unwrap(),
        }
    }

    fn trust(&mut self, identity: &Identity) {
        let provider = CryptoProvider::clone(self.client_config.crypto_provider());
        self.client = ClientConnection::new(config(provider, identity).into(), name()).unwrap();
    }

    /// Carries octets both ways until neither side has any left; what the client then says counts.
    fn complete(&mut self) -> Result<(), Error> {
        loop {
            let up = sent(&mut self.client);
            // The client is told of a server's failure by its alert.
            let _ = read(&mut self.server, &up);
            let down = sent(&mut self.server);
            read(&mut self.client, &down)?;
            if up.is_empty() && down.is_empty() {
                assert!(!self.client.is_handshaking() && !self.server.is_handshaking());
                return Ok(());
            }
        }
    }

    fn group(&self) -> Option<NamedGroup> {
        self.client.negotiated_key_exchange_group().map(SupportedKxGroup::name)
    }

    /// Sends application data of several records both ways.
    fn echo(&mut self) {
        let text: Vec<u8> = (0..40_000u32).map(|at| at.to_le_bytes()[0]).collect();

        self.client.writer().write_all(&text).unwrap();
        assert_eq!(read(&mut self.server, &sent(&mut self.client)).unwrap(), text);
        self.server.writer().write_all(&text).unwrap();
        assert_eq!(read(&mut self.client, &sent(&mut self.server)).unwrap(), text);
    }
}

fn sent<Data>(from: &mut ConnectionCommon<Data>) -> Vec<u8> {
    let mut octets = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut octets).unwrap();
    }
    octets
}

/// Hands over all octets and gives the application data that was in them.
fn read<Data>(to: &mut ConnectionCommon<Data>, mut octets: &[u8]) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    while !octets.is_empty() {
        // It takes no more than it has room for.
        to.read_tls(&mut octets).unwrap();
        let received = to.process_new_packets()?.plaintext_bytes_to_read();
        let at = text.len();
        text.resize(at + received, 0);
        to.reader().read_exact(&mut text[at..]).unwrap();
    }
    Ok(text)
}

fn name() -> ServerName<'static> {
    ServerName::try_from("mx.example.com").unwrap()
}

fn config(provider: CryptoProvider, trusted: &Identity) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.certificate.clone()).unwrap();
    ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// The provider cut down to one suite and one group.
fn only(mut provider: CryptoProvider, suite: CipherSuite, group: NamedGroup) -> CryptoProvider {
    provider.cipher_suites.retain(|supported| supported.suite() == suite);
    provider.kx_groups.retain(|supported| supported.name() == group);
    provider
}

/// A self-signed certificate, its key in ring's hands.
#[derive(Clone, Debug)]
struct Identity {
    certificate: CertificateDer<'static>,
    key: Arc<dyn SigningKey>,
}

impl Identity {
    fn generated(algorithm: &'static rcgen::SignatureAlgorithm) -> Self {
        Self::of(&KeyPair::generate_for(algorithm).unwrap())
    }

    /// Ring generates no RSA keys: this one is of the fixtures.
    fn rsa() -> Self {
        Self::of(&KeyPair::from_pem(include_str!("fixtures/rsa2048.pem")).unwrap())
    }

    fn of(key: &KeyPair) -> Self {
        let mut parameters = CertificateParams::new(["mx.example.com".into()]).unwrap();
        // Each has a name of its own, lest one be taken for the issuer of another.
        let subject = format!("{:02x?}", &key.public_key_raw()[..8]);
        parameters.distinguished_name.push(rcgen::DnType::CommonName, subject);
        let certificate = parameters.self_signed(key).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        Self {
            certificate: certificate.into(),
            key: ring::default_provider().key_provider.load_private_key(key).unwrap(),
        }
    }

    /// The same, but every signature has its last bit turned over.
    fn forging(&self) -> Self {
        Self { certificate: self.certificate.clone(), key: Arc::new(Forging(self.key.clone())) }
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::new(CertifiedKey::new(vec![self.certificate.clone()], self.key.clone())))
    }
}

#[derive(Debug)]
struct Forging(Arc<dyn SigningKey>);

impl SigningKey for Forging {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        self.0.choose_scheme(offered).map(|signer| Box::new(ForgingSigner(signer)) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

#[derive(Debug)]
struct ForgingSigner(Box<dyn Signer>);

impl Signer for ForgingSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = self.0.sign(message)?;
        if let Some(last) = signature.last_mut() {
            *last ^= 1;
        }
        Ok(signature)
    }

    fn scheme(&self) -> SignatureScheme {
        self.0.scheme()
    }
}
