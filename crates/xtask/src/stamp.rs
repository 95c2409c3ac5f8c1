//! Steps whose inputs have not changed are not done again.
//!
//! A stamp is a file with a hash of everything a step depends on: the contents of its input files and the words that
//! say how it is done. It is written once the step is finished.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Does `work` unless it was done with the same `inputs` and `words` before and all `outputs` are there.
///
/// An input may be a file or a folder, which stands for all files in it; one that is not there counts as that.
pub(crate) fn unless_done(
    stamp: &Path,
    inputs: &[PathBuf],
    words: &str,
    outputs: &[PathBuf],
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let now = hash(inputs, words)?;
    let before = fs::read_to_string(stamp).unwrap_or_default();
    if before == now && outputs.iter().all(|output| output.exists()) {
        return Ok(());
    }
    // A step that fails halfway must not leave the stamp of an earlier one.
    let _ = fs::remove_file(stamp);
    work()?;
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(stamp, now).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Every file under a folder, or the file itself, sorted; nothing where there is neither.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    if path.is_dir() {
        for entry in fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))? {
            found.extend(files(&entry?.path())?);
        }
    }
    found.sort();
    Ok(found)
}

fn hash(inputs: &[PathBuf], words: &str) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    for input in inputs {
        input.hash(&mut hasher);
        for file in files(input)? {
            file.hash(&mut hasher);
            fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
        }
    }
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn work_is_done_again_only_when_something_changed() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        let inputs = folder.join("inputs");
        fs::create_dir_all(&inputs)?;
        fs::write(inputs.join("a"), "one")?;
        let (stamp, output) = (folder.join("stamps/step"), folder.join("output"));
        let runs = Cell::new(0);
        let step = |words: &str| {
            unless_done(&stamp, std::slice::from_ref(&inputs), words, std::slice::from_ref(&output), || {
                runs.set(runs.get() + 1);
                Ok(fs::write(&output, "made")?)
            })
        };

        step("-O1")?;
        step("-O1")?;
        assert_eq!(runs.get(), 1, "nothing changed");
        step("-O2")?;
        assert_eq!(runs.get(), 2, "another way of doing it");
        fs::write(inputs.join("a"), "two")?;
        step("-O2")?;
        assert_eq!(runs.get(), 3, "an input's contents");
        fs::write(inputs.join("b"), "two")?;
        step("-O2")?;
        assert_eq!(runs.get(), 4, "one more input");
        fs::rename(inputs.join("b"), inputs.join("c"))?;
        step("-O2")?;
        assert_eq!(runs.get(), 5, "an input's name");
        fs::remove_file(&output)?;
        step("-O2")?;
        assert_eq!(runs.get(), 6, "the output is gone");

        assert!(unless_done(&stamp, &[], "fails", &[], || anyhow::bail!("no")).is_err());
        step("-O2")?;
        assert_eq!(runs.get(), 7, "a failed step leaves no stamp");
        Ok(fs::remove_dir_all(folder)?)
    }
}
