use heloscope_report::{Port, Report};
use maud::{Markup, html};

use super::icon::Icon;
use super::{Text, said};
use crate::facts::{
    Fact, Line, WHOLE_TEST, as_sent, dialogue, extensions as offered, judged, place, timings as stages,
    validity, worst,
};
use crate::words;

pub(super) fn heading(port: &Port) -> Markup {
    let (icon, word) = match worst(port) {
        Some(severity) => (severity.into(), words::severity(severity)),
        None => (Icon::Untested, words::status(heloscope_report::Status::Untested)),
    };
    html! {
        header {
            h3 { "Port " (port.port) " " span class="role" { (words::role(port)) } }
            (icon.with(word))
        }
    }
}

pub(super) fn facts(report: &Report, port: &Port) -> Markup {
    html! {
        dl class="facts" {
            @for fact in dialogue(port) { (one(&fact)) }
            @if let Some(leaf) = &port.certificate {
                @for fact in judged(&report.host, leaf) { (one(&fact)) }
                @if let Some(validity) = validity(&leaf.facts) {
                    (one(&Fact { label: "Valid", lines: vec![Line::Words(validity)] }))
                }
            }
        }
    }
}

pub(super) fn one(fact: &Fact) -> Markup {
    html! {
        div {
            dt { (fact.label) }
            dd {
                @for (place, line) in fact.lines.iter().enumerate() {
                    @if place > 0 { br; }
                    @match line {
                        Line::Words(words) => (Text(words)),
                        Line::Said(text) => (said(text)),
                    }
                }
            }
        }
    }
}

/// Stages as bars, each as long as its share of the whole test.
pub(super) fn timings(port: &Port) -> Markup {
    let stages = stages(port);
    let whole = port.timings.total_ms;
    html! {
        @if !stages.is_empty() {
            table class="timings" {
                caption { (words::TIMINGS) }
                @for (label, ms) in &stages {
                    tr {
                        th scope="row" { (label) }
                        td class="number" { (words::span(*ms)) }
                        td class="bar" aria-hidden="true" {
                            // A bar for the whole itself would be as long as there is room, and say nothing.
                            @if let Some(whole) = whole.filter(|_| *label != WHOLE_TEST) {
                                svg viewBox="0 0 100 6" preserveAspectRatio="none" {
                                    rect class="fill" width=(per_cent(*ms, whole)) height="6" {}
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn per_cent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or_default().min(100)
}

pub(super) fn extensions(port: &Port) -> Markup {
    let offered = offered(port);
    let placed = offered.iter().any(|entry| place(entry).is_some());
    html! {
        @if !offered.is_empty() {
            table class="extensions" {
                caption { (words::EXTENSIONS) }
                thead {
                    tr {
                        th scope="col" { "As sent" }
                        th scope="col" { "What it means" }
                        @if placed { th scope="col" { "Offered" } }
                    }
                }
                tbody {
                    @for entry in &offered {
                        tr {
                            th scope="row" { (said(&as_sent(entry.capability))) }
                            td { (Text(entry.capability.meaning.as_deref().unwrap_or(words::UNKNOWN_EXTENSION))) }
                            @if placed { td class="where" { (place(entry).unwrap_or_default()) } }
                        }
                    }
                }
            }
        }
    }
}
