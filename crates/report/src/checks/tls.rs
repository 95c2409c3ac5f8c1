use heloscope_observation::{Handshake, TlsVersion};

use super::greeting::said;
use super::session::handshake_failed;
use super::{Check, Evidence, Handshaking, Outcome};
use crate::names::{suite_name, version_name, weaknesses};
use crate::{ErrorCode, Severity};

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
        let clear_text = subject.error_code() == Some(ErrorCode::PlaintextOnImplicitTls);
        if clear_text || handshake_failed(subject) {
            let speaks = facts.handshake.filter(|_| !facts.is_encrypted()).map(speaks);
            return Outcome::Found(Evidence::TlsFailed(Handshaking { said: said(subject), speaks }));
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

/// What a raw hello learned that the server speaks: `TLS 1.0 with TLS_RSA_WITH_AES_128_CBC_SHA`.
pub(super) fn speaks(handshake: &Handshake) -> String {
    format!("{} with {}", version_name(handshake.version), suite_name(handshake.suite))
}
