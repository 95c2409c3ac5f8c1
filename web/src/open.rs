//! Reports that were made elsewhere: saved ones, and those that came with a link. Whoever wrote one may have meant ill.

mod report;

use heloscope_report::{Report, SCHEMA_VERSION};
use heloscope_words::say;
use js_sys::{JSON, Reflect};
use wasm_bindgen::JsValue;

use crate::failure;
use crate::outcome::Outcome;

/// Reads a report from its JSON; an error is a sentence for the person who opened it.
pub(crate) fn open(text: &str) -> Result<Outcome, JsValue> {
    read(text).map(Outcome::new).map_err(|sentence| failure::error(&sentence))
}

fn read(text: &str) -> Result<Report, String> {
    let json = JSON::parse(text).map_err(|_| say!("This is no report: it is not JSON."))?;
    let version = Reflect::get(&json, &"schema_version".into()).ok().and_then(|version| version.as_f64());
    let version = version.ok_or(say!(
        "This is no Heloscope report: it is JSON, but has no schema_version that is a number."
    ))?;
    // As a whole number: what writes out others would be part of the module.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let version = version.ceil() as u32;
    if version > SCHEMA_VERSION {
        return Err(say!(
            "This report has schema version {version}; this page knows versions up to {SCHEMA_VERSION}. Open it where it \
             was made, or with a newer Heloscope."
        ));
    }
    report::report(&json).map_err(|field| {
        say!(
            "This is no whole Heloscope report: the field “{field}” is missing, or holds what it cannot hold."
        )
    })
}
