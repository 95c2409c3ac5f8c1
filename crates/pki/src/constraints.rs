//! Name constraints (RFC 5280 §4.2.1.10), where webpki came to no verdict on them: it refuses a dNSName that is none, such as
//! `m*.example.com`, before it compares it. Here names are compared as they are written, as OpenSSL does.

use std::net::IpAddr;

use crate::chain::Sent;
use crate::der::{Elements, SEQUENCE};
use crate::extensions::PresentedIdentifier;

/// Comparisons of a name with a constraint, as many as webpki makes.
const MAX_COMPARISONS: usize = 250_000;

/// Whether a DNS name or an address of a path breaks the constraints of an issuer above it; `anchor` has the trust anchor's,
/// the content of the extension. False where it takes too many comparisons to tell.
pub(crate) fn break_constraints(path: &[&Sent<'_>], anchor: Option<&[u8]>) -> bool {
    let mut left = MAX_COMPARISONS;
    for below in 0..path.len() {
        let constraints = match path.get(below + 1) {
            Some(issuer) => issuer.facts.name_constraints.as_deref(),
            None => anchor,
        };
        let Some(constraints) = constraints else { continue };
        for (place, sent) in path[..=below].iter().enumerate() {
            // RFC 5280 §6.1.3 b
            let counts = place == 0 || !sent.facts.is_self_issued;
            for name in sent.facts.subject_alt_names.iter().flatten().filter(|_| counts) {
                if breaks(name, constraints, &mut left) {
                    return true;
                }
            }
        }
    }
    false
}

/// Whether a name is in an excluded subtree, or in none of the permitted ones of its kind.
fn breaks(name: &PresentedIdentifier, constraints: &[u8], left: &mut usize) -> bool {
    let (mut is_permitted, mut is_excluded) = (None, false);
    for subtrees in Elements::of(constraints) {
        for subtree in Elements::of(subtrees.content) {
            *left = left.saturating_sub(1);
            let base = subtree.is_universal(SEQUENCE).then(|| Elements::of(subtree.content).next()).flatten();
            let Some(base) = base.filter(|_| *left > 0) else { continue };
            let is_within = match name {
                PresentedIdentifier::Dns(name) if base.is_context(2) => is_below(name, base.content),
                PresentedIdentifier::Ip(address) if base.is_context(7) => is_in_range(*address, base.content),
                _ => continue,
            };
            if subtrees.is_context(0) {
                is_permitted = Some(is_permitted == Some(true) || is_within);
            } else {
                is_excluded |= is_within;
            }
        }
    }
    is_permitted == Some(false) || is_excluded
}

/// A base that begins with a dot leaves the name itself out.
fn is_below(name: &str, base: &[u8]) -> bool {
    let name = name.as_bytes();
    let Some(above) = name.len().checked_sub(base.len()) else { return false };
    let is_border = above == 0 || base.first().is_none_or(|first| *first == b'.') || name[above - 1] == b'.';
    is_border && name[above..].eq_ignore_ascii_case(base)
}

/// An address, and as many octets of a mask.
fn is_in_range(address: IpAddr, base: &[u8]) -> bool {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let (network, mask) = base.split_at(base.len() / 2);
    let mut places = octets.iter().zip(network).zip(mask);
    base.len() == 2 * octets.len() && places.all(|((octet, network), mask)| (octet ^ network) & mask == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_below_another_by_whole_labels() {
        for (name, base, expected) in [
            ("mx.example.com", "example.com", true),
            ("example.com", "Example.COM", true),
            ("example.com", ".example.com", false),
            ("mx.example.com", ".example.com", true),
            ("badexample.com", "example.com", false),
            ("*.com", "com", true),
            ("*.com", "example.com", false),
            (".example.com", "example.com", true),
            ("mx.example.com.", "example.com", false),
            ("", "com", false),
            ("mx.example.com", "", true),
        ] {
            assert_eq!(is_below(name, base.as_bytes()), expected, "{name} {base}");
        }
    }

    #[test]
    fn an_address_is_in_a_range_of_its_own_kind() {
        let range = [203, 0, 113, 0, 255, 255, 255, 0];
        let is_in = |address: &str| is_in_range(address.parse().unwrap(), &range);
        assert!(is_in("203.0.113.5") && !is_in("203.0.114.5") && !is_in("::ffff:203.0.113.5"));
        assert!(!is_in_range("203.0.113.5".parse().unwrap(), &range[..7]));
    }
}
