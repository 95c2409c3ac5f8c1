//! Identity: does a presented identifier match the reference identifier (RFC 9525)?

use std::fmt;
use std::net::IpAddr;

use crate::certificate::Certificate;
use crate::extensions::PresentedIdentifier;

/// Whether `certificate` is for `reference` (RFC 9525 §6); dates and path have no say in it.
///
/// A DNS name matches dNSName entries only, an address iPAddress entries only. The commonName is never
/// consulted, except to say that it alone carries the name.
pub fn identity(certificate: &Certificate, reference: &ReferenceIdentifier) -> Identity {
    let matching = certificate.presented_identifiers().find(|presented| match (presented, reference) {
        (PresentedIdentifier::Dns(presented), ReferenceIdentifier::Dns(reference)) => {
            dns_matches(presented, reference)
        }
        (PresentedIdentifier::Ip(presented), ReferenceIdentifier::Ip(reference)) => presented == reference,
        _ => false,
    });
    if let Some(presented) = matching {
        return Identity::Matches(presented.clone());
    }
    let no_alt_names = certificate.subject_alt_names.as_ref().is_none_or(Vec::is_empty);
    let common_name = certificate.common_name.as_ref().filter(|name| {
        no_alt_names
            && !malformed_alt_names(certificate)
            && match reference {
                ReferenceIdentifier::Dns(reference) => dns_matches(name, reference),
                ReferenceIdentifier::Ip(reference) => name.parse() == Ok(*reference),
            }
    });
    common_name.map_or(Identity::Mismatch, |name| Identity::CommonNameOnly(name.clone()))
}

/// The answer of [`identity`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// This entry of the subjectAltName extension matches, the first that does.
    Matches(PresentedIdentifier),
    /// Nothing matches: there are no alternative names at all, and the commonName, given here, would have
    /// matched by the rules of RFC 6125 §6.4.4, which RFC 9525 §2 withdrew.
    CommonNameOnly(String),
    /// Nothing matches.
    Mismatch,
}

/// What a client knows the server by (RFC 9525 §6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceIdentifier {
    /// A DNS name in A-label form, lower case, without the final dot; [`ReferenceIdentifier::dns`] makes it
    /// so.
    Dns(String),
    /// An address, for a server that is known by nothing else.
    Ip(IpAddr),
}

impl ReferenceIdentifier {
    /// A DNS name in A-label form, in any case of letters, with or without the final dot.
    ///
    /// Labels are letters, digits, hyphens (not at either end) and underscores, 1 to 63 of them, 253 in all;
    /// the last label is not all digits.
    pub fn dns(name: &str) -> Result<Self, NotADnsName> {
        let name = name.strip_suffix('.').unwrap_or(name);
        if is_dns_name(name) {
            Ok(ReferenceIdentifier::Dns(name.to_ascii_lowercase()))
        } else {
            Err(NotADnsName)
        }
    }
}

/// The text is no DNS name in A-label form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotADnsName;

impl fmt::Display for NotADnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a DNS name in A-label form")
    }
}

impl std::error::Error for NotADnsName {}

/// RFC 9525 §6.3: a wildcard is the whole left-most label and stands for exactly one label. As senders do
/// (OpenSSL, webpki), two labels at least must follow it, and a presented name that ends in a dot matches
/// nothing.
fn dns_matches(presented: &str, reference: &str) -> bool {
    match presented.strip_prefix("*.") {
        Some(parent) => {
            let below = reference.split_once('.');
            parent.contains('.')
                && is_dns_name(parent)
                && below.is_some_and(|(_, reference)| parent.eq_ignore_ascii_case(reference))
        }
        None => is_dns_name(presented) && presented.eq_ignore_ascii_case(reference),
    }
}

fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_')
    };
    let ends_in_number =
        name.rsplit('.').next().is_some_and(|last| last.bytes().all(|octet| octet.is_ascii_digit()));
    name.len() <= 253 && name.split('.').all(is_label) && !ends_in_number
}

fn malformed_alt_names(certificate: &Certificate) -> bool {
    certificate.malformed_extensions.iter().any(|oid| oid == "2.5.29.17")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_identifier_is_brought_into_form() {
        let dns = |name| ReferenceIdentifier::dns(name).ok();
        let mx1 = Some(ReferenceIdentifier::Dns("mx1.example.com".to_owned()));
        assert_eq!(dns("mx1.example.com"), mx1);
        assert_eq!(dns("MX1.Example.COM."), mx1);
        assert_eq!(dns("_mx.example.com"), Some(ReferenceIdentifier::Dns("_mx.example.com".to_owned())));
    }

    #[test]
    fn what_is_no_dns_name_is_no_reference_identifier() {
        let long_label = format!("{}.example", "a".repeat(64));
        let long_name = format!("{}example", "a.".repeat(124));
        for name in [
            "",
            ".",
            "a..b",
            ".a",
            "a.b..",
            "-a.b",
            "a-.b",
            "a b.c",
            "*.a.b",
            "mü.example",
            "192.0.2.1",
            "a.1",
        ]
        .into_iter()
        .chain([long_label.as_str(), long_name.as_str()])
        {
            assert_eq!(ReferenceIdentifier::dns(name), Err(NotADnsName), "{name:?}");
        }
    }
}
