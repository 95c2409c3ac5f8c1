//! What carries an attack: a TCP connection, or the relay.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use heloscope_wire::{CloseCause, FromRelay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::rig::Client;

pub(crate) enum Carrier {
    Direct(TcpStream),
    Relay(Box<Relayed>),
}

pub(crate) struct Relayed {
    client: Client,
    /// Set once the relay has closed it.
    closed: Option<Closed>,
}

/// How the relay closed a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) cause: Option<CloseCause>,
    pub(crate) code: Option<u16>,
}

/// A real answer on loopback takes milliseconds; so long a silence is one that lasts.
const SILENCE: Duration = Duration::from_millis(1500);
/// After the last step, where the relay has stopped nothing.
const LAST_SILENCE: Duration = Duration::from_millis(300);

impl Carrier {
    /// Through the relay, once that is connected: to who speaks before, it does not listen.
    pub(crate) async fn relayed(mut client: Client) -> Self {
        client.connected().await;
        Self::Relay(Box::new(Relayed { client, closed: None }))
    }

    pub(crate) fn is_relay(&self) -> bool {
        matches!(self, Self::Relay(_))
    }

    /// One write, or one binary frame. Whoever has closed it does not hear it.
    pub(crate) async fn say(&mut self, octets: &[u8]) {
        match self {
            // A server that has hung up is known by what it logged.
            Self::Direct(stream) => drop(stream.write_all(octets).await),
            Self::Relay(relayed) => relayed.send(Message::binary(octets.to_vec())).await,
        }
    }

    pub(crate) async fn show(&mut self, text: String) {
        if let Self::Relay(relayed) = self {
            relayed.send(Message::text(text)).await;
        }
    }

    /// Octets below the WebSocket; over TCP, what they carry.
    pub(crate) async fn frames(&mut self, raw: &[u8], payload: &[u8]) {
        match self {
            Self::Direct(stream) => drop(stream.write_all(payload).await),
            Self::Relay(relayed) => drop(relayed.client.socket.get_mut().write_all(raw).await),
        }
    }

    /// Octets of the server's; `None` where there are none, or will be no more.
    pub(crate) async fn hear(&mut self) -> Option<Vec<u8>> {
        self.hear_within(SILENCE).await
    }

    async fn hear_within(&mut self, silence: Duration) -> Option<Vec<u8>> {
        match self {
            Self::Direct(stream) => {
                let mut chunk = vec![0; 16 * 1024];
                let taken = timeout(silence, stream.read(&mut chunk)).await.ok()?.ok()?;
                chunk.truncate(taken);
                (taken > 0).then_some(chunk)
            }
            Self::Relay(relayed) => timeout(silence, relayed.hear()).await.ok().flatten(),
        }
    }

    /// Ends it, once the server has had all and said what it has to say.
    pub(crate) async fn end(mut self) -> (Vec<u8>, Option<Closed>) {
        let mut heard = Vec::new();
        let silence = match &mut self {
            Self::Direct(stream) => {
                let _ = stream.shutdown().await;
                SILENCE
            }
            Self::Relay(_) => LAST_SILENCE,
        };
        while let Some(octets) = self.hear_within(silence).await {
            heard.extend(octets);
        }
        match self {
            Self::Direct(_) => (heard, None),
            Self::Relay(mut relayed) => {
                let closed = relayed.closed;
                let _ = relayed.client.socket.close(None).await;
                (heard, closed)
            }
        }
    }
}

impl Relayed {
    async fn send(&mut self, message: Message) {
        // The relay may have closed it: that it has is heard.
        let _ = self.client.socket.send(message).await;
    }

    async fn hear(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.client.socket.next().await {
                Some(Ok(Message::Binary(octets))) => return Some(octets.to_vec()),
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text).unwrap() {
                    FromRelay::Closed { cause } => {
                        self.closed = Some(Closed { cause: Some(cause), code: None });
                    }
                    other => panic!("{other:?}"),
                },
                Some(Ok(Message::Close(frame))) => {
                    self.closed.get_or_insert_default().code = frame.map(|frame| frame.code.into());
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}
