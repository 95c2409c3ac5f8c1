//! Postfix's log, a connection at a time. Whose a connection is tells the port that it came from.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::time::Duration;

use heloscope_interop::Server;
use tokio::time::{Instant, sleep};

/// What the server has logged, and what was taken of that.
pub(crate) struct Log {
    file: File,
    unread: String,
    /// What each process of the server's has logged of the connection that it serves.
    open: HashMap<String, String>,
    ended: Vec<Ended>,
}

/// A connection that is over.
pub(crate) struct Ended {
    /// The client's port.
    pub(crate) from: u16,
    /// All that is logged of it.
    pub(crate) log: String,
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(2);

impl Log {
    /// From its beginning.
    pub(crate) fn open(server: &Server) -> Self {
        let file = File::open(server.log_path()).unwrap();
        let (unread, open, ended) = Default::default();
        Self { file, unread, open, ended }
    }

    /// From where all is over that was asked to learn whether the server is ready: a port of those may come again.
    pub(crate) async fn of_a_ready(server: &Server) -> Self {
        let mut log = Self::open(server);
        for asker in server.askers() {
            log.of(*asker).await;
        }
        log
    }

    /// All that is logged of the connection from this port, once it is over.
    pub(crate) async fn of(&mut self, from: u16) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.ended.iter().position(|ended| ended.from == from) {
                return self.ended.remove(at).log;
            }
            self.more(until).await;
        }
    }

    /// All connections that the server has had up to now, where the last is from this port.
    pub(crate) async fn all_up_to(mut self, last: u16) -> Vec<Ended> {
        let until = Instant::now() + PATIENCE;
        while self.ended.iter().all(|ended| ended.from != last)
            || self.open.values().any(|log| log.contains(BEGIN))
        {
            self.more(until).await;
        }
        self.ended
    }

    /// The connections that are over and were not asked for by their port.
    pub(crate) fn others(&mut self) -> Vec<Ended> {
        std::mem::take(&mut self.ended)
    }

    async fn more(&mut self, until: Instant) {
        assert!(Instant::now() < until, "the server does not end a connection:\n{:?}", self.open);
        sleep(PAUSE).await;
        self.read();
    }

    fn read(&mut self) {
        let mut octets = Vec::new();
        self.file.read_to_end(&mut octets).unwrap();
        self.unread.push_str(&String::from_utf8_lossy(&octets));
        let Some(end) = self.unread.rfind('\n') else { return };
        let rest = self.unread.split_off(end + 1);
        for line in std::mem::replace(&mut self.unread, rest).lines() {
            let Some((process, _)) = line.split_once("/smtpd[").and_then(|(_, rest)| rest.split_once("]: "))
            else {
                continue;
            };
            let log = self.open.entry(process.to_owned()).or_default();
            if line.contains(BEGIN) {
                log.clear();
            }
            log.extend([line, "\n"]);
            if let Some((_, client)) = line.split_once(END) {
                let client = client.split(' ').next().unwrap_or_default();
                let from = client.rsplit(':').next().unwrap().parse().expect("the log has the client's port");
                self.ended.push(Ended { from, log: std::mem::take(log) });
            }
        }
    }
}

/// How the server logs that there is a connection.
const BEGIN: &str = ": connect from ";

/// How the server logs that a connection is over.
const END: &str = ": disconnect from ";

/// The port from which this process, in which the relay runs, has its one connection to this port of 127.0.0.1.
pub(crate) async fn connected_from(port: u16) -> u16 {
    let until = Instant::now() + PATIENCE;
    loop {
        match own_connections_to(port)[..] {
            [from] => return from,
            // What the server has logged the end of may be there for a moment yet.
            ref others => assert!(Instant::now() < until, "no one connection to {port}, but {others:?}"),
        }
        sleep(PAUSE).await;
    }
}

fn own_connections_to(port: u16) -> Vec<u16> {
    const ESTABLISHED: &str = "01";
    let sockets: Vec<String> = fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|descriptor| fs::read_link(descriptor.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let server = format!("0100007F:{port:04X}");
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .filter(|fields| fields[2] == server && fields[3] == ESTABLISHED)
        .filter(|fields| sockets.iter().any(|socket| socket == fields[9]))
        .map(|fields| u16::from_str_radix(&fields[1][9..], 16).unwrap())
        .collect()
}
