//! The report and the checks: observations and a time in, facts and findings out.
//!
//! [`judge()`] folds what was seen of each port into facts, asks every one of [`checks()`] about them and gives
//! the [`Report`]. [`progress()`] says how far a test that still runs has come, [`summary()`] puts a report into
//! one sentence, and [`senders()`] says what each kind of sender will do with the server.
//! [`Remedies`] holds the fixes as configuration for each mail server, guesses which it is, and has the commands that
//! show a finding without this test.
//!
//! Nothing here reads a clock, opens a socket, speaks TLS or writes markup, and nothing a server sent makes
//! it panic.

mod advice;
mod catalogue;
mod chains;
mod checks;
mod facts;
mod judge;
mod names;
mod progress;
mod remedy;
mod report;
mod senders;
mod summary;
mod visible;
mod words;

pub use catalogue::{Warning, certificate_warnings, extensions, mechanisms, reply_codes, status_codes};
pub use chains::Chains;
pub use checks::{Check, checks};
pub use judge::{judge, judge_with};
pub use progress::{PortProgress, Step, StepKind, StepState, progress};
pub use remedy::{Clue, Guess, Remedies, Remedy};
pub use report::*;
pub use senders::{Sender, SenderOutcome, SenderRow, senders};
pub use summary::summary;
pub use visible::{MAX_SHOWN, inert, left_out_mark};
pub use words::explain;
