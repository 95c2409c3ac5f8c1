//! The command beside its peers: rounds in which each takes its turn, so that what else the machine does meets all.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use heloscope_interop::Server;

use crate::contestants::{Contestant, Course, contestants};
use crate::far::{FAR, ROUND_TRIP_MS};
use crate::figures::{median, median_ratio, ms};
use crate::ground::Ground;
use crate::network::NEAR;

const ROUNDS: usize = 21;
/// After this no further round begins.
const LIMIT: Duration = Duration::from_secs(360);

/// With STARTTLS and TLS 1.3, none of which a client can save that waits for its turn: TCP's handshake, the greeting (half
/// a trip for the acknowledgement that lets the server speak, half for what it says), EHLO, STARTTLS, TLS, EHLO once more
/// (it leaves together with the client's Finished), QUIT. Port 465 needs five, and at the same time.
const ROUND_TRIPS: u32 = 7;
/// Postfix as it comes answers the client's Finished with a session ticket, asked for or not, and leaves Nagle's algorithm
/// on: what it says next waits until the ticket is acknowledged.
const ROUND_TRIPS_OF_POSTFIX: u32 = 8;
/// What heloscope is to stay within, of its round trips.
const TARGET: f64 = 1.1;

/// What one contestant took with one server, round by round; `None` where it did not take part.
#[derive(Default)]
struct Times {
    near: Vec<Option<Duration>>,
    far: Vec<Option<Duration>>,
}

struct Entry {
    contestant: Contestant,
    /// One for each server.
    times: Vec<Times>,
}

/// Holds the contest in the network namespace that this process is in, and prints its tables.
pub(crate) fn hold() -> Result<()> {
    let ground = Ground::lay()?;
    let Some(first) = ground.servers().first() else { bail!("there is no mail server to test") };
    let (contestants, absent) = contestants()?;
    let mut entries = Vec::new();
    for contestant in contestants {
        // The first run is no measurement: it shows that there will be some.
        match contestant.run(&Course::new(&ground, first, NEAR)) {
            Ok(_) => entries.push(Entry::new(contestant, ground.servers().len())),
            Err(error) if entries.is_empty() => return Err(error),
            Err(error) => println!("Does not take part: {error:#}"),
        }
    }
    let round_trip = ground.has_far().then(|| ground.round_trip(FAR)).transpose()?;
    let (before, began) = (load(), Instant::now());
    let mut rounds = 0;
    while rounds < ROUNDS && began.elapsed() < LIMIT {
        // Nobody always comes after the same one.
        entries.rotate_left(1);
        for entry in &mut entries {
            entry.go(&ground, rounds)?;
        }
        rounds += 1;
    }

    println!("### Three ports of a mail server, from the start of the programs to the end of the last\n");
    println!(
        "{rounds} rounds, in which each took its turn. {}; load {before} before, {} after.\n",
        machine(),
        load()
    );
    entries.sort_by_key(|entry| entry.times.first().map(|times| median(&taken(&times.near))));
    for Entry { contestant, .. } in &entries {
        println!("- {}: {}", contestant.name, contestant.does);
    }
    for (name, get) in &absent {
        println!("- {name}: did not take part; to get it: {get}");
    }
    if let Some(round_trip) = round_trip {
        println!(
            "\nTo the address {ROUND_TRIP_MS} ms away TCP connects in {:.1} ms.",
            round_trip.as_secs_f64() * 1e3
        );
    }
    for (place, server) in ground.servers().iter().enumerate() {
        println!("\n#### {}\n", server.name());
        let rows: Vec<Row<'_>> = entries.iter().filter_map(|entry| entry.row(place)).collect();
        table(&rows, round_trip);
        if round_trip.is_some() {
            verdict(&rows, server);
        }
    }
    Ok(())
}

impl<'a> Course<'a> {
    fn new(ground: &Ground, server: &'a Server, to: std::net::Ipv4Addr) -> Self {
        Self { server, to, postfix_settings: ground.postfix_settings() }
    }
}

impl Entry {
    fn new(contestant: Contestant, servers: usize) -> Self {
        Self { contestant, times: std::iter::repeat_with(Times::default).take(servers).collect() }
    }

    fn go(&mut self, ground: &Ground, round: usize) -> Result<()> {
        let takes_part = round.is_multiple_of(self.contestant.every);
        for (server, times) in ground.servers().iter().zip(&mut self.times) {
            let run =
                |to| takes_part.then(|| self.contestant.run(&Course::new(ground, server, to))).transpose();
            times.near.push(run(NEAR)?);
            if ground.has_far() {
                times.far.push(run(FAR)?);
            }
        }
        Ok(())
    }

    fn row(&self, server: usize) -> Option<Row<'_>> {
        Some(Row { name: self.contestant.name, times: self.times.get(server)? })
    }
}

/// What one contestant took with the server at hand.
struct Row<'a> {
    name: &'static str,
    times: &'a Times,
}

fn table(rows: &[Row<'_>], round_trip: Option<Duration>) {
    println!(
        "| | runs | loopback: median | least | × heloscope | {ROUND_TRIP_MS} ms: median | least | × heloscope | waits for |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let own = own(rows);
    for Row { name, times } in rows {
        let (near, far) = (taken(&times.near), taken(&times.far));
        let waits = median(&far).saturating_sub(median(&near)).as_secs_f64();
        println!(
            "| {name} | {} | {} | {} | {:.2} | {} | {} | {:.2} | {} |",
            near.len(),
            ms(median(&near)),
            ms(least(&near)),
            own.map_or(f64::NAN, |own| beside(&times.near, &own.near)),
            ms(median(&far)),
            ms(least(&far)),
            own.map_or(f64::NAN, |own| beside(&times.far, &own.far)),
            round_trip.map_or_else(String::new, |trip| format!("{:.1}", waits / trip.as_secs_f64())),
        );
    }
    println!(
        "\n(\"× heloscope\": the median of what each round's two times make, so not that of the two medians. \"waits for\": \
         what it takes longer far away than on loopback, in round trips. The 40 ms for which Linux may delay an \
         acknowledgement that nobody asks for, and with it a reply by Nagle's algorithm, are in a peer's time on loopback \
         already, where they are not overtaken far away: so its figure may be one too few.)"
    );
}

fn verdict(rows: &[Row<'_>], server: &Server) {
    let Some(own) = own(rows) else { return };
    let of = |trips| median(&taken(&own.far)).as_secs_f64() / time_of(trips).as_secs_f64();
    let met = |ratio| if ratio <= TARGET { "met" } else { "missed" };
    let ratio = of(ROUND_TRIPS);
    let ideal = ms(time_of(ROUND_TRIPS));
    println!("\nAt most {TARGET} × {ROUND_TRIPS} round trips ({ideal}): {}, with {ratio:.2}.", met(ratio));
    if server.name() == "postfix" {
        let ratio = of(ROUND_TRIPS_OF_POSTFIX);
        let least = ms(time_of(ROUND_TRIPS_OF_POSTFIX));
        println!(
            "Of the {ROUND_TRIPS_OF_POSTFIX} ({least}) that it has every client make, whose Nagle's algorithm holds the \
             second EHLO reply back until its session ticket is acknowledged: {}, with {ratio:.2}.",
            met(ratio)
        );
    }
    let ahead = |row: &&Row<'_>| row.name != OWN && beside(&row.times.far, &own.far) <= 1.0;
    let ahead: Vec<&str> = rows.iter().filter(ahead).map(|row| row.name).collect();
    match ahead.as_slice() {
        [] => println!("Ahead of every peer: met."),
        ahead => println!("Ahead of every peer: missed; not of {}.", ahead.join(", ")),
    }
}

const OWN: &str = "heloscope";

fn own<'a>(rows: &[Row<'a>]) -> Option<&'a Times> {
    rows.iter().find(|row| row.name == OWN).map(|row| row.times)
}

fn time_of(round_trips: u32) -> Duration {
    Duration::from_millis(ROUND_TRIP_MS) * round_trips
}

/// How many times as long it took, in the middle of those rounds that both took part in.
fn beside(times: &[Option<Duration>], own: &[Option<Duration>]) -> f64 {
    let both = times.iter().zip(own).filter_map(|(time, own)| (*time).zip(*own));
    median_ratio(&both.map(|(time, own)| time.as_secs_f64() / own.as_secs_f64()).collect::<Vec<_>>())
}

fn taken(times: &[Option<Duration>]) -> Vec<Duration> {
    times.iter().copied().flatten().collect()
}

fn least(times: &[Duration]) -> Duration {
    times.iter().min().copied().unwrap_or_default()
}

/// This machine's cores.
pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("", |(_, model)| model);
    format!("{cores} cores, {model}")
}

/// How many processes wanted a processor during the last minute, on average.
pub(crate) fn load() -> String {
    let averages = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_that_one_sat_out_do_not_count() {
        let of = |times: &[u64]| -> Vec<Option<Duration>> {
            times.iter().map(|time| (*time > 0).then(|| Duration::from_millis(*time))).collect()
        };
        let ratio = beside(&of(&[200, 0, 90, 0, 500]), &of(&[100, 1, 30, 1, 100]));
        assert_eq!(ratio.to_bits(), 3.0_f64.to_bits());
        assert!(beside(&of(&[0]), &of(&[1])).is_nan());
    }

    #[test]
    fn seven_round_trips_of_40_ms() {
        assert_eq!(time_of(ROUND_TRIPS), Duration::from_millis(280));
    }
}
