//! Who may ask.

use heloscope_observation::STANDARD_PORTS;
use heloscope_wire::{About, Limits};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::rig::{Rig, SHORT, Server};

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "heloscope.v1");

#[tokio::test]
async fn pages_of_the_relay_and_of_named_sites_and_whoever_has_the_token() {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[port], |settings| {
        settings.allow_origins = vec!["https://docs.example".parse().unwrap()];
        settings.token = Some("0123456789abcdef".parse().unwrap());
    })
    .await;
    let own = rig.origin();
    let by_name = format!("http://localhost:{}", rig.address.port());
    let other_port = "http://127.0.0.1:1";
    let right = Some("Bearer 0123456789abcdef");
    let wrong = Some("Bearer 0123456789abcdeX");
    for (origin, authorization, passes) in [
        (Some(own.as_str()), None, true),
        (Some(&by_name), None, true),
        (Some("https://docs.example"), None, true),
        (Some("https://evil.example"), right, false),
        (Some(other_port), None, false),
        (Some("null"), None, false),
        (Some("null"), right, true),
        (None, None, false),
        (None, wrong, false),
        (None, right, true),
    ] {
        let fields: Vec<_> = [PROTOCOL]
            .into_iter()
            .chain(origin.map(|o| ("origin", o)))
            .chain(authorization.map(|a| ("authorization", a)))
            .collect();
        let result = rig.upgrade(&format!("host=127.0.0.1&port={port}"), &fields).await;
        match result {
            Ok(mut client) => {
                assert!(passes, "{origin:?} {authorization:?}");
                client.connected().await;
            }
            Err((status, body)) => {
                assert!(!passes, "{origin:?} {authorization:?}");
                assert_eq!(status, 403);
                assert!(body.ends_with('.'), "{body}");
                let from_no_page = matches!(origin, None | Some("null"));
                assert_eq!(body.contains("no page, or from one without an origin"), from_no_page, "{body}");
            }
        }
    }
}

#[tokio::test]
async fn a_name_that_leads_here_by_dns_rebinding_gets_nothing() {
    let rig = Rig::new(&[], |_| {}).await;
    for path in ["/", "/v1/about", "/v1/connect?host=127.0.0.1&port=25", "/healthz", "/missing"] {
        let request = format!("GET {path} HTTP/1.1");
        let host = format!("Host: evil.example:{}", rig.address.port());
        assert_eq!(rig.ask(&request, &[&host]).await.status(), 421, "{path}");
    }
    let host = format!("Host: localhost:{}", rig.address.port());
    assert_eq!(rig.ask("GET / HTTP/1.1", &[&host]).await.status(), 200);
    assert_eq!(rig.ask("GET / HTTP/1.1", &[&host, "Host: evil.example"]).await.status(), 400);
    assert_eq!(rig.ask_literally("GET / HTTP/1.0\r\n\r\n").await.status(), 400);
}

#[tokio::test]
async fn named_sites_may_read_what_the_widget_needs_and_no_more() {
    let rig =
        Rig::new(&[], |settings| settings.allow_origins = vec!["https://docs.example".parse().unwrap()])
            .await;
    let allowed = async |path: &str, origin: &str| {
        let answer = rig.ask(&format!("GET {path} HTTP/1.1"), &[&format!("Origin: {origin}")]).await;
        (
            answer.field("access-control-allow-origin"),
            answer.field("vary").unwrap_or_default().contains("origin"),
        )
    };
    assert_eq!(
        allowed("/v1/about", "https://docs.example").await,
        (Some("https://docs.example".into()), true)
    );
    assert_eq!(allowed("/v1/about", "https://evil.example").await, (None, true));
    assert_eq!(
        allowed("/heloscope.js", "https://docs.example").await,
        (Some("https://docs.example".into()), true)
    );
    assert_eq!(
        allowed("/heloscope.wasm", "https://docs.example").await,
        (Some("https://docs.example".into()), true)
    );
    assert_eq!(allowed("/", "https://docs.example").await, (None, false));
}

#[tokio::test]
async fn the_relay_says_what_it_is() {
    let rig =
        Rig::new(&[], |settings| settings.limits.connect = std::time::Duration::from_millis(1500)).await;
    let answer = rig.ask("GET /v1/about HTTP/1.1", &[]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.field("content-type").as_deref(), Some("application/json"));
    let about: About = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        about,
        About {
            name: "heloscope-relay".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            ehlo_name: "relay.example".into(),
            contact: None,
            ports: STANDARD_PORTS.to_vec(),
            unreachable_ports: vec![],
            limits: Limits { connect_seconds: 2, ..Limits::default() },
            trust_anchors: String::new(),
            examples: vec![],
            relays: vec![],
        }
    );
    assert_eq!(rig.ask("GET /healthz HTTP/1.1", &[]).await.text(), "ok\n");
    assert_eq!(rig.ask("POST /v1/about HTTP/1.1", &["Content-Length: 0"]).await.status(), 405);
}

#[tokio::test]
async fn a_request_that_does_not_come_to_an_end_is_not_waited_for() {
    let rig = Rig::new(&[], |settings| settings.header = SHORT).await;
    for begun in ["", "GET / HTTP/1.1\r\nHost: localhost\r\n"] {
        let mut stream = TcpStream::connect(rig.address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(!answer.contains(" 200 "), "{answer}");
    }
}

#[tokio::test]
async fn a_request_header_beyond_16_kib_is_refused() {
    let rig = Rig::new(&[], |_| {}).await;
    let long = format!("X: {}", "x".repeat(16 * 1024));
    assert_eq!(rig.ask("GET / HTTP/1.1", &[&long]).await.status(), 431);
}
