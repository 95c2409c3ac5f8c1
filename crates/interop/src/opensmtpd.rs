use std::fs;

use heloscope_observation::PortSpec;

use crate::authority::Authority;
use crate::confinement::{Confinement, User};
use crate::expected::{TLS13, Usual};
use crate::ports::{ADDRESS, USUAL, free_ports};
use crate::requirements::Need;
use crate::server::{Recipe, Server};
use crate::unpacked::Package;

/// OpenSMTPD: a relay port (STARTTLS), a submissions port (implicit TLS) and a submission port (STARTTLS), AUTH inside
/// TLS on the latter two. It takes mail for its own domain and leaves it in its queue.
pub(crate) const RECIPE: Recipe =
    Recipe { name: "opensmtpd", needs: &[Need::Root, Need::Unpacked(PACKAGE)], start };

/// That of Debian 12 has TLS in its EHLO reply alone: it cannot sign with OpenSSL 3.
pub(crate) const PACKAGE: Package = Package { name: "opensmtpd", release: Some("trixie") };
const HOST: &str = "opensmtpd.interop.test";
/// As whom it was built to run.
pub(crate) const USERS: [User; 2] =
    [User { name: "opensmtpd", id: 102 }, User { name: "opensmtpq", id: 103 }];

const EXPECTED: Usual = Usual {
    host: HOST,
    banner: "220 opensmtpd.interop.test ESMTP OpenSMTPD",
    clear: &["8BITMIME", "ENHANCEDSTATUSCODES", "SIZE 10485760", "DSN", "STARTTLS", "HELP"],
    relay: &["8BITMIME", "ENHANCEDSTATUSCODES", "SIZE 10485760", "DSN", "HELP"],
    submission: &["8BITMIME", "ENHANCEDSTATUSCODES", "SIZE 10485760", "DSN", "AUTH PLAIN LOGIN", "HELP"],
    starttls: "220 2.0.0 Ready to start TLS",
    tls: TLS13,
};

fn start(name: &'static str, authority: &Authority) -> anyhow::Result<Server> {
    let confinement = Confinement::new(name, PACKAGE, &USERS)?;
    let root = confinement.root();
    let ports = free_ports(USUAL)?;
    let chain = authority.issue(HOST, ADDRESS)?;
    chain.write(confinement.directory())?;
    chain.write(&root.join("etc"))?;
    for name in ["var/spool", "var/lib/opensmtpd/empty", "var/empty"] {
        fs::create_dir_all(root.join(name))?;
    }
    fs::create_dir_all(root.join("etc/ssl/certs"))?;
    fs::write(root.join("etc/ssl/certs/ca-certificates.crt"), &chain.root)?;
    fs::write(root.join("etc/smtpd.conf"), configuration(&ports))?;
    let mut keeper = confinement.run(&["/usr/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf"])?;
    keeper.wait_until_ready(HOST, &ports)?;
    Ok(Server {
        name,
        host: HOST,
        ports: ports.into(),
        expected: EXPECTED.expected(authority),
        log: "output",
        keeper,
        _front: None,
    })
}

fn configuration(ports: &[PortSpec; 3]) -> String {
    let [relay, submissions, submission] = ports.map(|port| port.port);
    format!(
        r#"pki {HOST} cert "/etc/certificates.pem"
pki {HOST} key "/etc/key.pem"
table nobody {{ nobody = "*" }}
smtp max-message-size 10M

listen on {ADDRESS} port {relay} tls pki {HOST} hostname {HOST}
listen on {ADDRESS} port {submissions} smtps pki {HOST} hostname {HOST} auth <nobody>
listen on {ADDRESS} port {submission} tls-require pki {HOST} hostname {HOST} auth <nobody>

# Its own mail is taken and stays in the queue: there is no shell to deliver it with. Nothing else is taken.
action keep mda "/bin/false" virtual {{ "@" = opensmtpd }}
match from any for domain "{HOST}" action keep
"#
    )
}
