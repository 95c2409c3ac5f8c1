use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use heloscope_observation::{ConnectionId, Observations};
use heloscope_probe::{Input, Output, Probe};
use heloscope_wire::ClientWriteKey;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::dial::Dialler;
use crate::events::{Event, Listener, Outgoing};
use crate::live::Live;
use crate::relay::Relay;
use crate::{direct, relayed};

/// For what is still to be sent when the test is over: a QUIT, a close_notify, a WebSocket's Close.
const LINGER: Duration = Duration::from_millis(500);
/// Events that wait for the probe; then the reading of sockets waits.
const MAX_EVENTS: usize = 64;

/// How connections to the mail server are made.
pub(crate) enum Way {
    /// Over TCP connections of this machine.
    Direct(Dialler),
    /// Over WebSockets of a relay.
    Relay(Box<Relay>),
}

/// Runs a probe over connections made in this way.
pub(crate) async fn run(mut probe: Probe, way: Way, live: &mut Live) -> Observations {
    let began = Instant::now();
    let mut wires = Wires::new(way);
    while let Some(until) = obey(&mut probe, &mut wires) {
        let now = began.elapsed();
        if until <= now {
            probe.handle_input(Input::Tick { at: now });
            continue;
        }
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
            Output::Transmit { connection, octets } => wires.send(connection, Outgoing::Octets(octets)),
            Output::ClientWriteKey { connection, key, iv } => {
                wires.send(connection, Outgoing::Key(ClientWriteKey { key, iv }));
            }
            Output::Close { connection } => wires.close(connection),
            Output::Observed(_) => {}
            Output::Wait { until } => return Some(until),
            Output::Done => return None,
        }
    }
}

/// The connections, each in a task of its own; what they meet comes out in one line.
struct Wires {
    way: Arc<Way>,
    open: BTreeMap<ConnectionId, mpsc::UnboundedSender<Outgoing>>,
    tasks: JoinSet<()>,
    /// Whether the last one to each port has ended, which its sender's end says.
    last: BTreeMap<u16, oneshot::Receiver<()>>,
    events: mpsc::Receiver<(ConnectionId, Event)>,
    happens: mpsc::Sender<(ConnectionId, Event)>,
}

impl Wires {
    fn new(way: Way) -> Self {
        let (happens, events) = mpsc::channel(MAX_EVENTS);
        let (open, last) = (BTreeMap::new(), BTreeMap::new());
        Self { way: Arc::new(way), open, tasks: JoinSet::new(), last, events, happens }
    }

    fn connect(&mut self, connection: ConnectionId, port: u16) {
        let (send, to_send) = mpsc::unbounded_channel();
        self.open.insert(connection, send);
        let way = Arc::clone(&self.way);
        let probe = Listener::new(connection, self.happens.clone());
        let (ended, end) = oneshot::channel();
        let before = self.last.insert(port, end);
        self.tasks.spawn(async move {
            let _ended = ended;
            // Either way it ends early where nobody listens any more.
            let _ = match &*way {
                Way::Direct(dialler) => direct::carry(dialler, port, to_send, &probe).await,
                Way::Relay(relay) => relayed::carry(relay, port, before, to_send, &probe).await,
            };
        });
    }

    fn send(&self, connection: ConnectionId, outgoing: Outgoing) {
        if let Some(send) = self.open.get(&connection) {
            // A connection that has broken says so by itself.
            let _ = send.send(outgoing);
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
