use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

/// Octets of a name that go out; more no domain has, RFC 5321 §4.5.3.1.2.
const MAX_NAME: usize = 255;

/// The only commands this tester ever sends.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// `EHLO` with our own name, RFC 5321 §4.1.1.1.
    Ehlo(String),
    /// `HELO` with our own name, where EHLO was refused, RFC 5321 §4.1.1.1.
    Helo(String),
    /// `STARTTLS`, RFC 3207 §4.
    StartTls,
    /// `QUIT`, RFC 5321 §4.1.1.10.
    Quit,
}

impl Command {
    /// The command line as it goes out, CRLF included.
    ///
    /// A name that could end the line early would let its owner speak in our place: octets that cannot stand in
    /// a domain or an address literal (RFC 5321 §4.1.2, §4.1.3) are left out. No line is longer than 262 octets: of a
    /// name, 255 go out.
    pub fn to_octets(&self) -> Vec<u8> {
        format!("{self}\r\n").into_bytes()
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, name) = match self {
            Self::Ehlo(name) => ("EHLO ", name.as_str()),
            Self::Helo(name) => ("HELO ", name.as_str()),
            Self::StartTls => ("STARTTLS", ""),
            Self::Quit => ("QUIT", ""),
        };
        f.write_str(verb)?;
        name.chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':'))
            .take(MAX_NAME)
            .try_for_each(|c| f.write_char(c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_the_rfcs() {
        assert_eq!(Command::Ehlo("relay.example".into()).to_octets(), b"EHLO relay.example\r\n");
        assert_eq!(Command::Helo("[192.0.2.1]".into()).to_octets(), b"HELO [192.0.2.1]\r\n");
        assert_eq!(Command::Ehlo("[IPv6:2001:db8::1]".into()).to_octets(), b"EHLO [IPv6:2001:db8::1]\r\n");
        assert_eq!(Command::StartTls.to_octets(), b"STARTTLS\r\n");
        assert_eq!(Command::Quit.to_octets(), b"QUIT\r\n");
    }

    #[test]
    fn a_name_cannot_carry_a_second_command() {
        assert_eq!(Command::Ehlo("a\r\nMAIL FROM:<>".into()).to_octets(), b"EHLO aMAILFROM:\r\n");
    }

    #[test]
    fn a_name_without_end_is_cut() {
        let line = Command::Helo("relay.".repeat(20_000)).to_octets();
        assert_eq!(line, format!("HELO {}rel\r\n", "relay.".repeat(42)).into_bytes());
        assert_eq!(line.len(), 262);
    }
}
