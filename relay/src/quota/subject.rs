use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// Whose connections are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Subject {
    pub(crate) kind: Kind,
    pub(crate) net: IpNet,
}

/// What kind of subject it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Client,
    TargetAddress,
    TargetNetwork,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Client, Self::TargetAddress, Self::TargetNetwork];

    /// Its name in metrics and in a shared store.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::TargetAddress => "target_address",
            Self::TargetNetwork => "target_network",
        }
    }
}

impl Subject {
    /// An IPv4 address, or the /64 of an IPv6 address: a host has all of that to choose from.
    pub(crate) fn client(address: IpAddr) -> Self {
        Self { kind: Kind::Client, net: prefix(address, 32, 64) }
    }

    /// An address that is dialled, and the /24 or /48 around it.
    pub(crate) fn target(address: IpAddr) -> [Self; 2] {
        [
            Self { kind: Kind::TargetAddress, net: address.into() },
            Self { kind: Kind::TargetNetwork, net: prefix(address, 24, 48) },
        ]
    }

    /// The part of the Internet that it belongs to: an IPv4 /16 or an IPv6 /32.
    pub(super) fn surroundings(self) -> IpNet {
        prefix(self.net.addr(), 16, 32)
    }
}

/// The network around an address.
pub(crate) fn prefix(address: IpAddr, v4: u8, v6: u8) -> IpNet {
    let address = address.to_canonical();
    IpNet::new_assert(address, if address.is_ipv4() { v4 } else { v6 }).trunc()
}

impl fmt::Display for Subject {
    /// After "connections": `for one client`, `to 203.0.113.5`, `into the network 203.0.113.0/24`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Client => f.write_str("for one client"),
            Kind::TargetAddress => write!(f, "to {}, whoever asks", self.net.addr()),
            Kind::TargetNetwork => write!(f, "into the network {}, whoever asks", self.net),
        }
    }
}
