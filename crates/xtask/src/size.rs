//! `cargo xtask size`: what a visitor loads over the network, in KB of 1000 octets after brotli, and how much is allowed.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use heloscope_languages::TRANSLATIONS;
use serde_json::Value;

use crate::assets;
use crate::place::Place;

/// Loaded when a test starts.
const WASM_OCTETS: u64 = 430_000;
/// Loaded before a test: with the relay's own page, or with another that has the element in it.
const SCRIPT_OCTETS: u64 = 20_000;

/// Prints the table; an error where something is larger than allowed.
pub(crate) fn size(place: &Place) -> Result<()> {
    let (page, later) = scripts(place, "page")?;
    let (element, _) = scripts(place, "heloscope")?;
    let translations = TRANSLATIONS.map(|(language, _)| format!("{language}.txt")).into();
    let rows = [
        ("with the page: script", page, Some(SCRIPT_OCTETS)),
        ("with the element: script", element, Some(SCRIPT_OCTETS)),
        ("with a test: scripts", later, None),
        ("with a test: WebAssembly", ["heloscope.wasm".to_owned()].into(), Some(WASM_OCTETS)),
        ("when asked for: remedies", ["remedies.txt".to_owned()].into(), None),
        ("where spoken: translations", translations, None),
    ];
    println!("{:<26} {:>10} {:>10} {:>10}", "KB (1000 octets)", "as it is", "brotli", "allowed");
    let mut beyond = Vec::new();
    for (what, files, allowed) in rows {
        let (mut plain, mut brotli) = (0, 0);
        for file in &files {
            plain += octets(place, file)?;
            brotli += octets(place, &format!("{file}.br"))?;
        }
        let limit = allowed.map_or_else(|| "-".to_owned(), kilo);
        println!("{what:<26} {:>10} {:>10} {limit:>10}", kilo(plain), kilo(brotli));
        if allowed.is_some_and(|allowed| brotli > allowed) {
            beyond.push(what);
        }
    }
    if !beyond.is_empty() {
        bail!("larger than allowed: {}", beyond.join(", "));
    }
    Ok(())
}

/// The scripts that come with one that a page names, and those that are loaded later.
fn scripts(place: &Place, script: &str) -> Result<(BTreeSet<String>, BTreeSet<String>)> {
    let bundle = fs::read_to_string(assets::bundle(place, script)).context("no bundle: cargo xtask build")?;
    Ok(told(&serde_json::from_str(&bundle)?, &format!("{script}.js")))
}

/// The same, by the bundler's account of what it wrote.
fn told(bundle: &Value, script: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let empty = serde_json::Map::new();
    let outputs = bundle["outputs"].as_object().unwrap_or(&empty);
    let mut at_once = BTreeSet::new();
    let mut open: Vec<&str> =
        outputs.keys().map(String::as_str).filter(|path| file_name(path) == script).collect();
    while let Some(path) = open.pop() {
        if at_once.insert(file_name(path).to_owned()) {
            let imports = outputs.get(path).and_then(|output| output["imports"].as_array());
            for import in imports.into_iter().flatten().filter(|import| import["kind"] == "import-statement")
            {
                open.extend(import["path"].as_str());
            }
        }
    }
    let all = outputs.keys().map(|path| file_name(path).to_owned());
    let later = all.filter(|name| name.ends_with(".js") && !at_once.contains(name)).collect();
    (at_once, later)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn octets(place: &Place, name: &str) -> Result<u64> {
    let path = place.dist().join(name);
    Ok(fs::metadata(&path).with_context(|| format!("no {}", path.display()))?.len())
}

fn kilo(octets: u64) -> String {
    format!("{}.{}", octets / 1000, octets % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_import_does_not_come_with_the_page() {
        let bundle = serde_json::json!({ "outputs": {
            "target/web/dist/page.js": { "entryPoint": "web/element/page.ts", "imports": [
                { "path": "target/web/dist/chunk-A.js", "kind": "import-statement" },
                { "path": "target/web/dist/core-B.js", "kind": "dynamic-import" },
            ] },
            "target/web/dist/chunk-A.js": { "imports": [] },
            "target/web/dist/core-B.js": { "entryPoint": "web/element/core.ts", "imports": [
                { "path": "target/web/dist/chunk-A.js", "kind": "import-statement" },
            ] },
        } });
        let (page, later) = told(&bundle, "page.js");
        assert_eq!(page.into_iter().collect::<Vec<_>>(), ["chunk-A.js", "page.js"]);
        assert_eq!(later.into_iter().collect::<Vec<_>>(), ["core-B.js"]);
    }

    #[test]
    fn a_kilobyte_is_a_thousand_octets() {
        assert_eq!(kilo(419_960), "419.9");
        assert_eq!(kilo(20_000), "20.0");
    }
}
