//! Quotas that relays share through a real Redis.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heloscope_observation::RefusalCode;
use tokio::time::{Instant, timeout};

use crate::rig::{Client, Server, ask, code, upgrade};

const SECRET: &str = "shared by all relays of this test";

#[tokio::test]
async fn two_relays_share_one_quota() {
    let Some(redis) = Redis::start().await else { return };
    let server = Server::new().await;
    let port = server.port();
    let options = ["--quota-client", "2/100/1000", "--quota-target-address", "9/6/1000"];
    let (one, other) =
        (RelayProcess::start(&redis, port, &options), RelayProcess::start(&redis, port, &options));
    let query = format!("host=127.0.0.1&port={port}");

    // One connection through each, and both are full.
    let mut first = one.open(&query).await;
    first.connected().await;
    let mut second = other.open(&query).await;
    second.connected().await;
    for relay in [&one, &other] {
        let refusal = relay.open(&query).await.refused().await;
        assert_eq!(code(&refusal), RefusalCode::Quota);
        assert!(
            refusal.message.starts_with("This relay makes at most 2 connections at a time for one client.")
        );
    }
    // What one gives back the other can have.
    drop(first);
    let third = other.connected_at_last(&query).await;
    drop(third);

    // Six a minute to one address, through whichever relay.
    let mut made = 3;
    let refusal = loop {
        let relay = if made % 2 == 0 { &one } else { &other };
        match relay.open(&query).await.first().await {
            Ok(_) => made += 1,
            Err(refusal) if refusal.message.contains("at a time") => {}
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(made, 6);
    let start = "This relay makes at most 6 connections a minute to 127.0.0.1, whoever asks. Try again in ";
    let seconds = refusal.message.strip_prefix(start).unwrap().strip_suffix(" seconds.").unwrap();
    assert!((40..=65).contains(&seconds.parse::<u32>().unwrap()), "{seconds}");
    for relay in [&one, &other] {
        assert_eq!(
            relay.open(&query).await.refused().await.message.split(" Try").next(),
            refusal.message.split(" Try").next()
        );
    }

    // What stands there tells nobody who it is, and goes by itself.
    let mut connection = redis.client().get_connection().unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection).unwrap();
    assert!(keys.len() >= 3, "{keys:?}");
    for key in &keys {
        assert!(key.starts_with("heloscope:{quota}:") && !key.contains("127.0.0"), "{key}");
        let seconds: i64 = redis::cmd("TTL").arg(key).query(&mut connection).unwrap();
        assert!((0..=3900).contains(&seconds), "{key} {seconds}");
    }
    // A relay with another secret counts by itself.
    let stranger = RelayProcess::start(
        &redis,
        port,
        &[&options[..], &["--quota-store-secret", "another secret 0123"]].concat(),
    );
    stranger.open(&query).await.connected().await;
}

#[tokio::test]
async fn what_a_dead_relay_held_comes_back_by_itself() {
    let Some(redis) = Redis::start().await else { return };
    let server = Server::new().await;
    let port = server.port();
    let options = [
        "--quota-client",
        "1/1000/1000",
        "--limit-resolve",
        "1",
        "--limit-connect",
        "1",
        "--limit-connection",
        "2",
    ];
    let (one, other) =
        (RelayProcess::start(&redis, port, &options), RelayProcess::start(&redis, port, &options));
    let query = format!("host=127.0.0.1&port={port}");
    one.open(&query).await.connected().await;
    let mut held = one.connected_at_last(&query).await;
    let began = Instant::now();
    drop(one);
    held.socket.close(None).await.ok();
    assert_eq!(code(&other.open(&query).await.refused().await), RefusalCode::Quota);
    other.connected_at_last(&query).await;
    assert!(began.elapsed() <= Duration::from_secs(6), "{:?}", began.elapsed());
}

#[tokio::test]
async fn while_the_store_is_away_each_relay_counts_by_itself() {
    let Some(mut redis) = Redis::start().await else { return };
    let server = Server::new().await;
    let port = server.port();
    let options = ["--quota-client", "2/1000/1000", "--quota-target-address", "9/1000/1000"];
    let (one, other) =
        (RelayProcess::start(&redis, port, &options), RelayProcess::start(&redis, port, &options));
    let query = format!("host=127.0.0.1&port={port}");
    let mut held = one.open(&query).await;
    held.connected().await;
    assert!(one.metrics().await.contains("heloscope_quota_store_up 1\n"));

    redis.kill();
    for relay in [&one, &other] {
        let began = Instant::now();
        let mut open = Vec::new();
        let refusal = loop {
            let mut client = relay.open(&query).await;
            match client.first().await {
                Ok(_) => open.push(client),
                Err(refusal) => break refusal,
            }
        };
        assert_eq!(code(&refusal), RefusalCode::Quota);
        // One of the two has one already, and knows.
        assert_eq!(open.len(), if std::ptr::eq(relay, &one) { 1 } else { 2 });
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert!(relay.metrics().await.contains("heloscope_quota_store_up 0\n"));
        relay.wait_for("the quota store is away", 1).await;
    }

    redis.restart().await;
    for relay in [&one, &other] {
        relay.wait_for("the quota store is back", 1).await;
        assert!(relay.metrics().await.contains("heloscope_quota_store_up 1\n"));
    }
    // Shared again: two through one relay are none through the other.
    drop(held);
    let _two = (one.connected_at_last(&query).await, one.connected_at_last(&query).await);
    let refusal = other.open(&query).await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::Quota);
    // It was said once, however many asked meanwhile.
    one.wait_for("the quota store is away", 1).await;
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_as_good_as_away() {
    let Some(redis) = Redis::start().await else { return };
    let server = Server::new().await;
    let port = server.port();
    let relay = RelayProcess::start(&redis, port, &[]);
    let query = format!("host=127.0.0.1&port={port}");
    relay.open(&query).await.connected().await;
    redis.signal("STOP");
    let began = Instant::now();
    for _ in 0..3 {
        relay.open(&query).await.connected().await;
    }
    // A quarter of a second is waited for once, for the client or for the target, and not again.
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    relay.wait_for("the quota store is away", 1).await;
    redis.signal("CONT");
    relay.wait_for("the quota store is back", 1).await;
}

#[tokio::test]
async fn a_relay_starts_without_its_store() {
    let Some(mut redis) = Redis::start().await else { return };
    redis.kill();
    let server = Server::new().await;
    let port = server.port();
    let relay = RelayProcess::start(&redis, port, &[]);
    relay.wait_for("the quota store is away", 1).await;
    relay.open(&format!("host=127.0.0.1&port={port}")).await.connected().await;
    redis.restart().await;
    relay.wait_for("the quota store is back", 1).await;
}

/// A Redis (or Valkey) of this test's own.
struct Redis {
    program: PathBuf,
    port: u16,
    folder: tempfile::TempDir,
    child: Child,
}

impl Redis {
    /// Nothing, said aloud, where neither is installed; with CI=true that fails.
    async fn start() -> Option<Self> {
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
        let child = Self::spawn(&program, port, folder.path());
        let redis = Self { program, port, folder, child };
        redis.answers().await;
        Some(redis)
    }

    fn spawn(program: &Path, port: u16, folder: &Path) -> Child {
        let port = port.to_string();
        Command::new(program)
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    fn client(&self) -> redis::Client {
        redis::Client::open(self.url()).unwrap()
    }

    async fn answers(&self) {
        let answering = async {
            while self.client().get_connection().is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(10), answering).await.expect("Redis answers");
    }

    fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    async fn restart(&mut self) {
        self.child = Self::spawn(&self.program, self.port, self.folder.path());
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
struct RelayProcess {
    child: Child,
    address: SocketAddr,
    monitor: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl RelayProcess {
    fn start(redis: &Redis, port: u16, options: &[&str]) -> Self {
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
        let address = line
            .trim_end()
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

    async fn open(&self, query: &str) -> Client {
        let origin = format!("http://{}", self.address);
        let fields = [("origin", origin.as_str()), ("sec-websocket-protocol", "heloscope.v1")];
        upgrade(self.address, query, &fields).await.unwrap()
    }

    async fn connected_at_last(&self, query: &str) -> Client {
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

    async fn metrics(&self) -> String {
        ask(self.monitor, "GET /metrics HTTP/1.1", &["Host: anything"]).await.text().to_owned()
    }

    /// Waits until the log has said it as often as that, and no more often.
    async fn wait_for(&self, words: &str, times: usize) {
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
