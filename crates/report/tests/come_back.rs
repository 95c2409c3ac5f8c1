//! A server that sends a client away, hangs up on it, or leaves it without an answer: what each sender does then.

mod scene;

use heloscope_observation::{RefusalCode, Stage};
use heloscope_report::{Remedies, Report, SenderOutcome, Severity, senders};
use heloscope_smtp::{Command, FaultKind};
use scene::{Asked, EHLO, GREETING, Play, Scene, chain};

/// The texts of the rows, all of senders that come back.
fn told(report: &Report) -> Vec<String> {
    let rows = senders(report);
    assert!(rows.iter().all(|row| row.outcome == SenderOutcome::Queues), "{rows:?}");
    rows.into_iter().map(|row| row.text).collect()
}

/// The finding says that senders come back, and so do the rows.
#[test]
fn a_421_to_ehlo_or_starttls_is_come_back_from() {
    let to_ehlo = Scene::one("25", |play| play.connects().greets(GREETING).ehlo("421 4.3.2 down").quits());
    let to_helo = Scene::one("25", |play| {
        play.connects().greets(GREETING).ehlo("502 5.5.1 no").helo("421 4.3.2 down").quits()
    });
    let to_starttls = Scene::one("25", |play| {
        play.connects().greets(GREETING).ehlo(EHLO).starttls("421 4.3.2 down").ends(Stage::StartTls)
    });
    for (scene, why) in [
        (to_ehlo, "the session ends before the reply to EHLO"),
        (to_helo, "EHLO is refused, and the session ends before the reply to HELO does"),
        (to_starttls, "the session ends before the reply to STARTTLS"),
    ] {
        let report = scene.judged();
        assert_eq!(report.ports[0].ids(), ["session-cut-short"], "{why}");
        let text = format!("Tries the domain's other mail exchangers, or this one again later: {why}.");
        assert_eq!(told(&report), [&*text, &*text, &*text]);
    }
}

#[test]
fn a_421_greeting_is_come_back_from_and_other_mail_exchangers_are_tried() {
    let report = Scene::one("25", |play| play.connects().greets("421 4.3.2 down").quits()).judged();
    let explanation = &report.ports[0].found("greeting-rejected").explanation;
    let follows = "A sender that gets this answer, whether opportunistic, MTA-STS or DANE, tries the domain's other mail \
                   exchangers, or keeps the mail queued and comes back later.";
    assert!(explanation.ends_with(follows), "{explanation}");
    let text = "Tries the domain's other mail exchangers, or this one again later: the server greets with 421: not now.";
    assert_eq!(told(&report), [text, text, text]);
}

/// RFC 5321 §4.5.3.2: a sender waits for minutes, and then treats it as it does a 421.
#[test]
fn a_server_that_hangs_up_or_falls_silent_is_come_back_from() {
    type Act = fn(Play<'_>) -> Play<'_>;
    let cases: [(Act, &str, &str); 6] = [
        (|play| play.connects().closes(Stage::Greeting), "Tries", "the session ends before the greeting"),
        (
            |play| play.connects().times_out(Stage::Greeting, 38),
            "Waits some minutes, then tries",
            "no greeting comes",
        ),
        (
            |play| play.connects().greets(GREETING).says_ehlo().closes(Stage::Ehlo),
            "Tries",
            "the session ends before the reply to EHLO",
        ),
        (
            |play| play.connects().greets(GREETING).says_ehlo().times_out(Stage::Ehlo, 18),
            "Waits some minutes, then tries",
            "no reply to EHLO comes",
        ),
        (
            |play| {
                let begun = play.connects().greets(GREETING).says_ehlo();
                begun.babbles(Stage::Ehlo, FaultKind::Incomplete, b"250-mx1").times_out(Stage::Ehlo, 18)
            },
            "Waits some minutes, then tries",
            "the reply to EHLO does not come to its end",
        ),
        (
            |play| {
                let asked = play.connects().greets(GREETING).ehlo(EHLO);
                asked.sends(Stage::StartTls, Command::StartTls).times_out(Stage::StartTls, 18)
            },
            "Waits some minutes, then tries",
            "no reply to STARTTLS comes",
        ),
    ];
    for (act, does, why) in cases {
        let report = Scene::one("25", act).judged();
        let text = format!("{does} the domain's other mail exchangers, or this one again later: {why}.");
        assert_eq!(told(&report), [&*text, &*text, &*text]);
        assert_eq!(report.ports[0].found("session-cut-short").title.to_lowercase(), why.to_lowercase());
        let client = Scene::one("587", act).judged();
        assert_eq!(told(&client), [format!("Cannot send for now: {why}.")]);
    }
}

/// A handshake that was finished is no mail that was delivered.
#[test]
fn a_server_that_hangs_up_or_falls_silent_inside_tls_delivers_nothing() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let without_tls = " Some, such as Postfix, then try this one without TLS.";
    let closed =
        |port| Scene::one(port, |play| play.until_hello().tls(sent).says_ehlo().closes(Stage::EhloAfterTls));
    let silent =
        Scene::one("25", |play| play.until_hello().tls(sent).says_ehlo().times_out(Stage::EhloAfterTls, 18));
    for (scene, does, why) in [
        (closed("25"), "Tries", "the session ends before the reply to EHLO inside TLS"),
        (silent, "Waits some minutes, then tries", "no reply to EHLO comes inside TLS"),
    ] {
        let report = scene.judged_trusting(&root);
        let text = format!("{does} the domain's other mail exchangers, or this one again later: {why}.");
        assert_eq!(told(&report), [format!("{text}{without_tls}"), text.clone(), text]);
        let found = report.ports[0].found("session-cut-short");
        assert_eq!(found.title.to_lowercase(), why.to_lowercase());
        assert!(
            found
                .explanation
                .ends_with("Some opportunistic senders, such as Postfix, then try it without TLS.")
        );
        // Who looks at a certificate that does not hold ends the session first.
        let outcomes: Vec<_> = senders(&scene.judged()).iter().map(|row| row.outcome).collect();
        assert_eq!(outcomes, [SenderOutcome::Queues, SenderOutcome::Refuses, SenderOutcome::Queues]);
    }
    let client = closed("587").judged_trusting(&root);
    assert_eq!(told(&client), ["Cannot send for now: the session ends before the reply to EHLO inside TLS."]);
    let mute = Scene::one("465", |play| play.connects().tls(sent).times_out(Stage::Greeting, 38));
    assert_eq!(told(&mute.judged_trusting(&root)), ["Cannot send for now: no greeting comes."]);
}

/// Where the relay went away, or a reply had no end, nothing is known of what comes after.
#[test]
fn what_ended_inside_tls_for_another_reason_is_not_tested() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let lost = Scene::one("25", |play| {
        play.until_hello().tls(sent).says_ehlo().loses(Stage::EhloAfterTls, RefusalCode::RelayUnreachable)
    });
    let endless = Scene::one("25", |play| {
        let play = play.until_hello().tls(sent).says_ehlo();
        play.babbles(Stage::EhloAfterTls, FaultKind::TooLong, b"250-a").ends(Stage::EhloAfterTls)
    });
    for (scene, why) in [
        (lost, "the connection to the relay broke off while the reply to EHLO inside TLS was awaited"),
        (endless, "a reply was longer than this test reads"),
    ] {
        for row in senders(&scene.judged_trusting(&root)) {
            let told = (row.outcome, row.text);
            assert_eq!(told, (SenderOutcome::NotTested, format!("Not tested: {why}.")), "{:?}", row.sender);
        }
        assert_eq!(senders(&scene.judged())[1].outcome, SenderOutcome::Refuses);
    }
}

#[test]
fn a_421_inside_tls_is_come_back_from_by_who_takes_the_certificate() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let scene = Scene::one("25", |play| play.until_hello().tls(sent).ehlo("421 4.7.0 bye").quits());
    let report = scene.judged_trusting(&root);
    assert_eq!(report.ports[0].ids(), ["session-cut-short"]);
    assert!(report.ports[0].found("session-cut-short").explanation.contains("comes back later"));
    // A 421 is an answer: none tries it without TLS for that.
    let later = "Tries the domain's other mail exchangers, or this one again later: the session ends before the reply to EHLO inside TLS.";
    assert_eq!(told(&report), [later, later, later]);
    let outcomes: Vec<_> = senders(&scene.judged()).iter().map(|row| row.outcome).collect();
    assert_eq!(outcomes, [SenderOutcome::Queues, SenderOutcome::Refuses, SenderOutcome::Queues]);
}

/// The command goes as far as the session came, else it would show nothing of it.
#[test]
fn what_was_cut_short_is_seen_again_where_it_was() {
    type Act = fn(Play<'_>) -> Play<'_>;
    let again = |port: &str, act: Act| {
        let report = Scene::one(port, act).judged();
        let port = &report.ports[0];
        let [command] = &Remedies::BUILT_IN.commands(&report, port, port.found("session-cut-short"))[..]
        else {
            panic!("one command");
        };
        command.strip_prefix("swaks --server mx1.example.com --port ").expect("swaks").to_owned()
    };
    let inside = "25 --helo relay.example.org --tls --tls-sni mx1.example.com --quit-after EHLO";
    assert_eq!(again("25", |play| play.connects().closes(Stage::Greeting)), "25 --quit-after BANNER");
    assert_eq!(
        again("25", |play| play.connects().greets(GREETING).says_ehlo().closes(Stage::Ehlo)),
        "25 --helo relay.example.org --quit-after FIRST-EHLO"
    );
    assert_eq!(
        again("25", |play| play
            .connects()
            .greets(GREETING)
            .ehlo(EHLO)
            .starttls("421 no")
            .ends(Stage::StartTls)),
        inside
    );
    assert_eq!(again("25", |play| play.until_hello().times_out(Stage::Tls, 18)), inside);
    assert_eq!(
        again("25", |play| play.until_hello().tls(&[]).says_ehlo().closes(Stage::EhloAfterTls)),
        inside
    );
    assert_eq!(
        again("465", |play| play.connects().tls(&[]).closes(Stage::Greeting)),
        "465 --tls-on-connect --tls-sni mx1.example.com --quit-after BANNER"
    );
    assert_eq!(
        again("465", |play| play
            .connects()
            .tls(&[])
            .greets(GREETING)
            .says_ehlo()
            .closes(Stage::EhloAfterTls)),
        "465 --helo relay.example.org --tls-on-connect --tls-sni mx1.example.com --quit-after EHLO"
    );
}

/// This test has less time than a sender.
#[test]
fn a_reply_that_still_comes_when_time_is_over_may_come_to_its_end() {
    let dripping = |seconds| {
        Scene::one("25", |play| {
            let play = play.connects().babbles(Stage::Greeting, FaultKind::Incomplete, b"220 mx1.exa");
            play.times_out(Stage::Greeting, seconds)
        })
    };
    let report = dripping(1).judged();
    for row in senders(&report) {
        assert_eq!(row.outcome, SenderOutcome::Depends);
        assert_eq!(
            row.text,
            "Goes on if the reply ends while it waits, which is minutes (RFC 5321 §4.5.3.2); else tries the domain's other \
             mail exchangers, or this one again later: the greeting does not come to its end."
        );
    }
    let silent = dripping(18).judged();
    assert!(told(&silent)[0].starts_with("Waits some minutes, then tries"), "{:?}", told(&silent));
}

/// What a relay carries on one connection is no quota of connections.
#[test]
fn a_relay_that_carries_no_more_has_a_quota_left() {
    let report = Scene::one("25", |play| {
        play.connects().greets(GREETING).says_ehlo().loses(Stage::Ehlo, RefusalCode::Quota)
    })
    .judged();
    let rows = senders(&report);
    assert_eq!(rows[0].outcome, SenderOutcome::NotTested);
    assert_eq!(rows[0].text, "Not tested: the relay carried no more while the reply to EHLO was awaited.");
    let before = Scene::one("25", |play| play.meets(Stage::Connect, RefusalCode::Quota)).judged();
    assert_eq!(senders(&before)[0].text, "Not tested: the relay's quota is used up.");
}

/// Half a reply is not none.
#[test]
fn a_session_that_ends_in_the_middle_of_a_reply_is_said_to() {
    let begun = Scene::one("25", |play| {
        let play = play.connects().greets(GREETING).says_ehlo();
        play.babbles(Stage::Ehlo, FaultKind::Incomplete, b"250-mx1").closes(Stage::Ehlo)
    });
    let report = begun.judged();
    let title = "The session ends in the middle of the reply to EHLO";
    assert_eq!(report.ports[0].found("session-cut-short").title, title);
    let reset = Scene::one("25", |play| {
        let play = play.connects().babbles(Stage::Greeting, FaultKind::Incomplete, b"220-mx1");
        play.loses(Stage::Greeting, RefusalCode::Reset)
    });
    let title = "The session ends in the middle of the greeting";
    assert_eq!(reset.judged().ports[0].found("session-cut-short").title, title);
    let mute = Scene::one("25", |play| play.until_hello().times_out(Stage::Tls, 18)).judged();
    let title = "The server falls silent during the handshake";
    assert_eq!(mute.ports[0].found("session-cut-short").title, title);
}

/// Postfix and Exim look at the first digit alone.
#[test]
fn a_reply_that_says_yes_with_another_code_is_taken_by_some() {
    let greeting = Scene::one("25", |play| play.connects().greets("250 mx1 hello").quits());
    let ehlo = Scene::one("25", |play| play.connects().greets(GREETING).ehlo("220 mx1").quits());
    let inside = Scene::one("25", |play| play.until_hello().tls(&[]).ehlo("220 mx1").quits());
    for (scene, id, title) in [
        (greeting, "greeting-rejected", "The server greets with 250, not 220"),
        (ehlo, "ehlo-rejected", "The server answers EHLO with 220, not 250"),
        (inside, "ehlo-rejected", "Inside TLS the server answers EHLO with 220, not 250"),
    ] {
        let report = scene.judged();
        let found = report.ports[0].found(id);
        assert_eq!((found.severity, found.title.as_str()), (Severity::Warning, title));
        let follows = "A sender that goes by the first digit of a reply (RFC 5321 §4.2.1), as Postfix and Exim do, goes on as \
                       usual. Any other, whether opportunistic, MTA-STS or DANE, keeps the mail queued or returns it.";
        assert!(found.explanation.ends_with(follows), "{}", found.explanation);
        let small = title.replace("The server", "the server").replace("Inside TLS", "inside TLS");
        let text = format!(
            "Depends on whether it goes by the first digit of a reply, as Postfix and Exim do: {small}."
        );
        for row in senders(&report) {
            assert_eq!((row.outcome, &row.text), (SenderOutcome::Depends, &text), "{:?}", row.sender);
        }
    }
    let odd = Scene::one("25", |play| play.connects().greets("354 go on").quits()).judged();
    assert_eq!(odd.ports[0].found("greeting-rejected").severity, Severity::Error);
    assert!(senders(&odd).iter().all(|row| row.outcome == SenderOutcome::Refuses));
}

/// There was no handshake whose versions and suites could be at fault.
#[test]
fn a_hang_up_at_starttls_is_mended_at_starttls() {
    let asked = Scene::one("25", |play| {
        let play = play.connects().greets(GREETING).ehlo(EHLO).sends(Stage::StartTls, Command::StartTls);
        play.closes(Stage::StartTls)
    });
    let report = asked.judged();
    let found = report.ports[0].found("starttls-failed");
    assert_eq!(found.title, "STARTTLS is offered but the server hangs up at it");
    assert!(
        found.fix.starts_with("Look in the server's log for why it ended the connection at STARTTLS"),
        "{}",
        found.fix
    );
}
