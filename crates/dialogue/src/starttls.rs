//! What comes of STARTTLS other than a handshake.

use heloscope_observation::RefusalCode;
use heloscope_probe::limits;

use crate::play::Play;
use crate::server::Tls;

/// Up to the reply to STARTTLS.
fn until_reply(play: &mut Play) {
    play.test(&["25"]);
    play.connects();
    play.server("220 mx.example ESMTP\r\n");
    play.client("EHLO relay.example\r\n");
    play.server("250-mx.example\r\n250 STARTTLS\r\n");
    play.client("STARTTLS\r\n");
    play.seen_last(&["starttls: > STARTTLS"]);
}

pub(crate) fn refused_for_now(play: &mut Play) {
    until_reply(play);
    play.server("454 4.7.0 TLS not available\r\n");
    play.client("QUIT\r\n");
    play.server("221 Bye\r\n");
    play.is_closed_by_probe();
    play.seen(&[
        "starttls: < \"454 4.7.0 TLS not available\"",
        "quit: > QUIT",
        "quit: < \"221 Bye\"",
        "quit: ended",
    ]);
}

pub(crate) fn refused_with_421(play: &mut Play) {
    until_reply(play);
    play.server("421 4.3.2 Shutting down\r\n");
    play.is_closed_by_probe();
    play.seen(&["starttls: < \"421 4.3.2 Shutting down\"", "starttls: ended"]);
}

/// RFC 8446 §5, appendix D.4: a record of TLS, however early.
pub(crate) fn change_cipher_spec_before_the_server_hello(play: &mut Play) {
    until_reply(play);
    play.server_at_once("220 Ready\r\n\x14\x03\x03\0\x01\x01");
    play.handshake(&Tls::V1_3);
    play.seen(&[
        "starttls: < \"220 Ready\"",
        "tls: hello",
        "tls: chain mx.example",
        "tls: handshake 0304 suite 1302 group 29 completed",
        "ehlo after tls: *> EHLO relay.example",
    ]);
    ends_inside_tls(play);
}

pub(crate) fn hang_up(play: &mut Play) {
    until_reply(play);
    play.closes();
    play.seen(&["starttls: closed", "starttls: ended"]);
}

/// The octets behind the 220 must never be read as a reply inside TLS.
pub(crate) fn injected_reply_before_tls(play: &mut Play) {
    until_reply(play);
    play.server("220 Ready\r\n250-injected\r\n250 SIZE 1\r\n");
    play.handshake(&Tls::V1_3);
    play.seen(&[
        "starttls: < \"220 Ready\"",
        "tls: hello",
        "tls: injected 26 \"250-injected\\r\\n250 SIZE 1\\r\\n\" at 0 s",
        "tls: chain mx.example",
        "tls: handshake 0304 suite 1302 group 29 completed",
        "ehlo after tls: *> EHLO relay.example",
    ]);
    ends_inside_tls(play);
}

/// Nobody speaks so who has begun TLS, unless the hello was no hello to the server: an older one may be.
pub(crate) fn clear_text_instead_of_tls(play: &mut Play) {
    until_reply(play);
    play.server("220 Ready\r\n");
    play.client_hello();
    play.server("500 5.5.1 What?\r\n");
    play.closes();
    play.seen(&[
        "starttls: < \"220 Ready\"",
        "tls: hello",
        "tls: not TLS \"500 5.5.1 What?\\r\\n\" at 0 s",
        "tls: ended",
        "#1 resolve: dialled",
    ]);
    play.on(1);
    play.refuses(RefusalCode::ConnectionRefused);
    play.seen(&["#1 connect: refused ConnectionRefused", "#1 connect: ended"]);
}

/// What came with the 220 answers nothing, and is told from what the server says to the hello; each bears its own time.
pub(crate) fn injected_reply_and_no_tls(play: &mut Play) {
    until_reply(play);
    play.server_at_once("220 go\r\n250 AUTH PLAIN\r\n");
    play.client_hello();
    play.seen(&["starttls: < \"220 go\"", "tls: hello"]);
    play.wait(2);
    play.server("500 5.5.1 huh\r\n");
    play.wait(limits::SILENCE.as_secs());
    play.is_closed_by_probe();
    play.seen(&[
        "tls: injected 16 \"250 AUTH PLAIN\\r\\n\" at 0 s",
        "tls: not TLS \"500 5.5.1 huh\\r\\n\" at 2 s",
        "tls: ended",
        "#1 resolve: dialled",
    ]);
    play.on(1);
    play.refuses(RefusalCode::ConnectionRefused);
    play.seen(&["#1 connect: refused ConnectionRefused", "#1 connect: ended"]);
}

/// A server that says no more than that is asked again with the other hello.
pub(crate) fn two_replies_to_starttls_and_a_hang_up(play: &mut Play) {
    until_reply(play);
    play.server_at_once("220 go\r\n220 again\r\n");
    play.client_hello();
    play.closes();
    play.seen(&[
        "starttls: < \"220 go\"",
        "tls: hello",
        "tls: injected 11 \"220 again\\r\\n\" at 0 s",
        "tls: closed without close_notify",
        "tls: ended",
        "#1 resolve: dialled",
    ]);
    play.on(1);
    play.refuses(RefusalCode::ConnectionRefused);
    play.seen(&["#1 connect: refused ConnectionRefused", "#1 connect: ended"]);
}

/// The dialogue after the EHLO inside TLS that left with Finished.
fn ends_inside_tls(play: &mut Play) {
    play.client("EHLO relay.example\r\n");
    play.server("250 mx.example\r\n");
    play.client("QUIT\r\n");
    play.server("221 Bye\r\n");
    play.seen(&[
        "ehlo after tls: *< \"250 mx.example\"",
        "quit: *> QUIT",
        "quit: *< \"221 Bye\"",
        "quit: ended",
    ]);
}
