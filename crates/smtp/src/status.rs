use std::fmt;

use serde::{Deserialize, Serialize};

/// An enhanced status code `class.subject.detail`, RFC 3463 §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EnhancedStatusCode {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    pub class: u8,
    /// 0 to 999; 7 is security or policy, RFC 3463 §3.
    pub subject: u16,
    /// 0 to 999.
    pub detail: u16,
}

impl EnhancedStatusCode {
    /// Reads the code at the start of a reply line's text, RFC 2034 §4: `4.7.0 Try later`.
    ///
    /// `None` where the text does not begin with one, or where it is not followed by a space, a CR or the end.
    pub fn read(text: &[u8]) -> Option<Self> {
        let token = text.split(|octet| matches!(octet, b' ' | b'\r')).next()?;
        let mut parts = token.split(|octet| *octet == b'.');
        let class = number(parts.next()?)?;
        let subject = number(parts.next()?)?;
        let detail = number(parts.next()?)?;
        let class = u8::try_from(class).ok().filter(|class| matches!(class, 2 | 4 | 5))?;
        parts.next().is_none().then_some(Self { class, subject, detail })
    }
}

/// One to three digits, RFC 2034 §4.
fn number(digits: &[u8]) -> Option<u16> {
    let fits = (1..=3).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    fits.then(|| digits.iter().fold(0, |value, digit| value * 10 + u16::from(digit - b'0')))
}

impl fmt::Display for EnhancedStatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_rfc_2034_allows() {
        let code = |class, subject, detail| Some(EnhancedStatusCode { class, subject, detail });
        assert_eq!(EnhancedStatusCode::read(b"4.7.0 Too many connections"), code(4, 7, 0));
        assert_eq!(EnhancedStatusCode::read(b"5.7.509"), code(5, 7, 509));
        assert_eq!(EnhancedStatusCode::read(b"5.7.1\r"), code(5, 7, 1));
        assert_eq!(EnhancedStatusCode::read(b"2.0.0 Ready"), code(2, 0, 0));
    }

    #[test]
    fn leaves_other_text_alone() {
        for text in [
            "",
            "mx.example.com",
            "4.7",
            "4.7.0.1 x",
            "3.0.0 x",
            "4.7.0000 x",
            "4..0 x",
            "4.7.0: x",
            "#4.4.5",
        ] {
            assert_eq!(EnhancedStatusCode::read(text.as_bytes()), None, "{text}");
        }
    }
}
