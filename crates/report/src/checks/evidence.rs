use heloscope_observation::Stage;
use heloscope_smtp::Reply;

use super::Breach;
use crate::names::Weakness;
use crate::words::{Likeness, demands_log_in, enhanced_status_code, lacks_reverse_name};
use crate::{ErrorCode, Severity};

/// What a server demands that many TLS libraries do not have, besides a version or a cipher suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Demands {
    pub(crate) group: bool,
    pub(crate) key: bool,
    /// OpenSSL has it.
    pub(crate) by_openssl: bool,
    /// Neither OpenSSL nor GnuTLS offers it unless told to.
    pub(crate) is_rare: bool,
}

/// What a check found; [`crate::advice`] puts it into words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Evidence {
    NameNotFound,
    ConnectFailed {
        code: ErrorCode,
        spare: bool,
        all_time_out: bool,
    },
    GreetingRejected(Refused),
    GreetingSlow {
        seconds: u64,
    },
    NotSmtp {
        likeness: Likeness,
        begun: String,
        /// A greeting stands behind them.
        greets: bool,
    },
    /// `said` is the error in words.
    MalformedReply {
        said: String,
    },
    /// `said` is the error in words.
    ReplyTooLong {
        said: String,
    },
    /// Lines of the EHLO reply.
    EhloReplyTooLong {
        kept: usize,
        all: usize,
        loses: Loses,
    },
    /// `said` is what came when.
    RepliesOutOfStep {
        said: String,
        inside_tls: bool,
    },
    /// `refused` is EHLO's; `helo` is HELO's code, where that was tried.
    EhloRejected {
        refused: Refused,
        helo: Option<u16>,
        helo_accepted: bool,
        inside_tls: bool,
    },
    /// `said` is the error in words, or what the server replied.
    SessionCutShort {
        said: String,
        stage: Stage,
        how: Cut,
        /// It is HELO that had no whole reply.
        at_helo: bool,
        mute: Option<Mute>,
    },
    EsmtpMasked {
        greeting: bool,
        keywords: Vec<String>,
        starttls: Passage,
    },
    ReplyFormat {
        breaches: Vec<Breach>,
    },
    StartTlsInsideTls,
    StartTlsMissing,
    StartTlsRefused(Refused),
    StartTlsFailed(Handshaking),
    StartTlsInjection {
        octets: usize,
        begun: String,
    },
    TlsFailed(Handshaking),
    TlsVersionWeak {
        version: String,
        /// Nobody can go on from there.
        leads_nowhere: bool,
    },
    TlsCipherWeak {
        suite: String,
        weaknesses: Vec<Weakness>,
        /// Nobody can go on from there.
        leads_nowhere: bool,
    },
    /// Version and suite, and why they are not spoken.
    TlsOutdatedOnly {
        choice: String,
        why: String,
        demands: Demands,
    },
    /// `said` is the error in words; `second` the octets of the hello that the server had asked for, where it did; `long_name`
    /// whether the host's name made the first hello longer than 255 octets, and the server did not say that it refused the name.
    TlsHelloIntolerance {
        said: String,
        second: Option<usize>,
        long_name: bool,
    },
    /// `said` is the error in words, `long_name` as above.
    TlsNameRefused {
        said: String,
        long_name: bool,
    },
    /// Places in the chain, 0 for the leaf, each with its notAfter; times in Unix seconds.
    CertificateExpired {
        expired: Vec<(usize, i64)>,
        now: i64,
    },
    /// With their notBefore.
    CertificateNotYetValid {
        ahead: Vec<(usize, i64)>,
    },
    /// With their notAfter.
    CertificateExpiringSoon {
        soon: Vec<(usize, i64)>,
        now: i64,
    },
    CertificateHostnameMismatch {
        host: String,
        presented: Vec<String>,
        total: usize,
    },
    CertificateSelfSigned,
    /// `unreadable`: one of the certificates sent cannot be read, and may be the one.
    CertificateChainIncomplete {
        issuer: String,
        unreadable: bool,
    },
    CertificateUntrusted {
        root: String,
        sent: bool,
    },
    /// Each a sentence; `anchor`: one concerns the trust anchor, not what was sent; `signature`: all are of signatures that do
    /// not verify; `barred`: one is of the leaf's key usage, and by whom TLS is ended for it, whatever else they look at.
    CertificatePathInvalid {
        faults: Vec<String>,
        anchor: bool,
        signature: bool,
        barred: Option<Barred>,
    },
    /// What the handshake needs and the key usage does not have, as RFC 5280 §4.2.1.3 names it.
    CertificateKeyUsage {
        lacks: &'static str,
        barred: Barred,
    },
    /// The search for one was.
    CertificatePathGivenUp,
    /// What this test does not verify, each a sentence.
    CertificatePathUnknown {
        limits: Vec<String>,
    },
    /// `why` is a sentence; `empty`: it has no octets, and no key.
    CertificateUnreadable {
        why: String,
        empty: bool,
    },
    /// Place in the chain and what is odd about its serial number, to stand after "has".
    CertificateSerialNumber {
        numbers: Vec<(usize, String)>,
    },
    /// Place in the chain and key.
    CertificateWeakKey {
        keys: Vec<(usize, String)>,
    },
    /// Place in the chain and algorithm.
    CertificateWeakSignature {
        signatures: Vec<(usize, String)>,
    },
    CertificateCommonNameOnly {
        name: String,
        matches: bool,
    },
    AuthWithoutTls {
        mechanisms: Vec<String>,
    },
    SubmissionWithoutAuth,
}

/// What the lines of an EHLO reply that are not kept take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loses {
    /// STARTTLS is on none of those that are kept, and what comes after it was not tested.
    StartTls,
    /// Other extensions that may be offered in clear text.
    InClear,
    /// Other extensions that may be offered inside TLS.
    InsideTls,
}

/// How a session was cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The server ended it with a 421.
    SentAway,
    /// It ended without one.
    Ended,
    /// It ended when a reply had begun.
    Broken,
    /// Nothing came until the test gave up.
    Silent,
    /// A reply had begun, and did not end until the test gave up.
    Unfinished,
}

/// A server that says nothing at all may wait for the client to speak first, as SMTP never does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mute {
    /// In clear text; with host and port, as openssl(1) takes them behind `-connect`.
    InClear {
        server: String,
    },
    InsideTls,
}

/// How far STARTTLS gets past a device that overwrites what the server offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    /// It is not among what is offered.
    Hidden,
    /// What is offered was not seen.
    Unseen,
    /// It is offered, and the command was refused.
    Refused,
    /// It is offered; what is beyond was not seen.
    Offered,
    /// TLS came up, or the server answered a hello.
    Whole,
}

/// A reply that refuses, with its error in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: u16,
    /// Subject and detail of the enhanced status code.
    pub(crate) status: Option<(u16, u16)>,
    /// It names the missing reverse DNS name as its reason.
    pub(crate) for_reverse_name: bool,
    /// It demands a log-in.
    pub(crate) for_log_in: bool,
    pub(crate) said: String,
}

/// A handshake that failed, with its error in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handshaking {
    pub(crate) said: String,
    /// Whether the ClientHello went out.
    pub(crate) begun: bool,
    /// Whether it was answered with a certificate or the wish for one; what is said says so.
    pub(crate) taken: bool,
    /// Whether another hello could not be tried, or is not made, so that some may get through.
    pub(crate) open: bool,
    /// Whether a later test may try it.
    pub(crate) again: bool,
    /// What was chosen when a hello made by hand was answered: `TLS 1.2 with
    /// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`.
    pub(crate) choice: Option<String>,
    pub(crate) client_certificate_requested: bool,
    /// The server's alert says that it demands one.
    pub(crate) client_certificate_required: bool,
    /// The server's alert says that it does not know the name in the hello.
    pub(crate) name_refused: bool,
    /// The server did not prove that it holds its certificate's key.
    pub(crate) bad_signature: bool,
    /// What came where TLS was to begin is none of TLS's records: the server took the ClientHello for a command, or something
    /// else answered.
    pub(crate) no_tls: bool,
}

impl Evidence {
    /// The severity where it is not the check's own.
    pub(crate) fn severity(&self) -> Option<Severity> {
        match self {
            Self::ConnectFailed { spare: true, .. } => Some(Severity::Notice),
            Self::EsmtpMasked { starttls: Passage::Whole | Passage::Offered, .. } => Some(Severity::Notice),
            Self::RepliesOutOfStep { .. } => Some(Severity::Warning),
            Self::TlsOutdatedOnly { demands: Demands { is_rare: true, .. }, .. } => Some(Severity::Error),
            Self::CertificatePathInvalid { barred: Some(Barred::All), .. }
            | Self::CertificateKeyUsage { barred: Barred::All, .. } => Some(Severity::Error),
            Self::EhloReplyTooLong { loses: Loses::InClear | Loses::InsideTls, .. } => Some(Severity::Notice),
            Self::StartTlsFailed(Handshaking { open: true, .. })
            | Self::TlsFailed(Handshaking { open: true, .. }) => Some(Severity::Warning),
            Self::GreetingRejected(refused) if refused.is_temporary() || is_positive(refused.code) => {
                Some(Severity::Warning)
            }
            Self::EhloRejected { helo_accepted: true, .. } => Some(Severity::Warning),
            Self::EhloRejected { refused, helo, .. } => {
                let code = helo.unwrap_or(refused.code);
                (is_temporary(code) || is_positive(code)).then_some(Severity::Warning)
            }
            _ => None,
        }
    }
}

/// Whose TLS library ends the handshake by the key usage of the leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Barred {
    /// Those on GnuTLS, and not those on OpenSSL.
    Some,
    /// Those on either.
    All,
}

impl Refused {
    pub(crate) fn by(reply: &Reply, said: String) -> Self {
        let status = enhanced_status_code(reply).map(|status| (status.subject, status.detail));
        let (for_reverse_name, for_log_in) = (lacks_reverse_name(reply), demands_log_in(reply));
        Self { code: reply.code(), status, for_reverse_name, for_log_in, said }
    }

    /// A host that takes no mail, RFC 7504; a screening program that drops a client says 521 too, with a status code of
    /// its own.
    pub(crate) fn takes_no_mail(&self) -> bool {
        self.code == 521 && self.status.is_none()
    }

    pub(crate) fn is_temporary(&self) -> bool {
        is_temporary(self.code)
    }
}

/// Whether a reply code says: not now, RFC 5321 §4.2.1.
pub(crate) fn is_temporary(code: u16) -> bool {
    (400..500).contains(&code)
}

/// Whether the first digit of a reply code says yes, RFC 5321 §4.2.1.
pub(crate) fn is_positive(code: u16) -> bool {
    (200..300).contains(&code)
}
