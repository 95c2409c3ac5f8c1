use std::io::Error;
use std::time::Duration;

use tokio::time::Instant;

use crate::dial::is_out_of_descriptors;

/// How long no connection is taken when one could not be.
pub(super) const RESPITE: Duration = Duration::from_millis(100);

/// How often it is said at most.
const SAID: Duration = Duration::from_secs(60);

/// How long ago the last failure has to be, so that it is over.
const QUIET: Duration = Duration::from_secs(1);

/// A time in which the machine has nothing left for another connection. Those who connect wait in the system's queue.
#[derive(Debug, Default)]
pub(super) struct Shortage {
    /// The last failure of one that was said, and has not ended.
    failed: Option<Instant>,
    told: Option<Instant>,
}

impl Shortage {
    /// A connection could not be taken.
    pub(super) fn met(&mut self, error: &Error) {
        let now = Instant::now();
        if self.failed.is_some() || self.told.is_some_and(|told| now - told < SAID) {
            self.failed = self.failed.map(|_| now);
            return;
        }
        (self.failed, self.told) = (Some(now), Some(now));
        if is_out_of_descriptors(error) {
            tracing::warn!(
                %error,
                "no descriptor is left: who connects now waits until another connection ends. LimitNOFILE= in a \
                 systemd unit allows more, ulimit -n in a shell"
            );
        } else {
            tracing::warn!(%error, "cannot take connections: who connects now waits");
        }
    }

    /// One could be taken. (The first may be followed by a failure again.)
    pub(super) fn eased(&mut self) {
        if self.failed.is_some_and(|failed| failed.elapsed() >= QUIET) {
            self.failed = None;
            tracing::info!("connections are taken again");
        }
    }
}
