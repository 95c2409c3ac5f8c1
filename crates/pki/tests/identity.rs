//! Identity, with webpki as the oracle wherever it has an opinion.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

mod authority;

use authority::{fixture, params, self_signed};
use heloscope_pki::{Certificate, Identity, PresentedIdentifier, ReferenceIdentifier, identity};
use proptest::prelude::*;
use rcgen::{DistinguishedName, SanType};
use rustls_pki_types::{CertificateDer, ServerName};

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn ip(address: &str) -> SanType {
    SanType::IpAddress(address.parse().unwrap())
}

fn certificate(names: &[SanType]) -> Vec<u8> {
    let mut asked = params("mx1.example.com");
    asked.subject_alt_names = names.to_vec();
    self_signed(asked).der
}

fn reference(name: &str) -> ReferenceIdentifier {
    name.parse().map_or_else(|_| ReferenceIdentifier::dns(name).unwrap(), ReferenceIdentifier::Ip)
}

/// Our answer, which must be webpki's.
fn matches(names: &[SanType], host: &str) -> bool {
    let der = certificate(names);
    let ours = identity(&Certificate::read(&der).unwrap(), &reference(host));
    let ours = matches!(ours, Identity::Matches(_));
    let der = CertificateDer::from(der);
    let end_entity = webpki::EndEntityCert::try_from(&der).unwrap();
    let theirs = end_entity.verify_is_valid_for_subject_name(&ServerName::try_from(host).unwrap()).is_ok();
    assert_eq!(ours, theirs, "{names:?} for {host}: ours, webpki's");
    ours
}

#[test]
fn dns_names() {
    for (presented, host, expected) in [
        ("mx1.example.com", "mx1.example.com", true),
        ("MX1.Example.COM", "mx1.example.com", true),
        ("mx1.example.com", "MX1.EXAMPLE.COM", true),
        ("mx1.example.com", "mx1.example.com.", true),
        ("mx1.example.com.", "mx1.example.com", false),
        ("mx2.example.com", "mx1.example.com", false),
        ("example.com", "mx1.example.com", false),
        ("mx1.example.com", "example.com", false),
        ("xmx1.example.com", "mx1.example.com", false),
        ("mx1.example.com.evil.test", "mx1.example.com", false),
        ("xn--mller-kva.example", "xn--mller-kva.example", true),
        ("_mx.example.com", "_mx.example.com", true),
        ("mx1.example.com\0.evil.test", "mx1.example.com", false),
        (" mx1.example.com", "mx1.example.com", false),
        ("", "mx1.example.com", false),
    ] {
        assert_eq!(matches(&[dns(presented)], host), expected, "{presented:?} for {host}");
    }
}

#[test]
fn wildcards() {
    for (presented, host, expected) in [
        ("*.example.com", "mx1.example.com", true),
        ("*.EXAMPLE.com", "mx1.example.COM", true),
        ("*.example.com", "mx1.example.com.", true),
        ("*.example.com", "xn--mller-kva.example.com", true),
        ("*.example.com", "example.com", false),
        ("*.example.com", "a.mx1.example.com", false),
        ("*.example.com", "mx1.example.org", false),
        ("*.example.com.", "mx1.example.com", false),
        ("*.com", "example.com", false),
        ("*", "localhost", false),
        ("*.", "localhost", false),
        ("mx*.example.com", "mx1.example.com", false),
        ("*1.example.com", "mx1.example.com", false),
        ("m*1.example.com", "mx1.example.com", false),
        ("xn--*.example.com", "xn--mller-kva.example.com", false),
        ("mx1.*.com", "mx1.example.com", false),
        ("*.*.com", "mx1.example.com", false),
        ("**.example.com", "mx1.example.com", false),
        ("*.example.com", "_dmarc.example.com", true),
    ] {
        assert_eq!(matches(&[dns(presented)], host), expected, "{presented:?} for {host}");
    }
}

#[test]
fn addresses_match_address_entries_only() {
    assert!(matches(&[ip("203.0.113.5")], "203.0.113.5"));
    assert!(matches(&[ip("2001:db8::25")], "2001:db8:0:0::25"));
    assert!(!matches(&[ip("203.0.113.6")], "203.0.113.5"));
    assert!(!matches(&[ip("::ffff:203.0.113.5")], "203.0.113.5"));
    assert!(!matches(&[dns("203.0.113.5")], "203.0.113.5"));
    assert!(!matches(&[ip("203.0.113.5")], "mx1.example.com"));
}

#[test]
fn a_presented_u_label_matches_nothing() {
    // dNSName is an IA5String of A-labels (RFC 5280 §7.2); this one holds the UTF-8 of müller.example.
    let mut der = certificate(&[dns("m\u{1}\u{1}ller.example")]);
    let at = der.windows(3).position(|octets| octets == b"m\x01\x01").unwrap();
    der[at + 1..at + 3].copy_from_slice("ü".as_bytes());
    let facts = Certificate::read(&der).unwrap();
    let entry = PresentedIdentifier::Dns("müller.example".to_owned());
    assert_eq!(facts.subject_alt_names.as_deref(), Some(&[entry][..]));
    assert_eq!(identity(&facts, &reference("xn--mller-kva.example")), Identity::Mismatch);
    // Whoever asks puts the U-label into an A-label first.
    assert!(ReferenceIdentifier::dns("müller.example").is_err());
}

#[test]
fn a_certificate_without_a_subject_has_its_alternative_names() {
    let mut asked = params("");
    asked.distinguished_name = DistinguishedName::new();
    asked.subject_alt_names = vec![dns("mx1.example.com")];
    let facts = Certificate::read(&self_signed(asked).der).unwrap();
    assert_eq!((facts.subject.as_str(), facts.common_name.as_deref()), ("", None));
    assert!(matches!(identity(&facts, &reference("mx1.example.com")), Identity::Matches(_)));
    assert_eq!(identity(&facts, &reference("mx2.example.com")), Identity::Mismatch);
}

#[test]
fn the_first_entry_that_matches_is_named() {
    let der = certificate(&[dns("a.example.com"), dns("*.example.com"), dns("mx1.example.com")]);
    let answer = identity(&Certificate::read(&der).unwrap(), &reference("mx1.example.com"));
    assert_eq!(answer, Identity::Matches(PresentedIdentifier::Dns("*.example.com".to_owned())));
}

#[test]
fn the_last_of_many_names_is_found() {
    let facts = Certificate::read(&fixture(include_str!("fixtures/many-names.pem"))).unwrap();
    assert!(matches!(identity(&facts, &reference("mx400.many.example")), Identity::Matches(_)));
    assert!(matches!(identity(&facts, &reference("2001:db8::1")), Identity::Matches(_)));
    assert_eq!(identity(&facts, &reference("mx401.many.example")), Identity::Mismatch);
    assert_eq!(identity(&facts, &reference("many-names.example")), Identity::Mismatch);
}

#[test]
fn a_common_name_counts_only_as_what_it_is() {
    let facts = |common_name: &str, names: &[SanType]| {
        let mut asked = params(common_name);
        asked.subject_alt_names = names.to_vec();
        Certificate::read(&self_signed(asked).der).unwrap()
    };
    let only = |name: &str| Identity::CommonNameOnly(name.to_owned());
    let mx1 = reference("mx1.example.com");
    assert_eq!(identity(&facts("mx1.example.com", &[]), &mx1), only("mx1.example.com"));
    assert_eq!(identity(&facts("*.example.com", &[]), &mx1), only("*.example.com"));
    assert_eq!(identity(&facts("203.0.113.5", &[]), &reference("203.0.113.5")), only("203.0.113.5"));
    assert_eq!(identity(&facts("mx2.example.com", &[]), &mx1), Identity::Mismatch);
    assert_eq!(identity(&facts("mx1.example.com", &[dns("mx2.example.com")]), &mx1), Identity::Mismatch);
}

proptest! {
    /// Names from few labels, so that matches are common.
    #[test]
    fn webpki_agrees(
        presented in r"(\*\.|\*|)(a|B|xn--a|1|-|_|)(\.(a|b|1|)){0,3}",
        host in r"(a|b|xn--a|1)(\.(a|b)){0,3}\.?",
    ) {
        prop_assume!(ReferenceIdentifier::dns(&host).is_ok());
        matches(&[dns(&presented)], &host);
    }
}
