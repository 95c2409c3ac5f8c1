//! The scenes of the report's tests, judged as WebAssembly: `npm test` has the native tests write down each scene that they
//! judge, with the report, and asks for the report once more here, under Node. The two must be the same.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use heloscope_languages::{TRANSLATIONS, catalogue};
use heloscope_observation::Observations;
use heloscope_pki::{TrustAnchors, Verifier};
use heloscope_words::{Catalogue, within};
use serde::Deserialize;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// The report on a scene in a language (BCP 47), both the scene and the report as JSON. Throws where the scene cannot be read,
/// there is no such language, or the report panics.
#[wasm_bindgen]
pub fn judge(scene: &str, language: &str) -> Result<String, JsError> {
    #[cfg(target_family = "wasm")]
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&panic.to_string())));
    let spoken = match language {
        "en" => None,
        other => Some(
            *CATALOGUES
                .get(other)
                .ok_or_else(|| JsError::new(&format!("there is no translation to {other}")))?,
        ),
    };
    let scene: Scene = serde_json::from_str(scene)?;
    let mut anchors = TrustAnchors::none();
    if let Some(pem) = &scene.anchors {
        anchors.add_pem(pem)?;
    }
    let report =
        within(spoken, || heloscope_report::judge(&scene.observations, &Verifier::new(&anchors), scene.now));
    Ok(serde_json::to_string(&report)?)
}

/// What `crates/report/tests/scene/told.rs` writes.
#[derive(Deserialize)]
struct Scene {
    observations: Observations,
    /// Private trust anchors in PEM; `None` where there is none.
    anchors: Option<String>,
    /// The time of judgement in Unix seconds.
    now: i64,
}

/// Each is read once, and kept.
static CATALOGUES: LazyLock<BTreeMap<&str, &Catalogue>> = LazyLock::new(|| {
    TRANSLATIONS.iter().filter_map(|(language, _)| Some((*language, catalogue(language)?))).collect()
});
