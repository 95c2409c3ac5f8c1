use serde::Serialize;
use serde_json::{Value, json};

/// What a report has to say of one port of a server, where the server's root is trusted; under the report's own names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// How the greeting begins.
    pub banner: Option<&'static str>,
    /// How what was seen and is no fault begins, a sentence each.
    pub notes: Vec<&'static str>,
    /// Whether STARTTLS is offered.
    pub starttls_supported: Option<bool>,
    /// The extensions of the EHLO reply in clear text, each with its parameters behind it: `SIZE 10240000`.
    pub capabilities_before_tls: Option<Vec<&'static str>>,
    /// The extensions of the encrypted EHLO reply.
    pub capabilities_after_tls: Option<Vec<&'static str>>,
    /// The handshake.
    pub tls: Option<ExpectedTls>,
    /// The leaf.
    pub certificate: Option<ExpectedCertificate>,
    /// How many certificates are sent.
    pub chain: usize,
    /// The code of the error that ended the test.
    pub error: Option<&'static str>,
    /// The ids of what was found, worst first.
    pub findings: Vec<&'static str>,
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
}

/// See [`Expected::certificate`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpectedCertificate {
    /// As in `CN=mx.example`.
    pub subject: String,
    /// The names and addresses that it is for.
    pub sans: Vec<&'static str>,
    /// As in `ECDSA P-256`.
    pub key: &'static str,
    /// Whether there is a path to the root.
    pub chain_valid: bool,
    /// Whether it is for the server's name.
    pub hostname_match: bool,
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
        let findings = port["findings"].as_array().into_iter().flatten().map(|finding| &finding["id"]);
        json!({
            "banner": banner,
            "notes": notes.collect::<Vec<_>>(),
            "starttls_supported": port["starttls_supported"],
            "capabilities_before_tls": capabilities(&port["capabilities_before_tls"]),
            "capabilities_after_tls": capabilities(&port["capabilities_after_tls"]),
            "tls": of(&port["tls"], &["version", "cipher_suite", "key_exchange", "completed"]),
            "certificate":
                of(&port["certificate"], &["subject", "sans", "key", "chain_valid", "hostname_match"]),
            "chain": port["chain"].as_array().map_or(0, Vec::len),
            "error": port["error"]["code"],
            "findings": findings.collect::<Vec<_>>(),
        })
    }
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
    pub(crate) tls: ExpectedTls,
}

pub(crate) const TLS13: ExpectedTls = ExpectedTls {
    version: "TLS 1.3",
    cipher_suite: "TLS_AES_256_GCM_SHA384",
    key_exchange: "X25519",
    completed: true,
};

impl Usual {
    /// In the order of [`USUAL`](crate::server::USUAL).
    pub(crate) fn expected(&self) -> Vec<Expected> {
        let relay = Expected {
            banner: Some(self.banner),
            notes: Vec::new(),
            starttls_supported: Some(true),
            capabilities_before_tls: Some(self.clear.to_vec()),
            capabilities_after_tls: Some(self.relay.to_vec()),
            tls: Some(self.tls),
            certificate: Some(certificate(self.host, "ECDSA P-256")),
            chain: 2,
            error: None,
            findings: Vec::new(),
        };
        let submission = Expected { capabilities_after_tls: Some(self.submission.to_vec()), ..relay.clone() };
        let submissions =
            Expected { starttls_supported: Some(false), capabilities_before_tls: None, ..submission.clone() };
        vec![relay, submissions, submission]
    }
}

/// A sound one.
pub(crate) fn certificate(host: &'static str, key: &'static str) -> ExpectedCertificate {
    ExpectedCertificate {
        subject: format!("CN={host}"),
        sans: vec![host, "127.0.0.1"],
        key,
        chain_valid: true,
        hostname_match: true,
    }
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
            tls: TLS13,
        };
        let [relay, submissions, _] = &usual.expected()[..] else { panic!("three ports") };
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
                "completed": true,
            },
            "certificate": {
                "subject": "CN=mx.interop.test", "issuer": "CN=Root", "sans": ["mx.interop.test", "127.0.0.1"],
                "key": "ECDSA P-256", "chain_valid": true, "hostname_match": true,
            },
            "chain": [{}, {}],
            "error": null,
            "findings": [],
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
