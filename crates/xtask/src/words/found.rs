use std::collections::BTreeMap;
use std::fs;

use anyhow::{Result, anyhow};

use super::sources::{Message, of_html, of_remedies, of_rust, of_typescript};
use crate::place::Place;
use crate::stamp::files;

/// Where words for a reader stand.
const SOURCES: [&str; 13] = [
    "crates/cli/src",
    "crates/observation/src",
    "crates/pages/src",
    "crates/pki/src",
    "crates/render/src",
    "crates/report/src",
    "crates/specimen/src",
    "crates/wire/src",
    "crates/words/src",
    "index.html",
    "web/element",
    "web/src",
    "web/static/embed.html",
];

/// A message, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) english: String,
    pub(super) plural: Option<String>,
    /// Paths from the root, each once.
    pub(super) files: Vec<String>,
}

/// Every message of the sources, each once, in the order of the files and of their lines.
pub(super) fn collect(place: &Place) -> Result<Vec<Found>> {
    let mut found: Vec<Found> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for source in SOURCES {
        for file in files(&place.root.join(source))? {
            let name = file.strip_prefix(&place.root)?.to_string_lossy().into_owned();
            let text = || fs::read_to_string(&file);
            let messages = match file.extension().and_then(|extension| extension.to_str()) {
                Some("rs") => of_rust(&text()?),
                Some("ts") => of_typescript(&text()?),
                Some("html") => Ok(of_html(&text()?)),
                Some("txt") => Ok(of_remedies(&text()?)),
                _ => continue,
            };
            for message in messages.map_err(|wrong| anyhow!("{name}: {wrong}"))? {
                take(&mut found, &mut known, message, &name)?;
            }
        }
    }
    Ok(found)
}

fn take(
    found: &mut Vec<Found>,
    known: &mut BTreeMap<String, usize>,
    (english, plural): Message,
    file: &str,
) -> Result<()> {
    if english.is_empty() {
        return Ok(());
    }
    let place = *known.entry(english.clone()).or_insert(found.len());
    if place == found.len() {
        found.push(Found { english, plural, files: vec![file.to_owned()] });
        return Ok(());
    }
    let entry = &mut found[place];
    if entry.plural != plural {
        return Err(anyhow!("{file}: “{english}” stands elsewhere with another plural, or with none"));
    }
    if !entry.files.iter().any(|other| other == file) {
        entry.files.push(file.to_owned());
    }
    Ok(())
}
