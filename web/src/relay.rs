use std::net::IpAddr;

use heloscope_observation::Host;
use heloscope_wire::ConnectQuery;

/// Where a relay's WebSockets are opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RelayUrl(String);

impl RelayUrl {
    /// Reads the relay's address as a page has it: `https://relay.example`, `wss://relay.example/`; a path stays.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once("://")?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" | "wss" => "wss",
            "http" | "ws" => "ws",
            _ => return None,
        };
        let rest = rest.trim_end_matches('/');
        let foreign = |character: char| {
            character.is_control() || character.is_whitespace() || matches!(character, '?' | '#' | '\\' | '@')
        };
        let empty = rest.is_empty() || rest.starts_with('/');
        (!empty && !rest.contains(foreign)).then(|| Self(format!("{scheme}://{rest}")))
    }

    /// Its WebSocket form, without a slash at the end.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Where to ask for one connection.
    pub(crate) fn connect(&self, host: Host, port: u16, address: Option<IpAddr>) -> String {
        format!("{}{}", self.0, ConnectQuery { host, port, address }.to_path())
    }
}

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
            assert_eq!(RelayUrl::new(text).as_ref().map(RelayUrl::as_str), Some(url), "{text}");
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
            assert_eq!(RelayUrl::new(text), None, "{text}");
        }
    }

    #[test]
    fn the_target_goes_into_the_request() {
        let relay = RelayUrl::new("https://relay.example/at/").unwrap();
        let host: Host = "mx.example".parse().unwrap();
        assert_eq!(
            relay.connect(host, 25, None),
            "wss://relay.example/at/v1/connect?host=mx.example&port=25"
        );
    }
}
