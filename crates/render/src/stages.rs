//! A port's dialogue as stages one after the other, with the time at which each began.

mod said;

use heloscope_report::{ErrorCode, Phase, Port, PortError};
use heloscope_words::mark;
use said::{QUIT, STARTTLS, commands, greeted, is_unfinished, stray_came};

/// One stage of a dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    /// A message, for [`heloscope_words::spoken`].
    pub(crate) label: &'static str,
    /// Milliseconds from the beginning of the port's test.
    pub(crate) from: u64,
    /// Milliseconds that it took.
    pub(crate) took: u64,
    /// Whether it came to its end.
    pub(crate) finished: bool,
}

/// The stages that were reached, in their order. What lies between them, and after the last, is [`own_work`].
pub(crate) fn stages(port: &Port) -> Vec<Stage> {
    let timings = &port.timings;
    let others = timings.other_connections_ms.unwrap_or_default();
    let whole = timings.total_ms.unwrap_or(u64::MAX);
    let mut clock = Clock { stages: Vec::new(), at: 0, end: whole.saturating_sub(others) };
    clock.stage(RELAY, timings.relay_ms);
    clock.stage(LOOK_UP, timings.resolve_ms);
    clock.stage(TCP, timings.connect_ms);
    // Of a greeting that never ended the lines that came are no end.
    let greeted = greeted(&port.transcript).filter(|_| timings.greeting_ms.is_some());
    // The transcript counts from the beginning of the whole test.
    let before = match (timings.began_ms, greeted) {
        (Some(began), _) => began,
        (None, Some(greeted)) => {
            let tls = timings.tls_ms.filter(|_| port.implicit_tls).unwrap_or_default();
            let took = tls.saturating_add(timings.greeting_ms.unwrap_or_default());
            greeted.saturating_sub(clock.at.saturating_add(took))
        }
        (None, None) => 0,
    };
    let greeted = greeted.map(|greeted| greeted.saturating_sub(before));
    let greets = greeted.map_or(clock.at, |at| at.saturating_sub(timings.greeting_ms.unwrap_or_default()));
    if port.implicit_tls {
        clock.wait_until(greets.saturating_sub(timings.tls_ms.unwrap_or_default()));
        clock.stage(TLS, timings.tls_ms);
    }
    clock.wait_until(greets);
    let took = greeted.map_or(timings.greeting_ms, |at| Some(at.saturating_sub(clock.at)));
    clock.stage(GREETING, took.filter(|_| timings.greeting_ms.is_some()));
    let mut pending = None;
    let begun_only = port.error.as_ref().filter(|_| is_unfinished(port)).map(|error| phase(error.phase));
    for (label, from, until) in commands(&port.transcript) {
        let until = until.filter(|_| begun_only != Some(label));
        clock.wait_until(from.saturating_sub(before));
        clock.stage(label, until.map(|until| until.saturating_sub(before).saturating_sub(clock.at)));
        pending = until.is_none().then_some(label);
        if label == STARTTLS {
            clock.stage(TLS, timings.tls_ms);
        }
    }
    if !clock.has(TLS) {
        clock.stage(TLS, timings.tls_ms);
    }
    // What was awaited when the dialogue ended.
    let cut = port.error.as_ref().map(|error| awaited(port, error)).filter(|label| !clock.has(label));
    if let Some(label) = pending.or(cut).filter(|_| timings.total_ms.is_some() && clock.end > clock.at) {
        // Octets that are no reply, or no TLS, were all there before this test had waited for more.
        let came = stray_came(port).filter(|_| cut == Some(label) && is_judged_by_octets(port));
        let until = came.map_or(clock.end, |at| at.saturating_sub(before).clamp(clock.at, clock.end));
        let finished = cut != Some(label) || !port.connected || (came.is_some() && label != TLS);
        // Where no error is told, the server hung up as it was asked to, but did not say so.
        let label = if label == QUIT && finished { CLOSED } else { label };
        clock.stages.push(Stage { label, from: clock.at, took: until - clock.at, finished });
    }
    if let Some(took) = timings.other_connections_ms {
        clock.stages.push(Stage { label: OTHERS, from: whole.saturating_sub(others), took, finished: true });
    }
    clock.stages
}

/// Milliseconds of the whole test that are in none of its stages: what this test did itself between them.
pub(crate) fn own_work(port: &Port, stages: &[Stage]) -> Option<u64> {
    let in_stages = stages.iter().fold(0_u64, |sum, stage| sum.saturating_add(stage.took));
    port.timings.total_ms.and_then(|whole| whole.checked_sub(in_stages)).filter(|own| *own > 0)
}

struct Clock {
    stages: Vec<Stage>,
    /// The end of the last stage.
    at: u64,
    /// The end of the dialogue; nothing in it lasts longer.
    end: u64,
}

impl Clock {
    /// A stage that begins where the last one ended; one that was not reached is none.
    fn stage(&mut self, label: &'static str, took: Option<u64>) {
        let Some(took) = took else { return };
        let took = took.min(self.end.saturating_sub(self.at));
        self.stages.push(Stage { label, from: self.at, took, finished: true });
        self.at += took;
    }

    /// Nothing of the server or the network is awaited before this time.
    fn wait_until(&mut self, at: u64) {
        self.at = at.min(self.end).max(self.at);
    }

    fn has(&self, label: &str) -> bool {
        self.stages.iter().any(|stage| stage.label == label)
    }
}

const RELAY: &str = mark!("Relay");
const LOOK_UP: &str = mark!("Name look-up");
const TCP: &str = mark!("TCP connection");
const ATTEMPT: &str = mark!("Attempt to connect");
const GREETING: &str = mark!("Greeting");
const TLS: &str = mark!("TLS handshake");
const OTHERS: &str = mark!("Other connections");

const CLOSED: &str = mark!("QUIT, closed without a reply");

/// What went on when an error ended the test. Without a connection there was no TCP connection that took time, and where the
/// relay would not make one, not even an attempt.
fn awaited(port: &Port, error: &PortError) -> &'static str {
    match error.code {
        ErrorCode::NameNotFound | ErrorCode::ResolveFailed if !port.connected => LOOK_UP,
        ErrorCode::Blocked | ErrorCode::Quota | ErrorCode::RelayUnreachable if !port.connected => RELAY,
        _ if !port.connected => ATTEMPT,
        _ => phase(error.phase),
    }
}

/// Whether what ended the test is that what came can become nothing that was awaited.
fn is_judged_by_octets(port: &Port) -> bool {
    let code = port.error.as_ref().map(|error| error.code);
    match code {
        Some(ErrorCode::NotSmtp | ErrorCode::MalformedReply | ErrorCode::TlsOnPlaintextPort) => true,
        Some(ErrorCode::PlaintextOnImplicitTls) => true,
        // Of a handshake that came after the octets, the octets are no end.
        Some(ErrorCode::TlsFailed) => !port.findings.iter().any(|finding| finding.id == "starttls-injection"),
        _ => false,
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Resolve => LOOK_UP,
        Phase::Connect => TCP,
        Phase::Greeting => GREETING,
        Phase::Ehlo => "EHLO",
        Phase::StartTls => STARTTLS,
        Phase::Tls => TLS,
        Phase::EhloAfterTls => mark!("EHLO inside TLS"),
        Phase::Quit => QUIT,
    }
}

#[cfg(test)]
mod tests;
