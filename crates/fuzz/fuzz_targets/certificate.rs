//! Chains of anything: facts, paths and identities are asked for, and hold what they say.
//!
//! The first octet chooses anchors, algorithms and how the rest is read: as DER, or as changes to certificates that are
//! whole; the second chooses the time.
#![no_main]

use std::net::IpAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use heloscope_crypto::{SIGNATURE_ALGORITHMS, WEAK_SIGNATURE_ALGORITHMS};
use heloscope_fuzz::{CHAIN, changed};
use heloscope_pki::{
    Certificate, Identity, MAX_CERTIFICATES, MAX_EFFORT, MAX_SIGNATURES, PathVerdict, PresentedIdentifier,
    ReferenceIdentifier, SelfSigned, Trust, TrustAnchors, Verifier, identity,
};
use libfuzzer_sys::fuzz_target;
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

/// 2027-01-01T00:00:00Z, within the validity of the certificates that are changed
const NEW_YEAR: i64 = 1_798_761_600;
/// Signatures of P-256 verified for one chain, webpki's among them; the effort of one is 2.
const MAX_COST: usize = if MAX_EFFORT / 2 < MAX_SIGNATURES { MAX_EFFORT / 2 } else { MAX_SIGNATURES };

fuzz_target!(|data: &[u8]| {
    let Some(([choice, time], octets)) = data.split_first_chunk() else { return };
    let chain = match (choice & 1, choice & 16) {
        (0, 0) => split(octets),
        (0, _) => vec![octets.to_vec()],
        _ => changed(octets),
    };
    chain.iter().for_each(|der| facts(der));

    let at = [NEW_YEAR, 0, -1, i64::MIN, i64::MAX, 4_102_444_800, 253_402_300_799, 1_000_000_000];
    let at = at[usize::from(*time) % at.len()];
    let anchors = anchors(choice & 2 != 0, choice & 4 != 0);
    if choice & 8 == 0 {
        let verifier = Verifier { anchors, accepted: SIGNATURE_ALGORITHMS, weak: WEAK_SIGNATURE_ALGORITHMS };
        let verdict = ask(&verifier, &chain, at);
        if verdict.holds() && choice & 4 == 0 {
            assert!(CHAIN.contains(&&chain[0][..]), "nobody but the owner of the root's key signs");
        }
    } else {
        let lenient = Lenient::default();
        let verifier = Verifier { anchors, accepted: &[&lenient], weak: &[] };
        let _ = verifier.examine(&chain, at);
        let cost = lenient.0.load(Ordering::Relaxed);
        assert!(cost <= MAX_COST, "{cost} signatures for one chain");
        ask(&verifier, &chain, at);
    }
});

/// Takes signatures of P-256 as an attacker's own CAs make them, and counts: one that ends in 0xff is bad, one that ends
/// in 0xe0 to 0xfe is made with the keys that end in the same octet, any other with any key.
#[derive(Debug, Default)]
struct Lenient(AtomicUsize);

impl SignatureVerificationAlgorithm for Lenient {
    fn verify_signature(
        &self,
        key: &[u8],
        _message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        self.0.fetch_add(1, Ordering::Relaxed);
        match signature.last() {
            Some(0xff) => Err(InvalidSignature),
            Some(0xe0..0xff) if signature.last() != key.last() => Err(InvalidSignature),
            _ => Ok(()),
        }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA256
    }
}

fn anchors(private: bool, webpki: bool) -> &'static TrustAnchors {
    static ANCHORS: [OnceLock<TrustAnchors>; 4] = [const { OnceLock::new() }; 4];
    ANCHORS[usize::from(private) + 2 * usize::from(webpki)].get_or_init(|| {
        let mut anchors = if webpki { TrustAnchors::webpki() } else { TrustAnchors::none() };
        if private {
            anchors.add_pem(include_str!("../fixtures/root.pem")).expect("the root is a certificate");
        }
        anchors
    })
}

/// Certificates one after the other, each as long as it says.
fn split(mut octets: &[u8]) -> Vec<Vec<u8>> {
    let mut chain = Vec::new();
    while !octets.is_empty() {
        let length = match octets {
            [0x30, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => octets.len(),
        };
        let (der, rest) = octets.split_at(length.min(octets.len()));
        chain.push(der.to_vec());
        octets = rest;
    }
    chain
}

fn facts(der: &[u8]) {
    let hash = sha256(der);
    let facts = match Certificate::read(der) {
        Ok(facts) => facts,
        Err(unreadable) => {
            assert_eq!((unreadable.sha256, unreadable.length), (hash, der.len()));
            return;
        }
    };
    assert_eq!(facts.sha256, hash);
    assert!(facts.trailing_octets < der.len());
    let itself =
        Certificate::read(&der[..der.len() - facts.trailing_octets]).expect("nothing of it is missing");
    assert_eq!((itself.trailing_octets, &itself.subject, &itself.serial), (0, &facts.subject, &facts.serial));
    let _ = (facts.key.to_string(), facts.key.is_weak(), facts.signature_algorithm.to_string());
    assert!(facts.unrecognized_critical_extensions().count() <= facts.critical_extensions.len());
    identities(&facts);
}

/// A certificate is for whatever it names, by its own words, and for nothing else.
fn identities(facts: &Certificate) {
    let unrelated = ReferenceIdentifier::dns("unrelated.invalid").expect("a name");
    let names_it = |name: &str| name.eq_ignore_ascii_case("unrelated.invalid");
    match identity(facts, &unrelated) {
        Identity::Matches(presented) => {
            assert!(matches!(&presented, PresentedIdentifier::Dns(name) if names_it(name)), "{presented:?}");
        }
        Identity::CommonNameOnly(name) => {
            assert!(facts.common_name.as_ref() == Some(&name) && names_it(&name));
            assert!(facts.presented_identifiers().next().is_none(), "there is an identifier beside the name");
        }
        Identity::Mismatch => {}
    }
    for presented in facts.presented_identifiers().take(20) {
        let reference = match presented {
            PresentedIdentifier::Dns(name) => {
                let one = name.strip_prefix("*.").filter(|parent| parent.contains('.'));
                let name = one.map_or_else(|| name.clone(), |parent| format!("one.{parent}"));
                // A presented name that ends in a dot, or is none, matches nothing.
                let Some(reference) = ReferenceIdentifier::dns(&name).ok().filter(|_| !name.ends_with('.'))
                else {
                    continue;
                };
                let deeper = format!("two.{name}");
                if let Ok(deeper) = ReferenceIdentifier::dns(&deeper)
                    && let Identity::Matches(other) = identity(facts, &deeper)
                {
                    assert_ne!(&other, presented, "a wildcard stands for one label");
                }
                reference
            }
            PresentedIdentifier::Ip(address) => {
                let mapped = match address {
                    IpAddr::V4(address) => IpAddr::V6(address.to_ipv6_mapped()),
                    IpAddr::V6(_) => *address,
                };
                if mapped != *address
                    && let Identity::Matches(other) = identity(facts, &ReferenceIdentifier::Ip(mapped))
                {
                    assert_ne!(&other, presented, "another address");
                }
                ReferenceIdentifier::Ip(*address)
            }
            _ => unreachable!("only names and addresses identify"),
        };
        assert!(matches!(identity(facts, &reference), Identity::Matches(_)), "{presented:?}");
    }
}

fn ask(verifier: &Verifier<'_>, chain: &[Vec<u8>], at: i64) -> PathVerdict {
    let verdict = verifier.path(chain, at);
    let examined = verifier.examine(chain, at);
    assert!(examined.is_some() || chain.is_empty());
    assert_eq!(verdict.holds(), verdict.faults.is_empty());
    assert!(verdict.trust.is_some() || !verdict.holds(), "nothing holds without an anchor");
    assert!(verdict.path.len() <= MAX_CERTIFICATES);
    assert!(verdict.path.first().is_none_or(|first| *first == 0), "a path begins with the leaf");
    // A leaf that is an anchor itself is asked about fewer things.
    let is_anchor = (verdict.trust, &verdict.path[..]) == (Some(Trust::Private), &[0])
        && Certificate::read(&chain[0]).is_ok_and(|facts| facts.is_self_issued);
    for (place, index) in verdict.path.iter().enumerate() {
        assert!(*index < chain.len().min(MAX_CERTIFICATES) && !verdict.path[..place].contains(index));
        let facts = Certificate::read(&chain[*index]).expect("what is in a path can be read");
        if verdict.holds() {
            assert!(facts.not_before <= at && at <= facts.not_after, "at its time it was valid");
            assert_eq!(facts.trailing_octets, 0, "it is a certificate and nothing more");
            assert!(place == 0 || facts.is_ca, "an issuer is a CA");
            assert!(is_anchor || facts.unrecognized_critical_extensions().next().is_none());
        }
    }
    for fault in &verdict.faults {
        assert!(!fault.code().is_empty());
    }
    if verifier.anchors.webpki_count() == 0 && verifier.anchors.private_certificates().next().is_none() {
        assert_eq!(verdict.trust, None);
    }
    for index in verifier.weak_signatures(chain) {
        assert!(index < chain.len().min(MAX_CERTIFICATES));
        assert!(index == 0 || verifier.self_signed(&chain[index]) == SelfSigned::No);
    }
    verdict
}

/// SHA-256 of another make, in lower-case hex.
fn sha256(octets: &[u8]) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, octets);
    hash.as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
}
