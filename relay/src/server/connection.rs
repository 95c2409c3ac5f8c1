mod pace;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
#[cfg(feature = "acme")]
use tokio::io::AsyncWriteExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::callers::{Caller, Callers};
use crate::proxy;
use crate::routes::{Desk, Peer};
use pace::{Pace, Paced};

/// How the connections of clients are served. Cheap to clone.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) router: Router,
    pub(super) tls: Option<TlsDoor>,
    /// How long it waits, asked anew for each connection.
    pub(super) patience: Arc<dyn Fn() -> Patience + Send + Sync>,
    /// Who is inside, and whether one more connection of theirs is; there is no limit where this is missing.
    pub(super) bouncer: Option<Arc<Bouncer>>,
    /// Cancelled once no more requests are taken.
    pub(super) stop: CancellationToken,
}

/// Lets so many connections of one client in as the limit now is.
pub(super) struct Bouncer {
    pub(super) desk: Arc<Desk>,
    pub(super) callers: Callers,
}

/// How long a client is waited for.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// Time to send a whole request header, and time for the TLS handshake before it.
    pub(super) header: Duration,
    /// The longest that a session may go on, and so be silent.
    pub(super) session: Duration,
}

/// How those of them are served that are to speak TLS.
#[derive(Clone)]
pub(super) struct TlsDoor {
    pub(super) config: Arc<ServerConfig>,
    /// For those that speak HTTP without it.
    pub(super) plain: Router,
}

/// The most octets of a request header.
const HEADER_OCTETS: u16 = 16 * 1024;
/// The most requests, WebSockets among them, at one time on an HTTP/2 connection. A page loads some ten files and opens
/// three WebSockets.
const STREAMS: u32 = 32;
/// The most octets that wait to be read, and to be written, in each of them.
const STREAM_OCTETS: u16 = 16 * 1024;
/// The most requests that were reset before the relay saw them, CVE-2023-44487.
const RESET_STREAMS: usize = 16;
/// How long a connection may last that is used all the time; then a client has to open another.
const LIFE: Duration = Duration::from_secs(600);

impl Door {
    /// Serves one connection until its end, or that of the relay; closes it at once where its client has too many.
    pub(super) async fn serve(self, stream: TcpStream, client: SocketAddr) {
        let caller = match &self.bouncer {
            None => None,
            Some(bouncer) => match bouncer.admit(client.ip()) {
                Some(caller) => caller,
                None => return,
            },
        };
        // Where it fails answers are slower, no worse.
        let _ = stream.set_nodelay(true);
        let patience = (self.patience)();
        let visitor = Visitor { address: client.ip(), patience, caller };
        match &self.tls {
            None => self.http1(stream, visitor, self.router.clone()).await,
            // Apart, so that who speaks no TLS has no room for it.
            Some(tls) => Box::pin(self.https(tls, stream, visitor)).await,
        }
    }

    async fn https(&self, tls: &TlsDoor, stream: TcpStream, visitor: Visitor) {
        let patience = visitor.patience;
        let opened = tokio::select! {
            opened = timeout(patience.header, tls.open(stream)) => opened,
            () = self.stop.cancelled() => return,
        };
        match opened.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            // RFC 8737 §3: the handshake was all that it is for.
            #[cfg(feature = "acme")]
            Ok(Opened::Tls(mut stream))
                if stream.get_ref().1.alpn_protocol() == Some(crate::acme::CHALLENGE) =>
            {
                let _ = timeout(patience.header, stream.shutdown()).await;
            }
            Ok(Opened::Tls(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                self.http2(*stream, visitor).await;
            }
            Ok(Opened::Tls(stream)) => self.http1(*stream, visitor, self.router.clone()).await,
            Ok(Opened::Plain(stream)) => self.http1(stream, visitor, tls.plain.clone()).await,
            Err(error) => tracing::debug!(%error, "a connection ended before TLS was up"),
        }
    }

    async fn http1<S>(&self, stream: S, visitor: Visitor, router: Router)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (Visitor { address, patience, caller }, pace) = (visitor, Pace::begin());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience.header)
            .max_buf_size(HEADER_OCTETS.into())
            .serve_connection(
                TokioIo::new(Paced::new(stream, pace.clone(), caller)),
                service(router, address, pace.clone()),
            )
            .with_upgrades();
        self.keep(connection, http1::UpgradeableConnection::graceful_shutdown, &pace, patience).await;
    }

    /// With WebSockets over HTTP/2, RFC 8441. There is no ping: [`Pace`] ends what is left standing.
    async fn http2<S>(&self, stream: S, visitor: Visitor)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (Visitor { address, patience, caller }, pace) = (visitor, Pace::begin());
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .enable_connect_protocol()
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEADER_OCTETS.into())
            .max_pending_accept_reset_streams(RESET_STREAMS)
            .initial_stream_window_size(u32::from(STREAM_OCTETS))
            // One stream that is not read leaves the others their windows.
            .initial_connection_window_size(STREAMS * u32::from(STREAM_OCTETS))
            .max_send_buf_size(STREAM_OCTETS.into())
            .serve_connection(
                TokioIo::new(Paced::new(stream, pace.clone(), caller)),
                service(self.router.clone(), address, pace.clone()),
            );
        self.keep(connection, http2::Connection::graceful_shutdown, &pace, patience).await;
    }

    /// Lets a connection go on until its end; until it is of no more use, or the relay stops: then it takes no more
    /// requests, and those that run may end.
    async fn keep<C>(&self, connection: C, take_no_more: fn(Pin<&mut C>), pace: &Pace, patience: Patience)
    where
        C: Future<Output = hyper::Result<()>>,
    {
        let mut connection = pin!(connection);
        let silence = patience.session + patience.header;
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                take_no_more(connection.as_mut());
                connection.await
            }
            () = pace.runs_out(patience.header, silence, LIFE) => {
                take_no_more(connection.as_mut());
                timeout(silence, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended in the middle of a request");
        }
    }
}

/// Who a connection comes from, and how it is treated.
struct Visitor {
    address: IpAddr,
    patience: Patience,
    caller: Option<Caller>,
}

impl Bouncer {
    /// Counts a connection, but for a proxy's, which comes for others; nothing where its client has too many.
    fn admit(&self, client: IpAddr) -> Option<Option<Caller>> {
        let terms = self.desk.terms();
        if proxy::is_trusted(client, &terms.trusted_proxies) {
            return Some(None);
        }
        let caller = self.callers.enter(client, terms.client_connections);
        if caller.is_none() {
            self.desk.metrics.too_many();
        }
        caller.map(Some)
    }
}

enum Opened {
    Tls(Box<TlsStream<TcpStream>>),
    Plain(TcpStream),
}

impl TlsDoor {
    async fn open(&self, stream: TcpStream) -> io::Result<Opened> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // RFC 8446 §5.1: a handshake record. All that begins otherwise is no TLS.
        if first != [22] {
            return Ok(Opened::Plain(stream));
        }
        let accepted = TlsAcceptor::from(self.config.clone()).accept(stream).await?;
        Ok(Opened::Tls(Box::new(accepted)))
    }
}

/// The router; its requests carry the client's address.
fn service(
    router: Router,
    client: IpAddr,
    pace: Arc<Pace>,
) -> impl Service<
    Request<Incoming>,
    Response = Response<axum::body::Body>,
    Error = Infallible,
    Future: Send + 'static,
> {
    let router = TowerToHyperService::new(router);
    service_fn(move |mut request: Request<Incoming>| {
        pace.asked();
        request.extensions_mut().insert(Peer(client));
        router.call(request)
    })
}
