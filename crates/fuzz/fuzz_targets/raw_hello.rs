//! A server that refuses the TLS library's hello, and what it then answers to the one made by hand.
//!
//! The first octet chooses the port and how the test ends, the second how the answer is cut. The rest is the answer,
//! as octets or as messages to be put into records.
#![no_main]

use heloscope_fuzz::{Script, Watched};
use heloscope_observation::{ConnectionId, Event, Observation, Observations, PortSpec, Target, TlsMode};
use libfuzzer_sys::fuzz_target;

const DIALOGUE: ConnectionId = ConnectionId(0);
const HELLO: ConnectionId = ConnectionId(1);

fuzz_target!(|data: &[u8]| {
    let Some(([choice, cut], octets)) = data.split_first_chunk() else { return };
    let answer = if choice & 1 == 0 { octets.to_vec() } else { records(octets) };
    let whole = play(*choice, &answer, usize::MAX);
    let size = 1 + usize::from(cut.saturating_sub(127));
    assert_eq!(play(*choice, &answer, size), whole, "the same octets in another cut");
    learned(&whole, &answer);
});

fn play(choice: u8, answer: &[u8], cut: usize) -> Observations {
    let mode = if choice & 2 == 0 { TlsMode::Implicit } else { TlsMode::StartTls };
    let host = if choice & 4 == 0 { "mx.example" } else { "192.0.2.1" }.parse().expect("a host");
    let mut probe = Watched::new(Target::new(host, [PortSpec { port: 2500, mode }]));
    until_hello(&mut probe, DIALOGUE);
    probe.receive(DIALOGUE, b"\x15\x03\x03\x00\x02\x02\x28", cut); // fatal, handshake_failure
    until_hello(&mut probe, HELLO);
    probe.receive(HELLO, answer, cut);
    if choice & 8 == 0 {
        probe.close(HELLO);
    }
    let end = probe.end(HELLO).expect("it was dialled");
    assert!(end.arrived.is_empty(), "after a hello made by hand nothing is said");
    probe.finish().expect("nothing came together with the 220 to STARTTLS")
}

/// Everything until the ClientHello is sent and taken away.
fn until_hello(probe: &mut Watched, connection: ConnectionId) {
    probe.connect(connection, "relay.example");
    if probe.end(connection).is_some_and(|end| end.port.mode == TlsMode::StartTls) {
        for reply in [&b"220 mx.example\r\n"[..], b"250-mx.example\r\n250 STARTTLS\r\n", b"220 go\r\n"] {
            probe.receive(connection, reply, usize::MAX);
            probe.end(connection).expect("it was dialled").arrived.retain(|_| false);
        }
        return;
    }
    let hello = std::mem::take(&mut probe.end(connection).expect("it was dialled").arrived);
    assert_eq!(hello.first(), Some(&22), "a handshake record");
}

/// Messages, each as its kind and body; now and then other octets between. They are put into records of some size.
fn records(octets: &[u8]) -> Vec<u8> {
    let mut script = Script::new(octets);
    let (version, size) = (script.octet().unwrap_or_default() % 5, script.octet().unwrap_or_default());
    let mut out = Vec::new();
    let mut messages = Vec::new();
    let flush = |messages: &mut Vec<u8>, out: &mut Vec<u8>| {
        for content in messages.chunks(1 + usize::from(size).pow(2)) {
            let length = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
            out.extend([&[22, 3, version], &length[..], content].concat());
        }
        messages.clear();
    };
    while let Some(kind) = script.octet() {
        match kind {
            // A message of many octets, so that bounds are reached.
            0xfd => {
                let (kind, length) = (script.octet().unwrap_or_default(), script.octet().unwrap_or_default());
                let body = script.octets();
                let again = body.repeat(usize::from(length));
                messages.extend(
                    [&[kind, 0][..], &u16::try_from(again.len()).unwrap_or(u16::MAX).to_be_bytes()].concat(),
                );
                messages.extend(again);
            }
            // An alert between records.
            0xfe => {
                flush(&mut messages, &mut out);
                let (level, description) =
                    (script.octet().unwrap_or_default(), script.octet().unwrap_or_default());
                out.extend([21, 3, version, 0, 2, level, description]);
            }
            // Anything.
            0xff => {
                flush(&mut messages, &mut out);
                out.extend(script.octets());
            }
            kind => {
                let body = script.octets();
                messages.extend([&[kind, 0, 0, u8::try_from(body.len()).unwrap_or(u8::MAX)], body].concat());
            }
        }
    }
    flush(&mut messages, &mut out);
    out
}

/// Asks that of a handshake that is never finished no more is said than can be known.
fn learned(observations: &Observations, answer: &[u8]) {
    let of_hello = |observation: &&Observation| observation.connection == HELLO;
    let events: Vec<&Event> =
        observations.seen.iter().filter(of_hello).map(|observation| &observation.event).collect();
    let count = |what: fn(&Event) -> bool| events.iter().filter(|event| what(event)).count();
    assert!(count(|event| matches!(event, Event::Chain(_))) <= 1);
    assert!(count(|event| matches!(event, Event::ClientCertificateRequested)) <= 1);
    assert!(count(|event| matches!(event, Event::TlsWarned(_))) <= 8);
    let handshakes = count(|event| matches!(event, Event::Handshake(_)));
    let failures = count(|event| matches!(event, Event::TlsFailed(_)));
    assert!(handshakes <= 1 && failures <= 1, "known once and for all");
    // What was chosen is known before the flight breaks off.
    let last = events.iter().rfind(|event| matches!(event, Event::Handshake(_) | Event::TlsFailed(_)));
    assert!(failures == 0 || matches!(last, Some(Event::TlsFailed(_))), "a failure is the last that is known");
    for event in events {
        match event {
            Event::Handshake(handshake) => {
                assert!(!handshake.completed && !handshake.hello_retry);
                assert!(handshake.group.is_none() || handshake.finite_field_bits.is_none());
                let [high, low] = handshake.suite.0.to_be_bytes();
                assert!(answer.contains(&high) && answer.contains(&low), "the suite was sent");
            }
            Event::Chain(chain) => {
                let sent: usize = chain.iter().map(|der| der.0.len() + 3).sum();
                assert!(sent + 3 <= answer.len(), "the certificates were sent");
            }
            _ => {}
        }
    }
}
