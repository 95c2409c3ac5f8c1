//! What passes between the probe and a connection, whichever way it is made.

use std::time::Duration;

use heloscope_observation::{ConnectionId, Established, Refusal};
use heloscope_probe::{Input, Probe};
use heloscope_wire::ClientWriteKey;
use tokio::sync::mpsc;

/// What the probe sends on a connection; the end of them is the end of the connection.
pub(crate) enum Outgoing {
    /// To the mail server.
    Octets(Vec<u8>),
    /// To a relay, where there is one.
    Key(ClientWriteKey),
}

/// Where a connection tells what it meets.
pub(crate) struct Listener {
    connection: ConnectionId,
    happens: mpsc::Sender<(ConnectionId, Event)>,
}

impl Listener {
    /// Tells of this connection.
    pub(crate) fn new(connection: ConnectionId, happens: mpsc::Sender<(ConnectionId, Event)>) -> Self {
        Self { connection, happens }
    }

    /// Tells it; `None` once the test is over.
    pub(crate) async fn hear(&self, event: Event) -> Option<()> {
        self.happens.send((self.connection, event)).await.ok()
    }
}

/// What a connection meets.
pub(crate) enum Event {
    Connected(Established),
    Refused(Refusal),
    Received(Vec<u8>),
    Closed,
}

impl Event {
    /// Tells the probe, at this time since the test began.
    pub(crate) fn tell(self, probe: &mut Probe, connection: ConnectionId, at: Duration) {
        let input = match self {
            Self::Connected(established) => Input::Connected { connection, at, established },
            Self::Refused(refusal) => Input::Refused { connection, at, refusal },
            Self::Received(ref octets) => Input::Received { connection, at, octets },
            Self::Closed => Input::Closed { connection, at },
        };
        probe.handle_input(input);
    }
}
