//! `cargo xtask start`: the page with the demo's mail servers, on this machine.

use anyhow::{Result, anyhow};

use crate::build::build;
use crate::place::Place;
use crate::run::shown;

/// Builds, then becomes the relay: what the reader's Ctrl-C ends is the relay itself. It prints its own address.
pub(crate) fn start(place: &Place, arguments: &[String]) -> Result<()> {
    build(place)?;
    let own = arguments.strip_prefix(&["--".to_owned()]).unwrap_or(arguments);
    let mut relay = place.command(place.relay());
    relay.arg("--demo").args(own);
    become_it(&mut relay).map_err(|error| anyhow!("cannot run {}: {error}", shown(&relay)))
}

#[cfg(unix)]
fn become_it(command: &mut std::process::Command) -> std::io::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn become_it(command: &mut std::process::Command) -> std::io::Result<()> {
    std::process::exit(command.status()?.code().unwrap_or(1))
}
