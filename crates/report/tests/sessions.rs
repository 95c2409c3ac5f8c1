//! Sessions that end oddly: the likely cause is said, and no finding denies what another says.

mod scene;

use heloscope_observation::{Event, NamedGroup, RefusalCode, Stage, TlsFailure, TlsVersion};
use heloscope_report::{Port, Severity, Verdict};
use heloscope_smtp::Command;
use scene::{Asked, EHLO, GREETING, Play, Scene};

fn port(spec: &str, play: impl FnOnce(Play<'_>) -> Play<'_>) -> Port {
    Scene::one(spec, play).judged().ports.remove(0)
}

/// Cisco's inspection with the offer let through and the command not.
#[test]
fn a_device_that_overwrites_the_command_is_not_said_to_let_it_pass() {
    let masked = |play: fn(Play<'_>) -> Play<'_>| {
        let port = port("25", |start| play(start.connects().greets("220 ****").ehlo(EHLO)));
        let found = port.found("esmtp-masked");
        (found.severity, found.explanation.clone())
    };
    let (severity, words) =
        masked(|play| play.starttls("500 5.5.1 command unrecognized: \"XXXXXXXX\"").quits());
    assert_eq!(severity, Severity::Warning);
    assert!(
        words.contains("It lets the offer of STARTTLS pass, and perhaps not the command, which was refused.")
    );
    assert!(words.contains("opportunistic senders deliver in clear text") && !words.contains("all the same"));

    // Who connects there has found it.
    let client = port("587", |play| {
        let play = play.connects().greets("220 ****").ehlo(EHLO);
        play.starttls("500 5.5.1 command unrecognized").quits()
    });
    let explanation = &client.found("esmtp-masked").explanation;
    assert!(
        explanation.ends_with(
            "which was refused. Across such a device mail clients set to STARTTLS cannot send mail."
        ),
        "{explanation}"
    );

    let (severity, words) = masked(|play| play.starttls("421 4.3.2 down").ends(Stage::StartTls));
    assert_eq!(severity, Severity::Notice);
    assert!(
        words.contains("Whether TLS comes up across it was not seen.") && !words.contains("all the same")
    );
    let (severity, words) =
        masked(|play| play.starttls("220 go").begins_handshake().tls_fails(TlsFailure::BadSignature));
    assert_eq!(severity, Severity::Notice);
    assert!(words.contains("Whether TLS comes up across it was not seen."));

    // EHLO was not answered: whether STARTTLS is offered across it is not known.
    for stars in [
        port("25", |play| play.connects().greets("220 ****").ehlo("421 4.3.2 down").ends(Stage::Ehlo)),
        port("25", |play| play.connects().greets("220 ****").says_ehlo().closes(Stage::Ehlo)),
    ] {
        let words = &stars.found("esmtp-masked").explanation;
        assert!(
            words.contains("Whether it lets STARTTLS pass was not seen. Where it does not, opportunistic"),
            "{words}"
        );
        assert_eq!((stars.verdict("starttls-missing"), stars.starttls_supported), (Verdict::NotTested, None));
    }

    let (severity, words) = masked(|play| play.starttls("220 go").tls(&[]).ehlo("250 mx1").quits());
    assert_eq!(severity, Severity::Notice);
    assert!(words.contains("use TLS all the same"));
}

#[test]
fn ehlo_refused_and_helo_taken_has_codes_and_a_cause() {
    for (reply, means, cause) in [
        ("500 5.5.1 what", "500 means “syntax error, command unrecognized”", "does not know the command"),
        ("502 5.5.1 no", "502 means “command not implemented”", "does not implement the command"),
        ("503 5.5.1 no", "503 means “bad sequence of commands”", "out of turn"),
        ("501 5.5.4 invalid domain", "5.5.4 means “invalid command arguments”", "HELO gave the same name"),
    ] {
        let clear = port("25", |play| play.connects().greets(GREETING).ehlo(reply).helo("250 mx1").quits());
        let inside = port("25", |play| play.until_hello().tls(&[]).ehlo(reply).helo("250 mx1").quits());
        for (port, command) in [(clear, "EHLO"), (inside, "EHLO inside TLS")] {
            let words = &port.found("ehlo-rejected").explanation;
            assert!(words.starts_with(&format!("{command} was refused: “{reply}”. ")), "{words}");
            assert!(words.contains(means) && words.contains(cause), "{words}");
        }
    }
    let inside = port("25", |play| play.until_hello().tls(&[]).ehlo("550 5.7.1 no").helo("250 mx1").quits());
    let words = &inside.found("ehlo-rejected").explanation;
    assert!(words.contains("HELO gave the same name") && !words.contains("block list"), "{words}");
}

/// The cause of the end is the 421's.
#[test]
fn a_421_to_helo_has_its_cause() {
    let port = port("25", |play| {
        play.connects().greets(GREETING).ehlo("502 5.5.1 no").helo("421 4.7.0 too many connections").quits()
    });
    let words = &port.error.as_ref().unwrap().message;
    assert!(
        words.ends_with(
            "Likely cause: too many connections, or connections too fast, from the address that tests; a later test may pass."
        ),
        "{words}"
    );
}

/// TLS from the first octet, and HTTP, wait for the client to speak.
#[test]
fn silence_in_place_of_the_greeting_may_be_another_protocol() {
    let silent = port("587", |play| play.connects().times_out(Stage::Greeting, 38));
    let given_up = port("587", |play| play.connects().after_ms(10_000).closes(Stage::Greeting));
    assert_eq!(silent.found("session-cut-short").title, "No greeting comes");
    assert_eq!(given_up.found("session-cut-short").title, "The session ends before the greeting");
    for port in [&silent, &given_up] {
        let found = port.found("session-cut-short");
        assert!(
            found.explanation.contains(
                "A server that waits for the client to speak first looks the same: one that is set up for TLS from the first \
                 octet, or for another protocol, such as HTTP."
            ),
            "{}",
            found.explanation
        );
        assert!(
            found.fix.starts_with(
                "See whether the port speaks TLS from the first octet: “openssl s_client -connect mx1.example.com:587” then \
                 shows a certificate."
            ),
            "{}",
            found.fix
        );
    }
    let address = Scene::of("2001:db8::5").port("25", |play| play.connects().times_out(Stage::Greeting, 38));
    assert!(address.judged().ports[0].found("session-cut-short").fix.contains("-connect [2001:db8::5]:25”"));
    let mut elsewhere = Scene::one("25", |play| play.connects().times_out(Stage::Greeting, 38));
    elsewhere.observations.target.address = Some([203, 0, 113, 5].into());
    let elsewhere = elsewhere.judged();
    let fix = &elsewhere.ports[0].found("session-cut-short").fix;
    assert!(fix.contains("“openssl s_client -connect 203.0.113.5:25 -servername mx1.example.com”"), "{fix}");

    // A server that hangs up at once, or has begun to greet, does not wait for the client.
    let at_once = port("587", |play| play.connects().closes(Stage::Greeting));
    let begun = port("587", |play| {
        let begun =
            play.connects().babbles(Stage::Greeting, heloscope_smtp::FaultKind::Incomplete, b"220-mx1");
        begun.times_out(Stage::Greeting, 38)
    });
    let later = port("587", |play| play.connects().greets(GREETING).says_ehlo().times_out(Stage::Ehlo, 18));
    for port in [&at_once, &begun, &later] {
        assert!(!port.found("session-cut-short").fix.contains("openssl"));
    }
    // Inside TLS there is no TLS to look for.
    let inside = port("465", |play| play.connects().tls(&[]).times_out(Stage::Greeting, 38));
    let found = inside.found("session-cut-short");
    assert!(found.explanation.contains("one that is set up for another protocol, such as HTTP."));
    assert!(!found.fix.contains("openssl"), "{}", found.fix);
}

/// RFC 8446 §6.1 and RFC 5246 §7.2.1; the test itself hangs up at a 221, and is then told no more.
#[test]
fn an_end_of_tls_without_close_notify_is_noted_after_quit_too() {
    const NOTE: &str = "At the end the server closed the connection without TLS's close_notify (RFC 8446 §6.1 demands it). \
                        Nothing more was to be said, and it does mail no harm.";
    let ended = |quit: fn(Play<'_>) -> Play<'_>, close_notify| {
        port("25", |play| {
            let play = quit(play.until_hello().tls(&[]).ehlo("250 mx1").sends(Stage::Quit, Command::Quit));
            play.see(Stage::Quit, Event::Closed { close_notify }).ends(Stage::Quit)
        })
    };
    let unanswered: fn(Play<'_>) -> Play<'_> = |play| play;
    let answered: fn(Play<'_>) -> Play<'_> = |play| play.replies(Stage::Quit, "221 bye");
    let without = ended(unanswered, Some(false));
    assert_eq!(without.notes.len(), 2);
    assert_eq!(without.notes[1], NOTE);
    assert_eq!(ended(answered, Some(false)).notes, [NOTE]);
    let of_tls_1_2 = port("25", |play| {
        let spoken = play.until_hello().begins_handshake().chooses(
            TlsVersion::TLS_1_2,
            0xc02f, // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
            Some(NamedGroup(29)),
            true,
            &[],
        );
        let quits = answered(spoken.ehlo("250 mx1").sends(Stage::Quit, Command::Quit));
        quits.see(Stage::Quit, Event::Closed { close_notify: Some(false) }).ends(Stage::Quit)
    });
    assert_eq!(of_tls_1_2.notes, [NOTE.replace("RFC 8446 §6.1", "RFC 5246 §7.2.1")]);
    assert_eq!(without.ids(), [""; 0]);
    assert_eq!(ended(unanswered, Some(true)).notes.len(), 1);
    assert_eq!(ended(answered, Some(true)).notes.len(), 0);
    // Outside TLS there is none to send.
    let clear = port("25", |play| {
        let play = play.connects().greets("220 mx1").ehlo("250 mx1").sends(Stage::Quit, Command::Quit);
        play.replies(Stage::Quit, "221 bye")
            .see(Stage::Quit, Event::Closed { close_notify: None })
            .ends(Stage::Quit)
    });
    assert!(clear.notes.is_empty(), "{:?}", clear.notes);
    // An error that says so already is not said again.
    let early = port("25", |play| {
        let play = play.until_hello().tls(&[]);
        play.see(Stage::EhloAfterTls, Event::Closed { close_notify: Some(false) }).ends(Stage::EhloAfterTls)
    });
    assert!(early.notes.is_empty(), "{:?}", early.notes);
}

/// RFC 5321 §4.1.1.10: the reply to QUIT is 221.
#[test]
fn a_missing_reply_to_quit_is_noted_and_is_no_finding() {
    let quit = |play: fn(Play<'_>) -> Play<'_>| {
        port("25", |start| {
            let taken = start.until_hello().tls(&[]).ehlo("250 mx1");
            play(taken.sends(Stage::Quit, Command::Quit))
        })
    };
    for (port, note) in [
        (
            quit(|play| play.see(Stage::Quit, Event::Closed { close_notify: Some(true) }).ends(Stage::Quit)),
            "The server closed the connection without a reply to QUIT (RFC 5321 §4.1.1.10 demands 221).",
        ),
        (
            quit(|play| play.loses(Stage::Quit, RefusalCode::Reset)),
            "The connection was reset without a reply to QUIT (RFC 5321 §4.1.1.10 demands 221).",
        ),
        (
            quit(|play| play.times_out(Stage::Quit, 5)),
            "No reply to QUIT came within 5 s (RFC 5321 §4.1.1.10 demands 221).",
        ),
    ] {
        assert_eq!(port.notes, [note]);
        assert_eq!(port.verdict("session-cut-short"), Verdict::Passed);
    }
    let unfinished = quit(|play| {
        play.babbles(Stage::Quit, heloscope_smtp::FaultKind::Incomplete, b"221").times_out(Stage::Quit, 5)
    });
    assert_eq!(unfinished.verdict("session-cut-short"), Verdict::Passed);
    // Another reply was none the less a reply.
    for port in [
        quit(|play| play.replies(Stage::Quit, "221 bye").ends(Stage::Quit)),
        quit(|play| play.replies(Stage::Quit, "221 bye").times_out(Stage::Quit, 5)),
    ] {
        assert!(port.notes.is_empty(), "{:?}", port.notes);
    }
}
