//! Carries octets between a WebSocket and one TCP connection to a mail server.
//!
//! A [`Relay`] is made of [`Settings`]: it serves the page, says what it is, and for each WebSocket dials one mail
//! server. It never speaks TLS to one, never parses a certificate and stores nothing.

mod access;
#[cfg(feature = "acme")]
mod acme;
mod address;
mod anchors;
mod asked;
mod caution;
mod contact;
mod demo;
mod deny;
mod dial;
mod ehlo;
mod files;
mod guard;
mod lookups;
mod metrics;
mod monitor;
mod origin;
mod outside;
mod page;
mod proxy;
mod quota;
mod reach;
mod reload;
mod resolve;
mod routes;
mod server;
mod session;
mod settings;
mod standing;
mod summary;
mod terms;
mod tls;
mod turned_away;
mod upstream;
mod upward;

pub use access::{BadToken, Token};
#[cfg(feature = "acme")]
pub use acme::{Acme, AcmeFault};
pub use address::{AllowedNet, BadNet, OwnAddresses};
pub use anchors::{AnchorsFault, TrustAnchors};
pub use caution::Caution;
pub use contact::{BadContact, Contact};
pub use deny::{DenyFault, DenyReloader};
pub use ehlo::{BadEhloName, EhloName};
pub use files::text_of;
pub use guard::{Guard, Rule};
pub use origin::{BadOrigin, Origin};
pub use proxy::{NotAProxy, TrustedProxy};
pub use quota::{BadStoreUrl, StoreUrl};
pub use reload::Reloader;
pub use resolve::{Lookup, LookupFailure, Resolve, ReverseLookup, SystemResolver};
pub use server::{Relay, StartError};
pub use settings::{Contradiction, SessionLimits, Settings};
pub use tls::{CertificateCaution, CertificateFault, CertificateReloader, TlsFiles};
