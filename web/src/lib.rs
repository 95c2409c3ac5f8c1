//! The browser's half: a probe over WebSockets, and the report.
//!
//! A driver and nothing else: what is parsed, judged or put into words is so elsewhere. Works wherever there are
//! `WebSocket`, `performance`, `setTimeout` and `URL`: in pages, in workers and in Node.

mod failure;
mod host;
mod json;
mod languages;
mod open;
mod outcome;
mod socket;
mod sockets;
mod test;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::AbortSignal;

pub use outcome::Outcome;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What a pasted text was understood as. */
export interface Understood {
  /** The mail server: a name in lower case and A-label form, or an IP address. */
  host: string;
  /** The ports named, such as "25" or "2525/starttls"; null where none is. */
  ports: string[] | null;
  /** A sentence that says what was understood, where the text is more than the host. */
  said: string | null;
}

/** What to test, and how. */
export interface TestOptions {
  host: string;
  /** "25", "465", "587", or any other with its TLS mode: "2525/starttls". All three standard ones where it is empty. */
  ports: readonly string[];
  /** The relay's address: http:, https:, ws: or wss:. */
  relay: string;
  /** An address of the host to connect to, instead of those that its name has. */
  address?: string | undefined;
  /** Trust anchors besides Mozilla's, certificates in PEM. */
  trustAnchors?: string | undefined;
  /** The language of the report, BCP 47; English where it was not learned. */
  language?: string | undefined;
}
"#;

#[wasm_bindgen(start)]
fn start() {
    failure::watch();
}

/// Takes in a language, the text of `de.txt`: it can be spoken from then on.
#[wasm_bindgen]
pub fn learn(text: String) {
    languages::learn(text);
}

/// Reads what a person pastes: a host, `host:587`, a URL, a mail address; speaks `language`.
///
/// Throws an `Error` whose message says what is wrong, for that person.
#[wasm_bindgen(unchecked_return_type = "Understood")]
pub fn understand(text: &str, language: &str) -> Result<JsValue, JsValue> {
    languages::speaking(language, || {
        let understood = heloscope_observation::understand(text, host::to_ascii)
            .map_err(|cause| failure::wrong(&cause.to_string()))?;
        outcome::to_js(&outcome::Understood::from(understood))
    })
}

/// Opens a report that was made elsewhere, from its JSON. It is shown in its own language, if that was learned; an error is
/// in `language`.
///
/// Throws an `Error` whose message says why it is none, for the person who opened it.
#[wasm_bindgen]
pub fn open(text: &str, language: &str) -> Result<Outcome, JsValue> {
    languages::speaking(language, || open::open(text))
}

/// Tests a mail server through a relay.
///
/// `on_progress` gets the state so far as HTML, at most every 50 ms, and at least once a second. The promise is rejected
/// where an option is wrong, and where `signal` aborts, with the signal's reason. Whatever server or relay do is in the
/// outcome.
#[wasm_bindgen(unchecked_return_type = "Promise<Outcome>")]
pub fn run(
    #[wasm_bindgen(unchecked_param_type = "TestOptions")] options: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "(html: string) => void")] on_progress: JsValue,
    signal: Option<AbortSignal>,
) -> Promise {
    let begun = on_progress
        .dyn_into::<Function>()
        .map_err(|_| failure::wrong("the option onProgress must be a function"))
        .and_then(|on_progress| test::begin(options, on_progress, signal));
    begun.unwrap_or_else(|cause| Promise::reject(&cause))
}
