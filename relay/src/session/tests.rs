use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use heloscope_observation::{Established, TlsMode};
use tokio::io::{AsyncReadExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::PollSender;

use super::*;
use crate::upstream::{CHUNK, Upstream};

/// The most octets in one frame to the client, unless a relay is set to another number.
const FRAME: usize = 16 * 1024;

/// The relay's end of a WebSocket whose other end is two channels; one frame fits on the way to the client.
struct Socket {
    incoming: mpsc::UnboundedReceiver<Message>,
    outgoing: PollSender<Message>,
}

impl Stream for Socket {
    type Item = Result<Message, Error>;
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.incoming.poll_recv(context).map(|message| message.map(Ok))
    }
}

impl Sink<Message> for Socket {
    type Error = Error;
    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.outgoing.poll_ready_unpin(context).map_err(Error::new)
    }
    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.outgoing.start_send_unpin(message).map_err(Error::new)
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.outgoing.poll_flush_unpin(context).map_err(Error::new)
    }
    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.outgoing.poll_close_unpin(context).map_err(Error::new)
    }
}

/// A session under test: the client's end, the mail server's end, and the relay between.
struct Scene {
    to_relay: mpsc::UnboundedSender<Message>,
    from_relay: mpsc::Receiver<Message>,
    server: DuplexStream,
    end: CancellationToken,
    session: JoinHandle<Summary>,
    began: Instant,
}

const SERVER: &str = "192.0.2.25:25";

impl Scene {
    /// Begins a session whose dialling has succeeded, and takes the first frame.
    async fn begin(limits: SessionLimits) -> Self {
        let (upstream, server) = duplex(64 * 1024);
        let established = Established {
            address: SERVER.parse::<SocketAddr>().unwrap(),
            ehlo_name: "relay.example".into(),
            resolve_ms: None,
            connect_ms: 0,
        };
        let upstream = Upstream::specimen(upstream, Vec::new());
        let dialled = Dialled { upstream, established: established.clone(), mode: TlsMode::StartTls };
        let mut scene = Self::dial(limits, server, async { Ok(dialled) });
        assert_eq!(scene.hear().await, Some(control(&FromRelay::Connected(established))));
        scene
    }

    fn dial(
        limits: SessionLimits,
        server: DuplexStream,
        dialling: impl Future<Output = Result<Dialled, Refusal>> + Send + 'static,
    ) -> Self {
        let (to_relay, incoming) = mpsc::unbounded_channel();
        let (outgoing, from_relay) = mpsc::channel(1);
        let socket = Socket { incoming, outgoing: PollSender::new(outgoing) };
        let end = CancellationToken::new();
        let host = "mx.example".parse().unwrap();
        let session = Session { host, limits, end: end.clone() };
        let session = tokio::spawn(session.run(socket, dialling));
        Self { to_relay, from_relay, server, end, session, began: Instant::now() }
    }

    fn say(&self, message: impl Into<Message>) {
        self.to_relay.send(message.into()).unwrap();
    }

    /// The server sends a complete reply of 8 octets, and the client has it.
    async fn greet(&mut self) {
        self.server.write_all(b"220 mx\r\n").await.unwrap();
        assert_eq!(self.hear().await, Some(Message::Binary("220 mx\r\n".into())));
    }

    async fn hear(&mut self) -> Option<Message> {
        self.from_relay.recv().await
    }

    /// The octets until the `closed` frame, its cause, and when it came.
    async fn hear_out(&mut self) -> (Vec<u8>, CloseCause, Duration) {
        let mut octets = Vec::new();
        loop {
            match self.hear().await.expect("a closed frame comes last") {
                Message::Binary(chunk) => {
                    assert!(!chunk.is_empty() && chunk.len() <= FRAME, "{}", chunk.len());
                    octets.extend_from_slice(&chunk);
                }
                Message::Text(text) => match serde_json::from_str(&text).unwrap() {
                    FromRelay::Closed { cause } => return (octets, cause, self.began.elapsed()),
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            }
        }
    }

    async fn closed_by(&mut self) -> (CloseCause, Duration) {
        let (_, cause, at) = self.hear_out().await;
        (cause, at)
    }

    /// Fails where the relay does not close the upstream connection at this very time.
    async fn upstream_closes_now(&mut self) {
        let before = Instant::now();
        let mut rest = Vec::new();
        self.server.read_to_end(&mut rest).await.unwrap();
        assert_eq!(before.elapsed(), Duration::ZERO);
    }
}

fn within(took: Duration, limit: Duration) -> bool {
    // Tokio's timers count whole milliseconds and round up.
    (limit..limit + Duration::from_millis(2)).contains(&took)
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn octets_go_both_ways_unchanged() {
    let mut scene = Scene::begin(SessionLimits::default()).await;
    scene.server.write_all(b"220 mx.example ESMTP\r\n").await.unwrap();
    assert_eq!(scene.hear().await, Some(Message::Binary("220 mx.example ESMTP\r\n".into())));
    scene.say(&b"QUIT\r\n"[..]);
    let mut command = [0; 6];
    scene.server.read_exact(&mut command).await.unwrap();
    assert_eq!(&command, b"QUIT\r\n");

    scene.server.write_all(b"221 2.0.0 Bye\r\n").await.unwrap();
    scene.server.shutdown().await.unwrap();
    let (octets, cause, _) = scene.hear_out().await;
    assert_eq!((octets.as_slice(), cause), (&b"221 2.0.0 Bye\r\n"[..], CloseCause::Server));
    scene.upstream_closes_now().await;
    assert!(
        matches!(scene.hear().await, Some(Message::Close(Some(frame))) if frame.code == close_code::NORMAL)
    );
    drop(scene.to_relay);
    let summary = scene.session.await.unwrap();
    assert_eq!(summary.ending, Ending::Closed(CloseCause::Server));
    assert_eq!((summary.octets_up, summary.octets_down), (6, 37));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_greets_is_left_after_40_s() {
    let mut scene = Scene::begin(SessionLimits::default()).await;
    scene.say(Message::Ping("".into()));
    let (cause, at) = scene.closed_by().await;
    assert_eq!(cause, CloseCause::Timeout);
    assert!(within(at, 40 * SECOND), "{at:?}");
    scene.upstream_closes_now().await;
}

#[tokio::test(start_paused = true)]
async fn any_later_silence_ends_after_20_s() {
    let mut scene = Scene::begin(SessionLimits::default()).await;
    tokio::time::sleep(30 * SECOND).await;
    scene.greet().await;
    tokio::time::sleep(15 * SECOND).await;
    // What the client says is no silence either.
    scene.say(&b"QUIT\r\n"[..]);
    let (cause, at) = scene.closed_by().await;
    assert_eq!(cause, CloseCause::Timeout);
    assert!(within(at, 65 * SECOND), "{at:?}");
}

#[tokio::test(start_paused = true)]
async fn one_octet_at_a_time_does_not_outlast_90_s() {
    let mut scene = Scene::begin(SessionLimits::default()).await;
    let (_, mut server) = tokio::io::split(std::mem::replace(&mut scene.server, duplex(1).0));
    let drip = tokio::spawn(async move {
        while server.write_all(b"2").await.is_ok() {
            tokio::time::sleep(10 * SECOND).await;
        }
    });
    let (octets, cause, at) = scene.hear_out().await;
    assert_eq!((octets.len(), cause), (9, CloseCause::Timeout));
    assert!(within(at, 90 * SECOND), "{at:?}");
    drip.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_stops_the_server() {
    let mut scene = Scene::begin(SessionLimits::default()).await;
    let mut taken = 0;
    while let Ok(written) = timeout(SECOND, scene.server.write(&[b'x'; 4096])).await {
        taken += written.unwrap();
    }
    // What the pipe from the server holds, and one chunk, whose first frame is on the way to the client.
    assert_eq!(taken, 64 * 1024 + CHUNK);

    // It flows again as soon as the client has read that.
    for _ in 0..CHUNK / FRAME {
        assert!(matches!(scene.hear().await, Some(Message::Binary(frame)) if frame.len() == FRAME));
    }
    assert!(scene.server.write(b"x").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_left_after_20_s() {
    let mut scene = Scene::begin(SessionLimits::default()).await;
    scene.server.write_all(&[b'x'; 64 * 1024]).await.unwrap();
    let mut rest = Vec::new();
    scene.server.read_to_end(&mut rest).await.unwrap();
    let closed = scene.began.elapsed();
    assert!(within(closed, 20 * SECOND), "{closed:?}");
    let summary = scene.session.await.unwrap();
    assert_eq!(summary.ending, Ending::Closed(CloseCause::Timeout));
    assert!(within(summary.lasted, 20 * SECOND));
    assert!(within(scene.began.elapsed(), 20 * SECOND + CLOSING));
}

#[tokio::test(start_paused = true)]
async fn what_the_server_sends_is_carried_up_to_the_limit() {
    let limits = SessionLimits { octets_down: 20_000, ..SessionLimits::default() };
    for (sent, cause) in [(20_000, CloseCause::Server), (20_001, CloseCause::OctetLimit)] {
        let mut scene = Scene::begin(limits).await;
        scene.server.write_all(&vec![b'x'; sent]).await.unwrap();
        scene.server.shutdown().await.unwrap();
        let (octets, heard, _) = scene.hear_out().await;
        assert_eq!((octets.len(), heard), (20_000, cause));
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_beyond_the_limit_upwards_does_not_pass_at_all() {
    let mut scene = Scene::begin(SessionLimits { octets_up: 25, ..SessionLimits::default() }).await;
    scene.greet().await;
    scene.say(&b"EHLO relay.example\r\n"[..]);
    let mut command = [0; 20];
    scene.server.read_exact(&mut command).await.unwrap();
    scene.greet().await;
    scene.say(&b"QUIT\r\n"[..]);
    assert_eq!(scene.closed_by().await.0, CloseCause::OctetLimit);
    let mut passed = Vec::new();
    scene.server.read_to_end(&mut passed).await.unwrap();
    assert_eq!(passed, b"");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_takes_the_connection_with_it() {
    // With a Close frame, and without.
    for (farewell, ending) in [(Some(Message::Close(None)), Ending::ClientClosed), (None, Ending::ClientGone)]
    {
        let mut scene = Scene::begin(SessionLimits::default()).await;
        if let Some(close) = farewell {
            scene.say(close);
        } else {
            scene.to_relay = mpsc::unbounded_channel().0;
        }
        scene.upstream_closes_now().await;
        drop(scene.to_relay);
        assert_eq!(scene.session.await.unwrap().ending, ending);
        assert_eq!(scene.from_relay.recv().await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_frame_from_the_client_closes_the_connection() {
    let mut scene = Scene::begin(SessionLimits::default()).await;
    scene.say("QUIT\r\n");
    assert_eq!(scene.closed_by().await.0, CloseCause::Guard);
    scene.upstream_closes_now().await;
    assert!(
        matches!(scene.hear().await, Some(Message::Close(Some(frame))) if frame.code == close_code::POLICY)
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_guard_refuses_closes_the_connection_and_its_rule_is_known() {
    let mut scene = Scene::begin(SessionLimits::default()).await;
    scene.greet().await;
    scene.say(&b"EHLO relay.example\r\nQUIT\r\n"[..]);
    assert_eq!(scene.closed_by().await.0, CloseCause::Guard);
    scene.upstream_closes_now().await;
    drop(scene.to_relay);
    let summary = scene.session.await.unwrap();
    assert_eq!(summary.ending, Ending::Closed(CloseCause::Guard));
    assert_eq!((summary.refused_by, summary.refused_in_greeting), (Some(Rule::ClearPhase), false));
    assert_eq!((summary.octets_up, summary.octets_down), (0, 8));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_turns_its_client_away_is_known() {
    let mut scene = Scene::begin(SessionLimits::default()).await;
    scene.server.write_all(b"554 5.7.1 No\r\n").await.unwrap();
    scene.server.shutdown().await.unwrap();
    assert_eq!(scene.closed_by().await.0, CloseCause::Server);
    drop(scene.to_relay);
    let summary = scene.session.await.unwrap();
    assert_eq!((summary.refused_by, summary.refused_in_greeting), (None, true));
}

#[tokio::test(start_paused = true)]
async fn the_last_words_of_a_server_that_hangs_up_arrive_although_the_client_talks_on() {
    let mut scene = Scene::begin(SessionLimits::default()).await;
    scene.greet().await;
    scene.server.write_all(b"421 4.3.2 Going down\r\n").await.unwrap();
    scene.server = duplex(1).0;
    scene.say(&b"QUIT\r\n"[..]);
    let (octets, cause, at) = scene.hear_out().await;
    assert_eq!((octets.as_slice(), cause), (&b"421 4.3.2 Going down\r\n"[..], CloseCause::Server));
    assert_eq!(at, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_relay_ends_what_is_left() {
    let mut scene = Scene::begin(SessionLimits::default()).await;
    scene.end.cancel();
    let (cause, at) = scene.closed_by().await;
    assert_eq!((cause, at), (CloseCause::ShuttingDown, Duration::ZERO));
    scene.upstream_closes_now().await;
    assert!(
        matches!(scene.hear().await, Some(Message::Close(Some(frame))) if frame.code == close_code::AWAY)
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_relay_ends_the_dialling_too() {
    let mut scene = Scene::dial(SessionLimits::default(), duplex(1).0, std::future::pending());
    scene.end.cancel();
    assert_eq!(scene.hear().await, Some(control(&FromRelay::Refused(shutting_down()))));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_ends_the_dialling() {
    let (dialling, mut dialled) = duplex(1);
    let scene = Scene::dial(SessionLimits::default(), duplex(1).0, async move {
        let _held = dialling;
        std::future::pending().await
    });
    drop((scene.to_relay, scene.from_relay));
    assert_eq!(scene.session.await.unwrap().ending, Ending::ClientGone);
    assert_eq!(dialled.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn octets_before_the_connection_stands_are_refused() {
    let mut scene = Scene::dial(SessionLimits::default(), duplex(1).0, std::future::pending());
    scene.say(Message::Ping("".into()));
    scene.say(&b"QUIT\r\n"[..]);
    assert_eq!(scene.closed_by().await.0, CloseCause::Guard);
    drop(scene.to_relay);
    assert_eq!(scene.session.await.unwrap().refused_by, Some(Rule::Frame));
}

#[test]
fn an_ending_is_logged_in_the_words_of_the_wire() {
    for (ending, words) in [
        (Ending::Refused(RefusalCode::NameNotFound), "refused name_not_found"),
        (Ending::Closed(CloseCause::OctetLimit), "closed octet_limit"),
        (Ending::ClientClosed, "client_closed"),
        (Ending::ClientGone, "client_gone"),
    ] {
        assert_eq!(ending.to_string(), words);
    }
}
