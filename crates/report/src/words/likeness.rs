//! What octets look like that are not what was awaited.

/// What the first octets of a server look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    Smtp,
    Tls,
    Http,
    Ssh,
    Imap,
    Pop3,
    /// Printable text of no protocol known here.
    Text,
    Binary,
}

impl Likeness {
    pub(crate) fn of(octets: &[u8]) -> Self {
        let upper = octets.get(..octets.len().min(16)).unwrap_or_default().to_ascii_uppercase();
        let begins = |prefix: &str| upper.starts_with(prefix.as_bytes());
        match octets {
            [20..=23, 3, 0..=4, ..] => Self::Tls,
            [a, b, c] if [a, b, c].iter().all(|octet| octet.is_ascii_digit()) => Self::Smtp,
            [b'2'..=b'5', b, c, b' ' | b'-' | b'\r' | b'\n', ..]
                if b.is_ascii_digit() && c.is_ascii_digit() =>
            {
                Self::Smtp
            }
            _ if begins("HTTP/") || begins("<!DOCTYPE HTML") || begins("<HTML") => Self::Http,
            _ if begins("SSH-") => Self::Ssh,
            _ if begins("* OK") || begins("* PREAUTH") || begins("* BYE") => Self::Imap,
            _ if begins("+OK") || begins("-ERR") => Self::Pop3,
            _ if is_text(octets) => Self::Text,
            _ => Self::Binary,
        }
    }

    /// To stand after "which look like": `TLS`.
    pub(crate) fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Smtp => "SMTP",
            Self::Tls => "TLS",
            Self::Http => "HTTP",
            Self::Ssh => "SSH",
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Text | Self::Binary => return None,
        })
    }
}

/// The lines of what is no reply, each without its ending, where it is text; else all of it as one.
pub(crate) fn stray_lines(octets: &[u8]) -> Vec<&[u8]> {
    match Likeness::of(octets) {
        Likeness::Tls | Likeness::Binary => vec![octets],
        _ => {
            let lines = octets.strip_suffix(b"\n").unwrap_or(octets).split(|octet| *octet == b'\n');
            lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect()
        }
    }
}

/// Whether a line is one of a greeting that lets the client go on, RFC 5321 §4.3.1.
pub(crate) fn is_greeting(line: &[u8]) -> bool {
    line.strip_prefix(b"220").is_some_and(|rest| matches!(rest, [] | [b' ' | b'-', ..]))
}

/// The first of the [`stray_lines`] that is not empty.
pub(crate) fn first_line(octets: &[u8]) -> &[u8] {
    let first = stray_lines(octets).into_iter().find(|line| !line.trim_ascii().is_empty());
    first.unwrap_or_default()
}

/// What to quote of what is no reply: its first line, or all of it where that line is empty.
pub(crate) fn first_octets(octets: &[u8]) -> &[u8] {
    if matches!(octets, [b'\r' | b'\n', ..]) { octets } else { first_line(octets) }
}

fn is_text(octets: &[u8]) -> bool {
    !octets.is_empty()
        && octets.iter().all(|octet| matches!(octet, b'\t' | b'\r' | b'\n' | b' '..=b'~') || *octet >= 0x80)
        && octets.iter().filter(|octet| octet.is_ascii()).count() * 2 > octets.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_known_by_their_first_octets() {
        let cases: [(&[u8], Likeness); 14] = [
            (b"\x15\x03\x01\x00\x02\x02\x28", Likeness::Tls),
            (b"\x16\x03\x03", Likeness::Tls),
            (b"HTTP/1.1 400 Bad Request\r\n", Likeness::Http),
            (b"<html><head>", Likeness::Http),
            (b"SSH-2.0-OpenSSH_9.2\r\n", Likeness::Ssh),
            (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", Likeness::Imap),
            (b"+OK POP3 ready\r\n", Likeness::Pop3),
            (b"220 mx ESMTP\r\n", Likeness::Smtp),
            (b"220-mx", Likeness::Smtp),
            (b"554", Likeness::Smtp),
            (b"hello there\r\n", Likeness::Text),
            (b"200OK", Likeness::Text),
            (b"\x00\x01\x02", Likeness::Binary),
            (b"", Likeness::Binary),
        ];
        for (octets, expected) in cases {
            assert_eq!(Likeness::of(octets), expected, "{}", octets.escape_ascii());
        }
    }

    #[test]
    fn text_has_lines_and_other_octets_have_none() {
        let http = b"HTTP/1.1 400 Bad Request\r\nServer: x\n\r\n<p>";
        assert_eq!(stray_lines(http), [&b"HTTP/1.1 400 Bad Request"[..], b"Server: x", b"", b"<p>"]);
        assert_eq!(stray_lines(b"* OK\r\n"), [b"* OK"]);
        assert_eq!(stray_lines(b"\x15\x03\x01\n\x02"), [b"\x15\x03\x01\n\x02"]);
        assert_eq!(first_line(b"\r\n+OK POP3\r\n"), b"+OK POP3");
        assert_eq!(first_line(b"\0\n\0"), b"\0\n\0");
    }
}
