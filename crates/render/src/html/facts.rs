use heloscope_report::{Port, Report};
use heloscope_words::{say, spoken};
use maud::{Markup, html};

use super::icon::Icon;
use super::prose::Prose;
use super::said;
use crate::facts::{
    Fact, Line, OWN_WORK, WHOLE_TEST, as_sent, dialogue, extensions as offered, judged, place, unit,
    validity, worst,
};
use crate::stages::{own_work, stages};
use crate::words;

pub(super) fn heading(port: &Port) -> Markup {
    let (icon, word) = match worst(port) {
        Some(severity) => (severity.into(), words::severity(severity)),
        None => (Icon::Untested, words::status(heloscope_report::Status::Untested)),
    };
    html! {
        header {
            h3 { (say!("Port {}", port.port)) " " span class="role" { (words::role(port)) } }
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
                    (one(&Fact { label: say!("Valid"), lines: vec![Line::Words(validity)] }))
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
                        Line::Words(words) => (Prose(words)),
                        Line::Said(text) => (said(text)),
                    }
                }
            }
        }
    }
}

/// The dialogue as a waterfall: a bar a stage, from its beginning to its end.
pub(super) fn timings(port: &Port) -> Markup {
    let stages = stages(port);
    let last = stages.iter().map(|stage| stage.from.saturating_add(stage.took)).max().unwrap_or_default();
    let end = port.timings.total_ms.unwrap_or_default().max(last);
    let own = own_work(port, &stages);
    let unit = unit(port);
    let place = |ms: u64| u64::try_from(u128::from(ms) * 1000 / u128::from(end.max(1))).unwrap_or(1000);
    html! {
        @if !stages.is_empty() {
            table class="timings" {
                caption { (spoken(words::TIMINGS)) }
                thead class="unseen" {
                    tr { th scope="col" { (say!("Stage")) } th scope="col" { (say!("Took")) } th scope="col" { (say!("Began at")) } }
                }
                tbody {
                    @for stage in &stages {
                        tr {
                            th scope="row" { (spoken(stage.label)) @if !stage.finished { ", " (spoken(words::CUT_SHORT)) } }
                            td class="number" { (Prose(&unit.says(stage.took))) }
                            td class="bar" {
                                span class="unseen" { (Prose(&unit.says(stage.from))) }
                                svg viewBox="0 0 1000 6" preserveAspectRatio="none" aria-hidden="true" {
                                    rect class="track" y="2" width="1000" height="2" {}
                                    // Seen, however short it is.
                                    rect class={ "fill" @if !stage.finished { " cut" } }
                                        x=(place(stage.from).min(994))
                                        width=(place(stage.took).clamp(6, 1000)) height="6" {}
                                }
                            }
                        }
                    }
                    @if let Some(own) = own {
                        tr {
                            th scope="row" { (spoken(OWN_WORK)) }
                            td class="number" { (Prose(&unit.says(own))) }
                            td {}
                        }
                    }
                    @if let Some(total) = port.timings.total_ms {
                        tr class="whole" {
                            th scope="row" { (spoken(WHOLE_TEST)) }
                            td class="number" { (Prose(&unit.says(total))) }
                            td {}
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn extensions(port: &Port) -> Markup {
    let offered = offered(port);
    let placed = offered.iter().any(|entry| place(entry).is_some());
    html! {
        @if !offered.is_empty() {
            table class="extensions" {
                caption { (spoken(words::EXTENSIONS)) }
                thead {
                    tr {
                        th scope="col" { (say!("As sent")) }
                        th scope="col" { (say!("What it means")) }
                        @if placed { th scope="col" { (say!("Offered")) } }
                    }
                }
                tbody {
                    @for entry in &offered {
                        tr {
                            th scope="row" { (said(&as_sent(entry.capability))) }
                            td { (Prose(entry.capability.meaning.as_deref().unwrap_or(spoken(words::UNKNOWN_EXTENSION)))) }
                            @if placed { td class="where" { (place(entry).unwrap_or_default()) } }
                        }
                    }
                }
            }
        }
    }
}
