//! Which connections a test makes.

use heloscope_observation::{
    AlertDescription, Connection, ConnectionId, Event, Host, Observations, Purpose, RefusalCode, Stage,
    Target, TlsFailure, TlsMode,
};

/// The connections to begin with: one dialogue a port, all at once.
pub(crate) fn first(target: &Target) -> Vec<Connection> {
    let numbered = (0..).map(ConnectionId).zip(&target.ports);
    numbered.map(|(id, port)| Connection { id, port: *port, purpose: Purpose::Dialogue }).collect()
}

/// The connection to make after this one has ended: where a dialogue's handshake failed before the server could show
/// what it is, a hello made by hand asks again; where that is refused as well, one that does not name the host, for not
/// every server that dislikes a name says so.
pub(crate) fn after(ended: Connection, observations: &Observations) -> Option<Connection> {
    let seen = observations.seen.iter().filter(|observation| observation.connection == ended.id);
    let in_handshake = seen.filter(|observation| observation.stage == Stage::Tls);
    let any = |is: fn(&Event) -> bool| in_handshake.clone().any(|observation| is(&observation.event));
    // What was chosen in a dialogue that breaks off then is not all that the server can show.
    let is_known: fn(&Event) -> bool = match ended.purpose {
        Purpose::Dialogue => |event| matches!(event, Event::Handshake(handshake) if handshake.completed),
        Purpose::RawHello | Purpose::NamelessHello => |event| matches!(event, Event::Handshake(_)),
    };
    if any(is_known) {
        return None;
    }
    let is_named = matches!(observations.target.host, Host::Name(_));
    let purpose = match ended.purpose {
        Purpose::Dialogue if is_named && any(dislikes_the_name) => Purpose::NamelessHello,
        Purpose::Dialogue if any(breaks_off) => Purpose::RawHello,
        Purpose::Dialogue if ended.port.mode == TlsMode::StartTls && any(takes_hello_for_command) => {
            Purpose::RawHello
        }
        Purpose::RawHello if is_named && any(refuses) => Purpose::NamelessHello,
        _ => return None,
    };
    let id = ConnectionId(u32::try_from(observations.connections.len()).ok()?);
    Some(Connection { id, port: ended.port, purpose })
}

/// RFC 6066 §3: a server may refuse a hello for the name in it.
fn dislikes_the_name(event: &Event) -> bool {
    matches!(event, Event::TlsFailed(TlsFailure::Alert(AlertDescription::UNRECOGNIZED_NAME)))
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

/// In clear text, after its 220 to STARTTLS, it says that it knows no such command, RFC 5321 §4.2.2: of another form it may
/// know the hello for what it is.
fn takes_hello_for_command(event: &Event) -> bool {
    match event {
        Event::TlsFailed(TlsFailure::NotTls(octets)) => {
            matches!(octets[..], [b'5', b'0', b'0'..=b'3', b' ' | b'-' | b'\r', ..])
        }
        _ => false,
    }
}

/// An alert, the end of the connection, a reset: an answer, if a rude one.
fn refuses(event: &Event) -> bool {
    match event {
        Event::TlsFailed(failure) => matches!(failure, TlsFailure::Alert(_)),
        Event::TimedOut { .. } => false,
        other => breaks_off(other),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use heloscope_observation::Observation;

    use super::*;

    /// What is tried after a dialogue with this host has ended with this alert.
    fn after_alert(host: &str, alert: AlertDescription) -> Option<Purpose> {
        let target =
            Target { host: host.parse().unwrap(), ports: vec!["465".parse().unwrap()], address: None };
        let connections = first(&target);
        let dialogue = connections[0];
        let event = Event::TlsFailed(TlsFailure::Alert(alert));
        let seen =
            vec![Observation { connection: dialogue.id, at: Duration::ZERO, stage: Stage::Tls, event }];
        let observations = Observations { target, began_at_ms: 0, relay: None, connections, seen };
        after(dialogue, &observations).map(|connection| connection.purpose)
    }

    #[test]
    fn a_name_that_was_not_given_cannot_be_disliked() {
        let [unrecognized_name, handshake_failure] =
            [AlertDescription::UNRECOGNIZED_NAME, AlertDescription(40)];
        assert_eq!(after_alert("mx.example", unrecognized_name), Some(Purpose::NamelessHello));
        assert_eq!(after_alert("mx.example", handshake_failure), Some(Purpose::RawHello));
        for address in ["192.0.2.1", "2001:db8::1"] {
            assert_eq!(after_alert(address, unrecognized_name), Some(Purpose::RawHello), "{address}");
        }
    }
}
