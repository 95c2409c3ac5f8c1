//! EHLO refused, or answered with what is neither 250 nor a refusal.

use heloscope_words::{mark, say, spoken};

use super::{Advice, Audience};
use crate::checks::{Refused, is_positive, is_temporary};

pub(super) fn helo_only(refused: &Refused, inside_tls: bool, audience: Audience) -> Advice {
    let Refused { code, said, .. } = refused;
    let senders = match inside_tls {
        false if *code == 530 => {
            say!(
                "Opportunistic senders fall back to HELO, and deliver in clear text only if the server takes mail so, which was not \
             tested. Senders that enforce MTA-STS do not deliver, nor do DANE senders where TLSA records are published: without \
             EHLO nobody sees STARTTLS."
            )
        }
        true => {
            say!(
                "Senders of every kind, opportunistic, MTA-STS and DANE, fall back to HELO inside TLS and \
             deliver without extensions."
            )
        }
        false => {
            say!(
                "Opportunistic senders fall back to HELO and deliver in clear text. Senders that enforce MTA-STS \
             do not deliver, nor do DANE senders where TLSA records are published: without EHLO there is no \
             STARTTLS."
            )
        }
    };
    let follows = audience.pick(senders, say!("Mail clients cannot log in: without EHLO there is no AUTH."));
    Advice {
        title: match inside_tls {
            true => say!("Inside TLS the server refuses EHLO with {code} and takes only HELO"),
            false => say!("The server refuses EHLO with {code} and takes only HELO"),
        },
        explanation: say!(
            "{said} HELO was accepted; whatever its reply lists is no extension that is offered. {follows}"
        ),
        fix: say!(
            "Let the server answer EHLO; RFC 5321 §2.2.1 demands it. If it does, look for a device on the \
              path that refuses it."
        )
        .to_owned(),
    }
}

pub(super) fn ehlo_rejected(
    refused: &Refused,
    helo: Option<u16>,
    inside_tls: bool,
    audience: Audience,
) -> Advice {
    let Refused { code, said, .. } = refused;
    let follows = match (is_temporary(helo.unwrap_or(*code)), audience) {
        (true, Audience::Clients) => say!("A mail client that gets this answer cannot send for now."),
        // This test tries HELO where EHLO is refused for good, RFC 5321 §3.2.
        (true, _) if helo.is_none() => {
            say!(
                "A sender that gets this answer, whether opportunistic, MTA-STS or DANE, tries the domain's other mail \
             exchangers, or keeps the mail queued and comes back later. Some, such as Postfix, try HELO first, which was not \
             tested."
            )
        }
        (true, _) => {
            say!(
                "A sender that gets this answer, whether opportunistic, MTA-STS or DANE, tries the domain's other mail \
             exchangers, or keeps the mail queued and comes back later."
            )
        }
        (false, Audience::Clients) => say!("A mail client that gets this answer cannot send mail."),
        (false, _) => {
            say!(
                "A sender that gets this answer, whether opportunistic, MTA-STS or DANE, cannot deliver here."
            )
        }
    };
    Advice {
        title: match (helo, inside_tls) {
            (Some(helo), false) if helo == *code => say!("The server refuses EHLO and HELO with {code}"),
            (Some(helo), false) => say!("The server refuses EHLO with {code} and HELO with {helo}"),
            (None, false) => say!("The server refuses EHLO with {code}"),
            (Some(helo), true) if helo == *code => {
                say!("Inside TLS the server refuses EHLO and HELO with {code}")
            }
            (Some(helo), true) => say!("Inside TLS the server refuses EHLO with {code} and HELO with {helo}"),
            (None, true) => say!("Inside TLS the server refuses EHLO with {code}"),
        },
        explanation: say!("{said} What comes after EHLO was not tested. {follows}"),
        fix: ehlo_fix(refused, inside_tls).to_owned(),
    }
}

/// A code that is neither 250 nor a refusal, in the reply to HELO where that was tried.
pub(super) fn ehlo_answered_oddly(
    refused: &Refused,
    helo: Option<u16>,
    inside_tls: bool,
    audience: Audience,
) -> Advice {
    let Refused { code, said, .. } = refused;
    let follows = match is_positive(helo.unwrap_or(*code)) {
        true => by_first_digit(audience),
        false => audience.says(
            mark!("A sender that gets this answer, whether opportunistic, MTA-STS or DANE, cannot rely on it, and gives up as a \
             rule."),
            mark!("A mail client that gets this answer cannot rely on it, and gives up as a rule."),
        ),
    };
    Advice {
        title: match (helo.map(|helo| format!("{helo:03}")), inside_tls) {
            (Some(helo), false) => {
                say!("The server refuses EHLO with {code}, and answers HELO with {helo}, not 250")
            }
            (Some(helo), true) => {
                say!("Inside TLS the server refuses EHLO with {code}, and answers HELO with {helo}, not 250")
            }
            (None, false) => say!("The server answers EHLO with {}, not 250", format!("{code:03}")),
            (None, true) => say!("Inside TLS the server answers EHLO with {}, not 250", format!("{code:03}")),
        },
        explanation: say!("{said} What comes after EHLO was not tested. {follows}"),
        fix: say!("Let the server answer EHLO with 250, or refuse it with a 4xx or 5xx (RFC 5321 §4.1.1.1, §4.3.2). If it does, \
              look for what answers in its place, or sends a reply too many before: a proxy, a filter, a device on the path.")
            .to_owned(),
    }
}

/// What becomes of a code that says yes, and not as it should.
pub(super) fn by_first_digit(audience: Audience) -> String {
    audience.says(
        mark!("A sender that goes by the first digit of a reply (RFC 5321 §4.2.1), as Postfix and Exim do, goes on as usual. Any \
         other, whether opportunistic, MTA-STS or DANE, keeps the mail queued or returns it."),
        mark!("A mail client that goes by the first digit of a reply (RFC 5321 §4.2.1) goes on as usual; any other cannot send \
         mail."),
    )
}

/// What mends a refusal of EHLO, by the reply.
fn ehlo_fix(refused: &Refused, inside_tls: bool) -> &'static str {
    if refused.for_reverse_name {
        return spoken(REVERSE_NAME_FIX);
    }
    match (refused.code, refused.status) {
        (450, Some((3, 2))) => {
            say!(
                "Test again in some minutes, from the same address: Postfix's postscreen lets a client through that comes back. \
             If it never does, look for the client's address in the server's log."
            )
        }
        (400..=499, _) => {
            say!(
                "Test again later. If other clients get this answer too, look for the cause in the server's log: limits on \
             connections, a policy service that does not answer, a name or address that cannot be looked up."
            )
        }
        (500 | 502, _) => {
            say!(
                "Let the server answer EHLO; RFC 5321 §2.2.1 demands it. If it does, look for a proxy, filter or device before \
             it that does not know EHLO, or that overwrites it on the way."
            )
        }
        (503, _) => {
            say!(
                "Find out which earlier command the server or a proxy before it holds against EHLO: after the greeting, and again \
             inside TLS, EHLO is in its turn (RFC 5321 §4.1.4; RFC 3207 §4.2)."
            )
        }
        (530, _) if refused.for_log_in => {
            say!(
                "Let the server answer EHLO before it demands a log-in: only in that reply can a client see that AUTH is offered \
             (RFC 4954 §3)."
            )
        }
        (530, _) if inside_tls => {
            say!(
                "If a proxy before the server ends TLS, let the server know which connections come over TLS, so that it does not \
             demand STARTTLS once more."
            )
        }
        (530, _) => {
            say!(
                "Let the server answer EHLO before TLS too, whatever else it demands TLS for: only in that reply can a client see \
             that STARTTLS is offered (RFC 3207 §4)."
            )
        }
        (521, _) => spoken(SCREENING_FIX),
        (501 | 504 | 550 | 553 | 554, _) => {
            say!(
                "Look in the server's log for the rule that refused the name given with EHLO or the address it came from. A \
             server must not refuse mail only because that name does not verify (RFC 5321 §4.1.4)."
            )
        }
        _ => {
            say!(
                "Look in the server's log for this connection and the reason of the refusal. A server must answer EHLO (RFC 5321 \
             §2.2.1)."
            )
        }
    }
}

pub(super) const REVERSE_NAME_FIX: &str = mark!(
    "Give the address that tests a PTR record whose name has an A or AAAA record with that address, or test from one that \
     has. On the server it is a rule for clients (Postfix: reject_unknown_client_hostname, \
     reject_unknown_reverse_client_hostname); many senders with faulty DNS are turned away by it."
);

pub(super) const SCREENING_FIX: &str = mark!(
    "Look in the log of the server, and of the program that screens its clients (Postfix: postscreen), for the test that \
     this address did not pass. If a block list is at work, ask its operator about the address."
);
