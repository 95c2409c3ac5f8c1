use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, OtherError, ServerConfig};
use tokio::time::{MissedTickBehavior, interval};

mod caution;
mod fingerprint;

use crate::Origin;
use crate::files::octets_of;
pub use caution::CertificateCaution;
use fingerprint::Fingerprint;

/// The files, in PEM, with which a relay speaks HTTPS itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain, the relay's own certificate first.
    pub certificate: PathBuf,
    /// The private key of that certificate.
    pub key: PathBuf,
}

/// Reads the certificate files again. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CertificateReloader(Arc<Certificate>);

#[derive(Debug)]
struct Certificate {
    files: RwLock<TlsFiles>,
    /// Those of the relay, with which a certificate is compared.
    origins: RwLock<Vec<Origin>>,
    provider: CryptoProvider,
    /// The files as they were when they were last read, whatever came of it.
    read: Mutex<Fingerprint>,
    current: RwLock<Arc<CertifiedKey>>,
}

/// How often it is looked whether the files have changed. (A look is two calls of `stat`.)
const LOOK: Duration = Duration::from_secs(2);

impl CertificateReloader {
    /// Reads the files for the first time.
    pub(crate) fn open(files: TlsFiles) -> Result<Self, CertificateFault> {
        let provider = ring::default_provider();
        let read = Mutex::new(Fingerprint::of(&files));
        let current = RwLock::new(Arc::new(load(&files, &provider)?));
        Ok(Self(Arc::new(Certificate {
            files: RwLock::new(files),
            origins: RwLock::default(),
            provider,
            read,
            current,
        })))
    }

    /// Reads the files again; connections that are open keep what they have.
    ///
    /// # Errors
    /// Where a file cannot be read, or the key is not that of the certificate; then the old pair stays.
    pub fn reload(&self) -> Result<(), CertificateFault> {
        let Certificate { provider, read, current, .. } = &*self.0;
        let files = self.files();
        // Before they are read: what changes in between is then seen as a change.
        *read.lock().unwrap_or_else(PoisonError::into_inner) = Fingerprint::of(&files);
        let pair = load(&files, provider)?;
        *current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
        Ok(())
    }

    /// Compares certificates that take this one's place with other origins from now on.
    pub(crate) fn serve_under(&self, origins: &[Origin]) {
        *self.0.origins.write().unwrap_or_else(PoisonError::into_inner) = origins.to_vec();
    }

    /// Reads other files, or the same again, from now on, and tells the log how that went.
    pub(crate) fn change(&self, files: &TlsFiles) {
        self.0.files.write().unwrap_or_else(PoisonError::into_inner).clone_from(files);
        self.reload_and_log();
    }

    fn files(&self) -> TlsFiles {
        self.0.files.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files again whenever they have changed.
    pub(crate) async fn watch(self) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            if self.has_changed() && self.reload_and_log() {
                let origins = self.0.origins.read().unwrap_or_else(PoisonError::into_inner).clone();
                for caution in CertificateCaution::now(&self.files(), &origins) {
                    tracing::warn!("{caution}");
                }
            }
        }
    }

    /// Reads the files again, and tells the log how that went; whether they are in service now.
    fn reload_and_log(&self) -> bool {
        let read = self.reload();
        match &read {
            Ok(()) => tracing::info!("read the certificate files again"),
            // One file is there before the other whenever both are replaced.
            Err(error @ CertificateFault::NoPair(_)) => tracing::warn!(
                %error,
                "the certificate and the key do not belong together: those from before stay in service until they do"
            ),
            Err(error) => tracing::error!(%error, "keeping the certificate as it was"),
        }
        read.is_ok()
    }

    fn has_changed(&self) -> bool {
        *self.0.read.lock().unwrap_or_else(PoisonError::into_inner) != Fingerprint::of(&self.files())
    }

    /// TLS 1.2 and 1.3 with this certificate, whatever name is asked for or none, and HTTP/2 before HTTP/1.1.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(self.0.provider.clone()))
            .with_safe_default_protocol_versions()
            .expect("ring has suites for TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self.clone()));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }
}

impl ResolvesServerCert for CertificateReloader {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn load(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, CertificateFault> {
    pair(files, chain_in(&files.certificate)?, key_in(&files.key)?, provider)
}

fn chain_in(file: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateFault> {
    octets_of(file)
        .map_err(pem::Error::Io)
        .and_then(|octets| CertificateDer::pem_slice_iter(&octets).collect::<Result<Vec<_>, _>>())
        .and_then(|chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) })
        .map_err(|error| CertificateFault::NoCertificate(file.to_owned(), reason(error)))
}

fn key_in(file: &Path) -> Result<PrivateKeyDer<'static>, CertificateFault> {
    let no_key = |error| CertificateFault::NoKey(file.to_owned(), reason(error));
    let octets = octets_of(file).map_err(|error| no_key(pem::Error::Io(error)))?;
    PrivateKeyDer::from_pem_slice(&octets).map_err(|error| match has_passphrase(&octets) {
        true => CertificateFault::LockedKey(file.to_owned()),
        false => no_key(error),
    })
}

/// Whether a key is encrypted, as PKCS #8 has it (RFC 7468 §11) or as the headers of RFC 1421 §4.6 do.
fn has_passphrase(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    ["-----BEGIN ENCRYPTED PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED"].iter().any(|mark| text.contains(mark))
}

fn pair(
    files: &TlsFiles,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, CertificateFault> {
    if provider.key_provider.load_private_key(key.clone_key()).is_err() {
        return Err(CertificateFault::OtherKey(files.key.clone()));
    }
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => CertificateFault::NoPair(files.clone()),
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(why)))
            if why.downcast_ref() == Some(&webpki::Error::UnsupportedCertVersion) =>
        {
            CertificateFault::OldVersion(files.certificate.clone())
        }
        other => CertificateFault::Unusable(files.clone(), other.to_string()),
    })
}

/// Why the certificate files cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// The certificate's file cannot be read, or holds none; in the reader's words.
    NoCertificate(PathBuf, String),
    /// The key's file cannot be read, or holds none; in the reader's words.
    NoKey(PathBuf, String),
    /// The key is encrypted with a passphrase.
    LockedKey(PathBuf),
    /// The key is of a kind that cannot be used, or damaged.
    OtherKey(PathBuf),
    /// The key is another certificate's.
    NoPair(TlsFiles),
    /// The certificate is of an X.509 version before 3, which has no extensions.
    OldVersion(PathBuf),
    /// The certificate is of a kind that cannot be used; in the TLS engine's words.
    Unusable(TlsFiles, String),
}

fn reason(error: pem::Error) -> String {
    match error {
        pem::Error::NoItemsFound => "there is none, as PEM, in it".to_owned(),
        pem::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

impl CertificateFault {
    /// All that is wrong with the files, of which one may not be known.
    pub fn of(certificate: Option<&Path>, key: Option<&Path>) -> Vec<Self> {
        let (chain_read, key_read) = (certificate.map(chain_in), key.map(key_in));
        match (certificate.zip(chain_read), key.zip(key_read)) {
            (Some((certificate, Ok(chain))), Some((key, Ok(key_read)))) => {
                let files = TlsFiles { certificate: certificate.to_owned(), key: key.to_owned() };
                pair(&files, chain, key_read, &ring::default_provider()).err().into_iter().collect()
            }
            (chain, key) => {
                let chain = chain.and_then(|(_, read)| read.err());
                chain.into_iter().chain(key.and_then(|(_, read)| read.err())).collect()
            }
        }
    }

    /// The name of the setting to change.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::NoCertificate(..) | Self::OldVersion(_) | Self::Unusable(..) => "tls-cert",
            Self::NoKey(..) | Self::LockedKey(_) | Self::OtherKey(_) | Self::NoPair(_) => "tls-key",
        }
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate(file, reason) => {
                write!(f, "the certificate cannot be read from {}: {reason}", file.display())
            }
            Self::NoKey(file, reason) => {
                write!(f, "the key cannot be read from {}: {reason}", file.display())
            }
            Self::LockedKey(file) => {
                let file = file.display();
                write!(
                    f,
                    "the key in {file} has a passphrase, and nobody is there to type it: write the key without one to another \
                     file, openssl pkey -in {file} -out OTHER, and name that, readable for the relay alone"
                )
            }
            Self::OtherKey(file) => write!(
                f,
                "the key in {} is damaged, or of a kind that cannot be used: take RSA with 2048 to 4096 bits, ECDSA on the curve \
                 P-256 or P-384, or Ed25519, and a certificate for it",
                file.display()
            ),
            Self::NoPair(TlsFiles { certificate, key }) => write!(
                f,
                "the key in {} is not that of the first certificate in {}",
                key.display(),
                certificate.display()
            ),
            Self::OldVersion(file) => write!(
                f,
                "the first certificate in {} is of X.509 version 1, which has no extensions, and so does not name the host \
                 where browsers look for it: make one of version 3 with a subjectAltName, such as by openssl x509 -req \
                 -extfile",
                file.display()
            ),
            Self::Unusable(TlsFiles { certificate, key }, reason) => {
                write!(f, "{} and {} cannot be used: {reason}", certificate.display(), key.display())
            }
        }
    }
}

impl std::error::Error for CertificateFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_that_is_half_written_leaves_the_old_one_in_place() {
        let directory = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: directory.path().join("relay.crt"),
            key: directory.path().join("relay.key"),
        };
        let write = |name: &Path, text: &str| std::fs::write(name, text).unwrap();
        let ([first, first_key], [second, second_key]) = (pair(), pair());
        write(&files.certificate, &first);
        write(&files.key, &first_key);
        let reloader = CertificateReloader::open(files.clone()).unwrap();
        let served = || reloader.0.current.read().unwrap().cert[0].clone();
        let old = served();
        assert!(!reloader.has_changed());

        write(&files.certificate, &second);
        assert!(reloader.has_changed());
        assert_eq!(reloader.reload(), Err(CertificateFault::NoPair(files.clone())));
        assert!(!reloader.has_changed(), "it is said once");
        assert_eq!(served(), old);
        write(&files.key, &second_key[..second_key.len() / 2]);
        assert!(matches!(reloader.reload(), Err(CertificateFault::NoKey(name, _)) if name == files.key));
        assert_eq!(served(), old);
        write(&files.key, &second_key);
        assert!(reloader.has_changed());
        assert_eq!(reloader.reload(), Ok(()));
        assert_ne!(served(), old);
    }

    #[test]
    fn a_file_replaced_by_another_of_the_same_size_is_a_change() {
        let directory = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: directory.path().join("relay.crt"),
            key: directory.path().join("relay.key"),
        };
        let [certificate, key] = pair();
        std::fs::write(&files.certificate, &certificate).unwrap();
        std::fs::write(&files.key, &key).unwrap();
        let reloader = CertificateReloader::open(files.clone()).unwrap();
        let beside = directory.path().join("new.key");
        std::fs::write(&beside, &key).unwrap();
        std::fs::rename(&beside, &files.key).unwrap();
        assert!(reloader.has_changed());
        reloader.reload().unwrap();
        std::fs::remove_file(&files.key).unwrap();
        assert!(reloader.has_changed());
        assert!(matches!(reloader.reload(), Err(CertificateFault::NoKey(..))));
    }

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let certificate = directory.path().join("relay.crt");
        std::fs::write(&certificate, "").unwrap();
        let files = TlsFiles { certificate, key: directory.path().join("relay.key") };
        let fault = CertificateReloader::open(files).unwrap_err().to_string();
        assert!(fault.ends_with("relay.crt: there is none, as PEM, in it"), "{fault}");
    }

    #[test]
    fn a_certificate_of_version_1_is_named_with_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: directory.path().join("relay.crt"),
            key: directory.path().join("relay.key"),
        };
        std::fs::write(&files.certificate, include_str!("tls/version-1.crt")).unwrap();
        std::fs::write(&files.key, &pair()[1]).unwrap();
        let fault = CertificateReloader::open(files.clone()).unwrap_err();
        assert_eq!(fault, CertificateFault::OldVersion(files.certificate));
        let told = fault.to_string();
        assert!(told.contains("relay.crt is of X.509 version 1"), "{told}");
        assert!(told.contains("openssl x509 -req -extfile"), "{told}");
    }

    #[test]
    fn a_key_with_a_passphrase_or_of_another_kind_is_told_with_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: directory.path().join("relay.crt"),
            key: directory.path().join("relay.key"),
        };
        let [certificate, key] = pair();
        std::fs::write(&files.certificate, certificate).unwrap();
        let told = |key: &str| {
            std::fs::write(&files.key, key).unwrap();
            let fault = CertificateReloader::open(files.clone()).unwrap_err();
            assert_eq!(fault.setting(), "tls-key");
            fault.to_string()
        };
        let locked = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        let traditional = key.replace("PRIVATE KEY", "RSA PRIVATE KEY").replacen(
            "-----\n",
            "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,31ACC00289C34329C13F0609509028ED\n\n",
            1,
        );
        for key in [locked, traditional] {
            let told = told(&key);
            assert!(
                told.contains("relay.key has a passphrase") && told.contains("openssl pkey -in "),
                "{told}"
            );
        }
        let other = told(include_str!("tls/secp256k1.key"));
        assert!(other.contains("relay.key is damaged, or of a kind") && other.contains("P-384"), "{other}");
    }

    fn pair() -> [String; 2] {
        let made = rcgen::generate_simple_self_signed(["relay.example".to_owned()]).unwrap();
        [made.cert.pem(), made.signing_key.serialize_pem()]
    }
}
