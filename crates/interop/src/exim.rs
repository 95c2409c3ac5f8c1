use std::fs;
use std::os::unix::fs::chown;

use heloscope_observation::PortSpec;

use crate::authority::Authority;
use crate::confinement::{Confinement, User};
use crate::expected::{TLS13, Usual};
use crate::ports::{ADDRESS, USUAL, free_ports};
use crate::requirements::Need;
use crate::server::{Recipe, Server};
use crate::unpacked::Package;

/// Exim: a relay port (STARTTLS), a submissions port (implicit TLS) and a submission port (STARTTLS), AUTH inside TLS
/// on the latter two. It takes mail for its own domain and leaves it in its queue, which nobody runs.
pub(crate) const RECIPE: Recipe =
    Recipe { name: "exim", needs: &[Need::Root, Need::Unpacked(PACKAGE)], start };

pub(crate) const PACKAGE: Package = Package { name: "exim4-daemon-light", release: None };
const HOST: &str = "exim.interop.test";
/// As whom it was built to run.
pub(crate) const USER: User = User { name: "Debian-exim", id: 101 };

const EXPECTED: Usual = Usual {
    host: HOST,
    banner: "220 exim.interop.test ESMTP Exim 4.",
    clear: &[
        "SIZE 52428800",
        "8BITMIME",
        "PIPELINING",
        "PIPECONNECT",
        "CHUNKING",
        "STARTTLS",
        "SMTPUTF8",
        "HELP",
    ],
    relay: &["SIZE 52428800", "8BITMIME", "PIPELINING", "PIPECONNECT", "CHUNKING", "SMTPUTF8", "HELP"],
    submission: &[
        "SIZE 52428800",
        "8BITMIME",
        "PIPELINING",
        "PIPECONNECT",
        "AUTH PLAIN LOGIN",
        "CHUNKING",
        "SMTPUTF8",
        "HELP",
    ],
    starttls: "220 TLS go ahead",
    tls: TLS13,
};

fn start(name: &'static str, authority: &Authority) -> anyhow::Result<Server> {
    let confinement = Confinement::new(name, PACKAGE, &[USER])?;
    let root = confinement.root();
    let ports = free_ports(USUAL)?;
    authority.issue(HOST, ADDRESS)?.write(confinement.directory())?;
    for name in ["key.pem", "certificates.pem"] {
        fs::copy(confinement.directory().join(name), root.join("etc").join(name))?;
    }
    for owned in ["etc/key.pem", "var/spool/exim4", "var/log/exim4"] {
        let owned = root.join(owned);
        if !owned.exists() {
            fs::create_dir_all(&owned)?;
        }
        chown(owned, Some(USER.id), Some(USER.id))?;
    }
    fs::write(root.join("etc/exim.conf"), configuration(&ports))?;
    let mut keeper = confinement.run(&["/usr/sbin/exim4", "-bdf", "-C", "/etc/exim.conf"])?;
    keeper.wait_until_ready(HOST, &ports)?;
    Ok(Server {
        name,
        host: HOST,
        ports: ports.into(),
        expected: EXPECTED.expected(authority),
        log: "root/var/log/exim4/mainlog",
        keeper,
        _front: None,
    })
}

fn configuration(ports: &[PortSpec; 3]) -> String {
    let [relay, submissions, submission] = ports.map(|port| port.port);
    format!(
        "primary_hostname = {HOST}
local_interfaces = {ADDRESS}
daemon_smtp_ports = {relay} : {submissions} : {submission}
log_file_path = /var/log/exim4/%slog
timezone = UTC
keep_environment =
log_selector = +smtp_connection

# Its own mail is taken and never delivered; nothing goes anywhere.
acl_smtp_rcpt = recipient
queue_only
host_lookup =
rfc1413_hosts =
hosts_treat_as_local =

tls_advertise_hosts = *
tls_on_connect_ports = {submissions}
tls_certificate = /etc/certificates.pem
tls_privatekey = /etc/key.pem
auth_advertise_hosts = ${{if and{{ {{def:tls_in_cipher}} {{!eq{{$received_port}}{{{relay}}}}} }} {{*}} }}

begin acl
recipient:
  accept domains = {HOST}
  deny message = relay not permitted

begin routers
nowhere:
  driver = redirect
  data = :blackhole:

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = false
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = false
"
    )
}
