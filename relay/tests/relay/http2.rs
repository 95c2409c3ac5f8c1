//! HTTP/2, and WebSockets in its streams.

use std::future::poll_fn;
use std::time::Duration;

use axum::http::{HeaderValue, Request};
use h2::Reason;
use heloscope_relay::SessionLimits;
use heloscope_wire::CloseCause;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::monitor::wait_for;
use crate::rig::{SHORT, Server};
use crate::secure::{Browser, HTTP_2, secure, tls};

#[tokio::test]
async fn three_websockets_share_one_connection() {
    let server = Server::new().await;
    let port = server.port();
    let (rig, paper) = secure(&[port], |_| {}).await;
    let mut browser = Browser::new(&rig, &paper).await;
    assert!(browser.settled().await, "SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441 section 3");

    let query = format!("host=127.0.0.1&port={port}");
    let mut tests = vec![];
    for _ in 0..3 {
        let mut client = browser.open(&query).await;
        tests.push((server.accept().await, client.connected().await, client));
    }
    for (upstream, _, client) in &mut tests {
        upstream.write_all(b"220 mx.example ESMTP\r\n").await.unwrap();
        assert_eq!(client.hear().await.into_data(), b"220 mx.example ESMTP\r\n".as_slice());
        client.say(b"EHLO relay.example\r\n".to_vec()).await;
        let mut command = [0; 20];
        upstream.read_exact(&mut command).await.unwrap();
        assert_eq!(&command, b"EHLO relay.example\r\n");
    }
    for (mut upstream, _, mut client) in tests {
        upstream.shutdown().await.unwrap();
        assert_eq!(client.hear_out().await.2, CloseCause::Server);
    }
    // The connection itself outlives them.
    assert_eq!(browser.status(browser.request("GET", "/healthz")).await, 200);
}

#[tokio::test]
async fn who_may_not_over_http_1_1_may_not_over_http_2() {
    let (rig, paper) = secure(&[], |_| {}).await;
    let mut browser = Browser::new(&rig, &paper).await;
    assert!(browser.settled().await);
    let query = "host=127.0.0.1&port=25";
    let without = |field: &str| {
        let mut request = browser.connect(query);
        request.headers_mut().remove(field).unwrap();
        request
    };
    let (no_origin, no_protocol) = (without("origin"), without("sec-websocket-protocol"));
    let mut foreign = browser.connect(query);
    foreign.headers_mut().insert("origin", HeaderValue::from_static("https://evil.example"));
    let plain_http = {
        let mut request = browser.connect(query);
        request.headers_mut().insert("origin", format!("http://{}", browser.authority).parse().unwrap());
        request
    };
    let no_target = browser.connect("host=127.0.0.1");
    let no_websocket = browser.request("GET", &format!("/v1/connect?{query}"));
    for (request, status) in [
        (no_origin, 403),
        (foreign, 403),
        (plain_http, 403),
        (no_protocol, 400),
        (no_target, 400),
        (no_websocket, 403),
    ] {
        assert_eq!(browser.status(request).await, status);
    }
    browser.authority = format!("evil.example:{}", rig.address.port());
    assert_eq!(browser.status(browser.request("GET", "/")).await, 421);
    assert_eq!(browser.status(browser.connect(query)).await, 421);
}

#[tokio::test]
async fn the_limits_of_frames_and_octets_hold() {
    let server = Server::new().await;
    let port = server.port();
    let limits = SessionLimits { octets_up: 5000, octets_down: 50_000, ..SessionLimits::default() };
    let (rig, paper) = secure(&[port], |settings| settings.limits = limits).await;
    let mut browser = Browser::new(&rig, &paper).await;
    assert!(browser.settled().await);
    let query = format!("host=127.0.0.1&port={port}");

    let mut client = browser.open(&query).await;
    let _upstream = server.accept().await;
    client.connected().await;
    client.say(vec![b'x'; 4097]).await;
    assert_eq!(client.hear_out().await.2, CloseCause::Guard);

    let mut client = browser.open(&query).await;
    let mut upstream = server.accept().await;
    client.connected().await;
    let flood = tokio::spawn(async move { while upstream.write_all(&[b'x'; 4096]).await.is_ok() {} });
    let (octets, longest, cause) = client.hear_out().await;
    assert_eq!((octets.len(), cause), (50_000, CloseCause::OctetLimit));
    assert!(longest <= 16 * 1024);
    flood.await.unwrap(); // The relay has hung up.
}

#[tokio::test]
async fn the_guard_stands_before_each_stream() {
    let server = Server::new().await;
    let port = server.port();
    let (rig, paper) = secure(&[port], |_| {}).await;
    let mut browser = Browser::new(&rig, &paper).await;
    assert!(browser.settled().await);
    let query = format!("host=127.0.0.1&port={port}");
    let mut tests = vec![];
    for _ in 0..2 {
        let mut client = browser.open(&query).await;
        let mut upstream = server.accept().await;
        client.connected().await;
        upstream.write_all(b"220 mx.example ESMTP\r\n").await.unwrap();
        client.hear().await;
        tests.push((client, upstream));
    }
    let (mut other, mut others) = tests.pop().unwrap();
    let (mut client, mut upstream) = tests.pop().unwrap();
    client.say(b"MAIL FROM:a\nRCPT TO:b\nDATA\n.\n".to_vec()).await;
    assert_eq!(client.hear_out().await.2, CloseCause::Guard);
    let mut heard = Vec::new();
    upstream.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"");
    // What one stream tries is not held against another.
    other.say(b"EHLO relay.example\r\n".to_vec()).await;
    let mut command = [0; 20];
    others.read_exact(&mut command).await.unwrap();
    assert_eq!(&command, b"EHLO relay.example\r\n");
}

#[tokio::test]
async fn a_connection_that_is_reset_takes_its_streams_with_it() {
    let server = Server::new().await;
    let port = server.port();
    let monitored = Some("127.0.0.1:0".parse().unwrap());
    let (rig, paper) = secure(&[port], |settings| settings.metrics_listen = monitored).await;
    let stream = tls(&rig, &paper, &HTTP_2).await.unwrap();
    socket2::SockRef::from(stream.get_ref().0).set_linger(Some(Duration::ZERO)).unwrap();
    let mut browser = Browser::over(&rig, stream, &h2::client::Builder::new()).await;
    assert!(browser.settled().await);
    let mut tests = vec![];
    for _ in 0..3 {
        let mut client = browser.open(&format!("host=127.0.0.1&port={port}")).await;
        tests.push((server.accept().await, client.connected().await, client));
    }
    wait_for(&rig, "heloscope_sessions_open 3").await;
    // Its socket goes with whoever drives it.
    browser.connection.abort();
    for (upstream, _, _) in &mut tests {
        assert_eq!(upstream.read(&mut [0]).await.unwrap(), 0);
    }
    wait_for(&rig, "heloscope_sessions_total{ending=\"client_gone\"} 3").await;
    wait_for(&rig, "heloscope_sessions_open 0").await;
}

#[tokio::test]
async fn a_browser_that_does_not_read_stops_the_mail_server_and_no_other_stream() {
    let server = Server::new().await;
    let port = server.port();
    let limits = SessionLimits { octets_down: u64::MAX, ..SessionLimits::default() };
    let (rig, paper) = secure(&[port], |settings| settings.limits = limits).await;
    let mut browser = Browser::new(&rig, &paper).await;
    assert!(browser.settled().await);
    let query = format!("host=127.0.0.1&port={port}");
    let mut unread = browser.open(&query).await;
    let mut flooding = server.accept().await;
    unread.connected().await;
    let mut read = browser.open(&query).await;
    let mut upstream = server.accept().await;
    read.connected().await;

    // Until nobody takes any more: far less than all, in what the sockets between them hold.
    let mut taken = 0;
    let chunk = vec![b'x'; 64 * 1024];
    while let Ok(written) = timeout(SHORT * 10, flooding.write(&chunk)).await {
        taken += written.unwrap();
        assert!(taken < 64 << 20, "the relay reads what nobody takes from it");
    }
    upstream.write_all(b"220 mx.example ESMTP\r\n").await.unwrap();
    assert_eq!(read.hear().await.into_data(), b"220 mx.example ESMTP\r\n".as_slice());
    // Nothing is lost once the browser reads.
    flooding.shutdown().await.unwrap();
    let (octets, _, cause) = unread.hear_out().await;
    assert_eq!((octets.len(), cause), (taken, CloseCause::Server));
}

#[tokio::test]
async fn a_stop_lets_the_streams_end_and_takes_no_new_ones() {
    let server = Server::new().await;
    let port = server.port();
    let (mut rig, paper) = secure(&[port], |_| {}).await;
    let idle = Browser::new(&rig, &paper).await;
    let mut browser = Browser::new(&rig, &paper).await;
    assert!(browser.settled().await);
    let query = format!("host=127.0.0.1&port={port}");
    let mut client = browser.open(&query).await;
    let mut upstream = server.accept().await;
    client.connected().await;

    rig.stop.cancel();
    idle.connection.await.unwrap().unwrap();
    // RFC 9113 §6.8: after GOAWAY no request is sent.
    let refused = poll_fn(|cx| browser.sender.poll_ready(cx));
    upstream.write_all(b"221 2.0.0 Bye\r\n").await.unwrap();
    upstream.shutdown().await.unwrap();
    let (octets, _, cause) = client.hear_out().await;
    assert_eq!((octets.as_slice(), cause), (&b"221 2.0.0 Bye\r\n"[..], CloseCause::Server));
    drop(client);
    browser.connection.await.unwrap().unwrap();
    assert!(refused.await.is_err());
    (&mut rig.serving).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_does_not_end_is_closed_when_the_relay_stops() {
    let server = Server::new().await;
    let port = server.port();
    let (mut rig, paper) = secure(&[port], |settings| settings.grace = SHORT).await;
    let mut browser = Browser::new(&rig, &paper).await;
    assert!(browser.settled().await);
    let mut client = browser.open(&format!("host=127.0.0.1&port={port}")).await;
    let mut upstream = server.accept().await;
    client.connected().await;
    rig.stop.cancel();
    assert_eq!(client.hear_out().await.2, CloseCause::ShuttingDown);
    assert_eq!(upstream.read(&mut [0]).await.unwrap(), 0);
    drop(client);
    (&mut rig.serving).await.unwrap();
}

#[tokio::test]
async fn a_connection_without_a_request_is_not_waited_for() {
    let (rig, paper) = secure(&[], |settings| {
        settings.header = SHORT;
        settings.limits.connection = SHORT;
    })
    .await;
    // Neither in silence nor behind the preface.
    let browser = Browser::new(&rig, &paper).await;
    browser.connection.await.unwrap().unwrap();
    let mut stream = tls(&rig, &paper, &HTTP_2).await.unwrap();
    let _ = stream.read_to_end(&mut Vec::new()).await;
    // Nor in the middle of a header: HEADERS of which the end is to come.
    let mut stream = tls(&rig, &paper, &HTTP_2).await.unwrap();
    let begun = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(),
        &[0, 0, 0, 4, 0, 0, 0, 0, 0],
        &[0, 0, 9, 1, 0, 0, 0, 0, 1, 0x82],
    ];
    stream.write_all(&begun.concat()).await.unwrap();
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn a_header_beyond_16_kib_is_refused() {
    let (rig, paper) = secure(&[], |_| {}).await;
    let mut browser = Browser::new(&rig, &paper).await;
    assert!(browser.settled().await);
    let mut long = browser.request("GET", "/healthz");
    long.headers_mut().insert("x", "x".repeat(16 * 1024).parse().unwrap());
    assert_eq!(browser.status(long).await, 431);
}

#[tokio::test]
async fn streams_beyond_32_wait_and_resets_in_a_row_end_the_connection() {
    let (rig, paper) = secure(&[], |_| {}).await;
    let mut browser = Browser::new(&rig, &paper).await;
    assert!(browser.settled().await);
    assert_eq!(browser.sender.current_max_send_streams(), 32);

    let request = |browser: &Browser| -> Request<()> { browser.request("GET", "/") };
    let ended = loop {
        if poll_fn(|cx| browser.sender.poll_ready(cx)).await.is_err() {
            break (&mut browser.connection).await.unwrap().unwrap_err();
        }
        let request = request(&browser);
        let (answer, mut stream) = browser.sender.send_request(request, false).unwrap();
        // The request is on its way before it is called off.
        tokio::task::yield_now().await;
        stream.send_reset(Reason::CANCEL);
        drop(answer);
    };
    assert_eq!(ended.reason(), Some(Reason::ENHANCE_YOUR_CALM));
}
