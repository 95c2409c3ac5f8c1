//! Readers and writers that take their time.

use std::time::Duration;

use heloscope_wire::CloseCause;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::process::{Relay, server};

/// Until this long nothing has moved, a pipe counts as full.
const STILL: Duration = Duration::from_millis(200);

#[tokio::test]
async fn clients_that_read_nothing_cost_no_memory_and_run_out_of_time() {
    const SESSIONS: usize = 10;
    let (listener, port) = server().await;
    let relay = Relay::start(port, &["--limit-octets-down", "1000000000", "--limit-silence", "2"]);
    let descriptors = relay.descriptors();
    let held = relay.greeted(&listener, SESSIONS).await;
    let before = relay.memory();
    let (clients, mut streams): (Vec<_>, Vec<_>) = held.into_iter().unzip();
    let chunk = vec![b'x'; 64 * 1024];
    for stream in &mut streams {
        while let Ok(Ok(_)) = timeout(STILL, stream.write(&chunk)).await {}
    }
    // Two chunks of 64 KiB a session are what waits in the relay itself.
    let taken = relay.memory().saturating_sub(before);
    assert!(taken < 200_000 * u64::try_from(SESSIONS).unwrap(), "{taken} octets for {SESSIONS} sessions");
    assert_eq!(relay.endings(SESSIONS), vec!["closed timeout"; SESSIONS]);
    // Their sockets are still open, and full.
    relay.returns_to(descriptors).await;
    drop(clients);
}

#[tokio::test]
async fn a_client_that_reads_a_little_now_and_then_loses_nothing() {
    let (listener, port) = server().await;
    let relay = Relay::start(port, &["--limit-octets-down", "1000000000"]);
    let (mut client, mut stream) = relay.greeted(&listener, 1).await.pop().unwrap();
    let chunk = vec![b'x'; 64 * 1024];
    let (mut sent, mut heard) = (0, 0);
    for _ in 0..5 {
        while let Ok(written) = timeout(STILL, stream.write(&chunk)).await {
            sent += written.unwrap();
        }
        for _ in 0..20 {
            heard += client.hear().await.len();
        }
    }
    drop(stream);
    let (rest, cause) = client.hear_out().await;
    assert_eq!((heard + rest, cause), (sent, CloseCause::Server));
    assert_eq!(relay.endings(1), ["closed server"]);
}

#[tokio::test]
async fn a_server_that_writes_octet_by_octet_is_heard() {
    let (listener, port) = server().await;
    let relay = Relay::start(port, &[]);
    let mut client = relay.open(port).await;
    let mut stream = listener.accept().await.unwrap().0;
    stream.set_nodelay(true).unwrap();
    client.connected().await;
    // Each octet waits until the one before has come out.
    for octet in b"220 mail.test ESMTP\r\n" {
        stream.write_all(&[*octet]).await.unwrap();
        assert_eq!(client.hear().await, Message::Binary(vec![*octet].into()));
    }
    drop(stream);
    assert_eq!(client.hear_out().await, (0, CloseCause::Server));
    assert_eq!(relay.endings(1), ["closed server"]);
}

#[tokio::test]
async fn a_client_that_writes_octet_by_octet_is_heard() {
    let (listener, port) = server().await;
    let relay = Relay::start(port, &[]);
    let (mut client, mut stream) = relay.greeted(&listener, 1).await.pop().unwrap();
    let line = b"EHLO relay.test\r\n";
    // One frame (RFC 6455 §5.2) with a mask of zero, in as many segments as it has octets.
    let frame = [&[0x82, 0x80 | u8::try_from(line.len()).unwrap(), 0, 0, 0, 0], &line[..]].concat();
    let socket = client.socket.get_mut();
    socket.set_nodelay(true).unwrap();
    for octet in frame {
        socket.write_all(&[octet]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut command = [0; 17];
    stream.read_exact(&mut command).await.unwrap();
    assert_eq!(&command, line);
    drop(client);
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(relay.endings(1), ["client_gone"]);
}
