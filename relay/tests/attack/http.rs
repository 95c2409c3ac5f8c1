//! By what HTTP can do before there is a WebSocket, or around it: the relay is no other proxy, and its guard stands
//! wherever a WebSocket comes from.

use std::time::Duration;

use heloscope_interop::OpenPort::StartTls;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::attack::MAIL;
use crate::campaign::{HOST, begin_with, lines_heard, port};
use crate::rig::ask;
use crate::secure::{Browser, Paper};
use crate::websocket::{BINARY, CONTINUATION, FIN, PING, RSV1, frame};

/// Longer than any of the relay's answers takes; some requests wait for more.
const SILENCE: Duration = Duration::from_millis(300);

#[tokio::test]
async fn mail_in_other_requests() {
    let watched = Some("127.0.0.1:0".parse().unwrap());
    let Some((server, rig)) = begin_with(|settings| settings.metrics_listen = watched).await else { return };
    let (own, port) = (rig.address, port(&server, StartTls).port);
    let target = format!("/v1/connect?host={HOST}&port={port}");
    let sound = format!(
        "Host: {own}\r\nOrigin: http://{own}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    );
    let protocol = "Sec-WebSocket-Protocol: heloscope.v1\r\n";
    let many: String = (0..500).map(|number| format!("chat{number}, ")).collect();
    let upgrade = |fields: &str| format!("GET {target} HTTP/1.1\r\n{sound}{protocol}{fields}\r\n");
    let other = |from: &str, to: &str| upgrade("").replace(from, to);
    let origin = format!("Origin: http://{own}");
    let whole = [upgrade("").as_bytes(), &frame(FIN | BINARY, MAIL)].concat();
    let smuggled = format!(
        "POST / HTTP/1.1\r\nHost: {own}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{}",
        other(&format!("{origin}\r\n"), "")
    );
    let mut faults = Vec::new();
    for (name, request, statuses) in [
        ("a frame in the segment of the request", whole.clone(), &[101][..]),
        ("clear text in the segment of the request", [upgrade("").as_bytes(), MAIL].concat(), &[101]),
        ("a body", upgrade(&format!("Content-Length: {}\r\n", MAIL.len())).into(), &[101]),
        ("many sub-protocols", other("heloscope.v1", &format!("{many}heloscope.v1")).into(), &[101]),
        ("no sub-protocol of the relay's", other("heloscope.v1", &many).into(), &[400]),
        (
            "compression",
            [
                upgrade("Sec-WebSocket-Extensions: permessage-deflate\r\n").as_bytes(),
                &frame(FIN | RSV1 | BINARY, MAIL),
            ]
            .concat(),
            &[101],
        ),
        (
            "CONNECT to the server",
            format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: {own}\r\n\r\n").into(),
            &[421],
        ),
        (
            "CONNECT to the relay",
            format!("CONNECT {own} HTTP/1.1\r\nHost: {own}\r\n{origin}\r\n\r\n").into(),
            &[404, 405],
        ),
        ("CONNECT as in HTTP/2", other("GET", "CONNECT").into(), &[400, 421]),
        ("the server in absolute form", other(&target, &format!("http://127.0.0.1:{port}/")).into(), &[421]),
        (
            "another relay in absolute form",
            other(&target, &format!("http://evil.example{target}")).into(),
            &[421],
        ),
        ("another Host", other(&format!("Host: {own}"), &format!("Host: 127.0.0.1:{port}")).into(), &[421]),
        ("a Host with a user", other(&format!("Host: {own}"), &format!("Host: a@{own}")).into(), &[421]),
        ("two Hosts", upgrade(&format!("Host: {own}\r\n")).into(), &[400]),
        ("no Origin", other(&format!("{origin}\r\n"), "").into(), &[403]),
        ("two Origins", upgrade(&format!("{origin}\r\n")).into(), &[403]),
        (
            "an Origin that begins as its own",
            other(&origin, &format!("{origin}.evil.example")).into(),
            &[403],
        ),
        ("an Origin in capital letters", other(&origin, &origin.replace("http", "HTTP")).into(), &[403]),
        ("line breaks in the host", other(HOST, "a%0d%0aMAIL%20FROM:a").into(), &[400]),
        ("line breaks in the address", other("&port", "&address=127.0.0.1%0d%0a&port").into(), &[400]),
        ("two hosts", other("&port", &format!("&host={HOST}&port")).into(), &[400]),
        ("HTTP/1.0", other("HTTP/1.1", "HTTP/1.0").into(), &[400, 426]),
        ("HTTP/2 in clear", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[0, 400, 505]),
        (
            "an upgrade to HTTP/2",
            other("Upgrade: websocket", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__").into(),
            &[400, 426],
        ),
        ("a request behind a body of two lengths", smuggled.into(), &[400, 403, 405]),
        ("a header that is too long", upgrade(&format!("X-A: {}\r\n", "a".repeat(20_000))).into(), &[431]),
        ("SMTP in the place of HTTP", MAIL.to_vec(), &[0, 400]),
    ] {
        let answer = answer(own, &request).await;
        if !statuses.contains(&answer) {
            faults.push(format!("{name}: {answer}"));
        }
    }
    assert_eq!(lines_heard(&server, StartTls).await, [""; 0]);
    assert_eq!(server.queued().unwrap(), 0);
    // Not that the server has read them and said nothing: nothing went up.
    let metrics = ask(rig.metrics.unwrap(), "GET /metrics HTTP/1.1", &["Host: a"]).await;
    let up = metrics.text().lines().find(|line| line.starts_with("heloscope_octets_total{direction=\"up\"}"));
    assert_eq!(up, Some("heloscope_octets_total{direction=\"up\"} 0"));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Sends octets, reads, and sends mail, in a frame and in clear; gives the status of the first answer, or 0 where there
/// is none.
async fn answer(relay: std::net::SocketAddr, request: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(relay).await.unwrap();
    // The relay may close before it has read all.
    let _ = stream.write_all(request).await;
    let mut heard = Vec::new();
    let _ = timeout(SILENCE, stream.read_to_end(&mut heard)).await;
    for more in [frame(FIN | BINARY, MAIL), MAIL.to_vec()] {
        let _ = stream.write_all(&more).await;
    }
    let _ = stream.shutdown().await;
    let _ = timeout(SILENCE * 10, stream.read_to_end(&mut heard)).await;
    let answer = String::from_utf8_lossy(&heard);
    answer.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn mail_over_http_2() {
    let paper = Paper::new();
    let Some((server, rig)) = begin_with(|settings| settings.tls = Some(paper.files())).await else { return };
    let query = format!("host={HOST}&port={}", port(&server, StartTls).port);
    let mut browser = Browser::new(&rig, &paper).await;
    assert!(browser.settled().await);
    let (head, tail) = MAIL.split_at(12);
    let pieces: Vec<u8> = MAIL.iter().flat_map(|octet| frame(CONTINUATION, &[*octet])).collect();
    for (name, raw) in [
        ("a frame", frame(FIN | BINARY, MAIL)),
        ("two frames with a ping between", {
            [frame(BINARY, head), frame(FIN | PING, MAIL), frame(FIN | CONTINUATION, tail)].concat()
        }),
        ("a frame an octet", [frame(BINARY, b""), pieces, frame(FIN | CONTINUATION, b"")].concat()),
        ("compressed", frame(FIN | RSV1 | BINARY, MAIL)),
    ] {
        let mut client = browser.open(&query).await;
        client.connected().await;
        assert!(client.hear().await.into_data().starts_with(b"220 "), "{name}");
        client.socket.get_mut().write_all(&raw).await.unwrap();
        let closed = loop {
            // A ping has its answer before that.
            match client.hear().await {
                Message::Text(text) => break text,
                other => assert!(other.is_pong(), "{name}: {other:?}"),
            }
        };
        assert_eq!(closed.as_str(), r#"{"closed":{"cause":"guard"}}"#, "{name}");
    }
    assert_eq!(lines_heard(&server, StartTls).await, [""; 0]);
    assert_eq!(server.queued().unwrap(), 0);
}
