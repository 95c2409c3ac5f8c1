mod callers;
mod connection;
mod intake;
mod shortage;
mod workers;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Access;
#[cfg(feature = "acme")]
use crate::acme::Order;
use crate::deny::DenyReloader;
use crate::lookups::Lookups;
use crate::metrics::Metrics;
use crate::monitor::{self, Monitor, Ready};
use crate::outside::Outside;
use crate::quota::Turnstile;
use crate::reach::{Probe, Reach};
use crate::routes::{self, Desk};
use crate::session::CLOSING;
use crate::standing::Standing;
use crate::terms::{Ground, Terms};
use crate::tls::CertificateReloader;
use crate::{Contradiction, Origin, Reloader, Settings};
use callers::Callers;
use connection::{Bouncer, Door, Patience, TlsDoor};
use intake::Intake;
use workers::Workers;

/// A relay that listens.
pub struct Relay {
    listener: TcpListener,
    workers: Workers,
    monitor: Option<(TcpListener, Door)>,
    ready: Ready,
    address: SocketAddr,
    origin: Origin,
    desk: Arc<Desk>,
    ground: Arc<Ground>,
    certificate: Option<CertificateReloader>,
    #[cfg(feature = "acme")]
    order: Option<Order>,
    probe: Option<Probe>,
    standing: Option<Standing>,
    door: Door,
    settings: Settings,
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
        let deny = DenyReloader::open(settings.deny_file.clone())
            .map_err(|fault| StartError::Contradiction(Contradiction::Deny(fault)))?;
        let certificate = (settings.tls.clone())
            .map(CertificateReloader::open)
            .transpose()
            .map_err(|fault| StartError::Contradiction(Contradiction::Certificate(fault)))?;
        if let Some(certificate) = &certificate {
            certificate.serve_under(&settings.origins);
        }
        let listener = listen("listen", settings.listen).await?;
        // The thread that serves is one of them.
        let workers = Workers::start(settings.workers.saturating_sub(1), &listener).await;
        let workers = workers.map_err(StartError::Workers)?;
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
        let order = (settings.acme.as_ref())
            .map(|acme| {
                acme.prepare_cache()?;
                Order::new(acme, &settings.origins, settings.contact.as_ref())
            })
            .transpose()
            .map_err(|fault| StartError::Contradiction(Contradiction::Acme(fault)))?;
        let config = certificate.as_ref().map(CertificateReloader::server_config);
        #[cfg(feature = "acme")]
        let config = order.as_ref().map(Order::server_config).or(config);
        let metrics = Metrics::new();
        let ground = Ground {
            listener: address.ip(),
            origins: Origin::of_listener(address, config.is_some()),
            deny,
            reach: Arc::new(Reach::of(settings.scarce_port)),
            outside: Arc::new(Outside::of(settings.public)),
            lookups: Lookups::new(settings.lookups, metrics.clone()),
            demo: OnceLock::new(),
        };
        let (quotas, longest) = (&settings.quotas, settings.limits.longest());
        let secret = settings.quota_store_secret.clone();
        let turnstile = match settings.quota_store.as_ref().zip(secret) {
            None => Turnstile::new(quotas, longest, metrics.clone()),
            Some(store) => Turnstile::sharing(quotas, longest, metrics.clone(), store)
                .await
                .map_err(StartError::Store)?,
        };
        let ready = Ready::default();
        let monitor = Monitor {
            metrics: metrics.clone(),
            turnstile: turnstile.clone(),
            reach: ground.reach.clone(),
            outside: ground.outside.clone(),
            ready: ready.clone(),
        };
        let header = settings.header;
        let monitor = Door {
            router: monitor::router(monitor),
            tls: None,
            patience: Arc::new(move || Patience { header, session: Duration::ZERO }),
            bouncer: None,
            stop: CancellationToken::new(),
        };
        let terms = Terms::of(&settings, &ground);
        let standing = terms.standing(&settings);
        let admitted = ground.admitted(&settings);
        let origin = admitted.own.first().cloned();
        let end = CancellationToken::new();
        let https_only = settings.public && config.is_some();
        let desk = Desk::new(terms, Access::new(admitted), turnstile, metrics, https_only, end);
        let desk = Arc::new(desk);
        let probe = settings.port_25_probe.clone().filter(|_| settings.refused_probe().is_none());
        let probe = probe.map(|host| Probe { host, desk: desk.clone() });
        let tls = config.map(|config| TlsDoor { config, plain: routes::to_https(desk.clone()) });
        Ok(Self {
            listener,
            workers,
            monitor: monitored.map(|listener| (listener, monitor)),
            ready,
            address,
            origin: origin.expect("there is one of the address itself where no other is"),
            desk: desk.clone(),
            ground: Arc::new(ground),
            certificate,
            #[cfg(feature = "acme")]
            order,
            probe,
            standing,
            door: Door {
                router: routes::router(desk.clone()),
                tls,
                bouncer: Some(Arc::new(Bouncer { desk: desk.clone(), callers: Callers::default() })),
                patience: Arc::new(move || {
                    let terms = desk.terms();
                    Patience { header: terms.header, session: terms.limits.longest() }
                }),
                stop: CancellationToken::new(),
            },
            settings,
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
        Reloader {
            desk: self.desk.clone(),
            ground: self.ground.clone(),
            certificate: self.certificate.clone(),
            began_with: self.settings.clone(),
        }
    }

    /// What reads the deny file again.
    pub fn deny_reloader(&self) -> DenyReloader {
        self.ground.deny.clone()
    }

    /// What reads the certificate files again, where there are any.
    pub fn certificate_reloader(&self) -> Option<CertificateReloader> {
        self.certificate.clone()
    }

    /// Serves until `stop` is cancelled: on the caller's thread, which is the first of the workers, and on those that were
    /// started by [`bind`](Self::bind). Then it takes no more connections, lets the sessions that run go on for the grace
    /// time of the settings, or until `at_once` is cancelled, and closes those that are left.
    pub async fn serve(mut self, stop: CancellationToken, at_once: CancellationToken) {
        let connections = TaskTracker::new();
        let door = Door { stop: stop.clone(), ..self.door };
        // What goes on beside the serving; it ends with it.
        let mut beside = JoinSet::new();
        self.certificate.map(|certificate| beside.spawn(certificate.watch()));
        #[cfg(feature = "acme")]
        self.order.map(|order| beside.spawn(order.run()));
        self.probe.map(|probe| beside.spawn(probe.run(self.ground.reach.clone())));
        if self.settings.public {
            beside.spawn(self.ground.outside.clone().follow(self.desk.clone()));
        }
        self.standing.map(|standing| beside.spawn(standing.log(self.ground.outside.clone())));
        // Asked as long as there is something to tell, also while it stops.
        if let Some((listener, door)) = self.monitor {
            let intake = Intake::new(door, TaskTracker::new(), TaskTracker::new());
            beside.spawn(async move { intake.take(&listener).await });
        }
        self.ready.set(true);
        let intake = Intake::new(door, connections.clone(), self.desk.sessions.clone());
        self.workers.begin(&intake);
        intake.take(&self.listener).await;
        self.ready.set(false);
        drop(self.listener);
        connections.close();
        self.desk.sessions.close();
        let all_ended = async {
            connections.wait().await;
            self.desk.sessions.wait().await;
        };
        tokio::pin!(all_ended);
        let grace = self.desk.terms().grace;
        let ended = tokio::select! {
            ended = timeout(grace, &mut all_ended) => ended.is_ok(),
            () = at_once.cancelled() => false,
        };
        if !ended {
            self.desk.end.cancel();
            // A client that takes nothing any more is left to the end of the process.
            let _ = timeout(CLOSING + Duration::from_secs(1), all_ended).await;
        }
        // What a shared store does not learn by then ends there by itself.
        let _ = timeout(Duration::from_secs(1), self.desk.turnstile.settle()).await;
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
    /// A worker cannot be started.
    Workers(io::Error),
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
            Self::Workers(error) => write!(f, "so many workers cannot be started ({error}): choose fewer"),
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
