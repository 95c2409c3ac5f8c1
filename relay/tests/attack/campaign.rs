//! Takes attacks to a Postfix that accepts whatever it is told, through the relay and without it, and asks its log and
//! its queue what became of them.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use heloscope_crypto::WriteKey;
use heloscope_interop::{Authority, OpenPort, Server};
use heloscope_observation::PortSpec;
use heloscope_relay::Settings;
use heloscope_wire::{CloseCause, Quotas};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::attack::{Attack, Directly, Key, Step, Through};
use crate::carrier::{Carrier, Closed};
use crate::effect::Effect;
use crate::log::{Connections, Log, PATIENCE};
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
    let mut log = Log::of_a_ready(&server).await;
    let mut connections = Connections::default();
    let mut faults = Vec::new();

    for attack in &attacks {
        log.begin();
        let port = port(&server, attack.port);
        let client = rig.open(&format!("host={HOST}&port={}", port.port)).await;
        let mut carrier = Carrier::relayed(client).await;
        let from = connections.newest_to(port.port).await;
        let heard = take(&mut carrier, attack, other_key(&server, attack, &mut log).await.as_ref()).await;
        let (last, closed) = carrier.end().await;
        let effect = Effect { heard: [heard, last].concat(), log: log.of(from).await };
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
    // Another program may knock here in error, and says nothing then; from the relay nobody is let in without an attack.
    for other in log.others().into_iter().map(Effect::of_unheard) {
        if other.took_mail() || other.commands().next().is_some() {
            faults.push(format!("a connection that no attack made:\n{}", other.log));
        }
    }
    let queued = server.queued().unwrap();
    if queued > 0 {
        faults.push(format!("{queued} messages in the queue came through the relay"));
    }

    let mut mails = queued;
    for attack in &attacks {
        log.begin();
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
    begin_with(|_| {}).await
}

/// The same, with other settings.
pub(crate) async fn begin_with(change: impl FnOnce(&mut Settings)) -> Option<(Server, Rig)> {
    let authority = Authority::new(now()).unwrap();
    let server = Server::start("postfix-open", &authority).unwrap()?;
    let ports = server.ports().to_vec();
    let rig = Rig::new(&[], |settings| {
        settings.ports = ports;
        settings.resolver = Arc::new(Names::of(&[(HOST, &["127.0.0.1"])]));
        settings.quotas = UNCOUNTED;
        change(settings);
    })
    .await;
    Some((server, rig))
}

/// All lines that the server has heard on this port up to now. A connection of the test's own comes last, and ends that.
pub(crate) async fn lines_heard(server: &Server, which: OpenPort) -> Vec<String> {
    let mut stream = TcpStream::connect((server.address(), port(server, which).port)).await.unwrap();
    let own = stream.local_addr().unwrap().port();
    stream.write_all(b"QUIT\r\n").await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    let log = Log::open(server).all_up_to(own).await;
    let effects = log.into_iter().filter(|ended| ended.from != own).map(Effect::of_unheard);
    effects.flat_map(|effect| effect.lines().into_iter().map(str::to_owned).collect::<Vec<_>>()).collect()
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

/// Whether these octets end a reply, RFC 5321 §4.2.
pub(crate) fn is_complete(octets: &[u8]) -> bool {
    let Some(lines) = octets.strip_suffix(b"\r\n") else { return false };
    let last = lines.rsplit(|octet| *octet == b'\n').next().unwrap_or_default();
    last.get(3).is_none_or(|octet| *octet == b' ')
}

pub(crate) fn port(server: &Server, which: OpenPort) -> PortSpec {
    server.ports()[which as usize]
}

#[expect(clippy::disallowed_methods, reason = "certificates for a server that runs now are made for now")]
fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}
