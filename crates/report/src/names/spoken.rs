//! What the TLS libraries of today speak, and what keeps them from the rest.

use heloscope_observation::{CipherSuite, Handshake, NamedGroup, TlsVersion};
use heloscope_words::say;

use super::suites::suite_name;

/// Whether rustls can finish a handshake of this version, suite and group: it speaks TLS 1.2 and 1.3 with an
/// ephemeral key exchange over elliptic curves and an AEAD, and nothing else.
pub(crate) fn is_spoken(handshake: &Handshake) -> bool {
    handshake.version >= TlsVersion::TLS_1_2
        && SUITES.contains(&handshake.suite.0)
        && handshake.group.is_none_or(|NamedGroup(group)| GROUPS.contains(&group))
}

/// Why a suite or group of TLS 1.2 is not spoken any more, or never was; to stand after a colon or in a list.
///
/// `beyond_key`: by the leaf's key this test verifies no signature.
pub(crate) fn unspoken(handshake: &Handshake, beyond_key: bool) -> Vec<&'static str> {
    let CipherSuite(number) = handshake.suite;
    let name = suite_name(handshake.suite);
    let mut all = Vec::new();
    if name.starts_with("TLS_DHE_") {
        all.push(say!("finite-field Diffie-Hellman, which rustls, Go and browsers do not speak"));
    }
    if name.contains("_CBC_") {
        all.push(say!("CBC with SHA-2, which rustls and browsers do not speak, and Go only where told to"));
    }
    let is_suite = all.is_empty() && !SUITES.contains(&number);
    if is_suite {
        all.push(say!("a cipher suite that rustls, Go and browsers do not speak"));
    }
    if all.is_empty() && handshake.group.is_some_and(|NamedGroup(group)| !GROUPS.contains(&group)) {
        all.push(say!("a group that rustls, Go and browsers do not speak"));
    }
    if beyond_key {
        all.push(say!("a key by which the TLS library of this test and many others verify no signature"));
    }
    all
}

/// TLS 1.3, and ECDHE with AES-GCM or ChaCha20-Poly1305.
const SUITES: [u16; 9] = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9];

/// secp256r1, secp384r1, secp521r1, X25519, X25519MLKEM768.
pub(super) const GROUPS: [u16; 5] = [23, 24, 25, 29, 4588];

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(version: TlsVersion, suite: u16, group: Option<u16>) -> Handshake {
        Handshake {
            version,
            suite: CipherSuite(suite),
            group: group.map(NamedGroup),
            finite_field_bits: None,
            hello_retry: false,
            hello_octets: None,
            completed: false,
            unoffered: None,
        }
    }

    #[test]
    fn version_suite_and_group_must_all_be_of_today() {
        let spoken = |version, suite, group| is_spoken(&chosen(version, suite, group));
        assert!(spoken(TlsVersion::TLS_1_2, 0xc02f, Some(23)));
        assert!(spoken(TlsVersion::TLS_1_2, 0xc030, None));
        assert!(!spoken(TlsVersion::TLS_1_1, 0xc02f, Some(23)));
        assert!(!spoken(TlsVersion::TLS_1_2, 0xc027, Some(23))); // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
        assert!(!spoken(TlsVersion::TLS_1_2, 0xc02f, Some(26))); // brainpoolP256r1
    }

    #[test]
    fn what_is_not_spoken_has_its_reason() {
        let why = |suite, group| unspoken(&chosen(TlsVersion::TLS_1_2, suite, group), false).join("; ");
        assert!(why(0x009e, None).starts_with("finite-field"), "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256");
        assert!(why(0x0067, None).contains("; CBC with SHA-2"), "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256");
        assert!(why(0xc027, Some(23)).starts_with("CBC"), "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256");
        assert!(why(0xc02f, Some(26)).starts_with("a group"), "brainpoolP256r1");
        assert!(why(0xc0ad, None).starts_with("a cipher suite"), "TLS_ECDHE_ECDSA_WITH_AES_256_CCM");
        let with_key = |group| unspoken(&chosen(TlsVersion::TLS_1_2, 0xc02c, group), true).join("; ");
        assert!(with_key(Some(29)).starts_with("a key by which "));
        assert!(with_key(Some(30)).starts_with("a group that rustls, Go and browsers do not speak; a key"));
    }
}
