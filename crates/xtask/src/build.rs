//! `cargo xtask build`: the page, the widget, the npm package, and the relay that has the page inside.
//!
//! ```text
//! npm packages ────────────────┐
//! heloscope-web → WebAssembly ─┼─→ bound, optimised ─→ bundled, compressed (web/dist) ─┐
//! bind (wasm-bindgen) ─────────┘                                                       ├─→ heloscope-relay
//! what heloscope-relay is made of (the first time) ────────────────────────────────────┘
//! ```
//!
//! What stands below one another runs at the same time. Cargo finds out by itself what it need not do again; the rest
//! goes by stamps.

use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, anyhow, bail};

use crate::place::Place;
use crate::run::{output, step, timed};
use crate::stamp::unless_done;
use crate::{assets, install};

/// The target of what runs in a browser.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

const WEB: &str = "heloscope-web";

/// Builds everything that `start` needs.
pub(crate) fn build(place: &Place) -> Result<()> {
    timed("build", "everything", || {
        thread::scope(|scope| {
            // The crates under the relay are half of all that is to be compiled, and need no page.
            let ahead = (!place.relay().exists()).then(|| scope.spawn(|| under_the_relay(place)));
            modules(place)?;
            // Not before: the relay's build script must not meet a page half put together.
            ahead.map_or(Ok(()), |ahead| joined(ahead.join()))
        })?;
        assets::dist(place)?;
        assets::package(place)?;
        relay(place)
    })
}

/// Builds what a visitor loads: `web/dist`.
pub(crate) fn assets(place: &Place) -> Result<()> {
    modules(place)?;
    assets::dist(place)
}

/// The WebAssembly module, and what puts it into the page.
fn modules(place: &Place) -> Result<()> {
    install::node(place)?;
    wasm_target(place)?;
    thread::scope(|scope| {
        let packages = scope.spawn(|| npm_packages(place));
        let bind = scope.spawn(|| bind_program(place));
        let wasm = wasm(place, WEB);
        joined(packages.join())?;
        joined(bind.join())?;
        wasm
    })?;
    assets::remedies(place)?;
    assets::languages(place)?;
    assets::pages(place)?;
    assets::module(place, &place.wasm(WEB))
}

/// The npm packages of `package-lock.json`.
pub(crate) fn npm_packages(place: &Place) -> Result<()> {
    let lock = place.root.join("package-lock.json");
    let installed = place.root.join("node_modules/.package-lock.json");
    unless_done(
        &place.stamps().join("npm"),
        &[place.root.join("package.json"), lock],
        "npm ci",
        &[installed],
        || {
            step(
                "npm",
                "npm packages",
                place.command("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]),
            )
        },
    )
}

/// Compiles a crate to WebAssembly, as small as it goes.
pub(crate) fn wasm(place: &Place, package: &str) -> Result<()> {
    let mut cargo = place.cargo("build");
    cargo.args(["--locked", "--profile", "wasm", "--target", WASM, "--lib", "--package", package]);
    step("wasm", &format!("{package} to WebAssembly"), &mut cargo)?;
    let module = place.wasm(package);
    if !module.exists() {
        bail!("{package} made no {}: is its crate-type cdylib?", module.display());
    }
    Ok(())
}

/// Compiles the program that binds WebAssembly to JavaScript.
pub(crate) fn bind_program(place: &Place) -> Result<()> {
    let mut cargo = place.cargo("build");
    cargo.args(["--locked", "--package", "xtask", "--features", "bind", "--bin", "bind"]);
    step("bind", "wasm-bindgen", &mut cargo)
}

/// Makes sure that the compiler has WebAssembly's standard library.
pub(crate) fn wasm_target(place: &Place) -> Result<()> {
    if has_wasm_target(place)? {
        return Ok(());
    }
    if install::which("rustup").is_none() {
        bail!(
            "the Rust compiler has no {WASM}, and there is no rustup to add it; with Rust from https://rustup.rs it is \
             `rustup target add {WASM}`"
        );
    }
    step("rustup", "the WebAssembly target", place.command("rustup").args(["target", "add", WASM]))
}

/// Whether the compiler has WebAssembly's standard library.
pub(crate) fn has_wasm_target(place: &Place) -> Result<bool> {
    let libraries = output(place.command("rustc").args(["--print", "target-libdir", "--target", WASM]))
        .context("a Rust compiler is needed: https://rustup.rs")?;
    Ok(Path::new(libraries.trim()).exists())
}

fn relay(place: &Place) -> Result<()> {
    step("relay", "heloscope-relay", relay_build(place).arg("--bins"))
}

/// Without the program itself, whose linking optimises all of it once more.
fn under_the_relay(place: &Place) -> Result<()> {
    step("relay", "what heloscope-relay is made of", relay_build(place).arg("--lib"))
}

fn relay_build(place: &Place) -> Command {
    let mut cargo = place.cargo("build");
    cargo.args(["--locked", "--release", "--package", "heloscope-relay"]);
    cargo
}

fn joined(result: thread::Result<Result<()>>) -> Result<()> {
    result.unwrap_or_else(|_| Err(anyhow!("a build step panicked")))
}
