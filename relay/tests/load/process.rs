//! A relay in a process of its own, its log, and what it holds of the machine.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use heloscope_wire::{CloseCause, FromRelay};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Longest wait for anything that is to happen at once.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const GREETING: &[u8] = b"220 mail.test ESMTP\r\n";

/// A relay that runs until it is dropped.
pub(crate) struct Relay {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Receiver<serde_json::Value>,
}

impl Relay {
    /// A relay that may connect to this port of 127.0.0.0/8.
    pub(crate) fn start(port: u16, options: &[&str]) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_heloscope-relay")), port, options)
    }

    /// The same by a shell that sets limits first.
    pub(crate) fn start_with(limit: &str, port: u16, options: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        let script = format!("{limit} && exec \"$@\"");
        shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_heloscope-relay")]);
        Self::start_by(shell, port, options)
    }

    fn start_by(mut command: Command, port: u16, options: &[&str]) -> Self {
        let allowed = format!("{port}/starttls");
        command.args(["--listen", "127.0.0.1:0", "--ehlo-name", "relay.test", "--log-format", "json"]);
        command.args(["--allow-net", "127.0.0.0/8", "--allow-port", &allowed]);
        command.args(["--limit-client-connections", "100000"]).args(options);
        for quota in ["--quota-client", "--quota-target-address", "--quota-target-network"] {
            command.args([quota, "off"]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
        let url = ready["message"].as_str().unwrap().strip_prefix("Heloscope is at http://").unwrap();
        let address = url.strip_suffix('/').unwrap().parse().unwrap();
        let (lines, log) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = lines.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, address, log }
    }

    /// A WebSocket to 127.0.0.1 at this port.
    pub(crate) async fn open(&self, port: u16) -> Client {
        self.open_to("127.0.0.1", port).await
    }

    /// A WebSocket to this port of a host.
    pub(crate) async fn open_to(&self, host: &str, port: u16) -> Client {
        let url = format!("ws://{}/v1/connect?host={host}&port={port}", self.address);
        let mut request = url.into_client_request().unwrap();
        let fields = request.headers_mut();
        fields.insert("origin", format!("http://{}", self.address).parse().unwrap());
        fields.insert("sec-websocket-protocol", "heloscope.v1".parse().unwrap());
        let stream = TcpStream::connect(self.address).await.unwrap();
        Client { socket: tokio_tungstenite::client_async(request, stream).await.unwrap().0 }
    }

    /// Sessions that the mail server has greeted, with its ends of them.
    pub(crate) async fn greeted(&self, server: &TcpListener, sessions: usize) -> Vec<(Client, TcpStream)> {
        let port = server.local_addr().unwrap().port();
        let mut all = Vec::new();
        for _ in 0..sessions {
            let mut client = self.open(port).await;
            let mut stream = server.accept().await.unwrap().0;
            client.connected().await;
            tokio::io::AsyncWriteExt::write_all(&mut stream, GREETING).await.unwrap();
            assert_eq!(client.hear().await, Message::Binary(GREETING.into()));
            all.push((client, stream));
        }
        all
    }

    /// How the next sessions to end have ended, in order.
    pub(crate) fn endings(&self, sessions: usize) -> Vec<String> {
        let ending = |_| {
            let line = self.line("session");
            assert!(line["milliseconds"].is_u64(), "{line}");
            line["ending"].as_str().unwrap().to_owned()
        };
        (0..sessions).map(ending).collect()
    }

    /// The next line of the log that says this.
    pub(crate) fn line(&self, message: &str) -> serde_json::Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.log.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if line["message"] == message => return line,
                Ok(_) => {}
                Err(error) => panic!("no line says \"{message}\": {error}"),
            }
        }
    }

    /// The next line of the log.
    pub(crate) fn next_line(&self) -> serde_json::Value {
        self.log.recv_timeout(PATIENCE).unwrap()
    }

    /// Fails where another session's end is in the log; all of it is read once the process has ended.
    pub(crate) fn no_more_endings(&self) {
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) => assert_ne!(line["message"], "session", "{line}"),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => panic!("its log has no end"),
            }
        }
    }

    /// How many descriptors it has open.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Waits until it has no more descriptors open than this.
    pub(crate) async fn returns_to(&self, descriptors: usize) {
        eventually(|| self.descriptors() <= descriptors).await;
    }

    /// How many of the descriptors with a number below this are not in use. (One above may be inherited.)
    pub(crate) fn free_descriptors(&self, below: u32) -> usize {
        let used: Vec<u32> = std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
            .collect();
        (0..below).filter(|number| !used.contains(number)).count()
    }

    /// Processor time that it has had.
    pub(crate) fn processor(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // utime and stime, in hundredths of a second: the 14th and 15th of proc(5); the 3rd stands behind the name.
        let fields = stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2);
        Duration::from_millis(10 * fields.map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>())
    }

    /// Octets of memory that are its own.
    pub(crate) fn memory(&self) -> u64 {
        self.kilobytes("smaps_rollup", "Pss:") * 1024
    }

    /// How many descriptors it may have open: by the soft and by the hard limit.
    pub(crate) fn descriptor_limits(&self) -> (u64, u64) {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap();
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
        let mut numbers = line.split_whitespace().map(|number| number.parse().unwrap());
        (numbers.next().unwrap(), numbers.next().unwrap())
    }

    /// In how many of its event queues, epoll(7), its listener stands: of each thread's that takes connections. (A queue may
    /// be open more than once, in each thread as often.)
    pub(crate) fn awaits_connections(&self) -> usize {
        let process = format!("/proc/{}", self.child.id());
        let (port, sockets) =
            (self.address.port(), std::fs::read_to_string(format!("{process}/net/tcp")).unwrap());
        // proc_net_tcp(5): the 2nd field is the address, the 4th the state (0A: it listens), the 10th the inode.
        let listener = sockets.lines().find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let is_listener = fields[1].ends_with(&format!(":{port:04X}")) && fields[3] == "0A";
            is_listener.then(|| fields[9].parse::<u64>().unwrap())
        });
        let watched = format!("ino:{:x} ", listener.unwrap());
        let queues = std::fs::read_dir(format!("{process}/fdinfo")).unwrap();
        // A descriptor that is closed meanwhile is none.
        let queues = queues.filter_map(|queue| std::fs::read_to_string(queue.ok()?.path()).ok());
        queues
            .filter(|queue| queue.lines().any(|line| line.starts_with("tfd:") && line.contains(&watched)))
            .count()
    }

    fn kilobytes(&self, file: &str, name: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    pub(crate) fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The browser's end of a session.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Client {
    pub(crate) async fn hear(&mut self) -> Message {
        let frame = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a frame in time");
        frame.expect("a frame").unwrap()
    }

    pub(crate) async fn control(&mut self) -> FromRelay {
        match self.hear().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn connected(&mut self) {
        let first = self.control().await;
        assert!(matches!(first, FromRelay::Connected(_)), "{first:?}");
    }

    /// The octets until the end, and its cause.
    pub(crate) async fn hear_out(&mut self) -> (usize, CloseCause) {
        let mut octets = 0;
        loop {
            match self.hear().await {
                Message::Binary(frame) => octets += frame.len(),
                Message::Text(text) => match serde_json::from_str(&text).unwrap() {
                    FromRelay::Closed { cause } => return (octets, cause),
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            }
        }
    }
}

/// A mail server to be, on a free port.
pub(crate) async fn server() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Waits until something is so.
pub(crate) async fn eventually(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it does not come about");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
