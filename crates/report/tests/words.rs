//! The verdict in a sentence, and what each kind of sender will do.

mod scene;

use heloscope_observation::{AlertDescription, RefusalCode, Stage, TlsFailure};
use heloscope_pki::{TrustAnchors, Verifier};
use heloscope_report::{Report, Sender, SenderOutcome, Trust, checks, judge, senders, summary};
use heloscope_smtp::FaultKind;
use heloscope_words::{small, within};
use scene::{DAY, EHLO, EHLO_TLS, Entity, GREETING, NOW, Scene, ca, chain, german, named, server, valid};

/// Port 25 with a leaf of these dates from a trusted root.
fn lives_until(until: i64) -> Report {
    let root = Entity::self_signed(ca("Example Root"), 1);
    let leaf = root.issue(valid(server(), NOW - 90 * DAY, until), 3);
    Scene::one("25", |play| play.goes_well(&[&leaf.der])).judged_trusting(&root)
}

#[test]
fn one_sentence_for_each_situation() {
    assert_eq!(
        summary(&lives_until(NOW + 36 * DAY)),
        "Mail reaches this server over TLS 1.3; its certificate is valid for 36 more days."
    );
    assert_eq!(
        summary(&lives_until(NOW + 12 * DAY)),
        "Mail reaches this server over TLS 1.3; its certificate expires in 12 days."
    );
    assert_eq!(
        summary(&lives_until(NOW - 3 * DAY)),
        "Mail reaches this server over TLS 1.3; its certificate expired 3 days ago."
    );
    let alone = Entity::self_signed(named("localhost"), 3);
    assert_eq!(
        summary(&Scene::one("25", |play| play.goes_well(&[&alone.der])).judged()),
        "Mail reaches this server over TLS 1.3; its certificate is not for mx1.example.com; 2 more findings."
    );
    let of_25 = |play: fn(scene::Play<'_>) -> scene::Play<'_>| summary(&Scene::one("25", play).judged());
    assert_eq!(
        of_25(|play| play.connects().greets(GREETING).ehlo("250 mx1").quits()),
        "Mail reaches this server in clear text only: STARTTLS is not offered."
    );
    assert_eq!(
        of_25(|play| play.connects().greets(GREETING).ehlo(EHLO).starttls("454 4.7.0 no").quits()),
        "Port 25: STARTTLS is offered but refused with 454."
    );
    assert_eq!(
        of_25(|play| play.connects().greets("421 4.7.0 busy").ends(Stage::Greeting)),
        "Port 25: the server greets with 421: not now."
    );
    assert_eq!(
        of_25(|play| play
            .connects()
            .babbles(Stage::Greeting, FaultKind::NotAReply, b"SSH-2.0-x\r\n")
            .ends(Stage::Greeting)),
        "Port 25: the server speaks SSH, not SMTP."
    );
    assert_eq!(
        of_25(|play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused)),
        "No mail reaches this server: it refuses connections on port 25."
    );
    assert_eq!(
        of_25(|play| play.meets(Stage::Connect, RefusalCode::Unreachable)),
        "No mail reaches this server from here: there is no way to it on port 25."
    );
    assert_eq!(
        of_25(|play| play.meets(Stage::Connect, RefusalCode::RelayUnreachable)),
        "Nothing could be tested: the relay cannot be used."
    );
    assert_eq!(
        of_25(|play| play.connects().greets(GREETING).loses(Stage::Ehlo, RefusalCode::RelayUnreachable)),
        "Whether this server speaks TLS on port 25 is not known: the connection to the relay broke off while the \
         reply to EHLO was awaited."
    );
    assert_eq!(
        of_25(|play| play.meets(Stage::Connect, RefusalCode::Quota)),
        "Nothing could be tested: the relay's quota is used up."
    );
    assert_eq!(
        of_25(|play| play.meets(Stage::Resolve, RefusalCode::NameNotFound)),
        "The name mx1.example.com does not exist, or has no address; nothing could be tested."
    );
    assert_eq!(of_25(|play| play), "Nothing is known yet.");
}

#[test]
fn another_port_is_mentioned_where_it_differs() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let report = Scene::of("mx1.example.com")
        .port("25", |play| play.goes_well(sent))
        .port("465", |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused))
        .port("587", |play| play.connects().greets(GREETING).ehlo("250 mx1").quits())
        .judged_trusting(&root);
    assert_eq!(
        summary(&report),
        "Mail reaches this server over TLS 1.3; its certificate is valid for 60 more days. \
         On port 587: STARTTLS is not offered."
    );

    let blocked = Scene::of("mx1.example.com")
        .port("25", |play| play.meets(Stage::Connect, RefusalCode::Blocked))
        .port("465", |play| play.goes_well(sent))
        .judged_trusting(&root);
    assert_eq!(
        summary(&blocked),
        "Mail clients reach this server over TLS 1.3; its certificate is valid for 60 more days. \
         Port 25 could not be tested: the relay refused the connection."
    );

    let used_up = Scene::of("mx1.example.com")
        .port("25", |play| play.goes_well(sent))
        .port("465", |play| play.meets(Stage::Connect, RefusalCode::Quota))
        .port("587", |play| play.meets(Stage::Connect, RefusalCode::Quota))
        .judged_trusting(&root);
    assert_eq!(
        summary(&used_up),
        "Mail reaches this server over TLS 1.3; its certificate is valid for 60 more days. \
         Nothing could be tested on ports 465 and 587: the relay's quota is used up."
    );

    let closed = Scene::of("mx1.example.com")
        .port("25", |play| play.goes_well(sent))
        .port("465", |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused))
        .port("587", |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused))
        .judged_trusting(&root);
    assert!(summary(&closed).ends_with(" On ports 465 and 587: the connection is refused."));

    let silent = Scene::of("mx1.example.com")
        .port("25", |play| play.meets(Stage::Connect, RefusalCode::ConnectTimeout))
        .port("465", |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused))
        .judged();
    assert_eq!(
        summary(&silent),
        "No mail reaches this server from here: it does not answer on ports 25 and 465."
    );
}

/// Port 25 was not asked for: nothing is known of mail between servers.
#[test]
fn a_submission_port_that_refuses_is_no_word_about_mail_from_other_servers() {
    let refused = Scene::of("mx1.example.com")
        .port("465", |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused))
        .port("587", |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused))
        .judged();
    assert_eq!(
        summary(&refused),
        "Mail clients cannot send on ports 465 and 587: the server refuses the connection."
    );
    for port in &refused.ports {
        let words = &port.findings[0].explanation;
        assert!(words.ends_with("Clients that are set up for this port cannot send mail."), "{words}");
        assert!(!words.contains("opportunistic"), "{words}");
    }
    let silent = Scene::one("465", |play| play.meets(Stage::Connect, RefusalCode::ConnectTimeout)).judged();
    assert_eq!(
        summary(&silent),
        "Mail clients cannot send on port 465 from here: the server does not answer."
    );
    let custom =
        Scene::one("9465/implicit", |play| play.meets(Stage::Connect, RefusalCode::ConnectionRefused))
            .judged();
    let words = &custom.ports[0].findings[0].explanation;
    assert!(words.ends_with("Clients that are set up for this port cannot send mail."), "{words}");
    assert!(!words.contains("MTA-STS"), "{words}");
    let web = Scene::one("465", |play| {
        let play = play.connects().begins_handshake();
        play.tls_fails(heloscope_observation::TlsFailure::NotTls("HTTP/1.1 400 Bad Request\r\n\r\n".into()))
    });
    let words = &web.judged().ports[0].findings[0].explanation;
    assert!(words.ends_with(" No mail client can send here."), "{words}");
}

fn outcomes(report: &Report) -> Vec<(Sender, SenderOutcome)> {
    senders(report).into_iter().map(|row| (row.sender, row.outcome)).collect()
}

#[test]
fn each_kind_of_sender() {
    use Sender::{Dane, MailClient, MtaSts, Opportunistic};
    use SenderOutcome::{ClearText, Delivers, Depends, NotTested, Queues, Refuses};

    assert_eq!(
        outcomes(&lives_until(NOW + 36 * DAY)),
        [(Opportunistic, Delivers), (MtaSts, Delivers), (Dane, Depends)]
    );
    let expired = lives_until(NOW - DAY);
    assert_eq!(outcomes(&expired), [(Opportunistic, Delivers), (MtaSts, Refuses), (Dane, Depends)]);
    let rows = senders(&expired);
    assert_eq!(rows[1].text, "Does not deliver: the certificate is expired.");
    assert!(rows[2].text.contains("DANE-EE(3) it delivers if the record matches"), "{}", rows[2].text);
    assert!(
        rows[2].text.contains(
            "with DANE-TA(2) name, dates and the chain up to the certificate in the record count as well, and the \
             certificate is expired."
        ),
        "{}",
        rows[2].text
    );

    let of_25 = |play: fn(scene::Play<'_>) -> scene::Play<'_>| outcomes(&Scene::one("25", play).judged());
    assert_eq!(
        of_25(|play| play.connects().greets(GREETING).ehlo("250 mx1").quits()),
        [(Opportunistic, ClearText), (MtaSts, Refuses), (Dane, Depends)]
    );
    assert_eq!(
        of_25(|play| {
            let failure = TlsFailure::Alert(AlertDescription(40));
            play.connects()
                .greets(GREETING)
                .ehlo(EHLO)
                .starttls("220 go")
                .begins_handshake()
                .tls_fails(failure)
        }),
        [(Opportunistic, Depends), (MtaSts, Refuses), (Dane, Depends)]
    );
    assert_eq!(
        of_25(|play| play.connects().greets("421 busy").ends(Stage::Greeting)),
        [(Opportunistic, Queues), (MtaSts, Queues), (Dane, Queues)]
    );
    assert_eq!(
        of_25(|play| play.connects().greets("554 no").quits()),
        [(Opportunistic, Refuses), (MtaSts, Refuses), (Dane, Refuses)]
    );
    assert_eq!(
        of_25(|play| play.meets(Stage::Connect, RefusalCode::Quota)),
        [(Opportunistic, NotTested), (MtaSts, NotTested), (Dane, NotTested)]
    );

    let mut short_key = lives_until(NOW + 36 * DAY);
    let mut weak = expired.ports[0].findings[0].clone();
    weak.id = "certificate-weak-key".to_owned();
    short_key.ports[0].findings.push(weak);
    assert_eq!(outcomes(&short_key), [(Opportunistic, Delivers), (MtaSts, Depends), (Dane, Depends)]);

    let alone = Entity::self_signed(server(), 3);
    let clients =
        Scene::of("mx1.example.com").port("465", |play| play.goes_well(&[&alone.der])).port("587", |play| {
            play.connects()
                .greets(GREETING)
                .ehlo(EHLO)
                .starttls("220 go")
                .tls(&[&alone.der])
                .ehlo(EHLO_TLS)
                .quits()
        });
    assert_eq!(outcomes(&clients.judged()), [(MailClient, Depends), (MailClient, Depends)]);
    let trusted = clients.judged_trusting(&alone);
    assert_eq!(outcomes(&trusted), [(MailClient, Delivers), (MailClient, Depends)]);
    assert_eq!(
        senders(&trusted)[1].text,
        "Sends over TLS 1.3; the certificate holds where the trust anchor added here is trusted. It finds no AUTH to log in \
         with."
    );
}

/// Senders elsewhere know nothing of an anchor that was added to this test.
#[test]
fn a_certificate_that_a_private_anchor_vouches_for_holds_where_that_is_trusted() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let mut report = Scene::one("25", |play| play.goes_well(sent)).judged_trusting(&root);
    assert_eq!(report.ports[0].certificate.as_ref().unwrap().trust, Some(Trust::Private));
    let mta_sts = |report: &Report| {
        let row = senders(report).into_iter().find(|row| row.sender == Sender::MtaSts).unwrap();
        (row.outcome, row.text)
    };
    let said = |holds: &str| {
        let text = format!("Delivers over TLS 1.3 where the policy names this host: {holds}.");
        (SenderOutcome::Delivers, text)
    };
    assert_eq!(mta_sts(&report), said("the certificate holds where the trust anchor added here is trusted"));
    report.ports[0].certificate.as_mut().unwrap().trust = Some(Trust::Webpki);
    assert_eq!(mta_sts(&report), said("the certificate holds"));
}

/// No mail server comes to such a port by itself.
#[test]
fn a_port_of_no_standard_is_spoken_of_alone() {
    let meets = |specs: &[&str], code| {
        let scene = Scene::of("mx1.example.com");
        specs
            .iter()
            .fold(scene, |scene, spec| scene.port(spec, |play| play.meets(Stage::Connect, code)))
            .judged()
    };
    for (code, headline) in [
        (RefusalCode::ConnectionRefused, "Port 2525: the connection is refused."),
        (RefusalCode::Unreachable, "Port 2525: the host is unreachable."),
        (RefusalCode::ConnectTimeout, "Port 2525: nothing answers on this port."),
    ] {
        assert_eq!(summary(&meets(&["2525/starttls"], code)), headline);
        assert_eq!(summary(&meets(&["2525/implicit"], code)), headline);
    }
    let refused = RefusalCode::ConnectionRefused;
    assert_eq!(
        summary(&meets(&["587", "2525/starttls"], refused)),
        "Ports 587 and 2525: the connection is refused."
    );
    // Of port 25 it is true.
    assert_eq!(
        summary(&meets(&["25", "2525/starttls"], refused)),
        "No mail reaches this server: it refuses connections on ports 25 and 2525."
    );
    let rows = |report: &Report| senders(report).into_iter().map(|row| row.text).collect::<Vec<_>>();
    let text = "If set up for this port: does not deliver here: the connection is refused.";
    assert_eq!(rows(&meets(&["2525/starttls"], refused)), [text; 3]);
    let text = "If set up for this port: cannot send: the connection is refused.";
    assert_eq!(rows(&meets(&["2525/implicit"], refused)), [text]);
    let untested = meets(&["2525/starttls"], RefusalCode::Quota);
    assert_eq!(rows(&untested), ["Not tested: the relay's quota is used up."; 3]);

    let clear =
        Scene::one("2525/starttls", |play| play.connects().greets(GREETING).ehlo("250 mx1").quits()).judged();
    assert_eq!(
        summary(&clear),
        "Clients reach this server on port 2525 in clear text only: STARTTLS is not offered."
    );
    assert_eq!(
        rows(&clear)[..2],
        [
            "If set up for this port: delivers in clear text: TLS is not offered.",
            "If set up for this port: does not deliver: TLS is not offered."
        ]
    );
}

#[test]
fn a_name_that_is_missing_is_told_of_in_the_same_words_everywhere() {
    let report = Scene::one("25", |play| play.meets(Stage::Resolve, RefusalCode::NameNotFound)).judged();
    let what = "the host name does not exist, or has no address";
    assert_eq!(small(&report.findings[0].title), what);
    assert_eq!(senders(&report)[0].text, format!("Not tested: {what}."));
}

#[test]
fn dane_ta_needs_the_intermediate_that_was_not_sent() {
    let (root, intermediate, leaf) = chain();
    let row = |sent: &[&[u8]]| {
        let report = Scene::one("25", |play| play.goes_well(sent)).judged_trusting(&root);
        senders(&report).remove(2).text
    };
    let whole = row(&[&leaf.der, &intermediate.der]);
    assert!(whole.contains("count as well, and hold."), "{whole}");
    let incomplete = row(&[&leaf.der]);
    assert!(
        incomplete.contains("count as well, and the certificate is sent without its issuer's."),
        "{incomplete}"
    );
}

/// The device may stand near the test and concern nobody else.
#[test]
fn what_a_device_on_the_path_hides_is_not_said_to_be_missing() {
    let masked = |port| {
        let scene =
            Scene::one(port, |play| play.connects().greets("220 ****").ehlo("250-mx1\n250 XXXXXXXA").quits());
        senders(&scene.judged())
    };
    // It may hide EHLO altogether.
    let without_ehlo = Scene::one("25", |play| {
        play.connects().greets("220 ****").ehlo("502 5.5.2 not recognized").helo("250 mx1").quits()
    });
    let rows = [masked("25"), masked("587"), senders(&without_ehlo.judged())].concat();
    assert_eq!(rows.len(), 7);
    for row in rows {
        assert_eq!(row.outcome, SenderOutcome::Depends, "{:?}", row.sender);
        assert!(row.text.starts_with("Whether TLS is offered is not known"), "{}", row.text);
        assert!(!row.text.contains("TLS is not offered"), "{}", row.text);
    }
}

/// What every reader of a finding can count on.
#[test]
fn every_check_has_its_words() {
    for check in checks() {
        assert!(check.id.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'-'), "{}", check.id);
        assert!(!check.title.ends_with('.') && check.title.len() < 70, "{}", check.title);
        assert!(!check.basis.is_empty(), "{}", check.id);
    }
}

/// Within a sentence German has a small letter where the first word is no noun.
#[test]
fn the_second_half_of_a_german_headline_begins_as_german_does() {
    let scene = Scene::one("25", |play| {
        let play = play.connects().greets(GREETING).ehlo("250-mx1.example.com\n250_STARTTLS\n250 SIZE 1");
        play.quits()
    });
    let judged = || summary(&judge(&scene.observations, &Verifier::new(&TrustAnchors::none()), NOW));
    let words = within(Some(german()), judged);
    assert!(words.contains("; eine Antwort verletzt"), "{words}");
}
