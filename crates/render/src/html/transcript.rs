use heloscope_report::{Port, Severity, explain};
use maud::{Markup, html};

use super::icon::Icon;
use super::{Text, said};
use crate::words;

pub(super) fn transcript(port: &Port) -> Markup {
    let lines = &port.transcript;
    let explained = explain(lines);
    html! {
        @if !lines.is_empty() {
            details class="transcript" part="transcript" {
                summary { (words::TRANSCRIPT) " " span class="count" { (words::counted(lines.len(), "line", "lines")) } }
                table {
                    thead class="unseen" {
                        tr { th scope="col" { "Time" } th scope="col" { "From" } th scope="col" { "Line" } }
                    }
                    tbody {
                        @for (place, (line, words)) in lines.iter().zip(&explained).enumerate() {
                            @if line.encrypted != place.checked_sub(1).is_some_and(|before| lines[before].encrypted) {
                                tr class="turn" {
                                    td colspan="3" { (if line.encrypted { words::TLS_BEGINS } else { words::TLS_ENDS }) }
                                }
                            }
                            tr class=(words::speaker(line.from)) {
                                td class="number" { (words::span(line.at_ms)) }
                                td { (words::speaker(line.from)) }
                                td {
                                    @if let Some(words) = words {
                                        details { summary { (said(&line.text)) } p { (Text(words)) } }
                                    } @else {
                                        (said(&line.text))
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

pub(super) fn checks(port: &Port) -> Markup {
    html! {
        @if !port.checks.is_empty() {
            details class="checks" part="checks" {
                summary { (words::CHECKS) " " span class="count" { (port.checks.len()) } }
                table {
                    thead {
                        tr { th scope="col" { "Check" } th scope="col" { "Verdict" } th scope="col" { "Why" } }
                    }
                    tbody {
                        @for check in &port.checks {
                            tr {
                                th scope="row" { (said(&check.id)) }
                                td { (sign(port, check).with(words::verdict(check.verdict))) }
                                td { (Text(check.why.as_deref().unwrap_or_default())) }
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
