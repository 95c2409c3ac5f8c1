use heloscope_pki::{self as pki, Fault, Identity};
use heloscope_words::{mark, say};

use super::{Barred, Check, Evidence, Outcome, Subject};
use crate::Severity;
use crate::facts::{ChainFacts, days_between, presented};
use crate::names::{KeyUse, is_offered, key_use, wants_ecdsa};
use crate::words::{fault_words, unreadable_words};

pub(super) static CHECKS: &[&Check] = &[
    &EXPIRED,
    &NOT_YET_VALID,
    &EXPIRING_SOON,
    &HOSTNAME_MISMATCH,
    &SELF_SIGNED,
    &CHAIN_INCOMPLETE,
    &UNTRUSTED,
    &PATH_INVALID,
    &PATH_UNKNOWN,
    &KEY_USAGE,
    &WEAK_KEY,
    &WEAK_SIGNATURE,
    &COMMON_NAME_ONLY,
    &SERIAL_NUMBER,
];

const DAY: i64 = 86_400;
/// A certificate with no more days than this left expires soon.
const SOON: i64 = 30;
/// A certificate that lives less than this in all expires soon in the last third of its life: some live six
/// days.
const SHORT_LIFE: i64 = 60 * DAY;

static EXPIRED: Check = Check {
    id: "certificate-expired",
    severity: Severity::Error,
    basis: "RFC 5280 §4.1.2.5",
    title: mark!("The certificate has expired"),
    examine: |subject| {
        with_leaf(subject, |chain, leaf| {
            let of_leaf = (subject.now > leaf.not_after).then_some((0, leaf.not_after));
            let expired = with_path(of_leaf, chain, &|fault| match fault {
                Fault::Expired { certificate, not_after } => Some((*certificate, *not_after)),
                _ => None,
            });
            dated(expired, |expired, now| Evidence::CertificateExpired { expired, now }, subject.now)
        })
    },
};

static NOT_YET_VALID: Check = Check {
    id: "certificate-not-yet-valid",
    severity: Severity::Error,
    basis: "RFC 5280 §4.1.2.5",
    title: mark!("The certificate is not valid yet"),
    examine: |subject| {
        with_leaf(subject, |chain, leaf| {
            let of_leaf = (subject.now < leaf.not_before).then_some((0, leaf.not_before));
            let ahead = with_path(of_leaf, chain, &|fault| match fault {
                Fault::NotYetValid { certificate, not_before } => Some((*certificate, *not_before)),
                _ => None,
            });
            dated(ahead, |ahead, _| Evidence::CertificateNotYetValid { ahead }, subject.now)
        })
    },
};

/// Places and times: the leaf's, where it has one whatever the path, and those that faults of the path have.
fn with_path(
    of_leaf: Option<(usize, i64)>,
    chain: &ChainFacts,
    of: &dyn Fn(&Fault) -> Option<(usize, i64)>,
) -> Vec<(usize, i64)> {
    let mut all = Vec::new();
    let of_path = chain.path.faults.iter().filter_map(of).filter(|one| Some(*one) != of_leaf);
    for one in of_leaf.into_iter().chain(of_path) {
        all.push(one);
    }
    all
}

/// With the dates of at least one certificate.
fn dated(dates: Vec<(usize, i64)>, of: fn(Vec<(usize, i64)>, i64) -> Evidence, now: i64) -> Outcome {
    if dates.is_empty() { Outcome::Passed } else { Outcome::Found(of(dates, now)) }
}

static EXPIRING_SOON: Check = Check {
    id: "certificate-expiring-soon",
    severity: Severity::Warning,
    basis: mark!("RFC 5280 §4.1.2.5; automatic renewal happens with a third of the lifetime left"),
    title: mark!("The certificate expires soon"),
    examine: |subject| {
        with_leaf(subject, |chain, leaf| {
            // Without a trust anchor nothing hangs on an issuer's dates.
            let path =
                chain.path.path.iter().copied().filter(|place| *place == 0 || chain.path.trust.is_some());
            let mut soon = Vec::new();
            for place in path {
                if let Some(Ok(facts)) = chain.certificates.get(place)
                    && expires_soon(facts, subject.now)
                {
                    soon.push((place, facts.not_after));
                }
            }
            match soon.is_empty() && subject.now > leaf.not_after {
                true => Outcome::NotApplicable(mark!("the certificate has expired")),
                false => {
                    dated(soon, |soon, now| Evidence::CertificateExpiringSoon { soon, now }, subject.now)
                }
            }
        })
    },
};

fn expires_soon(facts: &pki::Certificate, now: i64) -> bool {
    let (left, lifetime) =
        (facts.not_after.saturating_sub(now), facts.not_after.saturating_sub(facts.not_before));
    let soon =
        if lifetime < SHORT_LIFE { left <= lifetime / 3 } else { days_between(now, facts.not_after) <= SOON };
    left >= 0 && soon
}

static HOSTNAME_MISMATCH: Check = Check {
    id: "certificate-hostname-mismatch",
    severity: Severity::Warning,
    basis: "RFC 9525 §6; RFC 8461 §4.2",
    title: mark!("The certificate is for another name"),
    examine: |subject| {
        with_leaf(subject, |chain, leaf| match &chain.identity {
            Some(Identity::Matches(_)) => Outcome::Passed,
            Some(Identity::CommonNameOnly(_)) => Outcome::NotApplicable(mark!(
                "the certificate presents no name at all; its common name would match"
            )),
            _ => Outcome::Found(Evidence::CertificateHostnameMismatch {
                host: subject.host.to_string(),
                presented: leaf.presented_identifiers().take(NAMES).map(presented).collect(),
                total: leaf.presented_identifiers().count(),
            }),
        })
    },
};

/// Names that a finding lists.
const NAMES: usize = 5;

static SELF_SIGNED: Check = Check {
    id: "certificate-self-signed",
    severity: Severity::Warning,
    basis: "RFC 5280 §6.1; RFC 8461 §4.2",
    title: mark!("The certificate is self-signed"),
    examine: |subject| {
        with_leaf(subject, |chain, _| {
            found(fault(chain, |fault| *fault == Fault::SelfSigned), |_| Evidence::CertificateSelfSigned)
        })
    },
};

static CHAIN_INCOMPLETE: Check = Check {
    id: "certificate-chain-incomplete",
    severity: Severity::Warning,
    basis: "RFC 8446 §4.4.2; RFC 5246 §7.4.2",
    title: mark!("The certificate's issuer was not sent"),
    examine: |subject| {
        with_leaf(subject, |chain, _| {
            if is_given_up(chain) {
                return unknown(chain);
            }
            let issuer = chain.path.faults.iter().find_map(|fault| match fault {
                Fault::MissingIntermediate { issuer } => Some(issuer.clone()),
                _ => None,
            });
            let unreadable = chain.certificates.iter().any(Result::is_err);
            found(issuer, |issuer| Evidence::CertificateChainIncomplete { issuer, unreadable })
        })
    },
};

static UNTRUSTED: Check = Check {
    id: "certificate-untrusted",
    severity: Severity::Warning,
    basis: "RFC 5280 §6.1; RFC 8461 §4.2",
    title: mark!("The certificate leads to a root that is not trusted"),
    examine: |subject| {
        with_leaf(subject, |chain, _| {
            let untrusted = chain.path.faults.iter().find_map(|fault| match fault {
                Fault::UntrustedRoot { root, sent } => Some((root.clone(), *sent)),
                _ => None,
            });
            match untrusted {
                Some((root, sent)) => Outcome::Found(Evidence::CertificateUntrusted { root, sent }),
                None if chain.path.trust.is_some() => Outcome::Passed,
                None if fault(chain, |fault| *fault == Fault::SelfSigned).is_some() => {
                    Outcome::NotApplicable(mark!(
                        "the certificate is signed with its own key and leads to no root"
                    ))
                }
                None if is_unknown(chain) => unknown(chain),
                None => Outcome::NotTested(say!("the path does not reach a root").into()),
            }
        })
    },
};

static PATH_INVALID: Check = Check {
    id: "certificate-path-invalid",
    severity: Severity::Warning,
    basis: "RFC 5280 §6.1",
    title: mark!("The certification path breaks a rule"),
    examine: |subject| {
        let Some(chain) = subject.chain else { return no_certificate(subject) };
        let faults: Vec<&Fault> =
            chain.path.faults.iter().filter(|fault| !has_its_own_check(fault)).collect();
        let signature = faults.iter().all(|fault| matches!(fault, Fault::BadSignature { .. }));
        let faults: Vec<String> = faults.into_iter().map(fault_words).collect();
        let is_of_anchor = |fault: &Fault| {
            matches!(fault, Fault::TrustAnchorExpired { .. } | Fault::TrustAnchorNotYetValid { .. })
        };
        let anchor = fault(chain, is_of_anchor).is_some();
        let barred = fault(chain, is_of_leafs_key_usage).map(|_| barred(subject));
        if let Some(Err(unreadable)) = chain.certificates.first() {
            let empty = subject.facts.sends_empty_certificate();
            return Outcome::Found(Evidence::CertificateUnreadable {
                why: unreadable_words(unreadable),
                empty,
            });
        }
        if faults.is_empty() && is_unknown(chain) {
            return unknown(chain);
        }
        found((!faults.is_empty()).then_some(faults), |faults| Evidence::CertificatePathInvalid {
            faults,
            anchor,
            signature,
            barred,
        })
    },
};

static PATH_UNKNOWN: Check = Check {
    id: "certificate-path-unknown",
    severity: Severity::Warning,
    basis: "RFC 5280 §6.1; RFC 4158 §5.2",
    title: mark!("Whether a certification path holds is not known"),
    examine: |subject| {
        with_leaf(subject, |chain, _| {
            if is_given_up(chain) {
                return Outcome::Found(Evidence::CertificatePathGivenUp);
            }
            // A path that leads nowhere does not hold, whatever else is not known of it.
            let faults = &chain.path.faults;
            let leads_nowhere = faults.iter().any(leads_nowhere);
            let limits = faults.iter().filter(|fault| fault.is_unknown() && !leads_nowhere).map(fault_words);
            let limits: Vec<String> = limits.collect();
            found((!limits.is_empty()).then_some(limits), |limits| Evidence::CertificatePathUnknown {
                limits,
            })
        })
    },
};

/// webpki does not ask about this, OpenSSL only in TLS 1.2 and older of an ECDSA key, and GnuTLS always, of whoever looks at nothing else of a certificate.
static KEY_USAGE: Check = Check {
    id: "certificate-key-usage",
    severity: Severity::Warning,
    basis: "RFC 8446 §4.4.2.2; RFC 5246 §7.4.2",
    title: mark!("The certificate's key usage does not allow the handshake"),
    examine: |subject| {
        with_leaf(subject, |chain, leaf| {
            let Some(usage) = leaf.key_usage else { return Outcome::Passed };
            if fault(chain, is_of_leafs_key_usage).is_some() {
                return Outcome::NotApplicable(mark!("the path breaks a rule by it, which says more"));
            }
            match subject.facts.handshake {
                None => subject.no_tls(),
                Some(handshake) if !is_offered(handshake) => {
                    Outcome::NotTested(say!("the server chose what it had not been offered").into())
                }
                Some(handshake) => {
                    let lacks = match key_use(handshake.suite) {
                        Some(KeyUse::Signature) if !usage.is_for_signatures() => Some("digitalSignature"),
                        Some(KeyUse::Encipherment) if !usage.is_for_key_encipherment() => {
                            Some("keyEncipherment")
                        }
                        _ => None,
                    };
                    found(lacks, |lacks| Evidence::CertificateKeyUsage { lacks, barred: barred(subject) })
                }
            }
        })
    },
};

static WEAK_KEY: Check = Check {
    id: "certificate-weak-key",
    severity: Severity::Warning,
    basis: "RFC 9325 §4.5",
    title: mark!("A key is too short"),
    examine: |subject| {
        with_leaf(subject, |chain, _| {
            let keys = chain.certificates.iter().enumerate().filter_map(|(place, read)| {
                let facts = read.as_ref().ok()?;
                let is_root = place > 0 && facts.is_self_issued;
                (!is_root).then_some((place, &facts.key))
            });
            let unmeasured = keys.clone().map(|(_, key)| key).find(|key| key.bits().is_none());
            let keys = keys.filter(|(_, key)| key.is_weak()).map(|(place, key)| (place, key.to_string()));
            let keys: Vec<_> = keys.collect();
            if let Some(key) = unmeasured.filter(|_| keys.is_empty()) {
                return Outcome::NotTested(say!("this test measures no key of the kind {key}").into());
            }
            found((!keys.is_empty()).then_some(keys), |keys| Evidence::CertificateWeakKey { keys })
        })
    },
};

static WEAK_SIGNATURE: Check = Check {
    id: "certificate-weak-signature",
    severity: Severity::Warning,
    basis: "RFC 6151; RFC 6194; RFC 9155",
    title: mark!("A signature rests on MD5 or SHA-1"),
    examine: |subject| {
        with_leaf(subject, |chain, _| {
            let signatures = chain.weak_signatures.iter().filter_map(|place| {
                let facts = chain.certificates.get(*place)?.as_ref().ok()?;
                Some((*place, facts.signature_algorithm.to_string()))
            });
            let signatures: Vec<_> = signatures.collect();
            found((!signatures.is_empty()).then_some(signatures), |signatures| {
                Evidence::CertificateWeakSignature { signatures }
            })
        })
    },
};

static COMMON_NAME_ONLY: Check = Check {
    id: "certificate-common-name-only",
    severity: Severity::Warning,
    basis: "RFC 9525 §2",
    title: mark!("Only the common name carries the name"),
    examine: |subject| {
        with_leaf(subject, |chain, leaf| {
            let no_names = leaf.subject_alt_names.as_ref().is_none_or(Vec::is_empty);
            let name = leaf.common_name.clone().filter(|_| no_names);
            let matches = matches!(chain.identity, Some(Identity::CommonNameOnly(_)));
            found(name, |name| Evidence::CertificateCommonNameOnly { name, matches })
        })
    },
};

static SERIAL_NUMBER: Check = Check {
    id: "certificate-serial-number",
    severity: Severity::Notice,
    basis: "RFC 5280 §4.1.2.2",
    title: mark!("A serial number is negative, zero or too long"),
    examine: |subject| {
        with_leaf(subject, |chain, _| {
            let numbers = chain.certificates.iter().enumerate().filter_map(|(place, read)| {
                let facts = read.as_ref().ok()?;
                // A sender has its own root, and does not look at this one.
                let is_root = place > 0 && facts.is_self_issued;
                odd_serial_number(&facts.serial).filter(|_| !is_root).map(|odd| (place, odd))
            });
            let numbers: Vec<_> = numbers.collect();
            found((!numbers.is_empty()).then_some(numbers), |numbers| Evidence::CertificateSerialNumber {
                numbers,
            })
        })
    },
};

/// What is odd about a serial number, its content octets in hex with colons.
fn odd_serial_number(serial: &str) -> Option<String> {
    let octets = serial.split(':').count();
    let first = serial.get(..2).and_then(|first| u8::from_str_radix(first, 16).ok())?;
    Some(match octets {
        _ if serial.bytes().all(|digit| matches!(digit, b'0' | b':')) => {
            say!("the serial number 0").to_owned()
        }
        _ if first >= 0x80 => say!("a negative serial number").to_owned(),
        // A first octet 00 keeps the number above zero; whether it counts, the RFC does not say.
        21.. if octets > 21 || first > 0 => say!("a serial number of {octets} octets"),
        _ => return None,
    })
}

fn is_of_leafs_key_usage(fault: &Fault) -> bool {
    *fault == Fault::WrongKeyUsage { certificate: 0 }
}

/// By whom TLS is ended, where the leaf's key usage lacks what the handshake needs.
fn barred(subject: &Subject<'_>) -> Barred {
    match subject.facts.handshake {
        Some(handshake) if is_offered(handshake) && wants_ecdsa(handshake.suite) => Barred::All,
        _ => Barred::Some,
    }
}

fn is_given_up(chain: &ChainFacts) -> bool {
    fault(chain, |fault| *fault == Fault::SearchGivenUp).is_some()
}

/// Whether this test's limits leave it open that the path holds.
fn is_unknown(chain: &ChainFacts) -> bool {
    fault(chain, Fault::is_unknown).is_some()
}

fn unknown(chain: &ChainFacts) -> Outcome {
    Outcome::NotTested(match is_given_up(chain) {
        true => say!("the search for a path was given up").into(),
        false => say!("this test cannot verify the whole path").into(),
    })
}

fn leads_nowhere(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::SelfSigned
            | Fault::MissingIntermediate { .. }
            | Fault::UntrustedRoot { .. }
            | Fault::BadSignature { .. }
    )
}

fn found<T>(evidence: Option<T>, of: impl FnOnce(T) -> Evidence) -> Outcome {
    evidence.map_or(Outcome::Passed, |evidence| Outcome::Found(of(evidence)))
}

fn fault(chain: &ChainFacts, is: impl Fn(&Fault) -> bool) -> Option<&Fault> {
    chain.path.faults.iter().find(|fault| is(fault))
}

fn has_its_own_check(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Expired { .. }
            | Fault::NotYetValid { .. }
            | Fault::SelfSigned
            | Fault::MissingIntermediate { .. }
            | Fault::UntrustedRoot { .. }
            | Fault::WeakSignature { .. }
    ) || fault.is_unknown()
}

/// Asks about a leaf that can be read.
fn with_leaf(subject: &Subject<'_>, ask: impl FnOnce(&ChainFacts, &pki::Certificate) -> Outcome) -> Outcome {
    let Some(chain) = subject.chain else { return no_certificate(subject) };
    match chain.leaf() {
        Some(leaf) => ask(chain, leaf),
        None => Outcome::NotTested(say!("the certificate cannot be read").into()),
    }
}

fn no_certificate(subject: &Subject<'_>) -> Outcome {
    match subject.facts.chain {
        // Whoever does not offer such suites may well be shown one.
        _ if subject.facts.is_anonymous() => {
            Outcome::NotTested(say!("the cipher suite is anonymous, and shows no certificate").into())
        }
        Some(_) => Outcome::NotTested(say!("the server sent no certificate").into()),
        None => subject.no_tls(),
    }
}
