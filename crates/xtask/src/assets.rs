//! What a visitor loads, put together in `web/dist`: WebAssembly bound and optimised, scripts bundled, files copied,
//! all of it compressed ahead.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use heloscope_languages::TRANSLATIONS;

use crate::place::Place;
use crate::run::step;
use crate::stamp::{files, unless_done};

/// What V8 in Node 20 and every browser since 2022 load. Named one by one: `--all-features` emits what they do not.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Smaller, by what goes over the network: inlining saves octets here, and costs 3 in 1000 of them after brotli; so do common
/// subexpressions made one. Passes that run until there is nothing left to do gain 2 in 1000. The first kilobyte of the memory
/// is the end of the stack, where nothing has an address.
const PASSES: [&str; 7] = [
    "-Oz",
    "--converge",
    "--skip-pass=inlining-optimizing",
    "--skip-pass=local-cse",
    "--low-memory-unused",
    "--strip-debug",
    "--strip-producers",
];

/// The scripts that a page names. What they share is in each of them: a file that only a script names is fetched only once
/// that script is there, and no page names two of them.
pub(crate) const SCRIPTS: [&str; 3] = ["embed", "heloscope", "page"];

/// The bundler's words. The scripts import the bound module by the name `heloscope-core`; as a dynamic import it becomes
/// a file of its own, loaded when a test starts.
const BUNDLE: [&str; 9] = [
    "--alias:heloscope-core=./target/web/heloscope_web.js",
    "--bundle",
    "--chunk-names=[name]-[hash]",
    "--format=esm",
    "--loader:.css=text",
    "--log-level=warning",
    "--minify",
    "--splitting",
    "--target=es2022",
];

/// Binds the compiled module and makes it smaller.
pub(crate) fn module(place: &Place, compiled: &Path) -> Result<()> {
    bind(place, compiled, "web", &place.generated(), "heloscope_web")?;
    optimise(place)
}

/// What the page loads when somebody wants to paste something: the files of the report's mail servers in one.
pub(crate) fn remedies(place: &Place) -> Result<()> {
    let servers = files(&place.root.join("crates/report/src/remedy/texts"))?;
    let texts: std::io::Result<Vec<String>> = servers.iter().map(fs::read_to_string).collect();
    fs::create_dir_all(place.generated())?;
    Ok(fs::write(remedies_file(place), texts?.join("\n"))?)
}

/// What the page loads to speak another language, a file each: `de.txt`.
pub(crate) fn languages(place: &Place) -> Result<()> {
    fs::create_dir_all(place.generated())?;
    for (language, text) in TRANSLATIONS {
        fs::write(language_file(place, language), text)?;
    }
    Ok(())
}

/// The pages that explain what a report says, written by a program of their own from the report's tables.
pub(crate) fn pages(place: &Place) -> Result<()> {
    let mut cargo = place.cargo("run");
    cargo.args(["--locked", "--quiet", "--package", "heloscope-pages", "--"]).arg(help(place));
    step("pages", "pages that explain", &mut cargo)
}

/// Makes `web/dist` of the module, the scripts and the static files.
pub(crate) fn dist(place: &Place) -> Result<()> {
    let root = &place.root;
    let mut inputs = vec![
        root.join("index.html"),
        root.join("web/element"),
        root.join("web/static"),
        root.join("package-lock.json"),
        root.join("crates/xtask/precompress.mjs"),
        place.generated().join("heloscope_web.js"),
        optimised(place),
        remedies_file(place),
        help(place),
    ];
    inputs.extend(TRANSLATIONS.map(|(language, _)| language_file(place, language)));
    let mut outputs: Vec<PathBuf> = SCRIPTS.map(|script| place.dist().join(format!("{script}.js"))).into();
    outputs.extend(["heloscope.wasm.br", "index.html.br"].map(|name| place.dist().join(name)));
    let words = [SCRIPTS.join(" "), BUNDLE.join(" ")].join(" ");
    unless_done(&place.stamps().join("dist"), &inputs, &words, &outputs, || put_together(place))
}

/// Makes the npm package in `target/npm`.
pub(crate) fn package(place: &Place) -> Result<()> {
    let root = &place.root;
    let mut inputs = vec![
        root.join("web/element"),
        root.join("web/package"),
        root.join("package.json"),
        root.join("package-lock.json"),
        root.join("tsconfig.json"),
        root.join("crates/xtask/package.mjs"),
        place.generated().join("heloscope_web.js"),
        optimised(place),
        remedies_file(place),
    ];
    inputs.extend(TRANSLATIONS.map(|(language, _)| language_file(place, language)));
    let output = root.join("target/npm/integrity.json");
    unless_done(&place.stamps().join("package"), &inputs, "package.mjs", &[output], || {
        step("package", "target/npm", place.node().arg("crates/xtask/package.mjs").arg("target/npm"))
    })
}

/// Binds a compiled module to JavaScript; `kind` is `web` or `node`.
pub(crate) fn bind(place: &Place, module: &Path, kind: &str, out: &Path, name: &str) -> Result<()> {
    unless_done(
        &place.stamps().join(format!("bind-{name}")),
        &[module.to_path_buf(), place.root.join("Cargo.lock"), place.root.join("crates/xtask/src/bin")],
        kind,
        &[out.join(format!("{name}.js")), out.join(format!("{name}_bg.wasm"))],
        || {
            let mut bind = place.command(place.bind());
            bind.arg(kind).arg(module).arg(name).arg(out);
            step("bind", &format!("{name}: JavaScript for it"), &mut bind)
        },
    )
}

/// The bundler's account of what it wrote for a script.
pub(crate) fn bundle(place: &Place, script: &str) -> PathBuf {
    place.generated().join(format!("{script}.json"))
}

fn optimise(place: &Place) -> Result<()> {
    let bound = place.generated().join("heloscope_web_bg.wasm");
    let lock = place.root.join("package-lock.json");
    let words = [PASSES.join(" "), WASM_FEATURES.join(" ")].concat();
    unless_done(&place.stamps().join("wasm-opt"), &[bound.clone(), lock], &words, &[optimised(place)], || {
        let mut wasm_opt = place.npm_program("wasm-opt");
        wasm_opt.args(PASSES).args(WASM_FEATURES).arg(&bound).arg("-o").arg(optimised(place));
        step("wasm-opt", "smaller WebAssembly", &mut wasm_opt)
    })
}

fn optimised(place: &Place) -> PathBuf {
    place.generated().join("heloscope.wasm")
}

fn help(place: &Place) -> PathBuf {
    place.generated().join("help")
}

fn language_file(place: &Place, language: &str) -> PathBuf {
    place.generated().join(format!("{language}.txt"))
}

fn remedies_file(place: &Place) -> PathBuf {
    place.generated().join("remedies.txt")
}

/// Lays the files out beside `web/dist` and then puts them there, so that a build that fails leaves the last good one.
fn put_together(place: &Place) -> Result<()> {
    let staged = place.generated().join("dist");
    if staged.exists() {
        fs::remove_dir_all(&staged)?;
    }
    fs::create_dir_all(&staged)?;
    for script in SCRIPTS {
        let mut esbuild = place.npm_program("esbuild");
        esbuild.arg(format!("web/element/{script}.ts")).args(BUNDLE).arg("--outdir=target/web/dist");
        esbuild.arg(format!("--metafile={}", bundle(place, script).display()));
        step("esbuild", &format!("{script}.js"), &mut esbuild)?;
    }
    copy(&optimised(place), &staged.join("heloscope.wasm"))?;
    copy(&remedies_file(place), &staged.join("remedies.txt"))?;
    for (language, _) in TRANSLATIONS {
        copy(&language_file(place, language), &staged.join(format!("{language}.txt")))?;
    }
    let fixed = place.root.join("web/static");
    for file in files(&fixed)? {
        copy(&file, &staged.join(file.strip_prefix(&fixed)?))?;
    }
    let page = fs::read_to_string(place.root.join("index.html"))?;
    fs::write(staged.join("index.html"), with_its_style(&page, &fixed)?)?;
    for file in files(&help(place))? {
        copy(&file, &staged.join("help").join(file.strip_prefix(help(place))?))?;
    }
    let mut compress = place.node();
    compress.arg("crates/xtask/precompress.mjs").arg(&staged);
    step("compress", "brotli and gzip", &mut compress)?;
    let dist = place.dist();
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    for file in files(&staged)? {
        copy(&file, &dist.join(file.strip_prefix(&staged)?))?;
    }
    Ok(())
}

/// A page with its style sheet in itself, from the folder that has it: nothing is drawn before that is there, and a second
/// answer would be waited for.
fn with_its_style(page: &str, folder: &Path) -> Result<String> {
    let (before, rest) =
        page.split_once(r#"<link rel="stylesheet" href=""#).context("a page without a style sheet")?;
    let (name, after) = rest.split_once(r#"">"#).context("a style sheet without a name")?;
    let sheet = fs::read_to_string(folder.join(name)).with_context(|| format!("no style sheet {name}"))?;
    Ok(format!("{before}<style>{sheet}</style>{after}"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
