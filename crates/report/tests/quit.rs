//! A QUIT that is not answered takes nothing from what was seen before.

mod scene;

use heloscope_observation::Stage;
use heloscope_report::{CheckVerdict, SenderOutcome, SenderRow, Verdict, senders, summary};
use heloscope_smtp::Command;
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
    for (quit, why) in
        [(silent, Some("no reply to QUIT came; all was said by then")), ((|play| play.quits()) as Act, None)]
    {
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
