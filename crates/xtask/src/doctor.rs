//! `cargo xtask doctor`: the tools, and how to get those that are not there.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Result, bail};

use crate::build::has_wasm_target;
use crate::install::{BROWSERS, BUILD, HOSTING, MAIL_SERVERS, OPTIONAL, PROXIES, STORE, Tool};
use crate::place::Place;

/// Prints a line for each tool; an error where one that a build needs is missing.
pub(crate) fn doctor(place: &Place) -> Result<()> {
    let mut complete = list(place, "To build and start", &BUILD);
    if has_wasm_target(place).unwrap_or(false) {
        println!("  {:<12} there", "wasm32");
    } else {
        complete = false;
        println!(
            "  {:<12} MISSING   rustup target add wasm32-unknown-unknown (done by `npm start`)",
            "wasm32"
        );
    }
    list(place, "To test the page", &BROWSERS);
    list(place, "To test against real mail servers", &MAIL_SERVERS);
    list(place, "To test quotas that relays share", &STORE);
    list(place, "To test the relay's HTTPS", &PROXIES);
    list(place, "To test the files for hosting a relay", &HOSTING);
    list(place, "To check the dependencies (not needed for anything else)", &OPTIONAL);
    if !complete {
        bail!("what is missing for a build is listed above");
    }
    Ok(())
}

fn list(place: &Place, heading: &str, tools: &[Tool]) -> bool {
    println!("{heading}");
    for tool in tools {
        match tool.found() {
            Some(path) => println!("  {:<12} {}", tool.name, version(place, tool, &path)),
            None => println!("  {:<12} MISSING   {}   ({})", tool.name, tool.how(), tool.purpose),
        }
    }
    tools.iter().all(|tool| tool.found().is_some())
}

/// The first line that the program prints about itself, or where it is.
fn version(place: &Place, tool: &Tool, path: &Path) -> String {
    if tool.version.is_empty() {
        return path.display().to_string();
    }
    let said = place.command(path).args(tool.version).stdin(Stdio::null()).output();
    let first = said.ok().filter(|said| said.status.success()).and_then(|said| {
        String::from_utf8_lossy(&said.stdout).lines().next().map(|line| line.trim().to_owned())
    });
    first.filter(|line| !line.is_empty()).unwrap_or_else(|| path.display().to_string())
}
