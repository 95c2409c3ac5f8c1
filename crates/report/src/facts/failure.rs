//! What ended a port's test early: which of several causes counts.

use std::time::Duration;

use heloscope_observation::{Pace, Refusal, RefusalCode, Stage, TlsFailure};
use heloscope_smtp::{Command, Fault, FaultKind, Reply};

use super::PortFacts;
use super::port::{Hello, Unanswered, Unasked};

/// What ended the test of a port early.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failure<'a> {
    pub(crate) stage: Stage,
    pub(crate) cause: Cause<'a>,
    /// The command of the stage, where it was due and was not sent.
    pub(crate) due: Option<&'static str>,
}

impl Failure<'_> {
    /// All was said and answered but QUIT, and what came of that is no reply too many.
    pub(crate) fn is_after_all(&self) -> bool {
        self.stage == Stage::Quit && self.due.is_none() && !matches!(self.cause, Cause::Unasked(_))
    }

    /// It is this test that goes no further.
    pub(crate) fn is_unverified_key(&self) -> bool {
        matches!(self.cause, Cause::Tls(TlsFailure::UnverifiedKey))
    }
}

/// What is no reply, and how it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Broken<'a> {
    pub(crate) fault: &'a Fault,
    pub(crate) came: Option<&'a Pace>,
}

/// Why a test ended early.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause<'a> {
    Refused(&'a Refusal),
    GreetingRejected(&'a Reply),
    /// EHLO's reply, and HELO's where that was tried; or how the wait for that one ended, where none came.
    EhloRejected {
        ehlo: &'a Reply,
        helo: Option<&'a Reply>,
        unanswered: Option<Unanswered>,
    },
    StartTlsRejected(&'a Reply),
    NoReply(Broken<'a>),
    Unasked(Unasked<'a>),
    Tls(&'a TlsFailure),
    /// With what had come of a reply.
    Closed(Option<Broken<'a>>),
    /// With what had come of a reply, or how octets came of a handshake.
    TimedOut {
        after: Duration,
        whole: bool,
        shaking: Option<&'a Pace>,
        partial: Option<Broken<'a>>,
    },
}

impl PortFacts<'_> {
    /// See [`Failure::is_after_all`].
    pub(crate) fn ends_after_all(&self) -> bool {
        self.unasked.is_none() && self.failure.is_some_and(|failure| failure.is_after_all())
    }
}

impl<'a> PortFacts<'a> {
    /// A connection that ends after QUIT ends as asked, be it by a reset, unless a reply had begun.
    pub(super) fn ended_by(&mut self, stage: Stage, cause: Cause<'a>) {
        if unanswered(cause).is_some() {
            self.leave_oddly(stage, cause);
        }
        let in_order = match cause {
            Cause::Closed(_) => true,
            Cause::Refused(refusal) => is_reset(refusal),
            _ => false,
        };
        let in_order = in_order && (self.unfinished().is_none() || self.due(stage).is_some());
        if !(in_order && (self.moments.quit || stage == Stage::Quit)) {
            self.fail(stage, self.refused_before(stage, unanswered(cause)).unwrap_or(cause));
        }
    }

    /// EHLO was refused, and HELO, which was tried next, had no reply: the refusal is why the session ends.
    fn refused_before(&self, stage: Stage, unanswered: Option<Unanswered>) -> Option<Cause<'a>> {
        let ehlo = self.hello(stage)?.refused_without_helo()?;
        unanswered.map(|how| Cause::EhloRejected { ehlo, helo: None, unanswered: Some(how) })
    }

    /// What came where nothing but the reply to QUIT was awaited: the first of it counts.
    pub(super) fn leave_oddly(&mut self, stage: Stage, cause: Cause<'a>) {
        let replied = self.replies.iter().any(|heard| heard.to == Some(&Command::Quit));
        if stage == Stage::Quit && self.moments.quit && !replied && self.unasked.is_none() {
            self.odd_at_quit = self.odd_at_quit.or(Some(cause));
        }
    }

    /// The first cause stands, but for a reply that was merely not finished: what follows says why; and for a refusal, where
    /// it may not have been the reply to that command.
    pub(super) fn fail(&mut self, stage: Stage, cause: Cause<'a>) {
        self.give_up_helo();
        let refused = |failure: Failure<'_>| {
            matches!(failure.cause, Cause::EhloRejected { .. } | Cause::StartTlsRejected(_))
        };
        let doubted = matches!(cause, Cause::Unasked(_)) && self.failure.is_some_and(refused);
        if self.failure.is_none() || self.unfinished().is_some() || doubted {
            self.failure = Some(Failure { stage, cause, due: self.due(stage) });
        }
    }

    /// The command of the stage, where it has not been sent.
    pub(super) fn due(&self, stage: Stage) -> Option<&'static str> {
        let hello = |sent: Option<Duration>, hello: &Hello<'_>| match (sent, hello.ehlo) {
            (None, _) => Some("EHLO"),
            (Some(_), Some(reply)) if reply.code() != 250 && !hello.helo_sent => Some("HELO"),
            _ => None,
        };
        match stage {
            Stage::Ehlo => hello(self.moments.ehlo_sent, &self.clear),
            Stage::EhloAfterTls => hello(self.moments.encrypted_ehlo_sent, &self.encrypted),
            Stage::StartTls if self.moments.starttls_sent.is_none() => Some("STARTTLS"),
            Stage::Quit if !self.moments.quit => Some("QUIT"),
            _ => None,
        }
    }

    /// A reply of which only the beginning came, where nothing else has gone wrong.
    pub(super) fn unfinished(&self) -> Option<Broken<'a>> {
        match self.failure {
            Some(Failure { cause: Cause::NoReply(broken), .. })
                if broken.fault.kind == FaultKind::Incomplete =>
            {
                Some(broken)
            }
            _ => None,
        }
    }

    /// EHLO was refused, and HELO did not follow.
    pub(super) fn give_up_helo(&mut self) {
        let pending = [(Stage::Ehlo, &self.clear), (Stage::EhloAfterTls, &self.encrypted)];
        let refused = pending.into_iter().find_map(|(stage, hello)| {
            let ehlo = hello.ehlo.filter(|reply| reply.code() != 250 && !hello.helo_sent)?;
            // A 421 comes whether EHLO was sent or not.
            let due = self.due(stage).filter(|due| *due == "EHLO");
            Some(Failure { stage, cause: Cause::EhloRejected { ehlo, helo: None, unanswered: None }, due })
        });
        self.failure = self.failure.or(refused);
    }
}

/// How a wait for a reply ended by which nothing of it came; `None` where something came, or where it was not the server or
/// the path that ended it.
pub(super) fn unanswered(cause: Cause<'_>) -> Option<Unanswered> {
    match cause {
        Cause::Closed(None) => Some(Unanswered::Closed),
        Cause::Refused(refusal) if is_reset(refusal) => Some(Unanswered::Reset),
        Cause::TimedOut { after, whole: false, partial: None, .. } => Some(Unanswered::TimedOut(after)),
        _ => None,
    }
}

fn is_reset(refusal: &Refusal) -> bool {
    refusal.code == RefusalCode::Reset
}
