//! What servers of programming languages are started by, and run in.

use std::path::{Path, PathBuf};

use crate::cache::{cache, fill};
use crate::keeper::utf8;

/// A script of this crate's.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("servers").join(name)
}

/// Where npm installed what this project needs.
pub(crate) fn node_module() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/smtp-server")
}

/// Python's virtual environment with aiosmtpd and tlslite-ng in it; there once it is complete.
pub(crate) fn environment() -> anyhow::Result<PathBuf> {
    Ok(cache()?.join("aiosmtpd-1.4.6-tlslite-ng-0.8.2"))
}

/// Makes the virtual environment.
pub(crate) fn fetch_environment() -> anyhow::Result<()> {
    fill(&environment()?, FETCH_ENVIRONMENT, &[utf8(&script("requirements.txt"))?])
}

/// The program `pip` would look for itself in the place where it was made; that of Python finds its own.
const FETCH_ENVIRONMENT: &str = r#"
set -eu
/usr/bin/python3 -m venv "$1/tree"
"$1/tree/bin/python" -m pip --quiet --disable-pip-version-check install --require-hashes --only-binary :all: -r "$2"
"#;
