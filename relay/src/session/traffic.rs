use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::SessionLimits;

/// What has moved on a connection, and when it last did.
#[derive(Debug)]
pub(super) struct Traffic {
    began: Instant,
    up: AtomicU64,
    down: AtomicU64,
    /// Microseconds from the beginning to the last octet, either way.
    last: AtomicU64,
}

impl Traffic {
    pub(super) fn begin() -> Self {
        Self {
            began: Instant::now(),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            last: AtomicU64::new(0),
        }
    }

    pub(super) fn moved_up(&self, octets: usize) {
        self.moved(&self.up, octets);
    }

    pub(super) fn moved_down(&self, octets: usize) {
        self.moved(&self.down, octets);
    }

    pub(super) fn octets_up(&self) -> u64 {
        self.up.load(Relaxed)
    }

    pub(super) fn octets_down(&self) -> u64 {
        self.down.load(Relaxed)
    }

    /// Waits until one of the limits on time has passed.
    pub(super) async fn runs_out(&self, limits: &SessionLimits) {
        loop {
            let (now, deadline) = (Instant::now(), self.deadline(limits));
            if deadline <= now {
                return;
            }
            // Octets put the deadline off, but the first one may bring it forward: to no sooner than a silence from now.
            sleep_until(deadline.min(now + limits.silence.max(Duration::from_millis(1)))).await;
        }
    }

    fn deadline(&self, limits: &SessionLimits) -> Instant {
        let idle = match self.octets_down() {
            0 => limits.greeting,
            _ => Duration::from_micros(self.last.load(Relaxed)) + limits.silence,
        };
        self.began + idle.min(limits.connection)
    }

    fn moved(&self, count: &AtomicU64, octets: usize) {
        count.fetch_add(u64::try_from(octets).unwrap_or(u64::MAX), Relaxed);
        let since = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last.store(since, Relaxed);
    }
}
