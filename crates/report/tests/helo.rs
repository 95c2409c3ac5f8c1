//! HELO, tried where EHLO was refused, has no reply: the refusal is told all the same, with what both its codes mean.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

mod scene;

use heloscope_observation::{RefusalCode, Stage};
use heloscope_report::{ErrorCode, Port, SenderOutcome, Severity, Verdict, senders};
use heloscope_smtp::{Command, FaultKind};
use scene::{Asked, GREETING, Play, Scene};

const LISTED: &str = "550 5.7.1 [192.0.2.7] listed at zen.example";

fn port(play: impl FnOnce(Play<'_>) -> Play<'_>) -> Port {
    Scene::one("25", play).judged().ports.remove(0)
}

/// EHLO refused, and HELO sent.
fn helo_sent(play: Play<'_>) -> Play<'_> {
    let refused = play.connects().greets(GREETING).ehlo(LISTED);
    refused.sends(Stage::Ehlo, Command::Helo("relay.example.org".to_owned()))
}

fn assert_refused(port: &Port, helo: &str) {
    let error = port.error.as_ref().unwrap();
    assert_eq!(error.code, ErrorCode::EhloRejected, "{error:?}");
    let start = "The server refused EHLO: “550 5.7.1 [192.0.2.7] listed at zen.example”. 550 means ";
    assert!(error.message.starts_with(start) && error.message.contains("5.7.1 means"), "{error:?}");
    assert!(error.message.ends_with(helo), "{error:?}");
    assert_eq!(port.ids(), ["ehlo-rejected"]);
    let found = port.found("ehlo-rejected");
    assert_eq!((found.severity, found.title.as_str()), (Severity::Error, "The server refuses EHLO with 550"));
    assert_eq!(port.verdict("session-cut-short"), Verdict::NotTested);
    assert_eq!(port.verdict("starttls-missing"), Verdict::NotTested);
}

#[test]
fn a_server_that_hangs_up_on_helo() {
    let closed = port(|play| helo_sent(play).closes(Stage::Ehlo));
    assert_refused(&closed, "HELO was tried next, and the server closed the connection.");
    let reset = port(|play| helo_sent(play).loses(Stage::Ehlo, RefusalCode::Reset).ends(Stage::Ehlo));
    assert_refused(&reset, "HELO was tried next, and the connection was reset.");
    let silent = port(|play| helo_sent(play).times_out(Stage::Ehlo, 18));
    assert_refused(&silent, "HELO was tried next, and the server was silent for 18 s.");
}

/// EHLO had its reply: it is HELO that the session ends at.
#[test]
fn a_session_that_ends_at_helo_is_not_said_to_end_at_ehlo() {
    let sent_away = port(|play| {
        play.connects().greets(GREETING).ehlo("502 no").helo("421 4.7.0 too many").ends(Stage::Ehlo)
    });
    let title = |port: &Port| port.found("session-cut-short").title.clone();
    assert_eq!(title(&sent_away), "EHLO is refused, and the session ends before the reply to HELO does");
    let begun = port(|play| {
        helo_sent(play).babbles(Stage::Ehlo, FaultKind::Incomplete, b"250-mx1").closes(Stage::Ehlo)
    });
    assert_eq!(title(&begun), "EHLO is refused, and the session ends before the reply to HELO does");
    assert_eq!(
        begun.error.as_ref().unwrap().message,
        "The server closed the connection while the reply to HELO was awaited, after the beginning of a reply: “250-mx1”."
    );
}

/// Nor is what was not tested put down to EHLO's reply.
#[test]
fn why_nothing_is_known_past_helo_names_helo() {
    let report = Scene::one("25", |play| {
        helo_sent(play).babbles(Stage::Ehlo, FaultKind::Incomplete, b"250-mx1").closes(Stage::Ehlo)
    })
    .judged();
    assert_eq!(
        report.ports[0].why("starttls-missing"),
        "the test of this port ended early: the server closed the connection while the reply to HELO was awaited"
    );
}

/// RFC 3207 §4: in clear text such a server takes no mail, as a rule.
#[test]
fn a_server_that_demands_starttls_of_ehlo_is_not_said_to_take_clear_text() {
    let ehlo = "530 5.7.0 Must issue a STARTTLS command first";
    let report = Scene::one("25", |play| play.connects().greets(GREETING).ehlo(ehlo).helo("250 mx1").quits());
    let report = report.judged();
    let port = &report.ports[0];
    assert_eq!((port.starttls_supported, port.verdict("starttls-missing")), (None, Verdict::NotTested));
    let found = port.found("ehlo-rejected");
    assert!(
        found.explanation.contains("only if the server takes mail so, which was not tested"),
        "{found:?}"
    );
    let rows = senders(&report);
    assert_eq!(rows[0].outcome, SenderOutcome::Depends);
    assert!(rows[0].text.contains("it demands STARTTLS"), "{}", rows[0].text);
    assert_eq!(rows[1].outcome, SenderOutcome::Refuses);
}

#[test]
fn what_the_reply_to_helo_lists_is_no_offer() {
    let says = "HELO was accepted; whatever its reply lists is no extension that is offered. ";
    for reply in ["250 mx1", "250-mx1\n250 STARTTLS"] {
        let port = port(|play| play.connects().greets(GREETING).ehlo("502 no").helo(reply).quits());
        let words = &port.found("ehlo-rejected").explanation;
        assert!(words.contains(says), "{words}");
    }
}

#[test]
fn a_server_that_hangs_up_on_helo_inside_tls() {
    let inside = port(|play| {
        let refused = play.until_hello().tls(&[]).says_ehlo().replies(Stage::EhloAfterTls, LISTED);
        let helo = Command::Helo("relay.example.org".to_owned());
        refused.sends(Stage::EhloAfterTls, helo).closes(Stage::EhloAfterTls)
    });
    let error = inside.error.as_ref().unwrap();
    assert_eq!((error.code, error.phase), (ErrorCode::EhloRejected, Stage::EhloAfterTls));
    assert!(error.message.starts_with("Inside TLS the server refused EHLO: “550 5.7.1 "), "{error:?}");
    assert_eq!(inside.found("ehlo-rejected").title, "Inside TLS the server refuses EHLO with 550");
}

#[test]
fn what_helo_met_does_not_hide_that_ehlo_was_refused() {
    let babbled = port(|play| helo_sent(play).babbles(Stage::Ehlo, FaultKind::NotAReply, b"what"));
    assert_eq!(babbled.error.as_ref().unwrap().code, ErrorCode::MalformedReply);
    assert_eq!(babbled.ids(), ["ehlo-rejected", "malformed-reply"]);
    // The relay's time is up: nothing is known of HELO, and the refusal of EHLO stays a fact.
    let cut = port(|play| helo_sent(play).loses(Stage::Ehlo, RefusalCode::Timeout).ends(Stage::Ehlo));
    assert_eq!(cut.error.as_ref().unwrap().code, ErrorCode::Timeout);
    assert_eq!(cut.ids(), ["ehlo-rejected"]);
}

/// Postfix tries HELO after any refusal of EHLO but a 421; this test, after one for good.
#[test]
fn whether_helo_helps_where_ehlo_is_put_off_is_not_known() {
    let told = |ehlo: &str, helo: Option<&str>| {
        let report = Scene::one("25", |play| {
            let play = play.connects().greets(GREETING).ehlo(ehlo);
            helo.into_iter().fold(play, Play::helo).quits()
        });
        let report = report.judged();
        let rows = senders(&report);
        let explained = report.ports[0].found("ehlo-rejected").explanation.clone();
        (rows[0].outcome, rows[0].text.contains("HELO, which was not tested"), explained)
    };
    let (outcome, is_open, explained) = told("450 4.3.2 later", None);
    assert_eq!((outcome, is_open), (SenderOutcome::Depends, true));
    assert!(
        explained.ends_with("Some, such as Postfix, try HELO first, which was not tested."),
        "{explained}"
    );
    let (outcome, is_open, explained) = told("502 what", Some("450 4.3.2 later"));
    assert_eq!((outcome, is_open), (SenderOutcome::Queues, false));
    assert!(!explained.contains("try HELO first"), "{explained}");
}

#[test]
fn a_server_that_only_hangs_up_refuses_nothing() {
    let accepted = port(|play| helo_sent(play).replies(Stage::Ehlo, "250 mx1").quits());
    assert_eq!(accepted.error, None);
    let closed = port(|play| play.connects().greets(GREETING).says_ehlo().closes(Stage::Ehlo));
    assert_eq!(closed.error.as_ref().unwrap().code, ErrorCode::Closed);
    assert_eq!(closed.ids(), ["session-cut-short"]);
    assert_eq!(closed.verdict("ehlo-rejected"), Verdict::NotTested);
}
