//! Real mail servers, started for the tests.
//!
//! Each runs as an instance of its own, with everything it writes in a directory of its own, on loopback alone, and
//! sends nothing anywhere. [`names`] are those there are; [`Server::start`] starts one.

mod authority;
mod cache;
mod confinement;
#[cfg(test)]
mod directives;
mod exim;
mod expected;
mod flavours;
mod keeper;
mod names;
mod opensmtpd;
mod openssl;
#[cfg(test)]
mod pasted;
mod ports;
mod postfix;
mod postfix_open;
mod postscreen;
mod requirements;
mod s_server;
mod scripted;
mod scripts;
mod server;
mod starttls_front;
mod tlslite;
mod unpacked;

pub use authority::Authority;
pub use expected::{Expected, ExpectedCertificate, ExpectedLink, ExpectedTls};
pub use names::{fetch, names, requirements};
pub use postfix_open::OpenPort;
pub use requirements::Missing;
pub use server::Server;
