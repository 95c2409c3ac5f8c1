//! The cipher suites: three of TLS 1.3 (RFC 8446 appendix B.4), six of TLS 1.2, all with an ephemeral key exchange and
//! an AEAD (RFC 5289, RFC 7905).

use rustls::crypto::hash::Hash;
use rustls::crypto::tls12::{Prf, PrfUsingHmac};
use rustls::crypto::tls13::{Hkdf, HkdfUsingHmac};
use rustls::crypto::{CipherSuiteCommon, KeyExchangeAlgorithm};
use rustls::{CipherSuite, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite};

use crate::aead::{AES_128_GCM, AES_256_GCM, Aead, CHACHA20_POLY1305};
use crate::hash::{HMAC_SHA256, HMAC_SHA384, SHA256, SHA384};

/// All suites, in the order they are offered: OpenSSL's own, so that a server chooses what it would choose for most
/// senders.
pub(crate) static ALL: &[SupportedCipherSuite] = &[
    SupportedCipherSuite::Tls13(&TLS13_AES_256_GCM_SHA384),
    SupportedCipherSuite::Tls13(&TLS13_CHACHA20_POLY1305_SHA256),
    SupportedCipherSuite::Tls13(&TLS13_AES_128_GCM_SHA256),
    SupportedCipherSuite::Tls12(&TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    SupportedCipherSuite::Tls12(&TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    SupportedCipherSuite::Tls12(&TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    SupportedCipherSuite::Tls12(&TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
    SupportedCipherSuite::Tls12(&TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    SupportedCipherSuite::Tls12(&TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
];

static TLS13_AES_128_GCM_SHA256: Tls13CipherSuite =
    tls13(CipherSuite::TLS13_AES_128_GCM_SHA256, &WITH_SHA256, &AES_128_GCM);
static TLS13_AES_256_GCM_SHA384: Tls13CipherSuite =
    tls13(CipherSuite::TLS13_AES_256_GCM_SHA384, &WITH_SHA384, &AES_256_GCM);
static TLS13_CHACHA20_POLY1305_SHA256: Tls13CipherSuite =
    tls13(CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, &WITH_SHA256, &CHACHA20_POLY1305);

static TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: Tls12CipherSuite =
    tls12(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, ECDSA, &WITH_SHA256, &AES_128_GCM);
static TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: Tls12CipherSuite =
    tls12(CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, RSA, &WITH_SHA256, &AES_128_GCM);
static TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: Tls12CipherSuite =
    tls12(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, ECDSA, &WITH_SHA384, &AES_256_GCM);
static TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: Tls12CipherSuite =
    tls12(CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, RSA, &WITH_SHA384, &AES_256_GCM);
static TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: Tls12CipherSuite = tls12(
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ECDSA,
    &WITH_SHA256,
    &CHACHA20_POLY1305,
);
static TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: Tls12CipherSuite =
    tls12(CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, RSA, &WITH_SHA256, &CHACHA20_POLY1305);

// A server picks from these; a client only takes from them which key (RSA or not) the suite goes with. Ed25519 counts
// as ECDSA here (RFC 8422 section 5.1.3).
static ECDSA: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::ECDSA_SHA1_Legacy,
];
static RSA: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::RSA_PKCS1_SHA1,
];

/// What follows from the hash in a suite's name.
struct Derivation {
    hash: &'static dyn Hash,
    hkdf: &'static dyn Hkdf,
    prf: &'static dyn Prf,
}

static WITH_SHA256: Derivation =
    Derivation { hash: &SHA256, hkdf: &HkdfUsingHmac(&HMAC_SHA256), prf: &PrfUsingHmac(&HMAC_SHA256) };
static WITH_SHA384: Derivation =
    Derivation { hash: &SHA384, hkdf: &HkdfUsingHmac(&HMAC_SHA384), prf: &PrfUsingHmac(&HMAC_SHA384) };

const fn tls13(suite: CipherSuite, derivation: &'static Derivation, aead: &'static Aead) -> Tls13CipherSuite {
    Tls13CipherSuite {
        common: common(suite, derivation, aead),
        hkdf_provider: derivation.hkdf,
        aead_alg: aead,
        quic: None,
    }
}

const fn tls12(
    suite: CipherSuite,
    sign: &'static [SignatureScheme],
    derivation: &'static Derivation,
    aead: &'static Aead,
) -> Tls12CipherSuite {
    Tls12CipherSuite {
        common: common(suite, derivation, aead),
        prf_provider: derivation.prf,
        kx: KeyExchangeAlgorithm::ECDHE,
        sign,
        aead_alg: aead,
    }
}

const fn common(suite: CipherSuite, derivation: &Derivation, aead: &Aead) -> CipherSuiteCommon {
    CipherSuiteCommon {
        suite,
        hash_provider: derivation.hash,
        confidentiality_limit: aead.confidentiality_limit,
    }
}
