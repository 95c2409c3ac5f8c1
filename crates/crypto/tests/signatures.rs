//! Signatures that OpenSSL made, and what must not pass for one. The fixtures are of `fixtures/generate.sh`.

#![allow(clippy::unwrap_used)] // what prepares a test fails as the test does

use std::time::Duration;

use heloscope_crypto::{SIGNATURE_ALGORITHMS, WEAK_SIGNATURE_ALGORITHMS};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    AlgorithmIdentifier, CertificateDer, SignatureVerificationAlgorithm, UnixTime, alg_id,
};
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

const MESSAGE: &[u8] = b"heloscope";

#[test]
fn every_algorithm_takes_what_openssl_signed_and_nothing_altered() {
    let mut verified = 0;
    for Signed { key, algorithm, signature } in signed() {
        if ["rsa1016", "rsa8200"].contains(&key) || algorithm == "RSA_PSS_SHA256_SALT20" {
            continue;
        }
        verify(key, algorithm, MESSAGE, &signature)
            .unwrap_or_else(|error| panic!("{key} {algorithm}: {error}"));
        verified += 1;

        let bad = Err(Error::InvalidSignatureForPublicKey);
        assert_eq!(verify(key, algorithm, b"heloscopf", &signature), bad, "{key} {algorithm}");
        assert_eq!(verify(key, algorithm, MESSAGE, &[]), bad, "{key} {algorithm}");
        assert_eq!(verify(key, algorithm, MESSAGE, &signature[1..]), bad, "{key} {algorithm}");
        assert_eq!(
            verify(key, algorithm, MESSAGE, &[&[0], &signature[..]].concat()),
            bad,
            "{key} {algorithm}"
        );
        assert_eq!(
            verify(key, algorithm, MESSAGE, &[&signature[..], &[0]].concat()),
            bad,
            "{key} {algorithm}"
        );
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut altered = signature.clone();
            altered[at] ^= 1;
            assert_eq!(verify(key, algorithm, MESSAGE, &altered), bad, "{key} {algorithm}, octet {at}");
        }
    }
    assert_eq!(verified, 37);
}

#[test]
fn rsa_keys_outside_1024_to_8192_bits_are_refused() {
    for Signed { key, algorithm, signature } in signed() {
        if ["rsa1016", "rsa8200"].contains(&key) {
            let result = verify(key, algorithm, MESSAGE, &signature);
            assert_eq!(result, Err(Error::InvalidSignatureForPublicKey), "{key} {algorithm}");
        }
    }
}

#[test]
fn a_pss_salt_must_be_as_long_as_the_hash() {
    let Signed { key, signature, .. } =
        signed().find(|signed| signed.algorithm == "RSA_PSS_SHA256_SALT20").expect("it is in the fixture");
    assert_eq!(verify(key, "RSA_PSS_SHA256", MESSAGE, &signature), Err(Error::InvalidSignatureForPublicKey));
}

#[test]
fn a_signature_holds_for_its_own_hash_and_padding_only() {
    let signature = signature_of("rsa2048", "RSA_PKCS1_SHA256");
    for other in ["RSA_PKCS1_SHA1", "RSA_PKCS1_SHA384", "RSA_PKCS1_SHA512", "RSA_PSS_SHA256"] {
        let result = verify("rsa2048", other, MESSAGE, &signature);
        assert_eq!(result, Err(Error::InvalidSignatureForPublicKey), "{other}");
    }
}

/// RFC 4055 section 5: `sha256WithRSAEncryption` and the like without parameters.
#[test]
fn absent_parameters_name_the_same_algorithms() {
    let oid = |last| [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last];
    for (last, name) in
        [(5, "RSA_PKCS1_SHA1"), (11, "RSA_PKCS1_SHA256"), (12, "RSA_PKCS1_SHA384"), (13, "RSA_PKCS1_SHA512")]
    {
        let algorithm = all().find(|algorithm| *algorithm.signature_alg_id() == oid(last)).expect(name);
        let certificate = certificate("rsa2048");
        let certificate = EndEntityCert::try_from(&certificate).unwrap();
        assert_eq!(certificate.verify_signature(algorithm, MESSAGE, &signature_of("rsa2048", name)), Ok(()));
    }
}

#[test]
fn an_ecdsa_signature_is_in_der_and_its_numbers_are_not_zero() {
    let signature = signature_of("p256", "ECDSA_SHA256");
    let bad = Err(Error::InvalidSignatureForPublicKey);

    let long_form_length = [&[0x30, 0x81], &signature[1..]].concat();
    assert_eq!(verify("p256", "ECDSA_SHA256", MESSAGE, &long_form_length), bad);
    assert_eq!(verify("p256", "ECDSA_SHA256", MESSAGE, &[0x30, 6, 2, 1, 0, 2, 1, 0]), bad);
    assert_eq!(verify("p256", "ECDSA_SHA256", MESSAGE, &[0x30, 6, 2, 1, 1, 2, 1, 1]), bad);
}

#[test]
fn an_ecdsa_key_is_a_point_on_its_curve() {
    let algorithm = named("ECDSA_SHA256", alg_id::ECDSA_P256);
    let signature = signature_of("p256", "ECDSA_SHA256");
    let key = point("p256");
    assert!(algorithm.verify_signature(&key, MESSAGE, &signature).is_ok());

    let mut off_the_curve = key.clone();
    off_the_curve[64] ^= 1;
    assert!(algorithm.verify_signature(&off_the_curve, MESSAGE, &signature).is_err());
    // The "compact" form, which the decoder would take: x alone.
    assert!(algorithm.verify_signature(&[&[5], &key[1..33]].concat(), MESSAGE, &signature).is_err());
    assert!(algorithm.verify_signature(&[0], MESSAGE, &signature).is_err());
    assert!(algorithm.verify_signature(&[], MESSAGE, &signature).is_err());
}

/// A key of small order under which one signature would hold for every message.
#[test]
fn ed25519_keys_of_small_order_are_refused() {
    let algorithm = named("ED25519", alg_id::ED25519);
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    assert!(algorithm.verify_signature(&identity, MESSAGE, &signature).is_err());
}

#[test]
fn a_path_over_sha1_holds_with_the_weak_algorithms_only() {
    let certificates: Vec<CertificateDer<'_>> =
        CertificateDer::pem_slice_iter(include_bytes!("fixtures/path-over-sha1.pem"))
            .collect::<Result<_, _>>()
            .unwrap();
    let leaf = EndEntityCert::try_from(&certificates[0]).unwrap();
    let anchors = [anchor_from_trusted_cert(&certificates[1]).unwrap()];
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1_893_456_000)); // 2030-01-01
    let path = |algorithms: &[&dyn SignatureVerificationAlgorithm]| {
        leaf.verify_for_usage(algorithms, &anchors, &[], now, KeyUsage::server_auth(), None, None).map(|_| ())
    };

    assert!(matches!(path(SIGNATURE_ALGORITHMS), Err(Error::UnsupportedSignatureAlgorithmContext(_))));
    assert_eq!(path(&[SIGNATURE_ALGORITHMS, WEAK_SIGNATURE_ALGORITHMS].concat()), Ok(()));
}

struct Signed {
    key: &'static str,
    algorithm: &'static str,
    signature: Vec<u8>,
}

fn signed() -> impl Iterator<Item = Signed> {
    include_str!("fixtures/signatures.txt").lines().map(|line| {
        let [key, algorithm, hex] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let signature = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
        Signed { key, algorithm, signature: signature.collect() }
    })
}

fn signature_of(key: &str, algorithm: &str) -> Vec<u8> {
    signed()
        .find(|signed| signed.key == key && signed.algorithm == algorithm)
        .expect("it is in the fixture")
        .signature
}

/// As a certificate's key verifies: by way of webpki, which compares the key's algorithm identifier.
fn verify(key: &str, algorithm: &str, message: &[u8], signature: &[u8]) -> Result<(), Error> {
    let certificate = certificate(key);
    let certificate = EndEntityCert::try_from(&certificate).unwrap();
    let key_algorithm = match key {
        "ed25519" => alg_id::ED25519,
        "p256" | "p256-compressed" => alg_id::ECDSA_P256,
        "p384" => alg_id::ECDSA_P384,
        "p521" => alg_id::ECDSA_P521,
        _ => alg_id::RSA_ENCRYPTION,
    };
    certificate.verify_signature(named(algorithm, key_algorithm), message, signature)
}

fn named(name: &str, key: AlgorithmIdentifier) -> &'static dyn SignatureVerificationAlgorithm {
    let signature = match name {
        "ECDSA_SHA1" => {
            AlgorithmIdentifier::from_slice(&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01])
        }
        "ECDSA_SHA256" => alg_id::ECDSA_SHA256,
        "ECDSA_SHA384" => alg_id::ECDSA_SHA384,
        "ECDSA_SHA512" => alg_id::ECDSA_SHA512,
        "ED25519" => alg_id::ED25519,
        "RSA_PKCS1_SHA1" => AlgorithmIdentifier::from_slice(&[
            0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00,
        ]),
        "RSA_PKCS1_SHA256" => alg_id::RSA_PKCS1_SHA256,
        "RSA_PKCS1_SHA384" => alg_id::RSA_PKCS1_SHA384,
        "RSA_PKCS1_SHA512" => alg_id::RSA_PKCS1_SHA512,
        "RSA_PSS_SHA256" => alg_id::RSA_PSS_SHA256,
        "RSA_PSS_SHA384" => alg_id::RSA_PSS_SHA384,
        "RSA_PSS_SHA512" => alg_id::RSA_PSS_SHA512,
        _ => panic!("no algorithm is named {name}"),
    };
    all()
        .find(|algorithm| algorithm.signature_alg_id() == signature && algorithm.public_key_alg_id() == key)
        .unwrap_or_else(|| panic!("{name} is not offered for {key:?}"))
}

fn all() -> impl Iterator<Item = &'static dyn SignatureVerificationAlgorithm> {
    SIGNATURE_ALGORITHMS.iter().chain(WEAK_SIGNATURE_ALGORITHMS).copied()
}

fn certificate(name: &str) -> CertificateDer<'static> {
    let pem: &[u8] = match name {
        "ed25519" => include_bytes!("fixtures/ed25519.pem"),
        "p256" => include_bytes!("fixtures/p256.pem"),
        "p256-compressed" => include_bytes!("fixtures/p256-compressed.pem"),
        "p384" => include_bytes!("fixtures/p384.pem"),
        "p521" => include_bytes!("fixtures/p521.pem"),
        "rsa1016" => include_bytes!("fixtures/rsa1016.pem"),
        "rsa1024" => include_bytes!("fixtures/rsa1024.pem"),
        "rsa2048" => include_bytes!("fixtures/rsa2048.pem"),
        "rsa8192" => include_bytes!("fixtures/rsa8192.pem"),
        "rsa8200" => include_bytes!("fixtures/rsa8200.pem"),
        _ => panic!("no fixture is named {name}"),
    };
    CertificateDer::from_pem_slice(pem).unwrap()
}

/// The 65 octets of a P-256 key, which end its SubjectPublicKeyInfo.
fn point(name: &str) -> Vec<u8> {
    let certificate = certificate(name);
    let spki = EndEntityCert::try_from(&certificate).unwrap().subject_public_key_info();
    spki[spki.len() - 65..].to_vec()
}
