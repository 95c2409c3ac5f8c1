mod traffic;

use std::error::Error as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Error;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, close_code};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use heloscope_observation::{Host, Refusal, RefusalCode};
use heloscope_wire::{CloseCause, FromRelay};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite;
use tokio_util::sync::CancellationToken;

use crate::dial::Dialled;
use crate::summary::{Ending, Summary};
use crate::upstream::Chunks;
use crate::upward::Upward;
use crate::{Guard, Rule, SessionLimits};
use traffic::Traffic;

/// One WebSocket and the connection that it asked for, from the dialling to the close.
pub(crate) struct Session {
    /// The host that was asked for.
    pub(crate) host: Host,
    pub(crate) limits: SessionLimits,
    /// Cancelled once the relay does not wait for sessions any longer.
    pub(crate) end: CancellationToken,
}

/// How long the client has to take the last frame and close its side.
pub(crate) const CLOSING: Duration = Duration::from_secs(2);

impl Session {
    /// Tells the client how the dialling went, carries octets both ways until somebody ends it, and says who did.
    pub(crate) async fn run<C>(
        self,
        mut client: C,
        dialling: impl Future<Output = Result<Dialled, Refusal>>,
    ) -> Summary
    where
        C: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
    {
        let began = Instant::now();
        let dialled = tokio::select! {
            dialled = dialling => dialled,
            ending = before_connected(&mut client) => return finish(client, Summary::before_connected(ending, began)).await,
            () = self.end.cancelled() => Err(shutting_down()),
        };
        let Dialled { upstream, established, mode } = match dialled {
            Ok(dialled) => dialled,
            Err(refusal) => {
                let summary = Summary::without_octets(Ending::Refused(refusal.code), began);
                let told = timeout(CLOSING, client.send(control(&FromRelay::Refused(refusal)))).await;
                return if matches!(told, Ok(Ok(()))) { finish(client, summary).await } else { summary };
            }
        };
        let traffic = Traffic::begin();
        let guard = Guard::new(self.host.clone(), mode, &established.ehlo_name);
        let upward = Mutex::new(Upward::new(self.limits.octets_up, guard));
        let first = FromRelay::Connected(established);
        let ending = self.carry(&mut client, upstream, first, &upward, &traffic).await;
        let upward = upward.into_inner().unwrap_or_else(PoisonError::into_inner);
        let summary = Summary {
            ending,
            refused_by: rule_of(ending, upward.refused_by()),
            refused_in_greeting: upward.refused_in_greeting(),
            ungreeted: upward.owes_greeting(),
            octets_up: traffic.octets_up(),
            octets_down: traffic.octets_down(),
            lasted: began.elapsed(),
        };
        finish(client, summary).await
    }

    /// Carries octets until one side or a limit ends it; the upstream connection is closed on return.
    async fn carry<C, U>(
        &self,
        client: &mut C,
        upstream: U,
        first: FromRelay,
        upward: &Mutex<Upward>,
        traffic: &Traffic,
    ) -> Ending
    where
        C: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
        U: AsyncRead + AsyncWrite,
    {
        let (reader, writer) = tokio::io::split(upstream);
        let (mut to_client, from_client) = client.split();
        let down = async {
            match to_client.send(control(&first)).await {
                Ok(()) => down(reader, to_client, upward, traffic, &self.limits).await,
                Err(_) => Ending::ClientGone,
            }
        };
        let up = up(from_client, writer, upward, traffic);
        tokio::select! {
            ending = down => ending,
            ending = up => ending,
            () = traffic.runs_out(&self.limits) => Ending::Closed(CloseCause::Timeout),
            () = self.end.cancelled() => Ending::Closed(CloseCause::ShuttingDown),
        }
    }
}

/// From the mail server to the client, one chunk at a time: none is read before the last is written.
async fn down<R, S>(
    mut reader: R,
    mut client: S,
    upward: &Mutex<Upward>,
    traffic: &Traffic,
    limits: &SessionLimits,
) -> Ending
where
    R: AsyncRead + Unpin,
    S: Sink<Message, Error = Error> + Unpin,
{
    let mut chunks = Chunks::default();
    loop {
        let mut chunk = match chunks.next(&mut reader).await {
            Ok(chunk) if chunk.is_empty() => return Ending::Closed(CloseCause::Server),
            Ok(chunk) => chunk,
            Err(_) => return Ending::Closed(CloseCause::Reset),
        };
        let left = usize::try_from(limits.octets_down - traffic.octets_down()).unwrap_or(usize::MAX);
        let beyond_limit = chunk.len() > left;
        chunk.truncate(left);
        traffic.moved_down(chunk.len());
        {
            let mut upward = lock(upward);
            upward.heard(&chunk);
            traffic.awaits_greeting(upward.awaits_greeting_inside_tls());
        }
        if send(&mut client, chunk, limits.frame_down).await.is_err() {
            return Ending::ClientGone;
        }
        if beyond_limit {
            return Ending::Closed(CloseCause::OctetLimit);
        }
    }
}

/// Sends octets in frames of at most so many, and waits until they are written.
async fn send<S>(client: &mut S, mut octets: Bytes, frame: u64) -> Result<(), Error>
where
    S: Sink<Message, Error = Error> + Unpin,
{
    let most = usize::try_from(frame).unwrap_or(usize::MAX);
    while !octets.is_empty() {
        let frame = octets.split_to(octets.len().min(most));
        client.feed(Message::Binary(frame)).await?;
    }
    client.flush().await
}

/// From the client to the mail server, one frame at a time.
async fn up<S, W>(mut client: S, mut writer: W, upward: &Mutex<Upward>, traffic: &Traffic) -> Ending
where
    S: Stream<Item = Result<Message, Error>> + Unpin,
    W: AsyncWrite + Unpin,
{
    loop {
        let admitted = match next_frame(&mut client).await {
            Ok(Frame::Octets(octets)) => lock(upward).admit(&octets),
            Ok(Frame::Control(text)) => lock(upward).hear_control(&text).map(|()| Vec::new()),
            Err(ending) => return ending,
        };
        let octets = match admitted {
            Ok(octets) if octets.is_empty() => continue,
            Ok(octets) => octets,
            Err(cause) => return Ending::Closed(cause),
        };
        if writer.write_all(&octets).await.is_err() {
            // The other direction still has what the server sent before, and learns whether it closed or reset.
            return std::future::pending().await;
        }
        traffic.moved_up(octets.len());
        traffic.awaits_greeting(lock(upward).awaits_greeting_inside_tls());
    }
}

/// Before it is connected a client has nothing to say.
async fn before_connected<S: Stream<Item = Result<Message, Error>> + Unpin>(client: &mut S) -> Ending {
    next_frame(client).await.map_or_else(|ending| ending, |_| Ending::Closed(CloseCause::Guard))
}

/// A frame of the client's.
enum Frame {
    Octets(Bytes),
    Control(Utf8Bytes),
}

/// The client's next frame, or how its silence is to be understood.
async fn next_frame<S>(client: &mut S) -> Result<Frame, Ending>
where
    S: Stream<Item = Result<Message, Error>> + Unpin,
{
    loop {
        match client.next().await {
            Some(Ok(Message::Binary(octets))) => return Ok(Frame::Octets(octets)),
            Some(Ok(Message::Text(text))) => return Ok(Frame::Control(text)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Err(error)) if breaks_protocol(&error) => return Err(Ending::Closed(CloseCause::Guard)),
            Some(Ok(Message::Close(_))) => return Err(Ending::ClientClosed),
            Some(Err(_)) | None => return Err(Ending::ClientGone),
        }
    }
}

/// Whether the client is still there, but sends frames that are too long or no WebSocket frames.
fn breaks_protocol(error: &Error) -> bool {
    use tungstenite::Error as E;
    use tungstenite::error::ProtocolError;
    match error.source().and_then(|source| source.downcast_ref::<E>()) {
        Some(E::Protocol(fault)) => !matches!(fault, ProtocolError::ResetWithoutClosingHandshake),
        Some(E::Capacity(_) | E::Utf8(_)) => true,
        _ => false,
    }
}

/// Says why it ended, closes the WebSocket, and lets go of it once the client has closed too: a socket closed with
/// frames unread would be reset, and the last of ours be lost.
async fn finish<C>(mut client: C, summary: Summary) -> Summary
where
    C: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
{
    let close = |code| Message::Close(Some(CloseFrame { code, reason: "".into() }));
    let last: &[Message] = &match summary.ending {
        Ending::ClientClosed | Ending::ClientGone => vec![],
        Ending::Refused(_) => vec![close(close_code::NORMAL)],
        Ending::Closed(cause) => {
            let code = match cause {
                CloseCause::Guard => close_code::POLICY,
                CloseCause::ShuttingDown => close_code::AWAY,
                _ => close_code::NORMAL,
            };
            vec![control(&FromRelay::Closed { cause }), close(code)]
        }
    };
    let closing = async {
        for frame in last {
            client.send(frame.clone()).await?;
        }
        // Also writes the answer to a Close frame of the client's.
        while let Some(Ok(_)) = client.next().await {}
        Ok::<_, Error>(())
    };
    // What fails here, or takes too long, is the client's loss only.
    let _ = timeout(CLOSING, closing).await;
    summary
}

/// The rule by which a session was closed: what the guard never saw, as it was no frame that it reads, has one of its own.
fn rule_of(ending: Ending, judged: Option<Rule>) -> Option<Rule> {
    judged.or_else(|| (ending == Ending::Closed(CloseCause::Guard)).then_some(Rule::Frame))
}

impl Summary {
    fn before_connected(ending: Ending, began: Instant) -> Self {
        Self { refused_by: rule_of(ending, None), ..Self::without_octets(ending, began) }
    }

    fn without_octets(ending: Ending, began: Instant) -> Self {
        let lasted = began.elapsed();
        Self {
            ending,
            refused_by: None,
            refused_in_greeting: false,
            ungreeted: false,
            octets_up: 0,
            octets_down: 0,
            lasted,
        }
    }
}

/// Never held while anything is awaited.
fn lock(upward: &Mutex<Upward>) -> MutexGuard<'_, Upward> {
    upward.lock().unwrap_or_else(PoisonError::into_inner)
}

fn control(frame: &FromRelay) -> Message {
    Message::text(serde_json::to_string(frame).expect("a control frame has text keys only"))
}

fn shutting_down() -> Refusal {
    Refusal {
        code: RefusalCode::RelayUnreachable,
        message: "The relay is shutting down; test again in a moment.".to_owned(),
    }
}

#[cfg(test)]
mod tests;
