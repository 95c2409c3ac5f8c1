//! The command through a relay, over WebSockets on real sockets.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Output, Stdio};
use std::thread;

use heloscope_observation::PortSpec;
use heloscope_relay::Settings;
use heloscope_wire::Quota;
use serde_json::{Value, json};

use crate::carrier::{Carrier, Paper, TOKEN, request};
use crate::served::{heloscope, report, run, serve, text};

#[test]
fn a_relay_carries_the_same_test() {
    // TLS 1.3 and 1.2 with the proof of the key, a chain with a fault, no TLS at all, and clear text where TLS was to begin.
    for (name, status) in
        [("healthy", 0), ("tls12", 0), ("expired", 2), ("no-starttls", 1), ("starttls-injection", 2)]
    {
        let served = serve(name, &[25]);
        let (_, direct) = report(&mut served.command());
        let port = served.ports[0].parse().expect("it is a port");
        let carrier = Carrier::new(|settings| {
            settings.demo = false;
            settings.ports.push(port);
        });
        let mut command = carrier.command(&format!("{name}.specimen.test"));
        command
            .args(["--address", "127.0.0.1", "--port", &served.ports[0]])
            .arg("--ca-file")
            .arg(served.root());
        let (code, relayed) = report(&mut command);
        assert_eq!(code, status, "{name}: {relayed}");
        assert_eq!(relayed["vantage"], format!("ws://{}", carrier.address), "{name}");
        let (direct, relayed) = (&direct["ports"][0], &relayed["ports"][0]);
        for same in [
            "address",
            "banner",
            "capabilities_before_tls",
            "capabilities_after_tls",
            "tls",
            "chain",
            "checks",
        ] {
            assert_eq!(relayed[same], direct[same], "{name}: {same}");
        }
        let ehlo = text(&relayed["transcript"][1]["text"]);
        assert_eq!(ehlo, "EHLO relay.example", "{name}: the name is the relay's own");
    }
}

#[test]
fn each_connection_is_a_websocket_that_is_brought_to_an_end() {
    let carrier = Carrier::new(|_| {});
    let (status, report) = report(&mut carrier.command("healthy.specimen.test"));
    assert_eq!((status, &report["status"]), (0, &json!("ok")));
    let ports: Vec<&Value> =
        report["ports"].as_array().expect("a list").iter().map(|port| &port["port"]).collect();
    assert_eq!(ports, [25, 465, 587]);
    assert_eq!(carrier.endings(3), [("closed server".to_owned(), 3)]);
}

#[test]
fn a_port_is_one_connection_at_a_time() {
    let ports = [(); 12].map(|()| no_handshake());
    let as_many: Quota = "12/60000/60000".parse().expect("it is a quota");
    let carrier = Carrier::new(|settings| {
        settings.ports.extend(ports);
        settings.quotas.client = Some(as_many);
        settings.quotas.target_address = None;
        settings.quotas.target_network = None;
    });
    for _ in 0..TIMES {
        let mut command = carrier.command("127.0.0.1");
        command.args(ports.iter().flat_map(|port| ["--port".to_owned(), port.to_string()]));
        assert_eq!(report(&mut command).0, 2);
    }
    let connections = TIMES * ports.len() * CONNECTIONS;
    assert_eq!(carrier.endings(connections), [("client_closed".to_owned(), connections)]);

    /// Of each port: with a hello by the library, and with one by hand.
    const CONNECTIONS: usize = 2;
    const TIMES: usize = 8;
}

/// Where a server answers each hello with an alert, and waits for the client to go.
fn no_handshake() -> PortSpec {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || refuse_handshakes(stream));
        }
    });
    format!("{port}/starttls").parse().expect("it is a port")
}

fn refuse_handshakes(mut stream: TcpStream) -> io::Result<()> {
    let mut heard = [0; 4096];
    let handshake_failure = &[0x15, 3, 3, 0, 2, 2, 40][..];
    for said in [
        b"220 mx.example ESMTP\r\n",
        &b"250-mx.example\r\n250 STARTTLS\r\n"[..],
        b"220 2.0.0 Go ahead\r\n",
        handshake_failure,
    ] {
        stream.write_all(said)?;
        if stream.read(&mut heard)? == 0 {
            break;
        }
    }
    Ok(())
}

#[test]
fn a_relay_behind_https_needs_a_certificate_that_is_trusted() {
    let paper = Paper::new();
    let carrier = Carrier::new(|settings| settings.tls = Some(paper.files()));
    let through = |scheme: &str| {
        let mut command = heloscope();
        command.args(["healthy.specimen.test", "--port", "465", "--token", TOKEN]);
        command.args(["--relay", &format!("{scheme}://{}", carrier.address)]);
        command
    };
    for scheme in ["https", "wss"] {
        let (status, report) = report(through(scheme).arg("--relay-ca-file").arg(paper.certificate()));
        assert_eq!((status, &report["status"]), (0, &json!("ok")), "{report}");
        assert_eq!(report["vantage"], format!("wss://{}", carrier.address));
    }
    // What a mail server may be trusted by says nothing of a relay.
    let (status, untrusted) = report(through("https").arg("--ca-file").arg(paper.certificate()));
    assert_eq!((status, &untrusted["status"]), (3, &json!("untested")));
    let error = &untrusted["ports"][0]["error"];
    assert_eq!(error["code"], "relay_unreachable");
    assert!(text(&error["message"]).ends_with("name that with --relay-ca-file."), "{error}");
    let (status, report) = report(&mut through("http"));
    let message = text(&report["ports"][0]["error"]["message"]);
    assert_eq!(status, 3);
    assert!(message.contains("HTTP status 307: This relay speaks HTTPS here: write https://"), "{message}");
}

#[test]
fn a_certificate_for_another_name_is_none() {
    let paper = Paper::new();
    let carrier = Carrier::new(|settings| {
        settings.tls = Some(paper.files());
        settings.origins = vec!["https://localhost".parse().expect("it is an origin")];
    });
    let mut command = heloscope();
    command.args([
        "healthy.specimen.test",
        "--relay",
        &format!("https://localhost:{}", carrier.address.port()),
    ]);
    let (status, report) = report(command.arg("--relay-ca-file").arg(paper.certificate()));
    assert_eq!(status, 3);
    let message = text(&report["ports"][0]["error"]["message"]);
    assert!(message.contains("Its certificate is not for localhost."), "{message}");
}

#[test]
fn who_has_not_the_token_is_told_so() {
    let carrier = Carrier::new(|_| {});
    for token in ["", "fedcba9876543210"] {
        let mut command = carrier.command("healthy.specimen.test");
        let (status, report) = report(command.env("HELOSCOPE_TOKEN", token));
        assert_eq!((status, &report["status"]), (3, &json!("untested")), "{token}");
        let error = &report["ports"][0]["error"];
        assert_eq!(error["code"], "blocked");
        let message = text(&error["message"]);
        let told =
            "The relay asks for its token, which --token or HELOSCOPE_TOKEN gives this command. It answers: ";
        assert!(message.starts_with(told) && message.contains("needs the relay's token"), "{error}");

        // In what is printed for people, the first line says so.
        for (language, headline) in [
            ("en", "Not tested: Nothing could be tested: the relay asks for its token."),
            ("de", "Nicht getestet: Nichts ließ sich testen: das Relay verlangt sein Token."),
        ] {
            let mut command = carrier.command("healthy.specimen.test");
            let (status, out, _) = run(command.args(["--lang", language]).env("HELOSCOPE_TOKEN", token));
            assert_eq!((status, out.lines().next()), (3, Some(headline)), "{out}");
        }
    }
    let (status, _, err) = run(carrier.command("mx.example").env("HELOSCOPE_TOKEN", "two words"));
    assert_eq!(status, 3);
    assert!(err.starts_with("heloscope: HELOSCOPE_TOKEN: a token is made of visible ASCII"), "{err}");
    assert!(!err.contains("two words"), "{err}");
}

#[test]
fn what_the_relay_refuses_is_told_in_its_words() {
    let one_an_hour: Quota = "1/1/1".parse().expect("it is a quota");
    let carrier = Carrier::new(|settings: &mut Settings| {
        settings.allow_nets.clear();
        settings.quotas.client = Some(one_an_hour);
    });
    let (status, report) = report(carrier.command("127.0.0.1").args(["--port", "25", "--port", "587"]));
    assert_eq!((status, &report["status"]), (3, &json!("untested")));
    let mut codes = Vec::new();
    for port in report["ports"].as_array().expect("a list") {
        assert_eq!(
            (&port["connected"], &port["error"]["phase"]),
            (&json!(false), &json!("connect")),
            "{port}"
        );
        codes.push(text(&port["error"]["code"]));
    }
    codes.sort_unstable();
    assert_eq!(codes, ["blocked", "quota"]);
}

#[test]
fn a_relay_that_is_away_leaves_nothing_to_test() {
    let away = TcpListener::bind("127.0.0.1:0").expect("a port is free").local_addr().expect("it is bound");
    let (status, report) =
        report(heloscope().args(["mx.example", "--port", "25", "--relay", &format!("http://{away}")]));
    assert_eq!(
        (status, &report["status"], &report["vantage"]),
        (3, &json!("untested"), &json!(format!("ws://{away}")))
    );
    assert_eq!(
        report["ports"][0]["error"],
        json!({
            "code": "relay_unreachable",
            "message": format!(
                "The relay cannot be reached: 127.0.0.1 refused the connection: nothing listens on port {} there, or a firewall says so.",
                away.port()
            ),
            "phase": "connect"
        })
    );
}

#[test]
fn what_is_no_relay_is_told_from_one() {
    for (answer, told) in [
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\n<p>No</p>",
            "The relay answered with HTTP status 404.",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            "The relay cannot be reached: what answers there is no Heloscope relay of this version.",
        ),
        (
            "220 mx1.example.com ESMTP\r\n",
            "The relay cannot be reached: what answers there is no Heloscope relay of this version.",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}/at/", listener.local_addr().expect("it is bound"));
        let web = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("it is asked");
            let request = request(&stream);
            stream.write_all(answer.as_bytes()).expect("it is heard");
            request
        });
        let (status, report) = report(heloscope().args(["mx.example", "--port", "25", "--relay", &url]));
        assert_eq!((status, text(&report["ports"][0]["error"]["message"])), (3, told));
        let asked = web.join().expect("it does not panic");
        assert_eq!(asked.first().map(String::as_str), Some("GET /at/v1/about HTTP/1.1"));
    }
}

#[test]
fn a_relay_that_goes_away_is_no_fault_of_the_server() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = format!("{}/starttls", silent.local_addr().expect("it is bound").port());
    let mut carrier = Carrier::new(|settings| settings.ports.push(port.parse().expect("it is a port")));
    let mut command = carrier.command("127.0.0.1");
    let command = command.args(["--json", "--port", &port]).stdout(Stdio::piped());
    let child = command.spawn().expect("the program is built");
    let (_dialled, _): (TcpStream, _) = silent.accept().expect("the relay dials");
    carrier.cut_off();
    let Output { status, stdout, .. } = child.wait_with_output().expect("it ends");
    let report: Value = serde_json::from_slice(&stdout).expect("it is JSON");
    let error = &report["ports"][0]["error"];
    assert_eq!(error["code"], "relay_unreachable", "{report}");
    assert_eq!(status.code(), Some(3), "{report}");
}
