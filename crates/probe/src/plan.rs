//! Which connections a test makes.

use heloscope_observation::{Connection, ConnectionId, Purpose, Target};

/// The connections to begin with: one dialogue a port, all at once.
pub(crate) fn first(target: &Target) -> Vec<Connection> {
    let numbered = (0..).map(ConnectionId).zip(&target.ports);
    numbered.map(|(id, port)| Connection { id, port: *port, purpose: Purpose::Dialogue }).collect()
}
