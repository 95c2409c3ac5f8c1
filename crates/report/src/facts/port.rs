//! What is known of one port. Everything may be absent: a test may still be running.

use std::time::Duration;

use heloscope_observation::{
    AlertDescription, Der, Established, Handshake, Pace, PortSpec, Stage, TlsFailure, TlsMode, TlsVersion,
};
use heloscope_smtp::{Command, EhloReply, FaultKind, Octets, Reply};

use super::by_hand::ByHand;
use super::failure::{Broken, Cause, Failure};
use super::instead::Instead;
use crate::Role;
use crate::names::{Weakness, is_offered, weaknesses};
use crate::words::{is_masked, is_masked_greeting};

/// What was seen of one port.
#[derive(Debug)]
pub(crate) struct PortFacts<'a> {
    pub(crate) spec: PortSpec,
    /// Whether the hellos name the host: not where it was given by its address, RFC 6066 §3.
    pub(crate) names_host: bool,
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
    /// What the server chose of the library's hello in a handshake that was not finished, where that is all it showed.
    pub(super) first_choice: Option<&'a Handshake>,
    /// The library's hello was answered with a choice, a certificate or the wish for one: it was taken, whatever came then.
    pub(crate) first_hello_taken: bool,
    /// Octets of the second hello, where the server asked for one.
    pub(crate) second_hello: Option<usize>,
    /// Of what the server warned on the connection of the dialogue.
    pub(crate) warned: Vec<AlertDescription>,
    /// Of what it warned before it answered a hello made by hand.
    pub(crate) answer_warned: Vec<AlertDescription>,
    /// What broke off the answer to a hello made by hand.
    pub(super) answer_broken: Option<Cause<'a>>,
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
    /// TLS was up, and the server closed the connection without a close_notify (RFC 8446 §6.1, RFC 5246 §7.2.1).
    pub(crate) tls_cut_off: bool,
    /// What came in place of a reply to QUIT.
    pub(super) odd_at_quit: Option<Cause<'a>>,
    pub(crate) last_command: Option<&'a Command>,
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

impl PortFacts<'_> {
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

    /// TLS was up for both sides. In TLS 1.3 the client has finished the handshake before the server, which may still refuse
    /// it until it says something itself, RFC 8446 §4.4.2.4.
    pub(crate) fn tls_stood(&self) -> bool {
        let said = self.encrypted.ehlo.is_some() || self.is_implicit() && self.greeting.is_some();
        self.handshake.is_some_and(|handshake| {
            handshake.completed && (said || handshake.version <= TlsVersion::TLS_1_2)
        })
    }

    /// A TLS record followed the 220 to STARTTLS, be it an alert or read by hand: behind it stands whatever came before.
    pub(crate) fn tls_followed(&self) -> bool {
        let record = self.failure.is_some_and(|failure| match failure.cause {
            Cause::Tls(failure) => !matches!(failure, TlsFailure::NotTls(_)),
            _ => false,
        });
        let answered = self.handshake.is_some() || self.first_hello_taken || self.second_hello.is_some();
        self.starttls.is_some_and(|reply| reply.code() == 220)
            && (answered || record || !self.warned.is_empty())
    }

    /// The alert with which the server ended TLS before the hello was sent, as one does that finds no version which it may
    /// speak: it is all that came before TLS, and TLS did not begin.
    pub(crate) fn early_alert(&self) -> Option<AlertDescription> {
        const FATAL: u8 = 2;
        let (octets, total) = self.injected.filter(|_| self.handshake.is_none())?;
        match octets[..] {
            [21, 3, _, 0, 2, FATAL, description] if total == octets.len() => {
                Some(AlertDescription(description))
            }
            _ => None,
        }
    }

    /// Whether it is the handshake that such a failure ends, not the session behind it: in TLS 1.3 an alert may refuse the
    /// handshake that the client has finished.
    pub(crate) fn ends_handshake(&self, failure: &TlsFailure) -> bool {
        match failure {
            TlsFailure::Alert(_) => !self.tls_stood(),
            _ => !self.is_encrypted(),
        }
    }

    /// The cipher suite is one without a certificate.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.handshake.is_some_and(|handshake| {
            is_offered(handshake) && weaknesses(handshake).contains(&Weakness::Anonymous)
        })
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

    /// EHLO was refused, and what came of this stage next came of HELO.
    pub(crate) fn is_at_helo(&self, stage: Stage) -> bool {
        self.hello(stage).is_some_and(|hello| hello.helo_sent)
    }

    /// The whole lines of a reply of this stage that never ended, as far as they are kept; `None` where there are none.
    pub(crate) fn broken_off(&self, stage: Stage) -> Option<Reply> {
        let failure = self.failure.filter(|failure| failure.stage == stage && failure.due.is_none())?;
        let fault = match (self.begun, failure.cause) {
            (Some(begun), _) => begun.fault,
            (None, Cause::NoReply(broken)) if broken.fault.kind == FaultKind::TooLong => broken.fault,
            _ => return None,
        };
        (!fault.lines.is_empty()).then(|| Reply { lines: fault.lines.clone(), left_out: fault.left_out })
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
}

impl<'a> PortFacts<'a> {
    /// EHLO and HELO of a stage that has them.
    pub(super) fn hello(&self, stage: Stage) -> Option<&Hello<'a>> {
        match stage {
            Stage::Ehlo => Some(&self.clear),
            Stage::EhloAfterTls => Some(&self.encrypted),
            _ => None,
        }
    }
}

impl<'a> Hello<'a> {
    /// The reply that refuses EHLO, where HELO was tried next and had none.
    pub(crate) fn refused_without_helo(&self) -> Option<&'a Reply> {
        self.ehlo.filter(|reply| reply.code() != 250 && self.helo_sent && self.helo.is_none())
    }
}

impl Hello<'_> {
    /// HELO was accepted.
    pub(crate) fn takes_helo(&self) -> bool {
        self.helo.is_some_and(|reply| reply.code() == 250)
    }

    /// The 250 reply to EHLO.
    pub(crate) fn extensions(&self) -> Option<EhloReply> {
        self.ehlo.filter(|reply| reply.code() == 250).map(EhloReply::read)
    }
}
