//! Postfix's log, a connection at a time. Whose a connection is tells the port that it came from.

use std::collections::{HashMap, HashSet};
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
    /// What was over since the last attack began.
    ended: Vec<Ended>,
    /// What was over before, and was not asked for.
    earlier: Vec<Ended>,
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
        let (unread, open, ended, earlier) = Default::default();
        Self { file, unread, open, ended, earlier }
    }

    /// From where all is over that was asked to learn whether the server is ready: a port of those may come again.
    pub(crate) async fn of_a_ready(server: &Server) -> Self {
        let mut log = Self::open(server);
        for asker in server.askers() {
            log.of(*asker).await;
        }
        log
    }

    /// Leaves behind what is over up to now: a client's port comes again, and a connection that begins from here on is not to
    /// be taken for an earlier one.
    pub(crate) fn begin(&mut self) {
        self.read();
        self.earlier.append(&mut self.ended);
    }

    /// All that is logged of the connection from this port, once it is over.
    pub(crate) async fn of(&mut self, from: u16) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.ended.iter().position(|ended| ended.from == from) {
                return self.ended.remove(at).log;
            }
            self.more(from, until).await;
        }
    }

    /// All connections that the server has had up to now, where the last is from this port.
    pub(crate) async fn all_up_to(mut self, last: u16) -> Vec<Ended> {
        let until = Instant::now() + PATIENCE;
        while self.ended.iter().all(|ended| ended.from != last)
            || self.open.values().any(|log| log.contains(BEGIN))
        {
            self.more(last, until).await;
        }
        self.ended
    }

    /// The connections that are over and were not asked for by their port.
    pub(crate) fn others(&mut self) -> Vec<Ended> {
        self.begin();
        std::mem::take(&mut self.earlier)
    }

    async fn more(&mut self, from: u16, until: Instant) {
        let ended: Vec<u16> = self.ended.iter().map(|ended| ended.from).collect();
        assert!(
            Instant::now() < until,
            "the server does not end the connection from port {from}, but those from {ended:?}; others:\n{:?}",
            self.open
        );
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

/// The connections of this process, in which the relay runs, to a port of 127.0.0.1, as the system lists them.
#[derive(Default)]
pub(crate) struct Connections {
    /// The sockets of those that were found before. A port comes again, the number of a socket does not; and one that is over
    /// for the server may be listed for a moment yet, while the list, which is made piece by piece, leaves out another.
    found: HashSet<String>,
}

impl Connections {
    /// The client's port of the one to this port that was not found before.
    pub(crate) async fn newest_to(&mut self, port: u16) -> u16 {
        let until = Instant::now() + PATIENCE;
        loop {
            let mut listed = own_connections_to(port);
            listed.retain(|(socket, _)| !self.found.contains(socket));
            match &listed[..] {
                [(socket, from)] => {
                    self.found.insert(socket.clone());
                    return *from;
                }
                others => assert!(Instant::now() < until, "no one new connection to {port}, but {others:?}"),
            }
            sleep(PAUSE).await;
        }
    }
}

/// The socket's number and the client's port of each. One that the server has hung up on is there, too, as long as the relay
/// has not.
fn own_connections_to(port: u16) -> Vec<(String, u16)> {
    const ESTABLISHED: &str = "01";
    const CLOSE_WAIT: &str = "08";
    let sockets: Vec<String> = fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|descriptor| fs::read_link(descriptor.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let server = format!("0100007F:{port:04X}");
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .filter(|fields| fields[2] == server && [ESTABLISHED, CLOSE_WAIT].contains(&fields[3]))
        .filter(|fields| sockets.iter().any(|socket| socket == fields[9]))
        .map(|fields| (fields[9].to_owned(), u16::from_str_radix(&fields[1][9..], 16).unwrap()))
        .collect()
}
