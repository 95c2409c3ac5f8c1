use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use heloscope_observation::PortSpec;
use tempfile::TempDir;

use crate::authority::Authority;
use crate::expected::{TLS13, Usual};
use crate::keeper::{Keeper, Script, directory, utf8};
use crate::ports::{ADDRESS, USUAL, free_ports};
use crate::requirements::Need;
use crate::server::{Recipe, Server};

/// Postfix: a relay port (STARTTLS), a submissions port (implicit TLS) and a submission port (STARTTLS), AUTH inside TLS
/// on the latter two. It takes mail for its own domain and discards it.
pub(crate) const RECIPE: Recipe = Recipe { name: "postfix", needs: NEEDS, start };

/// The same, which gives no session tickets: with these and Nagle's algorithm (RFC 9293 §3.7.4) each client waits a round
/// trip more.
///
/// It is to be measured: to a report it is the other, and [`names`](crate::names()) does not have it.
pub(crate) const WITHOUT_TICKETS: Recipe =
    Recipe { name: "postfix-without-tickets", needs: NEEDS, start: start_without_tickets };

pub(crate) const NEEDS: &[Need] = &[
    Need::Root,
    Need::Package("postfix", &["/usr/sbin/postfix", "/usr/lib/postfix/sbin/smtpd"]),
    Need::SaslMechanisms,
];

const HOST: &str = "mail.interop.test";

const EXPECTED: Usual = Usual {
    host: HOST,
    banner: "220 mail.interop.test ESMTP Postfix",
    clear: &[
        "PIPELINING",
        "SIZE 10240000",
        "VRFY",
        "ETRN",
        "STARTTLS",
        "ENHANCEDSTATUSCODES",
        "8BITMIME",
        "DSN",
        "SMTPUTF8",
        "CHUNKING",
    ],
    relay: &[
        "PIPELINING",
        "SIZE 10240000",
        "VRFY",
        "ETRN",
        "ENHANCEDSTATUSCODES",
        "8BITMIME",
        "DSN",
        "SMTPUTF8",
        "CHUNKING",
    ],
    submission: &[
        "PIPELINING",
        "SIZE 10240000",
        "VRFY",
        "ETRN",
        "AUTH PLAIN LOGIN",
        "ENHANCEDSTATUSCODES",
        "8BITMIME",
        "DSN",
        "SMTPUTF8",
        "CHUNKING",
    ],
    starttls: "220 2.0.0 Ready to start TLS",
    tls: TLS13,
};

fn start(name: &'static str, authority: &Authority) -> anyhow::Result<Server> {
    start_in(directory(name)?, "", name, authority)
}

fn start_without_tickets(name: &'static str, authority: &Authority) -> anyhow::Result<Server> {
    let directory = directory(name)?;
    let openssl = directory.path().join("openssl.cnf");
    fs::write(&openssl, NO_TICKETS)?;
    // Without sessions to resume, Postfix leaves the number of tickets as OpenSSL's own configuration has it.
    let settings = format!(
        "smtpd_tls_session_cache_timeout = 0s\nimport_environment = {ENVIRONMENT} OPENSSL_CONF={}\n",
        utf8(&openssl)?
    );
    start_in(directory, &settings, name, authority)
}

/// What Postfix takes over by default.
const ENVIRONMENT: &str =
    "MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ XAUTHORITY DISPLAY LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME";

const NO_TICKETS: &str = "\
openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = default
[default]
NumTickets = 0
";

fn start_in(
    directory: TempDir,
    settings: &str,
    name: &'static str,
    authority: &Authority,
) -> anyhow::Result<Server> {
    let ports = free_ports(USUAL)?;
    let keeper = keep(directory, authority, HOST, settings, &services(&ports))?;
    Ok(Server {
        name,
        host: HOST,
        ports: ports.into(),
        expected: EXPECTED.expected(authority),
        log: "log",
        keeper,
        _front: None,
    })
}

/// Runs a Postfix with settings and services of its own beside those that all have.
pub(crate) fn keep(
    directory: TempDir,
    authority: &Authority,
    host: &str,
    settings: &str,
    services: &str,
) -> anyhow::Result<Keeper> {
    let root = directory.path();
    for name in ["etc", "queue", "data"] {
        fs::create_dir(root.join(name))?;
    }
    let chain = authority.issue(host, ADDRESS)?;
    chain.write(root)?;
    fs::write(root.join("chain.pem"), [chain.key, chain.certificates].concat())?;
    fs::set_permissions(root.join("chain.pem"), Permissions::from_mode(0o600))?;
    fs::write(root.join("etc/main.cf"), once(&(main_cf(utf8(root)?, host) + settings)))?;
    fs::write(root.join("etc/master.cf"), [services, SERVICES].concat())?;
    Keeper::new(directory, &SCRIPT, [])
}

/// It is killed, with all that it started: `postfix stop` logs what it does, and waits for ever where nobody takes that.
const SCRIPT: Script = Script::StartStop {
    start: r#"chown postfix "$1/data" && timeout 60 /usr/sbin/postfix -c "$1/etc" start"#,
    stop: r#"read -r master <"$1/queue/pid/master.pid"; kill -KILL "-$master""#,
};

/// Of each parameter its last setting, which is the one that holds.
///
/// Each process warns of every other in the log. At the start nobody takes these lines yet: a socket's queue of ten
/// (`net.unix.max_dgram_qlen`) fills, and the master, which would start postlogd, waits for it for ever.
fn once(main_cf: &str) -> String {
    let mut settings: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in main_cf.lines() {
        match (line.split_once('='), settings.last_mut()) {
            // What begins with white space goes on with the line before; a comment here stands with it too.
            (_, Some((_, lines))) if line.is_empty() || line.starts_with([' ', '#']) => lines.push(line),
            (name, _) => {
                let name = name.map_or(line, |(name, _)| name.trim_end());
                settings.retain(|(earlier, _)| *earlier != name);
                settings.push((name, vec![line]));
            }
        }
    }
    settings.iter().flat_map(|(_, lines)| lines).map(|line| format!("{line}\n")).collect()
}

fn main_cf(root: &str, host: &str) -> String {
    format!(
        "compatibility_level = 3.6
myhostname = {host}
mydomain = interop.test
queue_directory = {root}/queue
data_directory = {root}/data
inet_interfaces = {ADDRESS}
inet_protocols = ipv4

# Its own mail is taken and discarded, whatever the local part; nothing goes anywhere else.
mynetworks =
mydestination = {host}
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
    )
}

/// What listens.
fn services(ports: &[PortSpec; 3]) -> String {
    let [relay, submissions, submission] = ports.map(|port| port.port);
    format!(
        "{ADDRESS}:{relay} inet n - n - - smtpd
{ADDRESS}:{submissions} inet n - n - - smtpd
  -o syslog_name=postfix/submissions -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes
{ADDRESS}:{submission} inet n - n - - smtpd
  -o syslog_name=postfix/submission -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes
"
    )
}

/// What does not listen. Were postlogd to end, as it does by default after 100 lines, and be started anew, those who log
/// meanwhile could wait for it for ever.
const SERVICES: &str = "\
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
  -o max_use=1000000000 -o max_idle=1d
";

#[cfg(test)]
mod tests {
    use super::once;

    #[test]
    fn of_each_parameter_the_last_setting_is_kept() {
        let settings = "# of TLS\na = 1\nb = 2,\n  3\n# of b\na_b=4\nb =\n  5\n";
        assert_eq!(once(settings), "# of TLS\na = 1\na_b=4\nb =\n  5\n");
    }
}
