//! Tests of this tester against a mail server in memory, written down as steps that a guard can be led through again.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use heloscope_observation::{Established, Event, Host, PortSpec, Target, TlsMode};
use heloscope_probe::{Input, Output, Probe};
use heloscope_relay::{Guard, Rule};
use heloscope_wire::ClientWriteKey;
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};

pub(crate) const HOST: &str = "mx.example";
pub(crate) const EHLO_NAME: &str = "relay.example";
pub(crate) const EHLO: &[u8] = b"EHLO relay.example\r\n";
pub(crate) const HELO: &[u8] = b"HELO relay.example\r\n";
pub(crate) const STARTTLS: &[u8] = b"STARTTLS\r\n";
pub(crate) const QUIT: &[u8] = b"QUIT\r\n";

pub(crate) const STARTTLS_PORT: PortSpec = PortSpec { port: 25, mode: TlsMode::StartTls };
pub(crate) const TLS_PORT: PortSpec = PortSpec { port: 465, mode: TlsMode::Implicit };

/// What passes a relay, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Octets of the server's.
    Server(Vec<u8>),
    /// A frame of the client's.
    Client(Vec<u8>),
    Key(ClientWriteKey),
}
pub(crate) use Step::{Client, Key, Server};

pub(crate) fn server(octets: impl AsRef<[u8]>) -> Step {
    Server(octets.as_ref().to_vec())
}

pub(crate) fn client(octets: impl AsRef<[u8]>) -> Step {
    Client(octets.as_ref().to_vec())
}

pub(crate) fn guard(mode: TlsMode) -> Guard {
    Guard::new(HOST.parse().unwrap(), mode, EHLO_NAME)
}

/// What goes up of these steps, or the number of the step that is refused and the rule: the same with the server's
/// octets, and inside TLS the client's, whole, by 7 and by 1.
pub(crate) fn judge(mode: TlsMode, steps: &[Step]) -> Result<Vec<u8>, (usize, Rule)> {
    let by = |size: usize| -> Result<Vec<u8>, (usize, Rule)> {
        let (mut guard, mut up) = (guard(mode), Vec::new());
        for (number, step) in steps.iter().enumerate() {
            let refused = |rule| (number, rule);
            match step {
                Server(octets) => octets.chunks(size).for_each(|cut| guard.from_server(cut)),
                Client(frame) if frame.first().is_some_and(|octet| (20..=23).contains(octet)) => {
                    for cut in frame.chunks(size) {
                        up.extend(guard.from_client(cut).map_err(refused)?);
                    }
                }
                Client(frame) => up.extend(guard.from_client(frame).map_err(refused)?),
                Key(key) => guard.client_write_key(key).map_err(refused)?,
            }
        }
        Ok(up)
    };
    let whole = by(usize::MAX);
    assert_eq!(by(7), whole);
    assert_eq!(by(1), whole);
    whole
}

/// All that the client says in these steps.
pub(crate) fn said(steps: &[Step]) -> Vec<u8> {
    let frames = steps.iter().filter_map(|step| match step {
        Client(frame) => Some(frame.as_slice()),
        _ => None,
    });
    frames.collect::<Vec<_>>().concat()
}

/// The records of a frame, each with its header.
pub(crate) fn records(mut frame: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let [_, _, _, high, low, ..] = *frame {
        let (record, rest) = frame.split_at(5 + usize::from(u16::from_be_bytes([high, low])));
        records.push(record.to_vec());
        frame = rest;
    }
    records
}

/// A mail server's taste in TLS.
#[derive(Clone)]
pub(crate) struct Taste {
    pub(crate) version: &'static SupportedProtocolVersion,
    /// The suite by its number; any where it is 0.
    pub(crate) suite: u16,
    pub(crate) groups: Vec<&'static dyn SupportedKxGroup>,
    pub(crate) asks_for_certificate: bool,
    pub(crate) port: PortSpec,
}

impl Taste {
    pub(crate) fn tls13() -> Self {
        Self { version: &rustls::version::TLS13, ..Self::tls12() }
    }

    pub(crate) fn tls12() -> Self {
        Self {
            version: &rustls::version::TLS12,
            suite: 0,
            groups: groups(),
            asks_for_certificate: false,
            port: STARTTLS_PORT,
        }
    }

    fn config(&self) -> ServerConfig {
        let ring = rustls::crypto::ring::default_provider();
        let provider = CryptoProvider {
            kx_groups: self.groups.clone(),
            cipher_suites: ring
                .cipher_suites
                .iter()
                .filter(|suite| self.suite == 0 || u16::from(suite.suite()) == self.suite)
                .copied()
                .collect(),
            ..ring
        };
        let provider = Arc::new(provider);
        let own = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let (der, key) = (CertificateDer::from(own.cert), own.signing_key.serialize_der());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[self.version])
            .unwrap();
        let builder = if self.asks_for_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(der.clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        builder.with_single_cert(vec![der], key).unwrap()
    }
}

/// The groups of the core, for a server to choose from.
pub(crate) fn groups() -> Vec<&'static dyn SupportedKxGroup> {
    heloscope_crypto::provider().kx_groups
}

/// The one with this number.
pub(crate) fn group(number: u16) -> Vec<&'static dyn SupportedKxGroup> {
    groups().into_iter().filter(|group| u16::from(group.name()) == number).collect()
}

/// What passes a relay when this tester meets such a server, from the greeting to the close.
pub(crate) fn recorded(taste: &Taste) -> Vec<Step> {
    let mut server = MailServer {
        tls: ServerConnection::new(Arc::new(taste.config())).unwrap(),
        encrypted: taste.port.mode == TlsMode::Implicit,
        greeted: false,
    };
    let target = Target::new(HOST.parse::<Host>().unwrap(), [taste.port]);
    let mut probe = Probe::new(target, None, 1_700_000_000_000);
    let mut steps = Vec::new();
    let mut at = Duration::ZERO;
    loop {
        at += Duration::from_millis(1);
        match probe.poll_output() {
            Output::Connect { connection, .. } => {
                let established = Established {
                    address: "192.0.2.25:25".parse().unwrap(),
                    ehlo_name: EHLO_NAME.to_owned(),
                    resolve_ms: None,
                    connect_ms: 1,
                };
                probe.handle_input(Input::Connected { connection, at, established });
                let octets = server.hear(&[]);
                say(&mut probe, &mut steps, connection, octets, at);
            }
            Output::Transmit { connection, octets } => {
                let answer = server.hear(&octets);
                steps.push(Client(octets));
                say(&mut probe, &mut steps, connection, answer, at);
            }
            Output::ClientWriteKey { key, iv, .. } => steps.push(Key(ClientWriteKey { key, iv })),
            Output::Observed(observation) => {
                let refused = matches!(observation.event, Event::Refused(_) | Event::TlsFailed(_));
                assert!(!refused, "{observation:?}");
            }
            Output::Close { .. } => {}
            Output::Wait { .. } => panic!("everything is said at once"),
            Output::Done => return steps,
        }
    }
}

fn say(
    probe: &mut Probe,
    steps: &mut Vec<Step>,
    connection: heloscope_observation::ConnectionId,
    octets: Vec<u8>,
    at: Duration,
) {
    if !octets.is_empty() {
        probe.handle_input(Input::Received { connection, at, octets: &octets });
        // Where a handshake has ended, the probe waits for the time.
        probe.handle_input(Input::Tick { at });
        steps.push(Server(octets));
    }
}

/// A mail server that knows EHLO, STARTTLS and QUIT.
struct MailServer {
    tls: ServerConnection,
    encrypted: bool,
    greeted: bool,
}

impl MailServer {
    /// What it says to these octets.
    fn hear(&mut self, mut octets: &[u8]) -> Vec<u8> {
        let mut answer = Vec::new();
        if !self.encrypted {
            match octets {
                b"" => answer.extend(b"220 mx.example ESMTP\r\n"),
                b"STARTTLS\r\n" => {
                    answer.extend(b"220 2.0.0 Ready\r\n");
                    (self.encrypted, self.greeted) = (true, true);
                }
                _ => answer.extend(b"250-mx.example\r\n250 STARTTLS\r\n"),
            }
            return answer;
        }
        while !octets.is_empty() {
            self.tls.read_tls(&mut octets).unwrap();
            self.tls.process_new_packets().unwrap();
        }
        let mut line = Vec::new();
        let _ = self.tls.reader().read_to_end(&mut line);
        let reply: &[u8] = match line.as_slice() {
            b"" if !self.tls.is_handshaking() && !self.greeted => b"220 mx.example ESMTP\r\n",
            b"" => b"",
            QUIT => b"221 2.0.0 Bye\r\n",
            EHLO => b"250 mx.example\r\n",
            other => panic!("{other:?}"),
        };
        self.greeted |= !reply.is_empty();
        self.tls.writer().write_all(reply).unwrap();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut answer).unwrap();
        }
        answer
    }
}
