//! Certification paths that break a rule of RFC 5280, each beside one that keeps it: what the leaf is said to be amiss with.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

mod scene;

use heloscope_report::{ChainError, LeafCertificate, SenderOutcome, Severity, Verdict, senders};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    NameConstraints, SanType,
};
use scene::{Asked, DAY, Entity, NOW, Scene, ca, chain, fixture, server};

const ROOT: &str = include_str!("../../pki/tests/fixtures/root.pem");
const SHA1: &str = include_str!("../../pki/tests/fixtures/sha1.pem");

/// What port 25 says of the leaf of this chain, `anchor` trusted.
fn leaf(sent: &[&[u8]], anchor: &str) -> LeafCertificate {
    let scene = Scene::one("25", |play| play.goes_well(sent)).at(NOW + 30 * DAY);
    scene.judged_by(Some(anchor)).ports.remove(0).certificate.unwrap()
}

/// The leaf and its intermediate, as a root issues them that is trusted.
fn issued(intermediate: CertificateParams, server: CertificateParams) -> Option<ChainError> {
    let root = Entity::self_signed(ca("Example Root"), 1);
    let intermediate = root.issue(intermediate, 2);
    error(&leaf(&[&intermediate.issue(server, 3).der, &intermediate.der], &root.pem))
}

/// Why no path holds; `None` where one does.
fn error(leaf: &LeafCertificate) -> Option<ChainError> {
    assert_eq!(leaf.chain_valid, Some(leaf.chain_error.is_none()));
    leaf.chain_error
}

#[test]
fn names_that_an_authority_may_not_issue_for() {
    let permitted = |name: &str| {
        let mut params = ca("Example Intermediate");
        let permitted_subtrees = vec![GeneralSubtree::DnsName(name.to_owned())];
        params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        params
    };
    assert_eq!(issued(permitted("example.org"), server()), Some(ChainError::NameConstraints));
    assert_eq!(issued(permitted("example.com"), server()), None);
}

/// Its own was not sent, and there is nothing wrong with what was.
#[test]
fn an_intermediate_of_the_issuers_name_with_another_key() {
    let root = Entity::self_signed(ca("Example Root"), 1);
    let plain = || {
        let mut params = ca("Example Intermediate");
        params.use_authority_key_identifier_extension = false;
        params
    };
    let mut asked = server();
    asked.use_authority_key_identifier_extension = false;
    let (right, wrong) = (root.issue(plain(), 2), root.issue(plain(), 4));
    let leaf = right.issue(asked, 3);
    let report = |sent: &[&[u8]]| Scene::one("25", |play| play.goes_well(sent)).judged_trusting(&root);
    let told = report(&[&leaf.der, &wrong.der]);
    let found = told.ports[0].found("certificate-path-invalid");
    assert!(
        found
            .explanation
            .contains("of the same name with another key made it, or the certificate was altered")
    );
    assert!(
        found.fix.starts_with("Send the issuer's certificate whose key made the signature"),
        "{}",
        found.fix
    );
    assert_eq!(report(&[&leaf.der, &wrong.der, &right.der]).ports[0].ids(), [""; 0]);
}

/// A second name that is no DNS name, which some compare as it stands and some refuse.
#[test]
fn a_name_that_is_none_beside_name_constraints() {
    let root = Entity::self_signed(ca("Example Root"), 1);
    let report = |permitted: &str, name: &str| {
        let mut params = ca("Example Intermediate");
        let permitted_subtrees = vec![GeneralSubtree::DnsName(permitted.to_owned())];
        params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        let mut asked = server();
        asked.subject_alt_names.push(SanType::DnsName(name.try_into().unwrap()));
        let intermediate = root.issue(params, 2);
        let leaf = intermediate.issue(asked, 3);
        Scene::one("25", |play| play.goes_well(&[&leaf.der, &intermediate.der])).judged_trusting(&root)
    };
    for name in ["*.com", ".example.com", "m*.example.com", "https://mx1.example.com"] {
        let report = report("com", name);
        let port = &report.ports[0];
        assert_eq!(port.ids(), ["certificate-path-unknown"], "{name}");
        let leaf = port.certificate.as_ref().unwrap();
        assert_eq!((leaf.chain_valid, leaf.chain_error), (None, Some(ChainError::NameConstraints)), "{name}");
        let told = &port.found("certificate-path-unknown").explanation;
        assert!(told.contains("OpenSSL, and so Postfix, compares it as it stands"), "{told}");
        assert_eq!(senders(&report)[1].outcome, SenderOutcome::Depends, "{name}");
    }
    let beyond = report("example.com", "*.com");
    let leaf = beyond.ports[0].certificate.as_ref().unwrap();
    assert_eq!((leaf.chain_valid, leaf.chain_error), (Some(false), Some(ChainError::NameConstraints)));
    assert_eq!(beyond.ports[0].ids(), ["certificate-path-invalid"]);
}

#[test]
fn a_critical_extension_that_nobody_knows() {
    let with = |critical| {
        let mut params = server();
        let mut extension = CustomExtension::from_oid_content(&[2, 999, 1], vec![0x05, 0x00]);
        extension.set_criticality(critical);
        params.custom_extensions.push(extension);
        params
    };
    let intermediate = || ca("Example Intermediate");
    assert_eq!(issued(intermediate(), with(true)), Some(ChainError::UnknownCriticalExtension));
    assert_eq!(issued(intermediate(), with(false)), None);
}

#[test]
fn a_server_is_no_authority() {
    let not = Some(ChainError::NotACertificateAuthority);
    let mut no_authority = ca("Example Intermediate");
    no_authority.is_ca = IsCa::ExplicitNoCa;
    assert_eq!(issued(no_authority, server()), not);
    assert_eq!(issued(ca("Example Intermediate"), server()), None);
}

#[test]
fn more_intermediates_than_an_authority_may_have_below_it() {
    let root = Entity::self_signed(ca("Example Root"), 1);
    let below = |length| {
        let mut params = ca("Example Upper");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(length));
        let upper = root.issue(params, 2);
        let lower = upper.issue(ca("Example Lower"), 4);
        error(&leaf(&[&lower.issue(server(), 3).der, &lower.der, &upper.der], &root.pem))
    };
    assert_eq!(below(0), Some(ChainError::PathTooLong));
    assert_eq!(below(1), None);
}

/// What is not verified here, such as a date before 1970 or a signature of a kind that few use, breaks no rule.
#[test]
fn a_version_and_a_curve_that_will_not_do_have_codes_of_their_own() {
    let error = |sent: &str, root: &str| {
        let sent = fixture(sent);
        let scene = Scene::one("25", |play| play.goes_well(&[&sent])).at(1_798_761_600); // 2027-01-01
        scene.judged_by(Some(root)).ports.remove(0).certificate.unwrap().chain_error
    };
    let (v1, root) =
        (include_str!("../../pki/tests/fixtures/v1.pem"), include_str!("../../pki/tests/fixtures/root.pem"));
    assert_eq!(error(v1, root), Some(ChainError::UnsupportedVersion));
    let pair = include_str!("../../pki/tests/fixtures/explicit.pem");
    assert_eq!(error(pair, &pair[pair.rfind("-----BEGIN").unwrap()..]), Some(ChainError::ExplicitCurve));
}

/// RFC 5280 has no rule against it.
#[test]
fn an_authority_may_or_may_not_be_taken_for_a_server() {
    let root = Entity::self_signed(ca("Example Root"), 1);
    let mut asked = server();
    asked.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let leaf = root.issue(asked, 3);
    let report = Scene::one("25", |play| play.goes_well(&[&leaf.der])).judged_trusting(&root);
    let port = &report.ports[0];
    assert_eq!(port.ids(), ["certificate-path-unknown"]);
    let told = &port.found("certificate-path-unknown").explanation;
    assert!(told.contains("OpenSSL, and so Postfix, takes it") && told.contains("webpki"), "{told}");
    let certificate = port.certificate.as_ref().unwrap();
    assert_eq!(
        (certificate.chain_valid, certificate.chain_error),
        (None, Some(ChainError::CertificateAuthority))
    );
    assert_eq!(senders(&report)[1].outcome, SenderOutcome::Depends);
}

/// RFC 5280 §4.2.1.12 leaves it to whoever asks.
#[test]
fn a_leaf_for_any_use_may_or_may_not_be_taken() {
    let root = Entity::self_signed(ca("Example Root"), 1);
    let mut asked = server();
    asked.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
    let leaf = root.issue(asked, 3);
    let report = Scene::one("25", |play| play.goes_well(&[&leaf.der])).judged_trusting(&root);
    let port = &report.ports[0];
    assert_eq!(port.ids(), ["certificate-path-unknown"]);
    let told = &port.found("certificate-path-unknown").explanation;
    assert!(told.starts_with("The certificate may be used for anything (anyExtendedKeyUsage)"), "{told}");
    let certificate = port.certificate.as_ref().unwrap();
    assert_eq!(
        (certificate.chain_valid, certificate.chain_error),
        (None, Some(ChainError::NotForServerAuth))
    );
    assert_eq!(senders(&report)[1].outcome, SenderOutcome::Depends);
}

#[test]
fn what_is_not_verified_is_not_known() {
    let pairs = [
        (include_str!("../../pki/tests/fixtures/ed448.pem"), "of a kind that this test does not verify."),
        (include_str!("../../pki/tests/fixtures/early.pem"), "lies before 1970"),
    ];
    for (pair, limit) in pairs {
        let sent = fixture(pair);
        let scene = Scene::one("25", |play| play.goes_well(&[&sent])).at(1_798_761_600); // 2027-01-01
        let root = pair.rfind("-----BEGIN").unwrap();
        let report = scene.judged_by(Some(&pair[root..]));
        let port = &report.ports[0];
        // Each is for a name of its own.
        assert_eq!(port.ids(), ["certificate-hostname-mismatch", "certificate-path-unknown"]);
        let found = port.found("certificate-path-unknown");
        assert!(found.explanation.contains(limit), "{}", found.explanation);
        assert_eq!(found.severity, Severity::Warning);
        let invalid = "certificate-path-invalid";
        let why = "this test cannot verify the whole path";
        assert_eq!((port.verdict(invalid), port.why(invalid)), (Verdict::NotTested, why));
        assert_eq!(port.certificate.as_ref().unwrap().chain_valid, None);
    }
}

#[test]
fn a_signature_by_sha1_is_weak_and_one_by_another_key_bad() {
    assert_eq!(error(&leaf(&[&fixture(SHA1)], ROOT)), Some(ChainError::WeakSignature));

    let (root, intermediate, sound) = chain();
    let mut forged = sound.der.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(error(&leaf(&[&forged, &intermediate.der], &root.pem)), Some(ChainError::BadSignature));
    assert_eq!(error(&leaf(&[&sound.der, &intermediate.der], &root.pem)), None);
}
