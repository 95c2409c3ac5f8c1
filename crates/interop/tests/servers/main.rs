//! The servers say what they are configured to say, and are gone afterwards.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod exim;
mod opensmtpd;
mod openssl;
mod postfix;
mod postscreen;
mod program;
mod scripted;
