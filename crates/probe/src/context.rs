use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use heloscope_observation::{ConnectionId, Event, Observation, Observations, Stage};
use rustls::crypto::CryptoProvider;

use crate::channel::provider;
use crate::exchange::Output;

/// What all sessions of a test share: where their output goes, and what they need to know.
pub(crate) struct Context {
    pub(crate) observations: Observations,
    outputs: VecDeque<Output>,
    pub(crate) provider: Arc<CryptoProvider>,
    /// The time since the test began, as the input at hand says.
    pub(crate) at: Duration,
}

impl Context {
    pub(crate) fn new(observations: Observations) -> Self {
        let provider = Arc::new(provider());
        Self { observations, outputs: VecDeque::new(), provider, at: Duration::ZERO }
    }

    /// Observations keep microseconds, so that a saved test reads back as it was.
    pub(crate) fn set_time(&mut self, at: Duration) {
        self.at = Duration::from_micros(u64::try_from(at.as_micros()).unwrap_or(u64::MAX));
    }

    pub(crate) fn put(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(crate) fn take_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(crate) fn observe(&mut self, connection: ConnectionId, stage: Stage, event: Event) {
        self.observe_at(self.at, connection, stage, event);
    }

    /// Observes what came earlier, and is understood only now.
    pub(crate) fn observe_at(&mut self, at: Duration, connection: ConnectionId, stage: Stage, event: Event) {
        let observation = Observation { connection, at, stage, event };
        self.observations.seen.push(observation.clone());
        self.put(Output::Observed(observation));
    }

    pub(crate) fn began_at_ms(&self) -> i64 {
        self.observations.began_at_ms
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("observations", &self.observations)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
