//! The program `openssl`, and what it makes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};
use time::{Duration, OffsetDateTime};

use crate::authority::{Authority, DAYS_AFTER, DAYS_BEFORE};
use crate::flavours::Key;
use crate::ports::ADDRESS;

/// OpenSSL, where it is to work.
pub(crate) struct Openssl {
    pub(crate) directory: PathBuf,
    /// Whether the directory is a confinement's root, with an OpenSSL of its own.
    pub(crate) confined: bool,
}

impl Openssl {
    /// OpenSSL in its directory, without the system's settings.
    pub(crate) fn command(&self) -> Command {
        let mut command = if self.confined {
            let mut chroot = Command::new("chroot");
            chroot.arg(&self.directory).arg("/usr/bin/openssl");
            chroot
        } else {
            Command::new("openssl")
        };
        command.current_dir(&self.directory).env("OPENSSL_CONF", "ca.cnf");
        command
    }
}

/// Makes `key.pem`, `leaf.pem` and `intermediate.pem`: by OpenSSL, which knows keys that ring does not.
pub(crate) fn issue(authority: &Authority, host: &str, key: Key, directory: &Path) -> anyhow::Result<()> {
    fs::write(directory.join("intermediate.pem"), authority.intermediate.pem())?;
    fs::write(directory.join("intermediate.key"), authority.intermediate.key().serialize_pem())?;
    fs::write(directory.join("index.txt"), "")?;
    fs::write(directory.join("ca.cnf"), configuration(host, key))?;
    let mut make_key = vec!["genpkey", "-out", "key.pem", "-algorithm", key.algorithm];
    make_key.extend(key.parameters.iter().flat_map(|parameter| ["-pkeyopt", *parameter]));
    run(directory, &make_key)?;
    let subject = format!("/CN={host}");
    run(directory, &["req", "-new", "-key", "key.pem", "-subj", &subject, "-out", "request.pem"])?;
    let [not_before, not_after] = [-DAYS_BEFORE, DAYS_AFTER].map(|days| authority.now + Duration::days(days));
    run(
        directory,
        &[
            "ca",
            "-batch",
            "-notext",
            "-in",
            "request.pem",
            "-out",
            "leaf.pem",
            "-startdate",
            &time(not_before),
            "-enddate",
            &time(not_after),
        ],
    )?;
    Ok(())
}

fn configuration(host: &str, Key { usage, .. }: Key) -> String {
    format!(
        "[req]
distinguished_name = subject
[subject]
[ca]
default_ca = intermediate
[intermediate]
database = index.txt
new_certs_dir = .
rand_serial = yes
certificate = intermediate.pem
private_key = intermediate.key
default_md = sha256
policy = policy
x509_extensions = leaf
[policy]
commonName = supplied
[leaf]
subjectAltName = DNS:{host}, IP:{ADDRESS}
keyUsage = critical, {usage}
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
"
    )
}

/// As `openssl ca` reads it.
fn time(at: OffsetDateTime) -> String {
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}{:02}{day:02}{hour:02}{minute:02}{second:02}Z", u8::from(month))
}

fn run(directory: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let openssl = Openssl { directory: directory.to_owned(), confined: false };
    let Output { status, stderr, .. } =
        openssl.command().args(arguments).stdin(Stdio::null()).output().context("openssl")?;
    if !status.success() {
        bail!("openssl {}: {}", arguments.join(" "), String::from_utf8_lossy(&stderr));
    }
    Ok(())
}
