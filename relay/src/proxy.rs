use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::header::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::address::read_net;

/// A network whose machines are proxies before the relay, and say truly whom they speak for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whether the other end of a connection is a trusted proxy.
pub(crate) fn is_trusted(peer: IpAddr, trusted: &[TrustedProxy]) -> bool {
    trusted.iter().any(|proxy| proxy.0.contains(&peer.to_canonical()))
}

/// Which client a request comes from: the other end of the connection, or, where that is a trusted proxy, the address
/// that it put last into `X-Forwarded-For`, and so on from the right. What stands to the left of the first address that is
/// no trusted proxy is that client's own word, and worth nothing. Where an entry is no address, the one that vouched
/// for it is the client.
///
/// `Forwarded` (RFC 7239) is not read: a proxy that sets only one of the two passes the other on as the client wrote it.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[TrustedProxy]) -> IpAddr {
    let mut client = peer.to_canonical();
    let fields = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let mut entries = fields.flat_map(|field| field.as_bytes().rsplit(|&octet| octet == b','));
    while trusted.iter().any(|proxy| proxy.0.contains(&client)) {
        match entries.next().and_then(read) {
            Some(address) => client = address,
            None => break,
        }
    }
    client
}

/// An address; some proxies write its port behind it.
fn read(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let address =
        text.parse().ok().or_else(bracketed).or_else(|| text.parse().map(|it: SocketAddr| it.ip()).ok());
    address.map(|address: IpAddr| address.to_canonical())
}

/// The text is no network of proxies: see its `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAProxy(String);

impl FromStr for TrustedProxy {
    type Err = NotAProxy;

    /// Reads an address, or a network of at most an IPv4 /8 or an IPv6 /16: nobody's proxies are everywhere.
    fn from_str(text: &str) -> Result<Self, NotAProxy> {
        let narrow = |net: &IpNet| net.prefix_len() >= if net.addr().is_ipv4() { 8 } else { 16 };
        read_net(text).filter(narrow).map(Self).ok_or_else(|| NotAProxy(text.to_owned()))
    }
}

impl fmt::Display for TrustedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for NotAProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no network of proxies: write an address such as 127.0.0.1, or a network of at most an IPv4 /8 or an \
             IPv6 /16",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for NotAProxy {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_the_first_from_the_right_that_is_no_proxy() {
        let trusted: Vec<TrustedProxy> =
            ["127.0.0.1", "10.1.0.0/16", "fd00::/48"].map(|net| net.parse().unwrap()).into();
        for (peer, fields, expected) in [
            // Nobody but a proxy is believed.
            ("192.0.2.9", &["203.0.113.5"][..], "192.0.2.9"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.5"], "203.0.113.5"),
            ("::ffff:127.0.0.1", &["203.0.113.5"], "203.0.113.5"),
            // The client's own word stands on the left.
            ("127.0.0.1", &["198.51.100.1, 203.0.113.5"], "203.0.113.5"),
            ("127.0.0.1", &["198.51.100.1", "203.0.113.5"], "203.0.113.5"),
            ("127.0.0.1", &["127.0.0.1, 203.0.113.5"], "203.0.113.5"),
            // From proxy to proxy.
            ("127.0.0.1", &["203.0.113.5,10.1.2.3"], "203.0.113.5"),
            ("127.0.0.1", &["203.0.113.5", "10.1.2.3", "fd00::7"], "203.0.113.5"),
            ("127.0.0.1", &["203.0.113.5, 10.2.2.3"], "10.2.2.3"),
            // Proxies all the way.
            ("127.0.0.1", &["10.1.2.3"], "10.1.2.3"),
            // With a port, or in brackets.
            ("127.0.0.1", &["203.0.113.5:49152"], "203.0.113.5"),
            ("127.0.0.1", &["[2001:db8::5]:49152"], "2001:db8::5"),
            ("127.0.0.1", &["[2001:db8::5]"], "2001:db8::5"),
            ("127.0.0.1", &["::ffff:203.0.113.5"], "203.0.113.5"),
            // What is no address ends it.
            ("127.0.0.1", &["203.0.113.5, unknown"], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.5,"], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.5", ""], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.5, _hidden, 10.1.2.3"], "10.1.2.3"),
            ("127.0.0.1", &["203.0.113.5, 0x7f.1"], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.5, fe80::1%eth0"], "127.0.0.1"),
        ] {
            let headers = fields.iter().map(|field| (X_FORWARDED_FOR, field.parse().unwrap())).collect();
            let client = client(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(client.to_string(), expected, "{peer} {fields:?}");
        }
    }

    #[test]
    fn not_everybody_is_a_proxy() {
        for text in ["127.0.0.1", "::1", "10.0.0.0/8", "fd00::/16"] {
            assert!(text.parse::<TrustedProxy>().is_ok(), "{text}");
        }
        for text in ["", "proxy", "0.0.0.0/0", "10.0.0.0/7", "::/0", "2000::/3"] {
            assert!(text.parse::<TrustedProxy>().is_err(), "{text}");
        }
    }
}
