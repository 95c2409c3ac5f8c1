use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context, bail};

/// Where what was fetched is kept from one run to the next: `heloscope/interop` in `$XDG_CACHE_HOME` or `~/.cache`.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    let caches = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let cache =
        caches.context("neither XDG_CACHE_HOME nor HOME is set")?.join(Path::new("heloscope/interop"));
    fs::create_dir_all(&cache).with_context(|| format!("{} cannot be made", cache.display()))?;
    Ok(cache)
}

/// Has a shell script fetch `path` into the cache, unless that is done: it is given a directory as `$1`, and what is then
/// `tree` in there is kept.
pub(crate) fn fill(path: &Path, script: &str, arguments: &[&str]) -> anyhow::Result<()> {
    /// Threads take turns; of processes, the first to end wins.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock();
    if path.exists() {
        return Ok(());
    }
    let directory = tempfile::Builder::new().prefix("fetching-").tempdir_in(cache()?)?;
    let output = Command::new("/bin/sh")
        .args(["-c", script, "fetch"])
        .arg(directory.path())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("a shell to fetch with")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    match fs::rename(directory.path().join("tree"), path) {
        Err(error) if !path.exists() => Err(error.into()),
        _ => Ok(()),
    }
}
