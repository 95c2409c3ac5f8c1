use std::path::Path;

use heloscope_observation::STANDARD_PORTS;
use heloscope_relay::{CertificateFault, Settings, TlsFiles, TrustAnchors, text_of};

use super::{Fault, Loaded};

impl Loaded {
    /// Adds what is wrong with the whole although each value by itself is right, and with the files it names; but not
    /// what only seems so as a value could not be read.
    pub(super) fn check(&mut self) {
        let unread: Vec<&str> = self.faults.iter().filter_map(|fault| fault.setting).collect();
        let (settings, mut found) = self.made(&unread);
        let contradictions = settings
            .contradictions()
            .into_iter()
            .filter(|contradiction| !contradiction.settings().iter().any(|setting| unread.contains(setting)));
        found.extend(contradictions.map(|found| self.fault(found.setting(), found.to_string())));
        self.faults.extend(found);
    }

    /// What the operator should know of; nothing where the settings cannot be made.
    pub(crate) fn cautions(&self) -> Vec<Fault> {
        let cautions = self.settings().map(|settings| settings.cautions()).unwrap_or_default();
        cautions.iter().map(|caution| self.fault(caution.setting(), caution.to_string())).collect()
    }

    /// The relay's settings; reads the files that the configuration names, but for the deny file.
    pub(crate) fn settings(&self) -> Result<Settings, Vec<Fault>> {
        let (settings, faults) = self.made(&[]);
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }

    /// The same, and what is wrong with them; of these settings nothing is known.
    fn made(&self, unread: &[&str]) -> (Settings, Vec<Fault>) {
        let mut faults = Vec::new();
        let mut settings = self.config.relay.clone();
        settings.ports = STANDARD_PORTS.to_vec();
        for port in &self.config.allow_ports {
            match settings.ports.iter().find(|known| known.port == port.port) {
                Some(known) if known.mode != port.mode => {
                    faults.push(self.fault(
                        "allow-port",
                        format!("port {} has two TLS modes; a port has one", port.port),
                    ));
                }
                Some(_) => {}
                None => settings.ports.push(*port),
            }
        }
        if let Some(path) = &self.config.ca_file {
            match anchors_in(path) {
                Ok(anchors) => settings.trust_anchors = anchors,
                Err(what) => faults.push(self.fault("ca-file", what)),
            }
        }
        if let Some(path) = &self.config.quota_store_ca_file {
            let anchors = anchors_in(path);
            match (anchors, &settings.quota_store) {
                (Err(what), _) => faults.push(self.fault("quota-store-ca-file", what)),
                (Ok(anchors), Some(store)) => match store.trusting(&anchors) {
                    Ok(store) => settings.quota_store = Some(store),
                    Err(what) => faults.push(self.fault("quota-store-ca-file", what)),
                },
                (Ok(_), None) if unread.contains(&"quota-store") => {}
                (Ok(_), None) => {
                    faults.push(self.fault("quota-store-ca-file", "it needs quota-store as well".to_owned()));
                }
            }
        }
        let needs = |setting, other: &str| {
            let known = !unread.contains(&other);
            known.then(|| self.fault(setting, format!("HTTPS needs {other} as well")))
        };
        match (self.config.tls_cert.clone(), self.config.tls_key.clone()) {
            (None, None) => {}
            (Some(certificate), Some(key)) => settings.tls = Some(TlsFiles { certificate, key }),
            (certificate, key) => {
                let alone = CertificateFault::of(certificate.as_deref(), key.as_deref());
                faults.extend(alone.iter().map(|fault| self.fault(fault.setting(), fault.to_string())));
                faults.extend(certificate.and_then(|_| needs("tls-cert", "tls-key")));
                faults.extend(key.and_then(|_| needs("tls-key", "tls-cert")));
            }
        }
        #[cfg(feature = "acme")]
        match self.config.acme_cache.clone() {
            Some(cache) if self.config.acme => {
                settings.acme = Some(heloscope_relay::Acme {
                    directory: self.config.acme_directory.clone(),
                    cache,
                    ca_file: self.config.acme_ca_file.clone(),
                });
            }
            None if self.config.acme && !unread.contains(&"acme-cache") => {
                faults.push(
                    self.fault("acme", "ACME needs acme-cache as well, a directory of its own".to_owned()),
                );
            }
            _ => {}
        }
        (settings, faults)
    }
}

/// The certificates of a file; or what is wrong with it.
fn anchors_in(path: &Path) -> Result<TrustAnchors, String> {
    text_of(path)
        .map_err(|error| error.to_string())
        .and_then(|text| TrustAnchors::from_pem(&text).map_err(|fault| fault.to_string()))
        .map_err(|why| format!("the CA file {} cannot be used: {why}", path.display()))
}
