use heloscope_render::text::TextStyle;
use heloscope_render::{html, markdown, text};
use heloscope_report::Report;
use js_sys::JSON;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure;

/// The report of a test, in each of its forms.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Outcome {
    report: Report,
}

impl Outcome {
    pub(crate) fn new(report: Report) -> Self {
        Self { report }
    }
}

#[wasm_bindgen]
impl Outcome {
    /// The report as a plain object.
    #[wasm_bindgen(getter)]
    pub fn report(&self) -> Result<JsValue, JsValue> {
        to_js(&self.report)
    }

    /// The report as HTML, for the element to show.
    #[wasm_bindgen(getter)]
    pub fn html(&self) -> String {
        html::report(&self.report)
    }

    /// The report as plain text.
    #[wasm_bindgen(getter)]
    pub fn text(&self) -> String {
        text::report(&self.report, TextStyle::Plain)
    }

    /// The report as Markdown, for a ticket.
    #[wasm_bindgen(getter)]
    pub fn markdown(&self) -> String {
        markdown::report(&self.report)
    }

    /// The report as JSON, indented.
    #[wasm_bindgen(getter)]
    pub fn json(&self) -> Result<String, JsValue> {
        let report = to_js(&self.report)?;
        JSON::stringify_with_replacer_and_space(&report, &JsValue::NULL, &JsValue::from(2)).map(String::from)
    }
}

/// What a pasted text was understood as; its TypeScript stands in `lib.rs`.
#[derive(Serialize)]
pub(crate) struct Understood {
    host: String,
    ports: Option<Vec<String>>,
    said: Option<String>,
}

impl From<heloscope_observation::Understood> for Understood {
    fn from(understood: heloscope_observation::Understood) -> Self {
        let ports = understood.ports.map(|ports| ports.iter().map(ToString::to_string).collect());
        Self { host: understood.host.to_string(), ports, said: understood.said }
    }
}

/// As `JSON.parse` would give it.
pub(crate) fn to_js<T: Serialize>(value: &T) -> Result<JsValue, JsValue> {
    value
        .serialize(&Serializer::json_compatible())
        .map_err(|cause| failure::error(&format!("this cannot be shown: {cause}")))
}
