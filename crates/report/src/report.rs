//! The report: a public contract. Add fields freely; change or drop none without raising [`SCHEMA_VERSION`].

use serde::{Deserialize, Serialize};

pub use heloscope_observation::Stage as Phase;

/// The version of the report's form.
pub const SCHEMA_VERSION: u32 = 1;

/// What one test of one host found. Absent knowledge is `None` (in JSON `null`), never a guess.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The language of its words, BCP 47; `en` in a report that does not say it.
    #[serde(default = "english")]
    pub language: String,
    /// The host as it was looked up: lower case, IDNA A-label form, or an IP address without brackets.
    pub host: String,
    /// The IP address that was dialled in place of those that the host's name has; `None` where none was chosen.
    #[serde(default)]
    pub address: Option<String>,
    /// When the test began, RFC 3339, UTC, whole seconds.
    pub tested_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The relay that carried the octets, as a `wss:` or `ws:` URL; `direct` where TCP was spoken directly.
    pub vantage: String,
    /// The worst severity of all findings.
    pub status: Status,
    /// Findings about the host as a whole, worst first.
    pub findings: Vec<Finding>,
    /// In the order asked for.
    pub ports: Vec<Port>,
}

/// The language of the first reports, which do not name it.
fn english() -> String {
    "en".to_owned()
}

/// The worst of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing was found.
    Ok,
    /// The worst finding is a notice.
    Notice,
    /// The worst finding is a warning.
    Warning,
    /// The worst finding is an error.
    Error,
    /// No port could be tested at all.
    Untested,
}

/// How much a finding matters to mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing; mail flows.
    Notice,
    /// Some senders or clients will not deliver, or will do so unprotected.
    Warning,
    /// Mail fails, or goes unprotected, for most.
    Error,
}

/// What one port does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// The TCP port.
    pub port: u16,
    /// What the port is for.
    pub role: Role,
    /// Whether TLS begins with the first octet.
    pub implicit_tls: bool,
    /// Whether TCP connected.
    pub connected: bool,
    /// The IP address that answered, without port.
    pub address: Option<String>,
    /// What ended the test of this port early; everything learned before stands.
    pub error: Option<PortError>,
    /// The greeting as sent, its lines joined by `\n`; what cannot be seen, or is no text, is written out as in the
    /// transcript.
    pub banner: Option<String>,
    /// What was seen and is no fault, a sentence each.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Whether STARTTLS stands in the EHLO reply; `false` on an implicit-TLS port.
    pub starttls_supported: Option<bool>,
    /// What the last EHLO reply offers; empty where there was none, or HELO only.
    pub capabilities: Vec<Capability>,
    /// What the EHLO reply in clear text offers; `None` on an implicit-TLS port.
    pub capabilities_before_tls: Option<Vec<Capability>>,
    /// What the EHLO reply inside TLS offers.
    pub capabilities_after_tls: Option<Vec<Capability>>,
    /// The TLS session.
    pub tls: Option<Tls>,
    /// The leaf certificate, judged.
    pub certificate: Option<LeafCertificate>,
    /// Every certificate sent, in the order sent.
    pub chain: Vec<Certificate>,
    /// What was found, worst first.
    pub findings: Vec<Finding>,
    /// Every check with its verdict, in the order of the table of checks.
    pub checks: Vec<CheckVerdict>,
    /// How long each stage took.
    pub timings: Timings,
    /// The dialogue, in the order it happened.
    pub transcript: Vec<TranscriptLine>,
}

/// What a port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// 25: mail between servers, RFC 5321.
    Relay,
    /// 587: submission by STARTTLS, RFC 6409.
    Submission,
    /// 465: submission over implicit TLS, RFC 8314 §3.3.
    Submissions,
    /// Any other.
    Custom,
}

/// What ended the test of a port early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortError {
    /// What happened.
    pub code: ErrorCode,
    /// A sentence for a person, with the server's own words where there are any.
    pub message: String,
    /// In which phase.
    pub phase: Phase,
}

impl PortError {
    /// Whether it took something from the test: not where all was said and answered but QUIT, and no reply too many puts the
    /// answers `in_doubt`.
    pub(crate) fn cuts_short(&self, in_doubt: bool) -> bool {
        self.phase != Phase::Quit || (self.code == ErrorCode::MalformedReply && in_doubt)
    }
}

impl Port {
    /// The error, unless it took nothing from the test. A reply too many would be a finding.
    pub fn cut_short_by(&self) -> Option<&PortError> {
        let in_doubt = self.findings.iter().any(|finding| finding.id == "malformed-reply");
        self.error.as_ref().filter(|error| error.cuts_short(in_doubt))
    }
}

/// What can end a port's test early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The host name does not exist, or has no address.
    NameNotFound,
    /// The name could not be looked up.
    ResolveFailed,
    /// TCP did not connect in time.
    ConnectTimeout,
    /// Nothing listens on the port.
    ConnectionRefused,
    /// There is no way to the host.
    Unreachable,
    /// The relay's policy does not allow it.
    Blocked,
    /// The relay's quota is used up.
    Quota,
    /// The relay cannot be reached.
    RelayUnreachable,
    /// The server hung up.
    Closed,
    /// The connection was reset.
    Reset,
    /// Time ran out, in the phase named.
    Timeout,
    /// A well-formed greeting that is not 220.
    GreetingRejected,
    /// The first octets are no SMTP reply.
    NotSmtp,
    /// Clear text where TLS was to begin at once.
    PlaintextOnImplicitTls,
    /// TLS where clear text was to begin.
    TlsOnPlaintextPort,
    /// A reply, after the greeting, that is none, or one that nobody asked for.
    MalformedReply,
    /// A reply that would not end.
    ReplyTooLong,
    /// EHLO, and HELO after it, were refused.
    EhloRejected,
    /// STARTTLS was refused.
    #[serde(rename = "starttls_rejected")]
    StartTlsRejected,
    /// The server ended TLS with an alert.
    TlsAlert,
    /// TLS failed otherwise.
    TlsFailed,
}

/// An extension that the server offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    /// The keyword as sent, in the notation of the transcript.
    pub keyword: String,
    /// Its parameters as sent, in the notation of the transcript.
    pub params: Vec<String>,
    /// What it means; `None` where it is not known to us.
    pub meaning: Option<String>,
}

/// A TLS session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// `TLS 1.3`, `TLS 1.2`, `TLS 1.1`, `TLS 1.0` or `SSL 3.0`.
    pub version: String,
    /// The suite's IANA name.
    pub cipher_suite: String,
    /// The group's IANA name; `RSA` for RSA key transport, `DHE 2048` for a finite-field group of the
    /// server's own.
    pub key_exchange: Option<String>,
    /// Whether the handshake was finished; `false` where its parameters were read from the server's clear flight.
    pub completed: bool,
    /// Whether the server asked for a client certificate; none was given.
    #[serde(default)]
    pub client_certificate_requested: bool,
}

/// Facts of one certificate; all but `sha256` are `None` where it could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The subject's distinguished name as RFC 4514 writes it; empty where the certificate has none. In this and all else that
    /// the certificate says what cannot be seen is written out as in the transcript.
    pub subject: Option<String>,
    /// The issuer's distinguished name.
    pub issuer: Option<String>,
    /// The DNS names and IP addresses of the subject alternative name; at most [`MAX_SANS_SHOWN`].
    pub sans: Vec<String>,
    /// How many names the subject alternative name has in all.
    pub sans_total: usize,
    /// The first moment of validity, RFC 3339, UTC.
    pub not_before: Option<String>,
    /// The last moment of validity, RFC 3339, UTC.
    pub not_after: Option<String>,
    /// Whole days from the test to `not_after`, rounded down; negative once expired.
    pub days_remaining: Option<i64>,
    /// The serial number, lower-case hex, octets separated by colons.
    pub serial: Option<String>,
    /// The SHA-256 of the whole certificate, lower-case hex.
    pub sha256: String,
    /// The key: `RSA 2048`, `ECDSA P-256`, `Ed25519`, …
    pub key: Option<String>,
    /// The algorithm of the issuer's signature.
    pub signature_algorithm: Option<String>,
    /// Whether it is signed with its own key: in a chain such a one, the leaf aside, is a root. `None` where that is not
    /// known.
    #[serde(default)]
    pub signed_with_own_key: Option<bool>,
    /// Why the certificate could not be read; `None` where it could.
    pub unreadable: Option<String>,
}

/// Names shown of one certificate; all are counted.
pub const MAX_SANS_SHOWN: usize = 100;

/// The leaf certificate, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeafCertificate {
    /// Its facts.
    #[serde(flatten)]
    pub facts: Certificate,
    /// Whether a path to a trust anchor holds for a TLS server at the time of the test, the name aside; `None` where
    /// nothing is known to stand against one and not all of it can be verified.
    pub chain_valid: Option<bool>,
    /// Why not, or why that is not known.
    pub chain_error: Option<ChainError>,
    /// The same in a sentence.
    pub chain_error_text: Option<String>,
    /// Which anchors the path ends at.
    pub trust: Option<Trust>,
    /// Whether a presented identifier matches the host, RFC 9525; `None` where the certificate cannot be read.
    pub hostname_match: Option<bool>,
    /// Whether it is signed with its own key; `None` where it cannot be read.
    pub self_signed: Option<bool>,
    /// Whole days that the path holds, where an issuer on it or the private trust anchor expires before the leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_days_remaining: Option<i64>,
}

/// Why no path holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainError {
    /// A certificate on the path has expired.
    Expired,
    /// A certificate on the path is not valid yet.
    NotYetValid,
    /// The path ends at a root that is not trusted.
    UntrustedRoot,
    /// The certificate of an issuer was not sent.
    MissingIntermediate,
    /// The leaf is signed with its own key, and is no anchor.
    SelfSigned,
    /// A signature on the path is MD5 or SHA-1.
    WeakSignature,
    /// A signature on the path does not verify.
    BadSignature,
    /// The leaf may not be used for a TLS server.
    NotForServerAuth,
    /// A certificate's key is used for what its key usage does not allow.
    WrongKeyUsage,
    /// The private trust anchor has expired.
    TrustAnchorExpired,
    /// The private trust anchor is not valid yet.
    TrustAnchorNotYetValid,
    /// A signature on the path is of a kind that is not verified here.
    UnsupportedSignatureAlgorithm,
    /// The key of a certificate on the path is distrusted by name.
    Distrusted,
    /// A certificate authority's name constraints forbid the names of the leaf.
    NameConstraints,
    /// An issuer on the path may not issue certificates.
    NotACertificateAuthority,
    /// The leaf is a certificate authority's, which some take for a server's and some do not.
    CertificateAuthority,
    /// A critical extension that validation does not know.
    UnknownCriticalExtension,
    /// A certificate on the path is not of version 3.
    UnsupportedVersion,
    /// A key on the path gives its elliptic curve by parameters, not by name.
    ExplicitCurve,
    /// More certificates than a path may have.
    PathTooLong,
    /// A certificate on the path cannot be read.
    Unreadable,
    /// The search for a path was given up: whether one holds is not known.
    SearchGivenUp,
    /// Anything else; the text says what.
    Other,
}

/// A set of trust anchors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// The roots of Mozilla's programme.
    Webpki,
    /// Anchors that the operator or the user added.
    Private,
}

/// Something found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The check's id: what was found.
    pub id: String,
    /// How much it matters.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// What it means, and what each kind of sender will do about it.
    pub explanation: String,
    /// What to change on the server.
    pub fix: String,
    /// The RFC and section, or the practice, that it follows from.
    pub reference: String,
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckVerdict {
    /// The check's id.
    pub id: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// Why, for `not_applicable` and `not_tested`; for `passed` how far was looked, where it may be asked.
    pub why: Option<String>,
}

/// The four verdicts: silence is never a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Looked at, and as it should be.
    Passed,
    /// Found; there is a finding of this id, of the port or of the host.
    Found,
    /// Says nothing about this port.
    NotApplicable,
    /// Could not be looked at.
    NotTested,
}

/// How long each stage took, in milliseconds; `None` where it was not reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// When the port was dialled, since the test began.
    #[serde(default)]
    pub began_ms: Option<u64>,
    /// Reaching the relay, and what it did until TCP had connected, the look-up aside; `None` without a relay.
    #[serde(default)]
    pub relay_ms: Option<u64>,
    /// The look-up of the name.
    pub resolve_ms: Option<u64>,
    /// TCP's connection.
    pub connect_ms: Option<u64>,
    /// From the connection (on an implicit-TLS port: from the handshake's end) to the whole greeting.
    pub greeting_ms: Option<u64>,
    /// The TLS handshake.
    pub tls_ms: Option<u64>,
    /// The connections after the dialogue, which a hello made by hand takes; `None` where there was none.
    #[serde(default)]
    pub other_connections_ms: Option<u64>,
    /// The port's whole test.
    pub total_ms: Option<u64>,
}

/// One line of the dialogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptLine {
    /// Since the test began, in milliseconds.
    pub at_ms: u64,
    /// Who spoke.
    pub from: Speaker,
    /// Whether inside TLS.
    pub encrypted: bool,
    /// The line without its ending; what cannot be seen is written `\x1b` or `\u{202e}`, what is no UTF-8 `\xff`, a
    /// backslash `\\`; a long line is cut with a mark.
    pub text: String,
}

/// Who spoke a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The mail server.
    Server,
    /// This test.
    Client,
}
