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
    /// The certificate in this file is that of a certification authority.
    Authority(PathBuf),
    /// The certificate in this file is for other purposes than a server's.
    OtherPurpose(PathBuf),
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
        // All this is looked at before anyone who may have signed it; that nobody is known who did is no matter here.
        let usage = KeyUsage::server_auth();
        let of_itself = match certificate.verify_for_usage(&[], &[], &[], now, usage, None, None) {
            Err(Error::CertExpired { .. }) => Some(Self::Expired(file.clone())),
            Err(Error::CertNotValidYet { .. }) => Some(Self::NotYetValid(file.clone())),
            Err(Error::CaUsedAsEndEntity) => Some(Self::Authority(file.clone())),
            Err(Error::RequiredEkuNotFoundContext(_)) => Some(Self::OtherPurpose(file.clone())),
            _ => None,
        };
        let named = |origin: &Origin| {
            origin
                .server_name()
                .is_none_or(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
        };
        let others = origins.iter().filter(|origin| origin.is_secure() && !named(origin));
        let others = others.map(|origin| Self::OtherHost(file.clone(), origin.clone()));
        of_itself.into_iter().chain(others).collect()
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
            Self::Authority(file) => write!(
                f,
                "the certificate in {} is a certification authority's own (basicConstraints with CA:TRUE, as openssl req -x509 \
                 makes it): Firefox refuses it as a server's; make one with CA:FALSE, such as by -addext \
                 basicConstraints=critical,CA:FALSE",
                file.display()
            ),
            Self::OtherPurpose(file) => write!(
                f,
                "the certificate in {} is for other purposes (its extendedKeyUsage lacks serverAuth): browsers refuse it",
                file.display()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa};

    use super::*;
    use CertificateCaution::{Authority, Expired, NotYetValid, OtherHost, OtherPurpose};

    /// A certificate of January and February 2026, with what else it is to say.
    fn made(directory: &tempfile::TempDir, further: impl FnOnce(&mut CertificateParams)) -> TlsFiles {
        let [certificate, key] = ["relay.crt", "relay.key"].map(|name| directory.path().join(name));
        let names = ["relay.example.org".to_owned(), "192.0.2.1".to_owned()];
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2026, 3, 1);
        further(&mut parameters);
        let made = parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        std::fs::write(&certificate, made.pem()).unwrap();
        TlsFiles { certificate, key }
    }

    #[test]
    fn a_certificate_is_compared_with_the_origins_and_the_clock() {
        let directory = tempfile::tempdir().unwrap();
        let files = made(&directory, |_| {});
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

    #[test]
    fn what_is_no_servers_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let cautions = |further: fn(&mut CertificateParams)| {
            let files = made(&directory, further);
            CertificateCaution::at(
                UnixTime::since_unix_epoch(Duration::from_secs(1_769_904_000)),
                &files,
                &[],
            )
        };
        let file = || directory.path().join("relay.crt");
        let authority = |it: &mut CertificateParams| it.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let client =
            |it: &mut CertificateParams| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let server =
            |it: &mut CertificateParams| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        assert_eq!(cautions(authority), [Authority(file())]);
        assert_eq!(cautions(client), [OtherPurpose(file())]);
        assert_eq!(cautions(server), []);
        assert_eq!(cautions(|it| it.is_ca = IsCa::ExplicitNoCa), []);
    }
}
