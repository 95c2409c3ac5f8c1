//! Takes attacks to a Postfix that accepts whatever it is told, through the relay and without it, and asks its log and
//! its queue what became of them.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use heloscope_crypto::WriteKey;
use heloscope_interop::{Authority, OpenPort, Server};
use heloscope_observation::PortSpec;
use heloscope_wire::{CloseCause, Quotas};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::attack::{Attack, Directly, Key, Step, Through};
use crate::carrier::{Carrier, Closed};
use crate::rig::{Names, Rig};
use crate::tls::Tls;

/// The name under which clients ask for the server.
pub(crate) const HOST: &str = "open.interop.test";

/// One client takes all attacks to one server: none is to be spared by a quota.
pub(crate) const UNCOUNTED: Quotas =
    Quotas { client: None, target_address: None, target_network: None, all: 256 };

/// Takes each attack through the relay and over TCP, and fails with the names of all that came out otherwise than the
/// attack says.
pub(crate) async fn run(attacks: Vec<Attack>) {
    let Some((server, rig)) = begin().await else { return };
    let mut log = Log::open(&server);
    let mut faults = Vec::new();

    for attack in &attacks {
        let port = port(&server, attack.port);
        let mut carrier = Carrier::relayed(rig.open(&format!("host={HOST}&port={}", port.port)).await);
        let heard = take(&mut carrier, attack, other_key(&server, attack, &mut log).await.as_ref()).await;
        let (last, closed) = carrier.end().await;
        let effect = Effect { heard: [heard, last].concat(), log: log.of_the_relays().await };
        faults.extend(effect.got_out(attack).map(|what| format!("through the relay: {what}")));
        if attack.says_ehlo_first() && !effect.lines().contains(&"EHLO relay.example") {
            faults.push(format!(
                "{}: through the relay its EHLO does not reach the server either",
                attack.name
            ));
        }
        let guard = closed == Some(Closed { cause: Some(CloseCause::Guard), code: Some(1008) });
        // Once it speaks TLS, the server itself may be the first to hang up over what it was sent.
        let server =
            attack.shakes_hands() && closed.and_then(|closed| closed.cause) == Some(CloseCause::Server);
        let as_it_is_to = match attack.through {
            Through::Stopped => guard || server,
            Through::Nowhere => !guard,
        };
        if !as_it_is_to {
            faults.push(format!("{}: through the relay it ended with {closed:?}", attack.name));
        }
    }
    let queued = server.queued().unwrap();
    if queued > 0 {
        faults.push(format!("{queued} messages in the queue came through the relay"));
    }

    let mut mails = queued;
    for attack in &attacks {
        let port = port(&server, attack.port);
        let stream = TcpStream::connect((server.address(), port.port)).await.unwrap();
        let from = stream.local_addr().unwrap().port();
        let mut carrier = Carrier::Direct(stream);
        let heard = take(&mut carrier, attack, None).await;
        let (last, _) = carrier.end().await;
        let effect = Effect { heard: [heard, last].concat(), log: log.of(from).await };
        if !effect.is(&attack.directly) {
            faults.push(format!(
                "{}: over TCP it is not {:?}, but: {}",
                attack.name,
                attack.directly,
                effect.lines().join(" | ")
            ));
        }
        if attack.directly == Directly::Mail {
            mails += 1;
        }
    }
    // A message that moves from one directory to another may be seen in neither.
    let until = Instant::now() + PATIENCE;
    while server.queued().unwrap() != mails {
        if Instant::now() > until {
            faults.push(format!(
                "over TCP not {mails} messages are in the queue, but {}",
                server.queued().unwrap()
            ));
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), attacks.len(), faults.join("\n"));
}

/// The server, and a relay that may connect to it; `None` where it cannot run here.
pub(crate) async fn begin() -> Option<(Server, Rig)> {
    let authority = Authority::new(now()).unwrap();
    let server = Server::start("postfix-open", &authority).unwrap()?;
    let ports = server.ports().to_vec();
    let rig = Rig::new(&[], |settings| {
        settings.ports = ports;
        settings.resolver = Arc::new(Names::of(&[(HOST, &["127.0.0.1"])]));
        settings.quotas = UNCOUNTED;
    })
    .await;
    Some((server, rig))
}

/// Takes the steps, and gives what was heard in clear.
pub(crate) async fn take(carrier: &mut Carrier, attack: &Attack, other: Option<&WriteKey>) -> Vec<u8> {
    let mut heard = Vec::new();
    let mut tls: Option<Tls> = None;
    for step in &attack.steps {
        match step {
            Step::Say(octets) => carrier.say(octets).await,
            Step::Frames { raw, payload } => carrier.frames(raw, payload).await,
            Step::Hear if tls.is_some() => {
                tls.as_mut().unwrap().hear(carrier).await;
            }
            Step::Hear => {
                let from = heard.len();
                while !is_complete(&heard[from..]) {
                    let Some(octets) = carrier.hear().await else { break };
                    heard.extend(octets);
                }
            }
            Step::HearAny => heard.extend(carrier.hear().await.unwrap_or_default()),
            Step::Handshake(handshake) => tls = Tls::handshake(carrier, HOST, *handshake).await,
            Step::Show(key) => {
                if let Some(tls) = tls.as_ref().filter(|_| carrier.is_relay()) {
                    carrier.show(tls.key_frame(*key, other)).await;
                }
            }
            Step::Seal(record) => {
                let Some(tls) = &mut tls else { continue };
                carrier.say(&tls.seal(record)).await;
            }
            Step::SealTogether(records) => {
                let Some(tls) = &mut tls else { continue };
                let sealed: Vec<u8> = records.iter().flat_map(|record| tls.seal(record)).collect();
                carrier.say(&sealed).await;
            }
            Step::SealCut(record, most) => {
                let Some(tls) = &mut tls else { continue };
                for frame in tls.seal(record).chunks(*most) {
                    carrier.say(frame).await;
                }
            }
            Step::Replay => {
                let Some(tls) = &tls else { continue };
                carrier.say(&tls.last).await;
            }
            Step::SkipNumber => {
                if let Some(tls) = &mut tls {
                    tls.sequence += 1;
                }
            }
            Step::UpdateKey => {
                let Some(tls) = &mut tls else { continue };
                carrier.say(&tls.update_key()).await;
            }
        }
    }
    heard
}

/// The key of a connection of its own over TCP, where the attack is to show such.
async fn other_key(server: &Server, attack: &Attack, log: &mut Log) -> Option<WriteKey> {
    let shows = attack.steps.iter().any(|step| matches!(step, Step::Show(Key::OtherConnections)));
    let handshake = attack.steps.iter().find_map(|step| match step {
        Step::Handshake(handshake) => Some(*handshake),
        _ => None,
    });
    let handshake = handshake.filter(|_| shows)?;
    let address = (server.address(), port(server, OpenPort::Implicit).port);
    let stream = TcpStream::connect(address).await.unwrap();
    let from = stream.local_addr().unwrap().port();
    let mut carrier = Carrier::Direct(stream);
    let key = Tls::handshake(&mut carrier, HOST, handshake).await.unwrap().key().clone();
    carrier.end().await;
    log.of(from).await;
    Some(key)
}

/// What came of an attack at the server.
struct Effect {
    /// In clear.
    heard: Vec<u8>,
    /// What the server logged of the connection.
    log: String,
}

/// All that Postfix takes for a command, and what it would not but others do; RFC 5321 §4.1, and Postfix's own.
const VERBS: [&str; 24] = [
    "AUTH", "BDAT", "DATA", "EHLO", "ETRN", "EXPN", "HELO", "HELP", "LHLO", "MAIL", "NOOP", "ONEX", "QUIT",
    "RCPT", "RSET", "SAML", "SEND", "SOML", "STARTTLS", "TURN", "VERB", "VRFY", "XCLIENT", "XFORWARD",
];

/// What the relay may let through.
const LINES: [&str; 4] = ["EHLO relay.example", "HELO relay.example", "STARTTLS", "QUIT"];

impl Effect {
    /// The command lines that the server heard, as it logs them: what cannot be printed is a question mark.
    fn lines(&self) -> Vec<&str> {
        self.log
            .lines()
            .filter_map(|line| line.split_once("]: < ")?.1.split_once("]:")?.1.split_once(": "))
            .map(|(_, said)| said)
            .collect()
    }

    fn took_mail(&self) -> bool {
        self.log.contains(": client=")
    }

    /// Commands that no relay lets through.
    fn commands(&self) -> impl Iterator<Item = &str> {
        let is_command = |line: &&str| {
            let word = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            VERBS.contains(&word.as_str())
        };
        self.lines().into_iter().filter(|line| !LINES.contains(line)).filter(is_command)
    }

    fn shook_hands(&self) -> bool {
        self.heard.windows(2).any(|two| two == b"\x16\x03") || self.log.contains("SSL_accept:")
    }

    /// What got out of this attack.
    fn got_out(&self, attack: &Attack) -> Option<String> {
        let commands: Vec<&str> = self.commands().collect();
        let name = &attack.name;
        if self.took_mail() {
            return Some(format!("{name}: mail"));
        }
        if attack.directly == Directly::Handshake && self.shook_hands() {
            return Some(format!("{name}: a handshake"));
        }
        (!commands.is_empty()).then(|| format!("{name}: {}", commands.join(" | ")))
    }

    /// Whether it is what was expected over TCP.
    fn is(&self, directly: &Directly) -> bool {
        match directly {
            Directly::Mail => self.took_mail(),
            Directly::Command(begin) => {
                self.commands().any(|line| line.starts_with(begin)) && !self.took_mail()
            }
            Directly::Handshake => self.shook_hands(),
            Directly::Fails(_) => self.commands().next().is_none() && !self.took_mail(),
        }
    }
}

/// Whether these octets end a reply, RFC 5321 §4.2.
pub(crate) fn is_complete(octets: &[u8]) -> bool {
    let Some(lines) = octets.strip_suffix(b"\r\n") else { return false };
    let last = lines.rsplit(|octet| *octet == b'\n').next().unwrap_or_default();
    last.get(3).is_none_or(|octet| *octet == b' ')
}

pub(crate) fn port(server: &Server, which: OpenPort) -> PortSpec {
    server.ports()[which as usize]
}

/// The server's log, a connection at a time. Whose each is tells the port that it came from: no client but those known here
/// is taken for the relay, and none is taken for another.
struct Log {
    file: File,
    unread: String,
    /// What each process of the server's has logged of the connection that it serves.
    open: HashMap<String, String>,
    ended: VecDeque<Ended>,
    /// The ports of those who asked whether the server is ready, each gone once it was seen.
    askers: Vec<u16>,
}

/// A connection that is over.
struct Ended {
    from: u16,
    log: String,
}

const PATIENCE: Duration = Duration::from_secs(20);

impl Log {
    fn open(server: &Server) -> Self {
        let file = File::open(server.log_path()).unwrap();
        let (unread, open, ended) = Default::default();
        Self { file, unread, open, ended, askers: server.askers().to_vec() }
    }

    /// All that is logged of the connection from this port of the test's own.
    async fn of(&mut self, from: u16) -> String {
        let ended = self.next().await;
        assert_eq!(ended.from, from, "a connection that no attack made:\n{}", ended.log);
        ended.log
    }

    /// All that is logged of the connection that the relay has made.
    async fn of_the_relays(&mut self) -> String {
        self.next().await.log
    }

    /// The next connection that ends, but for those of who asked whether the server is ready.
    async fn next(&mut self) -> Ended {
        let until = Instant::now() + PATIENCE;
        loop {
            while let Some(ended) = self.ended.pop_front() {
                match self.askers.iter().position(|asker| *asker == ended.from) {
                    Some(at) => drop(self.askers.swap_remove(at)),
                    None => return ended,
                }
            }
            assert!(Instant::now() < until, "the server does not end a connection:\n{:?}", self.open);
            sleep(Duration::from_millis(2)).await;
            self.read();
        }
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
            log.extend([line, "\n"]);
            if let Some((_, client)) = line.split_once(END) {
                let client = client.split(' ').next().unwrap_or_default();
                let from = client.rsplit(':').next().unwrap().parse().expect("the log has the client's port");
                self.ended.push_back(Ended { from, log: std::mem::take(log) });
            }
        }
    }
}

/// How the server logs that a connection is over.
const END: &str = ": disconnect from ";

#[expect(clippy::disallowed_methods, reason = "certificates for a server that runs now are made for now")]
fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}
