use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

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
