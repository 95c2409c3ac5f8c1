//! Silence, hang-ups, and what the network says.

use heloscope_observation::RefusalCode;
use heloscope_probe::limits;

use crate::play::Play;
use crate::server::Tls;

fn connected(play: &mut Play) {
    play.test(&["25"]);
    play.connects();
    play.seen(&["resolve: dialled", "connect: connected 192.0.2.1:25"]);
}

pub(crate) fn refused(play: &mut Play) {
    play.test(&["587"]);
    play.refuses(RefusalCode::ConnectionRefused);
    play.seen(&["resolve: dialled", "connect: refused ConnectionRefused", "connect: ended"]);
}

pub(crate) fn name_not_found(play: &mut Play) {
    play.test(&["587"]);
    play.refuses(RefusalCode::NameNotFound);
    play.seen(&["resolve: dialled", "resolve: refused NameNotFound", "resolve: ended"]);
}

pub(crate) fn dialling_takes_too_long(play: &mut Play) {
    play.test(&["25"]);
    play.wait(limits::DIAL.as_secs() - 1);
    play.seen(&["resolve: dialled"]);
    play.wait(1);
    play.is_closed_by_probe();
    play.seen(&["resolve: timed out after 20 s", "resolve: ended"]);
}

pub(crate) fn no_greeting(play: &mut Play) {
    connected(play);
    play.wait(limits::GREETING.as_secs() - 1);
    play.seen(&[]);
    play.wait(1);
    play.is_closed_by_probe();
    play.seen(&["greeting: timed out after 38 s", "greeting: ended"]);
}

pub(crate) fn half_a_greeting(play: &mut Play) {
    connected(play);
    play.server("220-mx.example\r\n220");
    play.wait(limits::SILENCE.as_secs());
    play.is_closed_by_probe();
    play.seen(&[
        "greeting: no reply: Incomplete after 1 lines \"220\" in 1 piece from 0 s to 0 s, lines at 0 s",
        "greeting: timed out after 18 s",
        "greeting: ended",
    ]);
}

pub(crate) fn greeting_one_octet_at_a_time(play: &mut Play) {
    connected(play);
    for octet in "220 mx.example\r\n".bytes() {
        play.server([octet]);
        play.wait(1);
    }
    play.client("EHLO relay.example\r\n");
    play.closes();
    play.seen_first(&[
        "greeting: < \"220 mx.example\" in 16 pieces from 0 s to 15 s, lines at 15 s",
        "ehlo: > EHLO relay.example",
    ]);
    play.seen(&["ehlo: closed", "ehlo: ended"]);
}

pub(crate) fn hang_up_in_the_middle_of_a_reply(play: &mut Play) {
    connected(play);
    play.server("220 mx.exam");
    play.closes();
    play.seen(&[
        "greeting: no reply: Incomplete after 0 lines \"220 mx.exam\"",
        "greeting: closed",
        "greeting: ended",
    ]);
}

pub(crate) fn reset(play: &mut Play) {
    connected(play);
    play.server("220 mx.example\r\n");
    play.client("EHLO relay.example\r\n");
    play.refuses(RefusalCode::Reset);
    play.seen_last(&["ehlo: refused Reset", "ehlo: ended"]);
}

fn until_quit(play: &mut Play) {
    connected(play);
    play.server("220 mx.example\r\n");
    play.client("EHLO relay.example\r\n");
    play.server("250 mx.example\r\n");
    play.client("QUIT\r\n");
    play.seen_last(&["quit: > QUIT"]);
}

pub(crate) fn quit_unanswered(play: &mut Play) {
    until_quit(play);
    play.wait(limits::QUIT.as_secs());
    play.is_closed_by_probe();
    play.seen(&["quit: timed out after 5 s", "quit: ended"]);
}

/// All of the reply has so long: little depends on it.
pub(crate) fn quit_answered_one_octet_at_a_time(play: &mut Play) {
    until_quit(play);
    for octet in "221 b".bytes() {
        play.server([octet]);
        play.wait(1);
    }
    play.is_closed_by_probe();
    play.seen(&[
        "quit: no reply: Incomplete after 0 lines \"221 b\" in 5 pieces from 0 s to 4 s",
        "quit: timed out after 5 s",
        "quit: ended",
    ]);
}

pub(crate) fn quit_answered_with_noise_one_octet_at_a_time(play: &mut Play) {
    until_quit(play);
    for octet in "noise".bytes() {
        play.server([octet]);
        play.wait(1);
    }
    play.is_closed_by_probe();
    play.seen(&[
        "quit: no reply: NotAReply after 0 lines \"noise\" in 5 pieces from 0 s to 4 s",
        "quit: ended",
    ]);
}

/// A reply with another code than 221 may have been meant for a command before, and does not prolong the wait either.
pub(crate) fn quit_answered_twice_one_octet_at_a_time(play: &mut Play) {
    until_quit(play);
    play.server("250 ok\r\n");
    for octet in "221 b".bytes() {
        play.server([octet]);
        play.wait(1);
    }
    play.is_closed_by_probe();
    play.seen(&[
        "quit: < \"250 ok\"",
        "quit: no reply: Incomplete after 0 lines \"221 b\" in 5 pieces from 0 s to 4 s",
        "quit: timed out after 5 s",
        "quit: ended",
    ]);
}

pub(crate) fn quit_answered_by_hanging_up(play: &mut Play) {
    until_quit(play);
    play.closes();
    play.seen(&["quit: closed", "quit: ended"]);
}

/// A server that is never silent for long does not hold the port's test up for ever.
pub(crate) fn whole_time_over(play: &mut Play) {
    connected(play);
    for _ in 0..9 {
        play.server("220-wait\r\n");
        play.wait(10);
    }
    play.is_closed_by_probe();
    play.seen_last(&["greeting: whole time of 88 s over", "greeting: ended"]);
}

/// Nor does one that sends an octet now and then: it is not silent either.
pub(crate) fn whole_time_over_within_a_line(play: &mut Play) {
    connected(play);
    for octet in "220 aaaaa".bytes() {
        play.server([octet]);
        play.wait(10);
    }
    play.is_closed_by_probe();
    play.seen(&[
        "greeting: no reply: Incomplete after 0 lines \"220 aaaaa\" in 9 pieces from 0 s to 80 s",
        "greeting: whole time of 88 s over",
        "greeting: ended",
    ]);
}

/// With TLS 1.3 the server sends tickets after the handshake: they are no part of the greeting.
pub(crate) fn no_greeting_inside_tls(play: &mut Play) {
    for tls in [&Tls::V1_3, &Tls::V1_2] {
        play.test(&["465"]);
        play.connects();
        play.handshake(tls);
        play.wait(limits::GREETING.as_secs() - 1);
        play.client("");
        play.wait(1);
        play.is_closed_by_probe();
        play.seen_last(&["greeting: timed out after 38 s", "greeting: ended"]);
    }
}

pub(crate) fn half_a_greeting_inside_tls(play: &mut Play) {
    play.test(&["465"]);
    play.connects();
    play.handshake(&Tls::V1_3);
    play.wait(30);
    play.server("220-mx.example\r\n");
    play.wait(limits::SILENCE.as_secs());
    play.is_closed_by_probe();
    play.seen_last(&[
        "greeting: *no reply: Incomplete after 1 lines \"\" in 1 piece from 30 s to 30 s, lines at 30 s",
        "greeting: timed out after 18 s",
        "greeting: ended",
    ]);
}

/// It has begun with the end of the handshake: what follows is no delay before it.
pub(crate) fn half_a_greeting_with_the_end_of_the_handshake(play: &mut Play) {
    play.test(&["465"]);
    play.connects();
    play.handshake_and(&Tls::V1_2, "220 mx");
    play.wait(limits::SILENCE.as_secs());
    play.is_closed_by_probe();
    play.seen_last(&[
        "greeting: *no reply: Incomplete after 0 lines \"220 mx\" in 1 piece from 0 s to 0 s",
        "greeting: timed out after 18 s",
        "greeting: ended",
    ]);
}
