//! The command `heloscope-relay`: a configuration in, a running relay out.

mod config;
#[cfg(unix)]
mod descriptors;

use std::fmt::Display;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use heloscope_relay::{CertificateReloader, DenyReloader, Relay, StartError};
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use config::{Config, Loaded, LogFormat};

fn main() -> ExitCode {
    let matches = config::command().get_matches();
    let loaded = config::load(&matches);
    match matches.subcommand_name() {
        Some("print-config") => {
            print!("{}", loaded.printed());
            complain(&loaded.faults)
        }
        _ if !loaded.faults.is_empty() => complain(&loaded.faults),
        Some("check-config") => {
            println!("Nothing is wrong with the configuration.");
            ExitCode::SUCCESS
        }
        _ => serve(&loaded),
    }
}

fn serve(loaded: &Loaded) -> ExitCode {
    start_log(&loaded.config);
    #[cfg(unix)]
    descriptors::raise_limit();
    let settings = match loaded.settings() {
        Ok(settings) => settings,
        Err(faults) => return complain(&faults),
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(error),
    };
    let ended = runtime.block_on(async {
        let relay = Relay::bind(settings).await.map_err(|error| match &error {
            StartError::Listen { setting, .. } => loaded.fault(setting, error.to_string()).to_string(),
            StartError::Store(_) => loaded.fault("quota-store", error.to_string()).to_string(),
            StartError::Contradiction(contradiction) => {
                loaded.fault(contradiction.setting(), error.to_string()).to_string()
            }
        })?;
        run(relay).await.map_err(|error| error.to_string())
    });
    // A look-up that still hangs in the C library cannot be stopped, and is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(error),
    }
}

async fn run(relay: Relay) -> std::io::Result<()> {
    let stop = CancellationToken::new();
    // Before the line below: whoever reads it may send a signal at once.
    let signals = tokio::spawn(obey(
        Signals::catch()?,
        stop.clone(),
        relay.deny_reloader(),
        relay.certificate_reloader(),
    ));
    let (origin, listener) = (relay.origin(), relay.address());
    if origin.to_string().ends_with(&format!("://{listener}")) {
        println!("Heloscope is at {origin}/");
    } else {
        println!("Heloscope is at {origin}/ and listens on {listener}");
    }
    if let Some(monitor) = relay.metrics_address() {
        tracing::info!("health, readiness and metrics are at http://{monitor}/");
    }
    relay.serve(stop).await;
    signals.abort();
    Ok(())
}

/// The exit status of a configuration that cannot be used; a service manager need not try again.
const MISCONFIGURED: u8 = 2;

fn complain(faults: &[impl Display]) -> ExitCode {
    for fault in faults {
        eprintln!("heloscope-relay: {fault}");
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(MISCONFIGURED) }
}

fn failed(error: impl Display) -> ExitCode {
    eprintln!("heloscope-relay: {error}");
    ExitCode::FAILURE
}

fn start_log(config: &Config) {
    // https://no-color.org: set, and not empty.
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let log = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        // Whose reader is gone is told nothing of it either: that would panic.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal() && !plain)
        .with_max_level(config.log_level);
    match config.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// SIGTERM and SIGINT stop the relay, SIGHUP has it read the deny file and the certificate files again.
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
async fn obey(
    mut signals: Signals,
    stop: CancellationToken,
    deny: DenyReloader,
    certificate: Option<CertificateReloader>,
) {
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => break,
            _ = signals.interrupt.recv() => break,
            _ = signals.hang_up.recv() => {
                match deny.reload() {
                    Ok(entries) => tracing::info!(entries, "read the deny file again"),
                    Err(error) => tracing::error!(%error, "keeping the deny list as it was"),
                }
                if let Some(certificate) = &certificate {
                    certificate.reload_and_log();
                }
            }
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
async fn obey(
    mut signals: Signals,
    stop: CancellationToken,
    _: DenyReloader,
    _: Option<CertificateReloader>,
) {
    signals.0.recv().await;
    stop.cancel();
}
