//! What must hold of a page, whatever a server has said: its words are words, and nothing hides among them.

/// Asks that this is HTML with no other elements and attributes than ours, each closed.
pub fn html(html: &str) {
    const ELEMENTS: [&str; 38] = [
        "article", "br", "caption", "code", "data", "dd", "details", "div", "dl", "dt", "em", "figure", "footer",
        "h2", "h3", "h4", "header", "li", "ol", "p", "path", "pre", "rect", "section", "small", "span",
        "strong", "summary", "svg", "table", "tbody", "td", "th", "thead", "time", "tr", "ul", "wbr",
    ];
    const ATTRIBUTES: [&str; 23] = [
        "aria-hidden",
        "aria-label",
        "class",
        "colspan",
        "d",
        "data-id",
        "data-port",
        "data-state",
        "datetime",
        "fill",
        "fill-rule",
        "height",
        "id",
        "open",
        "part",
        "preserveAspectRatio",
        "role",
        "scope",
        "value",
        "viewBox",
        "width",
        "x",
        "y",
    ];
    seen(html);
    let mut open = Vec::new();
    let mut rest = html;
    while let Some((words, tag)) = rest.split_once('<') {
        assert!(!words.contains('>'), "a bracket among words: {words}");
        let end = tag.find(|character: char| !character.is_ascii_alphanumeric() && character != '/');
        let (name, mut attributes) = tag.split_at(end.expect("a tag ends"));
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "what was opened last is closed first");
        } else {
            assert!(ELEMENTS.contains(&name), "no element of ours: <{name}");
            if !matches!(name, "br" | "wbr") {
                open.push(name);
            }
        }
        while let Some(attribute) = attributes.strip_prefix(' ') {
            let end = attribute.find(['=', ' ', '>']).expect("a tag ends");
            let (name, value) = attribute.split_at(end);
            assert!(ATTRIBUTES.contains(&name), "no attribute of ours: {name}");
            attributes = value;
            if let Some(value) = value.strip_prefix("=\"") {
                let (value, after) = value.split_once('"').expect("a value ends");
                assert!(!value.contains(['<', '>']), "a bracket in a value: {value}");
                attributes = after;
            }
        }
        rest = attributes.strip_prefix('>').expect("nothing but attributes stands in a tag");
    }
    assert!(!rest.contains('>') && open.is_empty(), "all is closed");
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('&') {
        let entity =
            ["amp;", "lt;", "gt;", "quot;"].into_iter().find_map(|entity| after.strip_prefix(entity));
        rest = entity.expect("an ampersand of the server's is escaped");
    }
}

/// Asks that this is text, and that in colour it is the same text.
pub fn text(plain: &str, coloured: &str) {
    seen(plain);
    let mut bare = coloured.to_owned();
    for ours in ["\x1b[1m", "\x1b[1;31m", "\x1b[1;32m", "\x1b[1;33m", "\x1b[1;36m", "\x1b[0m"] {
        bare = bare.replace(ours, "");
    }
    assert_eq!(bare, plain, "colour is all there is between them");
}

/// Asks that outside of code nothing in this CommonMark is markup but what we write.
pub fn markdown(markdown: &str) {
    seen(markdown);
    let prose = outside_code(markdown);
    for (place, found) in prose.match_indices(['<', '[', '!', '|', '~', '`']) {
        let backslashes = prose[..place].bytes().rev().take_while(|octet| *octet == b'\\').count();
        assert!(backslashes % 2 == 1, "{found} unescaped: {:?}", prose[..place].lines().next_back());
    }
    for link in ["://", "www."] {
        assert!(!prose.contains(link), "{link}");
    }
}

/// Asks that a reader sees all of it, where it stands.
pub fn seen(text: &str) {
    let hidden = |character: char| {
        character != '\n'
            && (character.is_control()
                || matches!(
                    character,
                    '\u{a0}'
                        | '\u{ad}'
                        | '\u{61c}'
                        | '\u{115f}'..='\u{1160}'
                        | '\u{1680}'
                        | '\u{180b}'..='\u{180f}'
                        | '\u{2000}'..='\u{200f}'
                        | '\u{2028}'..='\u{202f}'
                        | '\u{205f}'..='\u{206f}'
                        | '\u{2800}'
                        | '\u{3000}'
                        | '\u{3164}'
                        | '\u{fe00}'..='\u{fe0f}'
                        | '\u{feff}'
                        | '\u{ffa0}'
                        | '\u{fff9}'..='\u{fffb}'
                        | '\u{e0000}'..='\u{e0fff}'
                ))
    };
    if let Some(place) = text.find(hidden) {
        let start = text[..place].char_indices().rev().nth(40).map_or(0, |(start, _)| start);
        panic!("{:?}", text[start..].chars().take(60).collect::<String>());
    }
}

/// Markdown without its code spans and fenced blocks, CommonMark 0.31 §6.1 and §4.5: a run of backticks opens a span that
/// ends at the next run of the same length.
fn outside_code(markdown: &str) -> String {
    let mut rest = markdown;
    let mut outside = String::new();
    while let Some(start) = rest.find('`') {
        let (before, ticks) = rest.split_at(start);
        outside.push_str(before);
        if before.bytes().rev().take_while(|octet| *octet == b'\\').count() % 2 == 1 {
            outside.push('`');
            rest = &ticks[1..];
            continue;
        }
        let run = |text: &str| text.len() - text.trim_start_matches('`').len();
        let length = run(ticks);
        let mut inside = &ticks[length..];
        loop {
            inside = &inside[inside.find('`').expect("code is closed")..];
            let found = run(inside);
            inside = &inside[found..];
            if found == length {
                break;
            }
        }
        rest = inside;
    }
    outside + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(ask: impl FnOnce() + std::panic::UnwindSafe) -> bool {
        std::panic::catch_unwind(ask).is_err()
    }

    #[test]
    fn what_is_ours_passes() {
        html(r#"<section class="card" data-port="25"><p>a &lt; b &amp; "c"<br></p></section>"#);
        text("Error: x\n", "\x1b[1;31mError\x1b[0m: x\n");
        markdown("# `a<b`: \\<c\n\n- ``d`e`` f\n\n```\n<script>\n```\n");
    }

    #[test]
    fn what_is_a_servers_does_not() {
        for page in [
            "<script>",
            "<p>",
            "<p onclick=\"x\"></p>",
            "<p class=\"a\"b></p>",
            "a > b",
            "&#x41;",
            "\u{202e}",
            "\0",
        ] {
            assert!(fails(|| html(page)), "{page}");
        }
        assert!(fails(|| text("\x1b[1m", "")));
        assert!(fails(|| text("a", "\x1b[2mb")));
        for page in ["<b>", "![](x)", "\\\\<b>", "see https://example/", "a `b"] {
            assert!(fails(|| markdown(page)), "{page}");
        }
    }
}
