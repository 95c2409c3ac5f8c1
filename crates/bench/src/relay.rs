//! The relay beside its peers, and beside no relay at all: rounds in which each takes its turn.

mod bridges;
mod load;
mod mail_server;
mod peers;
mod process;
mod processors;
mod table;
mod wire;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::contest::{load, machine};
use crate::figures::median_ratio;
use bridges::{Bridge, Contestant, contestants};
use load::{Idle, Thrown, settled};
use mail_server::{MailServer, Part};

/// Rounds where no other number is asked for.
pub(crate) const ROUNDS: usize = 7;
/// After this no further round begins.
const LIMIT: Duration = Duration::from_secs(180);
/// Idle sessions between which memory is taken to grow by the session.
const IDLE: [usize; 2] = [500, 2000];
/// The same, where each session is a process.
const IDLE_FORKED: [usize; 2] = [25, 100];
/// How long the relay then holds them.
const HELD: Duration = Duration::from_secs(60);

/// What one contestant did, round by round.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) one: Vec<Thrown>,
    pub(crate) sixteen: Vec<Thrown>,
    /// Round trips, with all who take part on one processor.
    pub(crate) trips_together: Vec<Duration>,
    /// The same, with a processor for the bridge; none where there is but one.
    pub(crate) trips_apart: Vec<Duration>,
    pub(crate) by_one: Vec<f64>,
    pub(crate) by_eight: Vec<f64>,
    /// Octets an idle session.
    pub(crate) idle: Option<f64>,
}

/// A contestant, and what it did so far.
struct Entry {
    contestant: Contestant,
    figures: Figures,
    /// Why it does not go on.
    failed: Option<String>,
}

/// Measures in so many rounds, and prints the tables.
pub(crate) fn measure(wanted: usize) -> Result<()> {
    raise_descriptors()?;
    peers::install();
    let (talks, sends) = (MailServer::start(Part::Talks)?, MailServer::start(Part::Sends)?);
    let (contestants, absent) = contestants()?;
    let mut entries: Vec<Entry> = contestants.into_iter().map(Entry::of).collect();
    let (before, began) = (load(), Instant::now());
    let mut rounds = 0;
    while rounds < wanted && began.elapsed() < LIMIT {
        // Nobody always comes after the same one.
        entries.rotate_left(1);
        for entry in entries.iter_mut().filter(|entry| entry.failed.is_none()) {
            if let Err(error) = entry.go(&talks, &sends) {
                entry.failed = Some(format!("{error:#}"));
            }
        }
        rounds += 1;
    }
    let mut held = String::new();
    for entry in entries.iter_mut().filter(|entry| entry.failed.is_none() && entry.contestant.is_bridge()) {
        let bridge = entry.contestant.start(talks.address(), Part::Talks);
        match bridge.and_then(|bridge| idle(&entry.contestant, &bridge)) {
            Ok((octets, more)) => {
                entry.figures.idle = Some(octets);
                held.push_str(&more);
            }
            Err(error) => entry.failed = Some(format!("idle sessions: {error:#}")),
        }
    }

    println!("### The relay and its peers\n");
    println!(
        "{rounds} rounds, in which each took its turn. {}; load {before} before, {} after.\n",
        machine(),
        load()
    );
    entries.sort_by_key(|entry| (entry.contestant.is_bridge(), !entry.contestant.is_relay()));
    for entry in &entries {
        println!("- {}: {}", entry.contestant.name, entry.contestant.does);
        if let Some(why) = &entry.failed {
            println!("  (did not get through: {why})");
        }
    }
    for (name, get) in &absent {
        println!("- {name}: did not take part; to get it: {get}");
    }
    let rows: Vec<(&str, &Figures)> =
        entries.iter().map(|entry| (entry.contestant.name, &entry.figures)).collect();
    table::print(&rows);
    print!("{held}");
    Ok(())
}

impl Entry {
    fn of(contestant: Contestant) -> Self {
        Self { contestant, figures: Figures::default(), failed: None }
    }

    /// One round. Its bridges are begun in each: a relay's quotas cannot be raised to what the rounds make together, and a
    /// peer may go on to read from the server that sends when its client is gone.
    fn go(&mut self, talks: &MailServer, sends: &MailServer) -> Result<()> {
        let figures = &mut self.figures;
        let bridge = self.contestant.start(sends.address(), Part::Sends)?;
        figures.one.push(load::throughput(&bridge, 1)?);
        drop(bridge);
        let bridge = self.contestant.start(sends.address(), Part::Sends)?;
        figures.sixteen.push(load::throughput(&bridge, 16)?);
        drop(bridge);
        let talks = self.contestant.start(talks.address(), Part::Talks)?;
        figures.trips_together.push(processors::together(&talks, || load::round_trip(&talks))?);
        figures.trips_apart.extend(processors::apart(&talks, || load::round_trip(&talks))?);
        figures.by_one.push(load::set_ups(&talks, 1)?);
        figures.by_eight.push(load::set_ups(&talks, 8)?);
        Ok(())
    }
}

/// Octets an idle session; and of the relay what became of them, in a sentence.
fn idle(contestant: &Contestant, bridge: &Bridge) -> Result<(f64, String)> {
    let [few, many] = if contestant.forks() { IDLE_FORKED } else { IDLE };
    let running = bridge.running().context("there is no process to measure")?;
    let (fresh, descriptors) = (settled(|| running.memory())?, running.descriptors()?);
    let mut sessions = Idle::new(bridge);
    let before = sessions.grow(few)?;
    let after = sessions.grow(many)?;
    let each = after.saturating_sub(before) as f64 / (many - few) as f64;
    if !contestant.is_relay() {
        return Ok((each, String::new()));
    }
    let (until, open) = (Instant::now() + HELD, running.descriptors()?);
    std::thread::sleep(until.saturating_duration_since(Instant::now()));
    let alive = sessions.alive();
    if alive != many {
        bail!("of {many} idle sessions {alive} are left after {HELD:?}");
    }
    let later = running.memory()?;
    drop(sessions);
    let closed = settled(|| Ok(u64::try_from(running.descriptors()?)?))?;
    let kb = |octets: u64| octets / 1000;
    let more = format!(
        "\nThe relay held {many} idle sessions for {} s: {} kB at their beginning, {} kB at their end; before the first \
         {} kB, after the last {} kB. Descriptors: {descriptors}, {open}, and {closed} afterwards.\n",
        HELD.as_secs(),
        kb(after),
        kb(later),
        kb(fresh),
        kb(settled(|| running.memory())?),
    );
    Ok((each, more))
}

/// As many as this process may have: a load takes two a session.
fn raise_descriptors() -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).context("cannot have more descriptors")
}

/// How many times the one beside it, in the middle of the rounds.
pub(crate) fn beside(ours: &[f64], theirs: &[f64]) -> f64 {
    median_ratio(&ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>())
}
