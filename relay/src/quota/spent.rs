use std::time::Duration;

use heloscope_observation::{Refusal, RefusalCode};

use super::subject::{Kind, Subject};

/// A quota that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) subject: Subject,
    pub(crate) per: Per,
    pub(crate) limit: u16,
    /// Until there is room again; nothing where that depends on a connection that runs.
    pub(crate) wait: Duration,
}

/// What a quota counts over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Per {
    /// What runs at a time.
    Time,
    Minute,
    Hour,
}

impl Per {
    pub(crate) const ALL: [Self; 3] = [Self::Time, Self::Minute, Self::Hour];

    /// Its name in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Time => "concurrent",
            Self::Minute => "minute",
            Self::Hour => "hour",
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);

impl Spent {
    /// The refusal, for a client whose longest connection lasts as long as said.
    pub(crate) fn refusal(&self, longest: Duration) -> Refusal {
        Refusal { code: RefusalCode::Quota, message: self.message(longest) }
    }

    pub(super) fn message(&self, longest: Duration) -> String {
        let per = match self.per {
            Per::Time => "at a time",
            Per::Minute => "a minute",
            Per::Hour => "an hour",
        };
        let connections = if self.limit == 1 { "connection" } else { "connections" };
        let rule = match (self.subject.kind, self.per) {
            // Of a client, what was asked for counts, whatever came of it.
            (Kind::Client, Per::Minute | Per::Hour) => {
                let requests = if self.limit == 1 { "request" } else { "requests" };
                format!("This relay takes at most {} {requests} {per} {}.", self.limit, self.subject)
            }
            _ => format!("This relay makes at most {} {connections} {per} {}.", self.limit, self.subject),
        };
        match self.per {
            Per::Time => format!(
                "{rule} Try again when one of them has ended, in {} at the latest.",
                in_words(longest)
            ),
            // Room is given back up to a twelfth late.
            Per::Minute if self.wait > MINUTE => format!("{rule} Try again in a little more than a minute."),
            Per::Hour if self.wait > MINUTE * 60 => {
                format!("{rule} Try again in a little more than an hour.")
            }
            Per::Minute | Per::Hour => format!("{rule} Try again in {}.", in_words(self.wait)),
        }
    }
}

/// What is told where the relay carries all that it can.
pub(crate) fn full(limit: u64, longest: Duration) -> Refusal {
    Refusal {
        code: RefusalCode::Quota,
        message: format!(
            "This relay carries {limit} connections, as many as it may at a time. Try again in some seconds; the \
             longest of them ends in {} at the latest.",
            in_words(longest)
        ),
    }
}

/// A time, rounded up: in seconds up to two minutes, then in minutes.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    match seconds {
        0 | 1 => "1 second".to_owned(),
        2..=120 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}
