//! Mail servers behind real TCP, and the command run against them.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::SystemTime;

use heloscope_specimen::Fleet;
use serde_json::Value;
use tempfile::NamedTempFile;

/// A mail server with a known fault on free ports of 127.0.0.1, and a file with the root it is to be trusted by.
pub(crate) struct Served {
    host: String,
    pub(crate) ports: Vec<String>,
    root: NamedTempFile,
}

/// Serves a specimen's ports for as long as the tests run.
pub(crate) fn serve(name: &str, ports: &[u16]) -> Served {
    let fleet = Arc::new(Fleet::new(an_hour_ago()));
    let host = format!("{name}.specimen.test");
    let mut root = NamedTempFile::new().expect("there is room for a file");
    root.write_all(fleet.trust_anchors().as_bytes()).expect("there is room for a certificate");
    let listeners: Vec<(u16, TcpListener)> = ports
        .iter()
        .map(|port| (*port, TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free")))
        .collect();
    let served = listeners.iter().map(|(port, listener)| {
        let mode = if *port == 465 { "implicit" } else { "starttls" };
        format!("{}/{mode}", listener.local_addr().expect("it is bound").port())
    });
    let served = Served { host: host.clone(), ports: served.collect(), root };
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            for (port, listener) in listeners {
                let (fleet, host) = (Arc::clone(&fleet), host.clone());
                listener.set_nonblocking(true).expect("it is a socket");
                let listener = tokio::net::TcpListener::from_std(listener).expect("it is a socket");
                tokio::spawn(async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        let (fleet, host) = (Arc::clone(&fleet), host.clone());
                        tokio::spawn(async move { fleet.serve(&host, port, stream).await });
                    }
                });
            }
            std::future::pending::<()>().await;
        });
    });
    served
}

impl Served {
    /// The command line that tests it.
    pub(crate) fn command(&self) -> Command {
        let mut command = heloscope();
        command.arg(&self.host).args(["--address", "127.0.0.1", "--ehlo-name", "client.example"]);
        command.arg("--ca-file").arg(self.root());
        for port in &self.ports {
            command.args(["--port", port]);
        }
        command
    }

    /// The file with the root it is to be trusted by.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }
}

pub(crate) fn heloscope() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heloscope"));
    command.stdin(Stdio::null()).env_remove("NO_COLOR").env_remove("HELOSCOPE_TOKEN");
    command
}

/// Certificates of that time have whole days left however long the test takes to begin.
#[expect(clippy::disallowed_methods, reason = "the program under test reads this clock as well")]
pub(crate) fn an_hour_ago() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970");
    i64::try_from(since.as_secs()).expect("it is before the year 292277026596") - 3600
}

pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program is built");
    let text = |octets| String::from_utf8(octets).expect("it prints UTF-8");
    (status.code().expect("nothing kills it"), text(stdout), text(stderr))
}

/// Runs a test that prints JSON: its exit status and the report.
pub(crate) fn report(command: &mut Command) -> (i32, Value) {
    let (status, out, err) = run(command.arg("--json"));
    (status, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}")))
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("it is a text")
}
