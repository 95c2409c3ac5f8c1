//! Words for what servers say, and for where in a session they say it. Findings have theirs in [`crate::advice`].

mod capabilities;
mod codes;
mod error;
mod fault;
mod likeness;
mod line;
mod rejection;
mod relay;

use heloscope_observation::Stage;
use heloscope_smtp::Command;
use heloscope_words::{mark, spoken};

use crate::facts::Heard;

pub(crate) use capabilities::{
    KEYWORDS, MECHANISMS, auth_mechanisms, is_masked, is_masked_greeting, meaning,
};
pub(crate) use codes::{REPLY_CODES, STATUS_CODES};
pub(crate) use error::{AT_HELO, code_words, error_words, error_words_at, error_words_of};
pub(crate) use fault::{barred_by_key_usage, date, fault_words, unreadable_words};
pub(crate) use likeness::{Likeness, first_line, first_octets, is_greeting, stray_lines};
pub use line::explain;
pub(crate) use rejection::{
    codes_explained, demands_log_in, enhanced_status_code, is_refusal, is_reply_code, lacks_reverse_name,
    likely_cause, likely_cause_inside_tls, quoted,
};

/// Where in a session something happened, to stand at the end of a sentence: `while the greeting was awaited`.
pub(crate) fn phase_words(stage: Stage) -> &'static str {
    spoken(match stage {
        Stage::Resolve => mark!("while the name was looked up"),
        Stage::Connect => mark!("while TCP connected"),
        Stage::Greeting => mark!("while the greeting was awaited"),
        Stage::Ehlo => mark!("while the reply to EHLO was awaited"),
        Stage::StartTls => mark!("while the reply to STARTTLS was awaited"),
        Stage::Tls => mark!("during the TLS handshake"),
        Stage::EhloAfterTls => mark!("while the reply to EHLO inside TLS was awaited"),
        Stage::Quit => mark!("while the reply to QUIT was awaited"),
    })
}

/// `the reply to EHLO`
pub(crate) fn reply_name(heard: &Heard<'_>) -> &'static str {
    spoken(match (heard.to, heard.encrypted) {
        (None, _) => mark!("the greeting"),
        (Some(Command::Ehlo(_)), false) => mark!("the reply to EHLO"),
        (Some(Command::Ehlo(_)), true) => mark!("the reply to EHLO inside TLS"),
        (Some(Command::Helo(_)), _) => mark!("the reply to HELO"),
        (Some(Command::StartTls), _) => mark!("the reply to STARTTLS"),
        (Some(Command::Quit), _) => mark!("the reply to QUIT"),
    })
}
