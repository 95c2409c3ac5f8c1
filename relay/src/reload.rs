use std::sync::Arc;

use crate::routes::Desk;
use crate::terms::{Ground, Terms};
use crate::tls::CertificateReloader;
use crate::{Contradiction, Settings};

/// Changes a relay that runs. Sessions that are open go on as they began.
pub struct Reloader {
    pub(crate) desk: Arc<Desk>,
    pub(crate) ground: Arc<Ground>,
    pub(crate) certificate: Option<CertificateReloader>,
    /// What it began with; some of it stays.
    pub(crate) began_with: Settings,
}

impl Reloader {
    /// Takes over all of the settings but where the relay listens and is watched, whether it is public, its workers, the
    /// quota store, the probe of port 25, whether it speaks HTTPS, and ACME; reads the deny file and the certificate files again; and says
    /// so in the log. It has to be called within the runtime that serves.
    ///
    /// # Errors
    /// Where the settings, with those that stay as they are, contradict each other; then all stays as it was.
    pub fn reload(&self, settings: &Settings) -> Result<(), Vec<Contradiction>> {
        let Settings { listen, metrics_listen, public, .. } = self.began_with;
        let settings = Settings { listen, metrics_listen, public, ..settings.clone() };
        let contradictions = settings.contradictions();
        if !contradictions.is_empty() {
            return Err(contradictions);
        }
        match self.ground.deny.change(settings.deny_file.clone()) {
            Ok(entries) if settings.deny_file.is_some() => {
                tracing::info!(entries, "read the deny file again");
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "keeping the deny list as it was"),
        }
        if let (Some(certificate), Some(files)) = (&self.certificate, &settings.tls) {
            certificate.serve_under(&settings.origins);
            certificate.change(files);
        }
        let terms = Terms::of(&settings, &self.ground);
        if terms.ehlo_name != self.desk.terms().ehlo_name {
            terms.standing(&settings).map(|standing| tokio::spawn(standing.log(self.ground.outside.clone())));
        }
        self.desk.access.change(self.ground.admitted(&settings));
        self.desk.turnstile.change(&settings.quotas, settings.limits.longest());
        self.ground.lookups.change(settings.lookups);
        self.desk.change(terms);
        if public {
            self.ground.outside.look_up_again();
        }
        tracing::info!("read the configuration again");
        Ok(())
    }
}
