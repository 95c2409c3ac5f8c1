use std::time::Duration;

use heloscope_observation::{Event, Observations, Purpose};

use super::{PortFacts, on};
use crate::Timings;

/// How long each stage took; what was not reached is `None`.
pub(crate) fn timings(observations: &Observations, facts: &PortFacts<'_>) -> Timings {
    let moments = &facts.moments;
    let resolve_ms = facts.established.and_then(|established| established.resolve_ms).map(u64::from);
    let connect_ms = facts.established.map(|established| u64::from(established.connect_ms));
    let dialled = between(moments.dialled, moments.connected).map(milliseconds);
    let beside = |dialled: u64| {
        dialled.saturating_sub(resolve_ms.unwrap_or_default()).saturating_sub(connect_ms.unwrap_or_default())
    };
    let dialogue = on(observations, facts.spec, Purpose::Dialogue);
    let hung_up = dialogue.filter(|seen| matches!(seen.event, Event::Ended)).map(|seen| seen.at).next();
    let mut connections = observations.connections.iter().filter(|one| one.port == facts.spec);
    let others = connections.any(|one| one.purpose != Purpose::Dialogue);
    Timings {
        began_ms: moments.dialled.map(milliseconds),
        relay_ms: dialled.filter(|_| observations.relay.is_some()).map(beside),
        resolve_ms,
        connect_ms,
        greeting_ms: facts.greeting_took().map(milliseconds),
        tls_ms: between(moments.handshake_begun, moments.handshake_done).map(milliseconds),
        other_connections_ms: between(hung_up, moments.ended).filter(|_| others).map(milliseconds),
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
