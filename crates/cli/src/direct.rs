use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use heloscope_observation::{ConnectionId, Established, Observations, Refusal};
use heloscope_probe::{Input, Output, Probe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::connecting::Connected;
use crate::dial::{self, Dialler};
use crate::live::Live;

/// For what is still to be sent when the test is over: a QUIT, a close_notify.
const LINGER: Duration = Duration::from_millis(500);
/// Octets read at once.
const READ: usize = 16 * 1024;
/// Events that wait for the probe; then the reading of sockets waits.
const MAX_EVENTS: usize = 64;

/// Runs a probe over TCP connections of this machine.
pub(crate) async fn run(mut probe: Probe, dialler: Dialler, live: &mut Live) -> Observations {
    let began = Instant::now();
    let mut wires = Wires::new(dialler);
    while let Some(until) = obey(&mut probe, &mut wires) {
        let now = began.elapsed();
        let redraw = live.draw(probe.observations(), now);
        let wake = began + redraw.map_or(until, |redraw| redraw.min(until));
        tokio::select! {
            event = wires.next() => if let Some((connection, event)) = event {
                event.tell(&mut probe, connection, began.elapsed());
            },
            () = sleep_until(wake) => {
                let at = began.elapsed();
                if at >= until {
                    probe.handle_input(Input::Tick { at });
                }
            }
        }
    }
    live.clear();
    wires.finish().await;
    probe.into_observations()
}

/// Does what the probe asks, until it waits; says until when, or `None` when the test is over.
fn obey(probe: &mut Probe, wires: &mut Wires) -> Option<Duration> {
    loop {
        match probe.poll_output() {
            Output::Connect { connection, host: _, port } => wires.connect(connection, port.port),
            Output::Transmit { connection, octets } => wires.transmit(connection, octets),
            // It is for a relay; here there is none between the probe and the server.
            Output::ClientWriteKey { .. } => {}
            Output::Close { connection } => wires.close(connection),
            Output::Observed(_) => {}
            Output::Wait { until } => return Some(until),
            Output::Done => return None,
        }
    }
}

/// The connections, each in a task of its own; what they meet comes out in one line.
struct Wires {
    dialler: Arc<Dialler>,
    open: BTreeMap<ConnectionId, mpsc::UnboundedSender<Vec<u8>>>,
    tasks: JoinSet<()>,
    events: mpsc::Receiver<(ConnectionId, Event)>,
    happens: mpsc::Sender<(ConnectionId, Event)>,
}

impl Wires {
    fn new(dialler: Dialler) -> Self {
        let (happens, events) = mpsc::channel(MAX_EVENTS);
        Self { dialler: Arc::new(dialler), open: BTreeMap::new(), tasks: JoinSet::new(), events, happens }
    }

    fn connect(&mut self, connection: ConnectionId, port: u16) {
        let (transmit, to_send) = mpsc::unbounded_channel();
        self.open.insert(connection, transmit);
        let (dialler, happens) = (Arc::clone(&self.dialler), self.happens.clone());
        self.tasks.spawn(async move {
            let happened = carry(&dialler, connection, port, to_send, &happens).await;
            if let Some(event) = happened {
                // Nobody listens any more once the test is over.
                let _ = happens.send((connection, event)).await;
            }
        });
    }

    fn transmit(&self, connection: ConnectionId, octets: Vec<u8>) {
        if let Some(transmit) = self.open.get(&connection) {
            // A connection that has broken says so by itself.
            let _ = transmit.send(octets);
        }
    }

    /// The task sends what it still has, and ends.
    fn close(&mut self, connection: ConnectionId) {
        self.open.remove(&connection);
    }

    async fn next(&mut self) -> Option<(ConnectionId, Event)> {
        self.events.recv().await
    }

    async fn finish(mut self) {
        self.open.clear();
        self.events.close();
        while self.events.try_recv().is_ok() {}
        let _ = timeout(LINGER, async { while self.tasks.join_next().await.is_some() {} }).await;
    }
}

/// What a connection meets.
enum Event {
    Connected(Established),
    Refused(Refusal),
    Received(Vec<u8>),
    Closed,
}

impl Event {
    fn tell(self, probe: &mut Probe, connection: ConnectionId, at: Duration) {
        let input = match self {
            Self::Connected(established) => Input::Connected { connection, at, established },
            Self::Refused(refusal) => Input::Refused { connection, at, refusal },
            Self::Received(ref octets) => Input::Received { connection, at, octets },
            Self::Closed => Input::Closed { connection, at },
        };
        probe.handle_input(input);
    }
}

/// Carries one connection's octets until it ends; how it ended is the last event, `None` where the probe ended it.
async fn carry(
    dialler: &Dialler,
    connection: ConnectionId,
    port: u16,
    mut to_send: mpsc::UnboundedReceiver<Vec<u8>>,
    happens: &mpsc::Sender<(ConnectionId, Event)>,
) -> Option<Event> {
    let dialled = tokio::select! {
        dialled = dialler.dial(port) => dialled,
        _ = to_send.recv() => return None,
    };
    let (Connected { stream, reset }, established) = match dialled {
        Ok(connected) => connected,
        Err(refusal) => return Some(Event::Refused(refusal)),
    };
    happens.send((connection, Event::Connected(established))).await.ok()?;
    let (mut reader, mut writer) = stream.into_split();
    let mut octets = vec![0; READ];
    loop {
        tokio::select! {
            read = reader.read(&mut octets) => {
                dial::acknowledge_at_once(reader.as_ref());
                let event = match read {
                    // The system has told of the reset once, and tells it again as an end.
                    Ok(0) | Err(_) if reset => return Some(Event::Refused(dial::reset())),
                    Ok(0) => return Some(Event::Closed),
                    Ok(count) => Event::Received(octets.get(..count).unwrap_or_default().to_vec()),
                    Err(error) => return Some(Event::Refused(dial::broken(&error))),
                };
                happens.send((connection, event)).await.ok()?;
            }
            send = to_send.recv() => match send {
                // What a broken connection is like is told by reading it: it may still hold the server's last words.
                Some(send) => { let _ = writer.write_all(&send).await; }
                None => {
                    let _ = writer.shutdown().await;
                    return None;
                }
            }
        }
    }
}
