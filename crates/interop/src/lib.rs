//! Real mail servers, started for the tests.
//!
//! Each runs as an instance of its own, with everything it writes in a directory of its own, on loopback alone, and
//! sends nothing anywhere.

mod chain;
mod postfix;
mod requirements;

pub use postfix::Postfix;
pub use requirements::{Missing, requirements};
