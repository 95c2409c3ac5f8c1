//! What mends a fault fits the reply or the handshake that showed it.

mod scene;

use heloscope_observation::{AlertDescription, Event, Stage, TlsFailure, TlsVersion};
use heloscope_report::{Port, SenderOutcome, Verdict, senders, summary};
use scene::{Asked, EHLO, GREETING, Play, Scene};

fn port(spec: &str, play: impl FnOnce(Play<'_>) -> Play<'_>) -> Port {
    Scene::one(spec, play).judged().ports.remove(0)
}

#[test]
fn a_refused_ehlo() {
    for (reply, expected) in [
        ("450 4.3.2 Service currently unavailable", "postscreen lets a client through that comes back"),
        ("451 4.7.1 try later", "Test again later"),
        ("500 5.5.1 unrecognized", "Let the server answer EHLO; RFC 5321 §2.2.1"),
        ("502 5.5.1 not implemented", "Let the server answer EHLO; RFC 5321 §2.2.1"),
        ("503 5.5.1 bad sequence", "EHLO is in its turn"),
        ("530 5.7.0 Must issue a STARTTLS command first", "Let the server answer EHLO before TLS too"),
        ("501 5.5.4 invalid name", "the name given with EHLO"),
        ("550 5.7.1 HELO rejected", "the name given with EHLO"),
        ("554 5.7.1 no", "the name given with EHLO"),
        ("550 5.7.25 no PTR", "a PTR record"),
        ("521 5.7.1 blocked", "the test that this address did not pass"),
        ("599 5.9.99 whatever", "the reason of the refusal"),
    ] {
        let refused = port("25", |play| {
            let play = play.connects().greets(GREETING).ehlo(reply);
            if reply.starts_with('5') { play.helo(reply).quits() } else { play.quits() }
        });
        let fix = &refused.found("ehlo-rejected").fix;
        assert!(fix.contains(expected), "{reply}: {fix}");
        assert_eq!(fix.contains("name given with EHLO"), expected == "the name given with EHLO", "{reply}");
    }
}

#[test]
fn a_refused_ehlo_inside_tls_is_a_proxys() {
    let reply = "530 5.7.0 Must issue a STARTTLS command first";
    let refused = port("25", |play| play.until_hello().tls(&[]).ehlo(reply).helo(reply).quits());
    assert!(refused.found("ehlo-rejected").fix.starts_with("If a proxy before the server ends TLS"));
}

/// It knows well enough that TLS is up.
#[test]
fn a_log_in_demanded_of_ehlo_is_no_proxys() {
    for inside in [true, false] {
        let refused = port("25", |play| {
            let play = if inside { play.until_hello().tls(&[]) } else { play.connects().greets(GREETING) };
            let reply = "530 5.7.0 Authentication required";
            play.ehlo(reply).helo(reply).quits()
        });
        let found = refused.found("ehlo-rejected");
        assert!(found.explanation.contains("demands a log-in first"), "{}", found.explanation);
        assert!(
            found.fix.starts_with("Let the server answer EHLO before it demands a log-in"),
            "{}",
            found.fix
        );
    }
}

#[test]
fn a_refusing_greeting() {
    for (reply, expected, for_this_address) in [
        ("521 mx1.example.com does not accept mail", "null MX", false),
        ("521 5.7.0 go away", "the test that this address did not pass", true),
        ("521 5.5.1 Protocol error", "the test that this address did not pass", true),
        ("554 5.7.1 blocked", "the rule that refused it", true),
        ("550 5.7.1 Client host rejected: cannot find your hostname, [203.0.113.9]", "a PTR record", true),
        ("450 4.7.1 Client host rejected: cannot find your reverse hostname", "a PTR record", false),
        ("502 5.5.1 off", "switched off on this port", true),
        ("530 5.7.0 Must issue a STARTTLS command first", "Let the server greet with 220", true),
    ] {
        let refused = port("25", |play| play.connects().greets(reply).quits());
        let found = refused.found("greeting-rejected");
        assert!(found.fix.contains(expected), "{reply}: {}", found.fix);
        let said = found.explanation.contains("may be meant for the address that tests");
        assert_eq!(said, for_this_address, "{reply}: {}", found.explanation);
    }
}

#[test]
fn a_refused_starttls() {
    for (reply, expected) in [
        ("454 4.7.0 TLS not available", "a certificate or key"),
        ("501 5.5.4 syntax", "RFC 3207 §4 demands"),
        ("502 5.5.1 not implemented", "Switch STARTTLS on"),
        ("500 5.5.1 unrecognized", "Switch STARTTLS on"),
        ("530 5.7.0 first", "let the server take it before anything else; if not, a proxy"),
        ("554 5.7.1 denied", "the rule that refused STARTTLS"),
    ] {
        let refused = port("25", |play| play.connects().greets(GREETING).ehlo(EHLO).starttls(reply).quits());
        let fix = &refused.found("starttls-failed").fix;
        assert!(fix.contains(expected), "{reply}: {fix}");
        assert_eq!(fix.contains("certificate or key"), reply.starts_with("454"), "{reply}: {fix}");
    }
}

#[test]
fn a_demanded_client_certificate_is_said_once_and_its_fix_is_to_demand_none() {
    for (spec, id, alert) in
        [("25", "starttls-failed", 116), ("465", "tls-failed", 116), ("465", "tls-failed", 40)]
    {
        let refused = port(spec, |play| {
            let asked = play.until_hello().see(Stage::Tls, Event::ClientCertificateRequested);
            asked.tls_fails(TlsFailure::Alert(AlertDescription(alert)))
        });
        let found = refused.found(id);
        assert_eq!(found.explanation.matches("client certificate").count(), 1, "{}", found.explanation);
        assert!(found.fix.starts_with("Stop requiring a client certificate"), "{}", found.fix);
        assert!(!found.fix.contains("wrappermode"), "{}", found.fix);
    }
}

/// `TLS_DH_anon_WITH_AES_256_GCM_SHA384`, without a certificate, and `TLS_RSA_WITH_NULL_SHA256`.
#[test]
fn nobody_judges_the_certificate_of_an_anonymous_suite() {
    let chooses = |spec: &str, suite| {
        let scene =
            Scene::one(spec, |play| play.until_hello().tls_fails(TlsFailure::Alert(AlertDescription(40))));
        let own = scene::Entity::self_signed(scene::server(), 3);
        scene
            .raw_hello(spec, |play| {
                let play = play.connects().begins_handshake().after_ms(7);
                if suite == 0x00a7 {
                    return play.answers_without_chain(TlsVersion::TLS_1_2, suite);
                }
                play.answers(TlsVersion::TLS_1_2, suite, None, None, &[&own.der])
            })
            .judged()
    };
    let report = chooses("25", 0x00a7);
    let found = report.ports[0].found("tls-cipher-weak");
    assert!(found.explanation.contains("has a certificate for them is not known"), "{}", found.explanation);
    assert!(!found.explanation.contains("judge the certificate"), "{}", found.explanation);
    let expired = (Verdict::NotTested, "the cipher suite is anonymous, and shows no certificate");
    assert_eq!(
        (report.ports[0].verdict("certificate-expired"), report.ports[0].why("certificate-expired")),
        expired
    );
    let rows = senders(&report);
    // It may have one of a kind that was not offered, or prefer such a suite to it.
    assert_eq!((rows[1].outcome, rows[2].outcome), (SenderOutcome::Depends, SenderOutcome::Depends));
    assert_eq!(
        rows[1].text,
        "Delivers if the server has a certificate for hellos without anonymous cipher suites, and if the certificate holds: \
         this test did not see it; else not at all."
    );
    assert!(rows[2].text.contains("this test did not see the certificate"), "{}", rows[2].text);

    let null = chooses("25", 0x003b);
    let found = null.ports[0].found("tls-cipher-weak");
    assert!(found.explanation.contains("everyone on the path reads the mail"), "{}", found.explanation);
    assert!(!found.explanation.contains("judge the certificate"), "{}", found.explanation);
}

/// The sentence at the top and the table below it, on a port of no standard.
#[test]
fn the_summary_leaves_the_senders_what_the_table_leaves_them() {
    let own = scene::Entity::self_signed(scene::server(), 3);
    let answered = |spec: &str| {
        Scene::one(spec, |play| play.until_hello().tls_fails(TlsFailure::Alert(AlertDescription(70))))
            .raw_hello(spec, |play| {
                play.connects().answers(TlsVersion::TLS_1_0, 0xc013, Some(23), None, &[&own.der])
            })
            .judged()
    };
    for (spec, in_clear) in [("25", true), ("2525/starttls", true), ("587", false), ("4650/implicit", false)]
    {
        let report = answered(spec);
        let rows = senders(&report);
        assert_eq!(rows.iter().any(|row| row.text.contains("else in clear text")), in_clear, "{spec}");
        assert_eq!(summary(&report).contains("else in clear text"), in_clear, "{spec}: {}", summary(&report));
    }
}

/// What OpenSSL no longer has, Postfix does not speak either; RFC 7568 is SSL 3.0's.
#[test]
fn what_openssl_left_behind_is_not_postfixs() {
    let own = scene::Entity::self_signed(scene::server(), 3);
    let answered = |version, suite, bits| {
        Scene::one("25", |play| play.until_hello().tls_fails(TlsFailure::Alert(AlertDescription(70))))
            .raw_hello("25", |play| play.connects().answers(version, suite, None, bits, &[&own.der]))
            .judged()
    };
    let row = |report: &heloscope_report::Report| senders(report).remove(0).text;
    // TLS_RSA_WITH_AES_128_CBC_SHA, TLS_RSA_WITH_RC4_128_SHA
    assert!(row(&answered(TlsVersion::TLS_1_0, 0x002f, None)).contains("as Postfix on OpenSSL does"));
    let rc4 = row(&answered(TlsVersion::TLS_1_0, 0x0005, None));
    assert!(rc4.contains("as OpenSSL does only where it was built to"), "{rc4}");
    let ssl = answered(TlsVersion::SSL_3_0, 0x002f, None);
    assert!(row(&ssl).contains("as OpenSSL does only where it was built to"));
    let found = ssl.ports[0].found("tls-version-weak");
    assert!(found.explanation.contains("RFC 7568") && !found.explanation.contains("RFC 8996"));
    // TLS_RSA_EXPORT_WITH_RC4_40_MD5
    let export = answered(TlsVersion::TLS_1_0, 0x0003, Some(512));
    let found = export.ports[0].found("tls-cipher-weak");
    assert!(found.explanation.contains("a temporary RSA key of 512 bits"), "{}", found.explanation);
    assert!(!found.explanation.contains("Diffie-Hellman"), "{}", found.explanation);
}
