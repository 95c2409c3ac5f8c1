//! The trust anchors: Mozilla's bundle and private ones (RFC 5280 §6.1.1).

use std::fmt;

use heloscope_words::say;
use rustls_pki_types::pem::{self, PemObject, SectionKind};
use rustls_pki_types::{CertificateDer, TrustAnchor};

use crate::certificate::Certificate;

/// The version of the webpki-roots crate, which is the version of Mozilla's bundle that is compiled in.
pub const WEBPKI_ROOTS_VERSION: &str = "1.0.10";

/// The trust anchors that a path may end at.
///
/// Of an anchor, name, key and name constraints count (RFC 5280 §6.1.1 d), and of a private one its dates and
/// its pathLenConstraint: it comes as a certificate, and clients that have it installed hold to them. Of
/// Mozilla's the bundle has neither.
#[derive(Debug, Clone, Default)]
pub struct TrustAnchors {
    webpki: bool,
    private: Vec<PrivateAnchor>,
}

/// A trust anchor from outside the bundle, and the certificate that it came in.
#[derive(Debug, Clone)]
pub(crate) struct PrivateAnchor {
    pub(crate) anchor: TrustAnchor<'static>,
    pub(crate) der: Vec<u8>,
    pub(crate) facts: Certificate,
}

impl TrustAnchors {
    /// Mozilla's bundle, those of its roots that are trusted for TLS servers.
    pub fn webpki() -> Self {
        TrustAnchors { webpki: true, private: Vec::new() }
    }

    /// No trust anchor at all.
    pub fn none() -> Self {
        TrustAnchors::default()
    }

    /// Adds every `CERTIFICATE` block of a PEM text as a private anchor (RFC 7468) and returns how many there
    /// were.
    ///
    /// Blocks of another kind are passed over. Any certificate will do, of version 1 or 3, self-signed or
    /// not: its owner says that it is trusted. After an error nothing has been added.
    pub fn add_pem(&mut self, text: &str) -> Result<usize, AnchorError> {
        let mut added = Vec::new();
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()) {
            let block = added.len() + 1;
            let (kind, der) =
                section.map_err(|error| AnchorError { block, fault: AnchorFault::of(&error) })?;
            if kind == SectionKind::Certificate {
                added.push(
                    PrivateAnchor::read(der).ok_or(AnchorError { block, fault: AnchorFault::Unreadable })?,
                );
            }
        }
        if added.is_empty() {
            return Err(AnchorError { block: 0, fault: AnchorFault::NoCertificate });
        }
        let count = added.len();
        self.private.extend(added);
        Ok(count)
    }

    /// How many anchors there are in Mozilla's bundle; 0 where it is not among these anchors.
    pub fn webpki_count(&self) -> usize {
        self.bundle().len()
    }

    /// The facts of the private anchors, in the order they were added.
    pub fn private_certificates(&self) -> impl Iterator<Item = Certificate> {
        self.private.iter().map(|private| private.facts.clone())
    }

    pub(crate) fn bundle(&self) -> &'static [TrustAnchor<'static>] {
        if self.webpki { webpki_roots::TLS_SERVER_ROOTS } else { &[] }
    }

    pub(crate) fn private(&self) -> &[PrivateAnchor] {
        &self.private
    }
}

impl PrivateAnchor {
    fn read(der: Vec<u8>) -> Option<Self> {
        let facts = Certificate::read(&der).ok()?;
        let anchor = webpki::anchor_from_trusted_cert(&CertificateDer::from_slice(&der)).ok()?.to_owned();
        Some(PrivateAnchor { anchor, der, facts })
    }
}

/// Why a PEM text gave no trust anchors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorError {
    /// The `CERTIFICATE` block at fault, counted from 1; 0 where there is none.
    pub block: usize,
    /// What is wrong with it.
    pub fault: AnchorFault,
}

/// What is wrong with a block of a PEM text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnchorFault {
    /// The text has no `CERTIFICATE` block.
    NoCertificate,
    /// A `BEGIN` line is malformed.
    Begin,
    /// The `END` line is missing.
    End,
    /// What stands between the lines is no base64.
    Base64,
    /// The block holds no certificate that can be read.
    Unreadable,
}

impl AnchorFault {
    fn of(error: &pem::Error) -> Self {
        match error {
            pem::Error::MissingSectionEnd { .. } => AnchorFault::End,
            pem::Error::IllegalSectionStart { .. } => AnchorFault::Begin,
            pem::Error::Base64Decode(_) => AnchorFault::Base64,
            _ => AnchorFault::NoCertificate,
        }
    }
}

impl fmt::Display for AnchorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let block = self.block;
        match self.fault {
            AnchorFault::NoCertificate => f.write_str(say!("no CERTIFICATE block")),
            AnchorFault::Begin => f.write_str(&say!("certificate {block}: malformed BEGIN line")),
            AnchorFault::End => f.write_str(&say!("certificate {block}: END line missing")),
            AnchorFault::Base64 => f.write_str(&say!("certificate {block}: not base64")),
            AnchorFault::Unreadable => {
                f.write_str(&say!("certificate {block}: not a readable X.509 certificate"))
            }
        }
    }
}

impl std::error::Error for AnchorError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_bundle_is_that_of_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        let (_, after) = lock.split_once("name = \"webpki-roots\"\nversion = \"1.").unwrap();
        assert_eq!(WEBPKI_ROOTS_VERSION, format!("1.{}", after.split('"').next().unwrap()));
    }

    #[test]
    fn the_bundle_is_there_or_not() {
        assert!(TrustAnchors::webpki().webpki_count() > 100);
        assert_eq!(TrustAnchors::none().webpki_count(), 0);
    }

    #[test]
    fn a_text_that_gives_no_anchor_says_why() {
        let error = |text| TrustAnchors::none().add_pem(text).unwrap_err();
        assert_eq!(error("").fault, AnchorFault::NoCertificate);
        assert_eq!(error("hello\n").to_string(), "no CERTIFICATE block");
        assert_eq!(error("-----BEGIN CERTIFICATE----\n").to_string(), "certificate 1: malformed BEGIN line");
        assert_eq!(
            error("-----BEGIN CERTIFICATE-----\nMAA=\n").to_string(),
            "certificate 1: END line missing"
        );
        assert_eq!(
            error("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n").to_string(),
            "certificate 1: not base64"
        );
        assert_eq!(
            error("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n").to_string(),
            "certificate 1: not a readable X.509 certificate"
        );
    }
}
