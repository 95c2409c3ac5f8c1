//! What a relay starts with, and that is hardly meant.

use std::fmt;

use crate::{Origin, Settings};

/// Something in the settings with which a relay starts, but of which its operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caution {
    /// Only a proxy can be in front of it, and none is trusted: all clients would be the proxy.
    OneClient(Origin),
    /// It is public and speaks plain HTTP.
    Clear(Origin),
}

impl Caution {
    /// The name of the setting to change.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::OneClient(_) => "trusted-proxy",
            Self::Clear(_) => "origin",
        }
    }
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneClient(origin) => write!(
                f,
                "a relay that listens on a loopback address, without TLS, is {origin} only by way of a proxy; all clients \
                 would be one, and share its quotas: name the proxy with trusted-proxy, such as 127.0.0.1"
            ),
            Self::Clear(origin) => write!(
                f,
                "{origin} has no TLS: browsers do not let pages that came by HTTPS use it, and what is said with it is not \
                 protected on the way; give it a certificate with tls-cert and tls-key, and an origin with https://"
            ),
        }
    }
}

impl Settings {
    /// What the operator should know of before a relay runs with these settings.
    pub fn cautions(&self) -> Vec<Caution> {
        let of_scheme =
            |secure: bool| self.origins.iter().find(|origin| origin.is_secure() == secure).cloned();
        if !self.public || self.speaks_https() {
            return Vec::new();
        }
        let caution = match self.listen.ip().is_loopback() {
            true if self.trusted_proxies.is_empty() => of_scheme(true).map(Caution::OneClient),
            true => None,
            false => of_scheme(false).map(Caution::Clear),
        };
        caution.into_iter().collect()
    }

    fn speaks_https(&self) -> bool {
        #[cfg(feature = "acme")]
        if self.acme.is_some() {
            return true;
        }
        self.tls.is_some()
    }
}
