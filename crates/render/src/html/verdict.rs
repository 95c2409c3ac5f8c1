use heloscope_report::{Report, summary};
use maud::{Markup, html};

use super::icon::Icon;
use super::{Text, said};
use crate::words;

pub(super) fn verdict(report: &Report) -> Markup {
    let icon = Icon::from(report.status);
    html! {
        header class={ "verdict " (icon.class()) } part="verdict" {
            p class="kind" { (icon.with(words::status(report.status))) }
            h2 { (Text(&summary(report))) }
            p class="about" {
                (said(&report.host))
                " tested " time datetime=(Text(&report.tested_at)) { (Text(&words::moment(&report.tested_at))) }
                " in " (words::span(report.duration_ms))
                @if report.vantage == "direct" { ", directly" } @else { ", through " (said(&report.vantage)) }
            }
        }
    }
}

pub(super) fn senders(report: &Report) -> Markup {
    let rows = heloscope_report::senders(report);
    html! {
        @if !rows.is_empty() {
            section class="senders" part="senders" {
                h3 { (words::SENDERS) }
                table {
                    thead { tr { th scope="col" { "Sender" } th scope="col" { "Outcome" } th scope="col" { "Why" } } }
                    tbody {
                        @for row in &rows {
                            tr {
                                th scope="row" { (row.sender.name()) " " span class="where" { "port " (row.port) } }
                                td { (Icon::from(row.outcome).with(row.outcome.name())) }
                                td { (Text(&row.text)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
