use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use heloscope_crypto::RSA_BITS;
use heloscope_observation::Der;
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::public_key::{algorithm_and_modulus, subject_public_key_info};

/// Sees what a server presents in a handshake, accepts every chain, and verifies the handshake's signature.
pub(super) struct Witness {
    algorithms: WebPkiSupportedAlgorithms,
    seen: Mutex<Seen>,
}

/// What was presented.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The certificates as sent; `None` where the handshake did not come that far.
    pub(super) chain: Option<Vec<Der>>,
    /// Whether a client certificate was asked for.
    pub(super) client_certificate_requested: bool,
}

impl Witness {
    pub(super) fn new(provider: &CryptoProvider) -> Arc<Self> {
        let algorithms = provider.signature_verification_algorithms;
        Arc::new(Self { algorithms, seen: Mutex::default() })
    }

    /// What was seen since it was last asked.
    pub(super) fn take(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn see(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The algorithms of a TLS 1.2 scheme leave the curve open, and a key fits at most one of them. Where it fits none of
    /// any scheme, that is no fault of the server's; but to go on would let whoever is on the path pose as the server.
    fn verify(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let bad = |error: CertificateError| Error::InvalidCertificate(error);
        let key = subject_public_key_info(certificate).ok_or_else(|| bad(CertificateError::BadEncoding))?;
        let (id, bits) = algorithm_and_modulus(&key).ok_or_else(|| bad(CertificateError::BadEncoding))?;
        let is_unverified = self.algorithms.all.iter().all(|one| one.public_key_alg_id().as_ref() != id)
            || bits.is_some_and(|bits| !RSA_BITS.contains(&bits));
        let key =
            webpki::RawPublicKeyEntity::try_from(&key).map_err(|_| bad(CertificateError::BadEncoding))?;
        let algorithms = self.algorithms.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme);
        let fits = algorithms.is_some_and(|(_, algorithms)| {
            algorithms
                .iter()
                .any(|algorithm| key.verify_signature(*algorithm, message, signed.signature()).is_ok())
        });
        if fits {
            return Ok(HandshakeSignatureValid::assertion());
        }
        // The alert for the former is unsupported_certificate, RFC 8446 §6.2.
        Err(bad(match is_unverified {
            true => CertificateError::InvalidPurpose,
            false => CertificateError::BadSignature,
        }))
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates).map(|der| Der(der.to_vec())).collect();
        self.see(|seen| seen.chain = Some(chain));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Witness {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.see(|seen| seen.client_certificate_requested = true);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").field("seen", &self.seen).finish_non_exhaustive()
    }
}
