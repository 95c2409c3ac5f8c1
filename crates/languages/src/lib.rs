//! The translations of every message, gettext's `po/….po`, as a program reads them.
//!
//! Apart from [`heloscope_words`], so that the page's WebAssembly need not be made again for a word that is translated better.

use heloscope_words::Catalogue;

/// The translations that there are, each by its language (BCP 47), as [`Catalogue::read`] takes them.
pub const TRANSLATIONS: [(&str, &str); 1] = [("de", include_str!(concat!(env!("OUT_DIR"), "/de.txt")))];

/// The catalogue of a language (BCP 47); `None` for one that there is not, and for English, which needs none. Each call reads
/// it anew, and keeps it.
pub fn catalogue(language: &str) -> Option<&'static Catalogue> {
    let (_, text) = TRANSLATIONS.into_iter().find(|(other, _)| *other == language)?;
    Catalogue::read(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_translation_can_be_read_and_its_messages_are_found() {
        for (language, _) in TRANSLATIONS {
            let catalogue = catalogue(language).expect(language);
            assert_eq!(catalogue.language(), language);
            let messages: Vec<_> = catalogue.messages().map(|(message, _)| message).collect();
            assert!(messages.len() > 1000);
            assert!(messages.iter().all(|message| catalogue.translation(message).is_some()));
        }
    }

    /// One word for one thing: who asks for a client certificate does not demand it, and a log is no protocol.
    #[test]
    fn german_keeps_to_its_terms() {
        let catalogue = catalogue("de").expect("there is German");
        let asks = ["Requested", "Asks for a client certificate", "sked for a client certificate"];
        for (message, translation) in catalogue.messages() {
            let asks = asks.iter().any(|words| message == *words || message.contains(&format!("{words},")));
            assert!(!asks || !translation.contains("erlangt"), "{translation}");
            assert!(!message.contains("server's log") || !translation.contains("Protokoll"), "{translation}");
            assert!(!translation.contains("Kommando"), "{translation}");
        }
    }
}
