use maud::{Markup, Render, html};

use super::Text;

/// Words of a sentence, made visible and escaped, in which nothing is broken that is read as one: a protocol and its version, a
/// date, a name with hyphens. A date is marked as one, for whoever writes it in another way.
pub(super) struct Prose<'a>(pub(super) &'a str);

impl Render for Prose<'_> {
    fn render_to(&self, buffer: &mut String) {
        let mut rest = self.0;
        while let Some((before, whole, after)) = first_whole(rest) {
            Text(before).render_to(buffer);
            piece(&whole).render_to(buffer);
            rest = after;
        }
        Text(rest).render_to(buffer);
    }
}

/// What stays on one line.
#[derive(Debug, PartialEq, Eq)]
enum Whole<'a> {
    /// Short enough for any.
    Short(&'a str),
    /// A date, between what stands around it.
    Date(&'a str, &'a str, &'a str),
    /// Unless it is longer than a line.
    Name(&'a str),
}

fn piece(whole: &Whole<'_>) -> Markup {
    html! {
        @match whole {
            Whole::Short(text) => span class="short" { (Text(text)) },
            Whole::Date(before, date, after) => span class="short" { (Text(before)) time datetime=(date) { (date) } (Text(after)) },
            Whole::Name(text) => span class="unbroken" { (Text(text)) },
        }
    }
}

/// The first such thing, between what stands before it and what after.
fn first_whole(text: &str) -> Option<(&str, Whole<'_>, &str)> {
    const VERSION: &str = "TLS 1.";
    let mut start = 0;
    for spaced in text.split_inclusive(char::is_whitespace) {
        let here = &text[start..];
        if let Some(minor) = here.strip_prefix(VERSION) {
            let digits = minor.find(|c: char| !c.is_ascii_digit()).unwrap_or(minor.len());
            let (version, after) = here.split_at(VERSION.len() + digits);
            return Some((&text[..start], Whole::Short(version), after));
        }
        let word = spaced.trim_end();
        // What stands around it goes with it: a line does not begin with a comma.
        let around = |c: char| !c.is_ascii_alphanumeric();
        let core = word.trim_matches(around);
        let whole = if is_date(core) {
            let begun = word.trim_start_matches(around);
            let (before, after) = (&word[..word.len() - begun.len()], &begun[core.len()..]);
            Some(Whole::Date(before, core, after))
        } else {
            is_name(core).then_some(Whole::Name(word))
        };
        if let Some(whole) = whole {
            return Some((&text[..start], whole, &here[word.len()..]));
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
    fn versions_dates_and_names_with_hyphens_stay_whole() {
        let written = |text| Prose(text).render().into_string();
        for (text, html) in [
            ("Mail reaches it.", "Mail reaches it."),
            ("over TLS 1.3; it", r#"over <span class="short">TLS 1.3</span>; it"#),
            ("TLS 1.2", r#"<span class="short">TLS 1.2</span>"#),
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
                "\u{a0}2026-11-23\u{2003}2026-11-24",
                r#"\u{a0}<span class="short"><time datetime="2026-11-23">2026-11-23</time></span>\u{2003}<span class="short"><time datetime="2026-11-24">2026-11-24</time></span>"#,
            ),
        ] {
            assert_eq!(written(text), html, "{text}");
        }
    }
}
