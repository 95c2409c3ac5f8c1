//! Why a certification path does not hold, in words.

use heloscope_pki::{Fault, Part, Unreadable};
use heloscope_words::{mark, say, spoken};

use crate::facts::rfc3339;
use crate::visible::inert_within;

/// One fault of a path, a whole sentence.
pub(crate) fn fault_words(fault: &Fault) -> String {
    match fault {
        Fault::NoCertificate => say!("The server sent no certificate.").to_owned(),
        Fault::Unreadable => say!("The certificate cannot be read.").to_owned(),
        Fault::Expired { certificate, not_after } => {
            say!("{} expired on {}.", which(*certificate), date(*not_after))
        }
        Fault::NotYetValid { certificate, not_before } => {
            say!("{} is not valid before {}.", which(*certificate), date(*not_before))
        }
        Fault::SelfSigned => say!("The certificate is signed with its own key, and is no trust anchor.").to_owned(),
        Fault::MissingIntermediate { issuer } => {
            say!("The certificate of its issuer, {}, was not sent.", inert_within(issuer))
        }
        Fault::UntrustedRoot { root, sent: true } => {
            say!("The path ends at {}, which is not trusted.", inert_within(root))
        }
        Fault::UntrustedRoot { root, sent: false } => {
            say!("The path ends at {}, which is no trust anchor and was not sent.", inert_within(root))
        }
        Fault::BadSignature { certificate } => {
            say!("The signature of {} does not verify with the issuer's key that was sent or is trusted: an issuer of the same name \
                     with another key made it, or the certificate was altered.", which_within(*certificate))
        }
        Fault::WeakSignature { certificate } => {
            say!("The signature of {} is MD5 or SHA-1.", which_within(*certificate))
        }
        Fault::UnsupportedSignatureAlgorithm { certificate } => {
            say!("The signature of {} is of a kind that this test does not verify.", which_within(*certificate))
        }
        Fault::NotForServerAuth { certificate, any: true } => {
            say!("{} may be used for anything (anyExtendedKeyUsage) and does not name TLS servers: a client may refuse it (RFC 5280 \
                     §4.2.1.12), as OpenSSL does a server's.", which(*certificate))
        }
        Fault::NotForServerAuth { certificate, any: false } => {
            say!("{} may not be used for TLS servers (extended key usage).", which(*certificate))
        }
        Fault::WrongKeyUsage { certificate: 0 } => {
            barred_by_key_usage().to_owned()
        }
        Fault::WrongKeyUsage { certificate } => {
            say!("{} issued another, for which its key may not be used (key usage).", which(*certificate))
        }
        Fault::TrustAnchorExpired { anchor, not_after } => say!(
            "The trust anchor that was added, {}, expired on {}.",
            inert_within(anchor),
            date(*not_after)
        ),
        Fault::TrustAnchorNotYetValid { anchor, not_before } => say!(
            "The trust anchor that was added, {}, is not valid before {}.",
            inert_within(anchor),
            date(*not_before)
        ),
        Fault::CaAsEndEntity => {
            say!("The certificate is a certificate authority's (basic constraints). RFC 5280 has no rule against that: OpenSSL, and \
                     so Postfix, takes it for a server's, and webpki and Mozilla's clients refuse it.")
                .to_owned()
        }
        Fault::EndEntityAsCa { certificate } => {
            say!("{} may not issue certificates, and did.", which(*certificate))
        }
        Fault::UnsupportedCriticalExtension { certificate, oid } if fault.is_unknown() => {
            say!("{} has the critical extension {oid}, which is one of those for certificate policies (RFC 5280 §6.1): this test \
                     does not process them.", which(*certificate))
        }
        Fault::UnsupportedCriticalExtension { certificate, oid } => {
            say!("{} has the critical extension {oid}, which is not processed here; who does not \
                     process it must refuse the certificate (RFC 5280 §4.2).", which(*certificate))
        }
        Fault::UnsupportedVersion { certificate, version } => {
            say!("{} is of version {version}; only version 3 will do.", which(*certificate))
        }
        Fault::ExplicitCurve { certificate } => {
            say!("The key of {} gives its elliptic curve by parameters and not by name, which RFC 5480 §2.1.1 forbids.", which_within(*certificate))
        }
        Fault::NameConstraintViolation => say!("The names of the certificate break the name constraints of an issuer.").to_owned(),
        Fault::NamesNotCompared => {
            say!("An issuer has name constraints, and a name in them or in the certificate is no DNS name (as “m*.example.com” is \
                     none): OpenSSL, and so Postfix, compares it as it stands; webpki and Mozilla's clients refuse the path.")
                .to_owned()
        }
        Fault::PathLengthExceeded => say!("An issuer's path length constraint is exceeded.").to_owned(),
        Fault::SelfIssuedCounted => {
            say!("An authority may have fewer intermediates below it than there are, unless those that it issued to itself do \
                     not count (RFC 5280 §6.1.4): this test does not look further.")
                .to_owned()
        }
        Fault::EarlyDate { certificate } => {
            say!("A date of {} lies before 1970, which this test's path validation does not read.", which_within(*certificate))
        }
        Fault::PathTooLong => {
            say!("The path has more than six intermediates, which are the most that this test looks at.").to_owned()
        }
        Fault::SearchGivenUp => {
            say!("The search for a path was given up: too many certificates, or too many that may have issued one another.")
                .to_owned()
        }
        Fault::Distrusted => say!("The key of a certificate on the path is distrusted by name.").to_owned(),
        Fault::TrailingOctets => {
            say!("A certificate on the path breaks the rules of RFC 5280: octets follow its end, or that of a part of it.")
                .to_owned()
        }
        Fault::Malformed { part } => match part.and_then(part_words) {
            None => say!("A certificate on the path breaks the rules of RFC 5280.").to_owned(),
            Some(part) => say!("A certificate on the path breaks the rules of RFC 5280: {}.", part),
        },
        // The type may grow; its name says at least what it is.
        other => say!("The path does not hold: {}.", other.code().replace('_', " ")),
    }
}

/// The leaf's key is for no handshake at all.
pub(crate) fn barred_by_key_usage() -> &'static str {
    say!("The certificate's key may not be used for a TLS handshake (key usage).")
}

/// Why a certificate could not be read, a whole sentence.
pub(crate) fn unreadable_words(unreadable: &Unreadable) -> String {
    let Some(part) = part_words(unreadable.part) else {
        return say!("These {} octets are no DER certificate.", unreadable.length);
    };
    say!(
        "These {} octets do not parse as a certificate: what stands for {part} cannot be read.",
        unreadable.length
    )
}

fn part_words(part: Part) -> Option<&'static str> {
    Some(spoken(match part {
        Part::Version => mark!("its version"),
        Part::SerialNumber => mark!("its serial number"),
        Part::SignatureAlgorithm => mark!("its signature algorithm"),
        Part::Name => mark!("a name"),
        Part::Validity => mark!("its dates"),
        Part::PublicKey => mark!("its public key"),
        Part::UniqueIdentifier => mark!("a unique identifier"),
        Part::Extensions => mark!("its extensions"),
        Part::Signature => mark!("its signature"),
        _ => return None,
    }))
}

fn which(certificate: usize) -> String {
    match certificate {
        0 => say!("The certificate").to_owned(),
        number => say!("Certificate {} of the chain", number + 1),
    }
}

fn which_within(certificate: usize) -> String {
    match certificate {
        0 => say!("the certificate").to_owned(),
        number => say!("certificate {} of the chain", number + 1),
    }
}

/// The day, UTC.
pub(crate) fn date(seconds: i64) -> String {
    let time = rfc3339(seconds);
    time.and_then(|time| time.get(..10).map(str::to_owned))
        .unwrap_or_else(|| say!("a day beyond reckoning").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_the_certificate() {
        let expired = Fault::Expired { certificate: 1, not_after: 1_795_471_200 }; // 2026-11-23T22:00:00Z
        assert_eq!(fault_words(&expired), "Certificate 2 of the chain expired on 2026-11-23.");
        let missing = Fault::MissingIntermediate { issuer: "CN=R11\u{202e}".to_owned() };
        assert_eq!(fault_words(&missing), "The certificate of its issuer, CN=R11\\u{202e}, was not sent.");
        let usage = Fault::WrongKeyUsage { certificate: 1 };
        assert!(fault_words(&usage).starts_with("Certificate 2 of the chain issued another"));
    }

    #[test]
    fn a_trust_anchor_out_of_date_is_named_and_dated() {
        let anchor = "CN=Private\u{202e}".to_owned();
        let expired = Fault::TrustAnchorExpired { anchor: anchor.clone(), not_after: 1_795_471_200 }; // 2026-11-23
        assert_eq!(
            fault_words(&expired),
            "The trust anchor that was added, CN=Private\\u{202e}, expired on 2026-11-23."
        );
        let ahead = Fault::TrustAnchorNotYetValid { anchor, not_before: 1_795_471_200 };
        assert!(fault_words(&ahead).ends_with("is not valid before 2026-11-23."));
    }

    /// One that comes to pki later shows by its name until it stands here.
    #[test]
    fn every_fault_has_its_sentence() {
        let (certificate, issuer) = (0, "CN=x".to_owned());
        let all = [
            Fault::NoCertificate,
            Fault::Unreadable,
            Fault::Expired { certificate, not_after: 0 },
            Fault::NotYetValid { certificate, not_before: 0 },
            Fault::TrustAnchorExpired { anchor: issuer.clone(), not_after: 0 },
            Fault::TrustAnchorNotYetValid { anchor: issuer.clone(), not_before: 0 },
            Fault::SelfSigned,
            Fault::MissingIntermediate { issuer: issuer.clone() },
            Fault::UntrustedRoot { root: issuer, sent: true },
            Fault::BadSignature { certificate },
            Fault::WeakSignature { certificate },
            Fault::UnsupportedSignatureAlgorithm { certificate },
            Fault::NotForServerAuth { certificate, any: false },
            Fault::NotForServerAuth { certificate, any: true },
            Fault::WrongKeyUsage { certificate },
            Fault::CaAsEndEntity,
            Fault::EndEntityAsCa { certificate },
            Fault::UnsupportedCriticalExtension { certificate, oid: "1.2.3".to_owned() },
            Fault::UnsupportedVersion { certificate, version: 1 },
            Fault::ExplicitCurve { certificate },
            Fault::NameConstraintViolation,
            Fault::PathLengthExceeded,
            Fault::SelfIssuedCounted,
            Fault::EarlyDate { certificate },
            Fault::PathTooLong,
            Fault::SearchGivenUp,
            Fault::Distrusted,
            Fault::NamesNotCompared,
            Fault::TrailingOctets,
            Fault::Malformed { part: None },
            Fault::Malformed { part: Some(Part::SerialNumber) },
        ];
        for fault in &all {
            let words = fault_words(fault);
            assert!(!words.starts_with("The path does not hold:") && words.ends_with('.'), "{words}");
        }
    }
}
