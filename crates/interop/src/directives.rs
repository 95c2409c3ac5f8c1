//! Whether the mail servers know what the report tells people to paste: every line of configuration that is written for
//! Postfix, Exim and OpenSMTPD is given to the program itself.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::authority::Authority;
use crate::confinement::{Confinement, User};
use crate::ports::ADDRESS;
use crate::server::Server;
use crate::{exim, opensmtpd};

const HOST: &str = "mx1.example.com";
/// 2026-11-23T22:00:00Z
const NOW: i64 = 1_795_471_200;

/// What is written for a mail server: each topic with its configuration.
fn written(server: &str) -> Vec<(String, String)> {
    let texts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../report/src/remedy/texts");
    let text = fs::read_to_string(texts.join(format!("{server}.txt"))).unwrap();
    let entries = text.split("\n== ").skip(2).map(|entry| entry.split_once('\n').unwrap());
    let filled = |lines: &str| lines.trim_end().replace("{host}", HOST).replace("{port}", "465") + "\n";
    entries.map(|(topic, lines)| (topic.to_owned(), filled(lines))).collect()
}

/// Whether a server of this name can be started here; where not, stderr is told.
fn is_there(name: &str) -> bool {
    Server::start(name, &Authority::new(NOW).unwrap()).unwrap().is_some()
}

fn postconf(topic: &str, configuration: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let file = if matches!(topic, "implicit-tls" | "submission") { "master.cf" } else { "main.cf" };
    for name in ["main.cf", "master.cf"] {
        fs::write(directory.path().join(name), if name == file { configuration } else { "" }).unwrap();
    }
    let asked = |what: &str| {
        Command::new("/usr/sbin/postconf").arg("-c").arg(directory.path()).arg(what).output().unwrap()
    };
    let (parameters, services) = (asked("-n"), asked("-M"));
    assert!(parameters.status.success() && services.status.success(), "{topic}");
    String::from_utf8([parameters.stderr, services.stderr].concat()).unwrap()
}

#[test]
fn postfix_knows_every_parameter() {
    if !is_there("postfix") {
        return;
    }
    for (topic, configuration) in written("postfix") {
        assert_eq!(postconf(&topic, &configuration), "", "{topic}");
    }
    assert!(postconf("certificate", "smtpd_tls_no_such = yes\n").contains("unused parameter"));
    assert!(
        postconf("submission", "587 inet n - y - - smtpd\n  -o no_such=yes\n").contains("unused parameter")
    );
}

/// What a program that is confined with a configuration says, and whether it took it.
fn read(confinement: &Confinement, configuration: &str, program: &[&str]) -> (bool, String) {
    fs::write(confinement.root().join("etc/remedy.conf"), configuration).unwrap();
    let output = Command::new("chroot").arg(confinement.root()).args(program).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.success(), said)
}

/// The certificate where certbot would have put it.
fn with_certificate(confinement: &Confinement) {
    let live = confinement.root().join("etc/letsencrypt/live").join(HOST);
    fs::create_dir_all(&live).unwrap();
    let chain = Authority::new(NOW).unwrap().issue(HOST, ADDRESS).unwrap();
    fs::write(live.join("fullchain.pem"), chain.certificates).unwrap();
    fs::write(live.join("privkey.pem"), chain.key).unwrap();
    fs::set_permissions(live.join("privkey.pem"), Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn exim_knows_every_option() {
    if !is_there("exim") {
        return;
    }
    let confinement = Confinement::new("exim", exim::PACKAGE, &[exim::USER]).unwrap();
    let program = ["/usr/sbin/exim4", "-C", "/etc/remedy.conf", "-bV"];
    for (topic, configuration) in written("exim") {
        let section = if topic == "auth" { "begin authenticators\n" } else { "" };
        let (taken, said) = read(&confinement, &(section.to_owned() + &configuration), &program);
        assert!(taken && !said.contains("error"), "{topic}: {said}");
    }
    assert!(!read(&confinement, "tls_no_such = yes\n", &program).0);
}

/// It wants to have something to do.
const RULES: &str = "action \"local\" maildir\nmatch for local action \"local\"\n";

#[test]
fn opensmtpd_takes_every_line() {
    if !is_there("opensmtpd") {
        return;
    }
    let users: [User; 2] = opensmtpd::USERS;
    let confinement = Confinement::new("opensmtpd", opensmtpd::PACKAGE, &users).unwrap();
    with_certificate(&confinement);
    for name in ["var/lib/opensmtpd/empty", "var/empty"] {
        fs::create_dir_all(confinement.root().join(name)).unwrap();
    }
    let program = ["/usr/sbin/smtpd", "-n", "-f", "/etc/remedy.conf"];
    for (topic, configuration) in written("opensmtpd") {
        let on = |address: &str| -> Vec<String> {
            let begins = format!("listen on {address} ");
            configuration.lines().filter_map(|line| line.strip_prefix(&begins)).map(str::to_owned).collect()
        };
        assert_eq!(on("0.0.0.0"), on("::"), "{topic}: by IPv6 as by IPv4");
        let (taken, said) = read(&confinement, &(configuration + RULES), &program);
        assert!(taken, "{topic}: {said}");
    }
    assert!(!read(&confinement, &format!("listen on 0.0.0.0 port 25 no-such\n{RULES}"), &program).0);
}
