//! A handshake that failed, and what came of the hellos that were tried after it.

mod scene;

use heloscope_observation::{
    AlertDescription, CipherSuite, Event, Handshake, NamedGroup, RefusalCode, Stage, TlsFailure, TlsVersion,
};
use heloscope_report::{Port, SenderOutcome, Severity, Status, Verdict, senders, summary};
use scene::{Asked, FIRST_HELLO, GREETING, Play, Scene, chain};

const OLDER: &str = " Another connection was tried, with a hello for TLS 1.2 and older, which offers cipher suites of old as well. ";
const NAMELESS: &str =
    " Another connection was tried, with a hello for TLS 1.2 and older, which does not name the host. ";

fn alert(number: u8) -> TlsFailure {
    TlsFailure::Alert(AlertDescription(number))
}

fn refused(first: u8, second: impl FnOnce(Play<'_>) -> Play<'_>) -> Port {
    let scene = Scene::one("25", |play| play.until_hello().tls_fails(alert(first))).raw_hello("25", second);
    scene.judged().ports.remove(0)
}

fn message(port: &Port) -> &str {
    &port.error.as_ref().expect("an error").message
}

#[test]
fn an_alert_to_old_versions_too_is_not_laid_at_their_door() {
    for (number, name, says) in [
        (70, "protocol_version", "It so says that it takes none of the versions offered."),
        (40, "handshake_failure", "It so says that it found nothing in common with what was offered."),
    ] {
        let scene = Scene::one("25", |play| play.until_hello().tls_fails(alert(number)))
            .raw_hello("25", |play| play.until_hello().tls_fails(alert(number)))
            .nameless_hello("25", |play| play.until_hello().tls_fails(alert(number)));
        let port = scene.judged().ports.remove(0);
        assert_eq!(
            message(&port),
            format!(
                "The server ended TLS with the alert {name}. {says}{OLDER}The server sent the alert {name}.{NAMELESS}The \
                 server sent the alert {name}. So it takes none of what either offered, old versions and cipher suites among \
                 it, or it has no certificate and key that it can use; its log says more."
            )
        );
        assert_eq!(port.ids(), ["starttls-failed"]);
    }
}

/// As OpenSSL's s_server answers that speaks TLS 1.3 alone, with an Ed448 key or with X448: TLS 1.3 is not tried by hand.
#[test]
fn a_server_that_may_speak_tls_1_3_alone_is_not_said_to_fail_for_everyone() {
    let untried = " TLS 1.3 was tried with the first hello alone, over X25519MLKEM768, X25519, secp256r1, secp384r1 and \
                   secp521r1: another group (OpenSSL and GnuTLS offer X448 and those of RFC 7919 as well) or kind of key, or a \
                   hello that does not name the host, was not.";
    for (first, says) in [
        (40, "handshake_failure. It so says that it found nothing in common with what was offered."),
        (112, "unrecognized_name. The server has no certificate for the name asked for (SNI)"),
    ] {
        let mut scene = Scene::one("25", |play| play.until_hello().tls_fails(alert(first)));
        if first == 40 {
            scene = scene.raw_hello("25", |play| play.until_hello().tls_fails(alert(70)));
        }
        let scene = scene.nameless_hello("25", |play| play.until_hello().tls_fails(alert(70)));
        let report = scene.judged();
        let port = &report.ports[0];
        assert!(
            message(port).starts_with(&format!("The server ended TLS with the alert {says}")),
            "{}",
            message(port)
        );
        assert!(
            message(port)
                .ends_with(&format!("{NAMELESS}The server sent the alert protocol_version.{untried}")),
            "{}",
            message(port)
        );
        let found = port.found("starttls-failed");
        assert_eq!(found.severity, Severity::Warning);
        assert!(
            found.explanation.contains("Those whose hello offers something else may get through."),
            "{}",
            found.explanation
        );
        assert!(!found.fix.contains("Test again later"), "{}", found.fix);
        assert_eq!(port.verdict("tls-name-refused"), Verdict::NotTested);
        let text = &senders(&report)[0].text;
        assert!(
            text.ends_with("Whether a hello that offers something else is taken was not tested."),
            "{text}"
        );
    }
}

/// It is not the form of the hello that it dislikes.
#[test]
fn what_the_first_hello_was_answered_with_is_told_where_the_second_met_the_same() {
    fn chooses(play: Play<'_>) -> Play<'_> {
        let handshake = Handshake {
            version: TlsVersion::TLS_1_2,
            suite: CipherSuite(0xc02f),
            group: None,
            finite_field_bits: None,
            hello_retry: false,
            hello_octets: Some(FIRST_HELLO),
            completed: false,
            unoffered: None,
        };
        play.see(Stage::Tls, Event::Handshake(handshake))
    }
    let scene = |end: fn(Play<'_>) -> Play<'_>| {
        let scene = Scene::one("25", move |play| end(chooses(play.until_hello())));
        scene.raw_hello("25", move |play| end(chooses(play.until_hello()))).judged().ports.remove(0)
    };
    let chosen = "TLS 1.2 with TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
    for (end, ended, then) in [
        (
            (|play| play.closes(Stage::Tls)) as fn(Play<'_>) -> Play<'_>,
            "The server closed the connection during the TLS handshake.",
            "then closed the connection",
        ),
        (
            |play| play.tls_fails(alert(80)),
            "The server ended TLS with the alert internal_error. The server's TLS failed for a reason of its own: often a \
             certificate or key that is missing, unreadable or does not match.",
            "then ended TLS with the alert internal_error",
        ),
    ] {
        let port = scene(end);
        assert_eq!(
            message(&port),
            format!(
                "{ended} The server had taken the hello, and chosen {chosen}: what ends the handshake comes later. The server \
                 answered a second hello, of an older form, and chose {chosen}, but {then}: nobody can finish that handshake."
            )
        );
        assert_eq!(port.ids(), ["starttls-failed"]);
        assert_eq!(port.found("starttls-failed").severity, Severity::Error);
        assert!(port.timings.tls_ms.is_none());
    }
    // Nor where the answer by hand is whole.
    let scene = Scene::one("25", |play| chooses(play.until_hello()).closes(Stage::Tls))
        .raw_hello("25", |play| play.answers(TlsVersion::TLS_1_2, 0xc02f, Some(23), None, &[b"leaf"]));
    let port = scene.judged().ports.remove(0);
    assert!(message(&port).contains(&format!("and chosen {chosen}: what")), "{}", message(&port));
    assert!(!port.ids().contains(&"tls-hello-intolerance"), "{:?}", port.ids());
}

/// Nothing but the name is wrong as far as is known.
#[test]
fn a_name_that_is_refused_with_and_without_it_is_mended_by_the_name() {
    for (spec, id) in [("25", "starttls-failed"), ("465", "tls-failed")] {
        let scene = Scene::one(spec, |play| play.until_hello().tls_fails(alert(112)))
            .nameless_hello(spec, |play| play.until_hello().tls_fails(alert(112)));
        let port = scene.judged().ports.remove(0);
        assert_eq!(
            port.found(id).fix,
            "Let the server present its certificate whatever name is asked for, if any, or tell it this name, in its virtual \
             hosts or its SNI map. Look at proxies before it, which may know it by another name."
        );
    }
}

#[test]
fn a_hang_up_at_the_second_hello_is_said() {
    let scene = Scene::one("25", |play| play.until_hello().closes(Stage::Tls))
        .raw_hello("25", |play| play.until_hello().closes(Stage::Tls));
    let port = scene.judged().ports.remove(0);
    assert_eq!(
        message(&port),
        format!(
            "The server closed the connection during the TLS handshake.{OLDER}The server closed the connection."
        )
    );
    let silent = refused(40, |play| play.until_hello().times_out(Stage::Tls, 18));
    assert!(message(&silent).ends_with(&format!("{OLDER}The server was silent.")), "{}", message(&silent));
}

/// Whether the server takes such a hello was then not tested.
#[test]
fn a_second_connection_that_is_turned_away_is_said_with_its_codes() {
    let port =
        refused(40, |play| play.connects().greets("421 4.7.0 too many connections").ends(Stage::Greeting));
    assert!(
        message(&port).ends_with(
            "Another connection was tried, with a hello for TLS 1.2 and older, which offers cipher suites of old as well. It was turned away \
             before: “421 4.7.0 too many connections”. 421 means “service not available, closing transmission channel”; the enhanced \
             status code 4.7.0 means “other or undefined security status”. Likely cause: too many connections, or \
             connections too fast, from the address that tests; a later test may pass. Whether the server takes such a \
             hello was not tested."
        ),
        "{}",
        message(&port)
    );
    // The usual cause is not ruled out.
    assert!(message(&port).contains("usually it accepts only old cipher suites"));
    open(&port, "the server turned that connection away, with “421 4.7.0 too many connections”");

    let quota = refused(40, |play| play.meets(Stage::Connect, RefusalCode::Quota));
    assert!(
        message(&quota).ends_with(
            "Another connection was tried, with a hello for TLS 1.2 and older, which offers cipher suites of old as well. It did not get \
             that far: the relay's quota is used up. Whether the server takes such a hello was not tested."
        ),
        "{}",
        message(&quota)
    );
    open(&quota, "the relay's quota is used up");
    let in_clear = refused(40, |play| {
        play.connects().greets(GREETING).replies(Stage::Ehlo, "421 4.3.2 down").ends(Stage::Ehlo)
    });
    assert!(
        message(&in_clear).contains("was turned away before: “421 4.3.2 down”"),
        "{}",
        message(&in_clear)
    );
    open(&in_clear, "the server turned that connection away, with “421 4.3.2 down”");
    open(
        &refused(70, |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused)),
        "the connection was refused",
    );

    // Senders name the host: what comes of a hello that does not is of no weight.
    let nameless = Scene::one("25", |play| play.until_hello().tls_fails(alert(40)))
        .raw_hello("25", |play| play.until_hello().tls_fails(alert(40)))
        .nameless_hello("25", |play| play.meets(Stage::Connect, RefusalCode::Quota));
    assert_eq!(nameless.judged().ports[0].ids(), ["starttls-failed"]);
}

/// That the test's hello fails is a fact; whether another does is left open, and why.
fn open(port: &Port, why: &str) {
    assert_eq!(port.ids(), ["starttls-failed"]);
    let found = port.found("starttls-failed");
    assert_eq!(found.severity, Severity::Warning);
    assert_eq!(found.title, "STARTTLS is offered but the handshake fails with a hello like this test's");
    assert!(found.explanation.ends_with("offers something else may get through."), "{}", found.explanation);
    let why = format!(
        "the server took no hello like this test's, and whether it takes another could not be tested: {why}"
    );
    for id in ["tls-version-weak", "tls-cipher-weak", "tls-outdated-only", "tls-hello-intolerance"] {
        assert_eq!((port.verdict(id), port.why(id)), (Verdict::NotTested, &*why), "{id}");
    }
}

#[test]
fn what_a_hello_of_today_meets_is_told_where_no_other_could_be_tried() {
    let first = |spec| Scene::one(spec, |play| play.until_hello().tls_fails(alert(40)));
    let report = first("25").raw_hello("25", |play| play.meets(Stage::Connect, RefusalCode::Quota)).judged();
    assert_eq!(report.status, Status::Warning);
    assert_eq!(
        summary(&report),
        "Port 25: STARTTLS is offered but the handshake fails with a hello like this test's."
    );
    for row in senders(&report) {
        assert_eq!(row.outcome, SenderOutcome::Depends, "{row:?}");
        assert!(row.text.starts_with("With a hello like this test's TLS fails: "), "{row:?}");
        assert!(row.text.ends_with("offers something else is taken was not tested."), "{row:?}");
    }
    let report =
        first("465").raw_hello("465", |play| play.meets(Stage::Connect, RefusalCode::Quota)).judged();
    assert_eq!(report.status, Status::Warning);
    let found = report.ports[0].found("tls-failed");
    assert_eq!(
        (found.severity, &*found.title),
        (Severity::Warning, "TLS does not come up with a hello like this test's")
    );
    let refused = first("25").raw_hello("25", |play| play.until_hello().tls_fails(alert(40))).judged();
    assert_eq!(refused.status, Status::Error);
}

#[test]
fn a_second_connection_that_offers_no_starttls_is_said() {
    let port = refused(40, |play| play.connects().greets(GREETING).ehlo("250 mx1.example.com").quits());
    assert!(
        message(&port).ends_with(&format!(
            "{OLDER}It did not get that far: this time the server did not offer STARTTLS. Whether the server takes such a \
             hello was not tested."
        )),
        "{}",
        message(&port)
    );
    open(&port, "this time the server did not offer STARTTLS");
    let odd = refused(40, |play| play.connects().greets("354 go on").quits());
    open(&odd, "this time the server gave another answer before");
}

/// On an implicit-TLS port nobody says anything before the hello: whether it was read is not known.
#[test]
fn a_reset_at_the_second_hello_is_no_answer_to_it_where_the_first_had_one() {
    let on = |spec| {
        Scene::one(spec, |play| play.until_hello().tls_fails(alert(40)))
            .raw_hello(spec, |play| play.until_hello().loses(Stage::Tls, RefusalCode::Reset))
            .nameless_hello(spec, |play| play.until_hello().loses(Stage::Tls, RefusalCode::Reset))
            .judged()
            .ports
            .remove(0)
    };
    let port = on("465");
    assert_eq!(port.found("tls-failed").severity, Severity::Warning);
    assert!(
        message(&port).ends_with(&format!(
            "{OLDER}It did not get that far: the connection was reset before the server said anything. Whether the server \
             takes such a hello was not tested.{NAMELESS}It did not get that far: the connection was reset before the \
             server said anything. Whether the server takes such a hello was not tested."
        )),
        "{}",
        message(&port)
    );
    // After the 220 to STARTTLS it is.
    let port = on("25");
    assert_eq!(port.found("starttls-failed").severity, Severity::Error);
    let told =
        format!("{OLDER}The connection was reset.{NAMELESS}The connection was reset. So it takes none");
    assert!(message(&port).contains(&told), "{}", message(&port));

    let closed = Scene::one("465", |play| play.until_hello().closes(Stage::Tls))
        .raw_hello("465", |play| play.until_hello().closes(Stage::Tls))
        .judged();
    assert_eq!(closed.ports[0].found("tls-failed").severity, Severity::Error);
    assert!(message(&closed.ports[0]).ends_with(&format!("{OLDER}The server closed the connection.")));
}

/// It is the session that ends then, not the handshake that fails.
#[test]
fn an_alert_after_the_handshake_is_no_failed_handshake() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let inside = |port: &str, version, number| {
        let scene = Scene::one(port, |play| {
            let play = if port == "465" { play.connects() } else { play.until_hello() };
            let next = if port == "465" { Stage::Greeting } else { Stage::EhloAfterTls };
            play.begins_handshake()
                .chooses(version, 0xc02f, Some(NamedGroup(29)), true, sent)
                .see(next, Event::TlsFailed(alert(number)))
                .see(next, Event::Ended)
        });
        scene.judged_trusting(&root).ports.remove(0)
    };
    for (number, name) in [(80, "internal_error"), (40, "handshake_failure"), (48, "unknown_ca")] {
        let port = inside("25", TlsVersion::TLS_1_2, number);
        assert_eq!(port.ids(), ["session-cut-short"], "{name}");
        assert_eq!(message(&port), format!("The server ended TLS with the alert {name}."));
    }
    assert_eq!(inside("465", TlsVersion::TLS_1_2, 80).ids(), ["session-cut-short"]);
    // There the server has still to take the client's Finished.
    assert_eq!(inside("25", TlsVersion::TLS_1_3, 116).ids(), ["starttls-failed"]);
}

#[test]
fn what_refuses_the_name_is_not_said_to_take_only_old_suites() {
    let (_, _, leaf) = chain();
    let scene = Scene::one("25", |play| play.until_hello().tls_fails(alert(40)))
        .raw_hello("25", |play| play.until_hello().tls_fails(alert(40)))
        .nameless_hello("25", |play| {
            play.connects().answers(TlsVersion::TLS_1_2, 0xc02f, Some(23), None, &[&leaf.der])
        });
    let port = scene.judged().ports.remove(0);
    assert!(
        message(&port).contains("did not name it") && !message(&port).contains("only old"),
        "{}",
        message(&port)
    );
}
