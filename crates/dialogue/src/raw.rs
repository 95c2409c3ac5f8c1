//! Servers that the TLS library cannot speak to: a hello made by hand reads what they say in the clear.

use crate::play::Play;
use crate::server::CERTIFICATE;

const HANDSHAKE_FAILURE: &[u8] = b"\x15\x03\x03\x00\x02\x02\x28";

/// Up to the hello made by hand on port 465, after the server has refused the library's.
fn until_raw_hello(play: &mut Play) {
    play.test(&["465"]);
    play.connects();
    play.client_hello();
    play.server(HANDSHAKE_FAILURE);
    play.on(1);
    play.connects();
    let hello = play.client_hello();
    assert_eq!(hello[..3], [22, 3, 1], "the record version that the oldest servers take");
    play.seen_last(&["#1 resolve: dialled", "#1 connect: connected 192.0.2.1:25", "#1 tls: hello"]);
}

fn names_the_host(hello: &[u8]) -> bool {
    hello.windows(10).any(|octets| octets == b"mx.example")
}

/// A record of this version with one handshake message in it.
fn message(version: u8, kind: u8, body: &[u8]) -> Vec<u8> {
    let length = |octets: usize| u16::try_from(octets).expect("a short message").to_be_bytes();
    let [high, low] = length(body.len());
    let message = [&[kind, 0, high, low], body].concat();
    [&[22, 3, version], &length(message.len())[..], &message].concat()
}

pub(crate) fn server_hello(version: u8, suite: [u8; 2]) -> Vec<u8> {
    message(version, 2, &[&[3, version][..], &[9; 32], &[0], &suite, &[0]].concat())
}

pub(crate) fn certificate(version: u8) -> Vec<u8> {
    let sized = |octets: &[u8]| {
        let [high, low] = u16::try_from(octets.len()).expect("a short list").to_be_bytes();
        [&[0, high, low], octets].concat()
    };
    message(version, 11, &sized(&sized(CERTIFICATE)))
}

fn done(version: u8) -> Vec<u8> {
    message(version, 14, &[])
}

pub(crate) fn tls_1_0_with_rsa_key_transport(play: &mut Play) {
    until_raw_hello(play);
    play.server([server_hello(1, [0, 0x2f]), certificate(1), done(1)].concat());
    play.is_closed_by_probe();
    play.seen(&[
        "#1 tls: chain mx.example",
        "#1 tls: handshake 0301 suite 002f group none not completed",
        "#1 tls: ended",
    ]);
}

pub(crate) fn ssl_3_0(play: &mut Play) {
    until_raw_hello(play);
    play.server([server_hello(0, [0, 0x0a]), certificate(0), done(0)].concat());
    play.seen(&[
        "#1 tls: chain mx.example",
        "#1 tls: handshake 0300 suite 000a group none not completed",
        "#1 tls: ended",
    ]);
}

pub(crate) fn finite_field_of_1024_bits(play: &mut Play) {
    until_raw_hello(play);
    let parameters = [&[0, 128, 0x80][..], &[1; 127], &[0, 1, 2, 0, 1, 5]].concat();
    play.server([server_hello(3, [0, 0x39]), certificate(3), message(3, 12, &parameters), done(3)].concat());
    play.seen(&[
        "#1 tls: chain mx.example",
        "#1 tls: handshake 0303 suite 0039 group 1024 bits not completed",
        "#1 tls: ended",
    ]);
}

/// The key of 512 bits that the export rules wanted is made for the occasion, RFC 2246 §7.4.3: the certificate's is longer.
pub(crate) fn export_with_an_rsa_key_of_512_bits(play: &mut Play) {
    until_raw_hello(play);
    // Modulus, exponent 65537, and a signature that nobody looks at.
    let parameters = [&[0, 64, 0xc1][..], &[7; 63], &[0, 3, 1, 0, 1], &[0, 2, 5, 5]].concat();
    play.server([server_hello(0, [0, 0x03]), certificate(0), message(0, 12, &parameters), done(0)].concat());
    play.is_closed_by_probe();
    play.seen(&[
        "#1 tls: chain mx.example",
        "#1 tls: handshake 0300 suite 0003 group 512 bits not completed",
        "#1 tls: ended",
    ]);
}

pub(crate) fn export_over_a_finite_field_of_512_bits(play: &mut Play) {
    until_raw_hello(play);
    let parameters = [&[0, 64, 0x80][..], &[1; 63], &[0, 1, 2, 0, 1, 5], &[0, 2, 5, 5]].concat();
    play.server([server_hello(1, [0, 0x14]), certificate(1), message(1, 12, &parameters), done(1)].concat());
    play.is_closed_by_probe();
    play.seen(&[
        "#1 tls: chain mx.example",
        "#1 tls: handshake 0301 suite 0014 group 512 bits not completed",
        "#1 tls: ended",
    ]);
}

/// An anonymous server has no certificate to show.
pub(crate) fn anonymous_over_p256(play: &mut Play) {
    until_raw_hello(play);
    play.server([server_hello(3, [0xc0, 0x19]), message(3, 12, &[3, 0, 23, 1, 4]), done(3)].concat());
    play.seen(&["#1 tls: handshake 0303 suite c019 group 23 not completed", "#1 tls: ended"]);
}

/// RFC 6066 §3 lets a server warn that it does not know the name, and go on.
pub(crate) fn unrecognized_name_as_a_warning(play: &mut Play) {
    until_raw_hello(play);
    play.server(
        [b"\x15\x03\x01\x00\x02\x01\x70".to_vec(), server_hello(1, [0, 0x2f]), certificate(1), done(1)]
            .concat(),
    );
    play.seen(&[
        "#1 tls: warning 112",
        "#1 tls: chain mx.example",
        "#1 tls: handshake 0301 suite 002f group none not completed",
        "#1 tls: ended",
    ]);
}

/// And lets it refuse the hello for it: then the host is not named again.
pub(crate) fn unrecognized_name_as_a_refusal(play: &mut Play) {
    play.test(&["465"]);
    play.connects();
    assert!(names_the_host(&play.client_hello()));
    play.server(b"\x15\x03\x03\x00\x02\x02\x70"); // fatal, unrecognized_name
    play.seen_last(&["tls: alert 112", "tls: ended", "#1 resolve: dialled"]);
    play.on(1);
    play.connects();
    assert!(!names_the_host(&play.client_hello()));
    play.server([server_hello(3, [0xc0, 0x2f]), certificate(3), done(3)].concat());
    play.seen_last(&[
        "#1 tls: chain mx.example",
        "#1 tls: handshake 0303 suite c02f group none not completed",
        "#1 tls: ended",
    ]);
}

pub(crate) fn hang_up_after_the_server_hello(play: &mut Play) {
    until_raw_hello(play);
    play.server(server_hello(2, [0, 0x35]));
    play.closes();
    play.seen(&[
        "#1 tls: handshake 0302 suite 0035 group none not completed",
        "#1 tls: closed without close_notify",
        "#1 tls: ended",
    ]);
}

/// An alert behind the certificate ends the handshake as one before it does.
pub(crate) fn alert_after_the_certificate(play: &mut Play) {
    until_raw_hello(play);
    let alert = b"\x15\x03\x03\x00\x02\x02\x50"; // fatal, internal_error
    play.server([&server_hello(3, [0xc0, 0x14])[..], &certificate(3), alert].concat());
    play.is_closed_by_probe();
    play.seen(&[
        "#1 tls: chain mx.example",
        "#1 tls: handshake 0303 suite c014 group none not completed",
        "#1 tls: alert 80",
        "#1 tls: ended",
    ]);
}

/// And so does what has no place there.
pub(crate) fn application_data_after_the_certificate(play: &mut Play) {
    until_raw_hello(play);
    let data = b"\x17\x03\x03\x00\x01\x00";
    play.server([&server_hello(3, [0xc0, 0x14])[..], &certificate(3), data].concat());
    play.is_closed_by_probe();
    play.seen(&[
        "#1 tls: chain mx.example",
        "#1 tls: handshake 0303 suite c014 group none not completed",
        "#1 tls: TLS broken",
        "#1 tls: ended",
    ]);
}

/// Of what nobody asked for the key exchange has no known form.
pub(crate) fn suite_that_was_not_offered(play: &mut Play) {
    until_raw_hello(play);
    let hint = message(3, 12, &[0, 3, b'a', b'b', b'c']);
    play.server([server_hello(3, [0, 0x8c]), hint, done(3)].concat()); // TLS_PSK_WITH_AES_128_CBC_SHA
    play.is_closed_by_probe();
    play.seen(&[
        "#1 tls: handshake 0303 suite 008c group none not completed, suite not offered",
        "#1 tls: ended",
    ]);
}

/// A draft of TLS 1.3, RFC 8446 §4.2.1.
pub(crate) fn version_that_was_not_offered(play: &mut Play) {
    until_raw_hello(play);
    let draft = [&[3, 3][..], &[9; 32], &[0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 0x7f, 0x1c]].concat();
    play.server([message(3, 2, &draft), done(3)].concat());
    play.is_closed_by_probe();
    play.seen(&[
        "#1 tls: handshake 7f1c suite 1301 group none not completed, version not offered",
        "#1 tls: ended",
    ]);
}

pub(crate) fn refused_as_well(play: &mut Play) {
    until_raw_hello(play);
    play.server(HANDSHAKE_FAILURE);
    play.is_closed_by_probe();
    play.seen_last(&["#1 tls: alert 40", "#1 tls: ended", "#2 resolve: dialled"]);
    play.on(2);
    play.connects();
    assert!(!names_the_host(&play.client_hello()));
    play.server(HANDSHAKE_FAILURE);
    play.is_closed_by_probe();
    play.seen_last(&["#2 tls: alert 40", "#2 tls: ended"]);
}

/// Not every server that dislikes the name in a hello has the alert of RFC 6066 §3 for it.
pub(crate) fn hang_up_at_the_name(play: &mut Play) {
    play.test(&["465"]);
    play.connects();
    assert!(names_the_host(&play.client_hello()));
    play.closes();
    play.on(1);
    play.connects();
    assert!(names_the_host(&play.client_hello()));
    play.closes();
    play.on(2);
    play.connects();
    assert!(!names_the_host(&play.client_hello()));
    play.server([server_hello(3, [0xc0, 0x2f]), certificate(3), done(3)].concat());
    play.seen_last(&[
        "#2 tls: chain mx.example",
        "#2 tls: handshake 0303 suite c02f group none not completed",
        "#2 tls: ended",
    ]);
}

pub(crate) fn after_starttls(play: &mut Play) {
    let until_hello = |play: &mut Play| {
        play.connects();
        play.server("220 mx.example ESMTP\r\n");
        play.client("EHLO relay.example\r\n");
        play.server("250-mx.example\r\n250 STARTTLS\r\n");
        play.client("STARTTLS\r\n");
        play.server("220 Ready\r\n");
        play.client_hello();
    };
    play.test(&["25"]);
    until_hello(play);
    play.server(b"\x15\x03\x03\x00\x02\x02\x46"); // fatal, protocol_version
    play.seen_last(&["tls: alert 70", "tls: ended", "#1 resolve: dialled"]);
    play.on(1);
    until_hello(play);
    play.server([server_hello(1, [0, 0x2f]), certificate(1), done(1)].concat());
    play.is_closed_by_probe();
    play.seen_last(&[
        "#1 tls: hello",
        "#1 tls: chain mx.example",
        "#1 tls: handshake 0301 suite 002f group none not completed",
        "#1 tls: ended",
    ]);
}
