//! Markdown for a ticket, CommonMark; nothing a server sent can be more than text in it.

mod escape;

use std::fmt::Write;

use escape::{code, fenced, prose};
use heloscope_report::{Port, Remedies, Report, summary};
use heloscope_words::{say, small, spoken};

use crate::facts::{
    Fact, Line, Told, as_sent, dialogue, extensions, judged, marks, names, overall, parties, place, timings,
    told, unit, validity, verdicts,
};
use crate::remedy::{AGAIN, CONFIGURATION, looks_like, mending};
use crate::span::span;
use crate::words;

/// Names of a certificate that are listed; the others are counted.
const NAMES_LISTED: usize = 10;

/// The report, verdict first.
pub fn report(report: &Report) -> String {
    written(report, None)
}

/// The report, and below each finding what there is to paste for the mail server that it probably is.
pub fn report_with_remedies(report: &Report, remedies: Remedies<'_>) -> String {
    written(report, Some(remedies))
}

fn written(report: &Report, remedies: Option<Remedies<'_>>) -> String {
    let mut out = String::new();
    verdict(&mut out, report);
    findings(&mut out, report, remedies);
    senders(&mut out, report);
    for (place, port) in report.ports.iter().enumerate() {
        one_port(&mut out, report, port, &report.ports[..place]);
    }
    out
}

fn verdict(out: &mut String, report: &Report) {
    line(out, &format!("# {}: {}", prose(&report.host), small(overall(report))));
    line(out, &format!("**{}**", prose(&summary(report))));
    let vantage = if report.vantage == "direct" {
        say!("directly").into()
    } else {
        say!("through {}", code(&report.vantage))
    };
    let moment = prose(&words::moment(&report.tested_at));
    let took = span(report.duration_ms);
    let address = report.address.as_deref().map(code);
    line(out, &format!("{}.", words::about(&code(&report.host), address, &moment, &took, &vantage)));
}

fn findings(out: &mut String, report: &Report, remedies: Option<Remedies<'_>>) {
    let told = told(report);
    if !told.is_empty() {
        line(out, &format!("## {}", spoken(words::FINDINGS)));
    }
    for entry in &told {
        finding(out, entry);
        if let Some(remedies) = remedies {
            remedy(out, report, entry, remedies);
        }
    }
}

fn finding(out: &mut String, entry: &Told<'_>) {
    let finding = entry.finding;
    let place =
        if entry.ports.is_empty() { String::new() } else { format!(" ({})", words::ports(&entry.ports)) };
    line(out, &format!("### {}: {}{place}", words::severity(finding.severity), prose(&finding.title)));
    for (ports, explanation) in &entry.explanations {
        let on = if entry.explanations.len() > 1 { format!("{}: ", words::on(ports)) } else { String::new() };
        line(out, &format!("{on}{}", paragraphs(explanation)));
    }
    line(out, &format!("**{}:** {}", spoken(words::ADVICE), paragraphs(&finding.fix)));
    line(out, &format!("{}: {}", spoken(words::REFERENCE), prose(&finding.reference)));
}

fn remedy(out: &mut String, report: &Report, entry: &Told<'_>, remedies: Remedies<'_>) {
    let mending = mending(report, entry, remedies);
    if let Some((remedy, guess)) = mending.guessed().zip(mending.guess) {
        line(out, &format!("**{}** {}", spoken(CONFIGURATION), say!("({}; a guess):", looks_like(guess))));
        line(out, &fenced(&remedy.configuration.lines().map(str::to_owned).collect::<Vec<_>>()));
    }
    if !mending.commands.is_empty() {
        line(out, &format!("{}:", spoken(AGAIN)));
        line(out, &fenced(&mending.commands));
    }
}

/// A list rather than a table: in a table a code span may not hold every character.
fn senders(out: &mut String, report: &Report) {
    let rows = heloscope_report::senders(report);
    if rows.is_empty() {
        return;
    }
    line(out, &format!("## {}", spoken(words::SENDERS)));
    let items: Vec<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{}, {}: **{}**. {}",
                row.sender.name(),
                words::ports(&[row.port]),
                row.outcome.name(),
                prose(&row.text)
            )
        })
        .collect();
    list(out, "- ", &items);
}

fn one_port(out: &mut String, report: &Report, port: &Port, before: &[Port]) {
    line(out, &format!("## {}", say!("Port {}: {}", port.port, words::role(port))));
    let mut items: Vec<String> = dialogue(port).iter().map(item).collect();
    if let Some(leaf) = &port.certificate {
        items.extend(judged(&report.host, leaf).iter().map(item));
        items
            .extend(validity(&leaf.facts).map(|validity| format!("{}: {}", say!("Valid"), prose(&validity))));
    }
    list(out, "- ", &items);
    let offered = extensions(port);
    if !offered.is_empty() {
        line(out, &format!("### {}", spoken(words::EXTENSIONS)));
        let items: Vec<String> = offered
            .iter()
            .map(|entry| {
                let meaning = entry.capability.meaning.as_deref().unwrap_or(spoken(words::UNKNOWN_EXTENSION));
                let place = place(entry).map(|place| format!(" ({place})")).unwrap_or_default();
                format!("{}: {}{place}", code(&as_sent(entry.capability)), prose(meaning))
            })
            .collect();
        list(out, "- ", &items);
    }
    chain(out, port, before);
    let stages: Vec<String> =
        timings(port).into_iter().map(|(label, took)| format!("{label}: {took}")).collect();
    if !stages.is_empty() {
        line(out, &format!("### {}", spoken(words::TIMINGS)));
        list(out, "- ", &stages);
    }
    transcript(out, port);
    checks(out, port);
}

fn chain(out: &mut String, port: &Port, before: &[Port]) {
    if port.chain.is_empty() {
        return;
    }
    line(out, &format!("### {}", spoken(words::CHAIN)));
    if let Some(same) = before.iter().find(|other| other.chain == port.chain) {
        return line(out, &words::same_chain(same.port));
    }
    for (place, sent) in port.chain.iter().enumerate() {
        let mut lines: Vec<String> = parties(sent).iter().map(item).collect();
        let (listed, more) = names(sent, NAMES_LISTED);
        if !listed.is_empty() {
            let listed: Vec<_> = listed.iter().map(|name| code(name)).collect();
            let more = if more > 0 { format!(" {}", say!("and {more} more")) } else { String::new() };
            lines.push(format!("{}: {}{more}", say!("Names"), listed.join(", ")));
        }
        lines.extend(validity(sent).map(|validity| format!("{}: {}", say!("Valid"), prose(&validity))));
        lines.extend(marks(sent).iter().map(item));
        // A line that ends in a backslash goes on in the same item, on a line of its own.
        let _ = writeln!(out, "{}. {}", place + 1, lines.join("\\\n   "));
    }
    out.push('\n');
}

fn transcript(out: &mut String, port: &Port) {
    if port.transcript.is_empty() {
        return;
    }
    line(out, &format!("### {}", spoken(words::TRANSCRIPT)));
    let unit = unit(port);
    let mut lines = Vec::new();
    let mut encrypted = false;
    for said in &port.transcript {
        if said.encrypted != encrypted {
            encrypted = said.encrypted;
            lines.push(format!(
                "-- {} --",
                if encrypted { spoken(words::TLS_BEGINS) } else { spoken(words::TLS_ENDS) }
            ));
        }
        let at = unit.says(said.at_ms);
        lines.push(format!("{at:>9}  {:<6}  {}", words::speaker(said.from), said.text));
    }
    line(out, &fenced(&lines));
}

fn checks(out: &mut String, port: &Port) {
    if port.checks.is_empty() {
        return;
    }
    line(out, &format!("### {}", spoken(words::CHECKS)));
    let items: Vec<String> = verdicts(port)
        .into_iter()
        .map(|(verdict, why, ids)| {
            let why = why.map(|why| format!(" ({})", prose(why))).unwrap_or_default();
            let ids: Vec<_> = ids.into_iter().map(code).collect();
            format!("{}{why}: {}", words::verdict(verdict), ids.join(", "))
        })
        .collect();
    list(out, "- ", &items);
}

fn item(fact: &Fact) -> String {
    let lines: Vec<_> = fact
        .lines
        .iter()
        .map(|line| match line {
            Line::Words(words) => prose(words),
            Line::Said(text) => code(text),
        })
        .collect();
    format!("{}: {}", fact.label, lines.join(" / "))
}

fn paragraphs(text: &str) -> String {
    let paragraphs: Vec<_> = text.split('\n').filter(|line| !line.trim().is_empty()).map(prose).collect();
    paragraphs.join("\n\n")
}

fn list(out: &mut String, mark: &str, items: &[String]) {
    for item in items {
        let _ = writeln!(out, "{mark}{item}");
    }
    out.push('\n');
}

fn line(out: &mut String, line: &str) {
    out.push_str(line);
    out.push_str("\n\n");
}
