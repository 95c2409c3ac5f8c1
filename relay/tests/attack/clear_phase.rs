//! Before TLS: rule 1.

use heloscope_interop::OpenPort::{self, NoTls, StartTls, UnusableTls};

use crate::attack::Directly::{Fails, Mail};
use crate::attack::Step::{self, Hear, HearAny};
use crate::attack::{Attack, EHLO, MAIL, MAIL_LINES, command, say};
use crate::campaign::run;
use crate::hello::Hello;

const STARTTLS: &str = "STARTTLS\r\n";
const QUIT: &str = "QUIT\r\n";

/// After the greeting.
fn greeted(name: impl Into<String>, steps: Vec<Step>, directly: crate::attack::Directly) -> Attack {
    on(StartTls, name, steps, directly)
}

fn on(
    port: OpenPort,
    name: impl Into<String>,
    steps: Vec<Step>,
    directly: crate::attack::Directly,
) -> Attack {
    Attack::new(name, port, [vec![Hear], steps].concat(), directly)
}

fn mail_with(line_ending: &str) -> String {
    MAIL_LINES.iter().flat_map(|line| [line, line_ending]).collect()
}

/// Line by line, each after the reply to the one before.
fn in_turn(lines: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<Step> {
    lines.into_iter().flat_map(|line| [say(line), Hear]).collect()
}

#[tokio::test]
async fn mail_in_clear() {
    let lines = MAIL_LINES.map(|line| format!("{line}\r\n"));
    let with_body =
        ["MAIL FROM:<>\r\n", "RCPT TO:<b@open.interop.test>\r\n", "DATA\r\n", "Subject: a\r\n\r\nb\r\n.\r\n"];
    let octets: Vec<Step> = mail_with("\r\n").bytes().map(|octet| say([octet])).collect();
    let ehlo = || vec![say(EHLO), Hear];
    run(vec![
        greeted("in one frame", vec![say(mail_with("\r\n"))], Mail),
        greeted("in one frame, LF alone", vec![say(mail_with("\n"))], Mail),
        greeted(
            "in one frame, CR alone",
            vec![say(mail_with("\r"))],
            Fails("Postfix ends no line with a CR alone"),
        ),
        greeted("CR CR LF", vec![say(mail_with("\r\r\n"))], Mail),
        greeted("in lower case", vec![say(mail_with("\r\n").to_lowercase())], Mail),
        greeted(
            "in mixed case",
            vec![say(mail_with("\r\n").replace("MAIL", "mAiL").replace("RCPT", "RcpT"))],
            Mail,
        ),
        greeted(
            "behind empty lines and blanks",
            vec![say(["\r\n\r\n \t", &mail_with("\r\n")].concat())],
            Mail,
        ),
        greeted("a frame a line, in turn", in_turn(&lines), Mail),
        greeted("with EHLO, in turn", [ehlo(), in_turn(&lines)].concat(), Mail),
        greeted("with EHLO and a body, in turn", [ehlo(), in_turn(with_body)].concat(), Mail),
        greeted("a frame a line, without waiting", lines.iter().map(say).collect(), Mail),
        greeted("a frame an octet", octets, Mail),
        greeted(
            "EHLO and mail, without waiting",
            [vec![say(EHLO)], lines.iter().map(say).collect()].concat(),
            Mail,
        ),
        greeted("behind EHLO in its frame", vec![say([EHLO, &mail_with("\r\n")].concat())], Mail),
        greeted("before EHLO in its frame", vec![say([&mail_with("\r\n"), EHLO].concat())], Mail),
        greeted(
            "behind EHLO without CR",
            vec![say(["EHLO relay.example", &mail_with("\n")]
                .concat()
                .replace("exampleMAIL", "example\nMAIL"))],
            Mail,
        ),
        greeted(
            "EHLO cut, and mail behind its end",
            vec![say("EHLO relay."), say(["example\r\n", &mail_with("\r\n")].concat())],
            Mail,
        ),
        greeted(
            "behind HELO in its frame",
            vec![say(["HELO relay.example\r\n", &mail_with("\r\n")].concat())],
            Mail,
        ),
        greeted(
            "behind QUIT in its frame",
            vec![say([QUIT, &mail_with("\r\n")].concat())],
            Fails("Postfix hears nothing behind QUIT"),
        ),
        greeted(
            "behind QUIT",
            vec![say(QUIT), Hear, say(mail_with("\r\n"))],
            Fails("Postfix hears nothing behind QUIT"),
        )
        .nowhere(),
        greeted("BDAT", in_turn(["MAIL FROM:a\r\n", "RCPT TO:b\r\n", "BDAT 3 LAST\r\na\r\n"]), Mail),
        greeted("BDAT in one frame, without EHLO", vec![say("MAIL FROM:a\nRCPT TO:b\nBDAT 1 LAST\na")], Mail),
        Attack::new("before the greeting", StartTls, vec![say(mail_with("\r\n"))], Mail),
        Attack::new(
            "EHLO before the greeting, and mail",
            StartTls,
            vec![say(EHLO), say(mail_with("\r\n"))],
            Mail,
        ),
    ])
    .await;
}

#[tokio::test]
async fn other_commands_in_clear() {
    let mut attacks = Vec::new();
    for line in [
        "VRFY b",
        "vrfy b",
        "EXPN b",
        "ETRN interop.test",
        "AUTH PLAIN AGEAYg==",
        "AUTH LOGIN",
        "auth login",
        "MAIL FROM:a",
        "NOOP",
        "RSET",
        "HELP",
        "XCLIENT NAME=trusted.example ADDR=127.0.0.2",
        "XFORWARD NAME=trusted.example",
        "HELO evil.example",
        "EHLO evil.example",
        "EHLO RELAY.EXAMPLE",
        "ehlo relay.example",
        "EHLO relay.example.",
        "EHLO relay.example.evil.example",
        "EHLO  relay.example",
        "EHLO relay.example evil.example",
        "EHLO [127.0.0.1]",
        "EHLO",
        "STARTTLS now",
        "starttls",
        "quit",
    ] {
        let after_ehlo = vec![say(EHLO), Hear, say(format!("{line}\r\n")), Hear];
        attacks.push(greeted(format!("{line:?} after EHLO"), after_ehlo, command(line)));
        let behind_ehlo = vec![say(format!("{EHLO}{line}\r\n"))];
        attacks.push(greeted(format!("{line:?} behind EHLO"), behind_ehlo, command(line)));
    }
    let long = format!("EHLO {}.example", "a".repeat(1500));
    attacks.push(greeted("a long name", vec![say(format!("{long}\r\n"))], command("EHLO aaaa")));
    let first = |name: &str, octets: &str, seen| greeted(name, vec![say(octets)], seen);
    attacks.extend([
        first("a name of another's", "EHLO evil.example\r\n", command("EHLO evil.example")),
        first("a name of another's with HELO", "HELO evil.example\r\n", command("HELO evil.example")),
        first("in lower case", "ehlo relay.example\r\n", command("ehlo relay.example")),
        first("with NUL", "EHLO relay.example\0.evil.example\r\n", Fails("Postfix reads up to the NUL")),
        first(
            "with a tab",
            "EHLO\trelay.example\r\n",
            Fails("Postfix takes a tab for no blank, and the line for no command"),
        ),
        first("LHLO", "LHLO relay.example\r\n", command("LHLO")),
    ]);
    // What is seen of these is a line that may be said; no other may be made of it.
    attacks.extend([
        first("a blank behind the name", "EHLO relay.example \r\n", command("EHLO relay.example ")),
        first("LF alone", "EHLO relay.example\n", Fails("it is what may be said, but for the CR")),
        greeted(
            "HELO first",
            vec![say("HELO relay.example\r\n")],
            Fails("no harm in itself, but no test says it"),
        ),
        greeted(
            "STARTTLS without EHLO",
            vec![say(STARTTLS)],
            Fails("no harm in itself, but no test says it"),
        ),
        greeted(
            "EHLO twice",
            vec![say(EHLO), Hear, say(EHLO)],
            Fails("no harm in itself, but no test says it"),
        ),
        greeted(
            "EHLO in two frames",
            vec![say(&EHLO[..4]), say(&EHLO[4..])],
            Fails("no harm in itself, but no test says it"),
        ),
        greeted("an empty frame", vec![say("")], Fails("there is nothing in it")),
    ]);
    run(attacks).await;
}

#[tokio::test]
async fn around_starttls() {
    let to_tls = || vec![say(EHLO), Hear, say(STARTTLS), Hear];
    let then = |steps: Vec<Step>| [to_tls(), steps].concat();
    let hello = || Hello::sound().random(MAIL).record();
    let dropped = || Fails("Postfix drops what it has read when it begins TLS");
    let no_tls = || Fails("Postfix hangs up where TLS does not come about");
    run(vec![
        greeted(
            "mail behind STARTTLS in its frame",
            vec![say(EHLO), Hear, say([STARTTLS.as_bytes(), MAIL].concat())],
            dropped(),
        ),
        greeted(
            "mail without waiting for the 220",
            vec![say(EHLO), Hear, say(STARTTLS), say(MAIL)],
            no_tls(),
        ),
        greeted(
            "a hello without waiting for the 220",
            vec![say(EHLO), Hear, say(STARTTLS), say(hello())],
            no_tls(),
        ),
        greeted("mail in clear after the 220", then(vec![say(MAIL)]), no_tls()),
        greeted("EHLO in clear after the 220", then(vec![say(EHLO)]), no_tls()),
        greeted(
            "mail in a hello after the 220",
            then(vec![say(hello()), HearAny]),
            Fails("Postfix speaks TLS"),
        ),
        greeted(
            "mail in clear after a hello",
            then(vec![say(Hello::sound().record()), HearAny, say(MAIL)]),
            no_tls(),
        ),
        greeted(
            "mail in clear after a bad hello and the server's alert",
            then(vec![say(Hello::sound().with(|hello| hello.version = [2, 0]).record()), HearAny, say(MAIL)]),
            no_tls(),
        ),
        greeted(
            "mail in clear after an alert of the client's",
            then(vec![say([21, 3, 1, 0, 2, 2, 40]), HearAny, say(MAIL)]),
            no_tls(),
        ),
        greeted("a hello with mail and no STARTTLS", vec![say(hello())], Mail),
        greeted("a hello with mail after EHLO", vec![say(EHLO), Hear, say(hello())], Mail),
        on(NoTls, "mail after STARTTLS was refused with 502", then(vec![say(MAIL)]), Mail),
        on(NoTls, "a hello with mail after STARTTLS was refused with 502", then(vec![say(hello())]), Mail),
        on(
            NoTls,
            "mail in a frame with STARTTLS that is refused",
            vec![say(EHLO), Hear, say([STARTTLS.as_bytes(), MAIL].concat())],
            Mail,
        ),
        on(NoTls, "mail without waiting for the 502", vec![say(EHLO), Hear, say(STARTTLS), say(MAIL)], Mail),
        on(
            NoTls,
            "a hello without waiting for the 502",
            vec![say(EHLO), Hear, say(STARTTLS), say(hello())],
            Mail,
        ),
        on(UnusableTls, "mail after STARTTLS was refused with 454", then(vec![say(MAIL)]), Mail),
        on(
            UnusableTls,
            "a hello with mail after STARTTLS was refused with 454",
            then(vec![say(hello())]),
            Mail,
        ),
        on(
            UnusableTls,
            "a sound hello, and mail, after STARTTLS was refused with 454",
            then(vec![say(Hello::sound().record()), say(MAIL)]),
            Mail,
        ),
        on(
            UnusableTls,
            "mail in a frame with STARTTLS that is refused",
            vec![say(EHLO), Hear, say([STARTTLS.as_bytes(), MAIL].concat())],
            Mail,
        ),
    ])
    .await;
}
