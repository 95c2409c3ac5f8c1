//! What a certificate itself says: its names, key, signature, number and form.

mod scene;

use heloscope_report::{ChainError, MAX_SANS_SHOWN, Trust, Verdict};
use rcgen::{CertificateParams, DnType, SerialNumber};
use scene::certified::{issued, port};
use scene::{Asked, DAY, Entity, NOW, chain, fixture, named, server, valid};

#[test]
fn a_sound_certificate_has_its_facts_and_no_finding() {
    let port = issued(server());
    assert_eq!(port.ids(), [""; 0]);
    let certificate = port.certificate.unwrap();
    assert_eq!((certificate.chain_valid, certificate.chain_error), (Some(true), None));
    assert_eq!((certificate.trust, certificate.hostname_match), (Some(Trust::Private), Some(true)));
    assert_eq!(certificate.facts.days_remaining, Some(60));
    assert_eq!(certificate.facts.key.as_deref(), Some("Ed25519"));
}

#[test]
fn hostname_mismatch() {
    let mut params = named("mail.example.com");
    params.subject_alt_names =
        CertificateParams::new(["mail.example.com".to_owned(), "*.mx1.example.com".to_owned()])
            .unwrap()
            .subject_alt_names;
    let other = issued(params);
    assert_eq!(other.ids(), ["certificate-hostname-mismatch"]);
    let found = other.found("certificate-hostname-mismatch");
    assert_eq!(found.title, "The certificate is not for mx1.example.com");
    assert!(
        found.explanation.contains("It is for mail.example.com, *.mx1.example.com"),
        "{}",
        found.explanation
    );
    let certificate = other.certificate.unwrap();
    assert_eq!((certificate.chain_valid, certificate.hostname_match), (Some(true), Some(false)));

    let mut wildcard = named("x");
    wildcard.subject_alt_names =
        CertificateParams::new(["*.example.com".to_owned()]).unwrap().subject_alt_names;
    assert_eq!(issued(wildcard).verdict("certificate-hostname-mismatch"), Verdict::Passed);
}

#[test]
fn common_name_only() {
    let bare = issued(named("mx1.example.com"));
    assert_eq!(bare.ids(), ["certificate-common-name-only"]);
    assert_eq!(bare.verdict("certificate-hostname-mismatch"), Verdict::NotApplicable);
    assert_eq!(bare.certificate.unwrap().hostname_match, Some(false));

    let other = issued(named("localhost"));
    assert_eq!(other.ids(), ["certificate-hostname-mismatch", "certificate-common-name-only"]);

    assert_eq!(issued(server()).verdict("certificate-common-name-only"), Verdict::Passed);
}

#[test]
fn an_unreadable_leaf() {
    let broken = port(&[b"no certificate"], None);
    assert_eq!(broken.ids(), ["certificate-path-invalid"]);
    assert_eq!(broken.why("certificate-expired"), "the certificate cannot be read");
    let certificate = broken.certificate.unwrap();
    assert_eq!(
        (certificate.chain_valid, certificate.chain_error),
        (Some(false), Some(ChainError::Unreadable))
    );
    // What cannot be read says neither.
    assert_eq!((certificate.hostname_match, certificate.self_signed), (None, None));
    assert_eq!(certificate.facts.unreadable.as_deref(), Some("These 14 octets are no DER certificate."));
}

#[test]
fn no_certificate_at_all() {
    let none = port(&[], None);
    assert_eq!((none.ids(), none.certificate.clone()), (vec![], None));
    assert_eq!(none.why("certificate-expired"), "the server sent no certificate");
}

#[test]
fn weak_key() {
    let short = fixture(include_str!("../../pki/tests/fixtures/rsa1024.pem"));
    let weak = port(&[&short], None);
    assert!(weak.found("certificate-weak-key").explanation.contains("The certificate has the key RSA 1024"));

    assert_eq!(issued(server()).verdict("certificate-weak-key"), Verdict::Passed);
    // Of 1024 bits, which are not read: that is no proof that it is long enough.
    let dsa = port(&[&fixture(include_str!("fixtures/dsa.pem"))], None);
    assert_eq!(dsa.verdict("certificate-weak-key"), Verdict::NotTested);
    assert_eq!(dsa.why("certificate-weak-key"), "this test measures no key of the kind DSA");
    let both = port(&[&short, &fixture(include_str!("fixtures/dsa.pem"))], None);
    assert!(both.found("certificate-weak-key").explanation.contains("RSA 1024"));
}

#[test]
fn weak_signature() {
    for (pem, algorithm) in [
        (include_str!("../../pki/tests/fixtures/sha1.pem"), "sha1WithRSAEncryption"),
        (include_str!("../../pki/tests/fixtures/md5.pem"), "md5WithRSAEncryption"),
    ] {
        let weak = port(&[&fixture(pem)], None);
        let found = weak.found("certificate-weak-signature");
        assert!(found.explanation.contains(&format!("is signed with {algorithm}")), "{}", found.explanation);
    }
    // A root's own signature protects nothing.
    let root_sha1 = fixture(include_str!("../../pki/tests/fixtures/rsa1024-sha1.pem"));
    let (_, _, leaf) = chain();
    assert_eq!(port(&[&leaf.der, &root_sha1], None).verdict("certificate-weak-signature"), Verdict::Passed);
}

#[test]
fn the_weak_signature_of_a_self_signed_leaf_is_no_roots() {
    let own = fixture(include_str!("../../pki/tests/fixtures/rsa1024-sha1.pem"));
    let weak = port(&[&own], None);
    let found = weak.found("certificate-weak-signature");
    assert!(found.explanation.contains("is signed with sha1WithRSAEncryption"), "{}", found.explanation);
    assert_eq!(weak.certificate.clone().unwrap().self_signed, Some(true));
}

#[test]
fn odd_serial_numbers() {
    let numbered = |number: &[u8]| {
        let mut params = server();
        params.serial_number = Some(SerialNumber::from_slice(number));
        issued(params)
    };
    let zero = numbered(&[0]);
    assert_eq!(zero.ids(), ["certificate-serial-number"]);
    let found = zero.found("certificate-serial-number");
    assert!(
        found.explanation.starts_with("The certificate has the serial number 0."),
        "{}",
        found.explanation
    );
    let long = numbered(&[1; 21]);
    assert!(long.found("certificate-serial-number").explanation.contains("a serial number of 21 octets"));
    let negative = fixture(include_str!("../../pki/tests/fixtures/negative-serial.pem"));
    let negative = port(&[&negative], None);
    assert!(negative.found("certificate-serial-number").explanation.contains("a negative serial number"));
    // rcgen puts 00 before an octet that would make it negative.
    for number in [&[1; 20][..], &[0xff; 20], &[0x80]] {
        assert_eq!(numbered(number).verdict("certificate-serial-number"), Verdict::Passed, "{number:02x?}");
    }
}

#[test]
fn all_faults_are_listed_together() {
    let mut params = valid(named("localhost"), NOW - 90 * DAY, NOW - 5 * DAY);
    params.distinguished_name.push(DnType::OrganizationName, "Example");
    let alone = Entity::self_signed(params, 3);
    let port = port(&[&alone.der], None);
    assert_eq!(
        port.ids(),
        [
            "certificate-expired",
            "certificate-hostname-mismatch",
            "certificate-self-signed",
            "certificate-common-name-only"
        ]
    );
    let text = port.certificate.unwrap().chain_error_text.unwrap();
    assert!(text.contains("expired on 2026-11-18") && text.contains("signed with its own key"), "{text}");
}

#[test]
fn dane_is_never_said_to_fail_by_dates_or_issuer_as_such() {
    let alone = Entity::self_signed(valid(named("localhost"), NOW - 90 * DAY, NOW - 5 * DAY), 3);
    let port = port(&[&alone.der], None);
    for finding in &port.findings {
        assert!(finding.explanation.contains("DANE-EE(3)"), "{}: {}", finding.id, finding.explanation);
        assert!(finding.explanation.contains("Opportunistic senders deliver all the same"), "{}", finding.id);
        assert!(finding.explanation.contains("MTA-STS do not deliver"), "{}", finding.id);
    }
}

#[test]
fn a_hundred_names_are_shown_and_all_are_counted() {
    let names = (0..101).map(|number| format!("mx{number}.example.com")).collect::<Vec<_>>();
    let mut params = server();
    params.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names;
    let certificate = issued(params).certificate.unwrap();
    assert_eq!((certificate.facts.sans.len(), certificate.facts.sans_total), (MAX_SANS_SHOWN, 101));
    assert_eq!(certificate.facts.sans[99], "mx99.example.com");
    assert_eq!(certificate.hostname_match, Some(true));
}
