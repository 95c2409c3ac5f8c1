use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, bail};
use heloscope_observation::{PortSpec, TlsMode};
use tempfile::TempDir;

use crate::ports::ADDRESS;

/// A server's processes, and the directory that holds all they write.
///
/// Dropping it stops them and removes the directory, and so does the end of this process, however it comes.
#[derive(Debug)]
pub(crate) struct Keeper {
    directory: TempDir,
    shell: Child,
    /// The ports from which it was asked whether it is ready.
    askers: Vec<u16>,
}

/// How a server is started and stopped.
pub(crate) enum Script {
    /// By a command of its own, which returns once it has started; another stops it.
    StartStop { start: &'static str, stop: &'static str },
    /// It runs until it is told to end.
    Foreground,
}

/// A directory for all that a server writes, which others may enter: servers drop their privileges.
pub(crate) fn directory(name: &str) -> std::io::Result<TempDir> {
    let directory = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir()?;
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755))?;
    Ok(directory)
}

/// The directory's name as configuration files can carry it.
pub(crate) fn utf8(path: &Path) -> anyhow::Result<&str> {
    let Some(path) = path.to_str() else { bail!("the directory for temporary files has no UTF-8 name") };
    Ok(path)
}

impl Keeper {
    /// Runs a server: the shell's `$1` is the directory, the others are `arguments`; its standard output and error go to
    /// the file `output` in the directory.
    pub(crate) fn new<'a>(
        directory: TempDir,
        script: &Script,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> anyhow::Result<Self> {
        let (start, stop) = match script {
            Script::StartStop { start, stop } => (*start, *stop),
            Script::Foreground => FOREGROUND,
        };
        let output = File::create(directory.path().join("output"))?;
        // Standard output is this process's, for the one line; the server's own goes where its errors go.
        let script =
            format!("{{ {start}\n}} >&2 || exit 1\necho started\nread -r _\n{stop} >&2\nrm -rf \"$1\"\n");
        let shell = Command::new("/bin/sh")
            .args(["-c", &script, "keeper"])
            .arg(directory.path())
            .args(arguments)
            .process_group(0) // an interrupt from the terminal is for the tests; the keeper outlives it and cleans up
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(output)
            .spawn()
            .context("a shell to keep a server")?;
        let mut keeper = Self { directory, shell, askers: Vec::new() };
        let mut started = String::new();
        let stdout = keeper.shell.stdout.take().context("the keeper has a standard output")?;
        BufReader::new(stdout).read_line(&mut started)?;
        if started != "started\n" {
            bail!("it does not start: {}", keeper.said());
        }
        Ok(keeper)
    }

    /// The directory that holds all the server writes.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The ports from which it was asked whether it is ready, once for each connection that it took.
    pub(crate) fn askers(&self) -> &[u16] {
        &self.askers
    }

    /// Waits until the server greets under its name, and listens on all its ports.
    pub(crate) fn wait_until_ready(&mut self, host: &str, ports: &[PortSpec]) -> anyhow::Result<()> {
        for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
            let mut ready = true;
            for port in ports {
                ready = ready && is_ready(host, *port, &mut self.askers).with_context(|| self.said())?;
            }
            if ready {
                return Ok(());
            }
            if self.directory().join("ended").exists() {
                bail!("it ends at once: {}", self.said());
            }
            sleep(PAUSE);
        }
        bail!("it does not listen within {} s: {}", PATIENCE.as_secs(), self.said())
    }

    /// What is in the files that servers log to.
    fn said(&self) -> String {
        let files = ["output", "log"].map(|name| self.directory().join(name));
        files.map(|file| fs::read_to_string(file).unwrap_or_default()).concat()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // The keeper stops the server all the same; there is nobody to tell.
        let _ = self.shell.wait();
    }
}

/// All that a server in the foreground started is in the shell's process group. That it ended is left as a file.
const FOREGROUND: (&str, &str) =
    (r#"(directory=$1; shift; "$@" </dev/null; : >"$directory/ended") &"#, "trap : TERM; kill 0; wait");

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const PAUSE: Duration = Duration::from_millis(10);

/// Whether it greets under its name.
///
/// # Errors
/// It has the connection, and says nothing.
fn is_ready(host: &str, port: PortSpec, askers: &mut Vec<u16>) -> anyhow::Result<bool> {
    let Ok(stream) = TcpStream::connect((ADDRESS, port.port)) else { return Ok(false) };
    askers.extend(stream.local_addr().map(|asker| asker.port()));
    if port.mode == TlsMode::Implicit {
        return Ok(true);
    }
    let mut greeting = String::new();
    stream.set_read_timeout(Some(PATIENCE))?;
    match BufReader::new(stream).read_line(&mut greeting) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            bail!("port {} does not greet within {} s", port.port, PATIENCE.as_secs())
        }
        heard => Ok(heard.is_ok() && greeting.contains(host)),
    }
}
