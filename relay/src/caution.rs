//! What a relay starts with, and that is hardly meant.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use heloscope_observation::{Host, PortSpec};
use heloscope_wire::{Quota, Quotas};

use crate::address::{AddressPolicy, is_global};
use crate::origin::is_localhost;
use crate::proxy::is_trusted;
use crate::session::CLOSING;
use crate::{AllowedNet, CertificateCaution, DenyReloader, Origin, SessionLimits, Settings};

/// Something in the settings with which a relay starts, but of which its operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caution {
    /// Only a proxy on its own machine can be in front of it, and none is trusted there: all clients would be the proxy.
    OneClient {
        /// Where it is to be reached.
        origin: Origin,
        /// Where a proxy on the same machine comes from.
        proxy: IpAddr,
    },
    /// Something in front of it has to end TLS, and no proxy is trusted: all clients may be that.
    InFront(Origin),
    /// It is public and speaks plain HTTP.
    Clear(Origin),
    /// It speaks HTTPS, and its page is to be reached by HTTP.
    NotClear(Origin),
    /// It is public, and may connect to its own machine by this network.
    OwnMachine(AllowedNet),
    /// It is public, and may connect to this network, into which the Internet does not reach.
    Inside(AllowedNet),
    /// It is public, and may connect to this port, which mail servers do not have.
    OtherPort(PortSpec),
    /// Everybody on the Internet may be able to read its metrics here.
    OpenMonitor(SocketAddr),
    /// It does not connect to the host that it is to probe, and why, as a clause that follows "which is".
    RefusedProbe(Host, String),
    /// Its page comes by HTTPS, and is to offer this relay, which has none.
    Mixed(Origin),
    /// Its page comes by HTTPS, and a site whose pages may use it is to be reached by HTTP.
    ClearSite(Origin),
    /// Browsers hold something against its certificate.
    Certificate(CertificateCaution),
    /// A quota, or a part of it, that is never used up, as another part of it is before.
    Unreached {
        /// The name of its setting.
        setting: &'static str,
        /// The part that is never used up: how many, and over which time.
        part: (u16, &'static str),
        /// The part that is used up before.
        other: (u16, &'static str),
        /// How many of the first that one lets through at most.
        most: u64,
    },
    /// Running connections have more time at the end than the files that come with the relay leave it.
    CutShort(Duration),
    /// As many connections as there may be take more descriptors than the process may have open.
    Descriptors {
        /// How many connections.
        connections: u64,
        /// The descriptors that they take, with those beside them.
        needed: u64,
        /// How many there may be.
        limit: u64,
    },
    /// Workers and look-ups take more threads than the files that come with the relay let it have.
    Threads {
        /// How many workers.
        workers: u64,
        /// How many look-ups at a time.
        lookups: u64,
    },
    /// A limit on time that never counts, as the whole connection ends before.
    Outlasted {
        /// The name of its setting.
        setting: &'static str,
        /// Its time.
        limit: Duration,
        /// The time of the whole connection.
        connection: Duration,
    },
}

impl Caution {
    /// The name of the setting to change.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::OneClient { .. } | Self::InFront(_) => "trusted-proxy",
            Self::Clear(_) | Self::NotClear(_) => "origin",
            Self::OwnMachine(_) | Self::Inside(_) => "allow-net",
            Self::OtherPort(_) => "allow-port",
            Self::OpenMonitor(_) => "metrics-listen",
            Self::RefusedProbe(..) => "port-25-probe",
            Self::Mixed(_) => "other-relay",
            Self::ClearSite(_) => "allow-origin",
            Self::CutShort(_) => "grace",
            Self::Descriptors { .. } => "quota-all",
            Self::Threads { workers, lookups } if workers > lookups => "workers",
            Self::Threads { .. } => "limit-lookups",
            Self::Certificate(_) => "tls-cert",
            Self::Outlasted { setting, .. } | Self::Unreached { setting, .. } => setting,
        }
    }
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneClient { origin, proxy } => write!(
                f,
                "a relay that listens on a loopback address is {origin} only by way of a proxy; all clients would be one, and \
                 share its quotas: name the address that the proxy comes from with trusted-proxy, such as {proxy}"
            ),
            Self::InFront(origin) => write!(
                f,
                "{origin} has TLS and this relay has none, so that something in front of it has to; unless that keeps the \
                 clients' addresses, all clients are one, and share its quotas: name it with trusted-proxy, and have it set \
                 X-Forwarded-For"
            ),
            Self::Clear(origin) => write!(
                f,
                "{origin} has no TLS: browsers do not let pages that came by HTTPS use it, and what is said with it is not \
                 protected on the way; give it a certificate with tls-cert and tls-key, and an origin with https://"
            ),
            Self::NotClear(origin) => write!(
                f,
                "this relay speaks HTTPS, and as {origin} its page is not reached: write https://; as it is, it takes its own \
                 page for another site's, and refuses each test"
            ),
            Self::OwnMachine(net) => write!(
                f,
                "by {net} everybody who can reach this public relay has it connect to the machine that it runs on, where \
                 a mail server trusts it more than others; leave it out unless all of them may"
            ),
            Self::Inside(net) => write!(
                f,
                "by {net} everybody who can reach this public relay has it connect into a network that the Internet does not \
                 reach, and learns which mail servers are there; leave it out unless all of them may"
            ),
            Self::OtherPort(PortSpec { port, .. }) => write!(
                f,
                "port {port} is none of mail's: everybody who can reach this public relay learns by it on which hosts that port \
                 answers, and for those it is this machine that scans them; leave it out unless all of them may"
            ),
            Self::OpenMonitor(monitor) => write!(
                f,
                "at {monitor} everybody whom no firewall keeps out reads how this relay is used: choose 127.0.0.1:{}, or an \
                 address of a private network",
                monitor.port()
            ),
            Self::RefusedProbe(host, why) => write!(
                f,
                "the relay does not connect to {host}, which is {why}: it is not probed, and nothing is learnt of port 25; name a \
                 mail server of yours elsewhere"
            ),
            Self::Mixed(relay) => write!(
                f,
                "{relay} has no TLS: browsers do not let this relay's page, which comes by HTTPS, use it; give it HTTPS"
            ),
            Self::ClearSite(site) => write!(
                f,
                "{site} has no TLS: where that site is reached by HTTPS browsers name it with https://, and each test from there \
                 is refused; where it is not, its pages and what they show of a test can be changed on the way; give it HTTPS, \
                 and write https://"
            ),
            Self::Certificate(caution) => caution.fmt(f),
            Self::CutShort(grace) => {
                let needed = (*grace + TO_TELL).as_secs();
                write!(
                    f,
                    "stopping takes up to {needed} s with that, and whoever stops the relay has to wait as long: \
                     heloscope-relay.service and compose.yaml, as they come, end it after {} s; write TimeoutStopSec={needed} or \
                     stop_grace_period: {needed}s there, unless it is done",
                    LEFT.as_secs()
                )
            }
            Self::Unreached { part: (part, per), other: (other, other_per), most, .. } => write!(
                f,
                "{part} {per} are never reached, as {other} {other_per} make no more than {most} {per}: choose less, or more \
                 {other_per}"
            ),
            Self::Descriptors { connections, needed, limit } => write!(
                f,
                "{connections} connections take up to {needed} descriptors, and the process may have no more than {limit} open: \
                 allow more, by LimitNOFILE= in a systemd unit or ulimit -n in a shell, or choose fewer connections"
            ),
            Self::Threads { workers, lookups } => {
                let needed = threads(*workers, *lookups);
                write!(
                    f,
                    "{workers} workers and {lookups} look-ups at a time take up to {needed} threads: heloscope-relay.service and \
                     compose.yaml, as they come, let it have {TASKS}; write TasksMax={needed} or pids_limit: {needed} there, \
                     unless it is done, or choose fewer"
                )
            }
            Self::Outlasted { limit, connection, .. } => write!(
                f,
                "{} s never pass, as the whole connection ends after {} s: choose less, or more for limit-connection",
                limit.as_secs(),
                connection.as_secs()
            ),
        }
    }
}

/// The ports of mail servers: IANA's, and the one that many have for submission beside them.
const MAIL: [u16; 4] = [25, 465, 587, 2525];

/// How long the files of relay/deploy have a relay take to stop.
const LEFT: Duration = Duration::from_secs(20);

/// How long it takes at most, after the grace, to tell clients and a shared store.
const TO_TELL: Duration = CLOSING.saturating_add(Duration::from_secs(2));

/// How many threads the files of relay/deploy let a relay have.
const TASKS: u64 = 256;

/// The threads for workers and look-ups, and for the few look-ups of the relay's own.
fn threads(workers: u64, lookups: u64) -> u64 {
    workers.saturating_add(lookups).saturating_add(8)
}

/// The descriptors for so many connections, two for each, for look-ups, and for all beside them.
fn descriptors(connections: u64, lookups: u64) -> u64 {
    connections.saturating_mul(2).saturating_add(lookups).saturating_add(64)
}

/// How many descriptors the process may have open, the soft limit raised as far as it can be.
#[cfg(unix)]
fn descriptor_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum
}

#[cfg(not(unix))]
fn descriptor_limit() -> Option<u64> {
    None
}

impl Settings {
    /// What the operator should know of before a relay runs with these settings.
    pub fn cautions(&self) -> Vec<Caution> {
        let of_certificate = self.tls.iter().flat_map(|files| CertificateCaution::now(files, &self.origins));
        let not_clear = self.origin(false).filter(|_| self.speaks_https()).map(Caution::NotClear);
        let comes_by_https = self.speaks_https() || self.origin(true).is_some();
        let mixed = self.other_relays.iter().filter(|relay| comes_by_https && !relay.is_secure());
        // What a page of the visitor's own machine says to it crosses no network.
        let is_clear = |site: &&Origin| comes_by_https && !site.is_secure() && !site.is_loopback();
        let clear_sites = self.allow_origins.iter().filter(is_clear).cloned().map(Caution::ClearSite);
        let of_public = if self.public { self.cautions_in_public() } else { Vec::new() };
        let mixed = mixed.cloned().map(Caution::Mixed);
        let of_probe = self.refused_probe();
        of_certificate
            .map(Caution::Certificate)
            .chain(not_clear)
            .chain(of_public)
            .chain(of_probe)
            .chain(mixed)
            .chain(clear_sites)
            .chain(self.open_monitor())
            .chain(self.limits.outlasted())
            .chain(self.unreached())
            .chain(self.out_of_descriptors(descriptor_limit()))
            .chain(self.out_of_threads())
            .chain((self.grace + TO_TELL > LEFT).then_some(Caution::CutShort(self.grace)))
            .collect()
    }

    /// Where the metrics are to be had, unless that is an address of this machine or of a network of its own.
    fn open_monitor(&self) -> Option<Caution> {
        let is_open = |monitor: &SocketAddr| monitor.ip().is_unspecified() || is_global(monitor.ip());
        self.metrics_listen.filter(is_open).map(Caution::OpenMonitor)
    }

    fn out_of_descriptors(&self, limit: Option<u64>) -> Option<Caution> {
        let connections = self.quotas.all;
        let needed = descriptors(connections, self.lookups);
        let limit = limit.filter(|limit| needed > *limit)?;
        Some(Caution::Descriptors { connections, needed, limit })
    }

    fn out_of_threads(&self) -> Option<Caution> {
        let Self { workers, lookups, .. } = *self;
        (threads(workers, lookups) > TASKS).then_some(Caution::Threads { workers, lookups })
    }

    fn unreached(&self) -> impl Iterator<Item = Caution> {
        let Quotas { client, target_address, target_network, .. } = self.quotas;
        let longest = self.limits.longest();
        [
            ("quota-client", client),
            ("quota-target-address", target_address),
            ("quota-target-network", target_network),
        ]
        .into_iter()
        .filter_map(|(setting, quota)| Some((setting, quota?)))
        .flat_map(move |(setting, quota)| of_quota(setting, quota, longest))
    }

    /// The host to probe, where the relay is not to connect to it; what a name leads to is not asked here.
    pub(crate) fn refused_probe(&self) -> Option<Caution> {
        let host = self.port_25_probe.as_ref()?;
        let policy = AddressPolicy::new(&self.allow_nets, self.own_addresses.clone());
        let deny = DenyReloader::open(self.deny_file.clone()).ok()?.list();
        let (address, denied) = match host {
            Host::Address(address) => (Some(*address), deny.denies_address(*address)),
            Host::Name(name) if is_localhost(name) => {
                (Some(Ipv4Addr::LOCALHOST.into()), deny.denies_name(name))
            }
            Host::Name(name) => (None, deny.denies_name(name)),
        };
        let why = match address.map(|address| policy.check(address)) {
            _ if denied => "denied by the deny file".to_owned(),
            None if self.public && !host.to_string().contains('.') => {
                "no full name, as no dot is in it".to_owned()
            }
            Some(Err(why)) => why.0,
            _ => return None,
        };
        Some(Caution::RefusedProbe(host.clone(), why))
    }

    fn cautions_in_public(&self) -> Vec<Caution> {
        let https = self.speaks_https();
        // Who connects to a loopback address comes from it, or from the first of them.
        let at = self.listen.ip();
        let first = if at.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        let none_trusted = match at.is_loopback() {
            true => ![at, first].iter().any(|from| is_trusted(*from, &self.trusted_proxies)),
            false => self.trusted_proxies.is_empty(),
        };
        let clear = self.origin(false).filter(|_| !https).map(Caution::Clear);
        // With HTTPS of its own it can be reached there without a proxy, by a forwarded port or a name of this machine.
        let in_front = match at.is_loopback() {
            true => |origin, proxy| Caution::OneClient { origin, proxy },
            false => |origin, _| Caution::InFront(origin),
        };
        let one_client = self.origin(true).filter(|_| !https).map(|origin| in_front(origin, first));
        let own = self.own_addresses.known_outside();
        let closed = self.allow_nets.iter().filter_map(|net| match net {
            net if net.leads_to_itself(&own) => Some(Caution::OwnMachine(*net)),
            net if net.is_inside() => Some(Caution::Inside(*net)),
            _ => None,
        });
        let other_ports = self.ports.iter().filter(|port| !MAIL.contains(&port.port)).copied();
        clear
            .into_iter()
            .chain(one_client.filter(|_| none_trusted))
            .chain(closed)
            .chain(other_ports.map(Caution::OtherPort))
            .collect()
    }

    /// The first origin of its page that is reached by HTTPS, or by HTTP.
    fn origin(&self, secure: bool) -> Option<Origin> {
        self.origins.iter().find(|origin| origin.is_secure() == secure).cloned()
    }

    fn speaks_https(&self) -> bool {
        #[cfg(feature = "acme")]
        if self.acme.is_some() {
            return true;
        }
        self.tls.is_some()
    }
}

/// The parts of a quota that are never used up, where a connection lasts no longer than this.
fn of_quota(setting: &'static str, quota: Quota, longest: Duration) -> impl Iterator<Item = Caution> {
    let at_a_time = (quota.concurrent, "at a time");
    let (minute, hour) = ((quota.per_minute, "a minute"), (quota.per_hour, "an hour"));
    // Of those that run there began as many in each stretch of time, the one under way included, as are let through in it.
    let running = |allowed: u16, stretch: u64| u64::from(allowed) * (longest.as_secs() / stretch + 1);
    [
        (at_a_time, minute, running(quota.per_minute, 60)),
        (at_a_time, hour, running(quota.per_hour, 3600)),
        (minute, hour, quota.per_hour.into()),
        (hour, minute, u64::from(quota.per_minute) * 60),
    ]
    .into_iter()
    .filter(|((part, _), _, most)| u64::from(*part) > *most)
    .map(move |(part, other, most)| Caution::Unreached { setting, part, other, most })
}

impl SessionLimits {
    /// The time to resolve and to connect is none of the connection's own.
    fn outlasted(&self) -> impl Iterator<Item = Caution> {
        let connection = self.connection;
        [("limit-greeting", self.greeting), ("limit-silence", self.silence)]
            .into_iter()
            .filter(move |(_, limit)| *limit > connection)
            .map(move |(setting, limit)| Caution::Outlasted { setting, limit, connection })
    }
}

#[cfg(test)]
mod tests;
