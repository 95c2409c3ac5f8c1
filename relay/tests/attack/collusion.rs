//! A server that plays along: it says TLS, and means SMTP. What the relay lets through to it is little, and none of it
//! the client's to choose where it would be a line.

use std::sync::Arc;

use heloscope_observation::{PortSpec, TlsMode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::attack::{APPLICATION_DATA, EHLO, HANDSHAKE, MAIL};
use crate::campaign::{HOST, UNCOUNTED};
use crate::carrier::Carrier;
use crate::hello::{Hello, filled, with_length};
use crate::rig::{Names, Rig, Server};

/// A relay, a client of it, and a server that the test plays.
async fn connected(mode: TlsMode) -> (Rig, Carrier, TcpStream) {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[], |settings| {
        settings.ports = vec![PortSpec { port, mode }];
        settings.resolver = Arc::new(Names::of(&[(HOST, &["127.0.0.1"])]));
        settings.quotas = UNCOUNTED;
    })
    .await;
    let carrier = Carrier::relayed(rig.open(&format!("host={HOST}&port={port}")).await).await;
    let stream = server.accept().await;
    (rig, carrier, stream)
}

async fn hears(server: &mut TcpStream, octets: &[u8]) {
    let mut heard = vec![0; octets.len()];
    server.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, octets);
}

/// All that the server hears from here on.
async fn rest(carrier: Carrier, mut server: TcpStream) -> Vec<u8> {
    carrier.end().await;
    let mut heard = Vec::new();
    // A reset ends it as well.
    let _ = server.read_to_end(&mut heard).await;
    heard
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3], &with_length(2, content)[..]].concat()
}

/// A ServerHello of TLS 1.3 with TLS_AES_256_GCM_SHA384, RFC 8446 §4.1.3.
fn server_hello(hello: &Hello) -> Vec<u8> {
    let share = [&[0, 51, 0, 36, 0, 29, 0, 32], &[9; 32][..]].concat();
    let extensions = [&[0, 43, 0, 2, 3, 4], &share[..]].concat();
    let body = [
        &[3, 3],
        &[5; 32][..],
        &with_length(1, &hello.session_id),
        &[0x13, 0x02, 0],
        &with_length(2, &extensions),
    ];
    record(HANDSHAKE, &[&[2], &with_length(3, &body.concat())[..]].concat())
}

const CHANGE_CIPHER_SPEC: [u8; 6] = [20, 3, 3, 0, 1, 1];

#[tokio::test]
async fn a_server_that_says_hello_and_then_smtp_is_told_nothing_more() {
    for (name, then) in [
        ("a greeting", b"220 mx.example ESMTP\r\n".to_vec()),
        ("an alert", vec![21, 3, 3, 0, 2, 2, 80]),
        ("a record of no type", vec![99, 3, 3, 0, 1, 0]),
        ("clear text as application data's header", b"\x17\x03\x05\x00\x01a".to_vec()),
    ] {
        let (_rig, mut carrier, mut server) = connected(TlsMode::Implicit).await;
        let hello = Hello::sound();
        carrier.say(&hello.record()).await;
        hears(&mut server, &hello.record()).await;
        server.write_all(&[server_hello(&hello), then].concat()).await.unwrap();
        while carrier.hear().await.is_some_and(|octets| octets.is_empty()) {}
        carrier.say(&CHANGE_CIPHER_SPEC).await;
        carrier.say(&record(APPLICATION_DATA, &filled(MAIL, 69))).await;
        carrier.say(MAIL).await;
        let heard = rest(carrier, server).await;
        assert!(heard.len() <= 7 && !contains(&heard, b"MAIL"), "{name}: {heard:?}");
    }
}

#[tokio::test]
async fn a_server_that_plays_along_gets_one_record_of_a_fixed_length() {
    let (_rig, mut carrier, mut server) = connected(TlsMode::Implicit).await;
    let hello = Hello::sound();
    carrier.say(&hello.record()).await;
    hears(&mut server, &hello.record()).await;
    let flight = [server_hello(&hello), CHANGE_CIPHER_SPEC.to_vec(), record(APPLICATION_DATA, &[7; 600])];
    server.write_all(&flight.concat()).await.unwrap();
    let mut left = flight.concat().len();
    while left > 0 {
        left -= carrier.hear().await.unwrap().len();
    }
    // Nobody but the server can tell a Finished from other octets.
    let last_flight = [&CHANGE_CIPHER_SPEC[..], &record(APPLICATION_DATA, &[8; 4 + 48 + 1 + 16])].concat();
    carrier.say(&last_flight).await;
    hears(&mut server, &last_flight).await;
    server.write_all(&record(APPLICATION_DATA, b"250 go on")).await.unwrap();
    carrier.hear().await;
    for more in [record(APPLICATION_DATA, &[8; 69]), record(APPLICATION_DATA, EHLO.as_bytes()), MAIL.to_vec()]
    {
        carrier.say(&more).await;
    }
    assert_eq!(rest(carrier, server).await, b"");
}

#[tokio::test]
async fn frames_that_are_sent_while_the_servers_octets_are_under_way_come_too_early() {
    for (name, said, frames) in [
        ("half a greeting", "220-mx.example\r\n", vec![EHLO.as_bytes()]),
        ("half a line", "220 mx.exa", vec![EHLO.as_bytes()]),
        ("a greeting, and the next", "220 mx.example\r\n", vec![EHLO.as_bytes(), b"STARTTLS\r\n"]),
    ] {
        let (_rig, mut carrier, mut server) = connected(TlsMode::StartTls).await;
        server.write_all(said.as_bytes()).await.unwrap();
        carrier.hear().await;
        for frame in &frames {
            carrier.say(frame).await;
        }
        let heard = rest(carrier, server).await;
        let expected = if frames.len() > 1 { EHLO.as_bytes() } else { b"" };
        assert_eq!(heard, expected, "{name}");
    }
}

#[tokio::test]
async fn replies_in_store_do_not_lead_into_tls() {
    let (_rig, mut carrier, mut server) = connected(TlsMode::StartTls).await;
    // Whoever knows what will be asked answers it beforehand.
    server.write_all(b"220 mx\r\n250 mx\r\n220 go\r\n").await.unwrap();
    carrier.hear().await;
    carrier.say(EHLO.as_bytes()).await;
    carrier.say(b"STARTTLS\r\n").await;
    carrier.say(&Hello::sound().random(MAIL).record()).await;
    carrier.say(&Hello::sound().record()).await;
    let heard = rest(carrier, server).await;
    assert!(EHLO.as_bytes().starts_with(&heard) || heard == EHLO.as_bytes(), "{heard:?}");
}

fn contains(octets: &[u8], part: &[u8]) -> bool {
    octets.windows(part.len()).any(|window| window == part)
}
