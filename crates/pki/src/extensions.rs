//! The certificate extensions that a verdict or a reader needs (RFC 5280 §4.2).

use std::fmt;
use std::net::IpAddr;

use x509_parser::asn1_rs::FromDer;
use x509_parser::extensions::{BasicConstraints, GeneralName, X509Extension};

use crate::der::{Element, Elements, OCTET_STRING, OID, SEQUENCE, dotted, hex};
use crate::name::rfc4514;

/// A presented identifier (RFC 9525 §1.5), or another entry of the subjectAltName extension.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresentedIdentifier {
    /// dNSName, as written in the certificate, a wildcard included.
    Dns(String),
    /// iPAddress of 4 or 16 octets.
    Ip(IpAddr),
    /// rfc822Name
    Email(String),
    /// uniformResourceIdentifier
    Uri(String),
    /// directoryName, as RFC 4514 writes it.
    Directory(String),
    /// otherName
    OtherName {
        /// The dotted OID of its type.
        oid: String,
    },
    /// Any other kind, or one of the above that is malformed.
    Other {
        /// The number of the GeneralName choice (RFC 5280 §4.2.1.6).
        tag: u32,
        /// The content in lower-case hex.
        content: String,
    },
}

impl fmt::Display for PresentedIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PresentedIdentifier::Dns(name) => f.write_str(name),
            PresentedIdentifier::Ip(address) => address.fmt(f),
            PresentedIdentifier::Email(address) => write!(f, "email:{address}"),
            PresentedIdentifier::Uri(uri) => write!(f, "URI:{uri}"),
            PresentedIdentifier::Directory(name) => write!(f, "directoryName:{name}"),
            PresentedIdentifier::OtherName { oid } => write!(f, "otherName:{oid}"),
            PresentedIdentifier::Other { tag, content } => write!(f, "[{tag}]:{content}"),
        }
    }
}

/// A purpose of the extendedKeyUsage extension (RFC 5280 §4.2.1.12).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyPurpose {
    /// anyExtendedKeyUsage
    Any,
    /// id-kp-serverAuth
    ServerAuth,
    /// id-kp-clientAuth
    ClientAuth,
    /// id-kp-codeSigning
    CodeSigning,
    /// id-kp-emailProtection
    EmailProtection,
    /// id-kp-timeStamping
    TimeStamping,
    /// id-kp-OCSPSigning
    OcspSigning,
    /// Any other, by its dotted OID.
    Other(String),
}

impl KeyPurpose {
    fn read(oid: &[u8]) -> Self {
        match dotted(oid).as_str() {
            "2.5.29.37.0" => KeyPurpose::Any,
            "1.3.6.1.5.5.7.3.1" => KeyPurpose::ServerAuth,
            "1.3.6.1.5.5.7.3.2" => KeyPurpose::ClientAuth,
            "1.3.6.1.5.5.7.3.3" => KeyPurpose::CodeSigning,
            "1.3.6.1.5.5.7.3.4" => KeyPurpose::EmailProtection,
            "1.3.6.1.5.5.7.3.8" => KeyPurpose::TimeStamping,
            "1.3.6.1.5.5.7.3.9" => KeyPurpose::OcspSigning,
            other => KeyPurpose::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for KeyPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyPurpose::Any => "anyExtendedKeyUsage",
            KeyPurpose::ServerAuth => "serverAuth",
            KeyPurpose::ClientAuth => "clientAuth",
            KeyPurpose::CodeSigning => "codeSigning",
            KeyPurpose::EmailProtection => "emailProtection",
            KeyPurpose::TimeStamping => "timeStamping",
            KeyPurpose::OcspSigning => "OCSPSigning",
            KeyPurpose::Other(oid) => oid,
        })
    }
}

/// The bits of the keyUsage extension (RFC 5280 §4.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage {
    bits: u16,
}

impl KeyUsage {
    /// The names of the bits that are set, in the order of the RFC.
    pub fn names(&self) -> Vec<&'static str> {
        const NAMES: [&str; 9] = [
            "digitalSignature",
            "nonRepudiation",
            "keyEncipherment",
            "dataEncipherment",
            "keyAgreement",
            "keyCertSign",
            "cRLSign",
            "encipherOnly",
            "decipherOnly",
        ];
        NAMES
            .into_iter()
            .enumerate()
            .filter(|(bit, _)| self.bits >> bit & 1 == 1)
            .map(|(_, name)| name)
            .collect()
    }

    /// digitalSignature: whether the key may sign handshakes.
    pub fn is_for_signatures(&self) -> bool {
        self.bits & 1 != 0
    }

    /// keyEncipherment: whether the secret of a handshake may be encrypted to the key.
    pub fn is_for_key_encipherment(&self) -> bool {
        self.bits & 1 << 2 != 0
    }

    /// Whether the key may sign certificates.
    pub(crate) fn is_for_certificates(&self) -> bool {
        self.bits & 1 << 5 != 0
    }

    /// Whether the key may do any of what the key of a TLS server does: digitalSignature, keyEncipherment,
    /// keyAgreement.
    pub(crate) fn is_for_tls_server(&self) -> bool {
        self.bits & 0b1_0101 != 0
    }
}

/// What [`Extensions::read`] finds; of an extension that stands twice, which RFC 5280 forbids, the first
/// counts.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    pub(crate) subject_alt_names: Option<Vec<PresentedIdentifier>>,
    pub(crate) is_ca: bool,
    pub(crate) path_length: Option<u32>,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) key_purposes: Option<Vec<KeyPurpose>>,
    pub(crate) subject_key_identifier: Option<Vec<u8>>,
    pub(crate) authority_key_identifier: Option<Vec<u8>>,
    pub(crate) name_constraints: Option<Vec<u8>>,
    pub(crate) critical: Vec<String>,
    pub(crate) malformed: Vec<String>,
}

impl Extensions {
    pub(crate) fn read(extensions: &[X509Extension<'_>]) -> Self {
        let mut read = Extensions::default();
        let mut seen = Vec::new();
        for extension in extensions {
            let oid = dotted(extension.oid.as_bytes());
            if extension.critical {
                read.critical.push(oid.clone());
            }
            if seen.contains(&extension.oid) {
                continue;
            }
            if read.take(&oid, extension.value).is_none() {
                read.malformed.push(oid);
            }
            // Only the few below can ever be seen twice to any effect, so the list stays short.
            if extension.oid.as_bytes().starts_with(&[0x55, 0x1d]) {
                seen.push(extension.oid.clone());
            }
        }
        read
    }

    /// `None` where the value does not parse; what could be read of it is kept.
    fn take(&mut self, oid: &str, value: &[u8]) -> Option<()> {
        match oid {
            "2.5.29.14" => {
                self.subject_key_identifier =
                    Some(Elements::of(value).expect(OCTET_STRING)?.content.to_vec());
            }
            "2.5.29.15" => self.key_usage = Some(key_usage(value)?),
            "2.5.29.17" => {
                self.subject_alt_names = Some(Vec::new());
                let mut entries = Elements::of(Elements::of(value).expect(SEQUENCE)?.content);
                self.subject_alt_names = Some(entries.by_ref().map(presented).collect());
                return entries.rest().is_empty().then_some(());
            }
            "2.5.29.19" => {
                let (_, constraints) = BasicConstraints::from_der(value).ok()?;
                self.is_ca = constraints.ca;
                self.path_length = constraints.path_len_constraint;
            }
            "2.5.29.30" => {
                // What it holds is read where it is needed; that it is there counts in any case.
                let content = Elements::of(value).expect(SEQUENCE).map_or(&[][..], |whole| whole.content);
                self.name_constraints = Some(content.to_vec());
            }
            "2.5.29.35" => {
                let fields = Elements::of(Elements::of(value).expect(SEQUENCE)?.content);
                let mut fields = fields.filter(|field| field.is_context(0));
                self.authority_key_identifier = fields.next().map(|field| field.content.to_vec());
            }
            "2.5.29.37" => {
                self.key_purposes = Some(Vec::new());
                let mut purposes = Elements::of(Elements::of(value).expect(SEQUENCE)?.content);
                let oids = purposes.by_ref().filter(|purpose| purpose.is_universal(OID));
                self.key_purposes = Some(oids.map(|purpose| KeyPurpose::read(purpose.content)).collect());
                return purposes.rest().is_empty().then_some(());
            }
            _ => {}
        }
        Some(())
    }
}

fn key_usage(value: &[u8]) -> Option<KeyUsage> {
    let (_, usage) = x509_parser::extensions::KeyUsage::from_der(value).ok()?;
    Some(KeyUsage { bits: usage.flags })
}

fn presented(entry: Element<'_>) -> PresentedIdentifier {
    let tag = entry.any.tag().0;
    let content = entry.content;
    let known = match GeneralName::try_from(entry.any) {
        Ok(GeneralName::DNSName(name)) => Some(PresentedIdentifier::Dns(name.to_owned())),
        Ok(GeneralName::RFC822Name(address)) => Some(PresentedIdentifier::Email(address.to_owned())),
        Ok(GeneralName::URI(uri)) => Some(PresentedIdentifier::Uri(uri.to_owned())),
        Ok(GeneralName::DirectoryName(_)) => {
            let name = Elements::of(content).expect(SEQUENCE);
            name.map(|name| PresentedIdentifier::Directory(rfc4514(name.content)))
        }
        Ok(GeneralName::OtherName(oid, _)) => {
            Some(PresentedIdentifier::OtherName { oid: dotted(oid.as_bytes()) })
        }
        Ok(GeneralName::IPAddress(octets)) => address(octets).map(PresentedIdentifier::Ip),
        _ => None,
    };
    known.unwrap_or_else(|| PresentedIdentifier::Other { tag, content: hex(content, "") })
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_before_a_malformed_one_are_kept() {
        let mut read = Extensions::default();
        // SEQUENCE { [2] "a.example", 0xff } — the last octet is no element
        let value = [&[0x30, 0x0c, 0x82, 0x09][..], b"a.example", &[0xff]].concat();
        assert_eq!(read.take("2.5.29.17", &value), None);
        assert_eq!(read.subject_alt_names, Some(vec![PresentedIdentifier::Dns("a.example".to_owned())]));
    }

    #[test]
    fn an_address_of_five_octets_is_kept_as_it_is() {
        let mut read = Extensions::default();
        assert_eq!(read.take("2.5.29.17", &[0x30, 0x07, 0x87, 0x05, 1, 2, 3, 4, 5]), Some(()));
        let expected = PresentedIdentifier::Other { tag: 7, content: "0102030405".to_owned() };
        assert_eq!(read.subject_alt_names, Some(vec![expected]));
    }

    #[test]
    fn a_key_usage_names_its_bits() {
        assert_eq!(
            key_usage(&[0x03, 0x02, 0x05, 0xa0]).map(|usage| usage.names()),
            Some(vec!["digitalSignature", "keyEncipherment"])
        );
        assert_eq!(
            key_usage(&[0x03, 0x02, 0x01, 0x06]).map(|usage| usage.names()),
            Some(vec!["keyCertSign", "cRLSign"])
        );
        assert_eq!(key_usage(&[0x04, 0x00]), None);
    }

    #[test]
    fn a_key_usage_says_what_the_key_is_for() {
        for (bit, octet, certificates, tls_server) in [
            ("digitalSignature", 0x80, false, true),
            ("nonRepudiation", 0x40, false, false),
            ("keyEncipherment", 0x20, false, true),
            ("dataEncipherment", 0x10, false, false),
            ("keyAgreement", 0x08, false, true),
            ("keyCertSign", 0x04, true, false),
            ("cRLSign", 0x02, false, false),
            ("encipherOnly", 0x01, false, false),
        ] {
            let usage = key_usage(&[0x03, 0x02, 0x00, octet]).unwrap();
            assert_eq!(usage.names(), [bit]);
            assert_eq!((usage.is_for_certificates(), usage.is_for_tls_server()), (certificates, tls_server));
            assert_eq!(usage.is_for_signatures(), bit == "digitalSignature");
            assert_eq!(usage.is_for_key_encipherment(), bit == "keyEncipherment");
        }
    }
}
