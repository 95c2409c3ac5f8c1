//! The report as a whole: its JSON to the letter, and what it is while a test still runs.

mod scene;

use heloscope_observation::{AlertDescription, Event, Stage, TlsFailure, TlsVersion};
use heloscope_report::{Report, Speaker, Status, Verdict};
use heloscope_smtp::{LineEnding, Octets, Reply, ReplyLine};
use scene::{Asked, EHLO, GREETING, Scene, chain};

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
    let no_line = Event::Replied { reply: Reply { lines: Vec::new() }, encrypted: false };
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
        let greeting = Event::Replied { reply: Reply { lines }, encrypted: false };
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
    // The banner stays as sent, but for what no JSON string can hold.
    assert!(
        report.ports[0].banner.as_deref().unwrap().starts_with("220-\u{1b}[31m\u{fffd}\u{202e}\n220 xxx")
    );
}

#[test]
fn a_transcript_is_bounded() {
    let long = (0..255).map(|_| "250-X\n").collect::<String>() + "250 X";
    let report = Scene::one("25", |play| {
        let play = play.connects().greets(GREETING);
        play.ehlo(&long).ehlo(&long).ehlo(&long).ehlo(&long)
    })
    .judged();
    let transcript = &report.ports[0].transcript;
    assert_eq!(transcript.len(), 800);
    // 1 greeting and 4 times an EHLO with 256 lines are 1029; 799 are shown.
    assert_eq!(transcript[799].text, "… [230 more lines]");
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
