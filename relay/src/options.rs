use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, ValueEnum};
use heloscope_observation::{PortSpec, STANDARD_PORTS};
use heloscope_relay::{AllowedNet, EhloName, Origin, SessionLimits, Settings, Token, TrustAnchors};
use heloscope_wire::Limits;
use tracing_subscriber::filter::LevelFilter;

/// Carries octets between a web page and one TCP connection to a mail server, so that the page can test it.
#[derive(Debug, Parser)]
#[command(name = "heloscope-relay", version)]
pub(crate) struct Options {
    /// Where to listen: a loopback address, and a port (0 for one that is free)
    #[arg(long, env = "HELOSCOPE_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8025")]
    listen: SocketAddr,

    /// The name to give with EHLO; by default this machine's, or the address that a connection comes from
    #[arg(long, env = "HELOSCOPE_EHLO_NAME", value_name = "NAME")]
    ehlo_name: Option<EhloName>,

    /// Connect to this port too, such as 2525/starttls or 10465/implicit; may be given again
    #[arg(long, env = "HELOSCOPE_ALLOW_PORT", value_name = "PORT/MODE", value_delimiter = ',')]
    allow_port: Vec<PortSpec>,

    /// Connect into this network too, such as 10.0.0.0/8, although it is private; may be given again
    #[arg(long, env = "HELOSCOPE_ALLOW_NET", value_name = "NETWORK", value_delimiter = ',')]
    allow_net: Vec<AllowedNet>,

    /// Let pages of this site use the relay, such as https://www.example.org; may be given again
    #[arg(long, env = "HELOSCOPE_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    allow_origin: Vec<Origin>,

    /// Let in programs that are no web page and send "Authorization: Bearer TOKEN"; better given by the environment,
    /// where other users of the machine do not see it
    #[arg(long, env = "HELOSCOPE_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<Token>,

    /// Names, addresses and networks, one a line, not to connect to; read again on SIGHUP
    #[arg(long, env = "HELOSCOPE_DENY_FILE", value_name = "FILE")]
    deny_file: Option<PathBuf>,

    /// Certificates (PEM) of private authorities that the page is to trust
    #[arg(long, env = "HELOSCOPE_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// Offer mail servers with known faults, under specimen.test
    #[arg(long, env = "HELOSCOPE_DEMO")]
    demo: bool,

    /// How log lines on standard error look
    #[arg(long, env = "HELOSCOPE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    /// What is logged: off, error, warn, info, debug or trace, each with those before it
    #[arg(long, env = "HELOSCOPE_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: LevelFilter,

    #[command(flatten)]
    limits: LimitOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// For programs, one object a line
    Json,
}

#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Limits of one connection")]
struct LimitOptions {
    /// Octets to the mail server
    #[arg(long, env = "HELOSCOPE_LIMIT_OCTETS_UP", value_name = "OCTETS", default_value_t = Limits::default().octets_up)]
    limit_octets_up: u64,

    /// Octets from the mail server
    #[arg(long, env = "HELOSCOPE_LIMIT_OCTETS_DOWN", value_name = "OCTETS", default_value_t = Limits::default().octets_down)]
    limit_octets_down: u64,

    /// Time to resolve the name
    #[arg(long, env = "HELOSCOPE_LIMIT_RESOLVE", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600), default_value_t = Limits::default().resolve_seconds)]
    limit_resolve: u64,

    /// Time to connect
    #[arg(long, env = "HELOSCOPE_LIMIT_CONNECT", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600), default_value_t = Limits::default().connect_seconds)]
    limit_connect: u64,

    /// Time to the mail server's first octet
    #[arg(long, env = "HELOSCOPE_LIMIT_GREETING", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600), default_value_t = Limits::default().greeting_seconds)]
    limit_greeting: u64,

    /// Time of any later silence
    #[arg(long, env = "HELOSCOPE_LIMIT_SILENCE", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600), default_value_t = Limits::default().silence_seconds)]
    limit_silence: u64,

    /// Time of the whole connection
    #[arg(long, env = "HELOSCOPE_LIMIT_CONNECTION", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600), default_value_t = Limits::default().connection_seconds)]
    limit_connection: u64,
}

impl Options {
    /// The relay's settings; reads the files that the options name, but for the deny file.
    ///
    /// # Errors
    /// Where the CA file cannot be read or holds no certificate.
    pub(crate) fn into_settings(self) -> Result<Settings, String> {
        let trust_anchors = match &self.ca_file {
            None => TrustAnchors::default(),
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| error.to_string())
                .and_then(|text| TrustAnchors::from_pem(&text).map_err(|fault| fault.to_string()))
                .map_err(|reason| format!("the CA file {} cannot be used: {reason}", path.display()))?,
        };
        let mut ports = STANDARD_PORTS.to_vec();
        for port in self.allow_port {
            match ports.iter().find(|known| known.port == port.port) {
                Some(known) if known.mode != port.mode => {
                    return Err(format!(
                        "--allow-port gives port {} two TLS modes; a port has one",
                        port.port
                    ));
                }
                Some(_) => {}
                None => ports.push(port),
            }
        }
        Ok(Settings {
            listen: self.listen,
            ehlo_name: self.ehlo_name,
            ports,
            allow_nets: self.allow_net,
            allow_origins: self.allow_origin,
            token: self.token,
            deny_file: self.deny_file,
            trust_anchors,
            demo: self.demo,
            limits: self.limits.into(),
            ..Settings::default()
        })
    }
}

impl From<LimitOptions> for SessionLimits {
    fn from(options: LimitOptions) -> Self {
        Self {
            octets_up: options.limit_octets_up,
            octets_down: options.limit_octets_down,
            resolve: Duration::from_secs(options.limit_resolve),
            connect: Duration::from_secs(options.limit_connect),
            greeting: Duration::from_secs(options.limit_greeting),
            silence: Duration::from_secs(options.limit_silence),
            connection: Duration::from_secs(options.limit_connection),
        }
    }
}
