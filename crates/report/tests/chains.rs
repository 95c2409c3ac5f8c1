//! What judging the chains of several ports costs.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

mod scene;

use std::sync::atomic::{AtomicUsize, Ordering};

use heloscope_pki::{TrustAnchors, Verifier};
use heloscope_report::{Chains, judge, judge_with};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use scene::{NOW, Scene, chain, server};

/// Ed25519, and how often it was asked.
#[derive(Debug, Default)]
struct Counting(AtomicUsize);

impl SignatureVerificationAlgorithm for Counting {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        self.0.fetch_add(1, Ordering::Relaxed);
        webpki::ring::ED25519.verify_signature(key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        webpki::ring::ED25519.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        webpki::ring::ED25519.signature_alg_id()
    }
}

#[test]
fn a_chain_is_looked_at_once_however_many_ports_send_it() {
    let (root, intermediate, leaf) = chain();
    let other = intermediate.issue(server(), 4);
    let sent: [&[u8]; 2] = [&leaf.der, &intermediate.der];
    let scene = Scene::one("25", |play| play.goes_well(&sent))
        .port("465", |play| play.goes_well(&sent))
        .port("587", |play| play.goes_well(&[&other.der, &intermediate.der]));
    let mut anchors = TrustAnchors::none();
    anchors.add_pem(&root.pem).unwrap();

    let counting = Counting::default();
    let verifier = Verifier { anchors: &anchors, accepted: &[&counting], weak: &[] };
    let asked = || counting.0.load(Ordering::Relaxed);
    let report = judge(&scene.observations, &verifier, NOW);
    assert!(report.ports.iter().all(|port| port.certificate.as_ref().unwrap().chain_valid == Some(true)));
    assert_eq!(asked(), 4, "two chains of two certificates");

    // Looked at while the test runs, they are not looked at again.
    let mut chains = Chains::default();
    assert!(chains.look(&scene.observations, &verifier, NOW));
    assert!(!chains.look(&scene.observations, &verifier, NOW));
    assert_eq!(asked(), 8);
    assert_eq!(judge_with(chains, &scene.observations, &verifier, NOW), report);
    assert_eq!(asked(), 8);
}
