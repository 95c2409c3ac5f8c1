//! A relay whose network lets nothing out to a port.

use std::io::{BufRead, BufReader};

use heloscope_observation::RefusalCode;
use heloscope_relay::Settings;
use heloscope_wire::About;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::yield_now;

use crate::command::{relay, signal};
use crate::monitor::wait_for;
use crate::rig::{Rig, SHORT, Server, code};

/// A port of every address of 127.0.0.0/8 on which nothing answers.
struct Hole {
    port: u16,
    _listener: TcpListener,
    _filling: TcpStream,
}

impl Hole {
    /// Linux drops the SYN for a listener whose backlog is full: the first connection fills it.
    async fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("0.0.0.0:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let port = listener.local_addr().unwrap().port();
        let filling = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        Self { port, _listener: listener, _filling: filling }
    }
}

/// The ports that the relay says it cannot reach.
async fn unreachable(rig: &Rig) -> Vec<u16> {
    let answer = rig.ask("GET /v1/about HTTP/1.1", &[]).await;
    serde_json::from_slice::<About>(&answer.body).unwrap().unreachable_ports
}

async fn refused(rig: &Rig, host: &str, port: u16) -> (RefusalCode, String) {
    let refusal = rig.open(&format!("host={host}&port={port}")).await.refused().await;
    (code(&refusal), refusal.message)
}

fn in_a_hurry(settings: &mut Settings, hole: &Hole) {
    settings.scarce_port = hole.port;
    settings.limits.connect = SHORT;
}

#[tokio::test]
async fn it_learns_from_what_it_is_asked_to_test() {
    let (hole, server) = (Hole::new().await, Server::new().await);
    let rig = Rig::new(&[hole.port, server.port()], |settings| in_a_hurry(settings, &hole)).await;
    rig.open(&format!("host=127.0.0.1&port={}", server.port())).await.connected().await;
    for host in ["127.0.1.1", "127.0.2.1"] {
        assert_eq!(refused(&rig, host, hole.port).await.0, RefusalCode::ConnectTimeout, "it may be down");
    }
    assert_eq!(unreachable(&rig).await, [0; 0]);

    // The third network is one too many for all of them to be down.
    let (code, message) = refused(&rig, "127.0.3.1", hole.port).await;
    assert_eq!(code, RefusalCode::Blocked);
    assert!(message.starts_with(&format!("This relay cannot reach port {}: ", hole.port)), "{message}");
    assert_eq!(unreachable(&rig).await, [hole.port]);
    // It still tries.
    assert_eq!(refused(&rig, "127.0.4.1", hole.port).await.0, RefusalCode::Blocked);
}

#[tokio::test]
async fn a_host_to_probe_tells_it_at_once() {
    let hole = Hole::new().await;
    let rig = Rig::new(&[hole.port], |settings| {
        in_a_hurry(settings, &hole);
        settings.port_25_probe = Some("127.0.0.1".parse().unwrap());
    })
    .await;
    while unreachable(&rig).await != [hole.port] {
        yield_now().await;
    }
    assert_eq!(refused(&rig, "127.0.1.1", hole.port).await.0, RefusalCode::Blocked);
}

#[tokio::test]
async fn a_host_to_probe_that_is_down_is_outweighed_by_a_mail_server_that_answers() {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[port], |settings| {
        settings.scarce_port = port;
        // The mail server listens on 127.0.0.1 alone.
        settings.port_25_probe = Some("127.0.1.1".parse().unwrap());
        settings.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    wait_for(&rig, &format!("heloscope_port_blocked{{port=\"{port}\"}} 1")).await;
    assert_eq!(unreachable(&rig).await, [port]);
    rig.open(&format!("host=127.0.0.1&port={port}")).await.connected().await;
    wait_for(&rig, &format!("heloscope_port_blocked{{port=\"{port}\"}} 0")).await;
    assert_eq!(unreachable(&rig).await, [0; 0]);
}

#[test]
fn the_log_names_the_host_to_probe_its_addresses_and_what_is_wrong() {
    let options = ["--listen", "127.0.0.1:0", "--allow-net", "127.0.0.0/8", "--port-25-probe", "127.0.25.1"];
    let mut child = relay(&options).args(["--log-format", "json"]).spawn().unwrap();
    let log = BufReader::new(child.stderr.take().unwrap()).lines();
    let lines = log.map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
    let warned: Vec<_> = lines.filter(|line| line["level"] == "WARN").take(2).collect();
    signal(&child, "TERM");
    assert!(child.wait().unwrap().success());
    assert_eq!(warned[0]["message"], "the host to probe does not answer");
    assert_eq!(warned[0]["host"], "127.0.25.1");
    assert_eq!(warned[0]["error"], "127.0.25.1:25: Connection refused (os error 111)");
    assert_eq!(warned[1]["message"], "this relay cannot reach the port: its network lets none out");
}
