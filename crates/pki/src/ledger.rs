//! Signature verification for one chain: each signature once, and no more of it than a page can bear.

use std::sync::{Arc, Mutex, PoisonError};

use heloscope_crypto::{RSA_BITS, modulus_bits};
use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, alg_id,
};
use webpki::RawPublicKeyEntity;

use crate::der::{Elements, Parts, SEQUENCE};

/// How many signatures of a chain are verified, those with a certificate's own key among them; an honest chain needs
/// one a certificate. What is not verified within this bound and [`MAX_EFFORT`] is not known.
pub const MAX_SIGNATURES: usize = 32;

/// What verifying a chain's signatures may cost in all, in milliseconds of a browser's main thread: one of P-256 is
/// taken for 2, of P-384 and P-521 for 5, of Ed25519 for 1, of RSA with up to 2048 bits for 1, 4096 for 3, 8192 for
/// 11, and 1 more for each 16 KiB that are signed.
pub const MAX_EFFORT: usize = 50;

/// Whether one key made one certificate's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signature {
    Valid,
    Invalid,
    /// None of the algorithms verifies this kind of signature or key: nothing is known.
    Unsupported,
    /// A bound is reached: nothing is known.
    NotVerified,
}

/// Verifies the signatures of one chain, for us and for webpki.
#[derive(Debug)]
pub(crate) struct Signatures<'a> {
    accepted: Vec<Metered<'a>>,
    weak: Vec<Metered<'a>>,
    ledger: Arc<Mutex<Ledger>>,
}

impl<'a> Signatures<'a> {
    pub(crate) fn new(
        accepted: &[&'a dyn SignatureVerificationAlgorithm],
        weak: &[&'a dyn SignatureVerificationAlgorithm],
    ) -> Self {
        let ledger = Arc::default();
        let metered = |algorithms: &[&'a dyn SignatureVerificationAlgorithm]| {
            let each = algorithms.iter();
            each.map(|algorithm| Metered { algorithm: *algorithm, ledger: Arc::clone(&ledger) }).collect()
        };
        Self { accepted: metered(accepted), weak: metered(weak), ledger }
    }

    /// The algorithms a path may rest on.
    pub(crate) fn accepted(&self) -> Vec<&dyn SignatureVerificationAlgorithm> {
        self.accepted.iter().map(|metered| metered as _).collect()
    }

    /// These and the weak ones.
    pub(crate) fn all(&self) -> Vec<&dyn SignatureVerificationAlgorithm> {
        self.accepted.iter().chain(&self.weak).map(|metered| metered as _).collect()
    }

    /// Whether a bound has kept a signature from being verified.
    pub(crate) fn exhausted(&self) -> bool {
        lock(&self.ledger).exhausted
    }

    /// Whether `key`, a SubjectPublicKeyInfo with its header, made the signature of the certificate with `parts`.
    pub(crate) fn verify(&self, parts: &Parts<'_>, key: &[u8]) -> Signature {
        let spki = SubjectPublicKeyInfoDer::from(key);
        let Ok(entity) = RawPublicKeyEntity::try_from(&spki) else { return Signature::Invalid };
        let algorithms = self.all();
        let mut known_signature = false;
        for algorithm in &algorithms {
            if algorithm.signature_alg_id().as_ref() != parts.algorithm {
                continue;
            }
            known_signature = true;
            match entity.verify_signature(*algorithm, parts.tbs, parts.signature) {
                Ok(()) => return Signature::Valid,
                Err(webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => {}
                Err(_) if self.exhausted() => return Signature::NotVerified,
                Err(_) if is_of_unverified_length(key) => return Signature::Unsupported,
                Err(_) => return Signature::Invalid,
            }
        }
        // A signature of one known kind under a key of another known kind: this key did not make it.
        let known_key = key_algorithm(key).is_some_and(|id| {
            algorithms.iter().any(|algorithm| algorithm.public_key_alg_id().as_ref() == id)
        });
        if known_signature && known_key { Signature::Invalid } else { Signature::Unsupported }
    }
}

/// Whether this is an RSA key of a length with which no signature is verified, see [`heloscope_crypto`].
fn is_of_unverified_length(key: &[u8]) -> bool {
    let is_rsa = key_algorithm(key).is_some_and(|id| id == alg_id::RSA_ENCRYPTION.as_ref());
    let content = Elements::of(key).expect(SEQUENCE).map_or(&[][..], |key| key.content);
    // A BIT STRING begins with the number of the bits that are none of it.
    let bits = Elements::of(content).nth(1).and_then(|bits| bits.content.get(1..)).and_then(modulus_bits);
    is_rsa && bits.is_some_and(|bits| !RSA_BITS.contains(&bits))
}

/// What has been verified, and what it has cost.
#[derive(Debug, Default)]
struct Ledger {
    entries: Vec<Entry>,
    effort: usize,
    /// A bound has kept a signature from being verified.
    exhausted: bool,
}

#[derive(Debug)]
struct Entry {
    /// Of signature and key: a curve shares its signature algorithms with the others.
    algorithm: [AlgorithmIdentifier; 2],
    signature: Vec<u8>,
    public_key: Vec<u8>,
    message: Vec<u8>,
    answer: Result<(), InvalidSignature>,
}

/// An algorithm that looks into the ledger first.
#[derive(Debug)]
struct Metered<'a> {
    algorithm: &'a dyn SignatureVerificationAlgorithm,
    ledger: Arc<Mutex<Ledger>>,
}

impl SignatureVerificationAlgorithm for Metered<'_> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let mut ledger = lock(&self.ledger);
        let algorithm = [self.signature_alg_id(), self.public_key_alg_id()];
        let known = ledger.entries.iter().find(|known| {
            known.algorithm == algorithm
                && known.signature == signature
                && known.public_key == public_key
                && known.message == message
        });
        if let Some(known) = known {
            return known.answer;
        }
        let effort = ledger.effort + effort(self.public_key_alg_id(), public_key, message);
        if ledger.entries.len() == MAX_SIGNATURES || effort > MAX_EFFORT {
            ledger.exhausted = true;
            return Err(InvalidSignature);
        }
        let answer = self.algorithm.verify_signature(public_key, message, signature);
        ledger.effort = effort;
        ledger.entries.push(Entry {
            algorithm,
            signature: signature.to_vec(),
            public_key: public_key.to_vec(),
            message: message.to_vec(),
            answer,
        });
        answer
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }

    fn fips(&self) -> bool {
        self.algorithm.fips()
    }
}

/// What a verification costs, as at [`MAX_EFFORT`].
fn effort(kind: AlgorithmIdentifier, public_key: &[u8], message: &[u8]) -> usize {
    // Some octets of an RSAPublicKey are not the modulus.
    const FRAME: usize = 24;
    let of_key = match kind {
        alg_id::ED25519 => 1,
        alg_id::ECDSA_P256 => 2,
        alg_id::RSA_ENCRYPTION if public_key.len() <= 2048 / 8 + FRAME => 1,
        alg_id::RSA_ENCRYPTION if public_key.len() <= 4096 / 8 + FRAME => 3,
        alg_id::RSA_ENCRYPTION => 11,
        _ => 5,
    };
    of_key + message.len() / (16 * 1024)
}

/// A panic of another holder leaves the entries whole.
fn lock(ledger: &Mutex<Ledger>) -> std::sync::MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key_algorithm(spki: &[u8]) -> Option<&[u8]> {
    let content = Elements::of(spki).expect(SEQUENCE)?.content;
    Some(Elements::of(content).expect(SEQUENCE)?.content)
}
