use serde::{Deserialize, Serialize};

use crate::{EnhancedStatusCode, Octets, visible};

/// A reply: one or more reply lines, the last of which has no hyphen after its code, RFC 5321 §4.2.1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// At least one; at most [`crate::MAX_LINES`].
    pub lines: Vec<ReplyLine>,
    /// What is left out before the last of them.
    #[serde(default, skip_serializing_if = "LeftOut::is_nothing")]
    pub left_out: LeftOut,
}

impl From<Vec<ReplyLine>> for Reply {
    /// A reply of which all lines are there.
    fn from(lines: Vec<ReplyLine>) -> Self {
        Self { lines, left_out: LeftOut::default() }
    }
}

/// Lines of a long reply that were counted and not kept; they stood before its last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// How many.
    pub lines: usize,
    /// Their octets, endings included.
    pub octets: usize,
}

impl LeftOut {
    /// Whether all lines were kept.
    pub fn is_nothing(&self) -> bool {
        self.lines == 0
    }
}

impl Reply {
    /// The code that counts: the last line's.
    pub fn code(&self) -> u16 {
        self.last().code().unwrap_or_default()
    }

    /// Whether every line carries the same code, as RFC 5321 §4.2.1 demands.
    pub fn is_uniform(&self) -> bool {
        self.lines.iter().all(|line| line.code() == self.last().code())
    }

    /// The enhanced status code of the first line that carries one, RFC 2034 §4.
    pub fn enhanced_status_code(&self) -> Option<EnhancedStatusCode> {
        self.lines.iter().find_map(|line| EnhancedStatusCode::read(line.text()))
    }

    /// The lines as [`visible`](crate::visible()) text, joined by `\n`.
    pub fn to_visible(&self) -> String {
        self.lines.iter().map(|line| visible(&line.octets)).collect::<Vec<_>>().join("\n")
    }

    fn last(&self) -> &ReplyLine {
        self.lines.last().expect("the reader makes no reply without a line")
    }
}

/// One line of a reply, as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyLine {
    /// The octets before the line ending: code, separator and text; at most [`crate::MAX_LINE`].
    pub octets: Octets,
    /// How the line ended.
    pub ending: LineEnding,
    /// How many octets more the line had than are kept here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut: usize,
}

impl ReplyLine {
    /// How many octets the line had, its ending and what is cut included.
    pub fn length(&self) -> usize {
        let ending = match self.ending {
            LineEnding::CrLf => 2,
            LineEnding::Lf => 1,
        };
        self.octets.len().saturating_add(self.cut).saturating_add(ending)
    }

    /// The three-digit code, RFC 5321 §4.2.1; `None` where the line does not begin with three digits.
    pub fn code(&self) -> Option<u16> {
        let digits = self.octets.get(..3)?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0')))
    }

    /// What stands between code and text.
    pub fn separator(&self) -> Separator {
        match self.octets.get(3) {
            Some(b'-') => Separator::Hyphen,
            Some(b' ') => Separator::Space,
            None => Separator::None,
            Some(_) => Separator::Other,
        }
    }

    /// What follows code and separator; empty where nothing does.
    pub fn text(&self) -> &[u8] {
        let start = if self.separator() == Separator::Other { 3 } else { 4 };
        self.octets.get(start..).unwrap_or_default()
    }
}

/// What stands after the code of a reply line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Separator {
    /// `250 text`: the last line of a reply.
    Space,
    /// `250-text`: another line follows.
    Hyphen,
    /// `250`: the last line of a reply, allowed to receivers by RFC 5321 §4.2.
    None,
    /// Anything else, such as `250text`; taken as the last line, though no RFC allows it.
    Other,
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineEnding {
    /// CR LF, the only ending RFC 5321 §2.3.8 allows.
    CrLf,
    /// LF alone.
    Lf,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> ReplyLine {
        ReplyLine { octets: text.into(), ending: LineEnding::CrLf, cut: 0 }
    }

    #[test]
    fn a_line_is_code_separator_text() {
        let all = ["220 mx ready", "250-SIZE", "250", "250ok", "ok"].map(line);
        assert_eq!(all.each_ref().map(ReplyLine::code), [Some(220), Some(250), Some(250), Some(250), None]);
        assert_eq!(all.each_ref().map(ReplyLine::text), [&b"mx ready"[..], b"SIZE", b"", b"ok", b""]);
        let separators = [Separator::Space, Separator::Hyphen, Separator::None, Separator::Other];
        assert_eq!(all[..4].iter().map(ReplyLine::separator).collect::<Vec<_>>(), separators);
    }

    #[test]
    fn the_last_line_gives_the_code_and_mixed_codes_show() {
        let lines = vec![line("250-hello"), line("220 4.7.0 x")];
        let mixed = Reply::from(lines);
        assert_eq!((mixed.code(), mixed.is_uniform()), (220, false));
        assert_eq!(mixed.enhanced_status_code().map(|code| code.to_string()).as_deref(), Some("4.7.0"));
        assert_eq!(mixed.to_visible(), "250-hello\n220 4.7.0 x");
    }
}
