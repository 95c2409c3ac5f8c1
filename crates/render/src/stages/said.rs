//! When what was said: read off a port's transcript.

use heloscope_report::{ErrorCode, Port, Speaker, TranscriptLine};
use heloscope_words::mark;

pub(super) const STARTTLS: &str = "STARTTLS";
pub(super) const QUIT: &str = "QUIT";

/// When the greeting's last line had come: that before the first command.
pub(super) fn greeted(lines: &[TranscriptLine]) -> Option<u64> {
    let before = lines.iter().take_while(|line| line.from == Speaker::Server);
    before.last().map(|line| line.at_ms)
}

/// The commands with the times at which they were sent and their reply had come; `None` where none came.
pub(super) fn commands(lines: &[TranscriptLine]) -> Vec<(&'static str, u64, Option<u64>)> {
    let mut commands: Vec<(&'static str, u64, Option<u64>)> = Vec::new();
    let starts_clear = lines.first().is_some_and(|line| !line.encrypted);
    let mut answered = false;
    for line in lines {
        match (line.from, commands.last_mut()) {
            (Speaker::Client, _) => {
                let inside = starts_clear && line.encrypted;
                commands.push((name(&line.text, inside), line.at_ms, None));
                answered = false;
            }
            // TLS has begun.
            (Speaker::Server, Some((STARTTLS, ..))) if answered => {}
            (Speaker::Server, Some((.., until))) => {
                *until = Some(line.at_ms);
                answered = ends_reply(line);
            }
            (Speaker::Server, None) => {}
        }
    }
    commands
}

/// When the octets had come that are no greeting, or no TLS where that was to begin; `None` where there are none.
pub(super) fn stray_came(port: &Port) -> Option<u64> {
    let lines = &port.transcript;
    let after = lines.iter().rposition(|line| line.from == Speaker::Client);
    let lines = after.map_or(&lines[..], |place| &lines[place + 1..]);
    let reply = match after {
        Some(_) => lines.iter().position(ends_reply).map_or(lines.len(), |place| place + 1),
        None => 0,
    };
    lines[reply..].last().map(|line| line.at_ms)
}

/// Whether a reply had begun, and its end was still awaited when the test ended.
pub(super) fn is_unfinished(port: &Port) -> bool {
    let lost = |code| matches!(code, ErrorCode::Timeout | ErrorCode::Closed | ErrorCode::Reset);
    let code = port.error.as_ref().map(|error| error.code);
    if code == Some(ErrorCode::ReplyTooLong) {
        return true;
    }
    let awaited = code.is_some_and(lost);
    let last = port.transcript.last().filter(|line| line.from == Speaker::Server);
    awaited && last.is_some_and(|line| !ends_reply(line))
}

/// RFC 5321 §4.2.1: the last line of a reply has no hyphen after its code.
fn ends_reply(line: &TranscriptLine) -> bool {
    line.text.len() >= 3 && line.text.as_bytes().get(3) != Some(&b'-')
}

/// What the test says, by the first word.
fn name(command: &str, inside: bool) -> &'static str {
    match command.split(' ').next().unwrap_or_default() {
        "EHLO" if inside => mark!("EHLO inside TLS"),
        "EHLO" => "EHLO",
        "HELO" => "HELO",
        STARTTLS => STARTTLS,
        QUIT => QUIT,
        _ => mark!("Command"),
    }
}
