/// The messages of a language. It is kept for as long as the program runs, so that words can be lent from it.
#[derive(Debug)]
pub struct Catalogue {
    language: &'static str,
    /// English and the translation, in the order of the English.
    messages: Vec<(&'static str, &'static str)>,
}

impl Catalogue {
    /// Reads a catalogue: a line with its language (BCP 47), then message and translation, a line each, in the order of
    /// the messages' octets. `None` for what is none.
    pub fn read(text: String) -> Option<&'static Self> {
        let mut lines = text.leak().lines();
        let language = lines.next()?;
        let mut messages = Vec::new();
        while let Some(message) = lines.next() {
            messages.push((message, lines.next()?));
        }
        Some(Box::leak(Box::new(Self { language, messages })))
    }

    /// Its language, BCP 47.
    pub fn language(&self) -> &'static str {
        self.language
    }

    /// The translation of a message; `None` where it has none.
    pub fn translation(&self, message: &str) -> Option<&'static str> {
        let place = self.messages.binary_search_by_key(&message, |(english, _)| english).ok()?;
        self.messages.get(place).map(|(_, translation)| *translation)
    }

    /// Every message with its translation, in the order of the English.
    pub fn messages(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.messages.iter().copied()
    }

    /// The messages that a text has in English, though they are translated: none, where all of it was said in this
    /// language. What is too short to be told from a name is passed over.
    pub fn left_english(&self, text: &str) -> Vec<&'static str> {
        let told = |part: &&str| part.len() >= 12 && part.contains(' ');
        let left = |(message, translation): &(&'static str, &'static str)| {
            let mut parts = message.split(['{', '}']).step_by(2).map(str::trim).filter(told);
            parts.any(|part| whole(text, part) && !translation.contains(part))
        };
        self.messages().filter(left).map(|(message, _)| message).collect()
    }
}

/// Whether a text has a part that begins no sooner than one of its words.
fn whole(text: &str, part: &str) -> bool {
    text.match_indices(part).any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric))
}
