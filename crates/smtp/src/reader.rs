use serde::{Deserialize, Serialize};

use crate::{LeftOut, LineEnding, Octets, Reply, ReplyLine, Separator};

/// Octets kept of one reply line; RFC 5321 §4.5.3.1.5 allows 512, real servers send more.
pub const MAX_LINE: usize = 4096;
/// Lines kept of one reply; no RFC limits how many it may have.
pub const MAX_LINES: usize = 100;
/// Octets kept of one reply, line endings aside.
pub const MAX_REPLY: usize = 16 * 1024;
/// Octets kept of what is no reply, and awaited of it.
pub const MAX_STRAY: usize = 512;

/// Reads replies off a stream that may be cut anywhere: the same octets give the same replies.
///
/// A reply may be as long as it likes: what is past [`MAX_LINE`], [`MAX_LINES`] and [`MAX_REPLY`] is counted and not kept,
/// but for the last line, whose code counts. How long to go on is for the caller to say, see [`Self::give_up`]. Memory is
/// bounded by [`MAX_REPLY`], two lines, and what one `push` brings. A fault empties the reader: the stream is lost.
#[derive(Debug, Default)]
pub struct ReplyReader {
    /// From the beginning of the line that is being read; of one that is long without an end, [`MAX_LINE`] octets.
    unread: Vec<u8>,
    /// How much of that line is known to have no end in it.
    searched: usize,
    /// What came of that line, and is not kept.
    passed: Passed,
    lines: Vec<ReplyLine>,
    /// Octets in those.
    kept: usize,
    left_out: LeftOut,
    /// The last line so far, once no more are kept.
    last: Option<ReplyLine>,
}

/// Octets in the middle of a line that has not ended.
#[derive(Clone, Copy, Debug, Default)]
struct Passed {
    octets: usize,
    /// Whether the last of them may belong to the line's ending.
    ends_in_cr: bool,
}

/// Why the octets at hand are no reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The reply lines before the octets at fault; at most [`MAX_LINES`].
    pub lines: Vec<ReplyLine>,
    /// What is left out before the last of the lines.
    #[serde(default, skip_serializing_if = "LeftOut::is_nothing")]
    pub left_out: LeftOut,
    /// The octets at fault; at most [`MAX_STRAY`], and then perhaps not all.
    pub octets: Octets,
    /// How many octets more had come of a line that was not finished.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
}

impl Fault {
    /// How many octets had come of the reply, as far as is known: all that is kept, and all that is counted.
    pub fn length(&self) -> usize {
        let whole = self.lines.iter().map(ReplyLine::length);
        let all = whole.chain([self.left_out.octets, self.octets.len(), self.more]);
        all.fold(0, usize::saturating_add)
    }
}

/// What is wrong with a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A line does not begin with three digits, RFC 5321 §4.2.
    NotAReply,
    /// The octets begin with the header of a TLS record, RFC 8446 §5.1.
    TlsRecord,
    /// The reply had not ended when its reader gave it up.
    TooLong,
    /// What is there could be the beginning of a reply; its end never came.
    Incomplete,
}

impl ReplyReader {
    /// Takes in what the server sent.
    pub fn push(&mut self, octets: &[u8]) {
        self.unread.extend_from_slice(octets);
    }

    /// The next whole reply, or why there will be none; `None` until more octets come. What is no reply is given after
    /// [`MAX_STRAY`] octets of it, or by [`Self::unfinished`].
    pub fn next_reply(&mut self) -> Option<Result<Reply, Fault>> {
        let mut read = 0;
        let next = loop {
            if self.is_between_replies() && begins_tls_record(&self.unread[read..]) {
                // Waits for a whole alert, so that its description is kept.
                let whole = self.unread.len() - read >= TLS_ALERT_RECORD;
                break whole.then_some(Err(FaultKind::TlsRecord));
            }
            if self.passed.octets == 0 && !begin_with_digits(&self.unread[read..]) {
                let enough = self.unread.len() - read >= MAX_STRAY;
                break enough.then_some(Err(FaultKind::NotAReply));
            }
            let Some(length) = self.line_length(read) else { break None };
            let line = self.line(&self.unread[read..read + length]);
            (read, self.searched, self.passed) = (read + length, 0, Passed::default());
            let more = line.separator() == Separator::Hyphen;
            self.keep(line);
            if !more {
                let (lines, left_out) = self.take_lines();
                break Some(Ok(Reply { lines, left_out }));
            }
        };
        self.unread.drain(..read);
        if next.is_none() {
            self.pass_over();
        }
        next.map(|next| next.map_err(|kind| self.fault(kind)))
    }

    /// Whether what is there can become no reply, whatever follows: no more of it is worth waiting for than comes soon.
    pub fn is_lost(&self) -> bool {
        self.passed.octets == 0 && !begin_with_digits(&self.unread)
    }

    /// The number of octets held that came after the last whole reply, lines that are read already aside.
    pub fn unread_len(&self) -> usize {
        self.unread.len()
    }

    /// What came after the last whole reply and is not yet part of one; the reader is empty afterwards.
    pub fn take_unread(&mut self) -> Vec<u8> {
        std::mem::take(self).unread
    }

    /// What is there of a reply that is not complete, for when the stream ends or time runs out; `None` where
    /// nothing is.
    pub fn unfinished(&mut self) -> Option<Fault> {
        let nothing = self.is_between_replies() && self.unread.is_empty();
        let kind = if self.is_lost() { FaultKind::NotAReply } else { FaultKind::Incomplete };
        (!nothing).then(|| self.fault(kind))
    }

    /// What is there of a reply that has become too long for the caller.
    pub fn give_up(&mut self) -> Fault {
        self.fault(FaultKind::TooLong)
    }

    fn is_between_replies(&self) -> bool {
        self.lines.is_empty() && self.last.is_none() && self.passed.octets == 0
    }

    /// The length of the line that begins at this place, its ending included; what is passed over is not counted.
    fn line_length(&mut self, from: usize) -> Option<usize> {
        let line = &self.unread[from..];
        let found = line[self.searched..].iter().position(|octet| *octet == b'\n');
        let length = found.map(|position| self.searched + position + 1);
        self.searched = line.len();
        length
    }

    /// Reads a line of which these octets are there, its ending included, beside what was passed over.
    fn line(&self, octets: &[u8]) -> ReplyLine {
        let Passed { octets: passed, ends_in_cr } = self.passed;
        let there = octets.strip_suffix(b"\n").unwrap_or(octets);
        let nothing_since = passed > 0 && there.len() == MAX_LINE;
        let cr = if nothing_since { ends_in_cr } else { there.ends_with(b"\r") };
        let length = there.len() + passed - usize::from(cr);
        let kept = &there[..length.min(MAX_LINE)];
        let ending = if cr { LineEnding::CrLf } else { LineEnding::Lf };
        ReplyLine { octets: kept.into(), ending, cut: length - kept.len() }
    }

    /// Keeps a line where there is room for it and a last one, else as the last one so far.
    fn keep(&mut self, line: ReplyLine) {
        let room = self.lines.len() < MAX_LINES - 1 && self.kept + line.octets.len() <= MAX_REPLY - MAX_LINE;
        if room && self.last.is_none() {
            self.kept += line.octets.len();
            self.lines.push(line);
        } else if let Some(before) = self.last.replace(line) {
            self.left_out.lines += 1;
            self.left_out.octets += before.length();
        }
    }

    fn take_lines(&mut self) -> (Vec<ReplyLine>, LeftOut) {
        self.lines.extend(self.last.take());
        self.kept = 0;
        (std::mem::take(&mut self.lines), std::mem::take(&mut self.left_out))
    }

    /// Lets go of what is not kept of a line that has not ended.
    fn pass_over(&mut self) {
        let over = self.unread.get(MAX_LINE..).unwrap_or_default();
        if let Some(last) = over.last() {
            self.passed = Passed { octets: self.passed.octets + over.len(), ends_in_cr: *last == b'\r' };
            self.unread.truncate(MAX_LINE);
            self.searched = MAX_LINE;
        }
    }

    fn fault(&mut self, kind: FaultKind) -> Fault {
        let kept = match kind {
            FaultKind::TlsRecord => TLS_ALERT_RECORD,
            FaultKind::NotAReply | FaultKind::Incomplete | FaultKind::TooLong => MAX_STRAY,
        };
        let octets = &self.unread[..kept.min(self.unread.len())];
        let more = match kind {
            // Nobody waited for what may have come behind these.
            FaultKind::TlsRecord | FaultKind::NotAReply => 0,
            FaultKind::Incomplete | FaultKind::TooLong => {
                self.passed.octets + self.unread.len() - octets.len()
            }
        };
        let octets = octets.into();
        let (lines, left_out) = self.take_lines();
        *self = Self::default();
        Fault { kind, lines, left_out, octets, more }
    }
}

/// Header, level and description: what a server says in TLS when it dislikes what it got, RFC 8446 §6.
const TLS_ALERT_RECORD: usize = 7;

/// Content types 20 to 23, then a version 3.x: no reply begins like this.
fn begins_tls_record(octets: &[u8]) -> bool {
    matches!(octets, [20..=23, 3, 0..=4, ..])
}

/// Whether these octets can be the beginning of a reply line.
fn begin_with_digits(octets: &[u8]) -> bool {
    octets.iter().take(3).all(u8::is_ascii_digit)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the octets whole, by 7 and by 1, asks for the same replies, and gives them; memory stays bounded.
    fn read(octets: &[u8]) -> Vec<Result<Reply, Fault>> {
        let by = |size: usize| {
            let mut reader = ReplyReader::default();
            let mut seen = Vec::new();
            for cut in octets.chunks(size) {
                reader.push(cut);
                let before = reader.unread_len();
                while let Some(reply) = reader.next_reply() {
                    let failed = reply.is_err();
                    seen.push(reply);
                    if failed {
                        return seen;
                    }
                }
                assert!(reader.unread_len() <= before.min(MAX_LINE));
            }
            seen
        };
        let whole = by(octets.len().max(1));
        assert_eq!(by(7), whole);
        assert_eq!(by(1), whole);
        whole
    }

    fn texts(octets: &[u8]) -> Vec<String> {
        read(octets).into_iter().map(|reply| reply.unwrap().to_visible()).collect()
    }

    /// What is wrong with these octets, where nothing follows.
    fn fault(octets: &[u8]) -> Fault {
        let by = |size: usize| {
            let mut reader = ReplyReader::default();
            for cut in octets.chunks(size) {
                reader.push(cut);
                while let Some(reply) = reader.next_reply() {
                    if let Err(fault) = reply {
                        return fault;
                    }
                }
            }
            reader.unfinished().expect("a fault")
        };
        let whole = by(octets.len().max(1));
        assert_eq!(by(7), whole);
        assert_eq!(by(1), whole);
        whole
    }

    /// The reply that these octets are, in any cut.
    fn reply(octets: &[u8]) -> Reply {
        let mut replies = read(octets);
        assert_eq!(replies.len(), 1);
        replies.pop().unwrap().unwrap()
    }

    #[test]
    fn replies_of_one_line_and_of_many() {
        assert_eq!(texts(b"220 mx ESMTP\r\n"), ["220 mx ESMTP"]);
        assert_eq!(
            texts(b"250-mx\r\n250-SIZE 1\r\n250 HELP\r\n221 bye\r\n"),
            ["250-mx\n250-SIZE 1\n250 HELP", "221 bye"]
        );
        assert_eq!(texts(b"250\r\n"), ["250"]);
        assert_eq!(texts(b"250-mx\r\n250 half"), Vec::<String>::new());
    }

    #[test]
    fn octets_and_endings_are_kept() {
        let reply = read(b"220-\x00\xff \r\n220 \r\r\n").pop().unwrap().unwrap();
        assert_eq!(*reply.lines[0].octets, *b"220-\x00\xff ");
        assert_eq!(*reply.lines[1].octets, *b"220 \r");
        let bare = read(b"220 mx\n").pop().unwrap().unwrap();
        assert_eq!(bare.lines[0].ending, LineEnding::Lf);
    }

    #[test]
    fn a_line_that_is_no_reply_is_a_fault_with_what_came_before_and_behind_it() {
        let answer = b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n";
        let http = fault(answer);
        assert_eq!((http.kind, &*http.octets), (FaultKind::NotAReply, &answer[..]));
        let broken = fault(b"250-mx\r\noops\r\n250 x\r\n");
        assert_eq!((broken.lines.len(), &*broken.octets), (1, &b"oops\r\n250 x\r\n"[..]));
        assert_eq!(fault(b"22\n250 x\r\n").kind, FaultKind::NotAReply);
    }

    #[test]
    fn what_can_become_no_reply_is_known_at_once() {
        let lost = |octets: &[u8]| {
            let mut reader = ReplyReader::default();
            reader.push(octets);
            assert_eq!(reader.next_reply(), None);
            reader.is_lost()
        };
        assert!(lost(b"H"));
        assert!(lost(b"220-mx\r\n* OK\r\n"));
        assert!(!lost(b"") && !lost(b"22") && !lost(b"220-mx\r\n"));
        assert!(!lost(&[b"220 ", &[b'x'; 2 * MAX_LINE][..]].concat()));
    }

    #[test]
    fn a_tls_record_is_known_by_its_header_and_an_alert_kept() {
        let alert = fault(b"\x15\x03\x01\x00\x02\x02\x28more\n");
        assert_eq!(
            (alert.kind, &*alert.octets),
            (FaultKind::TlsRecord, &b"\x15\x03\x01\x00\x02\x02\x28"[..])
        );
    }

    #[test]
    fn a_line_feed_in_a_record_header_ends_no_line() {
        let hello = fault(b"\x16\x03\x03\x00\x0a\x02\x00\x00");
        assert_eq!((hello.kind, hello.octets.len()), (FaultKind::TlsRecord, TLS_ALERT_RECORD));
        let version = fault(b"\x16\x03\x03\n\n\n\n");
        assert_eq!(version.kind, FaultKind::TlsRecord);
        assert_eq!(read(b"\x16\x03\x03\n"), []);
        assert_eq!(fault(b"\x16\x03\n").kind, FaultKind::NotAReply);
    }

    #[test]
    fn noise_without_an_end_is_given_up_after_max_stray() {
        assert_eq!(read(&[b'x'; MAX_STRAY - 1]), []);
        let noise = fault(&[b'x'; MAX_STRAY + 100]);
        assert_eq!((noise.kind, noise.octets.len()), (FaultKind::NotAReply, MAX_STRAY));
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        let long = [b"220 ".as_slice(), &[b'a'; MAX_LINE], b"\r\n"].concat();
        let reply = read(&long).pop().unwrap().unwrap();
        assert_eq!((reply.lines[0].octets.len(), reply.lines[0].cut), (MAX_LINE, 4));
    }

    #[test]
    fn a_line_of_megabytes_is_counted() {
        let of = |length: usize, ending: &[u8]| {
            reply(&[&b"220 "[..], &vec![b'a'; length - 4], ending].concat()).lines.pop().unwrap()
        };
        for length in [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 100_000] {
            for ending in [LineEnding::CrLf, LineEnding::Lf] {
                let line = of(length, if ending == LineEnding::CrLf { b"\r\n" } else { b"\n" });
                assert_eq!((line.octets.len(), line.ending), (length.min(MAX_LINE), ending));
                assert_eq!(line.octets.len() + line.cut, length);
            }
        }
        let cr = of(MAX_LINE + 1, b"\r\r\n");
        assert_eq!((cr.cut, cr.ending), (2, LineEnding::CrLf));
    }

    #[test]
    fn of_many_lines_the_first_and_the_last_are_kept() {
        let all = reply(&[&b"250-x\r\n".repeat(MAX_LINES - 1)[..], b"250 end\r\n"].concat());
        assert_eq!((all.lines.len(), all.left_out), (MAX_LINES, LeftOut::default()));
        let long = reply(&[&b"250-x\r\n".repeat(20_000)[..], b"220 end\r\n"].concat());
        let lines = 20_001 - MAX_LINES;
        assert_eq!(long.left_out, LeftOut { lines, octets: lines * 7 });
        assert_eq!((long.lines.len(), long.code()), (MAX_LINES, 220));
    }

    #[test]
    fn of_long_lines_as_many_are_kept_as_fit() {
        let line = [b"250-".as_slice(), &[b'a'; 1000], b"\r\n"].concat();
        let long = reply(&[&line.repeat(80)[..], b"250 end\r\n"].concat());
        let kept: usize = long.lines.iter().map(|line| line.octets.len()).sum();
        assert!((MAX_REPLY - MAX_LINE - line.len()..=MAX_REPLY).contains(&kept), "{kept}");
        assert_eq!(long.lines.len() + long.left_out.lines, 81);
        assert_eq!(long.left_out.octets, long.left_out.lines * line.len());
        // Shorter lines that would fit still stand behind what is left out.
        let short = reply(&[&line.repeat(80)[..], b"250-x\r\n250 end\r\n"].concat());
        assert_eq!(short.lines.len(), long.lines.len());
    }

    #[test]
    fn a_reply_that_is_given_up_says_how_much_of_it_came() {
        let mut reader = ReplyReader::default();
        reader.push(&[&b"250-x\r\n".repeat(300)[..], b"250-", &[b'a'; 9000]].concat());
        assert_eq!(reader.next_reply(), None);
        let fault = reader.give_up();
        assert_eq!((fault.kind, fault.lines.len(), fault.left_out.lines), (FaultKind::TooLong, 100, 200));
        assert_eq!((fault.octets.len(), fault.more), (MAX_STRAY, 9004 - MAX_STRAY));
        assert_eq!(fault.length(), 300 * 7 + 9004);
        assert_eq!(reader.unfinished(), None);
        // So does one whose server hangs up.
        reader.push(&[&b"250-"[..], &[b'a'; 9000]].concat());
        let fault = reader.unfinished().unwrap();
        assert_eq!((fault.kind, fault.more), (FaultKind::Incomplete, 9004 - MAX_STRAY));
    }

    #[test]
    fn what_follows_a_reply_can_be_taken_away() {
        let mut reader = ReplyReader::default();
        reader.push(b"220 go\r\n250 injected\r\n");
        assert!(reader.next_reply().is_some_and(|reply| reply.is_ok()));
        assert_eq!(reader.unread_len(), 14);
        assert_eq!(reader.take_unread(), b"250 injected\r\n");
        assert_eq!(reader.unread_len(), 0);
        assert_eq!(reader.next_reply(), None);
    }

    #[test]
    fn what_never_became_a_reply_can_be_seen() {
        let mut reader = ReplyReader::default();
        assert_eq!(reader.unfinished(), None);
        reader.push(b"220-mx\r\n22");
        assert_eq!(reader.next_reply(), None);
        let rest = reader.unfinished().unwrap();
        assert_eq!((rest.kind, rest.lines.len(), &*rest.octets), (FaultKind::Incomplete, 1, &b"22"[..]));
        reader.push(b"OK");
        assert_eq!(reader.next_reply(), None);
        assert_eq!(reader.unfinished().map(|rest| rest.kind), Some(FaultKind::NotAReply));
    }
}
