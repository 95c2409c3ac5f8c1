//! Observations, folded by subject into facts; no opinions here.

mod answer;
mod banner;
mod by_hand;
mod capabilities;
mod certificate;
mod ended;
mod error;
mod failure;
mod fold;
mod instead;
mod notes;
mod port;
mod protocol;
mod rejected;
mod timings;
mod tls;
mod tls_error;
mod transcript;

pub(crate) use answer::{Answer, choice};
pub(crate) use banner::banner;
pub(crate) use capabilities::capabilities;
pub(crate) use certificate::{ChainFacts, days_between, presented, rfc3339};
pub(crate) use error::{answers_nothing, port_error};
pub(crate) use failure::{Broken, Cause, Failure};
pub(crate) use fold::on;
pub(crate) use instead::{Instead, takes_hello_for_command};
pub(crate) use notes::notes;
pub(crate) use port::{Heard, Hello, PortFacts};
pub(crate) use rejected::{ehlo_alone_rejected, ehlo_refused};
pub(crate) use timings::{milliseconds, timings};
pub(crate) use tls::tls;
pub(crate) use transcript::transcript;
