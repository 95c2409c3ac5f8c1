//! What lies between a session and its connection: clear text, or TLS.
//!
//! The handshake goes through whatever the chain is, and the chain is judged afterwards by others. That is safe
//! only because nothing secret is ever sent inside: no AUTH, no mail. The signature by which the server proves
//! that it holds its certificate's key is verified all the same, or the certificate shown would prove nothing.

mod public_key;
mod threshold;
mod tls;
mod witness;

pub(crate) use threshold::Expectation;
pub(crate) use tls::{TlsChannel, TlsEvent};
