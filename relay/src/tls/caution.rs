use std::fmt;
use std::path::PathBuf;

use rustls::pki_types::UnixTime;
use webpki::{EndEntityCert, Error, KeyUsage};

use super::{TlsFiles, chain_in};
use crate::Origin;

/// What browsers hold against a certificate that can be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateCaution {
    /// The certificate in this file is not for the host of this origin.
    OtherHost(PathBuf, Origin),
    /// The certificate in this file has expired.
    Expired(PathBuf),
    /// The certificate in this file is not valid yet.
    NotYetValid(PathBuf),
}

impl CertificateCaution {
    /// All of it under these origins, by this machine's clock.
    #[expect(clippy::disallowed_methods, reason = "a certificate that is served now has to be valid now")]
    pub(crate) fn now(files: &TlsFiles, origins: &[Origin]) -> Vec<Self> {
        Self::at(UnixTime::now(), files, origins)
    }

    /// All of it under these origins at this time; nothing where the certificate cannot be read.
    fn at(now: UnixTime, files: &TlsFiles, origins: &[Origin]) -> Vec<Self> {
        let chain = chain_in(&files.certificate).unwrap_or_default();
        let Some(certificate) = chain.first().and_then(|first| EndEntityCert::try_from(first).ok()) else {
            return Vec::new();
        };
        let file = &files.certificate;
        // Its time is looked at before anyone who may have signed it; that nobody is known who did is no matter here.
        let usage = KeyUsage::server_auth();
        let of_time = match certificate.verify_for_usage(&[], &[], &[], now, usage, None, None) {
            Err(Error::CertExpired { .. }) => Some(Self::Expired(file.clone())),
            Err(Error::CertNotValidYet { .. }) => Some(Self::NotYetValid(file.clone())),
            _ => None,
        };
        let named = |origin: &Origin| {
            origin
                .server_name()
                .is_none_or(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
        };
        let others = origins.iter().filter(|origin| origin.is_secure() && !named(origin));
        let others = others.map(|origin| Self::OtherHost(file.clone(), origin.clone()));
        of_time.into_iter().chain(others).collect()
    }
}

impl fmt::Display for CertificateCaution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherHost(file, origin) => write!(
                f,
                "the certificate in {} does not name the host of {origin} in its subjectAltName: browsers warn of the page \
                 there, and no page of another site can use the relay",
                file.display()
            ),
            Self::Expired(file) => {
                write!(f, "the certificate in {} has expired: browsers refuse it", file.display())
            }
            Self::NotYetValid(file) => write!(
                f,
                "the certificate in {} is not valid yet: browsers refuse it; if it is, this machine's clock is slow",
                file.display()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use CertificateCaution::{Expired, NotYetValid, OtherHost};

    #[test]
    fn a_certificate_is_compared_with_the_origins_and_the_clock() {
        let directory = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: directory.path().join("relay.crt"),
            key: directory.path().join("relay.key"),
        };
        let names = ["relay.example.org".to_owned(), "192.0.2.1".to_owned()];
        let mut parameters = rcgen::CertificateParams::new(names).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2026, 3, 1);
        let made = parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        std::fs::write(&files.certificate, made.pem()).unwrap();
        let file = || files.certificate.clone();
        let origin = |text: &str| text.parse::<Origin>().unwrap();
        let at = |seconds, origins: &[Origin]| {
            CertificateCaution::at(UnixTime::since_unix_epoch(Duration::from_secs(seconds)), &files, origins)
        };
        // 1 February, 1 April and 1 December.
        let (during, after, before) = (1_769_904_000, 1_775_001_600, 1_764_547_200);
        let right = ["https://relay.example.org", "https://192.0.2.1:8443", "http://intranet"].map(origin);
        assert_eq!(at(during, &right), []);
        assert_eq!(at(after, &right), [Expired(file())]);
        assert_eq!(at(before, &right), [NotYetValid(file())]);
        for other in ["https://relay.example.com:8443", "https://192.0.2.2", "https://[2001:db8::1]:8443"] {
            assert_eq!(at(during, &[origin(other)]), [OtherHost(file(), origin(other))]);
        }
    }
}
