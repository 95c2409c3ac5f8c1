//! Every error code, phase, check, verdict and status of the contract: a scene that brings it about, and one that does not.
//! The lists are walked; one that is left out fails. They are also told, with the scenes, for WebAssembly to judge.

mod scene;

use std::collections::BTreeSet;

use heloscope_observation::{AlertDescription, Event, RefusalCode, Stage, TlsFailure, TlsVersion};
use heloscope_report::{Check, ErrorCode, Phase, Port, Report, Status, Verdict, checks};
use heloscope_smtp::{Command, FaultKind};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};
use scene::{
    DAY, EHLO, EHLO_TLS, Entity, GREETING, NOW, Play, Scene, ca, chain, fixture, healthy, named, server,
    tell_lists, valid,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const ALERT: TlsFailure = TlsFailure::Alert(AlertDescription(40));

/// In the order of the enum.
const CODES: [ErrorCode; 21] = [
    ErrorCode::NameNotFound,
    ErrorCode::ResolveFailed,
    ErrorCode::ConnectTimeout,
    ErrorCode::ConnectionRefused,
    ErrorCode::Unreachable,
    ErrorCode::Blocked,
    ErrorCode::Quota,
    ErrorCode::RelayUnreachable,
    ErrorCode::Closed,
    ErrorCode::Reset,
    ErrorCode::Timeout,
    ErrorCode::GreetingRejected,
    ErrorCode::NotSmtp,
    ErrorCode::PlaintextOnImplicitTls,
    ErrorCode::TlsOnPlaintextPort,
    ErrorCode::MalformedReply,
    ErrorCode::ReplyTooLong,
    ErrorCode::EhloRejected,
    ErrorCode::StartTlsRejected,
    ErrorCode::TlsAlert,
    ErrorCode::TlsFailed,
];

/// A test that ends with the code. A code that is new does not compile until it has one here.
fn ends_with(code: ErrorCode) -> Port {
    let meets = |stage, refusal| port("25", |play| play.meets(stage, refusal));
    let babbles = |kind, octets: &[u8]| {
        port("25", |play| play.connects().babbles(Stage::Greeting, kind, octets).ends(Stage::Greeting))
    };
    match code {
        ErrorCode::NameNotFound => meets(Stage::Resolve, RefusalCode::NameNotFound),
        ErrorCode::ResolveFailed => meets(Stage::Resolve, RefusalCode::ResolveFailed),
        ErrorCode::ConnectTimeout => meets(Stage::Connect, RefusalCode::ConnectTimeout),
        ErrorCode::ConnectionRefused => meets(Stage::Connect, RefusalCode::ConnectionRefused),
        ErrorCode::Unreachable => meets(Stage::Connect, RefusalCode::Unreachable),
        ErrorCode::Blocked => meets(Stage::Connect, RefusalCode::Blocked),
        ErrorCode::Quota => meets(Stage::Connect, RefusalCode::Quota),
        ErrorCode::RelayUnreachable => meets(Stage::Connect, RefusalCode::RelayUnreachable),
        ErrorCode::Closed => port("25", |play| play.connects().closes(Stage::Greeting)),
        ErrorCode::Reset => port("25", |play| play.connects().loses(Stage::Greeting, RefusalCode::Reset)),
        ErrorCode::Timeout => port("25", |play| play.connects().times_out(Stage::Greeting, 40)),
        ErrorCode::GreetingRejected => port("25", |play| play.connects().greets("554 no").quits()),
        ErrorCode::NotSmtp => babbles(FaultKind::NotAReply, b"SSH-2.0-x\r\n"),
        ErrorCode::PlaintextOnImplicitTls => {
            port("465", |play| play.until_hello().tls_fails(TlsFailure::NotTls(b"220 mx1\r\n".into())))
        }
        ErrorCode::TlsOnPlaintextPort => babbles(FaultKind::TlsRecord, b"\x15\x03\x01\0\x02\x02\x28"),
        ErrorCode::MalformedReply => port("25", |play| {
            let play = play.connects().greets(GREETING).says_ehlo();
            play.babbles(Stage::Ehlo, FaultKind::NotAReply, b"hello\r\n").ends(Stage::Ehlo)
        }),
        ErrorCode::ReplyTooLong => babbles(FaultKind::TooLong, b""),
        ErrorCode::EhloRejected => {
            port("25", |play| play.connects().greets(GREETING).ehlo("550 no").helo("550 no").quits())
        }
        ErrorCode::StartTlsRejected => {
            port("25", |play| play.connects().greets(GREETING).ehlo(EHLO).starttls("454 no").quits())
        }
        ErrorCode::TlsAlert => port("25", |play| play.until_hello().tls_fails(ALERT)),
        ErrorCode::TlsFailed => port("25", |play| play.until_hello().tls_fails(TlsFailure::BadSignature)),
    }
}

/// A test that ends in the phase.
fn ends_in(phase: Phase) -> Port {
    port("25", |play| {
        let play = match phase {
            Stage::Resolve => return play.meets(phase, RefusalCode::NameNotFound),
            Stage::Connect => return play.meets(phase, RefusalCode::ConnectTimeout),
            Stage::Greeting => play.connects(),
            Stage::Ehlo => play.connects().greets(GREETING).says_ehlo(),
            Stage::StartTls => {
                let play = play.connects().greets(GREETING).ehlo(EHLO);
                play.sends(phase, Command::StartTls)
            }
            Stage::Tls => play.until_hello(),
            Stage::EhloAfterTls => play.until_hello().tls(&[]).says_ehlo(),
            Stage::Quit => play.until_hello().tls(&[]).ehlo(EHLO_TLS).sends(phase, Command::Quit),
        };
        play.times_out(phase, 20)
    })
}

const PHASES: [Phase; 8] = [
    Stage::Resolve,
    Stage::Connect,
    Stage::Greeting,
    Stage::Ehlo,
    Stage::StartTls,
    Stage::Tls,
    Stage::EhloAfterTls,
    Stage::Quit,
];

const VERDICTS: [Verdict; 4] = [Verdict::Passed, Verdict::Found, Verdict::NotApplicable, Verdict::NotTested];

const STATUSES: [Status; 5] = [Status::Ok, Status::Notice, Status::Warning, Status::Error, Status::Untested];

/// The checks that say something about every port; any other says of some that it is not applicable.
const OF_EVERY_PORT: [&str; 9] = [
    "connect-failed",
    "greeting-rejected",
    "greeting-slow",
    "not-smtp",
    "reply-format",
    "ehlo-rejected",
    "malformed-reply",
    "reply-too-long",
    "session-cut-short",
];

/// What a check comes to in one scene or another.
fn verdicts_of(check: &Check) -> Vec<Verdict> {
    let applies = OF_EVERY_PORT.contains(&check.id);
    VERDICTS.into_iter().filter(|verdict| !(applies && *verdict == Verdict::NotApplicable)).collect()
}

#[test]
fn the_lists_are_whole() {
    assert_whole(&CODES);
    assert_whole(&PHASES);
    assert_whole(&VERDICTS);
    assert_whole(&STATUSES);
    for id in OF_EVERY_PORT {
        assert!(checks().any(|check| check.id == id), "there is no check {id}");
    }
    let checks: Vec<Value> =
        checks().map(|check| json!({ "id": check.id, "verdicts": verdicts_of(check) })).collect();
    tell_lists(&json!({ "codes": CODES, "phases": PHASES, "statuses": STATUSES, "checks": checks }));
}

/// All values that the type has: whoever asks for one that it has not is told which there are.
fn assert_whole<T: Serialize + DeserializeOwned + std::fmt::Debug>(list: &[T]) {
    let refusal = serde_json::from_str::<T>("\"none such\"").expect_err("no such value").to_string();
    let (_, expected) = refusal.split_once("expected one of ").expect(&refusal);
    let there_are: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let listed: Vec<Value> = list.iter().map(|one| serde_json::to_value(one).expect("a name")).collect();
    assert_eq!(listed, there_are);
}

fn port(spec: &str, play: impl FnOnce(Play<'_>) -> Play<'_>) -> Port {
    Scene::one(spec, play).judged().ports.remove(0)
}

#[test]
fn every_error_code_has_its_scene() {
    for code in CODES {
        assert_eq!(ends_with(code).error.map(|error| error.code), Some(code));
    }
    assert!(healthy().ports.iter().all(|port| port.error.is_none()));
}

#[test]
fn every_phase_has_its_scene() {
    for phase in PHASES {
        assert_eq!(ends_in(phase).error.map(|error| error.phase), Some(phase));
    }
    assert!(healthy().ports.iter().all(|port| port.error.is_none()));
}

/// Scenes with something to find, beside those of the errors.
fn faulty() -> Vec<Report> {
    let root = Entity::self_signed(ca("Example Root"), 1);
    let with = |params| {
        let leaf = root.issue(params, 3);
        Scene::one("25", |play| play.goes_well(&[&leaf.der])).judged_trusting(&root)
    };
    let (_, _, leaf) = chain();
    let alone = Entity::self_signed(server(), 3);
    let mut for_clients = server();
    for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let mut no_signatures = server();
    no_signatures.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    let mut no_handshake = server();
    no_handshake.key_usages = vec![KeyUsagePurpose::CrlSign];
    let sends = |der: &[u8]| Scene::one("25", |play| play.goes_well(&[der])).judged();
    let on = |spec: &str, play: fn(Play<'_>) -> Play<'_>| Scene::one(spec, play).judged();
    let answered = |suite, fails: fn(Play<'_>) -> Play<'_>| {
        let scene = Scene::one("25", |play| fails(play.until_hello()));
        scene
            .raw_hello("25", |play| {
                play.connects().answers(TlsVersion::TLS_1_2, suite, Some(23), None, &[&leaf.der])
            })
            .judged()
    };
    let unnamed =
        Scene::one("25", |play| play.until_hello().tls_fails(TlsFailure::Alert(AlertDescription(112))))
            .nameless_hello("25", |play| {
                play.connects().answers(TlsVersion::TLS_1_2, 0xc02f, Some(23), None, &[&leaf.der])
            })
            .judged();
    let by_address = Scene::of("203.0.113.5").port("25", |play| play.goes_well(&[&leaf.der])).judged();
    let anonymous = Scene::one("25", |play| play.until_hello().tls_fails(ALERT))
        .raw_hello("25", |play| {
            let play = play.connects().begins_handshake();
            play.answers_without_chain(TlsVersion::TLS_1_0, 0x0034) // TLS_DH_anon_WITH_AES_128_CBC_SHA
        })
        .judged();
    vec![
        unnamed,
        by_address,
        anonymous,
        with(valid(server(), NOW - 90 * DAY, NOW - DAY)),
        with(valid(server(), NOW + DAY, NOW + 90 * DAY)),
        with(valid(server(), NOW - 78 * DAY, NOW + 12 * DAY)),
        with(named("mx1.example.com")),
        with(named("localhost")),
        with(for_clients),
        with(no_signatures),
        with(no_handshake),
        sends(&alone.der),
        sends(&leaf.der),
        Scene::one("25", |play| play.goes_well(&[&leaf.der, &root.der])).judged(),
        Scene::one("25", |play| play.goes_well(&[&root.issue(server(), 3).der, &root.der])).judged(),
        Scene::one("25", |play| play.goes_well(&[leaf.der.as_slice(); 11])).judged(),
        sends(&fixture(include_str!("../../pki/tests/fixtures/negative-serial.pem"))),
        sends(&fixture(include_str!("../../pki/tests/fixtures/rsa1024.pem"))),
        sends(&fixture(include_str!("../../pki/tests/fixtures/sha1.pem"))),
        on("25", |play| play.connects().after_ms(12_000).greets(GREETING)),
        on("25", |play| play.connects().greets("220 ****").ehlo("250-mx1\n250 XXXXXXXA").quits()),
        on("25", |play| play.connects().greets("220 gr\u{fc}n").ehlo("250 mx1").quits()),
        on("25", |play| play.until_hello().tls(&[]).ehlo(EHLO).quits()),
        on("25", |play| {
            let injected = Event::Injected { octets: b"250 x\r\n".into(), total: 7 };
            play.until_hello().see(Stage::Tls, injected).tls(&[]).ehlo(EHLO_TLS).quits()
        }),
        on("465", |play| play.until_hello().tls_fails(ALERT)),
        on("465", |play| play.meets(Stage::Connect, RefusalCode::Quota)),
        on("587", |play| play.connects().greets(GREETING).ehlo("250-mx1\n250-STARTTLS\n250 AUTH PLAIN")),
        on("587", |play| play.until_hello().tls(&[]).ehlo(EHLO_TLS).quits()),
        on("25", |play| {
            // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
            play.until_hello().chooses(TlsVersion::TLS_1_1, 0xc013, None, true, &[]).ehlo(EHLO_TLS).quits()
        }),
        answered(0x009e, |play| play.tls_fails(ALERT)), // TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
        answered(0xc02f, |play| play.closes(Stage::Tls)), // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    ]
}

#[test]
fn every_check_comes_to_each_verdict_and_finds_nothing_where_all_is_well() {
    let errors = CODES.into_iter().map(ends_with);
    let ports: Vec<Port> = errors.chain(faulty().into_iter().flat_map(|report| report.ports)).collect();
    let sound = healthy().ports;
    for check in checks() {
        let verdicts = |ports: &[Port]| -> Vec<Verdict> {
            let of = |port: &Port| port.checks.iter().find(|one| one.id == check.id).map(|one| one.verdict);
            ports.iter().filter_map(of).collect()
        };
        let (come_about, sound) = (verdicts(&ports), verdicts(&sound));
        assert!(sound.contains(&Verdict::Passed), "{} does not pass where all is well", check.id);
        assert!(!sound.contains(&Verdict::Found), "{}", check.id);
        for verdict in VERDICTS {
            let asked_for = verdicts_of(check).contains(&verdict);
            let comes_about = come_about.contains(&verdict) || sound.contains(&verdict);
            assert_eq!(comes_about, asked_for, "{}: {verdict:?}", check.id);
        }
    }
    // What is found is told, once: by a finding of the port, or of the host.
    for port in &ports {
        let found = port.checks.iter().filter(|check| check.verdict == Verdict::Found).map(|check| &check.id);
        let found: BTreeSet<_> = found.filter(|id| *id != "name-not-found").collect();
        assert_eq!(found, port.findings.iter().map(|finding| &finding.id).collect());
    }
}

#[test]
fn every_status_comes_about() {
    let all: Vec<Report> = faulty().into_iter().chain([healthy()]).collect();
    let untested = Scene::one("25", |play| play.meets(Stage::Connect, RefusalCode::Quota)).judged();
    let statuses: Vec<Status> = all.iter().chain([&untested]).map(|report| report.status).collect();
    for status in STATUSES {
        assert!(statuses.contains(&status), "{status:?}");
    }
}
