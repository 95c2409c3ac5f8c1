//! Observations, folded by subject into facts; no opinions here.

mod answer;
mod capabilities;
mod certificate;
mod error;
mod port;
mod timings;
mod tls;
mod transcript;

pub(crate) use answer::{Answer, choice};
pub(crate) use capabilities::capabilities;
pub(crate) use certificate::{ChainFacts, days_between, rfc3339};
pub(crate) use error::port_error;
pub(crate) use port::{Cause, Failure, Heard, Hello, PortFacts, on};
pub(crate) use timings::{milliseconds, timings};
pub(crate) use tls::tls;
pub(crate) use transcript::transcript;
