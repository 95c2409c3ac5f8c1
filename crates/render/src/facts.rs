//! What the formats show alike: findings put together, facts of a port as labelled lines, extensions before and
//! inside TLS side by side.

use heloscope_report::{
    Capability, Certificate, Finding, LeafCertificate, Port, Report, Severity, Status, Verdict,
};
use heloscope_words::{mark, say, spoken};

use crate::span::Unit;
use crate::stages::{own_work, stages};
use crate::words;

/// A finding, told once for all ports it was found on.
pub(crate) struct Told<'a> {
    pub(crate) finding: &'a Finding,
    /// The ports, in the report's order; none where it is about the host as a whole.
    pub(crate) ports: Vec<u16>,
    /// Each different explanation with the ports it stands at.
    pub(crate) explanations: Vec<(Vec<u16>, &'a str)>,
}

/// All findings, worst first; the same finding on several ports is one.
pub(crate) fn told(report: &Report) -> Vec<Told<'_>> {
    let whole = report.findings.iter().map(|finding| (None, finding));
    let ports =
        report.ports.iter().flat_map(|port| port.findings.iter().map(|finding| (Some(port.port), finding)));
    let mut told: Vec<Told<'_>> = Vec::new();
    for (port, finding) in whole.chain(ports) {
        let known = told
            .iter()
            .position(|other| port.is_some() && !other.ports.is_empty() && same(other.finding, finding));
        let place = known.unwrap_or_else(|| {
            let place = told.partition_point(|other| other.finding.severity >= finding.severity);
            told.insert(place, Told { finding, ports: Vec::new(), explanations: Vec::new() });
            place
        });
        let entry = &mut told[place];
        entry.ports.extend(port);
        match entry.explanations.iter_mut().find(|(_, explanation)| *explanation == finding.explanation) {
            Some((ports, _)) => ports.extend(port),
            None => entry.explanations.push((port.into_iter().collect(), &finding.explanation)),
        }
    }
    told
}

fn same(one: &Finding, other: &Finding) -> bool {
    one.id == other.id
        && one.severity == other.severity
        && one.title == other.title
        && one.fix == other.fix
        && one.reference == other.reference
}

/// The worst that was found on a port; `None` where the port could not be tested and nothing was found.
pub(crate) fn worst(port: &Port) -> Option<Severity> {
    let worst = port.findings.iter().map(|finding| finding.severity).max();
    worst.or(port.cut_short_by().is_none().then_some(Severity::Ok))
}

/// Whether what was tested is as it should be, but not all of it was tested.
pub(crate) fn is_partial(report: &Report) -> bool {
    report.status == Status::Ok && report.ports.iter().any(|port| worst(port).is_none())
}

/// The sign before a verdict: that of the status, unless a port that was not tested would pass for sound by it.
pub(crate) fn overall(report: &Report) -> &'static str {
    if is_partial(report) { say!("Tested in part") } else { words::status(report.status) }
}

/// A labelled fact.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) label: &'static str,
    pub(crate) lines: Vec<Line>,
}

/// One line of a fact.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// In our words; an error's message among them may quote the server.
    Words(String),
    /// What was sent, or a name from a registry, to be set in a monospaced face.
    Said(String),
}

/// The facts of a port's dialogue.
pub(crate) fn dialogue(port: &Port) -> Vec<Fact> {
    let mut facts = Vec::new();
    let connected = match (&port.address, port.connected) {
        (Some(address), true) => Line::Said(address.clone()),
        (_, true) => Line::Words(say!("connected").into()),
        (_, false) => Line::Words(say!("not connected").into()),
    };
    facts.push(fact(say!("Address"), [connected]));
    if let Some(error) = &port.error {
        facts.push(fact(say!("Ended early"), [Line::Words(error.message.clone())]));
    }
    if let Some(banner) = &port.banner {
        facts.push(fact(say!("Greeting"), banner.split('\n').map(|line| Line::Said(line.to_owned()))));
    }
    if !port.notes.is_empty() {
        facts.push(fact(say!("Also seen"), port.notes.iter().map(|note| Line::Words(note.clone()))));
    }
    let starttls = match (port.implicit_tls, port.starttls_supported) {
        (true, _) => None,
        (false, Some(true)) => Some(say!("offered")),
        (false, Some(false)) => Some(say!("not offered")),
        (false, None) => Some(say!("not known")),
    };
    if let Some(starttls) = starttls.filter(|_| port.connected) {
        facts.push(fact("STARTTLS", [Line::Words(starttls.into())]));
    }
    if let Some(tls) = &port.tls {
        let unfinished = if tls.completed {
            ""
        } else {
            say!(", read from the server's clear flight; the handshake was not finished")
        };
        facts.push(fact(say!("TLS version"), [Line::Words(format!("{}{unfinished}", tls.version))]));
        facts.push(fact(say!("Cipher suite"), [Line::Said(tls.cipher_suite.clone())]));
        if let Some(group) = &tls.key_exchange {
            facts.push(fact(say!("Key exchange"), [Line::Said(group.clone())]));
        }
        if tls.client_certificate_requested {
            facts.push(fact(
                say!("Requested"),
                [Line::Words(say!("a client certificate; none was given").into())],
            ));
        }
    }
    facts
}

/// What was judged of the leaf certificate.
pub(crate) fn judged(host: &str, leaf: &LeafCertificate) -> Vec<Fact> {
    // The first reports say false of a certificate that cannot be read.
    let name = match leaf.hostname_match.filter(|_| leaf.facts.unreadable.is_none()) {
        Some(true) => say!("stands for {host}"),
        Some(false) => say!("does not stand for {host}"),
        None => say!("not known").to_owned(),
    };
    // Where the path ends is one question, and whether it holds another.
    let holds = leaf.chain_valid == Some(true);
    let fault = leaf.chain_error_text.clone().filter(|_| !holds);
    let end = (leaf.trust.is_some() || fault.is_none()).then(|| words::trust(holds, leaf.trust).to_owned());
    let trust = end.into_iter().chain(fault).map(Line::Words);
    let mut facts = vec![fact(say!("Host name"), [Line::Words(name)]), fact(say!("Trust"), trust)];
    if leaf.self_signed == Some(true) {
        facts.push(fact(
            say!("Signature"),
            [Line::Words(say!("made with the certificate's own key (self-signed)").into())],
        ));
    }
    facts
}

/// Whom a certificate is for, and by whom.
pub(crate) fn parties(certificate: &Certificate) -> Vec<Fact> {
    let unreadable =
        certificate.unreadable.iter().map(|why| fact(say!("Unreadable"), [Line::Words(why.clone())]));
    let subject = certificate.subject.as_deref().map(|subject| match subject {
        "" => Line::Words(say!("none").into()),
        subject => Line::Said(subject.to_owned()),
    });
    let subject = subject.map(|subject| fact(say!("Subject"), [subject]));
    let issuer = certificate.issuer.clone().map(|issuer| fact(say!("Issuer"), [Line::Said(issuer)]));
    unreadable.chain(subject).chain(issuer).collect()
}

/// Key, signature and marks of a certificate.
pub(crate) fn marks(certificate: &Certificate) -> Vec<Fact> {
    let rows = [
        (say!("Key"), certificate.key.as_deref()),
        (say!("Signed with"), certificate.signature_algorithm.as_deref()),
        (say!("Serial"), certificate.serial.as_deref()),
        ("SHA-256", Some(certificate.sha256.as_str())),
    ];
    rows.into_iter().filter_map(|(label, value)| Some(fact(label, [Line::Said(value?.to_owned())]))).collect()
}

/// `2026-10-01 to 2026-12-30, 36 days left`; `None` where the dates are not known.
pub(crate) fn validity(certificate: &Certificate) -> Option<String> {
    let from = words::date(certificate.not_before.as_deref()?);
    let to = words::date(certificate.not_after.as_deref()?);
    let left = certificate.days_remaining.map(|days| format!(", {}", words::days_remaining(days)));
    Some(say!("{from} to {to}{}", left.unwrap_or_default()))
}

/// The names shown of a certificate, and how many are left out.
pub(crate) fn names(certificate: &Certificate, most: usize) -> (&[String], usize) {
    let shown = &certificate.sans[..certificate.sans.len().min(most)];
    (shown, certificate.sans_total.max(certificate.sans.len()) - shown.len())
}

/// An extension and where it is offered; `None` where there was no such EHLO reply.
pub(crate) struct Offered<'a> {
    pub(crate) capability: &'a Capability,
    pub(crate) before: Option<bool>,
    pub(crate) inside: Option<bool>,
}

/// The extensions of a port, those offered before TLS first.
pub(crate) fn extensions(port: &Port) -> Vec<Offered<'_>> {
    let before = port.capabilities_before_tls.as_deref();
    let inside = port.capabilities_after_tls.as_deref();
    if before.is_none() && inside.is_none() {
        let only = port.capabilities.iter();
        return only.map(|capability| Offered { capability, before: None, inside: None }).collect();
    }
    let mut all: Vec<&Capability> = Vec::new();
    for capability in before.into_iter().chain(inside).flatten() {
        if !all.iter().any(|other| alike(other, capability)) {
            all.push(capability);
        }
    }
    let stands = |list: Option<&[Capability]>, capability: &Capability| {
        list.map(|list| list.iter().any(|other| alike(other, capability)))
    };
    all.into_iter()
        .map(|capability| Offered {
            capability,
            before: stands(before, capability),
            inside: stands(inside, capability),
        })
        .collect()
}

fn alike(one: &Capability, other: &Capability) -> bool {
    one.keyword.eq_ignore_ascii_case(&other.keyword) && one.params == other.params
}

/// `before TLS`, `before and inside TLS`, `inside TLS`.
pub(crate) fn place(offered: &Offered<'_>) -> Option<&'static str> {
    match (offered.before, offered.inside) {
        (Some(true), Some(true)) => Some(say!("before and inside TLS")),
        (Some(true), _) => Some(say!("before TLS")),
        (_, Some(true)) => Some(say!("inside TLS")),
        _ => None,
    }
}

/// The line of the EHLO reply, keyword and parameters.
pub(crate) fn as_sent(capability: &Capability) -> String {
    let mut line = capability.keyword.clone();
    for param in &capability.params {
        line.push(' ');
        line.push_str(param);
    }
    line
}

/// The label of what this test did itself between the stages.
pub(crate) const OWN_WORK: &str = mark!("This test itself");

/// The label of the last of the [`timings`], the sum of all before it.
pub(crate) const WHOLE_TEST: &str = mark!("Whole test");

/// The stages that were reached, in their order, with how long each took.
pub(crate) fn timings(port: &Port) -> Vec<(String, String)> {
    let stages = stages(port);
    let own = own_work(port, &stages).map(|own| (spoken(OWN_WORK).to_owned(), own));
    let whole = port.timings.total_ms.map(|whole| (spoken(WHOLE_TEST).to_owned(), whole));
    let each = stages.into_iter().map(|stage| {
        let cut = if stage.finished { String::new() } else { format!(" ({})", spoken(words::CUT_SHORT)) };
        (format!("{}{cut}", spoken(stage.label)), stage.took)
    });
    let all: Vec<(String, u64)> = each.chain(own).chain(whole).collect();
    let unit = unit(port);
    all.into_iter().map(|(label, ms)| (label, unit.says(ms))).collect()
}

/// The unit of all times of a port, those of the transcript too, which count from the beginning of the whole test.
pub(crate) fn unit(port: &Port) -> Unit {
    let stages = stages(port).into_iter().map(|stage| stage.from.saturating_add(stage.took));
    let lines = port.transcript.iter().map(|line| line.at_ms);
    Unit::of(stages.chain(lines).chain(port.timings.total_ms))
}

/// The checks that came to the same for the same reason, and that; what was found first.
pub(crate) fn verdicts(port: &Port) -> Vec<(Verdict, Option<&str>, Vec<&str>)> {
    let mut groups: Vec<(Verdict, Option<&str>, Vec<&str>)> = Vec::new();
    for verdict in [Verdict::Found, Verdict::Passed, Verdict::NotApplicable, Verdict::NotTested] {
        for check in port.checks.iter().filter(|check| check.verdict == verdict) {
            let why = check.why.as_deref();
            match groups.iter_mut().find(|group| (group.0, group.1) == (verdict, why)) {
                Some((_, _, ids)) => ids.push(&check.id),
                None => groups.push((verdict, why, vec![&check.id])),
            }
        }
    }
    groups
}

fn fact(label: &'static str, lines: impl IntoIterator<Item = Line>) -> Fact {
    Fact { label, lines: lines.into_iter().collect() }
}
