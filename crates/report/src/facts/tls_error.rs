//! What TLS has to do with the end of a port's test, in words.

use heloscope_observation::{
    AlertDescription, Handshake, RefusalCode, Stage, TlsFailure, TlsVersion, Unoffered,
};
use heloscope_words::{plural, say, spoken};

use super::by_hand::{ByHand, NOT_BY_AGE, NOT_IN_TLS_1_3, age_blamed, is_refused_by_hand};
use super::protocol::protocol_broken;
use super::{Answer, Cause, Failure, PortFacts, choice};
use crate::ErrorCode;
use crate::names::{
    alert_meaning, alert_name, is_offered, is_spoken, suite_name, version_name, warning_words,
};
use crate::visible::visible_line;
use crate::words::{Likeness, first_line};

/// The error by which TLS failed.
pub(super) fn tls_failure(failure: &TlsFailure, facts: &PortFacts<'_>) -> (ErrorCode, String) {
    match failure {
        TlsFailure::Alert(alert) => {
            let age_is_not_it = is_refused_by_hand(facts)
                || facts.handshake.is_some_and(|read| is_offered(read) && is_spoken(read));
            let blamed = age_blamed(Cause::Tls(failure));
            let meaning = match blamed.filter(|_| age_is_not_it).or_else(|| alert_meaning(*alert)) {
                _ if *alert == AlertDescription::UNRECOGNIZED_NAME && !facts.names_host => Some(say!(
                    "The hello named no host, for this one was given by its address (RFC 6066 §3): the server seems to demand a \
                     name. Test it by the name that senders ask for."
                )),
                // It has chosen among what was offered.
                _ if blamed.is_some() && facts.first_hello_taken => None,
                // It says little about a hello that offers all of what was then chosen.
                meaning if blamed.is_none() && facts.is_other_form() => {
                    meaning.filter(|_| matches!(alert.0, 10 | 20..=30 | 47 | 50 | 110))
                }
                // The handshake is over, and what it was about with it.
                _ if facts.tls_stood() => None,
                meaning => meaning,
            };
            let meaning = meaning.map(|meaning| format!(" {meaning}")).unwrap_or_default();
            (
                ErrorCode::TlsAlert,
                say!("The server ended TLS with the alert {}.{meaning}", alert_name(*alert)),
            )
        }
        TlsFailure::NotTls(octets) => {
            let begun = visible_line(first_line(octets), 0);
            let likeness = Likeness::of(octets);
            let clear_text = !matches!(likeness, Likeness::Binary | Likeness::Tls);
            if facts.is_encrypted() {
                let words = match clear_text {
                    true => say!("The server left TLS, and went on in clear text: “{begun}”."),
                    false => say!("What the server sent inside TLS is no TLS record: “{begun}”."),
                };
                (ErrorCode::TlsFailed, words)
            } else if facts.is_implicit() && clear_text {
                let words = match likeness {
                    Likeness::Smtp => say!(
                        "The server speaks clear text where TLS begins with the first octet: “{begun}”. The port \
                         is set up without implicit TLS."
                    ),
                    _ => say!(
                        "The server speaks clear text where TLS begins with the first octet: “{begun}”. Either the port \
                         is set up without implicit TLS, or something else than a mail server answers there."
                    ),
                };
                (ErrorCode::PlaintextOnImplicitTls, words)
            } else {
                let words = match octets.first().filter(|_| likeness == Likeness::Tls) {
                    Some(20) => too_early("change_cipher_spec", &begun),
                    Some(23) => too_early("application_data", &begun),
                    _ => say!("What the server sent where TLS was to begin is no TLS record: “{begun}”."),
                };
                (ErrorCode::TlsFailed, words)
            }
        }
        TlsFailure::Protocol(said) => (ErrorCode::TlsFailed, protocol_broken(said)),
        TlsFailure::UnverifiedKey => {
            let words = say!(
                "This test verifies no signature by a key such as the certificate's, and finished no handshake: nothing inside TLS \
                 was tested. That the server holds the key of its certificate is not known."
            );
            (ErrorCode::TlsFailed, words.to_owned())
        }
        TlsFailure::BadSignature => {
            let words = say!(
                "The server did not prove that it holds the key of its certificate: the signature in \
                         the handshake does not verify. Either certificate and key do not belong together, \
                         or someone on the path posed as the server."
            );
            (ErrorCode::TlsFailed, words.to_owned())
        }
    }
}

/// A record that no handshake begins with, RFC 8446 §5.1.
fn too_early(kind: &str, begun: &str) -> String {
    say!(
        "The server sent a TLS record of {kind} where the handshake was to begin, which is too early: “{begun}”."
    )
}

/// What came before the failure and what was tried after it, sentences to stand after its own.
pub(super) fn tls_told(failure: &Failure<'_>, facts: &PortFacts<'_>) -> String {
    let stage = failure.stage;
    let mut told = String::new();
    told.extend(facts.early_alert().map(|alert| {
        say!(" Before the hello was sent the server had ended TLS with the alert {}.", alert_name(alert))
    }));
    if stage == Stage::Tls && !facts.is_encrypted() {
        told.extend(facts.second_hello.map(second_hello));
        told.extend(warned_before(&facts.warned, facts.names_host).filter(|_| !failure.is_unverified_key()));
    }
    if stage == Stage::Tls && facts.first_hello_taken && breaks_off(failure.cause) {
        told.push_str(&taken(facts));
    }
    if facts.tls_cut_off && matches!(failure.cause, Cause::Closed(_)) {
        told.push_str(&say!(
            " The connection was closed without TLS's close_notify, which {} demands: that it was the server, and not something on the \
             path, cannot be told.",
            close_notify_basis(facts)
        ));
    }
    if let Some(answer) = facts.answer().filter(|_| !failure.is_unverified_key()) {
        told.push_str(&answered(answer));
        // Of what is read of a clear flight no signature is verified; where there is a certificate to read.
        if facts.chain.is_some() {
            told.push_str(say!(" That the server holds the key of its certificate is not known."));
        }
    }
    told.extend(facts.handshake.filter(|read| !read.completed).and_then(|read| no_answer(read, facts)));
    if stage == Stage::Tls && facts.handshake.is_none() {
        told.extend(facts.by_hand.iter().map(ByHand::words));
        if facts.may_speak_tls_1_3_alone() {
            told.push_str(spoken(NOT_IN_TLS_1_3));
        } else if is_refused_by_hand(facts) && age_blamed(failure.cause).is_some() {
            told.push_str(spoken(NOT_BY_AGE));
        }
    }
    told
}

fn answered(answer: Answer<'_>) -> String {
    match answer {
        Answer::Unspoken(read) => say!(
            " The server answered a hello of an older form, and chose {}. This test reads that answer, but finishes no \
             handshake of this kind: nothing inside TLS was tested.",
            choice(read)
        ),
        Answer::OtherForm(read) => say!(
            " The server answered a second hello, of an older form, and chose {}. Nothing inside TLS was tested.",
            choice(read)
        ),
        Answer::Unnamed(read) => say!(
            " The server answered another hello, which did not name it, and chose {}. Nothing inside TLS was tested.",
            choice(read)
        ),
    }
}

/// An answer to a hello made by hand that nobody can go on from.
fn no_answer(read: &Handshake, facts: &PortFacts<'_>) -> Option<String> {
    if read.unoffered == Some(Unoffered::Version) {
        let version = version_name(read.version);
        return Some(say!(
            " The server answered a second hello with {version}, which that hello did not offer."
        ));
    }
    if !is_offered(read) {
        let suite = suite_name(read.suite);
        return Some(say!(" The server answered a second hello with {suite}, which was not offered either."));
    }
    if let Some(how) = facts.answer_fault() {
        let choice = choice(read);
        if facts.falls_silent_by_hand() {
            return Some(say!(
                " The server answered a second hello, of an older form, and chose {choice}, but {how}."
            ));
        }
        return Some(say!(
            " The server answered a second hello, of an older form, and chose {choice}, but {how}: nobody can finish that \
             handshake."
        ));
    }
    facts.lacks_certificate().then(|| {
        say!(
            " The server answered a second hello, of an older form, and chose {}, but did not send the certificate that goes \
             with it.",
            choice(read)
        )
    })
}

/// Whether a server ended a handshake that it had begun.
fn breaks_off(cause: Cause<'_>) -> bool {
    match cause {
        Cause::Closed(_) | Cause::TimedOut { .. } => true,
        // This one says why by itself.
        Cause::Tls(TlsFailure::Alert(alert)) => *alert != AlertDescription::CERTIFICATE_REQUIRED,
        Cause::Refused(refusal) => refusal.code == RefusalCode::Reset,
        _ => false,
    }
}

/// What came before that.
fn taken(facts: &PortFacts<'_>) -> String {
    if let Some(chosen) = facts.first_choice {
        return say!(
            " The server had taken the hello, and chosen {}: what ends the handshake comes later.",
            choice(chosen)
        );
    }
    match facts.client_certificate_requested {
        true => say!(
            " The server had taken the hello, and asked for a client certificate, which mail servers and mail clients do not have as \
             a rule: that it demands one is the likely cause."
        ),
        false => say!(
            " The server had taken the hello, and answered it with its certificate: what ends the handshake comes later."
        ),
    }
    .to_owned()
}

/// Where the version that is spoken demands that its end is told.
pub(super) fn close_notify_basis(facts: &PortFacts<'_>) -> &'static str {
    match facts.handshake {
        Some(handshake) if handshake.version == TlsVersion::TLS_1_3 => "RFC 8446 §6.1",
        _ => "RFC 5246 §7.2.1",
    }
}

/// At which of two hellos a handshake broke off.
fn second_hello(octets: usize) -> String {
    say!(
        " Before that the server had asked for another hello (HelloRetryRequest, RFC 8446 §4.1.4), and got one of {octets} octets."
    )
}

/// What may explain that a handshake broke off.
fn warned_before(warned: &[AlertDescription], names_host: bool) -> Option<String> {
    let (first, others) = warned.split_first()?;
    let first = warning_words(*first, names_host);
    Some(match others.len() {
        0 => say!(" Before that the server had warned {first}, which may be why."),
        others => plural!(
            others,
            " Before that the server had warned {first}, and with 1 other alert, which may be why.",
            " Before that the server had warned {first}, and with {others} other alerts, which may be why."
        ),
    })
}
