//! What RFC 5280 says of the certificates of a path, beside signatures and dates.

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, CustomExtension, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints, SerialNumber,
};

use super::chain::{Plan, named};
use super::faults::{AS_PLANNED, PLANNED, Row};
use super::names::name;

pub(crate) const ROWS: &[Row] = &[
    // Purposes and usages
    Row("purpose-server", 1..=2, |plan| purposes(&mut plan.leaf, &[SERVER]), PLANNED),
    Row("purpose-both", 1..=2, |plan| purposes(&mut plan.leaf, &[CLIENT, SERVER]), PLANNED),
    Row("purpose-client", 1..=4, |plan| purposes(&mut plan.leaf, &[CLIENT]), PLANNED),
    Row("purpose-any", 1..=2, |plan| purposes(&mut plan.leaf, &[ExtendedKeyUsagePurpose::Any]), PLANNED),
    Row("purpose-issuer-server", 2..=3, |plan| purposes(plan.issuer(), &[SERVER]), PLANNED),
    Row("purpose-issuer-client", 2..=4, |plan| purposes(plan.issuer(), &[CLIENT]), PLANNED),
    Row(
        "purpose-issuer-any",
        2..=2,
        |plan| purposes(plan.issuer(), &[ExtendedKeyUsagePurpose::Any]),
        PLANNED,
    ),
    Row("anchor-purpose", 1..=2, |plan| purposes(plan.root(), &[CLIENT]), PLANNED),
    Row(
        "key-usage-right",
        1..=3,
        |plan| {
            plan.leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            for issuer in &mut plan.issuers {
                issuer.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            }
        },
        PLANNED,
    ),
    Row(
        "key-usage-encipherment",
        1..=2,
        |plan| plan.leaf.key_usages = vec![KeyUsagePurpose::KeyEncipherment],
        PLANNED,
    ),
    Row(
        "key-usage-agreement",
        1..=2,
        |plan| plan.leaf.key_usages = vec![KeyUsagePurpose::KeyAgreement],
        PLANNED,
    ),
    Row(
        "key-usage-leaf",
        1..=3,
        |plan| plan.leaf.key_usages = vec![KeyUsagePurpose::ContentCommitment],
        PLANNED,
    ),
    Row("key-usage-issuer", 2..=4, |plan| plan.issuer().key_usages = vec![KeyUsagePurpose::CrlSign], PLANNED),
    Row(
        "key-usage-upper",
        3..=4,
        |plan| plan.upper().key_usages = vec![KeyUsagePurpose::DigitalSignature],
        PLANNED,
    ),
    Row("anchor-key-usage", 1..=2, |plan| plan.root().key_usages = vec![KeyUsagePurpose::CrlSign], PLANNED),
    // Basic constraints
    Row("issuer-is-no-ca", 2..=4, |plan| plan.issuer().is_ca = IsCa::ExplicitNoCa, PLANNED),
    Row("issuer-says-nothing", 2..=4, |plan| plan.issuer().is_ca = IsCa::NoCa, PLANNED),
    Row("anchor-is-no-ca", 1..=2, |plan| plan.root().is_ca = IsCa::ExplicitNoCa, PLANNED),
    Row("ca-as-leaf", 1..=3, |plan| plan.leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained), PLANNED),
    Row("path-length", 3..=4, |plan| plan.upper().is_ca = path_length(0), PLANNED),
    Row(
        "path-length-just-right",
        2..=4,
        |plan| {
            let below = u8::try_from(plan.issuers.len() - 2).unwrap();
            plan.upper().is_ca = path_length(below);
        },
        PLANNED,
    ),
    Row("path-length-root", 2..=3, |plan| plan.root().is_ca = path_length(0), PLANNED),
    Row(
        "path-length-root-just-right",
        1..=3,
        |plan| {
            let below = u8::try_from(plan.issuers.len() - 1).unwrap();
            plan.root().is_ca = path_length(below);
        },
        PLANNED,
    ),
    // A self-issued certificate, as when a CA changes its key, does not count (RFC 5280 §6.1.4 l).
    Row(
        "path-length-self-issued",
        3..=3,
        |plan| {
            plan.upper().is_ca = path_length(0);
            plan.issuers[2] = named(plan.issuers[2].clone(), "Intermediate 1");
        },
        PLANNED,
    ),
    Row("six-intermediates", 7..=7, AS_PLANNED, PLANNED),
    Row("seven-intermediates", 8..=8, AS_PLANNED, PLANNED),
    // Name constraints
    Row("permitted", 2..=3, |plan| permit(plan.issuer(), &[dns("example.com")]), PLANNED),
    Row("permitted-elsewhere", 2..=4, |plan| permit(plan.issuer(), &[dns("example.org")]), PLANNED),
    Row("permitted-elsewhere-by-upper", 3..=4, |plan| permit(plan.upper(), &[dns("example.org")]), PLANNED),
    Row("permitted-elsewhere-by-root", 1..=2, |plan| permit(plan.root(), &[dns("example.org")]), PLANNED),
    Row("permitted-subdomain", 2..=2, |plan| permit(plan.issuer(), &[dns(".example.com")]), PLANNED),
    Row(
        "permitted-half",
        2..=2,
        |plan| {
            name(&mut plan.leaf, "Mail", &["mx1.example.com", "mx1.example.org"]);
            permit(plan.issuer(), &[dns("example.com")]);
        },
        PLANNED,
    ),
    Row(
        "permitted-wildcard",
        2..=2,
        |plan| {
            name(&mut plan.leaf, "Mail", &["*.example.com"]);
            permit(plan.issuer(), &[dns("example.com")]);
        },
        PLANNED,
    ),
    Row(
        "permitted-common-name-only",
        2..=2,
        |plan| {
            name(&mut plan.leaf, "mx1.example.com", &[]);
            permit(plan.issuer(), &[dns("example.org")]);
        },
        PLANNED,
    ),
    Row("excluded", 2..=4, |plan| exclude(plan.issuer(), &[dns("example.com")]), PLANNED),
    Row("excluded-elsewhere", 2..=3, |plan| exclude(plan.issuer(), &[dns("example.org")]), PLANNED),
    Row(
        "excluded-below-wildcard",
        2..=2,
        |plan| {
            name(&mut plan.leaf, "Mail", &["*.example.com"]);
            exclude(plan.issuer(), &[dns("mx1.example.com")]);
        },
        PLANNED,
    ),
    Row(
        "permitted-beside-top-wildcard",
        2..=2,
        |plan| {
            name(&mut plan.leaf, "Mail", &["mx1.example.com", "*.com"]);
            permit(plan.issuer(), &[dns("com")]);
        },
        PLANNED,
    ),
    Row(
        "permitted-beside-leading-dot",
        2..=2,
        |plan| {
            name(&mut plan.leaf, "Mail", &["mx1.example.com", ".example.com"]);
            permit(plan.issuer(), &[dns("com")]);
        },
        PLANNED,
    ),
    Row(
        "permitted-beside-partial-wildcard",
        2..=2,
        |plan| {
            name(&mut plan.leaf, "Mail", &["mx1.example.com", "m*.example.com"]);
            permit(plan.issuer(), &[dns("com")]);
        },
        PLANNED,
    ),
    Row(
        "permitted-beside-url",
        2..=2,
        |plan| {
            name(&mut plan.leaf, "Mail", &["mx1.example.com", "https://mx1.example.com"]);
            permit(plan.issuer(), &[dns("com")]);
        },
        PLANNED,
    ),
    Row(
        "permitted-not-top-wildcard",
        2..=2,
        |plan| {
            name(&mut plan.leaf, "Mail", &["mx1.example.com", "*.com"]);
            permit(plan.issuer(), &[dns("example.com")]);
        },
        PLANNED,
    ),
    Row(
        "permitted-not-final-dot",
        2..=2,
        |plan| {
            name(&mut plan.leaf, "Mail", &["mx1.example.com", "mx1.example.com."]);
            permit(plan.issuer(), &[dns("com")]);
        },
        PLANNED,
    ),
    Row(
        "permitted-not-two-words",
        2..=2,
        |plan| {
            name(&mut plan.leaf, "Mail", &["mx1.example.com", "mail server"]);
            permit(plan.issuer(), &[dns("com")]);
        },
        PLANNED,
    ),
    // What webpki finds before it compares names.
    Row(
        "permitted-elsewhere-ca-as-leaf",
        2..=2,
        |plan| {
            plan.leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            permit(plan.issuer(), &[dns("example.org")]);
        },
        PLANNED,
    ),
    Row(
        "permitted-address-beside-partial-wildcard",
        2..=2,
        |plan| {
            name(&mut plan.leaf, "Mail", &["m*.example.com", "mx1.example.com", "IP:203.0.113.5"]);
            permit(plan.issuer(), &[dns("example.com"), net()]);
        },
        PLANNED,
    ),
    Row(
        "permitted-other-address-beside-partial-wildcard",
        2..=2,
        |plan| {
            name(&mut plan.leaf, "Mail", &["m*.example.com", "mx1.example.com", "IP:203.0.113.5"]);
            permit(plan.issuer(), &[dns("example.com"), other_net()]);
        },
        PLANNED,
    ),
    Row(
        "excluded-beside-partial-wildcard-by-root",
        1..=2,
        |plan| {
            name(&mut plan.leaf, "Mail", &["m*.example.org", "mx1.example.com"]);
            exclude(plan.root(), &[dns("example.com")]);
        },
        PLANNED,
    ),
    Row("permitted-address", 2..=3, |plan| by_address(plan, |issuer| permit(issuer, &[net()])), PLANNED),
    Row(
        "permitted-other-address",
        2..=3,
        |plan| by_address(plan, |issuer| permit(issuer, &[other_net()])),
        PLANNED,
    ),
    Row("excluded-address", 2..=3, |plan| by_address(plan, |issuer| exclude(issuer, &[net()])), PLANNED),
    Row(
        "excluded-other-address",
        2..=2,
        |plan| by_address(plan, |issuer| exclude(issuer, &[other_net()])),
        PLANNED,
    ),
    Row(
        "permitted-names-only",
        2..=2,
        |plan| by_address(plan, |issuer| permit(issuer, &[dns("example.org")])),
        PLANNED,
    ),
    // Extensions
    Row("critical-leaf", 1..=4, |plan| extend(&mut plan.leaf, &[2, 999, 1], &[5, 0], true), PLANNED),
    Row("critical-issuer", 2..=4, |plan| extend(plan.issuer(), &[2, 999, 1], &[5, 0], true), PLANNED),
    Row("uncritical-leaf", 1..=2, |plan| extend(&mut plan.leaf, &[2, 999, 1], &[5, 0], false), PLANNED),
    Row("uncritical-issuer", 2..=2, |plan| extend(plan.issuer(), &[2, 999, 1], &[5, 0], false), PLANNED),
    Row("anchor-critical", 1..=2, |plan| extend(plan.root(), &[2, 999, 1], &[5, 0], true), PLANNED),
    // certificatePolicies: anyPolicy
    Row(
        "critical-policies",
        1..=2,
        |plan| extend(&mut plan.leaf, &[2, 5, 29, 32], ANY_POLICY, true),
        PLANNED,
    ),
    // policyConstraints: inhibitPolicyMapping 0
    Row(
        "critical-policy-constraints",
        2..=2,
        |plan| extend(plan.issuer(), &[2, 5, 29, 36], &[0x30, 3, 0x81, 1, 0], true),
        PLANNED,
    ),
    Row(
        "uncritical-policies",
        1..=2,
        |plan| extend(&mut plan.leaf, &[2, 5, 29, 32], ANY_POLICY, false),
        PLANNED,
    ),
    // Versions and serial numbers
    Row("version-1", 1..=2, AS_PLANNED, |issued| issued.change_leaf(|tbs| set(tbs, 0, 0))),
    Row("serial-zero", 1..=2, serial_of_one_octet, |issued| issued.change_leaf(|tbs| set(tbs, 3, 0))),
    Row("serial-negative", 1..=2, serial_of_one_octet, |issued| issued.change_leaf(|tbs| set(tbs, 3, 0x85))),
    Row(
        "serial-of-20-octets",
        1..=2,
        |plan| plan.leaf.serial_number = Some(SerialNumber::from_slice(&[0x7f; 20])),
        PLANNED,
    ),
    Row(
        "serial-of-30-octets",
        1..=2,
        |plan| plan.leaf.serial_number = Some(SerialNumber::from_slice(&[0x7f; 30])),
        PLANNED,
    ),
];

const SERVER: ExtendedKeyUsagePurpose = ExtendedKeyUsagePurpose::ServerAuth;
const CLIENT: ExtendedKeyUsagePurpose = ExtendedKeyUsagePurpose::ClientAuth;
const ANY_POLICY: &[u8] = &[0x30, 0x08, 0x30, 0x06, 0x06, 0x04, 0x55, 0x1d, 0x20, 0x00];

fn purposes(params: &mut CertificateParams, purposes: &[ExtendedKeyUsagePurpose]) {
    params.extended_key_usages = purposes.to_vec();
}

fn path_length(length: u8) -> IsCa {
    IsCa::Ca(BasicConstraints::Constrained(length))
}

fn dns(name: &str) -> GeneralSubtree {
    GeneralSubtree::DnsName(name.to_owned())
}

fn net() -> GeneralSubtree {
    GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([203, 0, 113, 0], 24))
}

fn other_net() -> GeneralSubtree {
    GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([198, 51, 100, 0], 24))
}

fn permit(params: &mut CertificateParams, permitted: &[GeneralSubtree]) {
    let permitted_subtrees = permitted.to_vec();
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
}

fn exclude(params: &mut CertificateParams, excluded: &[GeneralSubtree]) {
    let excluded_subtrees = excluded.to_vec();
    params.name_constraints = Some(NameConstraints { permitted_subtrees: Vec::new(), excluded_subtrees });
}

fn by_address(plan: &mut Plan, constrain: fn(&mut CertificateParams)) {
    name(&mut plan.leaf, "Mail", &["IP:203.0.113.5"]);
    plan.host = "203.0.113.5";
    constrain(plan.issuer());
}

fn extend(params: &mut CertificateParams, oid: &[u64], content: &[u8], critical: bool) {
    let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
    extension.set_criticality(critical);
    params.custom_extensions.push(extension);
}

fn serial_of_one_octet(plan: &mut Plan) {
    plan.leaf.serial_number = Some(SerialNumber::from_slice(&[5]));
}

/// Sets the version, or the octet so far behind it: the serial number, of one octet, stands three further.
fn set(tbs: &mut [u8], behind_version: usize, octet: u8) {
    let header = tbs.windows(4).position(|octets| octets == [0xa0, 0x03, 0x02, 0x01]).unwrap();
    tbs[header + 4 + behind_version] = octet;
}
