//! How a certificate stands with each kind of sender.

use heloscope_words::{mark, say, spoken};

use super::has;
use crate::Port;

pub(super) fn finds_a_path() -> &'static str {
    say!("its TLS library finds a path to a root that it trusts: this test gave up the search for one")
}

/// How the certificate stands for this host.
pub(super) enum Standing {
    Holds,
    /// The search for a path was given up, and nothing else stands against it.
    Unknown,
    /// Why it does not hold.
    Against(String),
}

pub(super) fn standing(port: &Port) -> Standing {
    const ALL: [&str; 9] = [
        "certificate-expired",
        "certificate-not-yet-valid",
        "certificate-hostname-mismatch",
        "certificate-common-name-only",
        "certificate-self-signed",
        "certificate-chain-incomplete",
        "certificate-untrusted",
        "certificate-path-invalid",
        "certificate-weak-signature",
    ];
    let Some(certificate) = &port.certificate else {
        return Standing::Against(say!("the server sent no certificate").to_owned());
    };
    if certificate.chain_valid && certificate.hostname_match {
        return Standing::Holds;
    }
    match phrases(port, &ALL) {
        Some(phrases) => Standing::Against(say!("the certificate is {phrases}")),
        None if has(port, "certificate-path-unknown") => Standing::Unknown,
        None => Standing::Against(say!("the certificate does not hold").to_owned()),
    }
}

/// TLSA records are not looked up: what each usage would make of the certificate.
pub(super) fn dane(port: &Port) -> String {
    const TA: [&str; 6] = [
        "certificate-expired",
        "certificate-not-yet-valid",
        "certificate-hostname-mismatch",
        "certificate-common-name-only",
        "certificate-chain-incomplete",
        "certificate-path-invalid",
    ];
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
        None => say!("and hold").to_owned(),
    };
    say!(
        "TLSA records were not looked up. With DANE-EE(3) it delivers if the record matches the server's \
         key, whatever the certificate's name, dates and issuer; with DANE-TA(2) name, dates and the chain up to the \
         certificate in the record count as well, {anchor}. Without records, as an opportunistic sender."
    )
}

/// What stands against the certificate by those findings, to stand after "is".
fn phrases(port: &Port, ids: &[&str]) -> Option<String> {
    let unreadable = port.certificate.as_ref().is_some_and(|leaf| leaf.facts.unreadable.is_some());
    let found = ids.iter().filter(|id| has(port, id)).map(|id| {
        spoken(match *id {
            "certificate-expired" => mark!("expired"),
            "certificate-not-yet-valid" => mark!("not valid yet"),
            "certificate-hostname-mismatch" => mark!("for another name"),
            "certificate-common-name-only" => mark!("named by its common name only"),
            "certificate-self-signed" => mark!("self-signed"),
            "certificate-chain-incomplete" => mark!("sent without an intermediate"),
            "certificate-untrusted" => mark!("from a root that is not trusted"),
            "certificate-path-invalid" if unreadable => mark!("unreadable"),
            "certificate-path-invalid" => mark!("on a path that breaks a rule"),
            _ => mark!("signed with MD5 or SHA-1"),
        })
    });
    let found: Vec<&str> = found.collect();
    let (last, before) = found.split_last()?;
    Some(if before.is_empty() { (*last).to_owned() } else { say!("{} and {last}", before.join(", ")) })
}
