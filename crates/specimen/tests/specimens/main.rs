//! Every specimen speaks as its table says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod certificates;
mod client;
mod dialogue;
