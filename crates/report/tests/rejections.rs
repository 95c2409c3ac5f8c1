//! Replies that refuse, wherever they come: their error codes, and what they are said to mean.

mod scene;

use heloscope_observation::Stage;
use heloscope_report::{ErrorCode, Severity, Verdict};
use heloscope_smtp::FaultKind;
use scene::{Asked, EHLO, GREETING, Play, Scene, assert_says, error};

#[test]
fn a_refusal_without_an_end_is_explained() {
    let closed = |octets: &[u8]| {
        error("25", |play| {
            play.connects().babbles(Stage::Greeting, FaultKind::Incomplete, octets).closes(Stage::Greeting)
        })
    };
    assert_says(
        &closed(b"421 busy"),
        ErrorCode::Closed,
        Stage::Greeting,
        &[
            "“421 busy”. Its line was not ended, but it is a refusal. 421 means “service not available",
            "Likely cause: the server is busy",
        ],
    );
    for no_refusal in [&b"220 mx1"[..], b"421-busy", b"42"] {
        assert!(!closed(no_refusal).message.contains("refusal"));
    }
}

#[test]
fn greetings_that_refuse_say_why() {
    let busy = error("25", |play| {
        play.connects()
            .greets("421 4.7.0 mx1 Error: too many connections from 192.0.2.9")
            .ends(Stage::Greeting)
    });
    assert_says(
        &busy,
        ErrorCode::GreetingRejected,
        Stage::Greeting,
        &["“421 4.7.0 mx1 Error", "service not available", "4.7.0 means", "too many connections, or"],
    );
    let denied = error("25", |play| play.connects().greets("554-no\n554 5.7.1 listed").quits());
    assert_says(
        &denied,
        ErrorCode::GreetingRejected,
        Stage::Greeting,
        &["“554-no 554 5.7.1 listed”", "block list"],
    );
}

#[test]
fn a_code_without_a_text_says_what_it_means() {
    for (reply, means) in [("421", "service not available"), ("554", "no SMTP service here")] {
        let bare = error("25", |play| play.connects().greets(reply).ends(Stage::Greeting));
        let quoted = format!("“{reply}”");
        assert_says(&bare, ErrorCode::GreetingRejected, Stage::Greeting, &[&quoted, means]);
    }
}

/// A refusal at the greeting, at EHLO and HELO, and at STARTTLS: its error, and that nothing is said to be missing.
#[test]
fn refusals_are_put_into_words_wherever_they_come() {
    let cases = [
        (
            "421 4.7.0 mx1 Error: too many connections",
            ["service not available", "4.7.0", "too many connections, or"],
        ),
        (
            "450 4.3.2 Service currently unavailable",
            ["mailbox unavailable, busy", "4.3.2", "not accepting network messages"],
        ),
        ("454 4.7.0 TLS not available", ["TLS not available due to temporary reason", "4.7.0", "log says"]),
        ("500 5.5.2 what", ["command unrecognized", "5.5.2", "ikely"]),
        ("502 5.5.1 no", ["command not implemented", "5.5.1", "ikely"]),
        ("530 5.7.0 Must issue a STARTTLS command first", ["must issue a STARTTLS", "5.7.0", "STARTTLS"]),
        ("554 5.7.1 listed", ["554 means", "5.7.1", "block list"]),
    ];
    for (reply, words) in cases {
        let at_greeting = Scene::one("25", |play| play.connects().greets(reply).quits());
        let at_ehlo = Scene::one("25", |play| {
            let play = play.connects().greets(GREETING).ehlo(reply);
            if reply.starts_with('5') { play.helo(reply).quits() } else { play.quits() }
        });
        let at_starttls =
            Scene::one("25", |play| play.connects().greets(GREETING).ehlo(EHLO).starttls(reply).quits());
        for (scene, code, phase) in [
            (at_greeting, ErrorCode::GreetingRejected, Stage::Greeting),
            (at_ehlo, ErrorCode::EhloRejected, Stage::Ehlo),
            (at_starttls, ErrorCode::StartTlsRejected, Stage::StartTls),
        ] {
            let report = scene.judged();
            let port = &report.ports[0];
            let error = port.error.as_ref().unwrap();
            assert_says(error, code, phase, &[&format!("“{reply}”"), words[0], words[1], words[2]]);
            let missing = port.checks.iter().find(|check| check.id == "starttls-missing").unwrap();
            let expected = if phase == Stage::StartTls { Verdict::Passed } else { Verdict::NotTested };
            assert_eq!(missing.verdict, expected, "{reply} at {phase:?}");
        }
    }
}

/// RFC 5321 §4.2.3 has two meanings of 554, one for the greeting; postscreen says 450 4.3.2 before STARTTLS, not to it.
#[test]
fn a_code_has_the_meaning_and_the_cause_of_the_place_where_it_came() {
    let messages = |reply: &str| {
        [
            error("25", |play| play.connects().greets(reply).quits()).message,
            error("25", |play| play.connects().greets(GREETING).ehlo(reply).helo(reply).quits()).message,
            error("25", |play| play.connects().greets(GREETING).ehlo(EHLO).starttls(reply).quits()).message,
        ]
    };
    let [greeting, ehlo, starttls] = messages("554 no");
    assert!(greeting.contains("554 means “no SMTP service here”. "), "{greeting}");
    for message in [ehlo, starttls] {
        assert!(message.contains("554 means “transaction failed”."), "{message}");
        assert!(!message.contains("greeting") && !message.contains("no SMTP service"), "{message}");
    }
    let [greeting, ehlo, starttls] = messages("450 4.3.2 Service currently unavailable");
    assert!(greeting.contains("postscreen") && ehlo.contains("postscreen"), "{greeting} {ehlo}");
    assert!(starttls.ends_with("4.3.2 means “system not accepting network messages”."), "{starttls}");
}

#[test]
fn ehlo_is_rejected_only_where_helo_is_too() {
    let both = error("25", |play| {
        play.connects().greets(GREETING).ehlo("502 5.5.1 no EHLO").helo("550 5.7.1 no").quits()
    });
    assert_says(&both, ErrorCode::EhloRejected, Stage::Ehlo, &["“550 5.7.1 no”"]);

    let deferred = error("25", |play| play.connects().greets(GREETING).ehlo("450 4.3.2 later").quits());
    assert_says(&deferred, ErrorCode::EhloRejected, Stage::Ehlo, &["postscreen"]);

    // Not yet known whether HELO follows.
    let running = Scene::one("25", |play| play.connects().greets(GREETING).ehlo("502 no"));
    assert_eq!(running.judged().ports[0].error, None);

    let hangs_up =
        error("25", |play| play.connects().greets(GREETING).ehlo("554 go away").closes(Stage::Ehlo));
    assert_says(&hangs_up, ErrorCode::EhloRejected, Stage::Ehlo, &["“554 go away”"]);

    let helo_only =
        Scene::one("25", |play| play.connects().greets(GREETING).ehlo("502 no").helo("250 mx1").quits());
    assert_eq!(helo_only.judged().ports[0].error, None);
}

#[test]
fn ehlo_and_helo_each_have_their_own_reply() {
    let port = |ehlo: &str, helo: &str| {
        let scene = Scene::one("25", |play| play.connects().greets(GREETING).ehlo(ehlo).helo(helo).quits());
        scene.judged().ports.remove(0)
    };
    let both = port("500 what", "503 5.5.1 Bad sequence");
    assert_eq!(both.found("ehlo-rejected").title, "The server refuses EHLO with 500 and HELO with 503");
    assert_eq!(
        both.error.unwrap().message,
        "The server refused EHLO: “500 what”. 500 means “syntax error, command unrecognized”. Likely cause: the server \
         does not know the command, or a device on the path altered it. HELO, which was tried next, it refused too: “503 \
         5.5.1 Bad sequence”. 503 means “bad sequence of commands”; the enhanced status code 5.5.1 means “invalid command”."
    );
    let alike = port("550 5.7.1 EHLO rejected", "550 5.7.1 HELO rejected");
    assert_eq!(alike.found("ehlo-rejected").title, "The server refuses EHLO and HELO with 550");
    let words = &alike.error.as_ref().unwrap().message;
    assert!(words.starts_with("The server refused EHLO: “550 5.7.1 EHLO rejected”."), "{words}");
    assert!(words.ends_with("it refused too: “550 5.7.1 HELO rejected”."), "{words}");
    // The last word is HELO's.
    let for_now = port("502 no", "450 4.3.2 later");
    assert_eq!(for_now.found("ehlo-rejected").severity, Severity::Warning);
    let closing = port("502 no", "421 4.3.2 down");
    assert_eq!(closing.ids(), ["session-cut-short"]);
    assert!(closing.error.unwrap().message.ends_with(
        "HELO was tried next, and in place of a reply to it the server ended the session: “421 4.3.2 down”. 421 means \
         “service not available, closing transmission channel”; the enhanced status code 4.3.2 means “system not accepting \
         network messages”. Likely cause: all of the server's screening or delivery processes are busy, or it is \
         shutting down."
    ));
    let odd = port("502 no", "354 go on");
    let found = odd.found("ehlo-rejected");
    assert_eq!(found.title, "The server refuses EHLO with 502, and answers HELO with 354, not 250");
    assert!(
        found.explanation.contains("it answered with “354 go on”, which is no reply that SMTP has there.")
    );
}

/// A refusal is a 4xx or 5xx; the rest has no place there, and is no refusal.
#[test]
fn a_reply_that_has_no_place_is_no_refusal() {
    for greeting in ["250 hi", "354 go ahead"] {
        let scene = Scene::one("25", |play| play.connects().greets(greeting).quits());
        let port = scene.judged().ports.remove(0);
        let found = port.found("greeting-rejected");
        assert_eq!(found.title, format!("The server greets with {}, not 220", &greeting[..3]));
        let words = format!("The server greeted with “{greeting}”, which is no greeting that SMTP has.");
        assert!(found.explanation.starts_with(&words), "{}", found.explanation);
        let all = format!("{} {}", found.explanation, found.fix);
        assert!(!all.contains("refusal") && !all.contains("refused") && !all.contains("block list"), "{all}");
        assert!(found.fix.contains("greet with 220"));
    }
    let ehlo = error("25", |play| play.connects().greets(GREETING).ehlo("354 go ahead").quits());
    let words = "The server answered EHLO with “354 go ahead”, which is no reply that SMTP has there.";
    assert_says(&ehlo, ErrorCode::EhloRejected, Stage::Ehlo, &[words]);
    let inside = |play: fn(Play<'_>) -> Play<'_>| {
        let scene = Scene::one("25", |tls| play(tls.until_hello().tls(&[])).quits());
        scene.judged().ports.remove(0)
    };
    let port = inside(|play| play.ehlo("354 go ahead"));
    let words =
        "Inside TLS the server answered EHLO with “354 go ahead”, which is no reply that SMTP has there.";
    assert_says(port.error.as_ref().unwrap(), ErrorCode::EhloRejected, Stage::EhloAfterTls, &[words]);
    assert_eq!(port.found("ehlo-rejected").title, "Inside TLS the server answers EHLO with 354, not 250");
    let port = inside(|play| play.ehlo("502 no").helo("299 hm"));
    assert_eq!(
        port.found("ehlo-rejected").title,
        "Inside TLS the server refuses EHLO with 502, and answers HELO with 299, not 250"
    );
    let scene =
        Scene::one("25", |play| play.connects().greets(GREETING).ehlo(EHLO).starttls("250 ok").quits());
    let port = scene.judged().ports.remove(0);
    let found = port.found("starttls-failed");
    assert_eq!(found.title, "STARTTLS is offered but answered with 250, not 220");
    let words = "The server answered STARTTLS with “250 ok”, which is no reply that SMTP has there. 250 means “requested \
                 mail action okay, completed”. Only 220 lets TLS begin (RFC 3207 §4).";
    assert!(found.explanation.starts_with(words), "{}", found.explanation);
    assert!(found.fix.starts_with("Let the server answer STARTTLS with 220"), "{}", found.fix);
}

/// RFC 5321 §3.8: the server closes, whatever it was asked.
#[test]
fn a_421_is_no_refusal_of_a_command() {
    let asked = error("25", |play| {
        play.connects().greets(GREETING).ehlo(EHLO).starttls("421 4.3.2 down").ends(Stage::StartTls)
    });
    let words = "The server ended the session in place of a reply to STARTTLS: “421 4.3.2 down”.";
    assert_says(&asked, ErrorCode::StartTlsRejected, Stage::StartTls, &[words]);
    let before = error("25", |play| {
        play.connects().greets(GREETING).replies(Stage::Ehlo, "421 4.3.2 down").ends(Stage::Ehlo)
    });
    let words = "The server ended the session before EHLO was sent: “421 4.3.2 down”.";
    assert_says(&before, ErrorCode::EhloRejected, Stage::Ehlo, &[words]);
}

#[test]
fn starttls_is_refused() {
    let error = error("25", |play| {
        play.connects().greets(GREETING).ehlo(EHLO).starttls("454 4.7.0 TLS not available").quits()
    });
    assert_says(&error, ErrorCode::StartTlsRejected, Stage::StartTls, &["“454 4.7.0", "certificate or key"]);
}
