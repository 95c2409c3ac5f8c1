//! Public keys: kind and strength (RFC 5480, RFC 8017, RFC 8410).

use std::fmt;

use heloscope_crypto::modulus_bits;
use x509_parser::asn1_rs::Tag;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::der::dotted;

/// The kind and size of a public key; its `Display` is what the report shows: `RSA 2048`, `RSA-PSS 2048`, `ECDSA P-256`,
/// `Ed25519`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Key {
    /// An RSA key.
    Rsa {
        /// The length of the modulus in bits; 0 where the key has none.
        bits: u32,
    },
    /// An RSA key restricted to RSASSA-PSS (RFC 4055 §1.2).
    RsaPss {
        /// The length of the modulus in bits; 0 where the key has none.
        bits: u32,
    },
    /// A key on an elliptic curve for ECDSA.
    Ec {
        /// The curve.
        curve: Curve,
    },
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Ed448 (RFC 8410).
    Ed448,
    /// Any other kind.
    Other {
        /// The dotted OID of the algorithm.
        oid: String,
    },
}

/// The curve of an elliptic-curve key (RFC 5480 §2.1.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Curve {
    /// secp192r1
    P192,
    /// secp224r1
    P224,
    /// secp256r1
    P256,
    /// secp384r1
    P384,
    /// secp521r1
    P521,
    /// secp256k1
    Secp256k1,
    /// Any other named curve, or explicit parameters, which RFC 5480 forbids.
    Other {
        /// The dotted OID; `None` where the parameters name no curve.
        oid: Option<String>,
        /// The length of a coordinate in bits, rounded up to octets; 0 where the point does not parse.
        bits: u32,
    },
}

impl Key {
    pub(crate) fn read(spki: &SubjectPublicKeyInfo<'_>) -> Self {
        let oid = dotted(spki.algorithm.algorithm.as_bytes());
        let key = spki.subject_public_key.data.as_ref();
        match oid.as_str() {
            "1.2.840.113549.1.1.1" => Key::Rsa { bits: modulus_bits(key).unwrap_or(0) },
            "1.2.840.113549.1.1.10" => Key::RsaPss { bits: modulus_bits(key).unwrap_or(0) },
            "1.2.840.10045.2.1" => {
                let parameters = spki.algorithm.parameters.as_ref().filter(|any| any.tag() == Tag::Oid);
                Key::Ec { curve: Curve::read(parameters.map(|any| dotted(any.data)), key) }
            }
            "1.3.101.112" => Key::Ed25519,
            "1.3.101.113" => Key::Ed448,
            _ => Key::Other { oid },
        }
    }

    /// The strength in bits, as the kind of key counts it: of the RSA modulus or the curve; `None` where not
    /// known.
    pub fn bits(&self) -> Option<u32> {
        match self {
            Key::Rsa { bits } | Key::RsaPss { bits } => Some(*bits),
            Key::Ec { curve } => Some(curve.bits()),
            Key::Ed25519 => Some(256),
            Key::Ed448 => Some(456),
            Key::Other { .. } => None,
        }
    }

    /// Whether the key is too short: RSA below 2048 bits, a curve below 224 (NIST SP 800-131A).
    pub fn is_weak(&self) -> bool {
        match self {
            Key::Rsa { bits } | Key::RsaPss { bits } => *bits < 2048,
            Key::Ec { curve } => curve.bits() < 224,
            _ => false,
        }
    }
}

impl Curve {
    fn read(oid: Option<String>, point: &[u8]) -> Self {
        match oid.as_deref() {
            Some("1.2.840.10045.3.1.1") => Curve::P192,
            Some("1.3.132.0.33") => Curve::P224,
            Some("1.2.840.10045.3.1.7") => Curve::P256,
            Some("1.3.132.0.34") => Curve::P384,
            Some("1.3.132.0.35") => Curve::P521,
            Some("1.3.132.0.10") => Curve::Secp256k1,
            _ => Curve::Other { oid, bits: coordinate_bits(point) },
        }
    }

    /// The size of the curve in bits.
    pub fn bits(&self) -> u32 {
        match self {
            Curve::P192 => 192,
            Curve::P224 => 224,
            Curve::P256 | Curve::Secp256k1 => 256,
            Curve::P384 => 384,
            Curve::P521 => 521,
            Curve::Other { bits, .. } => *bits,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Rsa { bits } => write!(f, "RSA {bits}"),
            Key::RsaPss { bits } => write!(f, "RSA-PSS {bits}"),
            Key::Ec { curve } => write!(f, "ECDSA {curve}"),
            Key::Ed25519 => f.write_str("Ed25519"),
            Key::Ed448 => f.write_str("Ed448"),
            Key::Other { oid } => f.write_str(match oid.as_str() {
                "1.2.840.10040.4.1" => "DSA",
                "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
                "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
                "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
                other => other,
            }),
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Curve::P192 => "P-192",
            Curve::P224 => "P-224",
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
            Curve::Secp256k1 => "secp256k1",
            Curve::Other { oid, .. } => match oid.as_deref() {
                Some("1.3.36.3.3.2.8.1.1.7") => "brainpoolP256r1",
                Some("1.3.36.3.3.2.8.1.1.11") => "brainpoolP384r1",
                Some("1.3.36.3.3.2.8.1.1.13") => "brainpoolP512r1",
                Some(oid) => oid,
                None => "explicit parameters",
            },
        })
    }
}

fn coordinate_bits(point: &[u8]) -> u32 {
    let octets = match point {
        [4, rest @ ..] => rest.len() / 2,
        [2 | 3, rest @ ..] => rest.len(),
        _ => 0,
    };
    u32::try_from(octets * 8).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_is_below_the_limit_and_not_at_it() {
        assert!(Key::Rsa { bits: 2047 }.is_weak());
        assert!(!Key::Rsa { bits: 2048 }.is_weak());
        assert!(Key::RsaPss { bits: 2047 }.is_weak());
        assert!(!Key::RsaPss { bits: 2048 }.is_weak());
        assert!(Key::Ec { curve: Curve::P192 }.is_weak());
        assert!(!Key::Ec { curve: Curve::P224 }.is_weak());
        assert!(!Key::Ed25519.is_weak());
    }

    #[test]
    fn a_curve_without_a_name_is_measured() {
        assert_eq!(Curve::read(None, &[&[4][..], &[1; 64]].concat()).bits(), 256);
        assert_eq!(Curve::read(Some("1.3.132.0.6".to_owned()), &[&[3][..], &[1; 14]].concat()).bits(), 112);
        assert_eq!(Curve::read(None, &[]), Curve::Other { oid: None, bits: 0 });
    }
}
