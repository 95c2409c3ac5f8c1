use heloscope_report::{Report, summary};
use heloscope_words::{say, spoken};
use maud::{Markup, PreEscaped, html};

use super::icon::Icon;
use super::prose::Prose;
use super::{Text, said};
use crate::facts::{is_partial, overall};
use crate::span::span;
use crate::words;

pub(super) fn verdict(report: &Report) -> Markup {
    let icon = if is_partial(report) { Icon::Untested } else { Icon::from(report.status) };
    html! {
        header class={ "verdict " (icon.class()) } part="verdict" {
            p class="kind" { (icon.with(overall(report))) }
            h2 { (Prose(&summary(report))) }
            p class="about" { (about(report)) }
        }
    }
}

/// Whatever stands between the marks of the sentence is escaped already.
fn about(report: &Report) -> PreEscaped<String> {
    let moment = html! {
        time datetime=(Text(&report.tested_at)) { (Text(&words::moment(&report.tested_at))) }
    };
    let vantage = match report.vantage.as_str() {
        "direct" => say!("directly").to_owned(),
        through => say!("through {}", said(through).into_string()),
    };
    let took = html! { span class="short" { (Prose(&span(report.duration_ms))) } };
    PreEscaped(words::about(
        &said(&report.host).into_string(),
        report.address.as_deref().map(|address| said(address).into_string()),
        &moment.into_string(),
        &took.into_string(),
        &vantage,
    ))
}

pub(super) fn senders(report: &Report) -> Markup {
    let rows = heloscope_report::senders(report);
    html! {
        @if !rows.is_empty() {
            section class="senders" part="senders" {
                h3 { (spoken(words::SENDERS)) }
                table {
                    thead { tr { th scope="col" { (say!("Sender")) } th scope="col" { (say!("Outcome")) } th scope="col" { (say!("Why")) } } }
                    tbody {
                        @for row in &rows {
                            tr {
                                th scope="row" { (row.sender.name()) " " span class="where" { (words::ports(&[row.port])) } }
                                td { (Icon::from(row.outcome).with(row.outcome.name())) }
                                td { (Prose(&row.text)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
