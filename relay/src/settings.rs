use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use heloscope_observation::{Host, PortSpec, STANDARD_PORTS};
use heloscope_wire::Quotas;

use crate::{
    AllowedNet, CertificateFault, Contact, DenyFault, DenyReloader, EhloName, Origin, OwnAddresses, Resolve,
    StoreUrl, SystemResolver, TlsFiles, Token, TrustAnchors, TrustedProxy,
};

#[cfg(feature = "acme")]
use crate::acme::{Acme, AcmeFault, Order};

/// How a relay is to behave.
#[derive(Clone)]
pub struct Settings {
    /// Where it listens: a loopback address unless it is public; port 0 for one that is free.
    pub listen: SocketAddr,
    /// Where health, readiness and metrics are to be had; `None` for nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Whether others than this machine's own programs may reach it.
    pub public: bool,
    /// The name that its clients are to give with EHLO; `None` for the machine's own, see [`EhloName`].
    pub ehlo_name: Option<EhloName>,
    /// Whom to write to about it.
    pub contact: Option<Contact>,
    /// The ports it connects to, each once.
    pub ports: Vec<PortSpec>,
    /// Networks it connects to although they are not global unicast, or its own.
    pub allow_nets: Vec<AllowedNet>,
    /// The origins of its own page, where that is reached otherwise than by the address that it listens on.
    pub origins: Vec<Origin>,
    /// The sites, besides its own, whose pages may use it.
    pub allow_origins: Vec<Origin>,
    /// Other relays of whoever runs this one, which its own page offers too.
    pub other_relays: Vec<Origin>,
    /// What a client without an origin has to show; `None` where none gets in.
    pub token: Option<Token>,
    /// Proxies that it believes when they say whom they speak for.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// A file of names and networks that it does not connect to.
    pub deny_file: Option<PathBuf>,
    /// The certificate files with which it speaks HTTPS; `None` for HTTP.
    pub tls: Option<TlsFiles>,
    /// Where it gets a certificate for HTTPS, in place of files.
    #[cfg(feature = "acme")]
    pub acme: Option<Acme>,
    /// A host that answers on port 25, to learn from whether connections to that port get out.
    pub port_25_probe: Option<Host>,
    /// The port of which that is learnt: 25, as no other is blocked by providers.
    pub scarce_port: u16,
    /// Private trust anchors to offer to the page.
    pub trust_anchors: TrustAnchors,
    /// Whether mail servers with known faults answer under `specimen.test`.
    pub demo: bool,
    /// How long a client has to send a whole request header.
    pub header: Duration,
    /// How many connections a client, an IPv4 address or an IPv6 /64, may have open to it; proxies have no limit.
    pub client_connections: u64,
    /// How many names it looks up at a time, look-ups among them that were given up and have not ended yet.
    pub lookups: u64,
    /// What it carries on one connection, and how long.
    pub limits: SessionLimits,
    /// How many connections it makes.
    pub quotas: Quotas,
    /// A store in which what is counted is shared with other relays; needs the secret as well.
    pub quota_store: Option<StoreUrl>,
    /// What the relays that share a store have in common, and nobody else knows.
    pub quota_store_secret: Option<Token>,
    /// How many threads carry connections, at least one.
    pub workers: u64,
    /// How long running connections may go on once it stops.
    pub grace: Duration,
    /// Where it looks names up.
    pub resolver: Arc<dyn Resolve>,
    /// What its own addresses are.
    pub own_addresses: OwnAddresses,
}

/// What a relay carries at most on one connection, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Octets towards the mail server.
    pub octets_up: u64,
    /// Octets from the mail server.
    pub octets_down: u64,
    /// Octets in one frame towards the mail server.
    pub frame_up: u64,
    /// Octets in one frame from the mail server, 16 KiB at most.
    pub frame_down: u64,
    /// Time to resolve the name.
    pub resolve: Duration,
    /// Time to connect, over all addresses of the name.
    pub connect: Duration,
    /// Time from there to the mail server's first octet, and, where TLS comes first, from the handshake to the greeting's.
    pub greeting: Duration,
    /// Any later time in which no octet moves, either way.
    pub silence: Duration,
    /// Time of the whole connection.
    pub connection: Duration,
}

impl Default for Settings {
    /// As the command runs without options: on 127.0.0.1, port 8025.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8025)),
            metrics_listen: None,
            public: false,
            ehlo_name: None,
            contact: None,
            ports: STANDARD_PORTS.to_vec(),
            allow_nets: Vec::new(),
            origins: Vec::new(),
            allow_origins: Vec::new(),
            other_relays: Vec::new(),
            trusted_proxies: Vec::new(),
            token: None,
            deny_file: None,
            tls: None,
            #[cfg(feature = "acme")]
            acme: None,
            port_25_probe: None,
            scarce_port: 25,
            trust_anchors: TrustAnchors::default(),
            demo: false,
            header: Duration::from_secs(5),
            client_connections: heloscope_wire::Limits::default().client_connections,
            lookups: heloscope_wire::Limits::default().lookups,
            limits: SessionLimits::default(),
            quotas: Quotas::default(),
            quota_store: None,
            quota_store_secret: None,
            workers: std::thread::available_parallelism().map_or(1, |number| number.get() as u64),
            grace: Duration::from_secs(10),
            resolver: Arc::new(SystemResolver),
            own_addresses: OwnAddresses::OfInterfaces,
        }
    }
}

impl Settings {
    /// What keeps a relay from starting with these settings, although each by itself is right; reads the deny file and
    /// those of the certificate.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let mut found = if self.public { self.missing_in_public() } else { Vec::new() };
        if !self.public && !self.listen.ip().is_loopback() {
            found.push(Contradiction::NotPublic(self.listen));
        }
        found.extend(
            self.metrics_listen.filter(|monitor| collide(self.listen, *monitor)).map(Contradiction::Monitor),
        );
        if self.quota_store.is_some() && self.quota_store_secret.is_none() {
            found.push(Contradiction::StoreWithoutSecret);
        }
        found.extend(DenyReloader::open(self.deny_file.clone()).err().map(Contradiction::Deny));
        if let Some(TlsFiles { certificate, key }) = &self.tls {
            let faults = CertificateFault::of(Some(certificate), Some(key));
            found.extend(faults.into_iter().map(Contradiction::Certificate));
        }
        #[cfg(feature = "acme")]
        if let Some(acme) = &self.acme {
            found.extend(self.tls.as_ref().map(|_| Contradiction::TwoCertificates));
            found.extend(Order::new(acme, &self.origins, None).err().map(Contradiction::Acme));
        }
        found
    }

    fn missing_in_public(&self) -> Vec<Contradiction> {
        let needs =
            |missing: bool, setting, what| missing.then_some(Contradiction::PublicNeeds { setting, what });
        let off = |off: bool, setting| off.then_some(Contradiction::PublicWithoutQuota(setting));
        let Quotas { client, target_address, target_network, .. } = self.quotas;
        [
            needs(
                self.ehlo_name.is_none(),
                "ehlo-name",
                "the full name of this machine, to which its addresses lead back, such as relay.example.org",
            ),
            needs(
                self.contact.is_none(),
                "contact",
                "whom to write to when something comes from it, such as postmaster@example.org",
            ),
            needs(
                self.origins.is_empty(),
                "origin",
                "what its page is reached as, such as https://relay.example.org",
            ),
            off(client.is_none(), "quota-client"),
            off(target_address.is_none(), "quota-target-address"),
            off(target_network.is_none(), "quota-target-network"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Whether the two cannot both be listened on.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let same_address = one.ip() == other.ip()
        || one.is_ipv4() == other.is_ipv4() && (one.ip().is_unspecified() || other.ip().is_unspecified());
    one.port() == other.port() && one.port() != 0 && same_address
}

/// What keeps a relay from starting with its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// It was to listen where others than this machine's own programs could reach it, and not to be public.
    NotPublic(SocketAddr),
    /// Metrics were to be had where it listens itself.
    Monitor(SocketAddr),
    /// It was to be public, without this setting.
    PublicNeeds {
        /// The setting's name.
        setting: &'static str,
        /// What to write there, as a clause.
        what: &'static str,
    },
    /// It was to be public, with this quota turned off.
    PublicWithoutQuota(&'static str),
    /// A store is to be shared, without a secret.
    StoreWithoutSecret,
    /// The deny file cannot be used.
    Deny(DenyFault),
    /// The certificate files cannot be used.
    Certificate(CertificateFault),
    /// There are files, and ACME as well.
    #[cfg(feature = "acme")]
    TwoCertificates,
    /// No certificate can be ordered.
    #[cfg(feature = "acme")]
    Acme(AcmeFault),
}

impl Contradiction {
    /// The name of the setting to change.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::NotPublic(_) => "listen",
            Self::Monitor(_) => "metrics-listen",
            Self::PublicNeeds { setting, .. } | Self::PublicWithoutQuota(setting) => setting,
            Self::StoreWithoutSecret => "quota-store",
            Self::Deny(_) => "deny-file",
            Self::Certificate(fault) => fault.setting(),
            #[cfg(feature = "acme")]
            Self::TwoCertificates => "tls-cert",
            #[cfg(feature = "acme")]
            Self::Acme(fault) => fault.setting(),
        }
    }

    /// The names of all settings that it is between.
    pub fn settings(&self) -> Vec<&'static str> {
        let other = match self {
            Self::NotPublic(_) | Self::PublicNeeds { .. } | Self::PublicWithoutQuota(_) => "public",
            Self::Monitor(_) => "listen",
            Self::StoreWithoutSecret => "quota-store-secret",
            Self::Deny(_) => return vec![self.setting()],
            Self::Certificate(_) => return vec!["tls-cert", "tls-key"],
            #[cfg(feature = "acme")]
            Self::TwoCertificates | Self::Acme(_) => "acme",
        };
        vec![self.setting(), other]
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPublic(address) => write!(
                f,
                "others than this machine's own programs could reach {address}: use 127.0.0.1:{} or [::1]:{0}, or, for a \
                 relay that others are to use, --public, which says what it needs",
                address.port()
            ),
            Self::Monitor(address) => {
                write!(f, "the relay itself listens on {address}: use another port for metrics")
            }
            Self::PublicNeeds { setting, what } => {
                write!(f, "a public relay needs --{setting}: {what}")
            }
            Self::PublicWithoutQuota(_) => f.write_str(
                "a public relay cannot do without this quota; it can have another, such as 8/120/1200",
            ),
            Self::StoreWithoutSecret => f.write_str(
                "a shared store needs --quota-store-secret, the same for all relays that share it: addresses stand in it \
                 only as what that makes of them",
            ),
            Self::Deny(fault) => fault.fmt(f),
            Self::Certificate(fault) => fault.fmt(f),
            #[cfg(feature = "acme")]
            Self::TwoCertificates => f.write_str("the certificate comes from files or by --acme, not both"),
            #[cfg(feature = "acme")]
            Self::Acme(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Contradiction {}

impl Default for SessionLimits {
    fn default() -> Self {
        let limits = heloscope_wire::Limits::default();
        Self {
            octets_up: limits.octets_up,
            octets_down: limits.octets_down,
            frame_up: limits.frame_octets_up,
            frame_down: limits.frame_octets_down,
            resolve: Duration::from_secs(limits.resolve_seconds),
            connect: Duration::from_secs(limits.connect_seconds),
            greeting: Duration::from_secs(limits.greeting_seconds),
            silence: Duration::from_secs(limits.silence_seconds),
            connection: Duration::from_secs(limits.connection_seconds),
        }
    }
}

impl SessionLimits {
    /// The longest that a connection may last, from the request to its end.
    pub(crate) fn longest(&self) -> Duration {
        self.resolve + self.connect + self.connection
    }
}

impl Settings {
    /// What `/v1/about` tells of the limits: whole seconds, rounded up.
    pub(crate) fn limits_on_the_wire(&self) -> heloscope_wire::Limits {
        let seconds = |time: Duration| time.as_secs() + u64::from(time.subsec_nanos() > 0);
        heloscope_wire::Limits {
            octets_up: self.limits.octets_up,
            octets_down: self.limits.octets_down,
            header_seconds: seconds(self.header),
            resolve_seconds: seconds(self.limits.resolve),
            connect_seconds: seconds(self.limits.connect),
            greeting_seconds: seconds(self.limits.greeting),
            silence_seconds: seconds(self.limits.silence),
            connection_seconds: seconds(self.limits.connection),
            frame_octets_up: self.limits.frame_up,
            frame_octets_down: self.limits.frame_down,
            client_connections: self.client_connections,
            lookups: self.lookups,
            quotas: self.quotas,
        }
    }
}
