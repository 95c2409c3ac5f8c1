//! A bridge's processes, as `/proc` has them: processor time, memory, descriptors.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

/// A program that runs until it is dropped, and with it what it has started.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Child);

/// Ticks a second in `/proc`: the same on every Linux, whatever the kernel's own.
const TICKS: u64 = 100;
/// Octets of a page of memory, at the least.
const PAGE: u64 = 4096;

impl Running {
    /// Processor time of all its processes since they began, and of those that they have seen end.
    pub(crate) fn processor(&self) -> Result<Duration> {
        let mut ticks = 0;
        for process in self.processes() {
            // One that has ended since the list was made is in its parent's account.
            let fields = fields(process).unwrap_or_default();
            // utime, stime, cutime, cstime: the 14th to 17th of proc(5), the first of these being the 3rd.
            ticks +=
                fields.iter().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
        }
        Ok(Duration::from_millis(ticks * (1000 / TICKS)))
    }

    /// Octets of memory, what several processes share divided among them.
    pub(crate) fn memory(&self) -> Result<u64> {
        let mut kilobytes = 0;
        for process in self.processes() {
            let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
            let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
            let number = line.and_then(|line| line.split_whitespace().next());
            kilobytes += number.map_or(Ok(0), str::parse::<u64>)?;
        }
        Ok(kilobytes * 1024)
    }

    /// Octets of memory that its processes have in use, what they share counted for each: quicker to learn.
    pub(crate) fn resident(&self) -> u64 {
        let pages = |process| {
            let statm = fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
            statm.split_whitespace().nth(1)?.parse::<u64>().ok()
        };
        self.processes().into_iter().filter_map(pages).sum::<u64>() * PAGE
    }

    /// Ends it and all that it has started.
    pub(crate) fn kill(&self) {
        for process in self.processes() {
            // Who has ended already need not be ended.
            let _ = Command::new("kill").args(["-KILL", &process.to_string()]).stderr(Stdio::null()).status();
        }
    }

    /// Its descriptors, those of the processes it has started aside.
    pub(crate) fn descriptors(&self) -> Result<usize> {
        let folder = format!("/proc/{}/fd", self.0.id());
        Ok(fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))?.count())
    }

    /// Itself, and all that it has started.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(|process| Some((process, fields(process)?.get(1)?.parse().ok()?)))
            .collect();
        let mut all = vec![self.0.id()];
        let mut at = 0;
        while let Some(&parent) = all.get(at) {
            all.extend(parents.iter().filter(|(_, its)| *its == parent).map(|(process, _)| *process));
            at += 1;
        }
        all
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        let _ = self.0.wait();
    }
}

/// The fields of a process behind its name: state, parent and so on.
fn fields(process: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, behind) = stat.rsplit_once(')')?;
    Some(behind.split_whitespace().map(str::to_owned).collect())
}
