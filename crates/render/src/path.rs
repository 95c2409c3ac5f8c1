//! Where the certificates that a server sent lead to.

use heloscope_report::{Certificate, ChainError, LeafCertificate, Port, Trust};

/// What stands at the end of the certificates sent, and was not sent itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// A root that a sender trusts.
    Trusted(Option<Trust>),
    /// A root that nobody trusts, or an intermediate.
    Untrusted,
    /// Nothing is known of it but its name.
    Unknown,
}

/// The issuer that the path from the leaf ends at, and what it is; `None` where the path ends with a certificate that was
/// sent, signed with its own key, where those that were sent issued one another, and where the search for a path was given up.
pub(crate) fn end(port: &Port) -> Option<(&str, End)> {
    let leaf = port.certificate.as_ref()?;
    if leaf.chain_error == Some(ChainError::SearchGivenUp) {
        return None;
    }
    let mut last = port.chain.first()?;
    // Each step leads to another one, or there is none: a circle is left somewhere.
    for _ in &port.chain {
        match issuer_of(last, &port.chain) {
            Some(next) => last = next,
            None => break,
        }
    }
    let (issuer, end) = (last.issuer.as_deref()?, what(leaf));
    let is_unsent = matches!(end, End::Trusted(_)) || issuer_of(last, &port.chain).is_none();
    (is_unsent && !is_root(last)).then_some((issuer, end))
}

/// Whether a certificate names itself as its issuer.
pub(crate) fn is_self_issued(certificate: &Certificate) -> bool {
    certificate.subject.is_some() && certificate.subject == certificate.issuer
}

/// Whether a certificate issued itself, as far as is known: another of the same name may have.
fn is_root(certificate: &Certificate) -> bool {
    is_self_issued(certificate) && certificate.signed_with_own_key != Some(false)
}

fn issuer_of<'a>(certificate: &Certificate, chain: &'a [Certificate]) -> Option<&'a Certificate> {
    chain.iter().find(|other| {
        !is_root(certificate)
            && other.subject.is_some()
            && other.subject == certificate.issuer
            && *other != certificate
    })
}

fn what(leaf: &LeafCertificate) -> End {
    match (leaf.chain_valid, leaf.chain_error, leaf.trust) {
        (Some(true), ..) | (_, _, Some(_)) => End::Trusted(leaf.trust),
        (_, Some(ChainError::MissingIntermediate | ChainError::UntrustedRoot), _) => End::Untrusted,
        _ => End::Unknown,
    }
}
