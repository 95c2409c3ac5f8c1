//! The facts of one certificate (RFC 5280 §4.1), judging nothing.

use sha2::{Digest, Sha256};
use x509_parser::certificate::X509CertificateParser;
use x509_parser::error::X509Error;
use x509_parser::nom::{self, Parser};

use crate::der::{Parts, hex};
use crate::extensions::{Extensions, KeyPurpose, KeyUsage, PresentedIdentifier};
use crate::key::Key;
use crate::name::{common_name, rfc4514};
use crate::signature::SignatureAlgorithm;

/// The facts of one certificate, owned; its size is bounded by that of the DER.
///
/// Texts are as the certificate has them, control and bidi characters included: whoever shows them makes them
/// visible.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// The subject as RFC 4514 writes it, most specific RDN first: `CN=mx1.example.com`; empty where it is
    /// empty. What of it cannot be read is `#` and hex.
    pub subject: String,
    /// The issuer, written as the subject is.
    pub issuer: String,
    /// The most specific commonName of the subject, unescaped; it never identifies a server (RFC 9525 §2).
    pub common_name: Option<String>,
    /// The entries of the subjectAltName extension in their order, all of them; `None` without the extension.
    pub subject_alt_names: Option<Vec<PresentedIdentifier>>,
    /// notBefore in Unix seconds; the years 0 to 9999 fit.
    pub not_before: i64,
    /// notAfter in Unix seconds; the certificate is valid up to and including it.
    pub not_after: i64,
    /// The content octets of the serial number in lower-case hex, `03:a1:…`: a leading `00` is kept, and a
    /// first octet of 80 or more means a negative number.
    pub serial: String,
    /// SHA-256 of the DER in lower-case hex.
    pub sha256: String,
    /// The kind and size of the subject's public key.
    pub key: Key,
    /// The algorithm of the issuer's signature.
    pub signature_algorithm: SignatureAlgorithm,
    /// 1, 2 or 3; any other number as the certificate has it, plus one.
    pub version: u32,
    /// cA of basicConstraints (RFC 5280 §4.2.1.9); false without the extension.
    pub is_ca: bool,
    /// pathLenConstraint of basicConstraints.
    pub path_length: Option<u32>,
    /// The keyUsage extension; `None` without it.
    pub key_usage: Option<KeyUsage>,
    /// The extendedKeyUsage extension; `None` without it.
    pub key_purposes: Option<Vec<KeyPurpose>>,
    /// The subjectKeyIdentifier extension.
    pub subject_key_identifier: Option<Vec<u8>>,
    /// keyIdentifier of the authorityKeyIdentifier extension.
    pub authority_key_identifier: Option<Vec<u8>>,
    /// Whether there is a nameConstraints extension (RFC 5280 §4.2.1.10).
    pub has_name_constraints: bool,
    /// Its content.
    pub(crate) name_constraints: Option<Vec<u8>>,
    /// The dotted OIDs of the extensions marked critical.
    pub critical_extensions: Vec<String>,
    /// The dotted OIDs of those extensions among the above facts whose value does not parse.
    pub malformed_extensions: Vec<String>,
    /// Whether subject and issuer are the same name, octet by octet (RFC 5280 §3.2, self-issued); whether it
    /// is also signed with its own key is for [`Verifier::self_signed`](crate::Verifier::self_signed).
    pub is_self_issued: bool,
    /// How many octets follow the certificate in what was sent; 0 where it is well-formed.
    pub trailing_octets: usize,
}

impl Certificate {
    /// Reads a certificate from its DER.
    ///
    /// Oddities that do not hide the facts are let pass: a negative serial number, an old version, extensions
    /// that do not parse, octets after the end. Of what does not parse at all, hash, length and the part that
    /// failed remain.
    pub fn read(der: &[u8]) -> Result<Certificate, Unreadable> {
        let unreadable = |part| Unreadable { sha256: sha256(der), length: der.len(), part };
        let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
        let (rest, x509) = parser.parse(der).map_err(|error| unreadable(Part::of(&error)))?;
        let parts = Parts::of(der).ok_or_else(|| unreadable(Part::Structure))?;
        let extensions = Extensions::read(x509.extensions());
        Ok(Certificate {
            subject: rfc4514(parts.subject),
            issuer: rfc4514(parts.issuer),
            common_name: common_name(x509.subject()),
            subject_alt_names: extensions.subject_alt_names,
            not_before: x509.validity().not_before.timestamp(),
            not_after: x509.validity().not_after.timestamp(),
            serial: hex(x509.raw_serial(), ":"),
            sha256: sha256(der),
            key: Key::read(x509.public_key()),
            signature_algorithm: SignatureAlgorithm::read(parts.algorithm),
            version: x509.version().0.saturating_add(1),
            is_ca: extensions.is_ca,
            path_length: extensions.path_length,
            key_usage: extensions.key_usage,
            key_purposes: extensions.key_purposes,
            subject_key_identifier: extensions.subject_key_identifier,
            authority_key_identifier: extensions.authority_key_identifier,
            has_name_constraints: extensions.name_constraints.is_some(),
            name_constraints: extensions.name_constraints,
            critical_extensions: extensions.critical,
            malformed_extensions: extensions.malformed,
            is_self_issued: parts.subject == parts.issuer,
            trailing_octets: rest.len(),
        })
    }

    /// The dNSName and iPAddress entries of the subjectAltName extension.
    pub fn presented_identifiers(&self) -> impl Iterator<Item = &PresentedIdentifier> {
        let names = self.subject_alt_names.iter().flatten();
        names.filter(|name| matches!(name, PresentedIdentifier::Dns(_) | PresentedIdentifier::Ip(_)))
    }

    /// The critical extensions that RFC 5280 §4.2 does not define: a certificate user must reject them.
    pub fn unrecognized_critical_extensions(&self) -> impl Iterator<Item = &str> {
        const DEFINED: [&str; 18] = [
            "2.5.29.9",
            "2.5.29.14",
            "2.5.29.15",
            "2.5.29.16",
            "2.5.29.17",
            "2.5.29.18",
            "2.5.29.19",
            "2.5.29.30",
            "2.5.29.31",
            "2.5.29.32",
            "2.5.29.33",
            "2.5.29.35",
            "2.5.29.36",
            "2.5.29.37",
            "2.5.29.46",
            "2.5.29.54",
            "1.3.6.1.5.5.7.1.1",
            "1.3.6.1.5.5.7.1.11",
        ];
        self.critical_extensions.iter().map(String::as_str).filter(|oid| !DEFINED.contains(oid))
    }
}

/// A certificate that does not parse, shown as what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unreadable {
    /// SHA-256 of the octets in lower-case hex.
    pub sha256: String,
    /// How many octets there are.
    pub length: usize,
    /// The part that did not parse.
    pub part: Part,
}

/// The part of a certificate that did not parse (RFC 5280 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The octets are no DER certificate.
    Structure,
    /// version
    Version,
    /// serialNumber
    SerialNumber,
    /// signature or signatureAlgorithm
    SignatureAlgorithm,
    /// issuer or subject
    Name,
    /// validity
    Validity,
    /// subjectPublicKeyInfo
    PublicKey,
    /// issuerUniqueID or subjectUniqueID
    UniqueIdentifier,
    /// extensions
    Extensions,
    /// signatureValue
    Signature,
}

impl Part {
    fn of(error: &nom::Err<X509Error>) -> Self {
        let (nom::Err::Error(error) | nom::Err::Failure(error)) = error else { return Part::Structure };
        match error {
            X509Error::InvalidVersion => Part::Version,
            X509Error::InvalidSerial => Part::SerialNumber,
            X509Error::InvalidAlgorithmIdentifier => Part::SignatureAlgorithm,
            X509Error::InvalidX509Name => Part::Name,
            X509Error::InvalidDate => Part::Validity,
            X509Error::InvalidSPKI => Part::PublicKey,
            X509Error::InvalidIssuerUID | X509Error::InvalidSubjectUID => Part::UniqueIdentifier,
            X509Error::InvalidExtensions => Part::Extensions,
            X509Error::InvalidSignatureValue => Part::Signature,
            _ => Part::Structure,
        }
    }
}

fn sha256(octets: &[u8]) -> String {
    hex(&Sha256::digest(octets), "")
}
