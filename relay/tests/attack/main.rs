//! Nothing gets out: each way to have a relay send mail, guess a password or try an address, taken over a real WebSocket
//! through the real relay to a real Postfix that would take it.
//!
//! An [`Attack`](attack::Attack) is a value. It is also taken straight to the same Postfix, over TCP: so each is known to
//! work where there is no relay, or says why it does not.

#![allow(clippy::unwrap_used, reason = "what fails in a test says so itself")]

mod attack;
mod campaign;
mod carrier;
mod clear_phase;
mod client_hello;
mod collusion;
mod effect;
mod encrypted;
mod hello;
mod http;
mod log;
#[allow(dead_code, reason = "the relay's other tests use the rest of it")]
#[path = "../relay/rig.rs"]
mod rig;
mod second_hello;
#[allow(dead_code, reason = "the relay's other tests use the rest of it")]
#[path = "../relay/secure.rs"]
mod secure;
mod tls;
mod websocket;
