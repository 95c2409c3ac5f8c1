//! Replies that are read though they break a rule: each rule, and the line that breaks it.

mod scene;

use heloscope_observation::Stage;
use heloscope_report::{Port, Severity, Verdict, summary};
use heloscope_smtp::Command;
use scene::{Asked, EHLO, GREETING, Play, Scene, chain};

fn port(spec: &str, play: impl FnOnce(Play<'_>) -> Play<'_>) -> Port {
    Scene::one(spec, play).judged().ports.remove(0)
}

/// Port 25 with a greeting and an EHLO reply in these octets.
fn heard(greeting: &[u8], ehlo: &[u8]) -> Port {
    port("25", |play| {
        let play = play.connects().replies_octets(Stage::Greeting, greeting).says_ehlo();
        play.replies_octets(Stage::Ehlo, ehlo).quits()
    })
}

/// What a line is quoted for can be seen in the quotation, however far behind it stands.
#[test]
fn a_long_line_is_quoted_where_it_breaks_the_rule() {
    let long = "a".repeat(200);
    for (ehlo, quoted) in [
        (
            format!("250-mx1\r\n250-X {long}\x07{long}\r\n250 STARTTLS\r\n").into_bytes(),
            format!("“…{}\\x07{}…”", "a".repeat(30), "a".repeat(49)),
        ),
        (
            [format!("250-mx1\r\n250-X {long}").as_bytes(), b"\xff", b"\r\n250 STARTTLS\r\n"].concat(),
            format!("“…{}\\xff”", "a".repeat(30)),
        ),
        (
            format!("250-mx1\r\n250-X {long}ü{long}\r\n250 STARTTLS\r\n").into_bytes(),
            format!("“…{}ü{}…”", "a".repeat(30), "a".repeat(49)),
        ),
        (
            format!("250-mx1\r\n250-X {long}  {long}\r\n250 STARTTLS\r\n").into_bytes(),
            format!("“…{}  {}…”", "a".repeat(30), "a".repeat(48)),
        ),
        (
            format!("250-mx1\r\n250-X {long} \r\n250 STARTTLS\r\n").into_bytes(),
            format!("“250-X {}…\\x20”", "a".repeat(74)),
        ),
    ] {
        let found = heard(b"220 mx1.example.com ready\r\n", &ehlo);
        let explanation = &found.found("reply-format").explanation;
        assert!(explanation.contains(&quoted), "{quoted:?} is not in {explanation:?}");
    }
}

#[test]
fn reply_format() {
    const GREETING: &[u8] = b"220 mx1.example.com ready\r\n";
    const EHLO: &[u8] = b"250-mx1 hello\r\n250-SIZE 1\r\n250 STARTTLS\r\n";
    let cases: [(&[u8], &[u8], &str); 28] = [
        (
            b"220 mx1\n",
            EHLO,
            "Line 1 of the greeting ends in LF alone, not in CR LF (RFC 5321 §2.3.8): “220 mx1”.",
        ),
        (
            GREETING,
            b"250-mx1\n250-SIZE 1\n250 STARTTLS\n",
            "LF alone, not in CR LF (RFC 5321 §2.3.8): “250-mx1”. 2 more lines break the same rule.",
        ),
        (
            b"250-mx1\r\n220 ready\r\n",
            EHLO,
            "Line 1 of the greeting has another code than the last one (RFC 5321 §4.2.1): “250-mx1”.",
        ),
        (b"220_mx1\r\n", EHLO, "has neither a space nor a hyphen after its code (RFC 5321 §4.2): “220_mx1”."),
        (b"2200 hm\r\n", EHLO, "has neither a space nor a hyphen after its code (RFC 5321 §4.2): “2200 hm”."),
        (b"220 mx1 \x1b[31m\r\n", EHLO, "holds control characters (RFC 5321 §4.2): “220 mx1 \\x1b[31m”."),
        (b"220 mx1 \0\r\n", EHLO, "“220 mx1 \\x00”"),
        (b"220 mx1 \r\r\n", EHLO, "“220 mx1 \\r”"),
        (
            GREETING,
            b"250-mx1\r\n250-SIZE 1\r\n250 STARTTLS\r\r\n",
            "Line 3 of the reply to EHLO holds control characters (RFC 5321 §4.2): “250 STARTTLS\\r”.",
        ),
        (
            b"220 M\xfcller\r\n",
            EHLO,
            "holds octets above 127, which only a client that asks for SMTPUTF8 may be sent",
        ),
        ("220 Grüße\r\n".as_bytes(), EHLO, "RFC 6531 §3.7.4): “220 Grüße”."),
        (
            GREETING,
            b"250-mx1\r\n250-SIZE 1 \r\n250 STARTTLS\r\n",
            "Line 2 of the reply to EHLO ends with a space (RFC 5321 §4.1.1.1): “250-SIZE 1\\x20”.",
        ),
        (
            GREETING,
            b"250-mx1\r\n250-SIZE 1\r\n250 STARTTLS  \r\n",
            "a space (RFC 5321 §4.1.1.1): “250 STARTTLS\\x20\\x20”.",
        ),
        (
            b"220\r\n",
            EHLO,
            "Line 1 of the greeting gives no domain name after its code (RFC 5321 §4.2, §4.3.1): “220”.",
        ),
        (b"220 \r\n", EHLO, "gives no domain name after its code (RFC 5321 §4.2, §4.3.1): “220\\x20”."),
        (b"220-\r\n220 mx1\r\n", EHLO, "Line 1 of the greeting gives no domain name"),
        (
            GREETING,
            b"250\r\n",
            "Line 1 of the reply to EHLO gives no domain name after its code (RFC 5321 §4.1.1.1): “250”.",
        ),
        (
            GREETING,
            b"250-\r\n250 SIZE 1\r\n",
            "gives no domain name after its code (RFC 5321 §4.1.1.1): “250-”.",
        ),
        (
            GREETING,
            b"250-mx1\r\n250-SIZE 1\r\n250-STARTTLS\r\n250 size 2\r\n",
            "Line 4 of the reply to EHLO repeats the keyword of an earlier line (RFC 5321 §4.1.1.1 does not say which of \
             them counts): “250 size 2”.",
        ),
        (
            GREETING,
            b"250-mx1\r\n250-AUTH\r\n250 STARTTLS\r\n",
            "Line 2 of the reply to EHLO offers AUTH without a mechanism (RFC 4954 §3): “250-AUTH”.",
        ),
        (
            GREETING,
            b"250-mx1\r\n250 STARTTLS foo\r\n",
            "Line 2 of the reply to EHLO gives STARTTLS a parameter, though it has none (RFC 3207 §2): “250 STARTTLS foo”.",
        ),
        (GREETING, b"250-mx1\r\n250 starttls REQUIRED\r\n", "gives STARTTLS a parameter"),
        (GREETING, b"250-mx1\r\n250-SIZE  1\r\n250 STARTTLS\r\n", "(RFC 5321 §4.1.1.1): “250-SIZE  1”."),
        (GREETING, b"250-mx1\r\n250-SIZE\t1\r\n250 STARTTLS\r\n", "“250-SIZE\\t1”."),
        (GREETING, b"250-mx1\r\n250-\r\n250 STARTTLS\r\n", "Line 2 of the reply to EHLO is no keyword"),
        (GREETING, b"250-mx1\r\n250-X_Y\r\n250 STARTTLS\r\n", "“250-X_Y”."),
        (
            GREETING,
            b"250-mx1\r\n250-auth=LOGIN PLAIN\r\n250 STARTTLS\r\n",
            "offers AUTH=, a form for old clients",
        ),
        (
            GREETING,
            b"250-mx1\r\n250-SIZE 1\r\n250 XXX\xff\r\n",
            "Line 3 of the reply to EHLO holds octets above 127",
        ),
    ];
    for (greeting, ehlo, words) in cases {
        let port = heard(greeting, ehlo);
        let found = port.found("reply-format");
        assert_eq!(found.severity, Severity::Notice);
        // Exim's client reads no line that has another octet there.
        let unforgiven = words.contains("neither a space nor");
        let says = if unforgiven {
            "; some, such as Exim, end the session there."
        } else {
            "; strict ones may not."
        };
        assert!(found.explanation.contains(says), "{}", found.explanation);
        assert!(found.explanation.contains(words), "{words:?} is not in {:?}", found.explanation);
        assert_eq!(
            found.explanation.matches("Line ").count(),
            1,
            "one rule is broken: {}",
            found.explanation
        );
    }
    for (greeting, ehlo) in [
        (GREETING, EHLO),
        // What the grammar has: a tab in a greeting, no text at all, any of ASCII after an EHLO reply's domain.
        (b"220-mx1\tESMTP  \r\n220\r\n", b"250 mx1\r\n"),
        (GREETING, b"250-mx1\r\n250-XXXB\r\n250-XXXB\r\n250-AUTH PLAIN\r\n250 SIZE\r\n"),
        (GREETING, b"250-mx1 \x07 hello\r\n250-X-2 a=b;c\r\n250 8BITMIME\r\n"),
    ] {
        assert_eq!(
            heard(greeting, ehlo).verdict("reply-format"),
            Verdict::Passed,
            "{}",
            greeting.escape_ascii()
        );
    }
    // Nothing was heard that could break a rule.
    assert_eq!(port("25", |play| play.connects().after_ms(1)).verdict("reply-format"), Verdict::NotTested);
}

#[test]
fn a_line_may_have_512_octets() {
    let of = |length: usize| {
        let line = [&b"220 "[..], &vec![b'x'; length - 6], b"\r\n"].concat();
        heard(&line, b"250 mx1\r\n")
    };
    assert_eq!(of(512).verdict("reply-format"), Verdict::Passed);
    for length in [513, 5000] {
        let long = of(length);
        let words = &long.found("reply-format").explanation;
        assert!(words.starts_with("Line 1 of the greeting has more than 512 octets (RFC 5321 §4.5.3.1.5)"));
        assert!(words.contains(&format!("“220 {}…”", "x".repeat(76))), "{words}");
    }
}

#[test]
fn every_reply_is_looked_at_and_named() {
    let (_, _, leaf) = chain();
    let told = |port: &Port| port.found("reply-format").explanation.clone();
    let at_starttls = port("25", |play| {
        let play = play.connects().greets(GREETING).ehlo(EHLO).sends(Stage::StartTls, Command::StartTls);
        play.replies_octets(Stage::StartTls, b"220 go\n")
    });
    assert!(told(&at_starttls).starts_with("Line 1 of the reply to STARTTLS ends in LF"));
    let inside = port("25", |play| {
        let play =
            play.connects().greets(GREETING).ehlo(EHLO).starttls("220 go").tls(&[&leaf.der]).says_ehlo();
        play.replies_octets(Stage::EhloAfterTls, b"250 mx1\n")
    });
    assert!(told(&inside).starts_with("Line 1 of the reply to EHLO inside TLS ends in LF"));
    let at_helo = port("25", |play| {
        let play = play.connects().greets(GREETING).ehlo("502 no");
        let play = play.sends(Stage::Ehlo, Command::Helo("relay.example.org".to_owned()));
        play.replies_octets(Stage::Ehlo, b"250 mx1\n")
    });
    assert!(told(&at_helo).starts_with("Line 1 of the reply to HELO ends in LF"));
    let at_quit = port("25", |play| {
        let play = play.connects().greets(GREETING).ehlo("250 mx1").sends(Stage::Quit, Command::Quit);
        play.replies_octets(Stage::Quit, b"221 bye\n")
    });
    assert!(told(&at_quit).starts_with("Line 1 of the reply to QUIT ends in LF"));
}

/// What is not there may stand on a line that is not kept.
#[test]
fn of_a_reply_inside_tls_with_lines_that_are_not_kept_nothing_is_said_to_be_missing() {
    let (root, intermediate, leaf) = chain();
    let inside = |spec: &str, extensions: usize| {
        let lines: String = (0..extensions).map(|number| format!("250-X{number}\r\n")).collect();
        let reply = format!("250-mx1.example.com\r\n{lines}250 HELP\r\n");
        let scene = Scene::one(spec, |play| {
            let play = play.until_hello().tls(&[&leaf.der, &intermediate.der]).says_ehlo();
            play.replies_octets(Stage::EhloAfterTls, reply.as_bytes()).quits()
        });
        scene.judged_trusting(&root)
    };
    let report = inside("587", 108);
    let port = &report.ports[0];
    for id in ["starttls-inside-tls", "submission-without-auth", "reply-format"] {
        assert_eq!(port.verdict(id), Verdict::NotTested, "{id}");
        assert!(port.why(id).contains("more lines than are kept"), "{id}: {}", port.why(id));
    }
    let found = port.found("reply-too-long");
    assert_eq!(found.severity, Severity::Notice);
    assert_eq!(found.title, "The reply to EHLO inside TLS has more lines than are kept");
    assert!(
        found.explanation.starts_with(
            "The reply to EHLO inside TLS has 110 lines, of which this test keeps the first 99 and the last. What the others \
             offer is not known"
        ),
        "{}",
        found.explanation
    );
    assert!(
        summary(&report).starts_with("Mail clients reach this server over TLS 1.3; "),
        "{}",
        summary(&report)
    );
    // A hundred lines are all kept.
    let report = inside("25", 98);
    for id in ["starttls-inside-tls", "reply-too-long", "reply-format"] {
        assert_eq!(report.ports[0].verdict(id), Verdict::Passed, "{id}");
    }
}
