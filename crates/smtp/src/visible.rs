//! Octets and text made visible: what cannot be seen, or would reorder what can, is written out with a backslash.
//!
//! This is the one place where that is done. A backslash that was sent is written `\\`, so that nobody can send text that
//! looks like an escape.

use std::fmt::Write as _;

/// The octets as text that can be seen: `\r`, `\n`, `\t`, `\x07` for control characters, `\xff` for what is not UTF-8,
/// `\u{202e}` for characters that show nothing or turn text round, and `\\` for a backslash. No octet is lost.
///
/// Not to be done twice: see [`inert`] for text that is visible already.
pub fn visible(octets: impl AsRef<[u8]>) -> String {
    let octets = octets.as_ref();
    let mut out = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => out.push_str("\\\\"),
                _ => push(&mut out, character),
            }
        }
        chunk.invalid().iter().for_each(|octet| push_octet(&mut out, *octet));
    }
    out
}

/// Text that should be visible already, such as that of a saved report, with whatever is not written out as [`visible`]
/// writes it. A backslash stays as it is: text that is visible does not change.
pub fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|character| push(&mut out, character));
    out
}

fn push(out: &mut String, character: char) {
    match character {
        '\r' => out.push_str("\\r"),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\0'..='\x1f' | '\x7f' => push_octet(out, character as u8),
        _ if is_unseen(character) => push_str(out, format_args!("\\u{{{:x}}}", u32::from(character))),
        _ => out.push(character),
    }
}

fn push_octet(out: &mut String, octet: u8) {
    push_str(out, format_args!("\\x{octet:02x}"));
}

fn push_str(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing into a String never fails");
}

/// C1 controls, and the characters of Unicode's Default_Ignorable_Code_Point and Bidi_Control: they show
/// nothing, or change how other characters are shown. Line and paragraph separators break lines.
fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
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
