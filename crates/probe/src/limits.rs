//! How long a test waits, and how much it keeps; each is a bound on what a server can cost.
//!
//! Silence is given up some seconds before a relay would do so by its default limits: that it was the server's is then
//! seen here, and need not be taken from the relay.

use std::time::Duration;

/// Until the driver must have connected or given up: the relay's own 5 s to resolve and 10 s to connect, and some
/// for the way there.
pub const DIAL: Duration = Duration::from_secs(20);

/// Until the greeting's first octet, from the connection or, where TLS comes first, from the end of the handshake. Real
/// senders wait five minutes (RFC 5321 §4.5.3.2.1); servers that delay theirs on purpose rarely do so for more than 30 s.
pub const GREETING: Duration = Duration::from_secs(38);

/// Any later silence, RFC 5321 §4.5.3.2 notwithstanding: a person is waiting.
pub const SILENCE: Duration = Duration::from_secs(18);

/// Until the end of the reply to QUIT; everything worth knowing is known by then.
pub const QUIT: Duration = Duration::from_secs(5);

/// A port's whole test, however many connections it takes.
pub const PORT: Duration = Duration::from_secs(88);

/// After octets that can become nothing that is awaited, until they are taken for all: what came with them is kept too.
pub const LINGER: Duration = Duration::from_millis(1500);

/// Octets of the server's that are looked at on one connection, and so the most that is kept of one (of a reply at most
/// 16 KiB).
pub const MAX_RECEIVED: usize = heloscope_observation::MAX_RECEIVED;

/// Octets kept of clear text where TLS was to begin, and octets waited through for TLS to begin after all.
pub const MAX_STRAY: usize = heloscope_smtp::MAX_STRAY;

/// See [`MAX_STRAY`].
pub const MAX_BEFORE_TLS: usize = 4096;

/// Warning alerts that are told of one connection.
pub(crate) const MAX_WARNINGS: usize = 8;
