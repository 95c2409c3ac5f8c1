//! A handshake that fails, and a STARTTLS that is refused.

use heloscope_words::{mark, say, spoken};

use super::tls::NAME_FIX;
use super::{Advice, Audience};
use crate::checks::{Handshaking, Refused};

pub(super) fn starttls_refused(refused: &Refused, audience: Audience) -> Advice {
    let Refused { code, said, .. } = refused;
    Advice {
        title: say!("STARTTLS is offered but refused with {code}"),
        explanation: format!("{said} {}", starttls_broken(audience)),
        fix: match code {
            500 | 502 | 503 => {
                say!("Switch STARTTLS on (Postfix: smtpd_tls_security_level = may; Exim: tls_advertise_hosts), or stop offering \
                 it. If the server's log shows another command, or none, a proxy, filter or device before it takes STARTTLS \
                 away; if the log does not know the connection, that device answered.")
            }
            501 | 504 => {
                say!("The command was STARTTLS and nothing more, as RFC 3207 §4 demands. If the server's log shows something \
                 else, a proxy, filter or device before it altered the command; if not, update the server.")
            }
            530 => {
                say!("Look in the server's log for the command that it got: if it was STARTTLS, let the server take it before \
                 anything else; if not, a proxy, filter or device before it altered it.")
            }
            535 | 550 | 551 | 553 | 554 => {
                say!("Look in the server's log for the rule that refused STARTTLS: it must be open to everyone to whom it is \
                 offered.")
            }
            _ => {
                say!("Look in the server's log for why TLS is not available: a certificate or key that is missing, unreadable or \
                 does not match is the usual cause. If the log shows no such command, a device on the path altered it.")
            }
        }
        .to_owned(),
    }
}

/// A code that is neither 220 nor a refusal.
pub(super) fn starttls_answered_oddly(refused: &Refused, audience: Audience) -> Advice {
    let Refused { code, said, .. } = refused;
    let code = format!("{code:03}");
    Advice {
        title: say!("STARTTLS is offered but answered with {code}, not 220"),
        explanation: say!(
            "{said} Only 220 lets TLS begin (RFC 3207 §4). {}",
            starttls_broken(audience)
        ),
        fix: say!("Let the server answer STARTTLS with 220, or not offer it. If it does, look for what answers in its place, or \
              sends a reply too many before: a proxy, a filter, a device on the path.")
            .to_owned(),
    }
}

pub(super) fn starttls_failed(failed: &Handshaking, audience: Audience) -> Advice {
    Advice {
        title: match failed.begun {
            true if failed.open => {
                say!("STARTTLS is offered but the handshake fails with a hello like this test's").to_owned()
            }
            true => say!("STARTTLS is offered but the handshake fails").to_owned(),
            false => say!("STARTTLS is offered but the server hangs up at it").to_owned(),
        },
        explanation: format!(
            "{}{} {}",
            failed.said,
            besides(failed),
            match failed.open {
                true => starttls_broken_today(audience),
                false => starttls_broken(audience),
            }
        ),
        fix: test_again(failed, handshake_fix(failed)),
    }
}

pub(super) fn failed(failed: &Handshaking) -> Advice {
    let clients = match failed.open {
        true => spoken(CLIENTS_TODAY),
        false => say!("Mail clients set to TLS on this port cannot send mail."),
    };
    Advice {
        title: match failed.open {
            true => say!("TLS does not come up with a hello like this test's").to_owned(),
            false => say!("TLS does not come up").to_owned(),
        },
        explanation: say!(
            "{}{} {clients} Other mail servers do not use this port: opportunistic, MTA-STS and DANE senders are not \
             affected.",
            failed.said,
            besides(failed)
        ),
        fix: test_again(failed, &failed_fix(failed)),
    }
}

fn failed_fix(failed: &Handshaking) -> String {
    match (&failed.choice, failed.client_certificate_requested) {
        // It speaks TLS.
        _ if failed.bad_signature || failed.name_refused => handshake_fix(failed).to_owned(),
        (None, false) if failed.no_tls => say!(
            "Let TLS begin with the first octet on this port (Postfix: smtpd_tls_wrappermode = yes; Exim: \
             tls_on_connect_ports). If the server is set up so, look for what answers in its place: another service, or a \
             proxy or filter before it."
        )
        .to_owned(),
        (Some(_), _) | (_, true) => handshake_fix(failed).to_owned(),
        (None, false) => say!(
            "On port 465 TLS begins with the first octet (Postfix: smtpd_tls_wrappermode = yes; Exim: \
             tls_on_connect_ports = 465). {}",
            spoken(HANDSHAKE_FIX)
        ),
    }
}

fn starttls_broken(audience: Audience) -> String {
    audience.says(STARTTLS_BROKEN, mark!("Mail clients set to STARTTLS cannot send mail."))
}

/// What senders do where TLS does not come up.
pub(super) const STARTTLS_BROKEN: &str = mark!(
    "Opportunistic senders deliver in clear text after a failed attempt, or keep the mail queued. Senders \
     that enforce MTA-STS do not deliver (RFC 8461 §5), nor do DANE senders where TLSA records are published \
     for this host (RFC 7672 §2.2)."
);

/// As far as is known where a hello that offers what is old as well could not be tried.
fn starttls_broken_today(audience: Audience) -> String {
    audience.says(
        mark!(
            "With a hello like this test's opportunistic senders deliver in clear text after a failed attempt, or keep the mail \
             queued; senders that enforce MTA-STS do not deliver (RFC 8461 §5), nor do DANE senders where TLSA records are \
             published for this host (RFC 7672 §2.2). Those whose hello offers something else may get through."
        ),
        CLIENTS_TODAY,
    )
}

const CLIENTS_TODAY: &str = mark!(
    "Mail clients with a hello like this test's cannot send mail. Those whose hello offers something else may get through."
);

/// Where a hello could not be tried, a later test may.
fn test_again(failed: &Handshaking, fix: &str) -> String {
    match failed.again {
        true => say!("{fix} Test again later: the hello that could not be tried this time tells more."),
        false => fix.to_owned(),
    }
}

const HANDSHAKE_FIX: &str = mark!(
    "Allow TLS 1.2 and 1.3 with ECDHE over X25519 or P-256 and AES-GCM or ChaCha20, see that certificate \
                             and key belong together and that the server can read them, and look in its log \
                             for the handshake's error."
);

const BAD_SIGNATURE_FIX: &str = mark!(
    "Give the server the key that belongs to its certificate, in every place that answers under \
     this name, proxies that end TLS included. If it has it, test from another network: something \
     on the path may answer in its place."
);

fn handshake_fix(failed: &Handshaking) -> &'static str {
    match failed.client_certificate_requested {
        _ if failed.bad_signature => spoken(BAD_SIGNATURE_FIX),
        _ if failed.name_refused => spoken(NAME_FIX),
        false if failed.no_tls => {
            say!(
                "Let TLS begin right after the 220 to STARTTLS (RFC 3207 §4). If the server's log shows nothing of the \
                 handshake, look for what answered in its place: a proxy, filter or device before it that took STARTTLS and \
                 does not speak TLS."
            )
        }
        true => {
            say!(
                "Stop requiring a client certificate (Postfix: smtpd_tls_req_ccert = no; Exim: leave tls_verify_hosts empty, \
             tls_try_verify_hosts asks and does not require; OpenSMTPD: no verify in the listen rule). If the server only \
             asks for one, look in its log for the handshake's error."
            )
        }
        false if !failed.begun => {
            say!(
                "Look in the server's log for why it ended the connection at STARTTLS: a certificate or key that it cannot read, a \
                 process that crashes. If the log shows no such command, look for what ended it before the server: a proxy, a \
                 filter, a device on the path."
            )
        }
        false => spoken(HANDSHAKE_FIX),
    }
}

/// What else is known of a handshake that failed.
fn besides(failed: &Handshaking) -> String {
    let mut words = String::new();
    if let Some(choice) = failed.choice.as_ref().filter(|_| !failed.taken) {
        words.push_str(&say!(" The server answered a hello of an older form, and chose {choice}."));
    }
    // The alert has said it.
    if failed.client_certificate_requested && !failed.client_certificate_required && !failed.taken {
        words.push_str(say!(
            " The server asked for a client certificate, which mail servers and mail clients do not have as a rule."
        ));
    }
    words
}
