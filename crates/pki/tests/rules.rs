//! What RFC 5280 says of the certificates of a path: each rule broken, and beside it kept.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

mod authority;

use authority::{
    Entity, ask, ask_fixtures, ask_pair, ca, missing, params, self_signed, server, three, untrusted,
};
use heloscope_pki::{Certificate, Fault, Trust};
use rcgen::{
    BasicConstraints, CidrSubnet, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyUsagePurpose, NameConstraints, SanType,
};

const ROOT: &str = include_str!("fixtures/root.pem");
const V1: &str = include_str!("fixtures/v1.pem");

#[test]
fn a_certificate_for_clients_only() {
    let (root, intermediate, _) = three();
    let leaf = |purposes: &[ExtendedKeyUsagePurpose]| {
        let mut asked = server();
        asked.extended_key_usages = purposes.to_vec();
        intermediate.issue(asked)
    };
    let verdict = ask(&[&root], &[&leaf(&[ExtendedKeyUsagePurpose::ClientAuth]), &intermediate]);
    assert_eq!(verdict.faults, [Fault::NotForServerAuth { certificate: 0, any: false }]);
    assert_eq!(verdict.trust, Some(Trust::Private));
    // RFC 5280 §4.2.1.12: an application that wants serverAuth MAY reject it.
    let any = ask(&[&root], &[&leaf(&[ExtendedKeyUsagePurpose::Any]), &intermediate]);
    assert_eq!(any.faults, [Fault::NotForServerAuth { certificate: 0, any: true }]);
    assert!(any.is_unknown());
    let both = leaf(&[ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth]);
    assert!(ask(&[&root], &[&both, &intermediate]).holds());
}

#[test]
fn an_intermediate_for_clients_only() {
    let root = self_signed(ca("Root"));
    for (purpose, expected) in [
        (ExtendedKeyUsagePurpose::ClientAuth, vec![Fault::NotForServerAuth { certificate: 1, any: false }]),
        (ExtendedKeyUsagePurpose::ServerAuth, vec![]),
    ] {
        let mut asked = ca("Intermediate");
        asked.extended_key_usages = vec![purpose];
        let intermediate = root.issue(asked);
        let verdict = ask(&[&root], &[&intermediate.issue(server()), &intermediate]);
        assert_eq!((verdict.faults, verdict.trust), (expected, Some(Trust::Private)));
    }
}

#[test]
fn an_issuer_whose_key_may_not_sign_certificates() {
    let root = self_signed(ca("Root"));
    let faults = |usages: &[KeyUsagePurpose], trusted: &[&Entity]| {
        let mut asked = ca("Intermediate");
        asked.key_usages = usages.to_vec();
        let intermediate = root.issue(asked);
        ask(trusted, &[&intermediate.issue(server()), &intermediate]).faults
    };
    let wrong = Fault::WrongKeyUsage { certificate: 1 };
    assert_eq!(faults(&[KeyUsagePurpose::CrlSign], &[&root]), std::slice::from_ref(&wrong));
    assert_eq!(faults(&[KeyUsagePurpose::CrlSign], &[]), [untrusted("CN=Root", false), wrong]);
    assert_eq!(faults(&[KeyUsagePurpose::CrlSign, KeyUsagePurpose::KeyCertSign], &[&root]), []);
    assert_eq!(faults(&[], &[&root]), []);
}

#[test]
fn a_leaf_whose_key_may_not_do_what_a_tls_server_does() {
    let (root, intermediate, _) = three();
    let verdict = |usages: &[KeyUsagePurpose]| {
        let mut asked = server();
        asked.key_usages = usages.to_vec();
        ask(&[&root], &[&intermediate.issue(asked), &intermediate])
    };
    for usage in [KeyUsagePurpose::ContentCommitment, KeyUsagePurpose::KeyCertSign] {
        let verdict = verdict(&[usage]);
        assert_eq!(verdict.faults, [Fault::WrongKeyUsage { certificate: 0 }]);
        assert_eq!(verdict.trust, Some(Trust::Private));
    }
    for usage in
        [KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::KeyAgreement]
    {
        assert!(verdict(&[KeyUsagePurpose::ContentCommitment, usage]).holds());
    }
    let mut asked = server();
    asked.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let own = self_signed(asked);
    assert_eq!(ask(&[&own], &[&own]).faults, [Fault::WrongKeyUsage { certificate: 0 }]);
}

#[test]
fn of_two_issuers_of_one_name_and_key_the_one_that_may_sign_is_taken() {
    let root = self_signed(ca("Root"));
    let intermediate = root.issue(ca("Intermediate"));
    let mut asked = ca("Intermediate");
    asked.key_usages = vec![KeyUsagePurpose::CrlSign];
    let wrong = root.cross_with(&intermediate, asked);
    let verdict = ask(&[&root], &[&intermediate.issue(server()), &wrong, &intermediate]);
    assert_eq!((verdict.holds(), verdict.path), (true, vec![0, 2]));
}

#[test]
fn a_client_certificate_from_an_unknown_issuer_has_both_faults() {
    let root = self_signed(ca("Root"));
    let mut asked = server();
    asked.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let verdict = ask(&[], &[&root.issue(asked)]);
    assert_eq!(verdict.faults, [missing("CN=Root"), Fault::NotForServerAuth { certificate: 0, any: false }]);
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
fn a_critical_extension_of_an_intermediate() {
    let root = self_signed(ca("Root"));
    let mut asked = ca("Intermediate");
    let mut extension = CustomExtension::from_oid_content(&[2, 999, 1], vec![0x05, 0x00]);
    extension.set_criticality(true);
    asked.custom_extensions.push(extension);
    let intermediate = root.issue(asked);
    let expected = Fault::UnsupportedCriticalExtension { certificate: 1, oid: "2.999.1".to_owned() };
    assert_eq!(ask(&[&root], &[&intermediate.issue(server()), &intermediate]).faults, [expected]);
}

#[test]
fn a_curve_by_its_parameters_and_by_its_name() {
    let explicit = ask_pair(include_str!("fixtures/explicit.pem"));
    assert_eq!(explicit.faults, [Fault::ExplicitCurve { certificate: 0 }]);
    assert_eq!(explicit.trust, Some(Trust::Private));
    let (root, intermediate, leaf) = three();
    assert!(ask(&[&root], &[&leaf, &intermediate]).holds());
}

#[test]
fn excluded_names_and_addresses() {
    let root = self_signed(ca("Root"));
    let faults = |excluded: GeneralSubtree, name: &str| {
        let mut asked = ca("Intermediate");
        let excluded_subtrees = vec![excluded];
        asked.name_constraints = Some(NameConstraints { permitted_subtrees: Vec::new(), excluded_subtrees });
        let intermediate = root.issue(asked);
        let mut asked = params("Mail");
        let dns = || SanType::DnsName(name.try_into().unwrap());
        asked.subject_alt_names = vec![name.parse().map_or_else(|_| dns(), SanType::IpAddress)];
        ask(&[&root], &[&intermediate.issue(asked), &intermediate]).faults
    };
    let names = || GeneralSubtree::DnsName("example.com".to_owned());
    let addresses = || GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([203, 0, 113, 0], 24));
    assert_eq!(faults(names(), "mx1.example.com"), [Fault::NameConstraintViolation]);
    assert_eq!(faults(names(), "mx1.example.org"), []);
    assert_eq!(faults(names(), "203.0.113.5"), []);
    assert_eq!(faults(addresses(), "203.0.113.5"), [Fault::NameConstraintViolation]);
    assert_eq!(faults(addresses(), "198.51.100.5"), []);
    assert_eq!(faults(addresses(), "2001:db8::25"), []);
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
fn a_self_issued_intermediate_counts_for_webpki_alone() {
    let root = self_signed(ca("Root"));
    let mut asked = ca("Same");
    asked.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let upper = root.issue(asked);
    let lower = upper.issue(ca("Same"));
    let verdict = ask(&[&root], &[&lower.issue(server()), &lower, &upper]);
    assert_eq!((verdict.faults, verdict.path), (vec![Fault::SelfIssuedCounted], vec![0, 1, 2]));
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
    // RFC 5280 has no such rule; webpki and mozilla::pkix have.
    let authority = ask(&[&root], &[&intermediate]);
    assert_eq!((authority.is_unknown(), authority.trust), (true, Some(Trust::Private)));
    assert_eq!(authority.faults, [Fault::CaAsEndEntity]);
    let forged = leaf.issue(params("victim.example"));
    let verdict = ask(&[&root], &[&forged, &leaf, &intermediate]);
    assert_eq!(verdict.faults, [Fault::EndEntityAsCa { certificate: 1 }]);
}

#[test]
fn an_old_version() {
    assert_eq!(ask_fixtures(ROOT, &[V1]).faults, [Fault::UnsupportedVersion { certificate: 0, version: 1 }]);
}
