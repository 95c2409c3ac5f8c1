//! Whether connections to port 25 get out of the relay's network at all, learnt from those that it makes anyway: many
//! providers drop or refuse them.

mod probe;

use std::collections::{HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::time::Instant;

pub(crate) use probe::Probe;

/// What the relay's own dials have told, over all clients.
#[derive(Debug)]
pub(crate) struct Reach {
    port: u16,
    learnt: Mutex<Learnt>,
}

#[derive(Debug, Default)]
struct Learnt {
    /// Networks that did not answer on the port since one last did.
    silent: HashSet<IpNet>,
    /// Addresses that were not reached on the port, as somebody said: the host, or a firewall between.
    turned_back: Recent,
    /// Addresses that were connected to on another port.
    there: Recent,
    /// When a connection to it last stood.
    answered: Option<Instant>,
    /// When a connection to another port last stood.
    elsewhere: Option<Instant>,
    /// The host that is there for being probed does not answer.
    probe_failed: bool,
    /// Whether the log has it last that the port cannot be reached.
    told: bool,
}

/// The last addresses of which something was learnt, each once.
#[derive(Debug, Default)]
struct Recent(VecDeque<IpAddr>);

/// How many addresses are remembered.
const RECENT: usize = 64;

/// How many networks have to be silent or turn connections back, none of them answering: one that is down shows nothing.
const SILENT: usize = 3;
/// How long ago an answer on another port may have been, for the relay to have a network at all.
const ELSEWHERE: Duration = Duration::from_secs(60 * 60);
/// How long an answer on the port outweighs all silence, that of the host to probe too: nobody who tests hosts that are down,
/// and no probe of one, is to make it out as blocked.
const ANSWERED: Duration = Duration::from_secs(24 * 60 * 60);

impl Reach {
    /// For this port, which in practice is 25.
    pub(crate) fn of(port: u16) -> Self {
        Self { port, learnt: Mutex::default() }
    }

    /// A connection to the address stood. A refusal is no such answer: a firewall on the way may have sent it.
    pub(crate) fn answered(&self, address: SocketAddr) {
        self.learn(|learnt| {
            if address.port() == self.port {
                *learnt = Learnt {
                    answered: Some(Instant::now()),
                    elsewhere: learnt.elsewhere,
                    there: std::mem::take(&mut learnt.there),
                    told: learnt.told,
                    ..Learnt::default()
                };
            } else {
                learnt.elsewhere = Some(Instant::now());
                learnt.there.add(address.ip());
            }
        });
    }

    /// No answer came.
    pub(crate) fn silent(&self, address: SocketAddr) {
        self.learn(|learnt| {
            if address.port() == self.port && learnt.silent.len() < SILENT {
                learnt.silent.insert(around(address.ip()));
            }
        });
    }

    /// The connection was refused, or a router or the system said that there is no way to the address. That counts once
    /// the very address was connected to on another port, so that it is there, and so is the way to it.
    pub(crate) fn turned_back(&self, address: SocketAddr) {
        self.learn(|learnt| {
            if address.port() == self.port {
                learnt.turned_back.add(address.ip());
            }
        });
    }

    /// The host that is there for being probed did not answer on the port. Where nothing else is known, that is enough.
    pub(crate) fn probe_failed(&self) {
        self.learn(|learnt| learnt.probe_failed = true);
    }

    /// The ports that the relay cannot reach: this one, or none.
    pub(crate) fn unreachable(&self) -> Vec<u16> {
        if self.is_unreachable(self.port) { vec![self.port] } else { Vec::new() }
    }

    /// The port that it is about.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn is_unreachable(&self, port: u16) -> bool {
        port == self.port && self.learnt.lock().unwrap_or_else(PoisonError::into_inner).is_blocked()
    }

    fn learn(&self, what: impl FnOnce(&mut Learnt)) {
        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        what(&mut learnt);
        let blocked = learnt.is_blocked();
        match (std::mem::replace(&mut learnt.told, blocked), blocked) {
            (false, true) => tracing::warn!(
                port = self.port,
                "this relay cannot reach the port: its network lets none out"
            ),
            (true, false) => tracing::info!(port = self.port, "this relay can reach the port"),
            _ => {}
        }
    }
}

impl Learnt {
    fn is_blocked(&self) -> bool {
        let within = |time: Option<Instant>, span| time.is_some_and(|time| time.elapsed() < span);
        let turned_back = self.turned_back.0.iter().filter(|address| self.there.0.contains(address));
        let shut: HashSet<IpNet> =
            turned_back.map(|address| around(*address)).chain(self.silent.iter().copied()).collect();
        let learnt = shut.len() >= SILENT && within(self.elsewhere, ELSEWHERE);
        (self.probe_failed || learnt) && !within(self.answered, ANSWERED)
    }
}

impl Recent {
    fn add(&mut self, address: IpAddr) {
        self.0.retain(|known| *known != address);
        if self.0.len() == RECENT {
            self.0.pop_front();
        }
        self.0.push_back(address);
    }
}

/// The /24 or /48 around an address.
fn around(address: IpAddr) -> IpNet {
    let length = if address.is_ipv4() { 24 } else { 48 };
    IpNet::new_assert(address, length).trunc()
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn silent_in_three_networks(reach: &Reach) {
        for address in ["203.0.113.1:25", "198.51.100.1:25", "[2001:db8::1]:25"] {
            reach.silent(at(address));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_on_25_alone_while_other_ports_answer() {
        let reach = Reach::of(25);
        reach.answered(at("192.0.2.1:465"));
        for address in
            ["203.0.113.1:25", "203.0.113.2:25", "203.0.113.3:25", "198.51.100.1:587", "198.51.100.1:25"]
        {
            reach.silent(at(address));
        }
        assert_eq!(reach.unreachable(), [0; 0], "two networks that are down");
        reach.silent(at("[2001:db8::1]:25"));
        assert_eq!(reach.unreachable(), [25]);
        assert!(reach.is_unreachable(25) && !reach.is_unreachable(465));
        // A refusal is no answer, a connection is.
        reach.turned_back(at("203.0.113.9:25"));
        assert_eq!(reach.unreachable(), [25]);
        reach.answered(at("203.0.113.9:25"));
        assert_eq!(reach.unreachable(), [0; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_that_refuses_25_is_told_from_servers_without_it() {
        let reach = Reach::of(25);
        let hosts = ["203.0.113.1", "198.51.100.1", "2001:db8::1"].map(|text| text.parse().unwrap());
        for host in hosts {
            reach.turned_back(SocketAddr::new(host, 25));
        }
        reach.answered(at("203.0.113.1:465"));
        reach.answered(at("192.0.2.1:465"));
        reach.answered(SocketAddr::new(hosts[1], 587));
        assert_eq!(
            reach.unreachable(),
            [0; 0],
            "two servers without port 25, and one to which there is no way"
        );
        reach.answered(SocketAddr::new(hosts[2], 587));
        assert_eq!(reach.unreachable(), [25]);
        reach.answered(at("192.0.2.1:25"));
        assert_eq!(reach.unreachable(), [0; 0]);
        // One server without port 25 shows nothing, however often it is tested.
        advance(25 * HOUR).await;
        for host in ["203.0.113.1", "203.0.113.2", "203.0.113.3"].map(|text| text.parse().unwrap()) {
            reach.turned_back(SocketAddr::new(host, 25));
            reach.answered(SocketAddr::new(host, 587));
        }
        assert_eq!(reach.unreachable(), [0; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_answer_elsewhere_it_is_the_whole_network() {
        let reach = Reach::of(25);
        silent_in_three_networks(&reach);
        assert_eq!(reach.unreachable(), [0; 0]);
        reach.answered(at("192.0.2.1:587"));
        assert_eq!(reach.unreachable(), [25]);
        advance(HOUR).await;
        assert_eq!(reach.unreachable(), [0; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_that_are_down_do_not_outweigh_one_that_answered_today() {
        let reach = Reach::of(25);
        reach.answered(at("192.0.2.1:25"));
        silent_in_three_networks(&reach);
        reach.answered(at("192.0.2.1:465"));
        assert_eq!(reach.unreachable(), [0; 0]);
        advance(24 * HOUR).await;
        reach.answered(at("192.0.2.1:465"));
        assert_eq!(reach.unreachable(), [25]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_speaks_for_itself_where_nothing_else_is_known() {
        let reach = Reach::of(25);
        reach.probe_failed();
        assert_eq!(reach.unreachable(), [25]);
        reach.answered(at("192.0.2.1:25"));
        assert_eq!(reach.unreachable(), [0; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_to_probe_that_is_down_does_not_outweigh_one_that_answered_today() {
        let reach = Reach::of(25);
        reach.answered(at("192.0.2.1:25"));
        for _ in 0..23 {
            advance(HOUR).await;
            reach.probe_failed();
            assert_eq!(reach.unreachable(), [0; 0]);
        }
        advance(HOUR).await;
        assert_eq!(reach.unreachable(), [25]);
    }
}
