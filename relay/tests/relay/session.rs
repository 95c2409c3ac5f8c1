//! A connection from its first octet to its end.

use std::io::Write as _;
use std::time::Duration;

use heloscope_relay::SessionLimits;
use heloscope_wire::CloseCause;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::rig::{Rig, SHORT, connected};

#[tokio::test]
async fn a_dialogue_passes_unchanged() {
    let (_rig, mut client, mut server) = connected(SessionLimits::default()).await;
    server.write_all(b"220-mx.example\r\n220 ESMTP\r\n").await.unwrap();
    assert_eq!(client.hear().await, Message::Binary("220-mx.example\r\n220 ESMTP\r\n".into()));
    client.say(&b"QUIT\r\n"[..]).await;
    let mut command = [0; 6];
    server.read_exact(&mut command).await.unwrap();
    assert_eq!(&command, b"QUIT\r\n");
    // No octet is special: neither 0 nor what is no UTF-8.
    server.write_all(b"\x00\xff\x16\x03\x01").await.unwrap();
    server.shutdown().await.unwrap();
    let (octets, _, cause) = client.hear_out().await;
    assert_eq!((octets.as_slice(), cause), (&b"\x00\xff\x16\x03\x01"[..], CloseCause::Server));
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0, "the relay closes its side as well");
}

#[tokio::test]
async fn a_reset_is_told_from_a_close() {
    let (_rig, mut client, server) = connected(SessionLimits::default()).await;
    socket2::SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
    assert_eq!(client.hear_out().await.2, CloseCause::Reset);
}

/// However soon: the system may tell of it where it connects.
#[tokio::test]
async fn a_server_that_resets_at_once_was_connected_and_is_heard() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            stream.write_all(b"220-mx.example wait\r\n").unwrap();
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
    });
    let rig = Rig::new(&[port], |_| {}).await;
    for _ in 0..10 {
        let mut client = rig.open(&format!("host=127.0.0.1&port={port}")).await;
        client.connected().await;
        let (octets, _, cause) = client.hear_out().await;
        assert_eq!((octets.as_slice(), cause), (&b"220-mx.example wait\r\n"[..], CloseCause::Reset));
    }
}

#[tokio::test]
async fn each_limit_on_time_ends_it() {
    let defaults = SessionLimits::default();
    for (limits, greets) in [
        (SessionLimits { greeting: SHORT, ..defaults }, false),
        (SessionLimits { silence: SHORT, ..defaults }, true),
        (SessionLimits { connection: SHORT, ..defaults }, true),
    ] {
        let (_rig, mut client, mut server) = connected(limits).await;
        if greets {
            server.write_all(b"220 mx.example\r\n").await.unwrap();
        }
        let (octets, _, cause) = client.hear_out().await;
        assert_eq!((!octets.is_empty(), cause), (greets, CloseCause::Timeout), "{limits:?}");
        assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn each_limit_on_octets_ends_it() {
    let limits = SessionLimits { octets_down: 100_000, octets_up: 6, ..SessionLimits::default() };
    let (_rig, mut client, mut server) = connected(limits).await;
    // The relay hangs up in the middle of it.
    let _ = server.write_all(&vec![b'x'; 300_000]).await;
    let (octets, longest, cause) = client.hear_out().await;
    assert_eq!((octets.len(), cause), (100_000, CloseCause::OctetLimit));
    assert!(longest <= 16 * 1024, "{longest}");

    let (_rig, mut client, mut server) = connected(limits).await;
    server.write_all(b"220 mx.example\r\n").await.unwrap();
    assert_eq!(client.hear().await, Message::Binary("220 mx.example\r\n".into()));
    client.say(&b"QUIT\r\n"[..]).await;
    client.say(&b"Q"[..]).await;
    assert_eq!(client.hear_out().await.2, CloseCause::OctetLimit);
    let mut passed = Vec::new();
    server.read_to_end(&mut passed).await.unwrap();
    assert_eq!(passed, b"QUIT\r\n");
}

#[tokio::test]
async fn frames_are_no_longer_than_the_settings_say() {
    let limits = SessionLimits { frame_up: 3072, frame_down: 512, ..SessionLimits::default() };
    let (_rig, mut client, mut server) = connected(limits).await;
    server.write_all(&[b'x'; 2000]).await.unwrap();
    drop(server);
    let (octets, longest, cause) = client.hear_out().await;
    assert_eq!((octets.len(), longest, cause), (2000, 512, CloseCause::Server));

    let (_rig, mut client, _server) = connected(limits).await;
    client.say(vec![b'x'; 3073]).await;
    assert_eq!(client.hear().await, Message::Text(r#"{"closed":{"cause":"guard"}}"#.into()));
}

#[tokio::test]
async fn a_frame_of_more_than_4_kib_ends_it() {
    let (_rig, mut client, mut server) = connected(SessionLimits::default()).await;
    client.say(vec![b'x'; 4097]).await;
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
    match client.hear().await {
        Message::Text(text) => assert_eq!(text, r#"{"closed":{"cause":"guard"}}"#),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn text_from_the_client_ends_it() {
    let (_rig, mut client, mut server) = connected(SessionLimits::default()).await;
    client.say("QUIT\r\n").await;
    assert_eq!(client.hear_out().await.2, CloseCause::Guard);
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_client_that_goes_takes_the_connection_with_it() {
    enum Going {
        Closing,
        HalfClosing,
        Dropping,
    }
    for going in [Going::Closing, Going::HalfClosing, Going::Dropping] {
        let (_rig, mut client, mut server) = connected(SessionLimits::default()).await;
        match going {
            Going::Closing => client.socket.close(None).await.unwrap(),
            Going::HalfClosing => client.socket.get_mut().shutdown().await.unwrap(),
            Going::Dropping => drop(client),
        }
        assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_client_that_reads_nothing_stops_the_server() {
    let limits = SessionLimits { octets_down: u64::MAX, ..SessionLimits::default() };
    let (_rig, mut client, server) = connected(limits).await;
    // What the kernel holds differs by machine and grows to several MiB; the relay itself holds two chunks.
    let bound = 64 * 1024 * 1024;
    let chunk = vec![b'x'; 64 * 1024];
    let mut taken = 0;
    let (mut from_relay, mut server) = server.into_split();
    while let Ok(written) = timeout(Duration::from_millis(200), server.write(&chunk)).await {
        taken += written.unwrap();
        assert!(taken < bound, "the relay takes octets that nobody reads");
    }

    // Nothing is lost of what it took.
    drop(server);
    let mut heard = 0;
    loop {
        match client.hear().await {
            Message::Binary(frame) => heard += frame.len(),
            Message::Text(text) => break assert_eq!(text, r#"{"closed":{"cause":"server"}}"#),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(heard, taken);
    assert_eq!(from_relay.read(&mut [0]).await.unwrap(), 0);
}
