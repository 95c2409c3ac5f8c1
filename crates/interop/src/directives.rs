//! Whether the mail servers know what the report tells people to paste: every line of configuration that is written for
//! Postfix, Exim and OpenSMTPD is given to the program itself.

use std::collections::BTreeSet;
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
pub(crate) const NOW: i64 = 1_795_471_200;

/// What a mail server is told below the headings of these topics, for each of these ports: `25`, `587`, `implicit`, `other`.
pub(crate) fn told(server: &str, topics: &[&str], ports: &[&str], host: &str) -> String {
    let texts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../report/src/remedy/texts");
    let text = fs::read_to_string(texts.join(format!("{server}.txt"))).unwrap();
    let names = |words: &str, any: &[&str]| any.iter().any(|name| words.split(' ').any(|word| word == *name));
    let sections = text.split("\n== ").skip(2).filter_map(|section| {
        let (heading, lines) = section.split_once('\n').unwrap();
        let (of, on) = heading.split_once(" on ").unwrap_or((heading, ""));
        let number = match ports.iter().find(|port| on.is_empty() || names(on, &[**port]))? {
            &"implicit" => "465",
            &"other" => "2525",
            number => number,
        };
        let filled = || lines.trim_end().replace("{host}", host).replace("{port}", number);
        names(of, topics).then(filled)
    });
    sections.collect::<Vec<_>>().join("\n\n") + "\n"
}

/// All that a mail server can be told: by topics and ports, the configuration.
fn written(server: &str) -> Vec<(String, String)> {
    const PORTS: &[&[&str]] = &[&["25"], &["587"], &["implicit"], &["other"], &["25", "587"]];
    const TOPICS: &[&[&str]] = &[
        &["auth"],
        &["auth-in-tls"],
        &["certificate"],
        &["certificate", "modern-tls"],
        &["ehlo"],
        &["implicit-tls"],
        &["limits"],
        &["listen"],
        &["modern-tls"],
        &["quick-greeting"],
        &["starttls"],
        &["submission"],
    ];
    let of = |topics: &'static [&str]| PORTS.iter().map(move |ports| (topics, *ports));
    let told = TOPICS.iter().flat_map(|topics| of(topics)).map(|(topics, ports)| {
        let name = format!("{} on {}", topics.join(" "), ports.join(" "));
        (name, told(server, topics, ports, HOST))
    });
    let mut known = BTreeSet::from(["\n".to_owned()]);
    let told: Vec<_> = told.filter(|(_, configuration)| known.insert(configuration.clone())).collect();
    assert!(told.len() > TOPICS.len());
    told
}

/// Whether a server of this name can be started here; where not, stderr is told.
pub(crate) fn is_there(name: &str) -> bool {
    Server::start(name, &Authority::new(NOW).unwrap()).unwrap().is_some()
}

/// Which of the two files a part goes into is said in its comment; a comment holds back what goes into the other one.
fn postconf(configuration: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let (mut main, mut master) = (String::new(), String::new());
    for part in configuration.split("\n\n") {
        let file = if part.starts_with("# /etc/postfix/master.cf") { &mut master } else { &mut main };
        if part.contains("\n    -o ") && !part.contains(" inet n ") {
            file.push_str("submission inet n - y - - smtpd\n  -o syslog_name=postfix/submission\n");
        }
        *file += &format!("{part}\n");
        let held_back = part.lines().filter_map(|line| line.strip_prefix('#'));
        let held_back: Vec<&str> = held_back.filter(|line| line.starts_with("    -o ")).collect();
        if !held_back.is_empty() {
            master += &format!("465 inet n - y - - smtpd\n{}\n", held_back.join("\n"));
        }
    }
    for (name, content) in [("main.cf", main), ("master.cf", master)] {
        fs::write(directory.path().join(name), content).unwrap();
    }
    let asked = |what: &str| {
        Command::new("/usr/sbin/postconf").arg("-c").arg(directory.path()).arg(what).output().unwrap()
    };
    let (parameters, services) = (asked("-n"), asked("-M"));
    assert!(parameters.status.success() && services.status.success(), "{configuration}");
    String::from_utf8([parameters.stderr, services.stderr].concat()).unwrap()
}

#[test]
fn postfix_knows_every_parameter() {
    if !is_there("postfix") {
        return;
    }
    for (topic, configuration) in written("postfix") {
        assert_eq!(postconf(&configuration), "", "{topic}");
    }
    assert!(postconf("smtpd_tls_no_such = yes\n").contains("unused parameter"));
    for no_such in ["587 inet n - y - - smtpd\n    -o no_such=yes\n", "    -o no_such=yes\n"] {
        assert!(postconf(&format!("# /etc/postfix/master.cf:\n{no_such}")).contains("unused parameter"));
    }
    assert!(postconf("# and in master.cf:\n#    -o no_such=yes\n").contains("unused parameter"));
}

/// What a program that is confined with a configuration says, and whether it took it.
fn read(confinement: &Confinement, configuration: &str, program: &[&str]) -> (bool, String) {
    fs::write(confinement.root().join("etc/remedy.conf"), configuration).unwrap();
    let output = Command::new("chroot").arg(confinement.root()).args(program).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.success(), said)
}

/// The certificate where certbot would have put it.
pub(crate) fn with_certificate(root: &Path, host: &str) {
    let live = root.join("etc/letsencrypt/live").join(host);
    fs::create_dir_all(&live).unwrap();
    let chain = Authority::new(NOW).unwrap().issue(host, ADDRESS).unwrap();
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
        let section = if topic.starts_with("auth on ") { "begin authenticators\n" } else { "" };
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
    with_certificate(&confinement.root(), HOST);
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
