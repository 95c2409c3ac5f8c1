//! What those who watch the relay get to know.

use std::sync::Arc;
use std::time::Duration;

use heloscope_wire::CloseCause;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::rig::{Names, Rig, Server, ask};
use crate::secure::secure;

/// The samples, without what they mean.
async fn metrics(rig: &Rig) -> Vec<String> {
    let answer = ask(rig.metrics.unwrap(), "GET /metrics HTTP/1.1", &["Host: anything"]).await;
    assert_eq!(answer.status(), 200);
    let media_type = answer.field("content-type").unwrap();
    assert_eq!(media_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(answer.text().ends_with("# EOF\n"));
    answer.text().lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// Asks until this sample is there: what a session was is counted a moment after its client knows.
pub(crate) async fn wait_for(rig: &Rig, sample: &str) {
    let appears = async {
        while !metrics(rig).await.iter().any(|line| line == sample) {
            tokio::task::yield_now().await;
        }
    };
    if timeout(Duration::from_secs(5), appears).await.is_err() {
        panic!("no {sample} in {:#?}", metrics(rig).await);
    }
}

#[tokio::test]
async fn sessions_are_counted_by_how_they_end() {
    let server = Server::new().await;
    let port = server.port();
    let rig = Rig::new(&[port], |settings| {
        settings.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
        settings.quotas.client = "2/9/9".parse().ok();
        settings.resolver = Arc::new(Names::default());
    })
    .await;
    let query = format!("host=127.0.0.1&port={port}");
    let mut client = rig.open(&query).await;
    let mut stream = server.accept().await;
    client.connected().await;
    wait_for(&rig, "heloscope_sessions_open 1").await;
    stream.write_all(b"220 mx.example\r\n").await.unwrap();
    client.hear().await;
    client.say(&b"EHLO relay.example\r\n"[..]).await;
    stream.read_exact(&mut [0; 20]).await.unwrap();
    drop(stream);
    assert_eq!(client.hear_out().await.2, CloseCause::Server);
    rig.open("host=missing.example&port=25").await.refused().await;
    let mut others = Vec::new();
    for _ in 0..2 {
        let mut other = rig.open(&query).await;
        other.connected().await;
        others.push(other);
    }
    rig.open(&query).await.refused().await;
    rig.ask("GET /missing HTTP/1.1", &[]).await;

    for sample in [
        "heloscope_build_info{version=\"0.1.0\"} 1",
        "heloscope_sessions_total{ending=\"refused name_not_found\"} 1",
        "heloscope_sessions_total{ending=\"closed server\"} 1",
        "heloscope_octets_total{direction=\"down\"} 16",
        "heloscope_sessions_total{ending=\"refused quota\"} 1",
        "heloscope_session_duration_seconds_count 3",
        "heloscope_octets_total{direction=\"up\"} 20",
        "heloscope_quota_refusals_total{of=\"client\",per=\"concurrent\"} 1",
        "heloscope_quota_counters{of=\"client\"} 1",
        "heloscope_quota_counters{of=\"target_network\"} 1",
        "heloscope_http_answers_total{status=\"101\"} 5",
        "heloscope_http_answers_total{status=\"404\"} 1",
        "heloscope_sessions_open 2",
    ] {
        wait_for(&rig, sample).await;
    }
    assert!(!metrics(&rig).await.iter().any(|line| line.contains("example") || line.contains("127.0.0.1")));
}

/// Each status with the answers that had it, those without any among them.
async fn answers(rig: &Rig) -> Vec<(String, u64)> {
    let answered = |line: &String| {
        let (status, number) =
            line.strip_prefix("heloscope_http_answers_total{status=\"")?.split_once("\"} ")?;
        Some((status.to_owned(), number.parse().unwrap()))
    };
    let mut answers: Vec<_> = metrics(rig).await.iter().filter_map(answered).collect();
    answers.sort();
    answers
}

#[tokio::test]
async fn every_status_is_there_from_the_start_and_each_answer_counts() {
    let metered = |settings: &mut heloscope_relay::Settings| {
        settings.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    };
    let rig = Rig::new(&[], metered).await;
    let before = answers(&rig).await;
    assert!(before.iter().all(|(_, number)| *number == 0), "{before:?}");
    rig.open("host=missing.example&port=25").await.refused().await;
    let page = rig.ask("GET / HTTP/1.1", &[]).await;
    let etag = format!("If-None-Match: {}", page.field("etag").unwrap());
    let asked: [(&str, &[&str], u16); 6] = [
        ("GET / HTTP/1.1", &[&etag], 304),
        ("GET /v1/connect HTTP/1.1", &[&format!("Origin: {}", rig.origin())], 400),
        ("GET /v1/connect HTTP/1.1", &[], 403),
        ("GET /missing HTTP/1.1", &[], 404),
        ("DELETE / HTTP/1.1", &[], 405),
        ("GET / HTTP/1.1", &["Host: evil.example"], 421),
    ];
    for (line, fields, status) in asked {
        assert_eq!(rig.ask(line, fields).await.status(), status, "{line} {fields:?}");
    }
    let counted = |statuses: &[u16]| {
        let number = |status: &str| statuses.iter().any(|counted| counted.to_string() == status).into();
        before.iter().map(|(status, _)| (status.clone(), number(status))).collect::<Vec<_>>()
    };
    assert_eq!(answers(&rig).await, counted(&[101, 200, 304, 400, 403, 404, 405, 421]));

    let (rig, _) = secure(&[], metered).await;
    assert_eq!(rig.ask("GET / HTTP/1.1", &[]).await.status(), 307);
    assert_eq!(rig.ask("GET / HTTP/1.1", &["Host: evil.example"]).await.status(), 421);
    assert_eq!(answers(&rig).await, counted(&[307, 421]));
}

#[tokio::test]
async fn a_relay_that_stops_is_not_ready_but_still_healthy() {
    let server = Server::new().await;
    let port = server.port();
    let mut rig = Rig::new(&[port], |settings| {
        settings.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let monitor = rig.metrics.unwrap();
    let status =
        async |path: &str| ask(monitor, &format!("GET {path} HTTP/1.1"), &["Host: anything"]).await.status();
    let mut client = rig.open(&format!("host=127.0.0.1&port={port}")).await;
    let stream = server.accept().await;
    client.connected().await;
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 200));
    assert_eq!((status("/").await, status("/v1/about").await), (404, 404));
    let nothing = ask(monitor, "GET / HTTP/1.1", &["Host: anything"]).await;
    assert_eq!(nothing.text(), "here are /healthz, /readyz and /metrics\n");

    rig.stop.cancel();
    let stopping = async {
        while status("/readyz").await != 503 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), stopping).await.unwrap();
    assert_eq!((status("/healthz").await, status("/metrics").await), (200, 200));
    drop(stream);
    client.hear_out().await;
    (&mut rig.serving).await.unwrap();
    assert!(tokio::net::TcpStream::connect(monitor).await.is_err());
}

#[tokio::test]
async fn the_page_s_own_listener_tells_no_metrics() {
    let rig = Rig::new(&[], |_| {}).await;
    for path in ["/metrics", "/readyz"] {
        assert_eq!(rig.ask(&format!("GET {path} HTTP/1.1"), &[]).await.status(), 404, "{path}");
    }
}
