//! Whether a certificate is signed with its own key.

use crate::der::Parts;
use crate::ledger::{Signature, Signatures};

/// Whether a certificate is signed with its own key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfSigned {
    /// Subject and issuer are one name, and the signature verifies with the certificate's own key.
    Yes,
    /// The names differ, or another key made the signature.
    No,
    /// Subject and issuer are one name, but no algorithm at hand verifies the signature, or too many had to be
    /// verified before. [`Verifier::path`](crate::Verifier::path) takes it for a yes.
    Unverifiable,
}

impl SelfSigned {
    pub(crate) fn of(parts: &Parts<'_>, signatures: &Signatures<'_>) -> Self {
        if parts.subject != parts.issuer {
            return Self::No;
        }
        match signatures.verify(parts, parts.key) {
            Signature::Valid => Self::Yes,
            Signature::Invalid => Self::No,
            Signature::Unsupported | Signature::NotVerified => Self::Unverifiable,
        }
    }

    /// Of a certificate as it was sent; `No` where its parts cannot be told.
    pub(crate) fn of_der(der: &[u8], signatures: &Signatures<'_>) -> Self {
        Parts::of(der).map_or(Self::No, |parts| Self::of(&parts, signatures))
    }
}
