use std::time::Duration;

use heloscope_observation::{Event, Observations, Pace, PortSpec, Purpose, TlsFailure};
use heloscope_smtp::{FaultKind, LeftOut, MAX_STRAY, ReplyLine};
use heloscope_words::{mark, say, spoken};

use super::on;
use super::timings::milliseconds;
use crate::visible::{more_lines, visible_line};
use crate::words::stray_lines;
use crate::{Speaker, TranscriptLine};

/// Lines of one port's dialogue that are shown; of one reply 256 are kept.
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
                said.reply_lines(seen.at, *encrypted, &reply.lines, reply.left_out, came.as_ref());
            }
            Event::Unasked { reply, encrypted, came, more } => {
                said.reply_lines(seen.at, *encrypted, &reply.lines, reply.left_out, came.as_ref());
                if *more > 0 {
                    said.line(seen.at, Speaker::Server, *encrypted, say!("… [{more} more octets]"));
                }
            }
            Event::NoReply { fault, encrypted, came } => {
                said.reply_lines(seen.at, *encrypted, &fault.lines, fault.left_out, came.as_ref());
                let at = came.as_ref().map_or(seen.at, |pace| pace.last);
                match fault.kind {
                    FaultKind::NotAReply => said.stray(at, *encrypted, &fault.octets),
                    FaultKind::TooLong => {
                        let text = visible_line(&fault.octets, fault.more);
                        said.line(
                            at,
                            Speaker::Server,
                            *encrypted,
                            (text + spoken(GIVEN_UP)).trim_start().to_owned(),
                        );
                    }
                    FaultKind::TlsRecord | FaultKind::Incomplete if fault.octets.is_empty() => {}
                    FaultKind::TlsRecord | FaultKind::Incomplete => {
                        let text = visible_line(&fault.octets, fault.more);
                        said.line(at, Speaker::Server, *encrypted, text);
                    }
                }
            }
            Event::Injected { octets, total } => {
                let text = visible_line(octets, total.saturating_sub(octets.len()));
                said.line(seen.at, Speaker::Server, false, text);
            }
            Event::TlsFailed(TlsFailure::NotTls(octets)) => {
                said.stray(seen.at, false, octets);
            }
            _ => {}
        }
    }
    said.bounded()
}

/// What stands where a reply was given up that had not ended.
const GIVEN_UP: &str = mark!(" … [not read any further]");

/// What stands behind the octets that are kept of what is no reply.
const CUT: &str = mark!(" … [cut off after 512 octets]");

#[derive(Default)]
struct Said {
    lines: Vec<TranscriptLine>,
    /// Where a mark stands for lines that were left out, and for how many.
    left_out: Vec<(usize, usize)>,
}

impl Said {
    fn line(&mut self, at: Duration, from: Speaker, encrypted: bool, text: String) {
        self.lines.push(TranscriptLine { at_ms: milliseconds(at), from, encrypted, text });
    }

    /// The lines of a reply that was whole, or a fault, at this time.
    fn reply_lines(
        &mut self,
        at: Duration,
        encrypted: bool,
        lines: &[ReplyLine],
        left_out: LeftOut,
        came: Option<&Pace>,
    ) {
        for (place, line) in lines.iter().enumerate() {
            let at = came.and_then(|pace| pace.lines.get(place)).copied().unwrap_or(at);
            if let Some(mark) = more_lines(left_out).filter(|_| place + 1 == lines.len()) {
                self.line(at, Speaker::Server, encrypted, mark);
                self.left_out.push((self.lines.len() - 1, left_out.lines));
            }
            self.line(at, Speaker::Server, encrypted, visible_line(&line.octets, line.cut));
        }
    }

    /// What is no reply: its lines where it is text, each without its ending, and a mark where it was not all waited for.
    fn stray(&mut self, at: Duration, encrypted: bool, octets: &[u8]) {
        let lines = stray_lines(octets);
        let (whole, last) = (octets.len() < MAX_STRAY, lines.len());
        for (place, line) in lines.into_iter().enumerate() {
            let mut text = visible_line(line, 0);
            if !whole && place + 1 == last {
                text.push_str(spoken(CUT));
            }
            self.line(at, Speaker::Server, encrypted, text);
        }
    }

    fn bounded(self) -> Vec<TranscriptLine> {
        let Self { mut lines, left_out } = self;
        if lines.len() > MAX_TRANSCRIPT {
            let marked = left_out.iter().filter(|(place, _)| *place >= MAX_TRANSCRIPT - 1);
            let marked = marked.map(|(_, lines)| lines - 1).fold(0, usize::saturating_add);
            let more = (lines.len() - (MAX_TRANSCRIPT - 1)).saturating_add(marked);
            lines.truncate(MAX_TRANSCRIPT);
            if let Some(last) = lines.last_mut() {
                last.text = say!("… [{more} more lines]");
            }
        }
        lines
    }
}
