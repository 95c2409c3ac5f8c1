//! `cargo xtask words`: collects every message from the sources into `crates/languages/po/heloscope.pot`, and brings the
//! translations beside it in step. `cargo xtask check` fails where they are not.

mod found;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use found::{Found, collect};

use crate::place::Place;
use crate::stamp::files;

/// Of each message its translation, of a plural the two of it.
type Translations = BTreeMap<String, Vec<String>>;

/// Writes the messages, and each translation with these messages and no others. Fails where one is not whole then.
pub(crate) fn words(place: &Place) -> Result<()> {
    let found = collect(place)?;
    fs::write(template(place), pot(&found))?;
    for file in translations(place)? {
        let (header, known) = read(&file)?;
        let missing = found.iter().filter(|message| !known.contains_key(&message.english)).count();
        fs::write(&file, po(&header, &found, &known))?;
        eprintln!("{:>9} │ {}: {missing} of {} to translate", "words", file.display(), found.len());
    }
    judge(place)
}

/// Fails where the messages are others than in the sources, and where a translation lacks one, has one too many, or has
/// other values in it.
pub(crate) fn judge(place: &Place) -> Result<()> {
    let found = collect(place)?;
    if fs::read_to_string(template(place)).unwrap_or_default() != pot(&found) {
        bail!("the sources have other messages than {}: cargo xtask words", template(place).display());
    }
    let mut wrong = Vec::new();
    for file in translations(place)? {
        let (_, known) = read(&file)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        wrong.extend(faults(&found, &known).into_iter().map(|fault| format!("{name}: {fault}")));
    }
    if !wrong.is_empty() {
        bail!("translations that are not whole:\n  {}", wrong.join("\n  "));
    }
    Ok(())
}

fn faults(found: &[Found], known: &Translations) -> Vec<String> {
    let mut faults = Vec::new();
    for message in found {
        let Some(forms) = known.get(&message.english) else {
            faults.push(format!("not translated: {}", message.english));
            continue;
        };
        let english = [Some(&message.english), message.plural.as_ref()];
        for (english, form) in english.into_iter().flatten().zip(forms) {
            if places(english, english) != places(english, form) {
                faults.push(format!("other values than the English has: {form}"));
            }
            if english.starts_with(' ') != form.starts_with(' ')
                || english.ends_with(' ') != form.ends_with(' ')
            {
                faults.push(format!("other spaces at its ends than the English has: {form}"));
            }
        }
        if message.plural.is_some() != (forms.len() == 2) {
            faults.push(format!("one form, or two, as the English has: {}", message.english));
        }
    }
    let gone = known.keys().filter(|english| !found.iter().any(|message| message.english == **english));
    faults.extend(gone.map(|english| format!("in no source: {english}")));
    faults
}

/// The values in a form of a message: for each what stands in the English's braces, which a form may name, or number, or
/// leave in its place.
fn places(english: &str, form: &str) -> BTreeSet<String> {
    let inside = |text: &str| -> Vec<String> {
        let parts = text.split('{').skip(1).filter_map(|part| part.split_once('}'));
        let mut unnamed = 0;
        let name = |(name, _): (&str, &str)| match name {
            "" => {
                unnamed += 1;
                format!("unnamed {unnamed}")
            }
            name => name.to_owned(),
        };
        parts.map(name).collect()
    };
    let known = inside(english);
    let place =
        |name: String| name.parse().ok().and_then(|place: usize| known.get(place).cloned()).unwrap_or(name);
    inside(form).into_iter().map(place).collect()
}

fn template(place: &Place) -> PathBuf {
    folder(place).join("heloscope.pot")
}

fn translations(place: &Place) -> Result<Vec<PathBuf>> {
    let all = files(&folder(place))?.into_iter();
    Ok(all.filter(|file| file.extension().is_some_and(|extension| extension == "po")).collect())
}

fn folder(place: &Place) -> PathBuf {
    place.root.join("crates/languages/po")
}

/// The header as it stands, and the translations.
fn read(file: &Path) -> Result<(String, Translations)> {
    let text = fs::read_to_string(file)?;
    let header = text.split_once("\n\n").map_or(text.as_str(), |(header, _)| header).to_owned();
    let catalogue = polib::po_file::parse(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut known = Translations::new();
    for message in catalogue.messages().filter(|message| message.is_translated() && !message.is_fuzzy()) {
        let forms = match message.is_plural() {
            true => message.msgstr_plural().map_err(|_| anyhow::anyhow!("a plural without forms"))?.clone(),
            false => {
                vec![message.msgstr().map_err(|_| anyhow::anyhow!("a message without form"))?.to_owned()]
            }
        };
        known.insert(message.msgid().to_owned(), forms);
    }
    Ok((header, known))
}

const HEADER: &str = "\
# The messages of Heloscope. Copy this to LANGUAGE.po, and translate.
# What stands in braces is filled in: it stays as it is, and may stand elsewhere.
msgid \"\"
msgstr \"\"
\"Project-Id-Version: heloscope\\n\"
\"Language: \\n\"
\"MIME-Version: 1.0\\n\"
\"Content-Type: text/plain; charset=UTF-8\\n\"
\"Content-Transfer-Encoding: 8bit\\n\"
\"Plural-Forms: nplurals=2; plural=(n != 1);\\n\"";

fn pot(found: &[Found]) -> String {
    po(HEADER, found, &Translations::new())
}

fn po(header: &str, found: &[Found], known: &Translations) -> String {
    let mut text = format!("{}\n", header.trim_end());
    for Found { english, plural, files } in found {
        let forms = known.get(english).map(Vec::as_slice).unwrap_or_default();
        let form = |place: usize| quoted(forms.get(place).map_or("", String::as_str));
        let _ = write!(text, "\n#: {}\nmsgid {}\n", files.join(" "), quoted(english));
        let _ = match plural {
            None => writeln!(text, "msgstr {}", form(0)),
            Some(plural) => {
                let (one, many) = (form(0), form(1));
                writeln!(text, "msgid_plural {}\nmsgstr[0] {one}\nmsgstr[1] {many}", quoted(plural))
            }
        };
    }
    text
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(english: &str, plural: Option<&str>) -> Found {
        Found {
            english: english.to_owned(),
            plural: plural.map(str::to_owned),
            files: vec!["a.rs".to_owned()],
        }
    }

    fn known(pairs: &[(&str, &[&str])]) -> Translations {
        let own = |forms: &[&str]| forms.iter().map(|form| (*form).to_owned()).collect();
        pairs.iter().map(|(english, forms)| ((*english).to_owned(), own(forms))).collect()
    }

    #[test]
    fn a_translation_that_is_not_whole_is_told() {
        let messages = [
            found("{a} of {b}", None),
            found("{} by {}", None),
            found("1 line", Some("{n} lines")),
            found(" more", None),
        ];
        let whole = known(&[
            ("{a} of {b}", &["{b}: {a}"]),
            ("{} by {}", &["{1}: {0}"]),
            ("1 line", &["1 Zeile", "{n} Zeilen"]),
            (" more", &[" mehr"]),
        ]);
        assert_eq!(faults(&messages, &whole), Vec::<String>::new());
        let broken = known(&[
            ("{a} of {b}", &["{a} von {c}"]),
            ("{} by {}", &["{}"]),
            ("1 line", &["1 Zeile"]),
            ("gone", &["weg"]),
        ]);
        assert_eq!(
            faults(&messages, &broken),
            [
                "other values than the English has: {a} von {c}",
                "other values than the English has: {}",
                "one form, or two, as the English has: 1 line",
                "not translated:  more",
                "in no source: gone",
            ]
        );
    }

    #[test]
    fn what_is_written_is_gettexts() {
        let text =
            po("H", &[found("say “\"”", None), found("1 line", Some("{n} lines"))], &Translations::new());
        assert_eq!(
            text,
            "H\n\n#: a.rs\nmsgid \"say “\\\"”\"\nmsgstr \"\"\n\n#: a.rs\nmsgid \"1 line\"\n\
             msgid_plural \"{n} lines\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n"
        );
    }
}
