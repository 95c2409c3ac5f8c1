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
    let source = |offset: usize| Source::File {
        path: shared.clone(),
        line: text.as_bytes()[..offset.min(text.len())].iter().filter(|&&octet| octet == b'\n').count() + 1,
    };
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut faults: Vec<Fault> = errors
        .iter()
        .map(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            Fault {
                source: Some(source(offset)),
                setting: None,
                what: format!("this is no TOML: {}", error.message()),
            }
        })
        .collect();
    let mut given = Vec::new();
    let mut entries: Vec<_> = document.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let name: &str = key.get_ref();
        let source = source(key.span().start);
        match settings.iter().find(|setting| setting.name == name) {
            None => faults.push(Fault {
                source: Some(source),
                setting: None,
                what: unknown(name, value, settings),
            }),
            Some(setting) => match words(value, setting.form) {
                Ok(words) => given.push(Given { setting: setting.name, words, source }),
                Err(wrong) => faults.extend(wrong.into_iter().map(|what| Fault {
                    source: Some(source.clone()),
                    setting: Some(setting.name),
                    what,
                })),
            },
        }
    }
    (given, faults)
}

/// The words of a value, which has to be of the setting's form.
fn words(value: &Spanned<DeValue<'_>>, form: Form) -> Result<Vec<String>, Vec<String>> {
    let right = match form {
        Form::Text => "a string, such as \"…\"",
        Form::Number => "a whole number, without quotation marks",
        Form::Switch => "true or false, without quotation marks",
        Form::List => "a list of strings, such as [\"…\", \"…\"]",
    };
    let wrong = |value: &DeValue<'_>| format!("write {right}; this is of the type {}", value.type_str());
    match (form, value.get_ref()) {
        (Form::Text, DeValue::String(text)) => Ok(vec![text.to_string()]),
        (Form::Number, DeValue::Integer(integer)) if integer.radix() == 10 => {
            Ok(vec![integer.as_str().to_owned()])
        }
        (Form::Switch, DeValue::Boolean(on)) => Ok(vec![on.to_string()]),
        (Form::List, DeValue::Array(values)) => {
            let word = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
                DeValue::String(text) => Ok(text.to_string()),
                other => Err(wrong(other)),
            };
            let (words, faults): (Vec<_>, Vec<_>) = values.iter().map(word).partition(Result::is_ok);
            if faults.is_empty() {
                Ok(words.into_iter().flatten().collect())
            } else {
                Err(faults.into_iter().filter_map(Result::err).collect())
            }
        }
        (_, other) => Err(vec![wrong(other)]),
    }
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
