use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use heloscope_observation::Host;

/// What a client gives with EHLO: a fully qualified domain name or an address literal, RFC 5321 §4.1.1.1.
///
/// Without one in the settings it is the machine's host name where that has a dot, and else, for each connection, the
/// literal of the address that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EhloName(String);

impl EhloName {
    /// The machine's host name; `None` where it is not fully qualified.
    pub(crate) fn of_machine() -> Option<Self> {
        let name = gethostname::gethostname().into_string().ok()?;
        // Some distributions call every machine that.
        name.parse().ok().filter(|_| !name.starts_with("localhost."))
    }

    /// The literal of an address, RFC 5321 §4.1.3: `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
    pub(crate) fn literal(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self(format!("[{v4}]")),
            IpAddr::V6(v6) => Self(format!("[IPv6:{v6}]")),
        }
    }
}

/// The address of a literal, RFC 5321 §4.1.3; `None` where the text is none.
pub(crate) fn address_of(text: &str) -> Option<IpAddr> {
    let literal = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))?;
    match literal.strip_prefix("IPv6:") {
        Some(v6) => v6.parse().ok().map(IpAddr::V6),
        None => literal.parse().ok().map(IpAddr::V4),
    }
}

/// The text is no name to give with EHLO: see its `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEhloName(String);

impl FromStr for EhloName {
    type Err = BadEhloName;

    /// Reads a domain name with at least one dot, `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
    fn from_str(text: &str) -> Result<Self, BadEhloName> {
        match (address_of(text), text.parse()) {
            (Some(address), _) => Ok(Self::literal(address)),
            (None, Ok(Host::Name(name))) if name.contains('.') => Ok(Self(name)),
            _ => Err(BadEhloName(text.to_owned())),
        }
    }
}

impl fmt::Display for EhloName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for BadEhloName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no name for EHLO: write a full host name such as relay.example.org, or an address literal such \
             as [192.0.2.1] or [IPv6:2001:db8::1]",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for BadEhloName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_literals_are_taken() {
        for (text, name) in [
            ("Relay.Example.org.", "relay.example.org"),
            ("[192.0.2.1]", "[192.0.2.1]"),
            ("[IPv6:2001:DB8::1]", "[IPv6:2001:db8::1]"),
        ] {
            assert_eq!(text.parse().map(|name: EhloName| name.to_string()).as_deref(), Ok(name));
        }
    }

    #[test]
    fn what_a_server_would_refuse_is_not() {
        for text in [
            "",
            "relay",
            "192.0.2.1",
            "[2001:db8::1]",
            "[IPv6:192.0.2.1]",
            "[::1]",
            "a b.example",
            "x\r\ny.z",
        ] {
            assert!(text.parse::<EhloName>().is_err(), "{text}");
        }
    }
}
