//! `cargo xtask test`: every test there is, suite by suite, and one line of counts at the end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::install::{self, BROWSERS, BUILD, CHROMIUM, FIREFOX, HOSTING, MAIL_SERVERS, PROXIES, STORE};
use crate::place::{Place, is_ci};
use crate::run::{shown, step};
use crate::stamp::files;
use crate::tally::{self, Tally};
use crate::{assets, build};

/// The dialogues' crate, whose tests run natively and as WebAssembly.
const DIALOGUES: &str = "heloscope-dialogue";
/// The crate that judges as WebAssembly what the report's tests judge natively.
const SCENES: &str = "heloscope-scenes";

/// Runs all suites, whatever fails in one of them; an error where anything failed.
pub(crate) fn test(place: &Place) -> Result<()> {
    let tests = BROWSERS.iter().chain(&MAIL_SERVERS).chain(&PROXIES).chain(&STORE).chain(&HOSTING);
    let missing = install::installed(place, BUILD.iter().chain(tests))?;
    let mut skipped: Vec<String> = missing
        .iter()
        .map(|tool| format!("for want of {} ({}): {}", tool.name, tool.purpose, tool.how()))
        .collect();
    if !install::is_root(place) {
        skipped.push("real mail servers: only root can start them".to_owned());
    }
    build::build(place)?;
    if let Err(error) = mail_servers_fetched(place) {
        skipped.push(format!("perhaps some real mail servers: {error:#}"));
    }
    let (tally, natively) = native(place)?;
    let mut suites = vec![("native", tally)];
    suites.push(("dialogues", dialogues(place, natively)?));
    suites.push(("scenes", scenes(place)?));
    suites.push(("page", page(place, "page", "chromium")?));
    let mut excused = Vec::new();
    if FIREFOX.found().is_some() {
        suites.push(("firefox", page(place, "firefox", "firefox")?));
        excused = tally::excused(&told(place, "firefox")?);
    }
    report(&suites, &excused, &skipped)
}

/// Fetches what the mail servers need, which no test then has to.
fn mail_servers_fetched(place: &Place) -> Result<()> {
    // With all that is tested, as cargo would otherwise compile what they share twice.
    step("tests", "what is tested natively", native_tests(place).arg("--no-run"))?;
    step("servers", "what mail servers need", place.command(mail_servers(place)).arg("--fetch"))
}

/// The program that starts real mail servers.
fn mail_servers(place: &Place) -> PathBuf {
    place.target.join("debug").join(format!("interop-servers{}", std::env::consts::EXE_SUFFIX))
}

/// The browser's half is tested in the browser.
fn native_tests(place: &Place) -> Command {
    let mut cargo = place.cargo("test");
    cargo.args(["--locked", "--workspace", "--exclude", "heloscope-web", "--no-fail-fast"]);
    cargo.args(["--features", "heloscope-relay/acme"]);
    cargo
}

/// What cargo tests, and how many of these tests are dialogues. The report's tests write down the scenes that they judge.
fn native(place: &Place) -> Result<(Tally, usize)> {
    let scenes = told_scenes(place);
    if scenes.exists() {
        // Those of an earlier run may have other reports.
        fs::remove_dir_all(&scenes).with_context(|| format!("cannot empty {}", scenes.display()))?;
    }
    fs::create_dir_all(&scenes)?;
    let (success, output) = passed_on(native_tests(place).env("SCENES", &scenes))?;
    // The one module of that name is the dialogues'.
    let dialogues = output.lines().filter(|line| line.starts_with("test native::")).count();
    Ok((counted(Tally::of_cargo(&output), success), dialogues))
}

/// The dialogues once more, as WebAssembly under Node, which must be as many as they are natively.
fn dialogues(place: &Place, natively: usize) -> Result<Tally> {
    build::wasm(place, DIALOGUES)?;
    let out = place.root.join("target/dialogue");
    assets::bind(place, &place.wasm(DIALOGUES), "node", &out, "heloscope_dialogue")?;
    let mut node = place.node();
    node.env("DIALOGUES", natively.to_string());
    node_tests(place, node, "dialogues", &["crates/dialogue/wasm.test.mjs".to_owned()])
}

/// The scenes of the report's tests once more, judged as WebAssembly under Node: each report must be as it is natively.
fn scenes(place: &Place) -> Result<Tally> {
    build::wasm(place, SCENES)?;
    assets::bind(place, &place.wasm(SCENES), "node", &place.root.join("target/scenes"), "heloscope_scenes")?;
    let mut node = place.node();
    node.env("SCENES", told_scenes(place));
    node_tests(place, node, "scenes", &["crates/scenes/wasm.test.mjs".to_owned()])
}

fn told_scenes(place: &Place) -> PathBuf {
    place.root.join("target/scenes/told")
}

/// The page and the widget: their scripts, and all of it in a browser with the relay and mail servers behind.
fn page(place: &Place, suite: &str, browser: &str) -> Result<Tally> {
    let folder = place.root.join("web/test");
    let tests: Vec<String> = files(&folder)?
        .into_iter()
        .map(|file| file.display().to_string())
        .filter(|file| file.ends_with(".test.mjs"))
        .collect();
    if tests.is_empty() {
        bail!("there are no tests in {}", folder.display());
    }
    let mut node = place.node();
    node.env("HELOSCOPE_RELAY", place.relay()).env("INTEROP_SERVERS", mail_servers(place));
    node.env("TEST_BROWSER", browser);
    for (variable, program) in [("CHROMIUM", CHROMIUM.found()), ("FIREFOX", FIREFOX.found())] {
        if let Some(program) = program {
            node.env(variable, program);
        }
    }
    node_tests(place, node, suite, &tests)
}

/// Runs test files under Node's runner: readable on the terminal, and as TAP into a file, which is counted.
fn node_tests(place: &Place, mut node: Command, suite: &str, tests: &[String]) -> Result<Tally> {
    let tap = tap(place, suite);
    fs::create_dir_all(place.stamps())?;
    node.arg("--test").args([
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        "--test-reporter=tap",
    ]);
    node.arg(format!("--test-reporter-destination={}", tap.display())).args(tests);
    let status = node.status().with_context(|| format!("cannot run {}", shown(&node)))?;
    Ok(counted(Tally::of_tap(&told(place, suite)?), status.success()))
}

/// Where Node's runner leaves its report of a suite.
fn tap(place: &Place, suite: &str) -> PathBuf {
    place.stamps().join(format!("{suite}.tap"))
}

/// What it says.
fn told(place: &Place, suite: &str) -> Result<String> {
    fs::read_to_string(tap(place, suite)).with_context(|| format!("no report of {suite}"))
}

/// A runner that failed without a failed test (it did not compile, say) counts as one; so does a suite without a test.
fn counted(tally: Tally, success: bool) -> Tally {
    let ran = tally.passed + tally.failed + tally.skipped > 0;
    if tally.failed == 0 && !(success && ran) { Tally { failed: 1, ..tally } } else { tally }
}

/// Runs a program, passes its standard output on line by line, and gives it back as well.
fn passed_on(command: &mut Command) -> Result<(bool, String)> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot run {}", shown(command)))?;
    let mut output = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            println!("{line}");
            output.push_str(&line);
            output.push('\n');
        }
    }
    Ok((child.wait()?.success(), output))
}

fn report(suites: &[(&str, Tally)], excused: &[String], skipped: &[String]) -> Result<()> {
    let mut sum = Tally::default();
    println!();
    for (suite, tally) in suites {
        println!("{suite:>9}: {tally}");
        sum += *tally;
    }
    for what in excused {
        println!("  {what}");
    }
    for what in skipped {
        println!("  SKIPPED: {what}");
    }
    println!("{sum}");
    if sum.failed > 0 {
        bail!("tests failed");
    }
    if is_ci() && (sum.skipped > 0 || !skipped.is_empty()) {
        bail!("tests were skipped, which CI=true does not allow");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_that_ran_nothing_has_failed() {
        let none = Tally::default();
        let fine = Tally { passed: 2, ..none };
        let bad = Tally { passed: 2, failed: 3, skipped: 0 };
        assert_eq!(counted(fine, true), fine);
        assert_eq!(counted(bad, false), bad);
        assert_eq!(counted(none, true).failed, 1, "no test at all");
        assert_eq!(counted(fine, false).failed, 1, "the runner itself failed");
        assert_eq!(counted(none, false).failed, 1, "it did not compile");
    }
}
