//! Work that all who take part in it do on one processor.

use std::fs;

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};

use super::bridges::Bridge;
use super::process::Running;

/// Has this process and the bridge's share one processor, the last of those allowed to it, until the work is done.
pub(crate) fn on_one_processor<T>(bridge: &Bridge, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let all = sched_getaffinity(None)?;
    let last =
        (0..CpuSet::MAX_CPU).rev().find(|number| all.is_set(*number)).context("no processor is allowed")?;
    let mut one = CpuSet::new();
    one.set(last);
    let confine = |to: &CpuSet| {
        let processes = bridge.running().map(Running::processes).unwrap_or_default();
        processes.into_iter().chain([std::process::id()]).try_for_each(|process| confine(process, to))
    };
    confine(&one)?;
    let done = work();
    confine(&all)?;
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
