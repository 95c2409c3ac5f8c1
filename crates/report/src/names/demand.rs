//! What a server demands of whoever is to reach it over TLS, where this test's TLS library does not have it.

use heloscope_pki::RSA_BITS;
use heloscope_words::say;

use crate::Tls;

/// Read off the report's own names, so that a saved one will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand<'a> {
    /// A version or this cipher suite.
    Suite(&'a str),
    /// A group.
    Group(&'a str),
    /// A kind of key, by which the server's signature in the handshake is verified.
    Key(&'a str),
}

impl<'a> Demand<'a> {
    /// `key`: that of the leaf.
    pub(crate) fn of(tls: &'a Tls, key: Option<&'a str>) -> Self {
        let suite = Self::Suite(&tls.cipher_suite);
        let has = |part: &str| tls.cipher_suite.contains(part);
        let is_aead = has("_CHACHA20_") || has("_AES_") && has("_GCM_");
        if !(has("_ECDHE_") || tls.version == "TLS 1.3") || !is_aead {
            return suite;
        }
        match (key.filter(|key| !is_verified(key)), tls.key_exchange.as_deref()) {
            (Some(key), _) => Self::Key(key),
            (None, Some(group)) if !GROUPS.contains(&group) => Self::Group(group),
            _ => suite,
        }
    }

    /// What is to be taken, where it is no suite.
    pub(crate) fn words(self) -> Option<&'a str> {
        match self {
            Self::Suite(_) => None,
            Self::Key("ECDSA explicit parameters") => Some(say!("ECDSA with explicit parameters")),
            Self::Group(name) | Self::Key(name) => Some(name),
        }
    }

    /// Whether OpenSSL has it, as it comes; of a suite that it once had that is told elsewhere.
    pub(crate) fn is_openssls(self) -> bool {
        match self {
            Self::Group("X448") | Self::Key("Ed448" | "ECDSA explicit parameters") => true,
            Self::Suite(name) => !(name.contains("_CAMELLIA_") && name.contains("_GCM_")),
            Self::Key(key) if key.starts_with(RSA_PSS) => true,
            Self::Key(key) => rsa_bits(key).is_some_and(|bits| (RSA_BITS.end() + 1..=16384).contains(&bits)),
            Self::Group(_) => false,
        }
    }

    /// Whether neither OpenSSL nor GnuTLS offers it unless told to: a curve that is not among those of a hello as it comes, for
    /// the key exchange or for the server's key (RFC 8422 §5.1).
    pub(crate) fn is_rare(self) -> bool {
        match self {
            Self::Suite(_) => false,
            Self::Group(_) => !self.is_openssls(),
            Self::Key(key) => key.starts_with("ECDSA ") && !self.is_openssls(),
        }
    }
}

/// A key of this kind signs under schemes of its own, RFC 8446 §4.2.3, which the TLS library does not offer.
const RSA_PSS: &str = "RSA-PSS ";

/// Those of the TLS library.
const GROUPS: [&str; 5] = ["secp256r1", "secp384r1", "secp521r1", "X25519", "X25519MLKEM768"];

/// Whether this test verifies the signature of a handshake by such a key, see `heloscope_crypto`.
pub(crate) fn is_verified(key: &str) -> bool {
    matches!(key, "ECDSA P-256" | "ECDSA P-384" | "ECDSA P-521" | "Ed25519")
        || rsa_bits(key).is_some_and(|bits| RSA_BITS.contains(&bits))
}

fn rsa_bits(key: &str) -> Option<u32> {
    key.strip_prefix("RSA ")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use heloscope_observation::NamedGroup;

    use super::super::groups::group_name;
    use super::*;

    #[test]
    fn the_groups_are_those_that_are_spoken() {
        assert_eq!(super::super::spoken::GROUPS.map(|group| group_name(NamedGroup(group))), GROUPS);
    }

    #[test]
    fn a_key_counts_before_a_group_and_a_suite_before_both() {
        let tls = |suite: &str, group: &str| Tls {
            version: "TLS 1.2".to_owned(),
            cipher_suite: suite.to_owned(),
            key_exchange: Some(group.to_owned()),
            completed: false,
            client_certificate_requested: false,
        };
        let gcm = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
        let dhe = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256";
        let aria = "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384";
        let camellia = "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256";
        for (suite, group, key, demand, by_openssl) in [
            (gcm, "X448", "Ed448", Demand::Key("Ed448"), true),
            (gcm, "X25519", "ECDSA explicit parameters", Demand::Key("ECDSA explicit parameters"), true),
            (gcm, "X25519", "ECDSA P-224", Demand::Key("ECDSA P-224"), false),
            (gcm, "X25519", "ECDSA secp256k1", Demand::Key("ECDSA secp256k1"), false),
            (gcm, "X25519", "ECDSA brainpoolP256r1", Demand::Key("ECDSA brainpoolP256r1"), false),
            (gcm, "X25519", "RSA 16384", Demand::Key("RSA 16384"), true),
            (gcm, "X25519", "RSA 512", Demand::Key("RSA 512"), false),
            (gcm, "X25519", "RSA-PSS 2048", Demand::Key("RSA-PSS 2048"), true),
            (gcm, "X448", "ECDSA P-384", Demand::Group("X448"), true),
            (gcm, "brainpoolP256r1", "RSA 2048", Demand::Group("brainpoolP256r1"), false),
            (dhe, "DHE 2048", "Ed448", Demand::Suite(dhe), true),
            (aria, "X448", "RSA 2048", Demand::Suite(aria), true),
            (camellia, "X25519", "RSA 2048", Demand::Suite(camellia), false),
        ] {
            let tls = tls(suite, group);
            let found = Demand::of(&tls, Some(key));
            assert_eq!((found, found.is_openssls()), (demand, by_openssl), "{suite} {group} {key}");
            let curves = group.to_owned() + key;
            let is_rare = ["brainpool", "secp256k1", "P-224"].iter().any(|curve| curves.contains(curve));
            assert_eq!(found.is_rare(), is_rare, "{suite} {group} {key}");
        }
    }
}
