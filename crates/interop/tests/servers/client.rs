use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use heloscope_interop::{Authority, Server};
use heloscope_observation::{PortSpec, TlsMode};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// 2026-11-23T22:00:00Z
const NOW: i64 = 1_795_471_200;

/// Starts a server; `None` where that is skipped.
pub(crate) fn start(name: &str) -> Option<Server> {
    Server::start(name, &Authority::new(NOW).unwrap()).unwrap()
}

/// Speaks to each port of a server, through TLS and to the end, and compares with what is expected of it.
pub(crate) fn as_expected(server: &Server) {
    assert_eq!(server.ports().len(), server.expected().len());
    for (port, expected) in server.ports().iter().copied().zip(server.expected()) {
        let banner = expected.banner.unwrap().replace('\n', "\r\n");
        let mut stream = dial(port);
        if port.mode == TlsMode::StartTls {
            let greeting = hear(&mut stream);
            assert!(greeting.starts_with(&banner), "{port}: {greeting}");
            let reply = ask(&mut stream, "EHLO client.test");
            assert_eq!(extensions(&reply), *expected.capabilities_before_tls.as_ref().unwrap(), "{port}");
            assert_eq!(ask(&mut stream, "STARTTLS").trim_end(), expected.starttls_reply.unwrap(), "{port}");
        }
        let mut stream = tls(server, stream, server.host());
        if port.mode == TlsMode::Implicit {
            let greeting = hear(&mut stream);
            assert!(greeting.starts_with(&banner), "{port}: {greeting}");
        }
        assert_eq!(stream.conn.peer_certificates().unwrap().len(), expected.chain.len(), "{port}");
        let reply = ask(&mut stream, "EHLO client.test");
        assert_eq!(extensions(&reply), *expected.capabilities_after_tls.as_ref().unwrap(), "{port}");
        assert!(ask(&mut stream, "QUIT").starts_with("221 "), "{port}");
    }
}

/// The lines after the first, without code and end.
fn extensions(reply: &str) -> Vec<&str> {
    reply.lines().skip(1).map(|line| &line[4..]).collect()
}

/// Connects to a port, of which the server may take a minute to speak.
pub(crate) fn dial(port: PortSpec) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port.port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// A TLS connection that trusts the server's root alone and demands that the certificate is for `name`.
pub(crate) fn tls(
    server: &Server,
    stream: TcpStream,
    name: &str,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server.ca_file()).unwrap()).unwrap();
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

/// Says a command and reads the whole reply.
pub(crate) fn ask(stream: &mut (impl Read + Write), command: &str) -> String {
    write!(stream, "{command}\r\n").unwrap();
    hear(stream)
}

/// Reads a whole reply.
pub(crate) fn hear(stream: &mut impl Read) -> String {
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
