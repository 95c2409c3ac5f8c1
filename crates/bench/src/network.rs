//! The network of the namespace that the contest is held in.

use std::net::Ipv4Addr;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::program;

/// The address that is near.
pub(crate) const NEAR: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Changes this namespace's network.
pub(crate) fn ip(arguments: &[&str]) -> Result<()> {
    let ip = program("ip").context("there is no ip(8), of iproute2")?;
    let output = Command::new(ip).args(arguments).output()?;
    if !output.status.success() {
        bail!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
