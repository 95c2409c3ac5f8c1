//! Rule 1: one line, after one complete reply.

use heloscope_observation::TlsMode::{Implicit, StartTls};
use heloscope_relay::Rule;

use crate::scene::{EHLO, HELO, QUIT, STARTTLS, Step, client, guard, judge, server};

const OFFER: &str = "250-mx.example\r\n250 STARTTLS\r\n";

fn greeted(rest: &[Step]) -> Vec<Step> {
    [&[server("220 mx.example ESMTP\r\n")], rest].concat()
}

fn passes(steps: &[Step], up: &[&[u8]]) {
    assert_eq!(judge(StartTls, steps), Ok(up.concat()), "{steps:?}");
}

fn refused_at(number: usize, steps: &[Step]) {
    assert_eq!(judge(StartTls, steps), Err((number, Rule::ClearPhase)), "{steps:?}");
}

#[test]
fn a_whole_clear_dialogue_passes() {
    let steps = [
        client(EHLO),
        server(OFFER),
        client(STARTTLS),
        server("454 4.7.0 Not now\r\n"),
        client(QUIT),
        server("221 Bye\r\n"),
    ];
    passes(&greeted(&steps), &[EHLO, STARTTLS, QUIT]);
    let helo = [client(EHLO), server("502 What?\r\n"), client(HELO), server("250 mx\r\n"), client(QUIT)];
    passes(&greeted(&helo), &[EHLO, HELO, QUIT]);
}

#[test]
fn replies_are_read_as_the_tester_reads_them() {
    passes(&[server("220-mx\r\n220-\r\n220 mx\n"), client(EHLO)], &[EHLO]);
    passes(
        &greeted(&[client(EHLO), server("220-mixed\r\n250 STARTTLS\r\n"), client(STARTTLS)]),
        &[EHLO, STARTTLS],
    );
    passes(&[server("554 No\r\n"), client(QUIT)], &[QUIT]);
}

#[test]
fn nothing_passes_before_a_reply_is_complete() {
    refused_at(0, &[client(EHLO)]);
    refused_at(1, &[server("220-mx.example\r\n"), client(EHLO)]);
    refused_at(1, &[server("220 mx.example\r"), client(QUIT)]);
    refused_at(2, &greeted(&[client(EHLO), client(QUIT)]));
    refused_at(3, &greeted(&[client(EHLO), server("250-mx\r\n"), client(STARTTLS)]));
}

#[test]
fn a_frame_is_one_line_and_exactly_that() {
    for frame in [
        &b""[..],
        b"EHLO relay.example",
        b"EHLO relay.example\n",
        b"EHLO relay.example\r\nQUIT\r\n",
        b"ehlo relay.example\r\n",
        b"EHLO relay.example \r\n",
        b"EHLO other.example\r\n",
        b"EHLO relay.example\0\r\n",
        b"EHLO re",
        b"MAIL FROM:<>\r\n",
        b"NOOP\r\n",
        b"RSET\r\n",
        b"VRFY postmaster\r\n",
        b"AUTH PLAIN AGEAYg==\r\n",
        b"BDAT 0 LAST\r\n",
        b"\r\n",
        b"\x16\x03\x01\x00\x01\x01",
    ] {
        refused_at(1, &greeted(&[client(frame)]));
    }
}

#[test]
fn each_line_has_its_turn_and_goes_once() {
    for frame in [HELO, STARTTLS] {
        refused_at(1, &greeted(&[client(frame)]));
    }
    refused_at(1, &[server("554 No\r\n"), client(EHLO)]);
    for second in [EHLO, HELO] {
        refused_at(3, &greeted(&[client(EHLO), server(OFFER), client(second)]));
    }
    refused_at(3, &greeted(&[client(EHLO), server("550 No\r\n"), client(STARTTLS)]));
    let helo = [client(EHLO), server("500 What?\r\n"), client(HELO), server("250 mx\r\n")];
    for third in [EHLO, HELO, STARTTLS] {
        refused_at(5, &greeted(&[&helo[..], &[client(third)]].concat()));
    }
    let refused = [client(EHLO), server(OFFER), client(STARTTLS), server("454 No\r\n")];
    for after in [STARTTLS, EHLO, b"\x16\x03\x01\x00\x01\x01", b"MAIL FROM:<>\r\n"] {
        refused_at(5, &greeted(&[&refused[..], &[client(after)]].concat()));
    }
}

#[test]
fn nothing_passes_after_quit_or_after_what_was_refused() {
    refused_at(3, &greeted(&[client(QUIT), server("221 Bye\r\n250 more\r\n"), client(QUIT)]));
    let mut guard = guard(StartTls);
    guard.from_server(b"220 mx.example\r\n");
    assert_eq!(guard.from_client(b"NOOP\r\n"), Err(Rule::ClearPhase));
    assert_eq!(guard.from_client(QUIT), Err(Rule::ClearPhase));
}

#[test]
fn nothing_passes_where_a_server_is_no_smtp_server() {
    for greeting in ["* OK IMAP4rev1\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\x16\x03\x01\0\x02\0\0"] {
        refused_at(1, &[server(greeting), client(EHLO)]);
        refused_at(1, &[server(greeting), client(QUIT)]);
    }
}

#[test]
fn a_server_that_says_more_than_it_is_asked_is_led_into_no_tls() {
    // The second greeting counts as the reply to EHLO, for the tester too, which then leaves.
    passes(&[server("220 mx\r\n220 mx\r\n"), client(EHLO), client(QUIT)], &[EHLO, QUIT]);
    refused_at(3, &greeted(&[client(EHLO), server("250 STARTTLS\r\n220 Go\r\n"), client(STARTTLS)]));
    refused_at(3, &greeted(&[client(EHLO), server("250 STARTTLS\r\n2"), client(STARTTLS)]));
    refused_at(
        3,
        &[server("220 mx\r\n250 STARTTLS\r\n"), client(EHLO), server("220 Go\r\n"), client(STARTTLS)],
    );
}

#[test]
fn octets_without_end_are_given_up() {
    let flood = vec![b'2'; 65 * 1024];
    refused_at(2, &greeted(&[server(&flood), client(EHLO)]));
}

#[test]
fn the_greeting_says_whether_the_client_is_refused_in_greeting() {
    for (greeting, refused_in_greeting) in [
        ("220 mx\r\n", false),
        ("421 Busy\r\n", true),
        ("554-No\r\n554 No\r\n", true),
        ("550 No\r\n", false),
        ("554-No", false),
        ("* OK\r\n", false),
    ] {
        let mut guard = guard(StartTls);
        guard.from_server(greeting.as_bytes());
        assert_eq!(guard.refused_in_greeting(), refused_in_greeting, "{greeting}");
    }
    let mut guard = guard(StartTls);
    guard.from_server(b"220 mx\r\n");
    guard.from_client(EHLO).unwrap();
    guard.from_server(b"421 Busy\r\n");
    assert!(!guard.refused_in_greeting(), "that is no greeting");
}

#[test]
fn there_is_no_clear_phase_where_tls_comes_first() {
    for frame in [EHLO, QUIT, STARTTLS] {
        let steps = [server("220 mx\r\n"), client(frame)];
        assert_eq!(judge(Implicit, &steps), Err((1, Rule::ClientHello)));
    }
}
