//! Servers of programming languages: a script starts them, and is told as JSON where.

use std::path::Path;

use heloscope_observation::TlsMode;
use serde_json::json;

use crate::authority::Authority;
use crate::expected::{TLS13, Usual};
use crate::keeper::{Keeper, Script, directory, utf8};
use crate::ports::{ADDRESS, USUAL, free_ports};
use crate::requirements::Need;
use crate::scripts::{self, environment};
use crate::server::{Recipe, Server};

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
    *submission = submission.clone().judged();
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
    starttls: "220 Ready to start TLS",
    tls: TLS13,
};

const AIOSMTPD_EXPECTED: Usual = Usual {
    host: "aiosmtpd.interop.test",
    banner: "220 aiosmtpd.interop.test aiosmtpd",
    clear: &["SIZE 10240000", "8BITMIME", "SMTPUTF8", "STARTTLS", "HELP"],
    relay: AIOSMTPD_EXTENSIONS,
    submission: AIOSMTPD_EXTENSIONS,
    starttls: "220 Ready to start TLS",
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
    let script = scripts::script(script);
    let mut keeper =
        Keeper::new(directory, &Script::Foreground, [utf8(program)?, utf8(&script)?, &told.to_string()])?;
    keeper.wait_until_ready(expected.host, &ports)?;
    Ok(Server {
        name,
        host: expected.host,
        ports: ports.into(),
        expected: expected.expected(authority),
        log: "output",
        keeper,
        _front: None,
    })
}
