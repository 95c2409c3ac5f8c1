use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use heloscope_observation::{PortSpec, TlsMode};
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::chain::Chain;
use crate::requirements::{POSTFIX, requirements};

/// A Postfix of its own: a relay port (STARTTLS), a submissions port (implicit TLS) and a submission port (STARTTLS)
/// on loopback, AUTH inside TLS on the latter two.
///
/// It takes mail for its own domain and discards it; nothing leaves the machine. Dropping it stops it, and so does the
/// end of this process, however it comes.
#[derive(Debug)]
pub struct Postfix {
    directory: TempDir,
    ports: [PortSpec; 3],
    keeper: Child,
}

const HOST: &str = "mail.interop.test";
const ADDRESS: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Another process may take a port between its choice and its use.
const ATTEMPTS: usize = 3;

impl Postfix {
    /// Starts Postfix with certificates made around `now_unix_seconds` (since 1970-01-01T00:00:00Z).
    ///
    /// `None` where [`requirements`] are missing, which stderr is then told.
    ///
    /// # Errors
    /// Postfix does not start, or requirements are missing where the environment says `CI=true`.
    pub fn start(now_unix_seconds: i64) -> anyhow::Result<Option<Self>> {
        if let Err(missing) = requirements() {
            if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
                return Err(missing).context("Postfix cannot be started");
            }
            eprintln!("\n*** NOT TESTED against Postfix: {missing}\n");
            return Ok(None);
        }
        let now = OffsetDateTime::from_unix_timestamp(now_unix_seconds)?;
        for _ in 1..ATTEMPTS {
            if let Ok(postfix) = Self::try_start(now) {
                return Ok(Some(postfix));
            }
        }
        Self::try_start(now).map(Some)
    }

    fn try_start(now: OffsetDateTime) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("postfix-").tempdir()?;
        let root = directory.path();
        // Postfix drops its privileges and has to get in nevertheless.
        fs::set_permissions(root, Permissions::from_mode(0o755))?;
        for name in ["etc", "queue", "data"] {
            fs::create_dir(root.join(name))?;
        }
        let ports = free_ports()?;
        let chain = Chain::new(HOST, ADDRESS, now)?;
        fs::write(root.join("ca.pem"), chain.root)?;
        fs::write(root.join("chain.pem"), chain.key_and_certificates)?;
        fs::set_permissions(root.join("chain.pem"), Permissions::from_mode(0o600))?;
        fs::write(root.join("etc/main.cf"), main_cf(root)?)?;
        fs::write(root.join("etc/master.cf"), master_cf(&ports))?;
        let mut keeper = spawn_keeper(root)?;
        let mut started = String::new();
        let stdout = keeper.stdout.take().context("the keeper has a standard output")?;
        BufReader::new(stdout).read_line(&mut started)?;
        if started != "started\n" {
            keeper.wait()?;
            let said =
                ["keeper.log", "log"].map(|name| fs::read_to_string(root.join(name)).unwrap_or_default());
            bail!("Postfix does not start: {}", said.concat());
        }
        Ok(Self { directory, ports, keeper })
    }

    /// The name it calls itself and its certificate carries.
    pub fn host(&self) -> &'static str {
        HOST
    }

    /// The address it listens on, which its certificate carries too.
    pub fn address(&self) -> Ipv4Addr {
        ADDRESS
    }

    /// Its ports: relay, submissions, submission.
    pub fn ports(&self) -> [PortSpec; 3] {
        self.ports
    }

    /// The root of its certificate, a file in PEM; gone with Postfix.
    pub fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// What it logged so far: one line for each connection, and for each mail taken.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn log(&self) -> std::io::Result<String> {
        fs::read_to_string(self.log_path())
    }

    /// Where it logs; gone with Postfix.
    pub fn log_path(&self) -> PathBuf {
        self.directory.path().join("log")
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // The keeper stops Postfix all the same; there is nobody to tell.
        let _ = self.keeper.wait();
    }
}

/// Starts Postfix, waits until its standard input ends, as it does when this process is no more, and stops it.
const KEEPER: &str = r#"
chown postfix "$1/data" && "$2" -c "$1/etc" start || exit 1
echo started
read -r _
"$2" -c "$1/etc" stop
rm -rf "$1"
"#;

fn spawn_keeper(root: &Path) -> anyhow::Result<Child> {
    let log = File::create(root.join("keeper.log"))?;
    Command::new("/bin/sh")
        .args(["-c", KEEPER, "keeper"])
        .args([root, Path::new(POSTFIX)])
        .process_group(0) // an interrupt from the terminal is for the tests; the keeper outlives it and cleans up
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .context("a shell to keep Postfix")
}

fn free_ports() -> std::io::Result<[PortSpec; 3]> {
    // All three are held at once, so that they differ.
    let listeners = [(); 3].map(|()| TcpListener::bind((ADDRESS, 0)));
    let mut ports =
        [TlsMode::StartTls, TlsMode::Implicit, TlsMode::StartTls].map(|mode| PortSpec { port: 0, mode });
    for (port, listener) in ports.iter_mut().zip(listeners) {
        port.port = listener?.local_addr()?.port();
    }
    Ok(ports)
}

fn main_cf(root: &Path) -> anyhow::Result<String> {
    let root = root.to_str().context("the directory for temporary files has no UTF-8 name")?;
    Ok(format!(
        "compatibility_level = 3.6
myhostname = {HOST}
mydomain = interop.test
queue_directory = {root}/queue
data_directory = {root}/data
inet_interfaces = {ADDRESS}
inet_protocols = ipv4

# Its own mail is taken and discarded, whatever the local part; nothing goes anywhere else.
mynetworks =
mydestination = {HOST}
alias_maps =
alias_database =
local_recipient_maps =
local_transport = discard:
relay_domains =
relay_transport = error:nothing leaves this machine
default_transport = error:nothing leaves this machine
smtpd_relay_restrictions = reject_unauth_destination
disable_dns_lookups = yes
smtp_dns_support_level = disabled
smtpd_peername_lookup = no

maillog_file_prefixes = {root}
maillog_file = {root}/log

smtpd_tls_chain_files = {root}/chain.pem
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_tls_auth_only = yes
smtpd_sasl_type = cyrus
smtpd_sasl_mechanism_filter = plain, login
"
    ))
}

fn master_cf(ports: &[PortSpec; 3]) -> String {
    let [relay, submissions, submission] = ports.map(|port| port.port);
    format!(
        "{ADDRESS}:{relay} inet n - n - - smtpd
{ADDRESS}:{submissions} inet n - n - - smtpd
  -o syslog_name=postfix/submissions -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes
{ADDRESS}:{submission} inet n - n - - smtpd
  -o syslog_name=postfix/submission -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"
    )
}
