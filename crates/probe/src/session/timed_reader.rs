use std::collections::VecDeque;
use std::time::Duration;

use heloscope_observation::Pace;
use heloscope_smtp::{Fault, Reply, ReplyReader};

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
            Ok(reply) => self.pace(reply.lines.len(), reply.left_out.lines, now),
            Err(fault) => self.pace_of(fault, now),
        };
        Some((read, pace))
    }

    /// Whether what is there can become no reply.
    pub(crate) fn is_lost(&self) -> bool {
        self.reader.is_lost()
    }

    /// What is there of a reply that has become too long, and how it came.
    pub(crate) fn give_up(&mut self, now: Duration) -> (Fault, Option<Pace>) {
        let fault = self.reader.give_up();
        let pace = self.pace_of(&fault, now);
        (fault, pace)
    }

    /// What is there of a reply that is not complete, and how it came.
    pub(crate) fn unfinished(&mut self, now: Duration) -> Option<(Fault, Option<Pace>)> {
        let fault = self.reader.unfinished()?;
        let pace = self.pace_of(&fault, now);
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

    /// How a fault came; what came together with its end and is not kept counts in no cut of the octets.
    fn pace_of(&mut self, fault: &Fault, now: Duration) -> Option<Pace> {
        let pace = self.pace(fault.lines.len(), fault.left_out.lines, now)?;
        Some(Pace { octets: fault.length(), ..pace })
    }

    /// How that came which has just been read, of so many whole lines, others being left out before the last of them.
    fn pace(&mut self, lines: usize, left_out: usize, now: Duration) -> Option<Pace> {
        let mut times: Vec<_> = (1..lines).filter_map(|_| self.next_line_feed()).collect();
        for _ in 0..left_out {
            self.next_line_feed();
        }
        times.extend((lines > 0).then(|| self.next_line_feed()).flatten());
        let rest = self.reader.unread_len();
        let Begun { first, last, pieces, octets } = self.begun.take()?;
        if rest > 0 {
            self.begun = Some(Begun { first: last, last, pieces: 1, octets: rest });
        } else {
            self.line_feeds.clear();
        }
        let pace = Pace { first, last, lines: times, pieces, octets: octets.saturating_sub(rest) };
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
        let mut reader = TimedReader::default();
        for (second, octets) in [(1, "250-a\r\n"), (2, "oops\r\n250 b\r\n"), (3, "250 c\r\n")] {
            reader.push(octets.as_bytes(), at(second));
            assert_eq!(reader.next_reply(at(second)), None);
        }
        assert!(reader.is_lost());
        let pace = Pace { first: at(1), last: at(3), lines: vec![at(1)], pieces: 3, octets: 27 };
        assert_eq!(reader.unfinished(at(5)).unwrap().1, Some(pace));
    }

    #[test]
    fn what_is_not_kept_of_noise_does_not_count() {
        let noise = |sizes: &[usize]| {
            let mut reader = TimedReader::default();
            reader.push(b"* OK\r\n", at(1));
            assert_eq!(reader.next_reply(at(1)), None);
            let pushed = sizes.iter().find_map(|size| {
                reader.push(&vec![b'a'; *size], at(2));
                reader.next_reply(at(2))
            });
            pushed.unwrap().1.unwrap().octets
        };
        assert_eq!([noise(&[5000]), noise(&[1; 506])], [512, 512]);
    }

    #[test]
    fn of_a_long_reply_the_lines_that_are_kept_have_their_times() {
        let mut reader = TimedReader::default();
        for second in 0..300 {
            reader.push(b"220-a\r\n", at(second));
            assert_eq!(reader.next_reply(at(second)), None);
        }
        reader.push(b"220 a\r\n", at(300));
        let (reply, pace) = reader.next_reply(at(300)).unwrap();
        assert_eq!(reply.unwrap().left_out.lines, 201);
        let lines: Vec<_> = (0..99).chain([300]).map(at).collect();
        assert_eq!(pace.unwrap().lines, lines);
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
