//! One port's observations, folded into what is known of it. Everything may be absent: a test may still be
//! running.

use std::time::Duration;

use heloscope_observation::{
    AlertDescription, Der, Established, Event, Handshake, Observation, Observations, Pace, PortSpec, Purpose,
    Stage, TlsMode,
};
use heloscope_smtp::{Command, EhloReply, Octets, Reply};

use super::by_hand::ByHand;
use super::failure::{Broken, Cause, Failure};
use super::instead::Instead;
use crate::Role;
use crate::names::{Weakness, weaknesses};
use crate::words::{is_masked, is_masked_greeting};

/// What was seen of one port.
#[derive(Debug)]
pub(crate) struct PortFacts<'a> {
    pub(crate) spec: PortSpec,
    pub(crate) established: Option<&'a Established>,
    pub(crate) greeting: Option<&'a Reply>,
    /// How the greeting came, where it did not come at once.
    pub(crate) greeting_came: Option<&'a Pace>,
    /// Every reply of the dialogue, the greeting first.
    pub(crate) replies: Vec<Heard<'a>>,
    /// EHLO and HELO in clear text.
    pub(crate) clear: Hello<'a>,
    /// The reply to STARTTLS.
    pub(crate) starttls: Option<&'a Reply>,
    /// A reply that answers nothing.
    pub(crate) unasked: Option<Unasked<'a>>,
    pub(crate) injected: Option<(&'a Octets, usize)>,
    /// The dialogue's handshake, else what a raw hello learned.
    pub(crate) handshake: Option<&'a Handshake>,
    /// The dialogue's chain, else what a raw hello learned.
    pub(crate) chain: Option<&'a [Der]>,
    /// The server asked for a client certificate, on either connection.
    pub(crate) client_certificate_requested: bool,
    /// Octets of the second hello, where the server asked for one.
    pub(crate) second_hello: Option<usize>,
    /// Of what the server warned on the connection of the dialogue.
    pub(crate) warned: Vec<AlertDescription>,
    /// Of what it warned before it answered a hello made by hand.
    pub(crate) answer_warned: Vec<AlertDescription>,
    /// The last hello made by hand did not name the host.
    pub(crate) answers_unnamed: bool,
    /// The beginning of a reply that never ended.
    pub(crate) begun: Option<Broken<'a>>,
    /// What was said in clear text where TLS was to begin.
    pub(crate) instead: Option<Instead>,
    /// Hellos made by hand that taught nothing, in their order.
    pub(super) by_hand: Vec<ByHand<'a>>,
    /// A raw hello is under way.
    pub(crate) raw_hello_runs: bool,
    /// EHLO and HELO inside TLS.
    pub(crate) encrypted: Hello<'a>,
    /// What ended the test early.
    pub(crate) failure: Option<Failure<'a>>,
    pub(crate) moments: Moments,
    /// TLS was up, and the server closed the connection without a close_notify (RFC 8446 §6.1).
    pub(crate) tls_cut_off: bool,
    /// How the wait for the reply to QUIT ended, where none came.
    pub(crate) quit_unanswered: Option<Unanswered>,
    last_command: Option<&'a Command>,
}

/// A reply and what it answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard<'a> {
    /// The command; none was sent before the greeting.
    pub(crate) to: Option<&'a Command>,
    pub(crate) reply: &'a Reply,
    pub(crate) encrypted: bool,
}

/// A reply that answers nothing, RFC 5321 §4.2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unasked<'a> {
    pub(crate) reply: &'a Reply,
    pub(crate) encrypted: bool,
    /// The command before which it came; `None` where every command had its reply.
    pub(crate) before: Option<&'static str>,
    /// How many octets more came with it.
    pub(crate) more: usize,
}

/// How the wait for a reply that did not come ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unanswered {
    Closed,
    Reset,
    TimedOut(Duration),
}

/// EHLO, HELO where EHLO was refused, and their replies.
#[derive(Debug, Default)]
pub(crate) struct Hello<'a> {
    pub(crate) ehlo: Option<&'a Reply>,
    pub(crate) helo: Option<&'a Reply>,
    pub(super) helo_sent: bool,
}

/// When what happened, since the test began.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) dialled: Option<Duration>,
    pub(crate) connected: Option<Duration>,
    pub(crate) greeted: Option<Duration>,
    pub(crate) ehlo_sent: Option<Duration>,
    pub(crate) ehlo_answered: Option<Duration>,
    pub(crate) starttls_sent: Option<Duration>,
    pub(crate) starttls_answered: Option<Duration>,
    pub(crate) handshake_begun: Option<Duration>,
    pub(crate) handshake_done: Option<Duration>,
    pub(crate) chain_seen: Option<Duration>,
    pub(crate) encrypted_ehlo_sent: Option<Duration>,
    pub(crate) encrypted_ehlo_answered: Option<Duration>,
    /// The last connection of the port ended.
    pub(crate) ended: Option<Duration>,
    /// QUIT was sent.
    pub(super) quit: bool,
}

impl<'a> PortFacts<'a> {
    pub(crate) fn of(observations: &'a Observations, spec: PortSpec) -> Self {
        let mut facts = Self {
            spec,
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
            second_hello: None,
            warned: Vec::new(),
            answer_warned: Vec::new(),
            answers_unnamed: false,
            begun: None,
            instead: None,
            by_hand: Vec::new(),
            raw_hello_runs: false,
            encrypted: Hello::default(),
            failure: None,
            moments: Moments::default(),
            tls_cut_off: false,
            quit_unanswered: None,
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

    pub(crate) fn role(&self) -> Role {
        match self.spec.port {
            25 => Role::Relay,
            465 => Role::Submissions,
            587 => Role::Submission,
            _ => Role::Custom,
        }
    }

    pub(crate) fn is_implicit(&self) -> bool {
        self.spec.mode == TlsMode::Implicit
    }

    /// The handshake of the dialogue was finished.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.handshake.is_some_and(|handshake| handshake.completed)
    }

    /// The cipher suite is one without a certificate.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.handshake.is_some_and(|handshake| weaknesses(handshake).contains(&Weakness::Anonymous))
    }

    /// Whether STARTTLS is offered; `None` where that is not known, be it that a device on the path hides it, or that
    /// the line that may have it was not kept.
    pub(crate) fn offers_starttls(&self) -> Option<bool> {
        if self.is_implicit() {
            return Some(false);
        }
        let reply = self.clear.extensions()?;
        let offered = reply.offers("STARTTLS");
        let unknown = self.is_masked() || self.is_out_of_step(false) || reply.left_out > 0;
        (offered || !unknown).then_some(offered)
    }

    /// The 250 reply to EHLO in clear text or inside TLS; one without extensions may be another command's where replies are out
    /// of step.
    pub(crate) fn offered(&self, encrypted: bool) -> Option<EhloReply> {
        let hello = if encrypted { &self.encrypted } else { &self.clear };
        hello.extensions().filter(|reply| !reply.extensions.is_empty() || !self.is_out_of_step(encrypted))
    }

    /// Whether a reply answers nothing, in clear text or inside TLS: then that a reply is the one to EHLO, and holds all that
    /// is offered, is not known.
    pub(crate) fn is_out_of_step(&self, encrypted: bool) -> bool {
        self.unasked.is_some_and(|unasked| unasked.encrypted == encrypted)
    }

    /// Whether the greeting or keywords of the EHLO reply, in clear text, were overwritten on the path.
    pub(crate) fn is_masked(&self) -> bool {
        self.has_masked_greeting() || !self.masked_keywords().is_empty()
    }

    pub(crate) fn has_masked_greeting(&self) -> bool {
        !self.is_implicit() && self.greeting.is_some_and(is_masked_greeting)
    }

    pub(crate) fn masked_keywords(&self) -> Vec<String> {
        let offered = self.clear.extensions().map(|reply| reply.extensions).unwrap_or_default();
        offered.into_iter().map(|offered| offered.keyword).filter(|keyword| is_masked(keyword)).collect()
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
            Event::Handshake(handshake) => {
                self.handshake = Some(handshake);
                self.moments.handshake_done = Some(at);
            }
            Event::NoReply { fault, came, .. } => {
                self.fail(seen.stage, Cause::NoReply(Broken { fault, came: came.as_ref() }));
                self.begun = self.unfinished();
            }
            Event::TlsFailed(failure) => self.fail(seen.stage, Cause::Tls(failure)),
            Event::Refused(refusal) => self.ended_by(seen.stage, Cause::Refused(refusal)),
            Event::Closed { close_notify } => {
                self.tls_cut_off = *close_notify == Some(false) && self.is_encrypted();
                self.ended_by(seen.stage, Cause::Closed(self.unfinished()));
            }
            Event::TimedOut { after, whole } => {
                let (after, whole, partial) = (*after, *whole, self.unfinished());
                self.ended_by(seen.stage, Cause::TimedOut { after, whole, partial });
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
                    self.fail(stage, Cause::EhloRejected { ehlo, helo });
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
        // Of two the second is there because the first learned nothing.
        let mut by_hand = observations.connections.iter().filter(|one| one.port == self.spec);
        self.by_hand = by_hand.clone().filter_map(|one| ByHand::of(observations, one)).collect();
        let Some(by_hand) = by_hand.rfind(|one| one.purpose != Purpose::Dialogue) else { return };
        self.answers_unnamed = by_hand.purpose == Purpose::NamelessHello;
        self.raw_hello_runs = true;
        for seen in on(observations, self.spec, by_hand.purpose) {
            match &seen.event {
                Event::Handshake(handshake) => self.handshake = self.handshake.or(Some(handshake)),
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

    /// The 250 reply to EHLO.
    pub(crate) fn extensions(&self) -> Option<EhloReply> {
        self.ehlo.filter(|reply| reply.code() == 250).map(EhloReply::read)
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
