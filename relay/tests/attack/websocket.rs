//! By what a WebSocket can do besides binary frames, RFC 6455 §5.

use heloscope_interop::OpenPort::StartTls;

use crate::attack::Directly::Mail;
use crate::attack::Step::{Frames, Hear};
use crate::attack::{Attack, MAIL, say};
use crate::campaign::run;

pub(crate) const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
const PONG: u8 = 10;
pub(crate) const FIN: u8 = 0x80;
/// Compressed, RFC 7692 §6.
pub(crate) const RSV1: u8 = 0x40;

/// A masked frame whose mask is nought.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = match u16::try_from(payload.len()).unwrap() {
        length @ ..126 => vec![0x80 | u8::try_from(length).unwrap()],
        length => [&[0x80 | 126], &length.to_be_bytes()[..]].concat(),
    };
    [&[first], &length[..], &[0; 4], payload].concat()
}

/// After the greeting.
fn attack(name: &str, raw: Vec<u8>, payload: &[u8]) -> Attack {
    Attack::new(name, StartTls, vec![Hear, Frames { raw, payload: payload.to_vec() }], Mail)
}

#[tokio::test]
async fn mail_in_other_frames() {
    let (head, tail) = MAIL.split_at(12);
    let long = [MAIL, &[b'\n'; 4096]].concat();
    let unmasked = [&[FIN | BINARY, u8::try_from(MAIL.len()).unwrap()], MAIL].concat();
    let in_pieces = [frame(BINARY, head), frame(CONTINUATION, tail)].concat();
    let whole_in_pieces = [frame(BINARY, head), frame(FIN | CONTINUATION, tail)].concat();
    let ping_between =
        [frame(BINARY, head), frame(FIN | PING, b""), frame(FIN | CONTINUATION, tail)].concat();
    let octets: Vec<u8> = std::iter::once(frame(BINARY, &MAIL[..1]))
        .chain(MAIL[1..].iter().map(|octet| frame(CONTINUATION, &[*octet])))
        .chain([frame(FIN | CONTINUATION, b"")])
        .flatten()
        .collect();
    run(vec![
        attack("a binary frame", frame(FIN | BINARY, MAIL), MAIL),
        attack("a text frame", frame(FIN | TEXT, MAIL), MAIL),
        attack("a text frame that is no UTF-8", frame(FIN | TEXT, &[MAIL, &[0xff]].concat()), MAIL),
        attack("a message of two frames", whole_in_pieces, MAIL),
        attack("a message of two frames with a ping between", ping_between, MAIL),
        attack("a message of a frame an octet", octets, MAIL),
        attack("a message that is never whole", in_pieces, MAIL).nowhere(),
        attack("a ping", frame(FIN | PING, MAIL), MAIL).nowhere(),
        attack("a pong", frame(FIN | PONG, MAIL), MAIL).nowhere(),
        attack("the reason of a close", frame(FIN | CLOSE, &[&[3, 232], MAIL].concat()), MAIL).nowhere(),
        attack("behind a close", [frame(FIN | CLOSE, &[3, 232]), frame(FIN | BINARY, MAIL)].concat(), MAIL)
            .nowhere(),
        attack("more than 4 KiB", frame(FIN | BINARY, &long), &long),
        attack(
            "more than 4 KiB in two frames",
            [frame(BINARY, &long[..2100]), frame(FIN | CONTINUATION, &long[2100..])].concat(),
            &long,
        ),
        attack("a compressed frame", frame(FIN | RSV1 | BINARY, MAIL), MAIL),
        attack("a frame of a reserved type", frame(FIN | 3, MAIL), MAIL),
        attack("a control frame of a reserved type", frame(FIN | 11, MAIL), MAIL),
        attack("a frame without a mask", unmasked, MAIL),
        attack("a continuation of nothing", frame(FIN | CONTINUATION, MAIL), MAIL),
        attack("a ping of more than 125 octets", frame(FIN | PING, &[MAIL, &[b'\n'; 200]].concat()), MAIL),
        attack("below the WebSocket", MAIL.to_vec(), MAIL).nowhere(),
        Attack::new(
            "a text frame in the place of a key",
            StartTls,
            vec![
                Hear,
                Frames {
                    raw: frame(FIN | TEXT, br#"{"client_write_key":{"key":"0a","iv":"0b"}}"#),
                    payload: vec![],
                },
                say(MAIL),
            ],
            Mail,
        ),
    ])
    .await;
}

#[tokio::test]
async fn mail_before_the_relay_is_connected() {
    let early = |name: &str, first: u8| {
        let step = Frames { raw: frame(first, MAIL), payload: MAIL.to_vec() };
        Attack::new(name, StartTls, vec![step], Mail)
    };
    run(vec![early("a binary frame", FIN | BINARY), early("a text frame", FIN | TEXT)]).await;
}
