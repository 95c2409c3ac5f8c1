//! Colour and weight by ECMA-48 SGR sequences; they surround our own words only.

use super::TextStyle;

#[derive(Clone, Copy)]
pub(super) enum Colour {
    Bold,
    Green,
    Cyan,
    Yellow,
    Red,
}

pub(super) fn paint(style: TextStyle, text: &str, colour: Colour) -> String {
    let parameters = match colour {
        Colour::Bold => "1",
        Colour::Green => "1;32",
        Colour::Cyan => "1;36",
        Colour::Yellow => "1;33",
        Colour::Red => "1;31",
    };
    match style {
        TextStyle::Plain => text.to_owned(),
        TextStyle::Colour => format!("\x1b[{parameters}m{text}\x1b[0m"),
    }
}

/// The columns that painted text takes.
pub(super) fn width(text: &str) -> usize {
    let mut pieces = text.split('\x1b');
    let plain = pieces.next().map_or(0, |piece| piece.chars().count());
    let painted = pieces.map(|piece| piece.split_once('m').map_or(0, |(_, rest)| rest.chars().count()));
    plain + painted.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paint_takes_no_room() {
        assert_eq!(paint(TextStyle::Plain, "Error", Colour::Red), "Error");
        let painted = paint(TextStyle::Colour, "Error", Colour::Red);
        assert_eq!(painted, "\x1b[1;31mError\x1b[0m");
        assert_eq!(width(&format!("{painted}: ")), 7);
    }
}
