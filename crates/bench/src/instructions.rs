//! What one test costs, in instructions: the figure that a busy machine does not change.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::figures::grouped;
use crate::program;
use crate::whole_test::WHOLE_TEST;

/// The parts of a test; the functions `counted_…` of `whole_test.rs` that are counted.
const PARTS: [&str; 3] = ["probe", "judge", "json"];
/// Keys are drawn by chance, and so a little of what is done with them. Beyond this there is something to look for.
const PER_CENT: f64 = 3.0;

/// Counts, and prints the figures beside those on record.
pub(crate) fn compare() -> Result<()> {
    println!("### Instructions of one whole test: three ports, from the first octet to the report as JSON\n");
    if program("valgrind").is_none() {
        println!("Not counted: there is no valgrind; to get it: apt-get install valgrind");
        return Ok(());
    }
    let record = std::fs::read_to_string(record_file()).unwrap_or_default();
    let recorded = figures(&record);
    println!("| part | instructions | on record | difference |\n| --- | ---: | ---: | ---: |");
    let mut off = false;
    for (part, counted) in whole(&count()?) {
        let before = recorded.iter().find(|(name, _)| *name == part).map(|(_, figure)| *figure);
        let Some(before) = before else {
            println!("| {part} | {} | | |", grouped(counted));
            continue;
        };
        let difference = difference(counted, before);
        off |= difference.abs() > PER_CENT;
        println!("| {part} | {} | {} | {difference:+.1} % |", grouped(counted), grouped(before));
    }
    if off {
        println!(
            "\nMore than {PER_CENT} % off: it is another compiler or another valgrind, or the test does other things \
             than before. If it is as it should be: heloscope-bench instructions --record"
        );
    }
    Ok(())
}

/// Counts, and puts the figures on record.
pub(crate) fn record() -> Result<()> {
    let mut text =
        "# Instructions of one whole test, as callgrind counts them; see crates/bench/README.md.\n"
            .to_owned();
    for (part, figure) in whole(&count()?) {
        text += &format!("{part} {figure}\n");
    }
    print!("{text}");
    std::fs::write(record_file(), text).context("cannot write the record")
}

fn record_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.txt")
}

fn count() -> Result<Vec<(&'static str, u64)>> {
    PARTS.into_iter().map(|part| Ok((part, count_of(part)?))).collect()
}

/// A run for each part: the server, the runtime and the making of certificates are in none.
fn count_of(part: &str) -> Result<u64> {
    let valgrind =
        program("valgrind").context("there is no valgrind; to get it: apt-get install valgrind")?;
    let output = Command::new(valgrind)
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg(format!("--toggle-collect=*counted_{part}*"))
        .arg(std::env::current_exe()?)
        .arg(WHOLE_TEST)
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("valgrind ended with {}:\n{said}", output.status);
    }
    collected(&said).with_context(|| format!("valgrind counted nothing of {part}:\n{said}"))
}

/// The figure of the line `==123== Collected : 4567`; `None` where nothing was counted.
fn collected(said: &str) -> Option<u64> {
    let figure = said.lines().find_map(|line| line.split_once("Collected :"))?.1;
    figure.trim().parse().ok().filter(|count| *count > 0)
}

/// The parts, and their sum.
fn whole(parts: &[(&'static str, u64)]) -> Vec<(&'static str, u64)> {
    let sum = parts.iter().map(|(_, figure)| figure).sum();
    [parts, &[("whole", sum)]].concat()
}

/// Lines of a name and a figure, others aside.
fn figures(text: &str) -> Vec<(&str, u64)> {
    let named = text.lines().filter_map(|line| line.split_once(' '));
    named.filter_map(|(name, figure)| Some((name, figure.parse().ok()?))).collect()
}

/// In per cent of what was before.
fn difference(now: u64, before: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a per cent needs no 53 bits")]
    let (now, before) = (now as f64, before as f64);
    (now / before - 1.0) * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_has_every_part_and_their_sum() {
        let recorded = figures(include_str!("../instructions.txt"));
        let (sum, parts) = recorded.split_last().unwrap();
        assert_eq!(parts.iter().map(|(name, _)| *name).collect::<Vec<_>>(), PARTS);
        assert_eq!(*sum, ("whole", parts.iter().map(|(_, figure)| figure).sum()));
    }

    #[test]
    fn what_valgrind_says_is_read() {
        let said = "==7== Callgrind\n==7== \n==7== Events    : Ir\n==7== Collected : 1234567\n==7== \n==7== I   refs: 9\n";
        assert_eq!(collected(said), Some(1_234_567));
        assert_eq!(collected("==7== Collected : 0\n"), None);
        assert_eq!(collected("==7== Killed\n"), None);
        assert_eq!(difference(103, 100).round().to_bits(), 3.0_f64.to_bits());
    }
}
