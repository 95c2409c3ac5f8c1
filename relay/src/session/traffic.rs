use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
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
    /// The greeting may be awaited still, though octets have come: inside TLS.
    greeting: AtomicBool,
}

impl Traffic {
    pub(super) fn begin() -> Self {
        Self {
            began: Instant::now(),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            last: AtomicU64::new(0),
            greeting: AtomicBool::new(false),
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

    /// Whether the greeting is awaited inside TLS.
    pub(super) fn awaits_greeting(&self, awaited: bool) {
        self.greeting.store(awaited, Relaxed);
    }

    /// Waits until one of the limits on time has passed.
    pub(super) async fn runs_out(&self, limits: &SessionLimits) {
        loop {
            let (now, deadline) = (Instant::now(), self.deadline(limits));
            if deadline <= now {
                return;
            }
            // Octets put the deadline off, but the greeting's first may bring it forward: to no sooner than a silence from
            // now.
            sleep_until(deadline.min(now + limits.silence.max(Duration::from_millis(1)))).await;
        }
    }

    fn deadline(&self, limits: &SessionLimits) -> Instant {
        let last = Duration::from_micros(self.last.load(Relaxed));
        let idle = match self.octets_down() {
            0 => limits.greeting,
            _ if self.greeting.load(Relaxed) => last + limits.greeting,
            _ => last + limits.silence,
        };
        self.began + idle.min(limits.connection)
    }

    fn moved(&self, count: &AtomicU64, octets: usize) {
        count.fetch_add(u64::try_from(octets).unwrap_or(u64::MAX), Relaxed);
        let since = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last.store(since, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Port 465: the handshake took 1 s, and its last octets were tickets.
    #[tokio::test(start_paused = true)]
    async fn the_greeting_has_its_time_inside_tls_too() {
        let limits = SessionLimits::default();
        for (awaited, expected) in [(true, limits.greeting), (false, limits.silence)] {
            let traffic = Traffic::begin();
            tokio::time::sleep(Duration::from_secs(1)).await;
            traffic.moved_down(500);
            traffic.awaits_greeting(awaited);
            traffic.runs_out(&limits).await;
            let took = traffic.began.elapsed().saturating_sub(Duration::from_secs(1));
            assert!((expected..expected + Duration::from_millis(2)).contains(&took), "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn once_the_client_speaks_silence_counts() {
        let limits = SessionLimits::default();
        let traffic = Traffic::begin();
        traffic.moved_down(500);
        traffic.awaits_greeting(true);
        let spoken = async {
            tokio::time::sleep(Duration::from_secs(30)).await;
            traffic.moved_up(20);
            traffic.awaits_greeting(false);
        };
        tokio::join!(spoken, traffic.runs_out(&limits));
        let (took, expected) = (traffic.began.elapsed(), Duration::from_secs(30) + limits.silence);
        assert!((expected..expected + Duration::from_millis(2)).contains(&took), "{took:?}");
    }
}
