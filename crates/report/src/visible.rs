//! Visible text in bounds: a line of the dialogue, and what a sentence of ours quotes.

use heloscope_smtp::LeftOut;
pub use heloscope_smtp::inert;
pub(crate) use heloscope_smtp::visible;
use heloscope_words::{plural, said, say};

/// Octets of one line that are shown; the rest is counted.
pub const MAX_SHOWN: usize = 512;

/// Characters shown of a name, or of a sentence in another program's words, within a sentence of ours.
const MAX_QUOTED: usize = 300;

/// The octets as [`visible`], cut after 300 characters with a mark.
pub(crate) fn visible_within(octets: impl AsRef<[u8]>) -> String {
    shortened(octets, MAX_QUOTED)
}

/// The octets as [`visible`], cut after so many characters with a mark. What is not UTF-8 counts by octets.
pub(crate) fn shortened(octets: impl AsRef<[u8]>, most: usize) -> String {
    let octets = octets.as_ref();
    let (mut end, mut room) = (0, most);
    for chunk in octets.utf8_chunks() {
        if let Some((place, _)) = chunk.valid().char_indices().nth(room) {
            return format!("{}…", visible(&octets[..end + place]));
        }
        room -= chunk.valid().chars().count();
        end += chunk.valid().len();
        if chunk.invalid().len() > room {
            return format!("{}…", visible(&octets[..end + room]));
        }
        room -= chunk.invalid().len();
        end += chunk.invalid().len();
    }
    visible(octets)
}

/// Text that is visible but for control characters and the like, such as a distinguished name by RFC 4514, which has
/// backslashes of its own; cut after 300 characters with a mark.
pub(crate) fn inert_within(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", inert(&text[..end])),
        None => inert(text),
    }
}

/// The octets of one line as [`visible`]; cut after [`MAX_SHOWN`] octets with a mark that says how many more there were,
/// `unkept` octets included that stand nowhere any more.
pub(crate) fn visible_line(octets: &[u8], unkept: usize) -> String {
    let shown = cut(octets);
    let more = (octets.len() - shown.len()).saturating_add(unkept);
    format!("{}{}", visible(shown), more_octets(more))
}

/// What stands where octets of a line are left out; nothing where none are.
pub(crate) fn more_octets(more: usize) -> String {
    match more {
        0 => String::new(),
        more => say!(" … [{more} more octets]"),
    }
}

/// What stands where lines of a reply are left out; `None` where none are.
pub(crate) fn more_lines(left_out: LeftOut) -> Option<String> {
    match left_out {
        LeftOut { lines: 0, .. } => None,
        LeftOut { lines, octets } => Some(plural!(
            lines,
            "… [1 more line, {octets} octets]",
            "… [{lines} more lines, {octets} octets]"
        )),
    }
}

/// Where in a line of the transcript a mark begins that says how much was left out there: what stands before it is a server's.
/// `None` where there is none, as where a server wrote one itself into a line that is shown whole.
pub fn left_out_mark(line: &str) -> Option<usize> {
    /// As they are said where they are made.
    const OF_LINES: [&str; 4] = [
        "… [1 more line, {octets} octets]",
        "… [{lines} more lines, {octets} octets]",
        "… [{more} more lines]",
        "… [{more} more octets]",
    ];
    const OF_OCTETS: &str = " … [{more} more octets]";
    let is_count = |value: &String| value.bytes().all(|octet| octet.is_ascii_digit());
    let is = |message, text| said(message, text).is_some_and(|values| values.iter().all(is_count));
    if OF_LINES.into_iter().any(|message| is(message, line)) {
        return Some(0);
    }
    // Only what is that long is cut, less what is left of a character.
    let begins = line.rfind(" … [").filter(|begins| *begins > MAX_SHOWN - 4)?;
    is(OF_OCTETS, &line[begins..]).then_some(begins)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_is_bounded() {
        assert_eq!(visible_within("é".repeat(300)), "é".repeat(300));
        assert_eq!(visible_within("é".repeat(301)), "é".repeat(300) + "…");
        assert_eq!(visible_within([0xff; 301]), "\\xff".repeat(300) + "…");
        assert_eq!(shortened(b"a\xff\xfeb", 3), "a\\xff\\xfe…");
        assert_eq!(shortened(b"a\xff\xfeb", 4), "a\\xff\\xfeb");
        assert_eq!(shortened("\\\\\\", 2), "\\\\\\\\…");
        assert_eq!(inert_within(&"\\".repeat(301)), "\\".repeat(300) + "…");
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        assert_eq!(visible_line(&[b'a'; 512], 0), "a".repeat(512));
        assert_eq!(visible_line(&[b'a'; 515], 7), format!("{} … [10 more octets]", "a".repeat(512)));
    }

    #[test]
    fn a_mark_is_told_from_what_stands_before_it() {
        let cut = visible_line(&[b'a'; 515], 123_456);
        assert_eq!(left_out_mark(&cut), Some(512));
        assert_eq!(left_out_mark("… [39901 more lines, 359109 octets]"), Some(0));
        assert_eq!(left_out_mark("… [12345 more lines]"), Some(0));
        for line in ["250 all of it", "250 mine … [12345 more octets]", "… [a more lines]", ""] {
            assert_eq!(left_out_mark(line), None, "{line}");
        }
    }

    #[test]
    fn a_character_is_not_cut_in_two() {
        let line = [&[b'a'; 511][..], "ü".as_bytes()].concat();
        assert_eq!(visible_line(&line, 0), format!("{} … [2 more octets]", "a".repeat(511)));
    }
}
