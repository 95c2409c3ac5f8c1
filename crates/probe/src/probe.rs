use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use heloscope_observation::{
    Connection, ConnectionId, Established, Event, Host, Observation, Observations, PortSpec, Refusal, Stage,
    Target,
};
use rustls::crypto::CryptoProvider;

use crate::limits;
use crate::plan;
use crate::session::Session;

/// What the driver tells the probe; `at` is the time since the test began, of which whole microseconds count.
#[derive(Debug)]
pub enum Input<'a> {
    /// TCP connected.
    Connected {
        /// Which connection.
        connection: ConnectionId,
        /// When.
        at: Duration,
        /// What is known of it.
        established: Established,
    },
    /// There is no connection, or it broke for a cause that the network or the relay names.
    Refused {
        /// Which connection.
        connection: ConnectionId,
        /// When.
        at: Duration,
        /// Why.
        refusal: Refusal,
    },
    /// Octets from the server; before [`Connected`](Self::Connected) there can be none, and none are looked at.
    Received {
        /// On which connection.
        connection: ConnectionId,
        /// When.
        at: Duration,
        /// What.
        octets: &'a [u8],
    },
    /// The server closed the connection.
    Closed {
        /// Which connection.
        connection: ConnectionId,
        /// When.
        at: Duration,
    },
    /// Time passed.
    Tick {
        /// When it is.
        at: Duration,
    },
}

/// What the probe asks of the driver.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Connect.
    Connect {
        /// How the probe will name this connection.
        connection: ConnectionId,
        /// Where to.
        host: Host,
        /// On which port; a relay knows the TLS mode by itself.
        port: PortSpec,
    },
    /// Send octets.
    Transmit {
        /// On which connection.
        connection: ConnectionId,
        /// What.
        octets: Vec<u8>,
    },
    /// Close the connection, or stop connecting; nothing that still comes of it is looked at.
    Close {
        /// Which connection.
        connection: ConnectionId,
    },
    /// Something was seen; also kept for [`Probe::observations`].
    Observed(Observation),
    /// Nothing to do until input comes; an [`Input::Tick`] is due at this time since the test began.
    Wait {
        /// When.
        until: Duration,
    },
    /// The test is over.
    Done,
}

/// One test of one host.
#[derive(Debug)]
pub struct Probe {
    sessions: Vec<Session>,
    cx: Context,
}

/// What all sessions of a test share: where their output goes, and what they need to know.
pub(crate) struct Context {
    observations: Observations,
    outputs: VecDeque<Output>,
    pub(crate) provider: Arc<CryptoProvider>,
    /// The time since the test began, as the input at hand says.
    pub(crate) at: Duration,
}

impl Probe {
    /// A test that begins now, by the caller's clock: `began_at_ms` is in milliseconds since
    /// 1970-01-01T00:00:00Z. `relay` is the URL of the relay that will carry the octets, where there is one.
    pub fn new(target: Target, relay: Option<String>, began_at_ms: i64) -> Self {
        let connections = plan::first(&target);
        let observations =
            Observations { target, began_at_ms, relay, connections: Vec::new(), seen: Vec::new() };
        let provider = Arc::new(heloscope_crypto::provider());
        let cx = Context { observations, outputs: VecDeque::new(), provider, at: Duration::ZERO };
        let mut probe = Self { sessions: Vec::new(), cx };
        connections.into_iter().for_each(|connection| probe.open(connection));
        probe
    }

    /// Takes in what happened.
    pub fn handle_input(&mut self, input: Input<'_>) {
        match input {
            Input::Connected { connection, at, established } => {
                self.with(connection, at, |session, cx| session.connected(established, cx));
            }
            Input::Refused { connection, at, refusal } => {
                self.with(connection, at, |session, cx| session.refused(refusal, cx));
            }
            Input::Received { connection, at, octets } => {
                self.with(connection, at, |session, cx| session.received(octets, cx));
            }
            Input::Closed { connection, at } => self.with(connection, at, Session::closed),
            Input::Tick { at } => {
                self.cx.set_time(at);
                self.sessions.iter_mut().for_each(|session| session.tick(&mut self.cx));
            }
        }
        self.follow_up();
    }

    /// What to do next.
    pub fn poll_output(&mut self) -> Output {
        if let Some(output) = self.cx.outputs.pop_front() {
            return output;
        }
        let deadlines = self.sessions.iter().map(Session::deadline);
        deadlines.min().map_or(Output::Done, |until| Output::Wait { until })
    }

    /// What was seen so far.
    pub fn observations(&self) -> &Observations {
        &self.cx.observations
    }

    /// What was seen in all.
    pub fn into_observations(self) -> Observations {
        self.cx.observations
    }

    fn open(&mut self, connection: Connection) {
        self.cx.observations.connections.push(connection);
        let host = self.cx.observations.target.host.clone();
        self.sessions.push(Session::dial(connection, host, limits::PORT, &mut self.cx));
    }

    /// Drops sessions that are over, and opens what the plan says comes after them while there is time for it.
    fn follow_up(&mut self) {
        let over: Vec<_> = self.sessions.extract_if(.., |session| session.is_over()).collect();
        for session in over {
            let next = plan::after(session.connection(), &self.cx.observations);
            if let Some(connection) = next.filter(|_| self.cx.at < limits::PORT) {
                self.open(connection);
            }
        }
    }

    fn with(&mut self, connection: ConnectionId, at: Duration, act: impl FnOnce(&mut Session, &mut Context)) {
        self.cx.set_time(at);
        if let Some(session) = self.sessions.iter_mut().find(|session| session.id() == connection) {
            act(session, &mut self.cx);
        }
    }
}

impl Context {
    /// Observations keep microseconds, so that a saved test reads back as it was.
    fn set_time(&mut self, at: Duration) {
        self.at = Duration::from_micros(u64::try_from(at.as_micros()).unwrap_or(u64::MAX));
    }

    pub(crate) fn put(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(crate) fn observe(&mut self, connection: ConnectionId, stage: Stage, event: Event) {
        let observation = Observation { connection, at: self.at, stage, event };
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
