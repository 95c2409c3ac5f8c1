//! In the handshake and inside TLS: rules 3 and 4.

use heloscope_interop::OpenPort::{CertificateRequest, Implicit, StartTls, Tls12};

use crate::attack::Directly::{Fails, Mail};
use crate::attack::Step::{self, Hear, Replay, SealCut, SealTogether, Show, SkipNumber, UpdateKey};
use crate::attack::{
    ALERT, Attack, CHANGE_CIPHER_SPEC, EHLO, HANDSHAKE, Handshake, Key, LastFlight, MAIL, MAIL_LINES, Sealed,
    VERSIONS, Version, command, record, say, seal, sealed, shake,
};
use crate::campaign::run;

const QUIT: &str = "QUIT\r\n";
/// 38 octets, the shortest to a mailbox that each server must have (RFC 5321 §4.5.1).
const POSTMASTER: &str = "MAIL FROM:a\nRCPT TO:postmaster\nDATA\n.\n";

fn crlf(line: &str) -> String {
    format!("{line}\r\n")
}

/// To a TLS that comes first, with the handshake done and the greeting heard.
fn inside(
    version: Version,
    name: impl AsRef<str>,
    steps: Vec<Step>,
    directly: crate::attack::Directly,
) -> Attack {
    let name = format!("{version:?}: {}", name.as_ref());
    Attack::new(name, Implicit, [vec![shake(version)], steps].concat(), directly)
}

#[tokio::test]
async fn mail_inside_tls() {
    let mut attacks = Vec::new();
    for version in VERSIONS {
        let inside = |name: &str, steps| inside(version, name, steps, Mail);
        let in_turn =
            || -> Vec<Step> { MAIL_LINES.iter().flat_map(|line| [seal(crlf(line)), Hear]).collect() };
        attacks.extend([
            inside("without a key", vec![Hear, seal(MAIL)]),
            inside("without a key, with EHLO", vec![Hear, seal([EHLO.as_bytes(), MAIL].concat())]),
            inside("without a key, to the postmaster", vec![seal(POSTMASTER)]),
            inside("with the right key", vec![Show(Key::Right), Hear, seal(MAIL)]),
            inside("with the right key, before the greeting", vec![Show(Key::Right), seal(MAIL)]),
            inside("with a wrong key", vec![Show(Key::Wrong), Hear, seal(MAIL)]),
            inside("with a wrong IV", vec![Show(Key::WrongIv), Hear, seal(MAIL)]),
            inside("with another connection's key", vec![Show(Key::OtherConnections), Hear, seal(MAIL)]),
            inside("with a key that is too long", vec![Show(Key::TooLong), Hear, seal(MAIL)]),
            inside(
                "with a wrong key and then the right",
                vec![Show(Key::Wrong), Show(Key::Right), Hear, seal(MAIL)],
            ),
            inside("with the right key twice", vec![Show(Key::Right), Show(Key::Right), Hear, seal(MAIL)]),
            inside(
                "with the right key and then a wrong one",
                vec![Show(Key::Right), Hear, seal(EHLO), Hear, Show(Key::Wrong), seal(MAIL)],
            ),
            inside("and the key behind it", vec![Hear, seal(MAIL), Show(Key::Right)]),
            inside(
                "after EHLO, in turn",
                [vec![Show(Key::Right), Hear, seal(EHLO), Hear], in_turn()].concat(),
            ),
            inside("after EHLO, in one record", vec![Show(Key::Right), Hear, seal(EHLO), Hear, seal(MAIL)]),
            inside("after EHLO, without waiting", vec![Show(Key::Right), Hear, seal(EHLO), seal(MAIL)]),
            inside(
                "behind EHLO in its record",
                vec![Show(Key::Right), Hear, seal([EHLO.as_bytes(), MAIL].concat())],
            ),
            inside(
                "behind EHLO in its frame",
                vec![Show(Key::Right), Hear, SealTogether(vec![sealed(EHLO), sealed(MAIL)])],
            ),
            inside(
                "before EHLO in its record",
                vec![Show(Key::Right), Hear, seal([MAIL, EHLO.as_bytes()].concat())],
            ),
            inside(
                "with EHLO over two records",
                vec![Show(Key::Right), Hear, seal(&EHLO[..6]), seal(&EHLO[6..]), seal(MAIL)],
            ),
            inside(
                "octet by octet",
                [vec![Show(Key::Right), Hear], MAIL.iter().map(|octet| seal([*octet])).collect()].concat(),
            ),
            inside("in frames of one octet", vec![Show(Key::Right), Hear, SealCut(sealed(MAIL), 1)]),
            inside("in frames that cut the header", vec![Show(Key::Right), Hear, SealCut(sealed(MAIL), 3)]),
            inside("behind an empty record", vec![Show(Key::Right), Hear, seal(""), seal(MAIL)]),
            inside("in lower case", vec![Show(Key::Right), Hear, seal(MAIL.to_ascii_lowercase())]),
            inside("with BDAT", vec![Show(Key::Right), Hear, seal("MAIL FROM:a\nRCPT TO:b\nBDAT 1 LAST\na")]),
            inside(
                "in a record of 5 KiB",
                vec![Show(Key::Right), Hear, SealCut(sealed([MAIL, &[b'\n'; 5000]].concat()), 4000)],
            ),
            inside(
                "in a record of 2 KiB",
                vec![Show(Key::Right), Hear, seal([MAIL, &[b'\n'; 2000]].concat())],
            ),
        ]);
        attacks.push(Attack {
            port: StartTls,
            ..inside("by way of STARTTLS", vec![]).with_steps([
                vec![Hear, say(EHLO), Hear, say("STARTTLS\r\n"), Hear, shake(version), Show(Key::Right)],
                vec![seal(EHLO), Hear, seal(MAIL)],
            ])
        });
    }
    for version in [Version::Tls13, Version::Tls13ChaCha20] {
        let inside = |name: &str, steps| inside(version, name, steps, Mail);
        let padded = |text: &[u8], padding| Step::Seal(Sealed { padding, ..sealed(text) });
        attacks.extend([
            inside("with the server's key", vec![Show(Key::Servers), Hear, seal(MAIL)]),
            inside(
                "behind padded EHLO",
                vec![Show(Key::Right), Hear, padded(EHLO.as_bytes(), 40), seal(MAIL)],
            ),
            inside("padded", vec![Show(Key::Right), Hear, padded(MAIL, 1)]),
            inside("padded to be as long as EHLO and more", vec![Show(Key::Right), Hear, padded(MAIL, 200)]),
            inside("under the next key", vec![Show(Key::Right), Hear, UpdateKey, seal(MAIL)]),
            inside(
                "under the next key, after EHLO",
                vec![Show(Key::Right), Hear, seal(EHLO), Hear, UpdateKey, seal(MAIL)],
            ),
        ]);
    }
    run(attacks).await;
}

#[tokio::test]
async fn other_commands_inside_tls() {
    let mut attacks = Vec::new();
    for line in [
        "VRFY b",
        "EXPN b",
        "AUTH PLAIN AGEAYg==",
        "AUTH LOGIN",
        "MAIL FROM:a",
        "NOOP",
        "RSET",
        "HELP",
        "XCLIENT ADDR=127.0.0.2",
        "XFORWARD NAME=trusted.example",
        "EHLO evil.example",
        "EHLO other.example", // as long as the relay's own name
        "ehlo relay.example",
        "HELO evil.example",
        "quit",
    ] {
        for version in [Version::Tls12, Version::Tls13] {
            let after = vec![Show(Key::Right), Hear, seal(EHLO), Hear, seal(crlf(line)), Hear];
            attacks.push(inside(version, format!("{line} after EHLO"), after, command(line)));
            let first = vec![Show(Key::Right), Hear, seal(crlf(line)), Hear];
            attacks.push(inside(version, format!("{line} at first"), first, command(line)));
            let behind = vec![Show(Key::Right), Hear, seal(format!("{EHLO}{line}\r\n")), Hear];
            attacks.push(inside(version, format!("{line} behind EHLO"), behind, command(line)));
            let without = vec![Hear, seal(crlf(line)), Hear];
            attacks.push(inside(version, format!("{line} without a key"), without, command(line)));
        }
    }
    run(attacks).await;
}

#[tokio::test]
async fn records_that_do_not_belong_there() {
    let mut attacks = Vec::new();
    for version in [Version::Tls12, Version::Tls13] {
        let inside = |name: &str, steps, directly| inside(version, name, steps, directly);
        let greeted = |steps: Vec<Step>| [vec![Show(Key::Right), Hear, seal(EHLO), Hear], steps].concat();
        let closed = || Fails("Postfix has hung up, or ends the connection");
        let broken = || Fails("OpenSSL ends the connection");
        attacks.extend([
            inside("mail after QUIT", greeted(vec![seal(QUIT), seal(MAIL)]), closed()),
            inside("mail behind QUIT", greeted(vec![seal([QUIT.as_bytes(), MAIL].concat())]), closed()),
            inside(
                "mail after close_notify",
                greeted(vec![Step::Seal(record(ALERT, [1, 0])), seal(MAIL)]),
                closed(),
            ),
            inside(
                "mail after an alert",
                greeted(vec![Step::Seal(record(ALERT, [2, 80])), seal(MAIL)]),
                broken(),
            ),
            inside(
                "mail after a warning",
                greeted(vec![Step::Seal(record(ALERT, [1, 90])), seal(MAIL)]),
                Mail,
            ),
            inside("mail in an alert", greeted(vec![Step::Seal(record(ALERT, MAIL))]), broken()),
            inside(
                "mail in a handshake message",
                greeted(vec![Step::Seal(record(HANDSHAKE, MAIL))]),
                broken(),
            ),
            inside(
                "mail in a ChangeCipherSpec",
                greeted(vec![Step::Seal(record(CHANGE_CIPHER_SPEC, MAIL))]),
                broken(),
            ),
            inside("mail in a record of no type", greeted(vec![Step::Seal(record(99, MAIL))]), broken()),
            inside("mail in clear", greeted(vec![say(MAIL)]), broken()),
            inside(
                "mail in clear, as application data",
                greeted(vec![say([&[23, 3, 3, 0, u8::try_from(MAIL.len()).unwrap()], MAIL].concat())]),
                broken(),
            ),
            inside(
                "an alert in clear, and mail",
                greeted(vec![say([21, 3, 3, 0, 2, 1, 0]), say(MAIL)]),
                broken(),
            ),
            inside("EHLO once more, the same record", greeted(vec![Replay, seal(MAIL)]), broken()),
            inside("a number left out", greeted(vec![SkipNumber, seal(QUIT)]), broken()),
            inside(
                "another hello",
                greeted(vec![
                    Step::Seal(record(HANDSHAKE, crate::hello::Hello::sound().message())),
                    seal(MAIL),
                ]),
                // In TLS 1.2 OpenSSL declines with a warning, and goes on.
                if version == Version::Tls12 { Mail } else { broken() },
            ),
        ]);
    }
    run(attacks).await;
}

#[tokio::test]
async fn a_last_flight_that_is_none() {
    let mut attacks = Vec::new();
    for (port, version) in [
        (Implicit, Version::Tls13),
        (Implicit, Version::Tls12),
        (CertificateRequest, Version::Tls13),
        (Tls12, Version::Tls12),
    ] {
        for last_flight in [
            LastFlight::FalseFinished,
            LastFlight::LongFinished,
            LastFlight::ShortFinished,
            LastFlight::Mail,
            LastFlight::MailAsFinished,
            LastFlight::Twice,
            LastFlight::AlertFirst,
            LastFlight::Withheld,
        ] {
            let begin = if port == Implicit {
                vec![]
            } else {
                vec![Hear, say(EHLO), Hear, say("STARTTLS\r\n"), Hear]
            };
            let steps =
                [begin, vec![Step::Handshake(Handshake { version, last_flight }), say(MAIL)]].concat();
            let name = format!("{version:?} on {port:?}: {last_flight:?}, and mail");
            attacks.push(Attack::new(name, port, steps, Fails("OpenSSL ends the connection")));
        }
    }
    run(attacks).await;
}

#[tokio::test]
async fn a_finished_that_is_wrong_under_the_right_keys() {
    let mut attacks = Vec::new();
    for (port, version) in [
        (Implicit, Version::Tls13),
        (Implicit, Version::Tls13ChaCha20),
        (Implicit, Version::Tls12),
        (Implicit, Version::Tls12ChaCha20),
        (CertificateRequest, Version::Tls13),
        (Tls12, Version::Tls12),
    ] {
        let begin = match port {
            Implicit => vec![],
            _ => vec![Hear, say(EHLO), Hear, say("STARTTLS\r\n"), Hear],
        };
        let shake = Step::Handshake(Handshake { version, last_flight: LastFlight::WrongFinished });
        for (what, steps) in [
            ("mail in clear", vec![say(MAIL)]),
            ("mail", vec![seal(MAIL)]),
            ("the key, and mail", vec![Show(Key::Right), seal(MAIL)]),
            ("the key, EHLO, and mail", vec![Show(Key::Right), seal(EHLO), seal(MAIL)]),
        ] {
            let steps = [begin.clone(), vec![shake.clone()], steps].concat();
            let name = format!("{version:?} on {port:?}: a wrong Finished, then {what}");
            attacks.push(Attack::new(name, port, steps, Fails("OpenSSL ends the connection")));
        }
    }
    run(attacks).await;
}

impl Attack {
    fn with_steps(self, steps: impl IntoIterator<Item = Vec<Step>>) -> Self {
        Self { steps: steps.into_iter().flatten().collect(), ..self }
    }
}
