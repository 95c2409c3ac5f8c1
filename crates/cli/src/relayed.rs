use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use heloscope_wire::{Conversation, Frame, Meaning, ToRelay};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::events::{Event, Listener, Outgoing};
use crate::relay::{Relay, Socket};

/// For the relay to take the last frames and to close its side.
const CLOSING: Duration = Duration::from_secs(2);

/// Carries one connection's octets over a WebSocket of the relay until somebody ends it. It is opened once the one `before`
/// it to the same port has ended: the relay counts those at a time, and would refuse this one.
pub(crate) async fn carry(
    relay: &Relay,
    port: u16,
    before: Option<oneshot::Receiver<()>>,
    mut to_send: mpsc::UnboundedReceiver<Outgoing>,
    probe: &Listener,
) -> Option<()> {
    let opening = async {
        if let Some(before) = before {
            let _ = before.await;
        }
        relay.open(port).await
    };
    let opened = tokio::select! {
        opened = opening => opened,
        _ = to_send.recv() => return None,
    };
    let mut socket = match opened {
        Ok(socket) => socket,
        Err(refusal) => return probe.hear(Event::Refused(refusal)).await,
    };
    converse(&mut socket, to_send, probe).await;
    close(socket).await;
    Some(())
}

/// Until the relay, the probe or the network ends it.
async fn converse(
    socket: &mut Socket,
    mut to_send: mpsc::UnboundedReceiver<Outgoing>,
    probe: &Listener,
) -> Option<()> {
    let mut conversation = Conversation::default();
    while !conversation.is_over() {
        tokio::select! {
            message = socket.next() => if let Some(frame) = frame(message) {
                probe.hear(event(conversation.take(frame)?)).await?;
            },
            send = to_send.recv() => {
                let message = match send? {
                    Outgoing::Octets(octets) => Message::binary(octets),
                    Outgoing::Key(key) => Message::text(ToRelay::ClientWriteKey(key).to_frame()),
                };
                // What a WebSocket that is gone is like is told by reading it.
                let _ = socket.send(message).await;
            }
        }
    }
    Some(())
}

/// What the WebSocket did, where that is of any meaning for the connection behind it.
fn frame(message: Option<Result<Message, tungstenite::Error>>) -> Option<Frame> {
    match message {
        Some(Ok(Message::Text(text))) => Some(Frame::Control(serde_json::from_str(&text).ok())),
        Some(Ok(Message::Binary(octets))) => Some(Frame::Octets(octets.into())),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
        Some(Ok(Message::Close(_)) | Err(_)) | None => Some(Frame::End),
    }
}

fn event(meaning: Meaning) -> Event {
    match meaning {
        Meaning::Connected(established) => Event::Connected(established),
        Meaning::Refused(refusal) => Event::Refused(refusal),
        Meaning::Received(octets) => Event::Received(octets),
        Meaning::Closed => Event::Closed,
    }
}

/// RFC 6455 §7.1.2: both sides send Close, and then the relay closes the connection beneath.
async fn close(mut socket: Socket) {
    let closing = async {
        // It fails where the relay was first; what is read then answers its Close.
        let _ = socket.close(None).await;
        while let Some(Ok(_)) = socket.next().await {}
    };
    // A relay that does not answer loses nothing but the answer.
    let _ = timeout(CLOSING, closing).await;
}
