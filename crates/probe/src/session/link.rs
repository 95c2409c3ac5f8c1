use std::time::Duration;

use heloscope_crypto::WriteKey;
use heloscope_observation::{Connection, ConnectionId, Event, Host, Pace, Stage, TlsMode};
use heloscope_smtp::Command;

use super::timed_reader::TimedReader;
use crate::channel::{Expectation, TlsChannel, TlsEvent};
use crate::context::Context;
use crate::exchange::Output;
use crate::limits;

/// What every state of a dialogue needs: the connection, the channel on it, the reader behind that, the clock.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) connection: Connection,
    pub(crate) host: Host,
    /// The name to give with EHLO; empty until connected.
    pub(crate) ehlo_name: String,
    /// What the dialogue is about at the moment; observations carry it.
    pub(crate) stage: Stage,
    pub(crate) reader: TimedReader,
    tls: Option<TlsChannel>,
    encrypted: bool,
    stray: Stray,
    /// How the octets of the handshake came.
    shaking: Option<Pace>,
    patience: Patience,
    /// By when all of the reply to QUIT must have come.
    leaves_by: Option<Duration>,
    port_deadline: Duration,
    /// Octets of the server's.
    received: usize,
}

/// When the first octets came that may turn out to be clear text where TLS was to begin, or to go on.
#[derive(Clone, Copy, Debug, Default)]
struct Stray {
    /// Of those before the ClientHello.
    early: Option<Duration>,
    /// Of those after it.
    late: Option<Duration>,
}

/// How long to wait, and since when.
#[derive(Clone, Copy, Debug)]
struct Patience {
    since: Duration,
    limit: Duration,
}

impl Link {
    pub(crate) fn new(connection: Connection, host: Host, port_deadline: Duration) -> Self {
        Self {
            connection,
            host,
            ehlo_name: String::new(),
            stage: Stage::Resolve,
            reader: TimedReader::default(),
            tls: None,
            encrypted: false,
            stray: Stray::default(),
            shaking: None,
            patience: Patience { since: Duration::ZERO, limit: limits::DIAL },
            leaves_by: None,
            port_deadline,
            received: 0,
        }
    }

    pub(crate) fn id(&self) -> ConnectionId {
        self.connection.id
    }

    pub(crate) fn mode(&self) -> TlsMode {
        self.connection.port.mode
    }

    pub(crate) fn dial(&mut self, cx: &mut Context) {
        self.wait(limits::DIAL, cx);
        self.observe(Event::Dialled, cx);
        let host = self.host.clone();
        cx.put(Output::Connect { connection: self.id(), host, port: self.connection.port });
    }

    /// Waits at most this long from now for the next octet.
    pub(crate) fn wait(&mut self, limit: Duration, cx: &Context) {
        self.patience = Patience { since: cx.at, limit };
    }

    /// Waits for the reply to QUIT: nothing depends on it, and no octet of it prolongs the wait.
    pub(crate) fn wait_to_leave(&mut self, cx: &Context) {
        self.wait(limits::QUIT, cx);
        self.leaves_by = Some(cx.at.saturating_add(limits::QUIT));
    }

    /// An octet came: from now on only silence counts.
    pub(crate) fn heard(&mut self, cx: &Context) {
        let limit = if self.patience.limit == limits::QUIT { limits::QUIT } else { limits::SILENCE };
        self.wait(limit, cx);
    }

    /// What came is not what is awaited, and will not be: it is all that is of interest once it pauses.
    pub(crate) fn linger(&mut self, cx: &Context) {
        self.wait(limits::LINGER, cx);
    }

    /// Whether what came is not what is awaited, whatever follows.
    pub(crate) fn is_lost(&self) -> bool {
        self.reader.is_lost() || self.tls.as_ref().is_some_and(TlsChannel::is_lost)
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.patience_ends().min(self.port_deadline)
    }

    fn patience_ends(&self) -> Duration {
        let Patience { since, limit } = self.patience;
        let ends = since.saturating_add(limit);
        self.leaves_by.map_or(ends, |leaves_by| ends.min(leaves_by))
    }

    /// That the limit has run out which comes first.
    pub(crate) fn timed_out(&self) -> Event {
        let limit = if self.leaves_by.is_some() { limits::QUIT } else { self.patience.limit };
        let whole = self.patience_ends() > self.port_deadline;
        let came = self.shaking.clone().filter(|came| whole && came.pieces > 1 && !self.encrypted);
        Event::TimedOut { after: if whole { limits::PORT } else { limit }, whole, came }
    }

    /// Whether the greeting is awaited inside TLS, where records that hold nothing of it may come first: the tickets of RFC
    /// 8446 §4.6.1.
    pub(crate) fn awaits_greeting_inside_tls(&self) -> bool {
        self.encrypted && self.patience.limit == limits::GREETING
    }

    pub(crate) fn observe(&self, event: Event, cx: &mut Context) {
        cx.observe(self.id(), self.stage, event);
    }

    /// Observes clear text that was held back in case TLS began behind it, at the time at which the first of it came.
    pub(crate) fn observe_clear_text(&self, event: Event, cx: &mut Context) {
        let Stray { early, late } = self.stray;
        let came = match event {
            Event::Injected { .. } => early.or(late),
            _ => late,
        };
        cx.observe_at(came.unwrap_or(cx.at), self.id(), self.stage, event);
    }

    /// Sends a command, in the stage that begins with it, and waits for the reply.
    pub(crate) fn send(&mut self, stage: Stage, command: Command, cx: &mut Context) {
        self.stage = stage;
        let octets = command.to_octets();
        self.observe(Event::Sent { command, encrypted: self.encrypted }, cx);
        match stage {
            Stage::Quit => self.wait_to_leave(cx),
            _ => self.wait(limits::SILENCE, cx),
        }
        match &mut self.tls {
            Some(tls) => tls.send(&octets),
            None => self.transmit(octets, cx),
        }
        self.flush(cx);
    }

    /// Sends a ClientHello. What the reader still holds came before it and is no part of TLS.
    pub(crate) fn begin_tls(&mut self, expectation: Expectation, cx: &mut Context) {
        self.stage = Stage::Tls;
        let early = self.reader.take_unread();
        self.stray.early = (!early.is_empty()).then_some(cx.at);
        let purpose = self.connection.purpose;
        let tls =
            TlsChannel::new(purpose, &self.host, expectation, &early, cx.provider.clone(), cx.began_at_ms());
        self.tls = Some(tls);
        self.observe(Event::HandshakeBegun, cx);
        self.wait(limits::SILENCE, cx);
        self.flush(cx);
    }

    /// From here on, commands and replies are inside TLS.
    pub(crate) fn set_encrypted(&mut self, cx: &mut Context) {
        self.encrypted = true;
        if let Some(WriteKey { key, iv }) = self.tls.as_mut().and_then(TlsChannel::take_write_key) {
            cx.put(Output::ClientWriteKey { connection: self.id(), key, iv });
        }
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Those of these octets that are still looked at, and whether there are more.
    pub(crate) fn within_bounds<'o>(&mut self, octets: &'o [u8]) -> (&'o [u8], bool) {
        let within = octets.len().min(limits::MAX_RECEIVED - self.received);
        self.received += within;
        (&octets[..within], within < octets.len())
    }

    /// Octets of the server's go to the reader, or through TLS.
    pub(crate) fn receive(&mut self, octets: &[u8], cx: &Context) -> Vec<TlsEvent> {
        match &mut self.tls {
            Some(tls) => {
                let begun = Pace { first: cx.at, last: cx.at, lines: Vec::new(), pieces: 0, octets: 0 };
                let came = self.shaking.get_or_insert(begun);
                (came.last, came.pieces, came.octets) = (cx.at, came.pieces + 1, came.octets + octets.len());
                if tls.awaits_first_record() && !octets.is_empty() {
                    self.stray.late.get_or_insert(cx.at);
                }
                let was_lost = tls.is_lost();
                let events = tls.receive(octets);
                if !was_lost && tls.is_lost() && !tls.awaits_first_record() {
                    self.stray.late = Some(cx.at);
                }
                events
            }
            None => {
                self.reader.push(octets, cx.at);
                Vec::new()
            }
        }
    }

    pub(crate) fn end_of_tls(&mut self) -> Vec<TlsEvent> {
        self.tls.as_mut().map(TlsChannel::end).unwrap_or_default()
    }

    /// Whether a close_notify came; `None` outside TLS.
    pub(crate) fn saw_close_notify(&self) -> Option<bool> {
        self.tls.as_ref().map(TlsChannel::saw_close_notify)
    }

    /// Sends what TLS has to send: its handshake, enciphered commands, alerts.
    pub(crate) fn flush(&mut self, cx: &mut Context) {
        if let Some(octets) =
            self.tls.as_mut().map(TlsChannel::take_outgoing).filter(|octets| !octets.is_empty())
        {
            self.transmit(octets, cx);
        }
    }

    /// Ends the connection, with a close_notify where TLS is up.
    pub(crate) fn close(&mut self, cx: &mut Context) {
        if let Some(tls) = self.tls.as_mut().filter(|_| self.encrypted) {
            tls.send_close_notify();
        }
        self.flush(cx);
        cx.put(Output::Close { connection: self.id() });
        self.observe(Event::Ended, cx);
    }

    fn transmit(&self, octets: Vec<u8>, cx: &mut Context) {
        cx.put(Output::Transmit { connection: self.id(), octets });
    }
}
