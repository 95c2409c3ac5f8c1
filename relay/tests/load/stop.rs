//! SIGTERM in the middle.

use futures_util::future::join_all;
use heloscope_wire::CloseCause;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::process::{Relay, server};

#[tokio::test]
async fn a_second_signal_does_not_wait_for_sessions() {
    let (listener, port) = server().await;
    let mut relay = Relay::start(port, &["--grace", "600"]);
    let mut held = relay.greeted(&listener, 8).await;
    relay.terminate();
    relay.line("stopping: no new connections; those that run may end");
    relay.terminate();
    relay.line("stopping at once: those that run are closed");
    let causes = join_all(held.iter_mut().map(|(client, _)| client.hear_out())).await;
    assert_eq!(causes, vec![(0, CloseCause::ShuttingDown); 8]);
    let streams: Vec<_> = held.into_iter().map(|(_, stream)| stream).collect();
    assert_eq!(relay.endings(8), vec!["closed shutting_down"; 8]);
    assert!(relay.ended().success());
    for mut stream in streams {
        assert!(stream.read(&mut [0]).await.map_or(true, |read| read == 0));
    }
}

#[tokio::test]
async fn sessions_that_run_may_end_and_those_left_are_closed() {
    const SESSIONS: usize = 100;
    let (listener, port) = server().await;
    let mut relay = Relay::start(port, &["--grace", "2"]);
    let mut held = relay.greeted(&listener, SESSIONS).await;
    // One that neither reads nor closes does not keep it.
    let stubborn = held.split_off(SESSIONS - 10);
    let mut half = TcpStream::connect(relay.address).await.unwrap();
    relay.terminate();
    relay.line("stopping: no new connections; those that run may end");
    // It ends, by a reset where the relay had not taken it yet.
    assert!(half.read(&mut [0]).await.map_or(true, |read| read == 0));

    for (client, stream) in held.drain(..20) {
        drop(stream);
        let mut client = client;
        assert_eq!(client.hear_out().await, (0, CloseCause::Server));
    }
    assert_eq!(relay.endings(20), vec!["closed server"; 20]);
    let causes = join_all(held.iter_mut().map(|(client, _)| client.hear_out())).await;
    assert_eq!(causes, vec![(0, CloseCause::ShuttingDown); 70]);
    drop(held);
    assert_eq!(relay.endings(80), vec!["closed shutting_down"; 80]);
    assert!(relay.ended().success());
    relay.no_more_endings();
    for (_, mut stream) in stubborn {
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }
}
