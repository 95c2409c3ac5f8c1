use std::fmt;
use std::time::Duration;

use heloscope_observation::RefusalCode;
use heloscope_wire::CloseCause;

use crate::Rule;

/// How a session went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) ending: Ending,
    /// The rule of the guard by which it was closed, where that is the cause.
    pub(crate) refused_by: Option<Rule>,
    /// Whether the server refused the client in its greeting.
    pub(crate) refused_in_greeting: bool,
    /// Whether the server kept its greeting back to the end.
    pub(crate) ungreeted: bool,
    pub(crate) octets_up: u64,
    pub(crate) octets_down: u64,
    pub(crate) lasted: Duration,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// There was no connection.
    Refused(RefusalCode),
    /// There was one, and this closed it.
    Closed(CloseCause),
    /// The client closed the WebSocket, as each does whose test is over.
    ClientClosed,
    /// The client is gone, and has closed nothing.
    ClientGone,
}

impl Ending {
    /// Each that there can be.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let refused = RefusalCode::ALL.into_iter().map(Self::Refused);
        refused
            .chain(CloseCause::ALL.into_iter().map(Self::Closed))
            .chain([Self::ClientClosed, Self::ClientGone])
    }
}

impl fmt::Display for Ending {
    /// `closed server`, `refused name_not_found`: for the log, in the words of the wire.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, why) = match self {
            Self::Refused(code) => ("refused", serde_json::to_value(code)),
            Self::Closed(cause) => ("closed", serde_json::to_value(cause)),
            Self::ClientClosed => return f.write_str("client_closed"),
            Self::ClientGone => return f.write_str("client_gone"),
        };
        write!(f, "{what} {}", why.ok().as_ref().and_then(serde_json::Value::as_str).unwrap_or_default())
    }
}
