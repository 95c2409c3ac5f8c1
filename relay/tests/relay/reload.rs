//! SIGHUP: what a relay takes over while it runs, as a process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use heloscope_observation::RefusalCode;
use heloscope_relay::TlsFiles;
use heloscope_wire::CloseCause;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::rig::{Answer, Client, Server, ask, upgrade};
use crate::secure::{HTTP_1_1, Paper, tls_over};

/// A relay that runs with this configuration file until it is dropped.
struct Running<'a> {
    child: Child,
    file: &'a Path,
    address: SocketAddr,
    log: BufReader<ChildStderr>,
}

impl<'a> Running<'a> {
    fn start(file: &'a Path, configuration: &str) -> Self {
        std::fs::write(file, configuration).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_heloscope-relay"));
        command.arg("--config").arg(file).args(["--log-format", "json"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let ready: Value = serde_json::from_str(&ready).unwrap();
        let place = ready["message"].as_str().unwrap();
        // The last, where it is reached as another.
        let address = place.trim_end_matches('/').rsplit(['/', ' ']).next().unwrap().parse().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, file, address, log }
    }

    /// Has it read another configuration.
    fn reload(&self, configuration: &str) {
        std::fs::write(self.file, configuration).unwrap();
        let sent = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// The next line of its log that is no session's.
    fn next(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.log.read_line(&mut line).unwrap() > 0, "its log has ended");
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["message"] != "session" {
                return line;
            }
        }
    }

    /// The next line of its log, which says this.
    fn says(&mut self, message: &str) -> Value {
        let line = self.next();
        assert_eq!(line["message"], message, "{line}");
        line
    }

    async fn about(&self, origin: &str) -> Answer {
        let host = format!("Host: {}", self.address);
        ask(self.address, "GET /v1/about HTTP/1.1", &[&host, &format!("Origin: {origin}")]).await
    }

    async fn open(&self, port: u16) -> Client {
        let origin = format!("http://{}", self.address);
        let fields = [("origin", origin.as_str()), ("sec-websocket-protocol", "heloscope.v1")];
        upgrade(self.address, &format!("host=127.0.0.1&port={port}"), &fields).await.unwrap()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn of_a_certificate_whose_key_is_still_to_come_it_says_no_more_than_that() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("relay.toml");
    let (old, new) = (Paper::new(), Paper::new());
    let TlsFiles { certificate, key } = new.files();
    let new = [certificate, key].map(|file| std::fs::read(file).unwrap());
    let TlsFiles { certificate, key } = old.files();
    let configuration = format!(
        "listen = \"127.0.0.1:0\"\ntls-cert = {certificate:?}\ntls-key = {key:?}\norigin = [\"https://elsewhere.example\"]\n"
    );
    let mut relay = Running::start(&file, &configuration);
    assert!(
        relay.next()["message"]
            .as_str()
            .unwrap()
            .contains("does not name the host of https://elsewhere.example")
    );
    std::fs::write(&certificate, &new[0]).unwrap();
    let line = relay.says(
        "the certificate and the key do not belong together: those from before stay in service until they do",
    );
    assert_eq!(line["level"], "WARN");
    std::fs::write(&key, &new[1]).unwrap();
    relay.says("read the certificate files again");
    // What browsers hold against it is said as soon as they are shown it.
    assert!(
        relay.next()["message"]
            .as_str()
            .unwrap()
            .contains("does not name the host of https://elsewhere.example")
    );
}

#[tokio::test]
async fn it_takes_over_what_it_can_and_says_what_it_cannot() {
    let directory = tempfile::tempdir().unwrap();
    let (file, denied) = (directory.path().join("relay.toml"), directory.path().join("denied"));
    let server = Server::new().await;
    let port = server.port();
    let mut relay = Running::start(&file, "listen = \"127.0.0.1:0\"\n");
    assert_eq!(relay.about("https://docs.example").await.field("access-control-allow-origin"), None);
    assert_eq!(relay.open(port).await.refused().await.code, RefusalCode::Blocked);

    std::fs::write(&denied, "example.org\nexample.com\n").unwrap();
    let better = format!(
        "listen = \"127.0.0.1:1\"
metrics-listen = \"127.0.0.1:0\"
port-25-probe = \"mx.example.net\"
allow-port = [\"{port}/starttls\"]
allow-net = [\"127.0.0.0/8\"]
allow-origin = [\"https://docs.example\"]
ehlo-name = \"relay.example.net\"
contact = \"postmaster@example.net\"
demo = true
deny-file = \"{}\"
limit-greeting = 1
limit-octets-down = 47110
limit-frame-down = 600
quota-client = \"2/30/400\"
quota-all = 7
log-level = \"debug\"
",
        denied.display()
    );
    relay.reload(&better);
    assert_eq!(relay.says("read the deny file again")["entries"], 2);
    relay.says("read the configuration again");
    for setting in ["listen", "port-25-probe", "metrics-listen"] {
        assert_eq!(relay.says("another value takes a restart")["setting"], setting);
    }
    let answer = relay.about("https://docs.example").await;
    assert_eq!(answer.field("access-control-allow-origin").as_deref(), Some("https://docs.example"));
    let about: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(about["ehlo_name"], "relay.example.net");
    assert_eq!(about["contact"], "postmaster@example.net");
    assert!(about["ports"].to_string().contains(&port.to_string()), "{about}");
    assert!(!about["examples"].as_array().unwrap().is_empty());
    let limits = &about["limits"];
    assert_eq!((&limits["greeting_seconds"], &limits["octets_down"]), (&1.into(), &47110.into()), "{limits}");
    let quotas = serde_json::json!({ "concurrent": 2, "per_minute": 30, "per_hour": 400 });
    assert_eq!((&limits["quotas"]["client"], &limits["quotas"]["all"]), (&quotas, &7.into()), "{limits}");

    // A session that begins now is of the new settings: the port, the network, the name and the time for the greeting.
    let mut client = relay.open(port).await;
    let _silent = server.accept().await;
    assert_eq!(client.connected().await.ehlo_name, "relay.example.net");
    assert_eq!(client.hear_out().await.2, CloseCause::Timeout);
    // What is logged as well: this is said at level debug.
    drop(TcpStream::connect(relay.address).await.unwrap());

    relay.reload(
        &better.replace("quota-client = \"2/30/400\"", "quota-client = \"many\"").replace("47110", "47120"),
    );
    let error = loop {
        let line = relay.next();
        if line["level"] == "ERROR" {
            break line;
        }
        assert_eq!(line["level"], "DEBUG", "{line}");
    };
    assert_eq!(error["message"], "keeping the configuration as it was");
    let fault = format!("{}:14: quota-client: `many` is no quota", file.display());
    assert!(error["error"].as_str().unwrap().starts_with(&fault), "{error}");
    let answer = relay.about("https://docs.example").await;
    assert!(answer.text().contains("47110"), "{}", answer.text());

    relay.reload("listen = \"127.0.0.1:0\"\nlog-level = \"warn\"\n");
    while relay.next()["message"] != "read the configuration again" {}
    assert_eq!(relay.open(port).await.refused().await.code, RefusalCode::Blocked);
    relay.reload("listen = \"127.0.0.1:1\"\nlog-level = \"warn\"\n");
    // Of what it says at level info nothing is left.
    while relay.next()["level"] != "WARN" {}
    relay.reload("listen = \"127.0.0.1:2\"\nlog-level = \"warn\"\n");
    assert_eq!(relay.next()["level"], "WARN");
}

#[tokio::test]
async fn a_public_relay_stays_one_and_keeps_what_that_asks_for() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("relay.toml");
    let public = "public = true\nlisten = \"127.0.0.1:0\"\nehlo-name = \"[192.0.2.1]\"\ncontact = \"me@example.org\"\n\
                  origin = [\"http://relay.test\"]\n";
    std::fs::write(&file, public).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_heloscope-relay"));
    command.arg("--config").arg(&file).args(["--log-format", "json"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let ready: Value = serde_json::from_str(&ready).unwrap();
    let place = ready["message"].as_str().unwrap();
    let address = place.strip_prefix("Heloscope is at http://relay.test/ and listens on ").unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let mut relay = Running { child, file: &file, address: address.parse().unwrap(), log };

    relay.reload("listen = \"127.0.0.1:0\"\nquota-client = \"off\"\n");
    let mut kept = Vec::new();
    while kept.len() < 4 {
        let line = relay.next();
        if line["message"] == "keeping the configuration as it was" {
            kept.push(line["error"].as_str().unwrap().to_owned());
        }
    }
    assert!(kept.iter().any(|error| error.contains("cannot do without this quota")), "{kept:?}");
    assert!(relay.about("http://relay.test").await.text().contains(r#""client":{"concurrent":4"#));
}

#[tokio::test]
async fn other_certificate_files_are_read_but_https_is_not_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("relay.toml");
    let (first, second) = (Paper::new(), Paper::new());
    let with = |files: TlsFiles| {
        format!(
            "listen = \"127.0.0.1:0\"\ntls-cert = \"{}\"\ntls-key = \"{}\"\n",
            files.certificate.display(),
            files.key.display()
        )
    };
    let mut relay = Running::start(&file, &with(first.files()));
    assert!(is_served(&relay, &first).await);
    relay.reload(&with(second.files()));
    relay.says("read the certificate files again");
    relay.says("read the configuration again");
    assert!(is_served(&relay, &second).await && !is_served(&relay, &first).await);

    relay.reload("listen = \"127.0.0.1:0\"\n");
    relay.says("read the configuration again");
    for setting in ["tls-cert", "tls-key"] {
        assert_eq!(relay.says("another value takes a restart")["setting"], setting);
    }
    assert!(is_served(&relay, &second).await && !is_served(&relay, &first).await);
}

/// Whether the relay's certificate is this one.
async fn is_served(relay: &Running<'_>, paper: &Paper) -> bool {
    let stream = TcpStream::connect(relay.address).await.unwrap();
    tls_over(stream, &paper.certificate, &HTTP_1_1).await.is_ok()
}
