//! Rule 2: one ClientHello, and nothing until the server has spoken TLS.

use heloscope_observation::TlsMode::{self, Implicit, StartTls};
use heloscope_observation::{ConnectionId, Established, Host, Target};
use heloscope_probe::{Input, Output, Probe};
use heloscope_relay::{Guard, Rule};

use crate::scene::{
    Client, EHLO, EHLO_NAME, HOST, QUIT, STARTTLS, Server, Step, TLS_PORT, Taste, client, group, guard,
    judge, recorded, records, server,
};

/// The core's first octets to a TLS port of this host.
fn hello_to(host: &str) -> Vec<u8> {
    said_next(&mut core(host))
}

/// The core, about to test a TLS port of this host.
fn core(host: &str) -> Probe {
    Probe::new(Target::new(host.parse::<Host>().unwrap(), [TLS_PORT]), None, 1_700_000_000_000)
}

/// The next octets that the core says; TCP connects where it asks for that.
fn said_next(core: &mut Probe) -> Vec<u8> {
    loop {
        match core.poll_output() {
            Output::Connect { connection, .. } => {
                let (address, ehlo_name) = ("192.0.2.25:465".parse().unwrap(), EHLO_NAME.to_owned());
                let established = Established { address, ehlo_name, resolve_ms: None, connect_ms: 1 };
                let at = std::time::Duration::ZERO;
                core.handle_input(Input::Connected { connection, at, established });
            }
            Output::Transmit { octets, .. } => return octets,
            Output::Observed(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn passes(host: &str, hello: &[u8]) -> bool {
    Guard::new(host.parse().unwrap(), Implicit, EHLO_NAME).from_client(hello).is_ok()
}

/// A hello with its random at the beginning filled so.
fn with_random(random: &[u8]) -> Vec<u8> {
    const RANDOM: usize = 5 + 4 + 2;
    let mut hello = hello_to(HOST);
    hello[RANDOM..RANDOM + random.len()].copy_from_slice(random);
    hello
}

/// Where an extension's content stands in a hello of the TLS library's.
fn extension(hello: &[u8], wanted: u16) -> std::ops::Range<usize> {
    let number = |at: usize| usize::from(u16::from_be_bytes([hello[at], hello[at + 1]]));
    let session = 5 + 4 + 2 + 32;
    let suites = session + 1 + usize::from(hello[session]);
    let compression = suites + 2 + number(suites);
    let mut at = compression + 1 + usize::from(hello[compression]) + 2;
    loop {
        let end = at + 4 + number(at + 2);
        if number(at) == usize::from(wanted) {
            return at + 4..end;
        }
        at = end;
    }
}

/// The hello with this extension added, its lengths right.
fn extended(hello: &[u8], number: u16, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let added = [&number.to_be_bytes()[..], &length, content].concat();
    with_lengths([hello, &added].concat(), hello.len())
}

/// The hello without this extension, its lengths right.
fn without(hello: &[u8], number: u16) -> Vec<u8> {
    let place = extension(hello, number);
    with_lengths([&hello[..place.start - 4], &hello[place.end..]].concat(), hello.len())
}

/// Its lengths as they are to be, where they are those of a hello with so many octets.
fn with_lengths(mut hello: Vec<u8>, were: usize) -> Vec<u8> {
    let session = 5 + 4 + 2 + 32;
    let of = |at: usize| usize::from(u16::from_be_bytes([hello[at], hello[at + 1]]));
    let suites = session + 1 + usize::from(hello[session]);
    let extensions = suites + 2 + of(suites) + 2;
    for at in [3, 7, extensions] {
        let length = usize::from(u16::from_be_bytes([hello[at], hello[at + 1]])) + hello.len() - were;
        hello[at..at + 2].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
    }
    hello
}

#[test]
fn hellos_of_the_core_pass_whatever_the_host_is_called() {
    const HELLOS: usize = 20_000;
    let hosts = [
        HOST,
        "192.0.2.1",
        "2001:db8::1",
        "mail.x.org",
        "data.abcd.com",
        "rcpt.example",
        "xrcpt.mail.example",
    ];
    for host in hosts.iter().cycle().take(HELLOS) {
        assert!(passes(host, &hello_to(host)), "{host}");
    }
}

#[test]
fn a_hello_is_for_the_host_asked_for() {
    let hello = hello_to(HOST);
    for other in ["mx.exampl", "mx.example.com", "my.example", "192.0.2.1"] {
        assert!(!passes(other, &hello), "{other}");
    }
    assert!(passes(HOST, &hello_to("192.0.2.1")), "a hello need not name it");
}

#[test]
fn no_command_passes_in_what_is_drawn_by_chance() {
    for random in [
        "xx\nmail",
        "xx\r\0 \tDATA",
        "x rCpT",
        "\nBDAT 9",
        "\rauth",
        "\n\x0bVRFY",
        "\nexpn",
        "\nEHLO x",
        "\rhelo x",
        "\nNOOP",
    ] {
        assert!(!passes(HOST, &with_random(random.as_bytes())), "{random:?}");
    }
    for random in ["xxMAIL FROM:<a>\r\n", "QUIT\r\n", "\nSTARTTLS"] {
        assert!(passes(HOST, &with_random(random.as_bytes())), "{random:?}");
    }
    // Where all octets of the header are controls the random begins a line: that of STARTTLS ends before it.
    let hello = with_random(b"MAIL FROM:<a>\r\n");
    let padding = (0x108 + 5 - 4_usize).saturating_sub(hello.len());
    let hello = extended(&hello, 21, &vec![0; padding]);
    assert_eq!(hello[..9], [22, 3, 1, 1, 8, 1, 0, 1, 4]);
    assert!(!passes(HOST, &hello), "after the header");
    let mut hello = hello_to(HOST);
    let share = extension(&hello, 51);
    hello[share.end - 4..share.end].copy_from_slice(b"rcpt");
    assert!(!passes(HOST, &hello), "in the key share");
    let mut hello = hello_to(HOST);
    hello[5 + 4 + 2 + 32 + 1..][..6].copy_from_slice(b"x\r\ndat");
    hello[5 + 4 + 2 + 32 + 1 + 6] = b'A';
    assert!(!passes(HOST, &hello), "in the session id");
}

#[test]
fn only_what_the_core_sends_passes() {
    let hello = hello_to(HOST);
    for (number, content, what) in [
        (41, &[0, 0][..], "pre_shared_key"),
        (42, &[], "early_data"),
        (35, &[], "session_ticket"),
        (35, b"MAIL FROM:<>\n", "a ticket"),
        (16, b"\0\x09\x08http/1.1", "ALPN"),
        (21, b"\0\0x", "padding that is not zero"),
        (44, &[0, 1, 7], "a cookie that nobody gave"),
        (0x0a0a, &[], "an unknown one"),
        (23, &[], "one twice"),
    ] {
        assert!(!passes(HOST, &extended(&hello, number, content)), "{what}");
    }
    assert!(passes(HOST, &extended(&hello, 21, &[0; 9])), "padding");
    for (number, what) in
        [(10, "groups"), (13, "signatures"), (43, "versions"), (51, "shares"), (0, "name"), (5, "status")]
    {
        let place = extension(&hello, number);
        let mut changed = hello.clone();
        changed[place.start + 2] ^= 0x40;
        assert!(!passes(HOST, &changed), "{what}");
    }
}

#[test]
fn every_length_is_exact() {
    let hello = hello_to(HOST);
    for end in 0..hello.len() {
        let mut guard = guard(Implicit);
        assert_eq!(guard.from_client(&hello[..end]), Ok(Vec::new()), "nothing goes up of part of a record");
    }
    for at in [3, 4, 6, 7, 8] {
        for change in [1, 0xff] {
            let mut changed = hello.clone();
            changed[at] = changed[at].wrapping_add(change);
            let judged = guard(Implicit).from_client(&changed);
            assert!(judged.is_err() || judged == Ok(Vec::new()), "octet {at}");
        }
    }
    assert!(!passes(HOST, &[&hello[..], b"\r\n"].concat()), "octets after it");
    assert!(!passes(HOST, &[&hello[..], &hello].concat()), "another one after it");
    let long = extended(&hello, 21, &[0; 2048]);
    assert!(!passes(HOST, &long), "more than 2 KiB");
}

#[test]
fn compression_versions_and_record_type_are_the_cores() {
    let hello = hello_to(HOST);
    let session = 5 + 4 + 2 + 32;
    let compression =
        session + 33 + 2 + usize::from(u16::from_be_bytes([hello[session + 33], hello[session + 34]])) + 1;
    for (at, value) in [(0, 23), (2, 3), (5, 2), (9, 2), (compression, 1)] {
        let mut changed = hello.clone();
        assert_ne!(std::mem::replace(&mut changed[at], value), value);
        assert!(!passes(HOST, &changed), "octet {at}");
    }
}

/// Up to the hello, on a port with STARTTLS.
fn to_hello(go_ahead: &str) -> Vec<Step> {
    let clear =
        [server("220 mx\r\n"), client(EHLO), server("250 STARTTLS\r\n"), client(STARTTLS), server(go_ahead)];
    [&clear[..], &[Client(hello_to(HOST))]].concat()
}

fn refused_last(mode: TlsMode, steps: &[Step]) {
    assert_eq!(judge(mode, steps), Err((steps.len() - 1, Rule::ClientHello)), "{:?}", steps.last());
}

#[test]
fn after_starttls_a_hello_passes_once_and_only_after_220() {
    assert!(judge(StartTls, &to_hello("220 Go\r\n")).is_ok());
    assert!(judge(StartTls, &to_hello("220 Go\r\n250 injected\r\n")).is_ok(), "the tester reports that");
    for no in ["454 No\r\n", "250 Ok\r\n", "220-Go\r\n", ""] {
        let steps = to_hello(no);
        assert_eq!(judge(StartTls, &steps), Err((steps.len() - 1, Rule::ClearPhase)), "{no}");
    }
    for more in [hello_to(HOST), QUIT.to_vec(), vec![20, 3, 3, 0, 1, 1], vec![21, 3, 3, 0, 2, 2, 40]] {
        refused_last(StartTls, &[&to_hello("220 Go\r\n")[..], &[Client(more)]].concat());
    }
}

#[test]
fn nothing_passes_after_the_hello_where_the_server_does_not_answer_in_tls() {
    for answer in [
        &b"500 What?\r\n"[..],
        b"\x15\x03\x03\0\x02\x02\x28",
        b"\x17\x03\x03\0\x02xx",
        b"\x14\x03\x03\0\x01\x01",
        b"250 injected\r\n\x16\x03\x03\0\x02\x02\0",
        b"\x16\x03",
        b"\x16\x02\0\0\x01",
        b"",
    ] {
        for next in [QUIT.to_vec(), vec![23, 3, 3, 0, 1, 0], hello_to(HOST)] {
            refused_last(StartTls, &[&to_hello("220 Go\r\n")[..], &[server(answer), Client(next)]].concat());
        }
    }
}

#[test]
fn a_server_that_speaks_before_the_hello_on_a_tls_port_gets_nothing() {
    let hello = Client(hello_to(HOST));
    assert_eq!(judge(Implicit, &[server("220 mx\r\n"), hello.clone()]), Ok(Vec::new()));
    refused_last(Implicit, &[server("220 mx\r\n"), hello, client(QUIT)]);
}

#[test]
fn another_hello_passes_only_after_a_retry_request_and_is_the_same_client() {
    let steps = recorded(&Taste { groups: group(24), port: TLS_PORT, ..Taste::tls13() });
    let [Client(first), Server(retry), Client(second), ..] = &steps[..] else { panic!("{steps:?}") };
    let [ccs, again] = &records(second)[..] else { panic!("{second:?}") };
    let up_to = |frames: &[Vec<u8>]| {
        let begin = [Client(first.clone()), Server(retry.clone())];
        let steps: Vec<Step> = begin.into_iter().chain(frames.iter().cloned().map(Client)).collect();
        judge(Implicit, &steps).map(drop).map_err(|(number, _)| number - 2)
    };
    assert_eq!(up_to(&[ccs.clone(), again.clone()]), Ok(()));
    assert_eq!(up_to(std::slice::from_ref(again)), Ok(()), "the ChangeCipherSpec may be left out");
    assert_eq!(up_to(&[ccs.clone(), ccs.clone()]), Err(1));
    assert_eq!(up_to(&[again.clone(), again.clone()]), Err(1));
    assert_eq!(up_to(std::slice::from_ref(first)), Err(0), "the first again");
    let mut other = again.clone();
    other[11] ^= 1;
    assert_eq!(up_to(&[other]), Err(0), "another random");
    let mut hidden = again.clone();
    let share = extension(&hidden, 51);
    hidden[share.end - 4..share.end].copy_from_slice(b"RCPT");
    assert_eq!(up_to(&[hidden]), Err(0), "a command");
    assert_eq!(up_to(&[[&[23, 3, 3, 0, 53][..], &[0; 53]].concat()]), Err(0), "early data");
}

/// RFC 8446 §4.1.2: the cookie goes back as it came, and the share is of the group that was asked for.
#[test]
fn a_second_hello_differs_from_the_first_only_in_what_was_asked_for() {
    const P_384: u16 = 24;
    for (group, cookie) in
        [(Some(P_384), Some(&b"a cookie"[..])), (Some(P_384), None), (None, Some(b"a cookie"))]
    {
        let (first, retry, second) = retried(group, cookie);
        let judged = |hello: &[u8]| {
            let steps = [Client(first.clone()), Server(retry.clone()), client(hello)];
            judge(Implicit, &steps).map(drop).map_err(|refused| assert_eq!(refused, (2, Rule::ClientHello)))
        };
        assert_eq!(judged(&second), Ok(()), "{group:?} {cookie:?}");
        assert_eq!(judged(&extended(&second, 21, &[0; 9])), Ok(()), "padding");

        let session = 5 + 4 + 2 + 32 + 1;
        let swapped = |at: usize| changed(&second, |hello| hello[at..at + 4].rotate_left(2));
        let place = |number| extension(&second, number);
        let replaced = |number, content: &[u8]| extended(&without(&second, number), number, content);
        // Their order is drawn by chance, and the cookie is none of it.
        let fixed = if cookie.is_some() { without(&second, 44) } else { second.clone() };
        let is_last = extension(&fixed, 23).end == fixed.len();
        let mut others = vec![
            ("random", changed(&second, |hello| hello[11] ^= 1)),
            ("session id", changed(&second, |hello| hello[session] ^= 1)),
            ("suites", swapped(session + 32 + 2)),
            ("no name", without(&second, 0)),
            ("groups", swapped(place(10).start + 2)),
            ("signatures", swapped(place(13).start + 2)),
            ("one version", replaced(43, &[2, 3, 4])),
            ("an extension less", without(&second, 5)),
            ("another order", if is_last { replaced(5, &[1, 0, 0, 0, 0]) } else { replaced(23, &[]) }),
            ("another group", replaced(51, &[&[0, 69, 0, 23, 0, 65, 4][..], &[7; 64]].concat())),
            ("no share", without(&second, 51)),
            ("early data", extended(&second, 42, &[])),
            ("a pre-shared key", extended(&second, 41, &[0, 0])),
        ];
        match cookie {
            Some(_) => others.extend([
                ("another cookie", changed(&second, |hello| hello[place(44).end - 1] ^= 1)),
                ("a longer cookie", replaced(44, b"\0\x09a cookie!")),
                ("a shorter cookie", replaced(44, b"\0\x07a cooki")),
                ("an empty cookie", replaced(44, b"\0\0")),
                ("no cookie", without(&second, 44)),
            ]),
            None => others.push(("a cookie that nobody gave", extended(&second, 44, b"\0\x08a cookie"))),
        }
        if group.is_none() {
            others.push(("another share", changed(&second, |hello| hello[place(51).end - 1] ^= 1)));
        }
        for (what, hello) in others {
            assert_ne!(hello, second, "{what}");
            assert_eq!(judged(&hello), Err(()), "{what}, {group:?} {cookie:?}");
        }
    }
}

/// The core cannot choose the cookie: it is the server's.
#[test]
fn a_second_hello_is_refused_for_a_command_in_the_servers_cookie() {
    let judged = |cookie: &[u8]| {
        let (first, retry, second) = retried(None, Some(cookie));
        judge(Implicit, &[Client(first), Server(retry), Client(second)])
    };
    for cookie in [&b"as good as any"[..], b"QUIT\r\n", b"xMAIL FROM:<>"] {
        assert!(judged(cookie).is_ok(), "{cookie:?}");
    }
    for cookie in [&b"\nMAIL FROM:<>"[..], b"x\r\n\0data", b"rcpt"] {
        assert_eq!(judged(cookie), Err((2, Rule::ClientHello)), "{cookie:?}");
    }
}

/// A hello of the core's, a HelloRetryRequest for it, and the hello with which the core answers that.
fn retried(group: Option<u16>, cookie: Option<&[u8]>) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let mut core = core(HOST);
    let first = said_next(&mut core);
    let retry = retry_request(&first, group, cookie);
    let (connection, at) = (ConnectionId(0), std::time::Duration::ZERO);
    core.handle_input(Input::Received { connection, at, octets: &retry });
    let second = said_next(&mut core);
    let hello = records(&second).pop().expect("it answers with a hello");
    (first, retry, hello)
}

/// A HelloRetryRequest, RFC 8446 §4.1.4.
fn retry_request(hello: &[u8], group: Option<u16>, cookie: Option<&[u8]>) -> Vec<u8> {
    const RANDOM: [u8; 32] = [
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
        0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
    ];
    let sized = |octets: &[u8]| [&u16::try_from(octets.len()).unwrap().to_be_bytes()[..], octets].concat();
    let session = &hello[5 + 4 + 2 + 32..][..33];
    let mut extensions = vec![0, 43, 0, 2, 3, 4];
    if let Some(group) = group {
        extensions.extend([&[0, 51, 0, 2], &group.to_be_bytes()[..]].concat());
    }
    if let Some(cookie) = cookie {
        extensions.extend([&[0, 44][..], &sized(&sized(cookie))].concat());
    }
    let body = [&[3, 3][..], &RANDOM, session, &[0x13, 0x02, 0], &sized(&extensions)].concat();
    let message = [&[2, 0][..], &sized(&body)].concat();
    [&[22, 3, 3][..], &sized(&message)].concat()
}

fn changed(hello: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut hello = hello.to_vec();
    change(&mut hello);
    hello
}
