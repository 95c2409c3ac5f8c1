mod connection;
mod shortage;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Access;
#[cfg(feature = "acme")]
use crate::acme::Order;
use crate::address::AddressPolicy;
use crate::demo::Demo;
use crate::deny::DenyReloader;
use crate::dial::Dialler;
use crate::metrics::Metrics;
use crate::monitor::{self, Monitor, Ready};
use crate::quota::Turnstile;
use crate::reach::{Probe, Reach};
use crate::routes::{self, Desk};
use crate::session::CLOSING;
use crate::standing::Standing;
use crate::tls::CertificateReloader;
use crate::{Contradiction, EhloName, Origin, Reloader, Settings};
use connection::{Door, TlsDoor};
use shortage::{RESPITE, Shortage};

/// A relay that listens.
pub struct Relay {
    listener: TcpListener,
    monitor: Option<(TcpListener, Door)>,
    ready: Ready,
    address: SocketAddr,
    origin: Origin,
    desk: Arc<Desk>,
    deny: DenyReloader,
    certificate: Option<CertificateReloader>,
    #[cfg(feature = "acme")]
    order: Option<Order>,
    reach: Arc<Reach>,
    probe: Option<Probe>,
    standing: Option<Standing>,
    door: Door,
    grace: Duration,
    sessions: TaskTracker,
    turnstile: Turnstile,
    end: CancellationToken,
}

impl Relay {
    /// Reads what the settings name and begins to listen.
    ///
    /// # Errors
    /// Where the settings contradict each other, or the address cannot be had.
    pub async fn bind(settings: Settings) -> Result<Self, StartError> {
        if let Some(contradiction) = settings.contradictions().into_iter().next() {
            return Err(StartError::Contradiction(contradiction));
        }
        let told_limits = settings.limits_on_the_wire();
        let deny = DenyReloader::open(settings.deny_file)
            .map_err(|fault| StartError::Contradiction(Contradiction::Deny(fault)))?;
        let certificate = settings
            .tls
            .map(CertificateReloader::open)
            .transpose()
            .map_err(|fault| StartError::Contradiction(Contradiction::Certificate(fault)))?;
        let listener = listen("listen", settings.listen).await?;
        let monitored = match settings.metrics_listen {
            Some(address) => Some(listen("metrics-listen", address).await?),
            None => None,
        };
        let address = listener.local_addr().map_err(|error| StartError::Listen {
            setting: "listen",
            address: settings.listen,
            error,
        })?;
        #[cfg(feature = "acme")]
        let order = settings
            .acme
            .map(|acme| Order::new(&acme, &settings.origins, settings.contact.as_ref()))
            .transpose()
            .map_err(|fault| StartError::Contradiction(Contradiction::Acme(fault)))?;
        let config = certificate.as_ref().map(CertificateReloader::server_config);
        #[cfg(feature = "acme")]
        let config = order.as_ref().map(Order::server_config).or(config);
        let mut origins = settings.origins;
        // This machine's own programs reach a relay on loopback although a proxy before it has another name.
        if origins.is_empty() || address.ip().is_loopback() {
            origins.extend(Origin::of_listener(address, config.is_some()));
        }
        let ehlo_name = settings.ehlo_name.or_else(EhloName::of_machine);
        let told_name = ehlo_name
            .clone()
            .unwrap_or_else(|| EhloName::literal(settings.own_addresses.first().unwrap_or(address.ip())));
        let metrics = Metrics::new();
        let (quotas, longest) = (&settings.quotas, settings.limits.longest());
        let turnstile = match settings.quota_store.as_ref().zip(settings.quota_store_secret) {
            None => Turnstile::new(quotas, longest, metrics.clone()),
            Some(store) => Turnstile::sharing(quotas, longest, metrics.clone(), store)
                .await
                .map_err(StartError::Store)?,
        };
        let ready = Ready::default();
        let monitor =
            Monitor { metrics: metrics.clone(), turnstile: turnstile.clone(), ready: ready.clone() };
        let monitor = Door {
            router: monitor::router(monitor),
            tls: None,
            header: settings.header,
            session: Duration::ZERO,
            stop: CancellationToken::new(),
        };
        let reach = Arc::new(Reach::of(settings.scarce_port));
        let probe = settings.port_25_probe.map(|host| Probe {
            host,
            resolver: settings.resolver.clone(),
            limit: settings.limits.connect,
        });
        let standing = (settings.public).then(|| Standing {
            name: told_name.to_string(),
            own: settings.own_addresses.known_outside(),
            resolver: settings.resolver.clone(),
        });
        let (sessions, end) = (TaskTracker::new(), CancellationToken::new());
        let desk = Desk {
            trusted_proxies: settings.trusted_proxies,
            access: Access::new(origins.clone(), settings.allow_origins, settings.token),
            dialler: Dialler {
                ports: settings.ports,
                addresses: AddressPolicy::new(&settings.allow_nets, settings.own_addresses),
                deny: deny.clone(),
                resolver: settings.resolver,
                resolve_limit: settings.limits.resolve,
                connect_limit: settings.limits.connect,
                ehlo_name,
                listener: address.ip(),
                demo: settings.demo.then(Demo::new),
                reach: reach.clone(),
            },
            ehlo_name: told_name.to_string(),
            contact: settings.contact,
            trust_anchors: settings.trust_anchors,
            limits: settings.limits,
            told_limits,
            turnstile: turnstile.clone(),
            metrics,
            sessions: sessions.clone(),
            end: end.clone(),
        };
        let desk = Arc::new(desk);
        let tls = config.map(|config| TlsDoor { config, plain: routes::to_https(desk.clone()) });
        Ok(Self {
            listener,
            monitor: monitored.map(|listener| (listener, monitor)),
            ready,
            address,
            origin: origins.into_iter().next().expect("there is one of the address itself where no other is"),
            desk: desk.clone(),
            deny,
            certificate,
            #[cfg(feature = "acme")]
            order,
            reach,
            probe,
            standing,
            door: Door {
                router: routes::router(desk),
                tls,
                header: settings.header,
                session: longest,
                stop: CancellationToken::new(),
            },
            grace: settings.grace,
            sessions,
            turnstile,
            end,
        })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address at which health, readiness and metrics are to be had.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.monitor.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// The first origin of its own page; with a `/` behind, where to open it.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What changes it while it runs.
    pub fn reloader(&self) -> Reloader {
        Reloader { desk: self.desk.clone(), deny: self.deny.clone(), certificate: self.certificate.clone() }
    }

    /// What reads the deny file again.
    pub fn deny_reloader(&self) -> DenyReloader {
        self.deny.clone()
    }

    /// What reads the certificate files again, where there are any.
    pub fn certificate_reloader(&self) -> Option<CertificateReloader> {
        self.certificate.clone()
    }

    /// Serves until `stop` is cancelled. Then it takes no more connections, lets the sessions that run go on for the
    /// grace time of the settings, and closes those that are left.
    pub async fn serve(self, stop: CancellationToken) {
        let connections = TaskTracker::new();
        let door = Door { stop: stop.clone(), ..self.door };
        // What goes on beside the serving; it ends with it.
        let mut beside = JoinSet::new();
        self.certificate.map(|certificate| beside.spawn(certificate.watch()));
        #[cfg(feature = "acme")]
        self.order.map(|order| beside.spawn(order.run()));
        self.probe.map(|probe| beside.spawn(probe.run(self.reach)));
        self.standing.map(|standing| beside.spawn(standing.log()));
        // Asked as long as there is something to tell, also while it stops.
        if let Some((listener, door)) = self.monitor {
            beside.spawn(async move { accept(&listener, &door, &TaskTracker::new()).await });
        }
        self.ready.set(true);
        accept(&self.listener, &door, &connections).await;
        self.ready.set(false);
        drop(self.listener);
        connections.close();
        self.sessions.close();
        let all_ended = async {
            connections.wait().await;
            self.sessions.wait().await;
        };
        tokio::pin!(all_ended);
        if timeout(self.grace, &mut all_ended).await.is_err() {
            self.end.cancel();
            // A client that takes nothing any more is left to the end of the process.
            let _ = timeout(CLOSING + Duration::from_secs(1), all_ended).await;
        }
        // What a shared store does not learn by then ends there by itself.
        let _ = timeout(Duration::from_secs(1), self.turnstile.settle()).await;
    }
}

/// Takes connections until the door's `stop` is cancelled.
async fn accept(listener: &TcpListener, door: &Door, connections: &TaskTracker) {
    let mut shortage = Shortage::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = door.stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, client)) => {
                shortage.eased();
                connections.spawn(door.clone().serve(stream, client));
            }
            // The client was gone before it was its turn.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) =>
            {
                tracing::debug!(%error, "cannot take a connection");
            }
            Err(error) => {
                shortage.met(&error);
                // The next attempt would fail at once as well.
                tokio::select! {
                    () = sleep(RESPITE) => {}
                    () = door.stop.cancelled() => break,
                }
            }
        }
    }
}

/// Listens at the address that a setting gives.
async fn listen(setting: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| StartError::Listen { setting, address, error })
}

/// Why a relay does not start.
#[derive(Debug)]
pub enum StartError {
    /// The settings contradict each other.
    Contradiction(Contradiction),
    /// The quota store's address cannot be used, in the client's words.
    Store(String),
    /// The address cannot be listened on.
    Listen {
        /// The name of the setting that gives it.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contradiction(contradiction) => contradiction.fmt(f),
            Self::Store(reason) => write!(f, "the quota store cannot be used: {reason}"),
            Self::Listen { setting, address, error } if error.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "{address} is in use by another program, perhaps another relay: stop it, or choose another port with \
                 --{setting} (port 0 for one that is free)"
            ),
            Self::Listen { address, error, .. } => write!(f, "cannot listen on {address}: {error}"),
        }
    }
}

impl std::error::Error for StartError {}
