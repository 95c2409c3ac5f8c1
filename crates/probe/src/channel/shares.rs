//! Key shares that hold no command.
//!
//! A hello that holds one by chance is made anew, see [`holds_no_command`](super::holds_no_command). The second hello,
//! after a HelloRetryRequest, cannot be: the first, to which its random and its session id belong, is on its way. What
//! is new in it and drawn by chance is the share, so that each share is looked at as it is drawn.

use std::sync::OnceLock;

use heloscope_smtp::stray_command;
use rustls::crypto::{ActiveKeyExchange, CryptoProvider, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, ProtocolVersion};

/// The provider of [`heloscope_crypto`], whose shares hold no command.
pub(crate) fn provider() -> CryptoProvider {
    static GROUPS: OnceLock<Vec<Harmless>> = OnceLock::new();
    let provider = heloscope_crypto::provider();
    let groups = GROUPS.get_or_init(|| provider.kx_groups.iter().map(|group| Harmless(*group)).collect());
    CryptoProvider {
        kx_groups: groups.iter().map(|group| group as &dyn SupportedKxGroup).collect(),
        ..provider
    }
}

/// A group of which a share is drawn until it holds no command, wherever in a hello it stands.
#[derive(Debug)]
struct Harmless(&'static dyn SupportedKxGroup);

impl SupportedKxGroup for Harmless {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        loop {
            let exchange = self.0.start()?;
            if stray_command(exchange.pub_key(), &(0..0)).is_none() {
                return Ok(exchange);
            }
        }
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        self.0.ffdhe_group()
    }

    fn name(&self) -> NamedGroup {
        self.0.name()
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        self.0.usable_for_version(version)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use rustls::crypto::SharedSecret;

    use super::*;

    /// Draws these shares, one after the other.
    #[derive(Debug)]
    struct Scripted(AtomicUsize);

    const SHARES: [&[u8]; 5] = [b"\x04xxRcPt", b"mail", b"\x04x\r\n data", b"\x04x\nVRFY", b"\x04x mail"];

    impl SupportedKxGroup for Scripted {
        fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
            Ok(Box::new(Drawn(SHARES[self.0.fetch_add(1, Relaxed)])))
        }

        fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
            None
        }

        fn name(&self) -> NamedGroup {
            NamedGroup::secp256r1
        }
    }

    struct Drawn(&'static [u8]);

    impl ActiveKeyExchange for Drawn {
        fn complete(self: Box<Self>, _: &[u8]) -> Result<SharedSecret, Error> {
            Ok(self.0.into())
        }

        fn pub_key(&self) -> &[u8] {
            self.0
        }

        fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
            None
        }

        fn group(&self) -> NamedGroup {
            NamedGroup::secp256r1
        }
    }

    #[test]
    fn a_share_is_drawn_until_it_holds_no_command() {
        static SCRIPTED: Scripted = Scripted(AtomicUsize::new(0));
        assert_eq!(Harmless(&SCRIPTED).start().unwrap().pub_key(), SHARES[4]);
    }

    #[test]
    fn the_groups_are_those_of_the_provider_and_every_one_is_looked_at() {
        let (plain, harmless) = (heloscope_crypto::provider(), provider());
        let names = |provider: &CryptoProvider| {
            provider.kx_groups.iter().map(|group| group.name()).collect::<Vec<_>>()
        };
        assert_eq!(names(&plain), names(&harmless));
        for group in harmless.kx_groups {
            assert!(format!("{group:?}").starts_with("Harmless("), "{group:?}");
            assert_eq!(group.start().unwrap().group(), group.name());
        }
    }
}
