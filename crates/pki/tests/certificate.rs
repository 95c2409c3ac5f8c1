//! The facts of certificates, each kind once.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

mod authority;

use authority::{NOW, fixture, params, self_signed, server, trusting, valid, verifier};
use heloscope_pki::{Certificate, Curve, Key, Part, PresentedIdentifier, SelfSigned};
use rcgen::{CustomExtension, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose, SanType, SerialNumber};

const ED25519: &str = include_str!("fixtures/ed25519.pem");
const MANY_NAMES: &str = include_str!("fixtures/many-names.pem");
const MD5: &str = include_str!("fixtures/md5.pem");
const NEGATIVE_SERIAL: &str = include_str!("fixtures/negative-serial.pem");
const ODD_NAMES: &str = include_str!("fixtures/odd-names.pem");
const P192: &str = include_str!("fixtures/p192.pem");
const P521: &str = include_str!("fixtures/p521.pem");
const PSS: &str = include_str!("fixtures/pss.pem");
const RSA_PSS_KEY: &str = include_str!("fixtures/rsa-pss-key.pem");
const ROOT: &str = include_str!("fixtures/root.pem");
const RSA1024: &str = include_str!("fixtures/rsa1024.pem");
const RSA1024_SHA1: &str = include_str!("fixtures/rsa1024-sha1.pem");
const SHA1: &str = include_str!("fixtures/sha1.pem");
const V1: &str = include_str!("fixtures/v1.pem");
const ZERO_SERIAL: &str = include_str!("fixtures/zero-serial.pem");

fn read(pem: &str) -> Certificate {
    Certificate::read(&fixture(pem)).unwrap()
}

#[test]
fn every_fact_of_a_server_certificate() {
    let root = self_signed(authority::ca("R11"));
    let mut asked = server();
    asked.distinguished_name.push(DnType::OrganizationName, "Example, Inc.");
    asked.distinguished_name.push(DnType::CountryName, "US");
    asked.subject_alt_names.push(SanType::IpAddress("203.0.113.5".parse().unwrap()));
    asked.serial_number = Some(SerialNumber::from_slice(&[0x03, 0xa1, 0x00, 0xff]));
    asked.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    asked.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let facts = Certificate::read(&root.issue(asked).der).unwrap();

    assert_eq!(facts.subject, "C=US, O=Example\\, Inc., CN=mx1.example.com");
    assert_eq!(facts.issuer, "CN=R11");
    assert_eq!(facts.common_name.as_deref(), Some("mx1.example.com"));
    let names: Vec<String> = facts.subject_alt_names.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(names, ["mx1.example.com", "203.0.113.5"]);
    assert_eq!((facts.not_before, facts.not_after), (NOW - 60 * 86_400, NOW + 60 * 86_400));
    assert_eq!(facts.serial, "03:a1:00:ff");
    assert_eq!(facts.key.to_string(), "ECDSA P-256");
    assert_eq!(facts.signature_algorithm.to_string(), "ecdsa-with-SHA256");
    assert_eq!((facts.version, facts.is_ca, facts.path_length), (3, false, None));
    assert_eq!(facts.key_usage.unwrap().names(), ["digitalSignature"]);
    let purposes: Vec<String> = facts.key_purposes.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(purposes, ["serverAuth", "clientAuth"]);
    let authority = Certificate::read(&root.der).unwrap();
    assert!(authority.is_ca && authority.is_self_issued && !facts.is_self_issued);
    assert!(facts.authority_key_identifier.is_some());
    assert_eq!(facts.authority_key_identifier, authority.subject_key_identifier);
    assert!(!facts.has_name_constraints);
    assert_eq!(facts.malformed_extensions, [""; 0]);
    assert_eq!(facts.trailing_octets, 0);
}

#[test]
fn a_subject_is_written_from_the_last_rdn_to_the_first() {
    let facts = read(ROOT);
    assert_eq!(facts.subject, "CN=root.example, O=Example\\, Inc., C=US");
    assert_eq!(facts.issuer, facts.subject);
}

#[test]
fn the_hash_is_that_of_the_der() {
    // openssl x509 -in root.pem -noout -fingerprint -sha256
    let expected = include_str!("fixtures/root.sha256");
    assert_eq!(read(ROOT).sha256, expected.trim());
}

#[test]
fn keys_and_signature_algorithms_have_their_usual_names() {
    for (pem, key, weak_key, algorithm, weak_signature) in [
        (ROOT, "RSA 2048", false, "sha256WithRSAEncryption", false),
        (RSA1024, "RSA 1024", true, "sha256WithRSAEncryption", false),
        (RSA1024_SHA1, "RSA 1024", true, "sha1WithRSAEncryption", true),
        (SHA1, "RSA 2048", false, "sha1WithRSAEncryption", true),
        (MD5, "RSA 2048", false, "md5WithRSAEncryption", true),
        (PSS, "RSA 2048", false, "rsassaPss", false),
        (RSA_PSS_KEY, "RSA-PSS 2048", false, "rsassaPss", false),
        (ED25519, "Ed25519", false, "Ed25519", false),
        (P192, "ECDSA P-192", true, "ecdsa-with-SHA256", false),
        (P521, "ECDSA P-521", false, "ecdsa-with-SHA512", false),
    ] {
        let facts = read(pem);
        assert_eq!((facts.key.to_string().as_str(), facts.key.is_weak()), (key, weak_key));
        let signature = &facts.signature_algorithm;
        assert_eq!((signature.to_string().as_str(), signature.is_weak()), (algorithm, weak_signature));
    }
    assert_eq!(read(RSA1024).key, Key::Rsa { bits: 1024 });
    assert_eq!(read(P521).key, Key::Ec { curve: Curve::P521 });
    assert_eq!(read(P521).key.bits(), Some(521));
}

#[test]
fn odd_versions_and_serial_numbers_are_shown_as_they_are() {
    assert_eq!((read(V1).version, read(V1).subject_alt_names), (1, None));
    assert_eq!(read(NEGATIVE_SERIAL).serial, "ff:35:02"); // -51966
    assert_eq!(read(ZERO_SERIAL).serial, "00");
}

#[test]
fn all_names_are_kept() {
    let facts = read(MANY_NAMES);
    let names = facts.subject_alt_names.as_ref().unwrap();
    assert_eq!(names.len(), 403);
    assert_eq!(names[399], PresentedIdentifier::Dns("mx400.many.example".to_owned()));
    assert_eq!(names[401], PresentedIdentifier::Ip("2001:db8::1".parse().unwrap()));
    assert_eq!(names[402].to_string(), "email:a@many.example");
    assert_eq!(facts.presented_identifiers().count(), 402);
}

#[test]
fn names_of_other_kinds_keep_their_kind() {
    let names: Vec<String> =
        read(ODD_NAMES).subject_alt_names.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(
        names,
        ["URI:smtp://odd.example", "[8]:2a0304", "otherName:1.2.3.5", "directoryName:CN=directory"]
    );
}

#[test]
fn hostile_characters_are_left_to_whoever_shows_them() {
    let facts = Certificate::read(&self_signed(params("mx\u{7}\u{202e}<b>\r\n")).der).unwrap();
    assert_eq!(facts.subject, "CN=mx\u{7}\u{202e}\\<b\\>\r\n");
    assert_eq!(facts.common_name.as_deref(), Some("mx\u{7}\u{202e}<b>\r\n"));
}

#[test]
fn dates_at_the_ends_of_the_calendar() {
    for (from, until) in [
        (-631_152_000, 2_524_607_999),    // 1950-01-01T00:00:00Z, 2049-12-31T23:59:59Z
        (2_524_608_000, 253_402_300_799), // 2050-01-01T00:00:00Z, 9999-12-31T23:59:59Z
    ] {
        let mut asked = server();
        valid(&mut asked, from, until);
        let facts = Certificate::read(&self_signed(asked).der).unwrap();
        assert_eq!((facts.not_before, facts.not_after), (from, until));
    }
}

#[test]
fn a_critical_extension_that_nobody_knows_is_named() {
    let mut asked = server();
    asked.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let mut extension = CustomExtension::from_oid_content(&[2, 999, 1], vec![0x05, 0x00]);
    extension.set_criticality(true);
    asked.custom_extensions.push(extension);
    let facts = Certificate::read(&self_signed(asked).der).unwrap();
    assert_eq!(facts.critical_extensions, ["2.5.29.15", "2.999.1"]);
    assert_eq!(facts.unrecognized_critical_extensions().collect::<Vec<_>>(), ["2.999.1"]);
}

#[test]
fn an_extension_that_does_not_parse_hides_no_other_fact() {
    let mut asked = server();
    asked
        .custom_extensions
        .push(CustomExtension::from_oid_content(&[2, 5, 29, 19], b"\x02\x01\x05".to_vec()));
    let facts = Certificate::read(&self_signed(asked).der).unwrap();
    assert_eq!(facts.malformed_extensions, ["2.5.29.19"]);
    assert_eq!(facts.common_name.as_deref(), Some("mx1.example.com"));
}

#[test]
fn octets_after_the_certificate_are_counted() {
    let der = [fixture(ED25519), vec![0; 3]].concat();
    assert_eq!(Certificate::read(&der).unwrap().trailing_octets, 3);
}

#[test]
fn what_is_no_certificate_keeps_hash_and_length() {
    let unreadable = Certificate::read(b"hello").unwrap_err();
    assert_eq!(unreadable.sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_eq!((unreadable.length, unreadable.part), (5, Part::Structure));
    assert_eq!(Certificate::read(b"").unwrap_err().part, Part::Structure);

    // Of each: octets of a certificate, and what they become.
    for (from, to, part) in [
        (&[0x17, 0x0d, 0x32, 0x36, 0x30][..], &[0x17, 0x0d, 0x32, 0x36, 0x37][..], Part::Validity), // month 7x
        (&[0x06, 0x07, 0x2a, 0x86, 0x48], &[0x06, 0x7f, 0x2a, 0x86, 0x48], Part::Structure), // id-ecPublicKey
        (&[0x06, 0x03, 0x55, 0x1d, 0x11], &[0x06, 0x7f, 0x55, 0x1d, 0x11], Part::Structure), // subjectAltName
    ] {
        let mut der = self_signed(server()).der;
        let at = der.windows(from.len()).position(|octets| octets == from).unwrap();
        der[at..at + to.len()].copy_from_slice(to);
        let unreadable = Certificate::read(&der).unwrap_err();
        assert_eq!((unreadable.length, unreadable.part), (der.len(), part));
        assert_eq!(unreadable.sha256.len(), 64);
    }
}

#[test]
fn self_signed_is_a_question_of_the_signature() {
    let anchors = trusting(&[]);
    let verifier = verifier(&anchors);
    for pem in [ROOT, RSA1024, RSA1024_SHA1, ED25519, PSS, NEGATIVE_SERIAL] {
        assert_eq!(verifier.self_signed(&fixture(pem)), SelfSigned::Yes);
    }
    for pem in [SHA1, MD5, V1] {
        assert_eq!(verifier.self_signed(&fixture(pem)), SelfSigned::No);
    }
    // ring has no P-521
    assert_eq!(verifier.self_signed(&fixture(P521)), SelfSigned::Unverifiable);

    let root = self_signed(params("same.example"));
    let self_issued = root.issue(params("same.example"));
    assert!(Certificate::read(&self_issued.der).unwrap().is_self_issued);
    assert_eq!(verifier.self_signed(&self_issued.der), SelfSigned::No);
    assert_eq!(verifier.self_signed(b"hello"), SelfSigned::No);
}
