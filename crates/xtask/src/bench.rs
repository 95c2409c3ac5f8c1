//! `cargo xtask bench`: builds what is measured, gets what it is compared with, and measures.

use anyhow::Result;

use crate::build::build;
use crate::install::{self, CHROMIUM, MAIL_SERVERS, Tool};
use crate::place::Place;
use crate::run::{plainly, step};

/// What is measured beside ours, or measures. (OpenSSL and posttls-finger come with the tests' mail servers.)
const BESIDE: [Tool; 3] = [
    Tool {
        name: "swaks",
        purpose: "is compared with",
        programs: &["swaks"],
        version: &["--version"],
        get: None,
        debian: &["swaks", "libnet-ssleay-perl"],
    },
    Tool {
        name: "python3",
        purpose: "runs sslyze and websockify, which are compared with",
        programs: &["python3"],
        version: &["--version"],
        get: None,
        debian: &["python3", "python3-venv"],
    },
    Tool {
        name: "valgrind",
        purpose: "counts instructions",
        programs: &["valgrind"],
        version: &["--version"],
        get: None,
        debian: &["valgrind"],
    },
];

/// Builds everything and measures; what follows goes to heloscope-bench.
pub(crate) fn bench(place: &Place, arguments: &[String]) -> Result<()> {
    let own = arguments.strip_prefix(&["--".to_owned()]).unwrap_or(arguments);
    if let Err(error) = install::installed(place, MAIL_SERVERS.iter().chain([&CHROMIUM]).chain(&BESIDE)) {
        // What is not there is left out of the measurements, and named there.
        eprintln!("{error:#}");
    }
    build(place)?;
    // One at a time: together, each would be built with what the other asks of the crates they share.
    for package in ["heloscope-cli", "heloscope-bench"] {
        let mut cargo = place.cargo("build");
        step("bench", package, cargo.args(["--locked", "--release", "--package", package]))?;
    }
    let mut bench = place.command(place.relay().with_file_name("heloscope-bench"));
    if let Some(chromium) = CHROMIUM.found() {
        bench.env("CHROMIUM", chromium);
    }
    plainly("bench", bench.args(own))
}
