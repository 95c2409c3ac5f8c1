//! The machine that tests a mail server: octets in, octets and observations out.
//!
//! **The invariant:** after one [`Probe::handle_input`], call [`Probe::poll_output`] until it says
//! [`Output::Wait`] or [`Output::Done`]. Where it is to wait until a time that is past already, tell it the time at once
//! by [`Input::Tick`]: it asks so when a handshake has ended, for its own calculations take time that it cannot know.
//!
//! No sockets, no clock, no judgement. Whatever a server or a relay does is an observation; a panic is a bug
//! here. Any cut of the octets gives the same observations. Only the keys of TLS are drawn by chance, from the
//! platform's generator by way of `heloscope-crypto`.
//!
//! Inside, `plan` says which connections to make, `session` holds one dialogue with one struct a state, `channel` is
//! clear text or TLS (the TLS library lives there only), `hello` speaks just enough TLS by hand for servers that the
//! library cannot speak to, and [`limits`] bounds all of it.

mod channel;
mod context;
mod exchange;
mod hello;
pub mod limits;
mod plan;
mod probe;
mod session;

pub use exchange::{Input, Output};
pub use probe::Probe;
