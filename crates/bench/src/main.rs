//! Measures Heloscope: the command and the relay beside their peers, the instructions of one test, and the page in a
//! browser.
//!
//! `npm run bench` builds what is measured and runs all of it. Nothing here passes or fails but by not running at all:
//! it prints figures, and beside them what they should be.

#![allow(clippy::disallowed_methods, reason = "this is where time is measured")]

mod contest;
mod contestants;
mod far;
mod figures;
mod ground;
mod instructions;
mod network;
mod relay;
mod sslyze;
mod whole_test;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

const HELP: &str = "\
heloscope-bench [what]

  speed                    the command beside its peers, against Postfix: on loopback, and 40 ms away
  relay [--rounds N]       the relay beside its peers and no relay: throughput, round trips, set-ups, idle sessions
  instructions [--record]  the instructions of one whole test, beside those on record; or put these on record
  browser                  the page in Chromium: the time to a report, and what held its main thread

Without a word, all four.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [] => all(),
        ["speed"] => speed(),
        ["relay"] => relay::measure(relay::ROUNDS),
        ["relay", "--rounds", number] if number.parse::<usize>().is_ok_and(|number| number > 0) => {
            relay::measure(number.parse().unwrap_or(relay::ROUNDS))
        }
        ["instructions"] => instructions::compare(),
        ["instructions", "--record"] => instructions::record(),
        ["browser"] => browser(),
        // What this program runs of itself.
        [ground::APART] => contest::hold(),
        [far::MIRROR] => far::mirror(),
        [whole_test::WHOLE_TEST] => whole_test::run(),
        _ => {
            print!("{HELP}");
            return ExitCode::from(u8::from(words != ["--help"]));
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("heloscope-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One after the other, whatever becomes of the one before.
fn all() -> Result<()> {
    let mut failed = Vec::new();
    for (what, done) in [
        ("speed", speed as fn() -> _),
        ("relay", || relay::measure(relay::ROUNDS)),
        ("instructions", instructions::compare),
        ("browser", browser),
    ] {
        if let Err(error) = done() {
            eprintln!("{what}: {error:#}");
            failed.push(what);
        }
        println!();
    }
    if !failed.is_empty() {
        bail!("not measured: {}", failed.join(", "));
    }
    Ok(())
}

fn speed() -> Result<()> {
    sslyze::install();
    ground::enter()
}

fn browser() -> Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser.mjs");
    let status = Command::new("node")
        .arg(script)
        .env("HELOSCOPE_RELAY", beside("heloscope-relay")?)
        .status()
        .context("cannot run node")?;
    if !status.success() {
        bail!("browser.mjs ended with {status}");
    }
    Ok(())
}

/// A program that the same build made.
fn beside(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if !path.is_file() {
        bail!("{} is not there: npm run bench builds it", path.display());
    }
    Ok(path)
}

/// A program of this machine: on `PATH`, or where Debian keeps those of the administrator.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}
