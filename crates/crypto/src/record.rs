//! One side's protected records, opened by who was given the key to them.

use rustls::crypto::cipher::{Iv, NONCE_LEN, Nonce, make_tls12_aad};
use rustls::{ContentType, ProtocolVersion};

use crate::aead::{AES_128_GCM, AES_256_GCM, Aead, CHACHA20_POLY1305, Cipher, Framing, TAG_LEN, joined};

/// Opens the records of application data that one side sends, in their order (RFC 8446 section 5.2, RFC 5246 section
/// 6.2.3.3): each must carry the next sequence number.
pub struct RecordOpener {
    cipher: Box<dyn Cipher>,
    iv: Iv,
    framing: Framing,
    sequence: u64,
}

/// Octets of a record's header (RFC 8446 section 5.1).
const HEADER_LEN: usize = 5;

impl RecordOpener {
    /// For the records after the handshake's Finished: number 0 in TLS 1.3, whose keys are new then, and number 1 in
    /// TLS 1.2. `None` for a suite that the provider does not offer, and for a key or an IV that is not as long as the
    /// suite's.
    pub fn new(suite: u16, key: &[u8], iv: &[u8]) -> Option<Self> {
        let (aead, tls13) = aead_of(suite)?;
        let (framing, sequence) = if tls13 { (Framing::Tls13, 0) } else { (aead.tls12_framing(), 1) };
        let fits = key.len() == aead.key_len && iv.len() == framing.fixed_iv_len();
        fits.then(|| Self { cipher: (aead.with_key)(key), iv: joined(iv, &[]), framing, sequence })
    }

    /// The content type and the plaintext of a whole record, its header included. In TLS 1.3 the type is the last
    /// octet of what was encrypted: a padded record has type 0, which is none. `None` where the record does not open.
    pub fn open(&mut self, record: &[u8]) -> Option<(u8, Vec<u8>)> {
        let (header, payload) = record.split_first_chunk::<HEADER_LEN>()?;
        let mut nonce = Nonce::new(&self.iv, self.sequence).0;
        let (explicit, sealed) = payload.split_at_checked(NONCE_LEN - self.framing.fixed_iv_len())?;
        nonce[NONCE_LEN - explicit.len()..].copy_from_slice(explicit);
        let (text, tag) = sealed.split_last_chunk::<TAG_LEN>()?;
        let mut text = text.to_vec();
        let typ = ContentType::from(header[0]);
        match self.framing {
            // The additional data is the record's header as it is.
            Framing::Tls13 => self.cipher.open(&nonce, header, &mut text, tag),
            Framing::Tls12 { .. } => {
                let aad = make_tls12_aad(self.sequence, typ, ProtocolVersion::TLSv1_2, text.len());
                self.cipher.open(&nonce, &aad, &mut text, tag)
            }
        }
        .ok()?;
        self.sequence += 1;
        match self.framing {
            Framing::Tls13 => text.pop().map(|typ| (typ, text)),
            Framing::Tls12 { .. } => Some((header[0], text)),
        }
    }
}

/// The AEAD of a suite, and whether it is one of TLS 1.3.
fn aead_of(suite: u16) -> Option<(&'static Aead, bool)> {
    Some(match suite {
        0x1301 => (&AES_128_GCM, true),
        0x1302 => (&AES_256_GCM, true),
        0x1303 => (&CHACHA20_POLY1305, true),
        0xc02b | 0xc02f => (&AES_128_GCM, false),
        0xc02c | 0xc030 => (&AES_256_GCM, false),
        0xcca8 | 0xcca9 => (&CHACHA20_POLY1305, false),
        _ => return None,
    })
}

impl std::fmt::Debug for RecordOpener {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordOpener").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rustls::SupportedCipherSuite;
    use rustls::crypto::cipher::{OutboundChunks, OutboundPlainMessage};

    use super::*;
    use crate::suites;
    use crate::{WriteKey, watch_write_key};

    const LINE: &[u8] = b"QUIT\r\n";

    /// A record as the provider's encrypter of this suite makes it, and the key that passed by.
    fn record(suite: SupportedCipherSuite, sequence: u64) -> (Vec<u8>, WriteKey) {
        let key = [0x2b; 32];
        let (mut encrypter, noted) = watch_write_key(|| {
            let (aead, tls13) = aead_of(suite.suite().into()).expect("each suite that is offered is known");
            assert_eq!(tls13, suite.tls13().is_some());
            let framing = if tls13 { Framing::Tls13 } else { aead.tls12_framing() };
            aead.encrypter(&key[..aead.key_len], Iv::new([0xa5; NONCE_LEN]), framing)
        });
        let message = OutboundPlainMessage {
            typ: ContentType::ApplicationData,
            version: ProtocolVersion::TLSv1_2,
            payload: OutboundChunks::Single(LINE),
        };
        (encrypter.encrypt(message, sequence).unwrap().encode(), noted.expect("a key passed by"))
    }

    #[test]
    fn the_records_of_every_suite_open_in_their_order() {
        for suite in suites::ALL {
            let first = u64::from(suite.tls13().is_none());
            let (_, WriteKey { key, iv }) = record(*suite, 0);
            let mut opener = RecordOpener::new(suite.suite().into(), &key, &iv).unwrap();
            for sequence in first..first + 3 {
                let opened = opener.open(&record(*suite, sequence).0);
                assert_eq!(opened, Some((23, LINE.to_vec())), "{suite:?}, number {sequence}");
            }
        }
    }

    #[test]
    fn another_number_key_octet_or_length_does_not() {
        for suite in suites::ALL {
            let first = u64::from(suite.tls13().is_none());
            let (sound, WriteKey { key, iv }) = record(*suite, first);
            let mut opener = RecordOpener::new(suite.suite().into(), &key, &iv).unwrap();
            assert_eq!(opener.open(&record(*suite, first + 1).0), None, "another number");
            // The version in a TLS 1.2 header is not read here: it is the caller's to check.
            for at in (0..sound.len()).filter(|at| suite.tls13().is_some() || !(1..HEADER_LEN).contains(at)) {
                let mut broken = sound.clone();
                broken[at] ^= 1;
                assert_eq!(opener.open(&broken), None, "octet {at}");
            }
            for end in 0..sound.len() {
                assert_eq!(opener.open(&sound[..end]), None, "cut at {end}");
            }
            let mut other = key.clone();
            other[0] ^= 1;
            let mut other = RecordOpener::new(suite.suite().into(), &other, &iv).unwrap();
            assert_eq!(other.open(&sound), None, "another key");
            assert_eq!(opener.open(&sound), Some((23, LINE.to_vec())), "what fails takes no number");
        }
    }

    #[test]
    fn keys_and_ivs_are_as_long_as_the_suite_says() {
        let opens = |suite, key, iv| RecordOpener::new(suite, &vec![1; key], &vec![2; iv]).is_some();
        assert!(opens(0x1301, 16, 12) && opens(0x1302, 32, 12) && opens(0x1303, 32, 12));
        assert!(opens(0xc02f, 16, 4) && opens(0xc02c, 32, 4) && opens(0xcca8, 32, 12));
        for (suite, key, iv) in [
            (0x1301, 32, 12),
            (0x1301, 16, 4),
            (0x1302, 16, 12),
            (0xc02f, 16, 12),
            (0xcca9, 32, 4),
            (0x002f, 16, 4),
        ] {
            assert!(!opens(suite, key, iv), "{suite:#06x} {key} {iv}");
        }
    }
}
