//! Trust anchors: what may be one, and what of it counts.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

mod authority;

use authority::{
    DAY, Entity, NOW, ask, ask_at, ask_fixtures, ca, chain, missing, self_signed, server, three, trusting,
    untrusted, valid, verifier,
};
use heloscope_pki::{Certificate, Fault, Identity, ReferenceIdentifier, Trust, TrustAnchors, identity};
use rcgen::{BasicConstraints, IsCa, KeyIdMethod};

const AMAZON: &str = include_str!("fixtures/aws-amazon-com.pem");
const LETS_ENCRYPT: &str = include_str!("fixtures/letsencrypt-org.pem");
const RSA1024: &str = include_str!("fixtures/rsa1024.pem");
const V1: &str = include_str!("fixtures/v1.pem");

/// A root that was valid until a day ago.
fn expired_root() -> Entity {
    let mut asked = ca("Root");
    valid(&mut asked, NOW - 90 * DAY, NOW - DAY);
    self_signed(asked)
}

fn anchor_expired(anchor: &str) -> Fault {
    Fault::TrustAnchorExpired { anchor: anchor.to_owned(), not_after: NOW - DAY }
}

#[test]
fn a_private_anchor_that_has_expired_is_still_the_anchor() {
    let root = expired_root();
    let leaf = root.issue(server());
    let verdict = ask(&[&root], &[&leaf]);
    assert_eq!((verdict.faults, verdict.trust), (vec![anchor_expired("CN=Root")], Some(Trust::Private)));
    assert!(ask_at(&[&root], &[&leaf], NOW - DAY).holds());
}

#[test]
fn a_private_anchor_that_is_not_yet_valid() {
    let mut asked = ca("Root");
    valid(&mut asked, NOW + 1, NOW + 90 * DAY);
    let root = self_signed(asked);
    let leaf = root.issue(server());
    let expected = Fault::TrustAnchorNotYetValid { anchor: "CN=Root".to_owned(), not_before: NOW + 1 };
    assert_eq!(ask(&[&root], &[&leaf]).faults, [expected]);
    assert!(ask_at(&[&root], &[&leaf], NOW + 1).holds());
}

#[test]
fn dates_of_the_leaf_come_before_those_of_its_anchor() {
    let root = expired_root();
    let mut asked = server();
    valid(&mut asked, NOW - 90 * DAY, NOW - 2 * DAY);
    let verdict = ask(&[&root], &[&root.issue(asked)]);
    let leaf_expired = Fault::Expired { certificate: 0, not_after: NOW - 2 * DAY };
    assert_eq!(verdict.faults, [leaf_expired, anchor_expired("CN=Root")]);
}

#[test]
fn of_an_anchor_that_was_renewed_with_its_key_either_certificate_will_do() {
    let old = expired_root();
    let new = old.cross_with(&old, ca("Root"));
    let leaf = old.issue(server());
    for trusted in [[&old, &new], [&new, &old]] {
        assert!(ask(&trusted, &[&leaf]).holds());
    }
    let mut asked = server();
    asked.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let no_server = old.issue(asked);
    for trusted in [[&old, &new], [&new, &old]] {
        assert_eq!(ask(&trusted, &[&no_server]).faults, [Fault::CaAsEndEntity]);
    }
}

#[test]
fn the_dates_of_a_root_that_was_sent_and_is_not_trusted_are_told() {
    let root = expired_root();
    let leaf = root.issue(server());
    let expired = Fault::Expired { certificate: 1, not_after: NOW - DAY };
    assert_eq!(ask(&[], &[&leaf, &root]).faults, [expired, untrusted("CN=Root", true)]);
    // Not on the path.
    let other = self_signed(ca("Other root"));
    assert!(ask(&[&other], &[&other.issue(server()), &root]).holds());
}

#[test]
fn a_leaf_renewed_with_the_key_of_an_expired_anchor() {
    let mut asked = server();
    valid(&mut asked, NOW - 90 * DAY, NOW - DAY);
    let old = self_signed(asked);
    let new = old.cross_with(&old, server());
    assert_eq!(ask(&[&old], &[&new]).faults, [anchor_expired("CN=mx1.example.com")]);
    assert!(ask(&[&old, &new], &[&new]).holds());
    // Of the very certificate the date is told once.
    assert_eq!(ask(&[&old], &[&old]).faults, [Fault::Expired { certificate: 0, not_after: NOW - DAY }]);
}

#[test]
fn a_private_anchor_may_allow_no_intermediate() {
    for (length, expected) in [(0, vec![Fault::PathLengthExceeded]), (1, vec![])] {
        let mut asked = ca("Root");
        asked.is_ca = IsCa::Ca(BasicConstraints::Constrained(length));
        let root = self_signed(asked);
        let intermediate = root.issue(ca("Intermediate"));
        let verdict = ask(&[&root], &[&intermediate.issue(server()), &intermediate]);
        assert_eq!((verdict.faults, verdict.trust), (expected, Some(Trust::Private)));
        assert!(ask(&[&root], &[&root.issue(server())]).holds());
    }
}

#[test]
fn an_anchor_with_the_name_of_the_issuer_is_not_the_issuer() {
    let (_, intermediate, leaf) = three();
    // The leaf's key identifiers say that another key signed it.
    let namesake = self_signed(ca("Intermediate"));
    assert_eq!(ask(&[&namesake], &[&leaf]).faults, [missing("CN=Intermediate")]);
    let namesake = self_signed(ca("Root"));
    assert_eq!(ask(&[&namesake], &[&leaf, &intermediate]).faults, [untrusted("CN=Root", false)]);
    // Here they say that this key did, and it did not.
    let same = || {
        let mut asked = ca("Root");
        asked.key_identifier_method = KeyIdMethod::PreSpecified(vec![7; 20]);
        self_signed(asked)
    };
    assert_eq!(ask(&[&same()], &[&same().issue(server())]).faults, [Fault::BadSignature { certificate: 0 }]);
}

#[test]
fn a_short_key_and_an_old_version_will_do_for_an_anchor() {
    assert!(ask_fixtures(V1, &[V1]).holds());
    assert!(ask_fixtures(RSA1024, &[RSA1024]).holds());
}

#[test]
fn a_self_signed_leaf_may_be_an_anchor() {
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let mut asked = server();
        asked.is_ca = is_ca;
        let leaf = self_signed(asked);
        let verdict = ask(&[&leaf], &[&leaf]);
        assert!(verdict.holds());
        assert_eq!((verdict.trust, verdict.path), (Some(Trust::Private), vec![0]));
        let late = ask_at(&[&leaf], &[&leaf], NOW + 61 * DAY);
        assert_eq!(late.faults, [Fault::Expired { certificate: 0, not_after: NOW + 60 * DAY }]);
        assert_eq!(late.trust, Some(Trust::Private));
    }
}

#[test]
fn a_leaf_renewed_with_the_key_of_an_anchor_is_trusted_and_its_forged_namesake_is_not() {
    let leaf = self_signed(server());
    assert!(ask(&[&leaf], &[&leaf.cross(&leaf)]).holds());
    assert_eq!(ask(&[&leaf], &[&self_signed(server())]).faults, [Fault::SelfSigned]);
}

#[test]
fn octets_after_an_anchor_are_as_bad_as_after_another_leaf() {
    let leaf = self_signed(server());
    let root = self_signed(ca("Root"));
    let issued = root.issue(server());
    for (anchor, leaf) in [(&leaf, &leaf), (&root, &issued)] {
        let followed = [&leaf.der[..], b"x"].concat();
        let anchors = trusting(&[anchor]);
        assert!(verifier(&anchors).path(&[&leaf.der], NOW).holds());
        let verdict = verifier(&anchors).path(&[followed], NOW);
        assert_eq!(verdict.trust, Some(Trust::Private));
        assert_eq!(verdict.faults, [Fault::TrailingOctets]);
    }
}

#[test]
fn several_anchors_come_in_one_text() {
    let (root, intermediate, leaf) = three();
    let other = self_signed(ca("Other root"));
    let mut anchors = TrustAnchors::none();
    let text = format!("Example's anchors\n{}\n# and\n{}", other.pem, root.pem);
    assert_eq!(anchors.add_pem(&text), Ok(2));
    assert!(verifier(&anchors).path(&[&leaf.der, &intermediate.der], NOW).holds());
    let subjects: Vec<String> = anchors.private_certificates().map(|facts| facts.subject).collect();
    assert_eq!(subjects, ["CN=Other root", "CN=Root"]);
    let broken = format!("{}-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", root.pem);
    assert_eq!(anchors.add_pem(&broken).unwrap_err().block, 2);
    assert_eq!(anchors.private_certificates().count(), 2);
}

#[test]
fn chains_of_the_public_internet_end_at_mozillas_anchors() {
    const MAY: i64 = 1_777_593_600; // 2026-05-01T00:00:00Z
    let anchors = TrustAnchors::webpki();
    let path = |chain: &[Vec<u8>], at| verifier(&anchors).path(chain, at);
    let lets_encrypt = chain(LETS_ENCRYPT);
    let amazon = chain(AMAZON);

    // Amazon sends two cross-certificates that nobody needs who trusts its own root.
    for (sent, leaf_ends) in [(&lets_encrypt, 1_780_765_469), (&amazon, 1_792_281_599)] {
        let verdict = path(sent, MAY);
        assert_eq!((verdict.holds(), verdict.trust), (true, Some(Trust::Webpki)));
        assert_eq!(verdict.path, [0, 1]);
        // 2026-06-06T17:04:29Z and 2026-10-17T23:59:59Z have passed.
        let verdict = path(sent, NOW);
        assert_eq!(verdict.faults, [Fault::Expired { certificate: 0, not_after: leaf_ends }]);
        assert_eq!(verdict.trust, Some(Trust::Webpki));
    }
    assert_eq!(amazon.len(), 4);
    assert_eq!(path(&lets_encrypt[..1], MAY).faults, [missing("CN=E8, O=Let's Encrypt, C=US")]);
    let without = verifier(&TrustAnchors::none()).path(&lets_encrypt, MAY);
    let root = "CN=ISRG Root X1, O=Internet Security Research Group, C=US";
    assert_eq!(without.faults, [untrusted(root, false)]);

    let facts = Certificate::read(&lets_encrypt[0]).unwrap();
    assert_eq!(facts.issuer, "CN=E8, O=Let's Encrypt, C=US");
    assert_eq!(facts.signature_algorithm.to_string(), "ecdsa-with-SHA384");
    let reference = ReferenceIdentifier::dns("letsencrypt.org").unwrap();
    assert!(matches!(identity(&facts, &reference), Identity::Matches(_)));
}
