//! Servers that speak out of turn: what came before a command is no reply to it.

use heloscope_probe::limits;

use crate::play::Play;
use crate::server::Tls;

fn connected(play: &mut Play) {
    play.test(&["25"]);
    play.connects();
    play.seen(&["resolve: dialled", "connect: connected 192.0.2.1:25"]);
}

fn until_ehlo(play: &mut Play) {
    connected(play);
    play.server("220 mx.example\r\n");
    play.client("EHLO relay.example\r\n");
    play.seen(&["greeting: < \"220 mx.example\"", "ehlo: > EHLO relay.example"]);
}

fn quits(play: &mut Play) {
    play.client("QUIT\r\n");
    play.server("221 Bye\r\n");
    play.is_closed_by_probe();
}

/// Taken for the reply to EHLO it would say that STARTTLS is not offered.
pub(crate) fn reply_before_ehlo(play: &mut Play) {
    connected(play);
    play.server_at_once("220 mx.example\r\n250 hello\r\n");
    quits(play);
    play.seen(&[
        "greeting: < \"220 mx.example\"",
        "ehlo: unasked < \"250 hello\"",
        "quit: > QUIT",
        "quit: < \"221 Bye\"",
        "quit: ended",
    ]);
}

/// Nobody speaks while the server has not finished.
pub(crate) fn part_of_a_reply_before_ehlo(play: &mut Play) {
    connected(play);
    play.server_at_once("220 mx.example\r\n25");
    play.client("");
    play.seen(&["greeting: < \"220 mx.example\""]);
    play.wait(2);
    play.server("0 hello\r\n");
    quits(play);
    play.seen(&[
        "ehlo: unasked < \"250 hello\" in 2 pieces from 0 s to 2 s, lines at 2 s",
        "quit: > QUIT",
        "quit: < \"221 Bye\"",
        "quit: ended",
    ]);
}

pub(crate) fn part_of_a_reply_that_never_ends(play: &mut Play) {
    connected(play);
    play.server_at_once("220 mx.example\r\n25");
    play.wait(limits::SILENCE.as_secs());
    play.is_closed_by_probe();
    play.seen(&[
        "greeting: < \"220 mx.example\"",
        "ehlo: no reply: Incomplete after 0 lines \"25\" in 1 piece from 0 s to 0 s",
        "ehlo: timed out after 18 s",
        "ehlo: ended",
    ]);
}

/// One is kept, and what came behind it is counted.
pub(crate) fn many_replies_before_ehlo(play: &mut Play) {
    connected(play);
    play.server_at_once(["220 mx.example\r\n".to_owned(), "250-a\r\n250 b\r\n".repeat(3)].concat());
    play.client("QUIT\r\n");
    play.closes();
    play.seen(&[
        "greeting: < \"220 mx.example\"",
        "ehlo: unasked < \"250-a\" \"250 b\" and 28 octets more",
        "quit: > QUIT",
        "quit: closed",
        "quit: ended",
    ]);
}

pub(crate) fn noise_before_ehlo(play: &mut Play) {
    connected(play);
    play.server_at_once("220 mx.example\r\n\r\n");
    play.wait(2);
    play.is_closed_by_probe();
    play.seen(&[
        "greeting: < \"220 mx.example\"",
        "ehlo: no reply: NotAReply after 0 lines \"\\r\\n\" in 1 piece from 0 s to 0 s",
        "ehlo: ended",
    ]);
}

pub(crate) fn reply_before_helo(play: &mut Play) {
    until_ehlo(play);
    play.server_at_once("502 5.5.1 No EHLO\r\n250 mx.example\r\n");
    quits(play);
    play.seen(&[
        "ehlo: < \"502 5.5.1 No EHLO\"",
        "ehlo: unasked < \"250 mx.example\"",
        "quit: > QUIT",
        "quit: < \"221 Bye\"",
        "quit: ended",
    ]);
}

/// A 220 that nobody asked for must not let TLS begin.
pub(crate) fn reply_before_starttls(play: &mut Play) {
    until_ehlo(play);
    play.server_at_once("250-mx.example\r\n250 STARTTLS\r\n220 go\r\n");
    quits(play);
    play.seen(&[
        "ehlo: < \"250-mx.example\" \"250 STARTTLS\"",
        "starttls: unasked < \"220 go\"",
        "quit: > QUIT",
        "quit: < \"221 Bye\"",
        "quit: ended",
    ]);
}

pub(crate) fn reply_before_quit(play: &mut Play) {
    until_ehlo(play);
    play.server_at_once("250 mx.example\r\n250-mx.example\r\n250 STARTTLS\r\n");
    quits(play);
    play.seen(&[
        "ehlo: < \"250 mx.example\"",
        "quit: unasked < \"250-mx.example\" \"250 STARTTLS\"",
        "quit: > QUIT",
        "quit: < \"221 Bye\"",
        "quit: ended",
    ]);
}

fn until_tls(play: &mut Play) {
    until_ehlo(play);
    play.server("250-mx.example\r\n250 STARTTLS\r\n");
    play.client("STARTTLS\r\n");
    play.server("220 go\r\n");
    play.seen(&[
        "ehlo: < \"250-mx.example\" \"250 STARTTLS\"",
        "starttls: > STARTTLS",
        "starttls: < \"220 go\"",
        "tls: hello",
    ]);
}

/// The server greets once more with the end of the handshake, RFC 3207 §4.2 notwithstanding.
pub(crate) fn greeting_inside_tls_before_ehlo(play: &mut Play) {
    until_tls(play);
    play.handshake_and(&Tls::V1_2, "220 mx.example\r\n");
    quits(play);
    play.seen(&[
        "tls: chain mx.example",
        "tls: handshake 0303 suite c02c group 29 completed",
        "ehlo after tls: *unasked < \"220 mx.example\"",
        "quit: *> QUIT",
        "quit: *< \"221 Bye\"",
        "quit: ended",
    ]);
}

/// In one record, which no cut on the way divides.
pub(crate) fn reply_inside_tls_before_quit(play: &mut Play) {
    until_tls(play);
    play.handshake(&Tls::V1_3);
    play.client("EHLO relay.example\r\n");
    play.server("250 mx.example\r\n250 2.0.0 Ok\r\n");
    quits(play);
    play.seen_last(&[
        "ehlo after tls: *< \"250 mx.example\"",
        "quit: *unasked < \"250 2.0.0 Ok\"",
        "quit: *> QUIT",
        "quit: *< \"221 Bye\"",
        "quit: ended",
    ]);
}

/// RFC 5321 §3.8: a 421 may come at any time, and says that the server closes.
pub(crate) fn closing_before_ehlo(play: &mut Play) {
    connected(play);
    play.server_at_once("220 mx.example\r\n421 4.3.2 Shutting down\r\n");
    play.is_closed_by_probe();
    play.client("");
    play.seen(&["greeting: < \"220 mx.example\"", "ehlo: < \"421 4.3.2 Shutting down\"", "ehlo: ended"]);
}

pub(crate) fn closing_before_starttls(play: &mut Play) {
    until_ehlo(play);
    play.server_at_once("250-mx.example\r\n250 STARTTLS\r\n421 4.4");
    play.client("");
    play.server(".2 Timeout\r\n");
    play.is_closed_by_probe();
    play.client("");
    play.seen(&[
        "ehlo: < \"250-mx.example\" \"250 STARTTLS\"",
        "starttls: < \"421 4.4.2 Timeout\"",
        "starttls: ended",
    ]);
}

pub(crate) fn closing_before_quit(play: &mut Play) {
    until_ehlo(play);
    play.server_at_once("250 mx.example\r\n421 4.3.2 Shutting down\r\n");
    play.is_closed_by_probe();
    play.seen(&["ehlo: < \"250 mx.example\"", "quit: < \"421 4.3.2 Shutting down\"", "quit: ended"]);
}

/// On its way the greeting met EHLO: that one reply too many had come shows at the end only.
pub(crate) fn one_reply_too_many_in_the_end(play: &mut Play) {
    until_ehlo(play);
    play.server("250 hello\r\n");
    play.client("QUIT\r\n");
    play.server("250-mx.example\r\n250 STARTTLS\r\n");
    play.seen(&["ehlo: < \"250 hello\"", "quit: > QUIT", "quit: < \"250-mx.example\" \"250 STARTTLS\""]);
    play.server("221 Bye\r\n");
    play.is_closed_by_probe();
    play.seen(&["quit: unasked < \"221 Bye\"", "quit: ended"]);
}

/// An odd reply to QUIT is none too many, if nothing follows.
pub(crate) fn quit_answered_with_250(play: &mut Play) {
    for hangs_up in [true, false] {
        until_ehlo(play);
        play.server("250 mx.example\r\n");
        play.client("QUIT\r\n");
        play.server("250 Bye\r\n");
        play.seen_last(&["quit: < \"250 Bye\""]);
        if hangs_up {
            play.closes();
            play.seen_first(&["quit: closed"]);
        } else {
            play.wait(limits::QUIT.as_secs());
        }
        play.is_closed_by_probe();
        play.seen(&["quit: ended"]);
    }
}
