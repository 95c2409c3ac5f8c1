use std::time::Duration;

use heloscope_observation::{Host, RefusalCode, Stage};
use heloscope_smtp::Reply;
use heloscope_words::{mark, say, spoken};

use super::greeting::said;
use super::tls::tls_failed;
use super::{Check, Cut, Evidence, Loses, Mute, NOT_KEPT, Outcome, Passage, Refused, Subject};
use crate::facts::{Cause, Hello, PortFacts, answers_nothing, ehlo_alone_rejected, ehlo_refused};
use crate::{ErrorCode, Severity};

pub(super) static CHECKS: &[&Check] =
    &[&EHLO_REJECTED, &MALFORMED_REPLY, &REPLY_TOO_LONG, &SESSION_CUT_SHORT, &ESMTP_MASKED];

static EHLO_REJECTED: Check = Check {
    id: "ehlo-rejected",
    severity: Severity::Error,
    basis: "RFC 5321 §4.1.1.1",
    title: mark!("The server refuses EHLO"),
    examine: |subject| {
        let facts = subject.facts;
        let refused = |ehlo: &Reply, helo: Option<&Reply>, helo_accepted, said| {
            let refused = Refused::by(ehlo, said);
            let (helo, inside_tls) = (helo.map(Reply::code), facts.encrypted.ehlo.is_some());
            Outcome::Found(Evidence::EhloRejected { refused, helo, helo_accepted, inside_tls })
        };
        match facts.failure.map(|failure| failure.cause) {
            Some(Cause::EhloRejected { ehlo, helo, .. }) if helo.unwrap_or(ehlo).code() != 421 => {
                return refused(ehlo, helo, false, said(subject));
            }
            Some(Cause::EhloRejected { .. }) => return subject.not_tested(),
            _ => {}
        }
        for (hello, encrypted) in [(&facts.clear, false), (&facts.encrypted, true)] {
            if let (Some(ehlo), Some(helo)) = (hello.ehlo, hello.helo)
                && helo.code() == 250
                && !facts.is_out_of_step(encrypted)
            {
                let stage = if encrypted { Stage::EhloAfterTls } else { Stage::Ehlo };
                return refused(ehlo, Some(helo), true, ehlo_alone_rejected(ehlo, stage));
            }
        }
        // What came of HELO is another story, which does not hide this one.
        for (hello, encrypted) in [(&facts.clear, false), (&facts.encrypted, true)] {
            if let Some(ehlo) = hello.refused_without_helo().filter(|_| !facts.is_out_of_step(encrypted)) {
                let stage = if encrypted { Stage::EhloAfterTls } else { Stage::Ehlo };
                return refused(ehlo, None, false, ehlo_refused(ehlo, stage));
            }
        }
        let answered = |hello: &Hello<'_>, encrypted| {
            hello.ehlo.is_some_and(|reply| reply.code() == 250) && !facts.is_out_of_step(encrypted)
        };
        // Where TLS came up it is asked once more, and that answer counts.
        let is_answered = match facts.is_encrypted() && !tls_failed(subject) {
            true => answered(&facts.encrypted, true),
            false => answered(&facts.clear, false),
        };
        if is_answered { Outcome::Passed } else { subject.not_tested() }
    },
};

static MALFORMED_REPLY: Check = Check {
    id: "malformed-reply",
    severity: Severity::Error,
    basis: "RFC 5321 §4.2",
    title: mark!("A reply breaks the rules of SMTP"),
    examine: |subject| match (subject.error_code(), &subject.facts.unasked) {
        (_, Some(unasked)) => Outcome::Found(Evidence::RepliesOutOfStep {
            said: answers_nothing(unasked, subject.facts),
            inside_tls: unasked.encrypted,
        }),
        (Some(ErrorCode::MalformedReply), None) if subject.facts.ends_after_all() => after_all(),
        (Some(ErrorCode::MalformedReply), None) => {
            Outcome::Found(Evidence::MalformedReply { said: said(subject) })
        }
        _ if subject.facts.greeting.is_some() => Outcome::Passed,
        _ => subject.not_tested(),
    },
};

static REPLY_TOO_LONG: Check = Check {
    id: "reply-too-long",
    severity: Severity::Warning,
    basis: mark!("RFC 5321 §4.2.1, §4.5.3.1; a bound of this test's own"),
    title: mark!("A reply is longer than this test reads"),
    examine: |subject| match subject.error_code() {
        Some(ErrorCode::ReplyTooLong) if !subject.facts.ends_after_all() => {
            Outcome::Found(Evidence::ReplyTooLong { said: said(subject) })
        }
        _ => match lines_left_out(subject.facts) {
            Some(evidence) => Outcome::Found(evidence),
            None if subject.error_code() == Some(ErrorCode::ReplyTooLong) => after_all(),
            None if subject.facts.greeting.is_some() => Outcome::Passed,
            None => subject.not_tested(),
        },
    },
};

static SESSION_CUT_SHORT: Check = Check {
    id: "session-cut-short",
    severity: Severity::Warning,
    basis: "RFC 5321 §3.8, §4.5.3.2",
    title: mark!("The server hangs up or falls silent"),
    examine: |subject| {
        // After QUIT nothing is lost, whatever the server does.
        if subject.facts.failure.is_some_and(|failure| failure.is_after_all()) {
            return after_all();
        }
        let Some(failure) = subject.facts.failure else {
            let whole = subject.facts.moments.ended.is_some() && subject.facts.established.is_some();
            return if whole { Outcome::Passed } else { subject.not_tested() };
        };
        if let Some(excused) = subject.handshake_excused() {
            return excused;
        }
        let stage = failure.stage;
        let cut = match failure.cause {
            // Failures of TLS have checks of their own, and after QUIT nothing is lost.
            _ if stage == Stage::Quit || tls_failed(subject) => false,
            Cause::Tls(_) if subject.facts.is_encrypted() => true,
            Cause::Tls(_) => !subject.facts.is_implicit() && subject.facts.turned_away().is_some(),
            Cause::Closed(_) | Cause::TimedOut { .. } => subject.facts.established.is_some(),
            Cause::Refused(refusal) if refusal.code == RefusalCode::Reset => {
                subject.facts.established.is_some()
            }
            Cause::Refused(_) => return subject.not_tested(),
            Cause::EhloRejected { ehlo, helo, .. } => helo.unwrap_or(ehlo).code() == 421,
            Cause::StartTlsRejected(reply) => reply.code() == 421,
            Cause::GreetingRejected(_) | Cause::NoReply(_) | Cause::Unasked(_) => false,
        };
        match cut {
            true => Outcome::Found(Evidence::SessionCutShort {
                said: said(subject),
                stage,
                how: match failure.cause {
                    Cause::TimedOut { shaking: None, partial: None, .. } => Cut::Silent,
                    Cause::TimedOut { .. } => Cut::Unfinished,
                    Cause::EhloRejected { .. } | Cause::StartTlsRejected(_) => Cut::SentAway,
                    Cause::Closed(Some(_)) => Cut::Broken,
                    Cause::Refused(_) if subject.facts.begun.is_some() => Cut::Broken,
                    _ => Cut::Ended,
                },
                at_helo: subject.facts.is_at_helo(stage),
                mute: mute(subject),
            }),
            false if subject.facts.established.is_none() => subject.not_tested(),
            false => Outcome::NotTested(say!("another fault ended the session first").into()),
        }
    },
};

static ESMTP_MASKED: Check = Check {
    id: "esmtp-masked",
    severity: Severity::Warning,
    basis: "RFC 3207 §6",
    title: mark!("A device on the path overwrites what the server offers"),
    examine: |subject| {
        if subject.facts.is_implicit() {
            return Outcome::NotApplicable(mark!(
                "inside TLS nothing on the path can overwrite the EHLO reply"
            ));
        }
        let facts = subject.facts;
        match facts.is_masked() {
            true => Outcome::Found(Evidence::EsmtpMasked {
                greeting: facts.has_masked_greeting(),
                keywords: facts.masked_keywords(),
                starttls: passage(facts),
            }),
            false if facts.is_out_of_step(false) => subject.not_tested(),
            false => match facts.clear.extensions() {
                Some(ehlo) if ehlo.left_out > 0 => Outcome::NotTested(spoken(NOT_KEPT).into()),
                Some(_) => Outcome::Passed,
                None => subject.not_tested(),
            },
        }
    },
};

/// Nothing had gone wrong before QUIT.
fn after_all() -> Outcome {
    Outcome::PassedWithin(say!("no whole reply to QUIT came; all was said by then").to_owned())
}

/// A client that is not wanted is hung up on at once; who waits for its first octets gives up later.
const PATIENCE: Duration = Duration::from_secs(5);

/// An EHLO reply of which not all lines are kept: that in clear text where STARTTLS may stand on one of the others, else that
/// inside TLS first.
fn lines_left_out(facts: &PortFacts<'_>) -> Option<Evidence> {
    let of = |hello: &Hello<'_>, loses| {
        let ehlo = hello.ehlo.filter(|reply| reply.code() == 250 && reply.left_out.lines > 0)?;
        let kept = ehlo.lines.len();
        Some(Evidence::EhloReplyTooLong { kept, all: ehlo.left_out.lines.saturating_add(kept), loses })
    };
    let is_known = facts.offers_starttls().is_some() || facts.is_masked() || facts.is_out_of_step(false);
    match is_known {
        false => of(&facts.clear, Loses::StartTls),
        true => of(&facts.encrypted, Loses::InsideTls).or_else(|| of(&facts.clear, Loses::InClear)),
    }
}

fn mute(subject: &Subject<'_>) -> Option<Mute> {
    let facts = subject.facts;
    let failure = facts.failure.filter(|failure| failure.stage == Stage::Greeting)?;
    let waited = facts.moments.ended?.saturating_sub(facts.greeting_awaited_from()?);
    let says_nothing = match failure.cause {
        Cause::TimedOut { partial, .. } | Cause::Closed(partial) => partial.is_none(),
        _ => false,
    };
    (says_nothing && waited >= PATIENCE).then(|| match facts.is_implicit() {
        true => Mute::InsideTls,
        false => Mute::InClear { server: server(subject) },
    })
}

/// Host and port, as openssl(1) takes them; the host's name behind them where another address was dialled.
fn server(subject: &Subject<'_>) -> String {
    let port = subject.facts.spec.port;
    let at = |host: &Host| match host {
        Host::Address(address) if address.is_ipv6() => format!("[{address}]:{port}"),
        host => format!("{host}:{port}"),
    };
    match (subject.address, subject.host) {
        (None, host) => at(host),
        (Some(address), Host::Address(_)) => at(&Host::Address(address)),
        (Some(address), name) => format!("{} -servername {name}", at(&Host::Address(address))),
    }
}

fn passage(facts: &PortFacts<'_>) -> Passage {
    match facts.starttls.map(Reply::code) {
        _ if facts.clear.extensions().is_none() && !facts.clear.takes_helo() => Passage::Unseen,
        _ if facts.offers_starttls() != Some(true) => Passage::Hidden,
        _ if facts.handshake.is_some() => Passage::Whole,
        None | Some(220 | 421) => Passage::Offered,
        Some(_) => Passage::Refused,
    }
}
