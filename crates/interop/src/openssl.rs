//! OpenSSL's `s_server` as it would be in the hands of one who has not touched their settings for ten years, or has
//! touched them last night: each server takes one version, one key exchange or one kind of certificate.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};
use heloscope_observation::TlsMode;
use time::{Duration, OffsetDateTime};

use crate::authority::{Authority, DAYS_AFTER, DAYS_BEFORE};
use crate::expected::{Expected, ExpectedTls, certificate};
use crate::keeper::{Keeper, Script, directory};
use crate::requirements::Need;
use crate::server::{ADDRESS, Recipe, Server};
use crate::starttls_front::Front;

/// One server for each flavour: a relay port (STARTTLS) and a submissions port (implicit TLS), without AUTH. It takes no
/// mail.
pub(crate) fn recipes() -> impl Iterator<Item = Recipe> {
    FLAVOURS.iter().map(|flavour| Recipe { name: flavour.name, needs: NEEDS, start })
}

const NEEDS: &[Need] = &[Need::Package("openssl", &["/usr/bin/openssl"])];

pub(crate) const HOST: &str = "openssl.interop.test";

/// What one server does.
struct Flavour {
    name: &'static str,
    key: Key,
    /// For `s_server`.
    arguments: &'static [&'static str],
    /// What a client sees that can do all that is in use; this project's finishes the handshake where it can speak the
    /// version, the suite and the group.
    tls: ExpectedTls,
    /// What is found, the failed handshake aside.
    findings: &'static [&'static str],
}

static FLAVOURS: &[Flavour] = &[
    Flavour {
        name: "openssl-tls10",
        key: RSA_2048,
        arguments: &["-tls1", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"],
        tls: unfinished("TLS 1.0", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "X25519"),
        findings: &["tls-version-weak", "tls-cipher-weak"],
    },
    Flavour {
        name: "openssl-tls11",
        key: RSA_2048,
        arguments: &["-tls1_1", "-cipher", "ECDHE-RSA-AES256-SHA:@SECLEVEL=0"],
        tls: unfinished("TLS 1.1", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "X25519"),
        findings: &["tls-version-weak", "tls-cipher-weak"],
    },
    Flavour {
        name: "openssl-tls12",
        key: RSA_2048,
        arguments: &["-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384", "-groups", "P-384"],
        tls: finished("TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "secp384r1"),
        findings: &[],
    },
    Flavour {
        name: "openssl-rsa-key-transport",
        key: RSA_2048,
        arguments: &["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
        tls: unfinished("TLS 1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256", "RSA"),
        findings: &["tls-cipher-weak"],
    },
    Flavour {
        name: "openssl-cbc",
        key: RSA_2048,
        arguments: &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256", "-groups", "P-256"],
        tls: unfinished("TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "secp256r1"),
        findings: &[],
    },
    Flavour {
        name: "openssl-dhe-2048",
        key: RSA_2048,
        arguments: &["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256", "-dhparam", "ffdhe2048.pem"],
        tls: unfinished("TLS 1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE 2048"),
        findings: &[],
    },
    Flavour {
        name: "openssl-dhe-1024",
        key: RSA_2048,
        arguments: &[
            "-tls1_2",
            "-cipher",
            "DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0",
            "-dhparam",
            "oakley2.pem",
        ],
        tls: unfinished("TLS 1.2", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "DHE 1024"),
        findings: &["tls-cipher-weak"],
    },
    Flavour {
        name: "openssl-rsa-1024",
        key: Key {
            name: "RSA 1024",
            algorithm: "RSA",
            parameter: Some("rsa_keygen_bits:1024"),
            usage: SIGN_AND_ENCIPHER,
        },
        arguments: &["-cipher", "DEFAULT:@SECLEVEL=0"],
        tls: finished("TLS 1.3", "TLS_AES_256_GCM_SHA384", "X25519"),
        findings: &["certificate-weak-key"],
    },
    Flavour {
        name: "openssl-p521-certificate",
        key: Key {
            name: "ECDSA P-521",
            algorithm: "EC",
            parameter: Some("ec_paramgen_curve:P-521"),
            usage: SIGN,
        },
        arguments: &["-tls1_2"],
        tls: finished("TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "X25519"),
        findings: &[],
    },
    Flavour {
        name: "openssl-p521-group",
        key: P_256,
        arguments: &["-tls1_3", "-groups", "P-521"],
        tls: finished("TLS 1.3", "TLS_AES_256_GCM_SHA384", "secp521r1"),
        findings: &[],
    },
    Flavour {
        name: "openssl-ed25519-certificate",
        key: Key { name: "Ed25519", algorithm: "ED25519", parameter: None, usage: SIGN },
        arguments: &[],
        tls: finished("TLS 1.3", "TLS_AES_256_GCM_SHA384", "X25519"),
        findings: &[],
    },
    Flavour {
        name: "openssl-x25519",
        key: P_256,
        arguments: &["-tls1_3", "-groups", "X25519", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"],
        tls: finished("TLS 1.3", "TLS_CHACHA20_POLY1305_SHA256", "X25519"),
        findings: &[],
    },
];

const fn finished(
    version: &'static str,
    cipher_suite: &'static str,
    key_exchange: &'static str,
) -> ExpectedTls {
    ExpectedTls { version, cipher_suite, key_exchange, completed: true }
}

const fn unfinished(
    version: &'static str,
    cipher_suite: &'static str,
    key_exchange: &'static str,
) -> ExpectedTls {
    ExpectedTls { version, cipher_suite, key_exchange, completed: false }
}

impl Flavour {
    /// Relay, submissions.
    fn expected(&self) -> Vec<Expected> {
        let completed = self.tls.completed;
        let found = |failed| {
            let failed = (!completed).then_some(failed);
            failed.into_iter().chain(self.findings.iter().copied()).collect()
        };
        let relay = Expected {
            banner: Some("220 openssl.interop.test ESMTP s_server"),
            starttls_supported: Some(true),
            capabilities_before_tls: Some(vec!["SIZE 10240000", "STARTTLS"]),
            capabilities_after_tls: completed.then(|| vec!["SIZE 10240000"]),
            tls: Some(self.tls),
            certificate: Some(certificate(HOST, self.key.name)),
            chain: 2,
            error: (!completed).then_some("tls_alert"),
            findings: found("starttls-failed"),
        };
        let submissions = Expected {
            banner: relay.banner.filter(|_| completed),
            starttls_supported: Some(false),
            capabilities_before_tls: None,
            findings: found("tls-failed"),
            ..relay.clone()
        };
        vec![relay, submissions]
    }
}

/// A key as `openssl genpkey` makes it.
#[derive(Clone, Copy)]
struct Key {
    /// In the report's words.
    name: &'static str,
    algorithm: &'static str,
    parameter: Option<&'static str>,
    /// The key usages of its certificate.
    usage: &'static str,
}

const RSA_2048: Key = Key {
    name: "RSA 2048",
    algorithm: "RSA",
    parameter: Some("rsa_keygen_bits:2048"),
    usage: SIGN_AND_ENCIPHER,
};
const P_256: Key =
    Key { name: "ECDSA P-256", algorithm: "EC", parameter: Some("ec_paramgen_curve:P-256"), usage: SIGN };

const SIGN: &str = "digitalSignature";
const SIGN_AND_ENCIPHER: &str = "digitalSignature, keyEncipherment";

/// RFC 7919 Appendix A.1.
const FFDHE2048: &str = include_str!("../servers/ffdhe2048.pem");
/// The group of 1024 bits that nearly everyone used, RFC 2409 §6.2.
const OAKLEY_2: &str = include_str!("../servers/oakley2.pem");

fn start(name: &'static str, authority: &Authority) -> anyhow::Result<Server> {
    let flavour = FLAVOURS.iter().find(|flavour| flavour.name == name).context("no such flavour")?;
    let directory = directory(name)?;
    fs::write(directory.path().join("ca.pem"), &authority.root)?;
    fs::write(directory.path().join("ffdhe2048.pem"), FFDHE2048)?;
    fs::write(directory.path().join("oakley2.pem"), OAKLEY_2)?;
    issue(authority, flavour.key, directory.path())?;
    let keeper = Keeper::new(directory, &Script::StartStop { start: ":", stop: ":" }, [])?;
    let front = Front::listen(
        HOST,
        [TlsMode::StartTls, TlsMode::Implicit],
        keeper.directory(),
        COMMON.iter().chain(flavour.arguments).copied().collect(),
    )?;
    let (ports, expected) = (front.ports().to_vec(), flavour.expected());
    Ok(Server { name, host: HOST, ports, expected, log: "output", keeper, _front: Some(front) })
}

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
fn issue(authority: &Authority, key: Key, directory: &Path) -> anyhow::Result<()> {
    fs::write(directory.join("intermediate.pem"), authority.intermediate.pem())?;
    fs::write(directory.join("intermediate.key"), authority.intermediate.key().serialize_pem())?;
    fs::write(directory.join("index.txt"), "")?;
    fs::write(directory.join("ca.cnf"), configuration(key))?;
    let mut make_key = vec!["genpkey", "-out", "key.pem", "-algorithm", key.algorithm];
    make_key.extend(key.parameter.iter().flat_map(|parameter| ["-pkeyopt", *parameter]));
    run(directory, &make_key)?;
    let subject = format!("/CN={HOST}");
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

fn configuration(Key { usage, .. }: Key) -> String {
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
subjectAltName = DNS:{HOST}, IP:{ADDRESS}
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

/// OpenSSL without the system's settings.
pub(crate) fn command(directory: &Path) -> Command {
    let mut command = Command::new("openssl");
    command.current_dir(directory).env("OPENSSL_CONF", "ca.cnf");
    command
}

fn run(directory: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let Output { status, stderr, .. } =
        command(directory).args(arguments).stdin(Stdio::null()).output().context("openssl")?;
    if !status.success() {
        bail!("openssl {}: {}", arguments.join(" "), String::from_utf8_lossy(&stderr));
    }
    Ok(())
}
