//! sslyze, from the Python package index, in a virtual environment below cargo's target directory.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::program as of_machine;

/// The version compared with.
const WANTED: &str = "sslyze==6.3.1";

/// Its program.
///
/// # Errors
/// It is not there; says how to get it.
pub(crate) fn program() -> Result<PathBuf> {
    let environment = environment()?;
    let program = environment.join("bin/sslyze");
    if !program.is_file() {
        let at = environment.display();
        bail!("python3 -m venv {at} && {at}/bin/pip install {WANTED}");
    }
    Ok(program)
}

/// Installs it where that may be done unasked, and says so where it fails.
pub(crate) fn install() {
    if program().is_ok() || !may_install() {
        return;
    }
    if let Err(error) = try_install() {
        println!("sslyze cannot be installed: {error:#}");
    }
}

/// Whether what is compared with may be installed unasked: as root on Debian, or in continuous integration.
pub(crate) fn may_install() -> bool {
    let in_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    let root_on_debian = Path::new("/etc/debian_version").exists()
        && std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    in_ci || root_on_debian
}

fn try_install() -> Result<()> {
    let environment = environment()?;
    let python = of_machine("python3").context("there is no python3")?;
    quietly(Command::new(python).args(["-m", "venv"]).arg(&environment))?;
    let pip = environment.join("bin/pip");
    quietly(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check", WANTED]))
}

/// Runs a command, whose words on standard error are the error where it fails.
pub(crate) fn quietly(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn environment() -> Result<PathBuf> {
    Ok(target()?.join("sslyze"))
}

/// Cargo's target directory.
pub(crate) fn target() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own.ancestors().nth(2).context("this program lies in cargo's target directory")?;
    Ok(target.to_owned())
}
