//! Observations of anything, judged and shown; and saved observations and reports that anyone may have written.
//!
//! The first octet chooses: steps that make observations, the JSON of observations, or the JSON of a report.
#![no_main]

use std::sync::OnceLock;
use std::time::Duration;

use heloscope_crypto::{SIGNATURE_ALGORITHMS, WEAK_SIGNATURE_ALGORITHMS};
use heloscope_fuzz::{CERTIFICATE, Script, changed};
use heloscope_observation::{
    AlertDescription, CipherSuite, Connection, ConnectionId, Der, Established, Event, Handshake, Host,
    NamedGroup, Observation, Observations, Pace, PortSpec, Purpose, Refusal, RefusalCode, Stage, Target,
    TlsFailure, TlsVersion, Unoffered,
};
use heloscope_pki::{TrustAnchors, Verifier};
use heloscope_render::{html, markdown, text};
use heloscope_report::{
    Finding, Report, Severity, Status, Verdict, checks, judge, progress, senders, summary,
};
use heloscope_smtp::{Command, Fault, FaultKind, LeftOut, LineEnding, Reply, ReplyLine};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    match choice % 4 {
        0 | 1 => observed(&made(rest), usize::from(*choice >> 2)),
        2 => {
            if let Ok(observations) = serde_json::from_slice::<Observations>(rest) {
                let json = serde_json::to_vec(&observations).expect("observations are plain data");
                assert_eq!(
                    serde_json::from_slice::<Observations>(&json).expect("it was just written"),
                    observations
                );
                observed(&observations, usize::from(*choice >> 2));
            }
        }
        _ => {
            if let Ok(report) = serde_json::from_slice::<Report>(rest) {
                shown(&report);
            }
        }
    }
});

fn observed(observations: &Observations, time: usize) {
    static ANCHORS: OnceLock<TrustAnchors> = OnceLock::new();
    let anchors = ANCHORS.get_or_init(|| {
        let mut anchors = TrustAnchors::webpki();
        anchors.add_pem(include_str!("../fixtures/root.pem")).expect("the root is a certificate");
        anchors
    });
    let verifier = Verifier { anchors, accepted: SIGNATURE_ALGORITHMS, weak: WEAK_SIGNATURE_ALGORITHMS };
    let now = [1_798_761_600, 0, i64::MIN, i64::MAX, 4_102_444_800][time % 5];
    let report = judge(observations, &verifier, now);

    assert_eq!(report.host, observations.target.host.to_string());
    let asked: Vec<u16> = observations.target.ports.iter().map(|spec| spec.port).collect();
    assert_eq!(
        report.ports.iter().map(|port| port.port).collect::<Vec<_>>(),
        asked,
        "every port, as asked for"
    );
    for port in &report.ports {
        let ids = port.checks.iter().map(|check| check.id.as_str());
        assert!(ids.eq(checks().map(|check| check.id)), "every check has a verdict");
        for check in &port.checks {
            let says_why = match (check.verdict, check.id.as_str()) {
                // How far was looked.
                (Verdict::Passed, "tls-hello-intolerance") => true,
                // That QUIT got no whole reply, where that was all.
                (Verdict::Passed, "malformed-reply" | "reply-too-long" | "session-cut-short") => {
                    check.why.as_deref() == Some("no whole reply to QUIT came; all was said by then")
                }
                (Verdict::Passed | Verdict::Found, _) => false,
                (Verdict::NotApplicable | Verdict::NotTested, _) => true,
            };
            assert_eq!(check.why.is_some(), says_why, "{check:?}");
            let of = |findings: &[Finding]| findings.iter().filter(|finding| finding.id == check.id).count();
            match check.verdict {
                Verdict::Found => assert_eq!(of(&port.findings) + of(&report.findings), 1, "{check:?}"),
                _ => assert_eq!(of(&port.findings), 0, "{check:?}"),
            }
            check.why.iter().for_each(|why| heloscope_fuzz::seen(why));
        }
        assert!(port.findings.is_sorted_by_key(|finding| std::cmp::Reverse(finding.severity)));
        assert!(port.starttls_supported != Some(true) || !port.implicit_tls);
        for line in &port.transcript {
            heloscope_fuzz::seen(&line.text);
            assert!(line.text.len() <= 4 * heloscope_report::MAX_SHOWN + 64, "a line in bounds");
        }
        port.error.iter().for_each(|error| heloscope_fuzz::seen(&error.message));
    }
    let findings = || report.findings.iter().chain(report.ports.iter().flat_map(|port| &port.findings));
    for finding in findings() {
        for words in [&finding.title, &finding.explanation, &finding.fix, &finding.reference] {
            assert!(!words.is_empty());
            heloscope_fuzz::seen(words);
        }
    }
    let worst = match findings().map(|finding| finding.severity).max() {
        None | Some(Severity::Ok) => Status::Ok,
        Some(Severity::Notice) => Status::Notice,
        Some(Severity::Warning) => Status::Warning,
        Some(Severity::Error) => Status::Error,
    };
    assert!(report.status == worst || report.status == Status::Untested);
    heloscope_fuzz::seen(&summary(&report));
    shown(&report);

    for at in [Duration::ZERO, Duration::from_millis(1500), Duration::from_secs(90), Duration::MAX] {
        assert_eq!(progress(observations, at).len(), asked.len());
        heloscope_fuzz::html(&html::progress(observations, at));
        let plain = text::progress(observations, at, text::TextStyle::Plain);
        heloscope_fuzz::text(&plain, &text::progress(observations, at, text::TextStyle::Colour));
    }
}

fn shown(report: &Report) {
    let json = serde_json::to_vec(report).expect("a report is plain data");
    assert_eq!(&serde_json::from_slice::<Report>(&json).expect("it was just written"), report);
    let _ = senders(report);
    let _ = summary(report);
    heloscope_fuzz::html(&html::report(report));
    heloscope_fuzz::markdown(&markdown::report(report));
    let plain = text::report(report, text::TextStyle::Plain);
    heloscope_fuzz::text(&plain, &text::report(report, text::TextStyle::Colour));
}

/// The first octets choose host, ports and the time; each step is one octet, four bits for what is seen and four for the
/// connection, and what that wants to know.
fn made(octets: &[u8]) -> Observations {
    let mut script = Script::new(octets);
    let hosts = ["mx.example", "192.0.2.1", "2001:db8::1", "one.mail.example"];
    let host: Host = pick(&mut script, &hosts).parse().expect("a host");
    let known = [
        &["25", "465", "587"][..],
        &["25"],
        &["465"],
        &["587"],
        &["2525/starttls", "10465/implicit"],
        &["25", "587"],
        &["465", "587", "25", "2525/starttls"],
        &["10465/implicit"],
    ];
    let ports: Vec<PortSpec> =
        pick(&mut script, &known).iter().map(|port| port.parse().expect("a port")).collect();
    let began_at_ms = pick(&mut script, &[1_795_471_200_000, 0, i64::MIN, i64::MAX, -1, 253_402_300_800_000]);
    let relay = [None, Some("wss://relay.example".to_owned()), Some(words(&mut script))];
    let mut connections: Vec<Connection> = (0..)
        .map(ConnectionId)
        .zip(&ports)
        .map(|(id, port)| Connection { id, port: *port, purpose: Purpose::Dialogue })
        .collect();
    let mut at = Duration::ZERO;
    let mut seen = Vec::new();
    while let Some(step) = script.octet() {
        if seen.len() == 200 {
            break;
        }
        let connection = ConnectionId(u32::from(step >> 4));
        if step & 15 == 15 {
            let id = ConnectionId(u32::try_from(connections.len()).expect("at most 200"));
            let port = pick(&mut script, &ports);
            connections.push(Connection { id, port, purpose: Purpose::RawHello });
            continue;
        }
        if step & 15 == 14 {
            let time = u64::from(script.octet().unwrap_or_default());
            at = at.saturating_add(Duration::from_millis(time.pow(if time > 250 { 7 } else { 2 })));
            continue;
        }
        let event = event(step & 15, &mut script);
        let stage = pick(&mut script, &STAGES);
        seen.push(Observation { connection, at, stage, event });
    }
    let relay = pick(&mut Script::new(octets), &relay);
    Observations { target: Target { host, ports, address: None }, began_at_ms, relay, connections, seen }
}

fn event(step: u8, script: &mut Script<'_>) -> Event {
    match step {
        0 => Event::Dialled,
        1 => Event::Connected(Established {
            address: pick(script, &["192.0.2.1:25", "[2001:db8::1]:465", "[::ffff:192.0.2.1]:25"])
                .parse()
                .expect("an address"),
            ehlo_name: words(script),
            resolve_ms: pick(script, &[None, Some(3), Some(u32::MAX)]),
            connect_ms: pick(script, &[21, 0, u32::MAX]),
        }),
        2 => Event::Refused(Refusal { code: pick(script, &RefusalCode::ALL), message: words(script) }),
        3 => {
            let name = words(script);
            let commands =
                [Command::Ehlo(name.clone()), Command::Helo(name), Command::StartTls, Command::Quit];
            Event::Sent { command: pick(script, &commands), encrypted: flag(script) }
        }
        4 => Event::Replied { reply: reply(script), encrypted: flag(script), came: None },
        5 => Event::Replied { reply: reply(script), encrypted: flag(script), came: Some(pace(script)) },
        6 => {
            let kinds =
                [FaultKind::NotAReply, FaultKind::TlsRecord, FaultKind::TooLong, FaultKind::Incomplete];
            let kind = pick(script, &kinds);
            let before = if flag(script) { lines(script) } else { Vec::new() };
            let fault = Fault {
                kind,
                lines: before,
                left_out: left_out(script),
                octets: octets(script).into(),
                more: pick(script, &[0, 7, usize::MAX]),
            };
            Event::NoReply { fault, encrypted: flag(script), came: flag(script).then(|| pace(script)) }
        }
        7 => {
            Event::Injected { octets: octets(script).into(), total: pick(script, &[0, 14, 4096, usize::MAX]) }
        }
        8 => Event::HandshakeBegun,
        9 => Event::Chain(match script.octet().unwrap_or_default() {
            0 => Vec::new(),
            1 => vec![Der(CERTIFICATE.to_vec())],
            2 => vec![Der(octets(script))],
            _ => changed(script.octets()).into_iter().map(Der).collect(),
        }),
        10 => match script.octet().unwrap_or_default() {
            0 => Event::ClientCertificateRequested,
            1 => Event::HelloRetried { octets: pick(script, &[0, 1427, usize::MAX]) },
            alert => Event::TlsWarned(AlertDescription(alert)),
        },
        11 => Event::Handshake(Handshake {
            version: TlsVersion(number(script, &[0x0304, 0x0303, 0x0302, 0x0301, 0x0300])),
            suite: CipherSuite(number(
                script,
                &[0x1302, 0xc02f, 0x002f, 0x000a, 0x0005, 0xc014, 0x0034, 0xc019, 3],
            )),
            group: pick(script, &[None, Some(29), Some(0x11ec), Some(23), Some(0xffff)]).map(NamedGroup),
            finite_field_bits: pick(script, &[None, Some(1024), Some(2048), Some(0)]),
            hello_retry: flag(script),
            hello_octets: None,
            completed: flag(script),
            unoffered: pick(script, &[None, Some(Unoffered::Version), Some(Unoffered::Suite)]),
        }),
        12 => Event::TlsFailed(match script.octet().unwrap_or_default() % 5 {
            0 => TlsFailure::Alert(AlertDescription(script.octet().unwrap_or_default())),
            1 => TlsFailure::NotTls(octets(script).into()),
            2 => TlsFailure::Protocol(words(script)),
            3 => TlsFailure::UnverifiedKey,
            _ => TlsFailure::BadSignature,
        }),
        _ => match script.octet().unwrap_or_default() % 4 {
            0 => Event::Closed { close_notify: pick(script, &[None, Some(false), Some(true)]) },
            2 => Event::Unasked {
                reply: reply(script),
                encrypted: flag(script),
                came: flag(script).then(|| pace(script)),
                more: pick(script, &[0, 28, usize::MAX]),
            },
            1 => Event::TimedOut {
                after: Duration::from_secs(pick(script, &[20, 40, 90, 5, 0])),
                whole: flag(script),
                came: flag(script).then(|| pace(script)),
            },
            _ => Event::Ended,
        },
    }
}

/// Times in any order, of more or fewer lines than there are.
fn pace(script: &mut Script<'_>) -> Pace {
    const TIMES: [Duration; 4] =
        [Duration::ZERO, Duration::from_millis(900), Duration::from_secs(7), Duration::from_micros(u64::MAX)];
    let lines = (0..script.octet().unwrap_or_default() % 4).map(|_| pick(script, &TIMES)).collect();
    Pace {
        first: pick(script, &TIMES),
        last: pick(script, &TIMES),
        lines,
        pieces: pick(script, &[1, 2, 40, usize::MAX]),
        octets: pick(script, &[0, 9, usize::MAX]),
    }
}

const STAGES: [Stage; 8] = [
    Stage::Resolve,
    Stage::Connect,
    Stage::Greeting,
    Stage::Ehlo,
    Stage::StartTls,
    Stage::Tls,
    Stage::EhloAfterTls,
    Stage::Quit,
];

/// What servers say; some of it in the hope that somebody will take it for more than words.
const SAYINGS: [&str; 21] = [
    "220 mx.example ESMTP ready",
    "250-mx.example",
    "250-SIZE 52428800",
    "250-AUTH PLAIN LOGIN",
    "250 STARTTLS",
    "250 XXXXXXXA",
    "421 4.7.0 busy",
    "554 5.7.1 no",
    "454 4.7.0 TLS not available",
    "220 <script>alert(1)</script>",
    "250-\" onclick=\"alert(1)",
    "250-\u{202e}gnp.exe\u{200b}",
    "250-\u{1b}[2J\u{7}",
    "250-`code` ``` ~~~",
    "250-[link](https://evil.example) ![](x) | <b>",
    "250-SIZE 99999999999999999999999999999",
    "250-\u{e0041}\u{ad}\u{2028}\u{85}",
    "250-\u{a0}\u{2800}\u{3164}\u{fe0f}e\u{336}\u{336}\u{336}",
    "221 2.0.0 bye",
    "HTTP/1.1 400 Bad Request",
    "\\` \\[ &amp; &#x41; *a* _b_ # c",
];

fn pick<T: Clone>(script: &mut Script<'_>, from: &[T]) -> T {
    from[usize::from(script.octet().unwrap_or_default()) % from.len()].clone()
}

fn flag(script: &mut Script<'_>) -> bool {
    script.octet().unwrap_or_default() & 1 == 1
}

/// A known number, or any: octets of 128 and more say that the number itself follows.
fn number(script: &mut Script<'_>, known: &[u16]) -> u16 {
    match script.octet().unwrap_or_default() {
        place @ 0..128 => known[usize::from(place) % known.len()],
        _ => u16::from_be_bytes([script.octet().unwrap_or_default(), script.octet().unwrap_or_default()]),
    }
}

/// Something that servers say, or anything; now and then more of it than anyone wants to read.
fn octets(script: &mut Script<'_>) -> Vec<u8> {
    match script.octet().unwrap_or_default() {
        place @ 0..128 => SAYINGS[usize::from(place) % SAYINGS.len()].into(),
        long @ 128..160 => script.octets().repeat(usize::from(long) - 127),
        _ => script.octets().to_vec(),
    }
}

fn words(script: &mut Script<'_>) -> String {
    String::from_utf8_lossy(&octets(script)).into_owned()
}

fn reply(script: &mut Script<'_>) -> Reply {
    Reply { lines: lines(script), left_out: left_out(script) }
}

fn left_out(script: &mut Script<'_>) -> LeftOut {
    let count = [0, 0, 1, 40_000, usize::MAX];
    LeftOut { lines: pick(script, &count), octets: pick(script, &count) }
}

/// As the reader makes them: at least one, all with a code.
fn lines(script: &mut Script<'_>) -> Vec<ReplyLine> {
    let count = 1 + script.octet().unwrap_or_default() % 8;
    let line = |script: &mut Script<'_>| {
        let mut octets = octets(script);
        if octets.len() < 3 || !octets[..3].iter().all(u8::is_ascii_digit) {
            octets.splice(..0, *b"250-");
        }
        octets.truncate(heloscope_smtp::MAX_LINE);
        let ending = if flag(script) { LineEnding::Lf } else { LineEnding::CrLf };
        let cut = if octets.len() == heloscope_smtp::MAX_LINE { 7 } else { 0 };
        ReplyLine { octets: octets.into(), ending, cut }
    };
    (0..count).map(|_| line(script)).collect()
}
