use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use heloscope_observation::Host;
use heloscope_words::say;

use crate::{ABOUT_PATH, ConnectQuery};

/// Where a relay is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayUrl(String);

impl RelayUrl {
    /// Its WebSocket form, without a slash at the end: `wss://relay.example`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where to ask for one connection.
    pub fn connect(&self, host: Host, port: u16, address: Option<IpAddr>) -> String {
        format!("{}{}", self.0, ConnectQuery { host, port, address }.to_path())
    }

    /// Where to ask what the relay is; the scheme is that of a WebSocket.
    pub fn about(&self) -> String {
        format!("{}{ABOUT_PATH}", self.0)
    }
}

impl FromStr for RelayUrl {
    type Err = NotARelayUrl;

    /// Reads the address as a person has it: `https://relay.example`, `wss://relay.example/`; a path stays.
    fn from_str(text: &str) -> Result<Self, NotARelayUrl> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(NotARelayUrl)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" | "wss" => "wss",
            "http" | "ws" => "ws",
            _ => return Err(NotARelayUrl),
        };
        let rest = rest.trim_end_matches('/');
        let foreign = |character: char| {
            character.is_control() || character.is_whitespace() || matches!(character, '?' | '#' | '\\' | '@')
        };
        let empty = rest.is_empty() || rest.starts_with('/');
        if empty || rest.contains(foreign) {
            Err(NotARelayUrl)
        } else {
            Ok(Self(format!("{scheme}://{rest}")))
        }
    }
}

/// The text is no address of a relay: it has no scheme of `http`, `https`, `ws` or `wss`, no host, or more than host,
/// port and path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARelayUrl;

impl fmt::Display for NotARelayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(say!("the relay is an address such as https://relay.example"))
    }
}

impl std::error::Error for NotARelayUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_becomes_a_websocket() {
        for (text, url) in [
            ("https://relay.example", "wss://relay.example"),
            (" HTTPS://relay.example/ ", "wss://relay.example"),
            ("http://127.0.0.1:8025", "ws://127.0.0.1:8025"),
            ("wss://relay.example/heloscope/", "wss://relay.example/heloscope"),
            ("ws://[::1]:8025", "ws://[::1]:8025"),
        ] {
            assert_eq!(text.parse::<RelayUrl>().as_ref().map(RelayUrl::as_str), Ok(url), "{text}");
        }
    }

    #[test]
    fn what_is_no_relay_is_none() {
        for text in [
            "",
            "relay.example",
            "file:///tmp",
            "https://",
            "https:///path",
            "https://relay.example?x",
            "https://relay.example/#x",
            "https://user@relay.example",
            "https://relay example",
        ] {
            assert_eq!(text.parse::<RelayUrl>(), Err(NotARelayUrl), "{text}");
        }
    }

    #[test]
    fn the_target_goes_into_the_request() {
        let relay: RelayUrl = "https://relay.example/at/".parse().unwrap();
        let host: Host = "mx.example".parse().unwrap();
        assert_eq!(
            relay.connect(host, 25, None),
            "wss://relay.example/at/v1/connect?host=mx.example&port=25"
        );
        assert_eq!(relay.about(), "wss://relay.example/at/v1/about");
    }
}
