//! What browser and relay say to each other: one WebSocket carries one TCP connection.
//!
//! `GET /v1/connect?host=mx1.example.com&port=25`, upgraded with sub-protocol [`SUB_PROTOCOL`]. Text frames are
//! control, JSON of [`FromRelay`] and [`ToRelay`]; binary frames are octets, unframed, both ways. `GET /v1/about` answers [`About`].

mod about;
mod connect;
mod control;
mod conversation;
mod hex;
mod quota;
mod relay_url;

pub use about::{About, Example, Limits};
pub use connect::{CONNECT_PATH, ConnectQuery, SUB_PROTOCOL};
pub use control::{ClientWriteKey, CloseCause, FromRelay, ToRelay};
pub use conversation::{Conversation, Frame, Meaning};
pub use quota::{NotAQuota, Quota, Quotas};
pub use relay_url::{NotARelayUrl, RelayUrl};

/// Where a relay says what it is, an [`About`] in JSON.
pub const ABOUT_PATH: &str = "/v1/about";
