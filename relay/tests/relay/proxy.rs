//! A relay behind a proxy, which speaks for others and is reached by another name.

use heloscope_observation::RefusalCode;

use crate::rig::{Rig, Server, code};

const PAGE: &str = "https://relay.example.org";

#[tokio::test]
async fn who_a_trusted_proxy_speaks_for_is_the_client() {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[port], |settings| {
        settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        settings.quotas.client = "1/9/9".parse().ok();
    })
    .await;
    let origin = rig.origin();
    let mut open = Vec::new();
    for (forwarded, free) in [
        ("203.0.113.5", true),
        ("203.0.113.5", false),
        ("203.0.113.6", true),
        // Whatever the client itself wrote before.
        ("198.51.100.1, 203.0.113.5", false),
        ("2001:db8::5", true),
        ("2001:db8::6", false),
        // The proxy itself.
        ("unknown", true),
        ("203.0.113.7, unknown", false),
    ] {
        let fields = [
            ("origin", origin.as_str()),
            ("sec-websocket-protocol", "heloscope.v1"),
            ("x-forwarded-for", forwarded),
        ];
        let mut client = rig.upgrade(&format!("host=127.0.0.1&port={port}"), &fields).await.unwrap();
        match client.first().await {
            Ok(_) => assert!(free, "{forwarded}"),
            Err(refusal) => assert_eq!((code(&refusal), free), (RefusalCode::Quota, false), "{forwarded}"),
        }
        open.push(client);
    }
}

#[tokio::test]
async fn anybody_else_speaks_for_himself() {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[port], |settings| {
        settings.trusted_proxies = vec!["127.0.0.2".parse().unwrap()];
        settings.quotas.client = "9/1/9".parse().ok();
    })
    .await;
    let origin = rig.origin();
    for (forwarded, free) in [("203.0.113.5", true), ("203.0.113.6", false)] {
        let fields = [
            ("origin", origin.as_str()),
            ("sec-websocket-protocol", "heloscope.v1"),
            ("x-forwarded-for", forwarded),
        ];
        let mut client = rig.upgrade(&format!("host=127.0.0.1&port={port}"), &fields).await.unwrap();
        assert_eq!(client.first().await.is_ok(), free);
    }
}

#[tokio::test]
async fn it_goes_by_the_name_that_the_proxy_has() {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[port], |settings| settings.origins = vec![PAGE.parse().unwrap()]).await;
    let answer = rig.ask("GET /v1/about HTTP/1.1", &["Host: relay.example.org"]).await;
    assert_eq!(answer.status(), 200);
    let policy = answer.field("content-security-policy").unwrap();
    assert!(policy.contains("connect-src 'self' wss://relay.example.org;"), "{policy}");
    assert_eq!(rig.ask("GET / HTTP/1.1", &["Host: relay.example.org:443"]).await.status(), 200);
    // This machine's own programs still reach it.
    assert_eq!(rig.ask("GET /healthz HTTP/1.1", &[]).await.status(), 200);
    // Who comes by another name, or by another port, is told the one that there is, and not what lies behind the proxy.
    for host in ["other.example.org", "relay.example.org:8443"] {
        let answer = rig.ask("GET / HTTP/1.1", &[&format!("Host: {host}")]).await;
        assert_eq!(answer.status(), 421, "{host}");
        assert_eq!(
            answer.text(),
            "This relay does not go by that name. Open https://relay.example.org/ instead."
        );
    }

    let query = format!("host=127.0.0.1&port={port}");
    let upgrade = async |origin: &str| {
        rig.upgrade(&query, &[("origin", origin), ("sec-websocket-protocol", "heloscope.v1")]).await.is_ok()
    };
    assert!(upgrade(PAGE).await);
    assert!(!upgrade("http://relay.example.org").await);
    assert!(!upgrade("https://other.example.org").await);
}
