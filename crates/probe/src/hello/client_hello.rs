use heloscope_observation::{CipherSuite, Host, TlsVersion, Unoffered};

/// A ClientHello (RFC 5246 §7.4.1.2) in one record, offering all that mail servers were ever configured with.
///
/// Its version is TLS 1.2, below which an older server answers with its own best.
pub(crate) fn client_hello(host: Option<&Host>, random: [u8; 32]) -> Vec<u8> {
    let body = |padding: Option<usize>| {
        let mut body = TLS_1_2.to_vec();
        body.extend(random);
        body.push(0); // no session to resume
        body.extend(sized16(&SUITES.iter().flat_map(|suite| suite.to_be_bytes()).collect::<Vec<_>>()));
        body.extend([1, 0]); // no compression
        body.extend(sized16(&extensions(host, padding)));
        body
    };
    let unpadded = body(None);
    let padding = padding_of(HANDSHAKE_HEADER + unpadded.len());
    let body = if padding.is_some() { body(padding) } else { unpadded };
    let message = [&[CLIENT_HELLO], &u32_of(body.len()).to_be_bytes()[1..], &body[..]].concat();
    [&RECORD_HEADER[..], &sized16(&message)].concat()
}

/// What such a hello does not offer of a version and a suite.
pub(super) fn unoffered(version: TlsVersion, suite: CipherSuite) -> Option<Unoffered> {
    if !(TlsVersion::SSL_3_0..=TlsVersion::TLS_1_2).contains(&version) {
        return Some(Unoffered::Version);
    }
    (suite.0 == RENEGOTIATION_INFO || !SUITES.contains(&suite.0)).then_some(Unoffered::Suite)
}

const TLS_1_2: [u8; 2] = [3, 3];
const CLIENT_HELLO: u8 = 1;
const HANDSHAKE_HEADER: usize = 4;
/// Handshake, and the version that the oldest servers take in a first record, RFC 5246 appendix E.1.
const RECORD_HEADER: [u8; 3] = [22, 3, 1];

/// The padding extension's content, for a message of 256 to 511 octets: certain load balancers take no hello of such
/// a length, RFC 7685 §4.
fn padding_of(length: usize) -> Option<usize> {
    (256..512).contains(&length).then(|| (512 - length).saturating_sub(4))
}

fn extensions(host: Option<&Host>, padding: Option<usize>) -> Vec<u8> {
    const SERVER_NAME: u16 = 0;
    const SUPPORTED_GROUPS: u16 = 10;
    const EC_POINT_FORMATS: u16 = 11;
    const SIGNATURE_ALGORITHMS: u16 = 13;
    const PADDING: u16 = 21;
    const EXTENDED_MAIN_SECRET: u16 = 23;

    let numbers = |numbers: &[u16]| {
        sized16(&numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>())
    };
    let mut all = Vec::new();
    if let Some(Host::Name(name)) = host {
        let entry = [&[0], &sized16(name.as_bytes())[..]].concat();
        all.extend(extension(SERVER_NAME, &sized16(&entry)));
    }
    all.extend(extension(EXTENDED_MAIN_SECRET, &[]));
    all.extend(extension(SUPPORTED_GROUPS, &numbers(&GROUPS)));
    all.extend(extension(EC_POINT_FORMATS, &[1, 0]));
    all.extend(extension(SIGNATURE_ALGORITHMS, &numbers(&SIGNATURES)));
    if let Some(length) = padding {
        all.extend(extension(PADDING, &vec![0; length]));
    }
    all
}

fn extension(number: u16, content: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &sized16(content)].concat()
}

/// Octets behind their number in two octets.
fn sized16(octets: &[u8]) -> Vec<u8> {
    let length = u16::try_from(octets.len()).expect("no part of this hello comes near 64 KiB");
    [&length.to_be_bytes()[..], octets].concat()
}

fn u32_of(length: usize) -> u32 {
    u32::try_from(length).expect("no part of this hello comes near 64 KiB")
}

/// Best first, so that a server that follows the client shows its best. Some old servers look at the first 64 alone: there
/// stands all that those have.
const SUITES: [u16; 104] = [
    // ECDHE and DHE with AEAD
    0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc0ad, 0xc02b, 0xc02f, 0xc0ac, 0x009f, 0xccaa, 0x009e, //
    // ECDHE and DHE with CBC
    0xc024, 0xc028, 0xc023, 0xc027, 0xc00a, 0xc014, 0xc009, 0xc013, 0x006b, 0x0067, 0x0039, 0x0033, 0x0088,
    0x0045, 0x006a, 0x0040, 0x0038, 0x0032, //
    // RSA key transport
    0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x0084, 0x0041, //
    // 3DES, RC4, DES, export
    0xc008, 0xc012, 0x0016, 0x0013, 0x000a, 0xc007, 0xc011, 0x0005, 0x0004, 0x0015, 0x0009, 0x0014, 0x0008,
    0x0003, //
    // the renegotiation signal
    0x00ff, //
    // ARIA
    0xc05d, 0xc061, 0xc05c, 0xc060, 0xc053, 0xc052, 0xc051, 0xc050, //
    // Camellia
    0xc087, 0xc08b, 0xc086, 0xc08a, 0xc07d, 0xc07c, 0xc073, 0xc077, 0xc072, 0xc076, 0x00c4, 0x00be, 0xc07b,
    0xc07a, 0x00c0, 0x00ba, //
    // CCM and CCM_8
    0xc0af, 0xc0ae, 0xc09f, 0xc09e, 0xc0a3, 0xc0a2, 0xc09d, 0xc09c, 0xc0a1, 0xc0a0, //
    // SEED, IDEA
    0x009a, 0x0096, 0x0007, //
    // anonymous
    0x00a7, 0x00a6, 0x006d, 0x006c, 0xc019, 0xc018, 0x003a, 0x0034, 0x001b, //
    // no encryption
    0xc006, 0xc010, 0x003b, 0x0002, 0x0001, 0xc015,
];

/// A signal among the suites and none of them, RFC 5746 §3.3.
const RENEGOTIATION_INFO: u16 = 0x00ff;

/// No finite-field groups: where they are offered a server may use only those (RFC 7919 §4), not its own.
const GROUPS: [u16; 10] = [29, 23, 24, 25, 30, 26, 27, 28, 22, 21];

/// RFC 8446 §4.2.3, and what TLS 1.2 had beyond: SHA-1, SHA-224, MD5, DSA.
const SIGNATURES: [u16; 21] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501,
    0x0601, 0x0301, 0x0303, 0x0201, 0x0203, 0x0402, 0x0202, 0x0101,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(host: &str) -> Vec<u8> {
        client_hello(Some(&host.parse().unwrap()), [7; 32])
    }

    #[test]
    fn lengths_fit_their_content() {
        for host in ["mx.example", "192.0.2.1"] {
            let hello = hello(host);
            assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])), hello.len() - 5, "record");
            assert_eq!(usize::from(u16::from_be_bytes([hello[7], hello[8]])), hello.len() - 9, "message");
        }
    }

    #[test]
    fn only_a_name_is_named() {
        let named = |hello: &[u8]| hello.windows(10).any(|octets| octets == b"mx.example");
        assert!(named(&hello("mx.example")));
        assert!(!named(&client_hello(None, [7; 32])));
        let start_of_extensions = 5 + 4 + 2 + 32 + 1 + 2 + 2 * SUITES.len() + 2 + 2;
        let first =
            |hello: &[u8]| u16::from_be_bytes([hello[start_of_extensions], hello[start_of_extensions + 1]]);
        assert_eq!((first(&hello("mx.example")), first(&hello("192.0.2.1"))), (0, 23));
    }

    #[test]
    fn what_is_offered_is_what_stands_in_it() {
        let of = |version, suite| unoffered(TlsVersion(version), CipherSuite(suite));
        assert_eq!((of(0x0303, 0xc02f), of(0x0300, 0x0003), of(0x0301, 0x0034)), (None, None, None));
        assert_eq!(of(0x0303, 0x00ff), Some(Unoffered::Suite)); // the signal
        assert_eq!(of(0x0303, 0x0000), Some(Unoffered::Suite)); // TLS_NULL_WITH_NULL_NULL
        assert_eq!(of(0x0303, 0x00a2), Some(Unoffered::Suite)); // TLS_DHE_DSS_WITH_AES_128_GCM_SHA256
        for version in [0x0002, 0x0304, 0x0305, 0x7f1c] {
            assert_eq!(of(version, 0x002f), Some(Unoffered::Version), "{version:04x}");
        }
    }

    #[test]
    fn no_message_is_256_to_511_octets_long() {
        for length in 1..=60 {
            let message = hello(&format!("{}.example", "a".repeat(length))).len() - 5;
            assert!(!(256..512).contains(&message), "{message}");
        }
    }
}
