use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use heloscope_words::say;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How TLS is spoken with a relay: its certificate has to be right, under Mozilla's roots or one of those in the PEM files.
pub(crate) fn client_config(files: &[PathBuf]) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for file in files {
        let certificates: Vec<_> = CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect)
            .with_context(|| say!("cannot read {}", file.display()))?;
        ensure!(!certificates.is_empty(), "{}", say!("no certificates in {}", file.display()));
        for certificate in certificates {
            roots.add(certificate).with_context(|| say!("no trust anchors in {}", file.display()))?;
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
