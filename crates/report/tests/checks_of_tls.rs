//! The checks of STARTTLS, TLS and what is offered around it, one test or two for each.

mod scene;

use heloscope_observation::{AlertDescription, Event, NamedGroup, Stage, TlsFailure, TlsVersion};
use heloscope_report::{Port, Severity, Verdict};
use scene::{Asked, EHLO, EHLO_AUTH, EHLO_TLS, GREETING, Play, Scene, chain, healthy, port};

/// RFC 8446 §9.3, RFC 7685 §4: of longer hellos than those that went out nothing is claimed.
#[test]
fn a_hello_that_was_taken_is_said_with_its_length() {
    let passed = |play: fn(Play<'_>) -> Play<'_>| {
        let port = Scene::one("25", play).judged().ports.remove(0);
        assert_eq!(port.verdict("tls-hello-intolerance"), Verdict::Passed);
        port.why("tls-hello-intolerance").to_owned()
    };
    assert_eq!(
        passed(|play| play.until_hello().tls(&[])),
        "a hello of today's form, 248 octets long, was taken; longer ones were not tried"
    );
    fn retried(play: Play<'_>) -> Play<'_> {
        play.until_hello().see(Stage::Tls, Event::HelloRetried { octets: 1432 }).tls(&[])
    }
    assert_eq!(
        passed(retried),
        "hellos of today's form, 248 and then 1432 octets long, were taken; longer ones were not tried"
    );
}

#[test]
fn starttls_inside_tls() {
    let (_, _, leaf) = chain();
    let again = |spec, ehlo: &str| {
        port(spec, |play| match spec {
            "465" => play.connects().tls(&[&leaf.der]).greets(GREETING).ehlo(ehlo).quits(),
            _ => play.until_hello().tls(&[&leaf.der]).ehlo(ehlo).quits(),
        })
    };
    for spec in ["25", "465"] {
        let found = again(spec, EHLO);
        assert_eq!(found.found("starttls-inside-tls").severity, Severity::Notice);
        assert_eq!(again(spec, EHLO_TLS).verdict("starttls-inside-tls"), Verdict::Passed);
    }
    let none = port("25", |play| play.connects().greets(GREETING).ehlo("250 mx1").quits());
    assert_eq!(none.verdict("starttls-inside-tls"), Verdict::NotApplicable);
}

#[test]
fn starttls_missing() {
    let missing = port("25", |play| play.connects().greets(GREETING).ehlo("250-mx1\n250 SIZE 1").quits());
    assert_eq!(missing.ids(), ["starttls-missing"]);
    assert_eq!(missing.starttls_supported, Some(false));
    let words = &missing.found("starttls-missing").explanation;
    for words_of_senders in ["Opportunistic senders", "MTA-STS", "DANE senders"] {
        assert!(words.contains(words_of_senders), "{words}");
    }
    assert_eq!(missing.why("certificate-expired"), "the server offers no TLS on this port");
    assert_eq!(missing.verdict("certificate-expired"), Verdict::NotApplicable);

    let on_587 = port("587", |play| play.connects().greets(GREETING).ehlo("250 mx1").quits());
    assert!(on_587.found("starttls-missing").explanation.contains("Mail clients"));
    let on_2525 = port("2525/starttls", |play| play.connects().greets(GREETING).ehlo("250 mx1").quits());
    assert_eq!(on_2525.ids(), ["starttls-missing"]);

    assert_eq!(healthy().ports[0].verdict("starttls-missing"), Verdict::Passed);
}

#[test]
fn starttls_failed() {
    let refused =
        port("25", |play| play.connects().greets(GREETING).ehlo(EHLO).starttls("454 4.7.0 no").quits());
    assert_eq!(refused.ids(), ["starttls-failed"]);
    assert_eq!(refused.found("starttls-failed").title, "STARTTLS is offered but refused with 454");

    let alert = TlsFailure::Alert(AlertDescription(40));
    let failed = port("25", |play| {
        play.connects().greets(GREETING).ehlo(EHLO).starttls("220 go").begins_handshake().tls_fails(alert)
    });
    assert_eq!(failed.ids(), ["starttls-failed"]);
    assert_eq!(failed.verdict("tls-version-weak"), Verdict::NotTested);

    let hangs_up = port("25", |play| {
        play.connects().greets(GREETING).ehlo(EHLO).starttls("220 go").begins_handshake().closes(Stage::Tls)
    });
    assert_eq!(hangs_up.ids(), ["starttls-failed"]);
    let at_the_command = port("25", |play| {
        let play = play.connects().greets(GREETING).ehlo(EHLO);
        play.sends(Stage::StartTls, heloscope_smtp::Command::StartTls).closes(Stage::StartTls)
    });
    assert_eq!(
        at_the_command.found("starttls-failed").title,
        "STARTTLS is offered but the server hangs up at it"
    );
    // Silence proves nothing.
    let silent = port("25", |play| {
        let play = play.connects().greets(GREETING).ehlo(EHLO).starttls("220 go").begins_handshake();
        play.times_out(Stage::Tls, 20)
    });
    assert_eq!(silent.ids(), ["session-cut-short"]);
    assert_eq!(silent.verdict("starttls-failed"), Verdict::NotTested);

    assert_eq!(healthy().ports[0].verdict("starttls-failed"), Verdict::Passed);
}

#[test]
fn starttls_injection() {
    let (_, _, leaf) = chain();
    let injected = port("25", |play| {
        let play = play.connects().greets(GREETING).ehlo(EHLO).starttls("220 go");
        let octets = Event::Injected { octets: b"250 mx1\r\n".into(), total: 9 };
        play.see(Stage::Tls, octets).tls(&[&leaf.der]).ehlo(EHLO_TLS).quits()
    });
    let found = injected.found("starttls-injection");
    assert_eq!(found.severity, Severity::Error);
    assert!(found.explanation.contains("9 octets") && found.explanation.contains("“250 mx1\\r\\n”"));

    assert_eq!(healthy().ports[0].verdict("starttls-injection"), Verdict::Passed);
    // A record of TLS is what followed the 220, though the handshake failed; where nothing did, nothing was looked at.
    let verdict = |play: fn(Play<'_>) -> Play<'_>| {
        Scene::one("25", play).judged().ports[0].verdict("starttls-injection")
    };
    assert_eq!(
        verdict(|play| play.until_hello().tls_fails(TlsFailure::Alert(AlertDescription(40)))),
        Verdict::Passed
    );
    assert_eq!(verdict(|play| play.until_hello().tls_fails(TlsFailure::BadSignature)), Verdict::Passed);
    assert_eq!(verdict(|play| play.until_hello().closes(Stage::Tls)), Verdict::NotTested);
    assert_eq!(verdict(|play| play.until_hello().times_out(Stage::Tls, 18)), Verdict::NotTested);
    assert_eq!(
        verdict(|play| play.connects().greets(GREETING).ehlo(EHLO).starttls("454 4.7.0 no").quits()),
        Verdict::NotTested
    );
}

/// Neither fault hides the other, and what came before the ClientHello is not called the answer to it.
#[test]
fn starttls_injection_and_no_tls() {
    let octets = || Event::Injected { octets: b"250 AUTH PLAIN\r\n".into(), total: 16 };
    let clear_text = port("25", |play| {
        let play = play.until_hello().see(Stage::Tls, octets());
        play.after_ms(20).tls_fails(TlsFailure::NotTls(b"500 5.5.1 huh\r\n".into()))
    });
    let hangs_up = port("25", |play| play.until_hello().see(Stage::Tls, octets()).closes(Stage::Tls));
    for port in [&clear_text, &hangs_up] {
        assert_eq!(port.ids(), ["starttls-failed", "starttls-injection"]);
        assert!(port.found("starttls-injection").explanation.contains("16 octets that nobody asked for"));
        assert!(!port.found("starttls-failed").explanation.contains("AUTH"));
    }
    let words = &clear_text.found("starttls-failed").explanation;
    assert!(
        words.starts_with(
            "In place of the TLS handshake the server sent a refusal in clear text: “500 5.5.1 huh”."
        ),
        "{words}"
    );
    let last: Vec<_> =
        clear_text.transcript.iter().rev().take(2).map(|line| (line.at_ms, &*line.text)).collect();
    assert_eq!(last, [(103, "500 5.5.1 huh"), (83, "250 AUTH PLAIN\\r\\n")]);
}

#[test]
fn tls_failed() {
    let clear = port("465", |play| {
        play.connects().begins_handshake().tls_fails(TlsFailure::NotTls(b"220 mx1\r\n".into()))
    });
    assert_eq!(clear.ids(), ["tls-failed"]);
    let hangs_up = port("465", |play| play.connects().begins_handshake().closes(Stage::Tls));
    assert_eq!(hangs_up.ids(), ["tls-failed"]);
    // With TLS 1.3 a server says only after the handshake that it wants a client certificate.
    let wants_certificate = port("465", |play| {
        let failure = TlsFailure::Alert(AlertDescription(116));
        play.connects().tls(&[]).see(Stage::Greeting, Event::TlsFailed(failure))
    });
    assert!(wants_certificate.found("tls-failed").explanation.contains("certificate_required"));

    assert_eq!(healthy().ports[1].verdict("tls-failed"), Verdict::Passed);
}

/// A handshake that ends with this version, suite and group.
fn chosen(version: TlsVersion, suite: u16) -> Port {
    let (_, _, leaf) = chain();
    port("25", |play| {
        let play = play.connects().greets(GREETING).ehlo(EHLO).starttls("220 go").begins_handshake();
        play.chooses(version, suite, Some(NamedGroup(23)), true, &[&leaf.der]).ehlo(EHLO_TLS).quits()
    })
}

#[test]
fn tls_version_weak() {
    assert_eq!(chosen(TlsVersion::TLS_1_1, 0xc02f).verdict("tls-version-weak"), Verdict::Found);
    assert_eq!(chosen(TlsVersion::TLS_1_2, 0xc02f).verdict("tls-version-weak"), Verdict::Passed);
}

#[test]
fn tls_cipher_weak() {
    // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA and TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    assert_eq!(chosen(TlsVersion::TLS_1_2, 0xc013).verdict("tls-cipher-weak"), Verdict::Found);
    assert_eq!(chosen(TlsVersion::TLS_1_2, 0xc02f).verdict("tls-cipher-weak"), Verdict::Passed);
}

#[test]
fn auth_without_tls() {
    for ehlo in ["250-mx1\n250-STARTTLS\n250 AUTH PLAIN LOGIN", "250-mx1\n250-STARTTLS\n250 AUTH=LOGIN"] {
        let open = port("587", |play| play.connects().greets(GREETING).ehlo(ehlo));
        assert!(open.found("auth-without-tls").explanation.contains("LOGIN"), "{ehlo}");
    }
    // Inside TLS it is as it should be.
    assert_eq!(healthy().ports[2].verdict("auth-without-tls"), Verdict::Passed);
}

#[test]
fn submission_without_auth() {
    let without = |spec, ehlo: &str| {
        port(spec, |play| {
            play.connects().greets(GREETING).ehlo(EHLO).starttls("220 go").tls(&[]).ehlo(ehlo).quits()
        })
    };
    assert_eq!(without("587", EHLO_TLS).found("submission-without-auth").severity, Severity::Notice);
    assert_eq!(without("587", EHLO_AUTH).verdict("submission-without-auth"), Verdict::Passed);
    assert_eq!(without("25", EHLO_TLS).verdict("submission-without-auth"), Verdict::NotApplicable);
}
