//! How the facts of a port come from what was observed, one observation after the other.

use std::time::Duration;

use heloscope_observation::{
    Event, Host, Observation, Observations, PortSpec, Purpose, RefusalCode, Stage, TlsFailure,
};
use heloscope_smtp::{Command, Reply};

use super::by_hand::ByHand;
use super::failure::{Broken, Cause};
use super::port::{Heard, Hello, Moments, PortFacts, Unasked};

impl<'a> PortFacts<'a> {
    pub(crate) fn of(observations: &'a Observations, spec: PortSpec) -> Self {
        let mut facts = Self {
            spec,
            names_host: matches!(observations.target.host, Host::Name(_)),
            established: None,
            greeting: None,
            greeting_came: None,
            replies: Vec::new(),
            clear: Hello::default(),
            starttls: None,
            unasked: None,
            injected: None,
            handshake: None,
            chain: None,
            client_certificate_requested: false,
            first_choice: None,
            first_hello_taken: false,
            second_hello: None,
            warned: Vec::new(),
            answer_warned: Vec::new(),
            answer_broken: None,
            answers_unnamed: false,
            begun: None,
            instead: None,
            by_hand: Vec::new(),
            raw_hello_runs: false,
            encrypted: Hello::default(),
            failure: None,
            moments: Moments::default(),
            tls_cut_off: false,
            odd_at_quit: None,
            last_command: None,
        };
        for seen in dialogue(observations, spec) {
            facts.fold(seen);
        }
        facts.moments.ended = ended(observations, spec);
        facts.instead = facts.said_instead_of_tls();
        facts.add_raw_hello(observations);
        facts
    }

    fn fold(&mut self, seen: &'a Observation) {
        let at = seen.at;
        match &seen.event {
            Event::Dialled => self.moments.dialled = self.moments.dialled.or(Some(at)),
            Event::Connected(established) => {
                self.established = Some(established);
                self.moments.connected = Some(at);
            }
            Event::Sent { command, encrypted } => self.sent(command, *encrypted, at),
            // The reader makes no reply without a line, but a saved test may hold one.
            Event::Replied { reply, .. } | Event::Unasked { reply, .. } if reply.lines.is_empty() => {}
            Event::Replied { reply, encrypted, came } => {
                if seen.stage == Stage::Greeting {
                    self.greeting_came = came.as_ref();
                }
                // A 421 before a command is no reply to the one before that.
                if self.due(seen.stage).is_none() {
                    self.replies.push(Heard { to: self.last_command, reply, encrypted: *encrypted });
                }
                self.replied(seen.stage, reply, *encrypted, at);
            }
            Event::Unasked { reply, encrypted, more, .. } => {
                let before = self.due(seen.stage);
                let unasked = Unasked { reply, encrypted: *encrypted, before, more: *more };
                self.unasked = self.unasked.or(Some(unasked));
                self.fail(seen.stage, Cause::Unasked(unasked));
            }
            Event::Injected { octets, total } => self.injected = Some((octets, *total)),
            Event::HelloRetried { octets } => self.second_hello = Some(*octets),
            Event::TlsWarned(alert) => self.warned.push(*alert),
            Event::HandshakeBegun => self.moments.handshake_begun = Some(at),
            Event::Chain(chain) => {
                self.chain = Some(chain);
                self.moments.chain_seen = Some(at);
            }
            Event::ClientCertificateRequested => self.client_certificate_requested = true,
            Event::Handshake(handshake) if handshake.completed => {
                self.handshake = Some(handshake);
                self.moments.handshake_done = Some(at);
            }
            Event::Handshake(handshake) => self.first_choice = Some(handshake),
            Event::NoReply { fault, came, .. } => {
                let cause = Cause::NoReply(Broken { fault, came: came.as_ref() });
                self.leave_oddly(seen.stage, cause);
                self.fail(seen.stage, cause);
                self.begun = self.unfinished();
            }
            Event::TlsFailed(failure) => {
                // All that ends this handshake is that this test verifies no such signature.
                if let (TlsFailure::UnverifiedKey, Some(chosen)) = (failure, self.first_choice) {
                    self.handshake = Some(chosen);
                    self.moments.handshake_done = Some(at);
                }
                self.leave_oddly(seen.stage, Cause::Tls(failure));
                self.fail(seen.stage, Cause::Tls(failure));
            }
            Event::Refused(refusal) => self.ended_by(seen.stage, Cause::Refused(refusal)),
            Event::Closed { close_notify } => {
                self.tls_cut_off = *close_notify == Some(false) && self.is_encrypted();
                self.ended_by(seen.stage, Cause::Closed(self.unfinished()));
            }
            Event::TimedOut { after, whole, came } => {
                let (after, whole, shaking, partial) = (*after, *whole, came.as_ref(), self.unfinished());
                self.ended_by(seen.stage, Cause::TimedOut { after, whole, shaking, partial });
            }
            Event::Ended => self.give_up_helo(),
        }
    }

    fn sent(&mut self, command: &'a Command, encrypted: bool, at: Duration) {
        self.last_command = Some(command);
        match (command, encrypted) {
            (Command::Ehlo(_), false) => self.moments.ehlo_sent = Some(at),
            (Command::Ehlo(_), true) => self.moments.encrypted_ehlo_sent = Some(at),
            (Command::Helo(_), false) => self.clear.helo_sent = true,
            (Command::Helo(_), true) => self.encrypted.helo_sent = true,
            (Command::StartTls, _) => self.moments.starttls_sent = Some(at),
            (Command::Quit, _) => {
                self.give_up_helo();
                self.moments.quit = true;
            }
        }
    }

    fn replied(&mut self, stage: Stage, reply: &'a Reply, encrypted: bool, at: Duration) {
        match stage {
            Stage::Greeting => {
                self.greeting = Some(reply);
                self.moments.greeted = Some(at);
                if reply.code() != 220 {
                    self.fail(stage, Cause::GreetingRejected(reply));
                }
            }
            Stage::Ehlo | Stage::EhloAfterTls => {
                let (hello, answered) = match encrypted {
                    true => (&mut self.encrypted, &mut self.moments.encrypted_ehlo_answered),
                    false => (&mut self.clear, &mut self.moments.ehlo_answered),
                };
                *answered = Some(at);
                let refused = hello.replied(reply);
                if refused {
                    let (ehlo, helo) = (hello.ehlo.unwrap_or(reply), hello.ehlo.and(hello.helo));
                    self.fail(stage, Cause::EhloRejected { ehlo, helo, unanswered: None });
                }
            }
            Stage::StartTls => {
                self.starttls = Some(reply);
                self.moments.starttls_answered = Some(at);
                if reply.code() != 220 {
                    self.fail(stage, Cause::StartTlsRejected(reply));
                }
            }
            Stage::Resolve | Stage::Connect | Stage::Tls | Stage::Quit => {}
        }
    }

    fn add_raw_hello(&mut self, observations: &'a Observations) {
        self.first_hello_taken =
            self.chain.is_some() || self.client_certificate_requested || self.first_choice.is_some();
        self.first_choice =
            self.first_choice.filter(|_| self.chain.is_none() && !self.client_certificate_requested);
        // Of two the second is there because the first learned nothing.
        let mut by_hand = observations.connections.iter().filter(|one| one.port == self.spec);
        let answered = self.failure.is_some_and(|failure| matches!(failure.cause, Cause::Tls(_)));
        let alone = answered && self.is_implicit();
        self.by_hand = by_hand.clone().filter_map(|one| ByHand::of(observations, one, alone)).collect();
        let Some(by_hand) = by_hand.rfind(|one| one.purpose != Purpose::Dialogue) else { return };
        self.answers_unnamed = by_hand.purpose == Purpose::NamelessHello;
        self.raw_hello_runs = true;
        let mut begun = false;
        for seen in on(observations, self.spec, by_hand.purpose) {
            match &seen.event {
                Event::Handshake(handshake) => {
                    begun = true;
                    self.handshake = self.handshake.or(Some(handshake));
                }
                Event::TlsFailed(failure) if begun => self.answer_broken = Some(Cause::Tls(failure)),
                Event::Closed { .. } if begun => self.answer_broken = Some(Cause::Closed(None)),
                Event::Refused(refusal) if begun && refusal.code == RefusalCode::Reset => {
                    self.answer_broken = Some(Cause::Refused(refusal));
                }
                Event::TimedOut { after, whole: false, .. } if begun => {
                    self.answer_broken =
                        Some(Cause::TimedOut { after: *after, whole: false, shaking: None, partial: None });
                }
                Event::Unasked { reply, encrypted, more, .. } => {
                    let before = self.due(seen.stage);
                    let unasked = Unasked { reply, encrypted: *encrypted, before, more: *more };
                    self.unasked = self.unasked.or(Some(unasked));
                    self.fail(seen.stage, Cause::Unasked(unasked));
                }
                Event::Injected { octets, total } => self.injected = self.injected.or(Some((octets, *total))),
                Event::ClientCertificateRequested => self.client_certificate_requested = true,
                Event::TlsWarned(alert) => self.answer_warned.push(*alert),
                Event::Ended => self.raw_hello_runs = false,
                Event::Chain(chain) if self.chain.is_none() => {
                    self.chain = Some(chain);
                    self.moments.chain_seen = Some(seen.at);
                }
                _ => {}
            }
        }
    }
}

impl<'a> Hello<'a> {
    /// Whether the reply refuses the last that can be tried.
    fn replied(&mut self, reply: &'a Reply) -> bool {
        if self.helo_sent {
            self.helo = Some(reply);
            return reply.code() != 250;
        }
        self.ehlo = Some(reply);
        // HELO is tried after a 5xx only; whether it is shows in what follows.
        !(reply.code() == 250 || (500..600).contains(&reply.code()))
    }
}

fn dialogue(observations: &Observations, spec: PortSpec) -> impl Iterator<Item = &Observation> {
    on(observations, spec, Purpose::Dialogue)
}

/// What was seen on the first connection to a port for a purpose.
pub(crate) fn on(
    observations: &Observations,
    spec: PortSpec,
    purpose: Purpose,
) -> impl Iterator<Item = &Observation> {
    let first = observations.connections.iter().find(|one| one.port == spec && one.purpose == purpose);
    let first = first.map(|connection| connection.id);
    observations.seen.iter().filter(move |seen| Some(seen.connection) == first)
}

/// When the last connection of the port ended; `None` while one has not.
fn ended(observations: &Observations, spec: PortSpec) -> Option<Duration> {
    let mut last = None;
    for connection in observations.connections.iter().filter(|connection| connection.port == spec) {
        let mut seen = observations.seen.iter().filter(|seen| seen.connection == connection.id);
        let ended = seen.find(|seen| matches!(seen.event, Event::Ended))?;
        last = last.max(Some(ended.at));
    }
    last
}
