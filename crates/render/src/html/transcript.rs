use heloscope_report::{Port, Severity, Speaker, explain, left_out_mark};
use heloscope_words::{plural, say, spoken};
use maud::{Markup, html};

use super::icon::Icon;
use super::prose::Prose;
use super::{Text, said};
use crate::facts;
use crate::words;

pub(super) fn transcript(port: &Port) -> Markup {
    let lines = &port.transcript;
    let explained = explain(lines);
    let unit = facts::unit(port);
    html! {
        @if !lines.is_empty() {
            details class="transcript" part="transcript" {
                summary { (spoken(words::TRANSCRIPT)) " " span class="count" { (lines_counted(lines.len())) } }
                table {
                    thead class="unseen" {
                        tr { th scope="col" { (say!("Time")) } th scope="col" { (say!("From")) } th scope="col" { (say!("Line")) } }
                    }
                    tbody {
                        @for (place, (line, words)) in lines.iter().zip(&explained).enumerate() {
                            @if line.encrypted != place.checked_sub(1).is_some_and(|before| lines[before].encrypted) {
                                tr class="turn" {
                                    td colspan="3" { (spoken(if line.encrypted { words::TLS_BEGINS } else { words::TLS_ENDS })) }
                                }
                            }
                            tr class=(class(line.from)) {
                                td class="number" { (Prose(&unit.says(line.at_ms))) }
                                td { (words::speaker(line.from)) }
                                td {
                                    @if let Some(words) = words {
                                        details { summary { (line_said(&line.text)) } p { (Prose(words)) } }
                                    } @else {
                                        (line_said(&line.text))
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What a line says; the count in a mark of ours is a number like any other.
fn line_said(text: &str) -> Markup {
    let (server, mark) = text.split_at(left_out_mark(text).unwrap_or(text.len()));
    html! { code { (Text(server)) (Prose(mark)) } }
}

fn lines_counted(count: usize) -> String {
    plural!(count, "1 line", "{count} lines")
}

fn class(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Server => "server",
        Speaker::Client => "test",
    }
}

pub(super) fn checks(port: &Port) -> Markup {
    html! {
        @if !port.checks.is_empty() {
            details class="checks" part="checks" {
                summary { (spoken(words::CHECKS)) " " span class="count" { (port.checks.len()) } }
                table {
                    thead {
                        tr { th scope="col" { (say!("Check")) } th scope="col" { (say!("Verdict")) } th scope="col" { (say!("Why")) } }
                    }
                    tbody {
                        @for check in &port.checks {
                            tr {
                                th scope="row" { (said(&check.id)) }
                                td { (sign(port, check).with(words::verdict(check.verdict))) }
                                td { (Prose(check.why.as_deref().unwrap_or_default())) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A check that found something bears the sign of its finding.
fn sign(port: &Port, check: &heloscope_report::CheckVerdict) -> Icon {
    let severity = |finding: &heloscope_report::Finding| finding.severity;
    let found = port.findings.iter().filter(|finding| finding.id == check.id).map(severity).max();
    found.filter(|severity| *severity > Severity::Ok).map_or_else(|| check.verdict.into(), Icon::from)
}
