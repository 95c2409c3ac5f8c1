//! Records of a client that says what it likes, sealed by other ciphers than those that the relay opens with.

use heloscope_wire::ClientWriteKey;
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

pub(crate) const APPLICATION_DATA: u8 = 23;
pub(crate) const ALERT: u8 = 21;
pub(crate) const CLOSE_NOTIFY: [u8; 2] = [1, 0];

/// Seals one record after the other, the first being the first after Finished.
pub(crate) struct Sealer {
    key: LessSafeKey,
    iv: Vec<u8>,
    tls13: bool,
    sequence: u64,
}

impl Sealer {
    pub(crate) fn new(suite: u16, key: &ClientWriteKey) -> Self {
        let algorithm = match suite {
            0x1301 | 0xc02b | 0xc02f => &AES_128_GCM,
            0x1302 | 0xc02c | 0xc030 => &AES_256_GCM,
            _ => &CHACHA20_POLY1305,
        };
        let tls13 = suite < 0x2000;
        let sequence = u64::from(!tls13);
        let unbound = UnboundKey::new(algorithm, &key.key).unwrap();
        Self { key: LessSafeKey::new(unbound), iv: key.iv.clone(), tls13, sequence }
    }

    /// A record of this type and content.
    pub(crate) fn seal(&mut self, kind: u8, content: &[u8]) -> Vec<u8> {
        if self.tls13 {
            return self.seal_inner(&[content, &[kind]].concat());
        }
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        let aad = [&self.sequence.to_be_bytes()[..], &[kind, 3, 3], &length].concat();
        // With AES-GCM eight octets of the nonce stand in the record, and are the client's to choose.
        let explicit = &[7; 8][..12 - self.iv.len()];
        let nonce = if explicit.is_empty() { self.numbered() } else { [&self.iv, explicit].concat() };
        let sealed = self.sealed(&nonce, &aad, content);
        record(kind, &[explicit, &sealed].concat())
    }

    /// A record of TLS 1.3 whose TLSInnerPlaintext (RFC 8446 §5.2) is this.
    pub(crate) fn seal_inner(&mut self, inner: &[u8]) -> Vec<u8> {
        let header = record(APPLICATION_DATA, &vec![0; inner.len() + 16])[..5].to_vec();
        let nonce = self.numbered();
        let sealed = self.sealed(&nonce, &header, inner);
        record(APPLICATION_DATA, &sealed)
    }

    fn numbered(&self) -> Vec<u8> {
        let number = [&[0; 4][..], &self.sequence.to_be_bytes()].concat();
        self.iv.iter().zip(number).map(|(iv, number)| iv ^ number).collect()
    }

    fn sealed(&mut self, nonce: &[u8], aad: &[u8], content: &[u8]) -> Vec<u8> {
        self.sequence += 1;
        let mut sealed = content.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
        self.key.seal_in_place_append_tag(nonce, Aad::from(aad), &mut sealed).unwrap();
        sealed
    }
}

/// A record of TLS 1.2 or later with this content.
pub(crate) fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3], &length[..], content].concat()
}
