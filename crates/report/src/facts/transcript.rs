use std::time::Duration;

use heloscope_observation::{Event, Observations, Pace, PortSpec, Purpose, TlsFailure};
use heloscope_smtp::ReplyLine;

use super::on;
use super::timings::milliseconds;
use crate::visible::visible_line;
use crate::{Speaker, TranscriptLine};

/// Lines of one port's dialogue that are shown; a server's longest EHLO reply has 256 lines.
pub(super) const MAX_TRANSCRIPT: usize = 800;

/// The dialogue of a port line by line, each with the time at which its last octet came; at most [`MAX_TRANSCRIPT`]
/// lines, the last of which then says how many more there were.
pub(crate) fn transcript(observations: &Observations, spec: PortSpec) -> Vec<TranscriptLine> {
    let mut said = Said::default();
    for seen in on(observations, spec, Purpose::Dialogue) {
        match &seen.event {
            Event::Sent { command, encrypted } => {
                said.line(seen.at, Speaker::Client, *encrypted, command.to_string());
            }
            Event::Replied { reply, encrypted, came } => {
                said.reply_lines(seen.at, *encrypted, &reply.lines, came.as_ref());
            }
            Event::NoReply { fault, encrypted, came } => {
                said.reply_lines(seen.at, *encrypted, &fault.lines, came.as_ref());
                if !fault.octets.is_empty() {
                    let at = came.as_ref().map_or(seen.at, |pace| pace.last);
                    said.line(at, Speaker::Server, *encrypted, visible_line(&fault.octets, 0));
                }
            }
            Event::Injected { octets, total } => {
                let text = visible_line(octets, total.saturating_sub(octets.len()));
                said.line(seen.at, Speaker::Server, false, text);
            }
            Event::TlsFailed(TlsFailure::NotTls(octets)) => {
                said.line(seen.at, Speaker::Server, false, visible_line(octets, 0));
            }
            _ => {}
        }
    }
    said.bounded()
}

#[derive(Default)]
struct Said(Vec<TranscriptLine>);

impl Said {
    fn line(&mut self, at: Duration, from: Speaker, encrypted: bool, text: String) {
        self.0.push(TranscriptLine { at_ms: milliseconds(at), from, encrypted, text });
    }

    /// The lines of a reply that was whole, or a fault, at this time.
    fn reply_lines(&mut self, at: Duration, encrypted: bool, lines: &[ReplyLine], came: Option<&Pace>) {
        for (place, line) in lines.iter().enumerate() {
            let at = came.and_then(|pace| pace.lines.get(place)).copied().unwrap_or(at);
            self.line(at, Speaker::Server, encrypted, visible_line(&line.octets, line.cut));
        }
    }

    fn bounded(self) -> Vec<TranscriptLine> {
        let mut lines = self.0;
        if lines.len() > MAX_TRANSCRIPT {
            let more = lines.len() - (MAX_TRANSCRIPT - 1);
            lines.truncate(MAX_TRANSCRIPT);
            if let Some(last) = lines.last_mut() {
                last.text = format!("… [{more} more lines]");
            }
        }
        lines
    }
}
