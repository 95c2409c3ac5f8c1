//! What driver and probe tell each other.

use std::time::Duration;

use heloscope_observation::{ConnectionId, Established, Host, Observation, PortSpec, Refusal};

/// What the driver tells the probe; `at` is the time since the test began, of which whole microseconds count.
#[derive(Debug)]
pub enum Input<'a> {
    /// TCP connected.
    Connected {
        /// Which connection.
        connection: ConnectionId,
        /// When.
        at: Duration,
        /// What is known of it.
        established: Established,
    },
    /// There is no connection, or it broke for a cause that the network or the relay names.
    Refused {
        /// Which connection.
        connection: ConnectionId,
        /// When.
        at: Duration,
        /// Why.
        refusal: Refusal,
    },
    /// Octets from the server; before [`Connected`](Self::Connected) there can be none, and none are looked at.
    Received {
        /// On which connection.
        connection: ConnectionId,
        /// When.
        at: Duration,
        /// What.
        octets: &'a [u8],
    },
    /// The server closed the connection.
    Closed {
        /// Which connection.
        connection: ConnectionId,
        /// When.
        at: Duration,
    },
    /// Time passed.
    Tick {
        /// When it is.
        at: Duration,
    },
}

/// What the probe asks of the driver.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Connect.
    Connect {
        /// How the probe will name this connection.
        connection: ConnectionId,
        /// Where to.
        host: Host,
        /// On which port; a relay knows the TLS mode by itself.
        port: PortSpec,
    },
    /// Send octets.
    Transmit {
        /// On which connection.
        connection: ConnectionId,
        /// What.
        octets: Vec<u8>,
    },
    /// Tell a relay what to open this side's application data with, before the octets that follow; it lets none through
    /// that it cannot read. Whoever has the socket itself need not know it.
    ClientWriteKey {
        /// On which connection.
        connection: ConnectionId,
        /// The client write key of the negotiated suite (RFC 8446 §7.3; RFC 5246 §6.3).
        key: Vec<u8>,
        /// The client write IV, without what each record brings: 12 octets, or 4 in TLS 1.2 with AES-GCM.
        iv: Vec<u8>,
    },
    /// Close the connection, or stop connecting; nothing that still comes of it is looked at.
    Close {
        /// Which connection.
        connection: ConnectionId,
    },
    /// Something was seen; also kept for [`Probe::observations`](crate::Probe::observations).
    Observed(Observation),
    /// Nothing to do until input comes; an [`Input::Tick`] is due at this time since the test began, at once where that is
    /// past.
    Wait {
        /// When.
        until: Duration,
    },
    /// The test is over.
    Done,
}
