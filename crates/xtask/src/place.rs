//! Where things lie.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The checkout and the directories its build writes to.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The workspace's root.
    pub(crate) root: PathBuf,
    /// Cargo's target directory: `CARGO_TARGET_DIR`, or `target`.
    pub(crate) target: PathBuf,
}

impl Place {
    pub(crate) fn here() -> Self {
        // Asked for while running: a checkout may have been moved since this was compiled.
        let package =
            std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&package).ancestors().nth(2).map_or_else(PathBuf::new, Path::to_path_buf);
        let target = root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
        Self { root, target }
    }

    /// Cargo, to be run in the root, with the target directory named.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = self.command(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
        command.arg(subcommand);
        command.env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Node, to be run in the root.
    pub(crate) fn node(&self) -> Command {
        self.command("node")
    }

    /// A program that an npm package brings, to be run in the root.
    pub(crate) fn npm_program(&self, name: &str) -> Command {
        self.command(self.root.join("node_modules/.bin").join(name))
    }

    /// A program to be run in the root.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        // `cargo run` tells a program about its own package. Passed on, that would look like a change to build scripts
        // that ask for it (ring's does) and have them run again.
        for (name, _) in std::env::vars_os() {
            let known = name.to_string_lossy();
            if known.starts_with("CARGO_PKG_")
                || known.starts_with("CARGO_MANIFEST_")
                || matches!(
                    &*known,
                    "CARGO" | "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE"
                )
                || matches!(&*known, "LD_LIBRARY_PATH" | "DYLD_FALLBACK_LIBRARY_PATH" | "OUT_DIR")
            {
                command.env_remove(name);
            }
        }
        command
    }

    /// What a build makes for the page besides cargo's own output: always in the checkout, since `tsconfig.json` names it.
    pub(crate) fn generated(&self) -> PathBuf {
        self.root.join("target/web")
    }

    /// The page and the widget as they are served.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("web/dist")
    }

    /// Notes of finished steps, see [`crate::stamp`].
    pub(crate) fn stamps(&self) -> PathBuf {
        self.root.join("target/xtask")
    }

    /// The relay's program, as `build` leaves it.
    pub(crate) fn relay(&self) -> PathBuf {
        self.target.join("release").join(format!("heloscope-relay{}", std::env::consts::EXE_SUFFIX))
    }

    /// The program that binds WebAssembly to JavaScript.
    pub(crate) fn bind(&self) -> PathBuf {
        self.target.join("debug").join(format!("bind{}", std::env::consts::EXE_SUFFIX))
    }

    /// A crate compiled to WebAssembly.
    pub(crate) fn wasm(&self, package: &str) -> PathBuf {
        self.target.join("wasm32-unknown-unknown/wasm").join(format!("{}.wasm", package.replace('-', "_")))
    }
}

/// Whether this is a run of continuous integration, where nothing may be skipped.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}
