//! Dates, trust anchors, self-signed leaves, what is sent, and signatures.

use rcgen::{BasicConstraints, CertificateParams, CustomExtension, IsCa, KeyIdMethod};

use super::chain::{Holder, Issued};
use super::faults::{AS_PLANNED, PLANNED, Row};
use crate::authority::{DAY, NOW, ca, valid};

pub(crate) const ROWS: &[Row] = &[
    // Dates
    Row("expired-leaf", 1..=4, |plan| valid(&mut plan.leaf, NOW - 90 * DAY, NOW - DAY), PLANNED),
    Row("expired-issuer", 2..=4, |plan| valid(plan.issuer(), NOW - 365 * DAY, NOW - DAY), PLANNED),
    Row("expired-upper", 3..=4, |plan| valid(plan.upper(), NOW - 365 * DAY, NOW - DAY), PLANNED),
    Row("expired-root", 1..=4, |plan| valid(plan.root(), NOW - 3650 * DAY, NOW - DAY), PLANNED),
    Row("expired-root-sent", 1..=2, |plan| valid(plan.root(), NOW - 3650 * DAY, NOW - DAY), send_root),
    Row("expired-together", 2..=3, |plan| plan.at = NOW + 3651 * DAY, PLANNED),
    Row(
        "expired-before-the-leaf",
        2..=3,
        |plan| valid(plan.issuer(), NOW - 90 * DAY, NOW - 80 * DAY),
        PLANNED,
    ),
    Row("not-yet-valid-leaf", 1..=4, |plan| valid(&mut plan.leaf, NOW + DAY, NOW + 90 * DAY), PLANNED),
    Row("not-yet-valid-issuer", 2..=4, |plan| valid(plan.issuer(), NOW + DAY, NOW + 90 * DAY), PLANNED),
    Row("not-yet-valid-root", 1..=3, |plan| valid(plan.root(), NOW + DAY, NOW + 90 * DAY), PLANNED),
    Row("first-second", 1..=2, |plan| plan.at = NOW - 60 * DAY, PLANNED),
    Row("second-before-first", 1..=2, |plan| plan.at = NOW - 60 * DAY - 1, PLANNED),
    Row("last-second-but-one", 1..=2, |plan| plan.at = NOW + 60 * DAY - 1, PLANNED),
    Row("last-second", 1..=2, |plan| plan.at = NOW + 60 * DAY, PLANNED),
    Row("second-after-last", 1..=2, |plan| plan.at = NOW + 60 * DAY + 1, PLANNED),
    // Trust
    Row("untrusted-root", 1..=4, AS_PLANNED, trust_a_stranger),
    Row("untrusted-root-sent", 1..=4, AS_PLANNED, |issued| {
        trust_a_stranger(issued);
        send_root(issued);
    }),
    Row("root-sent", 1..=4, AS_PLANNED, send_root),
    Row("missing-issuer", 2..=4, AS_PLANNED, |issued| drop(issued.sent.remove(1))),
    Row("missing-upper", 3..=4, AS_PLANNED, |issued| drop(issued.sent.pop())),
    Row("leaf-only", 3..=4, AS_PLANNED, |issued| issued.sent.truncate(1)),
    Row("namesake-root", 1..=2, AS_PLANNED, trust_a_namesake),
    Row("namesake-root-right-one-sent", 1..=2, AS_PLANNED, |issued| {
        trust_a_namesake(issued);
        send_root(issued);
    }),
    Row("namesake-root-beside", 1..=2, AS_PLANNED, |issued| {
        let right = issued.root.clone();
        trust_a_namesake(issued);
        issued.trusted.push(right);
    }),
    Row("namesake-root-of-one-key-id", 1..=2, |plan| one_key_id(plan.root()), trust_a_namesake),
    Row("intermediate-trusted", 2..=4, AS_PLANNED, |issued| issued.trusted = vec![issued.sent[1].clone()]),
    // Of a root renewed with the same key, either certificate will do.
    Row("renewed-root", 1..=3, AS_PLANNED, |issued| {
        let mut renewed = issued.plan.issuers[0].clone();
        valid(&mut renewed, NOW - DAY, NOW + 3650 * DAY);
        issued.trusted = vec![issued.self_signed(&renewed, Holder::Issuer(0))];
        send_root(issued);
    }),
    Row(
        "renewed-root-beside-expired",
        1..=2,
        |plan| valid(plan.root(), NOW - 3650 * DAY, NOW - DAY),
        |issued| {
            let mut renewed = issued.plan.issuers[0].clone();
            valid(&mut renewed, NOW - DAY, NOW + 3650 * DAY);
            issued.trusted.push(issued.self_signed(&renewed, Holder::Issuer(0)));
        },
    ),
    // Self-signed leaves
    Row("self-signed", 1..=2, AS_PLANNED, self_sign),
    Row(
        "self-signed-ca",
        1..=2,
        |plan| plan.leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        self_sign,
    ),
    Row("self-signed-no-ca", 1..=2, |plan| plan.leaf.is_ca = IsCa::ExplicitNoCa, self_sign),
    Row("self-signed-trusted", 1..=2, AS_PLANNED, |issued| {
        self_sign(issued);
        issued.trusted = issued.sent.clone();
    }),
    Row(
        "self-signed-ca-trusted",
        1..=2,
        |plan| plan.leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        |issued| {
            self_sign(issued);
            issued.trusted = issued.sent.clone();
        },
    ),
    Row(
        "self-signed-expired-trusted",
        1..=1,
        |plan| valid(&mut plan.leaf, NOW - 90 * DAY, NOW - DAY),
        |issued| {
            self_sign(issued);
            issued.trusted = issued.sent.clone();
        },
    ),
    Row("self-signed-renewed-trusted", 1..=1, AS_PLANNED, |issued| {
        self_sign(issued);
        issued.trusted = issued.sent.clone();
        valid(&mut issued.plan.leaf, NOW - DAY, NOW + DAY);
        self_sign(issued);
    }),
    Row("self-signed-with-chain", 2..=3, AS_PLANNED, |issued| {
        issued.sent[0] = issued.self_signed(&issued.plan.leaf, Holder::Leaf);
    }),
    Row("self-signed-tampered", 1..=1, AS_PLANNED, |issued| {
        self_sign(issued);
        tamper(issued, 0);
    }),
    // What is sent, and in which order
    Row("reversed", 3..=4, AS_PLANNED, |issued| issued.sent[1..].reverse()),
    Row("root-second", 2..=4, AS_PLANNED, |issued| issued.sent.insert(1, issued.root.clone())),
    Row("stranger-second", 1..=4, AS_PLANNED, |issued| issued.sent.insert(1, issued.stranger())),
    Row("strangers-last", 1..=4, AS_PLANNED, |issued| {
        issued.sent.extend([issued.stranger(), issued.stranger()]);
    }),
    Row("leaf-twice", 1..=3, AS_PLANNED, |issued| issued.sent.insert(1, issued.sent[0].clone())),
    Row("all-twice", 1..=3, AS_PLANNED, |issued| issued.sent.extend(issued.sent.clone())),
    Row("issuer-first", 2..=4, AS_PLANNED, |issued| issued.sent.swap(0, 1)),
    Row("root-alone", 1..=1, AS_PLANNED, |issued| issued.sent = vec![issued.root.clone()]),
    Row("expired-twin-of-issuer-first", 2..=3, AS_PLANNED, |issued| {
        let last = issued.last();
        let mut twin = issued.plan.issuers[last].clone();
        valid(&mut twin, NOW - 365 * DAY, NOW - DAY);
        issued.sent.insert(1, issued.sign(&twin, Holder::Issuer(last), last - 1));
    }),
    Row("cross-certificate", 1..=3, AS_PLANNED, |issued| {
        trust_a_stranger(issued);
        let root = &issued.plan.issuers[0];
        issued.sent.push(issued.sign_as_stranger(root, Holder::Issuer(0), &ca("Stranger")));
    }),
    Row(
        "expired-cross-certificate-only",
        1..=3,
        |plan| valid(plan.root(), NOW - 365 * DAY, NOW - DAY),
        |issued| {
            trust_a_stranger(issued);
            let root = &issued.plan.issuers[0];
            issued.sent.push(issued.sign_as_stranger(root, Holder::Issuer(0), &ca("Stranger")));
        },
    ),
    // As when the AddTrust root ran out in 2020.
    Row("expired-cross-certificate-beside", 1..=3, AS_PLANNED, |issued| {
        let mut root = issued.plan.issuers[0].clone();
        valid(&mut root, NOW - 365 * DAY, NOW - DAY);
        issued.sent.push(issued.sign_as_stranger(&root, Holder::Issuer(0), &ca("Stranger")));
    }),
    // Signatures
    Row("tampered-leaf", 1..=4, AS_PLANNED, |issued| tamper(issued, 0)),
    Row("tampered-issuer", 2..=4, AS_PLANNED, |issued| tamper(issued, 1)),
    Row("tampered-upper", 3..=4, AS_PLANNED, |issued| tamper(issued, issued.last())),
    Row("tampered-root-sent", 1..=2, AS_PLANNED, |issued| {
        send_root(issued);
        let root = issued.sent.len() - 1;
        tamper(issued, root);
    }),
    Row("namesake-issuer-only", 2..=3, AS_PLANNED, |issued| issued.sent[1] = namesake_issuer(issued)),
    Row(
        "namesake-issuer-of-one-key-id-only",
        2..=3,
        |plan| one_key_id(plan.issuer()),
        |issued| {
            issued.sent[1] = namesake_issuer(issued);
        },
    ),
    Row("namesake-issuer-first", 2..=3, AS_PLANNED, |issued| issued.sent.insert(1, namesake_issuer(issued))),
    Row(
        "namesake-issuer-of-one-key-id-first",
        2..=3,
        |plan| one_key_id(plan.issuer()),
        |issued| {
            issued.sent.insert(1, namesake_issuer(issued));
        },
    ),
    Row(
        "namesake-issuer-of-one-key-id-last",
        2..=3,
        |plan| one_key_id(plan.issuer()),
        |issued| {
            issued.sent.push(namesake_issuer(issued));
        },
    ),
    Row("signed-by-stranger", 1..=2, AS_PLANNED, |issued| {
        sign_leaf_as_stranger(issued);
    }),
    Row(
        "signed-by-stranger-of-one-key-id",
        1..=2,
        |plan| one_key_id(plan.issuer()),
        |issued| {
            sign_leaf_as_stranger(issued);
        },
    ),
    Row(
        "key-id-of-another",
        1..=2,
        |plan| {
            plan.leaf.use_authority_key_identifier_extension = false;
            let another = CustomExtension::from_oid_content(&[2, 5, 29, 35], vec![0x30, 4, 0x80, 2, 1, 2]);
            plan.leaf.custom_extensions.push(another);
        },
        PLANNED,
    ),
    Row(
        "no-key-ids",
        1..=3,
        |plan| {
            plan.leaf.use_authority_key_identifier_extension = false;
            plan.issuers.iter_mut().for_each(|issuer| issuer.use_authority_key_identifier_extension = false);
        },
        PLANNED,
    ),
];

fn send_root(issued: &mut Issued) {
    issued.sent.push(issued.root.clone());
}

fn trust_a_stranger(issued: &mut Issued) {
    issued.trusted = vec![issued.stranger()];
}

fn trust_a_namesake(issued: &mut Issued) {
    issued.trusted = vec![issued.self_signed(&issued.plan.issuers[0], Holder::Stranger)];
}

/// In the name of the issuer.
fn sign_leaf_as_stranger(issued: &mut Issued) {
    let issuer = &issued.plan.issuers[issued.last()];
    issued.sent[0] = issued.sign_as_stranger(&issued.plan.leaf, Holder::Leaf, issuer);
}

/// Of the issuer's name, with another key.
fn namesake_issuer(issued: &Issued) -> Vec<u8> {
    let last = issued.last();
    issued.sign(&issued.plan.issuers[last], Holder::Stranger, last - 1)
}

fn one_key_id(params: &mut CertificateParams) {
    params.key_identifier_method = KeyIdMethod::PreSpecified(vec![7; 20]);
}

/// The leaf alone, signed with its own key.
fn self_sign(issued: &mut Issued) {
    issued.sent = vec![issued.self_signed(&issued.plan.leaf, Holder::Leaf)];
}

fn tamper(issued: &mut Issued, certificate: usize) {
    *issued.sent[certificate].last_mut().unwrap() ^= 1;
}
