use heloscope_observation::{PortSpec, TlsMode};

use crate::authority::Authority;
use crate::expected::{Expected, TLS13, certificate, chain};
use crate::keeper::directory;
use crate::ports::{ADDRESS, free_ports};
use crate::postfix::{NEEDS, keep};
use crate::server::{Recipe, Server};

/// Postfix's postscreen before its own smtpd: a relay port (STARTTLS) that says half a greeting, waits 6 s and takes
/// note of who speaks first.
pub(crate) const RECIPE: Recipe = Recipe { name: "postscreen", needs: NEEDS, start };

const HOST: &str = "postscreen.interop.test";

fn start(name: &'static str, authority: &Authority) -> anyhow::Result<Server> {
    let ports = free_ports([TlsMode::StartTls])?;
    let keeper = keep(directory(name)?, authority, HOST, SETTINGS, &services(ports[0]))?;
    let expected = Expected {
        banner: Some(
            "220-postscreen.interop.test ESMTP wait for the rest\n220 postscreen.interop.test ESMTP Postfix",
        ),
        notes: vec!["The greeting came in parts: its first line at once, the last 6 s later."],
        starttls_supported: Some(true),
        starttls_reply: Some("220 2.0.0 Ready to start TLS"),
        capabilities_before_tls: Some([&EXTENSIONS[..4], &["STARTTLS"], &EXTENSIONS[4..]].concat()),
        capabilities_after_tls: Some(EXTENSIONS.to_vec()),
        tls: Some(TLS13),
        certificate: Some(certificate(authority, HOST, "ECDSA P-256")),
        chain: chain(authority, HOST, "ECDSA P-256"),
        error: None,
        findings: Vec::new(),
        checks: Vec::new(),
    };
    Ok(Server {
        name,
        host: HOST,
        ports: ports.into(),
        expected: vec![expected.judged()],
        log: "log",
        keeper,
        _front: None,
    })
}

const EXTENSIONS: [&str; 9] = [
    "PIPELINING",
    "SIZE 10240000",
    "VRFY",
    "ETRN",
    "ENHANCEDSTATUSCODES",
    "8BITMIME",
    "DSN",
    "SMTPUTF8",
    "CHUNKING",
];

/// No client is let through for its address, nor for having passed before.
const SETTINGS: &str = "
postscreen_access_list =
postscreen_cache_map =
postscreen_dnsbl_sites =
postscreen_greet_banner = $myhostname ESMTP wait for the rest
postscreen_greet_wait = 6s
postscreen_greet_action = enforce
";

fn services(PortSpec { port, .. }: PortSpec) -> String {
    format!(
        "{ADDRESS}:{port} inet n - n - 1 postscreen
smtpd pass - - n - - smtpd
tlsproxy unix - - n - 0 tlsproxy
dnsblog unix - - n - 0 dnsblog
"
    )
}
