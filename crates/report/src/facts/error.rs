//! What ended a port's test early: the report's error codes, each with its rule and its words.

use heloscope_observation::{Refusal, RefusalCode, Stage, TlsFailure};
use heloscope_smtp::{Fault, FaultKind, Reply};

use super::port::{Cause, Failure, PortFacts};
use super::{Answer, choice};
use crate::names::{alert_meaning, alert_name};
use crate::visible::{visible_line, visible_within};
use crate::words::{Likeness, codes_explained, likely_cause, phase_words, quoted};
use crate::{ErrorCode, PortError};

/// The failure in the report's terms.
pub(crate) fn port_error(failure: &Failure<'_>, facts: &PortFacts<'_>) -> PortError {
    let stage = failure.stage;
    let (code, mut message) = match failure.cause {
        Cause::Refused(refusal) => (refusal_code(refusal.code), refused(refusal)),
        Cause::GreetingRejected(reply) => {
            (ErrorCode::GreetingRejected, rejected("The server greeted with a refusal", reply, stage))
        }
        Cause::EhloRejected(reply) => {
            (ErrorCode::EhloRejected, rejected("The server refused EHLO", reply, stage))
        }
        Cause::StartTlsRejected(reply) => {
            (ErrorCode::StartTlsRejected, rejected("The server refused STARTTLS", reply, stage))
        }
        Cause::NoReply(fault) => no_reply(fault, stage),
        Cause::Tls(failure) => tls_failure(failure, facts.is_implicit()),
        Cause::Closed(partial) => (ErrorCode::Closed, closed(stage, partial)),
        Cause::TimedOut(after, partial) => (ErrorCode::Timeout, timed_out(stage, after.as_secs(), partial)),
    };
    if facts.tls_cut_off && matches!(failure.cause, Cause::Closed(_)) {
        message.push_str(CUT_OFF);
    }
    if let Some(answer) = facts.answer() {
        message.push_str(&answered(answer));
    }
    PortError { code, message, phase: stage }
}

const CUT_OFF: &str = " It did so without TLS's close_notify, as RFC 8446 §6.1 demands: that it was the server, and not \
                       something on the path, cannot be told.";

fn refusal_code(code: RefusalCode) -> ErrorCode {
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

/// The words of the network or the relay, or ours where there are none.
fn refused(refusal: &Refusal) -> String {
    let said = visible_within(refusal.message.trim());
    if !said.is_empty() {
        return said;
    }
    let words = match refusal.code {
        RefusalCode::NameNotFound => "The host name does not exist, or has no address.",
        RefusalCode::ResolveFailed => "The host name could not be looked up.",
        RefusalCode::ConnectTimeout => "Nothing answered: TCP did not connect in time.",
        RefusalCode::ConnectionRefused => "The host answered that nothing listens on this port.",
        RefusalCode::Unreachable => "There is no way to the host from where the test was made.",
        RefusalCode::Blocked => "The relay's rules do not let it connect there.",
        RefusalCode::Quota => "The relay's quota is used up.",
        RefusalCode::RelayUnreachable => "The relay cannot be reached.",
        RefusalCode::Reset => "The connection was reset.",
        RefusalCode::Timeout => "The relay's time limit for one connection ran out.",
    };
    words.to_owned()
}

fn rejected(what: &str, reply: &Reply, stage: Stage) -> String {
    let mut words = format!("{what}: {}.", quoted(reply));
    for more in [codes_explained(reply).as_deref(), likely_cause(reply, stage)].into_iter().flatten() {
        words.push(' ');
        words.push_str(more);
    }
    words
}

fn no_reply(fault: &Fault, stage: Stage) -> (ErrorCode, String) {
    let begun = visible_line(fault.octets.trim_ascii_end(), 0);
    let first = stage == Stage::Greeting && fault.lines.is_empty();
    let at = phase_words(stage);
    match fault.kind {
        FaultKind::TooLong => {
            (ErrorCode::ReplyTooLong, format!("The server sent a reply without end {at}; it was cut off."))
        }
        FaultKind::TlsRecord if first => (
            ErrorCode::TlsOnPlaintextPort,
            "The server spoke TLS where SMTP in clear text begins: this port seems to be set up for implicit \
             TLS.".to_owned(),
        ),
        FaultKind::NotAReply if first => {
            let likeness = Likeness::of(&fault.octets);
            let looks = likeness.name().map(|name| format!(" It looks like {name}."));
            let words = format!("The server's first octets are no SMTP reply: \
                                 “{begun}”.{}", looks.unwrap_or_default());
            (ErrorCode::NotSmtp, words)
        }
        FaultKind::TlsRecord | FaultKind::NotAReply | FaultKind::Incomplete => {
            (ErrorCode::MalformedReply, format!("What the server sent {at} is no SMTP reply: “{begun}”."))
        }
    }
}

fn tls_failure(failure: &TlsFailure, implicit_tls: bool) -> (ErrorCode, String) {
    match failure {
        TlsFailure::Alert(alert) => {
            let meaning = alert_meaning(*alert).map(|meaning| format!(" {meaning}")).unwrap_or_default();
            (
                ErrorCode::TlsAlert,
                format!("The server ended TLS with the alert {}.{meaning}", alert_name(*alert)),
            )
        }
        TlsFailure::NotTls(octets) => {
            let begun = visible_line(octets.trim_ascii_end(), 0);
            let likeness = Likeness::of(octets);
            let clear_text = !matches!(likeness, Likeness::Binary | Likeness::Tls);
            if implicit_tls && clear_text {
                let words = format!(
                    "The server speaks clear text where TLS begins with the first octet: “{begun}”. The port \
                     is set up without implicit TLS."
                );
                (ErrorCode::PlaintextOnImplicitTls, words)
            } else {
                (
                    ErrorCode::TlsFailed,
                    format!("The server's answer to the ClientHello is no TLS record: “{begun}”."),
                )
            }
        }
        TlsFailure::Protocol(said) => (
            ErrorCode::TlsFailed,
            format!(
                "The server broke the TLS protocol, or chose what cannot be spoken here: {}.",
                visible_within(said)
            ),
        ),
        TlsFailure::BadSignature => {
            let words = "The server did not prove that it holds the key of its certificate: the signature in \
                         the handshake does not verify. Either certificate and key do not belong together, \
                         or someone on the path posed as the server.";
            (ErrorCode::TlsFailed, words.to_owned())
        }
    }
}

fn answered(answer: Answer<'_>) -> String {
    match answer {
        Answer::Unspoken(read) => format!(
            " The server answered a hello of an older form, and chose {}. This test reads that answer, but finishes no \
             handshake of this kind: nothing inside TLS was tested.",
            choice(read)
        ),
        Answer::OtherForm(read) => format!(
            " The server answered a second hello, of an older form, and chose {}. Nothing inside TLS was tested.",
            choice(read)
        ),
        Answer::Unnamed(read) => format!(
            " The server answered another hello, which did not name it, and chose {}. Nothing inside TLS was tested.",
            choice(read)
        ),
    }
}

fn closed(stage: Stage, partial: Option<&Fault>) -> String {
    let begun = begun(partial);
    format!("The server closed the connection {}{begun}.", phase_words(stage))
}

fn timed_out(stage: Stage, seconds: u64, partial: Option<&Fault>) -> String {
    format!("The server was silent for {seconds} s {}{}.", phase_words(stage), begun(partial))
}

fn begun(partial: Option<&Fault>) -> String {
    let Some(fault) = partial else { return String::new() };
    let lines = fault.lines.iter().map(|line| line.octets.to_text());
    let all: Vec<String> = lines.chain((!fault.octets.is_empty()).then(|| fault.octets.to_text())).collect();
    format!(", after the beginning of a reply: “{}”", visible_line(all.join(" ").trim_end().as_bytes(), 0))
}
