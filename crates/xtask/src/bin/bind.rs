//! Binds a WebAssembly module to JavaScript: `bind (web|node) MODULE.wasm NAME OUT_DIR`.
//!
//! wasm-bindgen's own program would have to be installed in exactly the version that the crates use; as a library,
//! Cargo.lock keeps the two equal.

use anyhow::{Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, module, name, out_dir] = arguments.as_slice() else {
        bail!("bind (web|node) MODULE.wasm NAME OUT_DIR");
    };
    let mut bindgen = Bindgen::new();
    match target.as_str() {
        "web" => bindgen.web(true)?,
        "node" => bindgen.nodejs_module(true)?,
        other => bail!("{other} is neither web nor node"),
    };
    bindgen
        .input_path(module)
        .out_name(name)
        .typescript(true)
        // A page says where its WebAssembly is. Of the default, a file of another name, bundlers say that it is missing.
        .omit_default_module_path(target == "web")
        .remove_name_section(target == "web")
        .remove_producers_section(true)
        .generate(out_dir)
}
