//! X25519MLKEM768: ML-KEM-768 (FIPS 203) and X25519 side by side, for TLS 1.3 (draft-ietf-tls-ecdhe-mlkem).

use ml_kem::array::Array;
use ml_kem::kem::{Decapsulate, KeyExport};
use ml_kem::ml_kem_768::{DecapsulationKey, EncapsulationKey};
use ml_kem::{B32, Seed};
use rustls::crypto::{
    ActiveKeyExchange, CompletedKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup,
};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, ProtocolVersion};

use crate::kx::{INVALID_SHARE, X25519};

/// X25519MLKEM768, in whose shares and secret ML-KEM comes first.
pub(crate) static X25519MLKEM768: Hybrid = Hybrid;

/// Octets of an ML-KEM-768 encapsulation key, the client's half.
const ENCAPSULATION_KEY_LEN: usize = 1184;

/// Octets of an ML-KEM-768 ciphertext, the server's half.
const CIPHERTEXT_LEN: usize = 1088;

#[derive(Debug)]
pub(crate) struct Hybrid;

impl SupportedKxGroup for Hybrid {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut seed = Seed::default();
        getrandom::fill(&mut seed).map_err(|_| GetRandomFailed)?;
        let decapsulation_key = DecapsulationKey::from_seed(seed);
        let x25519 = X25519.start()?;
        let share = [&decapsulation_key.encapsulation_key().to_bytes(), x25519.pub_key()].concat();
        Ok(Box::new(ActiveHybrid { decapsulation_key, x25519, share }))
    }

    /// The server's side: its share depends on the client's.
    fn start_and_complete(&self, client: &[u8]) -> Result<CompletedKeyExchange, Error> {
        let (encapsulation_key, client) =
            client.split_first_chunk::<ENCAPSULATION_KEY_LEN>().ok_or(INVALID_SHARE)?;
        let encapsulation_key =
            EncapsulationKey::new(&Array::from(*encapsulation_key)).map_err(|_| INVALID_SHARE)?;
        let x25519 = X25519.start_and_complete(client)?;
        let mut message = B32::default();
        getrandom::fill(&mut message).map_err(|_| GetRandomFailed)?;
        let (ciphertext, secret) = encapsulation_key.encapsulate_deterministic(&message);
        Ok(CompletedKeyExchange {
            group: self.name(),
            pub_key: [ciphertext.as_slice(), &x25519.pub_key].concat(),
            secret: [secret.as_slice(), x25519.secret.secret_bytes()].concat().into(),
        })
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

struct ActiveHybrid {
    decapsulation_key: DecapsulationKey,
    x25519: Box<dyn ActiveKeyExchange>,
    share: Vec<u8>,
}

impl ActiveKeyExchange for ActiveHybrid {
    fn complete(self: Box<Self>, server: &[u8]) -> Result<SharedSecret, Error> {
        let (ciphertext, server) = server.split_first_chunk::<CIPHERTEXT_LEN>().ok_or(INVALID_SHARE)?;
        let x25519 = self.x25519.complete(server)?;
        let secret = self.decapsulation_key.decapsulate(&Array::from(*ciphertext));
        Ok([secret.as_slice(), x25519.secret_bytes()].concat().into())
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }
}

#[cfg(test)]
mod tests {
    use rustls::PeerMisbehaved;

    use super::*;

    fn is_invalid_share<T>(result: &Result<T, Error>) -> bool {
        matches!(result, Err(Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare)))
    }

    #[test]
    fn shares_and_secret_are_ml_kem_then_x25519() {
        let client = X25519MLKEM768.start().unwrap();
        assert_eq!(client.pub_key().len(), 1184 + 32);

        // The server's side put together by hand, from the two halves.
        let (encapsulation_key, x25519_share) = client.pub_key().split_at(1184);
        let encapsulation_key = EncapsulationKey::new(encapsulation_key.try_into().unwrap()).unwrap();
        let (ciphertext, ml_kem_secret) = encapsulation_key.encapsulate_deterministic(&B32::from([7; 32]));
        let x25519 = rustls::crypto::ring::kx_group::X25519.start_and_complete(x25519_share).unwrap();

        let share = [ciphertext.as_slice(), &x25519.pub_key].concat();
        assert_eq!(share.len(), 1088 + 32);
        let secret = client.complete(&share).unwrap();
        assert_eq!(secret.secret_bytes(), [ml_kem_secret.as_slice(), x25519.secret.secret_bytes()].concat());
    }

    #[test]
    fn both_sides_come_to_the_same_secret() {
        let client = X25519MLKEM768.start().unwrap();
        let server = X25519MLKEM768.start_and_complete(client.pub_key()).unwrap();
        assert_eq!(server.group, NamedGroup::X25519MLKEM768);
        let secret = client.complete(&server.pub_key).unwrap();
        assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
    }

    #[test]
    fn an_altered_ciphertext_gives_another_secret() {
        let client = X25519MLKEM768.start().unwrap();
        let mut server = X25519MLKEM768.start_and_complete(client.pub_key()).unwrap();
        server.pub_key[0] ^= 1;
        let secret = client.complete(&server.pub_key).unwrap();
        assert_ne!(secret.secret_bytes()[..32], server.secret.secret_bytes()[..32]);
        assert_eq!(secret.secret_bytes()[32..], server.secret.secret_bytes()[32..]);
    }

    #[test]
    fn shares_that_are_none_are_refused() {
        let share = X25519MLKEM768.start().unwrap().pub_key().to_vec();
        let answer = X25519MLKEM768.start_and_complete(&share).unwrap().pub_key;

        assert!(is_invalid_share(&X25519MLKEM768.start_and_complete(&share[1..])));
        assert!(is_invalid_share(&X25519MLKEM768.start_and_complete(&[&share[..], &[0]].concat())));
        assert!(is_invalid_share(&X25519MLKEM768.start().unwrap().complete(&answer[1..])));
        assert!(is_invalid_share(&X25519MLKEM768.start().unwrap().complete(&[&answer[..], &[0]].concat())));

        // FIPS 203 section 7.2: a coefficient of 4095 is not below q = 3329.
        let mut unreduced = share.clone();
        unreduced[..2].fill(0xff);
        assert!(is_invalid_share(&X25519MLKEM768.start_and_complete(&unreduced)));

        // An X25519 half that contributes nothing, in either direction.
        let mut half = share;
        half[1184..].fill(0);
        assert!(is_invalid_share(&X25519MLKEM768.start_and_complete(&half)));
        let mut half = answer;
        half[1088..].fill(0);
        assert!(is_invalid_share(&X25519MLKEM768.start().unwrap().complete(&half)));
    }

    #[test]
    fn it_is_for_tls_13_only() {
        assert!(X25519MLKEM768.usable_for_version(ProtocolVersion::TLSv1_3));
        assert!(!X25519MLKEM768.usable_for_version(ProtocolVersion::TLSv1_2));
    }
}
