use std::net::IpAddr;
use std::str::FromStr;

use heloscope_observation::Host;
use heloscope_words::say;

/// What may stand after EHLO, RFC 5321 §4.1.1.1: a domain name or an address literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EhloName(String);

impl EhloName {
    /// The machine's own name, where it is a fully qualified one that means something to others.
    pub(crate) fn of_machine(name: &str) -> Option<Self> {
        match name.parse() {
            Ok(Host::Name(name)) if name.contains('.') && !name.starts_with("localhost.") => Some(Self(name)),
            _ => None,
        }
    }

    /// An address literal, RFC 5321 §4.1.3.
    pub(crate) fn literal(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => format!("[{address}]"),
            IpAddr::V6(address) => format!("[IPv6:{address}]"),
        })
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl FromStr for EhloName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let literal = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(|inside| {
            inside
                .strip_prefix("IPv6:")
                .map_or_else(|| inside.parse().map(IpAddr::V4), |inside| inside.parse().map(IpAddr::V6))
        });
        match (literal, text.parse()) {
            (Some(Ok(address)), _) => Ok(Self::literal(address)),
            (None, Ok(Host::Name(name))) => Ok(Self(name)),
            _ => Err(say!(
                "EHLO takes a domain name, or an address literal: [192.0.2.1] or [IPv6:2001:db8::1]"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ehlo_takes_a_name_or_a_literal() {
        for text in ["client.example", "[192.0.2.1]", "[IPv6:2001:db8::1]"] {
            assert_eq!(text.parse::<EhloName>().map(EhloName::into_string).as_deref(), Ok(text));
        }
        for text in [
            "",
            "192.0.2.1",
            "[2001:db8::1]",
            "[client.example]",
            "a b",
            "a\r\nMAIL FROM:<>",
            "[IPv6:192.0.2.1]",
        ] {
            assert!(text.parse::<EhloName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_machine_without_a_qualified_name_gives_its_address() {
        assert_eq!(EhloName::of_machine("mail.example.com"), Some(EhloName("mail.example.com".into())));
        for name in ["mail", "localhost.localdomain", "a_b.example", "192.0.2.1", ""] {
            assert_eq!(EhloName::of_machine(name), None, "{name}");
        }
        let mapped = "::ffff:192.0.2.1".parse().expect("an address");
        assert_eq!(EhloName::literal(mapped).into_string(), "[192.0.2.1]");
    }
}
