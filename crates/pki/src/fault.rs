//! Why a certification path does not hold.

use crate::certificate::Part;

/// One reason why no certification path holds; a `certificate` is an index into the chain as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The server sent no certificate.
    NoCertificate,
    /// The leaf does not parse, so that nothing else can be asked.
    Unreadable,
    /// The time is past notAfter (RFC 5280 §4.1.2.5).
    Expired {
        /// The certificate.
        certificate: usize,
        /// Its notAfter in Unix seconds.
        not_after: i64,
    },
    /// The time is before notBefore (RFC 5280 §4.1.2.5).
    NotYetValid {
        /// The certificate.
        certificate: usize,
        /// Its notBefore in Unix seconds.
        not_before: i64,
    },
    /// The time is past notAfter of the private trust anchor that the path ends at.
    TrustAnchorExpired {
        /// The trust anchor, as RFC 4514 writes it.
        anchor: String,
        /// Its notAfter in Unix seconds.
        not_after: i64,
    },
    /// The time is before notBefore of the private trust anchor that the path ends at.
    TrustAnchorNotYetValid {
        /// The trust anchor, as RFC 4514 writes it.
        anchor: String,
        /// Its notBefore in Unix seconds.
        not_before: i64,
    },
    /// The leaf is signed with its own key, and is no trust anchor.
    SelfSigned,
    /// The leaf's issuer was not sent and is no trust anchor.
    MissingIntermediate {
        /// The issuer that is missing, as RFC 4514 writes it.
        issuer: String,
    },
    /// The path ends at a root that is no trust anchor.
    UntrustedRoot {
        /// The root, or the last issuer known of, as RFC 4514 writes it.
        root: String,
        /// Whether that certificate was sent.
        sent: bool,
    },
    /// The signature does not verify with the key of the issuer that was sent or is trusted.
    BadSignature {
        /// The certificate that carries the signature.
        certificate: usize,
    },
    /// The signature rests on MD5, SHA-1 or an older hash.
    WeakSignature {
        /// The certificate that carries the signature.
        certificate: usize,
    },
    /// The signature is of a kind that none of the given algorithms verifies.
    UnsupportedSignatureAlgorithm {
        /// The certificate that carries the signature.
        certificate: usize,
    },
    /// extendedKeyUsage is there and lacks serverAuth (RFC 5280 §4.2.1.12).
    NotForServerAuth {
        /// The certificate.
        certificate: usize,
        /// It has anyExtendedKeyUsage, which a client may refuse where it wants serverAuth, and may accept.
        any: bool,
    },
    /// keyUsage is there and lacks what the certificate is used for (RFC 5280 §4.2.1.3): keyCertSign of an
    /// issuer; digitalSignature, keyEncipherment and keyAgreement, all three, of the leaf.
    WrongKeyUsage {
        /// The certificate.
        certificate: usize,
    },
    /// The leaf, not being self-signed, is a CA certificate, which RFC 5280 allows, and webpki does not.
    CaAsEndEntity,
    /// An issuer in the path is no CA certificate (RFC 5280 §4.2.1.9).
    EndEntityAsCa {
        /// The certificate.
        certificate: usize,
    },
    /// A critical extension that path validation does not process (RFC 5280 §4.2). webpki, which validates
    /// here, processes fewer than the RFC defines: no policies among them.
    UnsupportedCriticalExtension {
        /// The certificate.
        certificate: usize,
        /// The dotted OID of the extension.
        oid: String,
    },
    /// The certificate is not of version 3.
    UnsupportedVersion {
        /// The certificate.
        certificate: usize,
        /// Its version.
        version: u32,
    },
    /// A key's curve is given by its parameters and not by its name, which RFC 5480 §2.1.1 forbids.
    ExplicitCurve {
        /// The certificate.
        certificate: usize,
    },
    /// A name breaks the name constraints of an issuer (RFC 5280 §4.2.1.10).
    NameConstraintViolation,
    /// An issuer has name constraints, and a name of the certificate, or one of theirs, is not of the form that
    /// webpki compares: a dNSName such as `m*.example.com`. As they are written, DNS names and addresses keep them.
    NamesNotCompared,
    /// pathLenConstraint of an issuer is exceeded (RFC 5280 §4.2.1.9).
    PathLengthExceeded,
    /// pathLenConstraint of an issuer holds, since self-issued certificates do not count (RFC 5280 §6.1.4 l); webpki
    /// counts them, and so does not look further.
    SelfIssuedCounted,
    /// A date lies before 1970, which webpki does not read and RFC 5280 §4.1.2.5 allows.
    EarlyDate {
        /// The certificate.
        certificate: usize,
    },
    /// The path has more than six intermediates, which are the most that webpki looks at.
    PathTooLong,
    /// No path was found within [`MAX_SIGNATURES`](crate::MAX_SIGNATURES), [`MAX_EFFORT`](crate::MAX_EFFORT),
    /// [`MAX_CERTIFICATES`](crate::MAX_CERTIFICATES) and [`MAX_PATHS`](crate::MAX_PATHS).
    SearchGivenUp,
    /// The key of a certificate is distrusted by name.
    Distrusted,
    /// Octets follow the end of a certificate, or that of a part of it.
    TrailingOctets,
    /// A certificate parses, but breaks the rules of DER or RFC 5280 in a way that path validation does not
    /// let pass.
    Malformed {
        /// What of it, where that is known.
        part: Option<Part>,
    },
}

impl Fault {
    /// Whether it is a limit of this validation, or what RFC 5280 leaves to it, and no rule that the certificates break: another
    /// may find that the path holds.
    pub fn is_unknown(&self) -> bool {
        /// What RFC 5280 §6.1 processes, and webpki does not: certificatePolicies, policyMappings, policyConstraints,
        /// inhibitAnyPolicy.
        const POLICIES: [&str; 4] = ["2.5.29.32", "2.5.29.33", "2.5.29.36", "2.5.29.54"];
        match self {
            Fault::UnsupportedCriticalExtension { oid, .. } => POLICIES.contains(&oid.as_str()),
            Fault::UnsupportedSignatureAlgorithm { .. }
            | Fault::NotForServerAuth { any: true, .. }
            | Fault::CaAsEndEntity
            | Fault::NamesNotCompared
            | Fault::SelfIssuedCounted
            | Fault::EarlyDate { .. }
            | Fault::PathTooLong
            | Fault::SearchGivenUp => true,
            _ => false,
        }
    }

    /// The name of the fault as the report's `chain_error` has it.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::NoCertificate => "no_certificate",
            Fault::Unreadable => "unreadable",
            Fault::Expired { .. } => "expired",
            Fault::NotYetValid { .. } => "not_yet_valid",
            Fault::TrustAnchorExpired { .. } => "trust_anchor_expired",
            Fault::TrustAnchorNotYetValid { .. } => "trust_anchor_not_yet_valid",
            Fault::SelfSigned => "self_signed",
            Fault::MissingIntermediate { .. } => "missing_intermediate",
            Fault::UntrustedRoot { .. } => "untrusted_root",
            Fault::BadSignature { .. } => "bad_signature",
            Fault::WeakSignature { .. } => "weak_signature",
            Fault::UnsupportedSignatureAlgorithm { .. } => "unsupported_signature_algorithm",
            Fault::NotForServerAuth { .. } => "not_for_server_auth",
            Fault::WrongKeyUsage { .. } => "wrong_key_usage",
            Fault::CaAsEndEntity => "ca_as_end_entity",
            Fault::EndEntityAsCa { .. } => "end_entity_as_ca",
            Fault::UnsupportedCriticalExtension { .. } => "unsupported_critical_extension",
            Fault::UnsupportedVersion { .. } => "unsupported_version",
            Fault::ExplicitCurve { .. } => "explicit_curve",
            Fault::NameConstraintViolation => "name_constraint_violation",
            Fault::NamesNotCompared => "names_not_compared",
            Fault::PathLengthExceeded => "path_length_exceeded",
            Fault::SelfIssuedCounted => "self_issued_counted",
            Fault::EarlyDate { .. } => "early_date",
            Fault::PathTooLong => "path_too_long",
            Fault::SearchGivenUp => "search_given_up",
            Fault::Distrusted => "distrusted",
            Fault::TrailingOctets => "trailing_octets",
            Fault::Malformed { .. } => "malformed",
        }
    }

    /// What webpki found wrong with a path whose signatures lead to a trust anchor; `None` where the facts of
    /// the certificates say the same and say of which certificate, and where webpki speaks of the signatures
    /// of another path.
    pub(crate) fn of(error: &webpki::Error) -> Option<Self> {
        use webpki::Error;
        Some(match error {
            Error::CaUsedAsEndEntity
            | Error::EndEntityUsedAsCa
            | Error::EmptyEkuExtension
            | Error::RequiredEkuNotFoundContext(_)
            | Error::CertExpired { .. }
            | Error::CertNotValidYet { .. }
            | Error::InvalidSignatureForPublicKey
            | Error::PathLenConstraintViolated
            | Error::UnsupportedCertVersion
            | Error::UnsupportedCriticalExtension
            | Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => return None,
            Error::NameConstraintViolation => Fault::NameConstraintViolation,
            Error::MaximumPathDepthExceeded => Fault::PathTooLong,
            Error::CertDistrusted => Fault::Distrusted,
            Error::MalformedDnsIdentifier
            | Error::MalformedNameConstraint
            | Error::InvalidNetworkMaskConstraint
            | Error::MaximumNameConstraintComparisonsExceeded => Fault::NamesNotCompared,
            Error::MaximumSignatureChecksExceeded | Error::MaximumPathBuildCallsExceeded => {
                Fault::SearchGivenUp
            }
            Error::TrailingData(_) => Fault::TrailingOctets,
            Error::BadDerTime | Error::InvalidCertValidity => Fault::Malformed { part: Some(Part::Validity) },
            Error::InvalidSerialNumber => Fault::Malformed { part: Some(Part::SerialNumber) },
            Error::SignatureAlgorithmMismatch => Fault::Malformed { part: Some(Part::SignatureAlgorithm) },
            Error::MalformedExtensions | Error::ExtensionValueInvalid => {
                Fault::Malformed { part: Some(Part::Extensions) }
            }
            _ => Fault::Malformed { part: None },
        })
    }
}
