//! A report, read from its JSON.

use heloscope_report::{
    Capability, Certificate, ChainError, CheckVerdict, ErrorCode, Finding, LeafCertificate, Phase, Port,
    PortError, Report, Role, Severity, Speaker, Status, Timings, Tls, TranscriptLine, Trust, Verdict,
};
use wasm_bindgen::JsValue;

use crate::json::{self, FromJson, MAX_ENTRIES, Reader, objects, variants};

/// Ports of a report, at most; there is always one.
const MAX_PORTS: usize = 100;

/// Reads a report; an error is the name of a field that is missing, or that holds what it cannot hold.
pub(super) fn report(json: &JsValue) -> Result<Report, &'static str> {
    let report: Report = json::read(json)?;
    let findings: usize = report.ports.iter().map(|port| port.findings.len()).sum();
    if report.ports.is_empty() || report.ports.len() > MAX_PORTS {
        return Err("ports");
    }
    // Each is compared with the others when it is rendered.
    if u32::try_from(findings).is_ok_and(|findings| findings > MAX_ENTRIES) {
        return Err("findings");
    }
    Ok(report)
}

objects! {
    PortError { code, message, phase }
    Capability { keyword, params, meaning }
    Certificate {
        subject, issuer, sans, sans_total, not_before, not_after, days_remaining, serial, sha256, key,
        signature_algorithm, signed_with_own_key, unreadable,
    }
    Finding { id, severity, title, explanation, fix, reference }
    CheckVerdict { id, verdict, why }
    Timings {
        began_ms, relay_ms, resolve_ms, connect_ms, greeting_ms, tls_ms, other_connections_ms, total_ms,
    }
    TranscriptLine { at_ms, from, encrypted, text }
}

impl FromJson for Report {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        // The first reports do not have it, and are English.
        let language: Option<String> = reader.field(value, "language");
        Self {
            schema_version: reader.field(value, "schema_version"),
            language: language.unwrap_or_else(|| "en".to_owned()),
            host: reader.field(value, "host"),
            address: reader.field(value, "address"),
            tested_at: reader.field(value, "tested_at"),
            duration_ms: reader.field(value, "duration_ms"),
            vantage: reader.field(value, "vantage"),
            status: reader.field(value, "status"),
            findings: reader.field(value, "findings"),
            ports: reader.field(value, "ports"),
        }
    }
}

impl FromJson for Port {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        // The first reports do not have them.
        let notes: Option<Vec<String>> = reader.field(value, "notes");
        Self {
            port: reader.field(value, "port"),
            role: reader.field(value, "role"),
            implicit_tls: reader.field(value, "implicit_tls"),
            connected: reader.field(value, "connected"),
            address: reader.field(value, "address"),
            error: reader.field(value, "error"),
            banner: reader.field(value, "banner"),
            notes: notes.unwrap_or_default(),
            starttls_supported: reader.field(value, "starttls_supported"),
            capabilities: reader.field(value, "capabilities"),
            capabilities_before_tls: reader.field(value, "capabilities_before_tls"),
            capabilities_after_tls: reader.field(value, "capabilities_after_tls"),
            tls: reader.field(value, "tls"),
            certificate: reader.field(value, "certificate"),
            chain: reader.field(value, "chain"),
            findings: reader.field(value, "findings"),
            checks: reader.field(value, "checks"),
            timings: reader.field(value, "timings"),
            transcript: reader.field(value, "transcript"),
        }
    }
}

impl FromJson for Tls {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        // The first reports do not have it.
        let requested: Option<bool> = reader.field(value, "client_certificate_requested");
        Self {
            version: reader.field(value, "version"),
            cipher_suite: reader.field(value, "cipher_suite"),
            key_exchange: reader.field(value, "key_exchange"),
            completed: reader.field(value, "completed"),
            client_certificate_requested: requested.unwrap_or_default(),
        }
    }
}

impl FromJson for LeafCertificate {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        Self {
            facts: FromJson::read(value, reader),
            chain_valid: reader.field(value, "chain_valid"),
            chain_error: reader.field(value, "chain_error"),
            chain_error_text: reader.field(value, "chain_error_text"),
            trust: reader.field(value, "trust"),
            hostname_match: reader.field(value, "hostname_match"),
            self_signed: reader.field(value, "self_signed"),
            path_days_remaining: reader.field(value, "path_days_remaining"),
        }
    }
}

variants! {
    ChainError::Other ErrorCode::Closed Phase::Connect Role::Custom Severity::Notice Speaker::Server Status::Untested
    Trust::Private Verdict::NotTested
}
