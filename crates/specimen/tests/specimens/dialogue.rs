//! What each specimen says.

use std::time::Duration;

use heloscope_observation::RefusalCode;
use heloscope_specimen::Fleet;
use rustls::{HandshakeKind, NamedGroup, ProtocolVersion, SignatureScheme};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use crate::client::{Client, NOW, dial};

#[test]
fn all_of_them() {
    let fleet = Fleet::new(NOW);
    let hosts: Vec<_> = fleet.specimens().iter().map(heloscope_specimen::Specimen::host).collect();
    let expected = [
        "healthy",
        "tls12",
        "ecdsa",
        "expired",
        "not-yet-valid",
        "expiring-soon",
        "wrong-name",
        "common-name-only",
        "self-signed",
        "incomplete-chain",
        "untrusted-root",
        "weak-key",
        "sha1-signature",
        "all-faults-at-once",
        "certificate-maze",
        "no-starttls",
        "starttls-refused",
        "starttls-hang-up",
        "starttls-injection",
        "handshake-hang-up",
        "tls-alert",
        "hello-retry",
        "client-cert-request",
        "plaintext-on-465",
        "busy",
        "rejected",
        "slow-greeting",
        "teaser",
        "reply-too-many",
        "silent",
        "not-smtp",
        "helo-only",
        "auth-before-tls",
        "no-auth-on-submission",
        "cisco",
        "hostile-text",
        "flood",
        "megabytes",
        "trickle",
        "closed-ports",
        "unreachable",
        "filtered",
        "no-route",
    ];
    assert_eq!(hosts, expected.map(|name| format!("{name}.specimen.test")));
    assert!(fleet.specimens().iter().all(|specimen| !specimen.title().is_empty()));
    assert_eq!(
        fleet.find("Healthy.Specimen.Test.").map(|specimen| specimen.address().to_string()).as_deref(),
        Some("192.0.2.1")
    );
    assert!(fleet.find("healthy").is_none());
}

#[tokio::test]
async fn a_sound_relay() {
    let fleet = Fleet::new(NOW);
    let mut client = dial(&fleet, "healthy", 25).await;
    assert_eq!(client.hear().await, "220 healthy.specimen.test ESMTP ready\r\n");
    let clear = "250-healthy.specimen.test\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-ENHANCEDSTATUSCODES\r\n\
        250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250 STARTTLS\r\n";
    assert_eq!(client.ask("EHLO client.test").await, clear);
    assert_eq!(client.ask("STARTTLS").await, "220 2.0.0 Ready to start TLS\r\n");
    let (mut client, shown) = client.tls().await.unwrap();
    assert_eq!((shown.version, shown.group), (Some(ProtocolVersion::TLSv1_3), Some(NamedGroup::X25519)));
    assert_eq!(shown.kind, Some(HandshakeKind::Full));
    assert_eq!(shown.scheme, Some(SignatureScheme::RSA_PSS_SHA512));
    assert!(!shown.asked_for_certificate);
    let encrypted = "250-healthy.specimen.test\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n\
        250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n";
    assert_eq!(client.ask("EHLO client.test").await, encrypted);
    assert_eq!(client.ask("QUIT").await, "221 2.0.0 Bye\r\n");
    assert_eq!(client.hear().await, "");
}

#[tokio::test]
async fn sound_submission_offers_auth_inside_tls_alone() {
    let fleet = Fleet::new(NOW);
    let mut client = dial(&fleet, "healthy", 587).await;
    client.hear().await;
    let clear = client.ask("EHLO client.test").await;
    assert!(clear.ends_with("250-CHUNKING\r\n250 STARTTLS\r\n"), "{clear}");
    assert_eq!(client.ask("AUTH PLAIN AGEAYg==").await, "530 5.7.0 Must issue a STARTTLS command first\r\n");
    client.ask("STARTTLS").await;
    let (mut client, _) = client.tls().await.unwrap();
    let encrypted = client.ask("EHLO client.test").await;
    assert!(encrypted.ends_with("250-CHUNKING\r\n250 AUTH PLAIN LOGIN\r\n"), "{encrypted}");
    assert_eq!(client.ask("AUTH PLAIN AGEAYg==").await, "535 5.7.8 Error: authentication failed\r\n");

    let (mut client, _) = dial(&fleet, "healthy", 465).await.tls().await.unwrap();
    assert_eq!(client.hear().await, "220 healthy.specimen.test ESMTP ready\r\n");
    assert_eq!(client.ask("EHLO client.test").await, encrypted);
}

#[tokio::test]
async fn replies_and_one_too_many() {
    let fleet = Fleet::new(NOW);
    let mut client = dial(&fleet, "reply-too-many", 25).await;
    assert_eq!(client.hear().await, "220 reply-too-many.specimen.test ESMTP ready\r\n");
    assert_eq!(client.hear().await, "220 unsolicited mail is not welcome\r\n");
    assert!(client.ask("EHLO client.test").await.ends_with("250 STARTTLS\r\n"));
}

#[tokio::test]
async fn what_tls_is_spoken() {
    let fleet = Fleet::new(NOW);
    for port in [25, 465, 587] {
        let shown = |name| {
            let fleet = &fleet;
            async move {
                let client = dial(fleet, name, port).await;
                if port == 465 { client.tls().await } else { client.starttls().await }.unwrap().1
            }
        };
        let tls12 = shown("tls12").await;
        assert_eq!((tls12.version, tls12.group), (Some(ProtocolVersion::TLSv1_2), Some(NamedGroup::X25519)));
        let ecdsa = shown("ecdsa").await;
        assert_eq!(ecdsa.scheme, Some(SignatureScheme::ECDSA_NISTP256_SHA256));
        let weak = shown("weak-key").await;
        assert_eq!(weak.scheme, Some(SignatureScheme::RSA_PSS_SHA256));
        let retried = shown("hello-retry").await;
        assert_eq!(retried.kind, Some(HandshakeKind::FullWithHelloRetryRequest));
        assert_eq!(retried.group, Some(NamedGroup::secp384r1));
        assert!(shown("client-cert-request").await.asked_for_certificate);
    }
}

#[tokio::test]
async fn starttls_missing_and_refused() {
    let fleet = Fleet::new(NOW);
    for port in [25, 587] {
        let mut client = dial(&fleet, "no-starttls", port).await;
        client.hear().await;
        assert!(client.ask("EHLO client.test").await.ends_with("250 CHUNKING\r\n"));
        assert_eq!(client.ask("STARTTLS").await, "502 5.5.1 Error: command not implemented\r\n");

        let mut client = dial(&fleet, "starttls-refused", port).await;
        client.hear().await;
        assert!(client.ask("EHLO client.test").await.ends_with("250 STARTTLS\r\n"));
        assert_eq!(client.ask("STARTTLS").await, "454 4.7.0 TLS not available due to local problem\r\n");
        assert_eq!(client.ask("QUIT").await, "221 2.0.0 Bye\r\n");

        let mut client = dial(&fleet, "starttls-hang-up", port).await;
        client.hear().await;
        assert!(client.ask("EHLO client.test").await.ends_with("250 STARTTLS\r\n"));
        assert_eq!(client.ask("STARTTLS").await, "");
    }
}

#[tokio::test]
async fn clear_text_slipped_in_after_starttls() {
    let fleet = Fleet::new(NOW);
    for port in [25, 587] {
        let mut client = dial(&fleet, "starttls-injection", port).await;
        client.hear().await;
        client.ask("EHLO client.test").await;
        assert_eq!(client.ask("STARTTLS").await, "220 2.0.0 Ready to start TLS\r\n");
        let injected = "250-starttls-injection.specimen.test\r\n250 AUTH LOGIN PLAIN\r\n";
        assert_eq!(client.hear().await, injected);
        let (mut client, _) = client.tls().await.unwrap();
        assert_eq!(client.ask("QUIT").await, "221 2.0.0 Bye\r\n");
    }
}

#[tokio::test]
async fn handshakes_that_come_to_nothing() {
    let fleet = Fleet::new(NOW);
    let failure = |name, port| {
        let fleet = &fleet;
        async move {
            let client = dial(fleet, name, port).await;
            let outcome = if port == 465 { client.tls().await } else { client.starttls().await };
            outcome.err().expect("no handshake").to_string()
        }
    };
    for port in [25, 465, 587] {
        assert_eq!(failure("handshake-hang-up", port).await, "tls handshake eof");
        assert_eq!(failure("tls-alert", port).await, "received fatal alert: HandshakeFailure");
    }
    assert_eq!(failure("plaintext-on-465", 465).await, "received corrupt message of type InvalidContentType");
}

#[tokio::test]
async fn clear_text_on_465() {
    let fleet = Fleet::new(NOW);
    let mut client = dial(&fleet, "plaintext-on-465", 465).await;
    assert_eq!(client.hear().await, "220 plaintext-on-465.specimen.test ESMTP ready\r\n");
    assert!(client.ask("EHLO client.test").await.ends_with("250 CHUNKING\r\n"));
}

#[tokio::test]
async fn greetings_that_turn_away() {
    let fleet = Fleet::new(NOW);
    let mut client = dial(&fleet, "busy", 25).await;
    assert_eq!(client.hear().await, "421 4.7.0 busy.specimen.test Error: too many connections\r\n");
    assert_eq!(client.hear().await, "");
    let (mut client, _) = dial(&fleet, "busy", 465).await.tls().await.unwrap();
    assert_eq!(client.hear().await, "421 4.7.0 busy.specimen.test Error: too many connections\r\n");

    let mut client = dial(&fleet, "rejected", 25).await;
    let greeting = "554 5.7.1 rejected.specimen.test Service unavailable; client host blocked\r\n";
    assert_eq!(client.hear().await, greeting);
    let refusal = "503 5.5.1 Error: this server takes no commands but QUIT\r\n";
    assert_eq!(client.ask("EHLO client.test").await, refusal);
    assert_eq!(client.ask("QUIT").await, "221 2.0.0 Bye\r\n");

    let mut client = dial(&fleet, "not-smtp", 25).await;
    let greeting =
        "* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS STARTTLS] not-smtp.specimen.test ready.\r\n";
    assert_eq!(client.hear().await, greeting);
    assert_eq!(client.ask("QUIT").await, "* BAD Error in IMAP command received by server.\r\n");
    assert_eq!(client.hear().await, "");
}

#[tokio::test(start_paused = true)]
async fn greetings_that_take_their_time() {
    let fleet = Fleet::new(NOW);
    let began = Instant::now();
    let mut client = dial(&fleet, "slow-greeting", 25).await;
    assert_eq!(client.hear().await, "220 slow-greeting.specimen.test ESMTP ready\r\n");
    assert_eq!(began.elapsed().as_secs(), 11);
    assert!(client.ask("EHLO client.test").await.starts_with("250-"));

    let began = Instant::now();
    let mut client = dial(&fleet, "teaser", 25).await;
    let greeting = "220-teaser.specimen.test ESMTP ready\r\n220 teaser.specimen.test ESMTP ready\r\n";
    assert_eq!(client.hear().await, greeting);
    assert_eq!(began.elapsed().as_secs(), 6);
    assert!(client.ask("EHLO client.test").await.starts_with("250-"));
}

#[tokio::test(start_paused = true)]
async fn long_replies_and_slow_ones() {
    let fleet = Fleet::new(NOW);
    for (port, command) in [(25, None), (587, Some("EHLO client.test"))] {
        let mut client = dial(&fleet, "megabytes", port).await;
        let mut reply = client.hear().await;
        if let Some(command) = command {
            reply = client.ask(command).await;
        }
        assert!((2_000_000..2_001_000).contains(&reply.len()), "{port}: {}", reply.len());
        assert!(reply.lines().all(|line| line.len() + 2 <= 100));
    }
    let began = Instant::now();
    let mut client = dial(&fleet, "trickle", 25).await;
    let greeting = client.hear().await;
    assert_eq!(greeting.lines().count(), 7);
    let ms = began.elapsed().as_millis();
    assert_eq!(ms / 10, greeting.len() as u128, "an octet each 10 ms");
    assert!((5_000..6_500).contains(&ms), "{ms}");
}

#[tokio::test(start_paused = true)]
async fn who_speaks_between_the_parts_of_a_greeting_is_turned_away() {
    let fleet = Fleet::new(NOW);
    let began = Instant::now();
    let mut client = dial(&fleet, "teaser", 25).await;
    client.say("EHLO client.test\r\n").await;
    assert_eq!(client.hear().await, "220-teaser.specimen.test ESMTP ready\r\n521 5.5.1 Protocol error\r\n");
    assert_eq!(client.hear().await, "");
    assert_eq!(began.elapsed().as_secs(), 0);
}

#[tokio::test(start_paused = true)]
async fn silence() {
    let fleet = Fleet::new(NOW);
    for port in [25, 465, 587] {
        let mut client = dial(&fleet, "silent", port).await;
        assert!(timeout(Duration::from_secs(3600), client.hear()).await.is_err());
        client.say("QUIT\r\n").await;
        assert!(timeout(Duration::from_secs(3600), client.hear()).await.is_err());
    }
    let dialled = fleet.connect("filtered.specimen.test", 25);
    assert!(timeout(Duration::from_secs(3600), dialled).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_falls_silent_is_told_so() {
    let fleet = Fleet::new(NOW);
    let mut client = dial(&fleet, "healthy", 25).await;
    client.hear().await;
    client.say("EHLO cli").await;
    assert_eq!(client.hear().await, "421 4.4.2 healthy.specimen.test Error: timeout exceeded\r\n");
}

#[tokio::test]
async fn helo_alone() {
    let fleet = Fleet::new(NOW);
    let mut client = dial(&fleet, "helo-only", 25).await;
    client.hear().await;
    assert_eq!(client.ask("EHLO client.test").await, "502 5.5.1 Error: command not implemented\r\n");
    assert_eq!(client.ask("HELO client.test").await, "250 helo-only.specimen.test\r\n");
    let (mut client, _) = dial(&fleet, "helo-only", 465).await.tls().await.unwrap();
    client.hear().await;
    assert_eq!(client.ask("EHLO client.test").await, "502 5.5.1 Error: command not implemented\r\n");
}

#[tokio::test]
async fn auth_too_early_and_not_at_all() {
    let fleet = Fleet::new(NOW);
    for port in [25, 587] {
        let mut client = dial(&fleet, "auth-before-tls", port).await;
        client.hear().await;
        let reply = client.ask("EHLO client.test").await;
        assert!(reply.ends_with("250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n"), "{reply}");
    }
    let (mut client, _) = dial(&fleet, "no-auth-on-submission", 465).await.tls().await.unwrap();
    client.hear().await;
    assert!(client.ask("EHLO client.test").await.ends_with("250 CHUNKING\r\n"));
    let (mut client, _) = dial(&fleet, "no-auth-on-submission", 587).await.starttls().await.unwrap();
    assert!(client.ask("EHLO client.test").await.ends_with("250 CHUNKING\r\n"));
}

#[tokio::test]
async fn a_masking_firewall() {
    let fleet = Fleet::new(NOW);
    let mut client = dial(&fleet, "cisco", 25).await;
    assert_eq!(client.hear().await, "220 ****************************************\r\n");
    let masked = "250-cisco.specimen.test\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-XXXXXXXA\r\n250-8BITMIME\r\n250 XXXB\r\n";
    assert_eq!(client.ask("EHLO client.test").await, masked);
    assert_eq!(client.ask("STARTTLS").await, "502 5.5.1 Error: command not implemented\r\n");
    let (client, _) = dial(&fleet, "cisco", 587).await.starttls().await.unwrap();
    assert_eq!(client.host, "cisco.specimen.test");
}

#[tokio::test]
async fn hostile_text_arrives_as_it_is() {
    let fleet = Fleet::new(NOW);
    let mut client = dial(&fleet, "hostile-text", 25).await;
    let greeting = client.hear().await;
    for text in
        ["<img src=x onerror=alert(1)>", "\u{1b}[2J", "\u{202e}draziw", "\u{0}", "a lone \r in", "\u{200b}"]
    {
        assert!(greeting.contains(text), "{text:?}");
    }
    assert_eq!(greeting.matches("\r\n").count(), 5);
    let reply = client.ask("EHLO client.test").await;
    assert!(reply.contains("250-<b>BOLD</b> <iframe src=javascript:alert(5)>\r\n"), "{reply}");
    assert!(reply.ends_with("250 STARTTLS\r\n"), "{reply}");
    client.ask("STARTTLS").await;
    let (_, shown) = client.tls().await.unwrap();
    let subject = "\u{202e}elpmaxe.knab\u{202c} \u{200b}\u{feff}\u{7}\u{1b}[31m\0".as_bytes();
    assert!(shown.chain[0].windows(subject.len()).any(|octets| octets == subject));
}

#[tokio::test]
async fn ports_without_a_server() {
    let fleet = Fleet::new(NOW);
    let refused = [("closed-ports", 465), ("closed-ports", 587), ("unreachable", 25), ("healthy", 2525)];
    for (name, port) in refused {
        let dialled = fleet.connect(&format!("{name}.specimen.test"), port).await;
        let refusal = dialled.expect("a specimen").expect_err("a refusal");
        assert_eq!(refusal.code, RefusalCode::ConnectionRefused, "{name} {port}");
        let told = format!(
            "{name}.specimen.test:{port} refused the connection: no mail server listens on that port, or a firewall says so."
        );
        assert_eq!(refusal.message, told);
    }
    let mut open = dial(&fleet, "closed-ports", 25).await;
    assert!(open.hear().await.starts_with("220 "));
    let refusal = fleet.connect("no-route.specimen.test", 25).await.unwrap().unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Unreachable);
    assert!(fleet.connect("mx.example.com", 25).await.is_none());
}

#[tokio::test]
async fn the_server_is_strict() {
    let fleet = Fleet::new(NOW);
    let mut client = dial(&fleet, "healthy", 25).await;
    client.hear().await;
    for (command, reply) in [
        ("EHLO", "501 5.5.4 Syntax: EHLO hostname\r\n"),
        ("MAIL FROM:<a@client.test>", "503 5.5.1 Error: send HELO/EHLO first\r\n"),
        ("STARTTLS", "503 5.5.1 Error: send EHLO first\r\n"),
        ("helo client.test", "250 healthy.specimen.test\r\n"),
        ("STARTTLS now", "501 5.5.4 Syntax: STARTTLS\r\n"),
        ("AUTH PLAIN AGEAYg==", "503 5.5.1 Error: authentication not enabled\r\n"),
        ("MAIL FROM:<a@client.test>", "550 5.7.1 This server takes no mail\r\n"),
        ("RCPT TO:<b@client.test>", "503 5.5.1 Error: need MAIL command\r\n"),
        ("DATA", "503 5.5.1 Error: need MAIL command\r\n"),
        ("VRFY postmaster", "502 5.5.1 Error: command not implemented\r\n"),
        ("NOOP", "250 2.0.0 Ok\r\n"),
        ("RSET", "250 2.0.0 Ok\r\n"),
        ("GET / HTTP/1.1", "500 5.5.2 Error: command not recognized\r\n"),
        ("QUIT now", "501 5.5.4 Syntax: QUIT\r\n"),
        ("", "500 5.5.2 Error: command not recognized\r\n"),
        ("\u{ff}", "421 4.7.0 healthy.specimen.test Error: too many errors\r\n"),
    ] {
        assert_eq!(client.ask(command).await, reply, "{command}");
    }
    assert_eq!(client.hear().await, "");
}

#[tokio::test]
async fn lines_that_are_none() {
    let fleet = Fleet::new(NOW);
    let mut client = dial(&fleet, "healthy", 25).await;
    client.hear().await;
    client.say("EHLO client.test\n").await;
    assert_eq!(client.hear().await, "521 5.5.2 Error: bare <LF> received\r\n");
    let mut client = dial(&fleet, "healthy", 25).await;
    client.hear().await;
    client.say(&"x".repeat(5000)).await;
    assert_eq!(client.hear().await, "500 5.5.2 Error: line too long\r\n");
}

#[tokio::test]
async fn what_came_before_tls_is_forgotten_inside() {
    let fleet = Fleet::new(NOW);
    let mut client = dial(&fleet, "healthy", 25).await;
    client.hear().await;
    client.ask("EHLO client.test").await;
    assert_eq!(client.ask("STARTTLS\r\nNOOP").await, "220 2.0.0 Ready to start TLS\r\n");
    let (mut client, _) = client.tls().await.unwrap();
    assert_eq!(client.ask("MAIL FROM:<>").await, "503 5.5.1 Error: send HELO/EHLO first\r\n");
    client.ask("EHLO client.test").await;
    assert_eq!(client.ask("STARTTLS").await, "503 5.5.1 Error: TLS already active\r\n");
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_turn() {
    let fleet = Fleet::new(NOW);
    let mut client = dial(&fleet, "healthy", 25).await;
    client.hear().await;
    client.say("NOOP\r\nHELO client.test\r\nQUIT\r\n").await;
    assert_eq!(client.hear().await, "250 2.0.0 Ok\r\n");
    assert_eq!(client.hear().await, "250 healthy.specimen.test\r\n");
    assert_eq!(client.hear().await, "221 2.0.0 Bye\r\n");
}

#[tokio::test]
async fn behind_a_real_port() {
    let fleet = Fleet::new(NOW);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        fleet.serve("healthy.specimen.test", 465, stream).await.unwrap();
    };
    let asking = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let client = Client { host: "healthy.specimen.test".to_owned(), stream };
        let (mut client, _) = client.tls().await.unwrap();
        assert_eq!(client.hear().await, "220 healthy.specimen.test ESMTP ready\r\n");
        assert_eq!(client.ask("QUIT").await, "221 2.0.0 Bye\r\n");
    };
    tokio::join!(serving, asking);
    let nowhere = fleet.serve("closed-ports.specimen.test", 465, tokio::io::empty()).await;
    assert_eq!(nowhere.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    let nobody = fleet.serve("mx.example.com", 25, tokio::io::empty()).await;
    assert_eq!(nobody.unwrap_err().kind(), std::io::ErrorKind::NotFound);
}
