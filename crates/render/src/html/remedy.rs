//! What there is to paste for a finding: configuration a mail server, and commands.

use heloscope_report::{Remedies, Report};
use heloscope_words::spoken;
use maud::{Markup, html};

use crate::facts::told;
use crate::remedy::{
    AGAIN, CONFIGURATION, GUESSED, Mending, NO_CONFIGURATION, NOT_GUESSED, PATHS, looks_like, mending,
};

/// What there is to paste for the finding at `place` among those that [`super::report()`] shows; empty where there is no
/// such finding.
pub fn remedy(report: &Report, place: usize, remedies: Remedies<'_>) -> String {
    let told = told(report);
    told.get(place).map(|told| markup(&mending(report, told, remedies)).into_string()).unwrap_or_default()
}

fn markup(mending: &Mending<'_>) -> Markup {
    html! {
        p class="label" { (spoken(CONFIGURATION)) }
        @if mending.remedies.is_empty() {
            p { (spoken(NO_CONFIGURATION)) }
        } @else {
            p {
                @match mending.guess {
                    Some(guess) => { (looks_like(guess)) ". " (spoken(GUESSED)) }
                    None => (spoken(NOT_GUESSED)),
                }
                " " (spoken(PATHS))
            }
            @for (place, remedy) in mending.remedies.iter().enumerate() {
                @if place == 0 && mending.guessed().is_some() {
                    details open="" { (server(remedy.server, &remedy.configuration)) }
                } @else {
                    details { (server(remedy.server, &remedy.configuration)) }
                }
            }
        }
        @if !mending.commands.is_empty() {
            p class="label" { (spoken(AGAIN)) }
            pre { code { (mending.commands.join("\n")) } }
        }
    }
}

fn server(name: &str, configuration: &str) -> Markup {
    html! {
        summary { (name) }
        pre { code { (configuration) } }
    }
}
