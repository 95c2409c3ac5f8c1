//! HTML: a fragment for the page's element, with class names and `part` names for its style sheet.
//!
//! No script, no link, no inline style; the tags and attributes are few and always written the same way, so that
//! the page can check them before it shows them.

mod chain;
mod facts;
mod findings;
mod icon;
mod progress;
mod prose;
mod remedy;
mod transcript;
mod verdict;

use std::time::Duration;

use heloscope_observation::Observations;
use heloscope_report::{Port, Report, inert};
use maud::{Markup, Render, html};
pub use remedy::remedy;

use crate::words;

/// The report, verdict first.
pub fn report(report: &Report) -> String {
    let markup = html! {
        article class="report" part="report" {
            (verdict::verdict(report))
            (findings::findings(report))
            (verdict::senders(report))
            @for (place, port) in report.ports.iter().enumerate() {
                (one_port(report, port, &report.ports[..place]))
            }
        }
    };
    markup.into_string()
}

/// How far a test has come at the time `at` after its beginning, a card for each port.
pub fn progress(observations: &Observations, at: Duration) -> String {
    progress::cards(&heloscope_report::progress(observations, at), at).into_string()
}

fn one_port(report: &Report, port: &Port, before: &[Port]) -> Markup {
    // A chain that an earlier port sent as well is told there; the timings then have the place beside the facts.
    let same = before.iter().find(|other| !port.chain.is_empty() && other.chain == port.chain);
    let own = same.is_none() && !port.chain.is_empty();
    html! {
        section class="port" part="port" data-port=(port.port) {
            (facts::heading(port))
            div class="columns" {
                div {
                    (facts::facts(report, port))
                    @if let Some(same) = same { p class="same" { (words::same_chain(same.port)) } }
                    @if own { (facts::timings(port)) }
                }
                @if own { (chain::chain(report, port)) } @else { (facts::timings(port)) }
            }
            (facts::extensions(port))
            (transcript::transcript(port))
            (transcript::checks(port))
        }
    }
}

/// Text that came from outside, made visible and escaped.
struct Text<'a>(&'a str);

impl Render for Text<'_> {
    fn render_to(&self, buffer: &mut String) {
        inert(self.0).render_to(buffer);
    }
}

/// What was sent, in a monospaced face.
fn said(text: &str) -> Markup {
    html! { code { (Text(text)) } }
}
