//! Certificates at fixed times with fixed keys: the same octets every time, for an Ed25519 signature has no
//! chance in it (RFC 8032 §5.1.6).

use heloscope_pki::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, SerialNumber,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use super::{DAY, NOW};

/// A certificate with its key.
pub(crate) struct Entity {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    params: CertificateParams,
    key: KeyPair,
}

/// Valid from 60 days ago until in 60 days, without alternative names.
pub(crate) fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(SerialNumber::from_slice(&[0x03, 0xa1, 0x5c]));
    valid(params, NOW - 60 * DAY, NOW + 60 * DAY)
}

/// As [`named`], for the server mx1.example.com.
pub(crate) fn server() -> CertificateParams {
    let mut params = named("mx1.example.com");
    params.subject_alt_names =
        CertificateParams::new(["mx1.example.com".to_owned()]).unwrap().subject_alt_names;
    params
}

/// As [`named`], for an authority.
pub(crate) fn ca(common_name: &str) -> CertificateParams {
    let mut params = named(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

pub(crate) fn valid(mut params: CertificateParams, from: i64, until: i64) -> CertificateParams {
    params.not_before = time::OffsetDateTime::from_unix_timestamp(from).unwrap();
    params.not_after = time::OffsetDateTime::from_unix_timestamp(until).unwrap();
    params
}

impl Entity {
    pub(crate) fn self_signed(params: CertificateParams, seed: u8) -> Self {
        let key = key(seed);
        let certificate = params.self_signed(&key).unwrap();
        Self { der: certificate.der().to_vec(), pem: certificate.pem(), params, key }
    }

    pub(crate) fn issue(&self, params: CertificateParams, seed: u8) -> Self {
        let key = key(seed);
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Self { der: certificate.der().to_vec(), pem: certificate.pem(), params, key }
    }
}

/// PKCS #8 of an Ed25519 key (RFC 8410 §7) whose 32 octets are all the seed.
fn key(seed: u8) -> KeyPair {
    let prefix =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let pkcs8 = [&prefix[..], &[seed; 32]].concat();
    KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8)).unwrap()
}

/// root, intermediate, leaf for mx1.example.com
pub(crate) fn chain() -> (Entity, Entity, Entity) {
    let root = Entity::self_signed(ca("Example Root"), 1);
    let intermediate = root.issue(ca("Example Intermediate"), 2);
    let leaf = intermediate.issue(server(), 3);
    (root, intermediate, leaf)
}

/// The DER of a PEM fixture of one certificate.
pub(crate) fn fixture(pem: &str) -> Vec<u8> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec();
    assert!(Certificate::read(&der).is_ok());
    der
}
