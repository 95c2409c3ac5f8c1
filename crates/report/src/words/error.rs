use heloscope_observation::Stage;
use heloscope_words::{mark, say, spoken};

use super::phase_words;
use super::relay::reason;
use crate::{ErrorCode, Port, PortError, Speaker};

/// An error in a few words, to stand after a colon; with its phase where the code alone does not tell.
pub(crate) fn error_words(error: &PortError) -> String {
    error_words_at(error, false)
}

/// The same of a port's own error: it may have come while HELO's reply was awaited.
pub(crate) fn error_words_of(port: &Port, error: &PortError) -> String {
    let mut said = port.transcript.iter().rev().filter(|line| line.from == Speaker::Client);
    error_words_at(error, said.next().is_some_and(|line| line.text.starts_with("HELO ")))
}

/// `at_helo`: HELO was the last command.
pub(crate) fn error_words_at(error: &PortError, at_helo: bool) -> String {
    let words = code_words(error.code);
    match error.code {
        ErrorCode::Blocked if matches!(error.phase, Stage::Resolve | Stage::Connect) => {
            reason(&error.message).unwrap_or_else(|| words.to_owned())
        }
        // What it does with a connection that it has made.
        ErrorCode::Blocked => {
            say!("the relay's guard stopped the connection {}", phase_words(error.phase))
        }
        // The octets of one connection, however many are left of others.
        ErrorCode::Quota if !matches!(error.phase, Stage::Resolve | Stage::Connect) => {
            say!("the relay carried no more {}", phase_words(error.phase))
        }
        // It was reached before.
        ErrorCode::RelayUnreachable if !matches!(error.phase, Stage::Resolve | Stage::Connect) => {
            say!("the connection to the relay broke off {}", phase_words(error.phase))
        }
        ErrorCode::Timeout | ErrorCode::Closed | ErrorCode::Reset => {
            let is_helo = at_helo && matches!(error.phase, Stage::Ehlo | Stage::EhloAfterTls);
            let phase = if is_helo { spoken(AT_HELO) } else { phase_words(error.phase) };
            format!("{words} {phase}")
        }
        _ => words.to_owned(),
    }
}

pub(crate) const AT_HELO: &str = mark!("while the reply to HELO was awaited");

/// An error code in a few words, to stand after a colon.
pub(crate) fn code_words(code: ErrorCode) -> &'static str {
    spoken(match code {
        ErrorCode::NameNotFound => mark!("the host name does not exist, or has no address"),
        ErrorCode::ResolveFailed => mark!("the host name could not be looked up"),
        ErrorCode::ConnectTimeout => mark!("TCP did not connect in time"),
        ErrorCode::ConnectionRefused => mark!("the connection was refused"),
        ErrorCode::Unreachable => mark!("the host is unreachable"),
        ErrorCode::Blocked => mark!("the relay refused the connection"),
        ErrorCode::Quota => mark!("the relay's quota is used up"),
        ErrorCode::RelayUnreachable => mark!("the relay cannot be used"),
        ErrorCode::Closed => mark!("the server closed the connection"),
        ErrorCode::Reset => mark!("the connection was reset"),
        ErrorCode::Timeout => mark!("time ran out"),
        ErrorCode::GreetingRejected => mark!("the greeting is not 220"),
        ErrorCode::NotSmtp => mark!("the first octets were no SMTP reply"),
        ErrorCode::PlaintextOnImplicitTls => mark!("the server speaks clear text where TLS begins at once"),
        ErrorCode::TlsOnPlaintextPort => mark!("the server speaks TLS where clear text comes first"),
        ErrorCode::MalformedReply => mark!("a reply broke the rules of SMTP"),
        ErrorCode::ReplyTooLong => mark!("a reply was longer than this test reads"),
        ErrorCode::EhloRejected => mark!("EHLO was not answered with 250"),
        ErrorCode::StartTlsRejected => mark!("STARTTLS was not answered with 220"),
        ErrorCode::TlsAlert => mark!("the server ended TLS with an alert"),
        ErrorCode::TlsFailed => mark!("TLS failed"),
    })
}
