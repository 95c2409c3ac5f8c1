//! `cargo xtask build`: the page, the widget, the npm package, and the relay that has the page inside.
//!
//! ```text
//!                 heloscope-web → WebAssembly ─┬─→ bound, optimised ─→ bundled, compressed (web/dist) ─┐
//! npm packages ─→ bind (wasm-bindgen) ─────────┘                                                       ├─→ heloscope-relay
//!                 what heloscope-relay is made of (the first time) ────────────────────────────────────┘
//! ```
//!
//! What stands below one another runs at the same time; the npm packages come first, since whoever cannot get them is to
//! hear so at once. Cargo finds out by itself what it need not do again; the rest goes by stamps.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};

use crate::place::Place;
use crate::run::{output, shown, step, timed};
use crate::stamp::unless_done;
use crate::{assets, install};

/// The target of what runs in a browser.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

const WEB: &str = "heloscope-web";

/// Builds everything that `start` needs.
pub(crate) fn build(place: &Place) -> Result<()> {
    timed("build", "everything", || {
        npm_packages(place)?;
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
    npm_packages(place)?;
    wasm_target(place)?;
    thread::scope(|scope| {
        let bind = scope.spawn(|| bind_program(place));
        let wasm = wasm(place, WEB);
        joined(bind.join())?;
        wasm
    })?;
    assets::remedies(place)?;
    assets::languages(place)?;
    assets::pages(place)?;
    assets::module(place, &place.wasm(WEB))
}

/// The npm packages of `package-lock.json`; an error says what to do.
pub(crate) fn npm_packages(place: &Place) -> Result<()> {
    install::node(place)?;
    let lock = place.root.join("package-lock.json");
    let installed = place.root.join("node_modules/.package-lock.json");
    unless_done(
        &place.stamps().join("npm"),
        &[place.root.join("package.json"), lock],
        "npm ci",
        &[installed],
        || timed("npm", "npm packages", || npm_ci(place)),
    )
}

fn npm_ci(place: &Place) -> Result<()> {
    let mut npm = place.command("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
    // Its own patience is over a minute.
    npm.args(["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]);
    let output = npm.stdin(Stdio::null()).output().with_context(|| format!("cannot run {}", shown(&npm)))?;
    if !output.status.success() {
        bail!(not_fetched(&String::from_utf8_lossy(&output.stderr)));
    }
    Ok(())
}

/// What is told of npm's errors: why, in a few lines of many, and what to do.
fn not_fetched(errors: &str) -> String {
    const REASONS: usize = 3;
    // What is for whoever mends npm itself.
    const FIELDS: [&str; 7] = ["code", "errno", "syscall", "path", "address", "port", "type"];
    let told = |line: &&str| {
        let first = line.split([' ', ':']).next().unwrap_or_default();
        !FIELDS.contains(&first) && !["", "}", "at", "A"].contains(&first)
    };
    let lines = errors.lines().filter_map(|line| line.strip_prefix("npm error")).map(str::trim);
    let why: Vec<&str> = lines.filter(told).take(REASONS).collect();
    let why = if why.is_empty() { String::new() } else { format!(":\n    {}", why.join("\n    ")) };
    format!(
        "npm could not install the packages of package-lock.json, and nothing was built{why}\n`npm ping` says whether npm reaches its \
         registry; it takes a proxy from HTTPS_PROXY. `npm ci` tells all of it. Then do this again: it goes on from here."
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npm_is_quoted_in_short() {
        let told = not_fetched(concat!(
            "npm error code ECONNREFUSED\n",
            "npm error errno ECONNREFUSED\n",
            "npm error FetchError: request to http://127.0.0.1:9/axe-core failed, reason: connect ECONNREFUSED 127.0.0.1:9\n",
            "npm error     at ClientRequest.<anonymous> (/usr/lib/node_modules/npm/lib/index.js:130:14)\n",
            "npm error     at ClientRequest.emit (node:events:519:28) {\n",
            "npm error   code: 'ECONNREFUSED',\n",
            "npm error   port: 9,\n",
            "npm error }\n",
            "npm error\n",
            "npm error  If you are behind a proxy, please make sure that the 'proxy' config is set properly.\n",
            "npm error A complete log of this run can be found in: /root/.npm/_logs/1-debug-0.log\n",
        ));
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(
            lines[..3],
            [
                "npm could not install the packages of package-lock.json, and nothing was built:",
                "    FetchError: request to http://127.0.0.1:9/axe-core failed, reason: connect ECONNREFUSED 127.0.0.1:9",
                "    If you are behind a proxy, please make sure that the 'proxy' config is set properly.",
            ]
        );
        assert!(lines[3].starts_with("`npm ping` says"), "{told}");
        assert_eq!(
            not_fetched("").lines().next(),
            Some("npm could not install the packages of package-lock.json, and nothing was built")
        );
    }
}
