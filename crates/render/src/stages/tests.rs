use heloscope_report::{Role, Speaker, Timings, TranscriptLine};

use super::*;

fn port(implicit_tls: bool, timings: Timings, lines: &[(u64, Speaker, bool, &str)]) -> Port {
    let line = |&(at_ms, from, encrypted, text): &(u64, Speaker, bool, &str)| TranscriptLine {
        at_ms,
        from,
        encrypted,
        text: text.into(),
    };
    Port {
        port: 25,
        role: Role::Relay,
        implicit_tls,
        connected: true,
        address: None,
        error: None,
        banner: None,
        notes: Vec::new(),
        starttls_supported: None,
        capabilities: Vec::new(),
        capabilities_before_tls: None,
        capabilities_after_tls: None,
        tls: None,
        certificate: None,
        chain: Vec::new(),
        findings: Vec::new(),
        checks: Vec::new(),
        timings,
        transcript: lines.iter().map(line).collect(),
    }
}

fn read(port: &Port) -> Vec<(&'static str, u64, u64)> {
    stages(port).iter().map(|stage| (stage.label, stage.from, stage.took)).collect()
}

#[test]
fn each_stage_begins_when_it_began() {
    use Speaker::{Client, Server};
    let timings = Timings {
        resolve_ms: Some(3),
        connect_ms: Some(21),
        greeting_ms: Some(23),
        tls_ms: Some(31),
        total_ms: Some(190),
        ..Timings::default()
    };
    // The test had gone on for 100 ms when this port was dialled.
    let lines = [
        (147, Server, false, "220 mx1.example.com ESMTP ready"),
        (150, Client, false, "EHLO relay.example.org"),
        (170, Server, false, "250-mx1.example.com"),
        (172, Server, false, "250 STARTTLS"),
        (172, Client, false, "STARTTLS"),
        (190, Server, false, "220 2.0.0 Ready"),
        (225, Client, true, "EHLO relay.example.org"),
        (245, Server, true, "250 mx1.example.com"),
        (246, Client, true, "QUIT"),
    ];
    assert_eq!(
        read(&port(false, timings, &lines)),
        [
            ("Name look-up", 0, 3),
            ("TCP connection", 3, 21),
            ("Greeting", 24, 23),
            ("EHLO", 50, 22),
            ("STARTTLS", 72, 18),
            ("TLS handshake", 90, 31),
            ("EHLO inside TLS", 125, 20),
            ("QUIT, closed without a reply", 146, 44),
        ]
    );
}

/// A greeting in two parts, a handshake that broke off, a second connection, and a relay: all that took time is there.
#[test]
fn the_stages_and_what_lies_between_add_up_to_the_whole() {
    use Speaker::{Client, Server};
    let timings = Timings {
        began_ms: Some(2),
        relay_ms: Some(600),
        resolve_ms: Some(3),
        connect_ms: Some(0),
        greeting_ms: Some(6024),
        tls_ms: None,
        other_connections_ms: Some(55),
        total_ms: Some(6790),
    };
    let lines = [
        (631, Server, false, "220-mx1.example.com ESMTP"),
        (6631, Server, false, "220 mx1.example.com ESMTP"),
        (6632, Client, false, "EHLO relay.example.org"),
        (6656, Server, false, "250 STARTTLS"),
        (6656, Client, false, "STARTTLS"),
        (6681, Server, false, "220 go ahead"),
    ];
    let error = PortError { code: ErrorCode::TlsAlert, message: String::new(), phase: Phase::Tls };
    let port = Port { error: Some(error), ..port(false, timings, &lines) };
    assert_eq!(
        read(&port),
        [
            ("Relay", 0, 600),
            ("Name look-up", 600, 3),
            ("TCP connection", 603, 0),
            ("Greeting", 605, 6024),
            ("EHLO", 6630, 24),
            ("STARTTLS", 6654, 25),
            ("TLS handshake", 6679, 56),
            ("Other connections", 6735, 55),
        ]
    );
    assert_eq!(own_work(&port, &stages(&port)), Some(3));
}

/// The wait for the rest of a reply is the server's time, not this test's.
#[test]
fn a_reply_that_began_and_never_ended_lasts_to_the_end() {
    use Speaker::{Client, Server};
    let timings = Timings {
        began_ms: Some(0),
        connect_ms: Some(10),
        greeting_ms: Some(5),
        total_ms: Some(18_018),
        ..Timings::default()
    };
    let lines = [
        (15, Server, false, "220 mx1"),
        (15, Client, false, "EHLO x"),
        (18, Server, false, "250-mx1"),
        (18, Server, false, "250-STARTTLS"),
    ];
    let error = PortError { code: ErrorCode::Timeout, message: String::new(), phase: Phase::Ehlo };
    let silent = Port { error: Some(error), ..port(false, timings, &lines) };
    assert_eq!(read(&silent), [("TCP connection", 0, 10), ("Greeting", 10, 5), ("EHLO", 15, 18_003)]);
    assert!(!stages(&silent)[2].finished);
    assert_eq!(own_work(&silent, &stages(&silent)), None);

    let timings = Timings { greeting_ms: None, total_ms: Some(38_010), ..timings };
    let error = PortError { code: ErrorCode::Timeout, message: String::new(), phase: Phase::Greeting };
    let silent = Port { error: Some(error), ..port(false, timings, &[(15, Server, false, "220-mx1")]) };
    assert_eq!(read(&silent), [("TCP connection", 0, 10), ("Greeting", 10, 38_000)]);
}

/// Whoever speaks something else is waited for a while, in case more comes: that is not the server's time.
#[test]
fn octets_that_are_not_what_was_awaited_last_until_they_had_come() {
    use Speaker::{Client, Server};
    let timings =
        Timings { began_ms: Some(100), connect_ms: Some(10), total_ms: Some(1_513), ..Timings::default() };
    let failing = |implicit_tls, code, phase, timings: &Timings, lines: &[_]| {
        let error = PortError { code, message: String::new(), phase };
        let port = Port { error: Some(error), ..port(implicit_tls, *timings, lines) };
        let stages = stages(&port);
        (stages.last().copied(), own_work(&port, &stages))
    };
    let ssh = [(112, Server, false, "SSH-2.0-OpenSSH_9.2p1")];
    let greeting = Stage { label: "Greeting", from: 10, took: 2, finished: true };
    assert_eq!(
        failing(false, ErrorCode::NotSmtp, Phase::Greeting, &timings, &ssh),
        (Some(greeting), Some(1_501))
    );
    let clear = [(113, Server, false, "220 mx1 ESMTP")];
    let tls = Stage { label: "TLS handshake", from: 10, took: 3, finished: false };
    assert_eq!(
        failing(true, ErrorCode::PlaintextOnImplicitTls, Phase::Tls, &timings, &clear),
        (Some(tls), Some(1_500))
    );

    let timings = Timings { greeting_ms: Some(5), total_ms: Some(1_540), ..timings };
    let dialogue = |last| {
        let mut lines = vec![
            (115, Server, false, "220 mx1"),
            (115, Client, false, "EHLO x"),
            (120, Server, false, "250 STARTTLS"),
            (120, Client, false, "STARTTLS"),
            (130, Server, false, "220 go ahead"),
        ];
        lines.extend(last);
        lines
    };
    let after_tls = dialogue(Some((140, Server, false, "500 huh")));
    let tls = Stage { label: "TLS handshake", from: 30, took: 10, finished: false };
    assert_eq!(
        failing(false, ErrorCode::TlsFailed, Phase::Tls, &timings, &after_tls),
        (Some(tls), Some(1_500))
    );
    // Here it was records that did not fit, and nothing was waited for.
    let records = Stage { took: 1_510, ..tls };
    assert_eq!(
        failing(false, ErrorCode::TlsFailed, Phase::Tls, &timings, &dialogue(None)),
        (Some(records), None)
    );
}

#[test]
fn a_reply_that_is_not_read_to_its_end_is_cut_short() {
    use Speaker::{Client, Server};
    let timings = Timings {
        began_ms: Some(0),
        connect_ms: Some(10),
        greeting_ms: Some(5),
        total_ms: Some(300),
        ..Timings::default()
    };
    let lines = [
        (15, Server, false, "220 mx1"),
        (15, Client, false, "EHLO x"),
        (290, Server, false, "250-X-1"),
        (290, Server, false, "250-X [not read any further]"),
    ];
    let error = PortError { code: ErrorCode::ReplyTooLong, message: String::new(), phase: Phase::Ehlo };
    let long = Port { error: Some(error), ..port(false, timings, &lines) };
    let last = Stage { label: "EHLO", from: 15, took: 285, finished: false };
    assert_eq!(stages(&long).last(), Some(&last));
}

#[test]
fn a_greeting_in_parts_lasts_to_its_last_line() {
    use Speaker::{Client, Server};
    let timings = Timings { connect_ms: Some(10), greeting_ms: Some(6_000), ..Timings::default() };
    let lines = [
        (15, Server, false, "220-mx1 wait"),
        (6_010, Server, false, "220 mx1"),
        (6_010, Client, false, "EHLO x"),
        (6_020, Server, false, "250 mx1"),
    ];
    let expected = [("TCP connection", 0, 10), ("Greeting", 10, 6_000), ("EHLO", 6_010, 10)];
    assert_eq!(read(&port(false, timings, &lines)), expected);
}

#[test]
fn on_an_implicit_tls_port_tls_comes_first() {
    use Speaker::{Client, Server};
    let timings =
        Timings { connect_ms: Some(10), tls_ms: Some(20), greeting_ms: Some(5), ..Timings::default() };
    let lines = [(35, Server, true, "220 ready"), (36, Client, true, "EHLO x"), (40, Server, true, "250 x")];
    assert_eq!(
        read(&port(true, timings, &lines)),
        [("TCP connection", 0, 10), ("TLS handshake", 10, 20), ("Greeting", 30, 5), ("EHLO", 36, 4)]
    );
}

#[test]
fn quit_is_answered_by_a_reply_or_the_end_or_not_at_all() {
    use Speaker::{Client, Server};
    let timings = Timings { connect_ms: Some(10), total_ms: Some(31), ..Timings::default() };
    let quit = (30, Client, false, "QUIT");
    let last = |port: &Port| stages(port).last().map(|stage| (stage.label, stage.took, stage.finished));
    let replied = port(false, timings, &[quit, (31, Server, false, "221 bye")]);
    assert_eq!(last(&replied), Some(("QUIT", 1, true)));
    let closed = port(false, timings, &[quit]);
    assert_eq!(last(&closed), Some(("QUIT, closed without a reply", 1, true)));
    let error = PortError { code: ErrorCode::Timeout, message: String::new(), phase: Phase::Quit };
    let timings = Timings { total_ms: Some(5_030), ..timings };
    let silent = Port { error: Some(error), ..port(false, timings, &[quit]) };
    assert_eq!(last(&silent), Some(("QUIT", 5_000, false)));
}

/// Nobody reads of a TCP connection that was not there.
#[test]
fn without_a_connection_there_is_what_was_tried() {
    for (code, label) in [
        (ErrorCode::ConnectionRefused, "Attempt to connect"),
        (ErrorCode::ConnectTimeout, "Attempt to connect"),
        (ErrorCode::Unreachable, "Attempt to connect"),
        (ErrorCode::Reset, "Attempt to connect"),
        (ErrorCode::Blocked, "Relay"),
        (ErrorCode::Quota, "Relay"),
        (ErrorCode::RelayUnreachable, "Relay"),
        (ErrorCode::NameNotFound, "Name look-up"),
        (ErrorCode::ResolveFailed, "Name look-up"),
    ] {
        for phase in [Phase::Resolve, Phase::Connect] {
            let error = PortError { code, message: String::new(), phase };
            let timings = Timings { total_ms: Some(7), ..Timings::default() };
            let none = Port { connected: false, error: Some(error), ..port(false, timings, &[]) };
            assert_eq!(stages(&none), [Stage { label, from: 0, took: 7, finished: true }], "{code:?}");
        }
    }
}

#[test]
fn a_stage_that_was_cut_short_lasts_to_the_end() {
    let timings = Timings { connect_ms: Some(10), total_ms: Some(38_010), ..Timings::default() };
    let error = PortError { code: ErrorCode::Timeout, message: String::new(), phase: Phase::Greeting };
    let stages = stages(&Port { error: Some(error), ..port(false, timings, &[]) });
    let greeting = Stage { label: "Greeting", from: 10, took: 38_000, finished: false };
    assert_eq!(stages.last(), Some(&greeting));
}

#[test]
fn times_that_cannot_be_are_survived() {
    use Speaker::{Client, Server};
    let timings = Timings { connect_ms: Some(u64::MAX), greeting_ms: Some(u64::MAX), ..Timings::default() };
    let lines = [(0, Server, false, ""), (u64::MAX, Client, false, ""), (0, Server, false, "")];
    assert_eq!(read(&port(false, timings, &lines)).len(), 3);
}
