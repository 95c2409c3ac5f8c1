//! Writes `assets.rs`, the table of the page's files for `src/page.rs`: those of `web/dist`, or of the folder that
//! `HELOSCOPE_WEB_DIST` names; where there is no page, a placeholder that says how to build it. And `styles.rs`, what
//! `src/page/strict.rs` lets a browser apply.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let dist = env::var_os("HELOSCOPE_WEB_DIST").map_or_else(|| package.join("../web/dist"), PathBuf::from);
    println!("cargo::rerun-if-env-changed=HELOSCOPE_WEB_DIST");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/placeholder.html");
    // Cargo takes a missing path for one that changed, each time: watch the folder that it would appear in.
    if let Some(watched) = dist.ancestors().find(|path| path.is_dir()) {
        println!("cargo::rerun-if-changed={}", watched.display());
    }

    let mut files = BTreeMap::new();
    if dist.is_dir() {
        list(&dist, "", &mut files)?;
    }
    files.entry("index.html".to_owned()).or_insert_with(|| package.join("src/placeholder.html"));

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("styles.rs"), format!("const STYLES: &str = {:?};\n", styles(&files)?))?;
    let mut table = String::from("const ASSETS: &[Asset] = &[\n");
    for (path, file) in files.iter().filter(|(path, _)| !is_encoded(path, &files)) {
        let hash = Sha256::digest(fs::read(file)?);
        let encoded = |ending| files.get(&format!("{path}{ending}")).map(|file| include(file)).transpose();
        writeln!(table, "    Asset {{")?;
        writeln!(table, "        path: {path:?},")?;
        writeln!(table, "        media_type: {:?},", media_type(path))?;
        writeln!(
            table,
            "        hash: \"{}\",",
            hash.iter().take(16).map(|octet| format!("{octet:02x}")).collect::<String>()
        )?;
        writeln!(table, "        identity: {},", include(file)?)?;
        writeln!(table, "        brotli: {},", option(encoded(".br")?))?;
        writeln!(table, "        gzip: {},", option(encoded(".gz")?))?;
        writeln!(table, "    }},")?;
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

/// The style sheets that pages have in themselves, as sources of a Content-Security-Policy: `'sha256-…'` each, with a space
/// before it.
fn styles(files: &BTreeMap<String, PathBuf>) -> Result<String, Box<dyn Error>> {
    let mut sources = BTreeSet::new();
    for file in files.iter().filter(|(path, _)| path.ends_with(".html")).map(|(_, file)| file) {
        let page = fs::read_to_string(file)?;
        for part in page.split("<style>").skip(1) {
            let (sheet, _) = part.split_once("</style>").ok_or("a <style> without its end")?;
            sources.insert(format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(sheet))));
        }
    }
    Ok(sources.into_iter().collect())
}

/// All files below a folder by their path in a URL. Hidden ones are none of the page's.
fn list(folder: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| format!("{name:?} is not UTF-8"))?;
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.insert(path, entry.path());
        }
    }
    Ok(())
}

/// Whether the file is another, compressed.
fn is_encoded(path: &str, files: &BTreeMap<String, PathBuf>) -> bool {
    let plain = path.strip_suffix(".br").or_else(|| path.strip_suffix(".gz"));
    plain.is_some_and(|plain| files.contains_key(plain))
}

fn include(file: &Path) -> Result<String, Box<dyn Error>> {
    Ok(format!("include_bytes!({:?})", fs::canonicalize(file)?))
}

fn option(include: Option<String>) -> String {
    include.map_or_else(|| "None".to_owned(), |include| format!("Some({include})"))
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/vnd.microsoft.icon",
        "woff2" => "font/woff2",
        "txt" | "md" | "ts" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
