use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use heloscope_words::{mark, spoken};
use serde::{Deserialize, Serialize};

/// The host under test, as it is looked up: a domain name of letters, digits and hyphens in lower case and IDNA
/// A-label form (RFC 5890 §2.3.2.1), or an IP address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Host {
    /// A domain name, at most 253 octets, without a trailing dot.
    Name(String),
    /// An IP address.
    Address(IpAddr),
}

/// Why a text is no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAHost {
    /// There is nothing.
    Empty,
    /// More than 253 octets, or a label of more than 63, RFC 1035 §2.3.4.
    TooLong,
    /// A label is empty, or holds what is no letter, digit or hyphen.
    BadLabel,
    /// A label begins or ends with a hyphen, RFC 1123 §2.1.
    HyphenAtEdge,
    /// It ends in a number, but is no address of four decimal numbers: `127.1`, `0x7f.1`, `2130706433`.
    OddAddress,
    /// It has a colon or stands in brackets, but is no IPv6 address of RFC 4291 §2.2.
    OddAddress6,
    /// An IPv6 address with a scope identifier, which means nothing to another machine.
    Scoped,
}

impl FromStr for Host {
    type Err = NotAHost;

    /// Reads a name or an address, an IPv6 address with or without brackets, one trailing dot ignored.
    ///
    /// Only the strict forms of an address are taken: four decimal numbers without leading zeros, or RFC 4291
    /// §2.2. What a C library would also read as an address (`127.1`) is an error, never a name.
    fn from_str(text: &str) -> Result<Self, NotAHost> {
        let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(address) = bracketed.or_else(|| text.contains(':').then_some(text)) {
            return match address.parse::<Ipv6Addr>() {
                Ok(address) => Ok(Self::Address(address.into())),
                Err(_) if address.contains('%') => Err(NotAHost::Scoped),
                Err(_) => Err(NotAHost::OddAddress6),
            };
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if name.is_empty() {
            return Err(NotAHost::Empty);
        }
        if name.len() > 253 {
            return Err(NotAHost::TooLong);
        }
        let mut labels = name.split('.');
        if ends_in_a_number(labels.clone().next_back().unwrap_or_default()) {
            return Err(NotAHost::OddAddress);
        }
        labels.try_for_each(check_label)?;
        Ok(Self::Name(name))
    }
}

fn check_label(label: &str) -> Result<(), NotAHost> {
    if label.len() > 63 {
        return Err(NotAHost::TooLong);
    }
    let letters = label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    if label.is_empty() || !letters {
        return Err(NotAHost::BadLabel);
    }
    if label.starts_with('-') || label.ends_with('-') { Err(NotAHost::HyphenAtEdge) } else { Ok(()) }
}

/// The WHATWG URL Standard's "ends in a number": such a host is an address or nothing.
fn ends_in_a_number(label: &str) -> bool {
    let hexadecimal =
        label.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|octet| octet.is_ascii_hexdigit()));
    hexadecimal || (!label.is_empty() && label.bytes().all(|octet| octet.is_ascii_digit()))
}

impl fmt::Display for Host {
    /// A name, or an address without brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl TryFrom<String> for Host {
    type Error = NotAHost;
    fn try_from(text: String) -> Result<Self, NotAHost> {
        text.parse()
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.to_string()
    }
}

impl fmt::Display for NotAHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(spoken(match self {
            Self::Empty => mark!("type the name of a mail server, such as mx1.example.com"),
            Self::TooLong => mark!("a host name has at most 253 characters, and 63 between two dots"),
            Self::BadLabel => {
                mark!("a host name is made of letters, digits and hyphens, with single dots between")
            }
            Self::HyphenAtEdge => mark!("no part of a host name begins or ends with a hyphen"),
            Self::OddAddress => mark!(
                "write an IPv4 address as four decimal numbers, such as 192.0.2.1; none is above 255 or has a leading zero"
            ),
            Self::OddAddress6 => {
                mark!("write an IPv6 address as in 2001:db8::1, and with a port as in [2001:db8::1]:25")
            }
            Self::Scoped => {
                mark!("an IPv6 address with a scope (%…) is known on one machine only; leave the scope out")
            }
        }))
    }
}

impl std::error::Error for NotAHost {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_and_lose_a_trailing_dot() {
        assert_eq!("MX1.Example.COM.".parse(), Ok(Host::Name("mx1.example.com".into())));
        assert_eq!("localhost".parse(), Ok(Host::Name("localhost".into())));
        assert_eq!("xn--mnchen-3ya.example".parse(), Ok(Host::Name("xn--mnchen-3ya.example".into())));
    }

    #[test]
    fn addresses_in_their_strict_forms() {
        assert_eq!("192.0.2.1".parse::<Host>().map(|h| h.to_string()).as_deref(), Ok("192.0.2.1"));
        for text in ["2001:DB8::1", "[2001:db8::1]"] {
            assert_eq!(text.parse::<Host>().map(|h| h.to_string()).as_deref(), Ok("2001:db8::1"), "{text}");
        }
    }

    #[test]
    fn odd_addresses_are_neither_names_nor_addresses() {
        for text in [
            "127.1",
            "0x7f.1",
            "2130706433",
            "0x7f000001",
            "127.0.0.0x1",
            "1.2.3.4.5",
            "010.0.0.1",
            "256.1.1.1",
            "127.0.0.1.",
        ] {
            assert_eq!(text.parse::<Host>(), Err(NotAHost::OddAddress), "{text}");
        }
        assert_eq!("fe80::1%eth0".parse::<Host>(), Err(NotAHost::Scoped));
        assert_eq!("１２７.０.０.１".parse::<Host>(), Err(NotAHost::BadLabel));
    }

    #[test]
    fn what_is_no_name_says_why() {
        assert_eq!("".parse::<Host>(), Err(NotAHost::Empty));
        for text in ["a..b", ".a", "a b", "a_b", "mx\r\n", "münchen.example", "[mx"] {
            assert_eq!(text.parse::<Host>(), Err(NotAHost::BadLabel), "{text}");
        }
        for text in ["-a.example", "a-.example", "xn--.example"] {
            assert_eq!(text.parse::<Host>(), Err(NotAHost::HyphenAtEdge), "{text}");
        }
        for text in ["a:25", "[::1", "::1]", "[192.0.2.1]", "2001:db8::/32"] {
            assert_eq!(text.parse::<Host>(), Err(NotAHost::OddAddress6), "{text}");
        }
        assert_eq!(format!("{}.example", "a".repeat(64)).parse::<Host>(), Err(NotAHost::TooLong));
        assert_eq!("a.".repeat(130).parse::<Host>(), Err(NotAHost::TooLong));
    }
}
