use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use heloscope_specimen::Fleet;
use tokio::time::Instant;

/// The mail servers with known faults, under `specimen.test`.
pub(crate) struct Demo {
    fleet: Mutex<(Instant, Arc<Fleet>)>,
}

/// The name that all specimens are under, RFC 6761 §6.2.
const DOMAIN: &str = "specimen.test";

/// Their sound certificates hold for 60 days; the report warns 30 days before the end.
const RENEWED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

impl Demo {
    pub(crate) fn new() -> Self {
        Self { fleet: Mutex::new((Instant::now(), new_fleet())) }
    }

    /// Whether the name is a specimen's, or could be.
    fn is_responsible_for(name: &str) -> bool {
        name.strip_suffix(DOMAIN).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// Whether to connect to the host at that address is to connect to a specimen: at none but its own, where one is given.
    pub(crate) fn is_asked_for(&self, name: &str, address: Option<IpAddr>) -> bool {
        Self::is_responsible_for(name)
            && address.is_none_or(|address| {
                self.fleet().find(name).is_some_and(|specimen| specimen.address() == address)
            })
    }

    /// The specimens, with certificates at most a day old.
    pub(crate) fn fleet(&self) -> Arc<Fleet> {
        let mut fleet = self.fleet.lock().unwrap_or_else(PoisonError::into_inner);
        if fleet.0.elapsed() >= RENEWED_AFTER {
            *fleet = (Instant::now(), new_fleet());
        }
        fleet.1.clone()
    }
}

fn new_fleet() -> Arc<Fleet> {
    let since_1970 = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Arc::new(Fleet::new(i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_under_the_domain_are_specimens() {
        for (name, specimen) in [
            ("healthy.specimen.test", true),
            ("specimen.test", true),
            ("a.b.specimen.test", true),
            ("notspecimen.test", false),
            ("specimen.test.example", false),
        ] {
            assert_eq!(Demo::is_responsible_for(name), specimen, "{name}");
        }
    }
}
