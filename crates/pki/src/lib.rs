//! Certificates: DER → facts, the certification path to a trust anchor, and identity.
//!
//! Every question is asked on its own, because the answers are independent: an expired chain is not thereby
//! untrusted, and a certificate for another name may well be valid.
//!
//! - [`Certificate::read`] gives the facts of one certificate (RFC 5280), judging nothing.
//! - [`Verifier::path`] asks whether a path to a trust anchor holds for a TLS server, and lists every
//!   [`Fault`].
//! - [`Verifier::self_signed`] asks whether a certificate is signed with its own key.
//! - [`identity()`] asks whether a presented identifier matches the reference identifier (RFC 9525).
//!
//! The time is an argument, in Unix seconds, and so are the signature algorithms where they are not to be those of
//! [`Verifier::new`].
//! Nothing here panics, recurses without bound or spends unbounded time on hostile octets; the bounds are
//! [`MAX_CERTIFICATES`], [`MAX_PATHS`], [`MAX_SIGNATURES`] and [`MAX_EFFORT`].

mod anchors;
mod certificate;
mod chain;
mod constraints;
mod der;
mod extensions;
mod fault;
mod identity;
mod key;
mod ledger;
mod name;
mod path;
mod rules;
mod self_signed;
mod signature;

pub use anchors::{AnchorError, AnchorFault, TrustAnchors, WEBPKI_ROOTS_VERSION};
pub use certificate::{Certificate, Part, Unreadable};
pub use chain::{MAX_CERTIFICATES, MAX_PATHS};
pub use extensions::{KeyPurpose, KeyUsage, PresentedIdentifier};
pub use fault::Fault;
pub use heloscope_crypto::RSA_BITS;
pub use identity::{Identity, NotADnsName, ReferenceIdentifier, identity};
pub use key::{Curve, Key};
pub use ledger::{MAX_EFFORT, MAX_SIGNATURES};
pub use path::{Examined, PathVerdict, Trust, Verifier};
pub use self_signed::SelfSigned;
pub use signature::SignatureAlgorithm;
