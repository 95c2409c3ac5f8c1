//! Counting tests over suites: what cargo's and Node's test runners say at the end.

use std::fmt;
use std::ops::AddAssign;

/// How many tests of a suite passed, failed and were skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    /// The sum of the `test result:` lines that `cargo test` prints, one for each test program.
    pub(crate) fn of_cargo(output: &str) -> Self {
        let mut sum = Self::default();
        for line in output.lines().filter_map(|line| line.strip_prefix("test result: ")) {
            let count = |word: &str| {
                let part = line.split(['.', ';']).find_map(|part| part.trim().strip_suffix(word));
                part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
            };
            sum += Self { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
        }
        sum
    }

    /// The closing comments of Node's TAP report; a test that is [`excused`] is none of those skipped.
    pub(crate) fn of_tap(report: &str) -> Self {
        let count = |word: &str| -> u64 {
            let numbers = report.lines().filter_map(|line| line.strip_prefix("# ")?.strip_prefix(word));
            numbers.filter_map(|number| number.trim().parse::<u64>().ok()).sum()
        };
        Self {
            passed: count("pass "),
            failed: count("fail ") + count("cancelled "),
            skipped: (count("skipped ") + count("todo ")).saturating_sub(excused(report).len() as u64),
        }
    }
}

/// The tests of a TAP report that cannot be made in Firefox, whatever is installed, each with the reason why.
pub(crate) fn excused(report: &str) -> Vec<String> {
    let told = |line: &str| {
        let (test, why) = line.trim_start().strip_prefix("ok ")?.split_once(" # SKIP not in Firefox: ")?;
        let (_, name) = test.split_once(" - ")?;
        Some(format!("not in Firefox: {name}: {why}"))
    };
    report.lines().filter_map(told).collect()
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_prints_a_line_for_each_test_program() {
        let output = "\
running 3 tests
test a ... ok
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

running 2 tests
test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.23s
";
        assert_eq!(Tally::of_cargo(output).to_string(), "3 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn node_prints_comments_at_the_end() {
        let report = "TAP version 13\nok 1 - pass 5\n1..4\n# tests 7\n# suites 0\n# pass 3\n# fail 1\n# cancelled 1\n\
                      # skipped 2\n# todo 0\n# duration_ms 12.5\n";
        assert_eq!(Tally::of_tap(report).to_string(), "3 passed, 2 failed, 2 skipped");
    }

    #[test]
    fn what_firefox_cannot_do_is_told_and_not_counted() {
        let report = "TAP version 13\nok 1 - soon # SKIP not in Firefox: it tells no task\n\
                      ok 2 - mail # SKIP no Postfix here\n1..2\n# pass 0\n# fail 0\n# skipped 2\n";
        assert_eq!(Tally::of_tap(report).to_string(), "0 passed, 0 failed, 1 skipped");
        assert_eq!(excused(report), ["not in Firefox: soon: it tells no task"]);
    }
}
