//! The loads, each the same for every contestant.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use super::bridges::Bridge;
use super::process::Running;
use crate::figures::median;

/// How long octets go down for one measurement.
pub(crate) const SENDING: Duration = Duration::from_secs(2);
/// Connections whose EHLO is timed, one after the other; and after how long there are no more of them.
pub(crate) const TRIPS: usize = 400;
const TRAVELLING: Duration = Duration::from_secs(5);
/// The most memory that a bridge may take while octets go down. Some read on without end where their client does not.
const MEMORY: u64 = 2_000_000_000;
/// How long idle sessions may take to be set up.
const FILLING: Duration = Duration::from_secs(60);
/// How long sessions are set up for one measurement.
pub(crate) const SETTING_UP: Duration = Duration::from_secs(1);

const EHLO: &[u8] = b"EHLO relay.test\r\n";

/// What went down, and what it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thrown {
    /// Octets, over all connections.
    pub(crate) octets: u64,
    /// Octets a second.
    pub(crate) rate: f64,
    /// Processor time of the bridge.
    pub(crate) processor: Duration,
}

/// Octets from the mail server to this many clients at the same time.
pub(crate) fn throughput(bridge: &Bridge, connections: usize) -> Result<Thrown> {
    let mut open = (0..connections).map(|_| bridge.open()).collect::<Result<Vec<_>>>()?;
    let processor = || bridge.running().map_or(Ok(Duration::ZERO), Running::processor);
    let (before, began) = (processor()?, Instant::now());
    let drained = AtomicBool::new(false);
    let (octets, greedy) = thread::scope(|scope| {
        let watch = scope.spawn(|| bridge.running().is_some_and(|running| outgrows(running, &drained)));
        let drains: Vec<_> = open
            .iter_mut()
            .map(|connection| scope.spawn(move || connection.drain(began + SENDING)))
            .collect();
        let octets =
            drains.into_iter().map(|drain| Ok::<_, anyhow::Error>(joined(drain)??)).sum::<Result<u64>>();
        drained.store(true, Relaxed);
        (octets, joined(watch))
    });
    if greedy? {
        bail!("it took more than {} GB of memory for {connections} connections", MEMORY / 1_000_000_000);
    }
    let octets = octets?;
    let took = began.elapsed();
    let processor = processor()?.saturating_sub(before);
    Ok(Thrown { octets, rate: octets as f64 / took.as_secs_f64(), processor })
}

/// Whether the bridge takes more memory than it may before its octets are drained; then it is ended.
fn outgrows(running: &Running, drained: &AtomicBool) -> bool {
    while !drained.load(Relaxed) {
        if running.resident() > MEMORY {
            running.kill();
            return true;
        }
        thread::sleep(Duration::from_millis(50));
    }
    false
}

/// The time from EHLO to its reply, in the middle of many connections: a relay with a guard takes one EHLO on each.
pub(crate) fn round_trip(bridge: &Bridge) -> Result<Duration> {
    let (mut took, departed) = (Vec::with_capacity(TRIPS), Instant::now());
    while took.is_empty() || took.len() < TRIPS && departed.elapsed() < TRAVELLING {
        let mut connection = bridge.open()?;
        connection.reply()?;
        let began = Instant::now();
        connection.command(EHLO)?;
        connection.reply()?;
        took.push(began.elapsed());
    }
    Ok(median(&took))
}

/// Sessions a second, each from nothing to the mail server's whole greeting.
pub(crate) fn set_ups(bridge: &Bridge, workers: usize) -> Result<f64> {
    let (done, began) = (AtomicU64::new(0), Instant::now());
    thread::scope(|scope| {
        let work = || {
            while began.elapsed() < SETTING_UP {
                bridge.open()?.reply()?;
                done.fetch_add(1, Relaxed);
            }
            Ok::<_, anyhow::Error>(())
        };
        let working: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        working.into_iter().try_for_each(|worker| joined(worker)?)
    })?;
    Ok(done.load(Relaxed) as f64 / began.elapsed().as_secs_f64())
}

/// Sessions that have been greeted and say nothing.
#[derive(Debug)]
pub(crate) struct Idle<'a> {
    bridge: &'a Bridge,
    held: Vec<TcpStream>,
}

impl<'a> Idle<'a> {
    pub(crate) fn new(bridge: &'a Bridge) -> Self {
        Self { bridge, held: Vec::new() }
    }

    /// Opens more of them, up to this many, and says what memory the bridge then has.
    pub(crate) fn grow(&mut self, sessions: usize) -> Result<u64> {
        let began = Instant::now();
        while self.held.len() < sessions {
            if began.elapsed() > FILLING {
                bail!("it has {} sessions after {FILLING:?}, not {sessions}", self.held.len());
            }
            let open = || -> Result<TcpStream> {
                let mut connection = self.bridge.open()?;
                connection.reply()?;
                Ok(connection.idle())
            };
            self.held.push(open().with_context(|| format!("session {}", self.held.len() + 1))?);
        }
        let running = self.bridge.running().context("there is no process to measure")?;
        settled(|| running.memory())
    }

    /// How many are still open.
    pub(crate) fn alive(&self) -> usize {
        let silent = |stream: &&TcpStream| {
            // An end, or octets behind the greeting, would be there to read.
            stream.set_nonblocking(true).is_ok()
                && stream.peek(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
        };
        self.held.iter().filter(silent).count()
    }
}

/// A figure once it has been the same, to a hundredth, for half a second; the last one after ten.
pub(crate) fn settled(figure: impl Fn() -> Result<u64>) -> Result<u64> {
    let (mut last, mut same) = (figure()?, 0);
    for _ in 0..100 {
        thread::sleep(Duration::from_millis(100));
        let now = figure()?;
        same = if now.abs_diff(last) <= last / 100 { same + 1 } else { 0 };
        last = now;
        if same == 5 {
            break;
        }
    }
    Ok(last)
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> Result<T> {
    thread.join().map_err(|_| anyhow!("a thread of the load panicked"))
}
