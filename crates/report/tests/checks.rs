//! Each check on connection and session: what fires it and what does not. TLS and certificates have files of
//! their own.

mod scene;

use heloscope_observation::{Event, RefusalCode, Stage};
use heloscope_report::{Port, SenderOutcome, Severity, Status, Verdict, senders, summary};
use heloscope_smtp::FaultKind;
use scene::{Asked, EHLO, EHLO_TLS, GREETING, Scene, chain, healthy, port};

#[test]
fn a_healthy_server_passes_every_check_that_applies() {
    let report = healthy();
    assert_eq!((report.status, report.findings.len()), (Status::Ok, 0));
    for port in &report.ports {
        assert_eq!(port.ids(), [""; 0], "{}", port.port);
        for check in &port.checks {
            assert!(
                matches!(check.verdict, Verdict::Passed | Verdict::NotApplicable),
                "{} on {}: {:?}",
                check.id,
                port.port,
                check.why
            );
            // How long the hello was that it took is said with the pass.
            let said = check.verdict == Verdict::NotApplicable || check.id == "tls-hello-intolerance";
            assert_eq!(check.why.is_some(), said, "{}", check.id);
        }
    }
    let not_applicable = |port: &Port| {
        let checks = port.checks.iter().filter(|check| check.verdict == Verdict::NotApplicable);
        checks.map(|check| check.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(not_applicable(&report.ports[0]), ["tls-failed", "submission-without-auth"]);
    assert_eq!(
        not_applicable(&report.ports[1]),
        ["esmtp-masked", "starttls-missing", "starttls-failed", "starttls-injection", "auth-without-tls"]
    );
    assert_eq!(not_applicable(&report.ports[2]), ["tls-failed"]);
}

#[test]
fn a_name_that_does_not_exist_is_found_once() {
    let play = |spec: &str, scene: Scene| {
        scene.port(spec, |play| play.meets(Stage::Resolve, RefusalCode::NameNotFound))
    };
    let report = play("465", play("25", Scene::of("mx9.example.com"))).judged();
    assert_eq!(report.status, Status::Untested);
    let ids: Vec<&str> = report.findings.iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!(ids, ["name-not-found"]);
    for port in &report.ports {
        assert_eq!((port.verdict("name-not-found"), port.ids()), (Verdict::Found, vec![]));
        assert_eq!(port.verdict("connect-failed"), Verdict::NotTested);
    }
}

#[test]
fn a_name_that_was_not_looked_up_is_not_said_to_exist() {
    for play in [(|play| play.goes_well(&[])) as fn(scene::Play<'_>) -> scene::Play<'_>, |play| {
        play.meets(Stage::Connect, RefusalCode::ConnectionRefused)
    }] {
        let mut scene = Scene::one("25", play);
        assert_eq!(scene.judged().ports[0].verdict("name-not-found"), Verdict::Passed);
        scene.observations.target.address = Some([203, 0, 113, 5].into());
        let port = scene.judged().ports.remove(0);
        assert_eq!(
            (port.verdict("name-not-found"), port.why("name-not-found")),
            (Verdict::NotTested, "the name was not looked up: an address was given in its place")
        );
    }
}

#[test]
fn connect_failed() {
    let refused = |spec| Scene::one(spec, |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused));
    let report = refused("25").judged();
    assert_eq!(report.status, Status::Error);
    let found = report.ports[0].found("connect-failed");
    assert_eq!((found.severity, found.title.as_str()), (Severity::Error, "The connection is refused"));
    assert!(!found.explanation.contains("block"), "{}", found.explanation);
    assert_eq!(
        report.ports[0].why("starttls-missing"),
        "the test of this port ended early: the connection was refused"
    );

    assert_eq!(healthy().ports[0].verdict("connect-failed"), Verdict::Passed);
}

#[test]
fn connect_failed_on_one_of_two_submission_ports_is_a_notice() {
    let report = Scene::of("mx1.example.com")
        .port("465", |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused))
        .port("587", |play| play.connects().greets(GREETING))
        .judged();
    assert_eq!(report.ports[0].found("connect-failed").severity, Severity::Notice);

    let neither = Scene::of("mx1.example.com")
        .port("465", |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused))
        .port("587", |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused))
        .port("25", |play| play.connects().greets(GREETING))
        .judged();
    assert_eq!(neither.ports[0].found("connect-failed").severity, Severity::Error);
}

#[test]
fn where_all_ports_time_out_port_25_says_that_networks_block_it() {
    let report = Scene::of("mx1.example.com")
        .port("25", |play| play.meets(Stage::Connect, RefusalCode::ConnectTimeout))
        .port("465", |play| play.meets(Stage::Connect, RefusalCode::ConnectTimeout))
        .judged();
    let words = &report.ports[0].found("connect-failed").explanation;
    assert!(
        words.contains("block connections to port 25") && words.contains("No port of the host answered"),
        "{words}"
    );
    let words = &report.ports[1].found("connect-failed").explanation;
    assert!(!words.contains("port 25") && words.contains("No port of the host answered"), "{words}");
}

#[test]
fn what_the_relays_guard_stops_says_nothing_about_the_server() {
    let report = Scene::one("465", |play| {
        play.connects().see(Stage::Tls, Event::HandshakeBegun).loses(Stage::Tls, RefusalCode::Blocked)
    })
    .judged();
    assert_eq!(report.status, Status::Untested);
    assert_eq!(report.ports[0].ids(), [""; 0]);
    let checks = &report.ports[0].checks;
    let passed = checks.iter().filter(|check| check.verdict == Verdict::Passed);
    assert_eq!(
        passed.map(|check| check.id.as_str()).collect::<Vec<_>>(),
        ["name-not-found", "connect-failed"]
    );
    let why = "the test of this port ended early: the relay's guard stopped the connection during the TLS handshake";
    for check in checks.iter().filter(|check| check.verdict == Verdict::NotTested) {
        assert_eq!(check.why.as_deref(), Some(why), "{}", check.id);
    }
    assert_eq!(
        summary(&report),
        "Nothing could be tested: the relay's guard stopped the connection during the TLS handshake."
    );
}

#[test]
fn what_the_relay_refuses_says_nothing_about_the_server() {
    for code in
        [RefusalCode::Quota, RefusalCode::Blocked, RefusalCode::RelayUnreachable, RefusalCode::ResolveFailed]
    {
        let report = Scene::one("25", |play| play.meets(Stage::Connect, code)).judged();
        assert_eq!(report.status, Status::Untested, "{code:?}");
        assert_eq!(report.ports[0].ids(), [""; 0]);
        let mut verdicts = report.ports[0].checks.iter().map(|check| check.verdict);
        assert!(
            verdicts.all(|verdict| matches!(verdict, Verdict::NotTested | Verdict::NotApplicable)),
            "{code:?}"
        );
    }
}

#[test]
fn greeting_rejected() {
    let denied = port("25", |play| play.connects().greets("554 5.7.1 no").quits());
    assert_eq!(denied.found("greeting-rejected").severity, Severity::Error);
    assert_eq!(denied.verdict("starttls-missing"), Verdict::NotTested);
    let odd = port("25", |play| play.connects().greets("250 mx1").quits());
    assert_eq!(odd.found("greeting-rejected").title, "The server greets with 250, not 220");

    assert_eq!(healthy().ports[0].verdict("greeting-rejected"), Verdict::Passed);
}

#[test]
fn a_busy_server_lacks_nothing() {
    let busy = port("25", |play| play.connects().greets("421 4.7.0 too many").ends(Stage::Greeting));
    assert_eq!(busy.ids(), ["greeting-rejected"]);
    assert_eq!(busy.found("greeting-rejected").severity, Severity::Warning);
    for id in
        ["starttls-missing", "starttls-failed", "tls-version-weak", "certificate-expired", "auth-without-tls"]
    {
        assert_eq!(busy.verdict(id), Verdict::NotTested, "{id}");
        assert_eq!(busy.why(id), "the test of this port ended early: the greeting is not 220");
    }
    assert_eq!(busy.starttls_supported, None);
}

#[test]
fn greeting_slow() {
    let slow = port("25", |play| play.connects().after_ms(10_000).greets(GREETING));
    assert_eq!(slow.found("greeting-slow").title, "The greeting takes 10 s");
    assert_eq!(slow.timings.greeting_ms, Some(10_049));
    let at_the_limit = port("25", |play| play.connects().after_ms(9_951).greets(GREETING));
    assert_eq!(at_the_limit.verdict("greeting-slow"), Verdict::Passed);
    // Over implicit TLS the time runs from the end of the handshake.
    let implicit = port("465", |play| play.connects().after_ms(60_000).tls(&[]).greets(GREETING));
    assert_eq!(implicit.verdict("greeting-slow"), Verdict::Passed);
}

#[test]
fn not_smtp() {
    let http = port("25", |play| {
        play.connects()
            .babbles(Stage::Greeting, FaultKind::NotAReply, b"HTTP/1.1 400\r\n")
            .ends(Stage::Greeting)
    });
    assert_eq!(http.found("not-smtp").title, "The server speaks HTTP, not SMTP");
    assert_eq!(http.ids(), ["not-smtp"]);
    let tls = port("25", |play| {
        play.connects()
            .babbles(Stage::Greeting, FaultKind::TlsRecord, b"\x15\x03\x01\0\x02\x02\x28")
            .ends(Stage::Greeting)
    });
    assert!(tls.found("not-smtp").explanation.contains("port 465"));

    assert_eq!(healthy().ports[0].verdict("not-smtp"), Verdict::Passed);
}

#[test]
fn ehlo_rejected() {
    let rejected = port("25", |play| play.connects().greets(GREETING).ehlo("550 no").helo("550 no").quits());
    assert_eq!(rejected.found("ehlo-rejected").severity, Severity::Error);
    let deferred = port("25", |play| play.connects().greets(GREETING).ehlo("450 4.3.2 later").quits());
    assert_eq!(deferred.found("ehlo-rejected").severity, Severity::Warning);
    let helo_only =
        port("25", |play| play.connects().greets(GREETING).ehlo("502 no").helo("250 mx1").quits());
    assert_eq!(helo_only.ids(), ["ehlo-rejected"]);
    assert_eq!(helo_only.found("ehlo-rejected").severity, Severity::Warning);
    assert_eq!(
        helo_only.why("starttls-missing"),
        "the server takes only HELO, and without EHLO nothing is offered"
    );
    // As the check that was not made: what a reply to EHLO would offer is not known.
    assert_eq!((helo_only.starttls_supported, helo_only.capabilities.len()), (None, 0));

    let inside_tls = port("25", |play| {
        let play = play.connects().greets(GREETING).ehlo(EHLO).starttls("220 go").tls(&[]);
        play.ehlo("502 no").helo("250 mx1").quits()
    });
    assert!(inside_tls.found("ehlo-rejected").explanation.contains("HELO inside TLS"));

    assert_eq!(healthy().ports[1].verdict("ehlo-rejected"), Verdict::Passed);
}

#[test]
fn malformed_reply() {
    let broken = port("25", |play| {
        let play = play.connects().greets(GREETING).says_ehlo();
        play.babbles(Stage::Ehlo, FaultKind::NotAReply, b"hello\r\n").ends(Stage::Ehlo)
    });
    assert_eq!(broken.ids(), ["malformed-reply"]);

    assert_eq!(healthy().ports[0].verdict("malformed-reply"), Verdict::Passed);
}

#[test]
fn session_cut_short() {
    let closed = port("25", |play| play.connects().closes(Stage::Greeting));
    assert_eq!(closed.found("session-cut-short").title, "The session ends before the greeting");
    let silent = port("25", |play| play.connects().greets(GREETING).says_ehlo().times_out(Stage::Ehlo, 20));
    assert_eq!(silent.ids(), ["session-cut-short"]);
    assert_eq!(
        silent.why("starttls-missing"),
        "the test of this port ended early: time ran out while the reply to EHLO was awaited"
    );
    let shut_down = port("25", |play| {
        play.connects().greets(GREETING).ehlo(EHLO).starttls("421 4.3.0 shutting down").ends(Stage::StartTls)
    });
    assert_eq!(shut_down.ids(), ["session-cut-short"]);
    assert_eq!(shut_down.verdict("starttls-failed"), Verdict::NotTested);
    let reset = port("25", |play| play.connects().loses(Stage::Greeting, RefusalCode::Reset));
    assert_eq!(reset.ids(), ["session-cut-short"]);
    // The relay's own limit is not the server's fault.
    let relay = port("25", |play| play.connects().loses(Stage::Greeting, RefusalCode::Timeout));
    assert_eq!(relay.ids(), [""; 0]);

    assert_eq!(healthy().ports[0].verdict("session-cut-short"), Verdict::Passed);
}

#[test]
fn esmtp_masked() {
    let masked = "250-mx1.example.com\n250-SIZE 1000\n250 XXXXXXXA";
    let port = port("25", |play| play.connects().greets("220 ****").ehlo(masked).quits());
    assert_eq!(port.ids(), ["esmtp-masked"]);
    assert_eq!(port.verdict("starttls-missing"), Verdict::NotTested);
    assert_eq!(port.starttls_supported, None);
    // AUTH may be what it overwrote.
    assert_eq!(
        (port.verdict("auth-without-tls"), port.why("auth-without-tls")),
        (Verdict::NotTested, "a device on the path overwrites what the server offers, AUTH perhaps among it")
    );

    assert_eq!(healthy().ports[0].verdict("esmtp-masked"), Verdict::Passed);
}

#[test]
fn a_greeting_of_asterisks_is_inspection_on_the_path() {
    let hidden = port("25", |play| play.connects().greets("220 ****").ehlo("250-mx1\n250 SIZE 1").quits());
    assert_eq!(hidden.ids(), ["esmtp-masked"]);
    assert_eq!(hidden.found("esmtp-masked").severity, Severity::Warning);
    // The device may have removed it.
    assert_eq!((hidden.starttls_supported, hidden.verdict("starttls-missing")), (None, Verdict::NotTested));
    assert!(hidden.found("esmtp-masked").explanation.starts_with("The greeting is asterisks: a firewall"));

    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let let_through = Scene::one("25", |play| {
        let play = play.connects().greets("220 **********0*2***0").ehlo(EHLO).starttls("220 go").tls(sent);
        play.ehlo(EHLO_TLS).quits()
    });
    let report = let_through.judged_trusting(&root);
    assert_eq!((report.ports[0].ids(), report.status), (vec!["esmtp-masked"], Status::Notice));
    assert_eq!(report.ports[0].starttls_supported, Some(true));
    assert!(
        summary(&report)
            .starts_with("Mail reaches this server over TLS 1.3; a device on the path overwrites")
    );
    assert_eq!(senders(&report)[0].outcome, SenderOutcome::Delivers);

    let helo_only =
        port("25", |play| play.connects().greets("220 ****").ehlo("500 what").helo("250 mx1").quits());
    assert_eq!(helo_only.ids(), ["ehlo-rejected", "esmtp-masked"]);
    for greeting in ["220 mx1 ****", "220 ***", "220 2022"] {
        let plain = port("25", |play| play.connects().greets(greeting).ehlo(EHLO));
        assert_eq!(plain.verdict("esmtp-masked"), Verdict::Passed, "{greeting}");
    }
}
