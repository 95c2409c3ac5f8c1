//! SHA-2 for the transcript hash, and HMAC over it for HKDF (TLS 1.3) and the PRF (TLS 1.2).

use std::marker::PhantomData;

use hmac::{KeyInit, Mac};
use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use rustls::crypto::hmac::{Hmac, Key, Tag};
use sha2::Digest;

/// SHA-256 (FIPS 180-4).
pub(crate) static SHA256: Sha2<sha2::Sha256> = Sha2 { algorithm: HashAlgorithm::SHA256, digest: PhantomData };

/// SHA-384 (FIPS 180-4).
pub(crate) static SHA384: Sha2<sha2::Sha384> = Sha2 { algorithm: HashAlgorithm::SHA384, digest: PhantomData };

/// HMAC with SHA-256 (RFC 2104).
pub(crate) static HMAC_SHA256: HmacOver<hmac::Hmac<sha2::Sha256>> = HmacOver(PhantomData);

/// HMAC with SHA-384 (RFC 2104).
pub(crate) static HMAC_SHA384: HmacOver<hmac::Hmac<sha2::Sha384>> = HmacOver(PhantomData);

pub(crate) struct Sha2<D> {
    algorithm: HashAlgorithm,
    // A function's result and not a `D`: what is in a static must be `Sync` whatever `D` is.
    digest: PhantomData<fn() -> D>,
}

impl<D: Digest + Clone + Send + Sync + 'static> Hash for Sha2<D> {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Running(D::new()))
    }

    fn hash(&self, data: &[u8]) -> Output {
        Output::new(&D::digest(data))
    }

    fn output_len(&self) -> usize {
        <D as Digest>::output_size()
    }

    fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }
}

struct Running<D>(D);

impl<D: Digest + Clone + Send + Sync + 'static> Context for Running<D> {
    fn fork_finish(&self) -> Output {
        Output::new(&self.0.clone().finalize())
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> Output {
        Output::new(&self.0.finalize())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

pub(crate) struct HmacOver<M>(PhantomData<fn() -> M>);

impl<M: Mac + KeyInit + Clone + Send + Sync + 'static> Hmac for HmacOver<M> {
    fn with_key(&self, key: &[u8]) -> Box<dyn Key> {
        let keyed =
            <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length (RFC 2104 section 2)");
        Box::new(Keyed(keyed))
    }

    fn hash_output_len(&self) -> usize {
        M::output_size()
    }
}

struct Keyed<M>(M);

impl<M: Mac + Clone + Send + Sync> Key for Keyed<M> {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> Tag {
        let mut mac = self.0.clone();
        mac.update(first);
        for part in middle {
            mac.update(part);
        }
        mac.update(last);
        Tag::new(&mac.finalize().into_bytes())
    }

    fn tag_len(&self) -> usize {
        M::output_size()
    }
}

#[cfg(test)]
mod tests {
    use rustls::crypto::tls12::{Prf, PrfUsingHmac};
    use rustls::crypto::tls13::{Hkdf, HkdfUsingHmac};

    use super::*;
    use crate::octets;

    #[test]
    fn sha256_and_sha384_give_fips_180_vectors() {
        let abc256 = octets("ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad");
        let abc384 = octets(
            "cb00753f45a35e8b b5a03d699ac65007 272c32ab0eded163 1a8b605a43ff5bed 8086072ba1e7cc23 58baeca134c825a7",
        );
        assert_eq!(SHA256.hash(b"abc").as_ref(), abc256);
        assert_eq!(SHA384.hash(b"abc").as_ref(), abc384);
        assert_eq!((SHA256.output_len(), SHA384.output_len()), (32, 48));
    }

    #[test]
    fn a_running_hash_can_be_forked_and_read_without_ending_it() {
        let mut running = SHA256.start();
        running.update(b"a");
        let mut fork = running.fork();
        fork.update(b"something else");
        assert_eq!(running.fork_finish().as_ref(), SHA256.hash(b"a").as_ref());
        running.update(b"bc");
        assert_eq!(running.finish().as_ref(), SHA256.hash(b"abc").as_ref());
        assert_eq!(fork.finish().as_ref(), SHA256.hash(b"asomething else").as_ref());
    }

    /// RFC 4231 section 4.3 (a short key) and 4.7 (one longer than the block).
    #[test]
    fn hmac_gives_rfc_4231_vectors_however_the_data_is_cut() {
        let short = HMAC_SHA256.with_key(b"Jefe");
        let expected = octets("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(short.sign(&[b"what do ya want for nothing?"]).as_ref(), expected);
        assert_eq!(short.sign_concat(b"what do", &[b" ya want", b" for "], b"nothing?").as_ref(), expected);

        let long = HMAC_SHA384.with_key(&[0xaa; 131]);
        assert_eq!(
            long.sign(&[b"Test Using Larger Than Block-Size Key - Hash Key First"]).as_ref(),
            octets(
                "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6\
                 0c2ef6ab4030fe8296248df163f44952"
            )
        );
    }

    /// RFC 8448 section 3: the early secret, and the secret derived from it.
    #[test]
    fn hkdf_over_it_gives_rfc_8448_secrets() {
        let early = HkdfUsingHmac(&HMAC_SHA256).extract_from_zero_ikm(None);
        let empty = SHA256.hash(b"");
        let derived =
            early.expand_block(&[&32u16.to_be_bytes(), &[13], b"tls13 derived", &[32], empty.as_ref()]);
        assert_eq!(
            derived.as_ref(),
            octets("6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba")
        );
    }

    /// The vector given on the TLS working group's list for the PRF with SHA-256 of RFC 5246 section 5.
    #[test]
    fn the_prf_over_it_gives_its_vector() {
        let secret = octets("9bbe436ba940f017b17652849a71db35");
        let seed = octets("a0ba9f936cda311827a6f796ffd5198c");
        let mut output = [0; 100];
        PrfUsingHmac(&HMAC_SHA256).for_secret(&mut output, &secret, b"test label", &seed);
        assert_eq!(
            output.as_slice(),
            octets(
                "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af\
                 0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701\
                 87347b66"
            )
        );
    }
}
