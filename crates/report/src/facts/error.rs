//! What ended a port's test early: the report's error codes, each with its rule and its words.

use std::borrow::Cow;

use heloscope_observation::{MAX_RECEIVED, Refusal, RefusalCode, Stage};
use heloscope_smtp::{Command, Fault, FaultKind};
use heloscope_words::{language, mark, retold, say, spoken};

use super::ended::{closed, had_begun, quit_not_ended, timed_out, whole_time_over};
use super::instead::in_place_of_tls;
use super::port::{PortFacts, Unasked};
use super::rejected::{ehlo_rejected, greeting_rejected, helo_unanswered, refused_without_end, rejected};
use super::tls_error::{tls_failure, tls_told};
use super::{Broken, Cause, Failure, Heard};
use crate::visible::{visible_line, visible_within};
use crate::words::{
    AT_HELO, Likeness, first_line, first_octets, is_reply_code, phase_words, quoted, stray_lines,
};
use crate::{ErrorCode, PortError};

/// The failure in the report's terms.
pub(crate) fn port_error(failure: &Failure<'_>, facts: &PortFacts<'_>) -> PortError {
    let stage = failure.stage;
    let at = match failure.due {
        Some(command) => Cow::Owned(say!("before {command} was sent")),
        None if facts.is_at_helo(stage) => Cow::Borrowed(spoken(AT_HELO)),
        None => Cow::Borrowed(phase_words(stage)),
    };
    if let Some((code, mut message)) = in_place_of_tls(facts) {
        if facts.takes_hello_for_command() {
            message.push_str(&tls_told(failure, facts));
        }
        return PortError { code, message, phase: stage };
    }
    let (code, mut message) = match failure.cause {
        Cause::Refused(refusal) => (refusal_code(refusal.code), refused(refusal) + &had_begun(facts.begun)),
        Cause::GreetingRejected(reply) if !is_reply_code(reply.code()) => {
            let said = quoted(reply);
            let words = say!(
                "What the server greeted with is no SMTP reply: {said}. A reply code begins with 2, 3, 4 or 5 (RFC 5321 §4.2)."
            );
            (ErrorCode::NotSmtp, words)
        }
        Cause::GreetingRejected(reply) => {
            (ErrorCode::GreetingRejected, greeting_rejected(reply, facts.is_implicit()))
        }
        Cause::EhloRejected { ehlo, unanswered: Some(how), .. } => {
            (ErrorCode::EhloRejected, helo_unanswered(ehlo, how, stage))
        }
        Cause::EhloRejected { ehlo, helo, .. } => {
            (ErrorCode::EhloRejected, ehlo_rejected(ehlo, helo, stage, failure.due))
        }
        Cause::StartTlsRejected(reply) => {
            (ErrorCode::StartTlsRejected, rejected("STARTTLS", reply, stage, failure.due))
        }
        Cause::NoReply(Broken { fault, .. }) => no_reply(fault, stage, &at),
        Cause::Unasked(unasked) => (ErrorCode::MalformedReply, answers_nothing(&unasked, facts)),
        Cause::Tls(failure) => tls_failure(failure, facts),
        Cause::Closed(partial) => {
            (ErrorCode::Closed, closed(&at, partial) + &refused_without_end(partial, stage))
        }
        Cause::TimedOut { whole: false, partial: Some(partial), .. } if failure.is_after_all() => {
            (ErrorCode::Timeout, quit_not_ended(partial))
        }
        Cause::TimedOut { after, whole: false, partial, .. } => {
            (ErrorCode::Timeout, timed_out(&at, after.as_secs(), partial))
        }
        Cause::TimedOut { after, whole: true, shaking, partial } => {
            (ErrorCode::Timeout, whole_time_over(&at, after.as_secs(), shaking, partial))
        }
    };
    message.push_str(&tls_told(failure, facts));
    PortError { code, message, phase: stage }
}

pub(super) fn refusal_code(code: RefusalCode) -> ErrorCode {
    match code {
        RefusalCode::NameNotFound => ErrorCode::NameNotFound,
        RefusalCode::ResolveFailed => ErrorCode::ResolveFailed,
        RefusalCode::ConnectTimeout => ErrorCode::ConnectTimeout,
        RefusalCode::ConnectionRefused => ErrorCode::ConnectionRefused,
        RefusalCode::Unreachable => ErrorCode::Unreachable,
        RefusalCode::Blocked => ErrorCode::Blocked,
        RefusalCode::Quota => ErrorCode::Quota,
        RefusalCode::RelayUnreachable => ErrorCode::RelayUnreachable,
        RefusalCode::Reset => ErrorCode::Reset,
        RefusalCode::Timeout => ErrorCode::Timeout,
    }
}

/// The words of the network or the relay, or ours where there are none. Those are English: in another language ours stand
/// before them, unless they are messages that have a translation.
fn refused(refusal: &Refusal) -> String {
    let said = visible_within(refusal.message.trim());
    if let Some(told) = retold(&said) {
        return told;
    }
    if !said.is_empty() && language() == "en" {
        return said;
    }
    let words = spoken(match refusal.code {
        RefusalCode::NameNotFound => mark!("The host name does not exist, or has no address."),
        RefusalCode::ResolveFailed => mark!("The host name could not be looked up."),
        RefusalCode::ConnectTimeout => mark!("Nothing answered: TCP did not connect in time."),
        RefusalCode::ConnectionRefused => {
            mark!("The host answered that nothing listens on this port, or a firewall answered in its place.")
        }
        RefusalCode::Unreachable => mark!("There is no way to the host from where the test was made."),
        RefusalCode::Blocked => mark!("The relay's rules do not let it connect there."),
        RefusalCode::Quota => mark!("The relay's quota is used up."),
        RefusalCode::RelayUnreachable => mark!("The relay cannot be reached."),
        RefusalCode::Reset => mark!("The connection was reset."),
        RefusalCode::Timeout => mark!("The relay's time limit for one connection ran out."),
    });
    match said.is_empty() {
        true => words.to_owned(),
        false => say!("{words} What was said of it: “{said}”"),
    }
}

fn no_reply(fault: &Fault, stage: Stage, at: &str) -> (ErrorCode, String) {
    let begun = visible_line(first_line(&fault.octets), fault.more);
    let first = stage == Stage::Greeting && fault.lines.is_empty();
    match fault.kind {
        FaultKind::TooLong => (ErrorCode::ReplyTooLong, too_long(fault, stage)),
        FaultKind::TlsRecord if first => (
            ErrorCode::TlsOnPlaintextPort,
            say!("The server spoke TLS where SMTP in clear text begins: this port seems to be set up for implicit \
             TLS.").to_owned(),
        ),
        FaultKind::NotAReply if first => {
            let begun = visible_line(first_octets(&fault.octets), fault.more);
            (ErrorCode::NotSmtp, no_smtp(&begun, Likeness::of(&fault.octets)))
        }
        FaultKind::TlsRecord | FaultKind::NotAReply | FaultKind::Incomplete => {
            // It is the first line that broke the rules, whatever follows it.
            let is_empty = stray_lines(&fault.octets).first().is_none_or(|line| line.trim_ascii().is_empty());
            let what = if is_empty { say!("an empty line").to_owned() } else { say!("“{begun}”") };
            (ErrorCode::MalformedReply, say!("What the server sent {at} is no SMTP reply: {what}."))
        }
    }
}

pub(super) fn no_smtp(begun: &str, likeness: Likeness) -> String {
    let looks = likeness.name().map(|name| say!(" They look like {name}."));
    say!("The server's first octets are no SMTP reply: “{begun}”.{}", looks.unwrap_or_default())
}

/// How much of a reply had come when it was given up.
fn too_long(fault: &Fault, stage: Stage) -> String {
    let octets = fault.length();
    let bound = say!("{} KiB on this connection, which is as much as this test reads", MAX_RECEIVED / 1024);
    if octets == 0 {
        return say!("The server sent {bound}, and no reply {}.", phase_words(stage));
    }
    let reply = spoken(match stage {
        Stage::Greeting => mark!("greeting"),
        Stage::Ehlo => mark!("reply to EHLO"),
        Stage::EhloAfterTls => mark!("reply to EHLO inside TLS"),
        Stage::StartTls => mark!("reply to STARTTLS"),
        Stage::Quit => mark!("reply to QUIT"),
        Stage::Resolve | Stage::Connect | Stage::Tls => mark!("reply"),
    });
    let came = match fault.lines.len().saturating_add(fault.left_out.lines) {
        0 => say!("{octets} octets of its first line"),
        1 => say!("1 line, {octets} octets in all"),
        lines => say!("{lines} lines, {octets} octets in all"),
    };
    say!("The {reply} had not ended after {came}. With that the server had sent {bound}.")
}

/// A reply that answers nothing; and one before it, which was taken for an answer and has the code of a greeting.
pub(crate) fn answers_nothing(unasked: &Unasked<'_>, facts: &PortFacts<'_>) -> String {
    let said = quoted(unasked.reply);
    let more = match unasked.more {
        0 => String::new(),
        more => say!(", with {more} octets more behind it"),
    };
    let inside = if unasked.encrypted { say!(" inside TLS") } else { "" };
    let told = match unasked.before {
        Some(command) => {
            say!(
                "Before {command} was sent{inside}, there was a reply already that nobody had asked for: {said}{more}."
            )
        }
        None => say!(
            "When every command had its reply{inside}, one more came: {said}{more}. One of those before it was none that \
             had been asked for, and which reply answers which command is not known."
        ),
    };
    let is_hello = |command: &Command| matches!(command, Command::Ehlo(_) | Command::Helo(_));
    let greets_again = |heard: &&Heard<'_>| heard.to.is_some_and(is_hello) && heard.reply.code() == 220;
    let greeting = facts.replies.iter().find(greets_again).map(|heard| {
        let greeting = quoted(heard.reply);
        say!(
            " The reply before, {greeting}, has the code of a greeting: likely it is the one too many, of a proxy or of the server \
             behind it."
        )
    });
    told + greeting.as_deref().unwrap_or_default()
}
