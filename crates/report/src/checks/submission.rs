use heloscope_smtp::EhloReply;
use heloscope_words::{mark, say, spoken};

use super::{Check, Evidence, LEFT_OUT, Outcome};
use crate::words::auth_mechanisms;
use crate::{Role, Severity};

pub(super) static CHECKS: &[&Check] = &[&AUTH_WITHOUT_TLS, &SUBMISSION_WITHOUT_AUTH];

static AUTH_WITHOUT_TLS: Check = Check {
    id: "auth-without-tls",
    severity: Severity::Warning,
    basis: "RFC 8314 §4.1; RFC 4954 §4",
    title: mark!("AUTH is offered before TLS"),
    examine: |subject| {
        if subject.facts.is_implicit() {
            return Outcome::NotApplicable(mark!("on this port nothing is said before TLS"));
        }
        let Some(reply) = subject.facts.clear.extensions() else { return subject.not_tested() };
        match mechanisms(&reply) {
            Some(mechanisms) => Outcome::Found(Evidence::AuthWithoutTls { mechanisms }),
            None if reply.left_out > 0 => Outcome::NotTested(spoken(LEFT_OUT).into()),
            None if subject.facts.is_masked() => {
                let why =
                    say!("a device on the path overwrites what the server offers, AUTH perhaps among it");
                Outcome::NotTested(why.into())
            }
            None if subject.facts.is_out_of_step(false) => subject.not_tested(),
            None => Outcome::Passed,
        }
    },
};

static SUBMISSION_WITHOUT_AUTH: Check = Check {
    id: "submission-without-auth",
    severity: Severity::Notice,
    basis: "RFC 6409 §4.3",
    title: mark!("A submission port offers no AUTH after TLS"),
    examine: |subject| {
        if !matches!(subject.facts.role(), Role::Submission | Role::Submissions) {
            return Outcome::NotApplicable(mark!("this is no submission port"));
        }
        let Some(reply) = subject.facts.encrypted.extensions() else { return subject.no_tls() };
        match mechanisms(&reply) {
            Some(_) => Outcome::Passed,
            None if reply.left_out > 0 => Outcome::NotTested(spoken(LEFT_OUT).into()),
            None if subject.facts.is_out_of_step(true) => subject.not_tested(),
            None => Outcome::Found(Evidence::SubmissionWithoutAuth),
        }
    },
};

/// The mechanisms of AUTH in both its forms, each once; `None` where AUTH is not offered.
fn mechanisms(reply: &EhloReply) -> Option<Vec<String>> {
    let mut all: Option<Vec<String>> = None;
    for offered in reply.extensions.iter().filter_map(auth_mechanisms) {
        let all = all.get_or_insert_default();
        for mechanism in offered {
            let mechanism = mechanism.to_ascii_uppercase();
            if !all.contains(&mechanism) {
                all.push(mechanism);
            }
        }
    }
    all
}
