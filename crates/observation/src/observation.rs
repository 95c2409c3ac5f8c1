use std::net::SocketAddr;
use std::time::Duration;

use heloscope_smtp::{Command, Fault, Octets, Reply};
use serde::{Deserialize, Serialize};

use crate::{AlertDescription, Der, Handshake, PortSpec, Refusal, Target, TlsFailure};

/// Octets of a server's that are looked at on one connection; more end its test. It is some less than a relay carries
/// by its default limits, so that it is seen here what the server was saying.
pub const MAX_RECEIVED: usize = 240 * 1024;

/// Everything one test saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observations {
    /// What was asked for.
    pub target: Target,
    /// When the test began, in milliseconds since 1970-01-01T00:00:00Z.
    pub began_at_ms: i64,
    /// The relay that carried the octets, as a URL; `None` where TCP was spoken directly.
    pub relay: Option<String>,
    /// The connections made, in the order asked for.
    pub connections: Vec<Connection>,
    /// What was seen, in the order seen.
    pub seen: Vec<Observation>,
}

/// One connection of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// How observations name it.
    pub id: ConnectionId,
    /// Where it goes.
    pub port: PortSpec,
    /// What it is for.
    pub purpose: Purpose,
}

/// A connection within one test, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnectionId(pub u32);

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The SMTP dialogue, with TLS where the server has it.
    Dialogue,
    /// A ClientHello made by hand, for what the TLS library cannot speak; no handshake is finished there.
    RawHello,
    /// The same without the name of the host, for a server that does not take a hello that names it.
    NamelessHello,
}

/// One thing seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// On which connection.
    pub connection: ConnectionId,
    /// Time since the test began; in JSON whole microseconds.
    #[serde(rename = "at_us", with = "microseconds")]
    pub at: Duration,
    /// In which stage of that connection.
    pub stage: Stage,
    /// What.
    pub event: Event,
}

/// The stages of a connection, in their order on a STARTTLS port; the report's `phase`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The host name is looked up.
    Resolve,
    /// TCP connects.
    Connect,
    /// The server's greeting; inside TLS on an implicit-TLS port.
    Greeting,
    /// EHLO, or HELO, in clear text.
    Ehlo,
    /// The STARTTLS command and its reply.
    #[serde(rename = "starttls")]
    StartTls,
    /// The TLS handshake.
    Tls,
    /// EHLO inside TLS.
    EhloAfterTls,
    /// QUIT and its reply.
    Quit,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The connection was asked for.
    Dialled,
    /// TCP connected.
    Connected(Established),
    /// There is no connection, or no longer one: the network's or the relay's word.
    Refused(Refusal),
    /// A command went out.
    Sent {
        /// The command.
        command: Command,
        /// Whether inside TLS.
        encrypted: bool,
    },
    /// A whole reply came in (the greeting is one).
    Replied {
        /// The reply.
        reply: Reply,
        /// Whether inside TLS.
        encrypted: bool,
        /// How it came; `None` where all of it came at once, at the time of the observation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        came: Option<Pace>,
    },
    /// A whole reply came in that answers nothing, RFC 5321 §4.2: it had begun to come before the command that it would
    /// answer went out, or every command had its reply. In the first case the stage is that of the command that was due,
    /// and the command was not sent. At most one is kept of a connection.
    Unasked {
        /// The reply.
        reply: Reply,
        /// Whether inside TLS.
        encrypted: bool,
        /// How it came; `None` where all of it came at once, at the time of the observation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        came: Option<Pace>,
        /// How many octets more had come behind it; they were not looked at.
        more: usize,
    },
    /// What came in is no reply.
    NoReply {
        /// What is wrong with it, and its first octets.
        fault: Fault,
        /// Whether inside TLS.
        encrypted: bool,
        /// How it came; `None` where all of it came at once, at the time of the observation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        came: Option<Pace>,
    },
    /// Clear text between the 220 to STARTTLS and the ClientHello, or, where TLS began after all, between the 220 and the
    /// server's first TLS record: nobody asked for it, and whoever put it there wanted it taken for a reply inside TLS. The
    /// time is that at which the first of it came.
    Injected {
        /// The first of them, at most 512.
        octets: Octets,
        /// How many there were.
        total: usize,
    },
    /// The ClientHello went out.
    HandshakeBegun,
    /// The server asked for another hello (HelloRetryRequest, RFC 8446 §4.1.4), and that went out.
    HelloRetried {
        /// How many octets it had, the header of its record included.
        octets: usize,
    },
    /// The server sent a warning alert before or in its first flight (RFC 5246 §7.2, RFC 6066 §3), and may go on. Each
    /// alert is kept once, and at most 8 of a connection.
    TlsWarned(AlertDescription),
    /// The certificates that the server sent, leaf first, as sent; none where it sent an empty list.
    Chain(Vec<Der>),
    /// The server asked for a client certificate; none was given.
    ClientCertificateRequested,
    /// The handshake's outcome; in a dialogue whose handshake breaks off what the server had chosen until then.
    Handshake(Handshake),
    /// TLS failed, in the handshake or after it.
    TlsFailed(TlsFailure),
    /// The server closed the connection.
    Closed {
        /// Whether a close_notify alert came first; `None` outside TLS.
        close_notify: Option<bool>,
    },
    /// The server was silent for too long, or the connection's whole time is over.
    TimedOut {
        /// The limit that ran out; in JSON whole microseconds.
        #[serde(rename = "after_us", with = "microseconds")]
        after: Duration,
        /// Whether it is the port's whole time that is over, however often the server spoke.
        #[serde(default, skip_serializing_if = "is_false")]
        whole: bool,
        /// How octets came of a handshake in which it is; `None` where there were not several pieces of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        came: Option<Pace>,
    },
    /// Nothing more will be seen on this connection.
    Ended,
}

/// How the octets of a reply came, where they did not come all at once. Times are since the test began, in JSON whole
/// microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// When the first octet came.
    #[serde(rename = "first_us", with = "microseconds")]
    pub first: Duration,
    /// When the last octet came.
    #[serde(rename = "last_us", with = "microseconds")]
    pub last: Duration,
    /// When each whole line had come, in their order; of a fault those before the octets at fault.
    #[serde(rename = "lines_us", with = "microseconds::each")]
    pub lines: Vec<Duration>,
    /// At how many times octets of it came.
    pub pieces: usize,
    /// How many octets came in all, line endings included; where a fault was seen in them, as many as are kept.
    pub octets: usize,
}

/// What the driver knows of a new TCP connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Established {
    /// The address that answered.
    pub address: SocketAddr,
    /// The name to give with EHLO: the relay's own, or that of the machine itself; a domain name or an address literal.
    pub ehlo_name: String,
    /// How long the look-up of the name took, whole milliseconds; `None` where there was none.
    pub resolve_ms: Option<u32>,
    /// How long TCP took to connect, whole milliseconds.
    pub connect_ms: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

mod microseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(whole(*time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_micros)
    }

    fn whole(time: Duration) -> u64 {
        u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) mod each {
        use std::time::Duration;

        use serde::{Deserialize, Deserializer, Serializer};

        pub(in super::super) fn serialize<S: Serializer>(
            times: &[Duration],
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(times.iter().map(|time| super::whole(*time)))
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Vec<Duration>, D::Error> {
            let times = Vec::<u64>::deserialize(deserializer)?;
            Ok(times.into_iter().map(Duration::from_micros).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Host, STANDARD_PORTS};

    #[test]
    fn a_saved_test_reads_as_one_would_write_it() {
        let observations = Observations {
            target: Target {
                host: Host::Name("mx.example".into()),
                ports: STANDARD_PORTS.to_vec(),
                address: None,
            },
            began_at_ms: 1_795_471_200_000, // 2026-11-23T22:00:00Z
            relay: None,
            connections: vec![Connection {
                id: ConnectionId(0),
                port: STANDARD_PORTS[0],
                purpose: Purpose::Dialogue,
            }],
            seen: vec![Observation {
                connection: ConnectionId(0),
                at: Duration::from_millis(21),
                stage: Stage::StartTls,
                event: Event::Sent { command: Command::StartTls, encrypted: false },
            }],
        };
        let json = serde_json::to_value(&observations).unwrap();
        let expected = serde_json::json!({
            "target": { "host": "mx.example", "ports": ["25", "465", "587"] },
            "began_at_ms": 1_795_471_200_000_i64,
            "relay": null,
            "connections": [{ "id": 0, "port": "25", "purpose": "dialogue" }],
            "seen": [{
                "connection": 0, "at_us": 21000, "stage": "starttls",
                "event": { "sent": { "command": "starttls", "encrypted": false } }
            }]
        });
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<Observations>(json).unwrap(), observations);
    }

    /// What was saved before times were kept of every line is still read.
    #[test]
    fn times_of_lines_are_there_where_they_differ_from_the_observation() {
        let reply = serde_json::json!({ "lines": [{ "octets": "220 mx", "ending": "crlf" }] });
        let at_once = serde_json::json!({ "replied": { "reply": reply, "encrypted": false } });
        let event: Event = serde_json::from_value(at_once.clone()).unwrap();
        assert!(matches!(event, Event::Replied { came: None, .. }));
        assert_eq!(serde_json::to_value(&event).unwrap(), at_once);
        let dripped = serde_json::json!({ "replied": {
            "reply": reply, "encrypted": false,
            "came": { "first_us": 1, "last_us": 7, "lines_us": [7], "pieces": 3, "octets": 8 }
        } });
        let event: Event = serde_json::from_value(dripped.clone()).unwrap();
        let Event::Replied { came: Some(pace), .. } = &event else { panic!("{event:?}") };
        assert_eq!((pace.first.as_micros(), &*pace.lines), (1, &[Duration::from_micros(7)][..]));
        assert_eq!(serde_json::to_value(&event).unwrap(), dripped);
        let over = serde_json::json!({ "timed_out": { "after_us": 5, "whole": true } });
        let event: Event = serde_json::from_value(over.clone()).unwrap();
        assert_eq!(serde_json::to_value(&event).unwrap(), over);
        let silent = serde_json::json!({ "timed_out": { "after_us": 5 } });
        let event: Event = serde_json::from_value(silent.clone()).unwrap();
        assert_eq!(serde_json::to_value(&event).unwrap(), silent);
    }
}
