//! A relay with a certificate, and clients that speak TLS with it, over HTTP/1.1 and HTTP/2.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Bytes;
use axum::http::{Request, Response};
use h2::ext::Protocol;
use h2::{RecvStream, SendStream};
use heloscope_relay::{Settings, TlsFiles};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::rig::{Client, Rig};

/// The name of a relay.
pub(crate) const NAME: &str = "relay.example.org";

/// A certificate for it and for 127.0.0.1, in files.
pub(crate) struct Paper {
    directory: TempDir,
    pub(crate) certificate: CertificateDer<'static>,
}

impl Paper {
    pub(crate) fn new() -> Self {
        let mut paper =
            Self { directory: tempfile::tempdir().unwrap(), certificate: CertificateDer::from(vec![]) };
        paper.renew();
        paper
    }

    /// Writes another certificate, with another key, into the files.
    pub(crate) fn renew(&mut self) {
        let names = ["127.0.0.1".to_owned(), NAME.to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let TlsFiles { certificate, key } = self.files();
        std::fs::write(certificate, made.cert.pem()).unwrap();
        std::fs::write(key, made.signing_key.serialize_pem()).unwrap();
        self.certificate = made.cert.der().clone();
    }

    pub(crate) fn files(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.directory.path().join("relay.crt"),
            key: self.directory.path().join("relay.key"),
        }
    }
}

/// As [`Rig::new`], with HTTPS.
pub(crate) async fn secure(ports: &[u16], change: impl FnOnce(&mut Settings)) -> (Rig, Paper) {
    let paper = Paper::new();
    let rig = Rig::new(ports, |settings| {
        settings.tls = Some(paper.files());
        change(settings);
    })
    .await;
    (rig, paper)
}

/// How a client speaks TLS.
pub(crate) struct Manner<'a> {
    pub(crate) versions: &'a [&'static SupportedProtocolVersion],
    pub(crate) sni: bool,
    pub(crate) alpn: &'a [&'a [u8]],
}

pub(crate) const HTTP_1_1: Manner<'_> =
    Manner { versions: rustls::DEFAULT_VERSIONS, sni: true, alpn: &[b"http/1.1"] };
pub(crate) const HTTP_2: Manner<'_> =
    Manner { versions: rustls::DEFAULT_VERSIONS, sni: true, alpn: &[b"h2"] };

/// A TLS connection to the relay, verified against its certificate.
pub(crate) async fn tls(rig: &Rig, paper: &Paper, manner: &Manner<'_>) -> io::Result<TlsStream<TcpStream>> {
    tls_over(TcpStream::connect(rig.address).await?, &paper.certificate, manner).await
}

/// TLS over a connection to whatever has a certificate under this one, or this one itself.
pub(crate) async fn tls_over(
    stream: TcpStream,
    root: &CertificateDer<'static>,
    manner: &Manner<'_>,
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(manner.versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.enable_sni = manner.sni;
    config.alpn_protocols = manner.alpn.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from(NAME).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// The browser's end of an HTTP/2 connection.
pub(crate) struct Browser {
    pub(crate) sender: h2::client::SendRequest<Bytes>,
    pub(crate) authority: String,
    /// Ends as the connection does.
    pub(crate) connection: JoinHandle<Result<(), h2::Error>>,
}

impl Browser {
    pub(crate) async fn new(rig: &Rig, paper: &Paper) -> Self {
        Self::with(rig, paper, &h2::client::Builder::new()).await
    }

    pub(crate) async fn with(rig: &Rig, paper: &Paper, builder: &h2::client::Builder) -> Self {
        Self::over(rig, tls(rig, paper, &HTTP_2).await.unwrap(), builder).await
    }

    pub(crate) async fn over(rig: &Rig, stream: TlsStream<TcpStream>, builder: &h2::client::Builder) -> Self {
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = builder.handshake(stream).await.unwrap();
        let connection = tokio::spawn(connection);
        Self { sender, authority: rig.address.to_string(), connection }
    }

    pub(crate) async fn settled(&mut self) -> bool {
        // The relay's SETTINGS come before its first answer.
        self.status(self.request("GET", "/healthz")).await;
        self.sender.is_extended_connect_protocol_enabled()
    }

    pub(crate) fn request(&self, method: &str, target: &str) -> Request<()> {
        let uri = format!("https://{}{target}", self.authority);
        Request::builder().method(method).uri(uri).body(()).unwrap()
    }

    /// The request that a page's WebSocket is, RFC 8441 §5.
    pub(crate) fn connect(&self, query: &str) -> Request<()> {
        let mut request = self.request("CONNECT", &format!("/v1/connect?{query}"));
        request.extensions_mut().insert(Protocol::from_static("websocket"));
        let fields = request.headers_mut();
        fields.insert("origin", format!("https://{}", self.authority).parse().unwrap());
        fields.insert("sec-websocket-version", "13".parse().unwrap());
        fields.insert("sec-websocket-protocol", "heloscope.v1".parse().unwrap());
        request
    }

    /// The status of the answer, whose body is read and given up.
    pub(crate) async fn status(&mut self, request: Request<()>) -> u16 {
        let answer = self.ask(request, true).await.unwrap().0;
        answer.status().as_u16()
    }

    pub(crate) async fn ask(
        &mut self,
        request: Request<()>,
        ended: bool,
    ) -> Result<(Response<RecvStream>, SendStream<Bytes>), h2::Error> {
        poll_fn(|cx| self.sender.poll_ready(cx)).await?;
        let (answer, body) = self.sender.send_request(request, ended)?;
        Ok((answer.await?, body))
    }

    /// A WebSocket in a stream of this connection.
    pub(crate) async fn open(&mut self, query: &str) -> Client<Tunnel> {
        let (answer, up) = self.ask(self.connect(query), false).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["sec-websocket-protocol"], "heloscope.v1");
        let tunnel = Tunnel { up, down: answer.into_body(), rest: Bytes::new() };
        Client { socket: WebSocketStream::from_raw_socket(tunnel, Role::Client, None).await }
    }
}

/// The octets of an HTTP/2 stream.
pub(crate) struct Tunnel {
    up: SendStream<Bytes>,
    down: RecvStream,
    rest: Bytes,
}

impl AsyncRead for Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match self.down.poll_data(cx) {
                Poll::Ready(Some(Ok(octets))) => self.rest = octets,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(io::Error::other(error))),
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
        let taken = buffer.remaining().min(self.rest.len());
        buffer.put_slice(&self.rest.split_to(taken));
        // What is read may be sent again.
        self.down.flow_control().release_capacity(taken).map_err(io::Error::other)?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.up.reserve_capacity(octets.len());
        while self.up.capacity() == 0 {
            match self.up.poll_capacity(cx) {
                Poll::Ready(Some(Ok(_))) => {}
                // As a TCP socket does, takes the first octets that nobody will read any more.
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(Ok(octets.len())),
                Poll::Pending => return Poll::Pending,
            }
        }
        let taken = octets.len().min(self.up.capacity());
        self.up.send_data(Bytes::copy_from_slice(&octets[..taken]), false).map_err(io::Error::other)?;
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.up.send_data(Bytes::new(), true).map_err(io::Error::other))
    }
}
