//! What this validation does not verify and others do: not known, which is not broken.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

mod authority;

use authority::{ask, ask_pair, ca, self_signed, server};
use heloscope_pki::{Fault, Trust};
use rcgen::CustomExtension;

#[test]
fn a_signature_of_a_kind_that_is_not_verified() {
    let pairs = [
        include_str!("fixtures/ed448.pem"),
        include_str!("fixtures/sha224.pem"),
        include_str!("fixtures/p224.pem"),
        include_str!("fixtures/pss-without-salt.pem"),
        include_str!("fixtures/rsa8200.pem"),
    ];
    for pair in pairs {
        let verdict = ask_pair(pair);
        assert_eq!(verdict.faults, [Fault::UnsupportedSignatureAlgorithm { certificate: 0 }]);
        assert!(verdict.faults.iter().all(Fault::is_unknown));
        assert_eq!(verdict.trust, None, "who signed it is not known");
    }
}

#[test]
fn a_date_before_1970() {
    let verdict = ask_pair(include_str!("fixtures/early.pem"));
    assert_eq!(verdict.faults, [Fault::EarlyDate { certificate: 0 }]);
    assert!(verdict.faults[0].is_unknown());
    assert_eq!(verdict.trust, Some(Trust::Private));
}

#[test]
fn critical_policies_are_left_to_others_and_critical_extensions_that_nobody_knows_are_not() {
    let root = self_signed(ca("Root"));
    let unknown = |oid: &[u64], content: &[u8]| {
        let mut asked = server();
        let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
        extension.set_criticality(true);
        asked.custom_extensions.push(extension);
        let verdict = ask(&[&root], &[&root.issue(asked)]);
        assert!(matches!(verdict.faults[..], [Fault::UnsupportedCriticalExtension { certificate: 0, .. }]));
        verdict.faults[0].is_unknown()
    };
    // certificatePolicies: anyPolicy; policyConstraints: inhibitPolicyMapping 0
    assert!(unknown(&[2, 5, 29, 32], &[0x30, 0x08, 0x30, 0x06, 0x06, 0x04, 0x55, 0x1d, 0x20, 0x00]));
    assert!(unknown(&[2, 5, 29, 36], &[0x30, 0x03, 0x81, 0x01, 0x00]));
    assert!(!unknown(&[2, 999, 1], &[0x05, 0x00]));
}
