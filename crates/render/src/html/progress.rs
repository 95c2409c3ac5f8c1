use std::time::Duration;

use heloscope_report::{PortProgress, Step, StepState};
use heloscope_words::say;
use maud::{Markup, html};

use super::icon::Icon;
use super::prose::{Foreign, Prose};
use crate::span::span;
use crate::words;

/// A card for each port, its steps one below the other.
pub(super) fn cards(ports: &[PortProgress], at: Duration) -> Markup {
    html! {
        div class="cards" part="progress" {
            @for port in ports { (card(port, at)) }
        }
    }
}

fn card(port: &PortProgress, at: Duration) -> Markup {
    let open = |step: &Step| matches!(step.state, StepState::Pending | StepState::Running { .. });
    let state = if port.steps.iter().any(open) { "running" } else { "done" };
    html! {
        section class="card" part="card" data-port=(port.port.port) data-state=(state) {
            h2 { (say!("Port {}", port.port.port)) }
            ol { @for step in &port.steps { (one(step, at)) } }
        }
    }
}

fn one(step: &Step, at: Duration) -> Markup {
    let (class, icon, clock) = match step.state {
        StepState::Pending => ("pending", Icon::Pending, String::new()),
        StepState::Running { since_ms } => ("running", Icon::Running, words::clock(at, since_ms)),
        StepState::Done { took_ms } => ("done", Icon::Ok, span(took_ms)),
        StepState::Failed => ("failed", Icon::Error, String::new()),
        StepState::Skipped => ("skipped", Icon::Skipped, String::new()),
    };
    html! {
        li class={ "step " (class) } {
            (icon.svg())
            span class="name" { (words::step(step.kind)) }
            span class="unseen" { ", " (words::step_state(step.state)) " " }
            span class="number" { (Prose(&clock)) }
            @if !step.text.is_empty() { span class="value" { (Foreign(&step.text)) } }
            @if let Some(note) = &step.note { span class="note" { (Prose(note)) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::three_ports;

    #[test]
    fn each_state_of_a_step() {
        let html = cards(&three_ports(), Duration::from_millis(12_345)).into_string();
        // Signs aside, which are long and say nothing.
        let plain: String = html
            .split("<svg")
            .map(|piece| piece.split_once("</svg>").map_or(piece, |(_, rest)| rest))
            .collect();
        assert_eq!(
            plain,
            concat!(
                r#"<div class="cards" part="progress">"#,
                r#"<section class="card" part="card" data-port="25" data-state="running"><h2>Port 25</h2><ol>"#,
                r#"<li class="step done"><span class="name">Connect</span><span class="unseen">, done </span>"#,
                r#"<span class="number">21 ms</span><span class="value">203.0.113.5</span></li>"#,
                r#"<li class="step running"><span class="name">Greeting</span><span class="unseen">, running </span>"#,
                r#"<span class="number">12 s</span><span class="note">A greeting delay is not an error.</span></li>"#,
                r#"<li class="step pending"><span class="name">EHLO</span><span class="unseen">, waiting </span>"#,
                r#"<span class="number"></span></li></ol></section>"#,
                r#"<section class="card" part="card" data-port="465" data-state="done"><h2>Port 465</h2><ol>"#,
                r#"<li class="step failed"><span class="name">Connect</span><span class="unseen">, failed </span>"#,
                r#"<span class="number"></span><span class="value">refused \x1b[31m</span></li>"#,
                r#"<li class="step skipped"><span class="name">TLS</span><span class="unseen">, skipped </span>"#,
                r#"<span class="number"></span></li></ol></section>"#,
                r#"<section class="card" part="card" data-port="587" data-state="done"><h2>Port 587</h2><ol>"#,
                r#"<li class="step done"><span class="name">Connect</span><span class="unseen">, done </span>"#,
                r#"<span class="number">21 ms</span><span class="value">203.0.113.5</span></li>"#,
                r#"<li class="step done"><span class="name">Greeting</span><span class="unseen">, done </span>"#,
                r#"<span class="number">44 ms</span><span class="value">220 &lt;mx1.example.com&gt; ready</span></li>"#,
                r#"<li class="step done"><span class="name">EHLO</span><span class="unseen">, done </span>"#,
                r#"<span class="number">22 ms</span><span class="value">STARTTLS, SIZE</span></li>"#,
                r#"<li class="step skipped"><span class="name">STARTTLS</span><span class="unseen">, skipped </span>"#,
                r#"<span class="number"></span></li>"#,
                r#"<li class="step done"><span class="name">TLS</span><span class="unseen">, done </span>"#,
                r#"<span class="number">31 ms</span><span class="value"><span class="short">TLS 1.3</span> · TLS_AES_256_GCM_SHA384</span></li>"#,
                r#"<li class="step done"><span class="name">Certificate</span><span class="unseen">, done </span>"#,
                r#"<span class="number">0 ms</span><span class="value">mx1.example.com, 36 days left</span></li>"#,
                "</ol></section></div>",
            )
        );
    }
}
