use heloscope_words::{mark, spoken};

use super::greeting::said;
use super::tls::broken_off;
use super::{Check, Evidence, LEFT_OUT, Outcome, Refused};
use crate::Severity;
use crate::facts::{Cause, PortFacts};
use crate::visible::visible_line;

pub(super) static CHECKS: &[&Check] =
    &[&STARTTLS_MISSING, &STARTTLS_FAILED, &STARTTLS_INJECTION, &STARTTLS_INSIDE_TLS];

const IMPLICIT: Outcome = Outcome::NotApplicable(mark!("on this port TLS begins with the first octet"));
const NOT_OFFERED: Outcome = Outcome::NotApplicable(mark!("STARTTLS is not offered"));

static STARTTLS_MISSING: Check = Check {
    id: "starttls-missing",
    severity: Severity::Warning,
    basis: "RFC 3207 §4; RFC 8314 §3.1",
    title: mark!("STARTTLS is not offered"),
    examine: |subject| {
        let facts = subject.facts;
        match facts.offers_starttls() {
            _ if facts.is_implicit() => IMPLICIT,
            Some(true) => Outcome::Passed,
            Some(false) => Outcome::Found(Evidence::StartTlsMissing),
            None => subject.not_tested(),
        }
    },
};

static STARTTLS_FAILED: Check = Check {
    id: "starttls-failed",
    severity: Severity::Error,
    basis: "RFC 3207 §4",
    title: mark!("STARTTLS is offered but does not work"),
    examine: |subject| {
        let facts = subject.facts;
        if facts.is_implicit() {
            return IMPLICIT;
        }
        match facts.failure.map(|failure| failure.cause) {
            Some(Cause::StartTlsRejected(reply)) if reply.code() == 421 => subject.not_tested(),
            Some(Cause::StartTlsRejected(reply)) => {
                Outcome::Found(Evidence::StartTlsRefused(Refused::by(reply, said(subject))))
            }
            _ => broken_off(subject, Evidence::StartTlsFailed).unwrap_or_else(|| {
                match facts.offers_starttls() {
                    _ if facts.is_encrypted() => Outcome::Passed,
                    Some(false) => NOT_OFFERED,
                    _ => subject.not_tested(),
                }
            }),
        }
    },
};

static STARTTLS_INJECTION: Check = Check {
    id: "starttls-injection",
    severity: Severity::Error,
    basis: mark!("RFC 3207 §4.2, §6; response injection as in CVE-2021-22947"),
    title: mark!("Clear text follows the 220 to STARTTLS"),
    examine: |subject| {
        let facts = subject.facts;
        match facts.injected {
            _ if facts.is_implicit() => IMPLICIT,
            Some(_) if is_the_end(facts) || facts.early_alert().is_some() => subject.not_tested(),
            Some((octets, total)) => {
                let begun = visible_line(octets, total.saturating_sub(octets.len()));
                Outcome::Found(Evidence::StartTlsInjection { octets: total, begun })
            }
            None if facts.tls_followed() => Outcome::Passed,
            None if facts.offers_starttls() == Some(false) => NOT_OFFERED,
            None => subject.not_tested(),
        }
    },
};

static STARTTLS_INSIDE_TLS: Check = Check {
    id: "starttls-inside-tls",
    severity: Severity::Notice,
    basis: "RFC 3207 §4.2",
    title: mark!("STARTTLS is offered inside TLS"),
    examine: |subject| match subject.facts.encrypted.extensions() {
        Some(reply) if reply.offers("STARTTLS") => Outcome::Found(Evidence::StartTlsInsideTls),
        Some(reply) if reply.left_out > 0 => Outcome::NotTested(spoken(LEFT_OUT).into()),
        Some(_) if subject.facts.is_out_of_step(true) => subject.not_tested(),
        Some(_) => Outcome::Passed,
        None => subject.no_tls(),
    },
};

/// What came before the ClientHello is a 421, with which the session ended.
fn is_the_end(facts: &PortFacts<'_>) -> bool {
    let closed = facts.failure.is_some_and(|failure| !matches!(failure.cause, Cause::Tls(_)));
    closed && facts.turned_away().is_some()
}
