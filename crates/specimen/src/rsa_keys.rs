//! RSA as ring will not do it any more: keys of 1024 bits, and signatures over SHA-1.
//!
//! These keys are published with this crate and guard nothing, so that the timing of their use (RUSTSEC-2023-0071)
//! tells nobody anything.

use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::{SignatureEncoding, Signer as _};
use rsa::{PrivateKey, pkcs1v15, pss};
use rustls::sign::{Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use sha1::Sha1;
use sha2::Sha256;

const SERVER_RSA_1024: &str = include_str!("../keys/server-rsa-1024.pem");
const FIXTURE: &str = "the key is a file of this crate, and its tests read it";

/// A server's key of 1024 bits.
#[derive(Clone, Debug)]
pub(crate) struct Rsa1024 {
    key: PrivateKey,
    public: Vec<u8>,
}

impl Rsa1024 {
    pub(crate) fn new() -> Self {
        let key = PrivateKey::from_pkcs8_pem(SERVER_RSA_1024).expect(FIXTURE);
        let public = public_der(&key);
        Self { key, public }
    }
}

impl rcgen::PublicKeyData for Rsa1024 {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl SigningKey for Rsa1024 {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        if offered.contains(&SignatureScheme::RSA_PSS_SHA256) {
            Some(Box::new(PssSigner(pss::SigningKey::new(self.key.clone()))))
        } else if offered.contains(&SignatureScheme::RSA_PKCS1_SHA256) {
            Some(Box::new(Pkcs1Signer(pkcs1v15::SigningKey::new(self.key.clone()))))
        } else {
            None
        }
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

#[derive(Debug)]
struct PssSigner(pss::SigningKey<Sha256>);

impl Signer for PssSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        signed(self.0.try_sign(message))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::RSA_PSS_SHA256
    }
}

#[derive(Debug)]
struct Pkcs1Signer(pkcs1v15::SigningKey<Sha256>);

impl Signer for Pkcs1Signer {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        signed(self.0.try_sign(message))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::RSA_PKCS1_SHA256
    }
}

fn signed(
    signature: Result<impl SignatureEncoding, rsa::signature::Error>,
) -> Result<Vec<u8>, rustls::Error> {
    signature
        .map(|signature| signature.to_vec())
        .map_err(|_| rustls::Error::General("no signature by RSA 1024".into()))
}

/// Signs certificates with SHA-1.
///
/// rcgen knows no such algorithm. It is told SHA-256 and the identifier exchanged, before signing here and in the
/// finished certificate by [`with_sha1`]; both identifiers have the same length.
pub(crate) struct Sha1Issuer {
    key: pkcs1v15::SigningKey<Sha1>,
    public: Vec<u8>,
}

impl Sha1Issuer {
    pub(crate) fn new(pem: &str) -> Self {
        let key = PrivateKey::from_pkcs8_pem(pem).expect(FIXTURE);
        let public = public_der(&key);
        Self { key: pkcs1v15::SigningKey::new(key), public }
    }
}

impl rcgen::PublicKeyData for Sha1Issuer {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl rcgen::SigningKey for Sha1Issuer {
    fn sign(&self, to_be_signed: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.key.try_sign(&with_sha1(to_be_signed));
        signature.map(|signature| signature.to_vec()).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// Exchanges sha256WithRSAEncryption for sha1WithRSAEncryption (RFC 4055 §5, RFC 3279 §2.2.1) wherever it stands.
pub(crate) fn with_sha1(der: &[u8]) -> Vec<u8> {
    let mut der = der.to_vec();
    for start in 0..der.len().saturating_sub(SHA256_WITH_RSA.len() - 1) {
        let identifier = &mut der[start..start + SHA256_WITH_RSA.len()];
        if identifier == SHA256_WITH_RSA {
            identifier.copy_from_slice(SHA1_WITH_RSA);
        }
    }
    der
}

const SHA256_WITH_RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const SHA1_WITH_RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];

fn public_der(key: &PrivateKey) -> Vec<u8> {
    let public = key.to_public_key().to_pkcs1_der().expect("a public key is two numbers, which DER can hold");
    public.into_vec()
}

#[cfg(test)]
mod tests {
    use rsa::signature::Verifier;

    use super::*;

    const ISSUER: &str = include_str!("../keys/issuer-rsa-2048.pem");

    #[test]
    fn rsa_1024_signs_as_a_server_in_tls_1_3_and_1_2() {
        let server = Rsa1024::new();
        assert_eq!(server.public.len(), 140); // an INTEGER of 129 octets, another of 3, and their headers
        let public = server.key.to_public_key();
        let pss = server.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme::RSA_PSS_SHA256]);
        let signature = pss.unwrap().sign(b"message").unwrap();
        let signature = pss::Signature::try_from(&signature[..]).unwrap();
        pss::VerifyingKey::<Sha256>::new(public.clone()).verify(b"message", &signature).unwrap();

        let pkcs1 = server.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).unwrap();
        let signature = pkcs1.sign(b"message").unwrap();
        let signature = pkcs1v15::Signature::try_from(&signature[..]).unwrap();
        pkcs1v15::VerifyingKey::<Sha256>::new(public).verify(b"message", &signature).unwrap();

        assert!(server.choose_scheme(&[SignatureScheme::ED25519]).is_none());
    }

    #[test]
    fn a_certificate_over_sha_1_verifies() {
        let issuer = rcgen::Issuer::new(rcgen::CertificateParams::default(), Sha1Issuer::new(ISSUER));
        let key = rcgen::KeyPair::generate().unwrap();
        let made = rcgen::CertificateParams::new(vec!["mx.example".to_owned()]).unwrap();
        let der = with_sha1(made.signed_by(&key, &issuer).unwrap().der());
        // SEQUENCE { to be signed, algorithm, signature }: lengths of two octets, a signature of 256
        let to_be_signed = &der[4..][..4 + usize::from(u16::from_be_bytes([der[6], der[7]]))];
        let signature = pkcs1v15::Signature::try_from(&der[der.len() - 256..]).unwrap();
        let public = PrivateKey::from_pkcs8_pem(ISSUER).unwrap().to_public_key();
        pkcs1v15::VerifyingKey::<Sha1>::new(public).verify(to_be_signed, &signature).unwrap();
        let twice = der.windows(SHA1_WITH_RSA.len()).filter(|octets| *octets == SHA1_WITH_RSA).count();
        assert_eq!(twice, 2);
    }
}
