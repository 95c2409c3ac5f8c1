//! Chains of what rcgen cannot make: old hashes, short keys, old versions, and what is not verified here.

use super::chain::Chain;
use crate::authority::{NEW_YEAR, chain};

const EARLY: &str = include_str!("../fixtures/early.pem");
const ED25519: &str = include_str!("../fixtures/ed25519.pem");
const ED448: &str = include_str!("../fixtures/ed448.pem");
const EXPLICIT: &str = include_str!("../fixtures/explicit.pem");
const MD5: &str = include_str!("../fixtures/md5.pem");
const NEGATIVE_SERIAL: &str = include_str!("../fixtures/negative-serial.pem");
const P224: &str = include_str!("../fixtures/p224.pem");
const P521: &str = include_str!("../fixtures/p521.pem");
const PSS: &str = include_str!("../fixtures/pss.pem");
const PSS_WITHOUT_SALT: &str = include_str!("../fixtures/pss-without-salt.pem");
const ROOT: &str = include_str!("../fixtures/root.pem");
const RSA1024: &str = include_str!("../fixtures/rsa1024.pem");
const RSA1024_SHA1: &str = include_str!("../fixtures/rsa1024-sha1.pem");
const SHA1: &str = include_str!("../fixtures/sha1.pem");
/// A leaf, its issuer that is signed with SHA-1, and the root.
const SHA1_ISSUER: &str = include_str!("../fixtures/sha1-issuer.pem");
const SHA224: &str = include_str!("../fixtures/sha224.pem");
const V1: &str = include_str!("../fixtures/v1.pem");
const ZERO_SERIAL: &str = include_str!("../fixtures/zero-serial.pem");

/// The chain's name, the trust anchor (the last certificate there), what is sent, the host.
type Row = (&'static str, &'static str, &'static [&'static str], &'static str);

const ROWS: &[Row] = &[
    ("sha1", ROOT, &[SHA1], "sha1.example"),
    ("sha1-untrusted", ED25519, &[SHA1, ROOT], "sha1.example"),
    ("sha1-other-host", ROOT, &[SHA1], "md5.example"),
    ("sha1-issuer", SHA1_ISSUER, &[SHA1_ISSUER], "sha1-issuer.example"),
    ("sha1-issuer-untrusted", ROOT, &[SHA1_ISSUER], "sha1-issuer.example"),
    ("md5", ROOT, &[MD5, ROOT], "md5.example"),
    ("version-1-fixture", ROOT, &[V1], "v1.example"),
    ("version-1-trusted", V1, &[V1], "v1.example"),
    ("rsa-1024", ROOT, &[RSA1024], "rsa1024.example"),
    ("rsa-1024-trusted", RSA1024, &[RSA1024], "rsa1024.example"),
    ("rsa-1024-sha1", ROOT, &[RSA1024_SHA1], "rsa1024-sha1.example"),
    ("rsa-1024-sha1-trusted", RSA1024_SHA1, &[RSA1024_SHA1], "rsa1024-sha1.example"),
    ("p-521", ROOT, &[P521], "p521.example"),
    ("p-521-trusted", P521, &[P521], "p521.example"),
    ("ed448", ED448, &[ED448], "ed448.example"),
    ("sha-224", SHA224, &[SHA224], "sha224.example"),
    ("p-224", P224, &[P224], "p224.example"),
    ("pss-without-salt", PSS_WITHOUT_SALT, &[PSS_WITHOUT_SALT], "pss-without-salt.example"),
    ("explicit-curve", EXPLICIT, &[EXPLICIT], "explicit.example"),
    ("before-1970", EARLY, &[EARLY], "early.example"),
    ("pss", ROOT, &[PSS], "pss.example"),
    ("pss-trusted", PSS, &[PSS], "pss.example"),
    ("ed25519-trusted", ED25519, &[ED25519], "ed25519.example"),
    ("serial-negative-trusted", NEGATIVE_SERIAL, &[NEGATIVE_SERIAL], "negative-serial.example"),
    ("serial-zero-trusted", ZERO_SERIAL, &[ZERO_SERIAL], "zero-serial.example"),
    ("serial-zero-untrusted", ROOT, &[ZERO_SERIAL], "zero-serial.example"),
];

pub(crate) fn chains() -> Vec<Chain> {
    let made = |(id, trusted, sent, host): &Row| Chain {
        id: (*id).to_owned(),
        trusted: chain(trusted).split_off(chain(trusted).len() - 1),
        sent: sent.iter().flat_map(|pem| chain(pem)).collect(),
        at: NEW_YEAR,
        host: (*host).to_owned(),
    };
    ROWS.iter().map(made).collect()
}
