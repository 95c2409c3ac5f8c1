//! A refusing reply put into words: its codes, what they mean, and the likely cause.

use heloscope_observation::Stage;
use heloscope_smtp::Reply;

use super::codes::{reply_code, status_code};
use crate::visible::visible_within;

/// Whether a reply code says no, for now or for good, RFC 5321 §4.2.1.
pub(crate) fn is_refusal(code: u16) -> bool {
    (400..600).contains(&code)
}

/// The reply quoted, its lines joined by spaces; what cannot be seen is written out, a long one cut.
pub(crate) fn quoted(reply: &Reply) -> String {
    let lines: Vec<&[u8]> = reply.lines.iter().map(|line| &*line.octets).collect();
    format!("“{}”", visible_within(lines.join(&b' ')))
}

/// What the codes of a reply mean, in a sentence: `421 means …; the enhanced status code 4.7.0 means ….`;
/// `None` where no RFC gives them a meaning.
pub(crate) fn codes_explained(reply: &Reply) -> Option<String> {
    let code = reply.code();
    let plain = reply_code(code).map(|meaning| format!("{code} means “{meaning}”"));
    let enhanced = reply.enhanced_status_code().and_then(|status| {
        let meaning = status_code(status)?;
        Some(format!("the enhanced status code {status} means “{meaning}”"))
    });
    match (plain, enhanced) {
        (Some(plain), Some(enhanced)) => Some(format!("{plain}; {enhanced}.")),
        (Some(one), None) => Some(format!("{one}.")),
        (None, Some(one)) => Some(format!("{}{}.", one[..1].to_ascii_uppercase(), &one[1..])),
        (None, None) => None,
    }
}

/// The likely cause of a refusal in a stage, a whole sentence; `None` where there is none to single out.
pub(crate) fn likely_cause(reply: &Reply, stage: Stage) -> Option<&'static str> {
    let status = reply.enhanced_status_code().map(|code| (code.subject, code.detail));
    Some(match (reply.code(), status, stage) {
        (421, Some((7, 0)), _) => {
            "Likely cause: too many connections, or connections too fast, from the address that tests; a \
             later test may pass."
        }
        (421, Some((3, 2)), _) => {
            "Likely cause: all of the server's screening or delivery processes are busy, or it is shutting \
             down."
        }
        (421, Some((4, 5)), _) => "Likely cause: the server is congested.",
        (421, ..) => {
            "Likely cause: the server is busy or shutting down, or it limits connections from the address \
             that tests."
        }
        (450, Some((3, 2)), _) => {
            "Likely cause: Postfix's postscreen wants to see the client come back later before it lets it \
             through."
        }
        (450 | 451, _, Stage::Greeting | Stage::Ehlo) => {
            "Likely cause: the server defers clients it does not know yet, or a policy service of it does \
             not answer."
        }
        (454, _, Stage::StartTls) => {
            "Likely cause: the server cannot read its certificate or key, or its TLS library has not \
             started; its log says which."
        }
        (454, ..) => "Likely cause: TLS or a log-in is not available for now; the server's log says why.",
        (521, ..) => "The host takes no mail by choice (RFC 7504).",
        (530, _, Stage::StartTls) => {
            "Likely cause: a device on the path altered the command, which was STARTTLS."
        }
        (530, _, Stage::EhloAfterTls) => {
            "Likely cause: a proxy before the server ends TLS, and the server does not know."
        }
        (530, Some((7, 0)), _) => "Likely cause: the server demands STARTTLS before anything else.",
        (530, ..) => "Likely cause: the server demands STARTTLS or authentication first.",
        (550 | 554, Some((7, 25)), _) => {
            "Likely cause: the address that tests has no reverse DNS name, or one that does not resolve back \
             to it."
        }
        (550 | 554, Some((7, 1)), _) => {
            "Likely cause: the address that tests is on a block list that the server uses, or the server \
             denies it by a rule of its own."
        }
        (554, _, Stage::Greeting) => {
            "Likely cause: the server denies the address that tests, by a block list or a rule, or offers no \
             mail service on this address."
        }
        (550, _, Stage::Ehlo | Stage::EhloAfterTls) => {
            "Likely cause: the server does not accept the name given with EHLO: it must be a domain name \
             that resolves."
        }
        (500 | 502 | 503, _, Stage::Greeting) => {
            "No command had been sent. Likely cause: the service is switched off there, or a proxy cannot reach \
             the server behind it."
        }
        (502, _, Stage::StartTls) => {
            "Likely cause: STARTTLS is advertised but switched off, or a device on the path removed the \
             command."
        }
        (502, ..) => "Likely cause: the server does not implement the command.",
        (500, _, Stage::StartTls) => {
            "Likely cause: a device on the path overwrote the command, or the server does not know it."
        }
        (500, ..) => {
            "Likely cause: the server does not know the command, or a device on the path altered it."
        }
        (501 | 504, _, Stage::Ehlo | Stage::EhloAfterTls) => {
            "Likely cause: the server does not accept the name given with the command: it must be a full \
             domain name or an address literal."
        }
        (503, ..) => "Likely cause: the server takes the command for out of turn.",
        _ => return None,
    })
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
            codes_explained(&busy).as_deref(),
            Some(
                "421 means “service not available, closing transmission channel”; the enhanced status code \
                 4.7.0 means “other or undefined security status”."
            )
        );
        assert!(likely_cause(&busy, Stage::Greeting).unwrap().contains("too many connections"));
        assert_eq!(codes_explained(&reply("299 hm")), None);
        let only_enhanced = codes_explained(&reply("599 5.7.1 no")).unwrap();
        assert!(only_enhanced.starts_with("The enhanced status code 5.7.1 means"));
    }

    /// What real servers refuse with, wherever they do.
    #[test]
    fn causes_depend_on_codes_and_stage() {
        // At the greeting, at EHLO, at STARTTLS; an empty one is as at the greeting.
        let cases = [
            ("421 4.7.0 mx Error: too many connections", ["too many connections, or", "", ""]),
            ("421 4.3.2 All server ports are busy", ["processes are busy", "", ""]),
            ("421 Service not available", ["busy or shutting down", "", ""]),
            ("450 4.3.2 Service currently unavailable", ["Postfix's postscreen", "", ""]),
            (
                "454 4.7.0 TLS not available due to local problem",
                ["TLS or a log-in", "", "certificate or key"],
            ),
            ("500 5.5.2 unrecognized command", ["No command had been sent", "does not know", "overwrote"]),
            ("502 5.5.1 not implemented", ["No command had been sent", "not implement", "switched off"]),
            ("530 5.7.0 Must issue a STARTTLS command first", ["demands STARTTLS before", "", "altered"]),
            ("554 5.7.1 client host blocked", ["block list", "", ""]),
            ("550 5.7.25 no PTR", ["reverse DNS", "", ""]),
        ];
        for (text, words) in cases {
            for (stage, cause) in [Stage::Greeting, Stage::Ehlo, Stage::StartTls].into_iter().zip(words) {
                let expected = if cause.is_empty() { words[0] } else { cause };
                let said = likely_cause(&reply(text), stage).unwrap();
                assert!(said.contains(expected), "{text} at {stage:?}: {said}");
            }
        }
        assert!(likely_cause(&reply("530 x"), Stage::EhloAfterTls).unwrap().contains("ends TLS"));
        assert_eq!(likely_cause(&reply("299 hm"), Stage::Greeting), None);
    }

    #[test]
    fn a_quotation_is_bounded_and_visible() {
        assert_eq!(quoted(&reply("220-a\n220 b\u{202e}")), "“220-a 220 b\\u{202e}”");
        assert_eq!(quoted(&reply(&"é".repeat(400))), format!("“{}…”", "é".repeat(300)));
    }
}
