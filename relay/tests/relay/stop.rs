//! What ends when the relay stops.

use std::sync::Arc;
use std::time::Duration;

use heloscope_observation::RefusalCode;
use heloscope_relay::SessionLimits;
use heloscope_wire::CloseCause;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::rig::{Answered, Names, Rig, SHORT, Server, code, connected};

#[tokio::test]
async fn a_session_may_end_by_itself_while_no_new_one_begins() {
    let (mut rig, mut client, mut server) = connected(SessionLimits::default()).await;
    // A connection that only waits for its next request is closed at once.
    let mut idle = TcpStream::connect(rig.address).await.unwrap();
    idle.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", rig.address).as_bytes())
        .await
        .unwrap();
    let mut octet = [0];
    idle.read_exact(&mut octet).await.unwrap();

    rig.stop.cancel();
    idle.read_to_end(&mut Vec::new()).await.unwrap();
    while TcpStream::connect(rig.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    server.write_all(b"221 2.0.0 Bye\r\n").await.unwrap();
    server.shutdown().await.unwrap();
    let (octets, _, cause) = client.hear_out().await;
    assert_eq!((octets.as_slice(), cause), (&b"221 2.0.0 Bye\r\n"[..], CloseCause::Server));
    (&mut rig.serving).await.unwrap();
}

#[tokio::test]
async fn a_session_that_does_not_end_is_closed() {
    let server = Server::new().await;
    let port = server.port();
    let mut rig = Rig::new(&[port], |settings| {
        settings.grace = SHORT;
        settings.resolver = Arc::new(Names::default().and("silent.example", Answered::Never));
        settings.limits.resolve = Duration::from_secs(60);
    })
    .await;
    let mut client = rig.open(&format!("host=127.0.0.1&port={port}")).await;
    let mut stream = server.accept().await;
    client.connected().await;
    let mut dialling = rig.open("host=silent.example&port=25").await;

    rig.stop.cancel();
    assert_eq!(client.hear_out().await.2, CloseCause::ShuttingDown);
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(code(&dialling.refused().await), RefusalCode::RelayUnreachable);
    (&mut rig.serving).await.unwrap();
}
