//! Record protection: the three AEADs, once, for TLS 1.3 (RFC 8446 section 5.2) and for TLS 1.2 (RFC 5246 section
//! 6.2.3.3, RFC 5288, RFC 7905).

use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::{AeadCore, AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::ChaCha20Poly1305;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter,
    MessageEncrypter, NONCE_LEN, Nonce, OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload,
    Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError, make_tls12_aad, make_tls13_aad,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

use crate::write_key::note_write_key;

/// AES-128 in Galois/Counter Mode (RFC 5116 section 5.1).
pub(crate) static AES_128_GCM: Aead = Aead {
    key_len: 16,
    explicit_nonce_len: GCM_EXPLICIT_NONCE_LEN,
    confidentiality_limit: GCM_CONFIDENTIALITY_LIMIT,
    with_key: boxed::<Aes128Gcm>,
    secrets: |key, iv| ConnectionTrafficSecrets::Aes128Gcm { key, iv },
};

/// AES-256 in Galois/Counter Mode (RFC 5116 section 5.2).
pub(crate) static AES_256_GCM: Aead = Aead {
    key_len: 32,
    explicit_nonce_len: GCM_EXPLICIT_NONCE_LEN,
    confidentiality_limit: GCM_CONFIDENTIALITY_LIMIT,
    with_key: boxed::<Aes256Gcm>,
    secrets: |key, iv| ConnectionTrafficSecrets::Aes256Gcm { key, iv },
};

/// ChaCha20 and Poly1305 (RFC 8439), which has no explicit nonce in TLS 1.2 either (RFC 7905 section 2).
pub(crate) static CHACHA20_POLY1305: Aead = Aead {
    key_len: 32,
    explicit_nonce_len: 0,
    confidentiality_limit: u64::MAX,
    with_key: boxed::<ChaCha20Poly1305>,
    secrets: |key, iv| ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv },
};

pub(crate) const TAG_LEN: usize = 16;

/// What a TLS 1.2 record carries of its nonce (RFC 5288 section 3).
const GCM_EXPLICIT_NONCE_LEN: usize = 8;

/// Records under one key, 2^24, below the 2^24.5 of RFC 8446 section 5.5.
const GCM_CONFIDENTIALITY_LIMIT: u64 = 1 << 24;

/// Octets of plaintext in a record (RFC 5246 section 6.2.1).
const MAX_PLAINTEXT_LEN: usize = 1 << 14;

/// One AEAD as the record layer needs it.
pub(crate) struct Aead {
    pub(crate) key_len: usize,
    /// Octets of the nonce that stand in a TLS 1.2 record; the others come from the key block.
    explicit_nonce_len: usize,
    /// Records that may be protected under one key.
    pub(crate) confidentiality_limit: u64,
    pub(crate) with_key: fn(&[u8]) -> Box<dyn Cipher>,
    secrets: fn(AeadKey, Iv) -> ConnectionTrafficSecrets,
}

impl Aead {
    /// Everything a client sends under a key begins here: the client-write key and the whole of its IV.
    pub(crate) fn encrypter(&self, key: &[u8], iv: Iv, framing: Framing) -> Box<dyn MessageEncrypter> {
        note_write_key(key, &iv, framing.fixed_iv_len());
        Box::new(Encrypter(Protection { cipher: (self.with_key)(key), iv, framing }))
    }

    fn decrypter(&self, key: &[u8], iv: Iv, framing: Framing) -> Box<dyn MessageDecrypter> {
        Box::new(Decrypter(Protection { cipher: (self.with_key)(key), iv, framing }))
    }

    pub(crate) fn tls12_framing(&self) -> Framing {
        Framing::Tls12 { explicit_nonce_len: self.explicit_nonce_len }
    }
}

impl Tls13AeadAlgorithm for Aead {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        self.encrypter(key.as_ref(), iv, Framing::Tls13)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        self.decrypter(key.as_ref(), iv, Framing::Tls13)
    }

    fn key_len(&self) -> usize {
        self.key_len
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok((self.secrets)(key, iv))
    }
}

impl Tls12AeadAlgorithm for Aead {
    fn encrypter(&self, key: AeadKey, fixed: &[u8], explicit: &[u8]) -> Box<dyn MessageEncrypter> {
        self.encrypter(key.as_ref(), joined(fixed, explicit), self.tls12_framing())
    }

    fn decrypter(&self, key: AeadKey, fixed: &[u8]) -> Box<dyn MessageDecrypter> {
        // The records bring their explicit part with them.
        self.decrypter(key.as_ref(), joined(fixed, &[]), self.tls12_framing())
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        KeyBlockShape {
            enc_key_len: self.key_len,
            fixed_iv_len: NONCE_LEN - self.explicit_nonce_len,
            explicit_nonce_len: self.explicit_nonce_len,
        }
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        fixed: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok((self.secrets)(key, joined(fixed, explicit)))
    }
}

pub(crate) fn joined(fixed: &[u8], explicit: &[u8]) -> Iv {
    let mut iv = [0; NONCE_LEN];
    for (octet, from) in iv.iter_mut().zip(fixed.iter().chain(explicit)) {
        *octet = *from;
    }
    Iv::new(iv)
}

/// How a protected record is laid out.
#[derive(Clone, Copy)]
pub(crate) enum Framing {
    /// The content type is inside, the header says application data (RFC 8446 section 5.2).
    Tls13,
    /// The explicit part of the nonce comes first, the content type stays in the header (RFC 5246 section 6.2.3.3).
    Tls12 { explicit_nonce_len: usize },
}

impl Framing {
    /// Octets of the IV that no record carries.
    pub(crate) fn fixed_iv_len(self) -> usize {
        match self {
            Self::Tls13 => NONCE_LEN,
            Self::Tls12 { explicit_nonce_len } => NONCE_LEN - explicit_nonce_len,
        }
    }
}

struct Protection {
    cipher: Box<dyn Cipher>,
    iv: Iv,
    framing: Framing,
}

struct Encrypter(Protection);

impl MessageEncrypter for Encrypter {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        seq: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let Protection { cipher, iv, framing } = &self.0;
        let plain_len = message.payload.len();
        let total_len = self.encrypted_payload_len(plain_len);
        let nonce = Nonce::new(iv, seq).0;
        let mut payload = PrefixedPayload::with_capacity(total_len);
        match *framing {
            Framing::Tls13 => {
                payload.extend_from_chunks(&message.payload);
                payload.extend_from_slice(&[message.typ.into()]);
                let tag = cipher.seal(&nonce, &make_tls13_aad(total_len), payload.as_mut())?;
                payload.extend_from_slice(&tag);
                Ok(OutboundOpaqueMessage::new(
                    ContentType::ApplicationData,
                    ProtocolVersion::TLSv1_2,
                    payload,
                ))
            }
            Framing::Tls12 { explicit_nonce_len } => {
                payload.extend_from_slice(&nonce[NONCE_LEN - explicit_nonce_len..]);
                payload.extend_from_chunks(&message.payload);
                let aad = make_tls12_aad(seq, message.typ, message.version, plain_len);
                let tag = cipher.seal(&nonce, &aad, &mut payload.as_mut()[explicit_nonce_len..])?;
                payload.extend_from_slice(&tag);
                Ok(OutboundOpaqueMessage::new(message.typ, message.version, payload))
            }
        }
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        payload_len
            + TAG_LEN
            + match self.0.framing {
                Framing::Tls13 => size_of::<u8>(), // the content type
                Framing::Tls12 { explicit_nonce_len } => explicit_nonce_len,
            }
    }
}

struct Decrypter(Protection);

impl MessageDecrypter for Decrypter {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let Protection { cipher, iv, framing } = &self.0;
        let mut nonce = Nonce::new(iv, seq).0;
        let total_len = message.payload.len();
        match *framing {
            Framing::Tls13 => {
                let aad = make_tls13_aad(total_len);
                let plain_len = open(cipher.as_ref(), &nonce, &aad, &mut message.payload)?;
                message.payload.truncate(plain_len);
                message.into_tls13_unpadded_message()
            }
            Framing::Tls12 { explicit_nonce_len } => {
                let plain_len =
                    total_len.checked_sub(explicit_nonce_len + TAG_LEN).ok_or(Error::DecryptError)?;
                let (explicit, sealed) = message.payload.split_at_mut(explicit_nonce_len);
                nonce[NONCE_LEN - explicit_nonce_len..].copy_from_slice(explicit);
                let aad = make_tls12_aad(seq, message.typ, message.version, plain_len);
                open(cipher.as_ref(), &nonce, &aad, sealed)?;
                if plain_len > MAX_PLAINTEXT_LEN {
                    return Err(Error::PeerSentOversizedRecord);
                }
                Ok(message.into_plain_message_range(explicit_nonce_len..explicit_nonce_len + plain_len))
            }
        }
    }
}

/// Opens what ends in a tag, in place, and gives the length of the plaintext.
fn open(cipher: &dyn Cipher, nonce: &[u8; NONCE_LEN], aad: &[u8], sealed: &mut [u8]) -> Result<usize, Error> {
    let (text, tag) = sealed.split_last_chunk_mut::<TAG_LEN>().ok_or(Error::DecryptError)?;
    cipher.open(nonce, aad, text, tag)?;
    Ok(text.len())
}

/// A keyed AEAD behind a pointer, so that the record layer is compiled once and not once an AEAD.
pub(crate) trait Cipher: Send + Sync {
    /// Encrypts in place and gives the tag.
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], text: &mut [u8]) -> Result<[u8; TAG_LEN], Error>;

    /// Decrypts in place what the tag belongs to, and leaves alone what it does not.
    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Error>;
}

impl<A: AeadInOut + AeadCore<NonceSize = U12, TagSize = U16> + Send + Sync> Cipher for A {
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], text: &mut [u8]) -> Result<[u8; TAG_LEN], Error> {
        let tag =
            self.encrypt_inout_detached(nonce.into(), aad, text.into()).map_err(|_| Error::EncryptError)?;
        Ok(tag.into())
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Error> {
        self.decrypt_inout_detached(nonce.into(), aad, text.into(), tag.into())
            .map_err(|_| Error::DecryptError)
    }
}

fn boxed<A: AeadInOut + AeadCore<NonceSize = U12, TagSize = U16> + KeyInit + Send + Sync + 'static>(
    key: &[u8],
) -> Box<dyn Cipher> {
    Box::new(A::new_from_slice(key).expect("rustls derives keys of the length that key_len() gives"))
}

#[cfg(test)]
mod tests {
    use rustls::crypto::cipher::OutboundChunks;

    use super::*;
    use crate::octets;

    const ALL: [&Aead; 3] = [&AES_128_GCM, &AES_256_GCM, &CHACHA20_POLY1305];
    const KEY: [u8; 32] = [0x2b; 32];
    const IV: [u8; NONCE_LEN] = [0xa5; NONCE_LEN];
    const SEQ: u64 = 0x0102_0304_0506_0708;

    fn plain(payload: &[u8]) -> OutboundPlainMessage<'_> {
        OutboundPlainMessage {
            typ: ContentType::Handshake,
            version: ProtocolVersion::TLSv1_2,
            payload: OutboundChunks::Single(payload),
        }
    }

    fn framings(aead: &Aead) -> [Framing; 2] {
        [Framing::Tls13, aead.tls12_framing()]
    }

    /// The payload of the record numbered `SEQ` that holds a handshake message.
    fn protected(aead: &Aead, framing: Framing, payload: &[u8]) -> (ContentType, Vec<u8>) {
        let mut encrypter = aead.encrypter(&KEY[..aead.key_len], Iv::new(IV), framing);
        let record = encrypter.encrypt(plain(payload), SEQ).unwrap();
        assert_eq!(record.payload.as_ref().len(), encrypter.encrypted_payload_len(payload.len()));
        (record.typ, record.payload.as_ref().to_vec())
    }

    fn opened(
        aead: &Aead,
        framing: Framing,
        typ: ContentType,
        payload: &mut [u8],
        seq: u64,
    ) -> Result<(ContentType, Vec<u8>), Error> {
        let mut decrypter = aead.decrypter(&KEY[..aead.key_len], Iv::new(IV), framing);
        let message = InboundOpaqueMessage::new(typ, ProtocolVersion::TLSv1_2, payload);
        decrypter.decrypt(message, seq).map(|plain| (plain.typ, plain.payload.to_vec()))
    }

    /// RFC 8448 section 3: the client's first record of application data.
    #[test]
    fn a_tls_13_record_is_that_of_rfc_8448() {
        let key = octets("17422dda596ed5d9acd890e3c63f5051");
        let iv = octets("5b78923dee08579033e523d9").try_into().unwrap();
        let payload: Vec<u8> = (0..50).collect();
        let message = OutboundPlainMessage { typ: ContentType::ApplicationData, ..plain(&payload) };
        let record = AES_128_GCM.encrypter(&key, Iv::new(iv), Framing::Tls13).encrypt(message, 0).unwrap();
        assert_eq!(
            record.encode(),
            octets(
                "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b\
                 62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4"
            )
        );
    }

    /// RFC 5246 section 6.2.3.3 and RFC 5288 section 3: the explicit nonce is the end of IV XOR sequence number.
    #[test]
    fn a_tls_12_record_of_gcm_begins_with_its_explicit_nonce() {
        for aead in [&AES_128_GCM, &AES_256_GCM] {
            let (typ, record) = protected(aead, aead.tls12_framing(), b"finished");
            assert_eq!(typ, ContentType::Handshake);
            assert_eq!(record.len(), 8 + 8 + 16);
            assert_eq!(record[..8], [0xa4, 0xa7, 0xa6, 0xa1, 0xa0, 0xa3, 0xa2, 0xad]);
        }
        let (_, record) = protected(&CHACHA20_POLY1305, CHACHA20_POLY1305.tls12_framing(), b"finished");
        assert_eq!(record.len(), 8 + 16);
    }

    #[test]
    fn what_is_protected_opens_again_from_none_to_the_most_octets() {
        for aead in ALL {
            for framing in framings(aead) {
                for payload in [&[][..], b"finished", &[7; MAX_PLAINTEXT_LEN]] {
                    let (typ, mut record) = protected(aead, framing, payload);
                    assert_eq!(
                        opened(aead, framing, typ, &mut record, SEQ).unwrap(),
                        (ContentType::Handshake, payload.to_vec())
                    );
                }
            }
        }
    }

    #[test]
    fn no_altered_octet_no_other_number_and_no_other_type_opens() {
        for aead in ALL {
            for framing in framings(aead) {
                let (typ, record) = protected(aead, framing, b"finished");
                for at in 0..record.len() {
                    let mut altered = record.clone();
                    altered[at] ^= 0x80;
                    assert_eq!(
                        opened(aead, framing, typ, &mut altered, SEQ),
                        Err(Error::DecryptError),
                        "octet {at}"
                    );
                }
                assert_eq!(
                    opened(aead, framing, typ, &mut record.clone(), SEQ + 1),
                    Err(Error::DecryptError)
                );
            }
            let framing = aead.tls12_framing();
            let (_, mut record) = protected(aead, framing, b"finished");
            assert_eq!(opened(aead, framing, ContentType::Alert, &mut record, SEQ), Err(Error::DecryptError));
        }
    }

    #[test]
    fn records_too_short_or_too_long_are_refused() {
        for aead in ALL {
            for framing in framings(aead) {
                let (typ, record) = protected(aead, framing, b"");
                for len in 0..record.len() {
                    let mut short = record[..len].to_vec();
                    assert_eq!(
                        opened(aead, framing, typ, &mut short, SEQ),
                        Err(Error::DecryptError),
                        "{len}"
                    );
                }
                let (typ, mut record) = protected(aead, framing, &[7; MAX_PLAINTEXT_LEN + 1]);
                assert_eq!(opened(aead, framing, typ, &mut record, SEQ), Err(Error::PeerSentOversizedRecord));
            }
        }
    }

    #[test]
    fn the_key_block_is_cut_as_the_suites_say() {
        let shape = |aead: &Aead| {
            let shape = aead.key_block_shape();
            (shape.enc_key_len, shape.fixed_iv_len, shape.explicit_nonce_len)
        };
        assert_eq!(ALL.map(shape), [(16, 4, 8), (32, 4, 8), (32, 12, 0)]);
    }

    #[test]
    fn extracted_secrets_are_the_key_and_the_whole_iv() {
        let key = || AeadKey::from(KEY);
        let secrets =
            Tls12AeadAlgorithm::extract_keys(&AES_256_GCM, key(), &IV[..4], &[1, 2, 3, 4, 5, 6, 7, 8]);
        let Ok(ConnectionTrafficSecrets::Aes256Gcm { key: extracted, iv }) = secrets else { panic!() };
        assert_eq!(extracted.as_ref(), KEY);
        assert_eq!(iv.as_ref(), [0xa5, 0xa5, 0xa5, 0xa5, 1, 2, 3, 4, 5, 6, 7, 8]);

        let secrets = Tls13AeadAlgorithm::extract_keys(&CHACHA20_POLY1305, key(), Iv::new(IV));
        let Ok(ConnectionTrafficSecrets::Chacha20Poly1305 { iv, .. }) = secrets else { panic!() };
        assert_eq!(iv.as_ref(), IV);
    }
}
