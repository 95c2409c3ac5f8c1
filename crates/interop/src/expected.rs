use serde::Serialize;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::authority::{AUTHORITY_DAYS, Authority, DAYS_AFTER, DAYS_BEFORE};

/// What a report has to say of one port of a server, where the server's root is trusted; under the report's own names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// How the greeting begins.
    pub banner: Option<&'static str>,
    /// How what was seen and is no fault begins, a sentence each.
    pub notes: Vec<&'static str>,
    /// Whether STARTTLS is offered.
    pub starttls_supported: Option<bool>,
    /// The reply to STARTTLS.
    pub starttls_reply: Option<&'static str>,
    /// The extensions of the EHLO reply in clear text, each with its parameters behind it: `SIZE 10240000`.
    pub capabilities_before_tls: Option<Vec<&'static str>>,
    /// The extensions of the encrypted EHLO reply.
    pub capabilities_after_tls: Option<Vec<&'static str>>,
    /// The handshake.
    pub tls: Option<ExpectedTls>,
    /// The leaf.
    pub certificate: Option<ExpectedCertificate>,
    /// The certificates that are sent, in the order sent.
    pub chain: Vec<ExpectedLink>,
    /// The code of the error that ended the test.
    pub error: Option<&'static str>,
    /// The ids of what was found, worst first.
    pub findings: Vec<&'static str>,
    /// What every check came to, in the order of the checks: `passed tls-cipher-weak`.
    pub checks: Vec<String>,
}

/// See [`Expected::tls`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ExpectedTls {
    /// As in `TLS 1.3`.
    pub version: &'static str,
    /// IANA's name.
    pub cipher_suite: &'static str,
    /// IANA's name of the group, `RSA`, or as in `DHE 2048`.
    pub key_exchange: &'static str,
    /// Whether the handshake was finished.
    pub completed: bool,
    /// Whether the server asked for a client certificate.
    pub client_certificate_requested: bool,
}

/// See [`Expected::certificate`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpectedCertificate {
    /// What it has as one of the chain.
    #[serde(flatten)]
    pub link: ExpectedLink,
    /// The names and addresses that it is for.
    pub sans: Vec<&'static str>,
    /// Whether there is a path to the root.
    pub chain_valid: Option<bool>,
    /// Why not, in the report's words for programs.
    pub chain_error: Option<&'static str>,
    /// Which anchors the path ends at.
    pub trust: Option<&'static str>,
    /// Whether it is for the server's name.
    pub hostname_match: Option<bool>,
    /// Whether it is signed with its own key.
    pub self_signed: Option<bool>,
}

/// See [`Expected::chain`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpectedLink {
    /// As in `CN=mx.example`.
    pub subject: String,
    /// The subject of the next.
    pub issuer: &'static str,
    /// The first second of its validity, RFC 3339.
    pub not_before: String,
    /// The last one.
    pub not_after: String,
    /// Whole days that are left, where the test is made within a day from when the certificate was.
    pub days_remaining: i64,
    /// As in `ECDSA P-256`.
    pub key: &'static str,
    /// As in `ecdsa-with-SHA256`.
    pub signature_algorithm: &'static str,
}

impl Expected {
    /// The same of a report's port (an element of `ports` in its JSON): equal to [`Expected`] as JSON where all is as
    /// expected.
    pub fn seen(&self, port: &Value) -> Value {
        let banner = port["banner"].as_str().map(|banner| {
            let expected = self.banner.filter(|expected| banner.starts_with(expected));
            expected.unwrap_or(banner)
        });
        let of = |object: &Value, names: &[&str]| {
            let fields = names.iter().map(|name| ((*name).to_owned(), object[name].clone()));
            if object.is_null() { Value::Null } else { fields.collect::<serde_json::Map<_, _>>().into() }
        };
        let notes = port["notes"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let notes = notes.enumerate().map(|(place, note)| {
            let expected = self.notes.get(place).filter(|expected| note.starts_with(**expected));
            expected.copied().unwrap_or(note)
        });
        const LINK: [&str; 7] =
            ["subject", "issuer", "not_before", "not_after", "days_remaining", "key", "signature_algorithm"];
        const LEAF: [&str; 6] =
            ["sans", "chain_valid", "chain_error", "trust", "hostname_match", "self_signed"];
        let chain = port["chain"].as_array().into_iter().flatten().map(|link| of(link, &LINK));
        let checks = port["checks"].as_array().into_iter().flatten().map(|check| {
            format!(
                "{} {}",
                check["verdict"].as_str().unwrap_or_default(),
                check["id"].as_str().unwrap_or_default()
            )
        });
        let findings = port["findings"].as_array().into_iter().flatten().map(|finding| &finding["id"]);
        json!({
            "banner": banner,
            "notes": notes.collect::<Vec<_>>(),
            "starttls_supported": port["starttls_supported"],
            "starttls_reply": starttls_reply(port),
            "capabilities_before_tls": capabilities(&port["capabilities_before_tls"]),
            "capabilities_after_tls": capabilities(&port["capabilities_after_tls"]),
            "tls": of(&port["tls"], &["version", "cipher_suite", "key_exchange", "completed", "client_certificate_requested"]),
            "certificate": of(&port["certificate"], &[&LINK[..], &LEAF].concat()),
            "chain": chain.collect::<Vec<_>>(),
            "error": port["error"]["code"],
            "findings": findings.collect::<Vec<_>>(),
            "checks": checks.collect::<Vec<_>>(),
        })
    }

    /// With every check's verdict: what is found, what says nothing about such a port, and that the rest passed.
    pub(crate) fn judged(self) -> Self {
        let implicit = self.starttls_supported == Some(false);
        let completed = self.tls.is_some_and(|tls| tls.completed);
        let ended_early = self.error.is_some();
        let is_weak = self.findings.iter().any(|id| ["tls-version-weak", "tls-cipher-weak"].contains(id));
        let verdict = |id: &&str| match *id {
            id if self.findings.contains(&id) => "found",
            // An address is given in place of the name's own.
            "name-not-found" => "not_tested",
            "submission-without-auth" => "not_applicable",
            "tls-failed" if !implicit => "not_applicable",
            id if implicit && OF_CLEAR_TEXT.contains(&id) => "not_applicable",
            "tls-outdated-only" if !completed && is_weak => "not_applicable",
            id if self.certificate.is_none() && id.starts_with("certificate-") => "not_tested",
            id if !completed && OF_FINISHED_TLS.contains(&id) => "not_tested",
            id if ended_early && OF_WHOLE_DIALOGUE.contains(&id) => "not_tested",
            id if ended_early && implicit && OF_DIALOGUE.contains(&id) => "not_tested",
            _ => "passed",
        };
        let checks = CHECKS.iter().map(|id| format!("{} {id}", verdict(id))).collect();
        Self { checks, ..self }
    }
}

/// All that a report has.
const CHECKS: [&str; 37] = [
    "name-not-found",
    "connect-failed",
    "greeting-rejected",
    "greeting-slow",
    "not-smtp",
    "reply-format",
    "ehlo-rejected",
    "malformed-reply",
    "reply-too-long",
    "session-cut-short",
    "esmtp-masked",
    "starttls-missing",
    "starttls-failed",
    "starttls-injection",
    "starttls-inside-tls",
    "tls-failed",
    "tls-version-weak",
    "tls-cipher-weak",
    "tls-outdated-only",
    "tls-hello-intolerance",
    "tls-name-refused",
    "certificate-expired",
    "certificate-not-yet-valid",
    "certificate-expiring-soon",
    "certificate-hostname-mismatch",
    "certificate-self-signed",
    "certificate-chain-incomplete",
    "certificate-untrusted",
    "certificate-path-invalid",
    "certificate-path-unknown",
    "certificate-key-usage",
    "certificate-weak-key",
    "certificate-weak-signature",
    "certificate-common-name-only",
    "certificate-serial-number",
    "auth-without-tls",
    "submission-without-auth",
];
/// Those of what comes before TLS.
const OF_CLEAR_TEXT: [&str; 5] =
    ["esmtp-masked", "starttls-missing", "starttls-failed", "starttls-injection", "auth-without-tls"];
/// Those of a handshake that was finished.
const OF_FINISHED_TLS: [&str; 4] =
    ["starttls-failed", "tls-failed", "tls-hello-intolerance", "tls-name-refused"];
/// Those of what is said inside TLS, up to the end.
const OF_WHOLE_DIALOGUE: [&str; 2] = ["session-cut-short", "starttls-inside-tls"];
/// Those of what a server says once TLS is up, where that comes first.
const OF_DIALOGUE: [&str; 7] = [
    "greeting-rejected",
    "greeting-slow",
    "not-smtp",
    "reply-format",
    "ehlo-rejected",
    "malformed-reply",
    "reply-too-long",
];

/// What the server said to STARTTLS.
fn starttls_reply(port: &Value) -> Option<&str> {
    let said: Vec<&Value> = port["transcript"].as_array().into_iter().flatten().collect();
    let asked = said.iter().position(|line| line["from"] == "client" && line["text"] == "STARTTLS")?;
    said.get(asked + 1).filter(|line| line["from"] == "server")?["text"].as_str()
}

fn capabilities(of: &Value) -> Option<Vec<String>> {
    let line = |capability: &Value| {
        let params = capability["params"].as_array().into_iter().flatten();
        let words = std::iter::once(&capability["keyword"]).chain(params);
        words.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    };
    Some(of.as_array()?.iter().map(line).collect())
}

/// A server with a relay, a submissions and a submission port on which nothing is amiss.
pub(crate) struct Usual {
    pub(crate) host: &'static str,
    pub(crate) banner: &'static str,
    pub(crate) clear: &'static [&'static str],
    /// Inside TLS on the relay port.
    pub(crate) relay: &'static [&'static str],
    /// Inside TLS on the submission ports.
    pub(crate) submission: &'static [&'static str],
    /// The reply to STARTTLS.
    pub(crate) starttls: &'static str,
    pub(crate) tls: ExpectedTls,
}

pub(crate) const TLS13: ExpectedTls = ExpectedTls {
    version: "TLS 1.3",
    cipher_suite: "TLS_AES_256_GCM_SHA384",
    key_exchange: "X25519",
    completed: true,
    client_certificate_requested: false,
};

impl Usual {
    /// In the order of [`USUAL`](crate::ports::USUAL).
    pub(crate) fn expected(&self, authority: &Authority) -> Vec<Expected> {
        let relay = Expected {
            banner: Some(self.banner),
            notes: Vec::new(),
            starttls_supported: Some(true),
            starttls_reply: Some(self.starttls),
            capabilities_before_tls: Some(self.clear.to_vec()),
            capabilities_after_tls: Some(self.relay.to_vec()),
            tls: Some(self.tls),
            certificate: Some(certificate(authority, self.host, "ECDSA P-256")),
            chain: chain(authority, self.host, "ECDSA P-256"),
            error: None,
            findings: Vec::new(),
            checks: Vec::new(),
        };
        let submission = Expected { capabilities_after_tls: Some(self.submission.to_vec()), ..relay.clone() };
        let submissions = Expected {
            starttls_supported: Some(false),
            starttls_reply: None,
            capabilities_before_tls: None,
            ..submission.clone()
        };
        [relay, submissions, submission].map(Expected::judged).into()
    }
}

/// A sound one.
pub(crate) fn certificate(
    authority: &Authority,
    host: &'static str,
    key: &'static str,
) -> ExpectedCertificate {
    ExpectedCertificate {
        link: leaf(authority, host, key),
        sans: vec![host, "127.0.0.1"],
        chain_valid: Some(true),
        chain_error: None,
        trust: Some("private"),
        hostname_match: Some(true),
        self_signed: Some(false),
    }
}

/// A sound one, which does not have the root.
pub(crate) fn chain(authority: &Authority, host: &'static str, key: &'static str) -> Vec<ExpectedLink> {
    let intermediate = link(authority, INTERMEDIATE, ROOT, "ECDSA P-256", [AUTHORITY_DAYS; 2]);
    vec![leaf(authority, host, key), intermediate]
}

fn leaf(authority: &Authority, host: &str, key: &'static str) -> ExpectedLink {
    link(authority, &format!("CN={host}"), INTERMEDIATE, key, [DAYS_BEFORE, DAYS_AFTER])
}

const INTERMEDIATE: &str = "CN=Interop Intermediate";
const ROOT: &str = "CN=Interop Root";

/// Whose dates are so many days before now and after it. All are signed with ECDSA.
fn link(
    authority: &Authority,
    subject: &str,
    issuer: &'static str,
    key: &'static str,
    [before, after]: [i64; 2],
) -> ExpectedLink {
    ExpectedLink {
        subject: subject.to_owned(),
        issuer,
        not_before: rfc3339(authority.now - Duration::days(before)),
        not_after: rfc3339(authority.now + Duration::days(after)),
        days_remaining: after - 1,
        key,
        signature_algorithm: "ecdsa-with-SHA256",
    }
}

fn rfc3339(at: OffsetDateTime) -> String {
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", u8::from(month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_compared_under_the_reports_names() {
        let usual = Usual {
            host: "mx.interop.test",
            banner: "220 mx.interop.test ESMTP",
            clear: &["SIZE 1000", "STARTTLS"],
            relay: &["SIZE 1000"],
            submission: &[],
            starttls: "220 go ahead",
            tls: TLS13,
        };
        // 2026-11-23T22:00:00Z
        let authority = Authority::new(1_795_471_200).unwrap();
        let [relay, submissions, _] = &usual.expected(&authority)[..] else { panic!("three ports") };
        let mut port = json!({
            "port": 25,
            "banner": "220 mx.interop.test ESMTP of Monday",
            "notes": [],
            "starttls_supported": true,
            "capabilities_before_tls": [
                { "keyword": "SIZE", "params": ["1000"], "meaning": "…" },
                { "keyword": "STARTTLS", "params": [], "meaning": null },
            ],
            "capabilities_after_tls": [{ "keyword": "SIZE", "params": ["1000"], "meaning": "…" }],
            "tls": {
                "version": "TLS 1.3", "cipher_suite": "TLS_AES_256_GCM_SHA384", "key_exchange": "X25519",
                "completed": true, "client_certificate_requested": false,
            },
            "certificate": {
                "subject": "CN=mx.interop.test", "issuer": "CN=Interop Intermediate",
                "sans": ["mx.interop.test", "127.0.0.1"], "serial": "01",
                "not_before": "2026-10-24T22:00:00Z", "not_after": "2027-01-22T22:00:00Z", "days_remaining": 59,
                "key": "ECDSA P-256", "signature_algorithm": "ecdsa-with-SHA256", "chain_valid": true,
                "chain_error": null, "trust": "private", "hostname_match": true, "self_signed": false,
            },
            "chain": [
                {
                    "subject": "CN=mx.interop.test", "issuer": "CN=Interop Intermediate", "serial": "01",
                    "not_before": "2026-10-24T22:00:00Z", "not_after": "2027-01-22T22:00:00Z", "days_remaining": 59,
                    "key": "ECDSA P-256", "signature_algorithm": "ecdsa-with-SHA256",
                },
                {
                    "subject": "CN=Interop Intermediate", "issuer": "CN=Interop Root", "serial": "02",
                    "not_before": "2025-11-23T22:00:00Z", "not_after": "2027-11-23T22:00:00Z", "days_remaining": 364,
                    "key": "ECDSA P-256", "signature_algorithm": "ecdsa-with-SHA256",
                },
            ],
            "error": null,
            "findings": [],
            "checks": CHECKS.iter().map(|id| json!({
                "id": id,
                "verdict": match *id {
                    "name-not-found" => "not_tested",
                    "tls-failed" | "submission-without-auth" => "not_applicable",
                    _ => "passed",
                },
                "why": null,
            })).collect::<Vec<_>>(),
            "transcript": [
                { "from": "client", "text": "STARTTLS" },
                { "from": "server", "text": "220 go ahead" },
            ],
        });
        assert_eq!(relay.seen(&port), json!(relay));
        assert_ne!(submissions.seen(&port), json!(submissions));
        port["findings"] = json!([{ "id": "certificate-expired", "severity": "error" }]);
        assert_eq!(relay.seen(&port)["findings"], json!(["certificate-expired"]));
        port["notes"] = json!(["The greeting came in parts: at last"]);
        assert_eq!(relay.seen(&port)["notes"], port["notes"]);
        let dripping = Expected { notes: vec!["The greeting came in parts"], ..relay.clone() };
        assert_eq!(dripping.seen(&port)["notes"], json!(dripping.notes));
        port["banner"] = json!("220 another");
        assert_eq!(relay.seen(&port)["banner"], "220 another");
        assert_eq!(relay.seen(&json!({}))["tls"], json!(null));
    }
}
