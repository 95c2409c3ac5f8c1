use heloscope_observation::{Established, Refusal, RefusalCode};
use serde::{Deserialize, Serialize};

/// A text frame from the relay: [`Connected`](Self::Connected) or [`Refused`](Self::Refused) first, then octets,
/// [`Closed`](Self::Closed) last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromRelay {
    /// TCP connected; binary frames are the mail server's octets from here on.
    Connected(Established),
    /// There will be no connection.
    Refused(Refusal),
    /// The connection is over.
    Closed {
        /// Who ended it, and why.
        cause: CloseCause,
    },
}

/// Why a connection through the relay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseCause {
    /// The mail server closed it.
    Server,
    /// The mail server, or something on the way, reset it.
    Reset,
    /// The relay's limit on silence or on the whole connection ran out.
    Timeout,
    /// More octets than the relay carries on one connection.
    OctetLimit,
    /// What the client sent is none of what the relay lets through.
    Guard,
    /// The relay is shutting down.
    ShuttingDown,
}

impl CloseCause {
    /// The report's error code for this cause; `None` where the mail server simply closed the connection.
    pub fn refusal(self) -> Option<Refusal> {
        let (code, message) = match self {
            Self::Server => return None,
            Self::Reset => {
                (RefusalCode::Reset, "The connection was reset by the mail server or a device on the way.")
            }
            Self::Timeout => (RefusalCode::Timeout, "The relay's time limit for one connection ran out."),
            Self::OctetLimit => {
                (RefusalCode::Quota, "That was more than the relay carries on one connection.")
            }
            Self::Guard => (
                RefusalCode::Blocked,
                "The relay's guard stopped the connection: it lets only a test's own octets through.",
            ),
            Self::ShuttingDown => {
                (RefusalCode::RelayUnreachable, "The relay is shutting down; test again in a moment.")
            }
        };
        Some(Refusal { code, message: message.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_frames_are_what_the_protocol_says() {
        let connected = r#"{"connected":{"address":"203.0.113.5:25","ehlo_name":"relay.example","resolve_ms":3,"connect_ms":21}}"#;
        let refused = r#"{"refused":{"code":"connection_refused","message":"no"}}"#;
        let closed = r#"{"closed":{"cause":"server"}}"#;
        for frame in [connected, refused, closed] {
            let read: FromRelay = serde_json::from_str(frame).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), frame);
        }
    }
}
