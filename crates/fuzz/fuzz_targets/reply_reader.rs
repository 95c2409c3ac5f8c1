//! Replies off a stream: any cut gives the same, bounds hold, and what is kept is what was sent.
#![no_main]

use heloscope_smtp::{Fault, FaultKind, LineEnding, Reply, ReplyReader, Separator};
use heloscope_smtp::{MAX_LINE, MAX_LINES, MAX_REPLY, MAX_STRAY};
use libfuzzer_sys::fuzz_target;

/// More than is kept of a reply, so that each bound can be passed.
const MAX_STREAM: usize = MAX_REPLY + 8192;

fuzz_target!(|data: &[u8]| {
    let Some((stream, cut)) = stream(data) else { return };
    let whole = read(&stream, |_| stream.len());
    for size in [1, 511] {
        same(&whole, &read(&stream, |_| size));
    }
    same(&whole, &read(&stream, cuts(cut)));

    whole.iter().for_each(bounds);
    nothing_lost(&stream, &whole);
});

type Seen = Result<Reply, Fault>;

/// Three octets say how the rest is cut and which part of it is said over and over, so that a small input makes a long
/// stream.
fn stream(data: &[u8]) -> Option<(Vec<u8>, u8)> {
    let ([cut, begin, times], octets) = data.split_first_chunk()?;
    let (before, again) = octets.split_at(octets.len() * usize::from(*begin) / 256);
    let mut stream = before.to_vec();
    for _ in 0..=u32::from(*times).pow(2) / 64 {
        stream.extend(again);
        if stream.len() > MAX_STREAM {
            break;
        }
    }
    stream.truncate(MAX_STREAM);
    Some((stream, *cut))
}

/// Sizes that look like chance and come from one octet.
fn cuts(seed: u8) -> impl FnMut(usize) -> usize {
    let mut state = u32::from(seed);
    move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        1 + (state >> 24) as usize * usize::from(seed) / 16
    }
}

/// All replies up to the first fault, or up to what is left unfinished when the stream ends.
fn read(stream: &[u8], mut size: impl FnMut(usize) -> usize) -> Vec<Seen> {
    let mut reader = ReplyReader::default();
    let mut seen = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let (cut, later) = rest.split_at(size(rest.len()).clamp(1, rest.len()));
        rest = later;
        reader.push(cut);
        while let Some(next) = reader.next_reply() {
            let over = next.is_err();
            seen.push(next);
            if over {
                assert_eq!(reader.unfinished(), None, "nothing is held after a fault");
                return seen;
            }
        }
    }
    let lost = reader.is_lost();
    let unfinished = reader.unfinished();
    assert!(!lost || unfinished.as_ref().is_some_and(|fault| fault.kind == FaultKind::NotAReply));
    seen.extend(unfinished.map(Err));
    assert!(reader.take_unread().is_empty(), "the unfinished was all there was");
    seen
}

fn same(one: &[Seen], other: &[Seen]) {
    assert_eq!(one, other, "the same octets in another cut");
}

fn bounds(seen: &Seen) {
    let (lines, left_out) = match seen {
        Ok(reply) => {
            let (last, before) = reply.lines.split_last().expect("a reply has a line");
            assert_ne!(last.separator(), Separator::Hyphen, "the last line says that it is the last");
            assert!(before.iter().all(|line| line.separator() == Separator::Hyphen));
            assert_eq!(Some(reply.code()), last.code());
            (&reply.lines, reply.left_out)
        }
        Err(fault) => {
            assert!(fault.octets.len() <= MAX_STRAY);
            assert!(fault.lines.iter().all(|line| line.separator() == Separator::Hyphen));
            if fault.kind == FaultKind::TlsRecord {
                assert!(fault.lines.is_empty() && matches!(fault.octets[..2], [20..=23, 3]));
            }
            assert!(fault.more == 0 || fault.octets.len() == MAX_STRAY);
            (&fault.lines, fault.left_out)
        }
    };
    assert_eq!(left_out.lines == 0, left_out.octets == 0);
    assert!(lines.len() <= MAX_LINES);
    assert!(lines.iter().all(|line| line.code().is_some() && line.octets.len() <= MAX_LINE));
    assert!(lines.iter().all(|line| line.cut == 0 || line.octets.len() == MAX_LINE));
    assert!(lines.iter().map(|line| line.octets.len()).sum::<usize>() <= MAX_REPLY);
    // Nothing is left out where there would have been room for it.
    let full = lines.len() == MAX_LINES
        || lines.iter().map(|line| line.octets.len()).sum::<usize>() > MAX_REPLY - 2 * MAX_LINE;
    assert!(left_out.lines == 0 || full);
}

/// The lines one after the other are the stream, octet by octet but for what is marked as cut.
fn nothing_lost(stream: &[u8], seen: &[Seen]) {
    let mut rest = stream;
    for next in seen {
        let (lines, left_out, fault) = match next {
            Ok(reply) => (&reply.lines, reply.left_out, None),
            Err(fault) => (&fault.lines, fault.left_out, Some(fault)),
        };
        for (place, line) in lines.iter().enumerate() {
            if place + 1 == lines.len() {
                let (passed, later) = rest.split_at(left_out.octets);
                assert_eq!(passed.iter().filter(|octet| **octet == b'\n').count(), left_out.lines);
                assert!(passed.last().is_none_or(|octet| *octet == b'\n'), "whole lines are left out");
                rest = later;
            }
            let (sent, later) = rest.split_at(line.length());
            rest = later;
            let ending: &[u8] = match line.ending {
                LineEnding::CrLf => b"\r\n",
                LineEnding::Lf => b"\n",
            };
            assert!(sent.starts_with(&line.octets) && sent.ends_with(ending));
            assert_eq!(sent.iter().filter(|octet| **octet == b'\n').count(), 1, "one line is one line");
        }
        if let Some(fault) = fault {
            assert!(rest.starts_with(&fault.octets), "the octets at fault stand where the lines end");
            return;
        }
    }
    assert!(rest.is_empty(), "all was read: {rest:?}");
}
