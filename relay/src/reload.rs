use std::sync::Arc;

use crate::routes::Desk;
use crate::tls::CertificateReloader;
use crate::{DenyReloader, Settings};

/// Changes a relay that runs. Sessions that are open go on as they began.
pub struct Reloader {
    pub(crate) desk: Arc<Desk>,
    pub(crate) deny: DenyReloader,
    pub(crate) certificate: Option<CertificateReloader>,
}

impl Reloader {
    /// Takes over from the settings who may use the relay (the sites and the token) and the quotas, and reads the deny file
    /// and the certificate files again; says so in the log. All else in the settings stays as it was.
    pub fn reload(&self, settings: &Settings) {
        match self.deny.reload() {
            Ok(entries) => tracing::info!(entries, "read the deny file again"),
            Err(error) => tracing::error!(%error, "keeping the deny list as it was"),
        }
        if let Some(certificate) = &self.certificate {
            certificate.reload_and_log();
        }
        self.desk.access.change(settings.allow_origins.clone(), settings.token.clone());
        self.desk.turnstile.change(&settings.quotas);
        tracing::info!("read the configuration again");
    }
}
