//! What EHLO keywords mean: IANA's "SMTP Service Extensions" registry, and what else servers say.

use heloscope_smtp::{Extension, Reply, ReplyLine};
use heloscope_words::{decimal, mark, plural, say, spoken};

use crate::visible::inert_within;

/// What an extension means, with its parameters put into words; `None` for one that is not known.
pub(crate) fn meaning(extension: &Extension) -> Option<String> {
    let keyword = extension.keyword.to_ascii_uppercase();
    let params = &extension.params;
    let all = |first: &str| [&[first.to_owned()], &params[..]].concat();
    Some(match keyword.as_str() {
        "SIZE" => size(params),
        "AUTH" => auth(say!("Logs in users, RFC 4954"), params),
        "X-EXPS" => auth(say!("Exchange's own AUTH, for its own servers"), params),
        "LIMITS" => limits(params),
        "MT-PRIORITY" => priority(params),
        "DELIVERBY" => deliver_by(params),
        "NO-SOLICITING" => say!("Takes no solicitations of the kinds listed, RFC 3865").to_owned(),
        _ => match keyword.split_once('=') {
            Some(("AUTH", first)) => {
                auth(say!("The form of AUTH of old Microsoft clients, in no RFC"), &all(first))
            }
            Some(("X-EXPS", first)) => auth(say!("Exchange's own AUTH, for its own servers"), &all(first)),
            _ if is_masked(&keyword) => say!(
                "A keyword overwritten on the path: a firewall that inspects SMTP hides what the server \
                 offers"
            )
            .to_owned(),
            _ => KEYWORDS
                .iter()
                .find(|(name, _)| *name == keyword)
                .map(|(_, meaning)| spoken(meaning).to_owned())?,
        },
    })
}

/// Whether a keyword was overwritten on the path, as Cisco's PIX and ASA do it: `XXXXXXXA` for STARTTLS, and
/// other rows of X of the length of what stood there.
pub(crate) fn is_masked(keyword: &str) -> bool {
    let upper = keyword.to_ascii_uppercase();
    let row = upper.trim_end_matches(|last: char| last.is_ascii_uppercase() && last != 'X');
    row.len() >= 3
        && upper.len() >= 4
        && upper.len() - row.len() <= 1
        && row.bytes().all(|octet| octet == b'X')
}

/// Whether a greeting was overwritten on the path: Cisco's PIX and ASA leave of its text no more than the
/// characters 2 and 0, and asterisks.
pub(crate) fn is_masked_greeting(greeting: &Reply) -> bool {
    let texts = || greeting.lines.iter().flat_map(ReplyLine::text);
    texts().all(|octet| matches!(octet, b'*' | b'2' | b'0' | b' '))
        && texts().filter(|octet| **octet == b'*').count() >= 4
}

/// The mechanisms of `AUTH PLAIN LOGIN` and of the old form `AUTH=PLAIN LOGIN`; `None` for any other keyword.
pub(crate) fn auth_mechanisms(extension: &Extension) -> Option<Vec<&str>> {
    let (head, tail) = extension.keyword.split_at_checked(4)?;
    let first = match (head.eq_ignore_ascii_case("AUTH"), tail.strip_prefix('=')) {
        (true, Some(first)) => first,
        (true, None) if tail.is_empty() => "",
        _ => return None,
    };
    let all = std::iter::once(first).chain(extension.params.iter().map(String::as_str));
    Some(all.filter(|mechanism| !mechanism.is_empty()).collect())
}

fn size(params: &[String]) -> String {
    match params.first().map(|param| param.parse::<u64>()) {
        None | Some(Ok(0)) => {
            say!("Takes the size of a message in advance; no fixed limit, RFC 1870").to_owned()
        }
        Some(Ok(octets)) => say!("Largest message the server takes: {}", human_octets(octets)),
        Some(Err(_)) if params[0].bytes().all(|octet| octet.is_ascii_digit()) && !params[0].is_empty() => {
            say!(
                "Takes the size of a message in advance; its limit is a number too large for this test to read (RFC 1870 has \
                 20 digits at most)"
            )
            .to_owned()
        }
        Some(Err(_)) => {
            say!("Takes the size of a message in advance; its limit is no number, RFC 1870").to_owned()
        }
    }
}

/// `50 MiB`, `9.5 MiB`, `10000000 octets (9.5 MiB)`: rounded to a tenth, exact where it is not whole.
fn human_octets(octets: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let Some((unit, one)) = UNITS.into_iter().find(|(_, one)| octets >= *one) else {
        return plural!(octets, "1 octet", "{octets} octets");
    };
    if octets.is_multiple_of(one) {
        return format!("{} {unit}", octets / one);
    }
    let tenth = u128::from(octets % one) * 10 / u128::from(one);
    say!("{} {unit} ({octets} octets)", decimal(octets / one, &tenth.to_string()))
}

fn auth(what: &str, mechanisms: &[String]) -> String {
    let known = mechanisms.iter().filter_map(|name| {
        let name = name.to_ascii_uppercase();
        let (_, words) = MECHANISMS.iter().find(|(mechanism, _)| *mechanism == name)?;
        Some(format!("{name} {}", spoken(words)))
    });
    let known: Vec<String> = known.collect();
    match known.is_empty() {
        true => what.to_owned(),
        false => format!("{what}: {}", known.join("; ")),
    }
}

fn limits(params: &[String]) -> String {
    let words = params.iter().filter_map(|param| {
        let (name, number) = param.split_once('=')?;
        let number: u64 = number.parse().ok()?;
        Some(match name.to_ascii_uppercase().as_str() {
            "RCPTMAX" => plural!(number, "1 recipient a message", "{number} recipients a message"),
            "MAILMAX" => plural!(number, "1 message a session", "{number} messages a session"),
            "RCPTDOMAINMAX" => {
                plural!(number, "1 recipient domain a message", "{number} recipient domains a message")
            }
            _ => return None,
        })
    });
    let words: Vec<String> = words.collect();
    match words.is_empty() {
        true => say!("States its limits, RFC 9422").to_owned(),
        false => say!("At most {}, RFC 9422", words.join(", ")),
    }
}

fn priority(params: &[String]) -> String {
    match params.first() {
        Some(profile) => {
            say!("Honours priorities of messages by the profile {}, RFC 6710", inert_within(profile))
        }
        None => say!("Honours priorities of messages, RFC 6710").to_owned(),
    }
}

fn deliver_by(params: &[String]) -> String {
    match params.first().and_then(|param| param.parse::<u64>().ok()) {
        Some(seconds) => {
            say!("Delivers within a time that the sender sets, {seconds} s at least, RFC 2852")
        }
        None => say!("Delivers within a time that the sender sets, RFC 2852").to_owned(),
    }
}

pub(crate) const MECHANISMS: &[(&str, &str)] = &[
    ("PLAIN", mark!("(password as it is)")),
    ("LOGIN", mark!("(password as it is, in no RFC)")),
    ("CRAM-MD5", mark!("(challenge and response; the server keeps the password)")),
    ("DIGEST-MD5", mark!("(withdrawn by RFC 6331)")),
    ("SCRAM-SHA-1", mark!("(salted challenge and response)")),
    ("SCRAM-SHA-1-PLUS", mark!("(the same, bound to the TLS session)")),
    ("SCRAM-SHA-256", mark!("(salted challenge and response)")),
    ("SCRAM-SHA-256-PLUS", mark!("(the same, bound to the TLS session)")),
    ("SCRAM-SHA-512", mark!("(salted challenge and response)")),
    ("SCRAM-SHA-512-PLUS", mark!("(the same, bound to the TLS session)")),
    ("XOAUTH2", mark!("(OAuth token, Google's form)")),
    ("OAUTHBEARER", mark!("(OAuth token, RFC 7628)")),
    ("GSSAPI", mark!("(Kerberos)")),
    ("NTLM", mark!("(Windows; deprecated by Microsoft)")),
    ("EXTERNAL", mark!("(by the client's certificate)")),
    ("ANONYMOUS", mark!("(without an identity)")),
];

pub(crate) const KEYWORDS: &[(&str, &str)] = &[
    ("STARTTLS", mark!("Begins TLS on this connection, RFC 3207")),
    ("PIPELINING", mark!("Takes several commands at once, RFC 2920")),
    ("8BITMIME", mark!("Takes message bodies of 8-bit octets, RFC 6152")),
    ("ENHANCEDSTATUSCODES", mark!("Says more exactly why in each reply, such as 5.7.1, RFC 2034")),
    ("SMTPUTF8", mark!("Takes addresses and headers in UTF-8, RFC 6531")),
    ("DSN", mark!("Reports delivery, delay and failure as the sender asks, RFC 3461")),
    ("CHUNKING", mark!("Takes messages in chunks of known size (BDAT), RFC 3030")),
    ("BINARYMIME", mark!("Takes message bodies of any octets, with CHUNKING, RFC 3030")),
    (
        "REQUIRETLS",
        mark!("Promises to pass a message on over verified TLS only where the sender asks, RFC 8689"),
    ),
    ("VRFY", mark!("Has the command to verify an address, RFC 5321 §3.5; most servers answer it with 252")),
    ("EXPN", mark!("Has the command to expand a mailing list, RFC 5321 §3.5")),
    ("ETRN", mark!("Has the command to start delivery of a domain's queue, RFC 1985")),
    ("ATRN", mark!("Has the command to turn the connection round and fetch mail, RFC 2645")),
    ("HELP", mark!("Has the command HELP, RFC 5321 §4.1.1.8")),
    ("BURL", mark!("Takes messages by reference from an IMAP server, RFC 4468")),
    ("FUTURERELEASE", mark!("Holds messages until a time that the sender sets, RFC 4865")),
    ("RRVS", mark!("Delivers only where the mailbox has not changed hands, RFC 7293")),
    ("CHECKPOINT", mark!("Resumes broken transfers, RFC 1845")),
    ("CONPERM", mark!("Asks permission for content conversion, RFC 4141")),
    ("CONNEG", mark!("Tells recipients' capabilities, RFC 4141")),
    ("MTRK", mark!("Tracks messages, RFC 3885")),
    ("SUBMITTER", mark!("Takes the address responsible for a message, RFC 4405")),
    (
        "XCLIENT",
        mark!(
            "Lets a trusted proxy state the client's address and name (Postfix); should be offered to that proxy \
         only"
        ),
    ),
    (
        "XFORWARD",
        mark!(
            "Lets a content filter state the client's address and name (Postfix); should be offered to that \
         filter only"
        ),
    ),
    ("PRDR", mark!("Says for each recipient whether it takes the message, once it has it (Exim), in no RFC")),
    ("PIPECONNECT", mark!("Takes EHLO before it has greeted, from clients that know it (Exim), in no RFC")),
    (
        "PIPE_CONNECT",
        mark!("Takes EHLO before it has greeted, from clients that know it (older Exim), in no RFC"),
    ),
    (
        "X_PIPE_CONNECT",
        mark!("Takes EHLO before it has greeted, from clients that know it (older Exim), in no RFC"),
    ),
    ("X-ANONYMOUSTLS", mark!("Exchange's own TLS between its own servers")),
    ("X-LINK2STATE", mark!("Exchange's routing information between its own servers")),
    ("XEXCH50", mark!("Exchange's message properties between its own servers")),
    ("XRDST", mark!("Exchange's own, between its own servers")),
    ("XSHADOW", mark!("Exchange's shadow copies between its own servers")),
    ("XSHADOWREQUEST", mark!("Exchange's shadow copies between its own servers")),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(text: &str) -> Extension {
        let mut words = text.split(' ').map(str::to_owned);
        Extension { keyword: words.next().unwrap(), params: words.collect() }
    }

    fn of(text: &str) -> Option<String> {
        meaning(&extension(text))
    }

    #[test]
    fn sizes_are_in_units_of_people() {
        let cases = [
            ("SIZE 52428800", "Largest message the server takes: 50 MiB"),
            ("size 10240000", "Largest message the server takes: 9.7 MiB (10240000 octets)"),
            ("SIZE 1000", "Largest message the server takes: 1000 octets"),
            (
                "SIZE 18446744073709551615",
                "Largest message the server takes: 16777215.9 TiB (18446744073709551615 octets)",
            ),
            ("SIZE 1", "Largest message the server takes: 1 octet"),
            (
                "SIZE 99999999999999999999999",
                "Takes the size of a message in advance; its limit is a number too large for this test to read (RFC 1870 has \
                 20 digits at most)",
            ),
            ("SIZE -1", "Takes the size of a message in advance; its limit is no number, RFC 1870"),
            ("SIZE", "Takes the size of a message in advance; no fixed limit, RFC 1870"),
            ("SIZE 0", "Takes the size of a message in advance; no fixed limit, RFC 1870"),
            ("SIZE huge", "Takes the size of a message in advance; its limit is no number, RFC 1870"),
        ];
        for (text, expected) in cases {
            assert_eq!(of(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn mechanisms_are_explained_and_unknown_ones_passed_over() {
        assert_eq!(
            of("AUTH plain X-MINE GSSAPI").as_deref(),
            Some("Logs in users, RFC 4954: PLAIN (password as it is); GSSAPI (Kerberos)")
        );
        assert_eq!(of("AUTH").as_deref(), Some("Logs in users, RFC 4954"));
        assert!(of("AUTH=LOGIN PLAIN").unwrap().contains("LOGIN (password as it is, in no RFC); PLAIN"));
        assert!(of("X-EXPS=LOGIN").unwrap().starts_with("Exchange's own AUTH, for its own servers: LOGIN"));
    }

    #[test]
    fn mechanisms_of_both_forms_are_found() {
        assert_eq!(auth_mechanisms(&extension("AUTH PLAIN LOGIN")), Some(vec!["PLAIN", "LOGIN"]));
        assert_eq!(auth_mechanisms(&extension("auth=PLAIN LOGIN")), Some(vec!["PLAIN", "LOGIN"]));
        assert_eq!(auth_mechanisms(&extension("AUTH")), Some(vec![]));
        assert_eq!(auth_mechanisms(&extension("AUTHX")), None);
        assert_eq!(auth_mechanisms(&extension("SIZE")), None);
    }

    #[test]
    fn limits_are_put_into_words() {
        assert_eq!(
            of("LIMITS MAILMAX=100 RCPTMAX=50 X=1").as_deref(),
            Some("At most 100 messages a session, 50 recipients a message, RFC 9422")
        );
        assert_eq!(
            of("LIMITS MAILMAX=1 RCPTMAX=1 RCPTDOMAINMAX=1").as_deref(),
            Some(
                "At most 1 message a session, 1 recipient a message, 1 recipient domain a message, RFC 9422"
            )
        );
        assert_eq!(of("LIMITS RCPTMAX=no").as_deref(), Some("States its limits, RFC 9422"));
        assert!(of("MT-PRIORITY MIXER").unwrap().contains("MIXER"));
        assert!(of("DELIVERBY 240").unwrap().contains("240 s"));
    }

    #[test]
    fn masks_are_told_from_keywords() {
        for mask in ["XXXXXXXA", "XXXXXXXB", "XXXX", "XXXB", "xxxxxxxa", "XXXXXXXXXXXXXXXXXXX"] {
            assert!(is_masked(mask), "{mask}");
            assert!(of(mask).unwrap().contains("overwritten"), "{mask}");
        }
        for keyword in ["XXX", "XCLIENT", "X-EXPS", "XXXXAB", "A", "", "STARTTLS"] {
            assert!(!is_masked(keyword), "{keyword}");
        }
    }

    #[test]
    fn any_case_of_letters_and_nothing_made_up() {
        assert_eq!(of("starttls").as_deref(), Some("Begins TLS on this connection, RFC 3207"));
        assert_eq!(of("X-OF-THEIR-OWN"), None);
        assert!(of("PRDR").unwrap().contains("each recipient"));
    }
}
