//! A port's dialogue as stages one after the other, with the time at which each began.

use heloscope_report::{Phase, Port, Speaker, TranscriptLine};

/// One stage of a dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) label: &'static str,
    /// Milliseconds from the beginning of the port's test.
    pub(crate) from: u64,
    /// Milliseconds that it took.
    pub(crate) took: u64,
    /// Whether it came to its end.
    pub(crate) finished: bool,
}

/// The stages that were reached, in their order.
pub(crate) fn stages(port: &Port) -> Vec<Stage> {
    let timings = &port.timings;
    let greeting = ("Greeting", timings.greeting_ms);
    let handshake = ("TLS handshake", timings.tls_ms);
    let connection = [("Name look-up", timings.resolve_ms), ("TCP connection", timings.connect_ms)];
    let mut clock = Clock { stages: Vec::new(), at: 0 };
    for (label, took) in connection {
        clock.stage(label, took);
    }
    if port.implicit_tls {
        clock.stage(handshake.0, handshake.1);
    }
    clock.stage(greeting.0, greeting.1);
    // The transcript counts from the beginning of the whole test; a greeting may come in parts.
    let greeted = port.transcript.iter().take_while(|line| line.from == Speaker::Server).last();
    let before = greeted.map_or(0, |line| line.at_ms.saturating_sub(clock.at));
    for (label, from, until) in commands(&port.transcript) {
        clock.at = from.saturating_sub(before).max(clock.at);
        clock.stage(label, until.map(|until| until.saturating_sub(before).saturating_sub(clock.at)));
        if label == STARTTLS {
            clock.stage(handshake.0, handshake.1);
        }
    }
    let error = port.error.as_ref().filter(|_| port.connected || clock.stages.is_empty());
    if let (Some(error), Some(total)) = (error, timings.total_ms.filter(|total| *total > clock.at)) {
        let (from, took) = (clock.at, total - clock.at);
        clock.stages.push(Stage { label: phase(error.phase), from, took, finished: false });
    }
    clock.stages
}

struct Clock {
    stages: Vec<Stage>,
    /// The end of the last stage.
    at: u64,
}

impl Clock {
    /// A stage that begins where the last one ended; one that was not reached is none.
    fn stage(&mut self, label: &'static str, took: Option<u64>) {
        let Some(took) = took else { return };
        self.stages.push(Stage { label, from: self.at, took, finished: true });
        self.at = self.at.saturating_add(took);
    }
}

const STARTTLS: &str = "STARTTLS";

/// The commands with the times at which they were sent and their reply had come; `None` where none came.
fn commands(lines: &[TranscriptLine]) -> Vec<(&'static str, u64, Option<u64>)> {
    let mut commands: Vec<(&'static str, u64, Option<u64>)> = Vec::new();
    let starts_clear = lines.first().is_some_and(|line| !line.encrypted);
    for line in lines {
        match (line.from, commands.last_mut()) {
            (Speaker::Client, _) => {
                let inside = starts_clear && line.encrypted;
                commands.push((name(&line.text, inside), line.at_ms, None));
            }
            (Speaker::Server, Some((.., until))) => *until = Some(line.at_ms),
            (Speaker::Server, None) => {}
        }
    }
    commands
}

/// What the test says, by the first word.
fn name(command: &str, inside: bool) -> &'static str {
    match command.split(' ').next().unwrap_or_default() {
        "EHLO" if inside => "EHLO inside TLS",
        "EHLO" => "EHLO",
        "HELO" => "HELO",
        STARTTLS => STARTTLS,
        "QUIT" => "QUIT",
        _ => "Command",
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Resolve => "Name look-up",
        Phase::Connect => "TCP connection",
        Phase::Greeting => "Greeting",
        Phase::Ehlo => "EHLO",
        Phase::StartTls => STARTTLS,
        Phase::Tls => "TLS handshake",
        Phase::EhloAfterTls => "EHLO inside TLS",
        Phase::Quit => "QUIT",
    }
}

#[cfg(test)]
mod tests {
    use heloscope_report::{Role, Timings};

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
            ]
        );
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
        let lines =
            [(35, Server, true, "220 ready"), (36, Client, true, "EHLO x"), (40, Server, true, "250 x")];
        assert_eq!(
            read(&port(true, timings, &lines)),
            [("TCP connection", 0, 10), ("TLS handshake", 10, 20), ("Greeting", 30, 5), ("EHLO", 36, 4)]
        );
    }

    #[test]
    fn a_stage_that_was_cut_short_lasts_to_the_end() {
        use heloscope_report::{ErrorCode, PortError};
        let timings = Timings { connect_ms: Some(10), total_ms: Some(38_010), ..Timings::default() };
        let error = PortError { code: ErrorCode::Timeout, message: String::new(), phase: Phase::Greeting };
        let stages = stages(&Port { error: Some(error), ..port(false, timings, &[]) });
        let greeting = Stage { label: "Greeting", from: 10, took: 38_000, finished: false };
        assert_eq!(stages.last(), Some(&greeting));
    }

    #[test]
    fn times_that_cannot_be_are_survived() {
        use Speaker::{Client, Server};
        let timings =
            Timings { connect_ms: Some(u64::MAX), greeting_ms: Some(u64::MAX), ..Timings::default() };
        let lines = [(0, Server, false, ""), (u64::MAX, Client, false, ""), (0, Server, false, "")];
        assert_eq!(read(&port(false, timings, &lines)).len(), 3);
    }
}
