//! Signature algorithms of certificates.

use std::fmt;

use crate::der::{Elements, OID, SEQUENCE, dotted};

/// The signatureAlgorithm of a certificate (RFC 5280 §4.1.1.2); its `Display` is the usual name, such as
/// `sha256WithRSAEncryption`, or the dotted OID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    oid: String,
    weak: bool,
}

impl SignatureAlgorithm {
    /// From the content of an AlgorithmIdentifier.
    pub(crate) fn read(algorithm: &[u8]) -> Self {
        let mut elements = Elements::of(algorithm);
        let oid = elements.expect(OID).map(|oid| dotted(oid.content)).unwrap_or_default();
        let weak = match oid.as_str() {
            "1.2.840.113549.1.1.10" => pss_hash_is_sha1(elements.rest()),
            // RSA with MD2, MD4, MD5 and SHA-1; OIW's sha1WithRSA; DSA and ECDSA with SHA-1
            "1.2.840.113549.1.1.2"
            | "1.2.840.113549.1.1.3"
            | "1.2.840.113549.1.1.4"
            | "1.2.840.113549.1.1.5"
            | "1.3.14.3.2.29"
            | "1.2.840.10040.4.3"
            | "1.2.840.10045.4.1" => true,
            _ => false,
        };
        SignatureAlgorithm { oid, weak }
    }

    /// The dotted OID.
    pub fn oid(&self) -> &str {
        &self.oid
    }

    /// Whether the signature rests on MD2, MD4, MD5 or SHA-1 (RFC 6151, RFC 9155).
    pub fn is_weak(&self) -> bool {
        self.weak
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.oid.as_str() {
            "1.2.840.113549.1.1.2" => "md2WithRSAEncryption",
            "1.2.840.113549.1.1.3" => "md4WithRSAEncryption",
            "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
            "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "sha1WithRSAEncryption",
            "1.2.840.113549.1.1.10" => "rsassaPss",
            "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
            "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
            "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
            "1.2.840.113549.1.1.14" => "sha224WithRSAEncryption",
            "1.2.840.10040.4.3" => "dsa-with-SHA1",
            "2.16.840.1.101.3.4.3.2" => "dsa-with-SHA256",
            "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
            "1.2.840.10045.4.3.1" => "ecdsa-with-SHA224",
            "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
            "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
            "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
            "1.3.101.112" => "Ed25519",
            "1.3.101.113" => "Ed448",
            "2.16.840.1.101.3.4.3.17" => "id-ml-dsa-44",
            "2.16.840.1.101.3.4.3.18" => "id-ml-dsa-65",
            "2.16.840.1.101.3.4.3.19" => "id-ml-dsa-87",
            other => other,
        })
    }
}

/// RSASSA-PSS names its hash in the parameters; absent, it is SHA-1 (RFC 4055 §3.1).
fn pss_hash_is_sha1(parameters: &[u8]) -> bool {
    const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
    let Some(parameters) = Elements::of(parameters).expect(SEQUENCE) else { return true };
    let Some(hash) = Elements::of(parameters.content).next().filter(|element| element.is_context(0)) else {
        return true;
    };
    let hash = Elements::of(hash.content).expect(SEQUENCE);
    hash.and_then(|hash| Elements::of(hash.content).expect(OID)).is_none_or(|oid| oid.content == SHA1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pss(parameters: &[u8]) -> SignatureAlgorithm {
        let oid = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
        SignatureAlgorithm::read(&[&oid, parameters].concat())
    }

    #[test]
    fn pss_without_a_hash_is_sha1() {
        assert!(pss(&[0x30, 0x00]).is_weak());
        // [0] { SEQUENCE { OID 1.3.14.3.2.26 } }
        let sha1 = [0x30, 0x0b, 0xa0, 0x09, 0x30, 0x07, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a];
        assert!(pss(&sha1).is_weak());
    }

    #[test]
    fn pss_with_sha256_is_not_weak() {
        // [0] { SEQUENCE { OID 2.16.840.1.101.3.4.2.1 } }
        let sha256 = [
            0x30, 0x0f, 0xa0, 0x0d, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
            0x01,
        ];
        let algorithm = pss(&sha256);
        assert!(!algorithm.is_weak());
        assert_eq!(algorithm.to_string(), "rsassaPss");
    }

    #[test]
    fn an_unknown_algorithm_is_its_oid() {
        let algorithm = SignatureAlgorithm::read(&[0x06, 0x03, 0x88, 0x37, 0x01]);
        assert_eq!((algorithm.to_string().as_str(), algorithm.is_weak()), ("2.999.1", false));
    }
}
