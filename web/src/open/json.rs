//! What `JSON.parse` made, read as a report. By hand: with what serde derives for it the module would be 9 KB of brotli
//! larger, with `serde-wasm-bindgen` 13 KB. For the same reason nothing returns early: what is not as it should be is
//! noted, something stands in its place, and whoever asked for the report throws it away.

use std::fmt;

use heloscope_report::{
    Capability, Certificate, ChainError, CheckVerdict, ErrorCode, Finding, LeafCertificate, Phase, Port,
    PortError, Report, Role, Severity, Speaker, Status, Timings, Tls, TranscriptLine, Trust, Verdict,
};
use js_sys::{Array, Reflect};
use serde::Deserialize;
use serde::de::value::StringDeserializer;
use serde::de::{Error, Expected, IntoDeserializer, Unexpected};
use wasm_bindgen::{JsCast, JsValue};

/// Entries of any list in a report, and findings of all ports together: more than any test writes. Some of what is
/// rendered takes time by the square of that.
const MAX_ENTRIES: u32 = 2500;
/// Ports of a report.
const MAX_PORTS: usize = 100;

/// Reads a report; an error is the name of a field that is missing, or that holds what it cannot hold.
pub(super) fn report(json: &JsValue) -> Result<Report, &'static str> {
    let mut reader = Reader { field: "", odd: None };
    let report = Report::read(json, &mut reader);
    let findings: usize = report.ports.iter().map(|port| port.findings.len()).sum();
    if report.ports.len() > MAX_PORTS {
        return Err("ports");
    }
    if u32::try_from(findings).is_ok_and(|findings| findings > MAX_ENTRIES) {
        return Err("findings");
    }
    reader.odd.map_or(Ok(report), Err)
}

struct Reader {
    /// The field that is being read.
    field: &'static str,
    /// The first that was not as it should be.
    odd: Option<&'static str>,
}

impl Reader {
    fn field<T: FromJson>(&mut self, object: &JsValue, name: &'static str) -> T {
        let outer = std::mem::replace(&mut self.field, name);
        let value = T::read(&self.member(object, name), self);
        self.field = outer;
        value
    }

    #[inline(never)]
    fn member(&mut self, object: &JsValue, name: &str) -> JsValue {
        Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
    }

    #[inline(never)]
    fn odd(&mut self) {
        self.odd.get_or_insert(self.field);
    }

    /// A whole number that JSON keeps exactly: one of at most 53 bits.
    fn whole(&mut self, value: &JsValue) -> i64 {
        let number = value.as_f64().filter(|number| number.trunc() == *number && number.abs() < 9e15);
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and has 53 bits at most")]
        let number = number.map(|number| number as i64);
        number.unwrap_or_else(|| {
            self.odd();
            0
        })
    }
}

/// What can be read of a value. One that is missing is `undefined`.
trait FromJson {
    fn read(value: &JsValue, reader: &mut Reader) -> Self;
}

/// Reads each field by its own name.
macro_rules! objects {
    ($($object:ident { $($name:ident),* $(,)? })*) => {$(
        impl FromJson for $object {
            fn read(value: &JsValue, reader: &mut Reader) -> Self {
                Self { $($name: reader.field(value, stringify!($name))),* }
            }
        }
    )*};
}

objects! {
    Report { schema_version, host, tested_at, duration_ms, vantage, status, findings, ports }
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
        }
    }
}

impl FromJson for bool {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        value.as_bool().unwrap_or_else(|| {
            reader.odd();
            false
        })
    }
}

impl FromJson for String {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        value.as_string().unwrap_or_else(|| {
            reader.odd();
            Self::new()
        })
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl FromJson for $number {
            fn read(value: &JsValue, reader: &mut Reader) -> Self {
                reader.whole(value).try_into().unwrap_or_else(|_| {
                    reader.odd();
                    0
                })
            }
        }
    )*};
}

numbers! { u16 u32 u64 usize i64 }

impl<T: FromJson> FromJson for Option<T> {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        (!value.is_null() && !value.is_undefined()).then(|| T::read(value, reader))
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn read(value: &JsValue, reader: &mut Reader) -> Self {
        let Some(list) = value.dyn_ref::<Array>().filter(|list| list.length() <= MAX_ENTRIES) else {
            reader.odd();
            return Self::new();
        };
        list.iter().map(|entry| T::read(&entry, reader)).collect()
    }
}

/// Variants are read by the names that serde knows them by; one of them stands in for what is none.
macro_rules! variants {
    ($($kind:ident::$fallback:ident)*) => {$(
        impl FromJson for $kind {
            fn read(value: &JsValue, reader: &mut Reader) -> Self {
                let name: StringDeserializer<Unknown> = String::read(value, reader).into_deserializer();
                Self::deserialize(name).unwrap_or_else(|Unknown| {
                    reader.odd();
                    Self::$fallback
                })
            }
        }
    )*};
}

variants! {
    ChainError::Other ErrorCode::Closed Phase::Connect Role::Custom Severity::Notice Speaker::Server Status::Untested
    Trust::Private Verdict::NotTested
}

/// There is no such variant.
#[derive(Debug)]
struct Unknown;

impl Error for Unknown {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }

    // Without these, the sentences for them would be put together, and be part of the module.
    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown")
    }
}

impl std::error::Error for Unknown {}
