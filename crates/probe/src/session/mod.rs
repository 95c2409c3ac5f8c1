//! One SMTP dialogue over one connection: one struct a state in [`state`], what they share in [`link`].

mod link;
mod state;
mod timed_reader;

use std::time::Duration;

use heloscope_observation::{
    Connection, ConnectionId, Established, Event, Host, Refusal, RefusalCode, Stage, TlsFailure,
};

use crate::channel::TlsEvent;
use crate::context::Context;
use crate::limits;
use link::Link;
use state::State;

/// A dialogue, from dialling to its end.
#[derive(Debug)]
pub(crate) struct Session {
    link: Link,
    state: State,
    /// The end of the handshake and what came together with it, until the driver says what time it is: our own calculations
    /// for it have taken some, and belong to its stage.
    finished: Vec<TlsEvent>,
    /// When that came.
    finished_at: Duration,
}

impl Session {
    /// Asks for the connection. All is over by `port_deadline`.
    pub(crate) fn dial(
        connection: Connection,
        host: Host,
        port_deadline: Duration,
        cx: &mut Context,
    ) -> Self {
        let mut link = Link::new(connection, host, port_deadline);
        let state = State::dial(&mut link, cx);
        Self { link, state, finished: Vec::new(), finished_at: Duration::ZERO }
    }

    pub(crate) fn id(&self) -> ConnectionId {
        self.link.id()
    }

    pub(crate) fn connection(&self) -> Connection {
        self.link.connection
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// When the time is to be told: when it is up for what is awaited; at once where a handshake has ended.
    pub(crate) fn deadline(&self) -> Duration {
        if self.finished.is_empty() { self.link.deadline() } else { self.finished_at }
    }

    pub(crate) fn connected(&mut self, established: Established, cx: &mut Context) {
        self.step(|state, link| state.connected(established, link, cx));
    }

    pub(crate) fn refused(&mut self, refusal: Refusal, cx: &mut Context) {
        self.finish_handshake(cx);
        if self.is_over() {
            return;
        }
        if matches!(refusal.code, RefusalCode::NameNotFound | RefusalCode::ResolveFailed) {
            self.link.stage = Stage::Resolve;
        } else if self.link.stage == Stage::Resolve {
            self.link.stage = Stage::Connect;
        }
        self.observe_unfinished(cx);
        if !self.is_over() {
            self.link.observe(Event::Refused(refusal), cx);
            self.end(cx);
        }
    }

    pub(crate) fn received(&mut self, octets: &[u8], cx: &mut Context) {
        self.finish_handshake(cx);
        if matches!(self.state, State::Dialling(_) | State::Over) {
            return;
        }
        if !self.link.awaits_greeting_inside_tls() {
            self.link.heard(cx);
        }
        let (octets, too_many) = self.link.within_bounds(octets);
        self.take_in(octets, cx);
        if too_many {
            self.finish_handshake(cx);
            self.give_up(cx);
        }
        if self.finished.is_empty() {
            self.settle(cx);
        }
    }

    /// Sends what TLS has to send, and waits no longer than it may help.
    fn settle(&mut self, cx: &mut Context) {
        if !self.is_over() {
            self.link.flush(cx);
        }
        if !self.is_over() && self.link.is_lost() {
            self.link.linger(cx);
        }
    }

    /// More octets came than are looked at.
    fn give_up(&mut self, cx: &mut Context) {
        if self.is_over() {
            return;
        }
        if self.link.stage == Stage::Tls {
            let words = format!("{} octets came, and the handshake had not ended", limits::MAX_RECEIVED);
            self.link.observe(Event::TlsFailed(TlsFailure::Protocol(words)), cx);
        } else {
            let encrypted = self.link.is_encrypted();
            let (fault, came) = self.link.reader.give_up(cx.at);
            self.link.observe(Event::NoReply { fault, encrypted, came }, cx);
        }
        self.end(cx);
    }

    fn take_in(&mut self, octets: &[u8], cx: &mut Context) {
        let mut events = self.link.receive(octets, cx);
        let ends = |event: &TlsEvent| matches!(event, TlsEvent::Handshake(handshake) if handshake.completed);
        if let Some(end) = events.iter().position(ends) {
            self.finished = events.split_off(end);
            self.finished_at = cx.at;
        }
        self.heed(events, cx);
    }

    /// The handshake has ended, at the time at hand, and the next stage begins.
    fn finish_handshake(&mut self, cx: &mut Context) {
        let events = std::mem::take(&mut self.finished);
        if !events.is_empty() {
            self.heed(events, cx);
            self.settle(cx);
        }
    }

    fn heed(&mut self, events: Vec<TlsEvent>, cx: &mut Context) {
        let mut events = events.into_iter().peekable();
        while let Some(event) = events.next() {
            // What came together was all there before anything is said to a part of it.
            if matches!(event, TlsEvent::Handshake(_)) {
                while let Some(TlsEvent::Plaintext(octets)) =
                    events.next_if(|event| matches!(event, TlsEvent::Plaintext(_)))
                {
                    self.link.reader.push(&octets, cx.at);
                }
            }
            self.tls_event(event, cx);
            if !matches!(events.peek(), Some(TlsEvent::Plaintext(_))) {
                self.read_replies(cx);
            }
            if self.is_over() {
                return;
            }
        }
        self.read_replies(cx);
    }

    pub(crate) fn closed(&mut self, cx: &mut Context) {
        self.finish_handshake(cx);
        if self.is_over() {
            return;
        }
        self.observe_unfinished(cx);
        if !self.is_over() {
            let close_notify = self.link.saw_close_notify();
            self.link.observe(Event::Closed { close_notify }, cx);
            self.end(cx);
        }
    }

    pub(crate) fn tick(&mut self, cx: &mut Context) {
        if !self.finished.is_empty() {
            return self.finish_handshake(cx);
        }
        if self.is_over() || cx.at < self.link.deadline() {
            return;
        }
        let content = self.state.is_content() && !self.link.reader.has_unread();
        let lost = self.link.is_lost();
        self.observe_unfinished(cx);
        if !self.is_over() {
            if !content && !lost {
                self.link.observe(self.link.timed_out(), cx);
            }
            self.end(cx);
        }
    }

    fn tls_event(&mut self, event: TlsEvent, cx: &mut Context) {
        match event {
            TlsEvent::Injected { octets, total } => {
                self.link.observe_clear_text(Event::Injected { octets, total }, cx);
            }
            TlsEvent::HelloRetried { octets } => self.link.observe(Event::HelloRetried { octets }, cx),
            TlsEvent::Warned(alert) => self.link.observe(Event::TlsWarned(alert), cx),
            TlsEvent::Chain(chain) => self.link.observe(Event::Chain(chain), cx),
            TlsEvent::ClientCertificateRequested => self.link.observe(Event::ClientCertificateRequested, cx),
            TlsEvent::Chosen(handshake) => self.link.observe(Event::Handshake(handshake), cx),
            TlsEvent::Handshake(handshake) => {
                let completed = handshake.completed;
                self.link.observe(Event::Handshake(handshake), cx);
                if completed {
                    self.step(|state, link| state.encrypted(link, cx));
                } else {
                    self.end(cx);
                }
            }
            TlsEvent::Plaintext(octets) => {
                self.link.heard(cx);
                self.link.reader.push(&octets, cx.at);
            }
            TlsEvent::CloseNotify => {
                self.read_replies(cx);
                self.closed(cx);
            }
            TlsEvent::Failed(failure) => {
                match failure {
                    TlsFailure::NotTls(_) => self.link.observe_clear_text(Event::TlsFailed(failure), cx),
                    _ => self.link.observe(Event::TlsFailed(failure), cx),
                }
                self.end(cx);
            }
        }
    }

    fn read_replies(&mut self, cx: &mut Context) {
        while !self.is_over() {
            let encrypted = self.link.is_encrypted();
            match self.link.reader.next_reply(cx.at) {
                None => return,
                Some((Ok(reply), came)) => {
                    let event = if self.state.asked_for(reply.code()) {
                        Event::Replied { reply: reply.clone(), encrypted, came }
                    } else {
                        let more = self.link.reader.take_unread().len();
                        Event::Unasked { reply: reply.clone(), encrypted, came, more }
                    };
                    self.link.observe(event, cx);
                    self.step(|state, link| state.replied(&reply, link, cx));
                }
                Some((Err(fault), came)) => {
                    self.link.observe(Event::NoReply { fault, encrypted, came }, cx);
                    self.end(cx);
                }
            }
        }
    }

    /// What had begun and will not be finished: part of a reply, clear text where TLS was to begin, a chain whose
    /// handshake broke off.
    fn observe_unfinished(&mut self, cx: &mut Context) {
        let encrypted = self.link.is_encrypted();
        if let Some((fault, came)) = self.link.reader.unfinished(cx.at) {
            self.link.observe(Event::NoReply { fault, encrypted, came }, cx);
        }
        for event in self.link.end_of_tls() {
            self.tls_event(event, cx);
        }
    }

    fn step(&mut self, advance: impl FnOnce(State, &mut Link) -> State) {
        let state = std::mem::replace(&mut self.state, State::Over);
        self.state = advance(state, &mut self.link);
    }

    fn end(&mut self, cx: &mut Context) {
        self.state = State::end(&mut self.link, cx);
    }
}
