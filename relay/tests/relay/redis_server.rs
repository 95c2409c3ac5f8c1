//! A real Redis (or Valkey), and relays that share it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heloscope_relay::TlsFiles;
use tokio::time::timeout;

use crate::rig::{Client, Server, ask, upgrade};
use crate::secure::Paper;

const SECRET: &str = "shared by all relays of this test";

/// A Redis (or Valkey) of this test's own.
pub(crate) struct Redis {
    program: PathBuf,
    port: u16,
    folder: tempfile::TempDir,
    /// Of one that speaks TLS, and nothing else.
    pub(crate) paper: Option<Paper>,
    child: Child,
}

impl Redis {
    /// Nothing, said aloud, where neither is installed; with CI=true that fails.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(None).await
    }

    /// The same, with TLS.
    pub(crate) async fn start_with_tls() -> Option<Self> {
        Self::start_with(Some(Paper::new())).await
    }

    async fn start_with(paper: Option<Paper>) -> Option<Self> {
        let folders = std::env::var_os("PATH")
            .map(|path| std::env::split_paths(&path).collect::<Vec<_>>())
            .unwrap_or_default();
        let programs =
            folders.iter().flat_map(|folder| ["redis-server", "valkey-server"].map(|name| folder.join(name)));
        let Some(program) = programs.into_iter().find(|program| program.is_file()) else {
            let missing =
                "SKIPPED: neither redis-server nor valkey-server is installed: apt-get install redis-server";
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{missing}");
            eprintln!("{missing}");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let port = Server::closed_port().await;
        let child = Self::spawn(&program, port, folder.path(), paper.as_ref(), &[]);
        let redis = Self { program, port, folder, paper, child };
        redis.answers().await;
        Some(redis)
    }

    fn spawn(program: &Path, port: u16, folder: &Path, paper: Option<&Paper>, options: &[&str]) -> Child {
        let port = port.to_string();
        let mut command = Command::new(program);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]).arg(folder);
        match paper.map(Paper::files) {
            None => command.args(["--port", &port]),
            Some(TlsFiles { certificate, key }) => {
                command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
                command.arg("--tls-cert-file").arg(certificate).arg("--tls-key-file").arg(key)
            }
        };
        command.args(options).stdout(Stdio::null()).spawn().unwrap()
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn url(&self) -> String {
        let scheme = if self.paper.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://127.0.0.1:{}/0", self.port)
    }

    pub(crate) fn client(&self) -> redis::Client {
        match &self.paper {
            None => redis::Client::open(self.url()).unwrap(),
            Some(paper) => {
                let root_cert = Some(std::fs::read(paper.files().certificate).unwrap());
                let certificates = redis::TlsCertificates { client_tls: None, root_cert };
                redis::Client::build_with_tls(self.url(), certificates).unwrap()
            }
        }
    }

    async fn answers(&self) {
        let answering = async {
            while self.client().get_connection().is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(10), answering).await.expect("Redis answers");
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) async fn restart(&mut self) {
        self.restart_with(&[]).await;
    }

    pub(crate) async fn restart_with(&mut self, options: &[&str]) {
        let folder = self.folder.path();
        self.child = Self::spawn(&self.program, self.port, folder, self.paper.as_ref(), options);
        self.answers().await;
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command, until it is dropped.
pub(crate) struct RelayProcess {
    child: Child,
    address: SocketAddr,
    monitor: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl RelayProcess {
    pub(crate) fn start(redis: &Redis, port: u16, options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_heloscope-relay"))
            .args([
                "--listen",
                "127.0.0.1:0",
                "--metrics-listen",
                "127.0.0.1:0",
                "--allow-net",
                "127.0.0.0/8",
            ])
            .args([
                "--allow-port",
                &format!("{port}/starttls"),
                "--quota-target-network",
                "off",
                "--log-format",
                "json",
            ])
            .env("HELOSCOPE_QUOTA_STORE", redis.url())
            .env("HELOSCOPE_QUOTA_STORE_SECRET", SECRET.replace(' ', "-"))
            .args(options.iter().map(|option| option.replace(' ', "-")))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = ready["message"]
            .as_str()
            .unwrap()
            .strip_prefix("Heloscope is at http://")
            .unwrap()
            .trim_end_matches('/')
            .parse()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = Vec::new();
        let monitor = loop {
            let line = lines.next().unwrap();
            let found = line
                .split_once("metrics are at http://")
                .map(|(_, rest)| rest.split('/').next().unwrap().parse().unwrap());
            said.push(line);
            if let Some(found) = found {
                break found;
            }
        };
        let log = Arc::new(Mutex::new(said));
        let kept = log.clone();
        std::thread::spawn(move || lines.for_each(|line| kept.lock().unwrap().push(line)));
        Self { child, address, monitor, log }
    }

    pub(crate) async fn open(&self, query: &str) -> Client {
        let origin = format!("http://{}", self.address);
        let fields = [("origin", origin.as_str()), ("sec-websocket-protocol", "heloscope.v1")];
        upgrade(self.address, query, &fields).await.unwrap()
    }

    pub(crate) async fn connected_at_last(&self, query: &str) -> Client {
        let attempt = async {
            loop {
                let mut client = self.open(query).await;
                if client.first().await.is_ok() {
                    return client;
                }
            }
        };
        timeout(Duration::from_secs(10), attempt).await.expect("the lease comes back")
    }

    pub(crate) async fn metrics(&self) -> String {
        ask(self.monitor, "GET /metrics HTTP/1.1", &["Host: anything"]).await.text().to_owned()
    }

    /// Waits until it has its store, which may take more than one attempt on a machine that is busy.
    pub(crate) async fn has_its_store(&self) {
        let waiting = async {
            while !self.metrics().await.contains("heloscope_quota_store_up 1\n") {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(10), waiting).await.expect("the store is there");
    }

    /// Waits until the log has said it as often as that, and no more often.
    pub(crate) async fn wait_for(&self, words: &str, times: usize) {
        let said = || self.log.lock().unwrap().iter().filter(|line| line.contains(words)).count();
        let waiting = async {
            while said() < times {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(10), waiting).await.unwrap_or_else(|_| panic!("not said: {words}"));
        assert_eq!(said(), times, "{words}");
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
