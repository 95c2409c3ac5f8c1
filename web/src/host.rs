//! What the JavaScript host brings, the same in pages, in workers and in Node.

use std::time::Duration;

use js_sys::Function;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, EventTarget, Url};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    // A number in a page, an object in Node.
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(run: &Function, milliseconds: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timeout: &JsValue);
    /// Writes a line to the console.
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub(crate) fn console_error(what: &JsValue);
}

/// A clock that only goes forward.
pub(crate) struct Clock {
    began: f64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { began: performance_now() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Duration::try_from_secs_f64((performance_now() - self.began) / 1000.0).unwrap_or_default()
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z.
pub(crate) fn wall_clock_ms() -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a date has 53 bits at most, and whole milliseconds")]
    let now = js_sys::Date::now() as i64;
    now
}

/// A timer that runs one thing, once each time it is set.
pub(crate) struct Timer {
    ring: Closure<dyn FnMut()>,
    set: Option<JsValue>,
}

impl Timer {
    pub(crate) fn new(ring: impl FnMut() + 'static) -> Self {
        Self { ring: Closure::new(ring), set: None }
    }

    /// Rings once after this time, and no more for what was set before.
    pub(crate) fn set(&mut self, after: Duration) {
        self.clear();
        let milliseconds = (after.as_secs_f64() * 1000.0).ceil();
        self.set = Some(set_timeout(self.ring.as_ref().unchecked_ref(), milliseconds));
    }

    fn clear(&mut self) {
        if let Some(set) = self.set.take() {
            clear_timeout(&set);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Listens to an `AbortSignal`, as long as it lives.
pub(crate) struct AbortListener {
    signal: AbortSignal,
    heard: Closure<dyn FnMut()>,
}

impl AbortListener {
    pub(crate) fn new(signal: AbortSignal, heard: impl FnMut() + 'static) -> Result<Self, JsValue> {
        let heard: Closure<dyn FnMut()> = Closure::new(heard);
        let target: &EventTarget = signal.as_ref();
        target.add_event_listener_with_callback("abort", heard.as_ref().unchecked_ref())?;
        Ok(Self { signal, heard })
    }

    pub(crate) fn reason(&self) -> JsValue {
        self.signal.reason()
    }
}

impl Drop for AbortListener {
    fn drop(&mut self) {
        let target: &EventTarget = self.signal.as_ref();
        // It fails for no signal, and there is nothing to be done about it.
        let _ = target.remove_event_listener_with_callback("abort", self.heard.as_ref().unchecked_ref());
    }
}

/// A name in A-label form, by the host's own UTS #46; `None` where the name has none.
pub(crate) fn to_ascii(name: &str) -> Option<String> {
    let url = Url::new(&format!("http://{name}/")).ok()?;
    Some(url.hostname()).filter(|ascii| !ascii.is_empty())
}
