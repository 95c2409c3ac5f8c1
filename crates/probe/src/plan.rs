//! Which connections a test makes.

use heloscope_observation::{
    AlertDescription, Connection, ConnectionId, Event, Observations, Purpose, RefusalCode, Stage, Target,
    TlsFailure,
};

/// The connections to begin with: one dialogue a port, all at once.
pub(crate) fn first(target: &Target) -> Vec<Connection> {
    let numbered = (0..).map(ConnectionId).zip(&target.ports);
    numbered.map(|(id, port)| Connection { id, port: *port, purpose: Purpose::Dialogue }).collect()
}

/// The connection to make after this one has ended: where a dialogue's handshake failed before the server could show
/// what it is, a hello made by hand asks again.
pub(crate) fn after(ended: Connection, observations: &Observations) -> Option<Connection> {
    let seen = observations.seen.iter().filter(|observation| observation.connection == ended.id);
    let in_handshake = seen.filter(|observation| observation.stage == Stage::Tls);
    let failed = in_handshake.clone().any(|observation| breaks_off(&observation.event));
    let shown = in_handshake.clone().any(|observation| matches!(observation.event, Event::Handshake(_)));
    let again = ended.purpose == Purpose::Dialogue && failed && !shown;
    let unnamed = in_handshake.clone().any(|observation| dislikes_the_name(&observation.event));
    let purpose = if unnamed { Purpose::NamelessHello } else { Purpose::RawHello };
    let id = ConnectionId(u32::try_from(observations.connections.len()).ok()?);
    again.then_some(Connection { id, port: ended.port, purpose })
}

/// RFC 6066 §3: a server may refuse a hello for the name in it.
fn dislikes_the_name(event: &Event) -> bool {
    const UNRECOGNIZED_NAME: AlertDescription = AlertDescription(112);
    matches!(event, Event::TlsFailed(TlsFailure::Alert(UNRECOGNIZED_NAME)))
}

/// A server that dislikes a hello sends an alert, hangs up, resets the connection or falls silent. One that speaks no TLS
/// at all, or cannot prove that it holds its key, would do so again, and what the relay ends says nothing of the server.
fn breaks_off(event: &Event) -> bool {
    match event {
        Event::TlsFailed(failure) => matches!(failure, TlsFailure::Alert(_) | TlsFailure::Protocol(_)),
        Event::Refused(refusal) => refusal.code == RefusalCode::Reset,
        Event::Closed { .. } | Event::TimedOut { .. } => true,
        _ => false,
    }
}
