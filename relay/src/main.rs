//! The command `heloscope-relay`: a configuration in, a running relay out.

mod config;
#[cfg(unix)]
mod descriptors;
#[cfg(target_env = "musl")]
mod memory;

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use heloscope_relay::{Contradiction, Relay, Reloader, StartError};
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use config::{CommandLine, Config, Fault, Loaded, LogFormat};

fn main() -> ExitCode {
    let line = match CommandLine::read(std::env::args_os().skip(1)) {
        Ok(line) => line,
        Err(help) if help.use_stderr() => help.exit(),
        Err(help) => return ended(read_enough(help.print())),
    };
    let loaded = config::load(&line);
    match line.subcommand() {
        Some("print-config") => {
            let printed = print(&loaded.printed());
            let complained = complain(&loaded.faults);
            if loaded.faults.is_empty() { ended(printed) } else { complained }
        }
        Some("check-config") if !loaded.faults.is_empty() => complain(&loaded.faults),
        Some("check-config") => {
            let cautions = loaded.cautions();
            for caution in &cautions {
                complain_of(format_args!("warning: {caution}"));
            }
            let other = if cautions.is_empty() { "" } else { " else" };
            ended(print(&format!("Nothing{other} is wrong with the configuration.\n")))
        }
        _ => serve(line, loaded),
    }
}

fn serve(line: CommandLine, loaded: Loaded) -> ExitCode {
    let log_format = loaded.config.log_format;
    let misconfigured = |faults: &[Fault]| {
        faults.iter().for_each(|fault| log_failure(log_format, fault));
        ExitCode::from(MISCONFIGURED)
    };
    if !loaded.faults.is_empty() {
        return misconfigured(&loaded.faults);
    }
    let log_level = start_log(&loaded.config);
    #[cfg(unix)]
    descriptors::raise_limit();
    let settings = match loaded.settings() {
        Ok(settings) => settings,
        Err(faults) => return misconfigured(&faults),
    };
    let failed = |error: &dyn Display| {
        log_failure(log_format, error);
        ExitCode::FAILURE
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let relay = async move {
        let relay = match Relay::bind(settings).await {
            Ok(relay) => relay,
            Err(error) => {
                let (setting, misconfigures) = match &error {
                    StartError::Listen { setting, .. } => (*setting, false),
                    StartError::Workers(_) => ("workers", false),
                    StartError::Store(_) => ("quota-store", false),
                    StartError::Contradiction(contradiction) => (contradiction.setting(), true),
                };
                let fault = loaded.fault(setting, error.to_string());
                return if misconfigures { misconfigured(&[fault]) } else { failed(&fault) };
            }
        };
        loaded.warn();
        let reload = Reload { reloader: relay.reloader(), log_level, line, running: loaded };
        run(relay, reload).await.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
    };
    let ended = runtime.block_on(relay);
    // A look-up that still hangs in the C library cannot be stopped, and is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    ended
}

async fn run(relay: Relay, reload: Reload) -> std::io::Result<()> {
    let log_format = reload.running.config.log_format;
    let (stop, at_once) = (CancellationToken::new(), CancellationToken::new());
    // Before the line below: whoever reads it may send a signal at once.
    let signals = tokio::spawn(obey(Signals::catch()?, stop.clone(), at_once.clone(), reload));
    say_where(&relay, log_format);
    if let Some(monitor) = relay.metrics_address() {
        tracing::info!("health, readiness and metrics are at http://{monitor}/");
    }
    #[cfg(target_env = "musl")]
    tokio::spawn(memory::give_back());
    relay.serve(stop, at_once).await;
    signals.abort();
    Ok(())
}

/// Tells standard output where the relay is, as soon as it can be reached there, whatever the log's level.
fn say_where(relay: &Relay, format: LogFormat) {
    let (origin, listener) = (relay.origin(), relay.address());
    let place = if origin.to_string().ends_with(&format!("://{listener}")) {
        format!("Heloscope is at {origin}/")
    } else {
        format!("Heloscope is at {origin}/ and listens on {listener}")
    };
    let line = match format {
        LogFormat::Text => format!("{place}\n"),
        LogFormat::Json => as_json(|| tracing::info!("{place}")),
    };
    if let Err(error) = print(&line) {
        tracing::warn!(%error, "cannot say on standard output where the relay is: {place}");
    }
}

/// The line of a log of objects for what is said to the log, whatever the log's level.
fn as_json(say: impl FnOnce()) -> String {
    let written = Written::default();
    let writer = written.clone();
    let line =
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(move || writer.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(line), say);
    let written = written.0.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&written).into_owned()
}

/// What has been written, to be read when all of it has.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(octets)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn print(text: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    read_enough(output.write_all(text.as_bytes()).and_then(|()| output.flush()))
}

/// Whoever reads standard output may have read enough: that is no error.
fn read_enough(written: std::io::Result<()>) -> std::io::Result<()> {
    written.or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// What is left to say of a command that has printed all that it had.
fn ended(printed: std::io::Result<()>) -> ExitCode {
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(format_args!("standard output cannot be written: {error}")),
    }
}

/// The exit status of a configuration that cannot be used; a service manager need not try again.
const MISCONFIGURED: u8 = 2;

fn complain(faults: &[impl Display]) -> ExitCode {
    for fault in faults {
        complain_of(fault);
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(MISCONFIGURED) }
}

fn failed(error: impl Display) -> ExitCode {
    complain_of(error);
    ExitCode::FAILURE
}

/// Writes a line to standard error, if it can be written: there is nowhere else to say that it cannot.
fn complain_of(what: impl Display) {
    let _ = writeln!(std::io::stderr(), "heloscope-relay: {what}");
}

/// Writes why the relay does not run to standard error, where each line of its log is an object as one.
fn log_failure(format: LogFormat, why: &(impl Display + ?Sized)) {
    match format {
        LogFormat::Text => complain_of(why),
        LogFormat::Json => {
            let _ = std::io::stderr().write_all(as_json(|| tracing::error!("{why}")).as_bytes());
        }
    }
}

impl Loaded {
    /// Tells the log what the operator should know of.
    fn warn(&self) {
        for caution in self.cautions() {
            tracing::warn!("{caution}");
        }
    }
}

/// Begins to log; what comes back changes how much.
fn start_log(config: &Config) -> LogLevel {
    // https://no-color.org: set, and not empty.
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let (filter, level) = tracing_subscriber::reload::Layer::new(logged(config.log_level));
    let log = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        // Whose reader is gone is told nothing of it either: that would panic.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal() && !plain);
    let log = match config.log_format {
        LogFormat::Text => log.boxed(),
        LogFormat::Json => log.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(log.with_filter(filter)).init();
    level
}

/// What is logged at a level: of the libraries below this project's own no more than `info`, as the finer lines of some
/// hold what a client and a mail server say to each other.
fn logged(level: LevelFilter) -> Targets {
    Targets::new().with_default(level.min(LevelFilter::INFO)).with_target("heloscope", level)
}

/// Changes which lines are logged.
type LogLevel = tracing_subscriber::reload::Handle<Targets, Registry>;

/// What reads the configuration again.
struct Reload {
    reloader: Reloader,
    log_level: LogLevel,
    line: CommandLine,
    running: Loaded,
}

impl Reload {
    #[cfg(unix)]
    fn now(&self) {
        let loaded = config::load(&self.line);
        let read = if loaded.faults.is_empty() { loaded.settings() } else { Err(loaded.faults.clone()) };
        let taken_over = read.and_then(|settings| {
            let reloaded = self.reloader.reload(&settings);
            let fault = |contradiction: &Contradiction| {
                loaded.fault(contradiction.setting(), contradiction.to_string())
            };
            reloaded.map_err(|contradictions| contradictions.iter().map(fault).collect())
        });
        if let Err(faults) = taken_over {
            for error in faults {
                tracing::error!(%error, "keeping the configuration as it was");
            }
            return;
        }
        loaded.warn();
        if let Err(error) = self.log_level.reload(logged(loaded.config.log_level)) {
            tracing::error!(%error, "keeping the log level as it was");
        }
        for setting in loaded.needs_restart(&self.running) {
            tracing::warn!(setting, "another value takes a restart");
        }
    }
}

/// SIGTERM and SIGINT stop the relay, the second of them at once; SIGHUP has it read its configuration again.
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
async fn obey(mut signals: Signals, stop: CancellationToken, at_once: CancellationToken, reload: Reload) {
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => break,
            _ = signals.interrupt.recv() => break,
            _ = signals.hang_up.recv() => reload.now(),
        }
    }
    tracing::info!("stopping: no new connections; those that run may end");
    stop.cancel();
    tokio::select! {
        _ = signals.terminate.recv() => {}
        _ = signals.interrupt.recv() => {}
    }
    tracing::info!("stopping at once: those that run are closed");
    at_once.cancel();
}

/// Ctrl-C stops the relay, the second one at once.
#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn catch() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }
}

#[cfg(windows)]
async fn obey(mut signals: Signals, stop: CancellationToken, at_once: CancellationToken, _: Reload) {
    signals.0.recv().await;
    stop.cancel();
    signals.0.recv().await;
    at_once.cancel();
}
