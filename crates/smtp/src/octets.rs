use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Octets as a peer sent them; in JSON a string in which everything but printable ASCII is escaped
/// (`\r`, `\n`, `\t`, `\"`, `\'`, `\\`, `\x00` to `\xff`), so that no octet is lost and a person can read it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Octets(Vec<u8>);

impl Octets {
    fn escaped(&self) -> String {
        self.0.escape_ascii().to_string()
    }

    fn unescaped(text: &str) -> Result<Self, NotEscaped> {
        let mut octets = Vec::with_capacity(text.len());
        let mut rest = text.bytes();
        while let Some(octet) = rest.next() {
            if octet != b'\\' {
                octets.push(octet);
                continue;
            }
            octets.push(match rest.next().ok_or(NotEscaped)? {
                b'r' => b'\r',
                b'n' => b'\n',
                b't' => b'\t',
                b'x' => {
                    let mut nibble =
                        || rest.next().and_then(|digit| (digit as char).to_digit(16)).ok_or(NotEscaped);
                    let value = nibble()? * 16 + nibble()?;
                    u8::try_from(value).map_err(|_| NotEscaped)?
                }
                literal @ (b'\\' | b'"' | b'\'') => literal,
                _ => return Err(NotEscaped),
            });
        }
        Ok(Self(octets))
    }
}

/// The text holds a backslash that starts none of the escapes of [`Octets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotEscaped;

impl fmt::Display for NotEscaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a backslash here starts none of the escapes \\r \\n \\t \\\" \\' \\\\ \\xNN")
    }
}

impl std::error::Error for NotEscaped {}

impl Deref for Octets {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Octets {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Octets {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

impl From<&[u8]> for Octets {
    fn from(octets: &[u8]) -> Self {
        Self(octets.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Octets {
    fn from(octets: &[u8; N]) -> Self {
        Self(octets.to_vec())
    }
}

impl From<&str> for Octets {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escaped())
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.escaped())
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::unescaped(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_survives_json() {
        let all: Vec<u8> = (0..=255).collect();
        let json = serde_json::to_string(&Octets::from(all.clone())).unwrap();
        assert!(json.is_ascii());
        assert_eq!(serde_json::from_str::<Octets>(&json).unwrap(), Octets::from(all));
    }

    #[test]
    fn an_unknown_or_broken_escape_is_refused() {
        for json in [r#""\\q""#, r#""\\x4""#, r#""\\xzz""#, r#""\\""#] {
            assert!(serde_json::from_str::<Octets>(json).is_err(), "{json}");
        }
    }
}
