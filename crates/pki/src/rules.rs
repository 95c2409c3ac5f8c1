//! The rules that the facts of certificates keep or break, each asked on its own.

use crate::anchors::PrivateAnchor;
use crate::certificate::Certificate;
use crate::chain::Sent;
use crate::extensions::KeyPurpose;
use crate::fault::Fault;
use crate::key::{Curve, Key};
use crate::self_signed::SelfSigned;

pub(crate) fn time_fault(sent: &Sent<'_>, at: i64) -> Option<Fault> {
    let (certificate, facts) = (sent.index, &sent.facts);
    if at > facts.not_after {
        Some(Fault::Expired { certificate, not_after: facts.not_after })
    } else if at < facts.not_before {
        Some(Fault::NotYetValid { certificate, not_before: facts.not_before })
    } else {
        None
    }
}

pub(crate) fn anchor_time_fault(private: &PrivateAnchor, at: i64) -> Option<Fault> {
    let Certificate { not_before, not_after, .. } = private.facts;
    let anchor = || private.facts.subject.clone();
    if at > not_after {
        Some(Fault::TrustAnchorExpired { anchor: anchor(), not_after })
    } else if at < not_before {
        Some(Fault::TrustAnchorNotYetValid { anchor: anchor(), not_before })
    } else {
        None
    }
}

pub(crate) fn purpose_fault(sent: &Sent<'_>) -> Option<Fault> {
    let purposes = sent.facts.key_purposes.as_ref()?;
    (!purposes.contains(&KeyPurpose::ServerAuth)).then(|| Fault::NotForServerAuth {
        certificate: sent.index,
        any: purposes.contains(&KeyPurpose::Any),
    })
}

/// `position` is that in the path: the leaf's is 0.
pub(crate) fn key_usage_fault(position: usize, sent: &Sent<'_>) -> Option<Fault> {
    let usage = sent.facts.key_usage?;
    let allowed = if position == 0 { usage.is_for_tls_server() } else { usage.is_for_certificates() };
    (!allowed).then_some(Fault::WrongKeyUsage { certificate: sent.index })
}

/// webpki looks at no key but those that verify a signature.
pub(crate) fn curve_fault(sent: &Sent<'_>) -> Option<Fault> {
    let is_named = !matches!(sent.facts.key, Key::Ec { curve: Curve::Other { oid: None, .. } });
    (!is_named).then_some(Fault::ExplicitCurve { certificate: sent.index })
}

pub(crate) fn weak_signature(sent: &Sent<'_>) -> Option<Fault> {
    sent.facts.signature_algorithm.is_weak().then_some(Fault::WeakSignature { certificate: sent.index })
}

/// What is wrong with the certificates of a path, whatever the time and whoever trusts it.
pub(crate) fn constitution_faults(path: &[&Sent<'_>]) -> Vec<Fault> {
    /// What webpki processes beside the CT list: keyUsage, subjectAltName, basicConstraints, nameConstraints,
    /// cRLDistributionPoints, extendedKeyUsage.
    const PROCESSED: [&str; 7] = [
        "2.5.29.15",
        "2.5.29.17",
        "2.5.29.19",
        "2.5.29.30",
        "2.5.29.31",
        "2.5.29.37",
        "1.3.6.1.4.1.11129.2.4.2",
    ];
    let mut faults: Vec<Fault> = path.iter().filter_map(|sent| purpose_fault(sent)).collect();
    faults.extend(path.iter().enumerate().filter_map(|(position, sent)| key_usage_fault(position, sent)));
    for (position, sent) in path.iter().enumerate() {
        let (certificate, facts) = (sent.index, &sent.facts);
        if facts.version != 3 {
            faults.push(Fault::UnsupportedVersion { certificate, version: facts.version });
        }
        faults.extend(curve_fault(sent));
        let critical = facts.critical_extensions.iter().filter(|oid| !PROCESSED.contains(&oid.as_str()));
        faults.extend(
            critical.map(|oid| Fault::UnsupportedCriticalExtension { certificate, oid: oid.clone() }).take(1),
        );
        match (position, facts.is_ca) {
            // OpenSSL makes self-signed certificates with cA true by default: that is not what ails them.
            (0, true) if sent.self_signed == SelfSigned::No => faults.push(Fault::CaAsEndEntity),
            (1.., false) if facts.version == 3 => faults.push(Fault::EndEntityAsCa { certificate }),
            _ => {}
        }
    }
    faults
}

/// Whether an issuer among the certificates of a path allows fewer intermediates. webpki asks this too, but
/// where several certificates have one name it may answer for another path.
pub(crate) fn path_length_fault(path: &[&Sent<'_>]) -> Option<Fault> {
    let faults = path.iter().enumerate().filter_map(|(position, sent)| {
        let length = sent.facts.path_length?;
        length_fault(length, path.get(1..position)?)
    });
    worst(faults)
}

/// Whether an issuer that allows `length` intermediates has more than that below it.
pub(crate) fn length_fault(length: u32, intermediates: &[&Sent<'_>]) -> Option<Fault> {
    let length = length as usize;
    // RFC 5280 §6.1.4 l
    let counted = intermediates.iter().filter(|sent| !sent.facts.is_self_issued).count();
    match intermediates.len() {
        _ if counted > length => Some(Fault::PathLengthExceeded),
        all if all > length => Some(Fault::SelfIssuedCounted),
        _ => None,
    }
}

/// What breaks a rule before what is only not known.
fn worst(faults: impl Iterator<Item = Fault>) -> Option<Fault> {
    faults.min_by_key(Fault::is_unknown)
}

/// A date that webpki does not read.
pub(crate) fn early_date_fault(path: &[&Sent<'_>]) -> Option<Fault> {
    let early = path.iter().find(|sent| sent.facts.not_before < 0 || sent.facts.not_after < 0)?;
    Some(Fault::EarlyDate { certificate: early.index })
}
