//! OpenSSL's `s_server` as it would be in the hands of one who has not touched their settings for ten years, or has
//! touched them last night: each server takes one version, one key exchange or one kind of certificate.

use std::fs;

use anyhow::Context;
use heloscope_observation::TlsMode;

use crate::authority::Authority;
use crate::confinement::Confinement;
use crate::flavours::{FLAVOURS, HOST, OPENSSL_3_5};
use crate::keeper::{Keeper, Script, directory};
use crate::openssl::{Openssl, issue};
use crate::requirements::Need;
use crate::server::{Recipe, Server};
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
