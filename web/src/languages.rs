use std::cell::RefCell;

use heloscope_words::{Catalogue, within};

thread_local! {
    static LEARNED: RefCell<Vec<&'static Catalogue>> = const { RefCell::new(Vec::new()) };
}

/// Takes in a language, the text of a catalogue, and keeps it; one that is known already stays as it is.
pub(crate) fn learn(text: String) {
    LEARNED.with_borrow_mut(|learned| {
        // What is read is kept for good.
        let is_known = known(learned, text.lines().next().unwrap_or_default()).is_some();
        if let Some(catalogue) = (!is_known).then(|| Catalogue::read(text)).flatten() {
            learned.push(catalogue);
        }
    });
}

/// Speaks a language by its name (BCP 47) while `act` runs; English, where it was not learned.
pub(crate) fn speaking<T>(language: &str, act: impl FnOnce() -> T) -> T {
    within(learned(language), act)
}

fn learned(language: &str) -> Option<&'static Catalogue> {
    LEARNED.with_borrow(|learned| known(learned, language))
}

fn known(learned: &[&'static Catalogue], language: &str) -> Option<&'static Catalogue> {
    learned.iter().copied().find(|catalogue| catalogue.language() == language)
}
