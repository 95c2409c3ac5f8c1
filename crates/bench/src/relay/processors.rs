//! Where those who take part in a measurement run. Left to the scheduler, each of them wakes now on the processor that the
//! one before it runs on, now on another that sleeps, for whole rounds, and that is most of the time of a round trip.

use std::fs;

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};

use super::bridges::Bridge;
use super::process::Running;

/// Has this process and the bridge's share one processor until the work is done.
pub(crate) fn together<T>(bridge: &Bridge, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let all = sched_getaffinity(None)?;
    let (first, _) = ends(&all)?;
    placed(bridge, [&first, &first], &all, work)
}

/// Gives the bridge a processor that this process is not on, until the work is done: then each octet that it carries wakes
/// another processor, and another again. Nothing where there is but one processor.
pub(crate) fn apart<T>(bridge: &Bridge, work: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
    let all = sched_getaffinity(None)?;
    let (first, last) = ends(&all)?;
    if first == last {
        return Ok(None);
    }
    placed(bridge, [&first, &last], &all, work).map(Some)
}

/// The first and the last of the processors allowed to this process, each alone.
fn ends(all: &CpuSet) -> Result<(CpuSet, CpuSet)> {
    let mut allowed = (0..CpuSet::MAX_CPU).filter(|number| all.is_set(*number));
    let first = allowed.next().context("no processor is allowed")?;
    let alone = |number| {
        let mut one = CpuSet::new();
        one.set(number);
        one
    };
    Ok((alone(first), alone(allowed.next_back().unwrap_or(first))))
}

/// Does the work with this process on `ours` and the bridge's on `its`; then both may run on all again.
fn placed<T>(
    bridge: &Bridge,
    [ours, its]: [&CpuSet; 2],
    all: &CpuSet,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let place = |ours: &CpuSet, its: &CpuSet| {
        confine(std::process::id(), ours)?;
        let processes = bridge.running().map(Running::processes).unwrap_or_default();
        processes.into_iter().try_for_each(|process| confine(process, its))
    };
    place(ours, its)?;
    let done = work();
    place(all, all)?;
    done
}

fn confine(process: u32, to: &CpuSet) -> Result<()> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    let threads = threads.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    for thread in threads.filter_map(Pid::from_raw) {
        match sched_setaffinity(Some(thread), to) {
            // It has ended since the list was made.
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error).context("cannot choose a processor"),
        }
    }
    Ok(())
}
