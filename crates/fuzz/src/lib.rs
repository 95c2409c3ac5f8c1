//! What the fuzz targets share: a probe that is watched at every step, a mail server's end
//! of TLS, and DER that can be changed.

#[path = "../../dialogue/src/any_client.rs"]
mod any_client;
mod der;
mod page;
mod script;
mod server;
mod watched;

pub use der::{CHAIN, changed};
pub use page::{html, markdown, seen, text};
pub use script::Script;
pub use server::{CERTIFICATE, Kind, Server};
pub use watched::{End, Watched, command};
