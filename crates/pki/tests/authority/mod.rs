//! Makes chains at fixed times, and holds the algorithms the tests verify with.

// Each test program uses its part of this.
#![allow(dead_code)]

use heloscope_pki::{Fault, PathVerdict, TrustAnchors, Verifier};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use ring::signature::{
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    UnparsedPublicKey, VerificationAlgorithm,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use time::OffsetDateTime;

/// 2026-11-23T22:15:04Z
pub(crate) const NOW: i64 = 1_795_472_104;
/// 2027-01-01T00:00:00Z, within the validity of all fixtures
pub(crate) const NEW_YEAR: i64 = 1_798_761_600;
pub(crate) const DAY: i64 = 86_400;

/// What the tests verify with: ring's algorithms, and RSA keys from 1024 bits on.
pub(crate) static ACCEPTED: &[&dyn SignatureVerificationAlgorithm] = &[
    webpki::ring::ECDSA_P256_SHA256,
    webpki::ring::ECDSA_P384_SHA384,
    webpki::ring::ED25519,
    &RingRsa(alg_id::RSA_PKCS1_SHA256, &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
    webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
];

/// sha1WithRSAEncryption
pub(crate) static WEAK: &[&dyn SignatureVerificationAlgorithm] =
    &[&RingRsa(RSA_PKCS1_SHA1, &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY)];

const RSA_PKCS1_SHA1: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00,
]);

#[derive(Debug)]
struct RingRsa(AlgorithmIdentifier, &'static dyn VerificationAlgorithm);

impl SignatureVerificationAlgorithm for RingRsa {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        UnparsedPublicKey::new(self.1, key).verify(message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0
    }
}

pub(crate) fn verifier(anchors: &TrustAnchors) -> Verifier<'_> {
    Verifier { anchors, accepted: ACCEPTED, weak: WEAK }
}

/// Mozilla's bundle and these private anchors.
pub(crate) fn trusting(private: &[&Entity]) -> TrustAnchors {
    let mut anchors = TrustAnchors::webpki();
    for entity in private {
        anchors.add_pem(&entity.pem).unwrap();
    }
    anchors
}

pub(crate) fn ask(trusted: &[&Entity], sent: &[&Entity]) -> PathVerdict {
    ask_at(trusted, sent, NOW)
}

pub(crate) fn ask_at(trusted: &[&Entity], sent: &[&Entity], at: i64) -> PathVerdict {
    let chain: Vec<&[u8]> = sent.iter().map(|entity| entity.der.as_slice()).collect();
    verifier(&trusting(trusted)).path(&chain, at)
}

pub(crate) fn missing(issuer: &str) -> Fault {
    Fault::MissingIntermediate { issuer: issuer.to_owned() }
}

pub(crate) fn untrusted(root: &str, sent: bool) -> Fault {
    Fault::UntrustedRoot { root: root.to_owned(), sent }
}

pub(crate) fn ask_fixtures(trusted: &str, sent: &[&str]) -> PathVerdict {
    let mut anchors = TrustAnchors::none();
    anchors.add_pem(trusted).unwrap();
    let chain: Vec<Vec<u8>> = sent.iter().map(|pem| fixture(pem)).collect();
    verifier(&anchors).path(&chain, NEW_YEAR)
}

/// A leaf and its root, of which the root is trusted.
pub(crate) fn ask_pair(pem: &str) -> PathVerdict {
    ask_fixtures(&pem[pem.rfind("-----BEGIN").unwrap()..], &[pem])
}

/// A certificate with its key.
pub(crate) struct Entity {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    params: CertificateParams,
    key: KeyPair,
}

/// Valid from 2026-09-24 to 2027-01-22, with a common name, an authority key identifier and nothing else.
pub(crate) fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.use_authority_key_identifier_extension = true;
    valid(&mut params, NOW - 60 * DAY, NOW + 60 * DAY);
    params
}

pub(crate) fn valid(params: &mut CertificateParams, from: i64, until: i64) {
    params.not_before = OffsetDateTime::from_unix_timestamp(from).unwrap();
    params.not_after = OffsetDateTime::from_unix_timestamp(until).unwrap();
}

/// As [`params`], for a CA.
pub(crate) fn ca(common_name: &str) -> CertificateParams {
    let mut params = params(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// As [`params`], for the server `mx1.example.com`.
pub(crate) fn server() -> CertificateParams {
    let mut params = params("mx1.example.com");
    params.subject_alt_names =
        CertificateParams::new(["mx1.example.com".to_owned()]).unwrap().subject_alt_names;
    params
}

pub(crate) fn self_signed(params: CertificateParams) -> Entity {
    self_signed_for(params, KeyPair::generate().unwrap())
}

pub(crate) fn self_signed_for(params: CertificateParams, key: KeyPair) -> Entity {
    let certificate = params.self_signed(&key).unwrap();
    Entity { der: certificate.der().to_vec(), pem: certificate.pem(), params, key }
}

impl Entity {
    pub(crate) fn issue(&self, params: CertificateParams) -> Entity {
        self.issue_for(params, KeyPair::generate().unwrap())
    }

    /// Signs a certificate for the name and key of `other`: a cross-certificate.
    pub(crate) fn cross(&self, other: &Entity) -> Entity {
        self.cross_with(other, other.params.clone())
    }

    /// Signs a certificate for the key of `other`.
    pub(crate) fn cross_with(&self, other: &Entity, params: CertificateParams) -> Entity {
        self.issue_for(params, KeyPair::from_pem(&other.key.serialize_pem()).unwrap())
    }

    pub(crate) fn issue_for(&self, params: CertificateParams, key: KeyPair) -> Entity {
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Entity { der: certificate.der().to_vec(), pem: certificate.pem(), params, key }
    }
}

/// root, intermediate, leaf
pub(crate) fn three() -> (Entity, Entity, Entity) {
    let root = self_signed(ca("Root"));
    let intermediate = root.issue(ca("Intermediate"));
    let leaf = intermediate.issue(server());
    (root, intermediate, leaf)
}

/// The DER of a fixture of one certificate.
pub(crate) fn fixture(pem: &str) -> Vec<u8> {
    chain(pem).remove(0)
}

/// The DER of a fixture of a chain.
pub(crate) fn chain(pem: &str) -> Vec<Vec<u8>> {
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
    certificates.map(|certificate| certificate.unwrap().to_vec()).collect()
}
