//! Octets as lower-case hexadecimal digits.

use std::fmt::Write as _;

use serde::de::{Deserializer, Error, Visitor};

/// The digits of these octets.
pub(crate) fn digits(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut digits, octet| {
        // A string takes anything.
        let _ = write!(digits, "{octet:02x}");
        digits
    })
}

/// Reads what [`digits`] writes, and nothing else; for serde's `deserialize_with`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    deserializer.deserialize_str(Digits)
}

struct Digits;

impl Visitor<'_> for Digits {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("pairs of lower-case hexadecimal digits")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
        // The text itself is a key, and stays out of the message.
        octets(text).ok_or_else(|| E::custom("these are no pairs of lower-case hexadecimal digits"))
    }
}

fn octets(text: &str) -> Option<Vec<u8>> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks();
    let octet = |&[high, low]: &[u8; 2]| Some(nibble(high)? << 4 | nibble(low)?);
    rest.is_empty().then(|| pairs.iter().map(octet).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(octets(&digits(&all)), Some(all));
        assert_eq!(digits(b"\x00\x0a\xff"), "000aff");
    }

    #[test]
    fn nothing_else_is() {
        for text in ["0", "0A", "0g", "0x0a", " 0a", "0a ", "é"] {
            assert_eq!(octets(text), None, "{text}");
        }
    }
}
