use heloscope_words::{mark, say, spoken};
use maud::{Markup, html};

/// The months' names, in their order.
const MONTHS: &str =
    mark!("January February March April May June July August September October November December");

/// A text whose dates, `2026-11-23`, are written as the language has them: there is no script here that could do it. Each keeps
/// the form of RFC 3339 as its `datetime`.
pub(crate) fn dated(text: &str) -> Markup {
    html! {
        @for word in text.split_inclusive(' ') {
            @match date(word) {
                Some((date, written, after)) => { time datetime=(date) { (written) } (after) }
                None => (word),
            }
        }
    }
}

/// A word that begins with a date: that, how it is written, and what stands behind it.
fn date(word: &str) -> Option<(&str, String, &str)> {
    let (date, after) = word.split_at_checked("2026-11-23".len())?;
    let mut numbers = date.splitn(3, '-').map(str::parse::<usize>);
    let (year, month, day) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    let month = spoken(MONTHS).split(' ').nth(month.checked_sub(1)?)?;
    let begins_anew = after.starts_with(|next: char| next.is_alphanumeric() || next == '-');
    (!begins_anew).then(|| (date, say!("{day} {month} {year}"), after))
}

#[cfg(test)]
mod tests {
    use heloscope_languages::catalogue;
    use heloscope_words::within;

    use super::*;

    #[test]
    fn a_date_is_written_out_and_keeps_what_a_program_reads() {
        let written = |text| dated(text).into_string();
        assert_eq!(
            written("It is valid until 2026-12-05, and then not."),
            r#"It is valid until <time datetime="2026-12-05">5 December 2026</time>, and then not."#
        );
        assert_eq!(
            within(catalogue("de"), || written("Es ist bis 2026-03-01 gültig.")),
            r#"Es ist bis <time datetime="2026-03-01">1. März 2026</time> gültig."#
        );
    }

    #[test]
    fn what_is_no_date_stays_as_it_is() {
        for text in ["CVE-2021-22947 and 2026-13-01, 2026-00-01", "2026-11-23T10:00:00Z", "äöüäöüäöü", ""]
        {
            assert_eq!(dated(text).into_string(), text);
        }
    }
}
