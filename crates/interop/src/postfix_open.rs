use std::process::Command;

use anyhow::bail;
use heloscope_observation::{PortSpec, TlsMode};

use crate::authority::Authority;
use crate::keeper::directory;
use crate::ports::{ADDRESS, free_ports};
use crate::postfix::{NEEDS, keep};
use crate::server::{Recipe, Server};

/// Postfix as a spammer would wish for it: mail for any local part is taken from anybody, in whatever form, and stays in
/// the queue; each command that reaches it is logged. Its ports are those of [`OpenPort`], in that order.
///
/// It is to be attacked, not to be reported on: [`names`](crate::names()) does not have it.
pub(crate) const RECIPE: Recipe = Recipe { name: "postfix-open", needs: NEEDS, start };

/// The ports of the server `postfix-open`, each the index into [`Server::ports`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenPort {
    /// STARTTLS, with AUTH before it as well.
    StartTls,
    /// Implicit TLS, with AUTH.
    Implicit,
    /// A port for implicit TLS whose server speaks clear text, with AUTH.
    Clear,
    /// The same, and it greets after a second.
    ClearLate,
    /// STARTTLS with a request for a client certificate.
    CertificateRequest,
    /// It answers STARTTLS with 502: there is no TLS.
    NoTls,
    /// It offers STARTTLS and answers 454: its settings for TLS cannot be used.
    UnusableTls,
    /// STARTTLS, TLS 1.2 at most.
    Tls12,
    /// Implicit TLS, and P-384 alone: in TLS 1.3 it asks for another hello.
    OtherGroup,
}

impl OpenPort {
    const ALL: [Self; 9] = [
        Self::StartTls,
        Self::Implicit,
        Self::Clear,
        Self::ClearLate,
        Self::CertificateRequest,
        Self::NoTls,
        Self::UnusableTls,
        Self::Tls12,
        Self::OtherGroup,
    ];

    fn mode(self) -> TlsMode {
        match self {
            Self::Implicit | Self::Clear | Self::ClearLate | Self::OtherGroup => TlsMode::Implicit,
            _ => TlsMode::StartTls,
        }
    }

    /// Beside what all have.
    fn options(self) -> &'static str {
        match self {
            Self::StartTls | Self::Clear => "",
            Self::ClearLate => " -o smtpd_client_restrictions=sleep,1",
            Self::Implicit => " -o smtpd_tls_wrappermode=yes",
            Self::CertificateRequest => " -o smtpd_tls_ask_ccert=yes",
            Self::NoTls => " -o smtpd_tls_security_level=none",
            Self::UnusableTls => " -o smtpd_tls_protocols=none",
            Self::Tls12 => " -o smtpd_tls_protocols=>=TLSv1.2,<=TLSv1.2",
            Self::OtherGroup => " -o smtpd_tls_wrappermode=yes -o tls_eecdh_auto_curves=secp384r1",
        }
    }
}

impl Server {
    /// How many messages are in the queue of `postfix-open`, as its own `postqueue` lists them.
    ///
    /// # Errors
    /// It does not answer.
    pub fn queued(&self) -> anyhow::Result<usize> {
        let mut command = Command::new("/usr/sbin/postqueue");
        let listed = command.arg("-c").arg(self.keeper.directory().join("etc")).arg("-j").output()?;
        if !listed.status.success() {
            bail!("{}", String::from_utf8_lossy(&listed.stderr));
        }
        Ok(listed.stdout.iter().filter(|octet| **octet == b'\n').count())
    }
}

const HOST: &str = "open.interop.test";

fn start(name: &'static str, authority: &Authority) -> anyhow::Result<Server> {
    let ports = free_ports(OpenPort::ALL.map(OpenPort::mode))?;
    let services: String =
        OpenPort::ALL.iter().zip(&ports).map(|(kind, port)| service(*kind, *port)).collect();
    let mut keeper = keep(directory(name)?, authority, HOST, SETTINGS, &(services + SHOWQ))?;
    keeper.wait_until_ready(HOST, &ports)?;
    Ok(Server {
        name,
        host: HOST,
        ports: ports.into(),
        expected: Vec::new(),
        log: "log",
        keeper,
        _front: None,
    })
}

/// With `-v` smtpd logs each line that it hears, and each that it says.
fn service(kind: OpenPort, PortSpec { port, .. }: PortSpec) -> String {
    format!(
        "{ADDRESS}:{port} inet n - n - - smtpd -v\n  -o smtpd_sasl_auth_enable=yes -o smtpd_tls_auth_only=no{}\n",
        kind.options()
    )
}

/// Answers `postqueue`.
const SHOWQ: &str = "showq unix n - n - - showq\n";

/// Nothing that a stock Postfix refuses by itself, or slows down, is left to it. Its log tells clients apart by their port.
const SETTINGS: &str = "
defer_transports = discard
notify_classes =
smtpd_client_port_logging = yes
smtpd_helo_required = no
smtpd_delay_reject = no
smtpd_forbidden_commands =
smtpd_forbid_bare_newline = no
smtpd_forbid_unauth_pipelining = no
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 2000
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_authorized_xforward_hosts = 127.0.0.0/8
";
