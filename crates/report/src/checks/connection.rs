use heloscope_words::{mark, say};

use super::{Check, Evidence, Outcome, Subject};
use crate::{ErrorCode, Role, Severity};

pub(super) static CHECKS: &[&Check] = &[&NAME_NOT_FOUND, &CONNECT_FAILED];

static NAME_NOT_FOUND: Check = Check {
    id: "name-not-found",
    severity: Severity::Error,
    basis: "RFC 5321 §5.1",
    title: mark!("The host name does not exist, or has no address"),
    examine: |subject| match subject.error_code() {
        Some(ErrorCode::NameNotFound) => Outcome::Found(Evidence::NameNotFound),
        _ if matches!(subject.host, heloscope_observation::Host::Address(_)) => {
            Outcome::NotApplicable(mark!("the host is given by its address"))
        }
        _ if subject.address.is_some() => {
            Outcome::NotTested(say!("the name was not looked up: an address was given in its place").into())
        }
        _ if subject.facts.established.is_some() || failed_to_connect(subject).is_some() => Outcome::Passed,
        _ => subject.not_tested(),
    },
};

static CONNECT_FAILED: Check = Check {
    id: "connect-failed",
    severity: Severity::Error,
    basis: "RFC 5321 §5.1",
    title: mark!("TCP does not connect"),
    examine: |subject| {
        if subject.facts.established.is_some() {
            return Outcome::Passed;
        }
        let Some(code) = failed_to_connect(subject) else { return subject.not_tested() };
        let submission = matches!(subject.facts.role(), Role::Submission | Role::Submissions);
        Outcome::Found(Evidence::ConnectFailed {
            code,
            spare: submission && subject.other_submission_answers,
            all_time_out: subject.all_time_out,
        })
    },
};

/// The network's word that there is no connection; the relay's word says nothing about the server.
fn failed_to_connect(subject: &Subject<'_>) -> Option<ErrorCode> {
    let code = subject.error_code()?;
    crate::judge::is_connect_failure(code, subject.facts.established.is_some()).then_some(code)
}
