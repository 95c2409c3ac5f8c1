//! What a hello made by hand says about a handshake that broke off.

use heloscope_observation::{AlertDescription, Handshake, RefusalCode, Stage, TlsFailure};
use heloscope_pki::Certificate;
use heloscope_words::say;

use super::instead::takes_hello_for_command;
use super::{Cause, Instead, PortFacts};
use crate::names::{
    alert_name, is_offered, is_rsa_key_transport, is_spoken, is_verified, suite_name, version_name,
};

/// A handshake that broke off, and is no proof that TLS does not work: a hello made by hand was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    /// With what the TLS library does not speak, or with a key by which it verifies no signature: TLS works for whoever does.
    Unspoken(&'a Handshake),
    /// With what the TLS library speaks as well, though the server was silent or hung up at the library's hello, refused it,
    /// or refused the second one, for which it had asked: it is the form of the hello that it does not take.
    OtherForm(&'a Handshake),
    /// With what the TLS library speaks as well, once the hello did not name the host: it is the name that the server
    /// refuses, RFC 6066 §3, by the alert for it or otherwise.
    Unnamed(&'a Handshake),
}

impl<'a> PortFacts<'a> {
    /// What was answered to a hello made by hand; `None` where there was no need for one, where it failed too, and
    /// where the answer does not excuse the failure: what was not offered is none, nor what nobody can go on from.
    pub(crate) fn answer(&self) -> Option<Answer<'a>> {
        let read = self.handshake.filter(|read| !read.completed && is_offered(read))?;
        if self.leads_nowhere() {
            return None;
        }
        let failure = self.failure?;
        match failure.cause {
            Cause::Tls(TlsFailure::BadSignature) => None,
            Cause::Tls(TlsFailure::NotTls(_)) if !self.takes_hello_for_command() => None,
            _ if self.instead.is_some() && !self.takes_hello_for_command() => None,
            Cause::Tls(TlsFailure::UnverifiedKey) => Some(Answer::Unspoken(read)),
            Cause::Tls(_) if !self.speaks(read) => Some(Answer::Unspoken(read)),
            Cause::Tls(TlsFailure::Alert(AlertDescription::UNRECOGNIZED_NAME)) if self.names_host => {
                Some(Answer::Unnamed(read))
            }
            Cause::Tls(_) if self.answers_unnamed => Some(Answer::Unnamed(read)),
            Cause::Tls(TlsFailure::Alert(_)) if self.second_hello.is_some() => Some(Answer::OtherForm(read)),
            _ if failure.stage != Stage::Tls => None,
            _ if !self.speaks(read) => Some(Answer::Unspoken(read)),
            // It breaks off later, or its answer by hand is no more whole than that to the library was.
            _ if self.first_hello_taken || self.chain.is_none() || read.group.is_none() => None,
            _ if self.answers_unnamed => Some(Answer::Unnamed(read)),
            Cause::Closed(_) | Cause::TimedOut { .. } => Some(Answer::OtherForm(read)),
            Cause::Refused(refusal) if refusal.code == RefusalCode::Reset => Some(Answer::OtherForm(read)),
            // In place of a ServerHello it finds fault with a hello that offers all of what was then chosen.
            Cause::Tls(TlsFailure::Alert(alert)) => {
                (!self.wants_certificate(*alert)).then_some(Answer::OtherForm(read))
            }
            Cause::Tls(TlsFailure::NotTls(_)) => Some(Answer::OtherForm(read)),
            _ => None,
        }
    }

    /// Whether an alert in place of a ServerHello has another reason than the hello's form: it speaks of the client's
    /// certificate, and the server does ask for one.
    fn wants_certificate(&self, alert: AlertDescription) -> bool {
        self.client_certificate_requested && matches!(alert.0, 41..=46 | 48 | 111 | 114 | 116)
    }
}

impl PortFacts<'_> {
    /// Whether a hello made by hand was answered: of the library's own it is known what was chosen where its signature alone
    /// could not be verified.
    pub(crate) fn answers_by_hand(&self) -> bool {
        let is_own = self.failure.is_some_and(|failure| failure.is_unverified_key());
        self.handshake.is_some_and(|read| !read.completed) && !is_own
    }

    /// Whether the TLS library finishes a handshake like this one.
    pub(crate) fn speaks(&self, handshake: &Handshake) -> bool {
        is_spoken(handshake) && self.unverified_key().is_none()
    }

    /// The leaf's key, where this test verifies no signature by it.
    pub(crate) fn unverified_key(&self) -> Option<String> {
        let leaf = Certificate::read(&self.chain?.first()?.0).ok()?;
        Some(leaf.key.to_string()).filter(|key| !is_verified(key))
    }

    /// A hello made by hand was answered with a suite that goes with a certificate, RFC 5246 §7.4.2, and none was sent: no
    /// Certificate message, or an empty list in it.
    pub(crate) fn lacks_certificate(&self) -> bool {
        let read = self.handshake.filter(|read| !read.completed && is_offered(read));
        read.is_some() && self.chain.is_none_or(<[_]>::is_empty) && !self.is_anonymous()
    }

    /// Neither a key nor anything else can be read of it.
    pub(crate) fn sends_empty_certificate(&self) -> bool {
        self.chain.is_some_and(|chain| chain.first().is_none_or(|leaf| leaf.0.is_empty()))
    }

    /// Nobody can go on from what a hello made by hand was answered with: no mail comes over what was chosen.
    pub(crate) fn leads_nowhere(&self) -> bool {
        self.lacks_certificate() || self.answer_fault().is_some()
    }

    /// It is the form of the hello that the server does not take.
    pub(super) fn is_other_form(&self) -> bool {
        matches!(self.answer(), Some(Answer::OtherForm(_)))
    }

    /// Why nobody can go on from the answer to a hello made by hand, to stand after what was chosen.
    pub(crate) fn answer_fault(&self) -> Option<String> {
        let read = self.handshake.filter(|read| is_offered(read) && self.answers_by_hand())?;
        Some(match self.answer_broken {
            Some(Cause::Tls(TlsFailure::Alert(alert))) => {
                say!("then ended TLS with the alert {}", alert_name(*alert))
            }
            Some(Cause::Closed(_) | Cause::Refused(_)) => say!("then closed the connection").to_owned(),
            Some(Cause::TimedOut { .. }) => say!("then fell silent").to_owned(),
            Some(_) => say!("then broke the rules of TLS").to_owned(),
            None if self.sends_empty_certificate() && !self.is_anonymous() => {
                say!("then sent a list of certificates that is empty or cannot be read").to_owned()
            }
            None if read.group.is_none()
                && read.finite_field_bits.is_none()
                && !is_rsa_key_transport(read.suite) =>
            {
                say!("sent no ServerKeyExchange that can be read").to_owned()
            }
            None => return None,
        })
    }

    /// The server began to answer a hello made by hand, and then fell silent.
    pub(super) fn falls_silent_by_hand(&self) -> bool {
        matches!(self.answer_broken, Some(Cause::TimedOut { .. }))
    }

    /// After its 220 to STARTTLS the server answered the hello as if it were a command.
    pub(super) fn takes_hello_for_command(&self) -> bool {
        let syntax = matches!(&self.instead, Some(Instead::Refusal(reply)) if takes_hello_for_command(reply));
        let by_tls =
            self.failure.is_some_and(|failure| matches!(failure.cause, Cause::Tls(TlsFailure::NotTls(_))));
        syntax && by_tls && !self.is_implicit()
    }
}

/// `TLS 1.0 with TLS_RSA_WITH_AES_128_CBC_SHA`
pub(crate) fn choice(handshake: &Handshake) -> String {
    say!("{} with {}", version_name(handshake.version), suite_name(handshake.suite))
}
