//! Warning alerts: what the report says of a server that warns in the handshake.

mod scene;

use heloscope_observation::{AlertDescription, Event, Stage, TlsFailure, TlsVersion};
use heloscope_report::{ErrorCode, Report, Severity, Status};
use scene::{Asked, EHLO_AUTH, GREETING, Play, Scene, chain};

fn warns(play: Play<'_>, alert: u8) -> Play<'_> {
    play.see(Stage::Tls, Event::TlsWarned(AlertDescription(alert)))
}

/// A port with implicit TLS where all is well but for this warning before the handshake. The certificate is for
/// mx1.example.com.
fn warned(host: &str, alert: u8) -> Report {
    let (root, intermediate, leaf) = chain();
    let scene = Scene::of(host).port("465", |play| {
        let play = warns(play.connects().begins_handshake(), alert);
        let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
        let chosen = play.chooses(TlsVersion::TLS_1_2, 0xc02b, None, true, sent);
        chosen.greets(GREETING).ehlo(EHLO_AUTH).quits()
    });
    scene.judged_trusting(&root)
}

const WARNED: &str = "In the handshake the server warned that it does not know the name in the hello (alert unrecognized_name, \
                      RFC 6066 §3), and went on.";

#[test]
fn a_server_that_does_not_know_the_name_may_have_a_certificate_for_it() {
    let report = warned("mx1.example.com", 112);
    assert_eq!(
        report.ports[0].notes,
        [format!("{WARNED} The certificate that it sent is for the name all the same.")]
    );
    assert_eq!((report.status, report.ports[0].ids()), (Status::Ok, vec![]), "it is no fault");

    let report = warned("mail.example.com", 112);
    assert_eq!(
        report.ports[0].notes,
        [format!("{WARNED} The certificate that it sent is not for the name.")]
    );
    assert_eq!(report.ports[0].ids(), ["certificate-hostname-mismatch"]);

    let report = warned("mx1.example.com", 90);
    assert_eq!(
        report.ports[0].notes,
        ["In the handshake the server warned with the alert user_canceled, and went on."]
    );
}

/// RFC 6066 §3: no address is sent as a name.
#[test]
fn a_hello_that_names_no_host_is_not_refused_for_its_name() {
    let report = warned("192.0.2.1", 112);
    assert_eq!(
        report.ports[0].notes,
        ["In the handshake the server warned with the alert unrecognized_name, and went on."]
    );

    let unrecognized_name = || TlsFailure::Alert(AlertDescription(112));
    let refused = Scene::of("192.0.2.1")
        .port("465", |play| play.connects().begins_handshake().tls_fails(unrecognized_name()));
    let message = refused.judged().ports[0].error.clone().unwrap().message;
    assert!(
        message.starts_with(
            "The server ended TLS with the alert unrecognized_name. The hello named no host, for this one was given by its \
             address (RFC 6066 §3): the server seems to demand a name."
        ),
        "{message}"
    );

    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let answered = Scene::of("192.0.2.1")
        .port("465", |play| play.connects().begins_handshake().tls_fails(unrecognized_name()))
        .raw_hello("465", |play| play.connects().answers(TlsVersion::TLS_1_2, 0xc02f, Some(23), None, sent));
    assert!(!answered.judged_trusting(&root).ports[0].ids().contains(&"tls-name-refused"));
}

#[test]
fn a_hello_made_by_hand_may_be_warned_of_too() {
    let (_, _, leaf) = chain();
    let alert = TlsFailure::Alert(AlertDescription(40));
    let scene = Scene::one("465", |play| play.until_hello().tls_fails(alert)).raw_hello("465", |play| {
        warns(play.connects(), 112).answers(TlsVersion::TLS_1_0, 0x002f, None, None, &[&leaf.der])
    });
    assert!(scene.judged().ports[0].notes[0].starts_with(WARNED));
}

#[test]
fn what_a_server_warned_of_may_explain_that_it_hung_up() {
    fn hangs_up(play: Play<'_>) -> Play<'_> {
        warns(play.connects().begins_handshake(), 112).closes(Stage::Tls)
    }
    let report = Scene::one("465", hangs_up).raw_hello("465", hangs_up).judged();
    let port = &report.ports[0];
    let error = port.error.as_ref().unwrap();
    assert_eq!(
        (error.code, &*error.message),
        (
            ErrorCode::Closed,
            "The server closed the connection during the TLS handshake. Before that the server had warned that it does not know the \
             name in the hello (alert unrecognized_name, RFC 6066 §3), which may be why. Another connection was tried, with a \
             hello for TLS 1.2 and older, which offers cipher suites of old as well. The server closed the connection."
        )
    );
    assert_eq!(port.notes, [""; 0]);
    assert!(port.found("tls-failed").explanation.starts_with(&error.message));
    assert_eq!(port.found("tls-failed").severity, Severity::Error);

    // Of several the first is told, and how many there were.
    let floods = |spec: &str, alerts: &[u8]| {
        let scene = Scene::one(spec, |play| {
            let begun = play.connects().begins_handshake();
            alerts.iter().fold(begun, |play, alert| warns(play, *alert)).closes(Stage::Tls)
        });
        scene.judged().ports.remove(0).error.expect("an error").message
    };
    let closed = "The server closed the connection during the TLS handshake. Before that the server had warned with the alert 1, and with";
    assert_eq!(floods("465", &[1, 2]), format!("{closed} 1 other alert, which may be why."));
    assert_eq!(floods("465", &[1, 2, 3, 4]), format!("{closed} 3 other alerts, which may be why."));

    // A server that did not warn has nothing to explain.
    fn silent(play: Play<'_>) -> Play<'_> {
        play.connects().begins_handshake().closes(Stage::Tls)
    }
    let report = Scene::one("465", silent).raw_hello("465", silent).judged();
    assert_eq!(
        report.ports[0].error.as_ref().unwrap().message,
        "The server closed the connection during the TLS handshake. Another connection was tried, with a hello for TLS 1.2 and older, \
         which offers cipher suites of old as well. The server closed the connection."
    );
}
