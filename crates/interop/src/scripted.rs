//! Servers of programming languages: a script starts them, and is told as JSON where.

use std::path::{Path, PathBuf};

use heloscope_observation::TlsMode;
use serde_json::json;

use crate::authority::Authority;
use crate::cache::{cache, fill};
use crate::expected::{TLS13, Usual};
use crate::keeper::{Keeper, Script, directory};
use crate::requirements::Need;
use crate::server::{ADDRESS, Recipe, Server, USUAL, free_ports, utf8};

/// npm's smtp-server, under Node.js.
pub(crate) const SMTP_SERVER: Recipe =
    Recipe { name: "smtp-server", needs: &[Need::Node, Need::NodeModules], start: smtp_server };

/// PyPI's aiosmtpd, under Debian's Python.
pub(crate) const AIOSMTPD: Recipe = Recipe {
    name: "aiosmtpd",
    needs: &[
        Need::Package("python3-venv", &["/usr/bin/python3", "/usr/share/python-wheels"]),
        Need::PythonEnvironment,
    ],
    start: aiosmtpd,
};

fn smtp_server(name: &'static str, authority: &Authority) -> anyhow::Result<Server> {
    let mut server = start(name, authority, &SMTP_SERVER_EXPECTED, Path::new("node"), "smtp-server.mjs")?;
    // It offers AUTH before TLS, and refuses it.
    let submission = &mut server.expected[2];
    submission.capabilities_before_tls =
        Some(vec!["PIPELINING", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN", "STARTTLS", "SIZE 10240000"]);
    submission.findings = vec!["auth-without-tls"];
    Ok(server)
}

fn aiosmtpd(name: &'static str, authority: &Authority) -> anyhow::Result<Server> {
    start(name, authority, &AIOSMTPD_EXPECTED, &environment()?.join("bin/python"), "aiosmtpd-server.py")
}

const SMTP_SERVER_EXPECTED: Usual = Usual {
    host: "smtp-server.interop.test",
    banner: "220 smtp-server.interop.test ESMTP smtp-server",
    clear: &["PIPELINING", "8BITMIME", "SMTPUTF8", "STARTTLS", "SIZE 10240000"],
    relay: &["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10240000"],
    submission: &["PIPELINING", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN", "SIZE 10240000"],
    tls: TLS13,
};

const AIOSMTPD_EXPECTED: Usual = Usual {
    host: "aiosmtpd.interop.test",
    banner: "220 aiosmtpd.interop.test aiosmtpd",
    clear: &["SIZE 10240000", "8BITMIME", "SMTPUTF8", "STARTTLS", "HELP"],
    relay: AIOSMTPD_EXTENSIONS,
    submission: AIOSMTPD_EXTENSIONS,
    tls: TLS13,
};

/// It offers AUTH wherever there is TLS.
const AIOSMTPD_EXTENSIONS: &[&str] = &["SIZE 10240000", "8BITMIME", "SMTPUTF8", "AUTH LOGIN PLAIN", "HELP"];

fn start(
    name: &'static str,
    authority: &Authority,
    expected: &Usual,
    program: &Path,
    script: &str,
) -> anyhow::Result<Server> {
    let directory = directory(name)?;
    let root = directory.path();
    authority.issue(expected.host, ADDRESS)?.write(root)?;
    let ports = free_ports(USUAL)?;
    let [relay, submissions, submission] = ports
        .map(|port| json!({ "port": port.port, "implicit": port.mode == TlsMode::Implicit, "auth": true }));
    let mut relay = relay;
    relay["auth"] = false.into();
    let told = json!({
        "host": expected.host,
        "address": ADDRESS,
        "key": root.join("key.pem"),
        "certificates": root.join("certificates.pem"),
        "ports": [relay, submissions, submission],
    });
    let script = servers().join(script);
    let mut keeper =
        Keeper::new(directory, &Script::Foreground, [utf8(program)?, utf8(&script)?, &told.to_string()])?;
    keeper.wait_until_ready(expected.host, &ports)?;
    Ok(Server {
        name,
        host: expected.host,
        ports: ports.into(),
        expected: expected.expected(),
        log: "output",
        keeper,
        _front: None,
    })
}

fn servers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("servers")
}

/// Where npm installed what this project needs.
pub(crate) fn node_module() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/smtp-server")
}

/// Python's virtual environment with aiosmtpd in it; there once it is complete.
pub(crate) fn environment() -> anyhow::Result<PathBuf> {
    Ok(cache()?.join("aiosmtpd-1.4.6"))
}

/// Makes the virtual environment.
pub(crate) fn fetch_environment() -> anyhow::Result<()> {
    fill(&environment()?, FETCH_ENVIRONMENT, &[utf8(&servers().join("requirements.txt"))?])
}

/// The program `pip` would look for itself in the place where it was made; that of Python finds its own.
const FETCH_ENVIRONMENT: &str = r#"
set -eu
/usr/bin/python3 -m venv "$1/tree"
"$1/tree/bin/python" -m pip --quiet --disable-pip-version-check install --require-hashes --only-binary :all: -r "$2"
"#;
