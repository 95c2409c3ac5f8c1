//! What a tester of mail servers needs from cryptography: a rustls [`CryptoProvider`](rustls::crypto::CryptoProvider)
//! over RustCrypto's crates, in pure Rust, the same natively and in WebAssembly. No primitive is our own.
//!
//! A tester must be able to see what it judges, so this provider speaks more than a mail sender should ask for:
//!
//! - RSA keys of 1024 to 8192 bits, every NIST curve with every SHA-2 hash, P-521, Ed25519;
//! - signatures over SHA-1 in a TLS 1.2 handshake. RFC 9155 section 2 forbids a client to offer them, and rustls' own
//!   providers do not, but it takes them where a provider does: there are servers that sign with nothing else, and
//!   without the offer all they show is a failed handshake. They are offered last, and rustls refuses them in TLS 1.3;
//! - X25519MLKEM768, offered last so that its share of 1216 octets is sent only to a server that asks for it by
//!   HelloRetryRequest.
//!
//! That is safe only because nothing secret is ever sent through such a session. Do not send mail with it.
//!
//! In a certification path SHA-1 does not count: those algorithms stand apart, in [`WEAK_SIGNATURE_ALGORITHMS`], for
//! saying that a path would hold but for its weak signature.
//!
//! [`watch_write_key`] sees the key with which a client encrypts, and [`RecordOpener`] opens what was encrypted with it:
//! so a relay can be shown what passes through it, and nothing of what the server answers.
//!
//! Without the feature `provider` only the signature algorithms are left and rustls is no dependency.

#[cfg(feature = "provider")]
mod aead;
#[cfg(feature = "provider")]
mod hash;
#[cfg(feature = "provider")]
mod hybrid;
#[cfg(feature = "provider")]
mod kx;
#[cfg(feature = "provider")]
mod provider;
#[cfg(feature = "provider")]
mod record;
#[cfg(feature = "provider")]
mod suites;
mod verify;
#[cfg(feature = "provider")]
mod write_key;

#[cfg(feature = "provider")]
pub use provider::provider;
#[cfg(feature = "provider")]
pub use record::RecordOpener;
pub use verify::{RSA_BITS, SIGNATURE_ALGORITHMS, WEAK_SIGNATURE_ALGORITHMS, modulus_bits};
#[cfg(feature = "provider")]
pub use write_key::{WriteKey, watch_write_key};

/// The octets that a test gives in hex, blanks aside.
#[cfg(all(test, feature = "provider"))]
fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |digit: u8| (digit as char).to_digit(16).expect("it was filtered") as u8;
    digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
