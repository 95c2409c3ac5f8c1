//! Rule 3: what the handshake has the client send.

use heloscope_observation::TlsMode::{Implicit, StartTls};

use heloscope_relay::Rule;

use crate::scene::{
    Client, Key, STARTTLS_PORT, Server, Step, TLS_PORT, Taste, client, group, groups, judge, recorded,
    records, said, server,
};
use crate::sealed::record;

#[test]
fn every_suite_group_and_port_passes_with_and_without_a_certificate_request() {
    let suites = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xcca9];
    for suite in suites {
        let taste = if suite < 0x2000 { Taste::tls13() } else { Taste::tls12() };
        for asks_for_certificate in [false, true] {
            for (port, mode) in [(STARTTLS_PORT, StartTls), (TLS_PORT, Implicit)] {
                let steps = recorded(&Taste { suite, asks_for_certificate, port, ..taste.clone() });
                assert_eq!(
                    judge(mode, &steps),
                    Ok(said(&steps)),
                    "{suite:#06x} {asks_for_certificate} {port}"
                );
            }
        }
    }
}

#[test]
fn every_group_passes_by_a_hello_retry_request_too() {
    let names: Vec<u16> = groups().iter().map(|group| group.name().into()).collect();
    for (taste, name) in names.iter().flat_map(|name| [(Taste::tls13(), *name), (Taste::tls12(), *name)]) {
        if name == 0x11ec && taste.version == &rustls::version::TLS12 {
            continue; // it is one of TLS 1.3 alone
        }
        let steps = recorded(&Taste { groups: group(name), ..taste });
        assert_eq!(judge(StartTls, &steps), Ok(said(&steps)), "{name:#06x}");
    }
}

/// A test on a TLS port up to the server's first flight, and the records of the client's.
fn flight(taste: &Taste) -> (Vec<Step>, Vec<Vec<u8>>) {
    let steps = recorded(&Taste { port: TLS_PORT, ..taste.clone() });
    let after = steps.iter().position(|step| matches!(step, Server(_))).unwrap() + 1;
    let frame = steps[after..].iter().find_map(|step| match step {
        Client(frame) => Some(records(frame)),
        _ => None,
    });
    (steps[..after].to_vec(), frame.unwrap())
}

/// What comes of these records after these steps: the number of the one that is refused, and the rule.
fn sent(before: &[Step], records: &[Vec<u8>]) -> Result<(), (usize, Rule)> {
    let steps: Vec<Step> = before.iter().cloned().chain(records.iter().map(client)).collect();
    judge(Implicit, &steps).map(drop).map_err(|(number, rule)| (number - before.len(), rule))
}

const REFUSED: Rule = Rule::Handshake;
const CCS: [u8; 6] = [20, 3, 3, 0, 1, 1];
const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];

#[test]
fn the_flight_of_tls_1_2_has_its_parts_once_in_their_order_and_lengths() {
    let (before, flight) = flight(&Taste { asks_for_certificate: true, ..Taste::tls12() });
    let [certificate, exchange, ccs, finished] = &flight[..] else { panic!("{flight:?}") };
    assert_eq!(sent(&before, &flight), Ok(()));
    for left_out in 0..3 {
        let mut flight = flight.clone();
        flight.remove(left_out);
        assert_eq!(sent(&before, &flight), Err((left_out, REFUSED)), "without {left_out}");
    }
    for (number, twice) in flight[..3].iter().enumerate() {
        let flight = [&flight[..=number], std::slice::from_ref(twice)].concat();
        assert_eq!(sent(&before, &flight), Err((number + 1, REFUSED)), "{number} twice");
    }
    let again = [&flight[..], std::slice::from_ref(finished)].concat();
    assert_eq!(sent(&before, &again), Err((4, Rule::KeyProof)), "another handshake record: a renegotiation");
    for (length, kind) in [(finished.len() - 6, 22), (finished.len() - 4, 22), (finished.len() - 5, 23)] {
        let other = record(kind, &vec![7; length]);
        let flight = [certificate.clone(), exchange.clone(), ccs.clone(), other];
        assert_eq!(sent(&before, &flight), Err((3, REFUSED)), "{kind} {length}");
    }
    for (number, octet) in [(0, 11), (1, 5), (1, 8), (1, 9), (2, 5)] {
        let mut flight = flight.clone();
        flight[number][octet] ^= 1;
        assert_eq!(sent(&before, &flight), Err((number, REFUSED)), "octet {octet} of {number}");
    }
}

#[test]
fn a_certificate_goes_only_to_who_asks_and_a_point_is_one_of_the_servers_group() {
    let (before, _) = flight(&Taste::tls12());
    assert_eq!(sent(&before, &[record(22, &[11, 0, 0, 3, 0, 0, 0])]), Err((0, REFUSED)));
    let (_, other) = flight(&Taste { groups: group(24), ..Taste::tls12() });
    assert_eq!(sent(&before, &other), Err((0, REFUSED)), "a point of P-384");
}

#[test]
fn in_tls_1_3_only_the_lengths_of_certificate_and_finished_pass() {
    for (suite, finished) in [(0x1301, 53), (0x1302, 69), (0x1303, 53)] {
        let (before, _) = flight(&Taste { suite, ..Taste::tls13() });
        let opaque = |length: usize| record(23, &vec![7; length]);
        for sound in [
            &[CCS.to_vec(), opaque(finished)][..],
            &[opaque(finished)],
            &[opaque(25), opaque(finished)],
            &[opaque(finished + 8)],
            &[opaque(19)],
            &[ALERT.to_vec()],
        ] {
            assert_eq!(sent(&before, sound), Ok(()), "{suite:#06x}");
        }
        for length in (1..100).filter(|length| ![19, 25, finished, finished + 8].contains(length)) {
            assert_eq!(sent(&before, &[opaque(length)]), Err((0, REFUSED)), "{suite:#06x} {length}");
        }
        assert_eq!(sent(&before, &[opaque(25), opaque(25)]), Err((1, REFUSED)));
        assert_eq!(sent(&before, &[opaque(25), opaque(finished + 8)]), Err((1, REFUSED)));
        assert_eq!(sent(&before, &[CCS.to_vec(), CCS.to_vec()]), Err((1, REFUSED)));
        assert_eq!(sent(&before, &[record(22, &vec![7; finished])]), Err((0, REFUSED)), "in clear");
        assert_eq!(sent(&before, &[opaque(finished), opaque(finished)]), Err((1, Rule::KeyProof)));
        for last in [ALERT.to_vec(), opaque(19)] {
            assert_eq!(sent(&before, &[last, opaque(finished)]), Err((1, REFUSED)), "after an alert");
        }
    }
}

#[test]
fn nothing_passes_once_the_server_has_sent_an_alert_or_left_tls() {
    for taste in [Taste::tls12(), Taste::tls13()] {
        let (before, flight) = flight(&taste);
        for end in [&ALERT[..], b"500 5.5.2 What?\r\n", b"\x16\x02\0\0\0"] {
            let before = [&before[..], &[server(end)]].concat();
            assert_eq!(sent(&before, &flight), Err((0, REFUSED)), "{end:?}");
            assert_eq!(sent(&before, &[ALERT.to_vec()]), Err((0, REFUSED)));
        }
    }
}

/// RFC 6066 §3 lets a server warn that it does not know the name, and go on.
#[test]
fn a_warning_before_the_flight_changes_nothing_but_that_the_server_has_not_answered_yet() {
    const WARNING: &[u8] = b"\x15\x03\x01\0\x02\x01\x70";
    const CLOSE_NOTIFY: &[u8] = b"\x15\x03\x03\0\x02\x01\0";
    for taste in [Taste::tls12(), Taste::tls13()] {
        let steps = recorded(&Taste { port: TLS_PORT, ..taste });
        let answer = steps.iter().position(|step| matches!(step, Server(_))).unwrap();
        let (hello, flight) = steps.split_at(answer);
        for cut in [WARNING.len(), 6, 1] {
            let warned: Vec<Step> = WARNING.repeat(2).chunks(cut).map(server).collect();
            let steps = [hello, &warned, flight].concat();
            assert_eq!(judge(Implicit, &steps), Ok(said(&steps)), "by {cut}");
            let early = [hello, &warned, &[client(ALERT)]].concat();
            assert_eq!(judge(Implicit, &early), Err((early.len() - 1, Rule::ClientHello)), "by {cut}");
        }
        let closed = [hello, &[server(CLOSE_NOTIFY)], flight].concat();
        assert!(judge(Implicit, &closed).is_err());
    }
}

#[test]
fn with_what_the_core_does_not_speak_one_alert_passes() {
    let (before, flight) = flight(&Taste::tls12());
    let Some(Server(answer)) = before.last() else { panic!("the server speaks last") };
    let session = 5 + 4 + 2 + 32;
    let suite = session + 1 + usize::from(answer[session]);
    // RSA key transport, CBC, NULL, CCM; DEFLATE; TLS 1.1.
    let others = [[0, 0x2f], [0xc0, 0x14], [0, 2], [0xc0, 0xac]].map(|other| (suite, other));
    for (at, [high, low]) in others.into_iter().chain([(suite + 2, [1, answer[suite + 3]]), (9, [3, 2])]) {
        let mut other = answer.clone();
        (other[at], other[at + 1]) = (high, low);
        let before = [&before[..before.len() - 1], &[Server(other)]].concat();
        assert_eq!(sent(&before, &[flight[0].clone()]), Err((0, REFUSED)), "{high:02x}{low:02x}");
        assert_eq!(sent(&before, &[ALERT.to_vec()]), Ok(()));
        assert_eq!(sent(&before, &[ALERT.to_vec(), ALERT.to_vec()]), Err((1, REFUSED)));
        let key = recorded(&Taste::tls12()).into_iter().find(|step| matches!(step, Key(_))).unwrap();
        let steps = [&before[..], &[key]].concat();
        assert_eq!(judge(Implicit, &steps), Err((before.len(), Rule::KeyProof)));
    }
}
