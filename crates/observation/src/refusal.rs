use serde::{Deserialize, Serialize};

/// Why there is no connection to a mail server, or no longer one, for a cause outside the dialogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The cause, in the report's own terms.
    pub code: RefusalCode,
    /// A sentence for a person; shown as text, never as markup.
    pub message: String,
}

/// The causes; each is an error code of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The host name does not exist, or has no address.
    NameNotFound,
    /// The name could not be looked up: no answer, or a broken one.
    ResolveFailed,
    /// TCP did not connect in time.
    ConnectTimeout,
    /// The host answered that nothing listens on the port, or a firewall did in its place.
    ConnectionRefused,
    /// No route to the host, or a network on the way said no.
    Unreachable,
    /// The relay does not connect there: by its policy, or as its own network lets no connection to the port out.
    Blocked,
    /// The relay's quota is used up.
    Quota,
    /// The relay itself cannot be reached.
    RelayUnreachable,
    /// The connection was reset.
    Reset,
    /// The relay's own time limit ran out.
    Timeout,
}

impl RefusalCode {
    /// All of them, in their order.
    pub const ALL: [Self; 10] = [
        Self::NameNotFound,
        Self::ResolveFailed,
        Self::ConnectTimeout,
        Self::ConnectionRefused,
        Self::Unreachable,
        Self::Blocked,
        Self::Quota,
        Self::RelayUnreachable,
        Self::Reset,
        Self::Timeout,
    ];
}
