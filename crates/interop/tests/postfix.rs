//! Postfix says what it is configured to say, and is gone afterwards.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use heloscope_interop::Postfix;
use heloscope_observation::TlsMode;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// 2026-11-23T22:00:00Z
const NOW: i64 = 1_795_471_200;

const GREETING: &str = "220 mail.interop.test ESMTP Postfix\r\n";
const CLEAR: &str = "250-mail.interop.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-VRFY\r\n250-ETRN\r\n\
    250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n";

#[test]
fn three_ports_as_configured() {
    let Some(postfix) = Postfix::start(NOW).unwrap() else { return };
    assert_eq!(
        postfix.ports().map(|port| port.mode),
        [TlsMode::StartTls, TlsMode::Implicit, TlsMode::StartTls]
    );
    let without_tls = CLEAR.replace("250-STARTTLS\r\n", "");
    let with_auth = without_tls.replace("250-ETRN\r\n", "250-ETRN\r\n250-AUTH PLAIN LOGIN\r\n");
    for ((port, encrypted), name) in postfix
        .ports()
        .into_iter()
        .zip([&without_tls, &with_auth, &with_auth])
        .zip(["mail.interop.test", "127.0.0.1", "mail.interop.test"])
    {
        let mut stream = dial(&postfix, port.port);
        if port.mode == TlsMode::StartTls {
            assert_eq!(hear(&mut stream), GREETING, "{port}");
            assert_eq!(ask(&mut stream, "EHLO client.test"), CLEAR, "{port}");
            assert_eq!(ask(&mut stream, "STARTTLS"), "220 2.0.0 Ready to start TLS\r\n", "{port}");
        }
        let mut stream = tls(&postfix, stream, name);
        if port.mode == TlsMode::Implicit {
            assert_eq!(hear(&mut stream), GREETING, "{port}");
        }
        assert_eq!(stream.conn.peer_certificates().unwrap().len(), 2, "leaf and intermediate");
        assert_eq!(ask(&mut stream, "EHLO client.test"), *encrypted, "{port}");
        assert_eq!(ask(&mut stream, "QUIT"), "221 2.0.0 Bye\r\n", "{port}");
    }
}

#[test]
fn its_own_mail_is_taken_and_no_other() {
    let Some(postfix) = Postfix::start(NOW).unwrap() else { return };
    let mut stream = dial(&postfix, postfix.ports()[0].port);
    hear(&mut stream);
    ask(&mut stream, "EHLO client.test");
    ask(&mut stream, "MAIL FROM:<>");
    let elsewhere = ask(&mut stream, "RCPT TO:<postmaster@example.com>");
    assert_eq!(elsewhere, "554 5.7.1 <postmaster@example.com>: Relay access denied\r\n");
    assert_eq!(ask(&mut stream, "RCPT TO:<postmaster>"), "250 2.1.5 Ok\r\n");
    let log = postfix.log().unwrap();
    assert_eq!(log.matches(": client=unknown[127.0.0.1]\n").count(), 1, "{log}");
}

#[test]
fn nothing_is_left_of_it() {
    let Some(postfix) = Postfix::start(NOW).unwrap() else { return };
    let (ports, ca_file) = (postfix.ports(), postfix.ca_file());
    assert!(ca_file.exists());
    drop(postfix);
    assert!(!ca_file.parent().unwrap().exists());
    for port in ports {
        assert!(TcpStream::connect(("127.0.0.1", port.port)).is_err(), "{port}");
    }
}

#[test]
fn the_program_serves_until_its_input_ends() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_interop-servers"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let servers: serde_json::Value = serde_json::from_str(&line).unwrap();
    if let Some(postfix) = servers.get("postfix") {
        assert_eq!(
            (&postfix["host"], &postfix["address"]),
            (&"mail.interop.test".into(), &"127.0.0.1".into())
        );
        let (port, mode) = postfix["ports"][1].as_str().unwrap().split_once('/').unwrap();
        assert_eq!(mode, "implicit");
        TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
        assert!(std::fs::exists(postfix["ca_file"].as_str().unwrap()).unwrap());
    }
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
    if let Some(postfix) = servers.get("postfix") {
        assert!(!std::fs::exists(postfix["ca_file"].as_str().unwrap()).unwrap());
    }
}

fn dial(postfix: &Postfix, port: u16) -> TcpStream {
    let stream = TcpStream::connect((postfix.address(), port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

fn tls(postfix: &Postfix, stream: TcpStream, name: &str) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(postfix.ca_file()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_details(Arc::new(ring::default_provider()), Arc::new(Then))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    stream.conn.complete_io(&mut stream.sock).unwrap();
    stream
}

/// The time for which the certificates are made.
#[derive(Debug)]
struct Then;

impl TimeProvider for Then {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(NOW.unsigned_abs())))
    }
}

fn ask(stream: &mut (impl Read + Write), command: &str) -> String {
    write!(stream, "{command}\r\n").unwrap();
    hear(stream)
}

/// Reads a whole reply.
fn hear(stream: &mut impl Read) -> String {
    let mut reply = String::new();
    loop {
        let start = reply.len();
        while reply.len() == start || !reply.ends_with('\n') {
            let mut octet = [0];
            stream.read_exact(&mut octet).unwrap();
            reply.push(octet[0].into());
        }
        if reply.as_bytes()[start + 3] != b'-' {
            return reply;
        }
    }
}
