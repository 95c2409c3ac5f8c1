//! How long something took, in words: one unit for what stands together.

use heloscope_words::{decimal, say};

/// What takes this long, or longer, is said in seconds.
const IN_SECONDS_MS: u64 = 10_000;

/// The unit of all times of a table, so that they can be compared at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// `412 ms`
    Milliseconds,
    /// `31.249 s`
    Seconds,
}

impl Unit {
    /// That of a table of these milliseconds, by the longest.
    pub(crate) fn of(all_ms: impl IntoIterator<Item = u64>) -> Self {
        match all_ms.into_iter().max() {
            Some(IN_SECONDS_MS..) => Self::Seconds,
            _ => Self::Milliseconds,
        }
    }

    pub(crate) fn says(self, ms: u64) -> String {
        match self {
            Self::Milliseconds => say!("{ms} ms"),
            Self::Seconds => say!("{} s", decimal(ms / 1000, &format!("{:03}", ms % 1000))),
        }
    }
}

/// A time that stands alone: `412 ms`, `31.2 s`.
pub(crate) fn span(ms: u64) -> String {
    if ms < IN_SECONDS_MS {
        Unit::Milliseconds.says(ms)
    } else {
        say!("{} s", decimal(ms / 1000, &(ms % 1000 / 100).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_alone_is_as_exact_as_one_wants_to_read_it() {
        assert_eq!(
            [span(0), span(9_999), span(10_000), span(31_249)],
            ["0 ms", "9999 ms", "10.0 s", "31.2 s"]
        );
    }

    #[test]
    fn a_table_has_one_unit() {
        assert_eq!(Unit::of([]), Unit::Milliseconds);
        let quick = Unit::of([3, 9_999]);
        assert_eq!([quick.says(3), quick.says(9_999)], ["3 ms", "9999 ms"]);
        let slow = Unit::of([3, 38_010, 21]);
        assert_eq!([slow.says(3), slow.says(38_010), slow.says(21)], ["0.003 s", "38.010 s", "0.021 s"]);
    }
}
