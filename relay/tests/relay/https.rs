//! HTTPS by certificate files.

use heloscope_relay::CertificateFault;
use heloscope_wire::About;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::rig::{Client, Rig, SHORT, Server};
use crate::secure::{HTTP_1_1, Manner, Paper, secure, tls};

#[tokio::test]
async fn tls_1_2_and_1_3_with_a_name_and_without() {
    let (rig, paper) = secure(&[], |_| {}).await;
    for version in [&TLS12, &TLS13] {
        for sni in [true, false] {
            for (alpn, expected) in [
                (&[b"h2".as_slice(), b"http/1.1"][..], Some(&b"h2"[..])),
                (&[b"http/1.1"], Some(b"http/1.1")),
                (&[], None),
            ] {
                let stream = tls(&rig, &paper, &Manner { versions: &[version], sni, alpn }).await.unwrap();
                let connection = stream.get_ref().1;
                assert_eq!(connection.protocol_version(), Some(version.version));
                assert_eq!(connection.alpn_protocol(), expected);
            }
        }
    }
    let other = Manner { alpn: &[b"imap"], ..HTTP_1_1 };
    assert!(tls(&rig, &paper, &other).await.is_err(), "RFC 7301 section 3.2: no_application_protocol");
}

#[tokio::test]
async fn the_page_and_its_websockets_over_http_1_1() {
    let server = Server::new().await;
    let port = server.port();
    let (rig, paper) = secure(&[port], |_| {}).await;
    let mut stream = tls(&rig, &paper, &HTTP_1_1).await.unwrap();
    let request = format!("GET /v1/about HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", rig.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (header, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(header.starts_with("HTTP/1.1 200 "), "{header}");
    assert_eq!(serde_json::from_str::<About>(body).unwrap().ehlo_name, "relay.example");

    let uri = format!("wss://{}/v1/connect?host=127.0.0.1&port={port}", rig.address);
    let mut request = uri.into_client_request().unwrap();
    request.headers_mut().insert("origin", format!("https://{}", rig.address).parse().unwrap());
    request.headers_mut().insert("sec-websocket-protocol", "heloscope.v1".parse().unwrap());
    let stream = tls(&rig, &paper, &HTTP_1_1).await.unwrap();
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let mut client = Client { socket };
    let mut upstream = server.accept().await;
    client.connected().await;
    upstream.write_all(b"220 mx.example ESMTP\r\n").await.unwrap();
    assert_eq!(client.hear().await.into_data(), b"220 mx.example ESMTP\r\n".as_slice());
}

#[tokio::test]
async fn a_certificate_that_is_renewed_is_served_without_a_restart() {
    let (rig, mut paper) = secure(&[], |_| {}).await;
    let old = tls(&rig, &paper, &HTTP_1_1).await.unwrap();
    paper.renew();
    // Whoever trusts the new certificate only gets in as soon as the files were looked at.
    let renewed = async { while tls(&rig, &paper, &HTTP_1_1).await.is_err() {} };
    timeout(std::time::Duration::from_secs(10), renewed).await.unwrap();
    drop(old);
}

#[tokio::test]
async fn who_speaks_http_is_told_where_to_go() {
    let (rig, _) = secure(&[], |_| {}).await;
    let answer = rig.ask("GET /?host=mx.example HTTP/1.1", &[]).await;
    assert_eq!(answer.status(), 307);
    assert_eq!(answer.field("location"), Some(format!("https://{}/?host=mx.example", rig.address)));
    assert_eq!(rig.ask("GET / HTTP/1.1", &["Host: evil.example"]).await.status(), 421);
}

#[tokio::test]
async fn a_handshake_that_does_not_come_to_an_end_is_not_waited_for() {
    let (rig, _) = secure(&[], |settings| settings.header = SHORT).await;
    for begun in [&b""[..], &[22], &[22, 3, 1, 0, 200, 1]] {
        let mut stream = TcpStream::connect(rig.address).await.unwrap();
        stream.write_all(begun).await.unwrap();
        // Be it by a reset.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}

#[tokio::test]
async fn without_a_certificate_that_goes_with_its_key_there_is_no_relay() {
    let (first, second) = (Paper::new(), Paper::new());
    let mut mixed = first.files();
    mixed.key = second.files().key;
    let fault = Rig::fault(|settings| settings.tls = Some(mixed.clone())).await;
    assert_eq!(fault.to_string(), CertificateFault::NoPair(mixed).to_string());
}

#[tokio::test]
async fn a_public_relay_tells_browsers_to_come_by_https_alone() {
    for (public, told) in [(true, Some("max-age=15552000")), (false, None)] {
        let (rig, paper) = secure(&[], |settings| {
            settings.public = public;
            settings.contact = Some("postmaster@example.org".parse().unwrap());
            settings.ehlo_name = Some("[192.0.2.1]".parse().unwrap());
            settings.origins = vec!["https://relay.example.org".parse().unwrap()];
        })
        .await;
        let mut stream = tls(&rig, &paper, &HTTP_1_1).await.unwrap();
        let request = "GET /v1/about HTTP/1.1\r\nHost: relay.example.org\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let field = answer.lines().find_map(|line| line.strip_prefix("strict-transport-security: "));
        assert_eq!(field, told, "{answer}");
        // RFC 6797 section 7.2: not without TLS.
        let plain = rig.ask("GET /v1/about HTTP/1.1", &["Host: relay.example.org"]).await;
        assert_eq!((plain.status(), plain.field("strict-transport-security")), (307, None));
    }
}
