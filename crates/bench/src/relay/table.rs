//! The figures side by side, and beside what they should be.

use std::time::Duration;

use super::load::Thrown;
use super::{Figures, beside};
use crate::figures::{grouped, median, median_ratio};

/// Octets that an idle session is to take at most.
const IDLE: f64 = 10_000.0;
/// What a round trip may take longer than without the relay, at most; or as many times the best peer's.
const ADDED: Duration = Duration::from_micros(12);
const ADDED_BY_PEER: f64 = 1.3;
/// The set-ups a second by eight workers that it is to reach, of those without it.
const SET_UPS: f64 = 0.55;
/// Seconds on a processor for a gigabyte, at most.
const PROCESSOR: f64 = 0.65;

/// The times of one way to measure round trips.
type Trips = fn(&Figures) -> &[Duration];
const TOGETHER: Trips = |figures| &figures.trips_together;
const APART: Trips = |figures| &figures.trips_apart;

/// Prints the table of all, direct TCP first and the relay second, and what the relay's figures were to be.
pub(crate) fn print(rows: &[(&str, &Figures)]) {
    let Some((direct, bridges)) = rows.split_first() else { return };
    println!(
        "\n| | 1 connection | × direct | 16 connections | × direct | CPU s a GB | EHLO to reply, p50: one processor | \
         added | one of its own | added | set-ups a second: 1 worker | × direct | 8 workers | × direct | an idle session |"
    );
    println!("| --- |{}", " ---: |".repeat(14));
    for row in rows {
        print_row(row, direct.1);
    }
    println!("\n(p50: the middle of each round's connections, then of the rounds. CPU: the bridge's own.)");
    if let Some((relay, peers)) = bridges.split_first() {
        verdicts(relay.1, direct.1, peers);
    }
}

fn print_row((name, figures): &(&str, &Figures), direct: &Figures) {
    let is_bridge = !std::ptr::eq(*figures, direct);
    let of_bridge = |text: String| if is_bridge { text } else { String::new() };
    let travelled = |trips: Trips| match trips(figures) {
        [] => ["NaN", "NaN"].map(str::to_owned),
        times => [micros(median(times)), of_bridge(micros(added(figures, direct, trips)))],
    };
    let [together, added_together] = travelled(TOGETHER);
    let [apart, added_apart] = travelled(APART);
    let rates = |thrown: &[Thrown]| thrown.iter().map(|thrown| thrown.rate).collect::<Vec<_>>();
    let mega = |thrown: &[Thrown]| format!("{:.0} MB/s", median_ratio(&rates(thrown)) / 1e6);
    let ratio = |ours: &[f64], theirs: &[f64]| format!("{:.2}", beside(ours, theirs));
    let number = |of: &[f64]| format!("{:.0}", median_ratio(of));
    let cells = [
        mega(&figures.one),
        ratio(&rates(&figures.one), &rates(&direct.one)),
        mega(&figures.sixteen),
        ratio(&rates(&figures.sixteen), &rates(&direct.sixteen)),
        of_bridge(format!("{:.2}", processor(figures))),
        together,
        added_together,
        apart,
        added_apart,
        number(&figures.by_one),
        ratio(&figures.by_one, &direct.by_one),
        number(&figures.by_eight),
        ratio(&figures.by_eight, &direct.by_eight),
        figures.idle.map(kilo).unwrap_or_default(),
    ]
    // What was not measured.
    .map(|cell| if cell.starts_with("NaN") { "–".to_owned() } else { cell });
    println!("| {name} | {} |", cells.join(" | "));
}

fn verdicts(relay: &Figures, direct: &Figures, peers: &[(&str, &Figures)]) {
    if let Some(idle) = relay.idle {
        println!("\nAn idle session, at most {}: {}, with {}.", kilo(IDLE), met(idle <= IDLE), kilo(idle));
    }
    added_verdict("the processor of all", relay, direct, peers, TOGETHER);
    added_verdict("a processor of its own", relay, direct, peers, APART);
    let set_ups = beside(&relay.by_eight, &direct.by_eight);
    println!(
        "Set-ups by eight workers, at least {SET_UPS} × direct TCP's: {}, with {set_ups:.2}.",
        met(set_ups >= SET_UPS)
    );
    let processor = processor(relay);
    println!("CPU seconds a GB, at most {PROCESSOR}: {}, with {processor:.2}.", met(processor <= PROCESSOR));
}

fn added_verdict(on: &str, relay: &Figures, direct: &Figures, peers: &[(&str, &Figures)], trips: Trips) {
    if trips(relay).is_empty() {
        return;
    }
    let ours = added(relay, direct, trips);
    let travelled = peers.iter().filter(|(_, peer)| !trips(peer).is_empty());
    let best =
        travelled.map(|(name, peer)| (name, added(peer, direct, trips))).min_by_key(|(_, added)| *added);
    let (allowed, of) = match best {
        Some((name, theirs)) => {
            let of = format!(" or {ADDED_BY_PEER} × that of {name}, {}", micros(theirs));
            (ADDED.max(theirs.mul_f64(ADDED_BY_PEER)), of)
        }
        None => (ADDED, String::new()),
    };
    println!(
        "Added to a round trip by a bridge on {on}, at most {}{of}: {}, with {}.",
        micros(ADDED),
        met(ours <= allowed),
        micros(ours)
    );
}

fn met(is: bool) -> &'static str {
    if is { "met" } else { "missed" }
}

/// Seconds on a processor for 10⁹ octets, over all rounds: the kernel counts hundredths of a second.
fn processor(figures: &Figures) -> f64 {
    let all = || figures.one.iter().chain(&figures.sixteen);
    let seconds: Duration = all().map(|thrown| thrown.processor).sum();
    let octets: u64 = all().map(|thrown| thrown.octets).sum();
    seconds.as_secs_f64() / (octets as f64 / 1e9)
}

/// What the bridge adds to a round trip, in the middle of the rounds.
fn added(figures: &Figures, direct: &Figures, trips: Trips) -> Duration {
    let both = trips(figures).iter().zip(trips(direct));
    median(&both.map(|(with, without)| with.saturating_sub(*without)).collect::<Vec<_>>())
}

fn micros(time: Duration) -> String {
    format!("{:.0} µs", time.as_secs_f64() * 1e6)
}

fn kilo(octets: f64) -> String {
    if octets < 100_000.0 {
        format!("{:.1} kB", octets / 1e3)
    } else {
        format!("{} kB", grouped((octets / 1e3) as u64))
    }
}
