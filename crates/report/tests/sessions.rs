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
