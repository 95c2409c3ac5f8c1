use std::cell::RefCell;

use heloscope_words::capital;
use js_sys::{Error, Function};
use wasm_bindgen::JsValue;

use crate::host;

thread_local! {
    /// How to reject each promise that is not settled yet, with the test's number.
    static UNSETTLED: RefCell<Vec<(u32, Function)>> = const { RefCell::new(Vec::new()) };
}

/// An `Error` to throw.
pub(crate) fn error(message: &str) -> JsValue {
    Error::new(message).into()
}

/// An `Error` to throw for what was given and is wrong. What is said of it stands after other words in a terminal; here it is
/// a sentence by itself.
pub(crate) fn wrong(words: &str) -> JsValue {
    error(&format!("{}.", capital(words)))
}

/// Has a panic, which stops the module for good, rejected as an error of every test under way, instead of leaving each
/// to wait for ever.
pub(crate) fn watch() {
    std::panic::set_hook(Box::new(|panic| {
        let message = format!("the test program failed, please report this: {panic}");
        let error = error(&message);
        host::console_error(&error);
        for (_, reject) in UNSETTLED.take() {
            let _ = reject.call1(&JsValue::UNDEFINED, &error);
        }
    }));
}

/// A promise that a panic rejects, as long as this lives.
pub(crate) struct Unsettled(u32);

impl Unsettled {
    pub(crate) fn new(reject: &Function) -> Self {
        UNSETTLED.with_borrow_mut(|unsettled| {
            let number = unsettled.last().map_or(0, |(last, _)| last.wrapping_add(1));
            unsettled.push((number, reject.clone()));
            Self(number)
        })
    }
}

impl Drop for Unsettled {
    fn drop(&mut self) {
        UNSETTLED.with_borrow_mut(|unsettled| unsettled.retain(|(number, _)| *number != self.0));
    }
}
