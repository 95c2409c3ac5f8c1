//! The chain a server sent: facts of each certificate, and the three questions asked of the leaf.

use heloscope_observation::{Der, Host};
use heloscope_pki::{
    self as pki, Examined, Identity, PathVerdict, ReferenceIdentifier, SelfSigned, Unreadable, Verifier,
};
use time::OffsetDateTime;

use crate::visible::{inert, visible};
use crate::words::{fault_words, unreadable_words};
use crate::{Certificate, ChainError, LeafCertificate, MAX_SANS_SHOWN, Trust};

/// What is known of a chain; there is at least one certificate in it.
#[derive(Debug)]
pub(crate) struct ChainFacts {
    /// In the order sent.
    pub(crate) certificates: Vec<Result<pki::Certificate, Unreadable>>,
    /// Whether a path to a trust anchor holds.
    pub(crate) path: PathVerdict,
    /// Whether the leaf is for the host; `None` where the leaf cannot be read.
    pub(crate) identity: Option<Identity>,
    /// Whether each certificate that was looked at is signed with its own key.
    self_signed: Vec<SelfSigned>,
    /// Places in the chain of MD5 and SHA-1 signatures, roots aside.
    pub(crate) weak_signatures: Vec<usize>,
}

impl ChainFacts {
    /// Asks all questions of a chain; `None` for an empty one.
    pub(crate) fn of(chain: &[Der], host: &Host, verifier: &Verifier<'_>, now: i64) -> Option<Self> {
        let octets: Vec<&[u8]> = chain.iter().map(|der| der.0.as_slice()).collect();
        let certificates: Vec<_> = octets.iter().map(|der| pki::Certificate::read(der)).collect();
        let identity = certificates.first()?.as_ref().ok().map(|leaf| match reference(host) {
            Some(reference) => pki::identity(leaf, &reference),
            None => Identity::Mismatch,
        });
        let Examined { path, each_self_signed: self_signed, weak_signatures, .. } =
            verifier.examine(&octets, now)?;
        Some(Self { certificates, path, identity, self_signed, weak_signatures })
    }

    /// The leaf, where it can be read.
    pub(crate) fn leaf(&self) -> Option<&pki::Certificate> {
        self.certificates.first()?.as_ref().ok()
    }

    /// Every certificate in the report's terms.
    pub(crate) fn told(&self, now: i64) -> Vec<Certificate> {
        let places = self.certificates.iter().enumerate();
        places.map(|(place, read)| certificate(read, self.signed_with_own_key(place), now)).collect()
    }

    fn signed_with_own_key(&self, place: usize) -> Option<bool> {
        match self.self_signed.get(place)? {
            SelfSigned::Yes => Some(true),
            SelfSigned::No => Some(false),
            SelfSigned::Unverifiable => None,
        }
    }

    /// The leaf in the report's terms.
    pub(crate) fn judged(&self, now: i64) -> Option<LeafCertificate> {
        let facts = certificate(self.certificates.first()?, self.signed_with_own_key(0), now);
        let faults: Vec<String> = self.path.faults.iter().map(fault_words).collect();
        Some(LeafCertificate {
            facts,
            chain_valid: (!self.path.is_unknown()).then(|| self.path.holds()),
            chain_error: self.path.faults.first().map(chain_error),
            chain_error_text: (!faults.is_empty()).then(|| faults.join(" ")),
            trust: self.path.trust.map(|trust| match trust {
                pki::Trust::Webpki => Trust::Webpki,
                pki::Trust::Private => Trust::Private,
            }),
            hostname_match: self.identity.as_ref().map(|identity| matches!(identity, Identity::Matches(_))),
            self_signed: self
                .identity
                .as_ref()
                .and(self.self_signed.first())
                .map(|leaf| *leaf != SelfSigned::No),
            path_days_remaining: self
                .path
                .until
                .filter(|until| self.path.holds() && self.leaf().is_some_and(|leaf| *until < leaf.not_after))
                .map(|until| days_between(now, until)),
        })
    }
}

/// The facts of one certificate at a time in Unix seconds.
fn certificate(
    read: &Result<pki::Certificate, Unreadable>,
    signed_with_own_key: Option<bool>,
    now: i64,
) -> Certificate {
    match read {
        Ok(facts) => Certificate {
            // RFC 4514 has written its backslashes twice already.
            subject: Some(inert(&facts.subject)),
            issuer: Some(inert(&facts.issuer)),
            sans: facts.presented_identifiers().take(MAX_SANS_SHOWN).map(presented).collect(),
            sans_total: facts.presented_identifiers().count(),
            not_before: rfc3339(facts.not_before),
            not_after: rfc3339(facts.not_after),
            days_remaining: Some(days_between(now, facts.not_after)),
            serial: Some(facts.serial.clone()),
            sha256: facts.sha256.clone(),
            key: Some(facts.key.to_string()),
            signature_algorithm: Some(facts.signature_algorithm.to_string()),
            signed_with_own_key,
            unreadable: None,
        },
        Err(unreadable) => Certificate {
            subject: None,
            issuer: None,
            sans: Vec::new(),
            sans_total: 0,
            not_before: None,
            not_after: None,
            days_remaining: None,
            serial: None,
            sha256: unreadable.sha256.clone(),
            key: None,
            signature_algorithm: None,
            signed_with_own_key: None,
            unreadable: Some(unreadable_words(unreadable)),
        },
    }
}

/// An identifier as visible text.
pub(crate) fn presented(identifier: &pki::PresentedIdentifier) -> String {
    match identifier {
        // RFC 4514 has written its backslashes twice already.
        pki::PresentedIdentifier::Directory(_) => inert(&identifier.to_string()),
        _ => visible(identifier.to_string()),
    }
}

/// The host as a client knows it; `None` for a name that no certificate can carry.
fn reference(host: &Host) -> Option<ReferenceIdentifier> {
    match host {
        Host::Name(name) => ReferenceIdentifier::dns(name).ok(),
        Host::Address(address) => Some(ReferenceIdentifier::Ip(*address)),
    }
}

fn chain_error(fault: &pki::Fault) -> ChainError {
    use pki::Fault;
    match fault {
        Fault::Expired { .. } => ChainError::Expired,
        Fault::NotYetValid { .. } => ChainError::NotYetValid,
        Fault::UntrustedRoot { .. } => ChainError::UntrustedRoot,
        Fault::MissingIntermediate { .. } => ChainError::MissingIntermediate,
        Fault::SelfSigned => ChainError::SelfSigned,
        Fault::WeakSignature { .. } => ChainError::WeakSignature,
        Fault::BadSignature { .. } => ChainError::BadSignature,
        Fault::NotForServerAuth { .. } => ChainError::NotForServerAuth,
        Fault::WrongKeyUsage { .. } => ChainError::WrongKeyUsage,
        Fault::TrustAnchorExpired { .. } => ChainError::TrustAnchorExpired,
        Fault::TrustAnchorNotYetValid { .. } => ChainError::TrustAnchorNotYetValid,
        Fault::UnsupportedSignatureAlgorithm { .. } => ChainError::UnsupportedSignatureAlgorithm,
        Fault::Distrusted => ChainError::Distrusted,
        Fault::NameConstraintViolation | Fault::NamesNotCompared => ChainError::NameConstraints,
        Fault::CaAsEndEntity => ChainError::CertificateAuthority,
        Fault::EndEntityAsCa { .. } => ChainError::NotACertificateAuthority,
        Fault::UnsupportedCriticalExtension { .. } => ChainError::UnknownCriticalExtension,
        Fault::UnsupportedVersion { .. } => ChainError::UnsupportedVersion,
        Fault::ExplicitCurve { .. } => ChainError::ExplicitCurve,
        Fault::PathTooLong | Fault::PathLengthExceeded | Fault::SelfIssuedCounted => ChainError::PathTooLong,
        Fault::Unreadable => ChainError::Unreadable,
        Fault::SearchGivenUp => ChainError::SearchGivenUp,
        _ => ChainError::Other,
    }
}

/// Whole days from one time to another, both in Unix seconds, rounded down.
pub(crate) fn days_between(from: i64, until: i64) -> i64 {
    until.saturating_sub(from).div_euclid(86_400)
}

/// A time in Unix seconds as RFC 3339 writes it, UTC, whole seconds; `None` past the year 9999 and before the
/// year 0.
pub(crate) fn rfc3339(seconds: i64) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    // Put together by hand: the library's own formatting would be some kilobytes of a page's WebAssembly.
    Some(format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", u8::from(month)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_rounded_down() {
        let cases = [(0, 86_400, 1), (0, 86_399, 0), (0, 0, 0), (1, 0, -1), (86_400, 0, -1), (86_401, 0, -2)];
        for (from, until, days) in cases {
            assert_eq!(days_between(from, until), days, "{from} {until}");
        }
        assert_eq!(days_between(i64::MIN, i64::MAX), i64::MAX.div_euclid(86_400));
    }

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(rfc3339(1_795_471_504).as_deref(), Some("2026-11-23T22:05:04Z"));
        assert_eq!(rfc3339(253_402_300_799).as_deref(), Some("9999-12-31T23:59:59Z"));
        assert_eq!(rfc3339(i64::MAX), None);
    }
}
