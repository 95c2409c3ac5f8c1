//! Servers that could speak to the TLS library but for its hello: its form, its size, or the name in it.

mod scene;

use heloscope_observation::{AlertDescription, Event, Stage, TlsFailure};
use heloscope_report::{Sender, SenderOutcome, Severity, Status, Verdict, senders, summary};
use scene::by_hand::{CBC, Fails, SOUND, alerts, hangs_up, is_reset, is_silent, report};
use scene::{Asked, Play, Scene, chain};

const OTHER_FORM: &str =
    "the server answered a hello of another form; a handshake of that form was not finished";

#[test]
fn silence_at_the_first_hello_alone_is_intolerance() {
    for fails in [hangs_up as Fails, is_silent] {
        let report = report("587", fails, SOUND);
        let port = &report.ports[0];
        assert_eq!(port.ids(), ["tls-hello-intolerance"]);
        assert_eq!(port.found("tls-hello-intolerance").severity, Severity::Warning);
        for id in ["starttls-failed", "session-cut-short"] {
            assert_eq!((port.verdict(id), port.why(id)), (Verdict::NotTested, OTHER_FORM), "{id}");
        }
        assert_eq!(port.verdict("tls-outdated-only"), Verdict::Passed);
        assert!(
            port.error
                .as_ref()
                .unwrap()
                .message
                .contains("The server answered a second hello, of an older form")
        );
        assert_eq!(
            summary(&report),
            "Mail clients reach this server over TLS 1.2 with a hello of an older form, else not at all; its \
             certificate is valid for 60 more days."
        );
    }
}

/// RFC 6066 §3: the alert is for the name, and the hello without it is answered.
#[test]
fn a_server_that_refuses_its_own_name_is_told_from_one_without_tls() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let unrecognized_name = TlsFailure::Alert(AlertDescription(112));
    let report = Scene::one("25", |play| play.until_hello().tls_fails(unrecognized_name))
        .nameless_hello("25", |play| {
            play.connects().answers(SOUND.version, SOUND.suite, SOUND.group, None, sent)
        })
        .judged_trusting(&root);
    let port = &report.ports[0];
    assert_eq!((port.ids(), report.status), (vec!["tls-name-refused"], Status::Warning));
    assert_eq!(port.verdict("starttls-failed"), Verdict::NotTested);
    assert!(port.error.as_ref().unwrap().message.contains("another hello, which did not name it"));
    assert_eq!(
        summary(&report),
        "Mail reaches this server over TLS with a hello that does not name it, else in clear text or not at all; its \
         certificate is valid for 60 more days."
    );
    let outcomes: Vec<_> = senders(&report).into_iter().map(|row| (row.sender, row.outcome)).collect();
    assert!(outcomes.contains(&(Sender::MtaSts, SenderOutcome::Refuses)), "{outcomes:?}");
    assert!(outcomes.contains(&(Sender::Opportunistic, SenderOutcome::Depends)), "{outcomes:?}");
    let text = |sender| senders(&report).into_iter().find(|row| row.sender == sender).unwrap().text;
    assert!(
        text(Sender::Opportunistic).starts_with("Delivers over TLS if its hello does not name the host, as")
    );
    assert!(
        text(Sender::Dane).ends_with("and does not deliver. Without records, as an opportunistic sender.")
    );
}

/// With another alert or none at all, at both hellos that name it.
#[test]
fn a_server_need_not_say_that_it_is_its_name_that_it_refuses() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    for fails in [alerts as fn(Play<'_>) -> Play<'_>, hangs_up] {
        let scene = Scene::one("25", |play| fails(play.until_hello()))
            .raw_hello("25", |play| fails(play.connects().begins_handshake()))
            .nameless_hello("25", |play| {
                play.connects().answers(SOUND.version, SOUND.suite, SOUND.group, None, sent)
            });
        let report = scene.judged_trusting(&root);
        assert_eq!(report.ports[0].ids(), ["tls-name-refused"]);
        assert_eq!(report.ports[0].verdict("starttls-failed"), Verdict::NotTested);
    }
}

/// RFC 7685 §4: with a name of 28 characters or more the first hello is longer than 255 octets, the one without it is not.
#[test]
fn a_hello_may_be_refused_for_the_length_that_its_name_gives_it() {
    const LENGTH: &str = " the length may be the cause as well, and not the name. ";
    const FIRST: &str = " The length of the first one may be the cause as well: with this host's name it is 256 to 511 octets ";
    fn answers<'s>(sent: &'s [&'s [u8]]) -> impl Fn(Play<'_>) -> Play<'_> + 's {
        |play| play.connects().answers(SOUND.version, SOUND.suite, SOUND.group, None, sent)
    }
    fn drops(play: Play<'_>) -> Play<'_> {
        hangs_up(play.until_hello())
    }
    let (_, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let words = |scene: Scene, id: &str| scene.judged().ports[0].found(id).explanation.clone();
    for (host, is_long) in [("mx1.of-27-letters.a.example", false), ("mx1.of-28-letters.an.example", true)] {
        assert_eq!(host.len(), if is_long { 28 } else { 27 });
        let form = Scene::of(host).port("25", drops).raw_hello("25", answers(sent));
        let form = words(form, "tls-hello-intolerance");
        assert_eq!(form.contains(FIRST), is_long, "{form}");
        let silent = Scene::of(host).port("25", drops).raw_hello("25", drops);
        let silent = words(silent.nameless_hello("25", answers(sent)), "tls-name-refused");
        assert_eq!(silent.contains(LENGTH), is_long, "{silent}");
        // It said that it was the name.
        let unrecognized_name = TlsFailure::Alert(AlertDescription(112));
        let said = Scene::of(host).port("25", |play| play.until_hello().tls_fails(unrecognized_name));
        let said = words(said.nameless_hello("25", answers(sent)), "tls-name-refused");
        assert!(!said.contains(LENGTH), "{said}");
    }
}

/// A server that has asked for the hello that it then does not take has refused its form, be it with an alert.
#[test]
fn a_server_that_drops_the_second_hello_that_it_asked_for_is_told_its_size() {
    const DECODE_ERROR: TlsFailure = TlsFailure::Alert(AlertDescription(50));
    let drops: [Fails; 4] = [hangs_up, is_silent, is_reset, |play| play.tls_fails(DECODE_ERROR)];
    for (port, failed) in [("25", "starttls-failed"), ("465", "tls-failed")] {
        for drops in drops {
            let dropped = |octets, choice| {
                report(port, |play| drops(play.see(Stage::Tls, Event::HelloRetried { octets })), choice)
            };
            let port = &dropped(1501, SOUND).ports[0];
            assert_eq!(port.ids(), ["tls-hello-intolerance"]);
            assert_eq!((port.verdict(failed), port.why(failed)), (Verdict::NotTested, OTHER_FORM));
            let found = port.found("tls-hello-intolerance");
            assert_eq!(found.severity, Severity::Warning);
            for words in [
                " Before that the server had asked for another hello (HelloRetryRequest, RFC 8446 §4.1.4), and got one of 1501 octets. ",
                "takes two TCP segments. ",
            ] {
                assert!(found.explanation.contains(words), "{}", found.explanation);
            }
            assert!(found.fix.contains("X25519MLKEM768"), "{}", found.fix);
            // A second hello may be small too.
            let small = dropped(308, SOUND);
            let found = small.ports[0].found("tls-hello-intolerance");
            assert!(!found.explanation.contains("segment") && !found.fix.contains("MLKEM"), "{found:?}");
            let length = |octets| {
                let report = dropped(octets, SOUND);
                let words = &report.ports[0].found("tls-hello-intolerance").explanation;
                words.contains(" The length of the second one may be the cause as well: ")
            };
            assert_eq!([260, 261, 516, 517].map(length), [false, true, true, false]);
            // With what cannot be spoken here that says more.
            assert_eq!(dropped(1501, CBC).ports[0].ids(), ["tls-outdated-only"]);
        }
    }
    // Where the older hello is not answered either, the size is told all the same.
    let scene = Scene::one("25", |play| {
        hangs_up(play.until_hello().see(Stage::Tls, Event::HelloRetried { octets: 1501 }))
    });
    let report = scene.raw_hello("25", |play| hangs_up(play.connects().begins_handshake())).judged();
    assert_eq!(report.ports[0].ids(), ["starttls-failed"]);
    assert!(report.ports[0].found("starttls-failed").explanation.contains("got one of 1501 octets."));
}

/// What it chose by hand the first hello offers as well: whatever an alert in place of the ServerHello calls it, or a server
/// that takes the hello for a command, every client with an older hello gets through.
#[test]
fn an_alert_in_place_of_the_server_hello_is_intolerance_where_the_answer_is_of_today() {
    const LATER: &str = "comes later in the handshake";
    for port in ["25", "465"] {
        for number in [10, 20, 22, 40, 42, 47, 49, 50, 51, 70, 71, 80, 109, 110] {
            let alert = TlsFailure::Alert(AlertDescription(number));
            let report = report(port, |play| play.tls_fails(alert), SOUND);
            let port = &report.ports[0];
            assert_eq!((port.ids(), report.status), (vec!["tls-hello-intolerance"], Status::Warning));
            for id in ["starttls-failed", "tls-failed"]
                .into_iter()
                .filter(|id| port.verdict(id) != Verdict::NotApplicable)
            {
                assert_eq!((port.verdict(id), port.why(id)), (Verdict::NotTested, OTHER_FORM), "{number}");
            }
            let words = &port.found("tls-hello-intolerance").explanation;
            assert!(
                words.contains("chose TLS 1.2 with TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256. Nothing"),
                "{words}"
            );
            assert!(
                !words.contains(LATER) && !words.contains("certificate, of which there is none"),
                "{words}"
            );
            assert_eq!(port.verdict("tls-outdated-only"), Verdict::Passed);
            assert!(senders(&report).iter().all(|row| row.outcome == SenderOutcome::Depends), "{number}");
        }
    }
    let clear = TlsFailure::NotTls("500 bad\r\n".into());
    let report = report("25", |play| play.tls_fails(clear), SOUND);
    let port = &report.ports[0];
    assert_eq!((port.ids(), report.status), (vec!["tls-hello-intolerance"], Status::Warning));
    assert!(
        port.error.as_ref().unwrap().message.starts_with(
            "In place of the TLS handshake the server sent a refusal in clear text: “500 bad”. The server answered a second hello"
        ),
        "{:?}",
        port.error
    );
}

/// That a server asks for a client certificate is no reason to refuse a hello; that it speaks of it is.
#[test]
fn an_alert_about_the_client_certificate_that_is_asked_for_is_no_intolerance() {
    let (_, _, leaf) = chain();
    let asks = |number| {
        let alert = TlsFailure::Alert(AlertDescription(number));
        let scene = Scene::one("465", |play| play.until_hello().tls_fails(alert));
        let scene = scene.raw_hello("465", |play| {
            let asks = play.connects().see(Stage::Tls, Event::ClientCertificateRequested);
            asks.answers(SOUND.version, SOUND.suite, SOUND.group, None, &[&leaf.der])
        });
        scene.judged().ports.remove(0)
    };
    assert_eq!(asks(40).verdict("tls-hello-intolerance"), Verdict::Found);
    let port = asks(116);
    assert!(port.found("tls-failed").fix.starts_with("Stop requiring a client certificate"));
    assert!(port.tls.as_ref().unwrap().client_certificate_requested);
    let words = asks(42).found("tls-failed").explanation.clone();
    assert!(
        words.contains("asked for a client certificate") && !words.contains("later in the handshake"),
        "{words}"
    );
}
