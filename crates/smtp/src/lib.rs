//! SMTP as octets (RFC 5321): replies and how they are read off a stream, EHLO replies, enhanced status
//! codes, the few command lines this tester sends, and those that nobody may send through it.
//!
//! Nothing here knows TLS, time, the order of the dialogue, or what is good and bad. Every line keeps its
//! octets and its ending; what does not fit the grammar is kept and named, not dropped.

mod command;
mod ehlo;
mod octets;
mod reader;
mod reply;
mod status;
mod stray_command;
mod visible;

pub use command::Command;
pub use ehlo::{EhloReply, Extension};
pub use octets::{NotEscaped, Octets};
pub use reader::{Fault, FaultKind, ReplyReader};
pub use reader::{MAX_LINE, MAX_LINES, MAX_REPLY, MAX_STRAY};
pub use reply::{LeftOut, LineEnding, Reply, ReplyLine, Separator};
pub use status::EnhancedStatusCode;
pub use stray_command::stray_command;
pub use visible::{inert, visible};
