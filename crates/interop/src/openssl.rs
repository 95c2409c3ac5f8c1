//! OpenSSL's `s_server` as it would be in the hands of one who has not touched their settings for ten years, or has
//! touched them last night: each server takes one version, one key exchange or one kind of certificate.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};
use heloscope_observation::TlsMode;
use time::{Duration, OffsetDateTime};

use crate::authority::{Authority, DAYS_AFTER, DAYS_BEFORE};
use crate::confinement::Confinement;
use crate::flavours::{FLAVOURS, Key, OPENSSL_3_5};
use crate::keeper::{Keeper, Script, directory};
use crate::requirements::Need;
use crate::server::{ADDRESS, Recipe, Server};
use crate::starttls_front::Front;

/// One server for each flavour: a relay port (STARTTLS) and a submissions port (implicit TLS), without AUTH. It takes no
/// mail.
pub(crate) fn recipes() -> impl Iterator<Item = Recipe> {
    FLAVOURS.iter().map(|flavour| {
        let needs = if flavour.other.is_some() { CONFINED_NEEDS } else { NEEDS };
        Recipe { name: flavour.name, needs, start }
    })
}

const NEEDS: &[Need] = &[Need::Package("openssl", &["/usr/bin/openssl"])];
const CONFINED_NEEDS: &[Need] = &[NEEDS[0], Need::Root, Need::Unpacked(OPENSSL_3_5)];

pub(crate) const HOST: &str = "openssl.interop.test";

/// RFC 7919 Appendix A.1.
const FFDHE2048: &str = include_str!("../servers/ffdhe2048.pem");
/// The group of 1024 bits that nearly everyone used, RFC 2409 §6.2.
const OAKLEY_2: &str = include_str!("../servers/oakley2.pem");

fn start(name: &'static str, authority: &Authority) -> anyhow::Result<Server> {
    let flavour = FLAVOURS.iter().find(|flavour| flavour.name == name).context("no such flavour")?;
    let (keeper, openssl) = match flavour.other {
        None => {
            let keeper = Keeper::new(directory(name)?, &NOTHING, [])?;
            let directory = keeper.directory().to_owned();
            (keeper, Openssl { directory, confined: false })
        }
        Some(package) => {
            let keeper = Confinement::new(name, package, &[])?.keep(&NOTHING)?;
            let directory = keeper.directory().join("root");
            (keeper, Openssl { directory, confined: true })
        }
    };
    let root = &openssl.directory;
    fs::write(keeper.directory().join("ca.pem"), &authority.root)?;
    fs::write(root.join("ffdhe2048.pem"), FFDHE2048)?;
    fs::write(root.join("oakley2.pem"), OAKLEY_2)?;
    issue(authority, HOST, flavour.key, root)?;
    let front = Front::listen(
        HOST,
        [TlsMode::StartTls, TlsMode::Implicit],
        openssl,
        keeper.directory().join("output"),
        COMMON.iter().chain(flavour.arguments).copied().collect(),
    )?;
    let (ports, expected) = (front.ports().to_vec(), flavour.expected(authority));
    Ok(Server { name, host: HOST, ports, expected, log: "output", keeper, _front: Some(front) })
}

/// It is started for each connection.
const NOTHING: Script = Script::StartStop { start: ":", stop: ":" };

const COMMON: &[&str] = &[
    "s_server",
    "-quiet",
    "-no-CAfile",
    "-no-CApath",
    "-no-CAstore",
    "-cert",
    "leaf.pem",
    "-key",
    "key.pem",
    "-cert_chain",
    "intermediate.pem",
];

/// Makes `key.pem`, `leaf.pem` and `intermediate.pem`: by OpenSSL, which knows keys that ring does not.
pub(crate) fn issue(authority: &Authority, host: &str, key: Key, directory: &Path) -> anyhow::Result<()> {
    fs::write(directory.join("intermediate.pem"), authority.intermediate.pem())?;
    fs::write(directory.join("intermediate.key"), authority.intermediate.key().serialize_pem())?;
    fs::write(directory.join("index.txt"), "")?;
    fs::write(directory.join("ca.cnf"), configuration(host, key))?;
    let mut make_key = vec!["genpkey", "-out", "key.pem", "-algorithm", key.algorithm];
    make_key.extend(key.parameter.iter().flat_map(|parameter| ["-pkeyopt", *parameter]));
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

/// OpenSSL, where it is to work.
pub(crate) struct Openssl {
    pub(crate) directory: PathBuf,
    /// Whether the directory is a confinement's root, with an OpenSSL of its own.
    confined: bool,
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

fn run(directory: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let openssl = Openssl { directory: directory.to_owned(), confined: false };
    let Output { status, stderr, .. } =
        openssl.command().args(arguments).stdin(Stdio::null()).output().context("openssl")?;
    if !status.success() {
        bail!("openssl {}: {}", arguments.join(" "), String::from_utf8_lossy(&stderr));
    }
    Ok(())
}
