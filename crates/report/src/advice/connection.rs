use heloscope_words::{mark, say, spoken};

use super::ehlo::{REVERSE_NAME_FIX, SCREENING_FIX, by_first_digit};
use super::{Advice, Audience};
use crate::ErrorCode;
use crate::checks::{Refused, is_positive};
use crate::words::Likeness;

pub(super) fn name_not_found() -> Advice {
    Advice {
        title: say!("The host name does not exist, or has no address").to_owned(),
        explanation: say!(
            "The DNS has no A or AAAA record of this name, so nothing could be tested. If it stands \
                      in an MX record, no sender can deliver to it, whether opportunistic, MTA-STS or DANE; \
                      mail clients cannot find it."
        )
        .to_owned(),
        fix: say!(
            "Look for a typing error. Test the name of a mail server, not the domain behind the @: that is \
              the name in the domain's MX record. Otherwise add the A or AAAA record."
        )
        .to_owned(),
    }
}

pub(super) fn connect_failed(code: ErrorCode, spare: bool, all_time_out: bool, audience: Audience) -> Advice {
    let (title, happened) = match code {
        ErrorCode::ConnectionRefused => (
            say!("The connection is refused"),
            say!("The host answered that nothing listens on this port, or a firewall answered in its place."),
        ),
        ErrorCode::Unreachable => (
            say!("The host is unreachable"),
            say!("A router or firewall answered that there is no way to the host, or none for this port."),
        ),
        ErrorCode::Reset => (
            say!("The connection is reset"),
            say!("The connection was reset before it was made, by the host or by a firewall."),
        ),
        _ => (
            say!("Nothing answers on this port"),
            say!("No answer came in time: a firewall drops the packets, or the host is down."),
        ),
    };
    let mut explanation = happened.to_owned();
    let silent = code != ErrorCode::ConnectionRefused;
    if silent && audience == Audience::Senders {
        explanation.push_str(say!(
            " Many networks, those of cloud and home providers above all, block connections to port 25: it \
             may be the network that the test was made from, and not the server."
        ));
    }
    if all_time_out {
        explanation.push_str(say!(" No port of the host answered."));
    }
    explanation.push(' ');
    explanation.push_str(&match spare {
        true => say!("Another submission port of this host answers, so clients that use that one are not \
                 affected. One of 465 and 587 is enough.")
            .to_owned(),
        false => audience.says(
            mark!("No sender can deliver here, whether opportunistic, MTA-STS or DANE. Senders try the domain's \
             other mail exchangers, and where there are none keep the mail queued, as a rule for four to \
             five days."),
            mark!("Clients that are set up for this port cannot send mail."),
        ),
    });
    let fix = match (spare, silent && audience == Audience::Senders) {
        (false, _) if audience == Audience::Clients => {
            say!(
                "If mail clients are to use this host, see that the server runs, listens on this port and \
             address, IPv6 included, and that no firewall keeps TCP from it. A host that takes mail from \
             other servers only needs no submission port."
            )
        }
        (true, _) => {
            say!(
                "Nothing, if this port is not meant to be offered. Otherwise make the server listen on it, and \
             let it through the firewall."
            )
        }
        (false, true) => {
            say!(
                "Test once more from a network that may use port 25. If nothing answers there either, see that \
             the server runs, listens on this address, IPv6 included, and that no firewall drops TCP to it."
            )
        }
        (false, false) => {
            say!(
                "See that the server runs, listens on this port and address, IPv6 included, and that no firewall \
             refuses TCP to it."
            )
        }
    };
    Advice { title: title.to_owned(), explanation, fix: fix.to_owned() }
}

pub(super) fn greeting_rejected(refused: &Refused, audience: Audience) -> Advice {
    let Refused { code, said, .. } = refused;
    if refused.is_temporary() {
        let follows = audience.says(
            mark!("A sender that gets this answer, whether opportunistic, MTA-STS or DANE, tries the domain's other mail \
             exchangers, or keeps the mail queued and comes back later."),
            mark!("A mail client that gets this answer tells its user to try later."),
        );
        return Advice {
            title: say!("The server greets with {code}: not now"),
            explanation: say!(
                "{said} What comes after the greeting was not tested; nothing is said to be \
                                  missing. {follows}"
            ),
            fix: spoken(match refused.for_reverse_name {
                true => REVERSE_NAME_FIX,
                false => {
                    mark!("Test again later. If other clients get this answer too, look for the cause in the server's \
                     log: limits on connections, a policy service that does not answer, a server that is \
                     shutting down.")
                }
            })
            .to_owned(),
        };
    }
    let follows = audience.says(
        mark!("A sender that gets this greeting, whether opportunistic, MTA-STS or DANE, cannot deliver here: it \
         tries the domain's other mail exchangers, then returns the mail or keeps it queued."),
        mark!("A mail client that gets this greeting cannot send mail."),
    );
    Advice {
        title: say!("The server refuses service with {code}"),
        explanation: match refused.takes_no_mail() {
            true => say!("{said} What comes after the greeting was not tested. {follows}"),
            false => say!(
                "{said} The refusal may be meant for the address that tests and not for everyone. What comes after the \
                 greeting was not tested. {follows}"
            ),
        },
        fix: spoken(match code {
            _ if refused.takes_no_mail() => {
                mark!("Nothing, if this host is not to take mail: then take it out of the MX records that name it, or publish a null \
                 MX for a domain without mail (RFC 7505). If it is to take mail, start the mail server in place of what \
                 answers now.")
            }
            _ if refused.for_reverse_name => REVERSE_NAME_FIX,
            521 => SCREENING_FIX,
            530 => {
                mark!("Let the server greet with 220, and answer 530 to what may not come yet: STARTTLS (RFC 3207 §4) and AUTH \
                 (RFC 4954 §4) come after the greeting and EHLO, and no client gets that far here. The server's log says which rule \
                 answers as soon as a client connects.")
            }
            500 | 502 | 503 => {
                mark!("See in the server's log whether the service is switched off on this port, and whether a proxy before it \
                 reaches it.")
            }
            _ => {
                mark!("Look in the server's log for the connection and the rule that refused it. If a block list is at work, ask its \
                 operator about the address that tests; if the server should take mail from everyone, remove the rule.")
            }
        })
        .to_owned(),
    }
}

/// A code that is neither 220 nor a refusal.
pub(super) fn odd_greeting(refused: &Refused, audience: Audience) -> Advice {
    let Refused { code, said, .. } = refused;
    let follows = match is_positive(*code) {
        true => by_first_digit(audience),
        false => audience.says(
            mark!("A sender that gets this greeting, whether opportunistic, MTA-STS or DANE, has no reason to go on, and keeps \
             the mail queued or returns it."),
            mark!("A mail client that gets this greeting has no reason to go on, and cannot send mail."),
        ),
    };
    Advice {
        title: say!("The server greets with {code}, not 220"),
        explanation: say!(
            "{said} A server that is ready greets with 220, one that is not with 421 or another 4xx or 5xx (RFC 5321 \
             §4.3.2). What comes after the greeting was not tested. {follows}"
        ),
        fix: say!("Let the server greet with 220. If it is set up to do so, look for what answers in its place: a proxy, a \
              filter, another service on this port.")
            .to_owned(),
    }
}

pub(super) fn greeting_slow(seconds: u64, audience: Audience) -> Advice {
    let follows = audience.says(
        mark!("Mail servers wait five minutes if they keep to RFC 5321, so senders of every kind, opportunistic, \
         MTA-STS and DANE, deliver, each mail somewhat later; some bulk senders and monitors give up \
         earlier."),
        mark!("Mail clients make their users wait, and some give up after 10 to 30 s."),
    );
    Advice {
        title: say!("The greeting takes {seconds} s"),
        explanation: say!(
            "A delay before the greeting is often deliberate, to shake off senders of spam that do not wait; \
             it is no error. It can also come from slow DNS or block list look-ups. {follows}"
        ),
        fix: say!(
            "If the delay is meant, keep it under 10 s. If not, look at the server's resolver, its block \
              lists and its load."
        )
        .to_owned(),
    }
}

pub(super) fn not_smtp(likeness: Likeness, begun: &str, audience: Audience) -> Advice {
    let (title, happened) = match likeness {
        Likeness::Tls => (
            say!("The server speaks TLS where SMTP begins in clear text").to_owned(),
            say!("The first octets are a TLS record: the port is set up for implicit TLS, which belongs on port \
             465.")
                .to_owned(),
        ),
        other => match other.name() {
            Some(name) => (
                say!("The server speaks {name}, not SMTP"),
                say!(
                    "Its first octets look like {name}: “{begun}”. Another service has this port, or a \
                         proxy stands before it."
                ),
            ),
            None => (
                say!("The first octets are no SMTP reply").to_owned(),
                say!(
                    "They are “{begun}”. Another service has this port, or a proxy stands before the \
                         server."
                ),
            ),
        },
    };
    let explanation = match audience {
        Audience::Clients => say!("{happened} No mail client can send here."),
        _ => say!(
            "{happened} No sender can deliver here, whether opportunistic, MTA-STS or DANE, and no mail \
             client can send."
        ),
    };
    Advice {
        title,
        explanation,
        fix: say!(
            "Put the SMTP service on this port in the way that the port stands for: 25 and 587 begin in \
              clear text and offer STARTTLS, 465 begins with TLS. Look at port forwarding and proxies too."
        )
        .to_owned(),
    }
}
