//! How many connections one client has open to the relay.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::rig::{Rig, Server, ask};

/// Whether a new connection is served.
async fn is_served(rig: &Rig) -> bool {
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", rig.address);
    // It may be closed already, and reset for what comes then.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    answer.starts_with(b"HTTP/1.1 200 OK\r\n")
}

/// Waits until a new connection is served, or is not: an end is noticed a moment later.
async fn comes_to_be_served(rig: &Rig, served: bool) {
    let waiting = async { while is_served(rig).await != served {} };
    timeout(Duration::from_secs(30), waiting).await.expect("it comes about");
}

#[tokio::test]
async fn one_client_has_no_more_than_its_share() {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[port], |settings| {
        settings.client_connections = 3;
        settings.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    // A WebSocket, which is a connection that was upgraded, and two that say nothing.
    let mut session = rig.open(&format!("host=127.0.0.1&port={port}")).await;
    let _upstream = server.accept().await;
    session.connected().await;
    assert!(is_served(&rig).await);
    let mut silent =
        [TcpStream::connect(rig.address).await.unwrap(), TcpStream::connect(rig.address).await.unwrap()];
    assert!(!is_served(&rig).await);
    // Those who watch it are no clients.
    let metrics = ask(rig.metrics.unwrap(), "GET /metrics HTTP/1.1", &["Host: any"]).await;
    assert!(metrics.text().contains("heloscope_connections_closed_at_once_total 1\n"), "{}", metrics.text());

    // Room comes back with each that ends, be it after a request or with a session.
    silent[0].write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    silent[0].read_to_end(&mut Vec::new()).await.unwrap();
    comes_to_be_served(&rig, true).await;
    let _third = TcpStream::connect(rig.address).await.unwrap();
    comes_to_be_served(&rig, false).await;
    drop(session);
    comes_to_be_served(&rig, true).await;
}

#[tokio::test]
async fn a_trusted_proxy_has_as_many_as_it_needs() {
    let rig = Rig::new(&[], |settings| {
        settings.client_connections = 1;
        settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let _idle = TcpStream::connect(rig.address).await.unwrap();
    for _ in 0..3 {
        assert!(is_served(&rig).await);
    }
}
