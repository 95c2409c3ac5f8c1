use serde::{Deserialize, Serialize};

use crate::{LineEnding, Octets, Reply, ReplyLine, Separator};

/// Octets kept of one reply line; RFC 5321 §4.5.3.1.5 allows 512, real servers send more.
pub const MAX_LINE: usize = 4096;
/// Lines taken in one reply.
pub const MAX_LINES: usize = 256;
/// Octets taken in one reply, endings included; past this the reply is a [`FaultKind::TooLong`].
pub const MAX_REPLY: usize = 64 * 1024;
/// Octets kept of what is no reply.
pub const MAX_STRAY: usize = 512;

/// Reads replies off a stream that may be cut anywhere: the same octets give the same replies.
///
/// Memory is bounded by [`MAX_REPLY`] and what one `push` brings. A fault empties the reader: the stream is lost.
#[derive(Debug, Default)]
pub struct ReplyReader {
    unread: Vec<u8>,
    searched: usize,
    lines: Vec<ReplyLine>,
    taken: usize,
}

/// Why the octets at hand are no reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The reply lines before the octets at fault.
    pub lines: Vec<ReplyLine>,
    /// The octets at fault; at most [`MAX_STRAY`].
    pub octets: Octets,
}

/// What is wrong with a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A line does not begin with three digits, RFC 5321 §4.2.
    NotAReply,
    /// The octets begin with the header of a TLS record, RFC 8446 §5.1.
    TlsRecord,
    /// More than [`MAX_REPLY`] octets or [`MAX_LINES`] lines.
    TooLong,
    /// What is there could be the beginning of a reply; its end never came.
    Incomplete,
}

impl ReplyReader {
    /// Takes in what the server sent.
    pub fn push(&mut self, octets: &[u8]) {
        self.unread.extend_from_slice(octets);
    }

    /// The next whole reply, or why there will be none; `None` until more octets come.
    pub fn next_reply(&mut self) -> Option<Result<Reply, Fault>> {
        loop {
            if self.lines.is_empty() && begins_tls_record(&self.unread) {
                // Waits for a whole alert, so that its description is kept.
                let whole = self.unread.len() >= TLS_ALERT_RECORD;
                return whole.then(|| Err(self.fault(FaultKind::TlsRecord)));
            }
            let found = self.line_length();
            if let Some(kind) = self.line_fault(found) {
                return Some(Err(self.fault(kind)));
            }
            let length = found?;
            let line = read_line(&self.unread[..length]);
            self.unread.drain(..length);
            self.searched = 0;
            self.taken += length;
            let more = line.separator() == Separator::Hyphen;
            self.lines.push(line);
            if !more {
                self.taken = 0;
                return Some(Ok(Reply { lines: std::mem::take(&mut self.lines) }));
            }
        }
    }

    /// The number of octets that came after the last whole reply, lines that are read already aside.
    pub fn unread_len(&self) -> usize {
        self.unread.len()
    }

    /// What came after the last whole reply and is not yet part of one; the reader is empty afterwards.
    pub fn take_unread(&mut self) -> Vec<u8> {
        self.searched = 0;
        std::mem::take(&mut self.unread)
    }

    /// What is there of a reply that is not complete, for when the stream ends or time runs out; `None` where
    /// nothing is.
    pub fn unfinished(&mut self) -> Option<Fault> {
        let nothing = self.lines.is_empty() && self.unread.is_empty();
        let kind = if begin_with_digits(&self.unread) { FaultKind::Incomplete } else { FaultKind::NotAReply };
        (!nothing).then(|| self.fault(kind))
    }

    /// The length of the first line, its ending included.
    fn line_length(&mut self) -> Option<usize> {
        let found = self.unread[self.searched..].iter().position(|octet| *octet == b'\n');
        let length = found.map(|position| self.searched + position + 1);
        self.searched = self.unread.len();
        if length.is_some() {
            self.searched = 0;
        }
        length
    }

    /// What is wrong with the first line, whose `length` is known where all of it is there. Octets that cannot become
    /// a reply are given up once as many came as are kept of them, without waiting for the end of a line that may
    /// never end. Of two faults that which comes first in the stream counts, in any cut.
    fn line_fault(&self, length: Option<usize>) -> Option<FaultKind> {
        let there = length.unwrap_or(self.unread.len());
        let room = MAX_REPLY - self.taken;
        let hopeless = !begin_with_digits(&self.unread[..there]);
        let not_a_reply =
            (hopeless && (length.is_some() || there >= MAX_STRAY)).then(|| there.min(MAX_STRAY));
        let one_too_many = length.is_some() && self.lines.len() == MAX_LINES;
        let too_long = (one_too_many || there > room).then(|| there.min(room + 1));
        match (not_a_reply, too_long) {
            (None, None) => None,
            (Some(known), Some(passed)) if passed < known => Some(FaultKind::TooLong),
            (Some(_), _) => Some(FaultKind::NotAReply),
            (None, Some(_)) => Some(FaultKind::TooLong),
        }
    }

    fn fault(&mut self, kind: FaultKind) -> Fault {
        let end =
            self.unread.iter().take(MAX_STRAY).position(|octet| *octet == b'\n').map(|newline| newline + 1);
        let kept = match kind {
            FaultKind::TlsRecord => TLS_ALERT_RECORD,
            FaultKind::NotAReply | FaultKind::Incomplete => end.unwrap_or(MAX_STRAY),
            FaultKind::TooLong => 0,
        };
        let octets = self.unread[..kept.min(self.unread.len())].into();
        self.unread = Vec::new();
        self.searched = 0;
        self.taken = 0;
        Fault { kind, lines: std::mem::take(&mut self.lines), octets }
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

fn read_line(octets: &[u8]) -> ReplyLine {
    let (text, ending) = match octets {
        [text @ .., b'\r', b'\n'] => (text, LineEnding::CrLf),
        [text @ .., b'\n'] => (text, LineEnding::Lf),
        _ => unreachable!("a line ends with LF"),
    };
    let kept = &text[..text.len().min(MAX_LINE)];
    ReplyLine { octets: kept.into(), ending, cut: text.len() - kept.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the octets whole, by 7 and by 1, asks for the same replies, and gives them.
    fn read(octets: &[u8]) -> Vec<Result<Reply, Fault>> {
        let by = |size: usize| {
            let mut reader = ReplyReader::default();
            let mut seen = Vec::new();
            for cut in octets.chunks(size) {
                reader.push(cut);
                while let Some(reply) = reader.next_reply() {
                    let failed = reply.is_err();
                    seen.push(reply);
                    if failed {
                        return seen;
                    }
                }
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

    fn fault(octets: &[u8]) -> Fault {
        read(octets).pop().expect("a reply or a fault").expect_err("a fault")
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
    fn a_line_that_is_no_reply_is_a_fault_with_what_came_before() {
        let http = fault(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n");
        assert_eq!((http.kind, &*http.octets), (FaultKind::NotAReply, &b"HTTP/1.1 400 Bad Request\r\n"[..]));
        let broken = fault(b"250-mx\r\noops\r\n250 x\r\n");
        assert_eq!((broken.lines.len(), &*broken.octets), (1, &b"oops\r\n"[..]));
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

    /// Both are wrong with it; that which comes first in the stream counts.
    #[test]
    fn noise_that_is_too_long_is_no_reply_unless_the_reply_before_it_was_long() {
        let noise = [b'x'; MAX_REPLY + 1];
        assert_eq!(fault(&noise).kind, FaultKind::NotAReply);
        assert_eq!(fault(&[&noise[..], b"\r\n"].concat()).kind, FaultKind::NotAReply);
        let lines = b"250-x\r\n".repeat(MAX_LINES);
        assert_eq!(fault(&[&lines[..], &noise].concat()).kind, FaultKind::NotAReply);
        assert_eq!(fault(&[&lines[..], b"oops\r\n"].concat()).kind, FaultKind::NotAReply);
        let long = [b"250-".as_slice(), &[b'a'; MAX_REPLY - 106], b"\r\n"].concat(); // leaves 100 octets
        assert_eq!(fault(&[&long[..], &noise].concat()).kind, FaultKind::TooLong);
        assert_eq!(fault(&[&long[..], &noise[..99], b"\n"].concat()).kind, FaultKind::NotAReply);
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
    fn a_reply_without_end_is_too_long() {
        assert_eq!(fault(&b"250-x\r\n".repeat(MAX_LINES + 1)).kind, FaultKind::TooLong);
        assert_eq!(fault(&[b"250-".as_slice(), &[b'a'; MAX_REPLY]].concat()).kind, FaultKind::TooLong);
        assert_eq!(
            fault(&[b"250-".as_slice(), &[b'a'; 1000], b"\r\n"].concat().repeat(80)).kind,
            FaultKind::TooLong
        );
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
