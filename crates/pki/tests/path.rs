//! Certification paths: each fault fires, and beside it is the chain that does not have it.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

mod authority;

use authority::{
    DAY, NEW_YEAR, NOW, ask, ask_at, ask_fixtures, ca, chain, fixture, missing, self_signed, self_signed_for,
    server, three, trusting, untrusted, valid, verifier,
};
use heloscope_pki::{
    Certificate, Fault, Identity, ReferenceIdentifier, SelfSigned, Trust, TrustAnchors, Verifier, identity,
};
use rcgen::{BasicConstraints, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

const MD5: &str = include_str!("fixtures/md5.pem");
const P521: &str = include_str!("fixtures/p521.pem");
const ROOT: &str = include_str!("fixtures/root.pem");
const RSA1024_SHA1: &str = include_str!("fixtures/rsa1024-sha1.pem");
const SHA1: &str = include_str!("fixtures/sha1.pem");
const SHA1_ISSUER: &str = include_str!("fixtures/sha1-issuer.pem");
const V1: &str = include_str!("fixtures/v1.pem");

#[test]
fn a_chain_in_order_holds_with_or_without_its_root() {
    let (root, intermediate, leaf) = three();
    for sent in [&[&leaf, &intermediate][..], &[&leaf, &intermediate, &root]] {
        let verdict = ask(&[&root], sent);
        assert!(verdict.holds());
        assert_eq!((verdict.trust, verdict.path), (Some(Trust::Private), vec![0, 1]));
    }
}

#[test]
fn the_order_of_the_chain_and_strangers_in_it_do_not_matter() {
    let root = self_signed(ca("Root"));
    let upper = root.issue(ca("Upper"));
    let lower = upper.issue(ca("Lower"));
    let leaf = lower.issue(server());
    let stranger = self_signed(ca("Stranger"));
    let verdict = ask(&[&root], &[&leaf, &root, &upper, &stranger, &lower, &lower]);
    assert!(verdict.holds());
    assert_eq!(verdict.path, [0, 4, 2]);
}

#[test]
fn a_certificate_that_does_not_parse_is_in_nobodys_way_unless_it_is_the_leaf() {
    let (root, intermediate, leaf) = three();
    let anchors = trusting(&[&root]);
    let path = |chain: &[&[u8]]| verifier(&anchors).path(chain, NOW);
    let verdict = path(&[&leaf.der, b"garbage", &intermediate.der]);
    assert_eq!((verdict.holds(), verdict.path), (true, vec![0, 2]));
    assert_eq!(path(&[b"garbage", &leaf.der, &intermediate.der]).faults, [Fault::Unreadable]);
    assert_eq!(path(&[]).faults, [Fault::NoCertificate]);
}

#[test]
fn a_missing_intermediate() {
    let (root, intermediate, leaf) = three();
    let verdict = ask(&[&root], &[&leaf]);
    assert_eq!((verdict.faults, verdict.trust), (vec![missing("CN=Intermediate")], None));
    assert!(ask(&[&root], &[&leaf, &intermediate]).holds());
    // Its issuer's namesake with another key is not its issuer.
    let namesake = root.issue(ca("Intermediate"));
    assert_eq!(ask(&[&root], &[&leaf, &namesake]).faults, [missing("CN=Intermediate")]);
}

#[test]
fn an_untrusted_root() {
    let (root, intermediate, leaf) = three();
    let other = self_signed(ca("Other root"));
    assert_eq!(ask(&[&other], &[&leaf, &intermediate, &root]).faults, [untrusted("CN=Root", true)]);
    assert_eq!(ask(&[&other], &[&leaf, &intermediate]).faults, [untrusted("CN=Root", false)]);
    assert!(ask(&[&root], &[&leaf, &intermediate, &root]).holds());
    // A trusted root's namesake is not trusted.
    let namesake = self_signed(ca("Root"));
    assert_eq!(ask(&[&namesake], &[&leaf, &intermediate, &root]).faults, [untrusted("CN=Root", true)]);
}

#[test]
fn a_path_holds_as_long_as_its_shortest_part_and_the_longest_to_hold_is_taken() {
    let root = self_signed(ca("Root"));
    let until = |days| {
        let mut asked = ca("Intermediate");
        valid(&mut asked, NOW - 90 * DAY, NOW + days * DAY);
        asked
    };
    let short = root.issue(until(3));
    let leaf = short.issue(server());
    let verdict = ask(&[&root], &[&leaf, &short]);
    assert_eq!((verdict.holds(), verdict.until), (true, Some(NOW + 3 * DAY)));
    let long = root.cross_with(&short, until(90));
    let verdict = ask(&[&root], &[&leaf, &short, &long]);
    assert_eq!((verdict.path, verdict.until), (vec![0, 2], Some(NOW + 60 * DAY)));
    assert_eq!(ask(&[], &[&leaf, &short]).until, None);
    let anchor = self_signed(until(2));
    assert_eq!(ask(&[&anchor], &[&anchor.issue(server())]).until, Some(NOW + 2 * DAY));
}

#[test]
fn certificates_that_issued_one_another_and_were_all_sent() {
    let (a, b) = (self_signed(ca("A")), self_signed(ca("B")));
    let leaf = a.issue(server());
    let verdict = ask(&[], &[&leaf, &b.cross(&a), &a.cross(&b)]);
    assert_eq!((verdict.path, verdict.faults), (vec![0, 1, 2], vec![untrusted("CN=A", true)]));
}

#[test]
fn a_self_signed_leaf() {
    let leaf = self_signed(server());
    let root = self_signed(ca("Root"));
    assert_eq!(ask(&[&root], &[&leaf]).faults, [Fault::SelfSigned]);
    let mut authority = server();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(ask(&[&root], &[&self_signed(authority)]).faults, [Fault::SelfSigned]);
}

#[test]
fn an_expired_leaf_keeps_its_trust() {
    let (root, intermediate, _) = three();
    let mut asked = server();
    valid(&mut asked, NOW - 90 * DAY, NOW - 1);
    let leaf = intermediate.issue(asked);
    // The intermediate began when the leaf was already 30 days old.
    let verdict = ask(&[&root], &[&leaf, &intermediate]);
    assert_eq!(verdict.faults, [Fault::Expired { certificate: 0, not_after: NOW - 1 }]);
    assert_eq!(verdict.trust, Some(Trust::Private));
    assert!(ask_at(&[&root], &[&leaf, &intermediate], NOW - 1).holds());
}

#[test]
fn a_leaf_that_is_not_yet_valid_keeps_its_trust() {
    let (root, intermediate, _) = three();
    let mut asked = server();
    valid(&mut asked, NOW + 1, NOW + 90 * DAY);
    let leaf = intermediate.issue(asked);
    let verdict = ask(&[&root], &[&leaf, &intermediate]);
    assert_eq!(verdict.faults, [Fault::NotYetValid { certificate: 0, not_before: NOW + 1 }]);
    assert_eq!(verdict.trust, Some(Trust::Private));
    assert!(ask_at(&[&root], &[&leaf, &intermediate], NOW + 1).holds());
}

#[test]
fn an_expired_intermediate_is_named() {
    let root = self_signed(ca("Root"));
    let mut asked = ca("Intermediate");
    valid(&mut asked, NOW - 90 * DAY, NOW - DAY);
    let intermediate = root.issue(asked);
    let leaf = intermediate.issue(server());
    let verdict = ask(&[&root], &[&leaf, &intermediate]);
    assert_eq!(verdict.faults, [Fault::Expired { certificate: 1, not_after: NOW - DAY }]);
    assert_eq!(verdict.trust, Some(Trust::Private));
}

#[test]
fn certificates_that_were_never_valid_together_are_judged_by_their_signatures() {
    let root = self_signed(ca("Root"));
    let mut asked = ca("Intermediate");
    valid(&mut asked, NOW - 90 * DAY, NOW - 80 * DAY);
    let intermediate = root.issue(asked);
    let leaf = intermediate.issue(server());
    let verdict = ask(&[&root], &[&leaf, &intermediate]);
    assert_eq!(verdict.faults, [Fault::Expired { certificate: 1, not_after: NOW - 80 * DAY }]);
    assert_eq!(verdict.trust, Some(Trust::Private));
    let other = self_signed(ca("Other root"));
    assert_eq!(ask(&[&other], &[&leaf, &intermediate]).trust, None);
}

#[test]
fn an_expired_cross_certificate_beside_a_path_that_holds_is_no_fault() {
    let old = self_signed(ca("Old root"));
    let new = self_signed(ca("New root"));
    let intermediate = new.issue(ca("Intermediate"));
    let leaf = intermediate.issue(server());
    // As it was when the AddTrust root ran out in 2020.
    let mut asked = ca("New root");
    valid(&mut asked, NOW - 90 * DAY, NOW - DAY);
    let cross = old.cross_with(&new, asked);
    assert!(ask(&[&new, &old], &[&leaf, &intermediate, &cross]).holds());
    let verdict = ask(&[&old], &[&leaf, &intermediate, &cross]);
    assert_eq!(verdict.faults, [Fault::Expired { certificate: 2, not_after: NOW - DAY }]);
}

#[test]
fn of_two_cross_certificates_the_one_that_is_trusted_is_taken() {
    let (root, other) = (self_signed(ca("Root")), self_signed(ca("Other")));
    let middle = self_signed(ca("Middle"));
    let leaf = middle.issue(server());
    let verdict = ask(&[&root], &[&leaf, &other.cross(&middle), &other, &root.cross(&middle)]);
    assert_eq!((verdict.holds(), verdict.path), (true, vec![0, 3]));
}

#[test]
fn expired_for_another_name_and_self_signed_are_three_answers() {
    let mut asked = server();
    valid(&mut asked, NOW - 90 * DAY, NOW - DAY);
    let leaf = self_signed(asked);
    let verdict = ask(&[], &[&leaf]);
    assert_eq!(verdict.faults, [Fault::Expired { certificate: 0, not_after: NOW - DAY }, Fault::SelfSigned]);
    let facts = Certificate::read(&leaf.der).unwrap();
    let reference = ReferenceIdentifier::dns("mx2.example.com").unwrap();
    assert_eq!(identity(&facts, &reference), Identity::Mismatch);
    assert_eq!(verifier(&TrustAnchors::none()).self_signed(&leaf.der), SelfSigned::Yes);
}

#[test]
fn a_bad_signature() {
    let (root, intermediate, mut leaf) = three();
    *leaf.der.last_mut().unwrap() ^= 1;
    let bad_leaf = [Fault::BadSignature { certificate: 0 }];
    assert_eq!(ask(&[&root], &[&leaf, &intermediate]).faults, bad_leaf);
    let (root, mut intermediate, leaf) = three();
    *intermediate.der.last_mut().unwrap() ^= 1;
    assert_eq!(ask(&[&root], &[&leaf, &intermediate]).faults, [Fault::BadSignature { certificate: 1 }]);
    let mut own = self_signed(server());
    *own.der.last_mut().unwrap() ^= 1;
    assert_eq!(ask(&[], &[&own]).faults, bad_leaf);
}

#[test]
fn a_weak_signature_is_the_only_fault_of_a_path_that_else_would_hold() {
    for leaf in [SHA1, MD5] {
        let verdict = ask_fixtures(ROOT, &[leaf, ROOT]);
        assert_eq!(verdict.faults, [Fault::WeakSignature { certificate: 0 }]);
        assert_eq!(verdict.trust, Some(Trust::Private));
    }
}

#[test]
fn a_weak_signature_of_an_intermediate() {
    let sent = chain(SHA1_ISSUER);
    let mut anchors = TrustAnchors::none();
    anchors.add_pem(SHA1_ISSUER).unwrap();
    // The intermediate being an anchor itself, its own signature does not count.
    assert!(verifier(&anchors).path(&sent[..2], NEW_YEAR).holds());

    let mut anchors = TrustAnchors::none();
    let (_, root) = SHA1_ISSUER.rsplit_once("-----BEGIN").unwrap();
    anchors.add_pem(&format!("-----BEGIN{root}")).unwrap();
    let verdict = verifier(&anchors).path(&sent[..2], NEW_YEAR);
    assert_eq!(verdict.faults, [Fault::WeakSignature { certificate: 1 }]);
    assert_eq!(verifier(&anchors).weak_signatures(&sent), [1]);
}

#[test]
fn keys_of_different_kinds_sign_each_other() {
    let key = |algorithm| KeyPair::generate_for(algorithm).unwrap();
    let root = self_signed_for(ca("Root"), key(&PKCS_ECDSA_P384_SHA384));
    let upper = root.issue_for(ca("Upper"), key(&PKCS_ED25519));
    let lower = upper.issue_for(ca("Lower"), key(&PKCS_ECDSA_P256_SHA256));
    let leaf = lower.issue_for(server(), key(&PKCS_ED25519));
    let verdict = ask(&[&root], &[&leaf, &lower, &upper]);
    assert_eq!((verdict.faults, verdict.path), (vec![], vec![0, 1, 2]));
    let keys = [&leaf, &lower, &upper, &root].map(|entity| Certificate::read(&entity.der).unwrap());
    let keys = keys.map(|facts| (facts.key.to_string(), facts.signature_algorithm.to_string()));
    let expected = [
        ("Ed25519", "ecdsa-with-SHA256"),
        ("ECDSA P-256", "Ed25519"),
        ("Ed25519", "ecdsa-with-SHA384"),
        ("ECDSA P-384", "ecdsa-with-SHA384"),
    ];
    assert_eq!(keys, expected.map(|(key, signature)| (key.to_owned(), signature.to_owned())));
}

#[test]
fn a_weak_signature_that_is_also_bad_is_bad() {
    let mut anchors = TrustAnchors::none();
    anchors.add_pem(ROOT).unwrap();
    let mut der = fixture(SHA1);
    *der.last_mut().unwrap() ^= 1;
    let verdict = verifier(&anchors).path(&[der], NEW_YEAR);
    let weak = Fault::WeakSignature { certificate: 0 };
    assert_eq!(verdict.faults, [Fault::BadSignature { certificate: 0 }, weak]);
    assert_eq!(verdict.trust, None);
}

#[test]
fn the_signature_of_a_certificate_with_its_own_key_is_not_called_weak() {
    assert_eq!(ask_fixtures(ROOT, &[RSA1024_SHA1]).faults, [Fault::SelfSigned]);
    let chain = [SHA1, MD5, ROOT, RSA1024_SHA1].map(fixture);
    assert_eq!(verifier(&TrustAnchors::none()).weak_signatures(&chain), [0, 1]);
}

#[test]
fn the_weak_signature_of_a_leaf_with_its_own_key_counts_unless_it_is_an_anchor() {
    let chain = [RSA1024_SHA1].map(fixture);
    assert_eq!(verifier(&TrustAnchors::none()).weak_signatures(&chain), [0]);
    let mut anchors = TrustAnchors::none();
    anchors.add_pem(RSA1024_SHA1).unwrap();
    assert_eq!(verifier(&anchors).weak_signatures(&chain), [0; 0]);
}

#[test]
fn a_signature_that_nobody_can_verify() {
    // ring has no P-521
    assert_eq!(ask_fixtures(ROOT, &[P521]).faults, [Fault::SelfSigned]);
    let mut anchors = TrustAnchors::none();
    anchors.add_pem(ROOT).unwrap();
    let without_rsa = Verifier { anchors: &anchors, accepted: &authority::ACCEPTED[..3], weak: &[] };
    let leaf = fixture(V1);
    let faults = without_rsa.path(&[leaf], NEW_YEAR).faults;
    assert_eq!(faults[0], Fault::UnsupportedSignatureAlgorithm { certificate: 0 });
}

#[test]
fn dates_before_1970_and_beyond_any_calendar_are_times_too() {
    let (root, intermediate, leaf) = three();
    let at = |at| ask_at(&[&root], &[&leaf, &intermediate], at);
    let codes = |at_time| at(at_time).faults.iter().map(Fault::code).collect::<Vec<_>>();
    assert_eq!(codes(i64::MIN), ["not_yet_valid", "not_yet_valid", "trust_anchor_not_yet_valid"]);
    assert_eq!(codes(i64::MAX), ["expired", "expired", "trust_anchor_expired"]);
    assert_eq!(at(i64::MAX).trust, Some(Trust::Private));
}

#[test]
fn every_answer_has_the_name_the_report_gives_it() {
    let codes: Vec<&str> = ask_fixtures(ROOT, &[SHA1]).faults.iter().map(Fault::code).collect();
    assert_eq!(codes, ["weak_signature"]);
}
