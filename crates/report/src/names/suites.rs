//! Cipher suites: IANA's names, and what is weak about one.

use heloscope_observation::{CipherSuite, Handshake};
use heloscope_words::{mark, say, spoken};

/// The name in IANA's "TLS Cipher Suites" registry; `0x1234` for a suite that [`SUITES`] does not hold.
pub(crate) fn suite_name(suite: CipherSuite) -> String {
    registered(suite).map_or_else(|| format!("0x{:04x}", suite.0), str::to_owned)
}

/// Whether version and suite had been offered: else the handshake says nothing of what the server can do. [`SUITES`] holds
/// every suite that is offered.
pub(crate) fn is_offered(handshake: &Handshake) -> bool {
    handshake.unoffered.is_none() && registered(handshake.suite).is_some()
}

/// Whether the key exchange is RSA key transport, which has no group (RFC 5246 §7.4.7.1).
pub(crate) fn is_rsa_key_transport(suite: CipherSuite) -> bool {
    registered(suite).is_some_and(|name| name.starts_with("TLS_RSA_"))
}

/// What a handshake does with the key of the server's certificate: RFC 5280 §4.2.1.3 has a bit of keyUsage for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyUse {
    Signature,
    Encipherment,
}

/// As the suite tells, where it does: RFC 8446 §4.4.2.2, RFC 5246 §7.4.2.
pub(crate) fn key_use(suite: CipherSuite) -> Option<KeyUse> {
    let weaknesses = suite_weaknesses(suite);
    let is = |weakness| weaknesses.contains(&weakness);
    match is_rsa_key_transport(suite) {
        // The key that it is encrypted to may be one made for the occasion.
        _ if is(Weakness::Anonymous) || is(Weakness::Export) => None,
        true => Some(KeyUse::Encipherment),
        false => (!is(Weakness::NoForwardSecrecy)).then_some(KeyUse::Signature),
    }
}

/// Whether OpenSSL asks for digitalSignature as well, RFC 8422 §2.2: of TLS 1.2 and older with such a suite it does, of all
/// else only GnuTLS. The names of TLS 1.3 have no key in them.
pub(crate) fn wants_ecdsa(suite: CipherSuite) -> bool {
    registered(suite).is_some_and(|name| name.starts_with("TLS_ECDHE_ECDSA_"))
}

/// What is weak about the suite and the group of a handshake, worst first; empty for sound ones.
pub(crate) fn weaknesses(handshake: &Handshake) -> Vec<Weakness> {
    let mut all = suite_weaknesses(handshake.suite);
    let short = handshake.finite_field_bits.filter(|bits| *bits < 2048);
    // The bits of a suite for export may be those of an RSA key made for the occasion, RFC 2246 §7.4.3.
    all.extend(short.map(match is_rsa_key_transport(handshake.suite) {
        true => Weakness::ShortKey,
        false => Weakness::ShortGroup,
    }));
    all
}

/// What is weak about a suite by its name; empty for one that is not known.
fn suite_weaknesses(suite: CipherSuite) -> Vec<Weakness> {
    let Some(name) = registered(suite) else { return Vec::new() };
    // The names of TLS 1.3 have no key exchange in them: it is always ephemeral, RFC 8446 §1.2.
    let ephemeral = !name.contains("_WITH_") || name.contains("DHE_") || name.contains("_anon_");
    let found = [
        (name.contains("_NULL_"), Weakness::Null),
        (name.contains("_anon_"), Weakness::Anonymous),
        (name.contains("_EXPORT_"), Weakness::Export),
        (name.contains("_RC4_"), Weakness::Rc4),
        (name.contains("_RC2_"), Weakness::Rc2),
        (name.contains("_DES_") || name.contains("_DES40_"), Weakness::Des),
        (name.contains("_3DES_"), Weakness::TripleDes),
        (name.contains("_CBC_") && name.ends_with("_SHA"), Weakness::CbcSha1),
        (!ephemeral, Weakness::NoForwardSecrecy),
    ];
    found.into_iter().filter_map(|(is, weakness)| is.then_some(weakness)).collect()
}

/// What is weak about a cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weakness {
    Null,
    Anonymous,
    Export,
    Rc4,
    Rc2,
    Des,
    TripleDes,
    CbcSha1,
    NoForwardSecrecy,
    /// A finite-field group of the server's own of this many bits.
    ShortGroup(u16),
    /// A temporary RSA key of this many bits.
    ShortKey(u16),
}

impl Weakness {
    /// What it is and what follows from it, to stand after a colon or in a list.
    pub(crate) fn words(self) -> String {
        let words = spoken(match self {
            Self::Null => mark!("NULL (no encryption at all)"),
            Self::Anonymous => mark!("anonymous (no certificate, so no proof of who answers)"),
            Self::Export => mark!("EXPORT (keys kept short by law; broken within hours)"),
            Self::Rc4 => mark!("RC4 (forbidden by RFC 7465)"),
            Self::Rc2 => mark!("RC2 (keys of 40 bits)"),
            Self::Des => mark!("DES (keys of at most 56 bits)"),
            Self::TripleDes => mark!("3DES (blocks of 64 bits, which Sweet32 attacks)"),
            Self::CbcSha1 => mark!("CBC with SHA-1 (open to padding attacks such as Lucky Thirteen)"),
            Self::NoForwardSecrecy => {
                mark!("no forward secrecy (who gets the key later reads what was recorded)")
            }
            Self::ShortGroup(bits) => {
                return say!("a Diffie-Hellman group of {bits} bits (Logjam; 2048 are needed)");
            }
            Self::ShortKey(bits) => return say!("a temporary RSA key of {bits} bits (FREAK)"),
        });
        words.to_owned()
    }
}

fn registered(suite: CipherSuite) -> Option<&'static str> {
    let row = SUITES.binary_search_by_key(&suite.0, |(number, _)| *number).ok()?;
    SUITES.get(row).map(|(_, name)| *name)
}

/// The suites of IANA's registry that a mail server may be met with, in ascending order.
#[rustfmt::skip]
const SUITES: &[(u16, &str)] = &[
    (0x0000, "TLS_NULL_WITH_NULL_NULL"),
    (0x0001, "TLS_RSA_WITH_NULL_MD5"),
    (0x0002, "TLS_RSA_WITH_NULL_SHA"),
    (0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5"),
    (0x0004, "TLS_RSA_WITH_RC4_128_MD5"),
    (0x0005, "TLS_RSA_WITH_RC4_128_SHA"),
    (0x0006, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5"),
    (0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA"),
    (0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"),
    (0x0009, "TLS_RSA_WITH_DES_CBC_SHA"),
    (0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0011, "TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA"),
    (0x0012, "TLS_DHE_DSS_WITH_DES_CBC_SHA"),
    (0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"),
    (0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"),
    (0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA"),
    (0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0017, "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5"),
    (0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"),
    (0x0019, "TLS_DH_anon_EXPORT_WITH_DES40_CBC_SHA"),
    (0x001a, "TLS_DH_anon_WITH_DES_CBC_SHA"),
    (0x001b, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA"),
    (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    (0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"),
    (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
    (0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA"),
    (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA"),
    (0x003b, "TLS_RSA_WITH_NULL_SHA256"),
    (0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    (0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256"),
    (0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0044, "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0046, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x006a, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256"),
    (0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    (0x006c, "TLS_DH_anon_WITH_AES_128_CBC_SHA256"),
    (0x006d, "TLS_DH_anon_WITH_AES_256_CBC_SHA256"),
    (0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA"),
    (0x0087, "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA"),
    (0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA"),
    (0x0089, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA"),
    (0x0096, "TLS_RSA_WITH_SEED_CBC_SHA"),
    (0x0099, "TLS_DHE_DSS_WITH_SEED_CBC_SHA"),
    (0x009a, "TLS_DHE_RSA_WITH_SEED_CBC_SHA"),
    (0x009b, "TLS_DH_anon_WITH_SEED_CBC_SHA"),
    (0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    (0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0x00a2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256"),
    (0x00a3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384"),
    (0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256"),
    (0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384"),
    (0x00ba, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256"),
    (0x00bd, "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA256"),
    (0x00be, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256"),
    (0x00bf, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256"),
    (0x00c0, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256"),
    (0x00c3, "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA256"),
    (0x00c4, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256"),
    (0x00c5, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256"),
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    (0x1304, "TLS_AES_128_CCM_SHA256"),
    (0x1305, "TLS_AES_128_CCM_8_SHA256"),
    (0xc004, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xc005, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xc006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA"),
    (0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"),
    (0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"),
    (0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xc00e, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA"),
    (0xc00f, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA"),
    (0xc010, "TLS_ECDHE_RSA_WITH_NULL_SHA"),
    (0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
    (0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0xc015, "TLS_ECDH_anon_WITH_NULL_SHA"),
    (0xc016, "TLS_ECDH_anon_WITH_RC4_128_SHA"),
    (0xc017, "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA"),
    (0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"),
    (0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA"),
    (0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xc050, "TLS_RSA_WITH_ARIA_128_GCM_SHA256"),
    (0xc051, "TLS_RSA_WITH_ARIA_256_GCM_SHA384"),
    (0xc052, "TLS_DHE_RSA_WITH_ARIA_128_GCM_SHA256"),
    (0xc053, "TLS_DHE_RSA_WITH_ARIA_256_GCM_SHA384"),
    (0xc05c, "TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256"),
    (0xc05d, "TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384"),
    (0xc060, "TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256"),
    (0xc061, "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384"),
    (0xc072, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256"),
    (0xc073, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384"),
    (0xc076, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256"),
    (0xc077, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384"),
    (0xc07a, "TLS_RSA_WITH_CAMELLIA_128_GCM_SHA256"),
    (0xc07b, "TLS_RSA_WITH_CAMELLIA_256_GCM_SHA384"),
    (0xc07c, "TLS_DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256"),
    (0xc07d, "TLS_DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384"),
    (0xc080, "TLS_DHE_DSS_WITH_CAMELLIA_128_GCM_SHA256"),
    (0xc081, "TLS_DHE_DSS_WITH_CAMELLIA_256_GCM_SHA384"),
    (0xc086, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256"),
    (0xc087, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384"),
    (0xc08a, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256"),
    (0xc08b, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384"),
    (0xc09c, "TLS_RSA_WITH_AES_128_CCM"),
    (0xc09d, "TLS_RSA_WITH_AES_256_CCM"),
    (0xc09e, "TLS_DHE_RSA_WITH_AES_128_CCM"),
    (0xc09f, "TLS_DHE_RSA_WITH_AES_256_CCM"),
    (0xc0a0, "TLS_RSA_WITH_AES_128_CCM_8"),
    (0xc0a1, "TLS_RSA_WITH_AES_256_CCM_8"),
    (0xc0a2, "TLS_DHE_RSA_WITH_AES_128_CCM_8"),
    (0xc0a3, "TLS_DHE_RSA_WITH_AES_256_CCM_8"),
    (0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"),
    (0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"),
    (0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
    (0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8"),
    (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_for_the_search() {
        assert!(SUITES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn names_are_the_registrys_and_an_unknown_one_is_a_number() {
        assert_eq!(suite_name(CipherSuite(0x1302)), "TLS_AES_256_GCM_SHA384");
        assert_eq!(suite_name(CipherSuite(0xc02f)), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(suite_name(CipherSuite(0x0ad0)), "0x0ad0");
    }

    #[test]
    fn weaknesses_follow_from_the_name() {
        use Weakness::*;
        let cases: [(u16, &[Weakness]); 12] = [
            (0x1301, &[]),                                     // TLS_AES_128_GCM_SHA256
            (0xc02f, &[]),                                     // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
            (0xc027, &[]),                                     // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
            (0x009c, &[NoForwardSecrecy]),                     // TLS_RSA_WITH_AES_128_GCM_SHA256
            (0xc013, &[CbcSha1]),                              // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
            (0x000a, &[TripleDes, CbcSha1, NoForwardSecrecy]), // TLS_RSA_WITH_3DES_EDE_CBC_SHA
            (0x0005, &[Rc4, NoForwardSecrecy]),                // TLS_RSA_WITH_RC4_128_SHA
            (0x0002, &[Null, NoForwardSecrecy]),               // TLS_RSA_WITH_NULL_SHA
            (0x0018, &[Anonymous, Rc4]),                       // TLS_DH_anon_WITH_RC4_128_MD5
            (0x0014, &[Export, Des, CbcSha1]),                 // TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA
            (0x0015, &[Des, CbcSha1]),                         // TLS_DHE_RSA_WITH_DES_CBC_SHA
            (0x0ad0, &[]),
        ];
        for (number, expected) in cases {
            assert_eq!(suite_weaknesses(CipherSuite(number)), expected, "{number:04x}");
        }
        let handshake = |suite| Handshake {
            version: heloscope_observation::TlsVersion::TLS_1_0,
            suite: CipherSuite(suite),
            group: None,
            finite_field_bits: Some(512),
            hello_retry: false,
            hello_octets: None,
            completed: false,
            unoffered: None,
        };
        // TLS_RSA_EXPORT_WITH_RC4_40_MD5, TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA
        assert_eq!(weaknesses(&handshake(0x0003)).last(), Some(&ShortKey(512)));
        assert_eq!(weaknesses(&handshake(0x0014)).last(), Some(&ShortGroup(512)));
        assert!(is_rsa_key_transport(CipherSuite(0x009c)));
        assert!(!is_rsa_key_transport(CipherSuite(0xc02f)));
    }

    #[test]
    fn a_suite_tells_what_its_key_does() {
        for (suite, used) in [
            (0x1301, Some(KeyUse::Signature)),    // TLS_AES_128_GCM_SHA256
            (0xc02b, Some(KeyUse::Signature)),    // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
            (0x009e, Some(KeyUse::Signature)),    // TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
            (0x009c, Some(KeyUse::Encipherment)), // TLS_RSA_WITH_AES_128_GCM_SHA256
            (0x0003, None),                       // TLS_RSA_EXPORT_WITH_RC4_40_MD5
            (0xc004, None),                       // TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA
            (0x00a6, None),                       // TLS_DH_anon_WITH_AES_128_GCM_SHA256
        ] {
            assert_eq!(key_use(CipherSuite(suite)), used, "{suite:04x}");
        }
    }
}
