//! A key that its certificate does not let be used so: by its purposes, and by its key usage.

mod scene;

use heloscope_observation::{AlertDescription, NamedGroup, TlsFailure, TlsVersion};
use heloscope_report::{ChainError, Report, SenderOutcome, Severity, Status, Verdict, senders};
use rcgen::KeyUsagePurpose;
use scene::certified::{issued, root};
use scene::{Asked, DAY, EHLO_AUTH, EHLO_TLS, GREETING, NOW, Scene, server, valid};

const X25519: Option<NamedGroup> = Some(NamedGroup(29));

#[test]
fn a_key_that_may_not_be_used_so() {
    let mut no_handshake = server();
    no_handshake.key_usages = vec![KeyUsagePurpose::CrlSign];
    let wrong = issued(no_handshake);
    assert_eq!(wrong.ids(), ["certificate-path-invalid"]);
    assert!(
        wrong.found("certificate-path-invalid").explanation.contains("may not be used for a TLS handshake")
    );
    assert_eq!(wrong.certificate.unwrap().chain_error, Some(ChainError::WrongKeyUsage));
}

/// As gnutls-cli and openssl s_client do, to a leaf with keyEncipherment alone and to one with nonRepudiation alone.
#[test]
fn a_key_usage_by_which_some_libraries_end_tls() {
    let root = root();
    let with = |spec: &str, usages: &[KeyUsagePurpose], until: i64| {
        let mut asked = valid(server(), NOW - 90 * DAY, until);
        asked.key_usages = usages.to_vec();
        let leaf = root.issue(asked, 3);
        Scene::one(spec, |play| play.goes_well(&[&leaf.der])).judged_trusting(&root)
    };
    let outcomes = |report: &Report| senders(report).iter().map(|row| row.outcome).collect::<Vec<_>>();
    let sound =
        with("25", &[KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment], NOW + 60 * DAY);
    assert_eq!(sound.ports[0].ids(), [""; 0]);
    for usage in [KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::KeyAgreement] {
        let report = with("25", &[usage], NOW + 60 * DAY);
        let port = &report.ports[0];
        assert_eq!((port.ids(), report.status), (vec!["certificate-key-usage"], Status::Warning));
        // RFC 5280 and OpenSSL let it pass.
        assert_eq!(port.certificate.as_ref().unwrap().chain_valid, Some(true));
        assert_eq!(outcomes(&report), [SenderOutcome::Depends; 3]);
        assert_eq!(
            senders(&report)[0].text,
            "Delivers over TLS if its TLS library passes over the key usage, as Postfix on OpenSSL does; else in clear text after \
             a failed attempt, or keeps the mail queued."
        );
    }
    let report = with("25", &[KeyUsagePurpose::KeyEncipherment], NOW + 60 * DAY);
    let found = report.ports[0].found("certificate-key-usage");
    assert_eq!(
        found.explanation,
        "It lacks digitalSignature, which this handshake needs. Senders whose TLS library goes by the key usage, \
         such as GnuTLS (Exim in Debian), get no TLS: opportunistic senders deliver in clear text or keep the mail queued, DANE \
         senders do not deliver where TLSA records are published. On OpenSSL (Postfix) TLS comes up. Senders that enforce MTA-STS \
         deliver over TLS or not at all."
    );
    assert_eq!(found.fix, "Have a certificate issued whose key usage has digitalSignature, or none.");
    let submission = with("465", &[KeyUsagePurpose::KeyEncipherment], NOW + 60 * DAY);
    assert_eq!(outcomes(&submission), [SenderOutcome::Depends]);
    let expired = with("25", &[KeyUsagePurpose::KeyEncipherment], NOW - DAY);
    assert_eq!(expired.ports[0].ids(), ["certificate-expired", "certificate-key-usage"]);
    let barred = [SenderOutcome::Depends, SenderOutcome::Refuses, SenderOutcome::Depends];
    assert_eq!(outcomes(&expired), barred);

    // No use in TLS at all: OpenSSL verifies none of these either, and GnuTLS ends TLS at them as well.
    for until in [NOW + 60 * DAY, NOW - DAY] {
        let report = with("25", &[KeyUsagePurpose::ContentCommitment], until);
        let port = &report.ports[0];
        let found = port.found("certificate-path-invalid");
        assert!(
            found.explanation.starts_with(
                "The certificate's key may not be used for a TLS handshake (key usage). Senders whose TLS library goes by the key \
                 usage, such as GnuTLS (Exim in Debian), get no TLS: "
            ) && found.explanation.contains("TLS comes up. Senders that enforce MTA-STS do not deliver"),
            "{}",
            found.explanation
        );
        assert_eq!(
            (port.verdict("certificate-key-usage"), port.why("certificate-key-usage")),
            (Verdict::NotApplicable, "the path breaks a rule by it, which says more")
        );
        assert_eq!(outcomes(&report), barred);
    }
}

/// As openssl s_client and gnutls-cli both do below TLS 1.3, to an ECDSA suite: "ecc cert not for signing".
#[test]
fn a_key_usage_by_which_nobody_gets_tls_over_an_ecdsa_suite() {
    let root = root();
    // TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384; by hand TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256
    let leaf = |usage| {
        let mut asked = server();
        asked.key_usages = vec![usage];
        root.issue(asked, 3).der
    };
    let with = |spec: &str, usage| {
        let leaf = leaf(usage);
        Scene::one(spec, |play| {
            let play = play.until_hello().chooses(TlsVersion::TLS_1_2, 0xc02c, X25519, true, &[&leaf]);
            match spec {
                "465" => play.greets(GREETING).ehlo(EHLO_AUTH).quits(),
                _ => play.ehlo(EHLO_TLS).quits(),
            }
        })
        .judged_trusting(&root)
    };
    let by_hand = |usage| {
        let leaf = leaf(usage);
        let alert = TlsFailure::Alert(AlertDescription(40));
        let scene = Scene::one("25", |play| play.until_hello().tls_fails(alert)).raw_hello("25", |play| {
            play.connects().answers(TlsVersion::TLS_1_2, 0xc023, Some(29), None, &[&leaf])
        });
        scene.judged_trusting(&root)
    };
    assert_eq!(with("25", KeyUsagePurpose::DigitalSignature).ports[0].ids(), [""; 0]);
    let told = "With an ECDSA cipher suite of TLS 1.2 or older OpenSSL and GnuTLS both end TLS at that, and it comes up with \
                hardly anyone. ";
    let opportunistic = "Opportunistic senders deliver in clear text after a failed attempt, or keep the mail queued. Senders that \
                         enforce MTA-STS do not deliver (RFC 8461 §5), nor do DANE senders where TLSA records are published";
    for (usage, id) in [
        (KeyUsagePurpose::KeyAgreement, "certificate-key-usage"),
        (KeyUsagePurpose::KeyCertSign, "certificate-path-invalid"),
    ] {
        for report in [with("25", usage), by_hand(usage)] {
            let port = &report.ports[0];
            let found = port.found(id);
            assert_eq!((found.severity, report.status), (Severity::Error, Status::Error));
            assert!(found.explanation.contains(&format!("{told}{opportunistic}")), "{}", found.explanation);
            let rows = senders(&report);
            assert_eq!(
                rows.iter().map(|row| row.outcome).collect::<Vec<_>>(),
                [SenderOutcome::Depends, SenderOutcome::Refuses, SenderOutcome::Depends]
            );
            assert_eq!(
                rows[0].text,
                "TLS is offered but fails: delivers in clear text after a failed attempt, or keeps the mail queued."
            );
            assert_eq!(rows[1].text, "Does not deliver: TLS is offered but fails.");
            assert!(
                rows[2].text.starts_with("Does not deliver where TLSA records are published"),
                "{}",
                rows[2].text
            );
        }
        let submission = with("465", usage);
        let found = submission.ports[0].found(id);
        assert!(
            found.explanation.ends_with(&format!("{told}Mail clients cannot send mail.")),
            "{}",
            found.explanation
        );
        let row = &senders(&submission)[0];
        assert_eq!(
            (row.outcome, row.text.as_str()),
            (SenderOutcome::Refuses, "Cannot send: TLS does not come up.")
        );
    }
}

/// The same for a server that takes RSA key transport alone, or DHE: GnuTLS wants keyEncipherment of the former.
#[test]
fn a_key_usage_is_judged_by_the_key_exchange() {
    let root = root();
    let answered = |suite, usage| {
        let mut asked = server();
        asked.key_usages = vec![usage];
        let leaf = root.issue(asked, 3);
        let alert = TlsFailure::Alert(AlertDescription(40));
        let scene = Scene::one("25", |play| play.until_hello().tls_fails(alert)).raw_hello("25", |play| {
            let bits = (suite == 0x009e).then_some(2048);
            play.connects().answers(TlsVersion::TLS_1_2, suite, None, bits, &[&leaf.der])
        });
        scene.judged_trusting(&root)
    };
    // TLS_RSA_WITH_AES_128_GCM_SHA256, TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
    for (suite, usage, lacks) in [
        (0x009c, KeyUsagePurpose::KeyEncipherment, None),
        (0x009c, KeyUsagePurpose::DigitalSignature, Some("keyEncipherment")),
        (0x009e, KeyUsagePurpose::DigitalSignature, None),
        (0x009e, KeyUsagePurpose::KeyEncipherment, Some("digitalSignature")),
    ] {
        let report = answered(suite, usage);
        let port = &report.ports[0];
        let text = &senders(&report)[0].text;
        assert_eq!(
            text.contains(" and if its TLS library passes over the key usage"),
            lacks.is_some(),
            "{text}"
        );
        let Some(lacks) = lacks else {
            assert_eq!(port.verdict("certificate-key-usage"), Verdict::Passed);
            continue;
        };
        let words = &port.found("certificate-key-usage").explanation;
        assert!(words.contains(&format!("It lacks {lacks}, which")), "{words}");
    }
}
