use heloscope_smtp::Reply;

use crate::visible::{more_lines, more_octets, visible};

/// The greeting as it was kept, its lines joined by `\n`; what is left out is marked where it stood.
pub(crate) fn banner(greeting: &Reply) -> String {
    let lines = greeting.lines.iter().map(|line| visible(&line.octets) + &more_octets(line.cut));
    let mut lines: Vec<String> = lines.collect();
    if let Some(mark) = more_lines(greeting.left_out) {
        lines.insert(lines.len().saturating_sub(1), mark);
    }
    lines.join("\n")
}
