//! What a server, a certificate or a relay says is woven into sentences as text that can be seen, and in bounds.

mod scene;

use std::time::Duration;

use heloscope_observation::{Event, Refusal, RefusalCode, Stage, TlsFailure};
use heloscope_report::{Report, progress, senders, summary};
use heloscope_smtp::FaultKind;
use rcgen::{DistinguishedName, DnType};
use scene::{EHLO, Entity, GREETING, Play, Scene, ca, named, server};

/// Markup, an escape sequence, C1, BEL, NUL, text turned round, characters without width, a line separator.
const EVIL: &str = "<script>alert(1)</script> [x](javascript:1) \x1b[31m\u{9b}2J\x07\0\u{202e}gnp\u{2066}\u{200b}\
                    \u{200d}\u{feff}\u{2028}\u{ad}\u{e0041}";

/// Every sentence of a report: what was put into words, not the facts that stay as sent.
fn sentences(report: &Report) -> Vec<String> {
    let mut all = vec![summary(report)];
    all.extend(senders(report).into_iter().map(|row| row.text));
    let findings = report.findings.iter().chain(report.ports.iter().flat_map(|port| &port.findings));
    all.extend(findings.flat_map(|found| {
        [found.title.clone(), found.explanation.clone(), found.fix.clone(), found.reference.clone()]
    }));
    for port in &report.ports {
        all.extend(port.error.iter().map(|error| error.message.clone()));
        all.extend(port.checks.iter().filter_map(|check| check.why.clone()));
        all.extend(port.capabilities.iter().filter_map(|offered| offered.meaning.clone()));
        all.extend(port.certificate.iter().filter_map(|leaf| leaf.chain_error_text.clone()));
        all.extend(port.chain.iter().filter_map(|certificate| certificate.unreadable.clone()));
        all.extend(port.transcript.iter().map(|line| line.text.clone()));
    }
    all
}

fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(character, '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

fn assert_inert(scene: &Scene) {
    let report = scene.judged();
    let steps = progress(&scene.observations, Duration::from_secs(9)).into_iter().flat_map(|port| port.steps);
    let live = steps.flat_map(|step| [step.text, step.note.unwrap_or_default()]);
    let all: Vec<String> = sentences(&report).into_iter().chain(live).collect();
    for sentence in &all {
        assert!(!sentence.contains(is_unseen), "{sentence:?}");
        assert!(sentence.len() < 6000, "{}", sentence.len());
    }
    assert!(all.iter().any(|sentence| sentence.contains("alert(1)")), "what was sent is shown: {all:?}");
}

fn on_25(play: impl FnOnce(Play<'_>) -> Play<'_>) {
    assert_inert(&Scene::one("25", play));
}

#[test]
fn replies() {
    let of = |code: &str| format!("{code} {EVIL}");
    on_25(|play| play.connects().greets(&of("554 5.7.1")).quits());
    on_25(|play| play.connects().greets(&of("220")).ehlo(&format!("250-{EVIL}\n250 X")).quits());
    on_25(|play| play.connects().greets(GREETING).ehlo(&of("550")).helo(&of("550")).quits());
    on_25(|play| play.connects().greets(GREETING).ehlo(&of("502")).helo("250 mx1").quits());
    on_25(|play| play.connects().greets(GREETING).ehlo(EHLO).starttls(&of("454 4.7.0")).quits());
    let offers = format!(
        "250-mx1\n250-{EVIL}\n250-SIZE {EVIL}\n250-AUTH {EVIL}\n250-AUTH={EVIL}\n250-LIMITS RCPTMAX={EVIL}\n\
         250-DELIVERBY {EVIL}\n250-MT-PRIORITY {EVIL}\n250 XXXX"
    );
    on_25(|play| play.connects().greets(GREETING).ehlo(&offers).quits());
    on_25(|play| {
        let play = play.connects().greets(GREETING).ehlo(EHLO).starttls("220 go").tls(&[]);
        play.ehlo(&offers).quits()
    });
}

/// A name of any kind, and in the subject as in the alternative names.
#[test]
fn what_a_certificate_says_can_be_seen() {
    let mut asked = server();
    asked.distinguished_name = DistinguishedName::new();
    asked.distinguished_name.push(DnType::CommonName, EVIL);
    let own = Entity::self_signed(asked, 3);
    let report = Scene::one("25", |play| play.goes_well(&[&own.der])).judged();
    for facts in [&report.ports[0].certificate.as_ref().unwrap().facts, &report.ports[0].chain[0]] {
        for name in [facts.subject.as_ref().unwrap(), facts.issuer.as_ref().unwrap()] {
            assert!(name.contains("alert(1)") && name.contains("\\u{202e}"), "{name}");
            assert!(!name.contains(is_unseen), "{name:?}");
        }
    }
}

#[test]
fn what_is_no_reply() {
    let octets = [EVIL.as_bytes(), b"\xff\x80\r\n"].concat();
    on_25(|play| {
        play.connects().babbles(Stage::Greeting, FaultKind::NotAReply, &octets).ends(Stage::Greeting)
    });
    let begun = [b"220-", &octets[..]].concat();
    on_25(|play| {
        play.connects().babbles(Stage::Greeting, FaultKind::Incomplete, &begun).closes(Stage::Greeting)
    });
    on_25(|play| {
        let injected = Event::Injected { octets: octets.as_slice().into(), total: 9_999 };
        play.until_hello().see(Stage::Tls, injected).tls(&[])
    });
    for failure in [TlsFailure::NotTls(octets.as_slice().into()), TlsFailure::Protocol(EVIL.repeat(200))] {
        assert_inert(&Scene::one("465", |play| play.until_hello().tls_fails(failure.clone())));
        on_25(|play| play.until_hello().tls_fails(failure));
    }
}

/// A backslash that was sent is written twice, so that no text looks like an escape sequence or an octet that was sent.
#[test]
fn no_text_looks_like_an_escape() {
    const FORGED: &str = r"\x1b[31m\u{202e}\xff";
    const SHOWN: &str = r"\\x1b[31m\\u{202e}\\xff";
    let assert_unmistakable = |report: &Report, times: usize| {
        let json = serde_json::to_value(report).unwrap();
        let mut strings = Vec::new();
        collect(&json, &mut strings);
        let of_these: Vec<_> = strings.iter().filter(|text| text.contains("[31m")).collect();
        assert!(of_these.len() >= times, "{of_these:#?}");
        for text in of_these {
            assert_eq!(text.matches(SHOWN).count(), text.matches("[31m").count(), "{text}");
        }
    };
    let greeting = format!("554 5.7.1 {FORGED}");
    let refused = Scene::one("25", |play| play.connects().greets(&greeting).quits()).judged();
    assert_unmistakable(&refused, 4); // banner, error, explanation, transcript
    assert_eq!(refused.ports[0].banner.as_deref(), Some(format!("554 5.7.1 {SHOWN}").as_str()));
    let ehlo = format!("250-{FORGED}\n250-{FORGED} {FORGED}\n250-AUTH {FORGED}\n250 MT-PRIORITY {FORGED}");
    let offered = Scene::one("25", |play| play.connects().greets(GREETING).ehlo(&ehlo).quits()).judged();
    assert_unmistakable(&offered, 10);
    let babble = Scene::one("25", |play| {
        let play = play.connects();
        play.babbles(Stage::Greeting, FaultKind::NotAReply, FORGED.as_bytes()).ends(Stage::Greeting)
    });
    assert_unmistakable(&babble.judged(), 3);
    let said = Scene::one("25", |play| {
        let message = FORGED.to_owned();
        let refusal = Refusal { code: RefusalCode::Blocked, message };
        play.see(Stage::Connect, Event::Refused(refusal)).ends(Stage::Connect)
    });
    assert_unmistakable(&said.judged(), 1);
    // In a distinguished name RFC 4514 has done so already; in its other names nothing has.
    let mut params = server();
    params.subject_alt_names = vec![rcgen::SanType::DnsName(FORGED.try_into().unwrap())];
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, FORGED);
    let leaf = Entity::self_signed(params, 1);
    let sent = Scene::one("25", |play| play.goes_well(&[&leaf.der])).judged();
    assert_unmistakable(&sent, 6);
}

fn collect(json: &serde_json::Value, strings: &mut Vec<String>) {
    match json {
        serde_json::Value::String(text) => strings.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, strings)),
        serde_json::Value::Object(members) => members.values().for_each(|value| collect(value, strings)),
        _ => {}
    }
}

/// Greeting and transcript write the same octets in the same way, and none is lost.
#[test]
fn octets_that_are_no_text_are_written_alike_everywhere() {
    let report = Scene::one("25", |play| {
        let play =
            play.connects().replies_octets(Stage::Greeting, b"220 x.test \xff\xfe caf\xc3\xa9 \0nul\r\n");
        play.says_ehlo().replies_octets(Stage::Ehlo, b"250-x\r\n250 X\xff \xfe\r\n").quits()
    })
    .judged();
    let port = &report.ports[0];
    assert_eq!(port.banner.as_deref(), Some(r"220 x.test \xff\xfe café \x00nul"));
    assert_eq!(port.transcript[0].text, port.banner.clone().unwrap());
    assert_eq!(
        (port.capabilities[0].keyword.as_str(), &port.capabilities[0].params[..]),
        (r"X\xff", &[r"\xfe".to_owned()][..])
    );
}

#[test]
fn words_of_the_relay_or_the_network() {
    for code in
        [RefusalCode::NameNotFound, RefusalCode::ConnectTimeout, RefusalCode::Blocked, RefusalCode::Reset]
    {
        let refusal = Refusal { code, message: EVIL.repeat(200) };
        on_25(|play| play.see(Stage::Connect, Event::Refused(refusal)).ends(Stage::Connect));
    }
}

#[test]
fn certificates() {
    let called = |mut params: rcgen::CertificateParams| {
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, EVIL);
        params.distinguished_name.push(DnType::OrganizationName, EVIL.repeat(20));
        params
    };
    let root = Entity::self_signed(called(ca("")), 1);
    let intermediate = root.issue(called(ca("")), 2);
    let leaf = intermediate.issue(called(server()), 3);
    let bare = Entity::self_signed(called(named("")), 4);
    for sent in
        [&[&leaf.der[..]][..], &[&leaf.der, &intermediate.der], &[&leaf.der, &intermediate.der, &root.der]]
    {
        on_25(|play| play.goes_well(sent));
    }
    on_25(|play| play.goes_well(&[&bare.der]));
}
