//! The certificate by ACME, RFC 8555: the relay proves by TLS on its own listener (RFC 8737) that a name is its own.

use std::fmt;
use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::StreamExt;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_acme::caches::DirCache;
use rustls_acme::{AcmeConfig, AcmeState, EventError, EventOk};

use crate::{Contact, Origin};

/// Where a relay gets its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acme {
    /// The authority's directory, RFC 8555 §7.1.1.
    pub directory: String,
    /// A directory for the account's key, the certificate and its key; made where it is not there.
    pub cache: PathBuf,
    /// Trust anchors (PEM) for a directory of a private authority; without them those of Mozilla count.
    pub ca_file: Option<PathBuf>,
}

impl Acme {
    /// Makes sure that the cache can be written and read, before anything is ordered: an authority gives a name few certificates a
    /// week, and would else be asked at each start. A directory that is made here is nobody else's to read.
    pub(crate) fn prepare_cache(&self) -> Result<(), AcmeFault> {
        let kept = || {
            let mut directory = DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut directory, 0o700);
            directory.recursive(true).create(&self.cache)?;
            let trial = self.cache.join(format!(".trial-{}", std::process::id()));
            fs::write(&trial, "")?;
            // A umask may let it be written, and not be read.
            let read = fs::read(&trial);
            fs::remove_file(&trial)?;
            read
        };
        let fault = |error: io::Error| AcmeFault::Cache(self.cache.clone(), error.to_string());
        kept().map(drop).map_err(fault)
    }
}

/// The protocol by which an authority looks whether a name is the relay's, RFC 8737 §3.
pub(crate) const CHALLENGE: &[u8] = b"acme-tls/1";

/// Gets the certificate, and a new one before it ends.
pub(crate) struct Order {
    state: AcmeState<io::Error>,
}

impl Order {
    /// For the names that are origins of the relay by HTTPS.
    pub(crate) fn new(acme: &Acme, origins: &[Origin], contact: Option<&Contact>) -> Result<Self, AcmeFault> {
        let names: Vec<&str> = origins.iter().filter_map(Origin::certifiable).collect();
        if names.is_empty() {
            return Err(AcmeFault::NoName);
        }
        let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has suites for TLS 1.2 and 1.3")
            .with_root_certificates(roots(acme.ca_file.as_deref())?)
            .with_no_client_auth();
        let state = AcmeConfig::new_with_client_config(names, Arc::new(client))
            .contact(contact.and_then(Contact::mailto))
            .directory(&acme.directory)
            .cache(DirCache::new(acme.cache.clone()))
            .state();
        Ok(Self { state })
    }

    /// What a server speaks TLS with, the authority's challenges among it. Until there is a certificate it speaks none.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has suites for TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(self.state.resolver());
        config.alpn_protocols = [&b"h2"[..], b"http/1.1", CHALLENGE].map(<[u8]>::to_vec).to_vec();
        Arc::new(config)
    }

    /// Orders, waits and orders again; what fails is tried again, less and less often.
    pub(crate) async fn run(mut self) {
        while let Some(event) = self.state.next().await {
            match event {
                Ok(EventOk::DeployedNewCert) => {
                    tracing::info!("the certificate authority gave a certificate");
                }
                Ok(EventOk::DeployedCachedCert) => tracing::info!("the certificate is one from the cache"),
                Ok(EventOk::CertCacheStore | EventOk::AccountCacheStore) => {}
                Err(EventError::CertCacheStore(error) | EventError::AccountCacheStore(error)) => {
                    tracing::error!(
                        %error,
                        "acme-cache cannot be written: the next start orders another certificate"
                    );
                }
                Err(EventError::CertCacheLoad(error) | EventError::AccountCacheLoad(error)) => {
                    tracing::error!(%error, "acme-cache cannot be read: another certificate is ordered");
                }
                Err(EventError::CachedCertParse(error)) => {
                    tracing::error!(%error, "what is in acme-cache is no certificate: another is ordered");
                }
                Err(error @ (EventError::Order(_) | EventError::NewCertParse(_))) => {
                    tracing::error!(%error, "the certificate cannot be had; it is ordered again");
                }
            }
        }
    }
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, AcmeFault> {
    let Some(file) = ca_file else {
        return Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect());
    };
    let unusable = |reason: String| AcmeFault::CaFile(file.to_owned(), reason);
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("there is no certificate in it".to_owned())) } else { Ok(roots) }
}

/// Why no certificate can be ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcmeFault {
    /// No origin of the relay is a name by HTTPS.
    NoName,
    /// The authority's trust anchors cannot be used, for this reason.
    CaFile(PathBuf, String),
    /// What is to be kept cannot be, for this reason.
    Cache(PathBuf, String),
}

impl AcmeFault {
    /// The name of the setting to change.
    pub(crate) fn setting(&self) -> &'static str {
        match self {
            Self::NoName => "origin",
            Self::CaFile(..) => "acme-ca-file",
            Self::Cache(..) => "acme-cache",
        }
    }
}

impl fmt::Display for AcmeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => f.write_str(
                "a certificate by ACME is for the names of --origin, such as https://relay.example.org, and there is none",
            ),
            Self::CaFile(file, reason) => write!(f, "{} cannot be used: {reason}", file.display()),
            Self::Cache(directory, reason) => {
                write!(f, "nothing can be kept in the directory {}: {reason}", directory.display())
            }
        }
    }
}

impl std::error::Error for AcmeFault {}
