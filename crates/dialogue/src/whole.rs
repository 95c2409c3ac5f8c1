//! Dialogues that run to their end.

use crate::play::Play;
use crate::server::Tls;

/// Up to the handshake on port 25.
fn until_starttls(play: &mut Play) {
    play.test(&["25"]);
    play.connects();
    play.server("220 mx.example ESMTP\r\n");
    play.client("EHLO relay.example\r\n");
    play.server("250-mx.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n");
    play.client("STARTTLS\r\n");
    play.server("220 2.0.0 Ready\r\n");
    play.seen(&[
        "resolve: dialled",
        "connect: connected 192.0.2.1:25",
        "greeting: < \"220 mx.example ESMTP\"",
        "ehlo: > EHLO relay.example",
        "ehlo: < \"250-mx.example\" \"250-SIZE 1000\" \"250 STARTTLS\"",
        "starttls: > STARTTLS",
        "starttls: < \"220 2.0.0 Ready\"",
        "tls: hello",
    ]);
}

/// From EHLO inside TLS to the end.
fn from_ehlo_inside_tls(play: &mut Play) {
    play.client("EHLO relay.example\r\n");
    play.server("250-mx.example\r\n250 SIZE 1000\r\n");
    play.client("QUIT\r\n");
    play.server("221 2.0.0 Bye\r\n");
    play.is_closed_by_probe();
    play.seen(&[
        "ehlo after tls: *> EHLO relay.example",
        "ehlo after tls: *< \"250-mx.example\" \"250 SIZE 1000\"",
        "quit: *> QUIT",
        "quit: *< \"221 2.0.0 Bye\"",
        "quit: ended",
    ]);
}

pub(crate) fn starttls_with_tls_1_3(play: &mut Play) {
    until_starttls(play);
    play.handshake(&Tls::V1_3);
    play.seen_first(&["tls: chain mx.example", "tls: handshake 0304 suite 1302 group 29 completed"]);
    from_ehlo_inside_tls(play);
}

pub(crate) fn starttls_with_tls_1_2(play: &mut Play) {
    until_starttls(play);
    play.handshake(&Tls::V1_2);
    play.seen_first(&["tls: chain mx.example", "tls: handshake 0303 suite c02c group 29 completed"]);
    from_ehlo_inside_tls(play);
}

/// RFC 3207 §4.2: what was said in clear text is forgotten; this server has not.
pub(crate) fn second_hello_refused_with_503(play: &mut Play) {
    until_starttls(play);
    play.handshake(&Tls::V1_3);
    play.client("EHLO relay.example\r\n");
    play.server("503 5.5.1 Duplicate EHLO\r\n");
    play.client("HELO relay.example\r\n");
    play.server("503 5.5.1 Duplicate HELO\r\n");
    play.client("QUIT\r\n");
    play.server("221 2.0.0 Bye\r\n");
    play.is_closed_by_probe();
    play.seen(&[
        "tls: chain mx.example",
        "tls: handshake 0304 suite 1302 group 29 completed",
        "ehlo after tls: *> EHLO relay.example",
        "ehlo after tls: *< \"503 5.5.1 Duplicate EHLO\"",
        "ehlo after tls: *> HELO relay.example",
        "ehlo after tls: *< \"503 5.5.1 Duplicate HELO\"",
        "quit: *> QUIT",
        "quit: *< \"221 2.0.0 Bye\"",
        "quit: ended",
    ]);
}

pub(crate) fn greeting_after_30_seconds(play: &mut Play) {
    play.test(&["25"]);
    play.connects();
    play.wait(30);
    play.client("");
    play.server("220 mx.example ESMTP\r\n");
    play.client("EHLO relay.example\r\n");
    play.server("250 mx.example\r\n");
    play.client("QUIT\r\n");
    play.server("221 Bye\r\n");
    play.is_closed_by_probe();
    play.seen(&[
        "resolve: dialled",
        "connect: connected 192.0.2.1:25",
        "greeting: < \"220 mx.example ESMTP\"",
        "ehlo: > EHLO relay.example",
        "ehlo: < \"250 mx.example\"",
        "quit: > QUIT",
        "quit: < \"221 Bye\"",
        "quit: ended",
    ]);
}

pub(crate) fn implicit_tls(play: &mut Play) {
    play.test(&["465"]);
    play.connects();
    play.handshake(&Tls::V1_3);
    play.client("");
    play.server("220 mx.example ESMTP\r\n");
    play.seen_first(&[
        "resolve: dialled",
        "connect: connected 192.0.2.1:25",
        "tls: hello",
        "tls: chain mx.example",
        "tls: handshake 0304 suite 1302 group 29 completed",
        "greeting: *< \"220 mx.example ESMTP\"",
    ]);
    from_ehlo_inside_tls(play);
}

pub(crate) fn greeting_after_30_seconds_inside_tls(play: &mut Play) {
    play.test(&["465"]);
    play.connects();
    play.handshake(&Tls::V1_3);
    play.wait(30);
    play.client("");
    play.server("220 mx.example ESMTP\r\n");
    play.seen_last(&["greeting: *< \"220 mx.example ESMTP\"", "ehlo after tls: *> EHLO relay.example"]);
    play.client("EHLO relay.example\r\n");
    play.closes();
    play.seen_last(&["ehlo after tls: ended"]);
}

pub(crate) fn no_starttls(play: &mut Play) {
    play.test(&["25"]);
    play.connects();
    play.server("220 mx.example ESMTP\r\n");
    play.client("EHLO relay.example\r\n");
    play.server("250 mx.example\r\n");
    play.client("QUIT\r\n");
    play.server("221 Bye\r\n");
    play.is_closed_by_probe();
    play.seen(&[
        "resolve: dialled",
        "connect: connected 192.0.2.1:25",
        "greeting: < \"220 mx.example ESMTP\"",
        "ehlo: > EHLO relay.example",
        "ehlo: < \"250 mx.example\"",
        "quit: > QUIT",
        "quit: < \"221 Bye\"",
        "quit: ended",
    ]);
}

pub(crate) fn helo_only(play: &mut Play) {
    play.test(&["25"]);
    play.connects();
    play.server("220 mx.example\r\n");
    play.client("EHLO relay.example\r\n");
    play.server("502 5.5.1 Command not implemented\r\n");
    play.client("HELO relay.example\r\n");
    play.server("250 mx.example\r\n");
    play.client("QUIT\r\n");
    play.server("221 Bye\r\n");
    play.is_closed_by_probe();
    play.seen(&[
        "resolve: dialled",
        "connect: connected 192.0.2.1:25",
        "greeting: < \"220 mx.example\"",
        "ehlo: > EHLO relay.example",
        "ehlo: < \"502 5.5.1 Command not implemented\"",
        "ehlo: > HELO relay.example",
        "ehlo: < \"250 mx.example\"",
        "quit: > QUIT",
        "quit: < \"221 Bye\"",
        "quit: ended",
    ]);
}

/// Postfix's postscreen shows a line, and punishes who speaks before the next one.
pub(crate) fn teaser_before_the_greeting(play: &mut Play) {
    play.test(&["25"]);
    play.connects();
    play.server("220-mx.example wait\r\n");
    play.wait(6);
    play.client("");
    play.server("220 mx.example ESMTP\r\n");
    play.client("EHLO relay.example\r\n");
    play.server("250 mx.example\r\n");
    play.client("QUIT\r\n");
    play.server("221 Bye\r\n");
    play.seen_first(&[
        "resolve: dialled",
        "connect: connected 192.0.2.1:25",
        "greeting: < \"220-mx.example wait\" \"220 mx.example ESMTP\" in 2 pieces from 0 s to 6 s, lines at 0 s, 6 s",
    ]);
    play.seen_last(&["quit: < \"221 Bye\"", "quit: ended"]);
}

pub(crate) fn lower_case_keywords_and_bare_line_feeds(play: &mut Play) {
    play.test(&["25"]);
    play.connects();
    play.server("220 mx.example\n");
    play.client("EHLO relay.example\r\n");
    play.server("250-mx.example\n250 starttls \n");
    play.client("STARTTLS\r\n");
    play.server("220 Ready\n");
    play.handshake(&Tls::V1_3);
    play.client("EHLO relay.example\r\n");
    play.server("250 mx.example\r\n");
    play.client("QUIT\r\n");
    play.server("221 Bye\r\n");
    play.seen_last(&["quit: *< \"221 Bye\"", "quit: ended"]);
}

pub(crate) fn client_certificate_asked_for(play: &mut Play) {
    until_starttls(play);
    play.handshake(&Tls { asks_for_client_certificate: true, ..Tls::V1_3 });
    play.seen_first(&[
        "tls: chain mx.example",
        "tls: client certificate requested",
        "tls: handshake 0304 suite 1302 group 29 completed",
    ]);
    from_ehlo_inside_tls(play);
}

/// The ports are tested side by side: a slow one holds none of the others up.
pub(crate) fn three_ports_at_once(play: &mut Play) {
    play.test(&["25", "465", "2525/starttls"]);
    play.seen(&["resolve: dialled", "#1 resolve: dialled", "#2 resolve: dialled"]);
    play.on(2);
    play.connects();
    play.server("421 mx.example busy\r\n");
    play.is_closed_by_probe();
    play.seen(&[
        "#2 connect: connected 192.0.2.1:25",
        "#2 greeting: < \"421 mx.example busy\"",
        "#2 greeting: ended",
    ]);
    play.on(0);
    play.refuses(heloscope_observation::RefusalCode::ConnectTimeout);
    play.seen(&["connect: refused ConnectTimeout", "connect: ended"]);
    play.on(1);
    play.connects();
    play.handshake(&Tls::V1_2);
    play.server("220 mx.example\r\n");
    play.client("EHLO relay.example\r\n");
    play.closes();
    play.seen_last(&["#1 ehlo after tls: closed without close_notify", "#1 ehlo after tls: ended"]);
}
