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
