//! Replies that are none, and refusals.

use heloscope_probe::limits;

use crate::play::Play;

fn greeted_with(play: &mut Play, octets: impl AsRef<[u8]>) {
    play.test(&["25"]);
    play.connects();
    play.server(octets);
    play.seen_first(&["resolve: dialled", "connect: connected 192.0.2.1:25"]);
}

pub(crate) fn http(play: &mut Play) {
    greeted_with(play, "HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n");
    play.seen(&[]);
    play.wait(2);
    play.is_closed_by_probe();
    play.seen(&[
        "greeting: no reply: NotAReply after 0 lines \"HTTP/1.1 400 Bad Request\\r\\nServer: x\\r\\n\\r\\n\" in 1 piece from 0 s to 0 s",
        "greeting: ended",
    ]);
}

pub(crate) fn imap(play: &mut Play) {
    greeted_with(play, "* OK IMAP4rev1 ready\r\n");
    play.wait(2);
    play.is_closed_by_probe();
    play.seen(&[
        "greeting: no reply: NotAReply after 0 lines \"* OK IMAP4rev1 ready\\r\\n\" in 1 piece from 0 s to 0 s",
        "greeting: ended",
    ]);
}

pub(crate) fn pop3(play: &mut Play) {
    greeted_with(play, "+OK POP3 ready\r\n");
    play.wait(2);
    play.is_closed_by_probe();
    play.seen(&[
        "greeting: no reply: NotAReply after 0 lines \"+OK POP3 ready\\r\\n\" in 1 piece from 0 s to 0 s",
        "greeting: ended",
    ]);
}

/// The lines before the identification are kept too, RFC 4253 §4.2.
pub(crate) fn ssh(play: &mut Play) {
    greeted_with(play, "Welcome\r\n");
    play.wait(1);
    play.server("SSH-2.0-OpenSSH_9.2\r\n");
    play.closes();
    play.seen(&[
        "greeting: no reply: NotAReply after 0 lines \"Welcome\\r\\nSSH-2.0-OpenSSH_9.2\\r\\n\" in 2 pieces from 0 s to 1 s",
        "greeting: closed",
        "greeting: ended",
    ]);
}

/// What is no reply is not waited for longer than it takes to keep of it what is kept.
pub(crate) fn page_instead_of_a_greeting(play: &mut Play) {
    greeted_with(play, "<html>\n".repeat(100));
    play.is_closed_by_probe();
    play.keeps(512);
    play.seen_last(&["greeting: ended"]);
}

pub(crate) fn reply_without_a_code(play: &mut Play) {
    greeted_with(play, "220 mx.example\r\n");
    play.client("EHLO relay.example\r\n");
    play.server("250-mx.example\r\nSTARTTLS\r\n250 SIZE\r\n");
    play.wait(2);
    play.is_closed_by_probe();
    play.seen_last(&[
        "ehlo: no reply: NotAReply after 1 lines \"STARTTLS\\r\\n250 SIZE\\r\\n\" in 1 piece from 0 s to 0 s, lines at 0 s",
        "ehlo: ended",
    ]);
}

/// No RFC limits how many lines a reply may have. What is not kept is counted, and the dialogue goes on.
pub(crate) fn replies_of_many_lines(play: &mut Play) {
    greeted_with(play, ["220-mx.example\r\n".repeat(300), "220 ready\r\n".to_owned()].concat());
    play.client("EHLO relay.example\r\n");
    play.server([&b"250-"[..], &vec![b'x'; 100_000], b"\r\n250 SIZE 1\r\n"].concat());
    play.client("QUIT\r\n");
    play.keeps(99 * 14 + 9 + 4096 + 10);
    play.server(["221-bye\r\n".repeat(12_000), "221 bye\r\n".to_owned()].concat());
    play.is_closed_by_probe();
    play.seen_last(&["quit: ended"]);
}

/// All that a server says on a connection has a bound.
pub(crate) fn reply_without_end(play: &mut Play) {
    greeted_with(play, "220-mx.example\r\n".repeat(20_000));
    play.is_closed_by_probe();
    play.seen(&[
        "greeting: no reply: TooLong after 100 lines and 15260 left out before the last \"\"",
        "greeting: ended",
    ]);
}

/// As many octets as are kept of a reply, in as many lines as fit, of each reply of the dialogue.
pub(crate) fn replies_as_long_as_they_may_be(play: &mut Play) {
    const LINES: usize = 4;
    let long = |code: &str| {
        let text = "x".repeat(4090);
        let lines: Vec<_> = (1..=LINES)
            .map(|line| format!("{code}{}{text}\r\n", if line < LINES { '-' } else { ' ' }))
            .collect();
        lines.concat()
    };
    let kept = LINES * 4094;
    greeted_with(play, long("220"));
    play.client("EHLO relay.example\r\n");
    play.server(long("502"));
    play.client("HELO relay.example\r\n");
    play.server(long("250"));
    play.client("QUIT\r\n");
    play.server("221\r\n");
    play.is_closed_by_probe();
    play.keeps(3 * kept + 3);
    play.seen_last(&["quit: ended"]);
}

/// What has no end is not waited for: it is known as soon as it is too much.
pub(crate) fn line_without_end(play: &mut Play) {
    greeted_with(play, "220-mx.example\r\n220 ");
    play.server("x".repeat(300_000));
    play.is_closed_by_probe();
    play.keeps("220-mx.example".len() + 512);
    play.seen_last(&["greeting: ended"]);
}

/// Nor is what can become no reply.
pub(crate) fn noise_without_end(play: &mut Play) {
    greeted_with(play, "220-mx.example\r\n");
    play.server("x".repeat(300_000));
    play.is_closed_by_probe();
    play.keeps("220-mx.example".len() + 512);
    play.seen_last(&["greeting: ended"]);
}

/// The last line's code counts.
pub(crate) fn mixed_codes(play: &mut Play) {
    greeted_with(play, "250-mx.example\r\n220 ready\r\n");
    play.client("EHLO relay.example\r\n");
    play.closes();
    play.seen(&[
        "greeting: < \"250-mx.example\" \"220 ready\"",
        "ehlo: > EHLO relay.example",
        "ehlo: closed",
        "ehlo: ended",
    ]);
}

pub(crate) fn greeting_421(play: &mut Play) {
    greeted_with(play, "421-4.7.0 mx.example\r\n421 4.7.0 Too many connections\r\n");
    play.client("");
    play.is_closed_by_probe();
    play.seen(&[
        "greeting: < \"421-4.7.0 mx.example\" \"421 4.7.0 Too many connections\"",
        "greeting: ended",
    ]);
}

/// RFC 5321 §3.1: after a 554 greeting the client may only say QUIT.
pub(crate) fn greeting_554(play: &mut Play) {
    greeted_with(play, "554 5.7.1 Not you\r\n");
    play.client("QUIT\r\n");
    play.wait(limits::QUIT.as_secs());
    play.is_closed_by_probe();
    play.seen(&[
        "greeting: < \"554 5.7.1 Not you\"",
        "quit: > QUIT",
        "quit: timed out after 5 s",
        "quit: ended",
    ]);
}

/// RFC 5321 §4.2 lets a reply be a code and nothing else.
pub(crate) fn greetings_of_a_code_alone(play: &mut Play) {
    greeted_with(play, "554\r\n");
    play.client("QUIT\r\n");
    play.server("221\r\n");
    play.is_closed_by_probe();
    play.seen(&["greeting: < \"554\"", "quit: > QUIT", "quit: < \"221\"", "quit: ended"]);
    play.test(&["25"]);
    play.connects();
    play.server("421\r\n");
    play.is_closed_by_probe();
    play.seen(&[
        "resolve: dialled",
        "connect: connected 192.0.2.1:25",
        "greeting: < \"421\"",
        "greeting: ended",
    ]);
}

/// A refusal for now says nothing about HELO.
pub(crate) fn ehlo_refused_for_now(play: &mut Play) {
    greeted_with(play, "220 mx.example\r\n");
    play.client("EHLO relay.example\r\n");
    play.server("450 4.3.2 Try later\r\n");
    play.client("QUIT\r\n");
    play.server("221 Bye\r\n");
    play.seen_last(&[
        "ehlo: < \"450 4.3.2 Try later\"",
        "quit: > QUIT",
        "quit: < \"221 Bye\"",
        "quit: ended",
    ]);
}

pub(crate) fn ehlo_and_helo_refused(play: &mut Play) {
    greeted_with(play, "220 mx.example\r\n");
    play.client("EHLO relay.example\r\n");
    play.server("550 5.7.1 Bad name\r\n");
    play.client("HELO relay.example\r\n");
    play.server("550 5.7.1 Bad name\r\n");
    play.client("QUIT\r\n");
    play.server("221 Bye\r\n");
    play.seen_last(&["ehlo: < \"550 5.7.1 Bad name\"", "quit: > QUIT", "quit: < \"221 Bye\"", "quit: ended"]);
}
