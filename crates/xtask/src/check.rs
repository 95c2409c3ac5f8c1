//! `cargo xtask check`: everything that is judged without running a test. All of it is judged, and what does not hold
//! is listed at the end.

use anyhow::{Result, bail};

use crate::build;
use crate::install::OPTIONAL;
use crate::letters::letters;
use crate::place::Place;
use crate::rules::rules;
use crate::run::step;
use crate::size::size;
use crate::words;

/// Fails where any of the checks does.
pub(crate) fn check(place: &Place) -> Result<()> {
    // The types of the WebAssembly module are made by the build; the sizes are those of what it makes.
    build::assets(place)?;
    let mut failed = Vec::new();
    let mut judge = |what: &'static str, result: Result<()>| match result {
        Ok(()) => eprintln!("{what:>9} │ holds"),
        Err(error) => {
            eprintln!("{what:>9} │ {error:#}");
            failed.push(what);
        }
    };
    judge("format", step("format", "cargo fmt", place.cargo("fmt").args(["--all", "--check"])));
    judge("rules", rules(place));
    judge("letters", letters(place));
    judge("words", words::judge(place));
    judge("types", step("types", "tsc", &mut place.npm_program("tsc")));
    judge("clippy", clippy(place));
    judge("doc", documentation(place));
    let [deny] = &OPTIONAL;
    if deny.found().is_some() {
        judge("licences", licences(place));
    } else {
        eprintln!("{:>9} │ SKIPPED: {} judges {}: {}", "licences", deny.name, deny.purpose, deny.how());
    }
    judge("size", size(place));
    if !failed.is_empty() {
        bail!("does not hold: {}", failed.join(", "));
    }
    Ok(())
}

fn clippy(place: &Place) -> Result<()> {
    let mut native = place.cargo("clippy");
    native.args(["--locked", "--workspace", "--exclude", "heloscope-web", "--all-targets"]);
    native.args(["--features", "xtask/bind,heloscope-relay/acme", "--", "--deny", "warnings"]);
    step("clippy", "lints, natively", &mut native)?;
    let mut wasm = place.cargo("clippy");
    wasm.args(["--locked", "--package", "heloscope-web", "--package", "heloscope-dialogue"]);
    wasm.args(["--package", "heloscope-scenes", "--lib"]);
    wasm.args(["--target", build::WASM, "--", "--deny", "warnings"]);
    step("clippy", "lints, as WebAssembly", &mut wasm)
}

fn documentation(place: &Place) -> Result<()> {
    let mut doc = place.cargo("doc");
    doc.args(["--locked", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings");
    step("doc", "documentation", &mut doc)
}

/// cargo-deny. Advisories are asked for where their database can be fetched.
fn licences(place: &Place) -> Result<()> {
    let run = |checks: &[&str]| {
        let mut command = place.cargo("deny");
        command.args(["--all-features", "--locked", "check", "--hide-inclusion-graph"]).args(checks);
        step("licences", &checks.join(", "), &mut command)
    };
    run(&["licenses", "bans", "sources"])?;
    let fetched =
        place.cargo("deny").args(["fetch", "db"]).output().is_ok_and(|fetch| fetch.status.success());
    if fetched {
        return run(&["advisories"]);
    }
    eprintln!("{:>9} │ SKIPPED: advisories: their database cannot be fetched from here", "licences");
    Ok(())
}
