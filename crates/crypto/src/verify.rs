//! Signature verification, for handshakes and for certificates.
//!
//! Every signature here is checked with a public key only. RUSTSEC-2023-0071 (Marvin), which stands against the `rsa`
//! crate, concerns the timing of operations with a private key: there is none in this crate.

use std::ops::RangeInclusive;

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs1::DecodeRsaPublicKey;
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sha1::Sha1;
use sha2::digest::FixedOutputReset;
use sha2::digest::const_oid::AssociatedOid;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// The algorithms whose signatures may hold a certification path together: RSA with PKCS #1 v1.5 and PSS (RFC 4055, keys
/// of [`RSA_BITS`]), ECDSA on P-256, P-384 and P-521 (RFC 5758), each with SHA-256, SHA-384 and SHA-512, and
/// Ed25519 (RFC 8410).
pub static SIGNATURE_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    ECDSA_P256_SHA256,
    ECDSA_P256_SHA384,
    ECDSA_P256_SHA512,
    ECDSA_P384_SHA256,
    ECDSA_P384_SHA384,
    ECDSA_P384_SHA512,
    ECDSA_P521_SHA256,
    ECDSA_P521_SHA384,
    ECDSA_P521_SHA512,
    ED25519,
    RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512,
    RSA_PKCS1_SHA256_ABSENT_PARAMETERS,
    RSA_PKCS1_SHA384_ABSENT_PARAMETERS,
    RSA_PKCS1_SHA512_ABSENT_PARAMETERS,
    RSA_PSS_SHA256,
    RSA_PSS_SHA384,
    RSA_PSS_SHA512,
];

/// The algorithms with SHA-1 (RFC 3279 section 2.2), which no one should trust a certificate for: given to path building
/// besides [`SIGNATURE_ALGORITHMS`] they tell whether a path would hold but for its weak signature.
pub static WEAK_SIGNATURE_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] =
    &[ECDSA_P256_SHA1, ECDSA_P384_SHA1, ECDSA_P521_SHA1, RSA_PKCS1_SHA1, RSA_PKCS1_SHA1_ABSENT_PARAMETERS];

/// The lengths of an RSA key's modulus, in bits, with which a signature is verified: those that the crate `rsa` takes.
pub const RSA_BITS: RangeInclusive<u32> = 1024..=8192;

/// The bits of the modulus of an RSAPublicKey (RFC 8017 appendix A.1.1), whatever its length; `None` where there is none.
pub fn modulus_bits(key: &[u8]) -> Option<u32> {
    const INTEGER: u8 = 0x02;
    const SEQUENCE: u8 = 0x30;
    let modulus = content(content(key, SEQUENCE)?, INTEGER)?;
    let leading = modulus.iter().position(|octet| *octet != 0)?;
    let bits = (modulus.len() - leading) * 8 - modulus[leading].leading_zeros() as usize;
    u32::try_from(bits).ok()
}

/// The content of the first element of some DER (X.690 §8.1), which has this tag.
fn content(octets: &[u8], tag: u8) -> Option<&[u8]> {
    let (length, rest) = octets.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = match length {
        short @ 0..=0x7f => (usize::from(*short), rest),
        long @ 0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long - 0x80))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.get(..length)
}

type Verifier = &'static dyn SignatureVerificationAlgorithm;

pub(crate) static ECDSA_P256_SHA1: Verifier =
    &Algorithm::new(alg_id::ECDSA_P256, ECDSA_WITH_SHA1, ecdsa::<P256, Sha1>);
pub(crate) static ECDSA_P256_SHA256: Verifier =
    &Algorithm::new(alg_id::ECDSA_P256, alg_id::ECDSA_SHA256, ecdsa::<P256, Sha256>);
pub(crate) static ECDSA_P256_SHA384: Verifier =
    &Algorithm::new(alg_id::ECDSA_P256, alg_id::ECDSA_SHA384, ecdsa::<P256, Sha384>);
pub(crate) static ECDSA_P256_SHA512: Verifier =
    &Algorithm::new(alg_id::ECDSA_P256, alg_id::ECDSA_SHA512, ecdsa::<P256, Sha512>);
pub(crate) static ECDSA_P384_SHA1: Verifier =
    &Algorithm::new(alg_id::ECDSA_P384, ECDSA_WITH_SHA1, ecdsa::<P384, Sha1>);
pub(crate) static ECDSA_P384_SHA256: Verifier =
    &Algorithm::new(alg_id::ECDSA_P384, alg_id::ECDSA_SHA256, ecdsa::<P384, Sha256>);
pub(crate) static ECDSA_P384_SHA384: Verifier =
    &Algorithm::new(alg_id::ECDSA_P384, alg_id::ECDSA_SHA384, ecdsa::<P384, Sha384>);
pub(crate) static ECDSA_P384_SHA512: Verifier =
    &Algorithm::new(alg_id::ECDSA_P384, alg_id::ECDSA_SHA512, ecdsa::<P384, Sha512>);
pub(crate) static ECDSA_P521_SHA1: Verifier =
    &Algorithm::new(alg_id::ECDSA_P521, ECDSA_WITH_SHA1, ecdsa::<P521, Sha1>);
pub(crate) static ECDSA_P521_SHA256: Verifier =
    &Algorithm::new(alg_id::ECDSA_P521, alg_id::ECDSA_SHA256, ecdsa::<P521, Sha256>);
pub(crate) static ECDSA_P521_SHA384: Verifier =
    &Algorithm::new(alg_id::ECDSA_P521, alg_id::ECDSA_SHA384, ecdsa::<P521, Sha384>);
pub(crate) static ECDSA_P521_SHA512: Verifier =
    &Algorithm::new(alg_id::ECDSA_P521, alg_id::ECDSA_SHA512, ecdsa::<P521, Sha512>);

pub(crate) static ED25519: Verifier = &Algorithm::new(alg_id::ED25519, alg_id::ED25519, ed25519);

pub(crate) static RSA_PKCS1_SHA1: Verifier =
    &Algorithm::new(alg_id::RSA_ENCRYPTION, SHA1_WITH_RSA, rsa_pkcs1::<Sha1>);
pub(crate) static RSA_PKCS1_SHA256: Verifier =
    &Algorithm::new(alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA256, rsa_pkcs1::<Sha256>);
pub(crate) static RSA_PKCS1_SHA384: Verifier =
    &Algorithm::new(alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA384, rsa_pkcs1::<Sha384>);
pub(crate) static RSA_PKCS1_SHA512: Verifier =
    &Algorithm::new(alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA512, rsa_pkcs1::<Sha512>);

// RFC 4055 section 5: the parameters must be NULL, and their absence must be accepted.
static RSA_PKCS1_SHA1_ABSENT_PARAMETERS: Verifier =
    &Algorithm::new(alg_id::RSA_ENCRYPTION, SHA1_WITH_RSA_ABSENT_PARAMETERS, rsa_pkcs1::<Sha1>);
static RSA_PKCS1_SHA256_ABSENT_PARAMETERS: Verifier =
    &Algorithm::new(alg_id::RSA_ENCRYPTION, SHA256_WITH_RSA_ABSENT_PARAMETERS, rsa_pkcs1::<Sha256>);
static RSA_PKCS1_SHA384_ABSENT_PARAMETERS: Verifier =
    &Algorithm::new(alg_id::RSA_ENCRYPTION, SHA384_WITH_RSA_ABSENT_PARAMETERS, rsa_pkcs1::<Sha384>);
static RSA_PKCS1_SHA512_ABSENT_PARAMETERS: Verifier =
    &Algorithm::new(alg_id::RSA_ENCRYPTION, SHA512_WITH_RSA_ABSENT_PARAMETERS, rsa_pkcs1::<Sha512>);

pub(crate) static RSA_PSS_SHA256: Verifier =
    &Algorithm::new(alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA256, rsa_pss::<Sha256>);
pub(crate) static RSA_PSS_SHA384: Verifier =
    &Algorithm::new(alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA384, rsa_pss::<Sha384>);
pub(crate) static RSA_PSS_SHA512: Verifier =
    &Algorithm::new(alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA512, rsa_pss::<Sha512>);

/// `ecdsa-with-SHA1`, 1.2.840.10045.4.1.
const ECDSA_WITH_SHA1: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01]);

/// `sha1WithRSAEncryption`, 1.2.840.113549.1.1.5, with NULL.
const SHA1_WITH_RSA: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00,
]);

/// `sha1WithRSAEncryption`, 1.2.840.113549.1.1.5, without parameters.
const SHA1_WITH_RSA_ABSENT_PARAMETERS: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05]);

/// `sha256WithRSAEncryption`, 1.2.840.113549.1.1.11, without parameters.
const SHA256_WITH_RSA_ABSENT_PARAMETERS: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]);

/// `sha384WithRSAEncryption`, 1.2.840.113549.1.1.12, without parameters.
const SHA384_WITH_RSA_ABSENT_PARAMETERS: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c]);

/// `sha512WithRSAEncryption`, 1.2.840.113549.1.1.13, without parameters.
const SHA512_WITH_RSA_ABSENT_PARAMETERS: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d]);

/// How one pair of algorithm identifiers is verified.
#[derive(Debug)]
struct Algorithm {
    public_key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    verify: Verify,
}

/// Takes a subjectPublicKey, a message and a signature; `None` where that does not hold.
type Verify = fn(&[u8], &[u8], &[u8]) -> Option<()>;

impl Algorithm {
    const fn new(public_key: AlgorithmIdentifier, signature: AlgorithmIdentifier, verify: Verify) -> Self {
        Self { public_key, signature, verify }
    }
}

impl SignatureVerificationAlgorithm for Algorithm {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        (self.verify)(key, message, signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.public_key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

/// ECDSA (FIPS 186-5 section 6.4.2) with a signature in DER (RFC 3279 section 2.2.3).
fn ecdsa<C: Curve, D: Digest>(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    C::verify(key, &D::digest(message), signature)
}

/// A curve as [`ecdsa`] needs it: compiled once a curve, whatever the hash.
trait Curve {
    fn verify(key: &[u8], hash: &[u8], signature: &[u8]) -> Option<()>;
}

macro_rules! curve {
    ($name:ident: $($module:ident)::+) => {
        enum $name {}

        impl Curve for $name {
            fn verify(key: &[u8], hash: &[u8], signature: &[u8]) -> Option<()> {
                // A certificate's key may be a compressed point (RFC 5480 section 2.2). The decoder knows one form
                // more, which is of no standard.
                if !matches!(key.first(), Some(2..=4)) {
                    return None;
                }
                let key = $($module)::+::VerifyingKey::from_sec1_bytes(key).ok()?;
                let signature = $($module)::+::Signature::from_der(signature).ok()?;
                key.verify_prehash(hash, &signature).ok()
            }
        }
    };
}

curve!(P256: p256::ecdsa);
curve!(P384: p384::ecdsa);
curve!(P521: p521::ecdsa);

/// Ed25519 (RFC 8032 section 5.1.7), keys and points of small order refused.
fn ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    key.verify_strict(message, &signature).ok()
}

/// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.2).
fn rsa_pkcs1<D: Digest + AssociatedOid>(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    rsa_key(key)?.pkcs1v15_verify::<D>(message, signature).ok()
}

/// RSASSA-PSS (RFC 8017 section 8.1.2), its salt as long as the hash (RFC 8446 section 4.2.3).
fn rsa_pss<D: Digest + FixedOutputReset>(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    rsa_key(key)?.pss_verify::<D>(message, signature).ok()
}

/// Decodes an RSAPublicKey (RFC 8017 appendix A.1.1) of [`RSA_BITS`] whose exponent is below 2^33, lest a server
/// choose how long we calculate.
fn rsa_key(key: &[u8]) -> Option<rsa::PublicKey> {
    rsa::PublicKey::from_pkcs1_der(key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modulus_is_as_long_as_its_first_bit_says() {
        // SEQUENCE { INTEGER 00 80 00, INTEGER 3 }: sixteen bits
        assert_eq!(modulus_bits(&[0x30, 0x08, 0x02, 0x03, 0x00, 0x80, 0x00, 0x02, 0x01, 0x03]), Some(16));
        // SEQUENCE { INTEGER 7f, INTEGER 3 }: seven bits
        assert_eq!(modulus_bits(&[0x30, 0x06, 0x02, 0x01, 0x7f, 0x02, 0x01, 0x03]), Some(7));
        let long =
            [&[0x30, 0x82, 0x01, 0x07, 0x02, 0x82, 0x01, 0x00, 0x01][..], &[0; 255], &[2, 1, 3]].concat();
        assert_eq!(modulus_bits(&long), Some(255 * 8 + 1));
        for end in 0..8 + 256 {
            assert_eq!(modulus_bits(&long[..end]), None, "{end}");
        }
        assert_eq!(modulus_bits(&[0x30, 0x03, 0x02, 0x01, 0x00]), None);
        assert_eq!(modulus_bits(b"no key"), None);
    }
}
