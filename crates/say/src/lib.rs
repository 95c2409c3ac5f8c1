//! The macro `say!`, which `heloscope-words` passes on. A procedural macro, since the names that stand within a message have
//! to become its values: `macro_rules` cannot read a literal.

use std::str::FromStr;

use proc_macro::{Delimiter, Group, Literal, Span, TokenStream, TokenTree};

/// Says a message in the language that is spoken: the literal, in English, is looked up in the catalogue, and filled.
///
/// `say!("STARTTLS is not offered")` is a `&'static str`; `say!("{count} of {}", total)` is a `String`. Values are written
/// as `format!` has them, by name or one after the other, and need `Display`. A message has no widths, no precisions
/// and no braces of its own: what is to have them is a value.
#[proc_macro]
pub fn say(input: TokenStream) -> TokenStream {
    said(input).unwrap_or_else(|wrong| rust(&format!("::core::compile_error!({wrong:?})")))
}

fn said(input: TokenStream) -> Result<TokenStream, String> {
    let mut tokens = input.into_iter();
    let (message, span) = match tokens.next().and_then(literal) {
        Some(literal) => (literal.to_string(), literal.span()),
        None => return Err("say! begins with the message, a string literal".to_owned()),
    };
    if !message.starts_with('"') {
        return Err("say! takes a plain string literal".to_owned());
    }
    let mut given = listed(tokens)?.into_iter();
    let mut values = Vec::new();
    for place in places(&message)? {
        values.push(match place.as_str() {
            "" => given.next().ok_or("there are fewer values than {} in the message")?,
            name => name.to_owned(),
        });
    }
    if given.next().is_some() {
        return Err("there are more values than {} in the message".to_owned());
    }
    let call = rust(&if values.is_empty() {
        format!("::heloscope_words::spoken({message})")
    } else {
        let values: Vec<String> =
            values.iter().map(|value| format!("&({value}) as &dyn ::core::fmt::Display")).collect();
        format!("::heloscope_words::filled({message}, &[{}])", values.join(", "))
    });
    // The names in the message are those of whoever wrote it, also where another macro has passed it on.
    Ok(at(call, span))
}

/// The message, also where another macro has passed it on.
fn literal(token: TokenTree) -> Option<Literal> {
    match token {
        TokenTree::Literal(literal) => Some(literal),
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            group.stream().into_iter().next().and_then(literal)
        }
        _ => None,
    }
}

fn at(tokens: TokenStream, span: Span) -> TokenStream {
    let each = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let mut group = Group::new(group.delimiter(), at(group.stream(), span));
            group.set_span(span);
            TokenTree::Group(group)
        }
        mut other => {
            other.set_span(span);
            other
        }
    });
    each.collect()
}

/// What stands between each pair of braces, in the order of the literal.
fn places(literal: &str) -> Result<Vec<String>, String> {
    let mut places = Vec::new();
    // The braces of an escape, `\u{20}`, are none of a value.
    let mut rest = literal;
    while let Some(at) = rest.find(['{', '\\']) {
        let tail = &rest[at..];
        rest = if tail.starts_with("\\u{") {
            tail.split_once('}').map_or("", |(_, tail)| tail)
        } else if tail.starts_with('\\') {
            tail.get(2..).unwrap_or_default()
        } else {
            let (place, tail) = tail[1..].split_once('}').ok_or("a brace is not closed")?;
            if !place.chars().all(|character| character.is_ascii_alphanumeric() || character == '_') {
                return Err(format!("a message has names in its braces and nothing else, not {{{place}}}"));
            }
            places.push(place.to_owned());
            tail
        };
    }
    Ok(places)
}

/// The expressions after the message, as source.
fn listed(mut tokens: impl Iterator<Item = TokenTree>) -> Result<Vec<String>, String> {
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
    match tokens.next() {
        None => return Ok(Vec::new()),
        Some(first) if is_comma(&first) => {}
        Some(_) => return Err("a comma belongs between the message and its values".to_owned()),
    }
    let tokens: Vec<TokenTree> = tokens.collect();
    let values = tokens.split(is_comma).filter(|value| !value.is_empty());
    Ok(values.map(|value| value.iter().cloned().collect::<TokenStream>().to_string()).collect())
}

fn rust(source: &str) -> TokenStream {
    TokenStream::from_str(source).unwrap_or_else(|_| TokenStream::new())
}
