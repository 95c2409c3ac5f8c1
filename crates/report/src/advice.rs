//! Findings in words: title, explanation and fix, in one place and nowhere else. What a finding means differs
//! with who connects: other mail servers, mail clients, or, on a port of no standard, either.

mod certificate;
mod connection;
mod ehlo;
mod handshake;
mod identity;
mod session;
mod submission;
mod tls;

use heloscope_words::{say, spoken};

use crate::Role;
use crate::checks::Evidence;
use crate::words::is_refusal;

/// A finding in words.
#[derive(Debug)]
pub(crate) struct Advice {
    pub(crate) title: String,
    pub(crate) explanation: String,
    pub(crate) fix: String,
}

/// Who connects to a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Other mail servers, on port 25.
    Senders,
    /// Mail clients, on ports 465 and 587.
    Clients,
    /// Not known.
    Either,
}

impl Audience {
    /// Mail servers never begin with TLS.
    pub(crate) fn of(role: Role, implicit_tls: bool) -> Self {
        match role {
            Role::Relay => Self::Senders,
            Role::Submission | Role::Submissions => Self::Clients,
            Role::Custom if implicit_tls => Self::Clients,
            Role::Custom => Self::Either,
        }
    }

    /// As [`Audience::pick`] does, of messages.
    fn says(self, senders: &'static str, clients: &'static str) -> String {
        match self {
            Self::Clients => spoken(clients).to_owned(),
            _ => self.pick(spoken(senders), spoken(clients)),
        }
    }

    /// The words for whoever connects, both where it is not known.
    fn pick(self, senders: &str, clients: &str) -> String {
        match self {
            Self::Senders => senders.to_owned(),
            Self::Clients => clients.to_owned(),
            Self::Either => {
                say!("Where other mail servers connect: {senders} Where mail clients connect: {clients}")
            }
        }
    }
}

/// The words for what was found.
pub(crate) fn advice(evidence: &Evidence, audience: Audience) -> Advice {
    match evidence {
        Evidence::NameNotFound => connection::name_not_found(),
        Evidence::ConnectFailed { code, spare, all_time_out } => {
            connection::connect_failed(*code, *spare, *all_time_out, audience)
        }
        Evidence::GreetingRejected(refused) if !is_refusal(refused.code) => {
            connection::odd_greeting(refused, audience)
        }
        Evidence::GreetingRejected(refused) => connection::greeting_rejected(refused, audience),
        Evidence::GreetingSlow { seconds } => connection::greeting_slow(*seconds, audience),
        Evidence::NotSmtp { begun, greets: true, .. } => session::late_greeting(begun),
        Evidence::NotSmtp { likeness, begun, greets: false } => {
            connection::not_smtp(*likeness, begun, audience)
        }
        Evidence::MalformedReply { said } => session::malformed_reply(said),
        Evidence::ReplyTooLong { said } => session::reply_too_long(said),
        Evidence::EhloReplyTooLong { kept, all, loses } => session::ehlo_reply_too_long(*kept, *all, *loses),
        Evidence::RepliesOutOfStep { said, inside_tls } => {
            session::replies_out_of_step(said, *inside_tls, audience)
        }
        Evidence::EhloRejected { refused, helo_accepted: true, inside_tls, .. } => {
            ehlo::helo_only(refused, *inside_tls, audience)
        }
        Evidence::EhloRejected { refused, helo, inside_tls, .. }
            if !is_refusal(helo.unwrap_or(refused.code)) =>
        {
            ehlo::ehlo_answered_oddly(refused, *helo, *inside_tls, audience)
        }
        Evidence::EhloRejected { refused, helo, inside_tls, .. } => {
            ehlo::ehlo_rejected(refused, *helo, *inside_tls, audience)
        }
        Evidence::SessionCutShort { said, stage, how, at_helo, mute } => {
            session::cut_short(said, *stage, *how, *at_helo, mute.as_ref(), audience)
        }
        Evidence::EsmtpMasked { greeting, keywords, starttls } => {
            session::esmtp_masked(*greeting, keywords, *starttls, audience)
        }
        Evidence::ReplyFormat { breaches } => session::reply_format(breaches),
        Evidence::AuthWithoutTls { mechanisms } => submission::auth_without_tls(mechanisms, audience),
        Evidence::SubmissionWithoutAuth => submission::submission_without_auth(),
        Evidence::StartTlsMissing => tls::starttls_missing(audience),
        Evidence::StartTlsRefused(refused) if !is_refusal(refused.code) => {
            handshake::starttls_answered_oddly(refused, audience)
        }
        Evidence::StartTlsRefused(refused) => handshake::starttls_refused(refused, audience),
        Evidence::StartTlsFailed(failed) => handshake::starttls_failed(failed, audience),
        Evidence::StartTlsInsideTls => tls::starttls_inside_tls(),
        Evidence::StartTlsInjection { octets, begun } => tls::injection(*octets, begun),
        Evidence::TlsFailed(failed) => handshake::failed(failed),
        Evidence::TlsVersionWeak { version, leads_nowhere } => {
            tls::version_weak(version, *leads_nowhere, audience)
        }
        Evidence::TlsOutdatedOnly { choice, why, demands } => {
            tls::outdated_only(choice, why, *demands, audience)
        }
        Evidence::TlsHelloIntolerance { said, second, long_name } => {
            tls::hello_intolerance(said, *second, *long_name, audience)
        }
        Evidence::TlsNameRefused { said, long_name } => tls::name_refused(said, *long_name, audience),
        Evidence::TlsCipherWeak { suite, weaknesses, leads_nowhere } => {
            tls::cipher_weak(suite, weaknesses, *leads_nowhere, audience)
        }
        Evidence::CertificateExpired { expired, now } => certificate::expired(expired, *now, audience),
        Evidence::CertificateNotYetValid { ahead } => certificate::not_yet_valid(ahead, audience),
        Evidence::CertificateExpiringSoon { soon, now } => certificate::expiring_soon(soon, *now, audience),
        Evidence::CertificateHostnameMismatch { host, presented, total } => {
            identity::hostname_mismatch(host, presented, *total, audience)
        }
        Evidence::CertificateSelfSigned => certificate::self_signed(audience),
        Evidence::CertificateChainIncomplete { issuer, unreadable } => {
            certificate::chain_incomplete(issuer, *unreadable, audience)
        }
        Evidence::CertificateUnreadable { why, empty } => certificate::unreadable(why, *empty, audience),
        Evidence::CertificateSerialNumber { numbers } => certificate::serial_number(numbers, audience),
        Evidence::CertificateUntrusted { root, sent } => certificate::untrusted(root, *sent, audience),
        Evidence::CertificatePathInvalid { faults, anchor, signature, barred } => {
            certificate::path_invalid(faults, *anchor, *signature, *barred, audience)
        }
        Evidence::CertificateKeyUsage { lacks, barred } => certificate::key_usage(lacks, *barred, audience),
        Evidence::CertificatePathGivenUp => certificate::path_given_up(audience),
        Evidence::CertificatePathUnknown { limits } => certificate::path_unknown(limits, audience),
        Evidence::CertificateWeakKey { keys } => certificate::weak_key(keys, audience),
        Evidence::CertificateWeakSignature { signatures } => {
            certificate::weak_signature(signatures, audience)
        }
        Evidence::CertificateCommonNameOnly { name, matches } => {
            identity::common_name_only(name, *matches, audience)
        }
    }
}
