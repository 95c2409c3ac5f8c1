//! The guard as a machine: octets of a client and of a server in, what goes up or the rule that refuses it out.

#![allow(clippy::unwrap_used, reason = "what fails in a test says so itself")]

mod clear_phase;

mod handshake;
mod key_proof;
mod scene;
mod sealed;
mod specimens;
