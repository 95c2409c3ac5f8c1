//! Running a program as a step: what it does, what it says, how long it took.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const NO_NEWS: [&str; 2] = ["Blocking waiting for file lock", "Finished `"];

/// Runs a step, each line of its output marked with `label`, since several may run at a time. Says how long it took if
/// that was over a second.
pub(crate) fn step(label: &str, what: &str, command: &mut Command) -> Result<()> {
    timed(label, what, || {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", shown(command)))?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        thread::scope(|scope| {
            scope.spawn(|| pass_on(label, out));
            scope.spawn(|| pass_on(label, err));
        });
        let status = child.wait().with_context(|| format!("lost {}", shown(command)))?;
        if !status.success() {
            bail!("{what}: {} ended with {status}", shown(command));
        }
        Ok(())
    })
}

/// Runs a program with this one's own input and output.
pub(crate) fn plainly(what: &str, command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {}", shown(command)))?;
    if !status.success() {
        bail!("{what}: {} ended with {status}", shown(command));
    }
    Ok(())
}

/// A program's standard output, where it ended well.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", shown(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", shown(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Does a piece of work and says how long it took, if that was over a second.
pub(crate) fn timed<T>(label: &str, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let done = work()?;
    let took = started.elapsed();
    if took >= Duration::from_secs(1) {
        eprintln!("{label:>9} │ {what}: {:.1} s", took.as_secs_f64());
    }
    Ok(done)
}

/// A command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

fn pass_on(label: &str, stream: Option<impl Read>) {
    let Some(stream) = stream else { return };
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        // What cargo says of locks and of its own times is no news between steps that are timed and run side by side.
        if !line.is_empty() && !NO_NEWS.iter().any(|start| line.trim_start().starts_with(start)) {
            eprintln!("{label:>9} │ {line}");
        }
    }
}
