//! A refusing reply put into words: its codes, what they mean, and the likely cause.

use heloscope_observation::Stage;
use heloscope_smtp::{EnhancedStatusCode, Reply};
use heloscope_words::{capital, mark, say, spoken};

use super::codes::{reply_class, reply_code, status_class, status_code};
use crate::visible::visible_within;

/// Whether a reply code says no, for now or for good, RFC 5321 §4.2.1.
pub(crate) fn is_refusal(code: u16) -> bool {
    (400..600).contains(&code)
}

/// Whether a code is one that a reply may have, RFC 5321 §4.2.
pub(crate) fn is_reply_code(code: u16) -> bool {
    (200..600).contains(&code)
}

/// The reply quoted, its lines joined by spaces; what cannot be seen is written out, a long one cut.
pub(crate) fn quoted(reply: &Reply) -> String {
    let lines: Vec<&[u8]> = reply.lines.iter().map(|line| &*line.octets).collect();
    say!("“{}”", visible_within(lines.join(&b' ')))
}

/// The reply's enhanced status code, be it behind a number sign, as Cisco's ESA writes it: `421 #4.4.5 Too many`.
pub(crate) fn enhanced_status_code(reply: &Reply) -> Option<EnhancedStatusCode> {
    let marked =
        || reply.lines.iter().find_map(|line| EnhancedStatusCode::read(line.text().strip_prefix(b"#")?));
    reply.enhanced_status_code().or_else(marked)
}

/// What the codes of a reply mean in a stage, in a sentence: `421 means …; the enhanced status code 4.7.0 means ….`; of one that is
/// not known, what its first digit says. `None` where even that says nothing.
pub(crate) fn codes_explained(reply: &Reply, stage: Stage) -> Option<String> {
    let code = reply.code();
    let plain = match reply_code(code, stage == Stage::Greeting) {
        Some(meaning) => Some(say!("{code} means “{meaning}”")),
        None => reply_class(code)
            .map(|class| say!("{code} is no code of RFC 5321 or of an extension known here; its first digit means “{class}” (RFC 5321 §4.2.1)")),
    };
    let enhanced = enhanced_status_code(reply).and_then(|status| match status_code(status) {
        Some(meaning) => Some(say!("the enhanced status code {status} means “{meaning}”")),
        None => status_class(status).map(|class| {
            say!(
                "the enhanced status code {status} is not registered; its class means “{class}” (RFC 3463 §2)"
            )
        }),
    });
    let contradicted = enhanced_status_code(reply)
        .filter(|status| is_reply_code(code) && u16::from(status.class) != code / 100)
        .map(|status| {
            say!(" The class of {status} contradicts {code}: the two must begin with the same digit (RFC 2034 §4).")
        });
    match (plain, enhanced) {
        (Some(plain), Some(enhanced)) => {
            Some(format!("{plain}; {enhanced}.{}", contradicted.unwrap_or_default()))
        }
        (Some(one), None) => Some(format!("{one}.")),
        (None, Some(one)) => Some(format!("{}.", capital(&one))),
        (None, None) => None,
    }
}

/// The likely cause of a refusal in a stage, a whole sentence; `None` where there is none to single out.
pub(crate) fn likely_cause(reply: &Reply, stage: Stage) -> Option<&'static str> {
    let status = enhanced_status_code(reply).map(|code| (code.subject, code.detail));
    if lacks_reverse_name(reply) {
        return Some(spoken(NO_REVERSE_NAME));
    }
    Some(spoken(match (reply.code(), status, stage) {
        (421, Some((7, 0)), _) => {
            mark!(
                "Likely cause: too many connections, or connections too fast, from the address that tests; a \
             later test may pass."
            )
        }
        (421, Some((3, 2)), _) => {
            mark!(
                "Likely cause: all of the server's screening or delivery processes are busy, or it is shutting \
             down."
            )
        }
        (421, Some((4, 5)), _) => {
            mark!("Likely cause: the server is congested, or has too many connections.")
        }
        (421 | 450 | 451 | 521 | 550 | 554, Some((3, 1 | 3..=6) | (4, 3 | 4 | 6)), _) => {
            mark!("Likely cause: a fault of the server's own, whoever connects; its log says more.")
        }
        (421, ..) => {
            mark!(
                "Likely cause: the server is busy or shutting down, or it limits connections from the address \
             that tests."
            )
        }
        (450, Some((3, 2)), Stage::Greeting | Stage::Ehlo | Stage::EhloAfterTls) => {
            mark!(
                "Likely cause: the server takes no mail for now, or a screening program before it wants to see the client come \
                 back later; Postfix's postscreen does so with these codes, though at RCPT."
            )
        }
        (450, _, Stage::Ehlo | Stage::EhloAfterTls) if refuses_the_name(reply) => NAME_REFUSED,
        (450 | 451, _, Stage::Greeting | Stage::Ehlo) => {
            mark!(
                "Likely cause: the server defers clients it does not know yet, or a policy service of it does \
             not answer."
            )
        }
        (454, _, Stage::StartTls | Stage::Tls) => {
            mark!(
                "Likely cause: the server cannot read its certificate or key, or its TLS library has not \
             started; its log says which."
            )
        }
        (454, ..) => {
            mark!("Likely cause: TLS or a log-in is not available for now; the server's log says why.")
        }
        (500..=503 | 530, _, Stage::Tls) => {
            mark!(
                "Likely cause: the server, or a proxy before it, answered STARTTLS with 220, did not begin TLS, and took the \
                 ClientHello for a command."
            )
        }
        (521, None, Stage::Greeting) => mark!("The host takes no mail by choice (RFC 7504)."),
        (521, Some((3, 2)), Stage::Greeting) => {
            mark!(
                "Either the host takes no mail by choice (RFC 7504), or a screening program before it, such as Postfix's \
             postscreen, denies the address that tests."
            )
        }
        (521, Some((5, _)), _) => {
            mark!(
                "Likely cause: a screening program, such as Postfix's postscreen, took the client for one that does not keep to \
             the protocol, speaking before its turn above all."
            )
        }
        (521, ..) => {
            mark!(
                "Likely cause: a screening program, such as Postfix's postscreen, denies the address that tests, by a block \
             list or a rule of its own."
            )
        }
        (530, _, Stage::StartTls) => {
            mark!(
                "Likely cause: the server demands a log-in first, or a device on the path altered the command."
            )
        }
        (530, _, Stage::Greeting | Stage::Ehlo | Stage::EhloAfterTls) if demands_log_in(reply) => {
            mark!("Likely cause: the server demands a log-in first, though that comes after EHLO.")
        }
        (530, _, Stage::EhloAfterTls) => {
            mark!("Likely cause: a proxy before the server ends TLS, and the server does not know.")
        }
        (530, Some((7, 0)), Stage::Greeting) => {
            mark!("Likely cause: the server demands STARTTLS first, though that comes after EHLO.")
        }
        (530, Some((7, 0)), _) => mark!("Likely cause: the server demands STARTTLS before anything else."),
        (530, ..) => mark!("Likely cause: the server demands STARTTLS or authentication first."),
        (550 | 554, Some((7, 1)), Stage::Ehlo | Stage::EhloAfterTls)
        | (554, _, Stage::Ehlo | Stage::EhloAfterTls) => {
            mark!(
                "Likely cause: the server does not accept the name that was given with EHLO, or the address that tests, \
             which a block list or a rule of its own denies."
            )
        }
        (550 | 554, Some((7, 1)), _) => {
            mark!(
                "Likely cause: the address that tests is on a block list that the server uses, or the server \
             denies it by a rule of its own."
            )
        }
        (554, _, Stage::Greeting) => {
            mark!(
                "Likely cause: the server denies the address that tests, by a block list or a rule, or offers no \
             mail service on this address."
            )
        }
        (550, _, Stage::Ehlo | Stage::EhloAfterTls) => NAME_REFUSED,
        (500 | 502 | 503, _, Stage::Greeting) => {
            mark!(
                "No command had been sent. Likely cause: the service is switched off there, or a proxy cannot reach \
             the server behind it."
            )
        }
        (502, _, Stage::StartTls) => {
            mark!(
                "Likely cause: STARTTLS is advertised but switched off, or a device on the path removed the \
             command."
            )
        }
        (502, ..) => mark!("Likely cause: the server does not implement the command."),
        (500, _, Stage::StartTls) => {
            mark!("Likely cause: a device on the path overwrote the command, or the server does not know it.")
        }
        (500, ..) => {
            mark!("Likely cause: the server does not know the command, or a device on the path altered it.")
        }
        (501 | 504, _, Stage::Ehlo | Stage::EhloAfterTls) => {
            mark!(
                "Likely cause: the server does not accept the name given with the command: it must be a full \
             domain name or an address literal."
            )
        }
        (503, ..) => mark!("Likely cause: the server takes the command for out of turn."),
        _ => return None,
    }))
}

/// That of a greeting inside TLS: programs that screen clients, such as postscreen, greet in clear text.
pub(crate) fn likely_cause_inside_tls(reply: &Reply) -> Option<&'static str> {
    let status = enhanced_status_code(reply).map(|code| (code.subject, code.detail));
    Some(spoken(match (reply.code(), status) {
        _ if lacks_reverse_name(reply) => return likely_cause(reply, Stage::Greeting),
        (450, Some((3, 2))) => {
            mark!(
                "Likely cause: all of the server's processes for mail clients are busy, or it is shutting down."
            )
        }
        (521, Some(_)) => mark!(
            "Likely cause: the server denies the address that tests, by a block list or a rule of its own."
        ),
        _ => return likely_cause(reply, Stage::Greeting),
    }))
}

const NAME_REFUSED: &str = mark!(
    "Likely cause: the server does not accept the name given with EHLO: it must be a domain name \
             that resolves."
);

/// Whether a refusal says that it is for the name given with EHLO, in Postfix's words: its code alone may mean anything.
fn refuses_the_name(reply: &Reply) -> bool {
    says(reply, "helo command rejected")
}

/// Whether a refusal says that it wants a log-in, and nothing of STARTTLS.
pub(crate) fn demands_log_in(reply: &Reply) -> bool {
    says(reply, "authenticat") && !says(reply, "starttls")
}

/// Whether these words, in small letters, stand in the reply.
fn says(reply: &Reply, words: &str) -> bool {
    reply.to_visible().to_ascii_lowercase().contains(words)
}

const NO_REVERSE_NAME: &str = mark!(
    "Likely cause: the address that tests has no reverse DNS name, or one that does not resolve back to it."
);

/// Whether a refusal gives a missing reverse DNS name as its reason: 7.25 of the registry, or Postfix's words, with which
/// comes 4.7.1 as well.
pub(crate) fn lacks_reverse_name(reply: &Reply) -> bool {
    let by_code =
        enhanced_status_code(reply).is_some_and(|status| (status.subject, status.detail) == (7, 25));
    let by_words = ["cannot find your hostname", "cannot find your reverse hostname"]
        .iter()
        .any(|words| says(reply, words));
    (400..600).contains(&reply.code()) && (by_code || by_words)
}

#[cfg(test)]
mod tests {
    use heloscope_smtp::{LineEnding, ReplyLine};

    use super::*;

    fn reply(text: &str) -> Reply {
        let line = |text: &str| ReplyLine { octets: text.into(), ending: LineEnding::CrLf, cut: 0 };
        Reply::from(text.split('\n').map(line).collect::<Vec<_>>())
    }

    #[test]
    fn both_codes_are_explained() {
        let busy = reply("421 4.7.0 mx Error: too many connections");
        assert_eq!(
            codes_explained(&busy, Stage::Greeting).as_deref(),
            Some(
                "421 means “service not available, closing transmission channel”; the enhanced status code \
                 4.7.0 means “other or undefined security status”."
            )
        );
        assert!(likely_cause(&busy, Stage::Greeting).unwrap().contains("too many connections"));
        assert_eq!(codes_explained(&reply("999 hm"), Stage::Ehlo), None);
    }

    #[test]
    fn a_class_that_contradicts_the_reply_code_is_told() {
        let explained = |text| codes_explained(&reply(text), Stage::Ehlo).unwrap();
        assert!(explained("550 4.7.1 no").ends_with(
            " The class of 4.7.1 contradicts 550: the two must begin with the same digit (RFC 2034 §4)."
        ));
        assert!(!explained("550 5.7.1 no").contains("contradicts"));
    }

    #[test]
    fn a_code_that_is_not_known_says_at_least_its_class() {
        assert_eq!(
            codes_explained(&reply("599 5.9.99 whatever"), Stage::Ehlo).as_deref(),
            Some(
                "599 is no code of RFC 5321 or of an extension known here; its first digit means “failure for good” (RFC 5321 §4.2.1); the enhanced status code \
                 5.9.99 is not registered; its class means “failure for good” (RFC 3463 §2)."
            )
        );
        assert_eq!(
            codes_explained(&reply("498 hm"), Stage::Ehlo).as_deref(),
            Some(
                "498 is no code of RFC 5321 or of an extension known here; its first digit means “failure for now” (RFC 5321 §4.2.1)."
            )
        );
    }

    /// What real servers refuse with, wherever they do.
    #[test]
    fn causes_depend_on_codes_and_stage() {
        // At the greeting, at EHLO, at STARTTLS; an empty one is as at the greeting.
        let cases = [
            ("421 4.7.0 mx Error: too many connections", ["too many connections, or", "", ""]),
            ("421 4.3.2 All server ports are busy", ["processes are busy", "", ""]),
            ("421 Service not available", ["busy or shutting down", "", ""]),
            ("554 5.3.5 system incorrectly configured", ["of the server's own", "", ""]),
            ("451 4.4.3 directory server failure", ["of the server's own", "", ""]),
            ("421 4.4.2 timeout exceeded", ["busy or shutting down", "", ""]),
            (
                "454 4.7.0 TLS not available due to local problem",
                ["TLS or a log-in", "", "certificate or key"],
            ),
            ("500 5.5.2 unrecognized command", ["No command had been sent", "does not know", "overwrote"]),
            ("502 5.5.1 not implemented", ["No command had been sent", "not implement", "switched off"]),
            (
                "530 5.7.0 Must issue a STARTTLS command first",
                ["demands STARTTLS first, though", "demands STARTTLS before", "a log-in first, or"],
            ),
            (
                "554 5.7.1 client host blocked",
                ["block list", "the name that was given with EHLO", "block list"],
            ),
            ("550 5.7.1 bad helo name", ["block list", "the name that was given with EHLO", "block list"]),
            ("550 5.7.25 no PTR", ["reverse DNS", "", ""]),
        ];
        for (text, words) in cases {
            for (stage, cause) in [Stage::Greeting, Stage::Ehlo, Stage::StartTls].into_iter().zip(words) {
                let expected = if cause.is_empty() { words[0] } else { cause };
                let said = likely_cause(&reply(text), stage).unwrap();
                assert!(said.contains(expected), "{text} at {stage:?}: {said}");
            }
        }
        for text in [
            "450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
            "450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]",
            "450 4.7.25 Client host rejected",
            "550 5.7.25 no PTR",
        ] {
            assert!(likely_cause(&reply(text), Stage::Greeting).unwrap().contains("reverse DNS"), "{text}");
        }
        assert!(likely_cause(&reply("450 4.7.1 greylisted"), Stage::Ehlo).unwrap().contains("not know yet"));
        // It lets a client that it does not know yet greet it, and refuses no STARTTLS so.
        let postscreen = reply("450 4.3.2 Service currently unavailable");
        for stage in [Stage::Greeting, Stage::Ehlo, Stage::EhloAfterTls] {
            let cause = likely_cause(&postscreen, stage).unwrap();
            assert!(cause.contains("takes no mail for now, or a screening program"), "{stage:?}: {cause}");
            assert!(cause.ends_with("postscreen does so with these codes, though at RCPT."), "{stage:?}");
        }
        assert_eq!(likely_cause(&postscreen, Stage::StartTls), None);
        for text in ["450 4.3.2 try later", "521 5.3.2 no", "521 5.7.1 no"] {
            let cause = likely_cause_inside_tls(&reply(text)).unwrap();
            assert!(!cause.contains("postscreen"), "{text}: {cause}");
        }
        let busy = reply("421 4.7.0 too many");
        assert_eq!(likely_cause_inside_tls(&busy), likely_cause(&busy, Stage::Greeting));
        assert!(likely_cause(&reply("530 x"), Stage::EhloAfterTls).unwrap().contains("ends TLS"));
        assert_eq!(likely_cause(&reply("299 hm"), Stage::Greeting), None);
    }

    /// The words say more than the codes.
    #[test]
    fn a_cause_does_not_contradict_the_text() {
        let cause = |text, stage| likely_cause(&reply(text), stage).unwrap();
        let unresolved = "450 4.7.1 <relay.example.org>: Helo command rejected: Host not found";
        for stage in [Stage::Ehlo, Stage::EhloAfterTls] {
            assert!(cause(unresolved, stage).contains("the name given with EHLO"));
            for text in ["530 5.7.0 Authentication required", "530 please authenticate first"] {
                assert!(cause(text, stage).contains("demands a log-in first"), "{text}");
            }
        }
        let both = "530 5.7.0 Must issue a STARTTLS command or authenticate first";
        assert!(cause(both, Stage::Ehlo).contains("demands STARTTLS"));
        assert!(cause("530 5.7.0 Authentication required", Stage::StartTls).contains("a log-in first, or"));
    }

    /// RFC 7504 has 521 for hosts that take no mail; postscreen drops clients with it.
    #[test]
    fn the_521_of_a_screening_program_is_no_choice_of_the_host() {
        let cause = |text, stage| likely_cause(&reply(text), stage).unwrap();
        assert_eq!(
            cause("521 mx does not accept mail", Stage::Greeting),
            "The host takes no mail by choice (RFC 7504)."
        );
        assert!(cause("521 5.3.2 Service currently unavailable", Stage::Greeting).starts_with("Either"));
        for (text, stage, expected) in [
            ("521 5.5.1 Protocol error", Stage::Greeting, "before its turn"),
            ("521 5.7.0 go away", Stage::Greeting, "a block list"),
            ("521 5.7.1 blocked using list.example", Stage::Ehlo, "a block list"),
            ("521 go away", Stage::Ehlo, "a block list"),
        ] {
            let said = cause(text, stage);
            assert!(said.contains(expected) && !said.contains("by choice"), "{text}: {said}");
        }
    }

    #[test]
    fn a_quotation_is_bounded_and_visible() {
        assert_eq!(quoted(&reply("220-a\n220 b\u{202e}")), "“220-a 220 b\\u{202e}”");
        assert_eq!(quoted(&reply(&"é".repeat(400))), format!("“{}…”", "é".repeat(300)));
    }
}
