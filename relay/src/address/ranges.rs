//! IANA's IPv4 and IPv6 Special-Purpose Address Registries as of 2026-11, and multicast. Each is refused, those that
//! the registries call globally reachable too: an anycast service is no mail server.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Each range with what it is, as a clause.
pub(super) const SPECIAL_V4: [(Ipv4Net, &str); 18] = [
    (v4([0, 0, 0, 0], 8), "of \"this network\", RFC 791"),
    (v4([10, 0, 0, 0], 8), "for private use, RFC 1918"),
    (SHARED, "shared behind a provider's NAT, RFC 6598"),
    (v4([127, 0, 0, 0], 8), "a loopback address, RFC 1122"),
    (v4([169, 254, 0, 0], 16), "link-local, RFC 3927"),
    (v4([172, 16, 0, 0], 12), "for private use, RFC 1918"),
    (v4([192, 0, 0, 0], 24), "for protocol assignments, RFC 6890"),
    (v4([192, 0, 2, 0], 24), "for documentation, RFC 5737"),
    (v4([192, 31, 196, 0], 24), "of the AS112 service, RFC 7535"),
    (v4([192, 52, 193, 0], 24), "for multicast tunnels (AMT), RFC 7450"),
    (v4([192, 88, 99, 0], 24), "of the former 6to4 relays, RFC 7526"),
    (v4([192, 168, 0, 0], 16), "for private use, RFC 1918"),
    (v4([192, 175, 48, 0], 24), "of the AS112 service, RFC 7534"),
    (v4([198, 18, 0, 0], 15), "for benchmarking, RFC 2544"),
    (v4([198, 51, 100, 0], 24), "for documentation, RFC 5737"),
    (v4([203, 0, 113, 0], 24), "for documentation, RFC 5737"),
    (v4([224, 0, 0, 0], 4), "a multicast group, RFC 5771"),
    (v4([240, 0, 0, 0], 4), "reserved, RFC 1112"),
];

/// Each range with what it is, as a clause; a narrower one before a wider.
pub(super) const SPECIAL_V6: [(Ipv6Net, &str); 18] = [
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "unspecified, RFC 4291"),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), "the loopback address, RFC 4291"),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 96), "IPv4-compatible, RFC 4291"),
    (v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), "IPv4-mapped, RFC 4291"),
    (v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), "an IPv4 address behind NAT64, RFC 6052"),
    (LOCAL_NAT64, "an IPv4 address behind a local NAT64, RFC 8215"),
    (v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), "for discarding, RFC 6666"),
    (v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64), "a dummy, RFC 9780"),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), "for protocol assignments (Teredo among them), RFC 2928"),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "for documentation, RFC 3849"),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "a 6to4 address, RFC 3056"),
    (v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), "of the AS112 service, RFC 7534"),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "for documentation, RFC 9637"),
    (v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), "a segment identifier, RFC 9602"),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "unique local, RFC 4193"),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "link-local, RFC 4291"),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), "site-local, RFC 3879"),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "a multicast group, RFC 4291"),
];

/// Between a provider and its customers, RFC 6598.
pub(super) const SHARED: Ipv4Net = v4([100, 64, 0, 0], 10);

/// Where networks have a NAT64 of their own, RFC 8215.
pub(super) const LOCAL_NAT64: Ipv6Net = v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48);

/// All that IANA assigns global unicast addresses from, RFC 4291 §2.4.
pub(super) const GLOBAL_UNICAST_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

const fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]), prefix)
}

const fn v6(s: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]), prefix)
}
