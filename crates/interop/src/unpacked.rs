//! Mail servers whose Debian packages cannot be installed beside Postfix's: unpacked into a directory of their own, with
//! all the libraries they need, down to the C library. A server gets a copy of it and is confined there with `chroot`,
//! so that it finds its users, its configuration and its queue where it was built to look for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, bail};

use crate::cache::cache;

/// Where the package is unpacked to; there once it is complete.
pub(crate) fn tree(package: &str) -> anyhow::Result<PathBuf> {
    Ok(cache()?.join(package))
}

/// Downloads the package and the libraries it needs with `apt-get`, and unpacks them; nothing is installed.
pub(crate) fn fetch(package: &str) -> anyhow::Result<()> {
    /// Threads take turns; of processes, the first to end wins.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock();
    let tree = tree(package)?;
    if tree.exists() {
        return Ok(());
    }
    let directory = tempfile::Builder::new().prefix("unpacking-").tempdir_in(cache()?)?;
    let output = Command::new("/bin/sh")
        .args(["-c", FETCH, "unpack"])
        .args([directory.path(), Path::new(package)])
        .output()
        .context("a shell to unpack packages")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    match fs::rename(directory.path().join("tree"), &tree) {
        Err(error) if !tree.exists() => Err(error.into()),
        _ => Ok(()),
    }
}

/// Makes a copy of a tree: where a server is to be confined.
pub(crate) fn copy(package: &str, to: &Path) -> anyhow::Result<()> {
    let copied = Command::new("cp").args(["-a", "--reflink=auto"]).args([&tree(package)?, to]).status()?;
    if !copied.success() {
        bail!("{} cannot be copied", tree(package)?.display());
    }
    Ok(())
}

/// `apt-get` is told that nothing is installed, and keeps all its notes in the directory, so that neither what is on
/// this machine nor what it may be matters. Of what it would then install, the libraries and the package itself are
/// taken: the others are there to configure a system.
const FETCH: &str = r#"
set -eu
umask 022
cd "$1"
mkdir -p state/lists/partial cache/archives/partial debs tree/usr/bin tree/usr/lib tree/usr/lib64 tree/usr/sbin
: >state/status
apt() { directory=$1; shift; apt-get -q -o APT::Sandbox::User=root -o Dir::State="$directory/state" \
  -o Dir::State::status="$directory/state/status" -o Dir::Cache="$directory/cache" "$@"; }
apt "$1" update
apt "$1" --no-install-recommends --simulate install "$2" >plan
names=$(awk -v package="$2" '$1 == "Inst" && ($2 == package || $2 ~ /^(lib|zlib)/) && $2 !~ /perl/ { print $2 }' plan)
(cd debs && apt "$1" download $names)
for name in bin lib lib64 sbin; do ln -s "usr/$name" "tree/$name"; done
for package in debs/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x -C tree --keep-directory-symlink --no-same-owner \
    --exclude='./usr/share/*' --exclude='*/gconv' --exclude='*/security'
done
chmod -R u-s,g-s tree
"#;
