//! A relay on real sockets, for the command to go through.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use heloscope_relay::{Relay, Settings, TlsFiles};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::served::heloscope;

/// What lets the command in.
pub(crate) const TOKEN: &str = "0123456789abcdef";

/// A relay that serves until it is dropped.
pub(crate) struct Carrier {
    pub(crate) address: SocketAddr,
    metrics: SocketAddr,
    stop: CancellationToken,
    serving: Option<JoinHandle<()>>,
}

impl Carrier {
    /// A relay with the specimens, which lets in who shows [`TOKEN`], and may connect to 127.0.0.0/8.
    pub(crate) fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut settings = Settings {
            listen: any,
            metrics_listen: Some(any),
            ehlo_name: Some("relay.example".parse().expect("it is a name")),
            allow_nets: vec!["127.0.0.0/8".parse().expect("it is a network")],
            token: Some(TOKEN.parse().expect("it is long enough")),
            demo: true,
            ..Settings::default()
        };
        change(&mut settings);
        let stop = CancellationToken::new();
        let (tell, told) = mpsc::channel();
        let stopped = stop.clone();
        let serving = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("there are descriptors");
            runtime.block_on(async {
                let relay = Relay::bind(settings).await.unwrap_or_else(|fault| panic!("{fault}"));
                let metrics = relay.metrics_address().expect("it was asked for");
                tell.send((relay.address(), metrics)).expect("somebody waits for it");
                // Cut off, not brought to an end: what goes on goes on no longer.
                tokio::select! { () = relay.serve(CancellationToken::new(), CancellationToken::new()) => {}, () = stopped.cancelled() => {} }
            });
        });
        let (address, metrics) = told.recv().expect("it starts");
        Self { address, metrics, stop, serving: Some(serving) }
    }

    /// The command line that tests a host through it.
    pub(crate) fn command(&self, host: &str) -> Command {
        let mut command = heloscope();
        command.args([host, "--relay", &format!("http://{}", self.address)]).env("HELOSCOPE_TOKEN", TOKEN);
        command
    }

    /// How its sessions ended, each with how often, once so many have.
    pub(crate) fn endings(&self, sessions: usize) -> Vec<(String, usize)> {
        loop {
            let mut stream = TcpStream::connect(self.metrics).expect("it listens");
            stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").expect("it reads");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("it answers");
            let endings = answer.lines().filter_map(ending).filter(|(_, often)| *often > 0);
            let endings: Vec<(String, usize)> = endings.collect();
            if endings.iter().map(|(_, often)| often).sum::<usize>() >= sessions {
                return endings;
            }
        }
    }

    /// Away it is, in the middle of whatever it is at.
    pub(crate) fn cut_off(&mut self) {
        self.stop.cancel();
        if let Some(serving) = self.serving.take() {
            serving.join().expect("it does not panic");
        }
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// `heloscope_sessions_total{ending="closed server"} 2`
fn ending(line: &str) -> Option<(String, usize)> {
    let rest = line.strip_prefix("heloscope_sessions_total{ending=\"")?;
    let (ending, often) = rest.split_once("\"} ")?;
    Some((ending.to_owned(), often.parse().ok()?))
}

/// A certificate for 127.0.0.1 and its key, in files.
pub(crate) struct Paper(TempDir);

impl Paper {
    pub(crate) fn new() -> Self {
        let paper = Self(tempfile::tempdir().expect("there is room for a directory"));
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("it is a name");
        let TlsFiles { certificate, key } = paper.files();
        std::fs::write(certificate, made.cert.pem()).expect("there is room for a file");
        std::fs::write(key, made.signing_key.serialize_pem()).expect("there is room for a file");
        paper
    }

    pub(crate) fn files(&self) -> TlsFiles {
        TlsFiles { certificate: self.certificate(), key: self.0.path().join("relay.key") }
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.0.path().join("relay.crt")
    }
}

/// The header of an HTTP request, line by line.
pub(crate) fn request(stream: &TcpStream) -> Vec<String> {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.take_while(|line| !line.is_empty()).collect()
}
