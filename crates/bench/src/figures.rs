use std::time::Duration;

/// The middle one; of an even number, the lower of the two. Zero of none.
pub(crate) fn median(of: &[Duration]) -> Duration {
    let mut sorted = of.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// The middle one, as [`median`].
pub(crate) fn median_ratio(of: &[f64]) -> f64 {
    let mut sorted = of.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// Milliseconds, with a decimal below ten.
pub(crate) fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 9.95 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, rest) = digits.split_at(first);
    let mut groups: Vec<&str> = if head.is_empty() { Vec::new() } else { vec![head] };
    groups.extend((0..rest.len()).step_by(3).filter_map(|at| rest.get(at..at + 3)));
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_found() {
        let of =
            |values: &[u64]| median(&values.iter().copied().map(Duration::from_millis).collect::<Vec<_>>());
        assert_eq!(of(&[9, 1, 5]), Duration::from_millis(5));
        assert_eq!(of(&[9, 1, 5, 3]), Duration::from_millis(3));
        assert_eq!(of(&[]), Duration::ZERO);
        assert_eq!(median_ratio(&[3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
    }

    #[test]
    fn figures_are_written_for_people() {
        assert_eq!(ms(Duration::from_micros(5_340)), "5.3 ms");
        assert_eq!(ms(Duration::from_micros(9_970)), "10 ms");
        assert_eq!(ms(Duration::from_micros(283_600)), "284 ms");
        assert_eq!(
            [1, 12, 123, 1_234, 12_345, 123_456, 12_345_678].map(grouped),
            ["1", "12", "123", "1 234", "12 345", "123 456", "12 345 678"]
        );
    }
}
