/// A cipher suite that the core offers. There are no others here: with any other nothing is ever encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) number: u16,
    pub(super) version: Version,
    /// Octets of the record that holds an encrypted Finished, its header aside.
    pub(super) finished: usize,
}

/// A version of TLS that the core speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Tls12,
    Tls13,
}

/// The tag that ends what is encrypted, in all of them.
const TAG: usize = 16;

/// What a TLS 1.3 record has beyond its content: the content's type, and the tag (RFC 8446 §5.2).
pub(super) const TLS13_OVERHEAD: usize = 1 + TAG;

impl Suite {
    /// The suite of this number in this version; RFC 8446 appendix B.4, RFC 5289, RFC 7905.
    pub(super) fn find(number: u16, version: Version) -> Option<Self> {
        use Version::{Tls12, Tls13};
        const HEADER: usize = 4;
        const VERIFY_DATA: usize = 12; // RFC 5246 §7.4.9; in TLS 1.3 as long as the hash
        const EXPLICIT_NONCE: usize = 8; // RFC 5288 §3
        let finished = match (version, number) {
            (Tls13, 0x1301 | 0x1303) => HEADER + 32 + TLS13_OVERHEAD,
            (Tls13, 0x1302) => HEADER + 48 + TLS13_OVERHEAD,
            (Tls12, 0xc02b | 0xc02c | 0xc02f | 0xc030) => EXPLICIT_NONCE + HEADER + VERIFY_DATA + TAG,
            (Tls12, 0xcca8 | 0xcca9) => HEADER + VERIFY_DATA + TAG,
            _ => return None,
        };
        Some(Self { number, version, finished })
    }
}
