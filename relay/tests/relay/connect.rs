//! Where the relay connects, and what it says where it does not.

use std::net::SocketAddrV6;
use std::sync::Arc;

use heloscope_observation::RefusalCode;
use heloscope_relay::{OwnAddresses, SessionLimits};
use heloscope_wire::About;
use tokio::net::TcpSocket;

use crate::monitor::wait_for;
use crate::rig::{Answered, Names, Rig, SHORT, Server, code};

#[tokio::test]
async fn the_client_learns_what_answered_and_how_long_it_took() {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[port], |settings| {
        settings.resolver = Arc::new(Names::of(&[("mx.example", &["127.0.0.1"])]));
    })
    .await;

    let connected = rig.open(&format!("host=MX.example.&port={port}")).await.connected().await;
    assert_eq!(connected.address.to_string(), format!("127.0.0.1:{port}"));
    assert_eq!(connected.ehlo_name, "relay.example");
    assert!(connected.resolve_ms.is_some_and(|took| took < 1000) && connected.connect_ms < 1000);

    // An address is dialled without a look-up, be it the host or beside it.
    for query in ["host=127.0.0.1", "host=elsewhere.example&address=127.0.0.1"] {
        let connected = rig.open(&format!("{query}&port={port}")).await.connected().await;
        assert_eq!(connected.resolve_ms, None, "{query}");
    }
}

#[tokio::test]
async fn without_a_name_the_connection_s_own_address_is_given_with_ehlo() {
    let server = Server::new().await;
    let port = server.port();
    let named_by_machine = |name: &str| !name.starts_with('[');
    let rig = Rig::new(&[port], |settings| settings.ehlo_name = None).await;
    let name = rig.open(&format!("host=127.0.0.1&port={port}")).await.connected().await.ehlo_name;
    assert!(name == "[127.0.0.1]" || (named_by_machine(&name) && name.contains('.')), "{name}");
}

#[tokio::test]
async fn names_that_do_not_resolve() {
    let names = || {
        Names::of(&[("empty.example", &[])])
            .and("broken.example", Answered::Broken)
            .and("silent.example", Answered::Never)
    };
    let rig = Rig::new(&[], |settings| {
        settings.resolver = Arc::new(names());
        settings.limits.resolve = SHORT;
    })
    .await;
    for (host, expected) in [
        ("missing.example", RefusalCode::NameNotFound),
        ("empty.example", RefusalCode::NameNotFound),
        ("broken.example", RefusalCode::ResolveFailed),
        ("silent.example", RefusalCode::ResolveFailed),
    ] {
        let refusal = rig.open(&format!("host={host}&port=25")).await.refused().await;
        assert_eq!(code(&refusal), expected, "{host}");
        assert!(refusal.message.contains(host), "{}", refusal.message);
    }
}

#[tokio::test]
async fn no_more_names_are_looked_up_at_a_time_than_may_be() {
    let server = Server::new().await;
    let port = server.port();
    let names = Names::default().and("silent.example", Answered::Never);
    let rig = Rig::new(&[port], |settings| {
        settings.resolver = Arc::new(names);
        settings.limits.resolve = SHORT;
        settings.lookups = 2;
        settings.quotas.client = "9/4/9".parse().ok();
        settings.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    for _ in 0..2 {
        let refusal = rig.open("host=silent.example&port=25").await.refused().await;
        assert_eq!(code(&refusal), RefusalCode::ResolveFailed);
    }
    let refusal = rig.open("host=missing.example&port=25").await.refused().await;
    assert_eq!(
        (code(&refusal), refusal.message.as_str()),
        (
            RefusalCode::Quota,
            "This relay looks up 2 names at a time, and the name servers of as many have not answered yet. Try again in \
             some seconds, 30 at most, or give the server's address."
        )
    );
    wait_for(&rig, "heloscope_lookups_open 2").await;
    wait_for(&rig, r#"heloscope_quota_refusals_total{of="lookups",per="concurrent"} 1"#).await;
    // An address needs none; and of the client no more than the four connections were counted.
    let query = format!("host=127.0.0.1&port={port}");
    rig.open(&query).await.connected().await;
    assert_eq!(code(&rig.open(&query).await.refused().await), RefusalCode::Quota);
    let about: About = serde_json::from_str(rig.ask("GET /v1/about HTTP/1.1", &[]).await.text()).unwrap();
    assert_eq!(about.limits.lookups, 2);
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_refuses() {
    let port = Server::closed_port().await;
    let rig = Rig::new(&[port], |_| {}).await;
    let refusal = rig.open(&format!("host=127.0.0.1&port={port}")).await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::ConnectionRefused);
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_server_that_drops_packets_times_out() {
    // Linux drops the SYN for a listener whose backlog is full: the first connection fills it.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let _filling = tokio::net::TcpStream::connect(address).await.unwrap();

    let limits = SessionLimits { connect: SHORT, ..SessionLimits::default() };
    let rig = Rig::new(&[address.port()], |settings| settings.limits = limits).await;
    let refusal = rig.open(&format!("host=127.0.0.1&port={}", address.port())).await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::ConnectTimeout);
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn where_no_route_leads_is_unreachable() {
    // Linux has no TCP route to a multicast group: ENETUNREACH, whatever the machine's network.
    let rig = Rig::new(&[], |settings| settings.allow_nets.push("224.0.0.0/4".parse().unwrap())).await;
    let refusal = rig.open("host=224.0.0.1&port=25").await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::Unreachable);
}

#[tokio::test]
async fn other_ports_than_those_of_mail_are_blocked() {
    let rig = Rig::new(&[2525], |_| {}).await;
    for port in [1, 22, 80, 443, 2526, 65535] {
        let refusal = rig.open(&format!("host=127.0.0.1&port={port}")).await.refused().await;
        assert_eq!(code(&refusal), RefusalCode::Blocked);
        assert!(refusal.message.contains("25, 465, 587, 2525/starttls"), "{}", refusal.message);
    }
}

#[tokio::test]
async fn one_forbidden_address_among_several_blocks_all() {
    let server = Server::new().await;
    let port = server.port();
    let names = Names::of(&[
        ("mixed.example", &["127.0.0.1", "10.0.0.1"]),
        ("private.example", &["192.168.0.1"]),
        ("mapped.example", &["::ffff:127.0.0.1"]),
    ]);
    let rig = Rig::new(&[port], |settings| settings.resolver = Arc::new(names)).await;
    for (query, address) in [
        ("host=mixed.example", "10.0.0.1"),
        ("host=private.example", "192.168.0.1"),
        ("host=mapped.example", "::ffff:127.0.0.1"),
        ("host=169.254.169.254", "169.254.169.254"),
        ("host=[::1]", "::1"),
        ("host=mixed.example&address=10.0.0.1", "10.0.0.1"),
    ] {
        let refusal = rig.open(&format!("{query}&port={port}")).await.refused().await;
        assert_eq!(code(&refusal), RefusalCode::Blocked, "{query}");
        assert!(refusal.message.contains(address), "{}", refusal.message);
    }
}

#[tokio::test]
async fn an_address_with_a_scope_is_blocked() {
    let scoped = SocketAddrV6::new("fe80::1".parse().unwrap(), 0, 0, 2);
    let names = Names::default().and("scoped.example", Answered::With(vec![scoped.into()]));
    let rig = Rig::new(&[], |settings| {
        settings.resolver = Arc::new(names);
        settings.allow_nets.push("fe80::/10".parse().unwrap());
    })
    .await;
    let refusal = rig.open("host=scoped.example&port=25").await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::Blocked);
}

#[tokio::test]
async fn the_relay_s_neighbours_are_blocked() {
    let rig = Rig::new(&[], |settings| {
        settings.own_addresses = OwnAddresses::These(vec!["8.8.4.77".parse().unwrap()]);
    })
    .await;
    let refusal = rig.open("host=8.8.4.25&port=25").await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::Blocked);
    assert!(refusal.message.contains("subnet"), "{}", refusal.message);
}

#[tokio::test]
async fn the_next_address_is_tried_where_one_fails() {
    let server = Server::new().await;
    let port = server.port();
    // Nobody listens on the port of 127.0.0.2.
    let names = Names::of(&[("mx.example", &["127.0.0.2", "127.0.0.2", "127.0.0.1"])]);
    let rig = Rig::new(&[port], |settings| settings.resolver = Arc::new(names)).await;
    let connected = rig.open(&format!("host=mx.example&port={port}")).await.connected().await;
    assert_eq!(connected.address.to_string(), format!("127.0.0.1:{port}"));
}

#[tokio::test]
async fn a_name_with_many_addresses_has_four_of_them_dialled() {
    let server = Server::new().await;
    let port = server.port();
    // Nobody listens on the port of any but the last.
    let names = [
        ("mx4.example", &["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1"][..]),
        ("mx5.example", &["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.1"]),
    ];
    let rig = Rig::new(&[port], |settings| settings.resolver = Arc::new(Names::of(&names))).await;
    let connected = rig.open(&format!("host=mx4.example&port={port}")).await.connected().await;
    assert_eq!(connected.address.to_string(), format!("127.0.0.1:{port}"));
    let refusal = rig.open(&format!("host=mx5.example&port={port}")).await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::ConnectionRefused);
    assert!(refusal.message.ends_with("(4 addresses were tried.)"), "{}", refusal.message);
}

#[tokio::test]
async fn the_deny_file_counts_for_names_and_addresses_and_can_change() {
    let server = Server::new().await;
    let port = server.port();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "denied.example\n").unwrap();
    let names = Names::of(&[
        ("mx.denied.example", &["127.0.0.1"]),
        ("mx.example", &["127.0.0.1"]),
        ("nat64.example", &["64:ff9b::808:808"]),
    ]);
    let rig = Rig::new(&[port], |settings| {
        settings.allow_nets.push("64:ff9b::/96".parse().unwrap());
        settings.deny_file = Some(file.path().to_owned());
        settings.resolver = Arc::new(names);
    })
    .await;
    let denied = format!("host=mx.denied.example&port={port}");
    let denied_by_address = format!("host=mx.denied.example&address=127.0.0.1&port={port}");
    let other = format!("host=mx.example&port={port}");
    assert_eq!(code(&rig.open(&denied).await.refused().await), RefusalCode::Blocked);
    assert_eq!(code(&rig.open(&denied_by_address).await.refused().await), RefusalCode::Blocked);
    rig.open(&other).await.connected().await;

    std::fs::write(file.path(), "127.0.0.0/8\n8.8.8.8\n").unwrap();
    assert_eq!(rig.deny.reload(), Ok(2));
    assert_eq!(code(&rig.open(&other).await.refused().await), RefusalCode::Blocked);
    // Behind NAT64 it is the same server.
    for query in ["host=nat64.example", "host=[64:ff9b::808:808]", "host=[::ffff:8.8.8.8]"] {
        let refusal = rig.open(&format!("{query}&port={port}")).await.refused().await;
        assert_eq!(code(&refusal), RefusalCode::Blocked);
        assert!(refusal.message.starts_with("The operator of this relay does not"), "{}", refusal.message);
    }
}

#[tokio::test]
async fn a_query_that_names_no_target_is_answered_with_what_to_do() {
    let rig = Rig::new(&[], |_| {}).await;
    let origin = rig.origin();
    let fields = [("origin", origin.as_str()), ("sec-websocket-protocol", "heloscope.v1")];
    for query in [
        "",
        "host=mx.example",
        "port=25",
        "host=&port=25",
        "host=mx.example&port=",
        "host=mx.example&port=65536",
        "host=mx.example&port=-25",
        "host=mx.example&port=25&mode=implicit",
        "host=mx.example&host=mx2.example&port=25",
        "host=mx.example&port=25&address=mx2.example",
        "host=127.1&port=25",
        "host=0x7f.1&port=25",
        "host=2130706433&port=25",
        "host=0177.0.0.1&port=25",
        "host=%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1&port=25", // full-width 127.0.0.1
        "host=fe80::1%25eth0&port=25",
        "host=mx.example%00.evil.example&port=25",
        "host=mx.example&port=25&address=127.1",
        "host=mx.example&port=25&address=fe80::1%25eth0",
    ] {
        let (status, body) = rig.upgrade(query, &fields).await.err().expect("no WebSocket");
        assert_eq!(status, 400, "{query}");
        assert!(body.contains("/v1/connect?host=mx1.example.com&port=25."), "{body}");
    }
    let (_, body) = rig.upgrade("host=127.1&port=25", &fields).await.err().unwrap();
    assert!(
        body.starts_with(
            "host cannot be `127.1`: write an IPv4 address as four decimal numbers, such as 192.0.2.1"
        ),
        "{body}"
    );
}

#[tokio::test]
async fn a_websocket_of_another_protocol_is_none() {
    let rig = Rig::new(&[], |_| {}).await;
    let origin = rig.origin();
    for protocol in [None, Some("chat"), Some("heloscope.v2")] {
        let fields: Vec<_> = [("origin", origin.as_str())]
            .into_iter()
            .chain(protocol.map(|protocol| ("sec-websocket-protocol", protocol)))
            .collect();
        let (status, body) = rig.upgrade("host=127.0.0.1&port=25", &fields).await.err().unwrap();
        assert_eq!(status, 400);
        assert!(body.contains("heloscope.v1"), "{body}");
    }
    let plain =
        rig.ask("GET /v1/connect?host=127.0.0.1&port=25 HTTP/1.1", &[&format!("Origin: {origin}")]).await;
    assert_eq!(plain.status(), 400);
    assert!(plain.text().contains("Open a WebSocket"), "{}", plain.text());
}
