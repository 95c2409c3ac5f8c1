//! What the log keeps to itself.

use std::io::{BufRead, BufReader, Read};

use tokio::io::AsyncWriteExt;

use crate::command::{relay, signal};
use crate::rig::{Server, upgrade};

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
