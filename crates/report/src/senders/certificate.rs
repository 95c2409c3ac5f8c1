//! How a certificate stands with each kind of sender.

use heloscope_words::{mark, say, spoken};

use super::{Tested, has};
use crate::words::barred_by_key_usage;
use crate::{Certificate, Trust};

/// How the certificate stands for this host.
pub(super) enum Standing {
    /// In which words.
    Holds(&'static str),
    /// Nothing is known to stand against it, and on what that hangs, to stand after "if".
    Unknown(&'static str),
    /// Why it does not hold.
    Against(String),
}

const WEAK_SIGNATURE: &str = "certificate-weak-signature";

/// What stands against a certificate.
const ALL: [&str; 9] = [
    "certificate-expired",
    "certificate-not-yet-valid",
    "certificate-hostname-mismatch",
    "certificate-common-name-only",
    "certificate-self-signed",
    "certificate-chain-incomplete",
    "certificate-untrusted",
    "certificate-path-invalid",
    WEAK_SIGNATURE,
];

pub(super) fn standing(port: Tested<'_>) -> Standing {
    let Some(certificate) = &port.certificate else {
        return match sends_none(port) {
            true => Standing::Against(say!("the server sent no certificate").to_owned()),
            false => Standing::Unknown(say!("the certificate holds: this test did not see it")),
        };
    };
    if certificate.chain_valid == Some(true) && certificate.hostname_match == Some(true) {
        return Standing::Holds(match certificate.trust {
            Some(Trust::Private) => {
                say!("the certificate holds where the trust anchor added here is trusted")
            }
            _ => say!("the certificate holds"),
        });
    }
    match phrases(port, &ALL) {
        Some(phrases) => Standing::Against(say!("the certificate is {phrases}")),
        None if has(port, "certificate-path-unknown") => Standing::Unknown(say!(
            "its TLS library finds that a path to a root that it trusts holds: this test could not tell"
        )),
        None => Standing::Against(say!("the certificate does not hold").to_owned()),
    }
}

/// Whether a signature by MD5 or SHA-1 is all that stands against the certificate.
pub(super) fn is_weakly_signed_alone(port: Tested<'_>) -> bool {
    let other = ALL.iter().any(|id| *id != WEAK_SIGNATURE && has(port, id));
    has(port, WEAK_SIGNATURE) && !other && !has(port, "certificate-path-unknown")
}

/// Whether those who go by the key usage end TLS at it, and look no further: GnuTLS does.
pub(super) fn is_key_usage_against(port: Tested<'_>) -> bool {
    let path = port.certificate.as_ref().and_then(|leaf| leaf.chain_error_text.as_deref());
    has(port, "certificate-key-usage") || path.is_some_and(|path| path.contains(barred_by_key_usage()))
}

/// TLSA records are not looked up: what each usage would make of the certificate.
pub(super) fn dane(port: Tested<'_>) -> String {
    // Not that only the common name carries the name: there it counts, RFC 7672 §3.2.3.
    const TA: [&str; 5] = [
        "certificate-expired",
        "certificate-not-yet-valid",
        "certificate-hostname-mismatch",
        "certificate-chain-incomplete",
        "certificate-path-invalid",
    ];
    if port.certificate.is_none() && !sends_none(port) {
        return say!("TLSA records were not looked up. Where there are any it delivers only if one matches the certificate or its key: \
                this test did not see the certificate. Without records, as an opportunistic sender.")
            .to_owned();
    }
    if port.certificate.is_none() {
        return say!("TLSA records were not looked up. Where there are any it does not deliver: the server sent no certificate for \
                them to match. Without records, as an opportunistic sender.")
            .to_owned();
    }
    let anchor = match phrases(port, &TA) {
        Some(against) => say!("and the certificate is {against}"),
        None if has(port, "certificate-path-unknown") => {
            say!("and whether the chain leads to the certificate in the record is not known").to_owned()
        }
        None if has(port, "certificate-weak-key") || has(port, "certificate-weak-signature") => {
            say!("and hold; its TLS library may refuse a key or a signature so weak").to_owned()
        }
        None => say!("and hold").to_owned(),
    };
    say!(
        "TLSA records were not looked up. With DANE-EE(3) it delivers if the record matches the server's \
         key, whatever the certificate's name, dates and issuer; with DANE-TA(2) name, dates and the chain up to the \
         certificate in the record count as well, {anchor}. Without records, as an opportunistic sender."
    )
}

/// Whether the server sent no certificate, where none was seen: it does not any more once the handshake is finished. One that
/// chose an anonymous cipher suite may have a certificate for whoever offers no such suite.
fn sends_none(port: Tested<'_>) -> bool {
    port.tls.as_ref().is_some_and(|tls| tls.completed)
}

/// What stands against the certificate by those findings, to stand after "is".
fn phrases(port: Tested<'_>, ids: &[&str]) -> Option<String> {
    let leaf = port.certificate.as_ref().map(|leaf| &leaf.facts);
    let is_leaf = |holds: fn(&Certificate, &str) -> bool| leaf.is_none_or(|leaf| holds(leaf, port.at));
    let nameless = leaf.is_some_and(|leaf| leaf.sans_total == 0);
    let found = ids.iter().filter(|id| has(port, id)).filter_map(|id| {
        Some(spoken(match *id {
            "certificate-expired" if is_leaf(is_expired) => mark!("expired"),
            "certificate-expired" => mark!("on a path with an expired certificate"),
            "certificate-not-yet-valid" if is_leaf(is_ahead) => mark!("not valid yet"),
            "certificate-not-yet-valid" => mark!("on a path with a certificate that is not valid yet"),
            "certificate-hostname-mismatch" if nameless => mark!("without any host name"),
            "certificate-hostname-mismatch" => mark!("for another name"),
            // Then its common name is another.
            "certificate-common-name-only" if has(port, "certificate-hostname-mismatch") => return None,
            "certificate-common-name-only" => mark!("named by its common name only"),
            "certificate-self-signed" => mark!("self-signed"),
            "certificate-chain-incomplete" => mark!("sent without its issuer's"),
            "certificate-untrusted" if port.chain.iter().any(is_a_root) => {
                mark!("from a root that is not trusted")
            }
            "certificate-untrusted" => mark!("without a path to a trusted root"),
            "certificate-path-invalid" if leaf.is_some_and(|leaf| leaf.unreadable.is_some()) => {
                mark!("unreadable")
            }
            "certificate-path-invalid" => mark!("on a path that breaks a rule"),
            _ => mark!("signed with MD5 or SHA-1"),
        }))
    });
    let found: Vec<&str> = found.collect();
    let (last, before) = found.split_last()?;
    Some(if before.is_empty() { (*last).to_owned() } else { say!("{} and {last}", before.join(", ")) })
}

fn is_expired(certificate: &Certificate, _: &str) -> bool {
    certificate.days_remaining.is_some_and(|days| days < 0)
}

/// Times of RFC 3339 in UTC stand in the order of their text.
fn is_ahead(certificate: &Certificate, at: &str) -> bool {
    certificate.not_before.as_deref().is_some_and(|not_before| not_before > at)
}

fn is_a_root(certificate: &Certificate) -> bool {
    certificate.subject.is_some() && certificate.subject == certificate.issuer
}
