use heloscope_report::{SenderOutcome, Severity, Status, Verdict};
use maud::{Markup, html};

/// A sign beside a word that says the same; each has a shape of its own.
#[derive(Clone, Copy)]
pub(super) enum Icon {
    Ok,
    Notice,
    Warning,
    Error,
    Untested,
    Pending,
    Running,
    Skipped,
}

impl From<Severity> for Icon {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Ok => Self::Ok,
            Severity::Notice => Self::Notice,
            Severity::Warning => Self::Warning,
            Severity::Error => Self::Error,
        }
    }
}

impl From<Status> for Icon {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok => Self::Ok,
            Status::Notice => Self::Notice,
            Status::Warning => Self::Warning,
            Status::Error => Self::Error,
            Status::Untested => Self::Untested,
        }
    }
}

impl From<Verdict> for Icon {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Passed => Self::Ok,
            Verdict::Found => Self::Warning,
            Verdict::NotApplicable | Verdict::NotTested => Self::Untested,
        }
    }
}

impl From<SenderOutcome> for Icon {
    fn from(outcome: SenderOutcome) -> Self {
        match outcome {
            SenderOutcome::Delivers => Self::Ok,
            SenderOutcome::Depends => Self::Notice,
            SenderOutcome::ClearText | SenderOutcome::Queues => Self::Warning,
            SenderOutcome::Refuses => Self::Error,
            SenderOutcome::NotTested => Self::Untested,
        }
    }
}

impl Icon {
    /// The name of its class.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Untested => "untested",
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Skipped => "skipped",
        }
    }

    /// A filled circle, triangle or octagon with its sign cut out; a ring where nothing is known.
    pub(super) fn svg(self) -> Markup {
        let path = match self {
            Self::Ok => "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.9 5.3-4.5 5.2-3.3-3 1.1-1.2 2.1 1.9 3.4-3.9Z",
            Self::Notice => "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm-.9 2.8h1.8v1.8H7.1Zm0 3h1.8v5.4H7.1Z",
            Self::Warning => "M8 .9 15.6 14.6H.4Zm-.9 4.7.3 4.5h1.2l.3-4.5Zm0 5.4v1.8h1.8V11Z",
            Self::Error => {
                "M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1Zm.5 3.4L4.4 5.6 6.8 8l-2.4 2.4 1.2 1.2L8 9.2l2.4 2.4 1.2-1.2L9.2 8l2.4-2.4-1.2-1.2L8 6.8Z"
            }
            Self::Untested => {
                "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.6a5.4 5.4 0 1 1 0 10.8A5.4 5.4 0 0 1 8 2.6ZM5 7.2h6v1.6H5Z"
            }
            Self::Pending => {
                "M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Zm0 1.2a1.3 1.3 0 1 1 0 2.6 1.3 1.3 0 0 1 0-2.6Z"
            }
            Self::Running => "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.6v10.8A5.4 5.4 0 0 1 8 2.6Z",
            Self::Skipped => "M4.5 7.2h7v1.6h-7Z",
        };
        html! {
            svg class="icon" viewBox="0 0 16 16" aria-hidden="true" {
                path fill="currentColor" fill-rule="evenodd" d=(path) {}
            }
        }
    }

    /// The sign with its word.
    pub(super) fn with(self, word: &str) -> Markup {
        html! { span class={ "mark " (self.class()) } { (self.svg()) " " (word) } }
    }
}
