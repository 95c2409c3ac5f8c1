use std::fmt;

use heloscope_observation::{Established, Refusal, RefusalCode};
use heloscope_words::mark;
use serde::{Deserialize, Serialize};

use crate::hex;

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

/// A text frame to the relay: at most one on a connection, between the server's ServerHello and the first record of
/// application data.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToRelay {
    /// What the relay is to open the client's application data with.
    ClientWriteKey(ClientWriteKey),
}

/// The key under which a client encrypts its application data, and never the server's: the relay learns what the
/// client says, and can neither read nor forge what the server answers.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientWriteKey {
    /// The client write key: 16 or 32 octets, as the cipher suite has it (RFC 8446 §7.3; RFC 5246 §6.3).
    #[serde(deserialize_with = "hex::deserialize")]
    pub key: Vec<u8>,
    /// The client write IV, without what each record brings: 12 octets, or 4 in TLS 1.2 with AES-GCM (RFC 5288 §3).
    #[serde(deserialize_with = "hex::deserialize")]
    pub iv: Vec<u8>,
}

impl ToRelay {
    /// The frame: `{"client_write_key":{"key":"…","iv":"…"}}`, in lower-case hexadecimal digits.
    pub fn to_frame(&self) -> String {
        let Self::ClientWriteKey(ClientWriteKey { key, iv }) = self;
        let (key, iv) = (hex::digits(key), hex::digits(iv));
        // By hand: a serializer would be most of what a page loads for it.
        [r#"{"client_write_key":{"key":""#, &key, r#"","iv":""#, &iv, r#""}}"#].concat()
    }
}

impl fmt::Debug for ClientWriteKey {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientWriteKey").finish_non_exhaustive()
    }
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
    /// All of them, in their order.
    pub const ALL: [Self; 6] =
        [Self::Server, Self::Reset, Self::Timeout, Self::OctetLimit, Self::Guard, Self::ShuttingDown];

    /// The report's error code for this cause, with a message in English; `None` where the mail server simply closed the connection.
    pub fn refusal(self) -> Option<Refusal> {
        let (code, message) = match self {
            Self::Server => return None,
            Self::Reset => (
                RefusalCode::Reset,
                mark!("The connection was reset by the mail server or a device on the way."),
            ),
            Self::Timeout => {
                (RefusalCode::Timeout, mark!("The relay's time limit for one connection ran out."))
            }
            Self::OctetLimit => {
                (RefusalCode::Quota, mark!("That was more than the relay carries on one connection."))
            }
            Self::Guard => (
                RefusalCode::Blocked,
                mark!("The relay's guard stopped the connection: it lets only a test's own octets through."),
            ),
            Self::ShuttingDown => {
                (RefusalCode::RelayUnreachable, mark!("The relay is shutting down; test again in a moment."))
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
    #[test]
    fn the_key_is_one_frame_and_reads_back() {
        let key = ClientWriteKey { key: vec![0x0a; 16], iv: vec![0xff, 0, 1, 2] };
        let frame = ToRelay::ClientWriteKey(key.clone()).to_frame();
        assert_eq!(
            frame,
            r#"{"client_write_key":{"key":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","iv":"ff000102"}}"#
        );
        assert_eq!(serde_json::from_str::<ToRelay>(&frame).unwrap(), ToRelay::ClientWriteKey(key.clone()));
        assert!(!format!("{key:?}").contains("10"), "a log must not hold a key");
    }

    #[test]
    fn what_is_not_exactly_that_is_no_frame() {
        for frame in [
            "QUIT\r\n",
            "{}",
            r#"{"client_write_key":{}}"#,
            r#"{"client_write_key":{"key":"0a"}}"#,
            r#"{"client_write_key":{"key":"0A","iv":"ff"}}"#,
            r#"{"client_write_key":{"key":"0a","iv":"f"}}"#,
            r#"{"client_write_key":{"key":[10],"iv":"ff"}}"#,
            r#"{"client_write_key":{"key":"0a","iv":"ff","key":"0b"}}"#,
            r#"{"client_write_key":{"key":"0a","iv":"ff","server":"0b"}}"#,
            r#"{"client_write_key":{"key":"0a","iv":"ff"},"more":0}"#,
            r#"{"server_write_key":{"key":"0a","iv":"ff"}}"#,
        ] {
            assert!(serde_json::from_str::<ToRelay>(frame).is_err(), "{frame}");
        }
    }
}
