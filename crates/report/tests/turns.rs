//! Servers that speak out of turn: what is found, what is said not to be tested, and what is not said to be missing.

mod scene;

use heloscope_observation::{AlertDescription, Event, Stage, TlsFailure};
use heloscope_report::{
    ErrorCode, Phase, Port, Report, SenderOutcome, Severity, Status, StepState, Verdict, progress, senders,
    summary,
};
use heloscope_smtp::{Command, FaultKind};
use scene::{Asked, EHLO, EHLO_AUTH, EHLO_TLS, GREETING, Play, Scene, chain};

fn report(spec: &str, play: impl FnOnce(Play<'_>) -> Play<'_>) -> Report {
    Scene::one(spec, play).judged()
}

fn port(spec: &str, play: impl FnOnce(Play<'_>) -> Play<'_>) -> Port {
    report(spec, play).ports.remove(0)
}

fn said(port: &Port) -> (ErrorCode, Phase, &str) {
    let error = port.error.as_ref().expect("an error");
    (error.code, error.phase, &error.message)
}

#[test]
fn a_reply_before_ehlo_is_not_the_reply_to_ehlo() {
    let report =
        report("25", |play| play.connects().greets(GREETING).volunteers(Stage::Ehlo, "250 hello").quits());
    let port = &report.ports[0];
    assert_eq!((port.ids(), report.status), (vec!["malformed-reply"], Status::Warning));
    let found = port.found("malformed-reply");
    assert_eq!(found.severity, Severity::Warning);
    assert_eq!(found.title, "The server sends a reply that nobody asked for");
    assert!(
        found.explanation.starts_with(
            "Before EHLO was sent, there was a reply already that nobody had asked for: “250 hello”."
        ),
        "{}",
        found.explanation
    );
    assert_eq!(
        said(port),
        (
            ErrorCode::MalformedReply,
            Phase::Ehlo,
            "Before EHLO was sent, there was a reply already that nobody had asked for: “250 hello”."
        )
    );
    for id in ["ehlo-rejected", "starttls-missing", "starttls-failed", "auth-without-tls", "esmtp-masked"] {
        assert_eq!(port.verdict(id), Verdict::NotTested, "{id}");
        assert_eq!(port.why(id), "the test of this port ended early: a reply broke the rules of SMTP");
    }
    assert_eq!((port.starttls_supported, port.capabilities_before_tls.as_ref()), (None, None));
    assert_eq!(
        summary(&report),
        "Whether this server speaks TLS on port 25 is not known: a reply broke the rules of SMTP; the server sends a \
         reply that nobody asked for."
    );
    assert!(senders(&report).iter().all(|row| row.outcome == SenderOutcome::NotTested));
    let lines: Vec<&str> = port.transcript.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(lines, [GREETING, "250 hello", "QUIT", "221 bye"]);
}

/// TLS ends at a proxy, and the server behind it greets whoever comes: in time to be taken for the reply to EHLO.
#[test]
fn a_second_greeting_inside_tls_is_told_from_the_reply_that_it_displaces() {
    const AGAIN: &str = " The reply before, “220 mx again”, has the code of a greeting: likely it is the one too many, of a proxy or of \
                         the server behind it.";
    let told = |then: fn(Play<'_>) -> Play<'_>| {
        let port = port("25", |play| then(play.until_hello().tls(&[])).ends(Stage::Quit));
        assert!(port.ids().contains(&"malformed-reply"));
        (said(&port).2.to_owned(), port.found("malformed-reply").explanation.clone())
    };
    let displaced: fn(Play<'_>) -> Play<'_> =
        |play| play.ehlo("220 mx again").volunteers(Stage::Quit, EHLO_TLS);
    let at_the_end: fn(Play<'_>) -> Play<'_> = |play| {
        let play = play.ehlo("220 mx again").sends(Stage::Quit, Command::Quit);
        play.replies(Stage::Quit, EHLO_TLS).volunteers(Stage::Quit, "221 bye")
    };
    for then in [displaced, at_the_end] {
        let (message, explanation) = told(then);
        assert!(message.ends_with(AGAIN), "{message}");
        assert!(explanation.contains(AGAIN), "{explanation}");
    }
    let (message, explanation) = told(|play| play.ehlo(EHLO_TLS).volunteers(Stage::Quit, "220 mx again"));
    assert!(!message.contains("The reply before") && !explanation.contains("The reply before"), "{message}");
}

/// The greeting met EHLO on its way, and the reply too many was taken for that to EHLO: that shows at the end.
#[test]
fn one_reply_too_many_in_the_end_casts_doubt_on_those_before() {
    let late = |ehlo: &'static str| {
        port("25", move |play| {
            let play = play.connects().greets(GREETING).ehlo(ehlo).sends(Stage::Quit, Command::Quit);
            let play = play.replies(Stage::Quit, EHLO).volunteers(Stage::Quit, "221 bye");
            play.ends(Stage::Quit)
        })
    };
    let without = late("250 hello");
    assert_eq!(without.ids(), ["malformed-reply"]);
    assert_eq!((without.starttls_supported, without.capabilities_before_tls.as_ref()), (None, None));
    assert_eq!(without.verdict("starttls-missing"), Verdict::NotTested);
    let (code, phase, words) = said(&without);
    assert_eq!((code, phase), (ErrorCode::MalformedReply, Phase::Quit));
    assert!(words.starts_with("When every command had its reply, one more came: “221 bye”."), "{words}");
    // What it did offer it has.
    let with_auth = late("250-mx1\n250 AUTH PLAIN");
    assert_eq!(with_auth.ids(), ["malformed-reply", "auth-without-tls"]);
    assert_eq!(with_auth.capabilities_before_tls.unwrap().len(), 1);
}

#[test]
fn a_refusal_may_be_another_commands_reply() {
    let helo = port("25", |play| {
        let play = play.connects().greets(GREETING).ehlo("502 no").volunteers(Stage::Ehlo, "250 mx1");
        play.quits()
    });
    assert_eq!(helo.ids(), ["malformed-reply"]);
    assert!(said(&helo).2.starts_with("Before HELO was sent, "), "{:?}", helo.error);
    let starttls = port("25", |play| {
        let play = play.connects().greets(GREETING).ehlo(EHLO).starttls("454 4.7.0 no");
        play.volunteers(Stage::Quit, "220 go").quits()
    });
    assert_eq!((starttls.ids(), said(&starttls).1), (vec!["malformed-reply"], Phase::Quit));
    assert_eq!(starttls.verdict("starttls-failed"), Verdict::NotTested);
    // The greeting comes first, whatever follows.
    let denied =
        port("25", |play| play.connects().greets("554 5.7.1 no").volunteers(Stage::Quit, "221 bye").quits());
    assert_eq!(denied.ids(), ["greeting-rejected", "malformed-reply"]);
    assert_eq!(said(&denied).0, ErrorCode::GreetingRejected);
}

#[test]
fn starttls_is_not_asked_for_and_not_said_to_fail() {
    let before = port("25", |play| {
        play.connects().greets(GREETING).ehlo(EHLO).volunteers(Stage::StartTls, "220 go").quits()
    });
    assert_eq!((before.ids(), before.starttls_supported), (vec!["malformed-reply"], Some(true)));
    assert_eq!(before.verdict("starttls-failed"), Verdict::NotTested);
    assert!(said(&before).2.starts_with("Before STARTTLS was sent, "));
}

#[test]
fn inside_tls_what_came_before_it_stands() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let report = |play: fn(Play<'_>) -> Play<'_>| {
        Scene::one("587", |begun| play(begun.until_hello().tls(sent))).judged_trusting(&root)
    };
    let before_ehlo = report(|play| play.volunteers(Stage::EhloAfterTls, GREETING).quits());
    let port = &before_ehlo.ports[0];
    assert_eq!(port.ids(), ["malformed-reply"]);
    assert!(said(port).2.starts_with("Before EHLO was sent inside TLS, "));
    let told = &port.found("malformed-reply").explanation;
    assert!(
        !told.contains("miss STARTTLS") && told.contains("a recipient as accepted that was refused"),
        "{told}"
    );
    assert_eq!(port.verdict("submission-without-auth"), Verdict::NotTested);
    assert_eq!((port.starttls_supported, port.verdict("starttls-failed")), (Some(true), Verdict::Passed));
    assert!(
        summary(&before_ehlo).starts_with("Mail clients reach this server over TLS 1.3; the server sends")
    );
    // TLS came up; what a client reads behind it is not known.
    let row = &senders(&before_ehlo)[0];
    assert_eq!(
        (row.outcome, row.text.as_str()),
        (SenderOutcome::NotTested, "Not tested: a reply broke the rules of SMTP.")
    );

    let before_quit = report(|play| play.ehlo(EHLO_TLS).volunteers(Stage::Quit, "250 2.0.0 Ok").quits());
    assert_eq!(before_quit.ports[0].verdict("submission-without-auth"), Verdict::NotTested);
    let with_auth = report(|play| play.ehlo(EHLO_AUTH).volunteers(Stage::Quit, "250 2.0.0 Ok").quits());
    assert_eq!(with_auth.ports[0].verdict("submission-without-auth"), Verdict::Passed);
    assert_eq!(with_auth.ports[0].ids(), ["malformed-reply"]);
}

/// RFC 5321 §3.8
#[test]
fn a_421_before_a_command_is_the_server_closing() {
    let closing = port("25", |play| {
        play.connects().greets(GREETING).replies(Stage::Ehlo, "421 4.3.2 down").ends(Stage::Ehlo)
    });
    assert_eq!(closing.ids(), ["session-cut-short"]);
    assert_eq!(closing.verdict("malformed-reply"), Verdict::Passed);
    assert_eq!(closing.verdict("reply-format"), Verdict::Passed);
    assert_eq!(closing.verdict("starttls-missing"), Verdict::NotTested);
    let in_the_end = port("25", |play| {
        let play = play.connects().greets(GREETING).ehlo("250 mx1").replies(Stage::Quit, "421 4.3.2 down");
        play.ends(Stage::Quit)
    });
    assert_eq!((in_the_end.ids(), in_the_end.error.as_ref()), (vec!["starttls-missing"], None));
}

#[test]
fn what_is_awaited_before_a_command_is_not_its_reply() {
    let silent = port("25", |play| {
        let play = play.connects().greets(GREETING).babbles(Stage::Ehlo, FaultKind::Incomplete, b"25");
        play.times_out(Stage::Ehlo, 18)
    });
    let words = "The server was silent for 18 s before EHLO was sent, after the beginning of a reply: “25”.";
    assert_eq!(said(&silent), (ErrorCode::Timeout, Phase::Ehlo, words));
    let noise = port("25", |play| {
        let play = play.connects().greets(GREETING).ehlo(EHLO);
        play.babbles(Stage::StartTls, FaultKind::NotAReply, b"oops\r\n").ends(Stage::StartTls)
    });
    let words = "What the server sent before STARTTLS was sent is no SMTP reply: “oops”.";
    assert_eq!(said(&noise), (ErrorCode::MalformedReply, Phase::StartTls, words));
    assert_eq!(noise.found("malformed-reply").severity, Severity::Error);
    let empty = port("25", |play| {
        let play = play.connects().greets(GREETING);
        play.babbles(Stage::Ehlo, FaultKind::NotAReply, b"\r\n").ends(Stage::Ehlo)
    });
    assert_eq!(said(&empty).2, "What the server sent before EHLO was sent is no SMTP reply: an empty line.");
    // The line behind it is none to blame.
    for octets in [&b"\r\n250 HELP\r\n"[..], b" \n250 HELP\n"] {
        let followed = port("25", |play| {
            let play = play.connects().greets(GREETING).says_ehlo();
            play.babbles(Stage::Ehlo, FaultKind::NotAReply, octets).ends(Stage::Ehlo)
        });
        let words =
            "What the server sent while the reply to EHLO was awaited is no SMTP reply: an empty line.";
        assert_eq!(said(&followed).2, words);
    }
}

#[test]
fn the_live_view_shows_where_it_ended() {
    let scene =
        Scene::one("25", |play| play.connects().greets(GREETING).volunteers(Stage::Ehlo, "250 hello"));
    let steps = &progress(&scene.observations, std::time::Duration::from_secs(1))[0].steps;
    assert_eq!(
        (steps[2].state, steps[2].text.as_str()),
        (StepState::Failed, "a reply broke the rules of SMTP")
    );
}

#[test]
fn what_came_behind_it_is_counted() {
    let port = port("25", |play| {
        let seen = Scene::one("25", |play| play.volunteers(Stage::Ehlo, "250 hello")).observations.seen;
        let Event::Unasked { reply, .. } = seen[0].event.clone() else { panic!("{seen:?}") };
        let unasked = Event::Unasked { reply, encrypted: false, came: None, more: 28 };
        play.connects().greets(GREETING).see(Stage::Ehlo, unasked).quits()
    });
    assert!(said(&port).2.ends_with("“250 hello”, with 28 octets more behind it."), "{:?}", port.error);
    assert_eq!(port.transcript[2].text, "… [28 more octets]");
}

/// However the reply to it fails to come.
#[test]
fn whether_ehlo_is_refused_is_not_tested_where_it_is_not_answered_inside_tls() {
    type Act = fn(Play<'_>) -> Play<'_>;
    let cases: [Act; 4] = [
        |play| play.says_ehlo().closes(Stage::EhloAfterTls),
        |play| play.says_ehlo().times_out(Stage::EhloAfterTls, 18),
        |play| play.ehlo("421 4.3.2 down").ends(Stage::EhloAfterTls),
        |play| {
            let play = play.says_ehlo().replies(Stage::EhloAfterTls, "220 mx1.example.com");
            let play = play.sends(Stage::Quit, Command::Quit).replies(Stage::Quit, "250 mx1.example.com");
            play.volunteers(Stage::Quit, "221 bye").ends(Stage::Quit)
        },
    ];
    for act in cases {
        let scene = Scene::one("25", |play| act(play.until_hello().tls(&[])));
        let port = scene.judged().ports.remove(0);
        assert_eq!(port.verdict("ehlo-rejected"), Verdict::NotTested, "{:?}", port.error);
    }
    let answered = Scene::one("25", |play| play.until_hello().tls(&[]).ehlo("250 mx1.example.com").quits());
    assert_eq!(answered.judged().ports[0].verdict("ehlo-rejected"), Verdict::Passed);
    // Where TLS does not come up, the reply in clear text is all there is; in TLS 1.3 the server may say so last.
    let broken: [Act; 2] = [
        |play| play.closes(Stage::Tls),
        |play| {
            let refused = TlsFailure::Alert(AlertDescription::CERTIFICATE_REQUIRED);
            let play = play.tls(&[]).says_ehlo().see(Stage::EhloAfterTls, Event::TlsFailed(refused));
            play.ends(Stage::EhloAfterTls)
        },
    ];
    for act in broken {
        let port = Scene::one("25", |play| act(play.until_hello())).judged().ports.remove(0);
        assert_eq!(port.ids(), ["starttls-failed"]);
        assert_eq!(port.verdict("ehlo-rejected"), Verdict::Passed);
    }
}

/// The server's end of TLS is gone, and what was behind it answers: the handshake had succeeded.
#[test]
fn clear_text_inside_tls_ends_the_session_and_is_shown() {
    let left = |spec: &str| {
        let scene = Scene::one(spec, |play| {
            let octets = b"250-mx1.example.com\r\n250 SIZE\r\n";
            let failure = TlsFailure::NotTls(octets.into());
            let (play, stage) = match spec {
                "465" => (play.until_hello().tls(&[]), Stage::Greeting),
                _ => (play.until_hello().tls(&[]).says_ehlo(), Stage::EhloAfterTls),
            };
            play.after_ms(5).see(stage, Event::TlsFailed(failure)).ends(stage)
        });
        scene.judged()
    };
    let report = left("25");
    let port = &report.ports[0];
    let error = port.error.as_ref().expect("an error");
    assert_eq!(
        (error.code, error.phase, &*error.message),
        (
            ErrorCode::TlsFailed,
            Phase::EhloAfterTls,
            "The server left TLS, and went on in clear text: “250-mx1.example.com”."
        )
    );
    assert_eq!(port.ids(), ["session-cut-short"]);
    assert_eq!(port.found("session-cut-short").title, "The session ends before the reply to EHLO inside TLS");
    assert_eq!(
        (port.verdict("starttls-failed"), port.verdict("ehlo-rejected")),
        (Verdict::Passed, Verdict::NotTested)
    );
    let last: Vec<_> =
        port.transcript.iter().rev().take(2).map(|line| (&*line.text, line.encrypted)).collect();
    assert_eq!(last, [("250 SIZE", false), ("250-mx1.example.com", false)]);
    let row = senders(&report).remove(0);
    assert_eq!(
        (row.outcome, &*row.text),
        (
            SenderOutcome::Queues,
            "Tries the domain's other mail exchangers, or this one again later: the session ends before the reply to EHLO \
             inside TLS. Some, such as Postfix, then try this one without TLS."
        )
    );

    let report = left("465");
    assert_eq!(report.ports[0].ids(), ["session-cut-short"]);
    assert_eq!(report.ports[0].verdict("tls-failed"), Verdict::Passed);
    // Before TLS was up it is the handshake that fails.
    let never =
        Scene::one("25", |play| play.until_hello().tls_fails(TlsFailure::NotTls(b"454 4.7.0 no\r\n".into())));
    assert_eq!(never.judged().ports[0].ids(), ["starttls-failed"]);
}
