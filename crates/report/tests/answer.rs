//! Servers that the TLS library cannot speak to: what is said where a hello by hand was answered.

mod scene;

use heloscope_observation::{AlertDescription, Event, Stage, TlsFailure, TlsVersion};
use heloscope_report::{
    ErrorCode, Phase, Sender, SenderOutcome, Severity, Status, StepKind, StepState, Verdict, progress,
    senders, summary,
};
use scene::by_hand::{
    CBC, Choice, Fails, HANDSHAKE_FAILURE, SOUND, alerts, hangs_up, is_reset, is_silent, report,
};
use scene::{Asked, DAY, Entity, NOW, Play, Scene, chain, server, valid};

const PROTOCOL_VERSION: TlsFailure = TlsFailure::Alert(AlertDescription(70));
const UNSPOKEN: &str = "this test reads the server's answer, but finishes no handshake of this kind";
/// TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA over X25519
const TLS_1_0: Choice = Choice { version: TlsVersion::TLS_1_0, suite: 0xc013, group: Some(29), bits: None };
/// TLS_RSA_WITH_AES_128_GCM_SHA256
const KEY_TRANSPORT: Choice = Choice { version: TlsVersion::TLS_1_2, suite: 0x009c, group: None, bits: None };
/// TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
const DHE_2048: Choice =
    Choice { version: TlsVersion::TLS_1_2, suite: 0x009e, group: None, bits: Some(2048) };
const DHE_1024: Choice = Choice { bits: Some(1024), ..DHE_2048 };

#[test]
fn each_choice_has_its_findings_and_tls_is_not_said_to_fail() {
    let cases: [(Choice, &[&str], Status); 5] = [
        (TLS_1_0, &["tls-version-weak", "tls-cipher-weak"], Status::Error),
        (KEY_TRANSPORT, &["tls-cipher-weak"], Status::Warning),
        (DHE_1024, &["tls-cipher-weak"], Status::Warning),
        (DHE_2048, &["tls-outdated-only"], Status::Notice),
        (CBC, &["tls-outdated-only"], Status::Notice),
    ];
    for (port, failed) in [("25", "starttls-failed"), ("465", "tls-failed")] {
        for (choice, ids, status) in cases {
            let report = report(port, alerts, choice);
            let port = &report.ports[0];
            assert_eq!((port.ids(), report.status), (ids.to_vec(), status));
            for id in [failed, "session-cut-short", "tls-hello-intolerance"] {
                assert_eq!((port.verdict(id), port.why(id)), (Verdict::NotTested, UNSPOKEN), "{id}");
            }
            let outdated = port.verdict("tls-outdated-only");
            assert_eq!(outdated == Verdict::Found, ids == ["tls-outdated-only"]);
            assert_ne!(outdated, Verdict::Passed);
            // What was read is judged as usual.
            for id in ["certificate-expired", "certificate-untrusted", "certificate-hostname-mismatch"] {
                assert_eq!(port.verdict(id), Verdict::Passed, "{id}");
            }
            let tls = port.tls.as_ref().unwrap();
            assert!(!tls.completed && port.chain.len() == 2 && port.capabilities_after_tls.is_none());
            assert_eq!(port.certificate.as_ref().unwrap().chain_valid, Some(true));
        }
    }
    assert_eq!(
        report("25", alerts, DHE_1024).ports[0].tls.as_ref().unwrap().key_exchange.as_deref(),
        Some("DHE 1024")
    );
}

#[test]
fn the_error_says_plainly_what_was_answered() {
    let report = report("25", |play| play.tls_fails(PROTOCOL_VERSION), TLS_1_0);
    let error = report.ports[0].error.as_ref().unwrap();
    assert_eq!((error.code, error.phase), (ErrorCode::TlsAlert, Phase::Tls));
    assert!(
        error.message.starts_with("The server ended TLS with the alert protocol_version."),
        "{}",
        error.message
    );
    assert!(
        error.message.ends_with(
            "The server answered a hello of an older form, and chose TLS 1.0 with TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA. \
             This test reads that answer, but finishes no handshake of this kind: nothing inside TLS was tested. That the \
             server holds the key of its certificate is not known."
        ),
        "{}",
        error.message
    );
    let chosen = TlsFailure::Protocol("client and server have nothing in common".to_owned());
    let report = self::report("465", |play| play.tls_fails(chosen), CBC);
    assert_eq!(report.ports[0].error.as_ref().unwrap().code, ErrorCode::TlsFailed);
}

#[test]
fn a_server_that_hangs_up_at_what_it_cannot_speak_is_no_different() {
    for fails in [hangs_up as Fails, is_silent] {
        let report = report("25", fails, DHE_2048);
        assert_eq!(report.ports[0].ids(), ["tls-outdated-only"]);
        assert_eq!(report.ports[0].why("starttls-failed"), UNSPOKEN);
    }
}

/// OpenSSL offers X448 as it comes, and no curve of the Brainpool.
#[test]
fn a_group_that_only_some_speak_is_no_old_one() {
    for (group, name, by_openssl) in [(30, "X448", true), (26, "brainpoolP256r1", false)] {
        let report = report("25", alerts, Choice { group: Some(group), ..SOUND });
        let finding = report.ports[0].found("tls-outdated-only");
        assert!(finding.explanation.contains(": a group that rustls, Go and browsers do not speak. "));
        assert_eq!(finding.explanation.contains("such as Postfix on OpenSSL"), by_openssl);
        assert!(finding.fix.starts_with("Allow the groups X25519 and secp256r1"), "{}", finding.fix);
        let text = &senders(&report)[0].text;
        assert!(text.starts_with(&format!("Delivers over TLS if it takes {name}")), "{text}");
        assert_eq!(text.contains("as Postfix on OpenSSL does"), by_openssl);
        let headline = format!("Mail reaches this server over TLS where {name} is taken, else");
        assert!(summary(&report).starts_with(&headline), "{}", summary(&report));
    }
}

/// TLS 1.2: a whole flight of the server's, ServerHelloDone last, and then nothing more.
#[test]
fn a_server_that_breaks_off_after_its_certificate_took_the_hello() {
    let (_, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let cases: [(&str, Fails, &str, Status); 4] = [
        ("25", hangs_up, "starttls-failed", Status::Error),
        ("25", alerts, "starttls-failed", Status::Error),
        ("465", is_reset, "tls-failed", Status::Error),
        ("25", is_silent, "session-cut-short", Status::Warning),
    ];
    for (name, fails, failed, status) in cases {
        for asked in [false, true] {
            let report = report(name, |play| fails(play.presents(sent, asked)), SOUND);
            let port = &report.ports[0];
            assert_eq!((port.ids(), report.status), (vec![failed], status));
            let message = &port.error.as_ref().unwrap().message;
            let why = if asked {
                "that it demands one is the likely cause."
            } else {
                "what ends the handshake comes later."
            };
            // In whichever sentence it follows: of a reset connection too it is the server that had.
            assert!(message.contains(". The server had taken the hello"), "{message}");
            assert!(message.ends_with(why), "{message}");
            let finding = port.found(failed);
            assert!(!finding.explanation.contains("newer hellos"), "{}", finding.explanation);
            assert!(!finding.explanation.contains("in common"), "{}", finding.explanation);
            let of_tls = failed != "session-cut-short";
            assert_eq!(finding.fix.contains("client certificate"), asked && of_tls, "{}", finding.fix);
        }
    }
}

/// A flight that ends before its key exchange is no answer.
#[test]
fn half_an_answer_by_hand_is_none() {
    let half = Choice { group: None, ..SOUND };
    let report = report("25", hangs_up, half);
    assert_eq!(report.ports[0].ids(), ["starttls-failed"]);
}

/// All that is known of it is found all the same.
#[test]
fn an_answer_by_hand_that_breaks_off_is_no_answer() {
    let root = Entity::self_signed(scene::ca("Example Root"), 1);
    let leaf = root.issue(valid(server(), NOW - 90 * DAY, NOW - 3 * DAY), 3);
    let broken = |port: &str, choice: Choice, ends: fn(Play<'_>) -> Play<'_>| {
        let scene = Scene::one(port, |play| play.until_hello().tls_fails(HANDSHAKE_FAILURE));
        let scene = scene.raw_hello(port, |play| {
            let group = choice.group.map(heloscope_observation::NamedGroup);
            let play = play.connects().begins_handshake();
            ends(play.chooses(choice.version, choice.suite, group, false, &[&leaf.der]))
        });
        scene.judged_trusting(&root)
    };
    let old = Choice { suite: 0xc014, group: None, ..SOUND };
    let alert: Fails = |play| play.tls_fails(TlsFailure::Alert(AlertDescription(80)));
    let cases: [(Choice, Fails, &str); 6] = [
        (old, alert, "then ended TLS with the alert internal_error"),
        (KEY_TRANSPORT, alert, "then ended TLS with the alert internal_error"),
        (old, hangs_up, "then closed the connection"),
        (old, is_reset, "then closed the connection"),
        (old, is_silent, "then fell silent"),
        (old, |play| play.ends(Stage::Tls), "sent no ServerKeyExchange that can be read"),
    ];
    for (port, failed) in [("25", "starttls-failed"), ("465", "tls-failed")] {
        for (choice, ends, how) in cases {
            let report = broken(port, choice, ends);
            let port = &report.ports[0];
            let mut ids = port.ids();
            ids.sort_unstable();
            let mut all = ["certificate-expired", failed, "tls-cipher-weak"];
            all.sort_unstable();
            assert_eq!(ids, all, "{how}");
            let found = port.found(failed);
            let words = &found.explanation;
            // Time that ran out proves nothing.
            let is_open = how == "then fell silent";
            let ends = if is_open { "." } else { ": nobody can finish that handshake." };
            assert!(words.contains(&format!(", but {how}{ends}")), "{words}");
            assert_eq!(found.title.contains("a hello like this test's"), is_open, "{}", found.title);
            assert_eq!(found.severity == Severity::Warning, is_open, "{how}");
            assert_eq!(words.matches("older form").count(), 1, "{words}");
            let weak = &port.found("tls-cipher-weak").explanation;
            assert!(
                weak.contains("cannot send mail.") || weak.contains("in clear text after a failed attempt"),
                "{weak}"
            );
            assert!(!weak.contains("deliver over it"), "{weak}");
            let rows = senders(&report);
            assert!(rows.iter().all(|row| !row.text.contains("still speaks")), "{rows:?}");
        }
    }
}

#[test]
fn where_neither_hello_is_answered_tls_has_failed() {
    let scene = |raw: fn(Play<'_>) -> Play<'_>| {
        Scene::one("25", |play| play.until_hello().tls_fails(HANDSHAKE_FAILURE)).raw_hello("25", raw).judged()
    };
    let refused = scene(|play| play.connects().begins_handshake().tls_fails(HANDSHAKE_FAILURE));
    assert_eq!(refused.ports[0].ids(), ["starttls-failed"]);
    assert_eq!(refused.ports[0].verdict("tls-outdated-only"), Verdict::NotTested);

    // While the second hello is under way nothing is said to fail.
    let running = scene(|play| play.connects().begins_handshake());
    assert_eq!(
        (running.ports[0].ids(), running.ports[0].verdict("starttls-failed")),
        (vec![], Verdict::NotTested)
    );
}

#[test]
fn clear_text_before_the_second_answer_is_found_too() {
    let (_, _, leaf) = chain();
    let scene = Scene::one("25", |play| play.until_hello().closes(Stage::Tls)).raw_hello("25", |play| {
        let octets = Event::Injected { octets: b"250 x\r\n".into(), total: 7 };
        play.connects().see(Stage::Tls, octets).answers(CBC.version, CBC.suite, CBC.group, None, &[&leaf.der])
    });
    assert_eq!(scene.judged().ports[0].verdict("starttls-injection"), Verdict::Found);
    assert_eq!(report("25", alerts, CBC).ports[0].verdict("starttls-injection"), Verdict::Passed);
}

#[test]
fn a_bad_certificate_is_found_all_the_same() {
    let root = Entity::self_signed(scene::ca("Example Root"), 1);
    let leaf = root.issue(valid(server(), NOW - 90 * DAY, NOW - 3 * DAY), 3);
    let scene = Scene::one("25", |play| play.until_hello().tls_fails(HANDSHAKE_FAILURE))
        .raw_hello("25", |play| {
            play.connects().answers(DHE_2048.version, DHE_2048.suite, None, DHE_2048.bits, &[&leaf.der])
        });
    let report = scene.judged_trusting(&root);
    assert_eq!(report.ports[0].ids(), ["certificate-expired", "tls-outdated-only"]);
    let rows = senders(&report);
    assert_eq!(rows[1].text, "Does not deliver: the certificate is expired.");
}

#[test]
fn the_summary_says_who_gets_through() {
    assert_eq!(
        summary(&report("25", alerts, TLS_1_0)),
        "Mail reaches this server over TLS 1.0 where that is still spoken, else in clear text or not at all; its \
         cipher suite is weak."
    );
    assert_eq!(
        summary(&report("25", alerts, DHE_2048)),
        "Mail reaches this server over TLS 1.2 where TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 is still spoken, else in \
         clear text or not at all; its certificate is valid for 60 more days."
    );
}

#[test]
fn each_kind_of_sender_is_told_what_it_takes() {
    use Sender::{Dane, MailClient, MtaSts, Opportunistic};
    use SenderOutcome::{Depends, Refuses};
    let rows = |port, choice| senders(&report(port, alerts, choice));
    let outcomes =
        |port, choice| rows(port, choice).iter().map(|row| (row.sender, row.outcome)).collect::<Vec<_>>();
    assert_eq!(outcomes("25", TLS_1_0), [(Opportunistic, Depends), (MtaSts, Refuses), (Dane, Depends)]);
    assert_eq!(outcomes("25", DHE_2048), [(Opportunistic, Depends), (MtaSts, Depends), (Dane, Depends)]);
    assert_eq!(outcomes("465", TLS_1_0), [(MailClient, Refuses)]);
    assert_eq!(outcomes("465", CBC), [(MailClient, Depends)]);
    let old = rows("25", TLS_1_0);
    assert_eq!(
        old[0].text,
        "Delivers over TLS if it still speaks TLS 1.0 with TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, as Postfix on \
         OpenSSL does; else in clear text after a failed attempt, or keeps the mail queued."
    );
    assert_eq!(
        old[1].text,
        "Does not deliver, as a rule: RFC 8461 §7.2 wants TLS 1.2 of both sides, and this is TLS 1.0 at best."
    );
    assert!(
        old[2].text.starts_with("Where TLSA records are published TLS must come up: it does if it still")
    );
}

#[test]
fn the_live_view_shows_what_was_read() {
    let (_, _, leaf) = chain();
    let scene = Scene::one("25", |play| play.until_hello().tls_fails(HANDSHAKE_FAILURE))
        .raw_hello("25", |play| {
            play.connects().answers(DHE_2048.version, DHE_2048.suite, None, DHE_2048.bits, &[&leaf.der])
        });
    let steps = &progress(&scene.observations, std::time::Duration::from_secs(1))[0].steps;
    let tls = steps.iter().find(|step| step.kind == StepKind::Tls).unwrap();
    assert_eq!(
        (tls.state, tls.text.as_str()),
        (StepState::Failed, "TLS 1.2 · TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, not finished here")
    );
}
