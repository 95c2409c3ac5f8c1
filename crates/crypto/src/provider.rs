//! The provider: which algorithms are offered, and in which order.

use std::sync::Arc;

use rustls::crypto::{
    CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, SupportedKxGroup, WebPkiSupportedAlgorithms,
};
use rustls::pki_types::{PrivateKeyDer, SignatureVerificationAlgorithm};
use rustls::sign::SigningKey;
use rustls::{Error, SignatureScheme};

use crate::verify::{
    ECDSA_P256_SHA1, ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P256_SHA512, ECDSA_P384_SHA1,
    ECDSA_P384_SHA256, ECDSA_P384_SHA384, ECDSA_P384_SHA512, ECDSA_P521_SHA1, ECDSA_P521_SHA256,
    ECDSA_P521_SHA384, ECDSA_P521_SHA512, ED25519, RSA_PKCS1_SHA1, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, SIGNATURE_ALGORITHMS,
};
use crate::{hybrid, kx, suites};

/// The provider for a client that tests servers: TLS 1.3 and TLS 1.2 (RFC 8446, RFC 5246).
///
/// Its key exchange groups, the first of which is the one rustls sends a share for at once, are X25519, P-256, P-384,
/// P-521 and X25519MLKEM768. It loads no private key: this client has no certificate to offer.
#[must_use]
pub fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: suites::ALL.to_vec(),
        kx_groups: GROUPS.to_vec(),
        signature_verification_algorithms: WebPkiSupportedAlgorithms {
            all: SIGNATURE_ALGORITHMS,
            mapping: SCHEMES,
        },
        secure_random: &OperatingSystem,
        key_provider: &NoPrivateKeys,
    }
}

static GROUPS: &[&dyn SupportedKxGroup] =
    &[&kx::X25519, &kx::SECP256R1, &kx::SECP384R1, &kx::SECP521R1, &hybrid::X25519MLKEM768];

type Scheme = (SignatureScheme, &'static [&'static dyn SignatureVerificationAlgorithm]);

// TLS 1.3 ties an ECDSA scheme to a curve and rustls then tries only the first algorithm of its line; in TLS 1.2 the
// scheme says only the hash (RFC 8446 section 4.2.3).
static SCHEMES: &[Scheme] = &[
    (SignatureScheme::ECDSA_NISTP256_SHA256, &[ECDSA_P256_SHA256, ECDSA_P384_SHA256, ECDSA_P521_SHA256]),
    (SignatureScheme::ECDSA_NISTP384_SHA384, &[ECDSA_P384_SHA384, ECDSA_P256_SHA384, ECDSA_P521_SHA384]),
    (SignatureScheme::ECDSA_NISTP521_SHA512, &[ECDSA_P521_SHA512, ECDSA_P256_SHA512, ECDSA_P384_SHA512]),
    (SignatureScheme::ED25519, &[ED25519]),
    (SignatureScheme::RSA_PSS_SHA256, &[RSA_PSS_SHA256]),
    (SignatureScheme::RSA_PSS_SHA384, &[RSA_PSS_SHA384]),
    (SignatureScheme::RSA_PSS_SHA512, &[RSA_PSS_SHA512]),
    (SignatureScheme::RSA_PKCS1_SHA256, &[RSA_PKCS1_SHA256]),
    (SignatureScheme::RSA_PKCS1_SHA384, &[RSA_PKCS1_SHA384]),
    (SignatureScheme::RSA_PKCS1_SHA512, &[RSA_PKCS1_SHA512]),
    (SignatureScheme::ECDSA_SHA1_Legacy, &[ECDSA_P256_SHA1, ECDSA_P384_SHA1, ECDSA_P521_SHA1]),
    (SignatureScheme::RSA_PKCS1_SHA1, &[RSA_PKCS1_SHA1]),
];

/// The operating system's randomness, or the browser's.
#[derive(Debug)]
struct OperatingSystem;

impl SecureRandom for OperatingSystem {
    fn fill(&self, octets: &mut [u8]) -> Result<(), GetRandomFailed> {
        getrandom::fill(octets).map_err(|_| GetRandomFailed)
    }
}

#[derive(Debug)]
struct NoPrivateKeys;

impl KeyProvider for NoPrivateKeys {
    fn load_private_key(&self, _key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General(
            "this provider is for clients without a certificate: it loads no private key".into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use rustls::NamedGroup;
    use rustls::pki_types::PrivatePkcs8KeyDer;

    use super::*;

    #[test]
    fn groups_are_offered_in_order_and_the_large_share_last() {
        let groups: Vec<NamedGroup> = provider().kx_groups.iter().map(|group| group.name()).collect();
        assert_eq!(
            groups,
            [
                NamedGroup::X25519,
                NamedGroup::secp256r1,
                NamedGroup::secp384r1,
                NamedGroup::secp521r1,
                NamedGroup::X25519MLKEM768
            ]
        );
    }

    #[test]
    fn sha1_is_offered_last_in_handshakes_and_counts_in_no_path() {
        let algorithms = provider().signature_verification_algorithms;
        let schemes = algorithms.supported_schemes();
        assert_eq!(schemes[10..], [SignatureScheme::ECDSA_SHA1_Legacy, SignatureScheme::RSA_PKCS1_SHA1]);
        for weak in crate::WEAK_SIGNATURE_ALGORITHMS {
            assert!(algorithms.all.iter().all(|strong| strong.signature_alg_id() != weak.signature_alg_id()));
        }
    }

    #[test]
    fn every_scheme_names_only_known_algorithms_and_the_tls13_one_first() {
        for (scheme, algorithms) in &SCHEMES[..10] {
            for algorithm in *algorithms {
                assert!(
                    SIGNATURE_ALGORITHMS.iter().any(|known| {
                        known.signature_alg_id() == algorithm.signature_alg_id()
                            && known.public_key_alg_id() == algorithm.public_key_alg_id()
                    }),
                    "{scheme:?}: {algorithm:?}"
                );
            }
        }
        let first = |wanted| {
            let (_, algorithms) =
                SCHEMES.iter().find(|(scheme, _)| *scheme == wanted).expect("it is in the list");
            algorithms[0].public_key_alg_id()
        };
        use rustls::pki_types::alg_id;
        assert_eq!(first(SignatureScheme::ECDSA_NISTP256_SHA256), alg_id::ECDSA_P256);
        assert_eq!(first(SignatureScheme::ECDSA_NISTP384_SHA384), alg_id::ECDSA_P384);
        assert_eq!(first(SignatureScheme::ECDSA_NISTP521_SHA512), alg_id::ECDSA_P521);
    }

    #[test]
    fn randomness_differs_from_one_call_to_the_next() {
        let (mut first, mut second) = ([0; 32], [0; 32]);
        provider().secure_random.fill(&mut first).unwrap();
        provider().secure_random.fill(&mut second).unwrap();
        assert_ne!(first, second);
    }

    #[test]
    fn private_keys_are_refused() {
        let key = rcgen::KeyPair::generate().unwrap().serialize_der();
        let loaded = provider().key_provider.load_private_key(PrivatePkcs8KeyDer::from(key).into());
        assert!(matches!(loaded, Err(Error::General(_))));
    }
}
