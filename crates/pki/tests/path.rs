//! Certification paths: each fault fires, and beside it is the chain that does not have it.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

mod authority;

use authority::{
    DAY, Entity, NEW_YEAR, NOW, ca, chain, fixture, params, self_signed, server, three, trusting, valid,
    verifier,
};
use heloscope_pki::{
    Certificate, Fault, Identity, PathVerdict, ReferenceIdentifier, SelfSigned, Trust, TrustAnchors, identity,
};
use rcgen::{
    BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, NameConstraints,
};

const AMAZON: &str = include_str!("fixtures/aws-amazon-com.pem");
const LETS_ENCRYPT: &str = include_str!("fixtures/letsencrypt-org.pem");
const MD5: &str = include_str!("fixtures/md5.pem");
const P521: &str = include_str!("fixtures/p521.pem");
const ROOT: &str = include_str!("fixtures/root.pem");
const RSA1024_SHA1: &str = include_str!("fixtures/rsa1024-sha1.pem");
const SHA1: &str = include_str!("fixtures/sha1.pem");
const V1: &str = include_str!("fixtures/v1.pem");

fn ask(trusted: &[&Entity], sent: &[&Entity]) -> PathVerdict {
    ask_at(trusted, sent, NOW)
}

fn ask_at(trusted: &[&Entity], sent: &[&Entity], at: i64) -> PathVerdict {
    let chain: Vec<&[u8]> = sent.iter().map(|entity| entity.der.as_slice()).collect();
    verifier(&trusting(trusted)).path(&chain, at)
}

fn missing(issuer: &str) -> Fault {
    Fault::MissingIntermediate { issuer: issuer.to_owned() }
}

fn untrusted(root: &str, sent: bool) -> Fault {
    Fault::UntrustedRoot { root: root.to_owned(), sent }
}

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
fn a_self_signed_leaf() {
    let leaf = self_signed(server());
    let root = self_signed(ca("Root"));
    assert_eq!(ask(&[&root], &[&leaf]).faults, [Fault::SelfSigned]);
    let mut authority = server();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(ask(&[&root], &[&self_signed(authority)]).faults, [Fault::SelfSigned]);
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
fn a_certificate_for_clients_only() {
    let (root, intermediate, _) = three();
    let leaf = |purposes: &[ExtendedKeyUsagePurpose]| {
        let mut asked = server();
        asked.extended_key_usages = purposes.to_vec();
        intermediate.issue(asked)
    };
    let verdict = ask(&[&root], &[&leaf(&[ExtendedKeyUsagePurpose::ClientAuth]), &intermediate]);
    assert_eq!(verdict.faults, [Fault::NotForServerAuth { certificate: 0 }]);
    assert_eq!(verdict.trust, Some(Trust::Private));
    let both = leaf(&[ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth]);
    assert!(ask(&[&root], &[&both, &intermediate]).holds());
}

#[test]
fn a_client_certificate_from_an_unknown_issuer_has_both_faults() {
    let root = self_signed(ca("Root"));
    let mut asked = server();
    asked.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let verdict = ask(&[], &[&root.issue(asked)]);
    assert_eq!(verdict.faults, [missing("CN=Root"), Fault::NotForServerAuth { certificate: 0 }]);
}

#[test]
fn a_critical_extension_that_nobody_knows() {
    let (root, intermediate, _) = three();
    let leaf = |critical| {
        let mut asked = server();
        let mut extension = CustomExtension::from_oid_content(&[2, 999, 1], vec![0x05, 0x00]);
        extension.set_criticality(critical);
        asked.custom_extensions.push(extension);
        intermediate.issue(asked)
    };
    let expected = Fault::UnsupportedCriticalExtension { certificate: 0, oid: "2.999.1".to_owned() };
    assert_eq!(ask(&[&root], &[&leaf(true), &intermediate]).faults, [expected]);
    assert!(ask(&[&root], &[&leaf(false), &intermediate]).holds());
}

#[test]
fn name_constraints() {
    let root = self_signed(ca("Root"));
    let intermediate = |permitted: &str| {
        let mut asked = ca("Intermediate");
        let permitted_subtrees = vec![GeneralSubtree::DnsName(permitted.to_owned())];
        asked.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        root.issue(asked)
    };
    let narrow = intermediate("example.org");
    assert!(Certificate::read(&narrow.der).unwrap().has_name_constraints);
    let verdict = ask(&[&root], &[&narrow.issue(server()), &narrow]);
    assert_eq!(verdict.faults, [Fault::NameConstraintViolation]);
    let wide = intermediate("example.com");
    assert!(ask(&[&root], &[&wide.issue(server()), &wide]).holds());
}

#[test]
fn path_length_constraints() {
    let root = self_signed(ca("Root"));
    let upper = |length| {
        let mut asked = ca("Upper");
        asked.is_ca = IsCa::Ca(BasicConstraints::Constrained(length));
        root.issue(asked)
    };
    for (length, expected) in [(0, vec![Fault::PathLengthExceeded]), (1, vec![])] {
        let upper = upper(length);
        let lower = upper.issue(ca("Lower"));
        assert_eq!(ask(&[&root], &[&lower.issue(server()), &lower, &upper]).faults, expected);
    }
}

#[test]
fn six_intermediates_are_the_most() {
    let root = self_signed(ca("Root"));
    for (count, expected) in [(6, vec![]), (7, vec![Fault::PathTooLong])] {
        let mut intermediates = vec![root.issue(ca("Intermediate 1"))];
        for number in 2..=count {
            intermediates.push(intermediates[number - 2].issue(ca(&format!("Intermediate {number}"))));
        }
        let leaf = intermediates[count - 1].issue(server());
        let sent: Vec<&Entity> = [&leaf].into_iter().chain(intermediates.iter().rev()).collect();
        assert_eq!(ask(&[&root], &sent).faults, expected);
    }
}

#[test]
fn a_ca_certificate_as_leaf_and_a_leaf_as_ca() {
    let (root, intermediate, leaf) = three();
    assert_eq!(ask(&[&root], &[&intermediate]).faults, [Fault::CaAsEndEntity]);
    let forged = leaf.issue(params("victim.example"));
    let verdict = ask(&[&root], &[&forged, &leaf, &intermediate]);
    assert_eq!(verdict.faults, [Fault::EndEntityAsCa { certificate: 1 }]);
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

fn ask_fixtures(trusted: &str, sent: &[&str]) -> PathVerdict {
    let mut anchors = TrustAnchors::none();
    anchors.add_pem(trusted).unwrap();
    let chain: Vec<Vec<u8>> = sent.iter().map(|pem| fixture(pem)).collect();
    verifier(&anchors).path(&chain, NEW_YEAR)
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
fn an_old_version() {
    assert_eq!(ask_fixtures(ROOT, &[V1]).faults, [Fault::UnsupportedVersion { certificate: 0, version: 1 }]);
    // As a trust anchor it will do.
    assert!(ask_fixtures(V1, &[V1]).holds());
}

#[test]
fn a_signature_that_nobody_can_verify() {
    // ring has no P-521
    assert_eq!(ask_fixtures(ROOT, &[P521]).faults, [Fault::SelfSigned]);
    let mut anchors = TrustAnchors::none();
    anchors.add_pem(ROOT).unwrap();
    let without_rsa =
        heloscope_pki::Verifier { anchors: &anchors, accepted: &authority::ACCEPTED[..3], weak: &[] };
    let leaf = fixture(V1);
    let faults = without_rsa.path(&[leaf], NEW_YEAR).faults;
    assert_eq!(faults[0], Fault::UnsupportedSignatureAlgorithm { certificate: 0 });
}

#[test]
fn dates_before_1970_and_beyond_any_calendar_are_times_too() {
    let (root, intermediate, leaf) = three();
    let at = |at| ask_at(&[&root], &[&leaf, &intermediate], at);
    assert!(matches!(at(i64::MIN).faults[..], [Fault::NotYetValid { .. }, Fault::NotYetValid { .. }]));
    assert!(matches!(at(i64::MAX).faults[..], [Fault::Expired { .. }, Fault::Expired { .. }]));
    assert_eq!(at(i64::MAX).trust, Some(Trust::Private));
}

#[test]
fn every_answer_has_the_name_the_report_gives_it() {
    let codes: Vec<&str> = ask_fixtures(ROOT, &[SHA1]).faults.iter().map(Fault::code).collect();
    assert_eq!(codes, ["weak_signature"]);
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
