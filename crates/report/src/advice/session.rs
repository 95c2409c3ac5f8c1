//! Replies that break the rules or never end, sessions that do, and devices on the path that overwrite what is said.

use heloscope_observation::Stage;
use heloscope_words::{capital, mark, plural, say, spoken};

use super::{Advice, Audience};
use crate::checks::{Breach, Cut, Loses, Mute, Passage};
use crate::visible::inert_within;

pub(super) fn malformed_reply(said: &str) -> Advice {
    Advice {
        title: say!("A reply breaks the rules of SMTP").to_owned(),
        explanation: say!(
            "{said} Senders of every kind, opportunistic, MTA-STS and DANE, and mail clients end the session \
             at such a reply, or take it for something else."
        ),
        fix: spoken(MALFORMED_FIX).to_owned(),
    }
}

/// What is no reply, and a greeting behind it.
pub(super) fn late_greeting(begun: &str) -> Advice {
    Advice {
        title: say!("The first octets are no SMTP reply").to_owned(),
        explanation: say!(
            "They are “{begun}”, with a greeting among them. Some senders, such as Postfix, skip what stands before it and go \
             on. Others, whether opportunistic, MTA-STS or DANE, and mail clients end the session, as this test does."
        ),
        fix: spoken(MALFORMED_FIX).to_owned(),
    }
}

const MALFORMED_FIX: &str = mark!(
    "Find out what sends it: the server itself, a proxy or filter before it, or a device on the \
              path. Each reply line is three digits, a space or hyphen, and text (RFC 5321 §4.2)."
);

pub(super) fn reply_too_long(said: &str) -> Advice {
    Advice {
        title: say!("A reply is longer than this test reads").to_owned(),
        explanation: say!(
            "{said} What comes after was not tested; nothing is said to be missing. RFC 5321 limits a reply line to 512 \
             octets (§4.5.3.1.5), and not the number of lines. Senders of every kind, opportunistic, MTA-STS and DANE, \
             and mail clients read on until the reply ends, or until a limit of their own."
        ),
        fix: say!("Shorten what the server says: no client has a use for a reply of more than a few kilobytes. If it never \
              ends, look for what writes to the connection in a loop.")
            .to_owned(),
    }
}

pub(super) fn ehlo_reply_too_long(kept: usize, all: usize, loses: Loses) -> Advice {
    let title = spoken(match loses {
        Loses::StartTls => {
            mark!("The reply to EHLO has more lines than are kept, and STARTTLS may be on one of the others")
        }
        Loses::InClear => mark!("The reply to EHLO has more lines than are kept"),
        Loses::InsideTls => mark!("The reply to EHLO inside TLS has more lines than are kept"),
    });
    let first = kept - 1;
    let lost = match loses {
        Loses::StartTls => say!(
            "The reply to EHLO has {all} lines, of which this test keeps the first {first} and the last. STARTTLS stands on none of \
             these, and may stand on one of the others: neither it nor what comes after was tested, and nothing is said to be \
             missing."
        ),
        Loses::InClear => say!(
            "The reply to EHLO has {all} lines, of which this test keeps the first {first} and the last. What the others offer is \
             not known, and nothing is said to be missing."
        ),
        Loses::InsideTls => say!(
            "The reply to EHLO inside TLS has {all} lines, of which this test keeps the first {first} and the last. What the others \
             offer is not known, and nothing is said to be missing."
        ),
    };
    Advice {
        title: title.to_owned(),
        explanation: say!(
            "{lost} Senders of every kind, opportunistic, MTA-STS and DANE, and mail clients read all lines, or as many as a limit \
             of their own allows."
        ),
        fix: say!(
            "Shorten the reply to EHLO to one line for each extension (RFC 5321 §4.1.1.1), and test again."
        )
        .to_owned(),
    }
}

pub(super) fn replies_out_of_step(said: &str, inside_tls: bool, audience: Audience) -> Advice {
    let (senders, clients) = match inside_tls {
        true => (
            mark!(
                "A sender, whether opportunistic, MTA-STS or DANE, may so give up in the middle, or count a recipient as \
             accepted that was refused."
            ),
            mark!(
                "A mail client may so give up in the middle, or count a recipient as accepted that was refused."
            ),
        ),
        false => (
            mark!(
                "An opportunistic sender may so miss that STARTTLS is offered, and deliver in clear text, or give up in the middle. \
         Senders that enforce MTA-STS, and DANE senders where TLSA records are published, then do not deliver."
            ),
            mark!("A mail client may so miss STARTTLS and AUTH, and then cannot send."),
        ),
    };
    let follows = audience.says(senders, clients);
    Advice {
        title: say!("The server sends a reply that nobody asked for").to_owned(),
        explanation: say!(
            "{said} Each command has exactly one reply. A client takes the reply at hand for the one to its next command, \
             and so each later reply for that to the command before. What depends on such a reply counts as not tested here, \
             and nothing is said to be missing. {follows}"
        ),
        fix: say!("Look for what writes the reply too many: an end of line within the server's greeting text, or a filter, proxy or \
              load balancer before it that greets as well.")
            .to_owned(),
    }
}

pub(super) fn cut_short(
    said: &str,
    stage: Stage,
    how: Cut,
    at_helo: bool,
    mute: Option<&Mute>,
    audience: Audience,
) -> Advice {
    // A 421 is an answer like any other; in place of the handshake it is a failure of TLS.
    let lost_in_tls = matches!(stage, Stage::Tls | Stage::EhloAfterTls) && how != Cut::SentAway;
    let then_clear = match lost_in_tls {
        true => say!(" Some opportunistic senders, such as Postfix, then try it without TLS."),
        false => "",
    };
    let senders = say!(
        "A sender that meets the same, whether opportunistic, MTA-STS or DANE, tries the domain's other mail exchangers, \
         or keeps the mail queued and comes back later.{then_clear}"
    );
    let follows =
        audience.pick(&senders, say!("A mail client that meets the same reports an error to its user."));
    let waits = match mute {
        Some(Mute::InClear { .. }) => {
            say!(
                " A server that waits for the client to speak first looks the same: one that is set up for TLS from the first \
                 octet, or for another protocol, such as HTTP."
            )
        }
        Some(Mute::InsideTls) => {
            say!(
                " A server that waits for the client to speak first looks the same: one that is set up for another protocol, such \
                 as HTTP."
            )
        }
        None => "",
    };
    let first = match mute {
        Some(Mute::InClear { server }) => say!(
            "See whether the port speaks TLS from the first octet: “openssl s_client -connect {server}” then shows a \
             certificate. If it does, set it up for SMTP in clear text with STARTTLS. "
        ),
        _ => String::new(),
    };
    Advice {
        title: match at_helo {
            true => say!("EHLO is refused, and the session ends before the reply to HELO does"),
            false => cut_short_title(stage, how),
        }
        .to_owned(),
        explanation: say!(
            "{said}{waits} What comes after was not tested; nothing is said to be missing. It may concern only the \
             address that tests: some servers do this to clients that they do not know, or that connect too often. \
             {follows}"
        ),
        fix: say!(
            "{first}Test again later. If it stays, look in the server's log for this connection: limits, a policy \
             service or filter that does not answer, a process that crashes."
        ),
    }
}

fn cut_short_title(stage: Stage, how: Cut) -> &'static str {
    spoken(match (how, stage) {
        (Cut::Silent, Stage::Greeting) => mark!("No greeting comes"),
        (Cut::Silent, Stage::Ehlo) => mark!("No reply to EHLO comes"),
        (Cut::Silent, Stage::StartTls) => mark!("No reply to STARTTLS comes"),
        (Cut::Silent, Stage::EhloAfterTls) => mark!("No reply to EHLO comes inside TLS"),
        (Cut::Silent, Stage::Tls) => mark!("The server falls silent during the handshake"),
        (Cut::Broken, Stage::Greeting) => mark!("The session ends in the middle of the greeting"),
        (Cut::Broken, Stage::Ehlo) => mark!("The session ends in the middle of the reply to EHLO"),
        (Cut::Broken, Stage::StartTls) => mark!("The session ends in the middle of the reply to STARTTLS"),
        (Cut::Broken, Stage::EhloAfterTls) => {
            mark!("The session ends in the middle of the reply to EHLO inside TLS")
        }
        (Cut::Unfinished, Stage::Tls) => mark!("The handshake does not come to its end"),
        (Cut::Unfinished, Stage::Greeting) => mark!("The greeting does not come to its end"),
        (Cut::Unfinished, Stage::Ehlo) => mark!("The reply to EHLO does not come to its end"),
        (Cut::Unfinished, Stage::StartTls) => mark!("The reply to STARTTLS does not come to its end"),
        (Cut::Unfinished, Stage::EhloAfterTls) => {
            mark!("The reply to EHLO inside TLS does not come to its end")
        }
        (_, Stage::Resolve | Stage::Connect | Stage::Greeting) => {
            mark!("The session ends before the greeting")
        }
        (_, Stage::Ehlo) => mark!("The session ends before the reply to EHLO"),
        (_, Stage::StartTls) => mark!("The session ends before the reply to STARTTLS"),
        (_, Stage::Tls) => mark!("The session ends during the handshake"),
        (_, Stage::EhloAfterTls) => mark!("The session ends before the reply to EHLO inside TLS"),
        (_, Stage::Quit) => mark!("The session ends before the reply to QUIT"),
    })
}

/// Where a device on the path does not let TLS pass.
fn where_not() -> &'static str {
    say!(
        "Where it does not, opportunistic senders deliver in clear text; senders that enforce MTA-STS do not deliver, nor do \
         DANE senders where TLSA records are published, and mail clients that demand TLS do not send."
    )
}

pub(super) fn esmtp_masked(
    greeting: bool,
    keywords: &[String],
    starttls: Passage,
    audience: Audience,
) -> Advice {
    let follows = match starttls {
        Passage::Whole => say!("It lets STARTTLS pass: senders of every kind, opportunistic, MTA-STS and DANE, and mail clients use \
                 TLS all the same.")
            .to_owned(),
        Passage::Offered => say!("It lets the offer of STARTTLS pass. Whether TLS comes up across it was not seen. {}", where_not()),
        Passage::Unseen => say!("Whether it lets STARTTLS pass was not seen. {}", where_not()),
        Passage::Refused => audience.says(
            mark!("Across such a device opportunistic senders deliver in clear text after a failed attempt, or keep the mail \
             queued; senders that enforce MTA-STS do not deliver, nor do DANE senders where TLSA records are published."),
            mark!("Across such a device mail clients set to STARTTLS cannot send mail."),
        ),
        Passage::Hidden => audience.says(
            mark!("Across such a device opportunistic senders deliver in clear text; senders that enforce MTA-STS \
             do not deliver, nor do DANE senders where TLSA records are published."),
            mark!("Across such a device mail clients find no STARTTLS, and refuse to go on or send the password in \
             clear text."),
        ),
    };
    let seen = match (greeting, keywords) {
        (true, []) => say!("The greeting is asterisks").to_owned(),
        (true, keywords) => say!("The greeting is asterisks, and the EHLO reply holds {}", list(keywords)),
        (false, keywords) => say!("The EHLO reply holds {}", list(keywords)),
    };
    let follows = match starttls {
        Passage::Refused => {
            say!(
                "It lets the offer of STARTTLS pass, and perhaps not the command, which was refused. {follows}"
            )
        }
        _ => follows,
    };
    Advice {
        title: say!("A device on the path overwrites what the server offers").to_owned(),
        explanation: say!(
            "{seen}: a firewall that inspects SMTP, such as Cisco's PIX and ASA, writes this over what it does \
             not let pass. It stands before the server or near the test; the server's own words are not \
             known. {follows}"
        ),
        fix: say!(
            "Switch the firewall's SMTP inspection off (on an ASA: no inspect esmtp), or let it pass \
              STARTTLS (allow-tls). If the firewall is not the server's, test from another network."
        )
        .to_owned(),
    }
}

pub(super) fn reply_format(breaches: &[Breach]) -> Advice {
    let sentences = breaches.iter().map(|breach| {
        let Breach { rule, place, line, more, .. } = breach;
        let more = match more {
            0 => String::new(),
            more => plural!(
                *more,
                " 1 more line breaks the same rule.",
                " {more} more lines break the same rule."
            ),
        };
        capital(&say!("{place} {rule}: “{line}”.{more}"))
    });
    let sentences = sentences.collect::<Vec<_>>().join(" ");
    let others = match breaches.iter().any(|breach| breach.unforgiven) {
        true => say!("some, such as Exim, end the session there"),
        false => say!("strict ones may not"),
    };
    Advice {
        title: say!("A reply breaks a rule that clients forgive").to_owned(),
        explanation: say!(
            "{sentences} Senders of every kind, opportunistic, MTA-STS and DANE, and mail clients read on as a rule; {others}."
        ),
        fix: say!(
            "Correct what writes these lines: the server, its greeting text, or a filter, proxy or device \
              before it."
        )
        .to_owned(),
    }
}

/// What a server sent, visible already, as a list of at most ten.
pub(super) fn list(items: &[String]) -> String {
    const SHOWN: usize = 10;
    let mut shown: Vec<String> = items.iter().take(SHOWN).map(|item| inert_within(item)).collect();
    if items.len() > SHOWN {
        shown.push(say!("{} more", items.len() - SHOWN));
    }
    shown.join(", ")
}
