//! What a source says: the literals behind `say!`, `mark!` and `plural!` in Rust, `say` and `plural` in TypeScript, what a
//! reader sees of a page, and the comments in the configuration that there is to paste.

/// A message in a source, and its plural where it has one.
pub(super) type Message = (String, Option<String>);

/// The messages of a Rust source, its tests aside.
pub(super) fn of_rust(source: &str) -> Result<Vec<Message>, String> {
    let source = source.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    called(source, &["say!", "mark!"], "plural!")
}

/// The messages of a TypeScript source.
pub(super) fn of_typescript(source: &str) -> Result<Vec<Message>, String> {
    called(source, &["say"], "plural")
}

/// The messages of a page: the texts of its elements, each whole, and those of attributes that are read out.
pub(super) fn of_html(source: &str) -> Vec<Message> {
    const READ_OUT: [&str; 2] = [" aria-label=\"", " content=\""];
    let body = source.split("<script").collect::<Vec<_>>();
    let mut messages = Vec::new();
    for part in body.iter().flat_map(|part| part.split('<')) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        for attribute in READ_OUT {
            let value = tag.split_once(attribute).and_then(|(_, rest)| rest.split_once('"'));
            messages.extend(value.map(|(value, _)| value.to_owned()));
        }
        messages.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    // A text has a space in it; names and settings have none.
    let told = messages.into_iter().filter(|text| text.starts_with(|first: char| first.is_uppercase()));
    told.filter(|text| text != "Heloscope").map(|text| (text, None)).collect()
}

/// The messages of configuration to paste: what follows a comment's mark and one space. Behind more spaces, or none, stands
/// configuration that the comment holds back.
pub(super) fn of_remedies(source: &str) -> Vec<Message> {
    let comment = |line: &'_ str| {
        ["# ", "; ", "dnl "].iter().find_map(|mark| line.strip_prefix(mark)).map(str::to_owned)
    };
    let comments = source.lines().filter_map(comment);
    comments.filter(|comment| !comment.starts_with(' ')).map(|comment| (comment, None)).collect()
}

fn called(source: &str, one: &[&str], two: &str) -> Result<Vec<Message>, String> {
    let mut messages = Vec::new();
    let plain = without_comments(source);
    for name in one {
        for arguments in after(&plain, name) {
            if let Some((english, _)) = literal(arguments)? {
                messages.push((english, None));
            }
        }
    }
    for arguments in after(&plain, two) {
        let rest = arguments.split_once(',').map_or("", |(_, rest)| rest);
        if let Some((english, rest)) = literal(rest)? {
            let many = literal(rest.trim_start().trim_start_matches(','))?;
            let (many, _) = many.ok_or_else(|| format!("no second form: {english}"))?;
            messages.push((english, Some(many)));
        }
    }
    Ok(messages)
}

/// What stands in parentheses behind a name, and what follows.
fn after<'a>(source: &'a str, name: &str) -> Vec<&'a str> {
    let is_part = |before: char| before.is_alphanumeric() || matches!(before, '_' | '.' | '"');
    let call = format!("{name}(");
    let places = source.match_indices(&call).filter(|(at, _)| !source[..*at].ends_with(is_part));
    places.map(|(at, found)| &source[at + found.len()..]).collect()
}

/// The string literal that a text begins with, unescaped, and the rest; `None` where it begins with none.
fn literal(text: &str) -> Result<Option<(String, &str)>, String> {
    let Some(text) = text.trim_start().strip_prefix('"') else { return Ok(None) };
    let mut out = String::new();
    let mut rest = text;
    loop {
        let at = rest.find(['"', '\\']).ok_or_else(|| format!("a literal that does not end: {text:.40}"))?;
        out.push_str(&rest[..at]);
        let (mark, tail) = rest[at..].split_at(1);
        if mark == "\"" {
            return Ok(Some((out, tail)));
        }
        let escape = tail.chars().next().unwrap_or_default();
        rest = &tail[escape.len_utf8()..];
        match escape {
            '\n' => rest = rest.trim_start(),
            'n' => out.push('\n'),
            '"' | '\\' | '\'' => out.push(escape),
            _ => return Err(format!("a message has no \\{escape}: {text:.40}")),
        }
    }
}

/// The source without its comments. A `//` in a literal, such as a URL's, is none.
fn without_comments(source: &str) -> String {
    let mut plain = String::new();
    for line in source.lines() {
        if !line.trim_start().starts_with("//") && !line.trim_start().starts_with("* ") {
            plain.push_str(line);
        }
        plain.push('\n');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_rust() {
        let source = r#"
/// As in `say!("a comment")`.
const LATER: &str = mark!("for later");
fn f() { say!("{who} says \"{}\", \
               twice", what); plural!(lines.len(), "1 line", "{n} lines"); essay!("no"); }

#[cfg(test)]
mod tests { say!("a test"); }
"#;
        let found = of_rust(source).expect("they are literals");
        let found: Vec<_> = found.iter().map(|(one, many)| (one.as_str(), many.as_deref())).collect();
        assert_eq!(
            found,
            [("{who} says \"{}\", twice", None), ("for later", None), ("1 line", Some("{n} lines"))]
        );
    }

    #[test]
    fn messages_of_typescript() {
        let source = "const a = say(\"Stop\"), b = say(\"Port {port}\", { port }), c = this.say(\"no\");\n\
                      plural(count, \"One is different.\", \"{count} are different.\", { count });";
        let found = of_typescript(source).expect("they are literals");
        let found: Vec<_> = found.iter().map(|(one, many)| (one.as_str(), many.as_deref())).collect();
        assert_eq!(
            found,
            [("Stop", None), ("Port {port}", None), ("One is different.", Some("{count} are different."))]
        );
    }

    #[test]
    fn messages_of_a_page() {
        let source = "<meta name=\"description\" content=\"Tests a server.\"><title>Heloscope</title>\n\
                      <p>It connects,\n  and reads.</p><nav aria-label=\"Explanations\"></nav>";
        let found: Vec<String> = of_html(source).into_iter().map(|(text, _)| text).collect();
        assert_eq!(found, ["Tests a server.", "It connects, and reads.", "Explanations"]);
    }

    #[test]
    fn messages_of_configuration_to_paste() {
        let source = "=== Exim\nOptions as the specification has them.\n\n== auth\n# main section\na = b # c\n\
                      ; a line of its own\ndnl none at all:\n#held = back\n#    -o so=too\n";
        let found: Vec<String> = of_remedies(source).into_iter().map(|(text, _)| text).collect();
        assert_eq!(found, ["main section", "a line of its own", "none at all:"]);
    }
}
