//! Plain text for a terminal, 80 columns wide where words can be wrapped.

mod paint;
mod progress;

use std::fmt::Write;
use std::time::Duration;

use heloscope_observation::Observations;
use heloscope_report::{Port, Remedies, Report, SenderOutcome, Severity, Status, inert, summary};
use heloscope_words::{say, spoken};
use paint::{Colour, paint};

use crate::facts::{
    Fact, Line, Told, as_sent, dialogue, extensions, is_partial, judged, marks, names, overall, parties,
    place, timings, told, unit, validity, verdicts,
};
use crate::remedy::{AGAIN, CONFIGURATION, looks_like, mending};
use crate::span::span;
use crate::words;

/// Whether a terminal's colours may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextStyle {
    /// Text alone, for a file or a pipe.
    Plain,
    /// With ECMA-48 SGR sequences for colour and weight.
    Colour,
}

/// Columns to wrap at.
const WIDTH: usize = 80;

/// Columns of a label: as many as the longest has, and one more.
fn label_columns() -> usize {
    if heloscope_words::language() == "en" { 15 } else { 20 }
}

/// Names of a certificate that are listed; the others are counted.
const NAMES_LISTED: usize = 6;

/// The report, verdict first.
pub fn report(report: &Report, style: TextStyle) -> String {
    written(report, style, None)
}

/// The report, and below each finding what there is to paste for the mail server that it probably is.
pub fn report_with_remedies(report: &Report, style: TextStyle, remedies: Remedies<'_>) -> String {
    written(report, style, Some(remedies))
}

fn written(report: &Report, style: TextStyle, remedies: Option<Remedies<'_>>) -> String {
    let mut page = Page { out: String::new(), style };
    page.verdict(report);
    page.findings(report, remedies);
    page.senders(report);
    for (place, port) in report.ports.iter().enumerate() {
        page.port(report, port, &report.ports[..place]);
    }
    page.out
}

/// How far a test has come at the time `at` after its beginning, a line for each port and one for why it may wait.
pub fn progress(observations: &Observations, at: Duration, style: TextStyle) -> String {
    progress::lines(&heloscope_report::progress(observations, at), at, style)
}

struct Page {
    out: String,
    style: TextStyle,
}

impl Page {
    fn verdict(&mut self, report: &Report) {
        let colour = if is_partial(report) { Colour::Bold } else { status_colour(report.status) };
        let word = self.painted(overall(report), colour);
        self.wrapped(0, &format!("{word}: "), &summary(report));
        let vantage = if report.vantage == "direct" {
            say!("directly").to_owned()
        } else {
            say!("through {}", report.vantage)
        };
        let moment = words::moment(&report.tested_at);
        let took = span(report.duration_ms);
        let about = words::about(&report.host, report.address.clone(), &moment, &took, &vantage);
        self.wrapped(0, "", &about);
    }

    fn findings(&mut self, report: &Report, remedies: Option<Remedies<'_>>) {
        for entry in told(report) {
            self.out.push('\n');
            self.finding(&entry);
            if let Some(remedies) = remedies {
                self.remedy(report, &entry, remedies);
            }
        }
    }

    fn finding(&mut self, entry: &Told<'_>) {
        let finding = entry.finding;
        let word = self.painted(words::severity(finding.severity), severity_colour(finding.severity));
        let place =
            if entry.ports.is_empty() { String::new() } else { format!(" ({})", words::ports(&entry.ports)) };
        self.wrapped(0, &format!("{word}: "), &format!("{}{place}", finding.title));
        for (ports, explanation) in &entry.explanations {
            let on =
                if entry.explanations.len() > 1 { format!("{}: ", words::on(ports)) } else { String::new() };
            self.wrapped(2, "", &format!("{on}{explanation}"));
        }
        self.wrapped(2, &format!("{}: ", spoken(words::ADVICE)), &finding.fix);
        self.wrapped(2, &format!("{}: ", spoken(words::REFERENCE)), &finding.reference);
    }

    fn remedy(&mut self, report: &Report, entry: &Told<'_>, remedies: Remedies<'_>) {
        let mending = mending(report, entry, remedies);
        if let Some((remedy, guess)) = mending.guessed().zip(mending.guess) {
            self.wrapped(
                2,
                &format!("{} ", spoken(CONFIGURATION)),
                &say!("({}; a guess):", looks_like(guess)),
            );
            for line in remedy.configuration.lines() {
                self.plain(4, line);
            }
        }
        if !mending.commands.is_empty() {
            self.wrapped(2, "", &format!("{}:", spoken(AGAIN)));
            for command in &mending.commands {
                self.plain(4, command);
            }
        }
    }

    fn senders(&mut self, report: &Report) {
        let rows = heloscope_report::senders(report);
        if rows.is_empty() {
            return;
        }
        self.heading(spoken(words::SENDERS));
        for row in &rows {
            let outcome = self.painted(row.outcome.name(), outcome_colour(row.outcome));
            self.wrapped(2, &format!("{}, {}: {outcome}", row.sender.name(), words::ports(&[row.port])), "");
            self.wrapped(4, "", &row.text);
        }
    }

    fn port(&mut self, report: &Report, port: &Port, before: &[Port]) {
        self.heading(&say!("Port {}: {}", port.port, words::role(port)));
        for fact in dialogue(port) {
            self.fact(2, &fact);
        }
        if let Some(leaf) = &port.certificate {
            for fact in judged(&report.host, leaf) {
                self.fact(2, &fact);
            }
            if let Some(validity) = validity(&leaf.facts) {
                self.fact(2, &Fact { label: say!("Valid"), lines: vec![Line::Words(validity)] });
            }
        }
        let offered = extensions(port);
        if !offered.is_empty() {
            self.title(spoken(words::EXTENSIONS));
            for entry in &offered {
                let meaning = entry.capability.meaning.as_deref().unwrap_or(spoken(words::UNKNOWN_EXTENSION));
                let place = place(entry).map(|place| format!(" ({place})")).unwrap_or_default();
                self.plain(4, &as_sent(entry.capability));
                self.wrapped(6, "", &format!("{meaning}{place}"));
            }
        }
        self.chain(port, before);
        let stages: Vec<_> =
            timings(port).into_iter().map(|(label, took)| format!("{label} {took}")).collect();
        if !stages.is_empty() {
            self.title(spoken(words::TIMINGS));
            self.listed(4, &stages);
        }
        self.transcript(port);
        self.checks(port);
    }

    fn chain(&mut self, port: &Port, before: &[Port]) {
        if port.chain.is_empty() {
            return;
        }
        self.title(spoken(words::CHAIN));
        if let Some(same) = before.iter().find(|other| other.chain == port.chain) {
            return self.plain(4, &words::same_chain(same.port));
        }
        for (place, sent) in port.chain.iter().enumerate() {
            self.plain(4, &say!("Certificate {}", place + 1));
            for fact in parties(sent) {
                self.fact(6, &fact);
            }
            let (listed, more) = names(sent, NAMES_LISTED);
            if !listed.is_empty() {
                let mut lines: Vec<_> = listed.iter().cloned().map(Line::Said).collect();
                if more > 0 {
                    lines.push(Line::Words(say!("and {more} more")));
                }
                self.fact(6, &Fact { label: say!("Names"), lines });
            }
            if let Some(validity) = validity(sent) {
                self.fact(6, &Fact { label: say!("Valid"), lines: vec![Line::Words(validity)] });
            }
            for fact in marks(sent) {
                self.fact(6, &fact);
            }
        }
    }

    fn transcript(&mut self, port: &Port) {
        if port.transcript.is_empty() {
            return;
        }
        self.title(spoken(words::TRANSCRIPT));
        let unit = unit(port);
        let mut encrypted = false;
        for line in &port.transcript {
            if line.encrypted != encrypted {
                encrypted = line.encrypted;
                self.plain(
                    4,
                    &format!(
                        "-- {} --",
                        if encrypted { spoken(words::TLS_BEGINS) } else { spoken(words::TLS_ENDS) }
                    ),
                );
            }
            let at = unit.says(line.at_ms);
            self.plain(4, &format!("{at:>9}  {:<6}  {}", words::speaker(line.from), line.text));
        }
    }

    fn checks(&mut self, port: &Port) {
        if port.checks.is_empty() {
            return;
        }
        self.title(spoken(words::CHECKS));
        for (verdict, why, ids) in verdicts(port) {
            let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
            self.wrapped(4, "", &format!("{}{why}: {}", words::verdict(verdict), ids.join(", ")));
        }
    }

    fn heading(&mut self, text: &str) {
        let text = self.painted(text, Colour::Bold);
        let _ = writeln!(self.out, "\n{text}");
    }

    fn title(&mut self, text: &str) {
        let _ = writeln!(self.out, "  {text}");
    }

    fn fact(&mut self, indent: usize, fact: &Fact) {
        let columns = label_columns();
        let mut label = format!("{:<columns$}", fact.label);
        for line in &fact.lines {
            match line {
                Line::Words(words) => self.wrapped_at(indent, &label, indent + columns, words),
                Line::Said(text) => self.plain(indent, &format!("{label}{text}")),
            }
            label = " ".repeat(columns);
        }
    }

    /// A line as it is, however long.
    fn plain(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.out, "{:indent$}{}", "", inert(text));
    }

    fn wrapped(&mut self, indent: usize, lead: &str, text: &str) {
        self.wrapped_at(indent, lead, indent, text);
    }

    /// Items, wrapped between them alone.
    fn listed(&mut self, indent: usize, items: &[String]) {
        let mut line = String::new();
        for (place, item) in items.iter().enumerate() {
            let item = if place + 1 < items.len() { format!("{item},") } else { item.clone() };
            let width = indent + line.chars().count() + 1 + item.chars().count();
            if !line.is_empty() && width > WIDTH {
                self.plain(indent, &line);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&item);
        }
        self.plain(indent, &line);
    }

    /// Words, wrapped; `lead` is our own and may be painted, so its width is counted without its paint.
    fn wrapped_at(&mut self, indent: usize, lead: &str, hanging: usize, text: &str) {
        let _ = write!(self.out, "{:indent$}{lead}", "");
        let mut column = indent + paint::width(lead);
        let mut fresh = true;
        for word in text.split_ascii_whitespace() {
            let word = inert(word);
            let width = word.chars().count();
            if !fresh && column + 1 + width > WIDTH {
                let _ = write!(self.out, "\n{:hanging$}", "");
                column = hanging;
                fresh = true;
            }
            if !fresh {
                self.out.push(' ');
                column += 1;
            }
            self.out.push_str(&word);
            column += width;
            fresh = false;
        }
        self.out.push('\n');
    }

    fn painted(&self, text: &str, colour: Colour) -> String {
        paint(self.style, text, colour)
    }
}

fn severity_colour(severity: Severity) -> Colour {
    match severity {
        Severity::Ok => Colour::Green,
        Severity::Notice => Colour::Cyan,
        Severity::Warning => Colour::Yellow,
        Severity::Error => Colour::Red,
    }
}

fn outcome_colour(outcome: SenderOutcome) -> Colour {
    match outcome {
        SenderOutcome::Delivers => Colour::Green,
        SenderOutcome::Depends => Colour::Cyan,
        SenderOutcome::ClearText | SenderOutcome::Queues => Colour::Yellow,
        SenderOutcome::Refuses => Colour::Red,
        SenderOutcome::NotTested => Colour::Bold,
    }
}

fn status_colour(status: Status) -> Colour {
    match status {
        Status::Ok => Colour::Green,
        Status::Notice => Colour::Cyan,
        Status::Warning => Colour::Yellow,
        Status::Error => Colour::Red,
        Status::Untested => Colour::Bold,
    }
}
