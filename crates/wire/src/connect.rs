use std::net::IpAddr;

use heloscope_observation::Host;
use serde::{Deserialize, Serialize};

/// The WebSocket sub-protocol (RFC 6455 §1.9) that both sides name.
pub const SUB_PROTOCOL: &str = "heloscope.v1";

/// Where a WebSocket is opened, with a [`ConnectQuery`].
pub const CONNECT_PATH: &str = "/v1/connect";

/// The query of [`CONNECT_PATH`]: the target stands in the request, so that the relay dials while the upgrade is
/// still on its way back. The port fixes the TLS mode; it is never the client's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectQuery {
    /// The mail server.
    pub host: Host,
    /// The TCP port; one that the relay's [`crate::About`] lists.
    pub port: u16,
    /// An address of the host to dial, instead of resolving its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
}

impl ConnectQuery {
    /// The path and query of the request: no character of a host or an address needs escaping there.
    pub fn to_path(&self) -> String {
        let address = self.address.map(|address| format!("&address={address}")).unwrap_or_default();
        format!("{CONNECT_PATH}?host={}&port={}{address}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_stands_in_the_request() {
        let query = ConnectQuery { host: "mx1.example.com".parse().unwrap(), port: 25, address: None };
        assert_eq!(query.to_path(), "/v1/connect?host=mx1.example.com&port=25");
        let query = ConnectQuery { address: Some("2001:db8::5".parse().unwrap()), ..query };
        assert_eq!(query.to_path(), "/v1/connect?host=mx1.example.com&port=25&address=2001:db8::5");
    }
}
