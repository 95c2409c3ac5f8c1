mod failure;

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use heloscope_observation::{Established, Host, PortSpec, Refusal, RefusalCode, TlsMode};
use heloscope_wire::ConnectQuery;
use tokio::time::{Instant, timeout};

use crate::address::{AddressPolicy, is_global};
use crate::demo::Demo;
use crate::lookups::Lookups;
use crate::quota::{Lease, Visit};
use crate::reach::Reach;
use crate::upstream::Upstream;
use crate::{DenyReloader, EhloName, LookupFailure, Resolve};
use heloscope_connecting::Connected;

pub(crate) use failure::is_out_of_descriptors;

/// Connects to mail servers, where it may.
pub(crate) struct Dialler {
    pub(crate) ports: Vec<PortSpec>,
    pub(crate) addresses: AddressPolicy,
    pub(crate) deny: DenyReloader,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) lookups: Lookups,
    pub(crate) resolve_limit: Duration,
    pub(crate) connect_limit: Duration,
    /// The name for EHLO; `None` for the literal of the connection's own address.
    pub(crate) ehlo_name: Option<EhloName>,
    /// The relay's own address, for a literal where there is no connection.
    pub(crate) listener: IpAddr,
    pub(crate) demo: Option<Arc<Demo>>,
    pub(crate) reach: Arc<Reach>,
    /// Whether strangers ask: what its resolver knows of its own network is not theirs to learn.
    pub(crate) public: bool,
}

/// Addresses of a name that are dialled, one after the other: whoever answers for a name could list thousands.
const MAX_ADDRESSES: usize = 4;

/// A connection, and what the client is told of it.
pub(crate) struct Dialled {
    pub(crate) upstream: Upstream,
    pub(crate) established: Established,
    /// The port's.
    pub(crate) mode: TlsMode,
}

impl Dialler {
    /// Connects to what a client asked for: the name is resolved once, every address that came back is checked, the
    /// very address that was checked is dialled, and the peer's address is checked again.
    pub(crate) async fn dial(&self, query: &ConnectQuery, visit: &Visit) -> Result<Dialled, Refusal> {
        let client = visit.begin().await?;
        let mode = self.check_port(query.port)?;
        if let (Some(demo), Host::Name(name)) = (&self.demo, &query.host)
            && demo.is_asked_for(name, query.address)
        {
            return self.dial_specimen(demo, name, query.port, mode, client).await;
        }
        if !self.addresses.settled().await {
            return Err(failure::not_known_outside());
        }
        let (addresses, resolve_ms) = self.resolve(query, visit).await?;
        // Of an address that the client named itself that is said, and not of the host.
        let host = query.address.map_or_else(|| query.host.clone(), Host::Address);
        for address in &addresses {
            self.check_address(*address, &host).map_err(|why| self.told(why, *address, query))?;
        }
        let dialled = &addresses[..addresses.len().min(MAX_ADDRESSES)];
        let (connected, address, connect_ms, target) = self.connect(dialled, visit).await?;
        let stream = &connected.stream;
        let peer = match stream.peer_addr() {
            // It is over already: the system sends nothing there any more, and knows the address that was dialled alone.
            Err(error) if error.kind() == ErrorKind::NotConnected => address,
            peer => peer.map_err(|error| failure::of_connect(&error, address))?,
        };
        if peer != address {
            return Err(blocked(format!(
                "The connection to {address} came out at {peer}; the relay closed it."
            )));
        }
        self.check_address(peer, &query.host)?;
        let local = stream.local_addr().map_err(|error| failure::of_connect(&error, address))?;
        let established =
            Established { address, ehlo_name: self.ehlo_name_from(local.ip()), resolve_ms, connect_ms };
        Ok(Dialled { upstream: Upstream::tcp(connected, vec![client, target]), established, mode })
    }

    /// The port's TLS mode, which is never the client's word.
    fn check_port(&self, port: u16) -> Result<TlsMode, Refusal> {
        if let Some(spec) = self.ports.iter().find(|spec| spec.port == port) {
            return Ok(spec.mode);
        }
        let ports: Vec<String> = self.ports.iter().map(PortSpec::to_string).collect();
        Err(blocked(format!(
            "This relay does not connect to port {port}. It serves {}; its operator can add others with --allow-port.",
            ports.join(", ")
        )))
    }

    /// The addresses to dial, in order, each once; and how long the look-up took, if there was one.
    async fn resolve(
        &self,
        query: &ConnectQuery,
        visit: &Visit,
    ) -> Result<(Vec<SocketAddr>, Option<u32>), Refusal> {
        let literal = match query.host {
            Host::Address(address) => query.address.or(Some(address)),
            Host::Name(_) => query.address,
        };
        if let Host::Name(name) = &query.host
            && self.deny.list().denies_name(name)
        {
            return Err(denied(&query.host));
        }
        let name = match (literal, &query.host) {
            (Some(address), _) => return Ok((vec![SocketAddr::new(address, query.port)], None)),
            (None, host) => host.to_string(),
        };
        // Such a name is one of the relay's own network: of `/etc/hosts`, or completed by the resolver's search list.
        if self.public && !name.contains('.') {
            return Err(blocked(format!(
                "This relay does not look up {name}, as no dot is in that name. Write the full name of the host."
            )));
        }
        let began = Instant::now();
        let lookup = self.lookups.begin(visit.client(), || self.resolver.lookup(&name))?;
        let answer = timeout(self.resolve_limit, lookup).await;
        let resolve_ms = milliseconds(began.elapsed());
        let mut addresses = match answer {
            Ok(Ok(Ok(addresses))) if addresses.is_empty() => {
                return Err(failure::of_lookup(&name, &LookupFailure::NotFound));
            }
            Ok(Ok(Ok(addresses))) => addresses,
            Ok(Ok(Err(failure))) => return Err(failure::of_lookup(&name, &failure)),
            Ok(Err(gone)) => {
                return Err(failure::of_lookup(&name, &LookupFailure::Failed(gone.to_string())));
            }
            Err(_) => return Err(failure::no_answer(&name, self.resolve_limit)),
        };
        let mut seen = Vec::with_capacity(addresses.len());
        addresses.iter_mut().for_each(|address| address.set_port(query.port));
        addresses.retain(|address| {
            !seen.contains(address) && {
                seen.push(*address);
                true
            }
        });
        Ok((addresses, Some(resolve_ms)))
    }

    /// Whether the relay may connect to this address of the host.
    pub(crate) fn check_address(&self, address: SocketAddr, host: &Host) -> Result<(), Refusal> {
        let (deny, destination) = (self.deny.list(), self.addresses.destination(address.ip()));
        if deny.denies_address(address.ip()) || deny.denies_address(destination) {
            return Err(denied(host));
        }
        if matches!(address, SocketAddr::V6(v6) if v6.scope_id() != 0) {
            return Err(blocked(format!(
                "{host} has the address {}, which is known on one link only (RFC 4007).",
                address.ip()
            )));
        }
        self.addresses.check(address.ip()).map_err(|why| {
            blocked(format!(
                "The relay does not connect to {}, which is {}. Its operator can allow a network with --allow-net.",
                address.ip(),
                why.0
            ))
        })
    }

    /// What a client is told of it. A stranger learns no address of a network that is not the Internet's, unless they named it
    /// themselves; the log keeps it.
    fn told(&self, refusal: Refusal, address: SocketAddr, query: &ConnectQuery) -> Refusal {
        match &query.host {
            Host::Name(name) if self.public && query.address.is_none() && !is_global(address.ip()) => {
                tracing::info!(host = %name, address = %address.ip(), why = refusal.message, "refused a name");
                blocked(format!(
                    "The name {name} leads to an address to which this relay does not connect, such as a private one."
                ))
            }
            _ => refusal,
        }
    }

    /// Tries one address after the other. An address that does not answer takes no more than its share of the time that
    /// is left, so that the next has one too.
    async fn connect(
        &self,
        addresses: &[SocketAddr],
        visit: &Visit,
    ) -> Result<(Connected, SocketAddr, u32, Lease), Refusal> {
        let deadline = Instant::now() + self.connect_limit;
        let mut failures = Vec::new();
        for (tried, &address) in (0..).zip(addresses) {
            let left = u32::try_from(addresses.len()).unwrap_or(u32::MAX) - tried;
            let target = visit.dial(self.addresses.destination(address.ip())).await?;
            let began = Instant::now();
            let share = deadline.saturating_duration_since(began) / left;
            match timeout(share, Upstream::connect(address)).await {
                Ok(Ok(connected)) => {
                    self.reach.answered(address);
                    return Ok((connected, address, milliseconds(began.elapsed()), target));
                }
                Ok(Err(error)) => failures.push(failure::of_connect(&error, address)),
                Err(_) => failures.push(failure::connect_timeout(address, share)),
            }
            match failures.last().map(|failure| failure.code) {
                Some(RefusalCode::ConnectTimeout) => self.reach.silent(address),
                // The host may have sent it, or a firewall between.
                Some(RefusalCode::ConnectionRefused | RefusalCode::Unreachable) => {
                    self.reach.turned_back(address);
                }
                // Where the relay itself is full there was no attempt to charge the target with.
                Some(RefusalCode::RelayUnreachable) => continue,
                _ => {}
            }
            visit.failed();
        }
        let failure = failure::most_telling(failures);
        let unanswered =
            [RefusalCode::ConnectTimeout, RefusalCode::Unreachable, RefusalCode::ConnectionRefused]
                .contains(&failure.code);
        match addresses.first().map(SocketAddr::port) {
            Some(port) if unanswered && self.reach.is_unreachable(port) => Err(failure::not_let_out(port)),
            _ => Err(failure),
        }
    }

    async fn dial_specimen(
        &self,
        demo: &Demo,
        name: &str,
        port: u16,
        mode: TlsMode,
        client: Lease,
    ) -> Result<Dialled, Refusal> {
        let fleet = demo.fleet();
        let began = Instant::now();
        match timeout(self.connect_limit, fleet.connect(name, port)).await {
            Ok(Some(Ok((address, stream)))) => Ok(Dialled {
                upstream: Upstream::specimen(stream, vec![client]),
                established: Established {
                    address,
                    ehlo_name: self.ehlo_name_from(self.listener),
                    resolve_ms: None,
                    connect_ms: milliseconds(began.elapsed()),
                },
                mode,
            }),
            Ok(Some(Err(refusal))) => Err(refusal),
            Ok(None) => Err(failure::of_lookup(name, &LookupFailure::NotFound)),
            Err(_) => {
                let address = fleet.find(name).map(|specimen| SocketAddr::from((specimen.address(), port)));
                let address = address.unwrap_or_else(|| SocketAddr::new(self.listener, port));
                Err(failure::connect_timeout(address, self.connect_limit))
            }
        }
    }

    fn ehlo_name_from(&self, local: IpAddr) -> String {
        self.ehlo_name.clone().unwrap_or_else(|| EhloName::literal(local)).to_string()
    }
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

fn blocked(message: String) -> Refusal {
    Refusal { code: RefusalCode::Blocked, message }
}

fn denied(host: &Host) -> Refusal {
    blocked(format!(
        "The operator of this relay does not have it connect to {host}. Ask them, or run a relay of your own."
    ))
}
