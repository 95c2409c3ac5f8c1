use heloscope_observation::{Event, Observations, PortSpec, Purpose};
use heloscope_smtp::ReplyLine;

use super::on;
use super::timings::milliseconds;
use crate::visible::visible_line;
use crate::{Speaker, TranscriptLine};

/// Lines of one port's dialogue that are shown; a server's longest EHLO reply has 256 lines.
pub(super) const MAX_TRANSCRIPT: usize = 800;

/// The dialogue of a port line by line; at most [`MAX_TRANSCRIPT`] lines, the last of which then says how
/// many more there were.
pub(crate) fn transcript(observations: &Observations, spec: PortSpec) -> Vec<TranscriptLine> {
    let mut lines = Vec::new();
    for seen in on(observations, spec, Purpose::Dialogue) {
        let at_ms = milliseconds(seen.at);
        let mut say = |from, encrypted, text| lines.push(TranscriptLine { at_ms, from, encrypted, text });
        let reply_line = |line: &ReplyLine| visible_line(&line.octets, line.cut);
        match &seen.event {
            Event::Sent { command, encrypted } => say(Speaker::Client, *encrypted, command.to_string()),
            Event::Replied { reply, encrypted } => {
                reply.lines.iter().for_each(|line| say(Speaker::Server, *encrypted, reply_line(line)));
            }
            Event::NoReply { fault, encrypted } => {
                fault.lines.iter().for_each(|line| say(Speaker::Server, *encrypted, reply_line(line)));
                if !fault.octets.is_empty() {
                    say(Speaker::Server, *encrypted, visible_line(&fault.octets, 0));
                }
            }
            Event::Injected { octets, total } => {
                say(Speaker::Server, false, visible_line(octets, total.saturating_sub(octets.len())));
            }
            Event::TlsFailed(heloscope_observation::TlsFailure::NotTls(octets)) => {
                say(Speaker::Server, false, visible_line(octets, 0));
            }
            _ => {}
        }
    }
    if lines.len() > MAX_TRANSCRIPT {
        let more = lines.len() - (MAX_TRANSCRIPT - 1);
        lines.truncate(MAX_TRANSCRIPT);
        if let Some(last) = lines.last_mut() {
            last.text = format!("… [{more} more lines]");
        }
    }
    lines
}
