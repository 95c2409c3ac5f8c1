//! `cargo xtask size`: what a visitor loads over the network, in KB of 1000 octets after brotli, and how much is allowed.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use heloscope_languages::TRANSLATIONS;
use serde_json::Value;

use crate::place::Place;

/// Loaded when a test starts.
const WASM_OCTETS: u64 = 420_000;
/// Loaded with the page: the element and the page's own script, with all that they import at once.
const SCRIPT_OCTETS: u64 = 20_000;

/// Prints the table; an error where something is larger than allowed.
pub(crate) fn size(place: &Place) -> Result<()> {
    let bundle =
        fs::read_to_string(place.generated().join("bundle.json")).context("no bundle: cargo xtask build")?;
    let (page, later) = scripts(&serde_json::from_str(&bundle)?);
    let translations = TRANSLATIONS.map(|(language, _)| format!("{language}.txt")).into();
    let rows = [
        ("with the page: scripts", page, Some(SCRIPT_OCTETS)),
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

/// Of the bundler's account of what it wrote: the scripts that come with the page, and those that are loaded later.
fn scripts(bundle: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let empty = serde_json::Map::new();
    let outputs = bundle["outputs"].as_object().unwrap_or(&empty);
    let mut with_page = BTreeSet::new();
    let mut open: Vec<&str> = outputs
        .iter()
        .filter(|(path, output)| {
            // A dynamic import is an entry point too, of a file that the page does not ask for.
            output["entryPoint"].as_str().is_some_and(|entry| entry.starts_with("web/element/"))
                && matches!(file_name(path), "heloscope.js" | "page.js")
        })
        .map(|(path, _)| path.as_str())
        .collect();
    while let Some(path) = open.pop() {
        if with_page.insert(file_name(path).to_owned()) {
            let imports = outputs.get(path).and_then(|output| output["imports"].as_array());
            for import in imports.into_iter().flatten().filter(|import| import["kind"] == "import-statement")
            {
                open.extend(import["path"].as_str());
            }
        }
    }
    let all = outputs.keys().map(|path| file_name(path).to_owned());
    // That of the page for frames comes with that one alone.
    let later = |name: &String| name.ends_with(".js") && name != "embed.js" && !with_page.contains(name);
    let later = all.filter(later).collect();
    (with_page, later)
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
            "target/web/dist/heloscope.js": { "entryPoint": "web/element/heloscope.ts", "imports": [
                { "path": "target/web/dist/chunk-A.js", "kind": "import-statement" },
                { "path": "target/web/dist/core-B.js", "kind": "dynamic-import" },
            ] },
            "target/web/dist/page.js": { "entryPoint": "web/element/page.ts", "imports": [] },
            "target/web/dist/embed.js": { "entryPoint": "web/element/embed.ts", "imports": [] },
            "target/web/dist/chunk-A.js": { "imports": [] },
            "target/web/dist/core-B.js": { "entryPoint": "web/element/core.ts", "imports": [
                { "path": "target/web/dist/chunk-A.js", "kind": "import-statement" },
            ] },
        } });
        let (page, later) = scripts(&bundle);
        assert_eq!(page.into_iter().collect::<Vec<_>>(), ["chunk-A.js", "heloscope.js", "page.js"]);
        assert_eq!(later.into_iter().collect::<Vec<_>>(), ["core-B.js"]);
    }

    #[test]
    fn a_kilobyte_is_a_thousand_octets() {
        assert_eq!(kilo(419_960), "419.9");
        assert_eq!(kilo(20_000), "20.0");
    }
}
