//! Rule 4: what the client's key opens.

use heloscope_observation::TlsMode::{Implicit, StartTls};
use heloscope_relay::Rule;
use heloscope_wire::ClientWriteKey;

use crate::scene::{
    Client, EHLO, HELO, Key, QUIT, STARTTLS, Server, Step, TLS_PORT, Taste, client, guard, judge, recorded,
    records, said,
};
use crate::sealed::{ALERT, APPLICATION_DATA, CLOSE_NOTIFY, Sealer};

/// A test up to the client's Finished and the server's, its key, and what the client says then.
struct Inside {
    before: Vec<Step>,
    key: ClientWriteKey,
    suite: u16,
}

/// One for each suite of the core that the server in memory has.
fn insides() -> Vec<Inside> {
    let of = |suite: u16| {
        let taste = if suite < 0x2000 { Taste::tls13() } else { Taste::tls12() };
        inside(&Taste { suite, ..taste })
    };
    [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xcca9].map(of).into()
}

fn inside(taste: &Taste) -> Inside {
    let steps = recorded(taste);
    let place = steps.iter().position(|step| matches!(step, Key(_))).unwrap();
    let Key(key) = &steps[place] else { unreachable!() };
    // In TLS 1.3 the Finished follows the key; in TLS 1.2 all that follows is application data.
    let tls13 = taste.version == &rustls::version::TLS13;
    let before = steps[..place + if tls13 { 2 } else { 0 }].to_vec();
    Inside { before, key: key.clone(), suite: taste.suite }
}

impl Inside {
    fn judge(&self, with_key: bool, frames: &[Vec<u8>]) -> Result<usize, (usize, Rule)> {
        let mut steps: Vec<Step> =
            self.before.iter().filter(|step| !matches!(step, Key(_))).cloned().collect();
        if with_key {
            steps.push(Key(self.key.clone()));
        }
        let before = steps.len();
        steps.extend(frames.iter().map(client));
        let up = judge(StartTls, &steps).map_err(|(number, rule)| (number - before, rule))?;
        assert_eq!(up, said(&steps));
        Ok(up.len())
    }

    fn sealer(&self) -> Sealer {
        Sealer::new(self.suite, &self.key)
    }

    /// Asks that these lines pass up to the last, and that the last is refused.
    fn refuses(&self, lines: &[&[u8]]) {
        let mut sealer = self.sealer();
        let frames: Vec<Vec<u8>> = lines.iter().map(|line| sealer.seal(APPLICATION_DATA, line)).collect();
        let refused = Err((lines.len() - 1, Rule::KeyProof));
        assert_eq!(self.judge(true, &frames), refused, "{:#06x} {lines:?}", self.suite);
    }
}

#[test]
fn the_lines_of_a_test_pass_in_their_order_with_their_key() {
    for inside in insides() {
        let mut sealer = inside.sealer();
        let frames = [EHLO, HELO, QUIT].map(|line| sealer.seal(APPLICATION_DATA, line));
        let goodbye = sealer.seal(ALERT, &CLOSE_NOTIFY);
        assert!(inside.judge(true, &[&frames[..], &[goodbye]].concat()).is_ok(), "{:#06x}", inside.suite);
        assert!(inside.judge(true, &[frames.concat()]).is_ok(), "in one frame");
    }
}

/// Then silence is given as long as before a greeting in clear.
#[test]
fn where_tls_comes_first_the_greeting_is_awaited_until_the_client_speaks() {
    for taste in [Taste::tls13, Taste::tls12] {
        for (port, expected) in [(TLS_PORT, &[false, true, false][..]), (taste().port, &[false])] {
            let mut guard = guard(port.mode);
            let mut awaited = Vec::new();
            for step in recorded(&Taste { port, ..taste() }) {
                match step {
                    Server(octets) => guard.from_server(&octets),
                    Client(frame) => drop(guard.from_client(&frame).unwrap()),
                    Key(key) => guard.client_write_key(&key).unwrap(),
                }
                awaited.push(guard.awaits_greeting_inside_tls());
            }
            awaited.dedup();
            assert_eq!(awaited, expected, "{port:?}");
        }
    }
}

#[test]
fn no_other_text_passes() {
    for inside in insides() {
        for text in [
            &b"MAIL FROM:a\nRCPT TO:postmaster\nDATA\n.\n"[..],
            b"AUTH PLAIN AGEAYg==\r\n",
            b"EHLO other.example\r\n",
            b"EHLO relay.example\r\nQUIT\r\n",
            b"EHLO relay.example\n",
            b"quit\r\n",
            b"QUIT\r\n\0",
            b"QUIT\r",
            b"",
            STARTTLS,
        ] {
            inside.refuses(&[text]);
        }
    }
}

#[test]
fn each_line_goes_once_and_in_its_order() {
    for inside in insides() {
        inside.refuses(&[HELO]);
        inside.refuses(&[EHLO, EHLO]);
        inside.refuses(&[EHLO, HELO, HELO]);
        inside.refuses(&[QUIT, QUIT]);
        inside.refuses(&[QUIT, EHLO]);
    }
}

#[test]
fn nothing_passes_without_the_key_or_with_another() {
    for inside in insides() {
        let frame = inside.sealer().seal(APPLICATION_DATA, EHLO);
        assert_eq!(inside.judge(false, std::slice::from_ref(&frame)), Err((0, Rule::KeyProof)));
        let mut other = inside.key.clone();
        other.key[0] ^= 1;
        let wrong = Inside { key: other, before: inside.before.clone(), suite: inside.suite };
        assert_eq!(wrong.judge(true, &[frame]), Err((0, Rule::KeyProof)));
    }
    // Another connection's key.
    let (one, two) = (
        inside(&Taste { suite: 0x1301, ..Taste::tls13() }),
        inside(&Taste { suite: 0x1301, ..Taste::tls13() }),
    );
    let frame = one.sealer().seal(APPLICATION_DATA, EHLO);
    let crossed = Inside { key: two.key, ..one };
    assert_eq!(crossed.judge(true, &[frame]), Err((0, Rule::KeyProof)));
}

#[test]
fn a_record_out_of_its_place_or_changed_does_not_pass() {
    for inside in insides() {
        let mut sealer = inside.sealer();
        let (first, second) = (sealer.seal(APPLICATION_DATA, EHLO), sealer.seal(APPLICATION_DATA, QUIT));
        assert_eq!(inside.judge(true, &[second]), Err((0, Rule::KeyProof)), "skipped");
        assert_eq!(inside.judge(true, &[first.clone(), first.clone()]), Err((1, Rule::KeyProof)), "again");
        for at in (5..first.len()).chain([0, 1, 2]) {
            let mut changed = first.clone();
            changed[at] ^= 1;
            assert_eq!(inside.judge(true, &[changed]), Err((0, Rule::KeyProof)), "octet {at}");
        }
    }
}

#[test]
fn no_other_type_of_content_passes() {
    const HANDSHAKE: u8 = 22;
    for inside in insides() {
        let refuses = |kind: u8, content: &[u8], what: &str| {
            let frame = inside.sealer().seal(kind, content);
            assert_eq!(
                inside.judge(true, &[frame]),
                Err((0, Rule::KeyProof)),
                "{:#06x} {what}",
                inside.suite
            );
        };
        refuses(HANDSHAKE, &[24, 0, 0, 1, 0], "KeyUpdate");
        refuses(HANDSHAKE, QUIT, "a line of another type");
        refuses(ALERT, &[2, 0], "an alert that is fatal");
        refuses(ALERT, &[1, 90], "another alert");
        refuses(ALERT, QUIT, "a line as an alert");
        refuses(APPLICATION_DATA, &CLOSE_NOTIFY, "an alert as data");
        assert_eq!(inside.judge(true, &[vec![20, 3, 3, 0, 1, 1]]), Err((0, Rule::KeyProof)));
        assert_eq!(inside.judge(true, &[vec![21, 3, 3, 0, 2, 1, 0]]), Err((0, Rule::KeyProof)), "in clear");
    }
    let inside = inside(&Taste { suite: 0x1301, ..Taste::tls13() });
    let padded = inside.sealer().seal_inner(&[EHLO, &[APPLICATION_DATA, 0]].concat());
    assert_eq!(inside.judge(true, &[padded]), Err((0, Rule::KeyProof)), "padded");
}

#[test]
fn nothing_passes_after_a_close_notify() {
    for inside in insides() {
        let mut sealer = inside.sealer();
        let goodbye = sealer.seal(ALERT, &CLOSE_NOTIFY);
        for after in [sealer.seal(APPLICATION_DATA, EHLO), b"QUIT\r\n".to_vec()] {
            assert_eq!(inside.judge(true, &[goodbye.clone(), after]), Err((1, Rule::KeyProof)));
        }
    }
}

#[test]
fn the_key_is_shown_once_and_fits_the_suite() {
    for inside in insides() {
        let with = |keys: &[ClientWriteKey]| {
            let before = inside.before.iter().filter(|step| !matches!(step, Key(_))).cloned();
            let steps: Vec<Step> = before.chain(keys.iter().cloned().map(Key)).collect();
            let place = steps.len() - keys.len();
            judge(StartTls, &steps).map(drop).map_err(|(number, rule)| (number - place, rule))
        };
        let key = &inside.key;
        assert_eq!(with(std::slice::from_ref(key)), Ok(()));
        assert_eq!(with(&[key.clone(), key.clone()]), Err((1, Rule::KeyProof)));
        let (short, long) = (key.key[1..].to_vec(), [&key.key[..], &[0]].concat());
        for odd in [
            ClientWriteKey { key: short, ..key.clone() },
            ClientWriteKey { key: long, ..key.clone() },
            ClientWriteKey { iv: [&key.iv[..], &[0; 8]].concat(), ..key.clone() },
            ClientWriteKey { iv: vec![], ..key.clone() },
        ] {
            assert_eq!(with(&[odd]), Err((0, Rule::KeyProof)));
        }
    }
}

#[test]
fn no_key_is_taken_before_the_server_has_chosen_a_suite() {
    let key = Key(ClientWriteKey { key: vec![0; 16], iv: vec![0; 12] });
    let steps = recorded(&Taste { port: TLS_PORT, ..Taste::tls13() });
    let hello = steps.iter().position(|step| matches!(step, Client(_))).unwrap();
    assert_eq!(judge(Implicit, std::slice::from_ref(&key)), Err((0, Rule::KeyProof)));
    assert_eq!(judge(Implicit, &[steps[hello].clone(), key.clone()]), Err((1, Rule::KeyProof)));
    assert_eq!(judge(StartTls, &[Server(b"220 mx\r\n".to_vec()), key]), Err((1, Rule::KeyProof)));
}

#[test]
fn in_tls_1_2_the_server_has_finished_first() {
    let inside = inside(&Taste { suite: 0xc02c, ..Taste::tls12() });
    let frame = inside.sealer().seal(APPLICATION_DATA, EHLO);
    let Some(Server(last)) = inside.before.last() else { panic!("the server speaks last") };
    assert!(records(last).iter().any(|record| record[0] == 20));
    let early = inside.before[..inside.before.len() - 1].to_vec();
    let early = Inside { before: early, key: inside.key.clone(), suite: inside.suite };
    assert_eq!(early.judge(true, &[frame]), Err((0, Rule::KeyProof)));
}
