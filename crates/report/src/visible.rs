//! Text of a server made safe to show: what cannot be seen, or would reorder what can, is written out.

use std::fmt::Write as _;

/// Octets of one line that are shown; the rest is counted.
pub const MAX_SHOWN: usize = 512;

/// The text with control characters, bidirectional controls and characters without width written out: `\r`,
/// `\x07`, `\u{202e}`. A backslash stays as it is, so that what has been made visible once does not change
/// again.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|character| push(&mut out, character));
    out
}

/// Characters shown of a name, or of a sentence in another program's words, within a sentence of ours.
const MAX_QUOTED: usize = 300;

/// The text as [`visible`], cut after 300 characters with a mark.
pub(crate) fn visible_within(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", visible(&text[..end])),
        None => visible(text),
    }
}

/// The octets of one line as [`visible`] text, what is not UTF-8 as `\xff`; cut after [`MAX_SHOWN`] octets
/// with a mark that says how many more there were, `unkept` octets included that stand nowhere any more.
pub(crate) fn visible_line(octets: &[u8], unkept: usize) -> String {
    let shown = cut(octets);
    let mut out = String::with_capacity(shown.len());
    for chunk in shown.utf8_chunks() {
        chunk.valid().chars().for_each(|character| push(&mut out, character));
        for octet in chunk.invalid() {
            push_octet(&mut out, *octet);
        }
    }
    let more = octets.len() - shown.len() + unkept;
    if more > 0 {
        push_str(&mut out, format_args!(" … [{more} more octets]"));
    }
    out
}

/// At most [`MAX_SHOWN`] octets, not ending inside a character.
fn cut(octets: &[u8]) -> &[u8] {
    let Some(mut shown) = octets.get(..MAX_SHOWN) else { return octets };
    if octets.len() > MAX_SHOWN && octets[MAX_SHOWN] & 0xc0 == 0x80 {
        let start = shown.iter().rposition(|octet| octet & 0xc0 != 0x80);
        // No character has more than three octets after its first.
        if let Some(start) = start.filter(|start| MAX_SHOWN - start <= 3) {
            shown = &shown[..start];
        }
    }
    shown
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
        assert_eq!(visible("Grüße, 世界 \\x07 <b>"), "Grüße, 世界 \\x07 <b>");
    }

    #[test]
    fn a_quotation_is_bounded() {
        assert_eq!(visible_within(&"é".repeat(300)), "é".repeat(300));
        assert_eq!(visible_within(&"é".repeat(301)), "é".repeat(300) + "…");
    }

    #[test]
    fn making_visible_twice_changes_nothing() {
        let once = visible("\x1b[31m\u{2066}\\");
        assert_eq!(visible(&once), once);
    }

    #[test]
    fn octets_that_are_no_text_keep_their_values() {
        assert_eq!(visible_line(b"220 M\xfcller \xc3\xbc \x00", 0), "220 M\\xfcller ü \\x00");
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        assert_eq!(visible_line(&[b'a'; 512], 0), "a".repeat(512));
        assert_eq!(visible_line(&[b'a'; 515], 7), format!("{} … [10 more octets]", "a".repeat(512)));
    }

    #[test]
    fn a_character_is_not_cut_in_two() {
        let line = [&[b'a'; 511][..], "ü".as_bytes()].concat();
        assert_eq!(visible_line(&line, 0), format!("{} … [2 more octets]", "a".repeat(511)));
    }
}
