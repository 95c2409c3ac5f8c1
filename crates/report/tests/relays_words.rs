//! What the relay says of a connection that it does not make: in the headline, and in the language of the report.

mod scene;

use heloscope_observation::{RefusalCode, Stage};
use heloscope_report::{Report, summary};
use heloscope_words::within;
use scene::{Scene, chain, german};

/// What the relay of this project says, as it says it, and what is made of it.
const NOT_LET_OUT: &str = "This relay cannot reach port 25: its network lets no connection to it out. That says nothing about \
    the mail server; test it from a relay elsewhere, or from a machine that sends mail.";
const NOT_SERVED: &str = "This relay does not connect to port 26. It serves 25, 465, 587; its operator can add others with \
    --allow-port.";
const NOT_ALLOWED: &str = "The relay does not connect to 10.0.0.1, which is for private use, RFC 1918. Its operator can allow a \
    network with --allow-net.";
const LEADS_ASTRAY: &str = "The name db.corp.internal leads to an address to which this relay does not connect, such as a private one.";
const DENIED: &str = "The operator of this relay does not have it connect to mx1.example.com. Ask them, or run a relay of your \
    own.";
const WANTS_TOKEN: &str = "The relay asks for its token, which --token or HELOSCOPE_TOKEN gives this command. It answers: A \
    request that comes from no page needs the relay's token.";

#[test]
fn the_headline_says_why_the_relay_refused() {
    let blocked = |message: &'static str| summary(&of_port(message));
    let reasons = [
        (NOT_LET_OUT, "the relay's network lets no connection to port 25 out"),
        (NOT_SERVED, "the relay serves other ports only"),
        (NOT_ALLOWED, "the relay's rules do not let it connect to 10.0.0.1"),
        (LEADS_ASTRAY, "the relay's rules do not let it connect to db.corp.internal"),
        (DENIED, "the relay's operator does not have it connect to mx1.example.com"),
        (WANTS_TOKEN, "the relay asks for its token"),
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
            WANTS_TOKEN,
            "Nichts ließ sich testen: das Relay verlangt sein Token.",
            "Das Relay verlangt sein Token, das --token oder HELOSCOPE_TOKEN diesem Befehl gibt. Es antwortet: A request ",
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
        // The demo's hosts have names alone.
        (
            RefusalCode::ConnectionRefused,
            "closed-ports.specimen.test:25 refused the connection: no mail server listens on that port, or a firewall says so.",
            "closed-ports.specimen.test:25 hat die Verbindung abgelehnt: auf diesem Port lauscht kein Mailserver, oder eine \
             Firewall sagt das.",
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
    let relay = [
        include_str!("../../../relay/src/dial.rs"),
        include_str!("../../../relay/src/dial/failure.rs"),
        // Of a relay that lets no command in, as only the command can say how it is let in.
        include_str!("../../cli/src/relay/refusal.rs"),
    ];
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
    assert_eq!(sentences, 21);
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
