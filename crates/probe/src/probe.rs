use std::time::Duration;

use heloscope_observation::{Connection, ConnectionId, Observations, Target};

use crate::context::Context;
use crate::exchange::{Input, Output};
use crate::limits;
use crate::plan;
use crate::session::Session;

/// One test of one host.
#[derive(Debug)]
pub struct Probe {
    sessions: Vec<Session>,
    cx: Context,
}

impl Probe {
    /// A test that begins now, by the caller's clock: `began_at_ms` is in milliseconds since
    /// 1970-01-01T00:00:00Z. `relay` is the URL of the relay that will carry the octets, where there is one.
    pub fn new(target: Target, relay: Option<String>, began_at_ms: i64) -> Self {
        let connections = plan::first(&target);
        let observations =
            Observations { target, began_at_ms, relay, connections: Vec::new(), seen: Vec::new() };
        let mut probe = Self { sessions: Vec::new(), cx: Context::new(observations) };
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
        self.cx.take_output().unwrap_or_else(|| {
            let deadlines = self.sessions.iter().map(Session::deadline);
            deadlines.min().map_or(Output::Done, |until| Output::Wait { until })
        })
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
