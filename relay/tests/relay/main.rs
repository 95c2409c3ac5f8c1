//! The relay over real sockets on loopback: its HTTP side, its WebSockets, and the command.

#![allow(clippy::unwrap_used, reason = "what fails in a test says so itself")]

mod access;
#[cfg(all(feature = "acme", unix))]
mod acme;
mod callers;
mod command;
mod connect;
mod demo;
#[cfg(unix)]
mod fronts;
mod http2;
mod https;
mod log;
mod monitor;
mod name_server;
mod own_addresses;
mod packaging;
mod page;
mod proxy;
mod quota;
#[cfg(target_os = "linux")]
mod reach;
mod rebinding;
mod redis_server;
mod reload;
mod rig;
mod secure;
mod session;
mod stop;
mod store;
#[cfg(target_os = "linux")]
mod unit;
mod warnings;
