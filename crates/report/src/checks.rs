//! The checks: what is looked at on every port, one static each, in tables by topic.

mod certificate;
mod connection;
mod evidence;
mod greeting;
mod replies;
mod session;
mod starttls;
mod submission;
mod tls;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use heloscope_observation::Host;
use heloscope_words::{mark, say, spoken};

pub(crate) use evidence::{
    Barred, Cut, Demands, Evidence, Handshaking, Loses, Mute, Passage, Refused, is_positive, is_temporary,
};
pub(crate) use replies::Breach;

use crate::facts::{Answer, ChainFacts, PortFacts};
use crate::words::error_words_at;
use crate::{ErrorCode, PortError, Severity};

/// One thing that is looked at on every port.
pub struct Check {
    /// What is found where it finds something; never the remedy.
    pub id: &'static str,
    /// How much a finding of it matters; the worst where that depends on what is found.
    pub severity: Severity,
    /// The RFC and section, or the practice, that it follows from.
    pub basis: &'static str,
    /// What it finds, in one line.
    pub title: &'static str,
    pub(crate) examine: fn(&Subject<'_>) -> Outcome,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Every check, in the order in which reports list them.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    let tables: [&'static [&'static Check]; 8] = [
        connection::CHECKS,
        greeting::CHECKS,
        replies::CHECKS,
        session::CHECKS,
        starttls::CHECKS,
        tls::CHECKS,
        certificate::CHECKS,
        submission::CHECKS,
    ];
    tables.into_iter().flatten().copied()
}

/// What a check looks at: one port, and what of the others bears on it.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) host: &'a Host,
    /// The address that was dialled in place of the host's own.
    pub(crate) address: Option<IpAddr>,
    pub(crate) facts: &'a PortFacts<'a>,
    pub(crate) chain: Option<&'a ChainFacts>,
    pub(crate) error: Option<&'a PortError>,
    /// Another port for submission connected.
    pub(crate) other_submission_answers: bool,
    /// TCP timed out on every port asked for.
    pub(crate) all_time_out: bool,
    /// The time of judgement in Unix seconds.
    pub(crate) now: i64,
}

/// Why an extension is not said to be missing.
const LEFT_OUT: &str =
    mark!("the EHLO reply has more lines than are kept, and it may stand on one of those that are not");

/// Why nothing is said of all lines of a reply.
const NOT_KEPT: &str =
    mark!("a reply has more lines than are kept, and what stands on the others is not known");

/// What a check came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// As it should be, as far as was looked: how far that is.
    PassedWithin(String),
    Found(Evidence),
    /// Says nothing about this port, and why: a message, for [`heloscope_words::spoken`].
    NotApplicable(&'static str),
    /// Could not be looked at, and why.
    NotTested(Cow<'static, str>),
}

impl Subject<'_> {
    /// What has not been seen was not tested, for the reason that the port's test ended, or goes on.
    fn not_tested(&self) -> Outcome {
        let facts = self.facts;
        Outcome::NotTested(match self.error.filter(|error| error.cuts_short(!facts.ends_after_all())) {
            Some(error) => {
                let words = error_words_at(error, facts.is_at_helo(error.phase));
                Cow::Owned(say!("the test of this port ended early: {}", words))
            }
            None if facts.is_masked() && facts.offers_starttls().is_none() => Cow::Borrowed(say!(
                "a device on the path overwrites what the server offers, STARTTLS perhaps among it"
            )),
            None if !facts.is_implicit()
                && facts.clear.extensions().is_some_and(|ehlo| ehlo.left_out > 0)
                && facts.offers_starttls().is_none() =>
            {
                Cow::Borrowed(spoken(LEFT_OUT))
            }
            None if facts.clear.helo.is_some() || facts.encrypted.helo.is_some() => {
                Cow::Borrowed(say!("the server takes only HELO, and without EHLO nothing is offered"))
            }
            None if facts.moments.ended.is_some() => Cow::Borrowed(say!("the session ended without it")),
            None => Cow::Borrowed(say!("the test has not come this far")),
        })
    }

    /// A handshake that broke off, though a hello made by hand was answered.
    fn handshake_excused(&self) -> Option<Outcome> {
        Some(Outcome::NotTested(Cow::Borrowed(match self.facts.answer()? {
            Answer::Unspoken(_) => {
                say!("this test reads the server's answer, but finishes no handshake of this kind")
            }
            Answer::OtherForm(_) => {
                say!("the server answered a hello of another form; a handshake of that form was not finished")
            }
            Answer::Unnamed(_) => {
                say!("the server answered a hello that does not name it; that handshake was not finished")
            }
        })))
    }

    /// A handshake that broke off, and no other hello could be tried.
    fn handshake_open(&self) -> Option<Outcome> {
        let why = self.facts.hello_untried()?;
        Some(Outcome::NotTested(Cow::Owned(say!(
            "the server took no hello like this test's, and whether it takes another could not be tested: {why}"
        ))))
    }

    /// Why TLS could not be looked at.
    fn no_tls(&self) -> Outcome {
        match self.facts.offers_starttls() {
            Some(false) if !self.facts.is_implicit() => {
                Outcome::NotApplicable(mark!("the server offers no TLS on this port"))
            }
            _ => self.handshake_open().unwrap_or_else(|| self.not_tested()),
        }
    }

    fn error_code(&self) -> Option<ErrorCode> {
        self.error.map(|error| error.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_all_those_of_the_contract_are_there() {
        let mut ids: Vec<&str> = checks().map(|check| check.id).collect();
        for id in [
            "connect-failed",
            "greeting-rejected",
            "greeting-slow",
            "not-smtp",
            "starttls-missing",
            "starttls-failed",
            "starttls-injection",
            "tls-version-weak",
            "tls-cipher-weak",
            "certificate-expired",
            "certificate-not-yet-valid",
            "certificate-expiring-soon",
            "certificate-hostname-mismatch",
            "certificate-self-signed",
            "certificate-chain-incomplete",
            "certificate-untrusted",
            "certificate-weak-key",
            "certificate-weak-signature",
            "certificate-common-name-only",
            "auth-without-tls",
            "submission-without-auth",
        ] {
            assert!(ids.contains(&id), "{id}");
        }
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
