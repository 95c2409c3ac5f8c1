//! Handshakes, and what goes wrong in them.

use heloscope_observation::RefusalCode;
use rustls::NamedGroup;

use crate::play::Play;
use crate::raw::{certificate, server_hello};
use crate::server::{EXPLICIT_CURVE, Tls};

fn dial(play: &mut Play, port: &str) {
    play.test(&[port]);
    play.connects();
    play.seen_first(&["resolve: dialled", "connect: connected 192.0.2.1:25"]);
}

/// A hello made by hand asks again, once; the server will not have that one either.
fn refused_again(play: &mut Play) {
    play.on(1);
    play.refuses(RefusalCode::ConnectionRefused);
    play.seen(&["#1 connect: refused ConnectionRefused", "#1 connect: ended"]);
}

/// The first hello has no share of this group: the server asks for one.
pub(crate) fn hello_retry_request(play: &mut Play) {
    dial(play, "465");
    play.handshake(&Tls { group: Some(NamedGroup::secp384r1), ..Tls::V1_3 });
    play.seen(&[
        "tls: hello",
        "tls: another hello of 308 octets",
        "tls: chain mx.example",
        "tls: handshake 0304 suite 1302 group 24 after a retry completed",
    ]);
    play.closes();
    play.seen(&["greeting: closed without close_notify", "greeting: ended"]);
}

/// The cookie of the server's HelloRetryRequest (RFC 8446 §4.2.2) goes into the second hello as it is, and a relay does not
/// let that one through: what the relay ends says nothing of the server, and no other hello asks again.
pub(crate) fn cookie_that_holds_a_command(play: &mut Play) {
    const COOKIE: &[u8] = b"\r\nRCPT TO:<postmaster>\r\n";
    dial(play, "465");
    let first = play.client_hello();
    play.server(retry_request(&first, COOKIE));
    let second = play.client_octets();
    assert!(second.windows(COOKIE.len()).any(|octets| octets == COOKIE), "{second:?}");
    play.refuses(RefusalCode::Blocked);
    play.is_closed_by_probe();
    play.seen(&["tls: hello", "tls: another hello of 273 octets", "tls: refused Blocked", "tls: ended"]);
}

/// A HelloRetryRequest with this cookie and no wish for another group, RFC 8446 §4.1.4.
fn retry_request(hello: &[u8], cookie: &[u8]) -> Vec<u8> {
    const RANDOM: [u8; 32] = [
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
        0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
    ];
    // Behind the headers of record and message, the version and the random.
    const SESSION: usize = 5 + 4 + 2 + 32;
    let sized = |octets: &[u8]| {
        [&u16::try_from(octets.len()).expect("few octets").to_be_bytes()[..], octets].concat()
    };
    let session = &hello[SESSION..=SESSION + 32];
    let extensions = [&[0, 43, 0, 2, 3, 4, 0, 44][..], &sized(&sized(cookie))].concat();
    let body = [&[3, 3][..], &RANDOM, session, &[0x13, 0x02, 0], &sized(&extensions)].concat();
    let message = [&[2, 0][..], &sized(&body)].concat();
    [&[22, 3, 3][..], &sized(&message)].concat()
}

/// The server asks for a share that is too much for it, or for what stands before it.
fn drops_the_second_hello(play: &mut Play, drops: fn(&mut Play), seen: &str) {
    dial(play, "465");
    play.asks_for_another_hello(&Tls { group: Some(NamedGroup::X25519MLKEM768), ..Tls::V1_3 });
    drops(play);
    play.is_closed_by_probe();
    play.seen(&[
        "tls: hello",
        "tls: another hello of 1427 octets",
        seen,
        "tls: ended",
        "#1 resolve: dialled",
    ]);
    play.on(1);
    play.connects();
    assert!(play.client_hello().len() < 1427, "the hello made by hand is an older and a shorter one");
    play.server(b"\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03");
    play.server([9; 32]);
    play.server(b"\x00\xc0\x2f\x00\x16\x03\x03\x00\x04\x0e\x00\x00\x00"); // ServerHelloDone
    play.seen_last(&["#1 tls: handshake 0303 suite c02f group none not completed", "#1 tls: ended"]);
}

pub(crate) fn hang_up_at_the_second_hello(play: &mut Play) {
    drops_the_second_hello(play, Play::closes, "tls: closed without close_notify");
}

pub(crate) fn silence_at_the_second_hello(play: &mut Play) {
    drops_the_second_hello(play, |play| play.wait(18), "tls: timed out after 18 s");
}

pub(crate) fn reset_at_the_second_hello(play: &mut Play) {
    drops_the_second_hello(play, |play| play.refuses(RefusalCode::Reset), "tls: refused Reset");
}

pub(crate) fn alert_at_the_second_hello(play: &mut Play) {
    let alert = |play: &mut Play| play.server(b"\x15\x03\x03\x00\x02\x02\x32"); // fatal, decode_error
    drops_the_second_hello(play, alert, "tls: alert 50");
}

/// No chain is refused, but a server is that cannot prove that it holds the leaf's key.
pub(crate) fn signature_of_another_key_in_tls_1_3(play: &mut Play) {
    forged(play, &Tls::V1_3);
}

pub(crate) fn signature_of_another_key_in_tls_1_2(play: &mut Play) {
    forged(play, &Tls::V1_2);
}

fn forged(play: &mut Play, tls: &Tls) {
    dial(play, "465");
    play.handshake(&Tls { forged: true, ..*tls });
    play.seen(&["tls: hello", "tls: chain mx.example", "tls: bad signature", "tls: ended"]);
}

/// With such a key no signature is verified here, which is no fault of the server's; what was chosen is known.
pub(crate) fn key_that_is_not_verified_in_tls_1_3(play: &mut Play) {
    unverified(play, &Tls::V1_3, "tls: handshake 0304 suite 1302 group 29 not completed");
}

pub(crate) fn key_that_is_not_verified_in_tls_1_2(play: &mut Play) {
    unverified(play, &Tls::V1_2, "tls: handshake 0303 suite c02c group none not completed");
}

fn unverified(play: &mut Play, tls: &Tls, chosen: &str) {
    dial(play, "465");
    play.handshake(&Tls { certificate: EXPLICIT_CURVE, ..*tls });
    play.seen(&["tls: hello", "tls: chain ?", chosen, "tls: unverified key", "tls: ended"]);
}

pub(crate) fn alert_in_the_handshake(play: &mut Play) {
    dial(play, "465");
    play.client_hello();
    play.server(b"\x15\x03\x03\x00\x02\x02\x28"); // fatal, handshake_failure
    play.is_closed_by_probe();
    play.seen(&["tls: hello", "tls: alert 40", "tls: ended", "#1 resolve: dialled"]);
    refused_again(play);
}

pub(crate) fn broken_record(play: &mut Play) {
    dial(play, "465");
    play.client_hello();
    play.server(b"\x16\x03\x03\x00\x04\x02\x00\x00\x00"); // a ServerHello of no octets
    play.is_closed_by_probe();
    play.seen(&["tls: hello", "tls: TLS broken", "tls: ended", "#1 resolve: dialled"]);
    refused_again(play);
}

pub(crate) fn hang_up_in_the_handshake(play: &mut Play) {
    dial(play, "465");
    play.client_hello();
    play.server(b"\x16\x03\x03");
    play.closes();
    play.seen(&["tls: hello", "tls: closed without close_notify", "tls: ended", "#1 resolve: dialled"]);
    refused_again(play);
}

pub(crate) fn reset_in_the_handshake(play: &mut Play) {
    dial(play, "465");
    play.client_hello();
    play.server(b"\x16\x03\x03");
    play.refuses(RefusalCode::Reset);
    play.is_closed_by_probe();
    play.seen(&["tls: hello", "tls: refused Reset", "tls: ended", "#1 resolve: dialled"]);
    refused_again(play);
}

/// What the server chose is known by then, and a hello made by hand may learn more.
pub(crate) fn hang_up_after_the_first_server_hello(play: &mut Play) {
    dial(play, "465");
    play.client_hello();
    play.server(server_hello(3, [0xc0, 0x2f]));
    play.closes();
    play.seen(&[
        "tls: hello",
        "tls: handshake 0303 suite c02f group none not completed",
        "tls: closed without close_notify",
        "tls: ended",
        "#1 resolve: dialled",
    ]);
    refused_again(play);
}

pub(crate) fn alert_after_the_first_certificate(play: &mut Play) {
    dial(play, "465");
    play.client_hello();
    play.server([server_hello(3, [0xc0, 0x2f]), certificate(3)].concat());
    play.server(b"\x15\x03\x03\x00\x02\x02\x50"); // fatal, internal_error
    play.is_closed_by_probe();
    play.seen(&[
        "tls: hello",
        "tls: handshake 0303 suite c02f group none not completed",
        "tls: alert 80",
        "tls: ended",
        "#1 resolve: dialled",
    ]);
    refused_again(play);
}

/// The server has shown by then what it is.
pub(crate) fn reset_after_the_handshake(play: &mut Play) {
    dial(play, "465");
    play.handshake(&Tls::V1_3);
    play.refuses(RefusalCode::Reset);
    play.seen(&[
        "tls: hello",
        "tls: chain mx.example",
        "tls: handshake 0304 suite 1302 group 29 completed",
        "greeting: refused Reset",
        "greeting: ended",
    ]);
}

/// Warning, unrecognized_name.
const WARNING: &[u8] = b"\x15\x03\x03\x00\x02\x01\x70";

/// RFC 6066 §3 lets a server warn that it does not know the name, and go on. Said twice it is one warning.
pub(crate) fn warning_before_the_flight_of_tls_1_2(play: &mut Play) {
    dial(play, "465");
    play.server(WARNING.repeat(2));
    play.handshake(&Tls::V1_2);
    play.server("220 mx.example\r\n");
    play.client("EHLO relay.example\r\n");
    play.closes();
    play.seen_first(&[
        "tls: hello",
        "tls: warning 112",
        "tls: chain mx.example",
        "tls: handshake 0303 suite c02c group 29 completed",
    ]);
    play.seen_last(&["ehlo after tls: closed without close_notify", "ehlo after tls: ended"]);
}

pub(crate) fn warning_before_the_flight_of_tls_1_3(play: &mut Play) {
    dial(play, "465");
    play.server(WARNING);
    play.handshake(&Tls::V1_3);
    play.closes();
    play.seen(&[
        "tls: hello",
        "tls: warning 112",
        "tls: chain mx.example",
        "tls: handshake 0304 suite 1302 group 29 completed",
        "greeting: closed without close_notify",
        "greeting: ended",
    ]);
}

/// It is not silent, and will not end.
pub(crate) fn handshake_one_octet_at_a_time(play: &mut Play) {
    play.test(&["465"]);
    play.connects();
    play.client_hello();
    for octet in [0x16, 3, 3, 0x40, 0, 2] {
        play.server([octet]);
        play.wait(15);
    }
    play.is_closed_by_probe();
    play.seen_last(&[
        "tls: hello",
        "tls: whole time of 88 s over in 6 pieces from 0 s to 75 s",
        "tls: ended",
    ]);
}

pub(crate) fn hang_up_after_a_warning(play: &mut Play) {
    dial(play, "465");
    play.client_hello();
    play.server(WARNING);
    play.closes();
    play.seen(&[
        "tls: hello",
        "tls: warning 112",
        "tls: closed without close_notify",
        "tls: ended",
        "#1 resolve: dialled",
    ]);
    play.on(1);
    play.connects();
    play.client_hello();
    play.server(WARNING);
    play.closes();
    play.seen_first(&["#1 connect: connected 192.0.2.1:25", "#1 tls: hello", "#1 tls: warning 112"]);
    play.seen_first(&["#1 tls: closed without close_notify", "#1 tls: ended", "#2 resolve: dialled"]);
    play.on(2);
    play.refuses(RefusalCode::ConnectionRefused);
    play.seen(&["#2 connect: refused ConnectionRefused", "#2 connect: ended"]);
}

/// It is not the server that ended this one.
pub(crate) fn end_of_the_relay_in_the_handshake(play: &mut Play) {
    dial(play, "465");
    play.client_hello();
    play.refuses(RefusalCode::RelayUnreachable);
    play.seen(&["tls: hello", "tls: refused RelayUnreachable", "tls: ended"]);
}

pub(crate) fn clear_text_on_an_implicit_tls_port(play: &mut Play) {
    dial(play, "465");
    play.client_hello();
    play.server("220-mx.example ESMTP\r\n220 ready\r\n");
    play.seen(&["tls: hello"]);
    play.wait(2);
    play.is_closed_by_probe();
    play.seen(&["tls: not TLS \"220-mx.example ESMTP\\r\\n220 ready\\r\\n\" at 0 s", "tls: ended"]);
}

pub(crate) fn one_line_without_an_end_on_an_implicit_tls_port(play: &mut Play) {
    dial(play, "465");
    play.client_hello();
    play.server("220 mx.exa");
    play.seen(&["tls: hello"]);
    play.wait(2);
    play.is_closed_by_probe();
    play.seen(&["tls: not TLS \"220 mx.exa\" at 0 s", "tls: ended"]);
}

pub(crate) fn tls_alert_on_a_clear_text_port(play: &mut Play) {
    dial(play, "25");
    play.server(b"\x15\x03\x01\x00\x02\x02\x0a"); // fatal, unexpected_message
    play.is_closed_by_probe();
    play.seen(&[
        "greeting: no reply: TlsRecord after 0 lines \"\\x15\\x03\\x01\\x00\\x02\\x02\\n\"",
        "greeting: ended",
    ]);
}

pub(crate) fn close_notify_before_the_reply(play: &mut Play) {
    dial(play, "465");
    play.handshake(&Tls::V1_2);
    play.server("220 mx.example\r\n");
    play.client("EHLO relay.example\r\n");
    play.sends_close_notify();
    play.is_closed_by_probe();
    play.seen_last(&["ehlo after tls: closed after close_notify", "ehlo after tls: ended"]);
}

/// The server's own end of TLS is gone, and what was behind it answers.
pub(crate) fn clear_text_inside_tls(play: &mut Play) {
    for tls in [Tls::V1_3, Tls::V1_2] {
        dial(play, "465");
        play.handshake(&tls);
        play.server("220 mx.example\r\n");
        play.client("EHLO relay.example\r\n");
        play.in_clear("250-mx.example\r\n250 SIZE\r\n");
        play.wait(2);
        play.seen_last(&[
            "ehlo after tls: not TLS \"250-mx.example\\r\\n250 SIZE\\r\\n\" at 0 s",
            "ehlo after tls: ended",
        ]);
    }
}

/// Whatever comes in place of the reply to QUIT is kept as it would be in place of any other.
pub(crate) fn clear_text_after_quit(play: &mut Play) {
    dial(play, "465");
    play.handshake(&Tls::V1_3);
    play.server("220 mx.example\r\n");
    play.client("EHLO relay.example\r\n");
    play.server("250 mx.example\r\n");
    play.client("QUIT\r\n");
    for octet in "221 b".bytes() {
        play.in_clear([octet]);
        play.wait(1);
    }
    play.is_closed_by_probe();
    play.seen_last(&["quit: not TLS \"221 b\" at 0 s", "quit: ended"]);
}

pub(crate) fn clear_text_inside_tls_as_long_as_it_is_kept(play: &mut Play) {
    dial(play, "465");
    play.handshake(&Tls::V1_3);
    play.in_clear("x".repeat(600));
    play.is_closed_by_probe();
    play.seen_last(&[&format!("greeting: not TLS \"{}\" at 0 s", "x".repeat(512)), "greeting: ended"]);
}
