//! Which room may use which: the one place where it is written down, and `cargo xtask check` holds it against the
//! manifests.
//!
//! ```text
//! web, cli → render → report → observation → smtp
//! web, cli → probe → observation, crypto
//! report → pki → crypto (its signature algorithms alone)
//! relay, web, cli → wire
//! ```

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::build::WASM;
use crate::place::Place;
use crate::run::output;

/// A package of the workspace.
struct Room {
    package: &'static str,
    /// The packages of the workspace that it may name among its dependencies. (Those of its tests are free.)
    uses: &'static [&'static str],
    /// Packages that must not be anywhere under it, however many steps away.
    never: &'static [&'static str],
}

const ROOMS: [Room; 21] = [
    // The words stand below everything that has some.
    Room { package: "heloscope-say", uses: &[], never: &[RUSTLS, X509, TOKIO] },
    Room { package: "heloscope-words", uses: &[SAY], never: &[RUSTLS, X509, TOKIO] },
    Room { package: "heloscope-languages", uses: &[WORDS], never: &[RUSTLS, X509, TOKIO] },
    Room { package: "heloscope-smtp", uses: &[], never: &[RUSTLS, X509, TOKIO] },
    Room { package: "heloscope-observation", uses: &[SMTP, WORDS], never: &[RUSTLS, X509, TOKIO] },
    Room { package: "heloscope-crypto", uses: &[], never: &[X509, TOKIO, "ring", "aws-lc-rs"] },
    Room {
        package: "heloscope-probe",
        uses: &[CRYPTO, OBSERVATION, SMTP],
        // What is seen is judged elsewhere: a saved file of observations is all that the two sides share.
        never: &[TOKIO, X509, PKI, REPORT, RENDER, "ring", "aws-lc-rs"],
    },
    Room { package: "heloscope-pki", uses: &[CRYPTO, WORDS], never: &[RUSTLS, TOKIO, SMTP, PROBE] },
    Room {
        package: "heloscope-report",
        uses: &[OBSERVATION, PKI, SMTP, WORDS],
        never: &[RUSTLS, TOKIO, PROBE, "maud"],
    },
    Room {
        package: "heloscope-render",
        uses: &[OBSERVATION, REPORT, WORDS],
        never: &[RUSTLS, TOKIO, PROBE, "web-sys"],
    },
    Room {
        package: "heloscope-wire",
        uses: &[OBSERVATION, WORDS],
        never: &[RUSTLS, X509, TOKIO, "axum", "web-sys"],
    },
    Room { package: "heloscope-specimen", uses: &[OBSERVATION, SMTP, WORDS], never: &[PROBE, PKI, REPORT] },
    Room { package: "heloscope-connecting", uses: &[], never: &[RUSTLS, X509, "axum"] },
    Room {
        package: "heloscope-relay",
        uses: &[CONNECTING, CRYPTO, OBSERVATION, SMTP, SPECIMEN, WIRE],
        // The relay moves octets: it reads no certificate and judges nothing.
        never: &[X509, PKI, PROBE, REPORT, RENDER],
    },
    Room {
        package: "heloscope-web",
        uses: &[OBSERVATION, PKI, PROBE, RENDER, REPORT, SMTP, WIRE, WORDS],
        never: &[TOKIO, "ring", "aws-lc-rs", "clap"],
    },
    Room {
        package: "heloscope-cli",
        uses: &[CONNECTING, LANGUAGES, OBSERVATION, PKI, PROBE, RENDER, REPORT, SMTP, WIRE, WORDS],
        never: &["axum"],
    },
    Room {
        package: "heloscope-dialogue",
        uses: &[CRYPTO, OBSERVATION, PROBE, SMTP],
        never: &[TOKIO, PKI, REPORT],
    },
    Room {
        package: "heloscope-scenes",
        uses: &[LANGUAGES, OBSERVATION, PKI, REPORT, WORDS],
        never: &[RUSTLS, TOKIO, PROBE, "ring", "aws-lc-rs"],
    },
    // A program that runs while the page is built.
    Room { package: "heloscope-pages", uses: &[LANGUAGES, REPORT, WORDS], never: &[RUSTLS, TOKIO, PROBE] },
    // Nothing depends on it, and it starts what it tests from outside.
    Room { package: "heloscope-interop", uses: &[OBSERVATION, PROBE, REPORT, SMTP], never: &[] },
    // It measures all of it; nothing depends on it.
    Room {
        package: "heloscope-bench",
        uses: &[CRYPTO, INTEROP, OBSERVATION, PKI, PROBE, REPORT, SPECIMEN],
        never: &[],
    },
];

const CONNECTING: &str = "heloscope-connecting";
const CRYPTO: &str = "heloscope-crypto";
const INTEROP: &str = "heloscope-interop";
const LANGUAGES: &str = "heloscope-languages";
const OBSERVATION: &str = "heloscope-observation";
const PKI: &str = "heloscope-pki";
const PROBE: &str = "heloscope-probe";
const RENDER: &str = "heloscope-render";
const REPORT: &str = "heloscope-report";
const SAY: &str = "heloscope-say";
const SMTP: &str = "heloscope-smtp";
const SPECIMEN: &str = "heloscope-specimen";
const WIRE: &str = "heloscope-wire";
const WORDS: &str = "heloscope-words";
/// The engine. (`rustls-webpki` and `rustls-pki-types` are packages of their own, and free.)
const RUSTLS: &str = "rustls";
const TOKIO: &str = "tokio";
const X509: &str = "x509-parser";

/// Fails with every rule that does not hold.
pub(crate) fn rules(place: &Place) -> Result<()> {
    let metadata = output(place.cargo("metadata").args(["--format-version", "1", "--no-deps", "--locked"]))?;
    let named = workspace_dependencies(&serde_json::from_str(&metadata)?);
    let mut broken = uses_broken(&named);
    for room in ROOMS.iter().filter(|room| !room.never.is_empty()) {
        broken.extend(never_broken(room, &under(place, room.package)?));
    }
    if !broken.is_empty() {
        bail!("dependencies go where they may not (crates/xtask/src/rules.rs):\n  {}", broken.join("\n  "));
    }
    Ok(())
}

/// Each package of the workspace with the packages of the workspace that it names, its tests' and build's aside.
fn workspace_dependencies(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut named = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let own = dependencies
            .filter(|dependency| dependency["kind"].is_null() && dependency["path"].is_string())
            .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned));
        named.insert(package["name"].as_str().unwrap_or_default().to_owned(), own.collect());
    }
    named
}

fn uses_broken(named: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut broken = Vec::new();
    for (package, dependencies) in named.iter().filter(|(package, _)| *package != "xtask") {
        match ROOMS.iter().find(|room| room.package == package) {
            None => broken.push(format!("{package} has no line in the table")),
            Some(room) => broken.extend(
                dependencies
                    .iter()
                    .filter(|name| !room.uses.contains(&name.as_str()))
                    .map(|name| format!("{package} may not use {name}")),
            ),
        }
    }
    let gone = ROOMS.iter().filter(|room| !named.contains_key(room.package));
    broken.extend(gone.map(|room| format!("{} is in the table, but not in the workspace", room.package)));
    broken
}

fn never_broken(room: &Room, under: &BTreeSet<String>) -> Vec<String> {
    let found = room.never.iter().filter(|name| under.contains(**name));
    found
        .map(|name| format!("{name} is under {}: see `cargo tree -p {0} -e normal -i {name}`", room.package))
        .collect()
}

/// All packages under one, with just the features that it asks for, on this machine and in a browser.
fn under(place: &Place, package: &str) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for target in [[].as_slice(), &["--target", WASM]] {
        let mut tree = place.cargo("tree");
        tree.args(["--locked", "--package", package, "--edges", "normal"]).args(target);
        tree.args(["--prefix", "none", "--format", "{p}"]);
        let lines = output(&mut tree).with_context(|| format!("the dependencies of {package}"))?;
        names.extend(
            lines.lines().skip(1).filter_map(|line| line.split_whitespace().next().map(str::to_owned)),
        );
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(packages: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        packages.iter().map(|(package, names)| ((*package).to_owned(), own(names))).collect()
    }

    #[test]
    fn a_dependency_against_the_arrows_is_named() {
        let mut rooms: BTreeMap<_, _> =
            ROOMS.iter().map(|room| (room.package.to_owned(), BTreeSet::new())).collect();
        assert_eq!(uses_broken(&rooms), Vec::<String>::new());

        rooms.extend(named(&[
            ("heloscope-report", &["heloscope-probe", "heloscope-pki"]),
            ("heloscope-new", &[]),
        ]));
        rooms.remove("heloscope-wire");
        assert_eq!(
            uses_broken(&rooms),
            [
                "heloscope-new has no line in the table",
                "heloscope-report may not use heloscope-probe",
                "heloscope-wire is in the table, but not in the workspace",
            ]
        );
    }

    #[test]
    fn the_engine_is_told_from_its_relatives() {
        let report = ROOMS.iter().find(|room| room.package == REPORT).expect("it is in the table");
        let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(never_broken(report, &of(&["rustls-webpki", "rustls-pki-types"])), Vec::<String>::new());
        assert_eq!(
            never_broken(report, &of(&["rustls"])),
            ["rustls is under heloscope-report: see `cargo tree -p heloscope-report -e normal -i rustls`"]
        );
    }

    #[test]
    fn what_only_tests_use_is_free() {
        let metadata = serde_json::json!({ "packages": [{ "name": "heloscope-pki", "dependencies": [
            { "name": "heloscope-crypto", "kind": null, "path": "/crates/crypto" },
            { "name": "heloscope-specimen", "kind": "dev", "path": "/crates/specimen" },
            { "name": "time", "kind": null },
        ] }] });
        assert_eq!(workspace_dependencies(&metadata), named(&[("heloscope-pki", &["heloscope-crypto"])]));
    }
}
