//! The command `heloscope-relay`: options in, a running relay out.

mod options;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use heloscope_relay::{DenyReloader, Relay};
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use options::{LogFormat, Options};

fn main() -> ExitCode {
    let options = Options::parse();
    start_log(&options);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let ended = runtime.block_on(run(options));
    // A look-up that still hangs in the C library cannot be stopped, and is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error),
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let relay = Relay::bind(options.into_settings()?).await?;
    let stop = CancellationToken::new();
    // Before the line below: whoever reads it may send a signal at once.
    let signals = tokio::spawn(obey(Signals::catch()?, stop.clone(), relay.deny_reloader()));
    println!("Heloscope is at {}/", relay.origin());
    relay.serve(stop).await;
    signals.abort();
    Ok(())
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("heloscope-relay: {error}");
    ExitCode::FAILURE
}

fn start_log(options: &Options) {
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(options.log_level);
    match options.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// SIGTERM and SIGINT stop the relay, SIGHUP has it read the deny file again.
#[cfg(unix)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

#[cfg(unix)]
impl Signals {
    fn catch() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }
}

#[cfg(unix)]
async fn obey(mut signals: Signals, stop: CancellationToken, deny: DenyReloader) {
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => break,
            _ = signals.interrupt.recv() => break,
            _ = signals.hang_up.recv() => match deny.reload() {
                Ok(entries) => tracing::info!(entries, "read the deny file again"),
                Err(error) => tracing::error!(%error, "keeping the deny list as it was"),
            },
        }
    }
    tracing::info!("stopping: no new connections; those that run may end");
    stop.cancel();
}

/// Ctrl-C stops the relay.
#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn catch() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }
}

#[cfg(windows)]
async fn obey(mut signals: Signals, stop: CancellationToken, _: DenyReloader) {
    signals.0.recv().await;
    stop.cancel();
}
