use std::fmt::Display;

use crate::fill;

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

    /// What a text of at most 500 octets says in this language that is made of messages, one sentence after the other, with
    /// their values filled in, which may be messages, too; `None` where a part of it is none.
    pub fn retold(&self, text: &str) -> Option<String> {
        if text.len() > LONGEST { None } else { self.told(text, true) }
    }

    /// What is in a message that is itself a value is not looked at for more of them: who wrote it could nest without end.
    fn told(&self, text: &str, nests: bool) -> Option<String> {
        let mut ends: Vec<usize> = text.match_indices(". ").map(|(at, _)| at + 1).collect();
        ends.push(text.len());
        // The longest first: one message may have several sentences.
        ends.iter().rev().find_map(|&end| {
            let (first, rest) = text.split_at_checked(end)?;
            let told = self.filled(first, nests)?;
            match rest.trim_start() {
                "" => Some(told),
                rest => self.told(rest, nests).map(|rest| format!("{told} {rest}")),
            }
        })
    }

    /// The translation of the one message that, with values filled in, is this text.
    fn filled(&self, text: &str, nests: bool) -> Option<String> {
        if let Some(translation) = self.translation(text) {
            return Some(translation.to_owned());
        }
        let fits = self.messages().filter_map(|(message, translation)| {
            let values = values(message, text)?;
            let own = text.len() - values.iter().map(|value| value.len()).sum::<usize>();
            (own >= TELLING).then_some((own, translation, values))
        });
        let (_, translation, values) = fits.max_by_key(|(own, ..)| *own)?;
        let values: Vec<String> = values
            .into_iter()
            .map(|value| if nests { self.value(value) } else { value.to_owned() })
            .collect();
        let values: Vec<&dyn Display> = values.iter().map(|value| value as &dyn Display).collect();
        Some(fill(translation, &values))
    }

    /// A value as it is, unless it is a message of its own, be it without its full stop.
    fn value(&self, value: &str) -> String {
        let sentence = || self.told(&format!("{value}."), false)?.strip_suffix('.').map(str::to_owned);
        self.told(value, false).or_else(sentence).unwrap_or_else(|| value.to_owned())
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

/// Octets of a text beyond which it is not looked at: what the relay writes is not ours.
const LONGEST: usize = 500;
/// Octets of its own that a message needs to be known by.
const TELLING: usize = 12;

/// With which values in place of what stands in braces a message is this text; `None` where it is not.
pub(crate) fn values<'a>(message: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = message.split('{');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut parts = parts.map(|part| part.split_once('}').map_or("", |(_, own)| own)).peekable();
    let mut values = Vec::new();
    while let Some(own) = parts.next() {
        let (value, after) = match parts.peek() {
            None => (rest.strip_suffix(own)?, ""),
            Some(_) if own.is_empty() => return None,
            Some(_) => rest.split_once(own)?,
        };
        // What holds the end of a sentence is more than a value.
        if value.is_empty() || value.contains(". ") {
            return None;
        }
        values.push(value);
        rest = after;
    }
    rest.is_empty().then_some(values)
}

/// Whether a text has a part that begins no sooner than one of its words.
fn whole(text: &str, part: &str) -> bool {
    text.match_indices(part).any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric))
}
