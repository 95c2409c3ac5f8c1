//! Keys by which this test verifies no signature: what is said of a server that has one, which is no failure of its TLS.

mod scene;

use heloscope_observation::{AlertDescription, NamedGroup, TlsFailure, TlsVersion};
use heloscope_report::{ErrorCode, SenderOutcome, Severity, Verdict, senders, summary};
use scene::{Asked, Scene, chain, fixture};

const HANDSHAKE_FAILURE: TlsFailure = TlsFailure::Alert(AlertDescription(40));

const UNSPOKEN: &str = "this test reads the server's answer, but finishes no handshake of this kind";

/// 2027-01-01T00:00:00Z
const WHEN_FIXTURES_ARE_VALID: i64 = 1_798_761_600;

/// Ed448 is offered by hand alone: OpenSSL's s_server ends the library's hello with handshake_failure.
#[test]
fn a_key_that_only_some_verify_is_no_failure_of_tls() {
    let sent = fixture(include_str!("../../pki/tests/fixtures/ed448-leaf.pem"));
    let report = Scene::of("ed448-leaf.example")
        .port("25", |play| play.until_hello().tls_fails(HANDSHAKE_FAILURE))
        // TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 over X25519
        .raw_hello("25", |play| {
            play.connects().answers(TlsVersion::TLS_1_2, 0xc02c, Some(29), None, &[&sent])
        })
        .at(WHEN_FIXTURES_ARE_VALID)
        .judged();
    let port = &report.ports[0];
    assert_eq!(port.verdict("starttls-failed"), Verdict::NotTested);
    let finding = port.found("tls-outdated-only");
    assert_eq!(
        (finding.severity, &*finding.title),
        (Severity::Notice, "The server takes only what many TLS libraries do not speak")
    );
    assert!(
        finding.explanation.starts_with(
            "The server chose TLS 1.2 with TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, Ed448: a key \
             by which the TLS library of this test and many others verify no signature. \
             TLS does not come up with everyone. Opportunistic senders that speak it, such as Postfix on OpenSSL, deliver over \
             TLS; others"
        ),
        "{}",
        finding.explanation
    );
    assert!(finding.fix.starts_with("Make a new key, ECDSA P-256"), "{}", finding.fix);
    assert_eq!(
        summary(&report),
        "Mail reaches this server over TLS where Ed448 is taken, else in clear text or not at all; its \
         certificate is self-signed."
    );
    let opportunistic = &senders(&report)[0];
    assert_eq!(
        opportunistic.text,
        "Delivers over TLS if it takes Ed448, as Postfix on OpenSSL does; else in clear text after a failed \
         attempt, or keeps the mail queued."
    );
}

/// A key of this kind is told from one of RSA, which everyone takes: RFC 8446 §4.2.3 has other schemes for it.
#[test]
fn a_key_restricted_to_pss_is_none_of_rsa() {
    let sent = fixture(include_str!("../../pki/tests/fixtures/rsa-pss-key.pem"));
    let report = Scene::of("rsa-pss-key.example")
        .port("25", |play| play.until_hello().tls_fails(HANDSHAKE_FAILURE))
        // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 over P-256
        .raw_hello("25", |play| {
            play.connects().answers(TlsVersion::TLS_1_2, 0xc02f, Some(23), None, &[&sent])
        })
        .at(WHEN_FIXTURES_ARE_VALID)
        .judged();
    let port = &report.ports[0];
    assert_eq!(
        (port.verdict("starttls-failed"), port.why("starttls-failed")),
        (Verdict::NotTested, UNSPOKEN)
    );
    assert_eq!(port.certificate.as_ref().unwrap().facts.key.as_deref(), Some("RSA-PSS 2048"));
    assert_eq!(port.verdict("certificate-weak-key"), Verdict::Passed);
    let finding = port.found("tls-outdated-only");
    assert!(finding.explanation.contains(", RSA-PSS 2048: a key by which"), "{}", finding.explanation);
    assert!(finding.fix.starts_with("Make a new key, ECDSA P-256"), "{}", finding.fix);
    assert_eq!(
        senders(&report)[0].text,
        "Delivers over TLS if it takes RSA-PSS 2048, as Postfix on OpenSSL does; else in clear text after a failed \
         attempt, or keeps the mail queued."
    );
}

/// The library took it so far: what was chosen is known, in TLS 1.3 as well, and the key is not said to be held.
#[test]
fn a_key_that_is_not_verified_is_not_said_to_be_held_nor_to_be_missing() {
    let sent = fixture(include_str!("../../pki/tests/fixtures/explicit.pem"));
    let report = Scene::of("explicit.example")
        .port("465", |play| {
            let group = Some(NamedGroup(29));
            let play = play.until_hello().chooses(TlsVersion::TLS_1_3, 0x1302, group, false, &[&sent]);
            play.tls_fails(TlsFailure::UnverifiedKey)
        })
        .at(WHEN_FIXTURES_ARE_VALID)
        .judged();
    let port = &report.ports[0];
    let error = port.error.as_ref().unwrap();
    assert_eq!(error.code, ErrorCode::TlsFailed);
    assert_eq!(
        error.message,
        "This test verifies no signature by a key such as the certificate's, and finished no handshake: nothing inside TLS was \
         tested. That the server holds the key of its certificate is not known."
    );
    assert_eq!((port.verdict("tls-failed"), port.why("tls-failed")), (Verdict::NotTested, UNSPOKEN));
    let finding = port.found("tls-outdated-only");
    assert!(
        finding.explanation.starts_with(
            "The server chose TLS 1.3 with TLS_AES_256_GCM_SHA384, ECDSA explicit parameters: a key"
        ),
        "{}",
        finding.explanation
    );
    assert!(finding.explanation.contains("Mail clients that speak it, such as those on OpenSSL, send mail"));
    // It breaks RFC 5480 §2.1.1, and another finding says so.
    assert!(!finding.explanation.contains("not broken"), "{}", finding.explanation);
    let headline = "Mail clients reach this server over TLS where ECDSA with explicit parameters is taken, else not at all";
    assert!(summary(&report).starts_with(headline), "{}", summary(&report));
    assert_eq!(port.tls.as_ref().unwrap().version, "TLS 1.3");
    assert!(port.ids().contains(&"certificate-path-invalid"), "{:?}", port.ids());
}

/// A curve that neither OpenSSL nor GnuTLS offers unless told to: s_client and gnutls-cli get handshake_failure of s_server with
/// such a key, and with such a group alone.
#[test]
fn a_curve_that_hardly_anyone_offers_is_a_failure_for_nearly_everyone() {
    let p192 = fixture(include_str!("../../pki/tests/fixtures/p192.pem"));
    let (_, _, sound) = chain();
    // TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 over X25519, and over brainpoolP256r1
    for (sent, group, what, fix) in [
        (&p192, 29, ", ECDSA P-192: a key by which the TLS library of this test and", "Make a new key, "),
        (&sound.der, 26, ": a group that rustls, Go and browsers do not speak.", "Allow the groups X25519"),
    ] {
        let judged = |spec| {
            Scene::one(spec, |play| play.until_hello().tls_fails(HANDSHAKE_FAILURE))
                .raw_hello(spec, |play| {
                    play.connects().answers(TlsVersion::TLS_1_2, 0xc02c, Some(group), None, &[sent])
                })
                .at(WHEN_FIXTURES_ARE_VALID)
                .judged()
        };
        let report = judged("25");
        let found = report.ports[0].found("tls-outdated-only");
        assert_eq!(
            (found.severity, &*found.title),
            (Severity::Error, "The server takes only what hardly any TLS library speaks")
        );
        let words = &found.explanation;
        assert!(words.contains(what), "{words}");
        assert!(
            words.contains(
                ". OpenSSL and GnuTLS do not offer it unless told to, and TLS comes up with hardly anyone. Opportunistic \
                 senders deliver in clear text after a failed attempt"
            ),
            "{words}"
        );
        assert!(found.fix.starts_with(fix), "{}", found.fix);
        let outcomes: Vec<_> = senders(&report).iter().map(|row| row.outcome).collect();
        assert_eq!(outcomes, [SenderOutcome::Depends, SenderOutcome::Refuses, SenderOutcome::Depends]);
        let text = &senders(&report)[0].text;
        assert!(text.contains(", as hardly any does; else in clear text after a failed attempt"), "{text}");
        assert_eq!(senders(&judged("587"))[0].outcome, SenderOutcome::Refuses);
    }
}
