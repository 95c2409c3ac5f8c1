//! Each check on certificates: what fires it and what does not.

mod scene;

use heloscope_observation::{AlertDescription, NamedGroup, TlsFailure, TlsVersion};
use heloscope_report::{
    ChainError, MAX_SANS_SHOWN, Port, Report, SenderOutcome, Severity, Status, Trust, Verdict, senders,
    summary,
};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose, SerialNumber};
use scene::{
    Asked, DAY, EHLO_AUTH, EHLO_TLS, Entity, GREETING, NOW, Scene, ca, chain, fixture, named, server, valid,
};

const X25519: Option<NamedGroup> = Some(NamedGroup(29));

/// Port 25 of mx1.example.com with this chain, the first of `private` trusted.
fn port(sent: &[&[u8]], private: Option<&Entity>) -> Port {
    let scene = Scene::one("25", |play| play.goes_well(sent));
    let report = private.map_or_else(|| scene.judged(), |anchor| scene.judged_trusting(anchor));
    report.ports.into_iter().next().expect("the one port asked for")
}

fn root() -> Entity {
    Entity::self_signed(ca("Example Root"), 1)
}

/// A leaf that a trusted root has issued.
fn issued(params: CertificateParams) -> Port {
    let root = root();
    let leaf = root.issue(params, 3);
    port(&[&leaf.der], Some(&root))
}

fn lives(from: i64, until: i64) -> Port {
    issued(valid(server(), from, until))
}

#[test]
fn a_sound_certificate_has_its_facts_and_no_finding() {
    let port = issued(server());
    assert_eq!(port.ids(), [""; 0]);
    let certificate = port.certificate.unwrap();
    assert_eq!((certificate.chain_valid, certificate.chain_error), (Some(true), None));
    assert_eq!((certificate.trust, certificate.hostname_match), (Some(Trust::Private), Some(true)));
    assert_eq!(certificate.facts.days_remaining, Some(60));
    assert_eq!(certificate.facts.key.as_deref(), Some("Ed25519"));
}

#[test]
fn expired() {
    let yesterday = lives(NOW - 90 * DAY, NOW - DAY);
    assert_eq!(yesterday.ids(), ["certificate-expired"]);
    let found = yesterday.found("certificate-expired");
    assert_eq!(found.title, "Certificate expired 1 day ago");
    assert!(found.explanation.contains("2026-11-22"), "{}", found.explanation);
    let certificate = yesterday.certificate.clone().unwrap();
    assert_eq!(certificate.facts.days_remaining, Some(-1));
    // Expired is not untrusted.
    assert_eq!(
        (certificate.chain_error, certificate.trust),
        (Some(ChainError::Expired), Some(Trust::Private))
    );
    assert_eq!(yesterday.verdict("certificate-untrusted"), Verdict::Passed);
    assert_eq!(yesterday.verdict("certificate-expiring-soon"), Verdict::NotApplicable);

    let just_now = lives(NOW - 90 * DAY, NOW - 1);
    assert_eq!(just_now.found("certificate-expired").title, "Certificate expired less than a day ago");
    let and_a_half = lives(NOW - 90 * DAY, NOW - 9 * DAY - DAY / 2);
    assert_eq!(and_a_half.found("certificate-expired").title, "Certificate expired 9 days ago");
    assert_eq!(and_a_half.certificate.unwrap().facts.days_remaining, Some(-10));

    assert_eq!(lives(NOW - 90 * DAY, NOW).verdict("certificate-expired"), Verdict::Passed);
}

#[test]
fn an_expired_intermediate_is_named() {
    let root = root();
    let intermediate = root.issue(valid(ca("Example Intermediate"), NOW - 90 * DAY, NOW - 3 * DAY), 2);
    let leaf = intermediate.issue(server(), 3);
    let port = port(&[&leaf.der, &intermediate.der], Some(&root));
    assert_eq!(port.ids(), ["certificate-expired"]);
    assert_eq!(port.found("certificate-expired").title, "Certificate 2 of the chain expired 3 days ago");
}

/// None hides another: the dates of each on the path are told, and what mends each.
#[test]
fn an_expired_certificate_does_not_hide_its_intermediate() {
    let root = root();
    let ends = |leaf: i64, intermediate: i64, asked_for| {
        let asked = valid(ca("Example Intermediate"), NOW - 400 * DAY, NOW + intermediate * DAY);
        let issuer = root.issue(asked, 2);
        let leaf = issuer.issue(valid(asked_for, NOW - 90 * DAY, NOW + leaf * DAY), 3);
        (port(&[&leaf.der, &issuer.der], Some(&root)), port(&[&leaf.der, &issuer.der], None))
    };
    let (both, untrusted) = ends(-2, -5, server());
    assert_eq!(both.ids(), ["certificate-expired"]);
    assert_eq!(untrusted.ids(), ["certificate-expired", "certificate-untrusted"]);
    for port in [both, untrusted] {
        let found = port.found("certificate-expired");
        assert_eq!(
            found.title,
            "Certificate expired 2 days ago; certificate 2 of the chain expired 5 days ago"
        );
        assert!(
            found.explanation.starts_with(
                "The certificate was valid until 2026-11-21. Certificate 2 of the chain was valid until 2026-11-18. Opportunistic"
            ),
            "{}",
            found.explanation
        );
        assert!(
            found.fix.starts_with("Renew the certificate and ")
                && found
                    .fix
                    .ends_with(" Fetch the authority's current certificate and send that one instead."),
            "{}",
            found.fix
        );
    }

    let (soon, _) = ends(12, 3, server());
    let found = soon.found("certificate-expiring-soon");
    assert_eq!(found.title, "Certificate expires in 12 days; certificate 2 of the chain expires in 3 days");
    assert!(
        found.explanation.starts_with(
            "The certificate is valid until 2026-12-05. Certificate 2 of the chain is valid until 2026-11-26. Until then"
        ),
        "{}",
        found.explanation
    );
    assert!(
        found.fix.starts_with("Renew the certificate now") && found.fix.contains(" Fetch the"),
        "{}",
        found.fix
    );
    let (expired, _) = ends(-2, 3, server());
    assert_eq!(expired.ids(), ["certificate-expired", "certificate-expiring-soon"]);
    assert_eq!(
        expired.found("certificate-expiring-soon").title,
        "Certificate 2 of the chain expires in 3 days"
    );
    let (another, _) = ends(60, -5, named("localhost"));
    assert_eq!(
        another.ids(),
        ["certificate-expired", "certificate-hostname-mismatch", "certificate-common-name-only"]
    );
}

#[test]
fn a_certificate_not_valid_yet_hides_no_date_of_its_intermediate() {
    let root = root();
    let lives = |from: i64, until: i64| {
        let issuer = root.issue(valid(ca("Example Intermediate"), NOW + from * DAY, NOW + until * DAY), 2);
        let leaf = issuer.issue(valid(server(), NOW + DAY, NOW + 90 * DAY), 3);
        port(&[&leaf.der, &issuer.der], Some(&root))
    };
    let expired = lives(-90, -5);
    assert_eq!(expired.ids(), ["certificate-expired", "certificate-not-yet-valid"]);
    assert_eq!(expired.found("certificate-expired").title, "Certificate 2 of the chain expired 5 days ago");
    assert_eq!(expired.found("certificate-not-yet-valid").title, "Certificate is not valid yet");

    let ahead = lives(2, 90);
    let found = ahead.found("certificate-not-yet-valid");
    assert_eq!(found.title, "Certificate is not valid yet; certificate 2 of the chain is not valid yet");
    assert!(
        found.explanation.starts_with(
            "The certificate is valid from 2026-11-24. Certificate 2 of the chain is valid from 2026-11-25. Opportunistic"
        ),
        "{}",
        found.explanation
    );
}

/// What mends the leaf does not mend its issuer.
#[test]
fn an_intermediate_not_valid_yet_has_a_fix_of_its_own() {
    let root = root();
    let lives = |leaf: i64| {
        let issuer = root.issue(valid(ca("Example Intermediate"), NOW + 2 * DAY, NOW + 90 * DAY), 2);
        let leaf = issuer.issue(valid(server(), NOW + leaf * DAY, NOW + 90 * DAY), 3);
        port(&[&leaf.der, &issuer.der], Some(&root)).found("certificate-not-yet-valid").fix.clone()
    };
    let current = "Fetch the authority's current certificate and send that one instead.";
    assert_eq!(lives(-1), current);
    let both = lives(1);
    assert!(
        both.starts_with("Use the former certificate until then, ")
            && both.ends_with(&format!(" is right. {current}")),
        "{both}"
    );
}

/// Whoever adds it to the trust anchors goes by its dates.
#[test]
fn the_dates_of_a_root_that_was_sent_and_is_not_trusted() {
    for (from, until, id, title, error) in [
        (
            NOW - 90 * DAY,
            NOW - 3 * DAY,
            "certificate-expired",
            "Certificate 2 of the chain expired 3 days ago",
            ChainError::Expired,
        ),
        (
            NOW + 3 * DAY,
            NOW + 90 * DAY,
            "certificate-not-yet-valid",
            "Certificate 2 of the chain is not valid yet",
            ChainError::NotYetValid,
        ),
    ] {
        let root = Entity::self_signed(valid(ca("Example Root"), from, until), 1);
        let leaf = root.issue(server(), 3);
        let sent = port(&[&leaf.der, &root.der], None);
        assert_eq!(sent.ids(), [id, "certificate-untrusted"]);
        assert_eq!(sent.found(id).title, title);
        assert_eq!(
            sent.found(id).fix,
            "Fetch the authority's current certificate and send that one instead."
        );
        assert_eq!(sent.certificate.unwrap().chain_error, Some(error));
    }
}

#[test]
fn not_yet_valid() {
    let tomorrow = lives(NOW + DAY, NOW + 90 * DAY);
    assert_eq!(tomorrow.ids(), ["certificate-not-yet-valid"]);
    assert!(tomorrow.found("certificate-not-yet-valid").explanation.contains("2026-11-24"));

    assert_eq!(lives(NOW, NOW + 90 * DAY).verdict("certificate-not-yet-valid"), Verdict::Passed);
}

/// A path holds as long as its shortest part.
#[test]
fn an_intermediate_that_expires_before_the_certificate() {
    let root = Entity::self_signed(ca("Example Root"), 1);
    let with = |days: i64| {
        let asked = valid(ca("Example Intermediate"), NOW - 400 * DAY, NOW + days * DAY);
        let intermediate = root.issue(asked, 2);
        let leaf = intermediate.issue(server(), 3);
        let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
        let scene = Scene::one("25", |play| play.goes_well(sent));
        (scene.judged_trusting(&root), scene.judged())
    };
    let (soon, untrusted) = with(3);
    let found = soon.ports[0].found("certificate-expiring-soon");
    assert_eq!(found.title, "Certificate 2 of the chain expires in 3 days");
    assert!(found.explanation.contains("For DANE senders the TLSA record decides"), "{}", found.explanation);
    assert!(found.fix.starts_with("Fetch the authority's current certificate"), "{}", found.fix);
    assert_eq!(
        summary(&soon),
        "Mail reaches this server over TLS 1.3; certificate 2 of the chain expires in 3 days."
    );
    // Nobody trusts it as it is.
    assert_eq!(untrusted.ports[0].verdict("certificate-expiring-soon"), Verdict::Passed);
    assert_eq!(untrusted.ports[0].certificate.as_ref().unwrap().path_days_remaining, None);

    let (later, _) = with(40);
    assert_eq!(later.ports[0].verdict("certificate-expiring-soon"), Verdict::Passed);
    assert_eq!(later.ports[0].certificate.as_ref().unwrap().path_days_remaining, Some(40));
    assert_eq!(
        summary(&later),
        "Mail reaches this server over TLS 1.3; its certificate's path holds for 40 more days."
    );
    let (healthy, _) = with(400);
    assert_eq!(healthy.ports[0].certificate.as_ref().unwrap().path_days_remaining, None);
}

#[test]
fn expiring_soon() {
    let soon = lives(NOW - 78 * DAY, NOW + 12 * DAY);
    assert_eq!(soon.found("certificate-expiring-soon").title, "Certificate expires in 12 days");
    assert_eq!(soon.found("certificate-expiring-soon").severity, Severity::Warning);
    assert_eq!(
        lives(NOW - 60 * DAY, NOW + 31 * DAY - 1).verdict("certificate-expiring-soon"),
        Verdict::Found
    );
    assert_eq!(lives(NOW - 59 * DAY, NOW + 31 * DAY).verdict("certificate-expiring-soon"), Verdict::Passed);
    let today = lives(NOW - 90 * DAY, NOW + 60);
    assert_eq!(today.found("certificate-expiring-soon").title, "Certificate expires in less than a day");
}

#[test]
fn a_short_lived_certificate_expires_soon_in_its_last_third() {
    // Of six days, two and a half are left, and then two.
    assert_eq!(
        lives(NOW - 3 * DAY - DAY / 2, NOW + 2 * DAY + DAY / 2).verdict("certificate-expiring-soon"),
        Verdict::Passed
    );
    assert_eq!(lives(NOW - 4 * DAY, NOW + 2 * DAY).verdict("certificate-expiring-soon"), Verdict::Found);
}

#[test]
fn hostname_mismatch() {
    let mut params = named("mail.example.com");
    params.subject_alt_names =
        CertificateParams::new(["mail.example.com".to_owned(), "*.mx1.example.com".to_owned()])
            .unwrap()
            .subject_alt_names;
    let other = issued(params);
    assert_eq!(other.ids(), ["certificate-hostname-mismatch"]);
    let found = other.found("certificate-hostname-mismatch");
    assert_eq!(found.title, "The certificate is not for mx1.example.com");
    assert!(
        found.explanation.contains("It is for mail.example.com, *.mx1.example.com"),
        "{}",
        found.explanation
    );
    let certificate = other.certificate.unwrap();
    assert_eq!((certificate.chain_valid, certificate.hostname_match), (Some(true), Some(false)));

    let mut wildcard = named("x");
    wildcard.subject_alt_names =
        CertificateParams::new(["*.example.com".to_owned()]).unwrap().subject_alt_names;
    assert_eq!(issued(wildcard).verdict("certificate-hostname-mismatch"), Verdict::Passed);
}

#[test]
fn common_name_only() {
    let bare = issued(named("mx1.example.com"));
    assert_eq!(bare.ids(), ["certificate-common-name-only"]);
    assert_eq!(bare.verdict("certificate-hostname-mismatch"), Verdict::NotApplicable);
    assert_eq!(bare.certificate.unwrap().hostname_match, Some(false));

    let other = issued(named("localhost"));
    assert_eq!(other.ids(), ["certificate-hostname-mismatch", "certificate-common-name-only"]);

    assert_eq!(issued(server()).verdict("certificate-common-name-only"), Verdict::Passed);
}

#[test]
fn self_signed() {
    let alone = Entity::self_signed(server(), 3);
    let port_of = |private| port(&[&alone.der], private);
    let untrusted = port_of(None);
    assert_eq!(untrusted.ids(), ["certificate-self-signed"]);
    assert_eq!(untrusted.verdict("certificate-untrusted"), Verdict::NotApplicable);
    let certificate = untrusted.certificate.unwrap();
    assert_eq!(
        (certificate.self_signed, certificate.chain_error),
        (Some(true), Some(ChainError::SelfSigned))
    );

    // A trust anchor may be self-signed.
    let anchor = port_of(Some(&alone));
    assert_eq!(anchor.ids(), [""; 0]);
    assert_eq!(anchor.verdict("certificate-self-signed"), Verdict::Passed);
    assert_eq!(anchor.certificate.unwrap().self_signed, Some(true));
}

#[test]
fn chain_incomplete() {
    let (root, intermediate, leaf) = chain();
    let alone = port(&[&leaf.der], Some(&root));
    assert_eq!(alone.ids(), ["certificate-chain-incomplete"]);
    let found = alone.found("certificate-chain-incomplete");
    // Nothing tells an intermediate from a root that was not sent, need not be, and is not trusted.
    assert_eq!(found.title, "The certificate's issuer was not sent");
    assert!(found.explanation.contains("CN=Example Intermediate"));
    assert!(found.explanation.contains("an intermediate, which is missing, or a root that is not trusted"));
    assert!(found.explanation.contains("most mail servers and clients do not"));
    assert!(found.fix.contains("If it is a root: have a certificate issued"), "{}", found.fix);
    assert_eq!(alone.certificate.clone().unwrap().chain_error, Some(ChainError::MissingIntermediate));
    assert_eq!(alone.why("certificate-untrusted"), "the path does not reach a root");

    let whole = port(&[&leaf.der, &intermediate.der], Some(&root));
    assert_eq!(whole.verdict("certificate-chain-incomplete"), Verdict::Passed);
}

#[test]
fn untrusted() {
    let (root, intermediate, leaf) = chain();
    let untrusted = port(&[&leaf.der, &intermediate.der, &root.der], None);
    assert_eq!(untrusted.ids(), ["certificate-untrusted"]);
    assert!(
        untrusted
            .found("certificate-untrusted")
            .explanation
            .contains("CN=Example Root, which the server sent")
    );

    let trusted = port(&[&leaf.der, &intermediate.der, &root.der], Some(&root));
    assert_eq!(trusted.verdict("certificate-untrusted"), Verdict::Passed);
}

#[test]
fn path_invalid() {
    let mut for_clients = server();
    for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let wrong = issued(for_clients);
    assert_eq!(wrong.ids(), ["certificate-path-invalid"]);
    assert!(wrong.found("certificate-path-invalid").explanation.contains("may not be used for TLS servers"));
    assert_eq!(wrong.certificate.unwrap().chain_error, Some(ChainError::NotForServerAuth));

    let mut for_both = server();
    for_both.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    assert_eq!(issued(for_both).verdict("certificate-path-invalid"), Verdict::Passed);
}

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

#[test]
fn a_trust_anchor_out_of_date() {
    for (from, until, error, words) in [
        (NOW - 90 * DAY, NOW - DAY, ChainError::TrustAnchorExpired, "expired on 2026-11-22"),
        (NOW + DAY, NOW + 90 * DAY, ChainError::TrustAnchorNotYetValid, "is not valid before 2026-11-24"),
    ] {
        let root = Entity::self_signed(valid(ca("Example Root"), from, until), 1);
        let leaf = root.issue(server(), 3);
        let port = port(&[&leaf.der], Some(&root));
        assert_eq!(port.ids(), ["certificate-path-invalid"]);
        let found = port.found("certificate-path-invalid");
        assert!(found.explanation.contains("CN=Example Root") && found.explanation.contains(words));
        assert!(found.fix.starts_with("Replace the trust anchor"), "{}", found.fix);
        assert_eq!(port.certificate.unwrap().chain_error, Some(error));
    }
}

#[test]
fn a_forged_signature() {
    // Another root of the same name: its key did not make the signature.
    let (root, impostor) = (root(), Entity::self_signed(ca("Example Root"), 9));
    let leaf = root.issue(server(), 3);
    let port = port(&[&leaf.der], Some(&impostor));
    assert_eq!(port.certificate.unwrap().chain_valid, Some(false));
}

#[test]
fn an_unreadable_leaf() {
    let broken = port(&[b"no certificate"], None);
    assert_eq!(broken.ids(), ["certificate-path-invalid"]);
    assert_eq!(broken.why("certificate-expired"), "the certificate cannot be read");
    let certificate = broken.certificate.unwrap();
    assert_eq!(
        (certificate.chain_valid, certificate.chain_error),
        (Some(false), Some(ChainError::Unreadable))
    );
    // What cannot be read says neither.
    assert_eq!((certificate.hostname_match, certificate.self_signed), (None, None));
    assert_eq!(certificate.facts.unreadable.as_deref(), Some("These 14 octets are no DER certificate."));
}

#[test]
fn no_certificate_at_all() {
    let none = port(&[], None);
    assert_eq!((none.ids(), none.certificate.clone()), (vec![], None));
    assert_eq!(none.why("certificate-expired"), "the server sent no certificate");
}

#[test]
fn weak_key() {
    let short = fixture(include_str!("../../pki/tests/fixtures/rsa1024.pem"));
    let weak = port(&[&short], None);
    assert!(weak.found("certificate-weak-key").explanation.contains("The certificate has the key RSA 1024"));

    assert_eq!(issued(server()).verdict("certificate-weak-key"), Verdict::Passed);
    // Of 1024 bits, which are not read: that is no proof that it is long enough.
    let dsa = port(&[&fixture(include_str!("fixtures/dsa.pem"))], None);
    assert_eq!(dsa.verdict("certificate-weak-key"), Verdict::NotTested);
    assert_eq!(dsa.why("certificate-weak-key"), "this test measures no key of the kind DSA");
    let both = port(&[&short, &fixture(include_str!("fixtures/dsa.pem"))], None);
    assert!(both.found("certificate-weak-key").explanation.contains("RSA 1024"));
}

#[test]
fn weak_signature() {
    for (pem, algorithm) in [
        (include_str!("../../pki/tests/fixtures/sha1.pem"), "sha1WithRSAEncryption"),
        (include_str!("../../pki/tests/fixtures/md5.pem"), "md5WithRSAEncryption"),
    ] {
        let weak = port(&[&fixture(pem)], None);
        let found = weak.found("certificate-weak-signature");
        assert!(found.explanation.contains(&format!("is signed with {algorithm}")), "{}", found.explanation);
    }
    // A root's own signature protects nothing.
    let root_sha1 = fixture(include_str!("../../pki/tests/fixtures/rsa1024-sha1.pem"));
    let (_, _, leaf) = chain();
    assert_eq!(port(&[&leaf.der, &root_sha1], None).verdict("certificate-weak-signature"), Verdict::Passed);
}

#[test]
fn the_weak_signature_of_a_self_signed_leaf_is_no_roots() {
    let own = fixture(include_str!("../../pki/tests/fixtures/rsa1024-sha1.pem"));
    let weak = port(&[&own], None);
    let found = weak.found("certificate-weak-signature");
    assert!(found.explanation.contains("is signed with sha1WithRSAEncryption"), "{}", found.explanation);
    assert_eq!(weak.certificate.clone().unwrap().self_signed, Some(true));
}

/// Nine authorities of one name and without key identifiers, each of which has issued the next, and a server's certificate
/// by the last.
fn maze() -> Vec<Entity> {
    let same = || {
        let mut params = ca("Same");
        params.use_authority_key_identifier_extension = false;
        params
    };
    let mut maze = vec![Entity::self_signed(same(), 10)];
    for seed in 11..20 {
        let next = maze[maze.len() - 1].issue(same(), seed);
        maze.push(next);
    }
    let leaf = maze[9].issue(server(), 3);
    maze[0] = leaf;
    maze
}

#[test]
fn a_path_that_was_not_looked_for_to_the_end_breaks_no_rule() {
    let maze = maze();
    let sent: Vec<&[u8]> = maze.iter().map(|one| one.der.as_slice()).collect();
    let lost = port(&sent, None);
    assert_eq!(lost.ids(), ["certificate-path-unknown"]);
    let found = lost.found("certificate-path-unknown");
    assert_eq!(found.title, "The search for a certification path was given up");
    assert!(found.explanation.contains("deliver if their TLS library finds a path"), "{}", found.explanation);
    assert!(found.explanation.contains("whether there is one is not known"), "{}", found.explanation);
    for id in ["certificate-path-invalid", "certificate-untrusted", "certificate-chain-incomplete"] {
        assert_eq!(
            (lost.verdict(id), lost.why(id)),
            (Verdict::NotTested, "the search for a path was given up"),
            "{id}"
        );
    }
    let leaf = lost.certificate.clone().unwrap();
    assert_eq!((leaf.chain_valid, leaf.chain_error), (None, Some(ChainError::SearchGivenUp)));
    // None of the authorities sent is a root, though each has the name of its issuer.
    assert!(lost.chain.iter().all(|one| one.signed_with_own_key == Some(false)));
}

#[test]
fn more_certificates_than_are_looked_at_are_not_called_incomplete() {
    let (root, intermediate, leaf) = chain();
    let others: Vec<Entity> =
        (30..39).map(|seed| Entity::self_signed(ca(&format!("Other {seed}")), seed)).collect();
    let mut sent: Vec<&[u8]> = vec![&leaf.der];
    sent.extend(others.iter().map(|other| other.der.as_slice()));
    assert_eq!(port(&sent, Some(&root)).ids(), ["certificate-chain-incomplete"]);
    sent.push(&intermediate.der);
    assert_eq!(port(&sent, Some(&root)).ids(), ["certificate-path-unknown"]);
}

#[test]
fn a_certificate_of_the_chain_that_is_signed_with_its_own_key_says_so() {
    let (root, intermediate, leaf) = chain();
    let port = port(&[&leaf.der, &intermediate.der, &root.der], Some(&root));
    let own: Vec<Option<bool>> = port.chain.iter().map(|one| one.signed_with_own_key).collect();
    assert_eq!(own, [Some(false), Some(false), Some(true)]);
}

#[test]
fn odd_serial_numbers() {
    let numbered = |number: &[u8]| {
        let mut params = server();
        params.serial_number = Some(SerialNumber::from_slice(number));
        issued(params)
    };
    let zero = numbered(&[0]);
    assert_eq!(zero.ids(), ["certificate-serial-number"]);
    let found = zero.found("certificate-serial-number");
    assert!(
        found.explanation.starts_with("The certificate has the serial number 0."),
        "{}",
        found.explanation
    );
    let long = numbered(&[1; 21]);
    assert!(long.found("certificate-serial-number").explanation.contains("a serial number of 21 octets"));
    let negative = fixture(include_str!("../../pki/tests/fixtures/negative-serial.pem"));
    let negative = port(&[&negative], None);
    assert!(negative.found("certificate-serial-number").explanation.contains("a negative serial number"));
    // rcgen puts 00 before an octet that would make it negative.
    for number in [&[1; 20][..], &[0xff; 20], &[0x80]] {
        assert_eq!(numbered(number).verdict("certificate-serial-number"), Verdict::Passed, "{number:02x?}");
    }
}

#[test]
fn what_cannot_be_read_is_not_said_to_break_a_path() {
    let (root, intermediate, leaf) = chain();
    let lost = port(&[b"no certificate", &intermediate.der], Some(&root));
    assert_eq!(lost.ids(), ["certificate-path-invalid"]);
    let found = lost.found("certificate-path-invalid");
    assert_eq!(found.title, "The certificate cannot be read");
    assert!(
        found.explanation.starts_with("These 14 octets are no DER certificate."),
        "{}",
        found.explanation
    );

    let cut = &intermediate.der[..intermediate.der.len() - 1];
    let incomplete = port(&[&leaf.der, cut], Some(&root));
    assert_eq!(incomplete.ids(), ["certificate-chain-incomplete"]);
    let found = incomplete.found("certificate-chain-incomplete");
    assert!(found.explanation.contains("it may be that one, damaged"), "{}", found.explanation);
}

#[test]
fn all_faults_are_listed_together() {
    let mut params = valid(named("localhost"), NOW - 90 * DAY, NOW - 5 * DAY);
    params.distinguished_name.push(DnType::OrganizationName, "Example");
    let alone = Entity::self_signed(params, 3);
    let port = port(&[&alone.der], None);
    assert_eq!(
        port.ids(),
        [
            "certificate-expired",
            "certificate-hostname-mismatch",
            "certificate-self-signed",
            "certificate-common-name-only"
        ]
    );
    let text = port.certificate.unwrap().chain_error_text.unwrap();
    assert!(text.contains("expired on 2026-11-18") && text.contains("signed with its own key"), "{text}");
}

#[test]
fn dane_is_never_said_to_fail_by_dates_or_issuer_as_such() {
    let alone = Entity::self_signed(valid(named("localhost"), NOW - 90 * DAY, NOW - 5 * DAY), 3);
    let port = port(&[&alone.der], None);
    for finding in &port.findings {
        assert!(finding.explanation.contains("DANE-EE(3)"), "{}: {}", finding.id, finding.explanation);
        assert!(finding.explanation.contains("Opportunistic senders deliver all the same"), "{}", finding.id);
        assert!(finding.explanation.contains("MTA-STS do not deliver"), "{}", finding.id);
    }
}

#[test]
fn a_hundred_names_are_shown_and_all_are_counted() {
    let names = (0..101).map(|number| format!("mx{number}.example.com")).collect::<Vec<_>>();
    let mut params = server();
    params.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names;
    let certificate = issued(params).certificate.unwrap();
    assert_eq!((certificate.facts.sans.len(), certificate.facts.sans_total), (MAX_SANS_SHOWN, 101));
    assert_eq!(certificate.facts.sans[99], "mx99.example.com");
    assert_eq!(certificate.hostname_match, Some(true));
}
