use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use heloscope_words::say;
use serde::{Deserialize, Serialize};

use crate::Host;

/// What a test is to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The mail server.
    pub host: Host,
    /// Its ports, in the order asked for, each at most once.
    pub ports: Vec<PortSpec>,
    /// An address that was dialled in place of those that the host's name has, which was not looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
}

/// A port and how TLS begins there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortSpec {
    /// The TCP port, not 0.
    pub port: u16,
    /// How TLS begins.
    pub mode: TlsMode,
}

/// How TLS begins on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// In clear text first, then by STARTTLS, RFC 3207.
    StartTls,
    /// From the first octet, RFC 8314 §3.
    Implicit,
}

/// The ports of mail: relay (25), submissions (465), submission (587).
pub const STANDARD_PORTS: [PortSpec; 3] = [
    PortSpec { port: 25, mode: TlsMode::StartTls },
    PortSpec { port: 465, mode: TlsMode::Implicit },
    PortSpec { port: 587, mode: TlsMode::StartTls },
];

impl Target {
    /// A test of these ports, each once, in this order; of [`STANDARD_PORTS`] where there is none.
    pub fn new(host: Host, ports: impl IntoIterator<Item = PortSpec>) -> Self {
        let mut once: Vec<PortSpec> = Vec::new();
        for port in ports {
            if once.iter().all(|known| known.port != port.port) {
                once.push(port);
            }
        }
        if once.is_empty() {
            once.extend(STANDARD_PORTS);
        }
        Self { host, ports: once, address: None }
    }

    /// The same at this address, the host's name not being looked up.
    pub fn at(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }
}

impl PortSpec {
    /// A port whose number alone says how TLS begins there: 25, 465 or 587.
    pub fn standard(port: u16) -> Option<Self> {
        STANDARD_PORTS.into_iter().find(|standard| standard.port == port)
    }
}

/// The text is no port: see its `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAPort {
    text: String,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It is neither a number from 1 to 65535 nor one with a mode.
    Form,
    /// How TLS begins on this port is not said.
    NoMode(u16),
    /// On this port TLS begins in another way.
    OtherMode(PortSpec),
}

impl FromStr for PortSpec {
    type Err = NotAPort;

    /// Reads `25`, `465` or `587`, or any port with its mode: `2525/starttls`, `10465/implicit`.
    ///
    /// The mode of a standard port is fixed: `465/starttls` is an error.
    fn from_str(text: &str) -> Result<Self, NotAPort> {
        let refused = |why| NotAPort { text: text.to_owned(), why };
        let (number, mode) = text.split_once('/').map_or((text, None), |(number, mode)| (number, Some(mode)));
        let decimal = number.bytes().all(|octet| octet.is_ascii_digit());
        let port: u16 =
            number.parse().ok().filter(|port| decimal && *port != 0).ok_or_else(|| refused(Why::Form))?;
        let mode = match mode {
            None => None,
            Some("starttls") => Some(TlsMode::StartTls),
            Some("implicit") => Some(TlsMode::Implicit),
            Some(_) => return Err(refused(Why::Form)),
        };
        match (Self::standard(port), mode) {
            (Some(standard), mode) if mode.is_none_or(|mode| mode == standard.mode) => Ok(standard),
            (None, Some(mode)) => Ok(Self { port, mode }),
            (None, None) => Err(refused(Why::NoMode(port))),
            (Some(standard), _) => Err(refused(Why::OtherMode(standard))),
        }
    }
}

impl fmt::Display for PortSpec {
    /// What [`PortSpec::from_str`] reads: `25`, `2525/starttls`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (Self::standard(self.port), self.mode) {
            (Some(_), _) => write!(f, "{}", self.port),
            (None, TlsMode::StartTls) => write!(f, "{}/starttls", self.port),
            (None, TlsMode::Implicit) => write!(f, "{}/implicit", self.port),
        }
    }
}

impl TryFrom<String> for PortSpec {
    type Error = NotAPort;
    fn try_from(text: String) -> Result<Self, NotAPort> {
        text.parse()
    }
}

impl From<PortSpec> for String {
    fn from(port: PortSpec) -> Self {
        port.to_string()
    }
}

impl fmt::Display for NotAPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Printable letters of other scripts stay as they were typed.
        let text = self.text.escape_debug();
        f.write_str(&match self.why {
            Why::Form => say!(
                "`{text}` is no port to test: write 25, 465 or 587, or any other up to 65535 with its TLS mode, such as \
                 2525/starttls or 10465/implicit"
            ),
            Why::NoMode(port) => say!(
                "`{text}` is no port to test before its TLS mode is known: write {port}/starttls where TLS begins with \
                 STARTTLS, or {port}/implicit where it begins at once"
            ),
            Why::OtherMode(PortSpec { port, mode: TlsMode::Implicit }) => {
                say!("`{text}` is no port to test: on port {port} TLS begins at once; write {port} alone")
            }
            Why::OtherMode(PortSpec { port, mode: TlsMode::StartTls }) => {
                say!("`{text}` is no port to test: on port {port} TLS begins with STARTTLS; write {port} alone")
            }
        })
    }
}

impl std::error::Error for NotAPort {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_ports_need_no_mode_and_others_do() {
        for text in ["25", "465", "587", "2525/starttls", "10465/implicit"] {
            assert_eq!(text.parse::<PortSpec>().map(|port| port.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("465/implicit".parse(), Ok(STANDARD_PORTS[1]));
    }

    #[test]
    fn a_target_has_each_port_once_and_never_none() {
        let host: Host = "mx.example".parse().unwrap();
        let [smtp, submissions, _] = STANDARD_PORTS;
        assert_eq!(Target::new(host.clone(), [submissions, smtp, submissions]).ports, [submissions, smtp]);
        assert_eq!(Target::new(host, []).ports, STANDARD_PORTS);
    }

    #[test]
    fn a_port_that_is_none_is_refused() {
        for text in [
            "",
            "0",
            "0/implicit",
            "2525",
            "465/starttls",
            "25/implicit",
            "+25",
            "65536/starttls",
            "25/",
            "25/tls",
        ] {
            assert!(text.parse::<PortSpec>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_port_is_said() {
        let any = "write 25, 465 or 587, or any other up to 65535 with its TLS mode, such as 2525/starttls or 10465/implicit";
        for (text, why) in [
            ("70000", format!("`70000` is no port to test: {any}")),
            ("２５\u{202e}", format!("`２５\\u{{202e}}` is no port to test: {any}")),
            (
                "2525",
                "`2525` is no port to test before its TLS mode is known: write 2525/starttls where TLS begins with \
                 STARTTLS, or 2525/implicit where it begins at once"
                    .to_owned(),
            ),
            (
                "465/starttls",
                "`465/starttls` is no port to test: on port 465 TLS begins at once; write 465 alone".to_owned(),
            ),
            (
                "25/implicit",
                "`25/implicit` is no port to test: on port 25 TLS begins with STARTTLS; write 25 alone".to_owned(),
            ),
        ] {
            assert_eq!(text.parse::<PortSpec>().map_err(|wrong| wrong.to_string()), Err(why), "{text}");
        }
    }
}
