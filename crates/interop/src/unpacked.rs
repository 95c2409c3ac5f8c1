//! Mail servers whose Debian packages cannot be installed beside Postfix's: unpacked into a directory of their own, with
//! all the libraries they need, down to the C library. A server gets a copy of it and is confined there with `chroot`,
//! so that it finds its users, its configuration and its queue where it was built to look for them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::cache::{cache, fill};

/// A package, and of which release of Debian, where it is not this machine's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) release: Option<&'static str>,
}

impl Package {
    /// Where it is unpacked to; there once it is complete.
    pub(crate) fn tree(self) -> anyhow::Result<PathBuf> {
        Ok(match self.release {
            Some(release) => cache()?.join(format!("{}-{release}", self.name)),
            None => cache()?.join(self.name),
        })
    }
}

/// Downloads the package and the libraries it needs with `apt-get`, and unpacks them; nothing is installed.
pub(crate) fn fetch(package: Package) -> anyhow::Result<()> {
    fill(&package.tree()?, FETCH, &[package.name, package.release.unwrap_or_default()])
}

/// Makes a copy of a tree: where a server is to be confined.
pub(crate) fn copy(package: Package, to: &Path) -> anyhow::Result<()> {
    let copied =
        Command::new("cp").args(["-a", "--reflink=auto"]).args([package.tree()?.as_path(), to]).status()?;
    if !copied.success() {
        bail!("{} cannot be copied", package.tree()?.display());
    }
    Ok(())
}

/// `apt-get` is told that nothing is installed, and keeps all its notes in the directory, so that neither what is on
/// this machine nor what it may be matters. Of what it would then install, the libraries and the package itself are
/// taken: the others are there to configure a system. Another release than this machine's is fetched from where this
/// machine's is.
const FETCH: &str = r#"
set -eu
umask 022
here=$1 package=$2 release=$3
cd "$here"
mkdir -p state/lists/partial cache/archives/partial debs tree/usr/bin tree/usr/lib tree/usr/lib64 tree/usr/sbin
: >state/status
sources=
if [ -n "$release" ]; then
  . /etc/os-release
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(SITE)' 'Created-By: Packages' |
    awk -v own="$VERSION_CODENAME" -v release="$release" \
      '$1 == own && $2 == "main" { print "deb", $3, release, "main"; exit }' >sources.list
  sources="-o Dir::Etc::sourcelist=$here/sources.list -o Dir::Etc::sourceparts=-"
fi
apt() {
  apt-get -q -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::http::Timeout=20 \
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Dir::State="$here/state" \
    -o Dir::State::status="$here/state/status" -o Dir::Cache="$here/cache" $sources "$@"
}
apt update
apt --no-install-recommends --simulate install "$package" >plan
names=$(awk -v package="$package" \
  '$1 == "Inst" && ($2 == package || $2 ~ /^(lib|zlib)/) && $2 !~ /perl/ { print $2 }' plan)
(cd debs && apt download $names)
for name in bin lib lib64 sbin; do ln -s "usr/$name" "tree/$name"; done
for file in debs/*.deb; do
  dpkg-deb --fsys-tarfile "$file" | tar -x -C tree --keep-directory-symlink --no-same-owner \
    --exclude='./usr/share/*' --exclude='*/gconv' --exclude='*/security'
done
chmod -R u-s,g-s tree
"#;
