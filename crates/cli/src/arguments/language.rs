use std::ffi::OsString;
use std::str::FromStr;

use heloscope_languages::{TRANSLATIONS, catalogue};
use heloscope_words::{Catalogue, say};

/// The language of the report, BCP 47; a region is passed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Language(pub(crate) Option<&'static Catalogue>);

impl Language {
    /// The one that a command line asks for, which has not been read yet: `--help` and what is wrong with the others of its
    /// words are told in it as well. English where it asks for none that there is.
    pub(crate) fn of_command_line(words: impl Iterator<Item = OsString>) -> Self {
        let mut asked = None;
        let mut is_next = false;
        for word in words {
            let word = word.to_string_lossy().into_owned();
            match word.strip_prefix("--lang") {
                _ if is_next => (asked, is_next) = (Some(word), false),
                Some("") => is_next = true,
                Some(rest) => asked = rest.strip_prefix('=').map(str::to_owned).or(asked),
                None => {}
            }
        }
        asked.and_then(|language| language.parse().ok()).unwrap_or(Self(None))
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let language = text.split('-').next().unwrap_or_default().to_ascii_lowercase();
        match (language.as_str(), catalogue(&language)) {
            ("en", _) => Ok(Self(None)),
            (_, Some(catalogue)) => Ok(Self(Some(catalogue))),
            (_, None) => {
                let others = TRANSLATIONS.map(|(language, _)| language).join(", ");
                Err(say!("the languages are en, {others}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_known_before_the_command_line_is_read() {
        let asked = |words: &[&str]| {
            let words = words.iter().map(OsString::from);
            Language::of_command_line(words).0.map(Catalogue::language)
        };
        for words in [
            &["heloscope", "--lang", "de", "--help"][..],
            &["heloscope", "--no-such-option", "--lang=de-AT"],
            &["heloscope", "--lang", "en", "--lang", "de"],
        ] {
            assert_eq!(asked(words), Some("de"), "{words:?}");
        }
        for words in
            [&["heloscope", "mx.example"][..], &["heloscope", "--lang"], &["heloscope", "--lang", "fr"]]
        {
            assert_eq!(asked(words), None, "{words:?}");
        }
    }
}
