use heloscope_observation::Handshake;

use super::PortFacts;
use crate::Tls;
use crate::names::{group_name, is_rsa_key_transport, suite_name, version_name};

/// The handshake in IANA's names.
pub(crate) fn tls(facts: &PortFacts<'_>) -> Option<Tls> {
    facts.handshake.map(|handshake| Tls {
        version: version_name(handshake.version),
        cipher_suite: suite_name(handshake.suite),
        key_exchange: key_exchange(handshake),
        completed: handshake.completed,
        client_certificate_requested: facts.client_certificate_requested,
    })
}

fn key_exchange(handshake: &Handshake) -> Option<String> {
    match handshake.group {
        _ if is_rsa_key_transport(handshake.suite) => Some("RSA".to_owned()),
        Some(group) => Some(group_name(group)),
        None => handshake.finite_field_bits.map(|bits| format!("DHE {bits}")),
    }
}

#[cfg(test)]
mod tests {
    use heloscope_observation::{CipherSuite, NamedGroup, TlsVersion};

    use super::*;

    #[test]
    fn key_transport_is_named_where_there_is_no_group() {
        let named = |suite, group, finite_field_bits| {
            let (version, suite) = (TlsVersion::TLS_1_2, CipherSuite(suite));
            let (hello_retry, hello_octets, completed) = (false, None, false);
            key_exchange(&Handshake {
                version,
                suite,
                group,
                finite_field_bits,
                hello_retry,
                hello_octets,
                completed,
                unoffered: None,
            })
        };
        // TLS_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_ and TLS_DHE_RSA_ with the same
        assert_eq!(named(0x009c, None, None).as_deref(), Some("RSA"));
        assert_eq!(named(0xc02f, Some(NamedGroup(23)), None).as_deref(), Some("secp256r1"));
        assert_eq!(named(0x009e, None, Some(1024)).as_deref(), Some("DHE 1024"));
        assert_eq!(named(0x009e, None, None), None);
    }
}
