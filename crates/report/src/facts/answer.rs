//! What a hello made by hand says about a handshake that broke off.

use heloscope_observation::{AlertDescription, Handshake, RefusalCode, Stage, TlsFailure};
use heloscope_words::say;

use super::{Cause, PortFacts};
use crate::names::{is_offered, is_spoken, suite_name, version_name};

/// A handshake that broke off, and is no proof that TLS does not work: a hello made by hand was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    /// With what the TLS library does not speak: TLS works for whoever does.
    Unspoken(&'a Handshake),
    /// With what the TLS library speaks as well, though the server was silent or hung up at the library's hello, or
    /// refused the second one, for which it had asked: it is the form of the hello that it does not take.
    OtherForm(&'a Handshake),
    /// With what the TLS library speaks as well, once the hello did not name the host: it is the name that the server
    /// refuses, RFC 6066 §3, by the alert for it or otherwise.
    Unnamed(&'a Handshake),
}

impl<'a> PortFacts<'a> {
    /// What was answered to a hello made by hand; `None` where there was no need for one, where it failed too, and
    /// where the answer does not excuse the failure: what was not offered is none, and nothing that lacks its certificate.
    pub(crate) fn answer(&self) -> Option<Answer<'a>> {
        let read = self.handshake.filter(|read| !read.completed && is_offered(read))?;
        if self.lacks_certificate() {
            return None;
        }
        let failure = self.failure?;
        match failure.cause {
            Cause::Tls(TlsFailure::BadSignature | TlsFailure::NotTls(_)) => None,
            _ if self.instead.is_some() => None,
            Cause::Tls(_) if !is_spoken(read) => Some(Answer::Unspoken(read)),
            Cause::Tls(TlsFailure::Alert(AlertDescription::UNRECOGNIZED_NAME)) => Some(Answer::Unnamed(read)),
            Cause::Tls(_) if self.answers_unnamed => Some(Answer::Unnamed(read)),
            Cause::Tls(TlsFailure::Alert(_)) if self.second_hello.is_some() => Some(Answer::OtherForm(read)),
            _ if failure.stage != Stage::Tls => None,
            _ if !is_spoken(read) => Some(Answer::Unspoken(read)),
            // It breaks off later, or its answer by hand is no more whole than that to the library was.
            _ if self.first_hello_taken || self.chain.is_none() || read.group.is_none() => None,
            _ if self.answers_unnamed => Some(Answer::Unnamed(read)),
            Cause::Closed(_) | Cause::TimedOut { .. } => Some(Answer::OtherForm(read)),
            Cause::Refused(refusal) if refusal.code == RefusalCode::Reset => Some(Answer::OtherForm(read)),
            _ => None,
        }
    }
}

impl PortFacts<'_> {
    /// A hello made by hand was answered with a suite that goes with a certificate, RFC 5246 §7.4.2, and none was sent.
    pub(crate) fn lacks_certificate(&self) -> bool {
        let read = self.handshake.filter(|read| !read.completed && is_offered(read));
        read.is_some() && self.chain.is_none() && !self.is_anonymous()
    }
}

/// `TLS 1.0 with TLS_RSA_WITH_AES_128_CBC_SHA`
pub(crate) fn choice(handshake: &Handshake) -> String {
    say!("{} with {}", version_name(handshake.version), suite_name(handshake.suite))
}
