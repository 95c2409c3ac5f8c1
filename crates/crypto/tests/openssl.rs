//! Handshakes with `openssl s_server` over loopback, for what ring cannot do. OpenSSL 3 must be installed. The
//! certificates are of `fixtures/generate.sh`.

#![allow(clippy::unwrap_used)] // what prepares a test fails as the test does

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heloscope_crypto::provider;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{SupportedKxGroup, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, NamedGroup,
    ProtocolVersion, SignatureScheme, Stream,
};

const TLS12: &[&str] = &["-tls1_2"];
const TLS13: &[&str] = &["-tls1_3"];

#[test]
fn certificates_of_every_kind() {
    for (certificate, options, scheme) in [
        ("p521", TLS13, SignatureScheme::ECDSA_NISTP521_SHA512),
        ("p521", TLS12, SignatureScheme::ECDSA_NISTP256_SHA256), // in TLS 1.2 that says SHA-256 only
        ("p384", TLS13, SignatureScheme::ECDSA_NISTP384_SHA384),
        ("p256", TLS13, SignatureScheme::ECDSA_NISTP256_SHA256),
        ("ed25519", TLS13, SignatureScheme::ED25519),
        ("ed25519", TLS12, SignatureScheme::ED25519),
        ("rsa1024", TLS13, SignatureScheme::RSA_PSS_SHA256),
        ("rsa1024", TLS12, SignatureScheme::RSA_PSS_SHA256),
        ("rsa8192", TLS13, SignatureScheme::RSA_PSS_SHA256),
        ("rsa8192", TLS12, SignatureScheme::RSA_PSS_SHA256),
    ] {
        let server = Server::start(certificate, options);
        let seen = server.talk().unwrap_or_else(|error| panic!("{certificate}, {options:?}: {error}"));
        assert_eq!(seen.scheme, scheme, "{certificate}, {options:?}");
    }
}

#[test]
fn every_signature_scheme_of_rsa_and_ecdsa() {
    for (certificate, version, sigalgs, scheme) in [
        ("rsa2048", "-tls1_3", "rsa_pss_rsae_sha384", SignatureScheme::RSA_PSS_SHA384),
        ("rsa2048", "-tls1_3", "rsa_pss_rsae_sha512", SignatureScheme::RSA_PSS_SHA512),
        ("rsa2048", "-tls1_2", "rsa_pkcs1_sha256", SignatureScheme::RSA_PKCS1_SHA256),
        ("rsa2048", "-tls1_2", "rsa_pkcs1_sha384", SignatureScheme::RSA_PKCS1_SHA384),
        ("rsa2048", "-tls1_2", "rsa_pkcs1_sha512", SignatureScheme::RSA_PKCS1_SHA512),
        ("p256", "-tls1_2", "ecdsa_secp384r1_sha384", SignatureScheme::ECDSA_NISTP384_SHA384),
        ("p256", "-tls1_2", "ecdsa_secp521r1_sha512", SignatureScheme::ECDSA_NISTP521_SHA512),
        ("p521", "-tls1_2", "ecdsa_secp384r1_sha384", SignatureScheme::ECDSA_NISTP384_SHA384),
    ] {
        let server = Server::start(certificate, &[version, "-sigalgs", sigalgs]);
        let seen = server.talk().unwrap_or_else(|error| panic!("{certificate}, {sigalgs}: {error}"));
        assert_eq!(seen.scheme, scheme, "{certificate}, {sigalgs}");
    }
}

#[test]
fn a_server_that_signs_over_sha1_only_is_understood_in_tls_12() {
    for (certificate, sigalgs, scheme) in [
        ("rsa2048", "RSA+SHA1", SignatureScheme::RSA_PKCS1_SHA1),
        ("p256", "ECDSA+SHA1", SignatureScheme::ECDSA_SHA1_Legacy),
        ("p384", "ECDSA+SHA1", SignatureScheme::ECDSA_SHA1_Legacy),
        ("p521", "ECDSA+SHA1", SignatureScheme::ECDSA_SHA1_Legacy),
    ] {
        let server = Server::start(certificate, &["-tls1_2", "-sigalgs", sigalgs]);
        let seen = server.talk().unwrap_or_else(|error| panic!("{certificate}, {sigalgs}: {error}"));
        assert_eq!(seen.scheme, scheme, "{certificate}");
    }
}

/// OpenSSL takes the first of the client's schemes that it has: those with SHA-1 come last.
#[test]
fn a_server_that_could_sign_over_sha1_does_not() {
    for (certificate, sigalgs) in [("rsa2048", "RSA+SHA1:RSA+SHA256"), ("p256", "ECDSA+SHA1:ECDSA+SHA256")] {
        let seen = Server::start(certificate, &["-tls1_2", "-sigalgs", sigalgs]).talk().unwrap();
        assert!(
            matches!(seen.scheme, SignatureScheme::RSA_PKCS1_SHA256 | SignatureScheme::ECDSA_NISTP256_SHA256),
            "{:?}",
            seen.scheme
        );
    }
}

#[test]
fn every_group_openssl_has_in_both_versions() {
    for (groups, group) in [
        ("X25519", NamedGroup::X25519),
        ("P-256", NamedGroup::secp256r1),
        ("P-384", NamedGroup::secp384r1),
        ("P-521", NamedGroup::secp521r1),
    ] {
        for (option, version) in
            [("-tls1_3", ProtocolVersion::TLSv1_3), ("-tls1_2", ProtocolVersion::TLSv1_2)]
        {
            let server = Server::start("p256", &[option, "-groups", groups]);
            let seen = server.talk().unwrap_or_else(|error| panic!("{groups}, {option}: {error}"));
            assert_eq!((seen.group, seen.version), (group, version));
        }
    }
}

#[test]
fn every_cipher_suite_of_tls_12() {
    for (certificate, suite) in [
        ("p521", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("p521", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("p521", "ECDHE-ECDSA-CHACHA20-POLY1305"),
        ("rsa2048", "ECDHE-RSA-AES128-GCM-SHA256"),
        ("rsa2048", "ECDHE-RSA-AES256-GCM-SHA384"),
        ("rsa2048", "ECDHE-RSA-CHACHA20-POLY1305"),
    ] {
        let server = Server::start(certificate, &["-tls1_2", "-cipher", &format!("{suite}:@SECLEVEL=0")]);
        server.talk().unwrap_or_else(|error| panic!("{suite}: {error}"));
    }
}

#[test]
fn rsa_keys_out_of_bounds_end_the_handshake() {
    for certificate in ["rsa1016", "rsa8200"] {
        let result = Server::start(certificate, TLS12).talk();
        assert_eq!(
            result.map(|seen| seen.scheme),
            Err(Error::InvalidCertificate(CertificateError::BadSignature)),
            "{certificate}"
        );
    }
}

/// What a session with a server showed.
struct Seen {
    scheme: SignatureScheme,
    group: NamedGroup,
    version: ProtocolVersion,
}

/// An `openssl s_server` that takes one connection and sends back each line reversed.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(certificate: &str, options: &[&str]) -> Self {
        let pem = format!("{}/tests/fixtures/{certificate}.pem", env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new("openssl");
        command.args([
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-naccept",
            "1",
            "-rev",
            "-cert",
            &pem,
            "-key",
            &pem,
        ]);
        if !options.contains(&"-cipher") {
            // Small keys and SHA-1 are below the level that is the default.
            command.args(["-cipher", "DEFAULT:@SECLEVEL=0"]);
        }
        let mut process = command
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl is installed");
        let stdout = process.stdout.take().expect("it is piped");
        let address = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ACCEPT ").map(|address| address.parse().unwrap()))
            .unwrap_or_else(|| panic!("openssl s_server does not start with {certificate}, {options:?}"));
        Self { process, address }
    }

    fn talk(&self) -> Result<Seen, Error> {
        let verifier = Arc::new(AnyPath { scheme: Mutex::new(None) });
        let config = ClientConfig::builder_with_provider(provider().into())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_no_client_auth();
        let name = ServerName::try_from("mx.example.com").unwrap();
        let mut client = ClientConnection::new(config.into(), name)?;
        let mut tcp = TcpStream::connect(self.address).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();

        while client.is_handshaking() {
            // Where rustls fails, its own error stands inside that of the stream.
            client.complete_io(&mut tcp).map_err(|error| match error.downcast::<Error>() {
                Ok(error) => error,
                Err(error) => Error::General(error.to_string()),
            })?;
        }
        let mut answer = [0; 10];
        let mut stream = Stream::new(&mut client, &mut tcp);
        stream.write_all(b"heloscope\n").unwrap();
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"epocsoleh\n");

        Ok(Seen {
            scheme: verifier.scheme.lock().unwrap().expect("the handshake is complete"),
            group: client.negotiated_key_exchange_group().map(SupportedKxGroup::name).unwrap(),
            version: client.protocol_version().unwrap(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Takes any path, but verifies the handshake's signature and keeps its scheme.
#[derive(Debug)]
struct AnyPath {
    scheme: Mutex<Option<SignatureScheme>>,
}

impl ServerCertVerifier for AnyPath {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        *self.scheme.lock().unwrap() = Some(signed.scheme);
        verify_tls12_signature(message, certificate, signed, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        *self.scheme.lock().unwrap() = Some(signed.scheme);
        verify_tls13_signature(message, certificate, signed, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
