use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::embedded::NAT64_PREFIXES;
use super::ranges::{self, SPECIAL_V4, SPECIAL_V6};
use super::read_net;

/// A network that the operator allows the relay to connect to: a special-purpose range or a part of one, or a
/// subnet of at most a /24 or a /64. There is none that lifts more than one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowedNet(pub(super) IpNet);

/// The text is no network to allow: see its `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadNet {
    /// It is no network.
    NotANet(String),
    /// It lifts more than one range.
    TooWide(IpNet),
    /// It is of a local NAT64, and no prefix for one.
    NoNat64Prefix(IpNet),
}

impl AllowedNet {
    /// Whether this machine itself is in it: by a loopback address, RFC 1122 §3.2.1.3 and RFC 4291 §2.5.3, or by one of its `own`.
    pub(crate) fn leads_to_itself(&self, own: &[IpAddr]) -> bool {
        self.0.network().is_loopback() || own.iter().any(|address| self.0.contains(address))
    }

    /// Whether its hosts are those of a network, unknown outside it: RFC 1918, 3927, 4193, 4291 §2.5.6 and 6598.
    pub(crate) fn is_inside(&self) -> bool {
        match self.0 {
            IpNet::V4(net) => {
                let address = net.network();
                address.is_private() || address.is_link_local() || ranges::SHARED.contains(&net)
            }
            IpNet::V6(net) => net.network().is_unique_local() || net.network().is_unicast_link_local(),
        }
    }
}

impl FromStr for AllowedNet {
    type Err = BadNet;

    /// Reads `10.0.0.0/8`, `fd00::/8`, or one address.
    fn from_str(text: &str) -> Result<Self, BadNet> {
        let net = read_net(text).ok_or_else(|| BadNet::NotANet(text.to_owned()))?;
        let one_range = match net {
            IpNet::V4(v4) => v4.prefix_len() >= 24 || SPECIAL_V4.iter().any(|(range, _)| range.contains(&v4)),
            IpNet::V6(v6) => v6.prefix_len() >= 64 || SPECIAL_V6.iter().any(|(range, _)| range.contains(&v6)),
        };
        let local_nat64 = matches!(net, IpNet::V6(v6) if ranges::LOCAL_NAT64.contains(&v6));
        if !one_range {
            Err(BadNet::TooWide(net))
        } else if local_nat64 && !NAT64_PREFIXES.contains(&net.prefix_len()) {
            Err(BadNet::NoNat64Prefix(net))
        } else {
            Ok(Self(net))
        }
    }
}

impl fmt::Display for AllowedNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for BadNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANet(text) => {
                write!(f, "`{}` is no network: write one such as 10.0.0.0/8 or fd00::/8", text.escape_debug())
            }
            Self::TooWide(net) => write!(
                f,
                "`{net}` lifts more than one range at once; there is no switch for all, as it would open the relay's own machine \
                 and its neighbours to everybody who can reach the relay: allow each range by itself, such as 10.0.0.0/8, or \
                 a subnet of at most a /24 or a /64"
            ),
            Self::NoNat64Prefix(net) => write!(
                f,
                "`{net}` is no prefix of a NAT64: allow the translator's own, a /48, /56, /64 or /96, which says where \
                 in an address that of the IPv4 server stands (RFC 6052)"
            ),
        }
    }
}

impl std::error::Error for BadNet {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_switch_for_all() {
        for (text, allowed) in [
            ("10.0.0.0/8", true),
            ("10.1.2.3", true),
            ("172.16.0.0/12", true),
            ("203.0.114.0/24", true),
            ("fc00::/7", true),
            ("2a00:1450:1:2::/64", true),
            ("0.0.0.0/0", false),
            ("10.0.0.0/7", false),
            ("203.0.114.0/23", false),
            ("::/0", false),
            ("8000::/1", false),
            ("2a00:1450::/32", false),
            ("10.0.0.0/33", false),
            ("10/8", false),
            ("localhost", false),
        ] {
            assert_eq!(text.parse::<AllowedNet>().is_ok(), allowed, "{text}");
        }
    }
}
