//! The narrow waist: what was asked for and what was seen of a mail server, when, and in which stage.
//!
//! Plain serde data. A saved [`Observations`] is a test fixture and a bug report; nothing here says what is good
//! or bad, and no type of a TLS or certificate library stands here.

mod host;
mod observation;
mod pasted;
mod refusal;
mod target;
mod tls;

pub use host::{Host, NotAHost};
pub use observation::{
    Connection, ConnectionId, Established, Event, MAX_RECEIVED, Observation, Observations, Pace, Purpose,
    Stage,
};
pub use pasted::{NotUnderstood, Understood, understand};
pub use refusal::{Refusal, RefusalCode};
pub use target::{NotAPort, PortSpec, STANDARD_PORTS, Target, TlsMode};
pub use tls::{AlertDescription, CipherSuite, Der, Handshake, NamedGroup, TlsFailure, TlsVersion, Unoffered};
