//! Mail servers with known faults, for the demo and the tests.
//!
//! A [`Fleet`] holds them all; each [`Specimen`] shows one fault, or none. They live in this process and speak over
//! any stream of octets: [`Fleet::connect`] gives one end of a pipe, [`Fleet::serve`] speaks on a stream of the
//! caller's. They take no mail, and their certificates are made when the fleet is.

mod certificates;
mod fleet;
mod rsa_keys;
mod script;
mod server;
mod table;

pub use fleet::{Fleet, Specimen};
