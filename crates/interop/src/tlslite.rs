//! PyPI's tlslite-ng, made to take only what OpenSSL no longer has: SSL 3.0, RC4, 3DES, no certificate, no encryption.

use std::fs;

use heloscope_observation::TlsMode;
use serde_json::json;

use crate::authority::Authority;
use crate::expected::{Expected, ExpectedTls, certificate, chain};
use crate::flavours::{RSA_2048, unfinished};
use crate::keeper::{Keeper, Script, directory, utf8};
use crate::openssl::issue;
use crate::ports::{ADDRESS, free_ports};
use crate::requirements::Need;
use crate::scripts::{environment, script};
use crate::server::{Recipe, Server};

/// Relay ports (STARTTLS), each with one version and one cipher suite: those below TLS 1.2. No more ports than a relay lets be
/// tested side by side.
pub(crate) const OLD: Recipe = Recipe {
    name: "tlslite-old",
    needs: NEEDS,
    start: |name, authority| start(name, authority, &OLD_TASTES),
};

/// Those whose suites are weak.
pub(crate) const WEAK: Recipe = Recipe {
    name: "tlslite-weak",
    needs: NEEDS,
    start: |name, authority| start(name, authority, &WEAK_TASTES),
};

const NEEDS: &[Need] = &[
    Need::Package("openssl", &["/usr/bin/openssl"]),
    Need::Package("python3-venv", &["/usr/bin/python3", "/usr/share/python-wheels"]),
    Need::PythonEnvironment,
];

const HOST: &str = "tlslite.interop.test";

/// What one port takes.
struct Taste {
    /// As it stands in a record.
    version: [u8; 2],
    /// In tlslite's words.
    cipher: &'static str,
    /// In tlslite's words.
    key_exchange: &'static str,
    tls: ExpectedTls,
    findings: &'static [&'static str],
}

const OLD_TASTES: [Taste; 4] = [
    Taste {
        version: [3, 0],
        cipher: "rc4",
        key_exchange: "rsa",
        tls: unfinished("SSL 3.0", "TLS_RSA_WITH_RC4_128_SHA", "RSA"),
        findings: &["tls-version-weak", "tls-cipher-weak"],
    },
    Taste {
        version: [3, 0],
        cipher: "3des",
        key_exchange: "dhe_rsa",
        tls: unfinished("SSL 3.0", "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", "DHE 2048"),
        findings: &["tls-version-weak", "tls-cipher-weak"],
    },
    Taste {
        version: [3, 1],
        cipher: "rc4",
        key_exchange: "ecdhe_rsa",
        tls: unfinished("TLS 1.0", "TLS_ECDHE_RSA_WITH_RC4_128_SHA", "X25519"),
        findings: &["tls-version-weak", "tls-cipher-weak"],
    },
    Taste {
        version: [3, 1],
        cipher: "aes256",
        key_exchange: "ecdh_anon",
        tls: unfinished("TLS 1.0", "TLS_ECDH_anon_WITH_AES_256_CBC_SHA", "X25519"),
        findings: &["tls-version-weak", "tls-cipher-weak"],
    },
];

const WEAK_TASTES: [Taste; 3] = [
    Taste {
        version: [3, 3],
        cipher: "3des",
        key_exchange: "rsa",
        tls: unfinished("TLS 1.2", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "RSA"),
        findings: &["tls-cipher-weak"],
    },
    Taste {
        version: [3, 3],
        cipher: "null",
        key_exchange: "rsa",
        // Of those without encryption it prefers this one.
        tls: unfinished("TLS 1.2", "TLS_RSA_WITH_NULL_MD5", "RSA"),
        findings: &["tls-cipher-weak"],
    },
    Taste {
        version: [3, 3],
        cipher: "aes128",
        key_exchange: "dh_anon",
        tls: unfinished("TLS 1.2", "TLS_DH_anon_WITH_AES_128_CBC_SHA256", "DHE 2048"),
        findings: &["tls-cipher-weak"],
    },
];

fn start<const PORTS: usize>(
    name: &'static str,
    authority: &Authority,
    tastes: &[Taste; PORTS],
) -> anyhow::Result<Server> {
    let directory = directory(name)?;
    let root = directory.path();
    issue(authority, HOST, RSA_2048, root)?;
    fs::write(root.join("ca.pem"), &authority.root)?;
    let certificates = ["leaf.pem", "intermediate.pem"].map(|file| fs::read_to_string(root.join(file)));
    let [leaf, intermediate] = certificates;
    fs::write(root.join("certificates.pem"), leaf? + &intermediate?)?;
    let ports = free_ports([TlsMode::StartTls; PORTS])?;
    let told: Vec<_> = ports
        .iter()
        .zip(tastes)
        .map(|(port, taste)| {
            json!({
                "port": port.port,
                "version": taste.version,
                "cipher": taste.cipher,
                "key_exchange": taste.key_exchange,
            })
        })
        .collect();
    let told = json!({
        "host": HOST,
        "address": ADDRESS,
        "key": root.join("key.pem"),
        "certificates": root.join("certificates.pem"),
        "ports": told,
    });
    let (python, script) = (environment()?.join("bin/python"), script("tlslite-server.py"));
    let mut keeper =
        Keeper::new(directory, &Script::Foreground, [utf8(&python)?, utf8(&script)?, &told.to_string()])?;
    keeper.wait_until_ready(HOST, &ports)?;
    let expected = tastes.iter().map(|taste| taste.expected(authority)).collect();
    Ok(Server { name, host: HOST, ports: ports.into(), expected, log: "output", keeper, _front: None })
}

impl Taste {
    fn expected(&self, authority: &Authority) -> Expected {
        let is_anonymous = self.key_exchange.ends_with("_anon");
        let expected = Expected {
            banner: Some("220 tlslite.interop.test ESMTP tlslite-ng"),
            notes: Vec::new(),
            starttls_supported: Some(true),
            starttls_reply: Some("220 2.0.0 Ready to start TLS"),
            capabilities_before_tls: Some(vec!["STARTTLS"]),
            capabilities_after_tls: None,
            tls: Some(self.tls),
            certificate: (!is_anonymous).then(|| certificate(authority, HOST, RSA_2048.name)),
            chain: if is_anonymous { Vec::new() } else { chain(authority, HOST, RSA_2048.name) },
            error: Some("tls_alert"),
            findings: self.findings.to_vec(),
            checks: Vec::new(),
        };
        expected.judged()
    }
}
