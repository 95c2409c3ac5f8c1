use std::borrow::Cow;

use heloscope_observation::{AlertDescription, Handshake, Host, RefusalCode, Stage, TlsFailure, TlsVersion};
use heloscope_words::{mark, say};

use super::greeting::said;
use super::{Check, Demands, Evidence, Handshaking, Outcome, Subject};
use crate::Severity;
use crate::facts::{Answer, Cause, Instead, PortFacts, choice, takes_hello_for_command, tls};
use crate::names::{Demand, is_offered, suite_name, unspoken, version_name, weaknesses};
use crate::words::Likeness;

pub(super) static CHECKS: &[&Check] = &[
    &TLS_FAILED,
    &TLS_VERSION_WEAK,
    &TLS_CIPHER_WEAK,
    &TLS_OUTDATED_ONLY,
    &TLS_HELLO_INTOLERANCE,
    &TLS_NAME_REFUSED,
];

static TLS_FAILED: Check = Check {
    id: "tls-failed",
    severity: Severity::Error,
    basis: "RFC 8314 §3.3",
    title: mark!("TLS does not come up on an implicit-TLS port"),
    examine: |subject| {
        let facts = subject.facts;
        if !facts.is_implicit() {
            return Outcome::NotApplicable(mark!("on this port TLS begins with STARTTLS"));
        }
        broken_off(subject, Evidence::TlsFailed).unwrap_or_else(|| match facts.is_encrypted() {
            true => Outcome::Passed,
            false => subject.not_tested(),
        })
    },
};

static TLS_VERSION_WEAK: Check = Check {
    id: "tls-version-weak",
    severity: Severity::Error,
    basis: "RFC 8996; RFC 7568",
    title: mark!("The best TLS version is below 1.2"),
    examine: |subject| match subject.facts.handshake {
        Some(handshake) if !is_offered(handshake) => unoffered(),
        Some(handshake) if handshake.version < TlsVersion::TLS_1_2 => {
            Outcome::Found(Evidence::TlsVersionWeak {
                version: version_name(handshake.version),
                leads_nowhere: subject.facts.leads_nowhere(),
            })
        }
        Some(_) => Outcome::Passed,
        None => subject.no_tls(),
    },
};

fn unoffered() -> Outcome {
    Outcome::NotTested(Cow::Borrowed(say!("the server chose what it had not been offered")))
}

static TLS_CIPHER_WEAK: Check = Check {
    id: "tls-cipher-weak",
    severity: Severity::Warning,
    basis: "RFC 9325 §4.1, §4.2",
    title: mark!("The cipher suite is weak"),
    examine: |subject| match subject.facts.handshake {
        Some(handshake) if !is_offered(handshake) => unoffered(),
        Some(handshake) => match weaknesses(handshake) {
            none if none.is_empty() => Outcome::Passed,
            weaknesses => Outcome::Found(Evidence::TlsCipherWeak {
                suite: suite_name(handshake.suite),
                weaknesses,
                leads_nowhere: subject.facts.leads_nowhere(),
            }),
        },
        None => subject.no_tls(),
    },
};

static TLS_OUTDATED_ONLY: Check = Check {
    id: "tls-outdated-only",
    severity: Severity::Notice,
    basis: "RFC 9325 §4.1, §4.2",
    title: mark!("The server takes only what many TLS libraries do not speak"),
    examine: |subject| match (subject.facts.answer(), subject.facts.handshake) {
        (Some(Answer::Unspoken(read)), _) => {
            let is_weak = read.version < TlsVersion::TLS_1_2 || !weaknesses(read).is_empty();
            match is_weak {
                true => {
                    Outcome::NotApplicable(mark!("its version or its cipher suite is weak, which says more"))
                }
                false => Outcome::Found(outdated_only(read, subject.facts)),
            }
        }
        (_, Some(handshake)) if !is_offered(handshake) => unoffered(),
        (_, Some(handshake)) if !handshake.completed && !subject.facts.speaks(handshake) => {
            subject.not_tested()
        }
        (_, Some(_)) => Outcome::Passed,
        (_, None) => subject.no_tls(),
    },
};

fn outdated_only(read: &Handshake, facts: &PortFacts<'_>) -> Evidence {
    let key = facts.unverified_key();
    let tls = tls(facts);
    let demand = tls.as_ref().map(|tls| Demand::of(tls, key.as_deref()));
    let beyond = key.iter().flat_map(|key| [", ", key]).collect::<String>();
    Evidence::TlsOutdatedOnly {
        choice: choice(read) + &beyond,
        why: unspoken(read, key.is_some()).join("; "),
        demands: Demands {
            group: matches!(demand, Some(Demand::Group(_))),
            key: key.is_some(),
            by_openssl: demand.is_none_or(Demand::is_openssls),
            is_rare: demand.is_some_and(Demand::is_rare),
        },
    }
}

static TLS_HELLO_INTOLERANCE: Check = Check {
    id: "tls-hello-intolerance",
    severity: Severity::Warning,
    basis: "RFC 8446 §9.3",
    title: mark!("The server takes an older form of hello, not today's"),
    examine: |subject| match subject.facts.answer() {
        Some(Answer::OtherForm(_)) => Outcome::Found(Evidence::TlsHelloIntolerance {
            said: said(subject),
            second: subject.facts.second_hello,
            long_name: has_long_name(subject),
        }),
        _ => match subject.facts.handshake.filter(|handshake| handshake.completed) {
            Some(handshake) => Outcome::PassedWithin(hellos_taken(handshake, subject.facts.second_hello)),
            None => subject.handshake_excused().unwrap_or_else(|| subject.no_tls()),
        },
    },
};

/// How long the hellos were that the server took: it may dislike longer ones, and nobody has asked.
fn hellos_taken(handshake: &Handshake, second: Option<usize>) -> String {
    match (handshake.hello_octets, second) {
        (None, _) => say!("a hello of today's form was taken; others were not tried").to_owned(),
        (Some(octets), None) => {
            say!("a hello of today's form, {octets} octets long, was taken; longer ones were not tried")
        }
        (Some(octets), Some(second)) => say!(
            "hellos of today's form, {octets} and then {second} octets long, were taken; longer ones were not tried"
        ),
    }
}

static TLS_NAME_REFUSED: Check = Check {
    id: "tls-name-refused",
    severity: Severity::Warning,
    basis: "RFC 6066 §3; RFC 8461 §7.1; RFC 7672 §8.1",
    title: mark!("The server refuses a hello that names it"),
    examine: |subject| match subject.facts.answer() {
        Some(Answer::Unnamed(_)) => Outcome::Found(Evidence::TlsNameRefused {
            said: said(subject),
            long_name: has_long_name(subject),
        }),
        _ if matches!(subject.host, Host::Address(_)) => {
            Outcome::NotApplicable(mark!("an address is not named in the hello"))
        }
        _ if subject.facts.is_encrypted() => Outcome::Passed,
        _ => subject.handshake_excused().unwrap_or_else(|| subject.no_tls()),
    },
};

/// Whether the host's name made the first hello longer than 255 octets, and the server did not say that it refuses the name.
fn has_long_name(subject: &Subject<'_>) -> bool {
    /// Characters of a name from which on it does.
    const LONG: usize = 28;
    const REFUSED: TlsFailure = TlsFailure::Alert(AlertDescription::UNRECOGNIZED_NAME);
    let refuses_the_name =
        subject.facts.failure.is_some_and(|failure| matches!(failure.cause, Cause::Tls(&REFUSED)));
    matches!(subject.host, Host::Name(name) if name.len() >= LONG) && !refuses_the_name
}

/// What to make of a handshake that broke off; `None` where none did.
pub(super) fn broken_off(subject: &Subject<'_>, evidence: fn(Handshaking) -> Evidence) -> Option<Outcome> {
    let excused = subject.handshake_excused();
    excused.or_else(|| match tls_failed(subject) {
        // A hello made by hand may yet be answered.
        true if subject.facts.raw_hello_runs => Some(subject.not_tested()),
        true => Some(Outcome::Found(evidence(handshaking(subject)))),
        false => None,
    })
}

/// Whether TLS was begun and did not come up by the server's doing. That time ran out proves nothing, and neither what the
/// relay did nor that the client was turned away before says anything about the server's TLS.
pub(super) fn tls_failed(subject: &Subject<'_>) -> bool {
    if subject.facts.turned_away().is_some() || matches!(subject.facts.instead, Some(Instead::Other(..))) {
        return false;
    }
    subject.facts.failure.is_some_and(|failure| {
        let begun = matches!(failure.stage, Stage::StartTls | Stage::Tls);
        match failure.cause {
            Cause::Tls(failure) => subject.facts.ends_handshake(failure),
            Cause::Closed(_) => begun,
            Cause::Refused(refusal) => begun && refusal.code == RefusalCode::Reset,
            _ => false,
        }
    })
}

fn handshaking(subject: &Subject<'_>) -> Handshaking {
    let facts = subject.facts;
    let failed_by = |is_it: fn(&TlsFailure) -> bool| {
        facts.failure.is_some_and(|failure| matches!(failure.cause, Cause::Tls(failure) if is_it(failure)))
    };
    Handshaking {
        said: said(subject),
        begun: facts.moments.handshake_begun.is_some(),
        taken: facts.first_hello_taken,
        open: facts.hello_untried().is_some(),
        again: facts.hello_untried().is_some() && !facts.may_speak_tls_1_3_alone(),
        choice: facts
            .handshake
            .filter(|read| !read.completed && is_offered(read))
            .filter(|_| !facts.leads_nowhere())
            .map(choice),
        client_certificate_requested: facts.client_certificate_requested,
        client_certificate_required: failed_by(
            |failure| matches!(failure, TlsFailure::Alert(alert) if *alert == AlertDescription::CERTIFICATE_REQUIRED),
        ),
        no_tls: match &facts.instead {
            Some(Instead::Refusal(reply)) => takes_hello_for_command(reply),
            Some(Instead::Other(..)) => false,
            None => failed_by(|failure| match failure {
                TlsFailure::NotTls(octets) => Likeness::of(octets) != Likeness::Tls,
                _ => false,
            }),
        },
        name_refused: failed_by(
            |failure| matches!(failure, TlsFailure::Alert(alert) if *alert == AlertDescription::UNRECOGNIZED_NAME),
        ),
        bad_signature: failed_by(|failure| matches!(failure, TlsFailure::BadSignature)),
    }
}
