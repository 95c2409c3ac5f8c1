use std::fmt::Write;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::keeper::{Keeper, Script, directory, utf8};
use crate::unpacked::{self, Package};

/// A copy of an unpacked package that a server takes for the whole machine, with users of its own.
pub(crate) struct Confinement {
    directory: TempDir,
}

/// A user, and a group of the same name and number, that are known in a confinement alone.
#[derive(Clone, Copy)]
pub(crate) struct User {
    pub(crate) name: &'static str,
    pub(crate) id: u32,
}

impl Confinement {
    pub(crate) fn new(name: &str, package: Package, users: &[User]) -> anyhow::Result<Self> {
        let confinement = Self { directory: directory(name)? };
        let root = confinement.root();
        unpacked::copy(package, &root)?;
        for name in ["dev", "etc", "run", "tmp", "var"] {
            fs::create_dir_all(root.join(name))?;
        }
        fs::set_permissions(root.join("tmp"), Permissions::from_mode(0o1777))?;
        symlink("../run", root.join("var/run")).context("the package has a directory /var/run")?;
        let (mut passwd, mut group) = ("root:x:0:0::/:/bin/false\n".to_owned(), "root:x:0:\n".to_owned());
        for User { name, id } in users {
            writeln!(passwd, "{name}:x:{id}:{id}::/:/bin/false")?;
            writeln!(group, "{name}:x:{id}:")?;
        }
        fs::write(root.join("etc/passwd"), passwd)?;
        fs::write(root.join("etc/group"), group)?;
        let null = root.join("dev/null");
        if !Command::new("mknod").args(["-m", "666"]).arg(&null).args(["c", "1", "3"]).status()?.success() {
            bail!("{} cannot be made", null.display());
        }
        Ok(confinement)
    }

    /// What the server takes for `/`.
    pub(crate) fn root(&self) -> PathBuf {
        self.directory().join("root")
    }

    /// What holds the root, out of the server's reach.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Keeps it for programs that are run in it one by one.
    pub(crate) fn keep(self, script: &Script) -> anyhow::Result<Keeper> {
        Keeper::new(self.directory, script, [])
    }

    /// Runs a program in the foreground.
    pub(crate) fn run(self, program: &[&str]) -> anyhow::Result<Keeper> {
        let root = self.root();
        let arguments = ["chroot", utf8(&root)?].into_iter().chain(program.iter().copied());
        Keeper::new(self.directory, &Script::Foreground, arguments)
    }
}
