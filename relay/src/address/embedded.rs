//! IPv4 addresses inside IPv6 addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address carries, where it is of a form that carries an IPv4 address.
pub(super) enum Embedded {
    Nothing,
    /// Where such a packet ends up.
    Address(Ipv4Addr),
    /// It is of such a form, with something in it that does not belong there.
    Broken,
}

/// The IPv4 address inside an address; behind a local NAT64, that of a prefix so long.
pub(super) fn embedded_v4(address: IpAddr, prefix: u8) -> Embedded {
    let IpAddr::V6(v6) = address else { return Embedded::Nothing };
    let last = Ipv4Addr::from(u32::try_from(v6.to_bits() & 0xffff_ffff).unwrap_or_default());
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Embedded::Nothing,
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Embedded::Address(last),
        [0x64, 0xff9b, 1, ..] => translated(v6, prefix).map_or(Embedded::Broken, Embedded::Address),
        [0x2002, ..] => {
            Embedded::Address(u32::try_from(v6.to_bits() >> 80 & 0xffff_ffff).unwrap_or_default().into())
        }
        _ => isatap(v6).map_or(Embedded::Nothing, |()| Embedded::Address(last)),
    }
}

/// The lengths of a prefix of 64:ff9b:1::/48 for NAT64, RFC 8215 §5 and RFC 6052 §2.2.
pub(super) const NAT64_PREFIXES: [u8; 4] = [48, 56, 64, 96];

/// RFC 6052 §2.2: the IPv4 address stands behind the prefix, around octet 8, which is zero, as is all behind it. (To
/// a translator with another prefix what stands there might be an address.)
fn translated(address: Ipv6Addr, prefix: u8) -> Option<Ipv4Addr> {
    let octets = address.octets();
    let from = NAT64_PREFIXES.contains(&prefix).then_some(usize::from(prefix / 8))?;
    if prefix == 96 {
        return octets.last_chunk::<4>().map(|inner| Ipv4Addr::from(*inner));
    }
    let mut behind = (from..16).filter(|&at| at != 8).map(|at| octets[at]);
    let inner = [behind.next()?, behind.next()?, behind.next()?, behind.next()?];
    (octets[8] == 0 && behind.all(|octet| octet == 0)).then_some(inner.into())
}

/// RFC 5214 §6.1: an interface identifier of `0000:5efe` or `0200:5efe` and an IPv4 address.
pub(super) fn isatap(address: Ipv6Addr) -> Option<()> {
    let segments = address.segments();
    (matches!(segments[4], 0 | 0x200) && segments[5] == 0x5efe).then_some(())
}
