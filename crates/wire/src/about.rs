use heloscope_observation::PortSpec;
use serde::{Deserialize, Serialize};

use crate::Quotas;

/// What a relay says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// `heloscope-relay`.
    pub name: String,
    /// Its version, as in its package.
    pub version: String,
    /// The name it has its clients give with EHLO.
    pub ehlo_name: String,
    /// Whom to write to about it: a mail address or an https URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The ports it connects to, with their TLS mode.
    pub ports: Vec<PortSpec>,
    /// Those of them that its network lets no connection to out, as far as it can tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreachable_ports: Vec<u16>,
    /// Its limits.
    pub limits: Limits,
    /// Private trust anchors, certificates in PEM; empty where there are none.
    pub trust_anchors: String,
    /// Mail servers that it offers for trying the test out; empty without `--demo`.
    pub examples: Vec<Example>,
    /// Other relays of whoever runs this one, by their origins, which its page offers too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relays: Vec<String>,
}

/// What a relay carries at most on one connection, how long, and how many connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Octets towards the mail server.
    pub octets_up: u64,
    /// Octets from the mail server.
    pub octets_down: u64,
    /// Seconds for a whole request header.
    pub header_seconds: u64,
    /// Seconds to resolve the name.
    pub resolve_seconds: u64,
    /// Seconds to connect.
    pub connect_seconds: u64,
    /// Seconds until the greeting's first octet.
    pub greeting_seconds: u64,
    /// Seconds of any later silence.
    pub silence_seconds: u64,
    /// Seconds of the whole connection.
    pub connection_seconds: u64,
    /// Octets in one frame towards the mail server.
    pub frame_octets_up: u64,
    /// Octets in one frame from the mail server.
    pub frame_octets_down: u64,
    /// HTTP connections that one client may have open to the relay: an IPv4 address, or an IPv6 /64.
    pub client_connections: u64,
    /// Look-ups of names at a time, those among them that were given up and have not ended yet.
    pub lookups: u64,
    /// How many connections there may be.
    pub quotas: Quotas,
}

/// A mail server to try the test on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Its host name.
    pub host: String,
    /// What is to be seen there, in a few words.
    pub title: String,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            octets_up: 16 * 1024,
            octets_down: 256 * 1024,
            header_seconds: 5,
            resolve_seconds: 5,
            connect_seconds: 10,
            greeting_seconds: 40,
            silence_seconds: 20,
            connection_seconds: 90,
            frame_octets_up: 4 * 1024,
            frame_octets_down: 16 * 1024,
            client_connections: 64,
            lookups: 100,
            quotas: Quotas::default(),
        }
    }
}
