use std::collections::VecDeque;
use std::time::Duration;

use heloscope_observation::Pace;
use heloscope_smtp::{Fault, LineEnding, Reply, ReplyLine, ReplyReader};

/// A [`ReplyReader`] that knows when what came.
///
/// It is read after each push until there is nothing more to read. Beside the reader's own memory it keeps a time for each
/// piece that brought the end of a line which has not been read.
#[derive(Debug, Default)]
pub(crate) struct TimedReader {
    reader: ReplyReader,
    /// How many line feeds came at which time.
    line_feeds: VecDeque<(usize, Duration)>,
    begun: Option<Begun>,
}

/// A reply of which octets have come.
#[derive(Clone, Copy, Debug)]
struct Begun {
    first: Duration,
    last: Duration,
    pieces: usize,
    octets: usize,
}

impl TimedReader {
    /// Takes in what came now.
    pub(crate) fn push(&mut self, octets: &[u8], now: Duration) {
        if octets.is_empty() {
            return;
        }
        let line_feeds = octets.iter().filter(|octet| **octet == b'\n').count();
        match self.line_feeds.back_mut() {
            Some((count, then)) if *then == now => *count += line_feeds,
            _ if line_feeds > 0 => self.line_feeds.push_back((line_feeds, now)),
            _ => {}
        }
        let begun = self.begun.get_or_insert(Begun { first: now, last: now, pieces: 1, octets: 0 });
        begun.pieces += usize::from(begun.last != now);
        begun.last = now;
        begun.octets += octets.len();
        self.reader.push(octets);
    }

    /// The next whole reply, or why there will be none, with how it came, where that was not all at once and now; `None`
    /// until more octets come.
    pub(crate) fn next_reply(&mut self, now: Duration) -> Option<(Result<Reply, Fault>, Option<Pace>)> {
        let read = self.reader.next_reply()?;
        let pace = match &read {
            Ok(reply) => self.pace(reply.lines.len(), now),
            // What came behind the octets at fault depends on the cut.
            Err(fault) => {
                let pace = self.pace(fault.lines.len(), now);
                pace.map(|pace| Pace { octets: length(fault), ..pace })
            }
        };
        Some((read, pace))
    }

    /// What is there of a reply that is not complete, and how it came.
    pub(crate) fn unfinished(&mut self, now: Duration) -> Option<(Fault, Option<Pace>)> {
        let fault = self.reader.unfinished()?;
        let pace = self.pace(fault.lines.len(), now);
        Some((fault, pace))
    }

    /// Whether anything came after the last whole reply.
    pub(crate) fn has_unread(&self) -> bool {
        self.begun.is_some()
    }

    /// What came after the last whole reply; the reader is empty afterwards.
    pub(crate) fn take_unread(&mut self) -> Vec<u8> {
        self.line_feeds.clear();
        self.begun = None;
        self.reader.take_unread()
    }

    /// How that came which has just been read, of so many whole lines.
    fn pace(&mut self, lines: usize, now: Duration) -> Option<Pace> {
        let lines = (0..lines).filter_map(|_| self.next_line_feed()).collect();
        let rest = self.reader.unread_len();
        let Begun { first, last, pieces, octets } = self.begun.take()?;
        if rest > 0 {
            self.begun = Some(Begun { first: last, last, pieces: 1, octets: rest });
        } else {
            self.line_feeds.clear();
        }
        let pace = Pace { first, last, lines, pieces, octets: octets.saturating_sub(rest) };
        (pieces > 1 || last != now).then_some(pace)
    }

    fn next_line_feed(&mut self) -> Option<Duration> {
        let (count, at) = self.line_feeds.front_mut()?;
        let at = *at;
        *count -= 1;
        if *count == 0 {
            self.line_feeds.pop_front();
        }
        Some(at)
    }
}

/// Of the lines before the octets at fault, and of those.
fn length(fault: &Fault) -> usize {
    let line = |line: &ReplyLine| {
        let ending = match line.ending {
            LineEnding::CrLf => 2,
            LineEnding::Lf => 1,
        };
        line.octets.len() + line.cut + ending
    };
    fault.lines.iter().map(line).sum::<usize>() + fault.octets.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// What is read of pieces that come at these seconds: code or fault, and when its lines came.
    fn read(pieces: &[(u64, &str)]) -> Vec<(u16, Option<Pace>)> {
        let mut reader = TimedReader::default();
        let mut seen = Vec::new();
        for (second, octets) in pieces {
            reader.push(octets.as_bytes(), at(*second));
            while let Some((read, pace)) = reader.next_reply(at(*second)) {
                seen.push((read.map(|reply| reply.code()).unwrap_or_default(), pace));
            }
        }
        seen
    }

    #[test]
    fn what_comes_at_once_needs_no_times() {
        let both = read(&[(3, "220-mx\r\n220 mx\r\n250 mx\r\n")]);
        assert_eq!(both, [(220, None), (250, None)]);
        let mut reader = TimedReader::default();
        for octet in "220 mx\r\n".bytes() {
            reader.push(&[octet], at(3));
        }
        assert_eq!(reader.next_reply(at(3)).unwrap().1, None);
    }

    #[test]
    fn each_line_has_the_time_of_its_end() {
        let greeting =
            read(&[(1, "220-a\r\n220-b"), (2, "\r\n"), (4, "220 "), (9, "c\r\n25"), (11, "0 d\r\n")]);
        let pace =
            Pace { first: at(1), last: at(9), lines: vec![at(1), at(2), at(9)], pieces: 4, octets: 21 };
        let next = Pace { first: at(9), last: at(11), lines: vec![at(11)], pieces: 2, octets: 7 };
        assert_eq!(greeting, [(220, Some(pace)), (250, Some(next))]);
    }

    #[test]
    fn a_fault_has_the_times_of_the_lines_before_it() {
        let broken = read(&[(1, "250-a\r\n"), (2, "oops\r\n250 b\r\n"), (3, "250 c\r\n")]);
        let pace = Pace { first: at(1), last: at(2), lines: vec![at(1)], pieces: 2, octets: 13 };
        assert_eq!(broken, [(0, Some(pace)), (250, None)]);
    }

    #[test]
    fn what_is_not_finished_came_before_it_was_given_up() {
        let mut reader = TimedReader::default();
        reader.push(b"220 a", at(1));
        let (fault, pace) = reader.unfinished(at(19)).unwrap();
        assert_eq!(&*fault.octets, b"220 a");
        let expected = Pace { first: at(1), last: at(1), lines: vec![], pieces: 1, octets: 5 };
        assert_eq!(pace, Some(expected));
        assert_eq!(reader.unfinished(at(19)), None);
    }
}
