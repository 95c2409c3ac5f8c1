use std::time::Duration;

use heloscope_words::mark;

use super::{Check, Evidence, Outcome, Refused, Subject};
use crate::facts::{Broken, Cause, Instead};
use crate::visible::visible_line;
use crate::words::{Likeness, first_octets, is_greeting, is_reply_code, stray_lines};
use crate::{ErrorCode, Severity};

pub(super) static CHECKS: &[&Check] = &[&GREETING_REJECTED, &GREETING_SLOW, &NOT_SMTP];

/// A greeting that takes longer is slow.
const SLOW: Duration = Duration::from_secs(10);

static GREETING_REJECTED: Check = Check {
    id: "greeting-rejected",
    severity: Severity::Error,
    basis: "RFC 5321 §3.1, §4.2.3",
    title: mark!("The server greets with a refusal"),
    examine: |subject| match (&subject.facts.failure.map(|failure| failure.cause), subject.facts.greeting) {
        (Some(Cause::Tls(_)), None) => match subject.facts.turned_away() {
            Some(reply) => Outcome::Found(Evidence::GreetingRejected(Refused::by(reply, said(subject)))),
            None => subject.not_tested(),
        },
        (Some(Cause::GreetingRejected(reply)), _) if is_reply_code(reply.code()) => {
            Outcome::Found(Evidence::GreetingRejected(Refused::by(reply, said(subject))))
        }
        (Some(Cause::GreetingRejected(_)), _) | (_, None) => subject.not_tested(),
        (_, Some(_)) => Outcome::Passed,
    },
};

static GREETING_SLOW: Check = Check {
    id: "greeting-slow",
    severity: Severity::Notice,
    basis: mark!("RFC 5321 §4.5.3.2.1; many clients wait no longer than 10 to 30 s"),
    title: mark!("The greeting takes over 10 s"),
    examine: |subject| match subject.facts.greeting_took() {
        Some(took) if took > SLOW => {
            Outcome::Found(Evidence::GreetingSlow { seconds: (took + Duration::from_millis(500)).as_secs() })
        }
        Some(_) => Outcome::Passed,
        None => subject.not_tested(),
    },
};

static NOT_SMTP: Check = Check {
    id: "not-smtp",
    severity: Severity::Error,
    basis: "RFC 5321 §4.2",
    title: mark!("The first octets are no SMTP reply"),
    examine: |subject| {
        if let Some(Instead::Other(likeness, begun)) = &subject.facts.instead {
            return Outcome::Found(Evidence::NotSmtp {
                likeness: *likeness,
                begun: begun.clone(),
                greets: false,
            });
        }
        let cause = subject.facts.failure.map(|failure| failure.cause);
        match (subject.error_code(), cause) {
            (
                Some(ErrorCode::NotSmtp | ErrorCode::TlsOnPlaintextPort),
                Some(Cause::NoReply(Broken { fault, .. })),
            ) => {
                let likeness = Likeness::of(&fault.octets);
                let begun = visible_line(first_octets(&fault.octets), 0);
                let greets = stray_lines(&fault.octets).into_iter().any(is_greeting);
                Outcome::Found(Evidence::NotSmtp { likeness, begun, greets })
            }
            (Some(ErrorCode::NotSmtp), Some(Cause::GreetingRejected(reply))) => {
                let begun = visible_line(&reply.lines[0].octets, 0);
                Outcome::Found(Evidence::NotSmtp { likeness: Likeness::Text, begun, greets: false })
            }
            _ if subject.facts.greeting.is_some() || subject.facts.turned_away().is_some() => Outcome::Passed,
            _ => subject.not_tested(),
        }
    },
};

/// The port's error in words.
pub(super) fn said(subject: &Subject<'_>) -> String {
    subject.error.map(|error| error.message.clone()).unwrap_or_default()
}
