use heloscope_report::{Certificate, Port, Report};
use heloscope_words::{plural, say, spoken};
use maud::{Markup, html};

use super::facts::one;
use super::icon::Icon;
use super::prose::Prose;
use super::said;
use crate::facts::{Fact, Line, marks, names, parties, validity};
use crate::path::{End, end};
use crate::words;

/// Names of a certificate that are shown at once; the rest unfolds.
const NAMES_AT_ONCE: usize = 6;

/// The certificates of a port, leaf first, each with its validity as a bar, and what they lead to.
pub(super) fn chain(report: &Report, port: &Port) -> Markup {
    html! {
        div class="chain" {
            h4 { (spoken(words::CHAIN)) }
            p class="where" { (spoken(words::BARS)) }
            ol {
                @for (place, certificate) in port.chain.iter().enumerate() {
                    li part="certificate" {
                        p class="label" { (words::sent(place == 0, certificate)) }
                        (one_certificate(&report.tested_at, certificate))
                        @if let Some(next) = port.chain.get(place + 1) {
                            @if certificate.issuer != next.subject {
                                p class="break" { (say!("The next one is not its issuer.")) }
                            }
                        }
                    }
                }
                @if let Some((issuer, end)) = end(port) {
                    li class=(class(end)) part="certificate" {
                        p class="label" { (icon(end).with(words::unsent(end))) }
                        dl class="facts" {
                            (one(&Fact { label: say!("Subject"), lines: vec![Line::Said(issuer.to_owned())] }))
                        }
                    }
                }
            }
        }
    }
}

fn class(end: End) -> &'static str {
    match end {
        End::Trusted(_) => "trusted",
        End::Untrusted => "untrusted",
        End::Unknown => "unsent",
    }
}

fn icon(end: End) -> Icon {
    match end {
        End::Trusted(_) => Icon::Ok,
        End::Untrusted => Icon::Warning,
        End::Unknown => Icon::Untested,
    }
}

fn one_certificate(tested_at: &str, certificate: &Certificate) -> Markup {
    let (first, more) = names(certificate, NAMES_AT_ONCE);
    let rest = &certificate.sans[first.len()..];
    html! {
        dl class="facts" {
            @for fact in parties(certificate) { (one(&fact)) }
            @if !first.is_empty() {
                div {
                    dt { (say!("Names")) }
                    dd {
                        (listed(first))
                        @if more > 0 {
                            details {
                                summary { (plural!(more, "1 more name", "{more} more names")) }
                                (listed(rest))
                                @if more > rest.len() { p { (say!("{} not shown", more - rest.len())) } }
                            }
                        }
                    }
                }
            }
            @if let Some(validity) = validity(certificate) {
                div class="validity" {
                    dt { (say!("Valid")) }
                    dd { (Prose(&validity)) (bar(tested_at, certificate)) }
                }
            }
            @for fact in marks(certificate) { (one(&fact)) }
        }
    }
}

fn listed(names: &[String]) -> Markup {
    html! { ul class="names" { @for name in names { li { (said(name)) } } } }
}

/// The time of validity as a bar, what has passed of it filled, the test's day marked.
fn bar(tested_at: &str, certificate: &Certificate) -> Markup {
    let moments = (
        seconds(tested_at),
        certificate.not_before.as_deref().map(seconds),
        certificate.not_after.as_deref().map(seconds),
    );
    let (Some(now), Some(Some(from)), Some(Some(to))) = moments else { return html! {} };
    let (start, end) = (from.min(now), to.max(now));
    let per_mille = |moment: i64| (moment - start) * 1000 / (end - start).max(1);
    let passed = now.clamp(from, to.max(from));
    html! {
        svg class="bar" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true" {
            rect class="track" x=(per_mille(from)) y="3" width=(per_mille(to) - per_mille(from)) height="6" {}
            rect class="fill" x=(per_mille(from)) y="3" width=(per_mille(passed) - per_mille(from)) height="6" {}
            rect class={ "today" @if now < from || now > to { " outside" } } x=(per_mille(now).min(992)) width="8" height="12" {}
        }
    }
}

/// Seconds since 1970-01-01T00:00:00Z of a moment in RFC 3339, UTC, whole seconds.
fn seconds(rfc3339: &str) -> Option<i64> {
    let mut numbers = rfc3339
        .strip_suffix('Z')?
        .split(['-', 'T', ':'])
        .map(|number| number.parse::<u16>().ok().map(i64::from));
    let mut next = || numbers.next().flatten();
    let (year, month, day) = (next()?, next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    // The year begins in March, so that the leap day is its last: months are then 153 days in every five.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = days + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_seconds() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2000-02-29T12:00:00Z"), Some(951_825_600));
        assert_eq!(seconds("2026-11-23T22:00:00Z"), Some(1_795_471_200));
        assert_eq!(seconds("1950-01-01T00:00:00Z"), Some(-631_152_000));
        for text in [
            "",
            "Z",
            "2026-11-23",
            "2026-11-23T22:00Z",
            "2026-11-23T22:00:00+01:00",
            "9999999-01-01T00:00:00Z",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
