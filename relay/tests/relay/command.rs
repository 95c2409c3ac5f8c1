//! The command, as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

use heloscope_relay::TlsFiles;

use crate::secure::Paper;

pub(crate) fn relay(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heloscope-relay"));
    command.args(options).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run(options: &[&str]) -> Output {
    relay(options).output().unwrap()
}

fn complaint(options: &[&str]) -> String {
    let output = run(options);
    assert!(!output.status.success(), "{options:?}");
    assert!(output.stdout.is_empty(), "{options:?}");
    String::from_utf8(output.stderr).unwrap()
}

pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn it_says_where_it_is_and_stops_when_asked() {
    for name in ["TERM", "INT"] {
        let mut child = relay(&["--listen", "127.0.0.1:0"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.strip_prefix("Heloscope is at ").unwrap().trim_end();
        let address = url.strip_prefix("http://").unwrap().strip_suffix('/').unwrap();
        assert!(std::net::TcpStream::connect(address).is_ok());
        signal(&child, name);
        assert!(child.wait().unwrap().success(), "{name}");
    }
}

#[test]
fn it_runs_on_where_nobody_reads_where_it_is() {
    for format in ["text", "json"] {
        let options = ["--listen", "127.0.0.1:0", "--log-format", format];
        let full = std::fs::File::create("/dev/full").unwrap();
        let mut child = relay(&options).stdout(full).spawn().unwrap();
        let mut log = String::new();
        BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut log).unwrap();
        assert!(log.contains("cannot say on standard output where the relay is: Heloscope is at http://"));
        assert!(log.contains("No space left on device"), "{log}");
        signal(&child, "TERM");
        assert!(child.wait().unwrap().success());

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child =
            relay(&options).stdout(writer).args(["--metrics-listen", "127.0.0.1:0"]).spawn().unwrap();
        let mut log = String::new();
        BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut log).unwrap();
        assert!(log.contains("health, readiness and metrics are at http://"), "{log}");
        signal(&child, "TERM");
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn what_it_cannot_print_is_an_error_and_what_nobody_reads_is_none() {
    for command in ["print-config", "check-config"] {
        let full = std::fs::File::create("/dev/full").unwrap();
        let output = relay(&[command]).stdout(full).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            told,
            "heloscope-relay: standard output cannot be written: No space left on device (os error 28)\n"
        );
        assert_eq!(output.status.code(), Some(1));

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = relay(&[command]).stdout(writer).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        // Where errors cannot be told either, the exit status is left.
        let full = || std::fs::File::create("/dev/full").unwrap();
        let status = relay(&[command, "--bogus"]).stdout(full()).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(2));
    }
}

#[test]
fn it_reads_the_deny_file_again_and_keeps_the_list_where_that_fails() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "example.com\n").unwrap();
    let path = file.path().to_str().unwrap();
    let mut child =
        relay(&["--listen", "127.0.0.1:0", "--deny-file", path, "--log-format", "json"]).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        serde_json::from_str::<serde_json::Value>(&line).unwrap()
    };

    std::fs::write(file.path(), "example.com\nexample.org\n").unwrap();
    signal(&child, "HUP");
    assert_eq!(next()["entries"], 2);
    assert_eq!(next()["message"], "read the configuration again");
    std::fs::write(file.path(), "*.example.com\n").unwrap();
    signal(&child, "HUP");
    let line = next();
    assert_eq!(line["level"], "ERROR");
    assert!(line["error"].as_str().unwrap().contains("in the deny file"), "{line}");
    signal(&child, "TERM");
    assert!(child.wait().unwrap().success());
}

#[test]
fn its_log_has_no_colours_and_no_client_s_full_address() {
    let options =
        ["--listen", "127.0.0.1:0", "--demo", "--token", "0123456789abcdef", "--trusted-proxy", "127.0.0.1"];
    for (format, client) in [("text", "client=203.0.113.0/24"), ("json", r#""client":"203.0.113.0/24""#)] {
        let mut child = relay(&options).args(["--log-format", format]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let place = match serde_json::from_str::<serde_json::Value>(&line) {
            Ok(object) => object["message"].as_str().unwrap().to_owned(),
            Err(_) => line.trim_end().to_owned(),
        };
        let address = place.strip_prefix("Heloscope is at http://").unwrap().trim_end_matches('/').to_owned();
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "GET /v1/connect?host=unreachable.specimen.test&port=25 HTTP/1.1\r\nHost: {address}\r\n\
             Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: heloscope.v1\r\n\
             Authorization: Bearer 0123456789abcdef\r\nX-Forwarded-For: 203.0.113.77\r\n\r\n"
        )
        .unwrap();
        let mut log = String::new();
        BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut log).unwrap();
        assert!(log.contains(client) && log.contains("refused connection_refused"), "{log}");
        for unwanted in ["203.0.113.77", "0123456789abcdef", "\x1b["] {
            assert!(!log.contains(unwanted), "{log}");
        }
        drop(stream);
        signal(&child, "TERM");
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn it_serves_https_and_reads_the_certificate_again_when_asked() {
    let paper = Paper::new();
    let TlsFiles { certificate, key } = paper.files();
    let [certificate, key] = [&certificate, &key].map(|file| file.to_str().unwrap());
    let options =
        ["--listen", "127.0.0.1:0", "--log-format", "json", "--tls-cert", certificate, "--tls-key", key];
    let mut child = relay(&options).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    // Where each line of the log is an object, so is this one, and there is no other.
    let place: serde_json::Value = serde_json::from_str(&ready).unwrap();
    assert_eq!(place["level"], "INFO", "{ready}");
    assert!(place["timestamp"].is_string(), "{ready}");
    let place = place["message"].as_str().unwrap();
    assert!(place.starts_with("Heloscope is at https://127.0.0.1:"), "{ready}");
    signal(&child, "HUP");
    let log = BufReader::new(child.stderr.take().unwrap());
    let messages = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
    assert!(
        messages
            .map(|line| line["message"].clone())
            .any(|message| message == "read the certificate files again")
    );
    // Nobody reads the log any more.
    signal(&child, "TERM");
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_it_cannot_do_it_says() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = taken.local_addr().unwrap().to_string();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n").unwrap();
    let key = file.path().to_str().unwrap();
    for (options, words) in [
        (["--listen", &busy], "is in use by another program"),
        (["--listen", "0.0.0.0:8025"], "use 127.0.0.1:8025 or [::1]:8025"),
        (["--listen", "192.0.2.1:25"], "others than this machine's own programs could reach 192.0.2.1:25"),
        (["--listen", "[::]:8025"], "for a relay that others are to use, --public"),
        (["--ca-file", "/nonexistent.pem"], "the CA file /nonexistent.pem cannot be used"),
        (["--ca-file", key], "no whole certificate"),
        (["--deny-file", "/nonexistent"], "the deny file /nonexistent cannot be read"),
        (["--tls-key", key], "--tls-key: HTTPS needs tls-cert as well"),
        (["--tls-cert", key], "--tls-cert: HTTPS needs tls-key as well"),
        (["--allow-net", "0.0.0.0/0"], "lifts more than one range"),
        (["--allow-port", "25/implicit"], "`25/implicit` is no port to test"),
        (["--allow-origin", "*"], "is no origin of a site"),
        (["--ehlo-name", "relay"], "is no name for EHLO"),
        (["--token", "secret"], "16 visible ASCII characters"),
        (["--allow-port", "2525/starttls,2525/implicit"], "two TLS modes"),
        (
            ["--limit-silence", "0"],
            "--limit-silence: `0` will not do: write a whole number of seconds from 1 to 3600",
        ),
    ] {
        let complaint = complaint(&options);
        assert!(complaint.contains(words), "{options:?}: {complaint}");
    }
}

#[test]
fn all_faults_of_a_configuration_are_told_at_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "listn = \"127.0.0.1:0\"\nlimit-connect = 0\n").unwrap();
    let path = file.path().to_str().unwrap();
    let told = |output: Output| (output.status.code(), String::from_utf8(output.stderr).unwrap());

    let mut command = relay(&["check-config", "--config", path, "--ehlo-name", "relay"]);
    let (status, complaint) = told(command.env("HELOSCOPE_DEMO", "perhaps").output().unwrap());
    let lines: Vec<&str> = complaint.lines().collect();
    assert_eq!((status, lines.len()), (Some(2), 4), "{complaint}");
    for (line, words) in lines.iter().zip([
        "--ehlo-name: `relay` is no name for EHLO",
        "HELOSCOPE_DEMO: `perhaps` will not do: write true or false",
        &format!("{path}:1: `listn` is no setting; perhaps `listen` is meant"),
        &format!("{path}:2: limit-connect: `0` will not do"),
    ]) {
        assert!(line.starts_with(&format!("heloscope-relay: {words}")), "{line}");
    }
    // Nor does it start with these.
    assert_eq!(told(run(&["--config", path])).0, Some(2));

    std::fs::write(file.path(), "listen = \"127.0.0.1:0\"\n").unwrap();
    let output = relay(&["check-config"]).env("HELOSCOPE_CONFIG", path).output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "Nothing is wrong with the configuration.\n");
    let (status, complaint) = told(run(&["check-config", "--config", "/nonexistent.toml"]));
    assert_eq!(status, Some(2));
    assert!(complaint.contains("--config: /nonexistent.toml cannot be read: "), "{complaint}");
}

#[test]
fn why_it_does_not_start_is_an_object_where_each_line_of_the_log_is_one() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let told = |options: &[&str]| {
        // Whatever the level: there is nothing else to tell why.
        let output = run(&[options, &["--log-format", "json", "--log-level", "off"]].concat());
        let lines = String::from_utf8(output.stderr).unwrap();
        let messages = lines.lines().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(line["level"] == "ERROR" && line["timestamp"].is_string(), "{line}");
            line["message"].as_str().unwrap().to_owned()
        });
        (output.status.code(), messages.collect::<Vec<_>>())
    };
    let (status, messages) = told(&["--limit-connect", "0", "--ehlo-name", "relay"]);
    assert_eq!((status, messages.len()), (Some(2), 2), "{messages:?}");
    assert!(messages[0].starts_with("--ehlo-name: `relay` is no name"), "{messages:?}");
    let (status, messages) = told(&["--listen", &address]);
    assert_eq!((status, messages.len()), (Some(1), 1), "{messages:?}");
    assert!(messages[0].starts_with(&format!("--listen: {address} is in use")), "{messages:?}");
    // A person who asks is told in words.
    let output = run(&["check-config", "--log-format", "json", "--limit-connect", "0"]);
    assert!(output.stderr.starts_with(b"heloscope-relay: --limit-connect: "), "{output:?}");
}

#[test]
fn every_setting_is_printed_with_its_source_but_no_secret() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "\nlimit-connect = 4\n").unwrap();
    let path = file.path().to_str().unwrap();
    let output = relay(&["--config", path, "print-config", "--demo"])
        .env("HELOSCOPE_TOKEN", "0123456789abcdef")
        .output()
        .unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    for (value, source) in [
        ("listen = \"127.0.0.1:8025\"", "default"),
        ("demo = true", "--demo"),
        ("limit-connect = 4", &format!("{path}:2")),
        ("# token is set, and not shown", "HELOSCOPE_TOKEN"),
    ] {
        let line = printed.lines().find(|line| line.starts_with(value)).unwrap();
        assert_eq!(line.rsplit_once("# ").unwrap().1, source, "{line}");
    }
    assert!(!printed.contains("0123456789abcdef"));
}

#[test]
fn a_public_relay_says_what_it_needs_and_then_listens_anywhere() {
    let lines = |options: &[&str]| {
        let complaint = complaint(options);
        let line = |line: &str| line.strip_prefix("heloscope-relay: ").unwrap().to_owned();
        complaint.lines().map(line).collect::<Vec<_>>()
    };
    let bare =
        lines(&["--public", "--listen", "0.0.0.0:0", "--quota-client", "off", "--quota-target-network=off"]);
    let quota = "a public relay cannot do without this quota; it can have another, such as 8/120/1200";
    assert_eq!(
        bare,
        [
            &format!("--quota-client: {quota}"),
            &format!("--quota-target-network: {quota}"),
            "ehlo-name: a public relay needs --ehlo-name: the full name of this machine, to which its addresses lead \
             back, such as relay.example.org",
            "contact: a public relay needs --contact: whom to write to when something comes from it, such as \
             postmaster@example.org",
            "origin: a public relay needs --origin: what its page is reached as, such as https://relay.example.org",
        ]
    );

    let options = [
        "--public",
        "--listen",
        "0.0.0.0:0",
        "--ehlo-name",
        "relay.example.org",
        "--contact",
        "postmaster@example.org",
        "--origin",
        "https://relay.example.org",
    ];
    let mut child = relay(&options).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address =
        line.strip_prefix("Heloscope is at https://relay.example.org/ and listens on 0.0.0.0:").unwrap();
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{}", address.trim_end())).unwrap();
    stream
        .write_all(b"GET /v1/about HTTP/1.1\r\nHost: relay.example.org\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(r#""contact":"postmaster@example.org""#), "{answer}");
    signal(&child, "TERM");
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_token_is_not_shown_by_help() {
    let mut child = relay(&["--help"]).env("HELOSCOPE_TOKEN", "0123456789abcdef").spawn().unwrap();
    let mut help = String::new();
    child.stdout.take().unwrap().read_to_string(&mut help).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(help.contains("HELOSCOPE_TOKEN") && !help.contains("0123456789abcdef"));
}
