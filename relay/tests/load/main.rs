//! The relay as a process under load, and what it does where a client, a mail server or the machine fails it: nothing
//! stays behind, and each session's end is in the log with its cause.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "what fails in a test says so itself")]
#![allow(clippy::disallowed_methods, reason = "a process is waited for by the clock on the wall")]

mod descriptors;
mod ends;
mod process;
mod slow;
mod stop;
mod vanishing;
mod workers;
