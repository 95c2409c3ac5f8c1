//! What each line of a dialogue means.

use heloscope_smtp::{EnhancedStatusCode, Extension};
use heloscope_words::{mark, say, spoken};

use super::capabilities::meaning;
use super::codes::{reply_class, reply_code, status_class, status_code};
use crate::{Speaker, TranscriptLine};

/// What each line of a transcript means, for a reader who does not know it; `None` where it says nothing that is known, or
/// no more than the line before it.
pub fn explain(lines: &[TranscriptLine]) -> Vec<Option<String>> {
    let mut command = "";
    let (mut first, mut answered) = (true, false);
    let explained = lines.iter().map(|line| match line.from {
        Speaker::Client => {
            command = line.text.split(' ').next().unwrap_or_default();
            (first, answered) = (true, false);
            COMMANDS.iter().find(|(name, _)| *name == command).map(|(_, words)| spoken(words).to_owned())
        }
        // The mark of what is left out within a reply.
        Speaker::Server if line.text.starts_with('…') => None,
        Speaker::Server => {
            let said = match reply_line(&line.text, command, first) {
                // Which may come at any time.
                Some(_) if answered && !line.text.starts_with("421") => {
                    first.then(|| spoken(UNASKED).to_owned())
                }
                said => said,
            };
            first = line.text.as_bytes().get(3) != Some(&b'-');
            answered |= first && is_reply(&line.text);
            said
        }
    });
    explained.collect()
}

const UNASKED: &str =
    mark!("Nobody asked for this: the last command, or the connection, had its reply already.");

const COMMANDS: [(&str, &str); 4] = [
    ("EHLO", mark!("The test gives a name and asks what the server offers, RFC 5321 §4.1.1.1.")),
    (
        "HELO",
        mark!("The test gives a name, in the way of before 1995, for a server that does not take EHLO."),
    ),
    ("STARTTLS", mark!("The test asks for TLS on this connection, RFC 3207.")),
    ("QUIT", mark!("The test takes its leave, RFC 5321 §4.1.1.10.")),
];

fn is_reply(text: &str) -> bool {
    text.as_bytes().get(..3).is_some_and(|code| code.iter().all(u8::is_ascii_digit))
}

/// A line of the reply to a command; to none, it is of the greeting.
fn reply_line(text: &str, command: &str, first: bool) -> Option<String> {
    let code: u16 = text.get(..3)?.parse().ok()?;
    let rest = text.get(4..).unwrap_or_default();
    match (command, code, first) {
        ("EHLO", 250, false) => return Some(extension(rest)),
        ("EHLO", 250, true) => {
            return Some(
                say!(
                    "The server takes EHLO and gives its name; what it offers follows, one extension a line."
                )
                .into(),
            );
        }
        ("STARTTLS", 220, true) => {
            return Some(
                say!("The server is ready: from here on both speak TLS, beginning with the handshake.")
                    .into(),
            );
        }
        ("", 220, true) => return Some(say!("The greeting: the server gives its name and is ready.").into()),
        (_, _, false) => return None,
        _ => {}
    }
    let plain = reply_code(code, command.is_empty())
        .or_else(|| reply_class(code))
        .map(|meaning| format!("{code}: {meaning}."));
    let enhanced =
        EnhancedStatusCode::read(rest.strip_prefix('#').unwrap_or(rest).as_bytes()).and_then(|status| {
            let class = status_class(status)?;
            Some(match status_code(status) {
                Some(meaning) => format!("{status}: {class}, {meaning}."),
                None => format!("{status}: {class}."),
            })
        });
    match (plain, enhanced) {
        (Some(plain), Some(enhanced)) => Some(format!("{plain} {enhanced}")),
        (one, other) => one.or(other),
    }
}

/// A doubled CR at the end is no part of a word.
fn extension(text: &str) -> String {
    let mut words =
        text.trim_end_matches("\\r").split(' ').filter(|word| !word.is_empty()).map(str::to_owned);
    let keyword = words.next().unwrap_or_default();
    let words = meaning(&Extension { keyword, params: words.collect() });
    words.map_or_else(|| say!("An extension that is not known to this test.").into(), |words| words + ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(dialogue: &[(Speaker, &str)]) -> Vec<Option<String>> {
        let line = |&(from, text): &(Speaker, &str)| TranscriptLine {
            at_ms: 0,
            from,
            encrypted: false,
            text: text.to_owned(),
        };
        explain(&dialogue.iter().map(line).collect::<Vec<_>>())
    }

    #[test]
    fn each_line_in_its_place() {
        use Speaker::{Client, Server};
        let words = explained(&[
            (Server, "220-mx1.example.com ESMTP"),
            (Server, "220 no spam"),
            (Client, "EHLO relay.example.org"),
            (Server, "250-mx1.example.com"),
            (Server, "250-SIZE 52428800"),
            (Server, "250-X-UNHEARD-OF"),
            (Server, "250 STARTTLS"),
            (Client, "STARTTLS"),
            (Server, "454 4.7.0 TLS not available"),
            (Client, "QUIT"),
            (Server, "221 2.0.0 Bye"),
        ]);
        let words: Vec<&str> = words.iter().map(|words| words.as_deref().unwrap_or("-")).collect();
        assert_eq!(
            words,
            [
                "The greeting: the server gives its name and is ready.",
                "-",
                "The test gives a name and asks what the server offers, RFC 5321 §4.1.1.1.",
                "The server takes EHLO and gives its name; what it offers follows, one extension a line.",
                "Largest message the server takes: 50 MiB.",
                "An extension that is not known to this test.",
                "Begins TLS on this connection, RFC 3207.",
                "The test asks for TLS on this connection, RFC 3207.",
                "454: TLS not available due to temporary reason, RFC 3207, or temporary authentication failure, RFC \
                 4954. 4.7.0: failure for now, other or undefined security status.",
                "The test takes its leave, RFC 5321 §4.1.1.10.",
                "221: service closing transmission channel. 2.0.0: success, other undefined status.",
            ]
        );
    }

    #[test]
    fn a_code_means_what_it_does_where_it_came() {
        use Speaker::{Client, Server};
        let words = explained(&[(Server, "554 no"), (Client, "EHLO x"), (Server, "554 no")]);
        assert_eq!(words[0].as_deref(), Some("554: no SMTP service here."));
        assert_eq!(words[2].as_deref(), Some("554: transaction failed."));
    }

    #[test]
    fn a_reply_too_many_is_no_reply_to_a_command() {
        use Speaker::{Client, Server};
        let words = explained(&[
            (Server, "220-mx1.example.com ESMTP"),
            (Server, "220 no spam"),
            (Server, "250-mx1.example.com"),
            (Server, "250 STARTTLS"),
            (Client, "QUIT"),
            (Server, "221 2.0.0 Bye"),
            (Server, "421 4.3.2 down"),
        ]);
        let words: Vec<&str> = words.iter().map(|words| words.as_deref().unwrap_or("-")).collect();
        assert_eq!(words[..4], ["The greeting: the server gives its name and is ready.", "-", UNASKED, "-"]);
        assert!(words[5].starts_with("221: ") && words[6].starts_with("421: "), "{words:?}");
    }

    #[test]
    fn a_mark_within_a_reply_does_not_begin_another() {
        use Speaker::{Client, Server};
        let words = explained(&[
            (Client, "EHLO x"),
            (Server, "250-x"),
            (Server, "… [9 more lines, 90 octets]"),
            (Server, "250 SIZE"),
        ]);
        assert_eq!(words[2], None);
        assert!(words[3].as_deref().unwrap().starts_with("Takes the size"));
    }

    #[test]
    fn a_code_that_no_rfc_knows_has_its_class() {
        let said = explained(&[(Speaker::Client, "STARTTLS"), (Speaker::Server, "599 5.9.99 whatever")]);
        assert_eq!(said[1].as_deref(), Some("599: failure for good. 5.9.99: failure for good."));
    }

    #[test]
    fn what_is_no_reply_is_not_explained() {
        for text in ["", "22", "SSH-2.0-OpenSSH_9.2", "é20 x", "2é0", "999 x", "\\x16\\x03\\x01"] {
            assert_eq!(explained(&[(Speaker::Server, text)]), [None], "{text}");
        }
    }
}
