use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::access::Access;
use crate::address::AddressPolicy;
use crate::demo::Demo;
use crate::deny::DenyReloader;
use crate::dial::Dialler;
use crate::metrics::Metrics;
use crate::monitor::{self, Monitor, Ready};
use crate::quota::Turnstile;
use crate::routes::{self, Desk, Peer};
use crate::session::CLOSING;
use crate::{Contradiction, EhloName, Origin, Settings};

/// A relay that listens.
pub struct Relay {
    listener: TcpListener,
    monitor: Option<(TcpListener, Router)>,
    ready: Ready,
    address: SocketAddr,
    origin: Origin,
    deny: DenyReloader,
    router: Router,
    header: Duration,
    grace: Duration,
    sessions: TaskTracker,
    turnstile: Turnstile,
    end: CancellationToken,
}

/// The most octets of a request header.
const HEADER_OCTETS: usize = 16 * 1024;

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
        let mut origins = settings.origins;
        // This machine's own programs reach a relay on loopback although a proxy before it has another name.
        if origins.is_empty() || address.ip().is_loopback() {
            origins.extend(Origin::of_listener(address));
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
        Ok(Self {
            listener,
            monitor: monitored.map(|listener| (listener, monitor::router(monitor))),
            ready,
            address,
            origin: origins.into_iter().next().expect("there is one of the address itself where no other is"),
            deny,
            router: routes::router(Arc::new(desk)),
            header: settings.header,
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

    /// What reads the deny file again.
    pub fn deny_reloader(&self) -> DenyReloader {
        self.deny.clone()
    }

    /// Serves until `stop` is cancelled. Then it takes no more connections, lets the sessions that run go on for the
    /// grace time of the settings, and closes those that are left.
    pub async fn serve(self, stop: CancellationToken) {
        let connections = TaskTracker::new();
        // Asked as long as there is something to tell, also while it stops.
        let _monitoring = self.monitor.map(|(listener, router)| {
            let serving = async move {
                accept(&listener, &router, self.header, &CancellationToken::new(), &TaskTracker::new()).await;
            };
            AbortOnDropHandle::new(tokio::spawn(serving))
        });
        self.ready.set(true);
        accept(&self.listener, &self.router, self.header, &stop, &connections).await;
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

/// Takes connections until `stop` is cancelled.
async fn accept(
    listener: &TcpListener,
    router: &Router,
    header: Duration,
    stop: &CancellationToken,
    connections: &TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(serve_connection(stream, peer, router.clone(), header, stop.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection");
                // Where descriptors are used up, the next attempt would fail at once as well.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    header: Duration,
    stop: CancellationToken,
) {
    // Where it fails answers are slower, no worse.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request| {
        request.extensions_mut().insert(Peer(peer.ip()));
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header)
        .max_buf_size(HEADER_OCTETS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended in the middle of a request");
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
