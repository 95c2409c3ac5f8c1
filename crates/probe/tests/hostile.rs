//! What a server, a relay or a clock may do to a probe at its worst: it ends in time, what it keeps is bounded, and it sees all of it.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use heloscope_observation::{ConnectionId, Established, Event, Observation, Observations, Stage, Target};
use heloscope_probe::{Input, Output, Probe, limits};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};

const HANDSHAKE_FAILURE: &[u8] = b"\x15\x03\x03\x00\x02\x02\x28";
const CERTIFICATE: &[u8] = include_bytes!("../../dialogue/fixtures/mx.example.der");
const KEY: &[u8] = include_bytes!("../../dialogue/fixtures/mx.example.key.der");
const FIRST: ConnectionId = ConnectionId(0);
const SECOND: ConnectionId = ConnectionId(1);

/// A test of one port of mx.example, begun at 2026-11-23T22:00:00Z.
fn test(port: &str) -> Probe {
    let ports = vec![port.parse().unwrap()];
    Probe::new(Target { host: "mx.example".parse().unwrap(), ports, address: None }, None, 1_795_471_200_000)
}

fn connect(probe: &mut Probe, connection: ConnectionId, ehlo_name: &str) {
    let established = Established {
        address: "192.0.2.1:465".parse().unwrap(),
        ehlo_name: ehlo_name.to_owned(),
        resolve_ms: None,
        connect_ms: 21,
    };
    probe.handle_input(Input::Connected { connection, at: Duration::ZERO, established });
}

fn receive(probe: &mut Probe, connection: ConnectionId, octets: &[u8]) {
    probe.handle_input(Input::Received { connection, at: Duration::ZERO, octets });
    probe.handle_input(Input::Tick { at: Duration::ZERO });
}

/// All that is to be done now.
fn poll(probe: &mut Probe) -> Vec<Output> {
    let mut outputs = Vec::new();
    loop {
        outputs.push(probe.poll_output());
        if let Some(Output::Wait { .. } | Output::Done) = outputs.last() {
            return outputs;
        }
    }
}

fn seen(probe: &Probe, connection: ConnectionId) -> Vec<&Event> {
    let of_it = |observation: &&Observation| observation.connection == connection;
    probe.observations().seen.iter().filter(of_it).map(|observation| &observation.event).collect()
}

/// A handshake message in a record of TLS 1.0.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap();
    [&[22, 3, 1, 0, length + 4, kind, 0, 0, length], body].concat()
}

#[test]
fn a_chain_or_a_request_said_again_and_again_is_kept_once() {
    let mut probe = test("465");
    connect(&mut probe, FIRST, "relay.example");
    receive(&mut probe, FIRST, HANDSHAKE_FAILURE);
    connect(&mut probe, SECOND, "relay.example");
    let hello = [&[3, 1][..], &[9; 32], &[0, 0, 0x2f, 0]].concat();
    receive(&mut probe, SECOND, &message(2, &hello));
    let begun = seen(&probe, SECOND).len();
    receive(&mut probe, SECOND, &message(11, &[0, 0, 4, 0, 0, 1, 0xaa]).repeat(100));
    receive(&mut probe, SECOND, &message(13, &[1, 1, 0, 0]).repeat(100));
    assert!(
        matches!(seen(&probe, SECOND)[begun..], [Event::Chain(_), Event::ClientCertificateRequested]),
        "{:?}",
        seen(&probe, SECOND)
    );
}

#[test]
fn of_warnings_each_is_kept_once_and_a_few_only() {
    let warning = |description: u8| [21, 3, 1, 0, 2, 1, description];
    let warnings: Vec<u8> = (0..=255).flat_map(warning).collect();
    let mut probe = test("465");
    connect(&mut probe, FIRST, "relay.example");
    receive(&mut probe, FIRST, HANDSHAKE_FAILURE);
    connect(&mut probe, SECOND, "relay.example");
    let begun = seen(&probe, SECOND).len();
    receive(&mut probe, SECOND, &[&warning(112).repeat(100)[..], &warnings].concat());
    let seen = seen(&probe, SECOND);
    let warned = seen[begun..].iter().map(|event| match event {
        Event::TlsWarned(alert) => alert.0,
        other => panic!("{other:?}"),
    });
    assert_eq!(warned.collect::<Vec<_>>(), [112, 1, 2, 3, 4, 5, 6, 7], "close_notify is no warning");
}

#[test]
fn octets_before_the_connection_are_none_of_it() {
    let mut probe = test("25");
    receive(&mut probe, FIRST, &b"220 mx.example\r\n".repeat(100));
    assert_eq!(seen(&probe, FIRST), [&Event::Dialled]);
    connect(&mut probe, FIRST, "relay.example");
    assert!(!poll(&mut probe).iter().any(|output| matches!(output, Output::Transmit { .. })));
}

#[test]
fn no_second_connection_is_made_when_time_is_over() {
    let mut probe = test("465");
    connect(&mut probe, FIRST, "relay.example");
    probe.handle_input(Input::Tick { at: limits::PORT });
    assert!(matches!(seen(&probe, FIRST)[..], [.., Event::TimedOut { .. }, Event::Ended]));
    assert_eq!(poll(&mut probe).last(), Some(&Output::Done));
    assert_eq!(probe.observations().connections.len(), 1);
}

/// What came before the ClientHello answers nothing, however much it is, and TLS may begin all the same.
#[test]
fn much_with_the_220_to_starttls_is_counted() {
    let mut probe = test("25");
    connect(&mut probe, FIRST, "relay.example");
    for octets in [&b"220 mx.example\r\n"[..], b"250-mx.example\r\n250 STARTTLS\r\n"] {
        receive(&mut probe, FIRST, octets);
    }
    receive(&mut probe, FIRST, &[&b"220 go\r\n"[..], &[b'x'; limits::MAX_BEFORE_TLS]].concat());
    assert!(matches!(seen(&probe, FIRST)[..], [.., Event::HandshakeBegun]));
    probe.handle_input(Input::Closed { connection: FIRST, at: Duration::ZERO });
    let seen = seen(&probe, FIRST);
    let [.., Event::Injected { octets, total }, Event::Closed { .. }, Event::Ended] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert_eq!((&octets[..], *total), (&[b'x'; limits::MAX_STRAY][..], limits::MAX_BEFORE_TLS));
}

/// A server with TLS 1.3.
fn server() -> ServerConnection {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(CERTIFICATE)], PrivatePkcs8KeyDer::from(KEY).into())
        .unwrap();
    ServerConnection::new(Arc::new(config)).unwrap()
}

/// Feeds the server all that the probe has sent, and gives what it answers, these octets included.
fn answer(server: &mut ServerConnection, probe: &mut Probe, octets: &[u8]) -> Vec<u8> {
    for output in poll(probe) {
        if let Output::Transmit { octets, .. } = output {
            let mut octets = &octets[..];
            while !octets.is_empty() {
                server.read_tls(&mut octets).unwrap();
                server.process_new_packets().unwrap();
            }
        }
    }
    server.writer().write_all(octets).unwrap();
    let mut out = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut out).unwrap();
    }
    out
}

/// Implicit TLS up to the EHLO reply, with which the server breaks TLS off.
fn ehlo_reply_and_alert(reply: &[u8], cut: usize) -> Probe {
    let (mut probe, mut server) = (test("465"), server());
    connect(&mut probe, FIRST, "relay.example");
    let flight = answer(&mut server, &mut probe, b"");
    receive(&mut probe, FIRST, &flight);
    let greeting = answer(&mut server, &mut probe, b"220 mx.example\r\n");
    receive(&mut probe, FIRST, &greeting);
    let reply = answer(&mut server, &mut probe, reply);
    for piece in [&reply[..], HANDSHAKE_FAILURE].concat().chunks(cut) {
        receive(&mut probe, FIRST, piece);
    }
    probe
}

/// The TLS library takes 4096 octets at a time: the longer reply is read before the failure, the shorter together with it.
#[test]
fn a_reply_that_comes_together_with_the_end_of_tls_is_seen_in_any_cut() {
    for length in [10, 10_000] {
        let reply = [&b"250 "[..], &vec![b'a'; length], b"\r\n"].concat();
        let whole = ehlo_reply_and_alert(&reply, usize::MAX);
        let [.., Event::Replied { .. }, Event::Sent { .. }, Event::TlsFailed(_), Event::Ended] =
            &seen(&whole, FIRST)[..]
        else {
            panic!("{:?}", seen(&whole, FIRST));
        };
        for cut in [1, 7] {
            assert_eq!(seen(&ehlo_reply_and_alert(&reply, cut), FIRST), seen(&whole, FIRST));
        }
    }
}

/// The handshake is over with the server's Finished, whatever comes together with it.
#[test]
fn a_handshake_that_ends_together_with_tls_is_seen() {
    let (mut probe, mut server) = (test("465"), server());
    connect(&mut probe, FIRST, "relay.example");
    let flight = answer(&mut server, &mut probe, b"");
    receive(&mut probe, FIRST, &[&flight[..], HANDSHAKE_FAILURE].concat());
    let seen = seen(&probe, FIRST);
    let [.., Event::Chain(_), Event::Handshake(handshake), Event::TlsFailed(_), Event::Ended] = &seen[..]
    else {
        panic!("{seen:?}");
    };
    assert!(handshake.completed);
}

/// The next stage begins when the handshake has ended, and that has not before our own calculations are done.
#[test]
fn our_own_calculations_belong_to_the_handshake() {
    const ARRIVED: Duration = Duration::from_millis(40);
    const CALCULATED: Duration = Duration::from_millis(57);
    for port in ["465", "25"] {
        let (mut probe, mut server) = (test(port), server());
        connect(&mut probe, FIRST, "relay.example");
        if port == "25" {
            receive(&mut probe, FIRST, b"220 mx.example\r\n");
            receive(&mut probe, FIRST, b"250-mx.example\r\n250 STARTTLS\r\n");
            let in_clear = poll(&mut probe);
            assert!(in_clear.iter().any(
                |output| matches!(output, Output::Transmit { octets, .. } if octets == b"STARTTLS\r\n")
            ));
            receive(&mut probe, FIRST, b"220 ready\r\n");
        }
        let flight = answer(&mut server, &mut probe, b"");
        probe.handle_input(Input::Received { connection: FIRST, at: ARRIVED, octets: &flight });
        // Nothing is said before the time is known, and it is asked for at once.
        let outputs = poll(&mut probe);
        assert!(!outputs.iter().any(|output| matches!(output, Output::Transmit { .. })), "{outputs:?}");
        assert_eq!(outputs.last(), Some(&Output::Wait { until: ARRIVED }));
        probe.handle_input(Input::Tick { at: CALCULATED });
        assert!(poll(&mut probe).iter().any(|output| matches!(output, Output::Transmit { .. })));
        let seen = &probe.observations().seen;
        let at = |wanted: fn(&Event) -> bool| {
            seen.iter().rfind(|seen| wanted(&seen.event)).map(|seen| (seen.at, seen.stage))
        };
        assert_eq!(at(|event| matches!(event, Event::Handshake(_))), Some((CALCULATED, Stage::Tls)));
        if port == "25" {
            assert_eq!(
                at(|event| matches!(event, Event::Sent { .. })),
                Some((CALCULATED, Stage::EhloAfterTls))
            );
        }
    }
}

/// A relay says which name to give; it is none that the TLS library could not take in one piece.
#[test]
fn a_name_without_end_fits_into_a_command() {
    let mut probe = test("25");
    connect(&mut probe, FIRST, &"relay.".repeat(20_000));
    receive(&mut probe, FIRST, b"220 mx.example\r\n");
    let sent = poll(&mut probe).into_iter().find_map(|output| match output {
        Output::Transmit { octets, .. } => Some(octets),
        _ => None,
    });
    assert_eq!(sent.unwrap(), format!("EHLO {}rel\r\n", "relay.".repeat(42)).into_bytes());
}

#[test]
fn the_time_reads_back_from_json_as_it_was_seen() {
    let mut probe = test("25");
    probe.handle_input(Input::Closed { connection: FIRST, at: Duration::from_nanos(21_000_999) });
    let observations = probe.into_observations();
    assert_eq!(observations.seen[1].at, Duration::from_micros(21_000));
    let json = serde_json::to_string(&observations).unwrap();
    assert_eq!(serde_json::from_str::<Observations>(&json).unwrap(), observations);
}

#[test]
fn a_clock_gone_mad_does_no_harm() {
    let mut probe = test("25");
    probe.handle_input(Input::Received { connection: FIRST, at: Duration::MAX, octets: b"" });
    probe.handle_input(Input::Tick { at: Duration::MAX });
    assert_eq!(poll(&mut probe).last(), Some(&Output::Done));
}
