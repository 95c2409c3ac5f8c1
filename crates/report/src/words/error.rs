use heloscope_words::say;

use super::phase_words;
use crate::{ErrorCode, PortError};

/// An error in a few words, to stand after a colon; with its phase where the code alone does not tell.
pub(crate) fn error_words(error: &PortError) -> String {
    let words = code_words(error.code);
    match error.code {
        ErrorCode::Timeout | ErrorCode::Closed | ErrorCode::Reset => {
            format!("{words} {}", phase_words(error.phase))
        }
        _ => words.to_owned(),
    }
}

/// An error code in a few words, to stand after a colon.
pub(crate) fn code_words(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::NameNotFound => say!("the host name does not exist"),
        ErrorCode::ResolveFailed => say!("the host name could not be looked up"),
        ErrorCode::ConnectTimeout => say!("TCP did not connect in time"),
        ErrorCode::ConnectionRefused => say!("the connection was refused"),
        ErrorCode::Unreachable => say!("the host is unreachable"),
        ErrorCode::Blocked => say!("the relay does not connect there"),
        ErrorCode::Quota => say!("the relay's quota is used up"),
        ErrorCode::RelayUnreachable => say!("the relay cannot be reached"),
        ErrorCode::Closed => say!("the server closed the connection"),
        ErrorCode::Reset => say!("the connection was reset"),
        ErrorCode::Timeout => say!("time ran out"),
        ErrorCode::GreetingRejected => say!("the greeting is not 220"),
        ErrorCode::NotSmtp => say!("the server does not speak SMTP"),
        ErrorCode::PlaintextOnImplicitTls => say!("the server speaks clear text where TLS begins at once"),
        ErrorCode::TlsOnPlaintextPort => say!("the server speaks TLS where clear text comes first"),
        ErrorCode::MalformedReply => say!("a reply broke the rules of SMTP"),
        ErrorCode::ReplyTooLong => say!("a reply was longer than this test reads"),
        ErrorCode::EhloRejected => say!("EHLO was not answered with 250"),
        ErrorCode::StartTlsRejected => say!("STARTTLS was not answered with 220"),
        ErrorCode::TlsAlert => say!("the server ended TLS with an alert"),
        ErrorCode::TlsFailed => say!("TLS failed"),
    }
}
