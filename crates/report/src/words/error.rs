use heloscope_observation::Stage;

use super::phase_words;
use crate::{ErrorCode, PortError};

/// An error in a few words, to stand after a colon; with its phase where the code alone does not tell.
pub(crate) fn error_words(error: &PortError) -> String {
    let words = code_words(error.code);
    match error.code {
        // What it does with a connection that it has made.
        ErrorCode::Blocked if !matches!(error.phase, Stage::Resolve | Stage::Connect) => {
            format!("the relay's guard stopped the connection {}", phase_words(error.phase))
        }
        ErrorCode::Timeout | ErrorCode::Closed | ErrorCode::Reset => {
            format!("{words} {}", phase_words(error.phase))
        }
        _ => words.to_owned(),
    }
}

/// An error code in a few words, to stand after a colon.
pub(crate) fn code_words(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::NameNotFound => "the host name does not exist",
        ErrorCode::ResolveFailed => "the host name could not be looked up",
        ErrorCode::ConnectTimeout => "TCP did not connect in time",
        ErrorCode::ConnectionRefused => "the connection was refused",
        ErrorCode::Unreachable => "the host is unreachable",
        ErrorCode::Blocked => "the relay does not connect there",
        ErrorCode::Quota => "the relay's quota is used up",
        ErrorCode::RelayUnreachable => "the relay cannot be reached",
        ErrorCode::Closed => "the server closed the connection",
        ErrorCode::Reset => "the connection was reset",
        ErrorCode::Timeout => "time ran out",
        ErrorCode::GreetingRejected => "the greeting is not 220",
        ErrorCode::NotSmtp => "the server does not speak SMTP",
        ErrorCode::PlaintextOnImplicitTls => "the server speaks clear text where TLS begins at once",
        ErrorCode::TlsOnPlaintextPort => "the server speaks TLS where clear text comes first",
        ErrorCode::MalformedReply => "a reply broke the rules of SMTP",
        ErrorCode::ReplyTooLong => "a reply was longer than this test reads",
        ErrorCode::EhloRejected => "EHLO was not answered with 250",
        ErrorCode::StartTlsRejected => "STARTTLS was not answered with 220",
        ErrorCode::TlsAlert => "the server ended TLS with an alert",
        ErrorCode::TlsFailed => "TLS failed",
    }
}
