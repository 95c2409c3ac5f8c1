//! A server that turns a client away in clear text, where TLS was to begin: that is no word about its TLS.

mod scene;

use heloscope_observation::{Event, RefusalCode, Stage, TlsFailure, TlsVersion};
use heloscope_report::{ErrorCode, Port, Report, SenderOutcome, Severity, Verdict, senders, summary};
use heloscope_smtp::{Command, FaultKind};
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
        assert!(message(port).ends_with(&format!("It looks like {name}.")), "{}", message(port));
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
        assert_eq!(
            told(&report),
            [
                format!("{later} Some, such as Postfix, then try this one without TLS."),
                later.to_owned(),
                later.to_owned()
            ]
        );
    }
}

/// The texts of the rows, all of senders that come back.
fn told(report: &Report) -> Vec<String> {
    let rows = senders(report);
    assert!(rows.iter().all(|row| row.outcome == SenderOutcome::Queues), "{rows:?}");
    rows.into_iter().map(|row| row.text).collect()
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
    }
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

/// The finding says that senders come back, and so do the rows.
#[test]
fn a_421_to_ehlo_or_starttls_is_come_back_from() {
    let to_ehlo = Scene::one("25", |play| play.connects().greets(GREETING).ehlo("421 4.3.2 down").quits());
    let to_helo = Scene::one("25", |play| {
        play.connects().greets(GREETING).ehlo("502 5.5.1 no").helo("421 4.3.2 down").quits()
    });
    let to_starttls = Scene::one("25", |play| {
        play.connects().greets(GREETING).ehlo(EHLO).starttls("421 4.3.2 down").ends(Stage::StartTls)
    });
    for (scene, command) in [(to_ehlo, "EHLO"), (to_helo, "EHLO"), (to_starttls, "STARTTLS")] {
        let report = scene.judged();
        assert_eq!(report.ports[0].ids(), ["session-cut-short"], "{command}");
        let text = format!(
            "Tries the domain's other mail exchangers, or this one again later: the session ends before the reply to {command}."
        );
        assert_eq!(told(&report), [&*text, &*text, &*text]);
    }
}

#[test]
fn a_421_greeting_is_come_back_from_and_other_mail_exchangers_are_tried() {
    let report = Scene::one("25", |play| play.connects().greets("421 4.3.2 down").quits()).judged();
    let explanation = &report.ports[0].found("greeting-rejected").explanation;
    let follows = "A sender that gets this answer, whether opportunistic, MTA-STS or DANE, tries the domain's other mail \
                   exchangers, or keeps the mail queued and comes back later.";
    assert!(explanation.ends_with(follows), "{explanation}");
    let text = "Tries the domain's other mail exchangers, or this one again later: the server greets with 421: not now.";
    assert_eq!(told(&report), [text, text, text]);
}

/// RFC 5321 §4.5.3.2: a sender waits for minutes, and then treats it as it does a 421.
#[test]
fn a_server_that_hangs_up_or_falls_silent_is_come_back_from() {
    type Act = fn(Play<'_>) -> Play<'_>;
    let cases: [(Act, &str, &str); 6] = [
        (|play| play.connects().closes(Stage::Greeting), "Tries", "the session ends before the greeting"),
        (
            |play| play.connects().times_out(Stage::Greeting, 38),
            "Waits some minutes, then tries",
            "no greeting comes",
        ),
        (
            |play| play.connects().greets(GREETING).says_ehlo().closes(Stage::Ehlo),
            "Tries",
            "the session ends before the reply to EHLO",
        ),
        (
            |play| play.connects().greets(GREETING).says_ehlo().times_out(Stage::Ehlo, 18),
            "Waits some minutes, then tries",
            "no reply to EHLO comes",
        ),
        (
            |play| {
                let begun = play.connects().greets(GREETING).says_ehlo();
                begun.babbles(Stage::Ehlo, FaultKind::Incomplete, b"250-mx1").times_out(Stage::Ehlo, 18)
            },
            "Waits some minutes, then tries",
            "the reply to EHLO does not come to its end",
        ),
        (
            |play| {
                let asked = play.connects().greets(GREETING).ehlo(EHLO);
                asked.sends(Stage::StartTls, Command::StartTls).times_out(Stage::StartTls, 18)
            },
            "Waits some minutes, then tries",
            "no reply to STARTTLS comes",
        ),
    ];
    for (act, does, why) in cases {
        let report = Scene::one("25", act).judged();
        let text = format!("{does} the domain's other mail exchangers, or this one again later: {why}.");
        assert_eq!(told(&report), [&*text, &*text, &*text]);
        assert_eq!(report.ports[0].found("session-cut-short").title.to_lowercase(), why.to_lowercase());
        let client = Scene::one("587", act).judged();
        assert_eq!(told(&client), [format!("Cannot send for now: {why}.")]);
    }
}

/// A handshake that was finished is no mail that was delivered.
#[test]
fn a_server_that_hangs_up_or_falls_silent_inside_tls_delivers_nothing() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let without_tls = " Some, such as Postfix, then try this one without TLS.";
    let closed =
        |port| Scene::one(port, |play| play.until_hello().tls(sent).says_ehlo().closes(Stage::EhloAfterTls));
    let silent =
        Scene::one("25", |play| play.until_hello().tls(sent).says_ehlo().times_out(Stage::EhloAfterTls, 18));
    for (scene, does, why) in [
        (closed("25"), "Tries", "the session ends after the handshake"),
        (silent, "Waits some minutes, then tries", "no reply to EHLO comes inside TLS"),
    ] {
        let report = scene.judged_trusting(&root);
        let text = format!("{does} the domain's other mail exchangers, or this one again later: {why}.");
        assert_eq!(told(&report), [format!("{text}{without_tls}"), text.clone(), text]);
        let found = report.ports[0].found("session-cut-short");
        assert_eq!(found.title.to_lowercase(), why.to_lowercase());
        assert!(
            found
                .explanation
                .ends_with("Some opportunistic senders, such as Postfix, then try it without TLS.")
        );
        // Who looks at a certificate that does not hold ends the session first.
        let outcomes: Vec<_> = senders(&scene.judged()).iter().map(|row| row.outcome).collect();
        assert_eq!(outcomes, [SenderOutcome::Queues, SenderOutcome::Refuses, SenderOutcome::Queues]);
    }
    let client = closed("587").judged_trusting(&root);
    assert_eq!(told(&client), ["Cannot send for now: the session ends after the handshake."]);
    let mute = Scene::one("465", |play| play.connects().tls(sent).times_out(Stage::Greeting, 38));
    assert_eq!(told(&mute.judged_trusting(&root)), ["Cannot send for now: no greeting comes."]);
}

/// Where the relay went away, or a reply had no end, nothing is known of what comes after.
#[test]
fn what_ended_inside_tls_for_another_reason_is_not_tested() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let lost = Scene::one("25", |play| {
        play.until_hello().tls(sent).says_ehlo().loses(Stage::EhloAfterTls, RefusalCode::RelayUnreachable)
    });
    let endless = Scene::one("25", |play| {
        let play = play.until_hello().tls(sent).says_ehlo();
        play.babbles(Stage::EhloAfterTls, FaultKind::TooLong, b"250-a").ends(Stage::EhloAfterTls)
    });
    for (scene, why) in
        [(lost, "the relay cannot be reached"), (endless, "a reply was longer than this test reads")]
    {
        for row in senders(&scene.judged_trusting(&root)) {
            let told = (row.outcome, row.text);
            assert_eq!(told, (SenderOutcome::NotTested, format!("Not tested: {why}.")), "{:?}", row.sender);
        }
        assert_eq!(senders(&scene.judged())[1].outcome, SenderOutcome::Refuses);
    }
}

#[test]
fn a_421_inside_tls_is_come_back_from_by_who_takes_the_certificate() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let scene = Scene::one("25", |play| play.until_hello().tls(sent).ehlo("421 4.7.0 bye").quits());
    let report = scene.judged_trusting(&root);
    assert_eq!(report.ports[0].ids(), ["session-cut-short"]);
    assert!(report.ports[0].found("session-cut-short").explanation.contains("comes back later"));
    // A 421 is an answer: none tries it without TLS for that.
    let later = "Tries the domain's other mail exchangers, or this one again later: the session ends after the handshake.";
    assert_eq!(told(&report), [later, later, later]);
    let outcomes: Vec<_> = senders(&scene.judged()).iter().map(|row| row.outcome).collect();
    assert_eq!(outcomes, [SenderOutcome::Queues, SenderOutcome::Refuses, SenderOutcome::Queues]);
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
            "Does not deliver: clear text follows the 220 to STARTTLS, and the certificate is from a root that is not trusted."
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
            "Ends the session, or warns its user: clear text follows the 220 to STARTTLS, and the certificate is from a root \
             that is not trusted."
        )
    );
    // Where it holds, a sender that does not mind goes on.
    let holds = senders(&scene("25").judged_trusting(&root));
    assert_eq!((holds[1].outcome, holds[1].text.as_str()), (SenderOutcome::Depends, careful));
}
