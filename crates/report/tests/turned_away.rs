//! A server that turns a client away in clear text, where TLS was to begin: that is no word about its TLS.

mod scene;

use heloscope_observation::{Event, RefusalCode, Stage, TlsFailure, TlsVersion};
use heloscope_report::{ErrorCode, Port, Report, SenderOutcome, Severity, Verdict, senders, summary};
use scene::{Asked, EHLO, GREETING, Play, Scene, chain};

fn says_at_once(octets: &str) -> Report {
    let not_tls = TlsFailure::NotTls(octets.into());
    Scene::one("465", |play| play.connects().begins_handshake().tls_fails(not_tls)).judged()
}

fn message(port: &Port) -> &str {
    &port.error.as_ref().expect("an error").message
}

/// As Exim does at its limit of connections, on a port with tls_on_connect too.
#[test]
fn a_busy_server_in_clear_text_is_busy_and_not_without_tls() {
    let report = says_at_once("421 Too many concurrent SMTP connections; please try again later.\r\n");
    let port = &report.ports[0];
    assert_eq!(port.ids(), ["greeting-rejected"]);
    assert_eq!(port.found("greeting-rejected").severity, Severity::Warning);
    assert_eq!(port.found("greeting-rejected").title, "The server greets with 421: not now");
    assert_eq!(port.error.as_ref().unwrap().code, ErrorCode::GreetingRejected);
    assert_eq!(
        message(port),
        "In place of TLS the server sent a refusal in clear text: “421 Too many concurrent SMTP connections; please try \
         again later.”. 421 means “service not available, closing transmission channel”. Likely cause: the server is busy \
         or shutting down, or it limits connections from the address that tests. Some servers, such as Exim, refuse before \
         TLS begins: whether TLS works on this port is not known."
    );
    assert_eq!(port.banner.as_deref().map(|banner| &banner[..8]), Some("421 Too "));
    assert_eq!(port.verdict("not-smtp"), Verdict::Passed);
    let reason = "the test of this port ended early: the greeting is not 220";
    for id in ["tls-failed", "tls-version-weak", "certificate-expired", "submission-without-auth"] {
        assert_eq!((port.verdict(id), port.why(id)), (Verdict::NotTested, reason), "{id}");
    }
    let row = &senders(&report)[0];
    assert_eq!(
        (row.outcome, row.text.as_str()),
        (SenderOutcome::Queues, "Cannot send for now: the server greets with 421: not now.")
    );
    assert_eq!(summary(&report), "Port 465: the server greets with 421: not now.");
}

#[test]
fn the_headline_names_every_port_with_the_fault() {
    fn busy(play: Play<'_>) -> Play<'_> {
        play.connects().greets("421 4.3.2 busy").closes(Stage::Greeting)
    }
    let all = Scene::one("25", busy).port("587", busy).port("465", |play| {
        play.connects().begins_handshake().tls_fails(TlsFailure::NotTls("421 busy\r\n".into()))
    });
    let all = all.judged();
    assert_eq!(summary(&all), "Ports 25, 587 and 465: the server greets with 421: not now.");
    // The same check, and another fault.
    let two = Scene::one("25", busy)
        .port("587", |play| play.connects().greets("554 5.7.1 no").closes(Stage::Greeting))
        .judged();
    let title = &two.ports[1].found("greeting-rejected").title;
    assert_eq!(
        summary(&two),
        format!(
            "Port 25: the server greets with 421: not now. On port 587: {}.",
            title.replacen("The", "the", 1)
        )
    );
}

#[test]
fn a_refusal_for_good_in_clear_text_has_its_meaning() {
    let report = says_at_once("554-no\r\n554 5.7.1 listed\r\n");
    let port = &report.ports[0];
    assert_eq!(port.ids(), ["greeting-rejected"]);
    assert_eq!(port.found("greeting-rejected").severity, Severity::Error);
    for words in ["“554-no 554 5.7.1 listed”", "5.7.1 means", "block list"] {
        assert!(message(port).contains(words), "{}", message(port));
    }
    // Of a long one no more than its beginning is kept.
    let long = says_at_once(&format!("554-{}\r\n554-{}", "a".repeat(400), "b".repeat(102)));
    assert_eq!(long.ports[0].ids(), ["greeting-rejected"]);
}

/// A server without implicit TLS has taken the ClientHello for a command.
#[test]
fn a_hello_taken_for_a_command_is_no_greeting() {
    for reply in ["500 5.5.1 huh", "502 5.5.2 command not recognized", "503 5.5.1 out of turn"] {
        let report = says_at_once(&format!("{reply}\r\n"));
        let port = &report.ports[0];
        assert_eq!(port.ids(), ["tls-failed"]);
        assert_eq!(port.error.as_ref().unwrap().code, ErrorCode::PlaintextOnImplicitTls);
        assert!(
            message(port).ends_with(&format!("“{reply}”. The port is set up without implicit TLS.")),
            "{}",
            message(port)
        );
        assert!(port.found("tls-failed").fix.starts_with("Let TLS begin with the first octet on this port"));
    }
}

#[test]
fn another_protocol_in_clear_text_is_named() {
    for (octets, name) in [
        ("SSH-2.0-OpenSSH_9\r\n", "SSH"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
        ("* OK IMAP4rev1\r\n", "IMAP"),
        ("+OK ready\r\n", "POP3"),
    ] {
        let report = says_at_once(octets);
        let port = &report.ports[0];
        assert_eq!(port.error.as_ref().unwrap().code, ErrorCode::NotSmtp, "{octets}");
        assert!(message(port).ends_with(&format!("They look like {name}.")), "{}", message(port));
        assert_eq!(port.ids(), ["not-smtp"]);
        assert_eq!(port.found("not-smtp").title, format!("The server speaks {name}, not SMTP"));
        assert_eq!(port.verdict("tls-failed"), Verdict::NotTested);
    }
}

#[test]
fn only_what_greets_in_clear_text_is_said_to_be_without_implicit_tls() {
    let greets = says_at_once("220 mx1 ESMTP\r\n");
    assert_eq!(greets.ports[0].ids(), ["tls-failed"]);
    assert_eq!(greets.ports[0].error.as_ref().unwrap().code, ErrorCode::PlaintextOnImplicitTls);
    assert!(message(&greets.ports[0]).ends_with("The port is set up without implicit TLS."));
    let fix = &greets.ports[0].found("tls-failed").fix;
    assert!(
        fix.starts_with("Let TLS begin with the first octet on this port") && !fix.contains("ECDHE"),
        "{fix}"
    );
    let text = says_at_once("Too many connections\r\n");
    assert_eq!(text.ports[0].error.as_ref().unwrap().code, ErrorCode::PlaintextOnImplicitTls);
    assert!(message(&text.ports[0]).contains("or something else than a mail server answers there"));
    // No reply of SMTP, though it begins with digits.
    assert_eq!(says_at_once("500ms\r\n").ports[0].ids(), ["tls-failed"]);
}

fn after_the_220(play: impl FnOnce(Play<'_>) -> Play<'_>) -> Report {
    Scene::one("25", |connection| play(connection.until_hello())).judged()
}

const DOWN: &str = "The server ended the session in clear text, in place of the TLS handshake: “421 4.3.2 shutting down”. \
                    421 means “service not available, closing transmission channel”; the enhanced status code 4.3.2 means \
                    “system not accepting network messages”. Likely cause: all of the server's screening or delivery \
                    processes are busy, or it is shutting down.";

/// RFC 5321 §3.8: a 421 may come at any time; between the 220 and the ClientHello too.
#[test]
fn a_421_in_place_of_the_handshake_is_no_failure_of_starttls() {
    let line = "421 4.3.2 shutting down\r\n";
    let early = || Event::Injected { octets: line.into(), total: line.len() };
    let reports = [
        after_the_220(|play| play.tls_fails(TlsFailure::NotTls(line.into()))),
        after_the_220(|play| play.see(Stage::Tls, early()).closes(Stage::Tls)),
        after_the_220(|play| play.see(Stage::Tls, early()).loses(Stage::Tls, RefusalCode::Reset)),
    ];
    for report in reports {
        let port = &report.ports[0];
        assert_eq!((port.error.as_ref().unwrap().code, message(port)), (ErrorCode::Closed, DOWN));
        assert_eq!(port.ids(), ["session-cut-short"]);
        assert!(port.found("session-cut-short").explanation.starts_with(DOWN));
        let reason =
            "the test of this port ended early: the server closed the connection during the TLS handshake";
        for id in ["starttls-failed", "starttls-injection", "tls-version-weak", "certificate-expired"] {
            assert_eq!((port.verdict(id), port.why(id)), (Verdict::NotTested, reason), "{id}");
        }
        // To a sender it is a handshake that fails.
        let later = "Tries the domain's other mail exchangers, or this one again later: the session ends during the handshake.";
        let rows = senders(&report);
        assert!(rows.iter().all(|row| row.outcome == SenderOutcome::Queues), "{rows:?}");
        let told: Vec<String> = rows.into_iter().map(|row| row.text).collect();
        assert_eq!(
            told,
            [
                format!("{later} Some, such as Postfix, then try this one without TLS."),
                later.to_owned(),
                later.to_owned()
            ]
        );
    }
}

/// What another connection brought is told as that.
#[test]
fn a_421_in_place_of_the_handshake_is_not_another_connections() {
    let early = || Event::Injected { octets: "421 down\r\n".into(), total: 10 };
    let first = Scene::one("25", |play| play.until_hello().see(Stage::Tls, early()).closes(Stage::Tls));
    let then_well = first
        .raw_hello("25", |play| play.until_hello().answers(TlsVersion::TLS_1_2, 0xc02f, Some(23), None, &[]));
    let port = &then_well.judged().ports[0];
    assert!(message(port).starts_with("The server ended the session in clear text"), "{}", message(port));
    for id in ["starttls-failed", "starttls-injection", "tls-hello-intolerance"] {
        assert_eq!(port.verdict(id), Verdict::NotTested, "{id}");
    }
    assert!(port.ids().contains(&"session-cut-short"));

    let hung_up = Scene::one("25", |play| play.until_hello().closes(Stage::Tls));
    let then_down =
        hung_up.raw_hello("25", |play| play.until_hello().see(Stage::Tls, early()).closes(Stage::Tls));
    assert!(then_down.judged().ports[0].ids().contains(&"starttls-failed"));
}

#[test]
fn what_is_no_421_does_not_excuse_the_octets_before_tls() {
    for octets in ["421 4.3.2 down\r\n250 AUTH PLAIN\r\n", "250 AUTH PLAIN\r\n"] {
        let early = Event::Injected { octets: octets.into(), total: octets.len() };
        let report = after_the_220(|play| play.see(Stage::Tls, early).closes(Stage::Tls));
        assert_eq!(report.ports[0].ids(), ["starttls-failed", "starttls-injection"], "{octets}");
    }
    // TLS came up behind it: whoever put it there meant it to be heard inside.
    let early = Event::Injected { octets: "421 down\r\n".into(), total: 10 };
    let report = Scene::one("25", |play| {
        let asked = play.connects().greets(GREETING).ehlo(EHLO).starttls("220 go");
        asked.see(Stage::Tls, early).tls(&[]).ehlo("250 mx1").quits()
    });
    assert_eq!(report.judged().ports[0].verdict("starttls-injection"), Verdict::Found);
}

/// The 220 was taken back, and its reason is said.
#[test]
fn another_refusal_in_place_of_the_handshake_is_a_failure_with_its_codes() {
    for (reply, words) in [
        ("454 4.7.0 TLS not available", "cannot read its certificate or key"),
        ("500 5.5.1 huh", "took the ClientHello for a command"),
        ("530 5.7.0 Must issue a STARTTLS command first", "took the ClientHello for a command"),
    ] {
        let report =
            after_the_220(|play| play.tls_fails(TlsFailure::NotTls(format!("{reply}\r\n").as_str().into())));
        let port = &report.ports[0];
        assert_eq!(port.ids(), ["starttls-failed"]);
        assert_eq!(port.error.as_ref().unwrap().code, ErrorCode::TlsFailed);
        let begun =
            format!("In place of the TLS handshake the server sent a refusal in clear text: “{reply}”. ");
        assert!(message(port).starts_with(&begun), "{}", message(port));
        assert!(message(port).contains(words) && message(port).contains("means"), "{}", message(port));
        let of_begin = port.found("starttls-failed").fix.starts_with("Let TLS begin right after the 220");
        assert_eq!(of_begin, words.contains("ClientHello"), "{reply}");
    }
    let binary = after_the_220(|play| play.tls_fails(TlsFailure::NotTls(b"\0\x01\x02\r\n".into())));
    let fix = &binary.ports[0].found("starttls-failed").fix;
    assert!(fix.starts_with("Let TLS begin right after the 220 to STARTTLS"), "{fix}");
    let garbage = after_the_220(|play| play.tls_fails(TlsFailure::NotTls("hello\r\n".into())));
    let fix = &garbage.ports[0].found("starttls-failed").fix;
    assert!(
        fix.starts_with("Let TLS begin right after the 220 to STARTTLS") && !fix.contains("ECDHE"),
        "{fix}"
    );
    assert_eq!(
        message(&garbage.ports[0]),
        "What the server sent where TLS was to begin is no TLS record: “hello”."
    );
}

/// A careful sender stops at the clear text, any other at the certificate: none that looks at it delivers.
#[test]
fn a_certificate_that_does_not_hold_counts_behind_clear_text_after_the_220() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let scene = |port| {
        Scene::one(port, |play| {
            let early = Event::Injected { octets: "250 injected\r\n".into(), total: 14 };
            let play = play.connects().greets(GREETING).ehlo(EHLO).starttls("220 go").see(Stage::Tls, early);
            play.tls(sent).ehlo("250-mx1\n250 AUTH PLAIN").quits()
        })
    };
    let careful = "Clear text follows the 220 to STARTTLS: a sender that is careful ends the session there.";
    let rows = senders(&scene("25").judged());
    assert_eq!((rows[0].outcome, rows[0].text.as_str()), (SenderOutcome::Depends, careful));
    assert_eq!(
        (rows[1].outcome, rows[1].text.as_str()),
        (
            SenderOutcome::Refuses,
            "Does not deliver: clear text follows the 220 to STARTTLS, and the certificate is without a path to a trusted root."
        )
    );
    assert_eq!(rows[2].outcome, SenderOutcome::Depends);
    assert!(
        rows[2].text.starts_with(&format!("{careful} TLSA records were not looked up.")),
        "{}",
        rows[2].text
    );
    let client = &senders(&scene("587").judged())[0];
    assert_eq!(
        (client.outcome, client.text.as_str()),
        (
            SenderOutcome::Refuses,
            "Ends the session, or warns its user: clear text follows the 220 to STARTTLS, and the certificate is without a path \
             to a trusted root."
        )
    );
    // Where it holds, a sender that does not mind goes on.
    let holds = senders(&scene("25").judged_trusting(&root));
    assert_eq!((holds[1].outcome, holds[1].text.as_str()), (SenderOutcome::Depends, careful));
}

/// A program that screens clients, such as postscreen, greets in clear text.
#[test]
fn a_greeting_inside_tls_is_not_laid_at_a_screening_program() {
    let greeted = |spec: &str, greeting: &str| {
        let scene = Scene::one(spec, |play| {
            let play = play.connects();
            let play = if spec == "465" { play.tls(&[]) } else { play };
            play.greets(greeting).quits()
        });
        let report = scene.judged();
        report.ports[0].found("greeting-rejected").explanation.clone()
    };
    assert!(greeted("25", "450 4.3.2 try later").contains("Postfix's postscreen"));
    for greeting in ["450 4.3.2 try later", "521 5.3.2 no", "521 5.7.1 no"] {
        let explanation = greeted("465", greeting);
        assert!(!explanation.contains("postscreen"), "{explanation}");
    }
}
