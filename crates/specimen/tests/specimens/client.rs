//! A client for the tests: it takes any certificate, and keeps what it was shown.

use std::sync::{Arc, Mutex};

use heloscope_specimen::Fleet;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// 2026-11-23T22:00:00Z
pub(crate) const NOW: i64 = 1_795_471_200;

pub(crate) async fn dial(fleet: &Fleet, name: &str, port: u16) -> Client<DuplexStream> {
    let host = format!("{name}.specimen.test");
    let (address, stream) = fleet.connect(&host, port).await.expect("a specimen").expect("a connection");
    assert_eq!(address.port(), port);
    Client { host, stream }
}

pub(crate) struct Client<S> {
    pub(crate) host: String,
    pub(crate) stream: S,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Reads a whole reply, its lines with their endings; what came of it where the server hangs up.
    pub(crate) async fn hear(&mut self) -> String {
        let mut reply = Vec::new();
        loop {
            let start = reply.len();
            while reply.last() != Some(&b'\n') || reply.len() == start {
                match self.stream.read_u8().await {
                    Ok(octet) => reply.push(octet),
                    Err(_) => return String::from_utf8(reply).expect("the specimens speak UTF-8"),
                }
            }
            if reply[start..].get(3) != Some(&b'-') {
                return String::from_utf8(reply).expect("the specimens speak UTF-8");
            }
        }
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Sends a command and hears the reply.
    pub(crate) async fn ask(&mut self, command: &str) -> String {
        self.say(&format!("{command}\r\n")).await;
        self.hear().await
    }

    pub(crate) async fn starttls(mut self) -> Result<(Client<TlsStream<S>>, Shown), std::io::Error> {
        self.hear().await;
        self.ask("EHLO client.test").await;
        assert_eq!(self.ask("STARTTLS").await, "220 2.0.0 Ready to start TLS\r\n");
        self.tls().await
    }

    pub(crate) async fn tls(self) -> Result<(Client<TlsStream<S>>, Shown), std::io::Error> {
        let seen = Arc::new(Seen::default());
        let connector = TlsConnector::from(Arc::new(config(&seen)));
        let name = ServerName::try_from(self.host.clone()).unwrap();
        let stream = connector.connect(name, self.stream).await?;
        let connection = stream.get_ref().1;
        let shown = Shown {
            chain: std::mem::take(&mut *seen.chain.lock().unwrap()),
            version: connection.protocol_version(),
            group: connection.negotiated_key_exchange_group().map(rustls::crypto::SupportedKxGroup::name),
            scheme: *seen.scheme.lock().unwrap(),
            kind: connection.handshake_kind(),
            asked_for_certificate: *seen.asked.lock().unwrap(),
        };
        Ok((Client { host: self.host, stream }, shown))
    }
}

/// What a handshake showed.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) version: Option<rustls::ProtocolVersion>,
    pub(crate) group: Option<rustls::NamedGroup>,
    pub(crate) scheme: Option<SignatureScheme>,
    pub(crate) kind: Option<rustls::HandshakeKind>,
    pub(crate) asked_for_certificate: bool,
}

#[derive(Debug, Default)]
struct Seen {
    chain: Mutex<Vec<CertificateDer<'static>>>,
    scheme: Mutex<Option<SignatureScheme>>,
    asked: Mutex<bool>,
}

fn config(seen: &Arc<Seen>) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Onlooker(seen.clone())))
        .with_client_cert_resolver(Arc::new(NoCertificate(seen.clone())));
    config.resumption = Resumption::disabled();
    config
}

#[derive(Debug)]
struct Onlooker(Arc<Seen>);

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let sent = std::iter::once(leaf).chain(intermediates);
        *self.0.chain.lock().unwrap() = sent.map(|der| der.clone().into_owned()).collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        *self.0.scheme.lock().unwrap() = Some(signed.scheme);
        let algorithms = ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, leaf, signed, &algorithms).or_else(short_keys_pass)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        *self.0.scheme.lock().unwrap() = Some(signed.scheme);
        let algorithms = ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, leaf, signed, &algorithms).or_else(short_keys_pass)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// ring says "bad signature" of RSA 1024 whatever the signature; the crate's own tests look at that one.
fn short_keys_pass(error: rustls::Error) -> Result<HandshakeSignatureValid, rustls::Error> {
    match error {
        rustls::Error::InvalidCertificate(rustls::CertificateError::BadSignature) => {
            Ok(HandshakeSignatureValid::assertion())
        }
        other => Err(other),
    }
}

#[derive(Debug)]
struct NoCertificate(Arc<Seen>);

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        *self.0.asked.lock().unwrap() = true;
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}
