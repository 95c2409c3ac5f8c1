//! A relay in this process, mail servers that do what a test says, and clients.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use heloscope_observation::{Established, PortSpec, Refusal, RefusalCode, TlsMode};
use heloscope_relay::{
    DenyReloader, Lookup, LookupFailure, OwnAddresses, Relay, Resolve, ReverseLookup, SessionLimits,
    Settings, StartError,
};
use heloscope_wire::{CloseCause, FromRelay};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;

/// A relay that serves until it is dropped.
pub(crate) struct Rig {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) deny: DenyReloader,
    pub(crate) stop: CancellationToken,
    pub(crate) serving: JoinHandle<()>,
}

impl Rig {
    /// A relay that may connect to 127.0.0.0/8 and to these ports.
    pub(crate) async fn new(ports: &[u16], change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            ehlo_name: Some("relay.example".parse().unwrap()),
            allow_nets: vec!["127.0.0.0/8".parse().unwrap()],
            own_addresses: OwnAddresses::These(vec![]),
            resolver: Arc::new(Names::default()),
            ..Settings::default()
        };
        settings.ports.extend(ports.iter().map(|&port| PortSpec { port, mode: TlsMode::StartTls }));
        change(&mut settings);
        let relay = Relay::bind(settings).await.unwrap();
        Self::of(relay)
    }

    /// Why a relay with other settings than the usual does not start.
    pub(crate) async fn fault(change: impl FnOnce(&mut Settings)) -> StartError {
        let mut settings = Settings { listen: "127.0.0.1:0".parse().unwrap(), ..Settings::default() };
        change(&mut settings);
        match Relay::bind(settings).await {
            Ok(_) => panic!("it starts"),
            Err(fault) => fault,
        }
    }

    fn of(relay: Relay) -> Self {
        let metrics = relay.metrics_address();
        let (address, deny, stop) = (relay.address(), relay.deny_reloader(), CancellationToken::new());
        let serving = tokio::spawn(relay.serve(stop.clone(), CancellationToken::new()));
        Self { address, metrics, deny, stop, serving }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A WebSocket to where the query says, from the relay's own page.
    pub(crate) async fn open(&self, query: &str) -> Client {
        let origin = self.origin();
        let fields = [("origin", origin.as_str()), ("sec-websocket-protocol", "heloscope.v1")];
        self.upgrade(query, &fields).await.unwrap()
    }

    /// A WebSocket with these fields in the request, or the status and the body of the answer.
    pub(crate) async fn upgrade(
        &self,
        query: &str,
        fields: &[(&'static str, &str)],
    ) -> Result<Client, (u16, String)> {
        upgrade(self.address, query, fields).await
    }

    /// What the relay answers, header and body, to a request whose header lines these are.
    pub(crate) async fn ask(&self, request_line: &str, fields: &[&str]) -> Answer {
        let host = format!("Host: {}", self.address);
        let host =
            if fields.iter().any(|field| field.starts_with("Host:")) { None } else { Some(host.as_str()) };
        let lines: Vec<&str> = host.into_iter().chain(fields.iter().copied()).collect();
        ask(self.address, request_line, &lines).await
    }

    pub(crate) async fn ask_literally(&self, request: &str) -> Answer {
        ask_literally(self.address, request).await
    }
}

/// A WebSocket of the relay at this address, with these fields in the request, or the status and the body of the answer.
pub(crate) async fn upgrade(
    relay: SocketAddr,
    query: &str,
    fields: &[(&'static str, &str)],
) -> Result<Client, (u16, String)> {
    let mut request = format!("ws://{relay}/v1/connect?{query}").into_client_request().unwrap();
    for (name, value) in fields {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(relay).await.unwrap();
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, _)) => Ok(Client { socket }),
        Err(Error::Http(answer)) => {
            let body = answer.body().clone().unwrap_or_default();
            Err((answer.status().as_u16(), String::from_utf8(body).unwrap()))
        }
        Err(other) => panic!("{other}"),
    }
}

/// What a server answers, header and body, to a request whose header lines these are.
pub(crate) async fn ask(server: SocketAddr, request_line: &str, fields: &[&str]) -> Answer {
    let lines: Vec<&str> = [request_line].into_iter().chain(fields.iter().copied()).collect();
    ask_literally(server, &format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"))).await
}

async fn ask_literally(server: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut octets = Vec::new();
    stream.read_to_end(&mut octets).await.unwrap();
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n").expect("a header ends in an empty line");
    Answer { header: String::from_utf8(octets[..end].to_vec()).unwrap(), body: octets[end + 4..].to_vec() }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// An HTTP response.
pub(crate) struct Answer {
    pub(crate) header: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.header.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// The value of a field; those of several lines joined by a comma.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self
            .header
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// The browser's end of a WebSocket.
pub(crate) struct Client<S = TcpStream> {
    pub(crate) socket: WebSocketStream<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn say(&mut self, message: impl Into<Message>) {
        self.socket.send(message.into()).await.unwrap();
    }

    /// The next frame that is no WebSocket close.
    pub(crate) async fn hear(&mut self) -> Message {
        self.socket.next().await.expect("a frame").unwrap()
    }

    async fn hear_control(&mut self) -> FromRelay {
        match self.hear().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Whether there is a connection, or why not.
    pub(crate) async fn first(&mut self) -> Result<Established, Refusal> {
        match self.hear_control().await {
            FromRelay::Connected(established) => Ok(established),
            FromRelay::Refused(refusal) => Err(refusal),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn connected(&mut self) -> Established {
        match self.hear_control().await {
            FromRelay::Connected(established) => established,
            other => panic!("{other:?}"),
        }
    }

    /// The refusal, with which the WebSocket ends.
    pub(crate) async fn refused(&mut self) -> Refusal {
        let FromRelay::Refused(refusal) = self.hear_control().await else { panic!("it is not refused") };
        self.closes().await;
        refusal
    }

    /// The octets until the end of the connection, the longest frame of them, and the cause of the end.
    pub(crate) async fn hear_out(&mut self) -> (Vec<u8>, usize, CloseCause) {
        let (mut octets, mut longest) = (Vec::new(), 0);
        loop {
            match self.hear().await {
                Message::Binary(frame) => {
                    longest = longest.max(frame.len());
                    octets.extend_from_slice(&frame);
                }
                Message::Text(text) => {
                    let FromRelay::Closed { cause } = serde_json::from_str(&text).unwrap() else {
                        panic!("{text}");
                    };
                    self.closes().await;
                    return (octets, longest, cause);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// The WebSocket close, and the end of the stream behind it.
    async fn closes(&mut self) {
        assert!(matches!(self.socket.next().await, Some(Ok(Message::Close(Some(_))))));
        let end = self.socket.next().await;
        assert!(end.is_none(), "{end:?}");
    }
}

/// A mail server to be: it listens, and the test plays its part.
pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    pub(crate) async fn accept(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    /// A port that nobody listens on.
    pub(crate) async fn closed_port() -> u16 {
        Self::new().await.port()
    }
}

/// A relay, a client and a mail server, connected.
pub(crate) async fn connected(limits: SessionLimits) -> (Rig, Client, TcpStream) {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[port], |settings| settings.limits = limits).await;
    let mut client = rig.open(&format!("host=127.0.0.1&port={port}")).await;
    let stream = server.accept().await;
    client.connected().await;
    (rig, client, stream)
}

/// Names that resolve as a test says; all others do not exist.
#[derive(Default)]
pub(crate) struct Names(HashMap<&'static str, Answered>);

#[derive(Clone)]
pub(crate) enum Answered {
    With(Vec<SocketAddr>),
    Broken,
    Never,
}

impl Names {
    pub(crate) fn of(entries: &[(&'static str, &[&str])]) -> Self {
        let addresses = |texts: &[&str]| {
            let parse = |text: &&str| SocketAddr::new(text.parse::<IpAddr>().unwrap(), 0);
            Answered::With(texts.iter().map(parse).collect())
        };
        Self(entries.iter().map(|(name, texts)| (*name, addresses(texts))).collect())
    }

    pub(crate) fn and(mut self, name: &'static str, answer: Answered) -> Self {
        self.0.insert(name, answer);
        self
    }
}

impl Resolve for Names {
    fn lookup(&self, name: &str) -> Lookup {
        let answer = self.0.get(name).cloned();
        Box::pin(async move {
            match answer {
                Some(Answered::With(addresses)) => Ok(addresses),
                Some(Answered::Broken) => Err(LookupFailure::Failed("the name server failed".into())),
                Some(Answered::Never) => std::future::pending().await,
                None => Err(LookupFailure::NotFound),
            }
        })
    }

    fn reverse(&self, _: IpAddr) -> ReverseLookup {
        Box::pin(async { Err(LookupFailure::NotFound) })
    }
}

/// The code of a refusal that has a sentence to it.
pub(crate) fn code(refusal: &Refusal) -> RefusalCode {
    assert!(refusal.message.ends_with(['.', '?', ')']), "{}", refusal.message);
    refusal.code
}

pub(crate) const SHORT: Duration = Duration::from_millis(50);
