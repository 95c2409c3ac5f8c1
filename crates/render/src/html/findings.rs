use heloscope_report::Report;
use heloscope_words::spoken;
use maud::{Markup, html};

use super::Text;
use super::icon::Icon;
use super::prose::Prose;
use crate::facts::{Told, told};
use crate::words;

pub(super) fn findings(report: &Report) -> Markup {
    let told = told(report);
    if told.is_empty() {
        return html! {};
    }
    html! {
        section class="findings" part="findings" {
            h3 { (spoken(words::FINDINGS)) }
            ol {
                @for entry in &told { (finding(entry)) }
            }
        }
    }
}

fn finding(entry: &Told<'_>) -> Markup {
    let finding = entry.finding;
    let icon = Icon::from(finding.severity);
    html! {
        li class={ "finding " (icon.class()) } part="finding" data-id=(Text(&finding.id)) {
            p class="kind" {
                (icon.with(words::severity(finding.severity)))
                @if !entry.ports.is_empty() { " " span class="where" { (words::ports(&entry.ports)) } }
            }
            h4 { (Prose(&finding.title)) }
            div class="meaning" {
                @for (ports, explanation) in &entry.explanations {
                    @if entry.explanations.len() > 1 { p class="where" { (words::on(ports)) } }
                    (paragraphs(explanation))
                }
            }
            div class="advice" {
                p class="label" { (spoken(words::ADVICE)) }
                (paragraphs(&finding.fix))
                p class="reference" { (spoken(words::REFERENCE)) ": " (Text(&finding.reference)) }
            }
        }
    }
}

fn paragraphs(text: &str) -> Markup {
    html! {
        @for paragraph in text.split('\n').filter(|paragraph| !paragraph.trim().is_empty()) {
            p { (Prose(paragraph)) }
        }
    }
}
