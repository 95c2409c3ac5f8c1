//! A QUIT that is not answered takes nothing from what was seen before.

mod scene;

use heloscope_observation::{Event, RefusalCode, Stage, TlsFailure};
use heloscope_report::{
    CheckVerdict, ErrorCode, Phase, Port, SenderOutcome, SenderRow, Status, Verdict, senders, summary,
};
use heloscope_smtp::{Command, ReplyReader};
use scene::{Asked, GREETING, Play, Scene};

type Act = fn(Play<'_>) -> Play<'_>;

const HELO_ONLY: Act =
    |play| play.connects().greets(GREETING).ehlo("502 5.5.1 no").helo("250 mx1.example.com");
const MASKED: Act = |play| play.connects().greets(GREETING).ehlo("250-mx1.example.com\n250 XXXXXXXA");
const CLEAR_TEXT: Act = |play| play.connects().greets(GREETING).ehlo("250 mx1.example.com");
const LONG: Act = |play| {
    let lines: String = (0..120).map(|number| format!("250-X{number}\r\n")).collect();
    let reply = format!("250-mx1.example.com\r\n{lines}250 HELP\r\n");
    play.connects().greets(GREETING).says_ehlo().replies_octets(Stage::Ehlo, reply.as_bytes())
};

/// What the report says of all before QUIT.
fn told(act: Act, quit: Act) -> (Vec<CheckVerdict>, Vec<SenderRow>, String) {
    let report = Scene::one("25", |play| quit(act(play))).judged();
    let (senders, summary) = (senders(&report), summary(&report));
    let mut checks: Vec<CheckVerdict> = report.ports.into_iter().flat_map(|port| port.checks).collect();
    // The one about QUIT itself says how far it passed.
    let cut_short = checks.iter_mut().find(|check| check.id == "session-cut-short").expect("every check");
    assert_eq!(cut_short.verdict, Verdict::Passed);
    cut_short.why = None;
    (checks, senders, summary)
}

#[test]
fn what_was_not_tested_has_the_same_reason_whether_quit_is_answered_or_not() {
    let silent: Act = |play| play.sends(Stage::Quit, Command::Quit).times_out(Stage::Quit, 5);
    let hangs_up: Act = |play| play.sends(Stage::Quit, Command::Quit).closes(Stage::Quit);
    for act in [HELO_ONLY, MASKED, CLEAR_TEXT, LONG] {
        let answered = told(act, |play| {
            play.sends(Stage::Quit, Command::Quit).replies(Stage::Quit, "221 bye").ends(Stage::Quit)
        });
        assert_eq!(told(act, silent), answered);
        assert_eq!(told(act, hangs_up), answered);
    }
}

/// The error says timeout: the check beside it says why that is no finding.
#[test]
fn a_silence_after_quit_is_told_where_the_session_passes() {
    let silent: Act = |play| play.sends(Stage::Quit, Command::Quit).times_out(Stage::Quit, 5);
    for (quit, why) in [
        (silent, Some("no whole reply to QUIT came; all was said by then")),
        ((|play| play.quits()) as Act, None),
    ] {
        let port = Scene::one("25", |play| quit(CLEAR_TEXT(play))).judged().ports.remove(0);
        assert_eq!(port.verdict("session-cut-short"), Verdict::Passed);
        let check = port.checks.iter().find(|check| check.id == "session-cut-short").unwrap();
        assert_eq!(check.why.as_deref(), why);
    }
}

#[test]
fn the_reasons_are_those_of_what_came_before() {
    for (act, why) in [
        (HELO_ONLY, "the server takes only HELO, and without EHLO nothing is offered"),
        (MASKED, "a device on the path overwrites what the server offers, STARTTLS perhaps among it"),
        (LONG, "the EHLO reply has more lines than are kept, and it may stand on one of those that are not"),
    ] {
        let scene =
            Scene::one("25", |play| act(play).sends(Stage::Quit, Command::Quit).times_out(Stage::Quit, 5));
        let port = scene.judged().ports.remove(0);
        for id in ["tls-version-weak", "certificate-expired"] {
            assert_eq!((port.verdict(id), port.why(id)), (Verdict::NotTested, why), "{id}");
        }
    }
}

/// What is left of these octets in place of the reply to QUIT.
fn says<'s>(play: Play<'s>, octets: &[u8], encrypted: bool) -> Play<'s> {
    let mut reader = ReplyReader::default();
    reader.push(octets);
    let read = reader.next_reply().map(|read| read.expect_err("no reply"));
    let fault = match read.or_else(|| (octets.len() <= 1024).then(|| reader.unfinished()).flatten()) {
        Some(fault) => fault,
        None => reader.give_up(),
    };
    play.see(Stage::Quit, Event::NoReply { fault, encrypted, came: None })
}

const INSIDE: Act = |play| play.until_hello().tls(&[]).ehlo("250 mx1");

/// The port with this in place of a reply to QUIT; all else is as with a 221.
fn odd(before: Act, quit: impl FnOnce(Play<'_>) -> Play<'_>) -> Port {
    let answered = Scene::one("25", |play| before(play).quits()).judged();
    let mut report = Scene::one("25", |play| quit(before(play).sends(Stage::Quit, Command::Quit))).judged();
    assert_eq!((report.status, summary(&report)), (answered.status, summary(&answered)));
    assert_eq!(senders(&report), senders(&answered));
    let (port, answered) = (report.ports.remove(0), &answered.ports[0]);
    assert_eq!(port.findings, answered.findings);
    for (check, whole) in port.checks.iter().zip(&answered.checks) {
        // Lines that are not kept are not linted, whatever they are of.
        if check.id == "reply-format" && port.why("reply-format").contains("more lines than are kept") {
            continue;
        }
        assert_eq!((&check.id, check.verdict), (&whole.id, whole.verdict));
        let why = "no whole reply to QUIT came; all was said by then";
        assert!(check.why == whole.why || check.why.as_deref() == Some(why), "{check:?}");
    }
    port
}

const HARMLESS: &str =
    " RFC 5321 §4.1.1.10 demands 221; nothing more was to be said, and it does mail no harm.";

/// All that a sender needs is done by then.
#[test]
fn what_is_no_reply_to_quit_is_noted_and_takes_nothing() {
    let long = b"221-bye\r\n".repeat(26_000);
    for (octets, says_of_it, code) in [
        (
            &b"bye\r\n"[..],
            "What the server sent while the reply to QUIT was awaited is no SMTP reply: “bye”.",
            ErrorCode::MalformedReply,
        ),
        (
            b"\x00\xffgarbage\n",
            "What the server sent while the reply to QUIT was awaited is no SMTP reply: “\\x00\\xffgarbage\\n”.",
            ErrorCode::MalformedReply,
        ),
        (b"221 2.0.0 Bye", "The reply to QUIT was not ended: “221 2.0.0 Bye”.", ErrorCode::Closed),
        (b"221-x\r\n", "The reply to QUIT was not ended: “221-x”.", ErrorCode::Closed),
        (b"221-x\r\n22", "The reply to QUIT was not ended: “221-x 22”.", ErrorCode::Closed),
        (
            &long,
            "The reply to QUIT had not ended after 26000 lines, 234000 octets in all. With that the server had sent 240 KiB \
             on this connection, which is as much as this test reads.",
            ErrorCode::ReplyTooLong,
        ),
    ] {
        for (before, encrypted) in [(CLEAR_TEXT, false), (HELO_ONLY, false), (INSIDE, true)] {
            let port = odd(before, |play| says(play, octets, encrypted).closes(Stage::Quit));
            assert!(port.notes.contains(&format!("{says_of_it}{HARMLESS}")), "{:?}", port.notes);
            assert!(!port.notes.iter().any(|note| note.contains("without a reply")), "{:?}", port.notes);
            let cut_off = port.notes.iter().any(|note| note.contains("without TLS's close_notify"));
            assert_eq!(cut_off, encrypted, "{:?}", port.notes);
            let error = port.error.as_ref().unwrap();
            assert_eq!((error.code, error.phase), (code, Phase::Quit));
            assert_eq!(port.cut_short_by(), None);
        }
    }
}

/// A reply that is cut short is told as one at any other place is.
#[test]
fn a_reply_to_quit_that_has_begun_is_told_with_how_it_ended() {
    let message = |end: Act| {
        let port = odd(CLEAR_TEXT, |play| end(says(play, b"221-x\r\n22", false)));
        assert_eq!(port.notes, [format!("The reply to QUIT was not ended: “221-x 22”.{HARMLESS}")]);
        port.error.unwrap().message
    };
    assert_eq!(
        message(|play| play.closes(Stage::Quit)),
        "The server closed the connection while the reply to QUIT was awaited, after the beginning of a reply: “221-x 22”."
    );
    assert_eq!(
        message(|play| play.loses(Stage::Quit, RefusalCode::Reset)),
        "The connection was reset. The beginning of a reply had come: “221-x 22”."
    );
    // It may have come octet by octet, and no silence then.
    assert_eq!(
        message(|play| play.times_out(Stage::Quit, 5)),
        "The reply to QUIT was not ended: “221-x 22”."
    );
}

#[test]
fn tls_that_breaks_at_quit_is_noted() {
    for (failure, begins) in [
        (
            TlsFailure::NotTls(b"221 bye\r\n".into()),
            "The server left TLS, and went on in clear text: “221 bye”.",
        ),
        (
            TlsFailure::Protocol("a record of the server's does not decrypt".to_owned()),
            "The server broke the TLS protocol, or chose what cannot be spoken here: a record of the server's does not \
             decrypt.",
        ),
    ] {
        let port = odd(INSIDE, |play| play.see(Stage::Quit, Event::TlsFailed(failure)).ends(Stage::Quit));
        assert_eq!(port.notes, [format!("{begins}{HARMLESS}")]);
    }
}

/// What the session ended with before stands; the note is one more.
#[test]
fn what_is_no_reply_to_quit_is_noted_after_a_refusal_as_well() {
    let port = odd(
        |play| play.connects().greets("554 5.7.1 no"),
        |play| says(play, b"221-x\r\n", false).closes(Stage::Quit),
    );
    assert_eq!(port.error.unwrap().code, ErrorCode::GreetingRejected);
    assert_eq!(port.notes, [format!("The reply to QUIT was not ended: “221-x”.{HARMLESS}")]);
}

/// Then it is none to QUIT, and the next command of a sender would meet it.
#[test]
fn what_is_no_reply_before_quit_ends_the_session() {
    let report =
        Scene::one("25", |play| says(CLEAR_TEXT(play), b"bye\r\n", false).ends(Stage::Quit)).judged();
    assert_eq!(report.status, Status::Error);
    assert_eq!(report.ports[0].found("malformed-reply").id, "malformed-reply");
    assert!(report.ports[0].cut_short_by().is_some());
}

/// RFC 5321 §4.1.1.10; a 421 may come at any time.
#[test]
fn another_code_than_221_is_noted() {
    let notes = |reply: &str| {
        let scene = Scene::one("25", |play| {
            CLEAR_TEXT(play).sends(Stage::Quit, Command::Quit).replies(Stage::Quit, reply).ends(Stage::Quit)
        });
        scene.judged().ports.remove(0).notes
    };
    assert_eq!(
        notes("250 2.0.0 Ok"),
        ["The server answered QUIT with “250 2.0.0 Ok” (RFC 5321 §4.1.1.10 demands 221)."]
    );
    assert_eq!(notes("500 what?").len(), 1);
    for reply in ["221 bye", "421 4.3.2 down"] {
        assert_eq!(notes(reply), [""; 0], "{reply}");
    }
}

/// Nobody knows then what was said yes to.
#[test]
fn a_reply_too_many_inside_tls_leaves_it_open_whether_mail_is_taken() {
    let report = |more: bool| {
        let scene = Scene::one("25", |play| {
            let inside = play.until_hello().tls(&[]).ehlo("250 mx1").sends(Stage::Quit, Command::Quit);
            let inside = inside.replies(Stage::Quit, if more { "250 ok" } else { "221 bye" });
            if more {
                inside.volunteers(Stage::Quit, "221 bye").ends(Stage::Quit)
            } else {
                inside.ends(Stage::Quit)
            }
        });
        scene.judged()
    };
    assert_eq!(senders(&report(false))[0].outcome, SenderOutcome::Delivers);
    let doubted = senders(&report(true));
    assert_eq!(doubted[0].outcome, SenderOutcome::NotTested);
    assert_eq!(doubted[0].text, "Not tested: a reply broke the rules of SMTP.");
}

/// Then which reply answers which command is not known.
#[test]
fn a_reply_too_many_at_quit_puts_what_came_before_in_doubt() {
    let scene = Scene::one("25", |play| {
        let play = CLEAR_TEXT(play).sends(Stage::Quit, Command::Quit).replies(Stage::Quit, "250 ok");
        play.volunteers(Stage::Quit, "221 bye").ends(Stage::Quit)
    });
    let port = scene.judged().ports.remove(0);
    assert_eq!(
        port.why("tls-version-weak"),
        "the test of this port ended early: a reply broke the rules of SMTP"
    );
}
