mod allowed;
mod embedded;
mod ranges;

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::outside::Outside;
pub use allowed::{AllowedNet, BadNet};
use embedded::{Embedded, embedded_v4, isatap};
use ranges::{SPECIAL_V4, SPECIAL_V6};

/// Which addresses the relay connects to: global unicast ones that are not its neighbours', and what the operator
/// allowed besides.
#[derive(Clone)]
pub(crate) struct AddressPolicy {
    allowed: Vec<IpNet>,
    own: OwnAddresses,
    outside: Option<Arc<Outside>>,
}

/// What the relay's own addresses are. It does not connect to them, nor to those next to them: a neighbouring mail
/// server may trust it.
#[derive(Clone)]
pub enum OwnAddresses {
    /// Those of the machine's network interfaces, read anew for each connection.
    OfInterfaces,
    /// These and no others.
    These(Vec<IpAddr>),
}

/// Why the relay does not connect to an address; a clause that follows "the address is".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forbidden(pub(crate) String);

impl AddressPolicy {
    pub(crate) fn new(allowed: &[AllowedNet], own: OwnAddresses) -> Self {
        Self { allowed: allowed.iter().map(|net| net.0).collect(), own, outside: None }
    }

    /// The same, that knows by which addresses the relay is known outside.
    pub(crate) fn known_by(self, outside: Arc<Outside>) -> Self {
        Self { outside: Some(outside), ..self }
    }

    /// Waits until that has been looked up, and says whether it is known.
    pub(crate) async fn settled(&self) -> bool {
        match &self.outside {
            Some(outside) => outside.settled().await,
            None => true,
        }
    }

    /// Whether the relay may connect to the address. Where anything is in doubt, it may not.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), Forbidden> {
        if let Some(net) = self.allowing(address) {
            // Whoever lifts NAT64 wants public IPv4 servers behind it, not the private ones.
            return match embedded_v4(address, net.prefix_len()) {
                Embedded::Nothing => Ok(()),
                Embedded::Address(inner) => self.check(inner.into()),
                Embedded::Broken => Err(Forbidden(
                    "not of the form that RFC 6052 gives an IPv4 address behind NAT64".to_owned(),
                )),
            };
        }
        match special(address) {
            Some(what) => Err(Forbidden(what.to_owned())),
            None => self.check_not_own(address),
        }
    }

    /// Where a connection to the address ends: at the IPv4 server whose address is inside it, where such addresses are
    /// allowed, and else at the address itself.
    pub(crate) fn destination(&self, address: IpAddr) -> IpAddr {
        match self.allowing(address).map(|net| embedded_v4(address, net.prefix_len())) {
            Some(Embedded::Address(inner)) => inner.into(),
            _ => address,
        }
    }

    /// The narrowest network that the operator allows, of those around the address.
    fn allowing(&self, address: IpAddr) -> Option<&IpNet> {
        self.allowed.iter().filter(|net| net.contains(&address)).max_by_key(|net| net.prefix_len())
    }

    fn check_not_own(&self, address: IpAddr) -> Result<(), Forbidden> {
        match self.own.subnets() {
            Ok(subnets) if subnets.iter().any(|net| net.contains(&address)) => Err(Forbidden(
                "an address of the relay's own or in the same subnet as one, where a mail server may trust the relay".into(),
            )),
            Ok(_) if self.outside.as_ref().is_some_and(|outside| outside.is_around(address)) => Err(Forbidden(
                "where the relay's EHLO name leads, or in the same subnet, where a mail server may trust the relay".into(),
            )),
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::error!(%error, "cannot read the addresses of the network interfaces");
                Err(Forbidden("not known to be another machine's: the relay cannot read its own".into()))
            }
        }
    }
}

impl OwnAddresses {
    /// The /24 or /64 around each address, or the interface's subnet where that is larger.
    fn subnets(&self) -> std::io::Result<Vec<IpNet>> {
        match self {
            Self::These(addresses) => Ok(addresses.iter().map(|&address| subnet(address, 128)).collect()),
            Self::OfInterfaces => Ok(if_addrs::get_if_addrs()?
                .into_iter()
                .map(|interface| match interface.addr {
                    if_addrs::IfAddr::V4(v4) => subnet(v4.ip.into(), v4.prefixlen),
                    if_addrs::IfAddr::V6(v6) => subnet(v6.ip.into(), v6.prefixlen),
                })
                .collect()),
        }
    }

    /// The first address by which another machine could know this one, IPv4 before IPv6.
    pub(crate) fn first(&self) -> Option<IpAddr> {
        let addresses = self.known_outside();
        addresses.iter().find(|address| address.is_ipv4()).or(addresses.first()).copied()
    }

    /// The addresses by which other machines could know this one.
    pub(crate) fn known_outside(&self) -> Vec<IpAddr> {
        match self {
            Self::These(addresses) => addresses.clone(),
            Self::OfInterfaces => if_addrs::get_if_addrs()
                .unwrap_or_default()
                .iter()
                .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
                .map(if_addrs::Interface::ip)
                .collect(),
        }
    }
}

/// The network around an address that is refused with it. A prefix length under 8, or 16, is no subnet but a point-to-point route or a missing netmask.
pub(crate) fn subnet(address: IpAddr, prefix: u8) -> IpNet {
    let net = match address {
        IpAddr::V4(v4) => IpNet::V4(Ipv4Net::new_assert(v4, if prefix < 8 { 24 } else { prefix.min(24) })),
        IpAddr::V6(v6) => IpNet::V6(Ipv6Net::new_assert(v6, if prefix < 16 { 64 } else { prefix.min(64) })),
    };
    net.trunc()
}

/// Whether the address is global unicast: one that other machines on the Internet could have.
pub(crate) fn is_global(address: IpAddr) -> bool {
    special(address).is_none()
}

/// What keeps the address from being global unicast, as a clause; `None` where it is.
fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => SPECIAL_V4.iter().find(|(net, _)| net.contains(&v4)).map(|(_, what)| *what),
        IpAddr::V6(v6) => {
            let listed = SPECIAL_V6.iter().find(|(net, _)| net.contains(&v6)).map(|(_, what)| *what);
            let outside =
                || (!ranges::GLOBAL_UNICAST_V6.contains(&v6)).then_some("not global unicast, RFC 4291");
            listed.or_else(|| isatap(v6).map(|_| "an ISATAP address, RFC 5214")).or_else(outside)
        }
    }
}

/// A network in CIDR form, or one address for itself.
pub(crate) fn read_net(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().map(|net| net.trunc()).or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allowed: &[&str], own: &[&str]) -> AddressPolicy {
        let allowed: Vec<AllowedNet> = allowed.iter().map(|net| net.parse().unwrap()).collect();
        let own = own.iter().map(|address| address.parse().unwrap()).collect();
        AddressPolicy::new(&allowed, OwnAddresses::These(own))
    }

    fn passes(policy: &AddressPolicy, address: &str) -> bool {
        policy.check(address.parse().unwrap()).is_ok()
    }

    #[test]
    fn a_connection_by_nat64_ends_at_the_ipv4_server() {
        let policy = policy(&["64:ff9b::/96", "64:ff9b:1:2::/64"], &[]);
        for (address, destination) in [
            ("64:ff9b::808:808", "8.8.8.8"),
            ("64:ff9b:1:2:8:808:800:0", "8.8.8.8"),
            ("64:ff9b:1:3:8:808:800:0", "64:ff9b:1:3:8:808:800:0"), // not allowed
            ("2a00:1450::1", "2a00:1450::1"),
            ("8.8.8.8", "8.8.8.8"),
        ] {
            let found = policy.destination(address.parse().unwrap());
            assert_eq!(found.to_string(), destination, "{address}");
        }
    }

    /// The last address before a range, its first, its last, and the first after it; `None` where another range
    /// adjoins or there is nothing.
    type Edges = (Option<&'static str>, &'static str, &'static str, Option<&'static str>);

    fn check_edges(edges: &[Edges]) {
        let policy = policy(&[], &[]);
        for (before, first, last, after) in edges {
            assert!(!passes(&policy, first), "{first}");
            assert!(!passes(&policy, last), "{last}");
            for outside in [before, after].into_iter().flatten() {
                assert!(passes(&policy, outside), "{outside}");
            }
        }
    }

    #[test]
    fn both_edges_of_every_ipv4_range() {
        let edges: [Edges; 18] = [
            (None, "0.0.0.0", "0.255.255.255", Some("1.0.0.0")),
            (Some("9.255.255.255"), "10.0.0.0", "10.255.255.255", Some("11.0.0.0")),
            (Some("100.63.255.255"), "100.64.0.0", "100.127.255.255", Some("100.128.0.0")),
            (Some("126.255.255.255"), "127.0.0.0", "127.255.255.255", Some("128.0.0.0")),
            (Some("169.253.255.255"), "169.254.0.0", "169.254.255.255", Some("169.255.0.0")),
            (Some("172.15.255.255"), "172.16.0.0", "172.31.255.255", Some("172.32.0.0")),
            (Some("191.255.255.255"), "192.0.0.0", "192.0.0.255", Some("192.0.1.0")),
            (Some("192.0.1.255"), "192.0.2.0", "192.0.2.255", Some("192.0.3.0")),
            (Some("192.31.195.255"), "192.31.196.0", "192.31.196.255", Some("192.31.197.0")),
            (Some("192.52.192.255"), "192.52.193.0", "192.52.193.255", Some("192.52.194.0")),
            (Some("192.88.98.255"), "192.88.99.0", "192.88.99.255", Some("192.88.100.0")),
            (Some("192.167.255.255"), "192.168.0.0", "192.168.255.255", Some("192.169.0.0")),
            (Some("192.175.47.255"), "192.175.48.0", "192.175.48.255", Some("192.175.49.0")),
            (Some("198.17.255.255"), "198.18.0.0", "198.19.255.255", Some("198.20.0.0")),
            (Some("198.51.99.255"), "198.51.100.0", "198.51.100.255", Some("198.51.101.0")),
            (Some("203.0.112.255"), "203.0.113.0", "203.0.113.255", Some("203.0.114.0")),
            (Some("223.255.255.255"), "224.0.0.0", "239.255.255.255", None),
            (None, "240.0.0.0", "255.255.255.255", None),
        ];
        assert_eq!(edges.len(), SPECIAL_V4.len());
        check_edges(&edges);
    }

    #[test]
    fn both_edges_of_every_ipv6_range() {
        let edges: [Edges; 18] = [
            (None, "::", "::", None),
            (None, "::1", "::1", None),
            (None, "::2", "::ffff:ffff", None),
            (None, "::ffff:0:0", "::ffff:255.255.255.255", None),
            (None, "64:ff9b::", "64:ff9b::ffff:ffff", None),
            (None, "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", None),
            (None, "100::", "100::ffff:ffff:ffff:ffff", None),
            (None, "100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", None),
            (
                Some("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
                "2001::",
                "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
                Some("2001:200::"),
            ),
            (
                Some("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff"),
                "2001:db8::",
                "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                Some("2001:db9::"),
            ),
            (
                Some("2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
                "2002::",
                "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                Some("2003::"),
            ),
            (
                Some("2620:4f:7fff:ffff:ffff:ffff:ffff:ffff"),
                "2620:4f:8000::",
                "2620:4f:8000:ffff:ffff:ffff:ffff:ffff",
                Some("2620:4f:8001::"),
            ),
            (
                Some("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
                "3fff::",
                "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
                Some("3fff:1000::"),
            ),
            (None, "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
            (None, "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
            (None, "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
            (None, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
            (None, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
        ];
        assert_eq!(edges.len(), SPECIAL_V6.len());
        check_edges(&edges);
        // Outside 2000::/3, RFC 4291 §2.4 knows no other unicast that is global today.
        check_edges(&[
            (None, "::1:0:0", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some("2000::")),
            (
                Some("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
                "4000::",
                "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                None,
            ),
        ]);
    }

    #[test]
    fn isatap_under_a_global_prefix_is_refused() {
        let policy = policy(&[], &[]);
        for refused in ["2a00:1450::5efe:0a00:1", "2a00:1450::200:5efe:808:808"] {
            assert!(!passes(&policy, refused), "{refused}");
        }
        for global in ["2a00:1450::100:5efe:808:808", "2a00:1450::5efd:808:808", "2a00:1450::1"] {
            assert!(passes(&policy, global), "{global}");
        }
    }

    #[test]
    fn one_range_at_a_time_is_lifted() {
        let policy = policy(&["10.0.0.0/8", "fd00::/8"], &[]);
        assert!(passes(&policy, "10.255.255.255") && passes(&policy, "fd00::25"));
        for still in ["11.0.0.0", "1.1.1.1"] {
            assert!(passes(&policy, still), "{still}");
        }
        for refused in ["127.0.0.1", "192.168.0.1", "fc00::25", "::ffff:10.0.0.1"] {
            assert!(!passes(&policy, refused), "{refused}");
        }
    }

    #[test]
    fn what_carries_an_ipv4_address_stands_and_falls_with_it() {
        let policy = policy(&["64:ff9b::/96", "::ffff:0:0/96", "2002::/16"], &[]);
        for passing in ["64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "2002:808:808::1"] {
            assert!(passes(&policy, passing), "{passing}");
        }
        for refused in ["64:ff9b::10.0.0.1", "::ffff:127.0.0.1", "2002:a00:1::1"] {
            assert!(!passes(&policy, refused), "{refused}");
        }
    }

    #[test]
    fn behind_a_local_nat64_the_ipv4_address_stands_where_its_prefix_has_it() {
        // RFC 6052 §2.2: octet 8 is left out. 8.8.4.4 and 10.0.0.1, by each length of the prefix.
        for (prefix, passing, refused) in [
            ("64:ff9b:1::/48", "64:ff9b:1:808:4:400::", "64:ff9b:1:a00:0:100::"),
            ("64:ff9b:1:ab00::/56", "64:ff9b:1:ab08:8:404::", "64:ff9b:1:ab0a::1:0:0"),
            ("64:ff9b:1:abcd::/64", "64:ff9b:1:abcd:8:804:400:0", "64:ff9b:1:abcd:a:0:100:0"),
            ("64:ff9b:1:abcd::/96", "64:ff9b:1:abcd::8.8.4.4", "64:ff9b:1:abcd::10.0.0.1"),
        ] {
            let lifted = policy(&[prefix], &[]);
            assert!(passes(&lifted, passing), "{passing}");
            assert!(!passes(&lifted, refused), "{refused}");
            assert!(passes(&policy(&[prefix, "10.0.0.0/8"], &[]), refused), "{refused}");
            assert!(!passes(&policy(&[], &[]), passing), "{passing}");
        }
        let lifted = policy(&["64:ff9b:1::/48"], &[]);
        for broken in ["64:ff9b:1:808:104:400::", "64:ff9b:1:808:4:400::1", "64:ff9b:1:808:4:400:a00:1"] {
            assert!(!passes(&lifted, broken), "{broken}");
        }
        for refused in
            ["64:ff9b:1::7f00:1", "64:ff9b:1:7f00:0:100::", "64:ff9b:1:c0a8:1:100::", "64:ff9b:1::"]
        {
            assert!(!passes(&lifted, refused), "{refused}");
        }
        // The translator's own prefix counts before a wider one.
        let both = policy(&["64:ff9b:1::/48", "64:ff9b:1:abcd::/96"], &[]);
        assert!(passes(&both, "64:ff9b:1:abcd::8.8.4.4") && !passes(&both, "64:ff9b:1:abcd::10.0.0.1"));
        for text in ["64:ff9b:1::/49", "64:ff9b:1::1", "64:ff9b:1::/72", "64:ff9b:1::/120"] {
            assert!(matches!(text.parse::<AllowedNet>(), Err(BadNet::NoNat64Prefix(_))), "{text}");
        }
    }

    #[test]
    fn the_relays_own_subnets_are_refused_unless_allowed() {
        let own = ["8.8.4.77", "2a00:1450:1:2::77"];
        let strict = policy(&[], &own);
        for (address, passing) in [
            ("8.8.4.77", false),
            ("8.8.4.0", false),
            ("8.8.4.255", false),
            ("8.8.3.255", true),
            ("8.8.5.0", true),
            ("2a00:1450:1:2::", false),
            ("2a00:1450:1:2:ffff:ffff:ffff:ffff", false),
            ("2a00:1450:1:1:ffff:ffff:ffff:ffff", true),
            ("2a00:1450:1:3::", true),
        ] {
            assert_eq!(passes(&strict, address), passing, "{address}");
        }
        assert!(passes(&policy(&["8.8.4.0/24"], &own), "8.8.4.78"));
    }

    #[test]
    fn a_subnet_larger_than_usual_counts_whole_and_a_missing_mask_does_not() {
        let of = |address: &str, prefix| subnet(address.parse().unwrap(), prefix).to_string();
        assert_eq!(of("8.8.4.77", 20), "8.8.0.0/20");
        assert_eq!(of("8.8.4.77", 32), "8.8.4.0/24");
        assert_eq!(of("8.8.4.77", 0), "8.8.4.0/24");
        assert_eq!(of("2a00:1450:1:2::77", 48), "2a00:1450:1::/48");
        assert_eq!(of("2a00:1450:1:2::77", 0), "2a00:1450:1:2::/64");
    }
}
