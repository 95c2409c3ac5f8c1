//! How many connections there may be.

use std::sync::Arc;
use std::time::Duration;

use heloscope_observation::RefusalCode;
use heloscope_relay::Settings;
use heloscope_wire::{About, CloseCause, Quota, Quotas};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::rig::{Client, Names, Rig, SHORT, Server, code};

/// Quotas that are all off, but for those given.
fn only(change: impl FnOnce(&mut Quotas)) -> impl FnOnce(&mut Settings) {
    move |settings| {
        settings.quotas = Quotas { client: None, target_address: None, target_network: None, all: 256 };
        change(&mut settings.quotas);
    }
}

fn quota(text: &str) -> Option<Quota> {
    Some(text.parse().unwrap())
}

/// Asks until there is a connection; a lease that ended a moment ago may not be back yet.
async fn connected_at_last(rig: &Rig, query: &str) -> Client {
    let attempt = async {
        loop {
            let mut client = rig.open(query).await;
            match client.first().await {
                Ok(_) => return client,
                Err(refusal) => assert_eq!(code(&refusal), RefusalCode::Quota),
            }
        }
    };
    timeout(Duration::from_secs(1), attempt).await.expect("the lease comes back at once")
}

#[tokio::test]
async fn a_client_has_four_connections_at_a_time_and_gets_each_back_however_it_ends() {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[port], |_| {}).await;
    let query = format!("host=127.0.0.1&port={port}");
    let mut open = Vec::new();
    for _ in 0..4 {
        let mut client = rig.open(&query).await;
        client.connected().await;
        open.push((client, server.accept().await));
    }
    let refusal = rig.open(&query).await.refused().await;
    assert_eq!(
        (code(&refusal), refusal.message.as_str()),
        (
            RefusalCode::Quota,
            "This relay makes at most 4 connections at a time for one client. Try again when one of them has ended, in \
             105 seconds at the latest."
        )
    );

    // The mail server hangs up.
    let (client, stream) = open.pop().unwrap();
    drop(stream);
    open.push((connected_at_last(&rig, &query).await, server.accept().await));
    drop(client);
    // The client closes, and does not wait for the relay to do so too.
    let (mut client, stream) = open.pop().unwrap();
    client.socket.close(None).await.unwrap();
    open.push((connected_at_last(&rig, &query).await, server.accept().await));
    drop((client, stream));
    // The client is gone without a word, as when a page is loaded anew.
    let (client, stream) = open.pop().unwrap();
    drop(client);
    open.push((connected_at_last(&rig, &query).await, server.accept().await));
    drop(stream);
    // The guard ends it.
    let (mut client, stream) = open.pop().unwrap();
    client.say("text").await;
    open.push((connected_at_last(&rig, &query).await, server.accept().await));
    drop((client, stream));
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_is_given_back_too() {
    let closed = Server::closed_port().await;
    let server = Server::new().await;
    let port = server.port();
    let silent = crate::rig::Answered::Never;
    let rig = Rig::new(&[port, closed], |settings| {
        settings.quotas.client = quota("1/1000/1000");
        settings.resolver = Arc::new(Names::default().and("silent.example", silent));
    })
    .await;
    let good = format!("host=127.0.0.1&port={port}");
    for bad in [
        format!("host=127.0.0.1&port={closed}"),
        "host=missing.example&port=25".into(),
        "host=127.0.0.1&port=26".into(),
        "host=10.0.0.1&port=25".into(),
    ] {
        rig.open(&bad).await.refused().await;
        drop(connected_at_last(&rig, &good).await);
    }
    // The client leaves while the name is being looked up.
    let mut looking = connected_at_last(&rig, &good).await;
    looking.socket.close(None).await.unwrap();
    let dialling = rig.open("host=silent.example&port=25").await;
    drop(dialling);
    connected_at_last(&rig, &good).await;
}

#[tokio::test]
async fn a_target_is_spared_whoever_asks_and_whatever_it_is_called() {
    let server = Server::new().await;
    let port = server.port();
    let names = Names::of(&[("a.example", &["127.0.0.1"]), ("b.example", &["127.0.0.1"])]);
    let rig = Rig::new(&[port], |settings| {
        only(|quotas| quotas.target_address = quota("9/2/9"))(settings);
        settings.resolver = Arc::new(names);
    })
    .await;
    for host in ["a.example", "b.example"] {
        rig.open(&format!("host={host}&port={port}")).await.connected().await;
    }
    let refusal = rig.open(&format!("host=127.0.0.1&port={port}")).await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::Quota);
    let start = "This relay makes at most 2 connections a minute to 127.0.0.1, whoever asks. Try again in ";
    let wait = refusal.message.strip_prefix(start).expect("the rule and when to try again");
    // They may have been made at the end of a slice of 5 s.
    assert!(wait == "a little more than a minute." || wait == "60 seconds.", "{}", refusal.message);
    // Another address of the same network is another, as long as the network has no quota.
    let refusal = rig.open(&format!("host=127.0.0.2&port={port}")).await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::ConnectionRefused);
}

#[tokio::test]
async fn addresses_of_one_network_are_counted_together() {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[port], only(|quotas| quotas.target_network = quota("1/9/9"))).await;
    let mut first = rig.open(&format!("host=127.0.0.1&port={port}")).await;
    first.connected().await;
    let refusal = rig.open(&format!("host=127.0.0.2&port={port}")).await.refused().await;
    assert!(
        refusal.message.contains("1 connection at a time into the network 127.0.0.0/24"),
        "{}",
        refusal.message
    );
    let refusal = rig.open(&format!("host=127.0.1.2&port={port}")).await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::ConnectionRefused);
}

#[tokio::test]
async fn a_target_that_refuses_or_does_not_answer_costs_double() {
    let closed = Server::closed_port().await;
    let refused = format!("host=127.0.0.1&port={closed}");
    for change in [
        Box::new(|quotas: &mut Quotas| quotas.client = quota("9/4/9")) as Box<dyn FnOnce(&mut Quotas)>,
        Box::new(|quotas: &mut Quotas| quotas.target_address = quota("9/4/9")),
        Box::new(|quotas: &mut Quotas| quotas.target_network = quota("9/4/9")),
    ] {
        let rig = Rig::new(&[closed], only(change)).await;
        for _ in 0..2 {
            assert_eq!(code(&rig.open(&refused).await.refused().await), RefusalCode::ConnectionRefused);
        }
        assert_eq!(code(&rig.open(&refused).await.refused().await), RefusalCode::Quota);
    }

    // A greeting that turns the client away, RFC 5321 §3.1 and §3.8.
    for greeting in ["554 5.7.1 No\r\n", "421-4.3.2 Not\r\n421 4.3.2 now\r\n", "220 mx.example\r\n"] {
        let server = Server::new().await;
        let port = server.port();
        let rig = Rig::new(&[port], only(|quotas| quotas.client = quota("9/2/9"))).await;
        let query = format!("host=127.0.0.1&port={port}");
        let mut client = rig.open(&query).await;
        let mut stream = server.accept().await;
        client.connected().await;
        stream.write_all(greeting.as_bytes()).await.unwrap();
        drop(stream);
        client.hear_out().await;
        let again = rig.open(&query).await.first().await;
        assert_eq!(again.is_ok(), greeting.starts_with('2'), "{greeting}");
    }

    // Silence instead of a greeting, or in the middle of one; but not the client's own after it.
    for greeting in ["", "220-mx.example\r\n", "220 mx.example\r\n"] {
        let server = Server::new().await;
        let port = server.port();
        let rig = Rig::new(&[port], |settings| {
            only(|quotas| quotas.target_address = quota("9/2/9"))(settings);
            (settings.limits.greeting, settings.limits.silence) = (SHORT, SHORT);
        })
        .await;
        let query = format!("host=127.0.0.1&port={port}");
        let mut client = rig.open(&query).await;
        let mut stream = server.accept().await;
        client.connected().await;
        stream.write_all(greeting.as_bytes()).await.unwrap();
        assert_eq!(client.hear_out().await.2, CloseCause::Timeout);
        let again = rig.open(&query).await.first().await;
        assert_eq!(again.is_ok(), greeting.starts_with("220 "), "{greeting}");
    }
}

#[tokio::test]
async fn each_address_of_a_name_costs_the_client_what_it_costs_the_target() {
    let closed = Server::closed_port().await;
    let query = format!("host=mx.example&port={closed}");
    // Three addresses, each of them twice for refusing: two tests are twelve.
    for (limit, third) in [("9/12/99", RefusalCode::Quota), ("9/13/99", RefusalCode::ConnectionRefused)] {
        let names = Names::of(&[("mx.example", &["127.0.0.1", "127.0.0.2", "127.0.0.3"])]);
        let rig = Rig::new(&[closed], |settings| {
            only(|quotas| quotas.client = quota(limit))(settings);
            settings.resolver = Arc::new(names);
        })
        .await;
        for expected in [RefusalCode::ConnectionRefused, RefusalCode::ConnectionRefused, third] {
            assert_eq!(code(&rig.open(&query).await.refused().await), expected, "{limit}");
        }
    }
}

#[tokio::test]
async fn specimens_are_no_targets_but_their_visitor_is_a_client() {
    let rig = Rig::new(&[], |settings| {
        settings.demo = true;
        only(|quotas| {
            quotas.client = quota("9/3/9");
            quotas.target_address = quota("1/1/1");
            quotas.target_network = quota("1/1/1");
        })(settings);
    })
    .await;
    let query = "host=healthy.specimen.test&port=25";
    for _ in 0..3 {
        rig.open(query).await.connected().await;
    }
    let refusal = rig.open(query).await.refused().await;
    assert!(refusal.message.contains("at most 3 requests a minute for one client"), "{}", refusal.message);
}

#[tokio::test]
async fn a_relay_that_is_full_says_so_over_the_websocket_as_long_as_it_can() {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[port], only(|quotas| quotas.all = 1)).await;
    let query = format!("host=127.0.0.1&port={port}");
    let mut inside = rig.open(&query).await;
    inside.connected().await;
    let mut told = rig.open(&query).await;
    // It does not close its side, and so stays where it is for a while.
    let refusal = told.first().await.unwrap_err();
    assert_eq!(code(&refusal), RefusalCode::Quota);
    assert!(refusal.message.contains("as many as it may at a time"), "{}", refusal.message);

    let origin = format!("Origin: {}", rig.origin());
    let fields = [
        origin.as_str(),
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: heloscope.v1",
    ];
    let mut stream = tokio::net::TcpStream::connect(rig.address).await.unwrap();
    let request = format!(
        "GET /v1/connect?{query} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\n{}\r\n\r\n",
        rig.address,
        fields.join("\r\n")
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 10\r\n"), "{answer}");

    drop((inside, told));
    connected_at_last(&rig, &query).await;
}

#[tokio::test]
async fn the_quotas_are_told() {
    let rig = Rig::new(&[], |settings| settings.quotas.client = None).await;
    let answer = rig.ask("GET /v1/about HTTP/1.1", &[]).await;
    let about: About = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(about.limits.quotas, Quotas { client: None, ..Quotas::default() });
    assert!(answer.text().contains(r#""target_address":{"concurrent":4,"per_minute":30,"per_hour":120}"#));
}
