//! The words: English stands where it is said, in [`say!`], and is looked up in the language that is spoken.
//!
//! That language is set for a stretch of the program, by [`within`]; where none is set it is English, as it stands. The
//! translations are those of `heloscope-languages`; a program reads one as a [`Catalogue`]. What stands in a table, where nothing
//! can be looked up yet, is marked there by [`mark!`] and said by [`spoken`]. `cargo xtask words` collects both.

// The macro names this crate as others do.
#[cfg(test)]
extern crate self as heloscope_words;

mod catalogue;

use std::cell::Cell;
use std::fmt::{Display, Write};

pub use catalogue::Catalogue;
pub use heloscope_say::say;

/// Marks a message that is said later, by [`spoken`]. It stays what it is.
#[macro_export]
macro_rules! mark {
    ($message:literal) => {
        $message
    };
}

/// Says one of two messages by a count, the first for 1: a `String`. Both are filled as [`say!`] does it.
#[macro_export]
macro_rules! plural {
    ($count:expr, $one:literal, $many:literal $(,)?) => {
        if $count == 1 {
            ::std::string::String::from($crate::say!($one))
        } else {
            ::std::string::String::from($crate::say!($many))
        }
    };
}

thread_local! {
    /// `None` for English.
    static SPOKEN: Cell<Option<&'static Catalogue>> = const { Cell::new(None) };
}

/// Speaks a language while `act` runs, and then again what was spoken before; `None` is English.
pub fn within<T>(catalogue: Option<&'static Catalogue>, act: impl FnOnce() -> T) -> T {
    let _before = Before(SPOKEN.replace(catalogue));
    act()
}

/// The language that was spoken before; it is spoken again, however `act` ends.
struct Before(Option<&'static Catalogue>);

impl Drop for Before {
    fn drop(&mut self) {
        SPOKEN.set(self.0);
    }
}

/// The language that is spoken, BCP 47.
pub fn language() -> &'static str {
    SPOKEN.get().map_or("en", Catalogue::language)
}

/// A message without values in the language that is spoken; as it is where that has no translation.
pub fn spoken(message: &'static str) -> &'static str {
    translation(message).unwrap_or(message)
}

/// The translation of a text that may be a message; `None` where English is spoken, and of any other text.
pub fn translation(text: &str) -> Option<&'static str> {
    SPOKEN.get().and_then(|catalogue| catalogue.translation(text))
}

/// A message with these values in place of what stands in braces, in the order of the English.
pub fn filled(message: &'static str, values: &[&dyn Display]) -> String {
    fill(spoken(message), values)
}

/// What a text says that is made of messages in English, as one is that was written down; in the language that is spoken.
/// `None` where English is spoken, and of any other text.
pub fn retold(text: &str) -> Option<String> {
    SPOKEN.get().and_then(|catalogue| catalogue.retold(text))
}

/// The values, in the order of the English, with which this message is a text, in English or in the language that is spoken;
/// `None` where it is not.
pub fn said(message: &'static str, text: &str) -> Option<Vec<String>> {
    let owned = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect();
    if let Some(values) = catalogue::values(message, text) {
        return Some(owned(values));
    }
    let translation = translation(message)?;
    let values = catalogue::values(translation, text)?;
    let places =
        translation.split('{').skip(1).filter_map(|part| part.split_once('}')?.0.parse::<usize>().ok());
    let mut placed: Vec<(usize, &str)> = places.zip(values).collect();
    placed.sort_unstable();
    Some(owned(placed.into_iter().map(|(_, value)| value).collect()))
}

/// Puts values in the place of what stands in braces, by their numbers or one after the other.
fn fill(message: &str, values: &[&dyn Display]) -> String {
    let mut out = String::new();
    let (mut next, mut rest) = (0, message);
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        out.push_str(before);
        rest = after;
        // A translation numbers its values, English has them in their order.
        let place = match name.as_bytes() {
            [digit @ b'0'..=b'9'] => usize::from(digit - b'0'),
            _ => next,
        };
        next += 1;
        if let Some(value) = values.get(place) {
            // A `String` takes whatever is written.
            let _ = write!(out, "{value}");
        }
    }
    out.push_str(rest);
    out
}

/// A number of a whole part and the digits of its fraction, with the sign between them that the language spoken has: `31.249`.
pub fn decimal(whole: u64, fraction: &str) -> String {
    format!("{whole}{}{fraction}", decimal_sign())
}

/// The sign between a number's whole part and its fraction in the language that is spoken.
pub fn decimal_sign() -> char {
    /// A half, as it is written.
    const HALF: &str = mark!("0.5");
    spoken(HALF).chars().find(|character| !character.is_ascii_digit()).unwrap_or('.')
}

/// A sentence of its own as a part of another. In English its first letter is then a small one, unless it begins an
/// abbreviation. Where nouns have capitals its first word is small only if it is one of a few.
pub fn small(sentence: &str) -> String {
    /// Where nouns have capitals: the words that begin a sentence with a capital and have a small letter within one.
    const SMALL_WITHIN: &str = mark!("A An No The");
    let is_small = match SPOKEN.get() {
        None => sentence.chars().nth(1).is_some_and(|second| !second.is_ascii_uppercase()),
        Some(_) => {
            let first = sentence.split(' ').next().unwrap_or_default();
            spoken(SMALL_WITHIN).split(' ').any(|word| word == first)
        }
    };
    let mut small = sentence.to_owned();
    if let Some(first) = small.get_mut(..1).filter(|_| is_small) {
        first.make_ascii_lowercase();
    }
    small
}

/// Words with their first letter a capital one, to begin a sentence.
pub fn capital(words: &str) -> String {
    let mut capital = words.to_owned();
    if let Some(first) = capital.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    capital
}

#[cfg(test)]
mod tests {
    use super::*;
    fn german() -> &'static Catalogue {
        Catalogue::read(
            "de\n1 line\n1 Zeile\nA An No The\nDas Der\nRelay\nRelais\n{count} lines\n{0} Zeilen\n{} with {}\n{1} mit {0}\n".to_owned(),
        )
        .expect("it is one")
    }

    #[test]
    fn english_is_what_stands_there() {
        let count = 3;
        assert_eq!(say!("Relay"), "Relay");
        assert_eq!(say!("{count} lines"), "3 lines");
        assert_eq!(say!("{} with {}", "TLS 1.3", 'x'), "TLS 1.3 with x");
        assert_eq!(language(), "en");
    }

    #[test]
    fn a_language_is_spoken_within_and_not_after() {
        let count = 3;
        within(Some(german()), || {
            assert_eq!(language(), "de");
            assert_eq!(say!("Relay"), "Relais");
            assert_eq!(say!("{count} lines"), "3 Zeilen");
            assert_eq!(say!("{} with {}", "a", "b"), "b mit a");
            assert_eq!(
                [1, 2].map(|count| plural!(count, "1 line", "{count} lines")),
                ["1 Zeile", "2 Zeilen"]
            );
            assert_eq!(say!("not translated"), "not translated");
            within(None, || assert_eq!(say!("Relay"), "Relay"));
            assert_eq!(say!("Relay"), "Relais");
        });
        assert_eq!(say!("Relay"), "Relay");
    }

    #[test]
    fn what_was_said_in_english_is_told_again() {
        let text = "de\nNothing listens there.\nDort lauscht nichts.\n{ip} refused port {port}.\n\
                    Port {1} wird von {0} abgewiesen.\n{} with {}\n{0} mit {1}\n\
                    The relay is away: {cause}.\nDas Relay ist nicht da: {0}.\n";
        let catalogue = Catalogue::read(text.to_owned()).expect("it is one");
        for (english, german) in [
            ("Nothing listens there.", Some("Dort lauscht nichts.")),
            ("192.0.2.1 refused port 25.", Some("Port 25 wird von 192.0.2.1 abgewiesen.")),
            (
                "192.0.2.1 refused port 25. 192.0.2.2 refused port 25. Nothing listens there.",
                Some(
                    "Port 25 wird von 192.0.2.1 abgewiesen. Port 25 wird von 192.0.2.2 abgewiesen. Dort lauscht nichts.",
                ),
            ),
            (
                "The relay is away: 192.0.2.1 refused port 80.",
                Some("Das Relay ist nicht da: Port 80 wird von 192.0.2.1 abgewiesen."),
            ),
            ("The relay is away: who knows.", Some("Das Relay ist nicht da: who knows.")),
            (
                "The relay is away: The relay is away: 192.0.2.1 refused port 80.",
                Some("Das Relay ist nicht da: Das Relay ist nicht da: 192.0.2.1 refused port 80."),
            ),
            ("192.0.2.1 refused port 25. Why, nobody knows.", None),
            (" refused port 25.", None),
            // Too little of it is the message's own.
            ("TLS with care", None),
            ("", None),
        ] {
            assert_eq!(catalogue.retold(english).as_deref(), german, "{english}");
        }
        assert_eq!(catalogue.retold(&"The relay is away: ".repeat(30)), None);
        assert_eq!(
            within(Some(catalogue), || retold("Nothing listens there.")).as_deref(),
            Some("Dort lauscht nichts.")
        );
        assert_eq!(retold("Nothing listens there."), None);
    }

    #[test]
    fn values_are_read_from_what_was_said() {
        const MESSAGE: &str = "{ip} refused port {port}.";
        let catalogue =
            Catalogue::read(format!("de\n{MESSAGE}\nPort {{1}} weist {{0}} ab.\n")).expect("it is one");
        let values = Some(vec!["192.0.2.1".to_owned(), "25".to_owned()]);
        assert_eq!(said(MESSAGE, "192.0.2.1 refused port 25."), values);
        assert_eq!(said(MESSAGE, "Port 25 weist 192.0.2.1 ab."), None);
        within(Some(catalogue), || {
            assert_eq!(said(MESSAGE, "192.0.2.1 refused port 25."), values);
            assert_eq!(said(MESSAGE, "Port 25 weist 192.0.2.1 ab."), values);
            assert_eq!(said(MESSAGE, "Port 25 weist etwas anderes"), None);
        });
    }

    #[test]
    fn a_number_has_the_sign_of_its_language() {
        let catalogue = Catalogue::read("de\n0.5\n0,5\n".to_owned()).expect("it is one");
        assert_eq!(decimal(31, "249"), "31.249");
        within(Some(catalogue), || assert_eq!(decimal(31, "049"), "31,049"));
    }

    #[test]
    fn small_letters_are_english() {
        assert_eq!(small("The certificate has expired"), "the certificate has expired");
        assert_eq!(small("STARTTLS is not offered"), "STARTTLS is not offered");
        within(Some(german()), || {
            assert_eq!(small("Zertifikat fehlt"), "Zertifikat fehlt");
            assert_eq!(small("Das Zertifikat fehlt"), "das Zertifikat fehlt");
        });
        assert_eq!(capital("it is for a"), "It is for a");
    }

    #[test]
    fn what_is_left_in_english_is_found() {
        let text =
            "de\nRelay\nRelais\nThe server closed it {at}.\nDer Server hat sie {0} geschlossen.\n".to_owned();
        let catalogue = Catalogue::read(text).expect("it is one");
        let left = "Port 25: The server closed it at once.";
        assert_eq!(catalogue.left_english(left), ["The server closed it {at}."]);
        assert_eq!(
            catalogue.left_english("Der Server hat sie sofort geschlossen. Relay"),
            Vec::<&str>::new()
        );
    }
}
