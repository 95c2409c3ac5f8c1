//! The relay's guard between a client and a server that both send anything: what goes up is what a test says.
#![no_main]

use heloscope_fuzz::Script;
use heloscope_observation::TlsMode;
use heloscope_relay::Guard;
use heloscope_smtp::stray_command;
use heloscope_wire::ClientWriteKey;
use libfuzzer_sys::fuzz_target;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

const HOST: &str = "mx.example";
const LINES: [&[u8]; 4] =
    [b"EHLO relay.example\r\n", b"HELO relay.example\r\n", b"STARTTLS\r\n", b"QUIT\r\n"];
const MAX_STEPS: usize = 64;

fuzz_target!(|data: &[u8]| {
    let mut script = Script::new(data);
    let mode =
        if script.octet().unwrap_or_default() & 1 == 0 { TlsMode::StartTls } else { TlsMode::Implicit };
    let mut sealer = Sealer { sequence: 0 };
    let steps: Vec<Step> = std::iter::from_fn(|| step(&mut script, &mut sealer)).take(MAX_STEPS).collect();
    let whole = play(mode, &steps, usize::MAX);
    assert_eq!(play(mode, &steps, 1), whole, "any cut gives the same");
    assert_eq!(play(mode, &steps, 7), whole, "any cut gives the same");
});

/// What passes a relay.
enum Step {
    Server(Vec<u8>),
    Client(Vec<u8>),
    Key(ClientWriteKey),
}

/// What goes up, and the step at which something is refused. Of that frame nothing counts: what fits before what does not
/// goes up where it came alone, and with it does not.
fn play(mode: TlsMode, steps: &[Step], size: usize) -> (Vec<u8>, Option<usize>) {
    let mut guard = Guard::new(HOST.parse().expect("a host"), mode, "relay.example");
    let mut seen = Seen { clear: mode == TlsMode::StartTls, ..Seen::default() };
    let mut refused = None;
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Server(octets) => {
                for cut in octets.chunks(size) {
                    guard.from_server(cut);
                    seen.heard(cut);
                }
            }
            Step::Client(frame) => {
                // A line is a frame; records may be cut anywhere.
                let size = if frame.first().is_some_and(|octet| (20..=23).contains(octet)) {
                    size
                } else {
                    usize::MAX
                };
                let before = seen.up.len();
                for cut in frame.chunks(size) {
                    match guard.from_client(cut) {
                        Ok(_) if refused.is_some() => panic!("nothing passes after what was refused"),
                        Ok(up) => seen.went_up(&up),
                        Err(_) if refused.is_some() => {}
                        Err(_) => {
                            refused = Some(number);
                            seen.up.truncate(before);
                        }
                    }
                }
            }
            Step::Key(key) => match guard.client_write_key(key) {
                Ok(()) => {
                    assert!(refused.is_none() && !seen.key, "one key, and none after what was refused");
                    assert!(seen.record_heard, "the server has chosen a suite");
                    seen.key = true;
                }
                Err(_) => refused = refused.or(Some(number)),
            },
        }
    }
    (seen.up, refused)
}

/// What is known of a connection from outside.
#[derive(Default)]
struct Seen {
    up: Vec<u8>,
    clear: bool,
    said: Vec<Vec<u8>>,
    hellos: usize,
    /// What the server said after the hello, warnings left out, until it is known to be TLS.
    first: Vec<u8>,
    record_heard: bool,
    key: bool,
    application_data: usize,
    over: bool,
}

impl Seen {
    fn heard(&mut self, octets: &[u8]) {
        if self.hellos == 0 || self.record_heard {
            return;
        }
        self.first.extend(octets);
        // A warning may come before, RFC 6066 §3.
        while matches!(self.first[..], [21, 3, 0..=4, 0, 2, 1, 1..=255, ..]) {
            self.first.drain(..7);
        }
        self.record_heard = matches!(self.first[..], [22, 3, 0..=4, _, _, ..]);
    }

    fn went_up(&mut self, octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        assert!(!self.over, "nothing goes up after QUIT in clear, or after an alert in clear");
        self.up.extend(octets);
        if self.clear && LINES.contains(&octets) {
            assert!(!self.said.iter().any(|said| said == octets), "each line goes once");
            self.said.push(octets.to_vec());
            self.over = octets == LINES[3];
            return;
        }
        assert!(!self.clear || self.said.iter().any(|said| said == LINES[2]), "TLS comes after STARTTLS");
        self.clear = false;
        let mut rest = octets;
        while let [kind, 3, 1 | 3, high, low, ..] = *rest {
            let (record, later) = rest.split_at(5 + usize::from(u16::from_be_bytes([high, low])));
            self.record(kind, record);
            rest = later;
        }
        assert!(rest.is_empty(), "whole records go up");
    }

    fn record(&mut self, kind: u8, record: &[u8]) {
        assert!(record.len() <= 5 + 2048 && record.len() > 5);
        if self.hellos == 0 {
            assert!(kind == 22 && record[5] == 1, "a hello comes first");
        } else {
            assert!(self.record_heard, "nothing more goes up before the server speaks TLS");
        }
        match kind {
            22 if record[5] == 1 && record.len() > 60 => {
                self.hellos += 1;
                assert!(self.hellos <= 2);
                assert_eq!(stray_command(record, &(0..0)), None, "no command is in a hello");
            }
            21 if record.len() == 7 => self.over = true,
            23 => {
                self.application_data += 1;
                // A Certificate and a Finished look the same.
                assert!(self.key || self.application_data <= 2, "no data without a key");
                assert!(self.application_data <= 2 + 4, "EHLO, HELO, QUIT, close_notify");
            }
            _ => {}
        }
    }
}

/// The next step: anything, or what brings the guard further.
fn step(script: &mut Script<'_>, sealer: &mut Sealer) -> Option<Step> {
    let kind = script.octet()?;
    let choice = script.octet()?;
    let changed = |mut octets: Vec<u8>, script: &mut Script<'_>| {
        if kind & 0x80 != 0 {
            let (place, value) = (script.octet().unwrap_or_default(), script.octet().unwrap_or_default());
            let place = usize::from(place) % octets.len().max(1);
            if let Some(octet) = octets.get_mut(place) {
                *octet = value;
            }
        }
        octets
    };
    Some(match kind & 0x0f {
        0 => Step::Client(script.octets().to_vec()),
        1 => Step::Server(script.octets().to_vec()),
        2 => Step::Client(changed(LINES[usize::from(choice) % 4].to_vec(), script)),
        3 => Step::Server(changed(REPLIES[usize::from(choice) % REPLIES.len()].to_vec(), script)),
        4 | 5 => Step::Client(changed(client_hello(choice), script)),
        6 | 7 => Step::Server(changed(server_flight(choice), script)),
        8 | 9 => Step::Client(changed(client_flight(choice), script)),
        10 => Step::Key(ClientWriteKey {
            key: vec![0; if choice & 2 == 0 { 16 } else { 32 }],
            iv: vec![0; if choice & 1 == 0 { 12 } else { 4 }],
        }),
        11 | 12 => {
            let own = script.octets();
            let text = LINES.get(usize::from(choice >> 1) % 6).copied().unwrap_or(own);
            Step::Client(changed(sealer.seal(choice & 1 == 0, choice & 0x40 != 0, text), script))
        }
        _ => Step::Server(changed(b"\x17\x03\x03\x00\x01x\x14\x03\x03\x00\x01\x01".to_vec(), script)),
    })
}

const REPLIES: [&[u8]; 6] = [
    b"220 mx.example\r\n",
    b"250-mx.example\r\n250 STARTTLS\r\n",
    b"500 5.5.1 What?\r\n",
    b"454 4.7.0 No\r\n",
    b"220 Go\r\n250 injected\r\n",
    b"421 Bye\r\n",
];

fn sized(length: usize, octets: &[u8]) -> Vec<u8> {
    let size = u32::try_from(octets.len()).expect("short").to_be_bytes();
    [&size[4 - length..], octets].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], &sized(3, body)[..]].concat()
}

fn record(kind: u8, version: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, version], &sized(2, content)[..]].concat()
}

fn extension(number: u8, content: &[u8]) -> Vec<u8> {
    [&[0, number], &sized(2, content)[..]].concat()
}

/// As the TLS library makes it, the first or the second.
fn client_hello(choice: u8) -> Vec<u8> {
    let second = choice & 1 != 0;
    let share = if second {
        [&[0, 23, 0, 65, 4][..], &[7; 64]].concat()
    } else {
        [&[0, 29, 0, 32][..], &[7; 32]].concat()
    };
    let name = sized(2, &[&[0], &sized(2, HOST.as_bytes())[..]].concat());
    let extensions = [
        extension(0, &name),
        extension(10, &[0, 4, 0, 29, 0, 23]),
        extension(13, &[0, 2, 4, 3]),
        extension(43, &[4, 3, 4, 3, 3]),
        extension(51, &sized(2, &share)),
    ]
    .concat();
    let session = if choice & 2 == 0 { vec![32; 33] } else { vec![0] };
    let body = [&[3, 3][..], &[9; 32], &session, &[0, 4, 0x13, 1, 0xc0, 0x2f, 1, 0], &sized(2, &extensions)]
        .concat();
    record(22, if second { 3 } else { 1 }, &message(1, &body))
}

const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

fn server_flight(choice: u8) -> Vec<u8> {
    let hello = |random: &[u8; 32], suite: [u8; 2], tls13: bool| {
        let extensions = if tls13 { extension(43, &[3, 4]) } else { Vec::new() };
        message(2, &[&[3, 3][..], random, &[0], &suite, &[0], &sized(2, &extensions)].concat())
    };
    match choice % 6 {
        0 => [record(22, 3, &hello(&[5; 32], [0x13, 1], true)), record(23, 3, b"x")].concat(),
        1 => record(22, 3, &hello(&RETRY, [0x13, 1], true)),
        2 => {
            let done = [message(11, &[1; 9]), message(12, &[3, 0, 29, 1]), message(14, &[])].concat();
            record(22, 3, &[hello(&[5; 32], [0xc0, 0x2f], false), done].concat())
        }
        3 => {
            let done = [message(12, &[3, 0, 23, 1]), message(13, &[0]), message(14, &[])].concat();
            [record(22, 3, &hello(&[5; 32], [0xc0, 0x2f], false)), record(22, 3, &done)].concat()
        }
        4 => record(22, 3, &hello(&[5; 32], [0, 0x2f], false)),
        _ => record(21, 3, &[2, 40]),
    }
}

fn client_flight(choice: u8) -> Vec<u8> {
    match choice % 9 {
        0 => record(20, 3, &[1]),
        1 => record(22, 3, &[&[16, 0, 0, 33, 32][..], &[7; 32]].concat()),
        2 => record(22, 3, &[&[16, 0, 0, 66, 65, 4][..], &[7; 64]].concat()),
        3 => record(22, 3, &[11, 0, 0, 3, 0, 0, 0]),
        4 => record(22, 3, &[7; 40]),
        5 => record(23, 3, &[7; 53]),
        6 => record(23, 3, &[7; 25]),
        7 => record(23, 3, &[7; 61]),
        _ => record(21, 3, &[2, 40]),
    }
}

/// Seals with a key of zeros, AES-128 in GCM.
struct Sealer {
    sequence: u64,
}

impl Sealer {
    fn seal(&mut self, tls13: bool, alert: bool, text: &[u8]) -> Vec<u8> {
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[0; 16]).expect("16 octets"));
        let kind = if alert { 21 } else { 23 };
        let text = if alert { &[1, 0] } else { text };
        if self.sequence == 0 && !tls13 {
            self.sequence = 1;
        }
        let number = self.sequence.to_be_bytes();
        self.sequence += 1;
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&number);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let (mut sealed, aad, before, outer) = if tls13 {
            let inner = [text, &[kind]].concat();
            let header = record(23, 3, &vec![0; inner.len() + 16])[..5].to_vec();
            (inner, header, &[][..], 23)
        } else {
            let aad = [&number[..], &[kind, 3, 3], &sized(2, text)[..2]].concat();
            (text.to_vec(), aad, &number[..], kind)
        };
        key.seal_in_place_append_tag(nonce, Aad::from(aad), &mut sealed).expect("it is short");
        record(outer, 3, &[before, &sealed].concat())
    }
}
