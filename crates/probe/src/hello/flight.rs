//! The messages of a server's clear flight, as far as they say something about the server.

use std::ops::RangeInclusive;

use heloscope_observation::{CipherSuite, Der, NamedGroup, TlsVersion};

/// The ServerHello, RFC 5246 §7.4.1.3; the version is that of the extension which TLS 1.3 has for it, where there is one (RFC
/// 8446 §4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServerHello {
    pub(super) version: TlsVersion,
    pub(super) suite: CipherSuite,
}

/// The group of an ephemeral key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyExchange {
    /// A group by its number, RFC 8422 §5.4.
    Named(NamedGroup),
    /// A finite-field group of the server's own, by the length of its prime in bits, RFC 5246 §7.4.3.
    FiniteField { bits: u16 },
}

pub(super) fn server_hello(body: &[u8]) -> Option<ServerHello> {
    const RANDOM: usize = 32;
    let (version, rest) = u16_of(body)?;
    let (_, rest) = rest.split_at_checked(RANDOM)?;
    let (session, rest) = rest.split_first()?;
    let (_, rest) = rest.split_at_checked(usize::from(*session))?;
    let (suite, rest) = u16_of(rest)?;
    let version = selected_version(rest).unwrap_or(version);
    Some(ServerHello { version: TlsVersion(version), suite: CipherSuite(suite) })
}

/// `rest`: the compression method and the extensions.
fn selected_version(rest: &[u8]) -> Option<u16> {
    const SUPPORTED_VERSIONS: u16 = 43;
    let (_, rest) = rest.split_first()?;
    let (length, rest) = u16_of(rest)?;
    let mut rest = rest.get(..usize::from(length))?;
    loop {
        let (kind, following) = u16_of(rest)?;
        let (length, following) = u16_of(following)?;
        let (content, following) = following.split_at_checked(usize::from(length))?;
        if kind == SUPPORTED_VERSIONS {
            return u16_of(content).map(|(version, _)| version);
        }
        rest = following;
    }
}

/// The Certificate message, RFC 5246 §7.4.2: leaf first. Reads as far as it is well-formed.
pub(super) fn certificates(body: &[u8]) -> Vec<Der> {
    let mut rest = sized24(body).map_or(&[][..], |(list, _)| list);
    let mut chain = Vec::new();
    while let Some((certificate, following)) = sized24(rest) {
        chain.push(Der(certificate.to_vec()));
        rest = following;
    }
    chain
}

/// The ServerKeyExchange of a suite: whether it is of elliptic curves or of finite fields only the suite tells.
pub(super) fn key_exchange(suite: CipherSuite, body: &[u8]) -> Option<KeyExchange> {
    const NAMED_CURVE: u8 = 3;
    if is_elliptic(suite) {
        let (kind, rest) = body.split_first()?;
        let (group, _) = u16_of(rest)?;
        return (*kind == NAMED_CURVE).then_some(KeyExchange::Named(NamedGroup(group)));
    }
    let (length, rest) = u16_of(body)?;
    let prime = rest.get(..usize::from(length))?;
    let leading = prime.iter().position(|octet| *octet != 0)?;
    let bits = (prime.len() - leading) * 8 - prime[leading].leading_zeros() as usize;
    u16::try_from(bits).ok().map(|bits| KeyExchange::FiniteField { bits })
}

/// IANA's suites over elliptic curves; of those that this hello offers only ECDHE and anonymous ECDH send a ServerKeyExchange.
fn is_elliptic(suite: CipherSuite) -> bool {
    const AES: RangeInclusive<u16> = 0xc001..=0xc031;
    const ARIA: RangeInclusive<u16> = 0xc05c..=0xc063;
    const CAMELLIA_CBC: RangeInclusive<u16> = 0xc072..=0xc079;
    const CAMELLIA_GCM: RangeInclusive<u16> = 0xc086..=0xc08d;
    const CCM: RangeInclusive<u16> = 0xc0ac..=0xc0af;
    let ranges = [AES, ARIA, CAMELLIA_CBC, CAMELLIA_GCM, CCM, 0xcca8..=0xcca9];
    ranges.iter().any(|range| range.contains(&suite.0))
}

fn u16_of(octets: &[u8]) -> Option<(u16, &[u8])> {
    let (number, rest) = octets.split_first_chunk()?;
    Some((u16::from_be_bytes(*number), rest))
}

/// Octets behind their number in three octets, and what follows them.
fn sized24(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let ([high, middle, low], rest) = octets.split_first_chunk()?;
    rest.split_at_checked(u32::from_be_bytes([0, *high, *middle, *low]) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_hello_says_version_and_suite() {
        let body = [&[3, 1][..], &[9; 32], &[2, 8, 8], &[0, 0x2f, 0]].concat();
        let hello = ServerHello { version: TlsVersion::TLS_1_0, suite: CipherSuite(0x002f) };
        assert_eq!(server_hello(&body), Some(hello));
        for end in 0..body.len() - 1 {
            assert_eq!(server_hello(&body[..end]), None, "{end}");
        }
    }

    #[test]
    fn a_version_in_the_extension_for_it_counts() {
        let body = |extensions: &[u8]| {
            let [high, low] = u16::try_from(extensions.len()).unwrap().to_be_bytes();
            [&[3, 3][..], &[9; 32], &[0, 0x13, 1, 0, high, low], extensions].concat()
        };
        let version = |extensions: &[u8]| server_hello(&body(extensions)).unwrap().version;
        assert_eq!(version(&[0, 23, 0, 0, 0, 43, 0, 2, 0x7f, 0x1c]), TlsVersion(0x7f1c));
        assert_eq!(version(&[0, 23, 0, 0]), TlsVersion::TLS_1_2);
        assert_eq!(version(&[0, 43, 0, 2, 3]), TlsVersion::TLS_1_2, "cut");
        assert_eq!(version(&[0, 43, 0, 9, 3, 4]), TlsVersion::TLS_1_2, "too short");
    }

    #[test]
    fn certificates_come_leaf_first_and_as_far_as_they_go() {
        let two = [0, 0, 9, 0, 0, 1, 0xaa, 0, 0, 2, 0xbb, 0xbb];
        assert_eq!(certificates(&two), [Der(vec![0xaa]), Der(vec![0xbb, 0xbb])]);
        assert_eq!(certificates(&[0, 0, 0]), []);
        assert_eq!(certificates(&[0, 0, 5, 0, 0, 1, 0xaa, 0]), [Der(vec![0xaa])]);
        assert_eq!(certificates(&[0, 0]), []);
    }

    #[test]
    fn the_group_is_named_or_measured() {
        let ecdhe = CipherSuite(0xc014);
        assert_eq!(key_exchange(ecdhe, &[3, 0, 23, 65, 4]), Some(KeyExchange::Named(NamedGroup(23))));
        assert_eq!(key_exchange(ecdhe, &[1, 0, 23]), None);
        let dhe = CipherSuite(0x0039);
        assert_eq!(
            key_exchange(dhe, &[0, 3, 0, 0x80, 1, 0, 1, 2]),
            Some(KeyExchange::FiniteField { bits: 16 })
        );
        // TLS_DHE_RSA_WITH_ARIA_128_GCM_SHA256, …_CAMELLIA_256_GCM_SHA384, …_AES_128_CCM_8: among those over curves by number
        for suite in [0xc052, 0xc07d, 0xc0a2] {
            let read = key_exchange(CipherSuite(suite), &[0, 1, 0x80, 0, 1, 2]);
            assert_eq!(read, Some(KeyExchange::FiniteField { bits: 8 }), "{suite:04x}");
        }
        // TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384, …_CAMELLIA_128_CBC_SHA256, …_CAMELLIA_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8
        for suite in [0xc061, 0xc076, 0xc08a, 0xc0ae] {
            let read = key_exchange(CipherSuite(suite), &[3, 0, 23, 65, 4]);
            assert_eq!(read, Some(KeyExchange::Named(NamedGroup(23))), "{suite:04x}");
        }
        assert_eq!(key_exchange(dhe, &[0, 2, 0, 0]), None);
        assert_eq!(key_exchange(dhe, &[0, 9, 1]), None);
    }
}
