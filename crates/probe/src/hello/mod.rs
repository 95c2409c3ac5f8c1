//! TLS by hand, for what the TLS library cannot speak: SSL 3.0, TLS 1.0 and 1.1, RSA key transport, finite-field
//! Diffie-Hellman, CBC, anonymous and export suites.
//!
//! Up to TLS 1.2 a server answers a ClientHello in the clear: version and suite, certificates, the parameters of the
//! key exchange. That is read and the connection closed. No key exchange is ever finished here, so nothing is
//! ever said inside, and nothing proves that the server holds its certificate's key.

mod client_hello;
mod flight;
mod handshake;
mod records;

pub(crate) use client_hello::client_hello;
pub(crate) use handshake::RawHandshake;
