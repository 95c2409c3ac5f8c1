mod about;
mod anchors;
mod refusal;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use heloscope_observation::{Host, Refusal, Target};
use heloscope_wire::{About, RelayUrl, SUB_PROTOCOL};
use heloscope_words::say;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

pub(crate) use anchors::client_config;

use crate::arguments::Token;
use crate::dial::Dialler;
use heloscope_connecting::Connected;
use refusal::{away, not_opened, not_trusted, silent};

/// For TLS with the relay, and again for its answer to a request.
const ANSWER: Duration = Duration::from_secs(10);
/// Octets read at once of a WebSocket.
const READ: usize = 16 * 1024;
/// Octets of one frame of the relay's, which by default sends no longer ones than 16 KiB.
const MAX_FRAME: usize = 1024 * 1024;

/// A relay, and what it is to connect to.
pub(crate) struct Relay {
    url: RelayUrl,
    target: Target,
    dialler: Dialler,
    port: u16,
    secure: Option<(TlsConnector, ServerName<'static>)>,
    token: Option<Token>,
    away: Option<Refusal>,
}

/// A WebSocket of a relay.
pub(crate) type Socket = WebSocketStream<Box<dyn Stream>>;

/// A TCP connection, or TLS over one.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Relay {
    /// The relay at this address, to which nothing is said yet. `tls` is for one behind HTTPS; an error is one in the
    /// address.
    pub(crate) fn new(
        url: RelayUrl,
        target: Target,
        tls: Arc<ClientConfig>,
        token: Option<Token>,
    ) -> Result<Self> {
        let wrong = || say!("there can be no relay at {}", url.as_str());
        let uri: Uri = url.as_str().parse().with_context(wrong)?;
        let host: Host = uri.host().unwrap_or_default().parse().with_context(wrong)?;
        let is_secure = uri.scheme_str() == Some("wss");
        let secure = match (&host, is_secure) {
            (_, false) => None,
            (Host::Name(name), true) => Some(ServerName::try_from(name.clone()).with_context(wrong)?),
            (Host::Address(address), true) => Some(ServerName::from(*address)),
        };
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let secure = secure.map(|name| (TlsConnector::from(tls), name));
        Ok(Self { url, target, dialler: Dialler::new(host, None, None), port, secure, token, away: None })
    }

    /// Its address, as reports have it.
    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Asks it what it is. One that does not say so is away, and connections through it are refused without asking again.
    pub(crate) async fn ask(&mut self) -> Option<About> {
        let answer = match self.reach().await {
            Ok(stream) => within(about::ask(stream, &self.url.about())).await,
            Err(refusal) => Err(refusal),
        };
        answer.map_err(|refusal| self.away = Some(refusal)).ok()
    }

    /// Opens a WebSocket for a connection to this port of the target.
    pub(crate) async fn open(&self, port: u16) -> Result<Socket, Refusal> {
        if let Some(refusal) = &self.away {
            return Err(refusal.clone());
        }
        let url = self.url.connect(self.target.host.clone(), port, self.target.address);
        let mut request = url.into_client_request().map_err(|error| away(&error))?;
        let fields = request.headers_mut();
        fields.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUB_PROTOCOL));
        if let Some(token) = &self.token {
            fields.insert(AUTHORIZATION, token.bearer());
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_FRAME))
            .max_frame_size(Some(MAX_FRAME));
        let stream = self.reach().await?;
        let opening = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
        within(async { opening.await.map_err(|error| not_opened(&error)) }).await.map(|(socket, _)| socket)
    }

    /// A connection to it over which HTTP can be spoken.
    async fn reach(&self) -> Result<Box<dyn Stream>, Refusal> {
        let dialled = self.dialler.dial(self.port).await;
        let (Connected { stream: tcp, .. }, _) =
            dialled.map_err(|refusal| away(&refusal.message.trim_end_matches('.')))?;
        let Some((connector, name)) = &self.secure else { return Ok(Box::new(tcp)) };
        let handshake = connector.connect(name.clone(), tcp);
        within(async { handshake.await.map_err(|error| not_trusted(&error)) })
            .await
            .map(|stream| Box::new(stream) as Box<dyn Stream>)
    }
}

async fn within<T>(answer: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    timeout(ANSWER, answer).await.unwrap_or_else(|_| Err(silent(ANSWER)))
}
