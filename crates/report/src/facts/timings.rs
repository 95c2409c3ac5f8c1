use std::time::Duration;

use super::PortFacts;
use crate::Timings;

/// How long each stage took; what was not reached is `None`.
pub(crate) fn timings(facts: &PortFacts<'_>) -> Timings {
    let moments = &facts.moments;
    Timings {
        resolve_ms: facts.established.and_then(|established| established.resolve_ms).map(u64::from),
        connect_ms: facts.established.map(|established| u64::from(established.connect_ms)),
        greeting_ms: facts.greeting_took().map(milliseconds),
        tls_ms: between(moments.handshake_begun, moments.handshake_done).map(milliseconds),
        total_ms: between(moments.dialled, moments.ended).map(milliseconds),
    }
}

impl PortFacts<'_> {
    /// From the connection, or the end of the handshake where TLS comes first, to the whole greeting.
    pub(crate) fn greeting_took(&self) -> Option<Duration> {
        between(self.greeting_awaited_from(), self.moments.greeted)
    }

    /// The connection, or the end of the handshake where TLS comes first.
    pub(crate) fn greeting_awaited_from(&self) -> Option<Duration> {
        let moments = &self.moments;
        if self.is_implicit() { moments.handshake_done } else { moments.connected }
    }
}

pub(crate) fn between(from: Option<Duration>, until: Option<Duration>) -> Option<Duration> {
    Some(until?.saturating_sub(from?))
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
