use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::setting::{Form, Setting};
use super::table::of_another_build;
use super::{Fault, Given, Source, nearest};

/// What a configuration file gives: the words of each setting in it, and all that is wrong with it.
pub(super) fn read(path: &Path, text: &str, settings: &[&Setting]) -> (Vec<Given>, Vec<Fault>) {
    let shared: Arc<str> = path.display().to_string().into();
    let source_at = |offset: usize| source(&shared, text, offset);
    let (document, errors) = DeTable::parse_recoverable(text);
    // The first of a line: those after it come of it.
    let mut broken: BTreeMap<usize, (usize, String)> = BTreeMap::new();
    for error in &errors {
        let span = error.span().unwrap_or_default();
        let message = match error.message() {
            "duplicate key" => format!("a second `{}`", text[span.clone()].trim()),
            message => message.to_owned(),
        };
        broken.entry(line_at(text, span.start)).or_insert((span.start, message));
    }
    let mut faults = Vec::new();
    let mut given = Vec::new();
    let mut entries: Vec<_> = document.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let name: &str = key.get_ref();
        let source = source_at(key.span().start);
        match settings.iter().find(|setting| setting.name == name) {
            None => faults.push(Fault {
                source: Some(source),
                setting: None,
                what: unknown(name, value, settings),
            }),
            Some(setting) => {
                let fault = |source, what| Fault { source: Some(source), setting: Some(setting.name), what };
                let lines = line_at(text, key.span().start)..=line_at(text, value.span().end);
                // What the reader made of the rest would be told of as if it had been written.
                if let Some((offset, message)) =
                    broken.range(lines.clone()).map(|(_, first)| first.clone()).next()
                {
                    broken.retain(|line, _| !lines.contains(line));
                    let advice = match is_unclosed(&message) {
                        true => "a quotation mark is not closed".to_owned(),
                        false => format!("write {}", right(setting.form)),
                    };
                    let what = format!("this is no value of TOML: {advice}");
                    faults.push(fault(source_at(offset), what));
                    continue;
                }
                let (words, wrong) = words(value, setting.form, text);
                faults.extend(wrong.into_iter().map(|what| fault(source.clone(), what)));
                given.extend(words.map(|words| Given { setting: setting.name, words, source }));
            }
        }
    }
    faults.extend(broken.into_values().map(|(offset, message)| Fault {
        source: Some(source_at(offset)),
        setting: None,
        what: format!("this is no TOML: {message}"),
    }));
    (given, faults)
}

/// The words of a value, which has to be of the setting's form, and what is wrong with it; of a list, both.
fn words(value: &Spanned<DeValue<'_>>, form: Form, file: &str) -> (Option<Vec<String>>, Vec<String>) {
    match (form, value.get_ref()) {
        (Form::Text, DeValue::String(text)) => (Some(vec![text.to_string()]), Vec::new()),
        (Form::Number, DeValue::Integer(integer)) if integer.radix() == 10 => {
            (Some(vec![integer.as_str().to_owned()]), Vec::new())
        }
        (Form::Switch, DeValue::Boolean(on)) => (Some(vec![on.to_string()]), Vec::new()),
        (Form::List, DeValue::Array(values)) => {
            let (mut words, mut wrong) = (Vec::new(), Vec::new());
            for value in values.iter() {
                match value.get_ref() {
                    DeValue::String(text) => words.push(text.to_string()),
                    other => {
                        let written: String = file[value.span()].chars().take(SHOWN).collect();
                        let (written, right) = (written.escape_debug(), right(form));
                        wrong.push(format!("`{written}` is of the type {}: write {right}", other.type_str()));
                    }
                }
            }
            (Some(words), wrong)
        }
        (_, other) => {
            (None, vec![format!("write {}; this is of the type {}", right(form), other.type_str())])
        }
    }
}

/// Whether the reader found, of a string's quotation marks, the first alone.
fn is_unclosed(message: &str) -> bool {
    ["`\"`", "`'`", "`\"\"\"`", "`'''`"]
        .iter()
        .any(|mark| message.strip_suffix(mark).is_some_and(|before| before.ends_with("string, expected ")))
}

/// How much of what is written in the file is repeated.
const SHOWN: usize = 60;

/// What to write for a setting of this form.
fn right(form: Form) -> &'static str {
    match form {
        Form::Text => "a string, such as \"…\"",
        Form::Number => "a whole number, without quotation marks",
        Form::Switch => "true or false, without quotation marks",
        Form::List => "a list of strings, such as [\"…\", \"…\"]",
    }
}

fn source(path: &Arc<str>, text: &str, offset: usize) -> Source {
    Source::File { path: path.clone(), line: line_at(text, offset) }
}

/// The number of the line, from 1, in which this octet stands.
fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|&&octet| octet == b'\n').count() + 1
}

fn unknown(name: &str, value: &Spanned<DeValue<'_>>, settings: &[&Setting]) -> String {
    if matches!(value.get_ref(), DeValue::Table(_)) {
        return format!(
            "`[{}]`: there are no tables here; all settings stand beside each other",
            name.escape_debug()
        );
    }
    if let Some(what) = of_another_build(name) {
        return format!("{name}: {what}");
    }
    let hint = nearest::hint(
        name,
        settings.iter().map(|setting| setting.name),
        "",
        "`heloscope-relay print-config`",
    );
    format!("`{}` is no setting{hint}", name.escape_debug())
}
