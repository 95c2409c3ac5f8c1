use std::time::Duration;

/// How much has been counted within a stretch of time that ends now.
///
/// The stretch is counted in twelve slices, and a slice is forgotten when all of it is past: so there is no stretch of
/// that length, wherever it begins, in which more passes than is allowed. (A leaky bucket, such as GCRA, takes less room
/// but lets through twice as much in the worst stretch; a list of times is exact, and as long as the number allowed. This
/// keeps 26 octets.) The price is that room is given back up to a twelfth of the stretch late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// The number of the newest slice; the others are those before it.
    newest: u32,
    /// The counts of the slices, each at its number modulo their count.
    counts: [u16; SLICES],
}

/// Twelve that are past and the one that is under way.
const SLICES: usize = 13;

/// How many slices make up the stretch.
const STRETCH: u32 = 12;

impl Window {
    /// How long to wait until `cost` fits under `limit`; nothing where it fits now.
    pub(super) fn wait(&mut self, now: Duration, stretch: Duration, cost: u16, limit: u16) -> Duration {
        self.advance(now, stretch);
        let mut counted: u32 = self.counts.iter().map(|&count| u32::from(count)).sum();
        let room = u32::from(limit.saturating_sub(cost));
        let slice = stretch / STRETCH;
        // The oldest first: the slice after the newest, modulo their number.
        for (age, number) in (0..).zip(self.newest + 1..) {
            if counted <= room || age == SLICES as u32 {
                break;
            }
            counted -= u32::from(self.counts[at(number)]);
            if counted <= room {
                return (slice * number).saturating_sub(now);
            }
        }
        Duration::ZERO
    }

    pub(super) fn add(&mut self, now: Duration, stretch: Duration, cost: u16) {
        self.advance(now, stretch);
        let count = &mut self.counts[at(self.newest)];
        *count = count.saturating_add(cost);
    }

    /// Takes one back that was just added.
    pub(super) fn take_back(&mut self, now: Duration, stretch: Duration) {
        self.advance(now, stretch);
        // A slice may have begun in between.
        let slices = [self.newest, self.newest.saturating_sub(1)];
        if let Some(number) = slices.into_iter().find(|&number| self.counts[at(number)] > 0) {
            self.counts[at(number)] -= 1;
        }
    }

    /// Whether nothing is counted any more.
    pub(super) fn is_empty(&mut self, now: Duration, stretch: Duration) -> bool {
        self.advance(now, stretch);
        self.counts == [0; SLICES]
    }

    fn advance(&mut self, now: Duration, stretch: Duration) {
        let slice = slice_at(now, stretch);
        for number in (self.newest + 1..=slice).take(SLICES) {
            self.counts[at(number)] = 0;
        }
        self.newest = self.newest.max(slice);
    }
}

/// The number of the slice of a stretch at a time.
pub(super) fn slice_at(now: Duration, stretch: Duration) -> u32 {
    u32::try_from(now.as_millis() / (stretch / STRETCH).as_millis().max(1)).unwrap_or(u32::MAX - STRETCH - 1)
}

fn at(number: u32) -> usize {
    number as usize % SLICES
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at_second(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn what_is_counted_is_forgotten_after_a_minute_and_at_most_a_slice() {
        let mut window = Window::default();
        for second in [0.0, 4.9, 30.0] {
            assert_eq!(window.wait(at_second(second), MINUTE, 1, 3), Duration::ZERO);
            window.add(at_second(second), MINUTE, 1);
        }
        // The first slice, in which there are two, ends at 5 s, and its minute at 65 s.
        assert_eq!(window.wait(at_second(30.0), MINUTE, 1, 3), at_second(35.0));
        assert_eq!(window.wait(at_second(64.9), MINUTE, 1, 3), at_second(65.0) - at_second(64.9));
        assert_eq!(window.wait(at_second(65.0), MINUTE, 1, 3), Duration::ZERO);
        // Three more fit only when the one of 30 s is past as well.
        assert_eq!(window.wait(at_second(65.0), MINUTE, 3, 3), at_second(30.0));
        assert!(!window.is_empty(at_second(94.9), MINUTE));
        assert!(window.is_empty(at_second(95.0), MINUTE));
    }

    #[test]
    fn in_no_minute_does_more_pass_than_is_allowed() {
        // Someone who asks every tenth of a second, for ten minutes.
        let mut window = Window::default();
        let mut passed = Vec::new();
        for tenth in 0..6000 {
            let now = Duration::from_millis(100) * tenth;
            if window.wait(now, MINUTE, 1, 60).is_zero() {
                window.add(now, MINUTE, 1);
                passed.push(now);
            }
        }
        let busiest = passed
            .iter()
            .map(|from| passed.iter().filter(|at| *at >= from && **at < *from + MINUTE).count())
            .max();
        assert_eq!(busiest, Some(60));
        // And what is allowed can be had, but for the slice that comes late: sixty at 0 s, 65 s, and so on to 585 s.
        assert_eq!(passed.len(), 10 * 60);
    }

    #[test]
    fn a_long_pause_and_a_clock_that_stands_still_do_no_harm() {
        let mut window = Window::default();
        window.add(at_second(3.0), MINUTE, u16::MAX);
        window.add(at_second(3.0), MINUTE, 1);
        assert!(window.wait(at_second(3.0), MINUTE, 1, u16::MAX) > Duration::ZERO);
        window.add(at_second(0.0), MINUTE, 1);
        assert!(window.is_empty(at_second(1e9), MINUTE));
    }

    #[test]
    fn more_than_the_limit_never_fits_but_is_not_waited_for_longer_than_the_stretch() {
        let mut window = Window::default();
        window.add(at_second(0.0), MINUTE, 5);
        assert_eq!(window.wait(at_second(0.0), MINUTE, 1, 5), at_second(65.0));
    }
}
