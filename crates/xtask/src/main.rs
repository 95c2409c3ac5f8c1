//! Builds, tests and measures Heloscope: `cargo xtask help` lists what it can do.

#![allow(clippy::disallowed_methods, reason = "a build tool says how long its steps took")]

mod assets;
mod bench;
mod build;
mod check;
mod doctor;
mod install;
mod letters;
mod place;
mod rules;
mod run;
mod size;
mod stamp;
mod start;
mod tally;
mod test;
mod words;

use std::process::ExitCode;

use anyhow::{Result, bail};
use place::Place;

const HELP: &str = "\
cargo xtask <what>

  build           the page, the widget and the relay that serves them
  page            of these the page alone, in web/dist, for a relay that is built by itself
  start [-- …]    build, then run the relay with the demo's mail servers; what follows goes to heloscope-relay
  test            every test: native, WebAssembly under Node, the page in a browser, real mail servers
  bench [what]    speed and relay beside the peers', instructions, the page in a browser; what follows goes to heloscope-bench
  check           format, lints, types, dependency rules, licences, documentation, size
  size            what a visitor loads, and how much of it is allowed
  words           collects the messages that are to be translated, and brings the translations in step
  doctor          the tools this needs: what is there, and how to get what is not
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next();
    let rest: Vec<String> = arguments.collect();
    match dispatch(what.as_deref(), &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(what: Option<&str>, rest: &[String]) -> Result<()> {
    let place = Place::here();
    if !matches!(what, Some("start" | "bench")) && !rest.is_empty() {
        bail!("{} takes no arguments; got {}", what.unwrap_or("cargo xtask"), rest.join(" "));
    }
    match what {
        Some("build") => build::build(&place),
        Some("page") => build::assets(&place),
        Some("start") => start::start(&place, rest),
        Some("test") => test::test(&place),
        Some("bench") => bench::bench(&place, rest),
        Some("check") => check::check(&place),
        Some("size") => build::assets(&place).and_then(|()| size::size(&place)),
        Some("words") => words::words(&place),
        Some("doctor") => doctor::doctor(&place),
        Some("help" | "--help" | "-h") | None => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => bail!("there is no `cargo xtask {other}`\n\n{HELP}"),
    }
}
