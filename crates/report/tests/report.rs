//! The report as a whole: its JSON to the letter, and what it is while a test still runs.

mod scene;

use std::time::Duration;

use heloscope_observation::{AlertDescription, Event, Pace, RefusalCode, Stage, TlsFailure, TlsVersion};
use heloscope_report::{
    Port, Remedies, Report, SenderOutcome, Severity, Speaker, Status, Verdict, senders, summary,
};
use heloscope_smtp::{Fault, FaultKind, LeftOut, LineEnding, Octets, ReplyLine};
use scene::{Asked, EHLO, GREETING, Play, Scene, chain};

/// All as it should be on ports 25 and 465, in JSON: the contract with whoever reads it.
#[test]
fn a_healthy_report_to_the_letter() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let scene = Scene::of("mx1.example.com")
        .port("25", |play| play.goes_well(sent))
        .port("465", |play| play.goes_well(sent));
    let report = scene.judged_trusting(&root);

    let json = serde_json::to_string_pretty(&report).unwrap() + "\n";
    let expected = include_str!("fixtures/healthy.json");
    assert!(json == expected, "not what tests/fixtures/healthy.json says:\n{json}");
    assert_eq!(serde_json::from_str::<Report>(expected).unwrap(), report);
}

/// Whoever wants to see it again has to go to the same address, be it one that did not answer.
#[test]
fn the_address_that_was_chosen_stands_in_the_report() {
    let mut scene = Scene::one("25", |play| play.meets(Stage::Connect, RefusalCode::ConnectTimeout))
        .port("465", |play| play.goes_well(&[]));
    assert_eq!(scene.judged().address, None);
    scene.observations.target.address = Some([203, 0, 113, 5].into());
    let report = scene.judged();
    assert_eq!((report.host.as_str(), report.address.as_deref()), ("mx1.example.com", Some("203.0.113.5")));
    assert_eq!(report.ports[0].address, None);
    let again = |port: &Port, id| Remedies::BUILT_IN.commands(&report, port, port.found(id));
    assert_eq!(
        again(&report.ports[0], "connect-failed"),
        ["swaks --server 203.0.113.5 --port 25 --quit-after BANNER"]
    );
}

/// A test under way: at no time is there a finding that the whole test does not bear out.
#[test]
fn no_part_of_a_healthy_test_finds_anything() {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let mut scene = Scene::of("mx1.example.com")
        .port("25", |play| play.goes_well(sent))
        .port("465", |play| play.goes_well(sent))
        .port("587", |play| play.goes_well(sent));
    let whole = scene.observations.seen.clone();
    for length in 0..whole.len() {
        scene.observations.seen = whole[..length].to_vec();
        let report = scene.judged_trusting(&root);
        for port in &report.ports {
            assert_eq!((port.ids(), port.error.clone()), (vec![], None), "{length}: {}", port.port);
            assert!(port.checks.iter().all(|check| check.verdict != Verdict::Found), "{length}");
        }
        assert!(matches!(report.status, Status::Ok | Status::Untested), "{length}");
    }
    scene.observations.seen.clear();
    let nothing = scene.judged();
    assert_eq!(nothing.status, Status::Untested);
    assert_eq!((nothing.ports[0].starttls_supported, nothing.ports[0].timings.total_ms), (None, None));
    assert_eq!(nothing.ports[0].why("not-smtp"), "the test has not come this far");
}

/// What no probe would give: events out of order, twice, or without what comes before.
#[test]
fn observations_in_any_order_do_no_harm() {
    let (root, _, leaf) = chain();
    let mut scene =
        Scene::one("25", |play| play.goes_well(&[&leaf.der])).port("465", |play| play.goes_well(&[b"x"]));
    let whole = scene.observations.seen.clone();
    let mut orders: Vec<Vec<_>> = whole.iter().map(|seen| vec![seen.clone()]).collect();
    orders.push(whole.iter().rev().cloned().collect());
    orders.push(whole.iter().chain(&whole).cloned().collect());
    orders.extend((1..whole.len()).map(|from| [&whole[from..], &whole[..from]].concat()));
    for order in orders {
        scene.observations.seen = order;
        let report = scene.judged_trusting(&root);
        assert_eq!(report.ports.len(), 2);
        assert_eq!(heloscope_report::progress(&scene.observations, std::time::Duration::ZERO).len(), 2);
    }
    let no_line = Event::Replied { reply: Vec::new().into(), encrypted: false, came: None };
    scene = Scene::one("25", |play| play.connects().see(Stage::Greeting, no_line));
    assert_eq!(scene.judged().ports[0].banner, None);
    scene.observations.began_at_ms = i64::MAX;
    scene.observations.connections.clear();
    assert_eq!(scene.judged().tested_at, "");
}

#[test]
fn times_and_place_of_the_test() {
    let mut scene = Scene::one("25", |play| play.connects().greets(GREETING));
    scene.observations.relay = None;
    let report = scene.judged();
    assert_eq!(report.tested_at, "2026-11-23T22:15:04Z");
    assert_eq!((report.duration_ms, report.vantage.as_str()), (73, "direct"));
    let timings = report.ports[0].timings;
    assert_eq!((timings.resolve_ms, timings.connect_ms, timings.greeting_ms), (Some(3), Some(21), Some(49)));
    assert_eq!((timings.tls_ms, timings.total_ms), (None, None));
}

#[test]
fn the_transcript_shows_what_cannot_be_seen() {
    let report = Scene::one("25", |play| {
        let lines = vec![
            ReplyLine {
                octets: Octets::from(&b"220-\x1b[31m\xff\xe2\x80\xae"[..]),
                ending: LineEnding::Lf,
                cut: 0,
            },
            ReplyLine {
                octets: format!("220 {}", "x".repeat(600)).as_str().into(),
                ending: LineEnding::CrLf,
                cut: 9,
            },
        ];
        let greeting = Event::Replied { reply: lines.into(), encrypted: false, came: None };
        let play = play.connects().see(Stage::Greeting, greeting).ehlo(EHLO);
        play.see(Stage::StartTls, Event::Injected { octets: b"250 x\r\n".into(), total: 7 })
    })
    .judged();
    let transcript = &report.ports[0].transcript;
    let said: Vec<(Speaker, &str)> = transcript.iter().map(|line| (line.from, line.text.as_str())).collect();
    let long = format!("220 {} … [101 more octets]", "x".repeat(508));
    assert_eq!(
        said,
        [
            (Speaker::Server, "220-\\x1b[31m\\xff\\u{202e}"),
            (Speaker::Server, &long),
            (Speaker::Client, "EHLO relay.example.org"),
            (Speaker::Server, "250-mx1.example.com"),
            (Speaker::Server, "250-SIZE 52428800"),
            (Speaker::Server, "250 STARTTLS"),
            (Speaker::Server, "250 x\\r\\n"),
        ]
    );
    // The banner is whole, in the same notation.
    let banner = format!("220-\\x1b[31m\\xff\\u{{202e}}\n220 {} … [9 more octets]", "x".repeat(600));
    assert_eq!(report.ports[0].banner.as_deref(), Some(banner.as_str()));
}

/// Postscreen's teaser comes at once, the rest after its greet wait; a line that drips has come with its last octet.
#[test]
fn each_line_of_a_transcript_has_its_own_time() {
    let ms = Duration::from_millis;
    let pace = |first, last, lines: &[u64]| {
        let lines = lines.iter().copied().map(ms).collect();
        Some(Pace { first: ms(first), last: ms(last), lines, pieces: 2, octets: 40 })
    };
    let report = Scene::one("25", |play| {
        let play = play.connects().after_ms(6_000);
        let play = play.replies_at("220-mx1 wait\n220 mx1", pace(25, 6_029, &[25, 6_029])).says_ehlo();
        let lines = vec![ReplyLine { octets: "250-mx1".into(), ending: LineEnding::CrLf, cut: 0 }];
        let fault = Fault {
            kind: FaultKind::Incomplete,
            lines,
            left_out: LeftOut::default(),
            octets: "250 ST".into(),
            more: 0,
        };
        let came = pace(6_040, 9_000, &[6_050]);
        play.after_ms(20_000).see(Stage::Ehlo, Event::NoReply { fault, encrypted: false, came })
    })
    .judged();
    let lines = report.ports[0].transcript.iter();
    let said: Vec<(u64, &str)> = lines.map(|line| (line.at_ms, line.text.as_str())).collect();
    assert_eq!(
        said,
        [
            (25, "220-mx1 wait"),
            (6_029, "220 mx1"),
            (6_029, "EHLO relay.example.org"),
            (6_050, "250-mx1"),
            (9_000, "250 ST"),
        ]
    );
}

/// What was left out is marked where it stood, and nothing is said of what may stand there.
#[test]
fn a_long_reply_is_shown_as_far_as_it_is_kept() {
    let greeting = [&b"220-mx1\r\n".repeat(300)[..], b"220 ready\r\n"].concat();
    let ehlo = [&b"250-X-1\r\n".repeat(40_000)[..], b"250 X-2\r\n"].concat();
    let report = Scene::one("587", |play| {
        let play = play.connects().replies_octets(Stage::Greeting, &greeting).says_ehlo();
        play.replies_octets(Stage::Ehlo, &ehlo).quits()
    });
    let port = report.judged().ports.remove(0);
    let banner = port.banner.clone().unwrap();
    assert!(banner.ends_with("220-mx1\n… [201 more lines, 1809 octets]\n220 ready"), "{banner}");
    assert_eq!(banner.lines().count(), 101);
    let texts: Vec<&str> = port.transcript.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        texts[98..102],
        ["220-mx1", "… [201 more lines, 1809 octets]", "220 ready", "EHLO relay.example.org"]
    );
    assert_eq!(texts[201..], ["… [39901 more lines, 359109 octets]", "250 X-2", "QUIT", "221 bye"]);
    // Of each reply 99 lines and the last one are kept.
    assert_eq!((port.error.as_ref(), port.starttls_supported, port.capabilities.len()), (None, None, 99));
    assert_eq!(
        port.notes,
        [
            "The greeting has 301 lines, of which the first 99 and the last are kept.",
            "The reply to EHLO has 40001 lines, of which the first 99 and the last are kept; what the others offer is not \
             known.",
        ]
    );
    for id in ["starttls-missing", "auth-without-tls", "submission-without-auth", "esmtp-masked"] {
        assert_eq!(port.verdict(id), Verdict::NotTested, "{id}");
        assert!(port.why(id).contains("more lines than are kept"), "{id}: {}", port.why(id));
    }
    assert_eq!(port.ids(), ["reply-too-long", "reply-format"]); // one keyword on many lines
    // Where it stands on a line that is kept, it is known.
    let offered = Scene::one("587", |play| {
        let ehlo = [&b"250-mx1\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n"[..], &ehlo].concat();
        play.connects().greets("220 mx1").says_ehlo().replies_octets(Stage::Ehlo, &ehlo)
    });
    let port = offered.judged().ports.remove(0);
    assert_eq!(port.starttls_supported, Some(true));
    assert_eq!(port.ids(), ["auth-without-tls", "reply-format", "reply-too-long"]);
    assert_eq!(port.found("reply-too-long").severity, Severity::Notice);
}

/// The test is over, and has not told whether there is TLS.
#[test]
fn what_could_not_be_tested_for_a_long_reply_is_not_as_it_should_be() {
    let mut ehlo = b"250-mx1\r\n".to_vec();
    (0..2000).for_each(|line| ehlo.extend(format!("250-X-{line}\r\n").bytes()));
    ehlo.extend(b"250-STARTTLS\r\n250 HELP\r\n");
    let report = Scene::one("25", |play| {
        play.connects().greets("220 mx1").says_ehlo().replies_octets(Stage::Ehlo, &ehlo).quits()
    });
    let report = report.judged();
    let port = &report.ports[0];
    assert_eq!((report.status, port.ids()), (Status::Warning, vec!["reply-too-long"]));
    assert!(
        port.found("reply-too-long").explanation.starts_with(
            "The reply to EHLO has 2003 lines, of which this test keeps the first 99 and the last. STARTTLS stands on none"
        )
    );
    assert_eq!(
        summary(&report),
        "Port 25: the reply to EHLO has more lines than are kept, and STARTTLS may be on one of the others."
    );
    for row in senders(&report) {
        let told = (row.outcome, row.text.as_str());
        let reason = "Not tested: the reply to EHLO has more lines than are kept.";
        assert_eq!(told, (SenderOutcome::NotTested, reason));
    }
}

/// All that came is kept up to 512 octets, line by line where it is text.
#[test]
fn what_is_no_smtp_is_in_the_transcript() {
    let texts = |spec: &str, play: &dyn Fn(Play<'_>) -> Play<'_>| -> Vec<String> {
        let transcript = Scene::one(spec, play).judged().ports.remove(0).transcript;
        transcript.into_iter().map(|line| line.text).collect()
    };
    let babbles = |octets: &'static [u8]| {
        texts("25", &|play| {
            play.connects().babbles(Stage::Greeting, FaultKind::NotAReply, octets).ends(Stage::Greeting)
        })
    };
    assert_eq!(
        babbles(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n<html>"),
        ["HTTP/1.1 400 Bad Request", "Server: x", "", "<html>"]
    );
    assert_eq!(
        babbles(b"SSH-2.0-x\r\n\0\0\x05\xdc\x07\n\x14"),
        ["SSH-2.0-x", "\\x00\\x00\\x05\\xdc\\x07", "\\x14"]
    );
    assert_eq!(babbles(b"\0\n\x01"), ["\\x00\\n\\x01"]);
    let long = babbles(&[b'x'; 512]);
    assert_eq!(long, [format!("{} … [cut off after 512 octets]", "x".repeat(512))]);
    let clear = TlsFailure::NotTls(b"* OK ready\r\n* BYE what\r\n".into());
    assert_eq!(
        texts("465", &|play| play.until_hello().tls_fails(clear.clone())),
        ["* OK ready", "* BYE what"]
    );
}

/// No fault, and worth a word.
#[test]
fn a_greeting_in_parts_is_noted() {
    let ms = |times: &[u64]| times.iter().copied().map(Duration::from_millis).collect::<Vec<_>>();
    let noted = |spec: &str, text: &str, first: u64, lines: &[u64], pieces| {
        let (first, lines) = (Duration::from_millis(first), ms(lines));
        let came = Some(Pace { first, last: *lines.last().unwrap(), lines, pieces, octets: 16 });
        let report = Scene::one(spec, |play| match spec {
            "25" => play.connects().replies_at(text, came),
            _ => play.connects().tls(&[]).replies_at(text, came),
        });
        let port = report.judged().ports.remove(0);
        assert_eq!(port.ids(), [""; 0]);
        port.notes
    };
    let teaser = "220-mx1 wait\n220 mx1";
    assert_eq!(
        noted("25", teaser, 25, &[25, 6_029], 2),
        [
            "The greeting came in parts: its first line at once, the last 6 s later. A server such as Postfix's postscreen \
          does so to find out who speaks before the greeting is complete; this test did not."
        ]
    );
    for (last, said) in [(5_524, "5 s"), (5_525, "6 s"), (6_524, "6 s"), (4_974, "4.9 s"), (4_975, "5 s")] {
        let noted = noted("25", teaser, 25, &[25, last], 2);
        assert!(noted[0].contains(&format!("the last {said} later.")), "{last}: {noted:?}");
    }
    let late = noted("465", teaser, 3_056, &[3_056, 5_300], 3);
    assert!(
        late[0].starts_with("The greeting came in parts: its first line after 3.0 s, the last 2.2 s later."),
        "{late:?}"
    );
    let dripped = ["The greeting, 16 octets, came in 16 pieces over 4.8 s."];
    assert_eq!(noted("25", "220 mx1", 25, &[4_825], 16), dripped);
    assert_eq!(noted("25", teaser, 25, &[2_000, 4_825], 16), dripped);
    assert_eq!(
        noted("25", "220 mx1", 25, &[5_025], 2),
        ["The greeting, 16 octets, came in 2 pieces over 5 s."]
    );
    // What a network does to it is none of the server's doing.
    assert_eq!(noted("25", teaser, 25, &[25, 900], 3), [""; 0]);
    assert_eq!(Scene::one("25", |play| play.connects().greets(GREETING)).judged().ports[0].notes, [""; 0]);
}

#[test]
fn a_transcript_is_bounded() {
    let long = (0..99).map(|_| "250-X\n").collect::<String>() + "250 X";
    let report = Scene::one("25", |play| {
        let play = play.connects().greets(GREETING);
        play.ehlo(&long).ehlo(&long).ehlo(&long).ehlo(&long)
    })
    .judged();
    let transcript = &report.ports[0].transcript;
    assert_eq!(transcript.len(), 400);
    // 1 greeting and 4 times an EHLO with 100 lines are 405; 399 are shown.
    assert_eq!(transcript[399].text, "… [6 more lines]");
}

#[test]
fn capabilities_are_the_last_known() {
    let before = Scene::one("25", |play| play.connects().greets(GREETING).ehlo(EHLO)).judged();
    let port = &before.ports[0];
    assert_eq!(port.capabilities_before_tls.as_ref(), Some(&port.capabilities));
    assert_eq!((port.capabilities.len(), port.capabilities_after_tls.as_ref()), (2, None));
    assert_eq!(port.capabilities[0].meaning.as_deref(), Some("Largest message the server takes: 50 MiB"));

    let implicit = Scene::one("465", |play| play.goes_well(&[])).judged();
    assert_eq!(implicit.ports[0].capabilities_before_tls, None);
    assert_eq!(implicit.ports[0].starttls_supported, Some(false));
}

/// Where the time goes: to the relay and back, to a second connection, and to what the server was asked.
#[test]
fn timings_leave_nothing_out() {
    let alert = TlsFailure::Alert(AlertDescription(70));
    let mut scene = Scene::one("25", |play| {
        play.after_ms(7)
            .connects()
            .after_ms(600)
            .greets(GREETING)
            .ehlo(EHLO)
            .starttls("220 go")
            .begins_handshake()
            .tls_fails(alert)
    })
    .raw_hello("25", |play| {
        play.after_ms(700).connects().answers(TlsVersion::TLS_1_0, 0xc013, Some(23), None, &[])
    });
    // The relay's word that TCP had connected took 600 ms to come.
    scene.observations.seen[1].at += std::time::Duration::from_millis(600);
    let timings = scene.judged().ports[0].timings;
    assert_eq!((timings.began_ms, timings.relay_ms), (Some(7), Some(600)));
    assert_eq!((timings.resolve_ms, timings.connect_ms), (Some(3), Some(21)));
    assert_eq!((timings.other_connections_ms, timings.total_ms), (Some(41), Some(724)));
    scene.observations.relay = None;
    assert_eq!(scene.judged().ports[0].timings.relay_ms, None);
}
