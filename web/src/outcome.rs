use heloscope_render::text::TextStyle;
use heloscope_render::{html, markdown, text};
use heloscope_report::{Remedies, Report};
use js_sys::JSON;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{failure, languages};

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

    /// What is said around a report is in its language.
    fn spoken(&self, form: impl FnOnce() -> String) -> String {
        languages::speaking(&self.report.language, form)
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
        self.spoken(|| html::report(&self.report))
    }

    /// What there is to paste for a finding, the first that `html` shows being 0: HTML, for the element to show.
    /// `remedies` is the text of `remedies.txt`.
    pub fn remedy(&self, place: usize, remedies: &str) -> String {
        self.spoken(|| html::remedy(&self.report, place, Remedies::new(remedies)))
    }

    /// The report as plain text, with what there is to paste.
    pub fn text(&self, remedies: &str) -> String {
        self.spoken(|| text::report_with_remedies(&self.report, TextStyle::Plain, Remedies::new(remedies)))
    }

    /// The report as Markdown, for a ticket, with what there is to paste.
    pub fn markdown(&self, remedies: &str) -> String {
        self.spoken(|| markdown::report_with_remedies(&self.report, Remedies::new(remedies)))
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
