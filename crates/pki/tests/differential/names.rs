//! Whom a certificate is for: presented identifiers, the commonName and the host they are held against.

use rcgen::{CertificateParams, DistinguishedName, DnType, SanType};

use super::chain::{Chain, KINDS, Plan};

/// One chain: its name, the commonName (none where empty), the alternative names, the host.
type Row = (&'static str, &'static str, &'static [&'static str], &'static str);

pub(crate) fn chains() -> Vec<Chain> {
    let many: Vec<String> = (0..400).map(|number| format!("mx{number}.example.com")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let rows = ROWS
        .iter()
        .enumerate()
        .map(|(number, (id, common_name, names, host))| certified(number, id, common_name, names, host));
    rows.chain([
        certified(0, "many-names-last", "many.example.com", &many, "mx399.example.com"),
        certified(1, "many-names-none", "many.example.com", &many, "mx400.example.com"),
    ])
    .collect()
}

fn certified(number: usize, id: &str, common_name: &str, names: &[&str], host: &'static str) -> Chain {
    let (depth, kind) = (1 + number % 2, KINDS[number % 4]);
    let mut plan = Plan::new(depth, kind);
    plan.host = host;
    name(&mut plan.leaf, common_name, names);
    plan.issue().into_chain(format!("{id}/{depth}/{kind:?}"))
}

/// Gives a certificate this subject and these alternative names, addresses where they parse as such.
pub(crate) fn name(params: &mut CertificateParams, common_name: &str, names: &[&str]) {
    params.distinguished_name = DistinguishedName::new();
    if !common_name.is_empty() {
        params.distinguished_name.push(DnType::CommonName, common_name);
    }
    let names = names.iter().map(|name| match name.strip_prefix("IP:") {
        Some(address) => SanType::IpAddress(address.parse().unwrap()),
        None => SanType::DnsName((*name).try_into().unwrap()),
    });
    params.subject_alt_names = names.collect();
}

const ROWS: &[Row] = &[
    ("name-right", "Mail", &["mx1.example.com"], "mx1.example.com"),
    ("name-wrong", "Mail", &["mx2.example.com"], "mx1.example.com"),
    ("name-case", "Mail", &["MX1.Example.Com"], "mx1.example.com"),
    ("name-second", "Mail", &["example.com", "mx1.example.com"], "mx1.example.com"),
    ("name-parent", "Mail", &["example.com"], "mx1.example.com"),
    ("name-child", "Mail", &["mx1.example.com"], "example.com"),
    ("name-longer", "Mail", &["xmx1.example.com"], "mx1.example.com"),
    ("name-suffix", "Mail", &["mx1.example.com.evil.test"], "mx1.example.com"),
    ("name-final-dot", "Mail", &["mx1.example.com."], "mx1.example.com"),
    ("name-nul", "Mail", &["mx1.example.com\0.evil.test"], "mx1.example.com"),
    ("name-blank", "Mail", &[" mx1.example.com"], "mx1.example.com"),
    ("name-empty", "Mail", &[""], "mx1.example.com"),
    ("name-underscore", "Mail", &["_mx.example.com"], "_mx.example.com"),
    ("name-single-label", "Mail", &["localhost"], "localhost"),
    ("a-label", "Mail", &["xn--mller-kva.example"], "xn--mller-kva.example"),
    ("a-label-wrong", "Mail", &["xn--mller-kva.example"], "xn--mler-0ra.example"),
    ("a-label-below-wildcard", "Mail", &["*.xn--mller-kva.example"], "mx1.xn--mller-kva.example"),
    ("wildcard", "Mail", &["*.example.com"], "mx1.example.com"),
    ("wildcard-case", "Mail", &["*.EXAMPLE.com"], "mx1.example.COM"),
    ("wildcard-for-a-label", "Mail", &["*.example.com"], "xn--mller-kva.example.com"),
    ("wildcard-parent", "Mail", &["*.example.com"], "example.com"),
    ("wildcard-two-labels", "Mail", &["*.example.com"], "a.mx1.example.com"),
    ("wildcard-other", "Mail", &["*.example.com"], "mx1.example.org"),
    ("wildcard-underscore", "Mail", &["*.example.com"], "_mx.example.com"),
    ("wildcard-final-dot", "Mail", &["*.example.com."], "mx1.example.com"),
    ("wildcard-top", "Mail", &["*.com"], "example.com"),
    ("wildcard-alone", "Mail", &["*"], "localhost"),
    ("wildcard-second-label", "Mail", &["mx1.*.com"], "mx1.example.com"),
    ("wildcard-twice", "Mail", &["*.*.com"], "mx1.example.com"),
    ("wildcard-double", "Mail", &["**.example.com"], "mx1.example.com"),
    ("wildcard-partial-start", "Mail", &["mx*.example.com"], "mx1.example.com"),
    ("wildcard-partial-end", "Mail", &["*1.example.com"], "mx1.example.com"),
    ("wildcard-partial-middle", "Mail", &["m*1.example.com"], "mx1.example.com"),
    ("wildcard-in-a-label", "Mail", &["xn--*.example.com"], "xn--mller-kva.example.com"),
    ("address-v4", "Mail", &["IP:203.0.113.5"], "203.0.113.5"),
    ("address-v4-wrong", "Mail", &["IP:203.0.113.6"], "203.0.113.5"),
    ("address-v4-mapped", "Mail", &["IP:::ffff:203.0.113.5"], "203.0.113.5"),
    ("address-v6", "Mail", &["IP:2001:db8::25"], "2001:db8::25"),
    ("address-v6-wrong", "Mail", &["IP:2001:db8::26"], "2001:db8::25"),
    ("address-as-name", "Mail", &["203.0.113.5"], "203.0.113.5"),
    ("address-beside-name", "Mail", &["mx1.example.com", "IP:203.0.113.5"], "203.0.113.5"),
    ("address-for-name", "Mail", &["IP:203.0.113.5"], "mx1.example.com"),
    ("address-by-wildcard", "Mail", &["*.0.113.5"], "203.0.113.5"),
    ("common-name-only", "mx1.example.com", &[], "mx1.example.com"),
    ("common-name-only-wildcard", "*.example.com", &[], "mx1.example.com"),
    ("common-name-only-wrong", "mx2.example.com", &[], "mx1.example.com"),
    ("common-name-only-address", "203.0.113.5", &[], "203.0.113.5"),
    ("common-name-beside-name", "mx1.example.com", &["mx2.example.com"], "mx1.example.com"),
    ("common-name-beside-address", "mx1.example.com", &["IP:203.0.113.5"], "mx1.example.com"),
    ("no-subject", "", &["mx1.example.com"], "mx1.example.com"),
    ("no-subject-wrong", "", &["mx2.example.com"], "mx1.example.com"),
    ("no-subject-no-names", "", &[], "mx1.example.com"),
];
