use heloscope_observation::PortSpec;

use super::setting::{
    ADDRESS_AND_PORT, LEVEL, LOG_FORMAT, Setting, file, list, maybe, number, one, or_off, seconds, secret,
    switch,
};

/// Settings that belong together, under their heading.
pub(crate) struct Group {
    pub(crate) heading: &'static str,
    pub(crate) settings: Vec<Setting>,
}

/// Every setting there is. From its line here come the option `--listen`, the environment variable
/// `HELOSCOPE_LISTEN`, the key `listen` of the configuration file, and its lines in `--help` and `print-config`; its
/// default is what [`Config::default`](super::Config::default) has in the field.
pub(crate) fn table() -> Vec<Group> {
    vec![
        Group {
            heading: "The relay",
            settings: vec![
                one(
                    "listen",
                    ADDRESS_AND_PORT,
                    "Where to listen: a loopback address unless the relay is public, and a port (0 for one \
                     that is free)",
                    |c| &mut c.relay.listen,
                ).fixed(),
                switch(
                    "public",
                    "Let others than this machine's own programs use the relay; needs an EHLO name, a \
                     contact and an origin",
                    |c| &mut c.relay.public,
                ).fixed(),
                maybe(
                    "ehlo-name",
                    "NAME",
                    "The name to give with EHLO; by default this machine's, or the address that a \
                     connection comes from",
                    |c| &mut c.relay.ehlo_name,
                ),
                maybe(
                    "contact",
                    "ADDRESS",
                    "Whom to write to about this relay: a mail address or an https URL; everybody can read \
                     it",
                    |c| &mut c.relay.contact,
                ),
                file("ca-file", "Certificates (PEM) of private authorities that the page is to trust", |c| {
                    &mut c.ca_file
                }),
                switch("demo", "Offer mail servers with known faults, under specimen.test", |c| {
                    &mut c.relay.demo
                }),
                number(
                    "workers",
                    "THREADS",
                    1..=1024,
                    "Threads that carry connections; by default one for each processor",
                    |c| &mut c.relay.workers,
                ).fixed(),
                seconds(
                    "grace",
                    "How long running connections may go on once the relay stops; whoever stops it has to wait 4 s more \
                     (TimeoutStopSec= of systemd, stop_grace_period of compose), and by the files that come with it waits 20 s",
                    |c| &mut c.relay.grace,
                ),
            ],
        },
        Group {
            heading: "HTTPS",
            settings: vec![
                file(
                    "tls-cert",
                    "The certificate chain (PEM) with which to speak HTTPS; read again when it changes",
                    |c| &mut c.tls_cert,
                ),
                file("tls-key", "The private key (PEM) of the certificate", |c| &mut c.tls_key),
                #[cfg(feature = "acme")]
                switch(
                    "acme",
                    "Get a certificate for the names of --origin by ACME, which reaches the relay on port 443 of each",
                    |c| &mut c.acme,
                ).fixed(),
                #[cfg(feature = "acme")]
                one("acme-directory", "URL", "The certificate authority's directory", |c| {
                    &mut c.acme_directory
                }).fixed(),
                #[cfg(feature = "acme")]
                file(
                    "acme-cache",
                    "A directory that keeps the certificate, its key and the account's from one start to the next",
                    |c| &mut c.acme_cache,
                ).fixed(),
                #[cfg(feature = "acme")]
                file("acme-ca-file", "Trust anchors (PEM) for the directory of a private authority", |c| {
                    &mut c.acme_ca_file
                }).fixed(),
            ],
        },
        Group {
            heading: "Where it may connect",
            settings: vec![
                list::<PortSpec>(
                    "allow-port",
                    "PORT/MODE",
                    "Connect to this port too, such as 2525/starttls or 10465/implicit",
                    |c| &mut c.allow_ports,
                ),
                list(
                    "allow-net",
                    "NETWORK",
                    "Connect into this network too, such as 10.0.0.0/8, although it is private",
                    |c| &mut c.relay.allow_nets,
                ),
                maybe(
                    "port-25-probe",
                    "HOST",
                    "A mail server of your own: the relay connects to its port 25 now and once an hour, says nothing, and so \
                     knows whether its network lets that out",
                    |c| &mut c.relay.port_25_probe,
                ).fixed(),
                file(
                    "deny-file",
                    "Names, addresses and networks, one a line, not to connect to; read again on SIGHUP",
                    |c| &mut c.relay.deny_file,
                ),
            ],
        },
        Group {
            heading: "Who may use it",
            settings: vec![
                list(
                    "origin",
                    "ORIGIN",
                    "What the relay's own page is reached as, such as https://relay.example.org, where that is not the \
                     address it listens on: behind a proxy, or by HTTPS",
                    |c| &mut c.relay.origins,
                ),
                list(
                    "allow-origin",
                    "ORIGIN",
                    "Let pages of this site use the relay, such as https://www.example.org",
                    |c| &mut c.relay.allow_origins,
                ),
                list(
                    "other-relay",
                    "ORIGIN",
                    "Another relay of yours, such as https://us.relay.example.org, to test through from this one's page as well; \
                     there this page's origin has to be an --allow-origin",
                    |c| &mut c.relay.other_relays,
                ),
                list(
                    "trusted-proxy",
                    "NETWORK",
                    "Believe what a proxy in this network says in X-Forwarded-For about whom it speaks for",
                    |c| &mut c.relay.trusted_proxies,
                ),
                secret(
                    "token",
                    "TOKEN",
                    "Let in programs that are no web page and send \"Authorization: Bearer TOKEN\"; better \
                     given by the environment or the file, where other users of the machine do not see it",
                    |c| &mut c.relay.token,
                ),
            ],
        },
        Group {
            heading: "Limits of one connection, of one client's, and of look-ups",
            settings: vec![
                number("limit-octets-up", "OCTETS", OCTETS_UP, "Octets to the mail server", |c| {
                    &mut c.relay.limits.octets_up
                }),
                number("limit-octets-down", "OCTETS", OCTETS_DOWN, "Octets from the mail server", |c| {
                    &mut c.relay.limits.octets_down
                }),
                number(
                    "limit-frame-up",
                    "OCTETS",
                    3072..=65536,
                    "Octets in one frame to the mail server",
                    |c| &mut c.relay.limits.frame_up,
                ),
                number(
                    "limit-frame-down",
                    "OCTETS",
                    512..=16384,
                    "Octets in one frame from the mail server",
                    |c| &mut c.relay.limits.frame_down,
                ),
                seconds("limit-header", "Time for a whole request header", |c| &mut c.relay.header),
                number(
                    "limit-client-connections",
                    "CONNECTIONS",
                    1..=1_000_000,
                    "HTTP connections of one client at a time: an IPv4 address, or an IPv6 /64; trusted proxies have no \
                     limit",
                    |c| &mut c.relay.client_connections,
                ),
                number(
                    "limit-lookups",
                    "LOOKUPS",
                    1..=1_000_000,
                    "Names looked up at a time; a look-up that was given up counts until it has ended, and takes a thread",
                    |c| &mut c.relay.lookups,
                ),
                seconds("limit-resolve", "Time to resolve the name", |c| &mut c.relay.limits.resolve),
                seconds("limit-connect", "Time to connect", |c| &mut c.relay.limits.connect),
                seconds("limit-greeting", "Time to the greeting's first octet, inside TLS too", |c| {
                    &mut c.relay.limits.greeting
                }),
                seconds("limit-silence", "Time of any later silence", |c| &mut c.relay.limits.silence),
                seconds("limit-connection", "Time of the whole connection", |c| {
                    &mut c.relay.limits.connection
                }),
            ],
        },
        Group {
            heading: "Quotas: connections at a time, in any minute and in any hour; or off",
            settings: vec![
                or_off(
                    "quota-client",
                    "TIME/MINUTE/HOUR",
                    "For one client: an IPv4 address, or an IPv6 /64",
                    |c| &mut c.relay.quotas.client,
                ),
                or_off(
                    "quota-target-address",
                    "TIME/MINUTE/HOUR",
                    "To one address of a mail server, whoever asks",
                    |c| &mut c.relay.quotas.target_address,
                ),
                or_off(
                    "quota-target-network",
                    "TIME/MINUTE/HOUR",
                    "Into one network, an IPv4 /24 or an IPv6 /48, whoever asks",
                    |c| &mut c.relay.quotas.target_network,
                ),
                secret(
                    "quota-store",
                    "URL",
                    "Share what is counted with other relays: redis://HOST:PORT/DATABASE, or rediss:// for TLS; Redis or Valkey",
                    |c| &mut c.relay.quota_store,
                ).fixed(),
                secret(
                    "quota-store-secret",
                    "SECRET",
                    "What all relays that share a store have in common, 16 characters or more; better given by the \
                     environment or the file",
                    |c| &mut c.relay.quota_store_secret,
                ).fixed(),
                file(
                    "quota-store-ca-file",
                    "Certificates (PEM) of the authorities that a store with TLS (rediss://) is to have its own from, in \
                     place of Mozilla's",
                    |c| &mut c.quota_store_ca_file,
                )
                .fixed(),
                number("quota-all", "CONNECTIONS", 1..=1_000_000, "Over all, at a time", |c| {
                    &mut c.relay.quotas.all
                }),
            ],
        },
        Group {
            heading: "For those who watch it",
            settings: vec![maybe(
                "metrics-listen",
                ADDRESS_AND_PORT,
                "Where to answer /healthz, /readyz and /metrics (Prometheus), such as 127.0.0.1:9025",
                |c| &mut c.relay.metrics_listen,
            ).fixed()],
        },
        Group {
            heading: "The log, on standard error",
            settings: vec![
                one(
                    "log-format",
                    LOG_FORMAT,
                    "How its lines look: for people, or an object a line for programs",
                    |c| &mut c.log_format,
                ).fixed(),
                one(
                    "log-level",
                    LEVEL,
                    "What is logged: off, error, warn, info, debug or trace, each with those before it",
                    |c| &mut c.log_level,
                ),
            ],
        },
    ]
}

/// At least one, and no more than a TCP connection of its time limit could carry anyhow.
/// The least is two hellos, a key exchange and the lines.
const OCTETS_UP: std::ops::RangeInclusive<u64> = 4096..=1 << 40;

/// The least is a chain of certificates, a handshake and the replies.
const OCTETS_DOWN: std::ops::RangeInclusive<u64> = 8192..=1 << 40;

/// What is wrong with the name of a setting that only builds with the feature `acme` have, in one that does not have it.
pub(super) fn of_another_build(name: &str) -> Option<String> {
    OF_ACME.contains(&name.to_ascii_lowercase().replace('_', "-").as_str()).then(|| {
        "this relay was built without ACME; build it with `cargo build --release --package heloscope-relay --features acme`"
            .to_owned()
    })
}

pub(super) const OF_ACME: [&str; 4] = ["acme", "acme-directory", "acme-cache", "acme-ca-file"];
