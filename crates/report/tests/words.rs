//! The verdict in a sentence, and what each kind of sender will do.

mod scene;

use heloscope_observation::{AlertDescription, RefusalCode, Stage, TlsFailure};
use heloscope_pki::{TrustAnchors, Verifier};
use heloscope_report::{Report, Sender, SenderOutcome, checks, judge, senders, summary};
use heloscope_smtp::FaultKind;
use heloscope_words::within;
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
        "Nothing could be tested: the relay cannot be reached."
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
    assert_eq!(outcomes(&trusted), [(MailClient, Delivers), (MailClient, Delivers)]);
    assert_eq!(
        senders(&trusted)[1].text,
        "Sends over TLS 1.3; the certificate holds. It finds no AUTH to log in with."
    );
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
        incomplete.contains("count as well, and the certificate is sent without an intermediate."),
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

/// What the relay of this project says, as it says it, and what is made of it.
const NOT_LET_OUT: &str = "This relay cannot reach port 25: its network lets no connection to it out. That says nothing about \
    the mail server; test it from a relay elsewhere, or from a machine that sends mail.";
const NOT_SERVED: &str = "This relay does not connect to port 26. It serves 25, 465, 587; its operator can add others with \
    --allow-port.";
const NOT_ALLOWED: &str = "The relay does not connect to 10.0.0.1, which is for private use, RFC 1918. Its operator can allow a \
    network with --allow-net.";
const DENIED: &str = "The operator of this relay does not have it connect to mx1.example.com. Ask them, or run a relay of your \
    own.";

#[test]
fn the_headline_says_why_the_relay_refused() {
    let blocked = |message: &'static str| summary(&of_port(message));
    let reasons = [
        (NOT_LET_OUT, "the relay's network lets no connection to port 25 out"),
        (NOT_SERVED, "the relay serves other ports only"),
        (NOT_ALLOWED, "the relay's rules do not let it connect to 10.0.0.1"),
        (DENIED, "the relay's operator does not have it connect to mx1.example.com"),
        // What is not known stays where it stands, at its port, and so does what is no port and no host.
        ("No, and that is that.", "the relay refused the connection"),
        ("", "the relay refused the connection"),
        (
            "The operator of this relay does not have it connect to <b>. Ask them, or run a relay of your own.",
            "the relay refused the connection",
        ),
    ];
    for (message, reason) in reasons {
        assert_eq!(blocked(message), format!("Nothing could be tested: {reason}."));
    }

    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let one = Scene::of("mx1.example.com")
        .port("25", |play| play.hears(RefusalCode::Blocked, NOT_LET_OUT))
        .port("587", |play| play.goes_well(sent))
        .judged_trusting(&root);
    assert_eq!(
        summary(&one),
        "Mail clients reach this server over TLS 1.3; its certificate is valid for 60 more days. \
         Port 25 could not be tested: the relay's network lets no connection to port 25 out."
    );

    let each = Scene::of("mx1.example.com")
        .port("25", |play| play.hears(RefusalCode::Blocked, NOT_LET_OUT))
        .port("465", |play| play.meets(Stage::Connect, RefusalCode::Quota))
        .port("587", |play| play.meets(Stage::Connect, RefusalCode::Quota))
        .judged();
    assert_eq!(
        summary(&each),
        "Port 25 could not be tested: the relay's network lets no connection to port 25 out. \
         Nothing could be tested on ports 465 and 587: the relay's quota is used up."
    );
}

#[test]
fn what_the_relay_says_of_itself_is_told_in_german() {
    for (message, headline, told) in [
        (
            NOT_LET_OUT,
            "Nichts ließ sich testen: das Netz des Relays lässt keine Verbindung zu Port 25 hinaus.",
            "Dieses Relay erreicht Port 25 nicht: ",
        ),
        (
            NOT_ALLOWED,
            "Nichts ließ sich testen: die Regeln des Relays erlauben ihm keine Verbindung zu 10.0.0.1.",
            "Das Relay verbindet sich nicht mit 10.0.0.1 („for private use, RFC 1918“). ",
        ),
        (
            "No, and that is that.",
            "Nichts ließ sich testen: das Relay hat die Verbindung abgelehnt.",
            "Die Regeln des Relays erlauben ihm keine Verbindung dorthin. ",
        ),
    ] {
        let (words, report) = within(Some(german()), || {
            let report = of_port(message);
            (summary(&report), report)
        });
        assert_eq!(words, headline);
        let error = report.ports[0].error.as_ref().unwrap();
        assert!(error.message.starts_with(told), "{}", error.message);
    }
}

#[test]
fn what_the_relay_says_of_a_name_or_an_address_is_told_in_german() {
    for (code, message, told) in [
        (
            RefusalCode::NameNotFound,
            "The name nobody.example does not exist or has no address. Is it spelt right?",
            "Den Namen nobody.example gibt es nicht, oder er hat keine Adresse. Ist er richtig geschrieben?",
        ),
        (
            RefusalCode::ResolveFailed,
            "The name mx1.example.com could not be looked up: the name servers did not answer within 5 s. \
             Try again, or give its address.",
            "Der Name mx1.example.com ließ sich nicht nachschlagen: die Nameserver haben nicht innerhalb von 5 s \
             geantwortet. Noch einmal versuchen, oder die Adresse angeben.",
        ),
        (
            RefusalCode::ConnectTimeout,
            "192.0.2.1:25 did not answer within 7.5 s: a firewall drops the packets, or the machine is down. \
             Many networks block port 25 outwards; the relay's may be one. (2 addresses were tried.)",
            "192.0.2.1:25 hat nicht innerhalb von 7.5 s geantwortet: eine Firewall verwirft die Pakete, oder der \
             Rechner läuft nicht. Viele Netze sperren Port 25 nach außen; das des Relays kann eines davon sein. \
             (Versucht wurden 2 Adressen.)",
        ),
        (
            RefusalCode::ConnectionRefused,
            "[2001:db8::1]:25 refused the connection: no mail server listens on that port, or a firewall says so.",
            "[2001:db8::1]:25 hat die Verbindung abgelehnt: auf diesem Port lauscht kein Mailserver, oder eine Firewall \
             sagt das.",
        ),
    ] {
        let scene = Scene::one("25", |play| play.hears(code, message));
        let report = within(Some(german()), || scene.judged());
        assert_eq!(report.ports[0].error.as_ref().unwrap().message, told);
    }
}

/// The relay knows nothing of reports, nor they of it: what both have is a sentence, and it is one.
#[test]
fn what_is_known_of_the_relays_words_is_what_the_relay_says() {
    let relay =
        [include_str!("../../../relay/src/dial.rs"), include_str!("../../../relay/src/dial/failure.rs")];
    let relay: Vec<String> = relay.into_iter().map(joined).collect();
    let known = joined(include_str!("../src/words/relay.rs"));
    let mut sentences = 0;
    for literal in known.split("mark!(").skip(1) {
        let message = literal.split('"').nth(1).expect("a literal");
        for own in message.split(['{', '}']).step_by(2) {
            assert!(relay.iter().any(|file| file.contains(own)), "the relay does not say “{own}”");
        }
        sentences += 1;
    }
    assert_eq!(sentences, 18);
}

/// A file of Rust, each literal that goes on in another line in one.
fn joined(source: &str) -> String {
    let mut lines = source.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |whole, line| whole + line.trim_start())
}

/// Port 25 of a host, to which the relay makes no connection, and says why.
fn of_port(message: &str) -> Report {
    Scene::one("25", |play| play.hears(RefusalCode::Blocked, message)).judged()
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
