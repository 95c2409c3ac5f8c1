//! Hostile octets: no panic, no endless search, and never a path that holds.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

mod authority;

use std::sync::atomic::{AtomicUsize, Ordering};

use authority::{Entity, NOW, ca, fixture, self_signed, server, three, trusting, verifier};
use heloscope_pki::{
    Certificate, Fault, MAX_CERTIFICATES, MAX_EFFORT, MAX_SIGNATURES, ReferenceIdentifier, TrustAnchors,
    Verifier, identity,
};
use proptest::prelude::*;
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

fn ask_everything(chain: &[Vec<u8>], anchors: &TrustAnchors) -> bool {
    let reference = ReferenceIdentifier::dns("mx1.example.com").unwrap();
    let verifier = verifier(anchors);
    for der in chain {
        if let Ok(facts) = Certificate::read(der) {
            let _ = identity(&facts, &reference);
            let _ = (facts.key.to_string(), facts.signature_algorithm.to_string(), facts.key.is_weak());
        }
        let _ = verifier.self_signed(der);
    }
    let _ = verifier.weak_signatures(chain);
    verifier.path(chain, NOW).holds()
}

proptest! {
    #[test]
    fn random_octets(chain in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..12)) {
        prop_assert!(!ask_everything(&chain, &trusting(&[])));
    }

    /// One octet of a valid leaf changed: it may still parse, but its path never holds.
    #[test]
    fn a_changed_leaf(position in any::<prop::sample::Index>(), change in 1..=255_u8) {
        let (root, intermediate, leaf) = three();
        let mut changed = leaf.der.clone();
        *position.get_mut(&mut changed) ^= change;
        let anchors = trusting(&[&root]);
        prop_assert!(ask_everything(&[leaf.der, intermediate.der.clone()], &anchors));
        prop_assert!(!ask_everything(&[changed, intermediate.der], &anchors));
    }

    #[test]
    fn changed_and_cut_fixtures(
        which in 0..4_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let pem = [
            include_str!("fixtures/root.pem"),
            include_str!("fixtures/odd-names.pem"),
            include_str!("fixtures/p521.pem"),
            include_str!("fixtures/pss.pem"),
        ][which];
        let whole = fixture(pem);
        let mut changed = whole.clone();
        for (position, octet) in changes {
            *position.get_mut(&mut changed) = octet;
        }
        let cut = whole[..cut.index(whole.len())].to_vec();
        prop_assert!(!ask_everything(&[changed, cut, whole], &trusting(&[])));
    }
}

/// P-256, and how often it was asked.
#[derive(Debug)]
struct Counting(AtomicUsize);

impl SignatureVerificationAlgorithm for Counting {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        self.0.fetch_add(1, Ordering::Relaxed);
        webpki::ring::ECDSA_P256_SHA256.verify_signature(key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        webpki::ring::ECDSA_P256_SHA256.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        webpki::ring::ECDSA_P256_SHA256.signature_alg_id()
    }
}

/// The effort of one.
const P256: usize = 2;

/// How many signatures are verified to judge a chain, and whether it holds.
fn cost(sent: &[&Entity], anchors: &TrustAnchors) -> (usize, bool) {
    let counting = Counting(AtomicUsize::new(0));
    let verifier = Verifier { anchors, accepted: &[&counting], weak: &[] };
    let chain: Vec<&[u8]> = sent.iter().map(|entity| entity.der.as_slice()).collect();
    let holds = verifier.examine(&chain, NOW).unwrap().path.holds();
    (counting.0.load(Ordering::Relaxed), holds)
}

#[test]
fn an_honest_chain_costs_one_signature_a_certificate() {
    let (root, intermediate, leaf) = three();
    assert_eq!(cost(&[&leaf, &intermediate], &trusting(&[&root])), (2, true));
    assert_eq!(cost(&[&leaf, &intermediate, &root], &trusting(&[&root])), (3, true));
    assert_eq!(cost(&[&leaf, &intermediate, &root], &trusting(&[])), (3, false));
}

#[test]
fn certificates_of_one_name_do_not_multiply_the_search() {
    // Nine CAs of one name, without key identifiers: any may have issued any, by name.
    let same = || {
        let mut asked = ca("Same");
        asked.use_authority_key_identifier_extension = false;
        asked
    };
    let root = self_signed(same());
    let mut issuers = vec![root.issue(same())];
    for number in 0..8 {
        issuers.push(issuers[number].issue(same()));
    }
    let leaf = issuers[8].issue(server());
    let sent: Vec<&Entity> = [&leaf].into_iter().chain(&issuers).collect();
    for anchors in [trusting(&[&root]), trusting(&[])] {
        let (signatures, holds) = cost(&sent, &anchors);
        assert!(!holds, "eight intermediates are too many");
        assert!(signatures <= MAX_SIGNATURES && signatures * P256 <= MAX_EFFORT, "{signatures}");
    }
}

#[test]
fn a_maze_of_one_name_and_ten_keys_is_given_up() {
    // Each may have issued itself and any other, by name; the one that has is the last to be tried.
    let same = || {
        let mut asked = ca("Same");
        asked.use_authority_key_identifier_extension = false;
        asked
    };
    let mut maze = vec![self_signed(same())];
    for number in 0..MAX_CERTIFICATES - 1 {
        maze.push(maze[number].issue(same()));
    }
    let leaf = maze[MAX_CERTIFICATES - 1].issue(server());
    let sent: Vec<&Entity> = [&leaf].into_iter().chain(&maze[1..]).collect();
    let anchors = trusting(&[&maze[0]]);
    assert_eq!(cost(&sent, &anchors), (MAX_EFFORT / P256, false));
    let chain: Vec<&[u8]> = sent.iter().map(|entity| entity.der.as_slice()).collect();
    assert_eq!(verifier(&anchors).path(&chain, NOW).faults, [Fault::SearchGivenUp]);
}

#[test]
fn cross_certificates_do_not_multiply_the_search() {
    // Five CAs, of each two certificates, so that there are two to the fifth paths, none of them trusted.
    let root = self_signed(ca("Root"));
    let mut sent = Vec::new();
    let mut issuer = self_signed(ca("Issuer 0"));
    for number in 1..=5 {
        let next = issuer.issue(ca(&format!("Issuer {number}")));
        sent.push(issuer.cross(&next));
        sent.push(std::mem::replace(&mut issuer, next));
    }
    let leaf = issuer.issue(server());
    let sent: Vec<&Entity> = [&leaf, &issuer].into_iter().chain(sent.iter().rev()).collect();
    let (signatures, holds) = cost(&sent, &trusting(&[&root]));
    assert!(!holds);
    assert!(signatures <= MAX_SIGNATURES && signatures * P256 <= MAX_EFFORT, "{signatures}");
}

#[test]
fn certificates_after_the_tenth_count_as_not_sent() {
    let (root, intermediate, leaf) = three();
    let strangers: Vec<Vec<u8>> = (0..9).map(|_| self_signed(ca("Stranger")).der).collect();
    let anchors = trusting(&[&root]);
    let holds = |between: &[Vec<u8>]| {
        let chain =
            [std::slice::from_ref(&leaf.der), between, std::slice::from_ref(&intermediate.der)].concat();
        verifier(&anchors).path(&chain, NOW).holds()
    };
    assert!(holds(&strangers[..8]));
    assert!(!holds(&strangers));
}
