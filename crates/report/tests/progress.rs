//! How far a test has come, step by step.

mod scene;

use std::time::Duration;

use heloscope_observation::{Event, RefusalCode, Stage, TlsFailure};
use heloscope_report::{Step, StepKind, StepState, progress};
use heloscope_smtp::Command;
use scene::{EHLO, GREETING, Play, Scene, chain};

fn steps(port: &str, at_ms: u64, play: impl FnOnce(Play<'_>) -> Play<'_>) -> Vec<Step> {
    let scene = Scene::one(port, play);
    progress(&scene.observations, Duration::from_millis(at_ms)).remove(0).steps
}

fn connects(play: Play<'_>) -> Play<'_> {
    play.connects()
}

fn states(steps: &[Step]) -> Vec<(StepKind, StepState, &str)> {
    steps.iter().map(|step| (step.kind, step.state, step.text.as_str())).collect()
}

use StepKind::{Certificate, Connect, Ehlo, Greeting, StartTls, Tls};
use StepState::{Done, Failed, Pending, Running, Skipped};

#[test]
fn a_whole_test() {
    let (_, _, leaf) = chain();
    let ehlo = "250-mx1.example.com\n250-SIZE 52428800\n250-PIPELINING\n250-DSN\n250 STARTTLS";
    let steps = steps("25", 200, |play| {
        play.connects()
            .greets(GREETING)
            .ehlo(ehlo)
            .starttls("220 2.0.0 go")
            .tls(&[&leaf.der])
            .ehlo(EHLO)
            .quits()
    });
    assert_eq!(
        states(&steps),
        [
            (Connect, Done { took_ms: 24 }, "203.0.113.5"),
            (Greeting, Done { took_ms: 49 }, "220 mx1.example.com ESMTP ready"),
            (Ehlo, Done { took_ms: 5 }, "STARTTLS, SIZE, PIPELINING, +1"),
            (StartTls, Done { took_ms: 5 }, "220 2.0.0 go"),
            (Tls, Done { took_ms: 31 }, "TLS 1.3 · TLS_AES_256_GCM_SHA384"),
            (Certificate, Done { took_ms: 0 }, "mx1.example.com, 60 days left"),
        ]
    );
}

#[test]
fn a_wait_is_shown_as_a_wait() {
    let waiting = steps("25", 5_000, connects);
    assert_eq!(states(&waiting)[1], (Greeting, Running { since_ms: 24 }, ""));
    assert!(waiting[1].note.as_deref().unwrap().starts_with("A greeting delay is not an error"));
    assert_eq!(states(&waiting)[2..], [Ehlo, StartTls, Tls, Certificate].map(|kind| (kind, Pending, "")));
    // Nobody wonders yet.
    assert_eq!(steps("25", 1_000, connects)[1].note, None);

    let dialling = steps("25", 3_000, |play| play.see(Stage::Resolve, heloscope_observation::Event::Dialled));
    assert_eq!(dialling[0].state, Running { since_ms: 0 });
    assert!(dialling[0].note.as_deref().unwrap().contains("Many networks block port 25"));
}

fn offers(play: Play<'_>) -> Play<'_> {
    play.connects().greets(GREETING).ehlo(EHLO)
}

#[test]
fn every_wait_for_the_server_has_a_reason() {
    let implicit = steps("465", 15_000, |play| play.connects().begins_handshake());
    let starttls = steps("25", 15_000, |play| offers(play).sends(Stage::StartTls, Command::StartTls));
    let tls = steps("25", 15_000, |play| offers(play).starttls("220 go").begins_handshake());
    let reason = "No answer yet: the server may be busy, or not set up for TLS here.";
    for (steps, kind) in [(implicit, Tls), (starttls, StartTls), (tls, Tls)] {
        let step = steps.iter().find(|step| step.kind == kind).unwrap();
        assert!(matches!(step.state, Running { .. }), "{step:?}");
        assert_eq!(step.note.as_deref(), Some(reason), "{step:?}");
    }
}

#[test]
fn after_a_failure_nothing_is_awaited() {
    let refused = steps("25", 100, |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused));
    assert_eq!(
        states(&refused)[..2],
        [(Connect, Failed, "the connection was refused"), (Greeting, Skipped, "")]
    );
    // It may have answered all the same, and let no test be made.
    let away = steps("25", 100, |play| play.meets(Stage::Connect, RefusalCode::RelayUnreachable));
    assert_eq!(states(&away)[0], (Connect, Failed, "the relay cannot be used"));
    let busy = steps("25", 100, |play| play.connects().greets("421 4.7.0 busy").ends(Stage::Greeting));
    assert_eq!(states(&busy)[1..3], [(Greeting, Failed, "421 4.7.0 busy"), (Ehlo, Skipped, "")]);
}

#[test]
fn without_starttls_no_tls_is_awaited() {
    let clear = steps("25", 100, |play| play.connects().greets(GREETING).ehlo("250 mx1"));
    assert_eq!(
        states(&clear)[2..],
        [
            (Ehlo, Done { took_ms: 5 }, "no extensions"),
            (StartTls, Skipped, "not offered"),
            (Tls, Skipped, ""),
            (Certificate, Skipped, "")
        ]
    );
}

#[test]
fn over_implicit_tls_the_steps_come_in_another_order() {
    let steps = steps("465", 60, |play| play.connects().tls(&[]));
    assert_eq!(
        states(&steps),
        [
            (Connect, Done { took_ms: 24 }, "203.0.113.5"),
            (Tls, Done { took_ms: 31 }, "TLS 1.3 · TLS_AES_256_GCM_SHA384"),
            (Certificate, Done { took_ms: 0 }, "none sent"),
            (Greeting, Running { since_ms: 55 }, ""),
            (Ehlo, Pending, ""),
        ]
    );
}

#[test]
fn progress_in_json() {
    let steps = steps("25", 5_000, connects);
    assert_eq!(
        serde_json::to_value(&steps[0]).unwrap(),
        serde_json::json!({
            "kind": "connect", "state": { "done": { "took_ms": 24 } }, "text": "203.0.113.5", "note": null
        })
    );
    assert_eq!(serde_json::to_value(steps[2].state).unwrap(), "pending");
}

/// The handshake had ended well.
#[test]
fn clear_text_inside_tls_fails_the_step_that_it_comes_in() {
    let (_, _, leaf) = chain();
    let leaves = |stage| Event::TlsFailed(TlsFailure::NotTls(format!("220 {stage:?}").as_str().into()));
    let implicit = steps("465", 200, |play| {
        let play = play.connects().tls(&[&leaf.der]);
        play.see(Stage::Greeting, leaves(Stage::Greeting)).ends(Stage::Greeting)
    });
    let of = |steps: &[Step], kind| steps.iter().find(|step| step.kind == kind).map(|step| step.state);
    assert_eq!(of(&implicit, Tls), Some(Done { took_ms: 31 }));
    assert_eq!(of(&implicit, Greeting), Some(Failed));
    let begun = steps("465", 200, |play| {
        play.connects().begins_handshake().see(Stage::Tls, leaves(Stage::Tls)).ends(Stage::Tls)
    });
    assert_eq!(of(&begun, Tls), Some(Failed));
}
