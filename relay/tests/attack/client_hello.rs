//! In the ClientHello and before the server's first record: rule 2. Where the server of a port for implicit TLS speaks
//! clear text, a hello is lines of SMTP to it.

use heloscope_interop::OpenPort::{Clear, ClearLate, Implicit};

use crate::attack::Directly::{self, Fails, Mail};
use crate::attack::Step::{HearAny, Replay};
use crate::attack::{ALERT, APPLICATION_DATA, Attack, CHANGE_CIPHER_SPEC, HANDSHAKE, MAIL, command, say};
use crate::campaign::{HOST, run};
use crate::hello::{Hello, KEY_SHARE, SERVER_NAME, even_mail, filled, names, with_length};

/// To a server that speaks clear text.
fn clear(name: impl Into<String>, octets: impl AsRef<[u8]>, directly: Directly) -> Attack {
    Attack::new(name, Clear, vec![say(octets)], directly)
}

fn hello(name: impl Into<String>, hello: &Hello) -> Attack {
    clear(name, hello.record(), Mail)
}

#[tokio::test]
async fn mail_in_each_part_of_a_hello() {
    let sound = Hello::sound;
    let share =
        |group: u16, key: &[u8]| with_length(2, &[&group.to_be_bytes()[..], &with_length(2, key)].concat());
    let in_list = |octets| with_length(octets, &even_mail());
    let mut attacks = vec![
        hello("random", &sound().random(MAIL)),
        hello("session id", &sound().with(|hello| hello.session_id = filled(MAIL, 32))),
        hello("a long session id", &sound().with(|hello| hello.session_id = filled(MAIL, 64))),
        hello("key share of X25519", &sound().extended(KEY_SHARE, share(29, &filled(MAIL, 32)))),
        hello("key share of P-256", &sound().extended(KEY_SHARE, share(23, &filled(MAIL, 65)))),
        hello(
            "key share of X25519MLKEM768",
            &sound().extended(KEY_SHARE, share(0x11ec, &filled(MAIL, 1216))),
        ),
        hello("key share of an unknown group", &sound().extended(KEY_SHARE, share(0x6a6a, MAIL))),
        hello("cipher suites", &sound().with(|hello| hello.suites = even_mail())),
        hello("compression methods", &sound().with(|hello| hello.compression = [MAIL, &[0]].concat())),
        hello("behind the extensions", &sound().with(|hello| hello.trailing = MAIL.to_vec())),
        hello("SNI of another host", &sound().named([b"a", MAIL].concat())),
        hello("SNI, the host and more", &sound().named([HOST.as_bytes(), MAIL].concat())),
        hello(
            "a second name in the SNI",
            &sound().extended(SERVER_NAME, names(&[(0, HOST.as_bytes()), (0, MAIL)])),
        ),
        hello(
            "a name of another type",
            &sound().extended(SERVER_NAME, names(&[(0, HOST.as_bytes()), (1, MAIL)])),
        ),
        hello(
            "behind the names of the SNI",
            &sound().extended(SERVER_NAME, [names(&[(0, HOST.as_bytes())]), MAIL.to_vec()].concat()),
        ),
        hello("groups", &sound().extended(10, in_list(2))),
        hello("signature schemes", &sound().extended(13, in_list(2))),
        hello("point formats", &sound().extended(11, in_list(1))),
        hello("versions", &sound().extended(43, in_list(1))),
        hello("key exchange modes", &sound().extended(45, in_list(1))),
        hello("status request", &sound().extended(5, [&[1][..], &with_length(2, MAIL), &[0, 0]].concat())),
        hello("ALPN", &sound().extended(16, with_length(2, &with_length(1, MAIL)))),
        hello("padding", &sound().extended(21, filled(MAIL, 100))),
        hello("session ticket", &sound().extended(35, MAIL)),
        hello("cookie", &sound().extended(44, with_length(2, MAIL))),
        hello("early data", &sound().extended(42, MAIL)),
        hello(
            "pre-shared key, identity",
            &sound().with(|hello| hello.extensions.push((41, psk(MAIL, &[0; 32])))),
        ),
        hello(
            "pre-shared key, binder",
            &sound().with(|hello| hello.extensions.push((41, psk(b"a", &filled(MAIL, 32))))),
        ),
        hello("renegotiation", &sound().extended(0xff01, with_length(1, MAIL))),
        hello("extended master secret", &sound().extended(23, MAIL)),
        hello("encrypted hello", &sound().extended(0xfe0d, MAIL)),
        hello("an unknown extension", &sound().extended(0x1234, MAIL)),
        hello(
            "an extension twice",
            &sound().with(|hello| hello.extensions.insert(0, (21, MAIL.to_vec()))).extended(35, ""),
        ),
        hello(
            "random, session id and key share, a piece each",
            &sound()
                .random("\nMAIL FROM:a\n")
                .with(|hello| hello.session_id = filled("\nRCPT TO:b\n", 32))
                .extended(KEY_SHARE, share(29, &filled("\nDATA\n.\n", 32))),
        ),
    ];
    for (name, text, directly) in [
        ("in lower case", "\nmail from:a\nrcpt to:b\ndata\n.\n", Mail),
        ("in mixed case", "\nMaIL FROM:a\nrCpT TO:b\nDatA\n.\n", Mail),
        ("behind blanks", "\n MAIL FROM:a\n RCPT TO:b\nDATA\n.\n", Mail),
        ("behind tabs", "\n\tMAIL FROM:a\n\tRCPT TO:b\nDATA\n.\n", Mail),
        ("CR alone", "\rMAIL FROM:a\rRCPT TO:b\rDATA\r.\r", Fails("Postfix ends no line with a CR alone")),
        (
            "behind controls",
            "\n\x01MAIL FROM:a\n\x01RCPT TO:b\n\x01DATA",
            Fails("Postfix takes the control for a part of the command"),
        ),
        ("VRFY", "\nVRFY b\n", command("VRFY b")),
        ("EXPN", "\nEXPN b\n", command("EXPN b")),
        ("ETRN", "\nETRN b\n", command("ETRN b")),
        ("AUTH", "\nAUTH PLAIN AGEAYg==\n", command("AUTH PLAIN")),
        ("XCLIENT", "\nXCLIENT ADDR=127.0.0.2\n", command("XCLIENT")),
        ("BDAT", "\nBDAT 1\n", command("BDAT")),
        ("NOOP", "\nNOOP\n", command("NOOP")),
        ("RSET", "\nRSET\n", command("RSET")),
        ("HELP", "\nHELP\n", command("HELP")),
        ("EHLO with another name", "\nEHLO evil.example\n", command("EHLO evil.example")),
        ("HELO with another name", "\nHELO evil.example\n", command("HELO evil.example")),
        ("EHLO with another name, in lower case", "\nehlo evil.example\n", command("ehlo evil.example")),
    ] {
        attacks.push(clear(
            format!("{name}, in the random"),
            sound().random(text).record(),
            directly.clone(),
        ));
        let session_id = sound().with(|hello| hello.session_id = filled(text, 32));
        attacks.push(clear(format!("{name}, in the session id"), session_id.record(), directly));
    }
    run(attacks).await;
}

/// RFC 8446 §4.2.11: one identity, one binder.
fn psk(identity: &[u8], binder: &[u8]) -> Vec<u8> {
    let identities = with_length(2, &[&with_length(2, identity)[..], &[0; 4]].concat());
    [identities, with_length(2, &with_length(1, binder))].concat()
}

#[tokio::test]
async fn mail_around_a_hello() {
    let sound = Hello::sound;
    let record = |kind: u8, content: &[u8]| sound().record_of(kind, content);
    let with_mail = || sound().random(MAIL);
    let message = with_mail().message();
    let (head, tail) = message.split_at(4 + 2 + 3); // within the first word of the random
    let cut = [record(HANDSHAKE, &message[..4]), record(HANDSHAKE, &message[4..])].concat();
    let mut attacks = vec![
        clear("in clear text", MAIL, Mail),
        clear("in the frame of a sound hello", [&sound().record(), MAIL].concat(), Mail),
        clear("in the frame before a sound hello", [MAIL, &sound().record()].concat(), Mail),
        clear(
            "in the record of a sound hello",
            record(HANDSHAKE, &[&sound().message(), MAIL].concat()),
            Mail,
        ),
        clear("in a second hello", [sound().record(), with_mail().record()].concat(), Mail),
        clear("in a hello of two records", &cut, Mail),
        clear(
            "in a hello of two records, the command cut",
            [record(HANDSHAKE, head), record(HANDSHAKE, tail)].concat(),
            command("RCPT"),
        ),
        clear("in a hello beyond 2 KiB", sound().random(MAIL).extended(21, [0; 2000]).record(), Mail),
        clear(
            "beyond 2 KiB of a hello",
            sound().extended(21, [&[0; 2000][..], MAIL].concat()).record(),
            Mail,
        ),
        clear(
            "in a hello of SSL 3.0's record",
            with_mail().with(|hello| hello.record_version = [3, 0]).record(),
            Mail,
        ),
        clear(
            "in a hello of TLS 1.2's record",
            with_mail().with(|hello| hello.record_version = [3, 3]).record(),
            Mail,
        ),
        clear("in a hello of TLS 1.0", with_mail().with(|hello| hello.version = [3, 1]).record(), Mail),
        clear("in a hello of no version", with_mail().with(|hello| hello.version = *b"\nM").record(), Mail),
        clear(
            "in a hello of SSL 2.0",
            [&[0x80, 46, 1, 3, 1, 0, 3, 0, 0, 0, 32, 0, 0, 10], &filled(MAIL, 32)[..]].concat(),
            Mail,
        ),
        clear("in a record without a type", [b"MAIL FROM:a\nRCPT TO:b\nDATA\n.\n".as_slice()].concat(), Mail),
        clear("in a record of length nought", [&[22, 3, 1, 0, 0], MAIL].concat(), Mail),
        clear("in a record that is never whole", [&[22, 3, 1, 8, 0], MAIL].concat(), Mail).nowhere(),
        clear(
            "in a hello that is never whole",
            {
                let octets = with_mail().record();
                octets[..octets.len() - 1].to_vec()
            },
            Mail,
        )
        .nowhere(),
        clear(
            "in another handshake message",
            record(HANDSHAKE, &[&[2], &with_length(3, MAIL)[..]].concat()),
            Mail,
        ),
    ];
    for kind in [CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, 24, 0, 255] {
        attacks.push(clear(format!("a record of type {kind}"), record(kind, MAIL), Mail));
        let first = [sound().record(), record(kind, MAIL)].concat();
        attacks.push(clear(format!("a record of type {kind} behind a hello"), first, Mail));
    }
    let frames =
        |name: &str, frames: Vec<Vec<u8>>| Attack::new(name, Clear, frames.iter().map(say).collect(), Mail);
    attacks.extend([
        frames("behind a hello, in a frame of its own", vec![sound().record(), MAIL.to_vec()]),
        frames(
            "a hello a frame an octet",
            with_mail().record().into_iter().map(|octet| vec![octet]).collect(),
        ),
        frames(
            "the hello of two records in two frames",
            vec![record(HANDSHAKE, &message[..4]), record(HANDSHAKE, &message[4..])],
        ),
        Attack::new(
            "behind a hello, after what the server says",
            Clear,
            vec![say(sound().record()), HearAny, say(MAIL)],
            Mail,
        ),
        Attack::new("behind an alert", Clear, vec![say([21, 3, 1, 0, 2, 2, 40]), say(MAIL)], Mail),
        Attack::new("before a server that greets late", ClearLate, vec![say(with_mail().record())], Mail),
        Attack::new(
            "a hello, and mail, before a server that greets late",
            ClearLate,
            vec![say(sound().record()), say(MAIL)],
            Mail,
        ),
        Attack::new(
            "a hello, and mail in a record, before a server that greets late",
            ClearLate,
            vec![say(sound().record()), say(record(APPLICATION_DATA, MAIL))],
            Mail,
        ),
        Attack::new(
            "a hello, the late greeting, and mail",
            ClearLate,
            vec![say(sound().record()), HearAny, say(MAIL)],
            Mail,
        ),
        Attack::new(
            "EHLO with another name before a server that greets late",
            ClearLate,
            vec![say(sound().random("\nEHLO evil.example\n").record())],
            command("EHLO evil.example"),
        ),
    ]);
    run(attacks).await;
}

#[tokio::test]
async fn a_hello_that_no_test_sends() {
    let to_tls = |name: &str, octets: Vec<u8>| {
        Attack::new(name, Implicit, vec![say(octets), HearAny], Directly::Handshake)
    };
    let sound = Hello::sound;
    let named = |name: &str| sound().named(name).record();
    let early = [&sound().record_of(APPLICATION_DATA, MAIL)[..]].concat();
    run(vec![
        to_tls("for another host", named("evil.example")),
        to_tls("for the host in other letters", named("OPEN.interop.test")),
        to_tls("for the host with a dot", named("open.interop.test.")),
        to_tls("for a host above", named("interop.test")),
        to_tls("for the address", named("127.0.0.1")),
        to_tls("with ALPN", sound().extended(16, with_length(2, &with_length(1, b"smtp"))).record()),
        Attack::new(
            "with compression",
            Implicit,
            vec![say(sound().with(|hello| hello.compression = vec![1, 0]).record()), HearAny],
            Fails("OpenSSL takes no compression in a hello for TLS 1.3"),
        ),
        to_tls("with a ticket", sound().extended(35, [7; 64]).record()),
        to_tls(
            "with early data",
            sound()
                .extended(42, "")
                .with(|hello| hello.extensions.push((41, psk(&[7; 32], &[7; 32]))))
                .record(),
        ),
        to_tls(
            "with a pre-shared key",
            sound().with(|hello| hello.extensions.push((41, psk(&[7; 32], &[7; 32])))).record(),
        ),
        to_tls("with heartbeats", sound().extended(15, [1]).record()),
        to_tls("with a maximal fragment length", sound().extended(1, [1]).record()),
        to_tls("with a record size limit", sound().extended(28, [0, 64]).record()),
        to_tls("with encrypt-then-MAC", sound().extended(22, "").record()),
        to_tls("beyond 2 KiB", sound().extended(21, vec![0; 2000]).record()),
        to_tls("in two records", {
            let message = sound().message();
            [sound().record_of(HANDSHAKE, &message[..100]), sound().record_of(HANDSHAKE, &message[100..])]
                .concat()
        }),
        to_tls("with early application data in its frame", [sound().record(), early.clone()].concat()),
        Attack::new(
            "with early application data in the next",
            Implicit,
            vec![say(sound().record()), say(early), HearAny, Replay],
            Fails("Postfix takes no early data"),
        ),
        Attack::new(
            "twice, after the server's answer",
            Implicit,
            vec![say(sound().record()), HearAny, say(sound().record()), HearAny],
            Fails("Postfix takes no second hello"),
        ),
    ])
    .await;
}
