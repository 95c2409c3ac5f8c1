//! On what terms the relay serves: all in its settings that can change while it runs, made anew when they do.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use heloscope_wire::Limits;

use crate::access::Admitted;
use crate::address::AddressPolicy;
use crate::demo::Demo;
use crate::dial::Dialler;
use crate::lookups::Lookups;
use crate::outside::Outside;
use crate::reach::Reach;
use crate::standing::Standing;
use crate::{Contact, DenyReloader, EhloName, Origin, SessionLimits, Settings, TrustAnchors, TrustedProxy};

/// What holds for a connection or a request from its beginning to its end.
pub(crate) struct Terms {
    pub(crate) dialler: Dialler,
    pub(crate) trusted_proxies: Vec<TrustedProxy>,
    /// The EHLO name as it is told to everybody.
    pub(crate) ehlo_name: String,
    pub(crate) contact: Option<Contact>,
    /// Other relays that its page offers.
    pub(crate) other_relays: Vec<Origin>,
    pub(crate) trust_anchors: TrustAnchors,
    pub(crate) limits: SessionLimits,
    /// These and others, as they are told, the quotas aside.
    pub(crate) told_limits: Limits,
    pub(crate) header: Duration,
    /// HTTP connections of one client.
    pub(crate) client_connections: u64,
    pub(crate) grace: Duration,
}

/// What stays as it is while they change.
pub(crate) struct Ground {
    /// The address that the relay listens on.
    pub(crate) listener: IpAddr,
    /// The origins by which that is reached.
    pub(crate) origins: Vec<Origin>,
    pub(crate) deny: DenyReloader,
    pub(crate) reach: Arc<Reach>,
    pub(crate) outside: Arc<Outside>,
    pub(crate) lookups: Lookups,
    /// Made when it is asked for first.
    pub(crate) demo: OnceLock<Arc<Demo>>,
}

impl Terms {
    pub(crate) fn of(settings: &Settings, ground: &Ground) -> Self {
        let ehlo_name = settings.ehlo_name.clone().or_else(EhloName::of_machine);
        let own = || settings.own_addresses.first().unwrap_or(ground.listener);
        Self {
            ehlo_name: ehlo_name.clone().unwrap_or_else(|| EhloName::literal(own())).to_string(),
            dialler: Dialler {
                ports: settings.ports.clone(),
                addresses: AddressPolicy::new(&settings.allow_nets, settings.own_addresses.clone())
                    .known_by(ground.outside.clone()),
                deny: ground.deny.clone(),
                resolver: settings.resolver.clone(),
                lookups: ground.lookups.clone(),
                resolve_limit: settings.limits.resolve,
                connect_limit: settings.limits.connect,
                ehlo_name,
                listener: ground.listener,
                demo: settings.demo.then(|| ground.demo.get_or_init(|| Arc::new(Demo::new())).clone()),
                reach: ground.reach.clone(),
                public: settings.public,
            },
            trusted_proxies: settings.trusted_proxies.clone(),
            contact: settings.contact.clone(),
            other_relays: settings.other_relays.clone(),
            trust_anchors: settings.trust_anchors.clone(),
            limits: settings.limits,
            told_limits: settings.limits_on_the_wire(),
            header: settings.header,
            client_connections: settings.client_connections,
            grace: settings.grace,
        }
    }

    /// Where its page may connect: `own`, its own WebSocket origin, and the other relays that it offers.
    pub(crate) fn with_others(&self, own: String) -> String {
        self.other_relays.iter().fold(own, |all, relay| format!("{all} {relay} {}", relay.socket()))
    }

    /// How other mail servers are to see a public relay; of another there is nothing to compare.
    pub(crate) fn standing(&self, settings: &Settings) -> Option<Standing> {
        settings.public.then(|| Standing {
            name: self.ehlo_name.clone(),
            own: settings.own_addresses.known_outside(),
            resolver: settings.resolver.clone(),
        })
    }
}

impl Ground {
    /// Who may use a relay with these settings.
    pub(crate) fn admitted(&self, settings: &Settings) -> Admitted {
        let (sites, token) = (settings.allow_origins.clone(), settings.token.clone());
        let own = settings.origins.clone();
        let internal = match self.listener.is_loopback() {
            // This machine's own programs reach a relay on loopback although a proxy before it has another name.
            true => self.origins.clone(),
            false => Vec::new(),
        };
        match own.is_empty() {
            true => Admitted { own: self.origins.clone(), internal: Vec::new(), sites, token },
            false => Admitted { own, internal, sites, token },
        }
    }
}
