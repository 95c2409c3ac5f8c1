//! Text that Markdown leaves as text.

use heloscope_report::inert;

/// Running text. What could begin markup is escaped; a word that some reader of Markdown would make a link or a
/// mention of (`https://…`, `www.…`, `…@…`, `#12`) becomes a code span, for there a backslash does not help.
pub(super) fn prose(text: &str) -> String {
    let words: Vec<String> =
        text.split([' ', '\n', '\t']).enumerate().map(|(place, text)| word(text, place == 0)).collect();
    words.join(" ")
}

fn word(text: &str, first: bool) -> String {
    let lower = text.to_ascii_lowercase();
    if lower.contains("://") || lower.contains("www.") || text.contains(['@', '#']) {
        return code(text);
    }
    let text = inert(text);
    let mut escaped = String::with_capacity(text.len());
    let ordinal = text
        .strip_suffix(['.', ')'])
        .is_some_and(|number| number.bytes().all(|octet| octet.is_ascii_digit()));
    for (place, character) in text.char_indices() {
        let last = place + character.len_utf8() == text.len();
        let special = match character {
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '<' | '>' | '|' | '&' | '!' | '$' => true,
            // `:name:` is a picture to some; a colon at the end of a word or between digits is none.
            ':' => !last && !text[place + 1..].starts_with(|next: char| next.is_ascii_digit()),
            '+' | '-' | '=' => first && place == 0,
            _ => first && ordinal && last,
        };
        if special {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// A code span, its fence longer than any run of backticks within.
pub(super) fn code(text: &str) -> String {
    let text = &inert(text);
    if text.trim().is_empty() {
        return "(empty)".into();
    }
    let fence = "`".repeat(longest_run(text) + 1);
    // One space on each side is taken off again by the reader.
    let edge = |end: Option<char>| matches!(end, Some('`' | ' '));
    let space = if edge(text.chars().next()) || edge(text.chars().next_back()) { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// A fenced block, its fence longer than any run of backticks within.
pub(super) fn fenced(lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| inert(line)).collect();
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}", lines.join("\n"))
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|character| character != '`');
    runs.map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(prose("a *b* _c_ [d](e) <f> | g"), r"a \*b\* \_c\_ \[d\](e) \<f\> \| g");
        assert_eq!(prose("![x](y) &amp; ~~z~~ $1$"), r"\!\[x\](y) \&amp; \~\~z\~\~ \$1\$");
        assert_eq!(prose("1. one 2. two 3) three"), r"1\. one 2. two 3) three");
        assert_eq!(prose("1) one"), r"1\) one");
        assert_eq!(prose("- one + = --- ---"), r"\- one + = --- ---");
        assert_eq!(prose(r"back\slash `tick`"), r"back\\slash \`tick\`");
        assert_eq!(prose("Note: at 22:15:04 :shrug:"), r"Note: at 22:15:04 \:shrug:");
    }

    #[test]
    fn what_would_become_a_link_or_a_mention_is_a_code_span() {
        assert_eq!(prose("see https://a.example/x. or"), "see `https://a.example/x.` or");
        assert_eq!(
            prose("WWW.a.example @team postmaster@a.example"),
            "`WWW.a.example` `@team` `postmaster@a.example`"
        );
        assert_eq!(prose("# title #12 ##"), "`#` title `#12` `##`");
    }

    #[test]
    fn a_line_ending_does_not_end_the_paragraph() {
        assert_eq!(prose("a\n\n# b\n> c"), r"a  `#` b \> c");
    }

    #[test]
    fn code_spans_outlast_any_backtick() {
        assert_eq!(code("EHLO"), "`EHLO`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("```x"), "```` ```x ````");
        assert_eq!(code(" x "), "`  x  `");
        assert_eq!(code(""), "(empty)");
        assert_eq!(code("  "), "(empty)");
    }

    #[test]
    fn fences_outlast_any_backtick() {
        assert_eq!(fenced(&["a".into(), "b".into()]), "```text\na\nb\n```");
        assert_eq!(fenced(&["````".into()]), "`````text\n````\n`````");
    }
}
