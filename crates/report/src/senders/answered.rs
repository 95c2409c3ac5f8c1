//! What a sender does where its own TLS library decides: with a server that answered no hello but one made by hand.

use heloscope_words::say;

use super::certificate::{Standing, dane, standing};
use super::reach::is_hardly_spoken;
use super::{Sender, SenderOutcome, Tested, has, is_key_usage_against, leaf_key};
use crate::Tls;
use crate::names::Demand;

/// Where a hello made by hand was answered, and no handshake finished.
pub(super) fn answered(port: Tested<'_>, tls: &Tls, sender: Sender) -> (SenderOutcome, String) {
    use SenderOutcome::Refuses;
    let version = &tls.version;
    let is_old = has(port, "tls-version-weak");
    if has(port, "tls-name-refused") {
        return unnamed(sender);
    }
    let demand = Demand::of(tls, leaf_key(port.port));
    let condition = match demand.words() {
        _ if has(port, "tls-hello-intolerance") => say!("if its hello is of an older form").to_owned(),
        // Nobody offers them who looks at the certificate.
        None if sender != Sender::Opportunistic && tls.cipher_suite.contains("_anon_") => {
            say!("if the server has a certificate for hellos without anonymous cipher suites").to_owned()
        }
        Some(what) => say!("if it takes {what}"),
        None => say!("if it still speaks {version} with {}", tls.cipher_suite),
    };
    let condition = match is_key_usage_against(port) {
        true => {
            let last = passes_over_key_usage();
            say!("{} and {last}", condition)
        }
        false => condition,
    };
    match sender {
        Sender::Opportunistic => {
            let postfix = match is_old || has(port, "tls-outdated-only") {
                _ if is_hardly_spoken(port) => say!(", as hardly any does"),
                _ if is_gone_from_openssl(tls) => say!(", as OpenSSL does only where it was built to"),
                true if demand.is_openssls() => say!(", as Postfix on OpenSSL does"),
                _ => "",
            };
            opportunistic(&condition, postfix)
        }
        Sender::MtaSts if is_old => (
            Refuses,
            say!(
                "Does not deliver, as a rule: RFC 8461 §7.2 wants TLS 1.2 of both sides, and this is {version} at best."
            ),
        ),
        Sender::MailClient if is_old => {
            (Refuses, say!("Cannot send: mail clients of today refuse {version}."))
        }
        _ => conditional(port, &condition, sender),
    }
}

/// Where TLS comes up for those alone of whom the condition holds, as it does of Postfix.
pub(super) fn conditional(port: Tested<'_>, condition: &str, sender: Sender) -> (SenderOutcome, String) {
    use SenderOutcome::{Depends, Refuses};
    match sender {
        Sender::Opportunistic => opportunistic(condition, say!(", as Postfix on OpenSSL does")),
        Sender::MtaSts => match standing(port) {
            Standing::Against(faults) => (Refuses, say!("Does not deliver: {faults}.")),
            Standing::Unknown(also) => {
                (Depends, say!("Delivers {condition}, and if {also}; else not at all."))
            }
            Standing::Holds(holds) => (Depends, say!("Delivers {condition}, else not at all: {holds}.")),
        },
        Sender::MailClient => match standing(port) {
            Standing::Against(faults) => {
                (Depends, say!("Refuses the connection or warns its user: {faults}."))
            }
            Standing::Unknown(also) => (Depends, say!("Sends {condition}, and if {also}.")),
            Standing::Holds(holds) => (Depends, say!("Sends {condition}, and cannot otherwise; {holds}.")),
        },
        Sender::Dane if port.certificate.is_none() => (Depends, dane(port)),
        Sender::Dane => {
            let text = say!(
                "Where TLSA records are published TLS must come up: it does {condition}. {}",
                dane(port)
            );
            (Depends, text)
        }
    }
}

fn opportunistic(condition: &str, postfix: &str) -> (SenderOutcome, String) {
    let text = say!(
        "Delivers over TLS {condition}{postfix}; else in clear text after a failed attempt, or keeps the mail queued."
    );
    (SenderOutcome::Depends, text)
}

/// Whose TLS library, as OpenSSL, does not ask what the key may be used for.
pub(super) fn passes_over_key_usage() -> &'static str {
    say!("if its TLS library passes over the key usage")
}

/// What OpenSSL 1.1.0 and later leave out unless they are built with it.
fn is_gone_from_openssl(tls: &Tls) -> bool {
    const GONE: [&str; 8] = ["_RC4_", "_RC2_", "_DES_", "_DES40_", "_3DES_", "_EXPORT_", "_SEED_", "_IDEA_"];
    tls.version == "SSL 3.0" || GONE.iter().any(|part| tls.cipher_suite.contains(part))
}

/// Where the server refuses a hello that names it. With one that does not it may speak TLS 1.3 as well, which is not tried by
/// hand.
fn unnamed(sender: Sender) -> (SenderOutcome, String) {
    use SenderOutcome::{Depends, Refuses};
    match sender {
        Sender::Opportunistic => {
            let text = say!(
                "Delivers over TLS if its hello does not name the host, as Postfix's does not; else in clear text \
                 after a failed attempt, or keeps the mail queued."
            );
            (Depends, text.to_owned())
        }
        Sender::MtaSts => {
            (Refuses, say!("Does not deliver: it must name the host, and is refused for it.").to_owned())
        }
        Sender::Dane => {
            let text = say!(
                "TLSA records were not looked up. Where there are any it must name the host, is refused for it, and does not \
                 deliver. Without records, as an opportunistic sender."
            );
            (Depends, text.to_owned())
        }
        Sender::MailClient => {
            (Refuses, say!("Cannot send: it names the host, and is refused for it.").to_owned())
        }
    }
}
