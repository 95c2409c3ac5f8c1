//! Octets and text made visible: what cannot be seen, or would reorder what can, is written out with a backslash.
//!
//! This is the one place where that is done. A backslash that was sent is written `\\`, so that nobody can send text that
//! looks like an escape.

use std::fmt::Write as _;

/// The octets as text that can be seen: `\r`, `\n`, `\t`, `\x07` for control characters, `\xff` for what is not UTF-8,
/// `\u{202e}` for characters that show nothing, turn text round or pile up on another, and `\\` for a backslash. No octet is
/// lost.
///
/// Not to be done twice: see [`inert`] for text that is visible already.
pub fn visible(octets: impl AsRef<[u8]>) -> String {
    let octets = octets.as_ref();
    let mut writer = Writer::for_octets(octets.len());
    for chunk in octets.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => writer.escape(format_args!("\\\\")),
                _ => writer.push(character),
            }
        }
        chunk.invalid().iter().for_each(|octet| writer.push_octet(*octet));
    }
    writer.out
}

/// Text that should be visible already, such as that of a saved report, with whatever is not written out as [`visible`]
/// writes it. A backslash stays as it is: text that is visible does not change.
pub fn inert(text: &str) -> String {
    let mut writer = Writer::for_octets(text.len());
    text.chars().for_each(|character| writer.push(character));
    writer.out
}

/// Combining marks that a letter or digit may bear: no script that a person types needs more, and a pile of them hides
/// what stands above and below.
const MARKS: usize = 2;

struct Writer {
    out: String,
    /// How many more combining marks the last character bears; none where it is no letter or digit.
    bears: usize,
}

impl Writer {
    fn for_octets(length: usize) -> Self {
        Self { out: String::with_capacity(length), bears: 0 }
    }

    fn push(&mut self, character: char) {
        match character {
            '\r' => self.escape(format_args!("\\r")),
            '\n' => self.escape(format_args!("\\n")),
            '\t' => self.escape(format_args!("\\t")),
            '\0'..='\x1f' | '\x7f' => self.push_octet(character as u8),
            ' '..='\x7e' => self.show(character),
            _ if is_unseen(character) => self.push_number(character),
            _ if is_mark(character) => match self.bears.checked_sub(1) {
                Some(bears) => {
                    self.out.push(character);
                    self.bears = bears;
                }
                None => self.push_number(character),
            },
            _ => self.show(character),
        }
    }

    fn show(&mut self, character: char) {
        self.out.push(character);
        self.bears = if character.is_alphanumeric() { MARKS } else { 0 };
    }

    fn push_octet(&mut self, octet: u8) {
        self.escape(format_args!("\\x{octet:02x}"));
    }

    fn push_number(&mut self, character: char) {
        self.escape(format_args!("\\u{{{:x}}}", u32::from(character)));
    }

    fn escape(&mut self, text: std::fmt::Arguments<'_>) {
        self.out.write_fmt(text).expect("writing into a String never fails");
        self.bears = 0;
    }
}

/// Characters that show nothing, or change how others are shown: Unicode's `Default_Ignorable_Code_Point`, the characters
/// that are blank though they are no spaces, and what the standard library's `Debug` takes for unprintable: controls, formats
/// (`Bidi_Control` among them), every space but U+0020, separators, private use and what is not assigned.
fn is_unseen(character: char) -> bool {
    is_ignorable(character) || is_blank(character) || (is_escaped(character) && !is_mark(character))
}

/// `Default_Ignorable_Code_Point` of `DerivedCoreProperties.txt`.
fn is_ignorable(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The empty Braille pattern, the object replacement character, a musical null note head, hieroglyphic blanks.
fn is_blank(character: char) -> bool {
    matches!(character, '\u{2800}' | '\u{fffc}' | '\u{1d159}' | '\u{13441}'..='\u{13442}')
}

/// Nonspacing and enclosing marks, `Grapheme_Extend`, which the standard library's `Debug` writes out at the beginning of
/// a text only.
fn is_mark(character: char) -> bool {
    let mut text = String::from("a");
    text.push(character);
    is_escaped(character) && text.escape_debug().eq(text.chars())
}

fn is_escaped(character: char) -> bool {
    character.escape_debug().len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(visible("220 mx\r\n\t\x07\x7f"), "220 mx\\r\\n\\t\\x07\\x7f");
        assert_eq!(visible("a\u{202e}b\u{200b}c\u{85}\u{feff}"), "a\\u{202e}b\\u{200b}c\\u{85}\\u{feff}");
        assert_eq!(visible("Grüße, 世界 <b>"), "Grüße, 世界 <b>");
    }

    #[test]
    fn what_shows_nothing_is_written_out() {
        for (name, characters) in [
            ("spaces", "\u{a0}\u{1680}\u{2000}\u{2003}\u{200a}\u{202f}\u{205f}\u{3000}"),
            ("separators", "\u{2028}\u{2029}"),
            ("blanks", "\u{2800}\u{fffc}\u{1d159}\u{13441}\u{13442}"),
            ("fillers", "\u{115f}\u{1160}\u{3164}\u{ffa0}\u{17b4}\u{17b5}"),
            ("joiners", "\u{34f}\u{200c}\u{200d}\u{2060}\u{2064}\u{180e}"),
            ("variation selectors", "\u{fe00}\u{fe0f}\u{e0100}\u{e01ef}\u{180b}\u{180f}"),
            ("tags", "\u{e0001}\u{e0041}\u{e007f}"),
            ("what is ignored though not assigned", "\u{2065}\u{fff0}\u{e0fff}"),
            ("formats", "\u{ad}\u{61c}\u{200e}\u{2066}\u{600}\u{fff9}\u{fffb}\u{1d173}\u{1bca0}"),
            ("private use and what is no character", "\u{e000}\u{fdd0}\u{ffff}\u{f0000}\u{10ffff}"),
        ] {
            for character in characters.chars() {
                let escape = format!("\\u{{{:x}}}", u32::from(character));
                assert_eq!(visible(format!("a{character}b")), format!("a{escape}b"), "{name}");
                assert_eq!(inert(&format!("a{character}b")), format!("a{escape}b"), "{name}");
            }
        }
        for seen in ["Grüße", "世界", "한글", "Ελλάδα", "🙂", "⠓", "“…”", "–", "\u{fffd}", "עברית", "العربية"]
        {
            assert_eq!(visible(seen), seen);
        }
    }

    #[test]
    fn a_mark_is_shown_on_a_letter_and_no_pile_of_them() {
        // Vietnamese taken apart, Hindi, Thai, pointed Hebrew.
        for word in ["Vie\u{302}\u{323}t", "नमस्ते", "ที่นี่", "שָׁלוֹם"] {
            assert_eq!(visible(word), word);
        }
        assert_eq!(visible("\u{301}a"), "\\u{301}a");
        assert_eq!(visible("220 \u{301}\u{20dd}a\u{20dd}"), "220 \\u{301}\\u{20dd}a\u{20dd}");
        assert_eq!(visible(".\u{301}"), ".\\u{301}");
        // What is written out bears none.
        assert_eq!(
            visible("\\\u{301}\x07\u{301}\u{feff}\u{301}"),
            "\\\\\\u{301}\\x07\\u{301}\\u{feff}\\u{301}"
        );
        let pile = format!("e{}", "\u{336}".repeat(5));
        assert_eq!(visible(&pile), "e\u{336}\u{336}\\u{336}\\u{336}\\u{336}");
        assert_eq!(inert(&visible(&pile)), visible(&pile));
    }

    #[test]
    fn octets_that_are_no_text_keep_their_values() {
        assert_eq!(visible(b"220 M\xfcller \xc3\xbc \x00"), "220 M\\xfcller ü \\x00");
    }

    #[test]
    fn no_text_looks_like_an_escape_that_it_is_not() {
        assert_eq!(visible("\x1b[31m \u{202e}"), "\\x1b[31m \\u{202e}");
        assert_eq!(visible("\\x1b[31m \\u{202e}"), "\\\\x1b[31m \\\\u{202e}");
        assert_eq!(visible("\\\n \\\\n"), "\\\\\\n \\\\\\\\n");
    }

    #[test]
    fn what_is_visible_does_not_change_again() {
        let once = visible("\x1b[31m\u{2066}\\x07\\");
        assert_eq!(inert(&once), once);
        assert_eq!(inert("a\\x07\x07\n\u{202e}"), "a\\x07\\x07\\n\\u{202e}");
    }
}
