//! Named groups.

use heloscope_observation::NamedGroup;

/// The name in IANA's "TLS Supported Groups" registry, but `X25519` and `X448` as RFC 7748 writes them, which
/// is what the report has always shown; `0x1234` for a group that is not known.
pub(crate) fn group_name(group: NamedGroup) -> String {
    let name = GROUPS.iter().find(|(number, _)| *number == group.0).map(|(_, name)| *name);
    name.map_or_else(|| format!("0x{:04x}", group.0), str::to_owned)
}

const GROUPS: &[(u16, &str)] = &[
    (1, "sect163k1"),
    (2, "sect163r1"),
    (3, "sect163r2"),
    (4, "sect193r1"),
    (5, "sect193r2"),
    (6, "sect233k1"),
    (7, "sect233r1"),
    (8, "sect239k1"),
    (9, "sect283k1"),
    (10, "sect283r1"),
    (11, "sect409k1"),
    (12, "sect409r1"),
    (13, "sect571k1"),
    (14, "sect571r1"),
    (15, "secp160k1"),
    (16, "secp160r1"),
    (17, "secp160r2"),
    (18, "secp192k1"),
    (19, "secp192r1"),
    (20, "secp224k1"),
    (21, "secp224r1"),
    (22, "secp256k1"),
    (23, "secp256r1"),
    (24, "secp384r1"),
    (25, "secp521r1"),
    (26, "brainpoolP256r1"),
    (27, "brainpoolP384r1"),
    (28, "brainpoolP512r1"),
    (29, "X25519"),
    (30, "X448"),
    (31, "brainpoolP256r1tls13"),
    (32, "brainpoolP384r1tls13"),
    (33, "brainpoolP512r1tls13"),
    (41, "curveSM2"),
    (256, "ffdhe2048"),
    (257, "ffdhe3072"),
    (258, "ffdhe4096"),
    (259, "ffdhe6144"),
    (260, "ffdhe8192"),
    (512, "MLKEM512"),
    (513, "MLKEM768"),
    (514, "MLKEM1024"),
    (4587, "SecP256r1MLKEM768"),
    (4588, "X25519MLKEM768"),
    (4589, "SecP384r1MLKEM1024"),
    (25497, "X25519Kyber768Draft00"),
    (25498, "SecP256r1Kyber768Draft00"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_their_names() {
        let names = [23, 29, 257, 4588, 0x0a0a].map(|number| group_name(NamedGroup(number)));
        assert_eq!(names, ["secp256r1", "X25519", "ffdhe3072", "X25519MLKEM768", "0x0a0a"]);
    }
}
