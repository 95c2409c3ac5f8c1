//! Every error code: what it takes to get it, in which phase, and what it says.

mod scene;

use std::time::Duration;

use heloscope_observation::{
    AlertDescription, Event, NamedGroup, Pace, RefusalCode, Stage, TlsFailure, TlsVersion,
};
use heloscope_report::{ErrorCode, Remedies, Severity, Verdict, summary};
use heloscope_smtp::{Command, Fault, FaultKind, LeftOut, ReplyReader};
use scene::{Asked, EHLO, GREETING, Play, Scene, assert_says, error};

#[test]
fn refusals_keep_their_codes() {
    let refused = error("25", |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused));
    assert!(refused.message.ends_with(", or a firewall answered in its place."), "{}", refused.message);
    let cases = [
        (RefusalCode::NameNotFound, Stage::Resolve, ErrorCode::NameNotFound),
        (RefusalCode::ResolveFailed, Stage::Resolve, ErrorCode::ResolveFailed),
        (RefusalCode::ConnectTimeout, Stage::Connect, ErrorCode::ConnectTimeout),
        (RefusalCode::ConnectionRefused, Stage::Connect, ErrorCode::ConnectionRefused),
        (RefusalCode::Unreachable, Stage::Connect, ErrorCode::Unreachable),
        (RefusalCode::Blocked, Stage::Connect, ErrorCode::Blocked),
        (RefusalCode::Quota, Stage::Connect, ErrorCode::Quota),
        (RefusalCode::RelayUnreachable, Stage::Connect, ErrorCode::RelayUnreachable),
        (RefusalCode::Reset, Stage::Greeting, ErrorCode::Reset),
        (RefusalCode::Timeout, Stage::Greeting, ErrorCode::Timeout),
    ];
    for (refusal, stage, code) in cases {
        let error = error("25", |play| play.meets(stage, refusal));
        assert_says(&error, code, stage, &[]);
        assert!(error.message.ends_with('.'), "{}", error.message);
    }
}

#[test]
fn an_end_without_close_notify_is_said() {
    let closed = |close_notify| {
        error("25", |play| {
            let play = play.until_hello().tls(&[]);
            play.see(Stage::EhloAfterTls, Event::Closed { close_notify }).ends(Stage::EhloAfterTls)
        })
    };
    let cut_off = closed(Some(false));
    assert_says(&cut_off, ErrorCode::Closed, Stage::EhloAfterTls, &["without TLS's close_notify"]);
    // Of the version that was spoken.
    for (version, suite, basis) in
        [(TlsVersion::TLS_1_3, 0x1302, "RFC 8446 §6.1"), (TlsVersion::TLS_1_2, 0xc02f, "RFC 5246 §7.2.1")]
    {
        let cut_off = error("25", |play| {
            let play = play.until_hello().begins_handshake().chooses(
                version,
                suite,
                Some(NamedGroup(29)),
                true,
                &[],
            );
            play.see(Stage::EhloAfterTls, Event::Closed { close_notify: Some(false) })
                .ends(Stage::EhloAfterTls)
        });
        let demands = format!(" without TLS's close_notify, which {basis} demands: ");
        assert!(cut_off.message.contains(&demands), "{}", cut_off.message);
    }
    let in_order = closed(Some(true));
    assert_says(&in_order, ErrorCode::Closed, Stage::EhloAfterTls, &["closed the connection"]);
    assert!(!in_order.message.contains("close_notify"), "{}", in_order.message);
    // There was no TLS yet to end.
    let clear = error("25", |play| play.connects().closes(Stage::Greeting));
    assert!(!clear.message.contains("close_notify"), "{}", clear.message);
}

#[test]
fn a_server_that_hangs_up_or_falls_silent() {
    let closed = error("25", |play| play.connects().closes(Stage::Greeting));
    assert_says(&closed, ErrorCode::Closed, Stage::Greeting, &["closed the connection while the greeting"]);

    let silent = error("25", |play| play.connects().greets(GREETING).says_ehlo().times_out(Stage::Ehlo, 20));
    assert_says(&silent, ErrorCode::Timeout, Stage::Ehlo, &["silent for 20 s", "reply to EHLO"]);
}

#[test]
fn a_reply_that_was_only_begun_is_no_fault_of_its_own() {
    let error = error("25", |play| {
        let begun = play.connects().babbles(Stage::Greeting, FaultKind::Incomplete, b"220-mx1");
        begun.times_out(Stage::Greeting, 40)
    });
    assert_says(&error, ErrorCode::Timeout, Stage::Greeting, &["silent for 40 s", "“220-mx1”"]);
}

#[test]
fn what_came_of_a_greeting_that_was_given_up_is_kept() {
    let mut reader = ReplyReader::default();
    reader.push(&[&b"220-"[..], &[b'x'; 600], b"\r\n220-mx1\r\n220-"].concat());
    assert_eq!(reader.next_reply(), None);
    let fault = reader.give_up();
    let scene = Scene::one("25", |play| {
        let no_reply = Event::NoReply { fault, encrypted: false, came: None };
        play.connects().see(Stage::Greeting, no_reply).ends(Stage::Greeting)
    });
    let port = scene.judged().ports.remove(0);
    assert_eq!(port.error.as_ref().map(|error| error.code), Some(ErrorCode::ReplyTooLong));
    assert_eq!(port.banner, Some(format!("220-{}\n220-mx1", "x".repeat(600))));
    let lint = port.found("reply-format");
    assert!(lint.explanation.contains("Line 1 of the greeting has more than 512 octets"), "{lint:?}");
}

/// One octet in 10 s is no silence.
#[test]
fn where_the_whole_time_is_over_nothing_is_said_of_silence() {
    let over = |came| {
        error("25", |play| {
            let (kind, lines, left_out) = (FaultKind::Incomplete, Vec::new(), LeftOut::default());
            let fault = Fault { kind, lines, left_out, octets: "220 aaaaa".into(), more: 0 };
            let play = play.connects().see(Stage::Greeting, Event::NoReply { fault, encrypted: false, came });
            let after = Duration::from_secs(88);
            play.see(Stage::Greeting, Event::TimedOut { after, whole: true, came: None })
                .ends(Stage::Greeting)
        })
    };
    let (first, last) = (Duration::from_millis(40), Duration::from_millis(80_040));
    let dripped = over(Some(Pace { first, last, lines: Vec::new(), pieces: 9, octets: 9 }));
    let words = "The time for the whole test of this port, 88 s, was up while the greeting was awaited: 9 octets of a reply \
                 had come, in 9 pieces over 80 s: “220 aaaaa”.";
    assert_eq!((dripped.code, dripped.message.as_str()), (ErrorCode::Timeout, words));
    assert_says(
        &over(None),
        ErrorCode::Timeout,
        Stage::Greeting,
        &["was up", "after the beginning of a reply: “220 aa"],
    );
    let shaking = Scene::one("25", |play| {
        let came = Some(Pace { first, last, lines: Vec::new(), pieces: 9, octets: 12 });
        let over = Event::TimedOut { after: Duration::from_secs(88), whole: true, came };
        play.until_hello().see(Stage::Tls, over).ends(Stage::Tls)
    });
    let port = shaking.judged().ports.remove(0);
    let found = port.found("session-cut-short");
    assert_eq!(found.title, "The handshake does not come to its end");
    let words = "The time for the whole test of this port, 88 s, was up during the TLS handshake: 12 octets of it had come, in \
                 9 pieces over 80 s. ";
    assert!(found.explanation.starts_with(words), "{}", found.explanation);
    let nothing = error("25", |play| {
        let whole = Event::TimedOut { after: Duration::from_secs(88), whole: true, came: None };
        play.connects().greets(GREETING).says_ehlo().see(Stage::Ehlo, whole).ends(Stage::Ehlo)
    });
    assert!(
        nothing.message.ends_with("88 s, was up while the reply to EHLO was awaited."),
        "{}",
        nothing.message
    );
}

#[test]
fn a_second_hello_refused_takes_nothing_from_what_was_seen_before() {
    let scene = Scene::one("25", |play| {
        let inside =
            play.until_hello().tls(&[]).says_ehlo().replies(Stage::EhloAfterTls, "503 Duplicate EHLO");
        inside.helo("503 Duplicate HELO").quits()
    });
    let report = scene.judged();
    let port = &report.ports[0];
    let error = port.error.as_ref().unwrap();
    assert_says(error, ErrorCode::EhloRejected, Stage::EhloAfterTls, &["bad sequence of commands"]);
    assert!(
        error.message.starts_with("Inside TLS the server refused EHLO: “503 Duplicate EHLO”."),
        "{error:?}"
    );
    let found = port.found("ehlo-rejected");
    assert_eq!(found.title, "Inside TLS the server refuses EHLO and HELO with 503");
    assert!(found.explanation.starts_with(&error.message), "{}", found.explanation);
    assert_eq!(summary(&report), "Port 25: inside TLS the server refuses EHLO and HELO with 503.");
    assert_eq!(
        Remedies::BUILT_IN.commands(&report, port, found),
        [
            "swaks --server mx1.example.com --port 25 --helo relay.example.org --tls --tls-sni mx1.example.com \
          --quit-after EHLO"
        ]
    );
    assert_eq!(port.starttls_supported, Some(true));
    assert!(port.tls.as_ref().unwrap().completed);
    assert_eq!(
        (port.capabilities_after_tls.as_ref(), port.verdict("starttls-failed")),
        (None, Verdict::Passed)
    );
    assert_eq!(port.ids(), ["ehlo-rejected"]);
}

#[test]
fn what_is_no_smtp_is_named() {
    let cases: [(&[u8], &str); 5] = [
        (b"HTTP/1.1 400 Bad Request\r\n", "They look like HTTP."),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "They look like SSH."),
        (b"* OK IMAP4rev1 ready\r\n", "They look like IMAP."),
        (b"+OK POP3 ready\r\n", "They look like POP3."),
        (b"\x00\x01\x02", "“\\x00\\x01\\x02”."),
    ];
    for (octets, words) in cases {
        let error = error("25", |play| {
            play.connects().babbles(Stage::Greeting, FaultKind::NotAReply, octets).ends(Stage::Greeting)
        });
        assert_says(&error, ErrorCode::NotSmtp, Stage::Greeting, &[words]);
    }
}

#[test]
fn the_wrong_tls_mode_either_way() {
    let tls = error("25", |play| {
        let alert = b"\x15\x03\x01\x00\x02\x02\x28";
        play.connects().babbles(Stage::Greeting, FaultKind::TlsRecord, alert).ends(Stage::Greeting)
    });
    assert_says(&tls, ErrorCode::TlsOnPlaintextPort, Stage::Greeting, &["implicit TLS"]);

    let clear = error("465", |play| {
        play.connects().begins_handshake().tls_fails(TlsFailure::NotTls(b"220 mx1 ESMTP\r\n".into()))
    });
    assert_says(&clear, ErrorCode::PlaintextOnImplicitTls, Stage::Tls, &["“220 mx1 ESMTP”"]);
}

#[test]
fn clear_text_after_starttls_is_a_failure_of_tls() {
    let error = error("25", |play| {
        let play = play.connects().greets(GREETING).ehlo(EHLO).starttls("220 go").begins_handshake();
        play.tls_fails(TlsFailure::NotTls(b"454 sorry\r\n".into()))
    });
    assert_says(&error, ErrorCode::TlsFailed, Stage::Tls, &["a refusal in clear text: “454 sorry”"]);
}

#[test]
fn a_record_that_begins_no_handshake_is_one_that_comes_too_early() {
    for (octets, kind) in [
        (&b"\x17\x03\x03\x00\x32\x01"[..], "application_data"),
        (b"\x14\x03\x03\x00\x01\x01", "change_cipher_spec"),
    ] {
        for spec in ["25", "465"] {
            let error = error(spec, |play| play.until_hello().tls_fails(TlsFailure::NotTls(octets.into())));
            let says = format!("sent a TLS record of {kind} where the handshake was to begin");
            assert_says(&error, ErrorCode::TlsFailed, Stage::Tls, &[&says, "too early: “\\x"]);
        }
    }
    let noise = error("25", |play| play.until_hello().tls_fails(TlsFailure::NotTls(b"\x17\x09\x03".into())));
    assert_says(&noise, ErrorCode::TlsFailed, Stage::Tls, &["is no TLS record"]);
}

#[test]
fn replies_that_break_the_rules() {
    let malformed = error("25", |play| {
        let play = play.connects().greets(GREETING).says_ehlo();
        play.babbles(Stage::Ehlo, FaultKind::NotAReply, b"what?\r\n").ends(Stage::Ehlo)
    });
    assert_says(&malformed, ErrorCode::MalformedReply, Stage::Ehlo, &["reply to EHLO", "“what?”"]);
}

/// The bound and what had come are named; no rule of SMTP is broken by it.
#[test]
fn a_reply_that_is_longer_than_is_read() {
    let given_up = |stage, octets: &[u8]| {
        let mut reader = ReplyReader::default();
        reader.push(octets);
        assert_eq!(reader.next_reply(), None);
        let fault = reader.give_up();
        let scene = Scene::one("25", |play| {
            let play = play.connects().greets(GREETING).says_ehlo();
            play.see(stage, Event::NoReply { fault, encrypted: false, came: None }).ends(stage)
        });
        scene.judged().ports.remove(0)
    };
    let many = given_up(Stage::Ehlo, &b"250-X-1\r\n".repeat(27_000));
    assert_says(
        many.error.as_ref().unwrap(),
        ErrorCode::ReplyTooLong,
        Stage::Ehlo,
        &[
            "The reply to EHLO had not ended after 27000 lines, 243000 octets in all.",
            "With that the server had sent 240 KiB on this connection, which is as much as this test reads.",
        ],
    );
    assert_eq!(many.transcript.last().unwrap().text, "… [not read any further]");
    assert_eq!(many.ids(), ["reply-too-long", "reply-format"]);
    assert_eq!(many.found("reply-too-long").severity, Severity::Warning);
    assert_eq!(many.verdict("malformed-reply"), Verdict::Passed);
    assert_eq!(many.verdict("starttls-missing"), Verdict::NotTested);
    let one = given_up(Stage::EhloAfterTls, &[&b"250-"[..], &[b'x'; 200_000]].concat());
    assert_says(
        one.error.as_ref().unwrap(),
        ErrorCode::ReplyTooLong,
        Stage::EhloAfterTls,
        &["The reply to EHLO inside TLS had not ended after 200004 octets of its first line."],
    );
    let nothing = given_up(Stage::Ehlo, b"");
    assert_says(
        nothing.error.as_ref().unwrap(),
        ErrorCode::ReplyTooLong,
        Stage::Ehlo,
        &[
            "The server sent 240 KiB on this connection, which is as much as this test reads, and no reply while the reply \
         to EHLO was awaited.",
        ],
    );
    let well = Scene::one("25", |play| play.connects().greets(GREETING).ehlo(EHLO).quits());
    assert_eq!(well.judged().ports[0].verdict("reply-too-long"), Verdict::Passed);
}

#[test]
fn alerts_and_other_failures_of_tls() {
    let failing =
        |failure: TlsFailure| error("465", |play| play.connects().begins_handshake().tls_fails(failure));
    let alert = failing(TlsFailure::Alert(AlertDescription(70)));
    assert_says(
        &alert,
        ErrorCode::TlsAlert,
        Stage::Tls,
        &["alert protocol_version.", "nothing newer than TLS 1.1"],
    );
    let unknown = failing(TlsFailure::Alert(AlertDescription(200)));
    assert_says(&unknown, ErrorCode::TlsAlert, Stage::Tls, &["alert 200."]);
    let protocol = failing(TlsFailure::Protocol("peer misbehaved\u{7}".to_owned()));
    assert_says(&protocol, ErrorCode::TlsFailed, Stage::Tls, &["peer misbehaved\\x07"]);
    let forged = failing(TlsFailure::BadSignature);
    assert_says(&forged, ErrorCode::TlsFailed, Stage::Tls, &["posed as the server"]);
    let binary = failing(TlsFailure::NotTls(b"\x00\x00\x00".into()));
    assert_says(&binary, ErrorCode::TlsFailed, Stage::Tls, &["no TLS record"]);
}

#[test]
fn the_end_of_the_connection_after_quit_is_no_error() {
    fn quit(play: Play<'_>) -> Play<'_> {
        play.connects().greets(GREETING).ehlo("250 mx1").sends(Stage::Quit, Command::Quit)
    }
    let closed = Scene::one("25", |play| quit(play).closes(Stage::Quit));
    assert_eq!(closed.judged().ports[0].error, None);
    let reset = Scene::one("25", |play| quit(play).loses(Stage::Quit, RefusalCode::Reset));
    assert_eq!(reset.judged().ports[0].error, None);
    let silent = error("25", |play| quit(play).times_out(Stage::Quit, 5));
    assert_says(&silent, ErrorCode::Timeout, Stage::Quit, &["reply to QUIT"]);
}
