//! The servers that OpenSSL's `s_server` is made to be.

use crate::authority::Authority;
use crate::expected::{Expected, ExpectedTls, certificate, chain};
use crate::unpacked::Package;

/// What one server does.
pub(crate) struct Flavour {
    pub(crate) name: &'static str,
    pub(crate) key: Key,
    /// Another OpenSSL than this machine's.
    pub(crate) other: Option<Package>,
    /// For `s_server`.
    pub(crate) arguments: &'static [&'static str],
    /// What a client sees that can do all that is in use; this project's finishes the handshake where it can speak the
    /// version, the suite and the group.
    tls: ExpectedTls,
    /// How what was seen and is no fault begins.
    notes: &'static [&'static str],
    /// What is found.
    findings: &'static [&'static str],
}

pub(crate) const HOST: &str = "openssl.interop.test";

pub(crate) static FLAVOURS: &[Flavour] = &[
    Flavour {
        name: "openssl-tls10",
        key: RSA_2048,
        other: None,
        arguments: &["-tls1", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"],
        tls: unfinished("TLS 1.0", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "X25519"),
        notes: &[],
        findings: &["tls-version-weak", "tls-cipher-weak"],
    },
    Flavour {
        name: "openssl-tls11",
        key: RSA_2048,
        other: None,
        arguments: &["-tls1_1", "-cipher", "ECDHE-RSA-AES256-SHA:@SECLEVEL=0"],
        tls: unfinished("TLS 1.1", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "X25519"),
        notes: &[],
        findings: &["tls-version-weak", "tls-cipher-weak"],
    },
    Flavour {
        name: "openssl-tls12",
        key: RSA_2048,
        other: None,
        arguments: &["-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384", "-groups", "P-384"],
        tls: finished("TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "secp384r1"),
        notes: &[],
        findings: &[],
    },
    Flavour {
        name: "openssl-rsa-key-transport",
        key: RSA_2048,
        other: None,
        arguments: &["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
        tls: unfinished("TLS 1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256", "RSA"),
        notes: &[],
        findings: &["tls-cipher-weak"],
    },
    Flavour {
        name: "openssl-cbc",
        key: RSA_2048,
        other: None,
        arguments: &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256", "-groups", "P-256"],
        tls: unfinished("TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "secp256r1"),
        notes: &[],
        findings: &["tls-outdated-only"],
    },
    Flavour {
        name: "openssl-aria",
        key: RSA_2048,
        other: None,
        arguments: &["-tls1_2", "-cipher", "ECDHE-ARIA256-GCM-SHA384:@SECLEVEL=0"],
        tls: unfinished("TLS 1.2", "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384", "X25519"),
        notes: &[],
        findings: &["tls-outdated-only"],
    },
    Flavour {
        name: "openssl-camellia",
        key: RSA_2048,
        other: None,
        arguments: &["-tls1_2", "-cipher", "ECDHE-RSA-CAMELLIA256-SHA384:@SECLEVEL=0"],
        tls: unfinished("TLS 1.2", "TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384", "X25519"),
        notes: &[],
        findings: &["tls-outdated-only"],
    },
    Flavour {
        name: "openssl-ccm8",
        key: P_256,
        other: None,
        arguments: &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-CCM8:@SECLEVEL=0"],
        tls: unfinished("TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", "X25519"),
        notes: &[],
        findings: &["tls-outdated-only"],
    },
    Flavour {
        name: "openssl-null",
        key: RSA_2048,
        other: None,
        arguments: &["-tls1_2", "-cipher", "ECDHE-RSA-NULL-SHA:@SECLEVEL=0"],
        tls: unfinished("TLS 1.2", "TLS_ECDHE_RSA_WITH_NULL_SHA", "X25519"),
        notes: &[],
        findings: &["tls-cipher-weak"],
    },
    Flavour {
        name: "openssl-dhe-2048",
        key: RSA_2048,
        other: None,
        arguments: &["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256", "-dhparam", "ffdhe2048.pem"],
        tls: unfinished("TLS 1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE 2048"),
        notes: &[],
        findings: &["tls-outdated-only"],
    },
    Flavour {
        name: "openssl-dhe-1024",
        key: RSA_2048,
        other: None,
        arguments: &[
            "-tls1_2",
            "-cipher",
            "DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0",
            "-dhparam",
            "oakley2.pem",
        ],
        tls: unfinished("TLS 1.2", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "DHE 1024"),
        notes: &[],
        findings: &["tls-cipher-weak"],
    },
    Flavour {
        name: "openssl-rsa-1024",
        key: Key {
            name: "RSA 1024",
            algorithm: "RSA",
            parameters: &["rsa_keygen_bits:1024"],
            usage: SIGN_AND_ENCIPHER,
        },
        other: None,
        arguments: &["-cipher", "DEFAULT:@SECLEVEL=0"],
        tls: finished("TLS 1.3", "TLS_AES_256_GCM_SHA384", "X25519"),
        notes: &[],
        findings: &["certificate-weak-key"],
    },
    // GnuTLS ends TLS at such a certificate; OpenSSL, whose server does not mind either, finishes it.
    Flavour {
        name: "openssl-encipherment-certificate",
        key: Key { usage: "keyEncipherment", ..RSA_2048 },
        other: None,
        arguments: &[],
        tls: finished("TLS 1.3", "TLS_AES_256_GCM_SHA384", "X25519"),
        notes: &[],
        findings: &["certificate-key-usage"],
    },
    Flavour {
        name: "openssl-p521-certificate",
        key: Key {
            name: "ECDSA P-521",
            algorithm: "EC",
            parameters: &["ec_paramgen_curve:P-521"],
            usage: SIGN,
        },
        other: None,
        arguments: &["-tls1_2"],
        tls: finished("TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "X25519"),
        notes: &[],
        findings: &[],
    },
    Flavour {
        name: "openssl-p521-group",
        key: P_256,
        other: None,
        arguments: &["-tls1_3", "-groups", "P-521"],
        tls: finished("TLS 1.3", "TLS_AES_256_GCM_SHA384", "secp521r1"),
        notes: &[],
        findings: &[],
    },
    Flavour {
        name: "openssl-ed25519-certificate",
        key: Key { name: "Ed25519", algorithm: "ED25519", parameters: &[], usage: SIGN },
        other: None,
        arguments: &[],
        tls: finished("TLS 1.3", "TLS_AES_256_GCM_SHA384", "X25519"),
        notes: &[],
        findings: &[],
    },
    // It answers a hello of TLS 1.3 with TLS 1.3, where that offers Ed448.
    Flavour {
        name: "openssl-ed448-certificate",
        key: Key { name: "Ed448", algorithm: "ED448", parameters: &[], usage: SIGN },
        other: None,
        arguments: &[],
        tls: unfinished("TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "X25519"),
        notes: &[],
        findings: &["tls-outdated-only"],
    },
    // A curve that neither OpenSSL's nor GnuTLS's hello offers as it comes.
    Flavour {
        name: "openssl-secp256k1-certificate",
        key: Key {
            name: "ECDSA secp256k1",
            algorithm: "EC",
            parameters: &["ec_paramgen_curve:secp256k1"],
            usage: SIGN,
        },
        other: None,
        arguments: &[],
        tls: unfinished("TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "X25519"),
        notes: &[],
        findings: &["tls-outdated-only"],
    },
    // RSASSA-PSS as the kind of the key, RFC 8446 §4.2.3: it is signed with under other schemes than RSA.
    Flavour {
        name: "openssl-rsa-pss-certificate",
        key: RSA_PSS_2048,
        other: None,
        arguments: &["-tls1_2", "-cipher", "ALL:@SECLEVEL=0"],
        tls: unfinished("TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "X25519"),
        notes: &[],
        findings: &["tls-outdated-only"],
    },
    // TLS 1.3 as well.
    Flavour {
        name: "openssl-rsa-pss-certificate-1-3",
        key: RSA_PSS_2048,
        other: None,
        arguments: &[],
        tls: unfinished("TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "X25519"),
        notes: &[],
        findings: &["tls-outdated-only"],
    },
    // The library is shown the key as well, and verifies no signature by it.
    Flavour {
        name: "openssl-explicit-curve",
        key: EXPLICIT_P_256,
        other: None,
        arguments: &[],
        tls: unfinished("TLS 1.3", "TLS_AES_256_GCM_SHA384", "X25519"),
        notes: &[],
        findings: &["certificate-path-invalid", "tls-outdated-only"],
    },
    Flavour {
        name: "openssl-x448",
        key: P_256,
        other: None,
        arguments: &["-tls1_2", "-groups", "X448"],
        tls: unfinished("TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "X448"),
        notes: &[],
        findings: &["tls-outdated-only"],
    },
    Flavour {
        name: "openssl-x25519",
        key: P_256,
        other: None,
        arguments: &["-tls1_3", "-groups", "X25519", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"],
        tls: finished("TLS 1.3", "TLS_CHACHA20_POLY1305_SHA256", "X25519"),
        notes: &[],
        findings: &[],
    },
    Flavour {
        name: "openssl-x25519mlkem768",
        key: P_256,
        other: Some(OPENSSL_3_5),
        arguments: &["-tls1_3", "-groups", "X25519MLKEM768"],
        tls: finished("TLS 1.3", "TLS_AES_256_GCM_SHA384", "X25519MLKEM768"),
        notes: &[],
        findings: &[],
    },
    Flavour {
        name: "openssl-unknown-name",
        key: P_256,
        other: None,
        arguments: &[
            "-tls1_2",
            "-groups",
            "X25519",
            "-servername",
            "elsewhere.interop.test",
            "-cert2",
            "leaf.pem",
            "-key2",
            "key.pem",
        ],
        tls: finished("TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "X25519"),
        notes: &["In the handshake the server warned that it does not know the name in the hello"],
        findings: &[],
    },
    Flavour {
        name: "openssl-client-certificate-1-2",
        key: P_256,
        other: None,
        arguments: &["-tls1_2", "-Verify", "1"],
        tls: asking(unfinished("TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "X25519")),
        notes: &[],
        findings: &[],
    },
    Flavour {
        name: "openssl-client-certificate-1-3",
        key: P_256,
        other: None,
        arguments: &["-tls1_3", "-Verify", "1"],
        // What is finished for the client, whom the alert reaches after its Finished, RFC 8446 §4.4.2.4.
        tls: asking(finished("TLS 1.3", "TLS_AES_256_GCM_SHA384", "X25519")),
        notes: &[],
        findings: &[],
    },
];

/// The first with key exchange of FIPS 203.
pub(crate) const OPENSSL_3_5: Package = Package { name: "openssl", release: Some("trixie") };

const fn finished(
    version: &'static str,
    cipher_suite: &'static str,
    key_exchange: &'static str,
) -> ExpectedTls {
    ExpectedTls { version, cipher_suite, key_exchange, completed: true, client_certificate_requested: false }
}

pub(crate) const fn unfinished(
    version: &'static str,
    cipher_suite: &'static str,
    key_exchange: &'static str,
) -> ExpectedTls {
    ExpectedTls { version, cipher_suite, key_exchange, completed: false, client_certificate_requested: false }
}

/// It demands a client certificate.
const fn asking(tls: ExpectedTls) -> ExpectedTls {
    ExpectedTls { client_certificate_requested: true, ..tls }
}

impl Flavour {
    /// Relay, submissions.
    pub(crate) fn expected(&self, authority: &Authority) -> Vec<Expected> {
        let demands = self.tls.client_certificate_requested;
        let completed = self.tls.completed && !demands;
        let is_explicit = self.key.name == EXPLICIT_P_256.name;
        let mut certificate = certificate(authority, HOST, self.key.name);
        if is_explicit {
            // RFC 5480 §2.1.1
            (certificate.chain_valid, certificate.chain_error) = (Some(false), Some("explicit_curve"));
        }
        let failed_by = if is_explicit { "tls_failed" } else { "tls_alert" };
        let findings = |failed| if demands { vec![failed] } else { self.findings.to_vec() };
        let relay = Expected {
            banner: Some("220 openssl.interop.test ESMTP s_server"),
            notes: self.notes.to_vec(),
            starttls_supported: Some(true),
            starttls_reply: Some("220 2.0.0 Ready to start TLS"),
            capabilities_before_tls: Some(vec!["SIZE 10240000", "STARTTLS"]),
            capabilities_after_tls: completed.then(|| vec!["SIZE 10240000"]),
            tls: Some(self.tls),
            certificate: Some(certificate),
            chain: chain(authority, HOST, self.key.name),
            error: (!completed).then_some(failed_by),
            findings: findings("starttls-failed"),
            checks: Vec::new(),
        };
        let submissions = Expected {
            banner: relay.banner.filter(|_| completed),
            starttls_supported: Some(false),
            starttls_reply: None,
            capabilities_before_tls: None,
            findings: findings("tls-failed"),
            ..relay.clone()
        };
        [relay, submissions].map(Expected::judged).into()
    }
}

/// A key as `openssl genpkey` makes it.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    /// In the report's words.
    pub(crate) name: &'static str,
    pub(crate) algorithm: &'static str,
    pub(crate) parameters: &'static [&'static str],
    /// The key usages of its certificate.
    pub(crate) usage: &'static str,
}

pub(crate) const RSA_2048: Key = Key {
    name: "RSA 2048",
    algorithm: "RSA",
    parameters: &["rsa_keygen_bits:2048"],
    usage: SIGN_AND_ENCIPHER,
};
const RSA_PSS_2048: Key =
    Key { name: "RSA-PSS 2048", algorithm: "RSA-PSS", parameters: &["rsa_keygen_bits:2048"], usage: SIGN };
const P_256: Key =
    Key { name: "ECDSA P-256", algorithm: "EC", parameters: &["ec_paramgen_curve:P-256"], usage: SIGN };

const EXPLICIT_P_256: Key = Key {
    name: "ECDSA explicit parameters",
    algorithm: "EC",
    parameters: &["ec_paramgen_curve:P-256", "ec_param_enc:explicit"],
    usage: SIGN,
};

const SIGN: &str = "digitalSignature";
const SIGN_AND_ENCIPHER: &str = "digitalSignature, keyEncipherment";
