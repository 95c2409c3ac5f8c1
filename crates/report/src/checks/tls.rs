use heloscope_observation::{Handshake, RefusalCode, Stage, TlsVersion};

use super::greeting::said;
use super::{Check, Evidence, Handshaking, Outcome, Subject};
use crate::Severity;
use crate::facts::Cause;
use crate::names::{suite_name, version_name, weaknesses};

pub(super) static CHECKS: &[&Check] = &[&TLS_FAILED, &TLS_VERSION_WEAK, &TLS_CIPHER_WEAK];

static TLS_FAILED: Check = Check {
    id: "tls-failed",
    severity: Severity::Error,
    basis: "RFC 8314 §3.3",
    title: "TLS does not come up on an implicit-TLS port",
    examine: |subject| {
        let facts = subject.facts;
        if !facts.is_implicit() {
            return Outcome::NotApplicable("on this port TLS begins with STARTTLS");
        }
        if tls_failed(subject) {
            return Outcome::Found(Evidence::TlsFailed(handshaking(subject)));
        }
        if facts.is_encrypted() { Outcome::Passed } else { subject.not_tested() }
    },
};

static TLS_VERSION_WEAK: Check = Check {
    id: "tls-version-weak",
    severity: Severity::Error,
    basis: "RFC 8996",
    title: "The best TLS version is below 1.2",
    examine: |subject| match subject.facts.handshake {
        Some(handshake) if handshake.version < TlsVersion::TLS_1_2 => {
            Outcome::Found(Evidence::TlsVersionWeak { version: version_name(handshake.version) })
        }
        Some(_) => Outcome::Passed,
        None => subject.no_tls(),
    },
};

static TLS_CIPHER_WEAK: Check = Check {
    id: "tls-cipher-weak",
    severity: Severity::Warning,
    basis: "RFC 9325 §4.1, §4.2",
    title: "The cipher suite is weak",
    examine: |subject| match subject.facts.handshake {
        Some(handshake) => match weaknesses(handshake) {
            none if none.is_empty() => Outcome::Passed,
            weaknesses => {
                Outcome::Found(Evidence::TlsCipherWeak { suite: suite_name(handshake.suite), weaknesses })
            }
        },
        None => subject.no_tls(),
    },
};

/// Whether TLS was begun and did not come up by the server's doing. That time ran out proves nothing, and what the relay
/// did says nothing about the server.
pub(super) fn tls_failed(subject: &Subject<'_>) -> bool {
    subject.facts.failure.is_some_and(|failure| {
        let begun = matches!(failure.stage, Stage::StartTls | Stage::Tls);
        match failure.cause {
            Cause::Tls(_) => true,
            Cause::Closed(_) => begun,
            Cause::Refused(refusal) => begun && refusal.code == RefusalCode::Reset,
            _ => false,
        }
    })
}

/// How TLS failed.
pub(super) fn handshaking(subject: &Subject<'_>) -> Handshaking {
    let facts = subject.facts;
    let speaks = |handshake: &Handshake| {
        format!("{} with {}", version_name(handshake.version), suite_name(handshake.suite))
    };
    Handshaking {
        said: said(subject),
        begun: facts.moments.handshake_begun.is_some(),
        speaks: facts.handshake.filter(|_| !facts.is_encrypted()).map(speaks),
    }
}
