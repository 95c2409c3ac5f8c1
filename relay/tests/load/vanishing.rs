//! Ends that go without a word: no FIN, no reset, no answer. To the relay that is silence, and its limits end it.

use std::time::Instant;

use heloscope_wire::CloseCause;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::{PATIENCE, Relay, server};

#[tokio::test]
async fn a_client_that_vanishes() {
    let (listener, port) = server().await;
    let relay = Relay::start(port, &["--limit-silence", "1"]);
    let descriptors = relay.descriptors();
    let (clients, streams): (Vec<_>, Vec<_>) = relay.greeted(&listener, 20).await.into_iter().unzip();
    // Nobody reads the clients' sockets any more, answers a Close frame or closes them.
    for mut stream in streams {
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }
    assert_eq!(relay.endings(20), vec!["closed timeout"; 20]);
    relay.returns_to(descriptors).await;
    drop(clients);
}

#[tokio::test]
async fn a_client_that_vanishes_in_the_middle_of_its_request() {
    let (_listener, port) = server().await;
    let relay = Relay::start(port, &["--limit-header", "1"]);
    let descriptors = relay.descriptors();
    let mut halves = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(relay.address).await.unwrap();
        stream.write_all(b"GET /v1/connect?host=127.0.0.1&port=25 HTTP/1.1\r\nHo").await.unwrap();
        halves.push(stream);
    }
    let began = Instant::now();
    while relay.descriptors() < descriptors + halves.len() {
        assert!(began.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    relay.returns_to(descriptors).await;
}

#[tokio::test]
async fn a_server_that_vanishes_before_and_after_its_greeting() {
    let (listener, port) = server().await;
    let relay = Relay::start(port, &["--limit-greeting", "1", "--limit-silence", "1"]);
    let descriptors = relay.descriptors();
    // The backlog completes their connections; nobody ever takes them.
    let mut silent = Vec::new();
    for _ in 0..10 {
        let mut client = relay.open(port).await;
        client.connected().await;
        silent.push(client);
    }
    for client in &mut silent {
        assert_eq!(client.hear_out().await, (0, CloseCause::Timeout));
    }
    drop(silent);
    assert_eq!(relay.endings(10), vec!["closed timeout"; 10]);

    for _ in 0..10 {
        drop(listener.accept().await.unwrap());
    }
    let mut held = relay.greeted(&listener, 10).await;
    for (client, _) in &mut held {
        assert_eq!(client.hear_out().await, (0, CloseCause::Timeout));
    }
    assert_eq!(relay.endings(10), vec!["closed timeout"; 10]);
    // Only the clients go; the server's sockets stay open.
    let (clients, streams): (Vec<_>, Vec<_>) = held.into_iter().unzip();
    drop(clients);
    relay.returns_to(descriptors).await;
    drop(streams);
}
