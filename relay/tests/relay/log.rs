//! What the log tells, and what it keeps to itself.

use std::io::{BufRead, BufReader, Read};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::command::{relay, signal};
use crate::rig::{Server, ask, upgrade};

#[tokio::test]
async fn at_no_level_does_it_hold_what_was_said() {
    for format in ["text", "json"] {
        let server = Server::new().await;
        let port = server.port();
        let mut command =
            relay(&["--listen", "127.0.0.1:0", "--allow-net", "127.0.0.0/8", "--log-level", "trace"]);
        command.args(["--token", "0123456789abcdef", "--log-format", format]);
        let mut child = command.args(["--allow-port", &format!("{port}/starttls")]).spawn().unwrap();
        let mut place = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut place).unwrap();
        let (_, address) = place.split_once("http://").unwrap();
        let address = address.split('/').next().unwrap().parse().unwrap();

        let fields =
            [("sec-websocket-protocol", "heloscope.v1"), ("authorization", "Bearer 0123456789abcdef")];
        let mut client = upgrade(address, &format!("host=127.0.0.1&port={port}"), &fields).await.unwrap();
        client.connected().await;
        let mut stream = server.accept().await;
        stream.write_all(b"220 mx.secret.example\r\n").await.unwrap();
        assert_eq!(client.hear().await.into_data(), &b"220 mx.secret.example\r\n"[..]);
        client.say(format!(r#"{{"client_write_key":"{}"}}"#, "c0ffee".repeat(10))).await;
        client.hear_out().await;

        signal(&child, "TERM");
        assert!(child.wait().unwrap().success());
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(log.contains("closed guard"), "{log}");
        for unwanted in ["mx.secret.example", "c0ffee", "client_write_key", "0123456789abcdef", "TRACE"] {
            assert!(!log.contains(unwanted), "{format}, {unwanted}: {log}");
        }
    }
}

#[tokio::test]
async fn who_is_turned_away_before_there_is_a_session_stands_in_it() {
    let mut command =
        relay(&["--listen", "127.0.0.1:0", "--token", "0123456789abcdef", "--log-format", "json"]);
    let mut child = command.spawn().unwrap();
    let mut place = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut place).unwrap();
    let (_, address) = place.split_once("http://").unwrap();
    let address = address.split('/').next().unwrap().parse().unwrap();
    let protocol = ("sec-websocket-protocol", "heloscope.v1");
    for field in [
        ("authorization", "Bearer fedcba9876543210"),
        ("authorization", "Basic fedcba9876543210"),
        ("origin", "https://evil.example"),
    ] {
        let refused = upgrade(address, "host=mx.example&port=25", &[protocol, field]).await.err().unwrap();
        assert_eq!(refused.0, 403);
    }
    assert_eq!(ask(address, "GET / HTTP/1.1", &["Host: evil.example"]).await.status(), 421);
    for _ in 0..20 {
        assert_eq!(ask(address, "GET / HTTP/1.1", &[]).await.status(), 400);
    }

    signal(&child, "TERM");
    assert!(child.wait().unwrap().success());
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(!log.contains("fedcba9876543210"), "{log}");
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<Value> = lines
        .filter(|line| line["message"] == "turned away")
        .map(|mut line| {
            ["level", "client", "host", "port", "ending", "named", "status"]
                .map(|field| line[field].take())
                .into()
        })
        .collect();
    let none = || json!(["INFO", "127.0.0.0/24", null, null, "no host", null, 400]);
    assert_eq!(
        told,
        [
            json!(["INFO", "127.0.0.0/24", "mx.example", 25, "another token", null, 403]),
            json!(["INFO", "127.0.0.0/24", "mx.example", 25, "no token", null, 403]),
            json!(["INFO", "127.0.0.0/24", "mx.example", 25, "another site", "https://evil.example", 403]),
            json!(["INFO", "127.0.0.0/24", null, null, "another host", "evil.example", 421]),
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
        ]
    );
}

/// Else the log would name a host that was not connected to.
#[tokio::test]
async fn the_address_that_a_client_names_stands_beside_the_host() {
    let server = Server::new().await;
    let port = server.port();
    let mut command =
        relay(&["--listen", "127.0.0.1:0", "--allow-net", "127.0.0.0/8", "--log-format", "json"]);
    command.args(["--token", "0123456789abcdef", "--allow-port", &format!("{port}/starttls")]);
    let mut child = command.spawn().unwrap();
    let mut place = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut place).unwrap();
    let (_, address) = place.split_once("http://").unwrap();
    let address = address.split('/').next().unwrap().parse().unwrap();
    let fields = [("sec-websocket-protocol", "heloscope.v1"), ("authorization", "Bearer 0123456789abcdef")];
    for target in ["host=mx.example&address=127.0.0.1", "host=127.0.0.1"] {
        let mut client = upgrade(address, &format!("{target}&port={port}"), &fields).await.unwrap();
        client.connected().await;
        drop(server.accept().await);
        client.hear_out().await;
    }
    // A literal has no other address than itself.
    let query = format!("host=127.0.0.1&address=127.0.0.2&port={port}");
    let (status, why) = upgrade(address, &query, &fields).await.err().unwrap();
    assert_eq!(status, 400);
    assert!(
        why.starts_with(
            "address cannot be `127.0.0.2`: the host is the address 127.0.0.1, which has no other"
        ),
        "{why}"
    );

    signal(&child, "TERM");
    assert!(child.wait().unwrap().success());
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<Value> = lines
        .filter(|line| line["message"] == "session")
        .map(|mut line| ["host", "address", "port"].map(|field| line[field].take()).into())
        .collect();
    assert_eq!(told, [json!(["mx.example", "127.0.0.1", port]), json!(["127.0.0.1", null, port])]);
}
