use std::ops::RangeInclusive;

use heloscope_words::{decimal_sign, mark, spoken};
use maud::{Markup, Render, html};

use super::Text;

/// Words of a sentence, made visible and escaped, in which nothing is broken that is read as one: a protocol and its version, a
/// date, a long number and its unit, a name with hyphens. Dates and numbers are marked as such, for whoever writes them in another
/// way; those between quotation marks are another's words, and are not.
pub(super) struct Prose<'a>(pub(super) &'a str);

/// Words of which some may be a server's without quotation marks: nothing in them is marked.
pub(super) struct Foreign<'a>(pub(super) &'a str);

impl Render for Prose<'_> {
    fn render_to(&self, buffer: &mut String) {
        render(self.0, Quotation::in_text(self.0), buffer);
    }
}

impl Render for Foreign<'_> {
    fn render_to(&self, buffer: &mut String) {
        render(self.0, Quotation::Whole, buffer);
    }
}

fn render(text: &str, mut quotation: Quotation, buffer: &mut String) {
    let mut rest = text;
    while let Some((before, whole, after)) = first_whole(rest, &mut quotation) {
        Text(before).render_to(buffer);
        piece(&whole).render_to(buffer);
        rest = after;
    }
    Text(rest).render_to(buffer);
}

/// What stays on one line.
#[derive(Debug, PartialEq, Eq)]
enum Whole<'a> {
    /// Short enough for any.
    Short(&'a str),
    /// A date, between what stands around it.
    Date(&'a str, &'a str, &'a str),
    /// A number, between what stands before it and the unit that stands after it.
    Measure(&'a str, &'a str, &'a str),
    /// Unless it is longer than a line.
    Name(&'a str),
}

fn piece(whole: &Whole<'_>) -> Markup {
    html! {
        @match whole {
            Whole::Short(text) => span class="short" { (Text(text)) },
            Whole::Date(before, date, after) => span class="short" { (Text(before)) time datetime=(date) { (date) } (Text(after)) },
            Whole::Measure(before, number, after) => span class="short" {
                (Text(before)) data value=(number.replace(decimal_sign(), ".")) { (number) } (Text(after))
            },
            Whole::Name(text) => span class="unbroken" { (Text(text)) },
        }
    }
}

/// Whether what is read stands between quotation marks.
#[derive(Debug)]
enum Quotation {
    None,
    /// Not yet; where the first mark is, and where it ends cannot be told.
    Endless,
    /// Until this mark.
    Until(char),
    /// Whatever marks stand in it.
    Whole,
}

impl Quotation {
    /// At the beginning of a text. What others said may hold marks too: only where each that opens one is closed before the next,
    /// and stands where writers put it, is a quotation known to end.
    fn in_text(text: &str) -> Self {
        let mut before = ' ';
        let mut quotation = Self::None;
        let mut rest = text.chars().peekable();
        while let Some(mark) = rest.next() {
            let after = rest.peek().copied().unwrap_or(' ');
            let was_none = quotation.is_none();
            quotation.read(mark.encode_utf8(&mut [0; 4]));
            let stands_well = match (was_none, quotation.is_none()) {
                (true, false) => !before.is_alphanumeric() && !after.is_whitespace(),
                (false, true) => !before.is_whitespace() && !after.is_alphanumeric(),
                _ => !matches!(mark, '“' | '”' | '„'),
            };
            if !stands_well {
                return Self::Endless;
            }
            before = mark;
        }
        if quotation.is_none() { Self::None } else { Self::Endless }
    }

    fn read(&mut self, text: &str) {
        for mark in text.chars() {
            match (&self, mark) {
                (Self::None, '“') => *self = Self::Until('”'),
                (Self::None, '„') => *self = Self::Until('“'),
                (Self::Endless, '“' | '”' | '„') => *self = Self::Whole,
                (Self::Until(end), mark) if mark == *end => *self = Self::None,
                _ => {}
            }
        }
    }

    fn is_none(&self) -> bool {
        matches!(self, Self::None | Self::Endless)
    }
}

/// The first such thing, between what stands before it and what after.
fn first_whole<'a>(text: &'a str, quotation: &mut Quotation) -> Option<(&'a str, Whole<'a>, &'a str)> {
    const VERSIONS: [&str; 2] = ["TLS 1.", "SSL 3."];
    let mut start = 0;
    for spaced in text.split_inclusive(char::is_whitespace) {
        let here = &text[start..];
        if let Some(version) = VERSIONS.iter().find(|version| here.starts_with(**version)) {
            let minor = &here[version.len()..];
            let digits = minor.find(|c: char| !c.is_ascii_digit()).unwrap_or(minor.len());
            let (version, after) = here.split_at(version.len() + digits);
            return Some((&text[..start], Whole::Short(version), after));
        }
        let word = spaced.trim_end();
        // What stands around it goes with it: a line does not begin with a comma.
        let around = |c: char| !c.is_ascii_alphanumeric();
        let core = word.trim_matches(around);
        let begun = word.trim_start_matches(around);
        let (before, after) = (&word[..word.len() - begun.len()], &begun[core.len()..]);
        quotation.read(before);
        let is_ours = quotation.is_none();
        quotation.read(begun);
        let whole = if is_ours && is_date(core) {
            Some(Whole::Date(before, core, after))
        } else if let Some(unit) = unit(&here[word.len()..]).filter(|_| is_ours && is_number(begun)) {
            quotation.read(unit);
            Some(Whole::Measure(before, core, unit))
        } else {
            is_name(core).then_some(Whole::Name(word))
        };
        if let Some(whole) = whole {
            let unit = if let Whole::Measure(.., unit) = whole { unit.len() } else { 0 };
            return Some((&text[..start], whole, &here[word.len() + unit..]));
        }
        start += spaced.len();
    }
    None
}

/// `2026-11-23`
fn is_date(word: &str) -> bool {
    let form = |(place, octet): (usize, u8)| match place {
        4 | 7 => octet == b'-',
        _ => octet.is_ascii_digit(),
    };
    word.len() == 10 && word.bytes().enumerate().all(form)
}

/// `10240000`, `31.249`, with the sign that the language has: a number that not all languages write alike.
fn is_number(word: &str) -> bool {
    let is_digits = |part: &str, lengths: RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|octet| octet.is_ascii_digit())
    };
    // As many as 64 bits can need, and a thousandth.
    match word.split_once(decimal_sign()) {
        Some((whole, fraction)) => is_digits(whole, 1..=20) && is_digits(fraction, 1..=3),
        None => is_digits(word, 5..=20),
    }
}

/// The unit that stands after a number, from the space between them to the end of the word.
fn unit(after: &str) -> Option<&str> {
    const SYMBOLS: [&str; 6] = ["ms", "s", "KiB", "MiB", "GiB", "TiB"];
    /// What is counted; each form that stands after a number above one.
    const COUNTED: &str = mark!("octets lines days recipients recipient messages more");
    let word = after.strip_prefix(' ')?.split(char::is_whitespace).next()?;
    let unit = word.trim_end_matches(|c: char| !c.is_alphanumeric());
    let is_unit = SYMBOLS.contains(&unit) || spoken(COUNTED).split(' ').any(|counted| counted == unit);
    is_unit.then(|| &after[..1 + word.len()])
}

/// A host name that a line could end in: one with a hyphen.
fn is_name(word: &str) -> bool {
    word.contains('-')
        && word.contains('.')
        && word.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_dates_numbers_and_names_with_hyphens_stay_whole() {
        let written = |text| Prose(text).render().into_string();
        for (text, html) in [
            ("Mail reaches it.", "Mail reaches it."),
            ("over TLS 1.3; it", r#"over <span class="short">TLS 1.3</span>; it"#),
            ("TLS 1.2", r#"<span class="short">TLS 1.2</span>"#),
            ("SSL 3.0, no", r#"<span class="short">SSL 3.0</span>, no"#),
            (
                "It expired on 2026-11-23.",
                r#"It expired on <span class="short"><time datetime="2026-11-23">2026-11-23</time>.</span>"#,
            ),
            (
                "2026-08-01 to 2026-10-30, expired",
                r#"<span class="short"><time datetime="2026-08-01">2026-08-01</time></span> to <span class="short"><time datetime="2026-10-30">2026-10-30</time>,</span> expired"#,
            ),
            ("(2026-11-23)", r#"<span class="short">(<time datetime="2026-11-23">2026-11-23</time>)</span>"#),
            ("for “mx-1.example.com”, not", r#"for <span class="unbroken">“mx-1.example.com”,</span> not"#),
            ("mx1.example.com, self-signed", "mx1.example.com, self-signed"),
            ("<b>-.example", "&lt;b&gt;-.example"),
            (
                "took 31.249 s, 9 ms, 10240000 octets.",
                r#"took <span class="short"><data value="31.249">31.249</data> s,</span> 9 ms, <span class="short"><data value="10240000">10240000</data> octets.</span>"#,
            ),
            (
                "9.7 MiB (10240000 octets)",
                r#"<span class="short"><data value="9.7">9.7</data> MiB</span> <span class="short">(<data value="10240000">10240000</data> octets)</span>"#,
            ),
            (
                "\u{a0}2026-11-23\u{2003}2026-11-24",
                r#"\u{a0}<span class="short"><time datetime="2026-11-23">2026-11-23</time></span>\u{2003}<span class="short"><time datetime="2026-11-24">2026-11-24</time></span>"#,
            ),
        ] {
            assert_eq!(written(text), html, "{text}");
        }
    }

    #[test]
    fn what_is_no_measure_is_not_marked() {
        for text in [
            "ports 10465 and 587",
            "port 10465, s",
            "RFC 10240 says",
            "192.0.2.10 s",
            "RSA 16384 bits",
            "421 4.3.2 s",
            "1,5 s",
            "10000  octets",
            "123456789012345678901 octets",
            "10000",
            "10000 ",
            "9999 octets",
            "31. s",
        ] {
            assert_eq!(Prose(text).render().into_string(), text);
        }
    }

    #[test]
    fn what_others_said_is_not_marked() {
        for text in [
            "They are “220 10000 octets”, no more.",
            "“10000 octets since 2026-11-23",
            "as“in 10000 octets",
            "Sie sind „220 10000 octets, 2026-11-23“.",
            "It is: “554 Your IP is “blocked” since 2026-11-23, 20000 messages seen”.",
            "Es ist „554 „Spam“ seit 2026-11-23, Grenze 20000 octets“.",
            "„550 “ 12345 octets 2026-11-23 5.5 s“",
            "“220 ” 12345 octets “ 2026-11-23”, 5.9 s",
        ] {
            assert_eq!(Prose(text).render().into_string(), text);
        }
        assert_eq!(
            Prose("In 5.9 s came “a “b” 12345 octets”.").render().into_string(),
            r#"In <span class="short"><data value="5.9">5.9</data> s</span> came “a “b” 12345 octets”."#
        );
        assert_eq!(
            Prose("“220 x”, 5.9 s").render().into_string(),
            r#"“220 x”, <span class="short"><data value="5.9">5.9</data> s</span>"#
        );
        assert_eq!(
            Foreign("220 ” 10000 octets over TLS 1.3").render().into_string(),
            r#"220 ” 10000 octets over <span class="short">TLS 1.3</span>"#
        );
    }
}
