//! Makes of each `po/….po` what a program reads: the language, then message and translation, a line each. The values of
//! a translation are numbered as they stand in the message, whose names are for people.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=po");
    let out = std::env::var("OUT_DIR")?;
    for entry in std::fs::read_dir("po")? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "po") {
            let language = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = compact(&language, &file)?;
            std::fs::write(Path::new(&out).join(language).with_extension("txt"), text)?;
        }
    }
    Ok(())
}

fn compact(language: &str, file: &Path) -> Result<String, Box<dyn Error>> {
    let catalogue = polib::po_file::parse(file)?;
    let mut lines = Vec::new();
    for message in catalogue.messages().filter(|message| message.is_translated() && !message.is_fuzzy()) {
        if message.is_plural() {
            let forms = message.msgstr_plural()?;
            lines.push((message.msgid().to_owned(), forms.first().cloned().unwrap_or_default()));
            lines.push((message.msgid_plural()?.to_owned(), forms.last().cloned().unwrap_or_default()));
        } else {
            lines.push((message.msgid().to_owned(), message.msgstr()?.to_owned()));
        }
    }
    lines.sort();
    lines.dedup();
    let mut text = format!("{language}\n");
    for (message, translation) in lines {
        let translation = numbered(&message, &translation);
        if message.contains('\n') || translation.contains('\n') {
            return Err(format!("{}: a message is one line: {message}", file.display()).into());
        }
        text.push_str(&format!("{message}\n{translation}\n"));
    }
    Ok(text)
}

/// The translation with `{name}` as `{0}`, the place that it has among those of the message. The place of `{}` is its own.
fn numbered(message: &str, translation: &str) -> String {
    let names = places(message);
    assert!(names.len() <= 10, "a value has a number of one digit: {message}");
    let mut numbered = translation.to_owned();
    for (number, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        numbered = numbered.replace(&format!("{{{name}}}"), &format!("{{{number}}}"));
    }
    for (number, _) in names.iter().enumerate().filter(|(_, name)| name.is_empty()) {
        numbered = numbered.replacen("{}", &format!("{{{number}}}"), 1);
    }
    numbered
}

fn places(message: &str) -> Vec<&str> {
    message.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}
