//! Carries octets between a WebSocket and one TCP connection to a mail server.
//!
//! A [`Relay`] is made of [`Settings`]: it serves the page, says what it is, and for each WebSocket dials one mail
//! server. It never speaks TLS to one, never parses a certificate and stores nothing.

mod access;
mod address;
mod anchors;
mod demo;
mod deny;
mod dial;
mod ehlo;
mod guard;
mod origin;
mod page;
mod resolve;
mod routes;
mod server;
mod session;
mod settings;
mod upstream;
mod upward;

pub use access::{BadToken, Token};
pub use address::{AllowedNet, BadNet, OwnAddresses};
pub use anchors::{AnchorsFault, TrustAnchors};
pub use deny::{DenyFault, DenyReloader};
pub use ehlo::{BadEhloName, EhloName};
pub use guard::{Guard, Rule};
pub use origin::{BadOrigin, Origin};
pub use resolve::{Lookup, LookupFailure, Resolve, SystemResolver};
pub use server::{Relay, StartError};
pub use settings::{SessionLimits, Settings};
