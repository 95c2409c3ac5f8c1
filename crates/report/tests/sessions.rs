//! Sessions that end oddly: the likely cause is said, and no finding denies what another says.

mod scene;

use heloscope_observation::{Stage, TlsFailure};
use heloscope_report::{Port, Severity};
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

    let (severity, words) = masked(|play| play.starttls("421 4.3.2 down").ends(Stage::StartTls));
    assert_eq!(severity, Severity::Notice);
    assert!(
        words.contains("Whether TLS comes up across it was not seen.") && !words.contains("all the same")
    );
    let (severity, words) =
        masked(|play| play.starttls("220 go").begins_handshake().tls_fails(TlsFailure::BadSignature));
    assert_eq!(severity, Severity::Notice);
    assert!(words.contains("Whether TLS comes up across it was not seen."));

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
        for port in [clear, inside] {
            let words = &port.found("ehlo-rejected").explanation;
            assert!(words.starts_with(&format!("EHLO was refused: “{reply}”. ")), "{words}");
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
