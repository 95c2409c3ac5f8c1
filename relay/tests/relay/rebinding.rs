//! Names that are to lead the relay where it may not go, asked of a real name server by the system's own resolver.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use heloscope_observation::RefusalCode;
use hickory_server::proto::rr::RecordType::{A, AAAA};
use tokio::time::{sleep, timeout};

use crate::name_server::{Answers, Named};
use crate::rig::{SHORT, code};

/// The same port of some loopback addresses, none of which waits for a connection.
fn listeners<const N: usize>(last: [u8; N]) -> ([TcpListener; N], u16) {
    let first = TcpListener::bind((Ipv4Addr::new(127, 0, 0, last[0]), 0)).unwrap();
    let port = first.local_addr().unwrap().port();
    let mut first = Some(first);
    let listeners = last.map(|last| {
        first.take().unwrap_or_else(|| TcpListener::bind((Ipv4Addr::new(127, 0, 0, last), port)).unwrap())
    });
    for listener in &listeners {
        listener.set_nonblocking(true).unwrap();
    }
    (listeners, port)
}

fn was_dialled(listener: &TcpListener) -> bool {
    listener.accept().is_ok()
}

/// The message with which the relay refuses to connect there by its rules.
async fn blocked(relay: &Named, query: &str) -> String {
    let refusal = relay.open(query).await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::Blocked, "{query}");
    refusal.message
}

/// One look-up: both kinds of address, each asked for once.
fn once(name: &str) -> Vec<(String, hickory_server::proto::rr::RecordType)> {
    vec![(name.to_owned(), A), (name.to_owned(), AAAA)]
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_the_address_that_was_checked_is_dialled() {
    let ([good, bad], port) = listeners([1, 2]);
    let port_option = format!("{port}/starttls");
    let options = ["--allow-port", &port_option, "--allow-net", "127.0.0.1/32"];
    let names: [(&str, Answers); 2] = [
        ("moving.rebinding.test", &[&["127.0.0.1"], &["127.0.0.2"]]),
        ("coming.rebinding.test", &[&["127.0.0.2"], &["127.0.0.1"]]),
    ];
    let Some(relay) = Named::new(&options, &names).await else { return };

    // The second answer is forbidden, and is not asked for.
    let moving = format!("host=moving.rebinding.test&port={port}");
    let connected = relay.open(&moving).await.connected().await;
    assert_eq!(connected.address.to_string(), format!("127.0.0.1:{port}"));
    assert!(connected.resolve_ms.is_some());
    assert_eq!(relay.asked(), once("moving.rebinding.test"));
    assert!(was_dialled(&good) && !was_dialled(&bad));

    // Nor is a name asked for again until it has an answer that will do.
    let coming = format!("host=coming.rebinding.test&port={port}");
    let message = blocked(&relay, &coming).await;
    assert!(message.contains("127.0.0.2"), "{message}");
    assert_eq!(relay.asked(), once("coming.rebinding.test"));
    assert!(!was_dialled(&good) && !was_dialled(&bad));
}

#[tokio::test]
async fn each_connection_looks_its_name_up_anew() {
    let ([good, bad], port) = listeners([1, 2]);
    let port_option = format!("{port}/starttls");
    let options = ["--allow-port", &port_option, "--allow-net", "127.0.0.1/32"];
    // Both questions of the first look-up count as the first: the answers are counted by kind.
    let names: [(&str, Answers); 1] = [("moving.rebinding.test", &[&["127.0.0.1"], &["127.0.0.2"]])];
    let Some(relay) = Named::new(&options, &names).await else { return };
    let query = format!("host=moving.rebinding.test&port={port}");
    relay.open(&query).await.connected().await;
    assert!(was_dialled(&good));
    blocked(&relay, &query).await;
    assert_eq!(relay.asked().len(), 4);
    assert!(!was_dialled(&good) && !was_dialled(&bad));
}

#[tokio::test]
async fn one_forbidden_address_of_a_name_forbids_all() {
    let ([good, bad], port) = listeners([1, 2]);
    let port_option = format!("{port}/starttls");
    let options = ["--allow-port", &port_option, "--allow-net", "127.0.0.1/32"];
    let names: [(&str, Answers); 17] = [
        ("good.test", &[&["127.0.0.1"]]),
        ("alias.good.test", &[&["127.0.0.1"]]),
        ("alias.bad.test", &[&["127.0.0.2"]]),
        ("neighbour.test", &[&["127.0.0.1", "127.0.0.2"]]),
        ("private.test", &[&["10.0.0.1", "127.0.0.1"]]),
        ("metadata.test", &[&["127.0.0.1", "169.254.169.254"]]),
        ("loopback.test", &[&["127.0.0.1", "::1"]]),
        ("mapped.test", &[&["127.0.0.1", "::ffff:127.0.0.1"]]),
        ("compatible.test", &[&["127.0.0.1", "::127.0.0.1"]]),
        ("nat64.test", &[&["127.0.0.1", "64:ff9b::127.0.0.1"]]),
        ("localnat64.test", &[&["127.0.0.1", "64:ff9b:1::127.0.0.1"]]),
        ("6to4.test", &[&["127.0.0.1", "2002:7f00:1::1"]]),
        ("teredo.test", &[&["127.0.0.1", "2001:0:4136:e378:8000:63bf:80ff:fffe"]]),
        ("isatap.test", &[&["127.0.0.1", "2a00:1450::5efe:7f00:1"]]),
        ("ula.test", &[&["127.0.0.1", "fd00:ec2::254"]]),
        ("site.test", &[&["127.0.0.1", "fec0::1"]]),
        ("link.test", &[&["127.0.0.1", "fe80::1"]]),
    ];
    let Some(relay) = Named::new(&options, &names).await else { return };
    for (name, answers) in names {
        let query = format!("host={name}&port={port}");
        if name.ends_with("good.test") {
            relay.open(&query).await.connected().await;
            assert!(was_dialled(&good), "{name}");
        } else {
            blocked(&relay, &query).await;
        }
        assert_eq!(relay.asked(), once(name), "{answers:?}");
        assert!(!was_dialled(&good) && !was_dialled(&bad), "{name}");
    }
}

/// Else strangers could list the operator's own names, and where they lead.
#[tokio::test]
async fn a_public_relay_does_not_say_where_a_forbidden_name_leads() {
    let names: [(&str, Answers); 2] =
        [("db.corp.internal", &[&["10.77.3.9"]]), ("mapped.corp.internal", &[&["::ffff:10.77.3.9"]])];
    let public = ["--public", "--ehlo-name", "[192.0.2.1]", "--contact", "me@example.org"];
    let origin = ["--origin", "https://relay.example.org"];
    let Some(relay) = Named::new(&[&public[..], &origin].concat(), &names).await else { return };
    for (name, _) in names {
        assert_eq!(
            blocked(&relay, &format!("host={name}&port=25")).await,
            format!(
                "The name {name} leads to an address to which this relay does not connect, such as a private one."
            )
        );
        relay.asked();
    }
    // Who runs it learns it.
    let log = relay.log();
    let line = log.lines().find(|line| line.contains("refused a name")).expect(&log);
    assert!(line.contains("host=db.corp.internal") && line.contains("address=10.77.3.9"), "{line}");

    // What the client itself wrote is no secret.
    for query in ["host=10.77.3.9", "host=db.corp.internal&address=10.77.3.9"] {
        let message = blocked(&relay, &format!("{query}&port=25")).await;
        assert!(message.contains("10.77.3.9"), "{message}");
    }

    // A name without a dot is not looked up at all, be it in /etc/hosts or not.
    for name in ["localhost", "db"] {
        assert_eq!(
            blocked(&relay, &format!("host={name}&port=25")).await,
            format!(
                "This relay does not look up {name}, as no dot is in that name. Write the full name of the host."
            )
        );
    }
    assert_eq!(relay.asked(), []);
}

#[tokio::test]
async fn a_look_up_that_was_given_up_counts_until_it_has_ended() {
    let options = ["--limit-resolve", "1", "--limit-lookups", "2", "--quota-client", "off"];
    let Some(relay) = Named::new(&options, &[]).await else { return };
    let mut hanging =
        [relay.open("host=silent.one.test&port=25").await, relay.open("host=silent.two.test&port=25").await];
    for client in &mut hanging {
        assert_eq!(code(&client.refused().await), RefusalCode::ResolveFailed);
    }
    // Given up after 1 s; the system's resolver has patience for 5.
    let refusal = relay.open("host=missing.test&port=25").await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::Quota, "{}", refusal.message);
    assert_eq!(relay.asked(), []);
    let room = async {
        loop {
            match code(&relay.open("host=missing.test&port=25").await.refused().await) {
                RefusalCode::Quota => sleep(SHORT).await,
                other => return other,
            }
        }
    };
    assert_eq!(timeout(Duration::from_secs(30), room).await, Ok(RefusalCode::NameNotFound));
}

#[tokio::test]
async fn no_spelling_of_a_loopback_address_leads_there() {
    let ([loopback, other], port) = listeners([1, 2]);
    let port_option = format!("{port}/starttls");
    let Some(relay) = Named::new(&["--allow-port", &port_option], &[]).await else { return };
    for host in [
        "127.0.0.1",
        "127.0.0.2",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "127.0.0.1.0",
        "127.0.0.01",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0",
        "0.0.0.0",
        "[127.0.0.1]",
        "[::1]",
        "::1",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[::1%25lo]",
        "[fe80::1%25lo]",
        "fe80::1%25lo",
        "%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1", // full-width digits
        "127%E3%80%820%E3%80%820%E3%80%821", // ideographic full stops
        "%E2%91%A0%E2%91%A1%E2%91%A6.0.0.1", // circled digits
        "%E2%93%9Bocalhost",                 // a circled letter
        "127.0.0.1%00.example.org",
        "127.0.0.1%20",
        "%20127.0.0.1",
        "127.0.0.1%0a",
        "127.0.0.1:25",
        "user@127.0.0.1",
        "127.0.0.1/",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "localhost.localdomain",
    ] {
        for query in
            [format!("host={host}&port={port}"), format!("host=mx.example&address={host}&port={port}")]
        {
            match relay.upgrade(&query).await {
                Err((status, _)) => assert_eq!(status, 400, "{query}"),
                Ok(mut client) => {
                    let refusal = client.refused().await;
                    let codes = [RefusalCode::Blocked, RefusalCode::NameNotFound];
                    assert!(codes.contains(&refusal.code), "{query}: {refusal:?}");
                }
            }
            assert!(!was_dialled(&loopback) && !was_dialled(&other), "{query}");
        }
    }
}
