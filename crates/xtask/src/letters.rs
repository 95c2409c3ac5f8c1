//! One form of apostrophe in all that is written here: the straight one. Quotation marks are “these”.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::place::Place;

const CURLY: char = '\u{2019}';

/// What is read or shown, by its extension.
const WRITTEN: [&str; 8] = ["css", "html", "md", "mjs", "rs", "toml", "ts", "txt"];

/// Made by others, or by a build.
const NOT_OURS: [&str; 3] = ["node_modules", "target", "corpus"];

/// Lists each line that has a curly apostrophe.
pub(crate) fn letters(place: &Place) -> Result<()> {
    let mut curly = Vec::new();
    look(&place.root, &mut curly)?;
    match curly.is_empty() {
        true => Ok(()),
        false => bail!("an apostrophe is written ' and not {CURLY}: {}", curly.join(", ")),
    }
}

fn look(folder: &Path, curly: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') || NOT_OURS.contains(&&*name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            look(&path, curly)?;
        } else if path
            .extension()
            .is_some_and(|extension| WRITTEN.iter().any(|written| extension == *written))
        {
            let text = fs::read_to_string(&path).with_context(|| format!("{} is no text", path.display()))?;
            curly.extend(lines(&text).map(|line| format!("{}:{line}", path.display())));
        }
    }
    Ok(())
}

/// The lines, counted from 1, that have one.
fn lines(text: &str) -> impl Iterator<Item = usize> {
    let numbered = text.lines().enumerate();
    numbered.filter(|(_, line)| line.contains(CURLY)).map(|(place, _)| place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curly_apostrophe_is_found_where_it_stands() {
        let text = "the server's\nthe server\u{2019}s own\n“it”\nisn\u{2019}t";
        assert_eq!(lines(text).collect::<Vec<_>>(), [2, 4]);
    }
}
