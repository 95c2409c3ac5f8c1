//! Sentences that say what was seen, no more and no less.

mod scene;

use heloscope_observation::{
    AlertDescription, CipherSuite, Der, Event, Handshake, RefusalCode, Stage, TlsFailure, TlsVersion,
    Unoffered,
};
use heloscope_report::{ErrorCode, Port, SenderOutcome, Severity, Verdict, senders};
use heloscope_smtp::FaultKind;
use heloscope_words::within;
use scene::{Asked, EHLO, GREETING, Play, Scene, chain};

fn port(spec: &str, play: impl FnOnce(Play<'_>) -> Play<'_>) -> Port {
    Scene::one(spec, play).judged().ports.remove(0)
}

fn message(port: &Port) -> &str {
    &port.error.as_ref().expect("an error").message
}

#[test]
fn an_empty_line_before_the_greeting_is_quoted() {
    let port = port("25", |play| {
        play.connects()
            .babbles(Stage::Greeting, FaultKind::NotAReply, b"\r\n220 mx\r\n")
            .ends(Stage::Greeting)
    });
    assert_eq!(message(&port), "The server's first octets are no SMTP reply: “\\r\\n220 mx\\r\\n”.");
    assert!(port.found("not-smtp").explanation.starts_with("They are “\\r\\n220 mx\\r\\n”, with"));
}

/// Postfix's client skips what is no reply, and reads on.
#[test]
fn what_stands_before_a_greeting_does_not_stop_everyone() {
    let babbles = |spec: &str, octets: &[u8]| {
        Scene::one(spec, |play| {
            play.connects().babbles(Stage::Greeting, FaultKind::NotAReply, octets).ends(Stage::Greeting)
        })
        .judged()
    };
    for octets in [&b"\r\n220 mx1.example.com ESMTP\r\n"[..], b"hello\r\n220-mx1.example.com\r\n220 \r\n"] {
        let report = babbles("25", octets);
        let finding = report.ports[0].found("not-smtp");
        assert_eq!(finding.severity, Severity::Error);
        assert!(finding.explanation.contains("such as Postfix, skip what stands before it"), "{finding:?}");
        assert!(finding.fix.starts_with("Find out what sends it"), "{}", finding.fix);
        for row in senders(&report) {
            assert_eq!(
                (row.outcome, row.text.as_str()),
                (
                    SenderOutcome::Depends,
                    "Depends on whether it skips what stands before the greeting, as Postfix does: the first octets are no \
                     SMTP reply."
                )
            );
        }
    }
    for octets in [&b"hello\r\n"[..], b"hello\r\n554 no\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"2200 mx\r\n"] {
        let report = babbles("25", octets);
        assert!(report.ports[0].found("not-smtp").explanation.contains("No sender can deliver"));
        assert_eq!(senders(&report)[0].outcome, SenderOutcome::Refuses);
    }
}

/// RFC 5321 §4.2: a reply code begins with 2, 3, 4 or 5.
#[test]
fn three_digits_that_are_no_reply_code_are_no_greeting() {
    for greeting in ["000 odd", "199 odd", "600 odd", "999 odd"] {
        let port = port("25", |play| play.connects().greets(greeting).quits());
        assert_eq!(port.error.as_ref().unwrap().code, ErrorCode::NotSmtp);
        assert_eq!(
            message(&port),
            format!(
                "What the server greeted with is no SMTP reply: “{greeting}”. A reply code begins with 2, 3, 4 or 5 (RFC 5321 §4.2)."
            )
        );
        assert_eq!(port.ids(), ["not-smtp"]);
        assert_eq!(port.found("not-smtp").title, "The first octets are no SMTP reply");
        assert_eq!(port.verdict("greeting-rejected"), Verdict::NotTested);
    }
}

/// Nothing that is offered here: TLS fails, and of the suite nothing is known.
#[test]
fn a_suite_that_nobody_knows_is_neither_sound_nor_of_old() {
    let said = "the server broke the rules of TLS (SelectedUnofferedCipherSuite)";
    let scene = Scene::one("25", |play| play.until_hello().tls_fails(TlsFailure::Protocol(said.to_owned())))
        .raw_hello("25", |play| play.connects().answers(TlsVersion::TLS_1_2, 0xfefe, Some(29), None, &[]));
    let port = scene.judged().ports.remove(0);
    assert!(port.ids().contains(&"starttls-failed"));
    let unknown = "the server chose what it had not been offered";
    for id in ["tls-version-weak", "tls-cipher-weak", "tls-outdated-only"] {
        assert_eq!((port.verdict(id), port.why(id)), (Verdict::NotTested, unknown), "{id}");
    }
    let said = "The server broke the rules of TLS: it chose a cipher suite that was not offered. The server answered a second hello \
                with 0xfefe, which was not offered either.";
    assert_eq!(message(&port), said);
    let words = &port.found("starttls-failed").explanation;
    assert!(words.starts_with(&format!("{said} Opportunistic senders deliver in clear text")), "{words}");
}

/// It is the test's library that breaks off: the server disliked nothing.
#[test]
fn what_the_test_itself_breaks_off_at_is_not_said_to_be_disliked_by_the_server() {
    let (_, _, leaf) = chain();
    for (said, words) in [
        (
            "the server broke the rules of TLS (AttemptedDowngradeToTls12WhenTls13IsSupported)",
            "The server speaks TLS 1.3 and chose an older version all the same, as it says in its hello (RFC 8446 §4.1.3). \
             Likely cause: an attacker on the path that forces it, or a middlebox that breaks TLS 1.3. ",
        ),
        (
            "the server broke the rules of TLS (UnsolicitedServerHelloExtension)",
            "The server broke the TLS protocol, or chose what cannot be spoken here: the TLS library of this test calls it \
             “unsolicited server hello extension”. ",
        ),
        (
            "the server presents no certificate",
            "The server broke the TLS protocol, or chose what cannot be spoken here: the server presents no certificate. ",
        ),
    ] {
        let failure = TlsFailure::Protocol(said.to_owned());
        let scene = Scene::one("25", |play| play.until_hello().tls_fails(failure));
        let scene = scene.raw_hello("25", |play| {
            play.connects().answers(TlsVersion::TLS_1_2, 0xc02f, Some(23), None, &[&leaf.der])
        });
        let explanation = scene.judged().ports[0].found("starttls-failed").explanation.clone();
        assert!(explanation.starts_with(words), "{explanation}");
        assert!(
            explanation.contains(
                "of an older form, and chose TLS 1.2 with TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256. Opport"
            ),
            "{explanation}"
        );
        assert!(!explanation.contains("dislikes"), "{explanation}");
    }
}

/// A suite with a name, or a version, is no better than one without where it was not offered.
#[test]
fn what_was_not_offered_is_no_proof_that_tls_works() {
    let (_, intermediate, leaf) = chain();
    let fails = "the server broke the rules of TLS (SelectedUnofferedCipherSuite)";
    let answered = |version, suite, unoffered: Option<Unoffered>| {
        let handshake = Handshake {
            version: TlsVersion(version),
            suite: CipherSuite(suite),
            group: None,
            finite_field_bits: unoffered.is_none().then_some(2048),
            hello_retry: false,
            hello_octets: Some(517),
            completed: false,
            unoffered,
        };
        let chain = vec![Der(leaf.der.clone()), Der(intermediate.der.clone())];
        Scene::one("25", |play| play.until_hello().tls_fails(TlsFailure::Protocol(fails.to_owned())))
            .raw_hello("25", |play| {
                let play = play.connects().begins_handshake().see(Stage::Tls, Event::Chain(chain));
                play.see(Stage::Tls, Event::Handshake(handshake)).ends(Stage::Tls)
            })
            .judged()
    };
    for (version, suite, unoffered, said) in [
        (0x0303, 0x0000, Unoffered::Suite, "TLS_NULL_WITH_NULL_NULL, which was not offered either."),
        (
            0x0303,
            0xc0ae,
            Unoffered::Suite,
            "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, which was not offered either.",
        ),
        (
            0x0303,
            0x00a2,
            Unoffered::Suite,
            "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256, which was not offered either.",
        ),
        (0x0305, 0x002f, Unoffered::Version, "0x0305, which that hello did not offer."),
        (0x7f1c, 0x1301, Unoffered::Version, "0x7f1c, which that hello did not offer."),
        (0x0304, 0x1305, Unoffered::Version, "TLS 1.3, which that hello did not offer."),
    ] {
        let report = answered(version, suite, Some(unoffered));
        let port = &report.ports[0];
        assert_eq!(port.found("starttls-failed").severity, Severity::Error, "{said}");
        let told = format!("The server answered a second hello with {said}");
        assert!(message(port).ends_with(&told), "{}", message(port));
        for id in ["tls-version-weak", "tls-cipher-weak", "tls-outdated-only", "tls-hello-intolerance"] {
            assert_eq!(port.verdict(id), Verdict::NotTested, "{id}, {said}");
        }
        let outcomes: Vec<_> = senders(&report).iter().map(|row| row.outcome).collect();
        assert_eq!(
            outcomes,
            [SenderOutcome::Depends, SenderOutcome::Refuses, SenderOutcome::Depends],
            "{said}"
        );
    }
    // TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
    let offered = answered(0x0303, 0x009e, None);
    assert_eq!(offered.ports[0].verdict("tls-outdated-only"), Verdict::Found);
    assert_eq!(offered.ports[0].verdict("starttls-failed"), Verdict::NotTested);
}

/// OpenSSL does so where it finds no version that it may speak: nobody has put it in.
#[test]
fn an_alert_before_the_hello_is_no_clear_text_that_was_put_in() {
    let early = |octets: &[u8]| {
        let injected = Event::Injected { octets: octets.into(), total: octets.len() };
        let scene = Scene::one("25", |play| play.until_hello().see(Stage::Tls, injected).closes(Stage::Tls));
        scene.judged().ports.remove(0)
    };
    let alert = b"\x15\x03\x03\x00\x02\x02\x46"; // fatal, protocol_version
    let port = early(alert);
    assert_eq!(port.ids(), ["starttls-failed"]);
    assert_eq!(port.verdict("starttls-injection"), Verdict::NotTested);
    assert_eq!(
        message(&port),
        "The server closed the connection during the TLS handshake. Before the hello was sent the server had ended TLS with \
         the alert protocol_version."
    );
    for other in [&b"250 ok\r\n"[..], &[&alert[..], b"250 ok\r\n"].concat(), b"\x15\x03\x03\x00\x02\x01\x70"]
    {
        assert_eq!(early(other).verdict("starttls-injection"), Verdict::Found, "{other:?}");
    }
    // With TLS behind it, it has not ended TLS.
    let begun = Scene::one("25", |play| {
        let injected = Event::Injected { octets: alert.into(), total: alert.len() };
        play.until_hello().see(Stage::Tls, injected).tls(&[]).ehlo("250 mx1.example.com").quits()
    });
    assert_eq!(begun.judged().ports[0].verdict("starttls-injection"), Verdict::Found);
}

/// RFC 5246 §7.4.2: every suite that is not anonymous goes with one.
#[test]
fn an_answer_without_its_certificate_is_no_proof_that_tls_works() {
    let answered = |suite| {
        let alert = TlsFailure::Alert(AlertDescription(40));
        Scene::one("25", |play| play.until_hello().tls_fails(alert))
            .raw_hello("25", |play| {
                play.connects().begins_handshake().answers_without_chain(TlsVersion::TLS_1_2, suite)
            })
            .judged()
            .ports
            .remove(0)
    };
    let port = answered(0x009e); // TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
    assert_eq!(port.ids(), ["starttls-failed"]);
    let told = "The server answered a second hello, of an older form, and chose TLS 1.2 with \
                TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, but did not send the certificate that goes with it.";
    assert!(message(&port).ends_with(told), "{}", message(&port));
    assert_eq!(port.verdict("tls-outdated-only"), Verdict::NotTested);
    let empty = |suite, sent: &[&[u8]]| {
        let alert = TlsFailure::Alert(AlertDescription(40));
        let scene = Scene::one("25", |play| play.until_hello().tls_fails(alert)).raw_hello("25", |play| {
            play.connects().begins_handshake().answers(TlsVersion::TLS_1_2, suite, None, None, sent)
        });
        let report = scene.judged();
        let port = &report.ports[0];
        assert_eq!(port.verdict("starttls-failed"), Verdict::Found);
        let told = ", but then sent a list of certificates that is empty or cannot be read: nobody can finish that handshake.";
        assert!(message(port).ends_with(told), "{}", message(port));
        assert_eq!(port.found("starttls-failed").severity, Severity::Error);
        let outcomes = senders(&report).iter().map(|row| row.outcome).collect::<Vec<_>>();
        assert_eq!(outcomes, [SenderOutcome::Depends, SenderOutcome::Refuses, SenderOutcome::Depends]);
        report
    };
    // TLS_RSA_WITH_AES_128_GCM_SHA256
    for suite in [0x009c, 0x009e] {
        empty(suite, &[]);
        // A certificate of no octets has no key to encrypt to, or to verify a signature by.
        let report = empty(suite, &[b""]);
        let unreadable = &report.ports[0].found("certificate-path-invalid").explanation;
        let follows = "These 0 octets are no DER certificate. Opportunistic senders deliver in clear text after a failed attempt";
        assert!(unreadable.starts_with(follows), "{unreadable}");
        assert!(report.ports[0].ids().iter().all(|id| *id != "tls-outdated-only"));
    }
    let anonymous = answered(0x00a6); // TLS_DH_anon_WITH_AES_128_GCM_SHA256
    assert_eq!(anonymous.ids(), ["tls-cipher-weak"]);
}

#[test]
fn the_tls_librarys_names_are_not_the_readers() {
    let message = |said: &str| {
        let failure = TlsFailure::Protocol(said.to_owned());
        message(&port("25", |play| play.until_hello().tls_fails(failure))).to_owned()
    };
    for (name, words) in [
        ("ServerDoesNotSupportTls12Or13", "The server answered with neither TLS 1.2 nor TLS 1.3."),
        ("ServerTlsVersionIsDisabledByOurConfig", "The server answered with neither TLS 1.2 nor TLS 1.3."),
        (
            "NoKxGroupsInCommon",
            "The server broke the TLS protocol, or chose what cannot be spoken here: the TLS library of this test calls it “no kx groups in common”.",
        ),
    ] {
        assert_eq!(message(&format!("client and server have nothing in common ({name})")), words);
    }
    for (name, words) in [
        (
            "SelectedUnofferedCipherSuite",
            "The server broke the rules of TLS: it chose a cipher suite that was not offered.",
        ),
        (
            "WrongGroupForKeyShare",
            "The server broke the TLS protocol, or chose what cannot be spoken here: the TLS library of this test calls it “wrong group for key share”.",
        ),
    ] {
        assert_eq!(message(&format!("the server broke the rules of TLS ({name})")), words);
    }
}

/// What the probe says of it is told in the language of the report; what it does not say is another's, and quoted.
#[test]
fn a_breach_of_tls_is_told_in_the_language_of_the_report() {
    let told = |said: &str| {
        let failure = TlsFailure::Protocol(said.to_owned());
        let judged = || port("25", |play| play.until_hello().tls_fails(failure.clone()));
        let broken = |port: &Port, before: &str| {
            let of = message(port).strip_prefix(before).expect("that TLS was broken");
            of.to_owned()
        };
        let english = "The server broke the TLS protocol, or chose what cannot be spoken here: ";
        let german =
            "Der Server hat das TLS-Protokoll verletzt, oder gewählt, was hier nicht gesprochen wird: ";
        let spoken = scene::german();
        (broken(&judged(), english), broken(&within(Some(spoken), judged), german))
    };
    for (said, german) in [
        (
            "a record of the server's does not decrypt",
            "ein Record des Servers lässt sich nicht entschlüsseln",
        ),
        ("a message of the server's cannot be read", "eine Nachricht des Servers lässt sich nicht lesen"),
        (
            "a message of the server's comes where it may not",
            "eine Nachricht des Servers kommt, wo sie nicht kommen darf",
        ),
        ("a record of the server's is too long", "ein Record des Servers ist zu lang"),
        ("the server presents no certificate", "der Server zeigt kein Zertifikat vor"),
        (
            "the key of the server's certificate cannot be used",
            "der Schlüssel des Serverzertifikats lässt sich nicht verwenden",
        ),
        ("the handshake cannot go on", "der Handshake kann nicht weitergehen"),
        ("a record with a broken header", "ein Record mit fehlerhaftem Kopf"),
        (
            "a record that is neither handshake nor alert",
            "ein Record, der weder zum Handshake gehört noch ein Alert ist",
        ),
        ("a handshake message that is too long", "eine Handshake-Nachricht, die zu lang ist"),
        ("a handshake message before the ServerHello", "eine Handshake-Nachricht vor dem ServerHello"),
        (
            "245760 octets came, and the handshake had not ended",
            "245760 Oktette sind gekommen, und der Handshake war nicht zu Ende",
        ),
    ] {
        assert_eq!(told(said), (format!("{said}."), format!("{german}.")));
    }
    for other in ["peer misbehaved", "the handshake went astray"] {
        assert_eq!(told(other), (format!("“{other}”."), format!("„{other}“.")));
    }
}

#[test]
fn lines_that_break_the_same_rule_are_counted_in_a_sentence() {
    let ehlo = |lines: &str| {
        let reply = format!("250-mx1\n250-a_b\n{lines}250 STARTTLS");
        let port = port("25", |play| play.connects().greets(GREETING).ehlo(&reply).quits());
        port.found("reply-format").explanation.clone()
    };
    assert!(ehlo("250-c_d\n").contains("§4.1.1.1): “250-a_b”. 1 more line breaks the same rule. "));
    assert!(ehlo("250-c_d\n250-e_f\n").contains("§4.1.1.1): “250-a_b”. 2 more lines break the same rule. "));
}

#[test]
fn a_reset_keeps_the_reply_that_had_begun() {
    let port = port("25", |play| {
        let begun = play.connects().babbles(Stage::Greeting, FaultKind::Incomplete, b"220 mx");
        begun.loses(Stage::Greeting, RefusalCode::Reset)
    });
    assert_eq!(message(&port), "The connection was reset. The beginning of a reply had come: “220 mx”.");
}

#[test]
fn a_signature_that_does_not_verify_is_mended_at_the_key() {
    for spec in ["25", "465"] {
        let port = port(spec, |play| play.until_hello().tls_fails(TlsFailure::BadSignature));
        let found = &port.findings[0];
        assert!(
            found.fix.starts_with("Give the server the key that belongs to its certificate"),
            "{}",
            found.fix
        );
        assert!(!found.fix.contains("ECDHE"));
    }
}

/// As Cisco's ESA writes it.
#[test]
fn an_enhanced_status_code_after_a_number_sign_is_explained() {
    let port = port("25", |play| {
        play.connects().greets("421 #4.4.5 Too many connections to this host.").ends(Stage::Greeting)
    });
    assert!(
        message(&port).ends_with(
            "; the enhanced status code 4.4.5 means “mail system congestion”. Likely cause: the server is congested, or has \
             too many connections."
        ),
        "{}",
        message(&port)
    );
}

#[test]
fn what_came_before_the_hello_is_not_said_to_come_after_it() {
    let port = port("25", |play| {
        let asked = play.connects().greets(GREETING).ehlo(EHLO).starttls("220 go").begins_handshake();
        asked.tls_fails(TlsFailure::NotTls(b"what?\r\n".into()))
    });
    assert!(!message(&port).contains("after the ClientHello"));
}
