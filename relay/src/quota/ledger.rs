//! The counting itself, without clock, lock or network.
//!
//! A counter lives as long as something of the last hour stands in it. It is never forgotten before, for whatever reason:
//! whoever could have one forgotten, by asking under many other addresses, could begin anew. There are at most 50,000 of
//! each kind. When these are all in use, whoever comes anew is counted in one of 1,024 counters that are shared: which
//! one is decided by the /16 or /32 around the address, and by chance. So the cost of a flood falls on newcomers from where
//! the flood comes from, those who were there before do not notice it, and nobody ever gets more than without it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use heloscope_wire::{Quota, Quotas};
use ipnet::IpNet;

use super::spent::{Per, Spent};
use super::subject::{Kind, Subject};
use super::window::{Window, slice_at};

/// The counters of all subjects.
pub(crate) struct Ledger {
    tables: [Table; Kind::ALL.len()],
}

/// The counters of the subjects of one kind.
struct Table {
    quota: Option<Quota>,
    own: HashMap<IpNet, Counter>,
    shared: Vec<Counter>,
    chance: RandomState,
    /// The slice of a minute in which it was last looked for counters that can go.
    swept: u32,
    bound: usize,
}

/// The most counters of one kind that are somebody's own: with all kinds full, 18 MB.
const OWN: usize = 50_000;

/// The number of those that are shared beyond.
const SHARED: usize = 1024;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

#[derive(Clone, Copy, Default)]
struct Counter {
    concurrent: u16,
    minute: Window,
    hour: Window,
}

/// Where a connection is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    subject: Subject,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Own(IpNet),
    Shared(usize),
}

impl Ledger {
    pub(crate) fn new(quotas: &Quotas) -> Self {
        Self::bounded(quotas, OWN)
    }

    fn bounded(quotas: &Quotas, bound: usize) -> Self {
        let table = |kind| Table {
            quota: quota(quotas, kind),
            own: HashMap::new(),
            shared: vec![Counter::default(); SHARED],
            chance: RandomState::new(),
            swept: 0,
            bound,
        };
        Self { tables: Kind::ALL.map(table) }
    }

    /// Other quotas from now on; what is counted stays.
    pub(crate) fn change(&mut self, quotas: &Quotas) {
        for kind in Kind::ALL {
            self.table(kind).quota = quota(quotas, kind);
        }
    }

    /// The quotas as they are; that over all is none of the ledger's.
    pub(crate) fn told(&self) -> Quotas {
        let [client, target_address, target_network] = Kind::ALL.map(|kind| self.tables[kind as usize].quota);
        Quotas { client, target_address, target_network, ..Quotas::default() }
    }

    /// Counts one connection for each of the subjects, or for none where one of their quotas is used up. `now` is the
    /// time since some fixed moment.
    pub(crate) fn take(&mut self, now: Duration, subjects: &[Subject]) -> Result<Vec<Entry>, Spent> {
        let entries: Vec<Entry> = subjects.iter().filter_map(|subject| self.entry(now, *subject)).collect();
        let spent = entries.iter().filter_map(|entry| self.spent(now, *entry));
        if let Some(longest) = spent.max_by_key(|spent| spent.wait) {
            return Err(longest);
        }
        for entry in &entries {
            let counter = self.counter(*entry);
            counter.concurrent = counter.concurrent.saturating_add(1);
            counter.add(now);
        }
        Ok(entries)
    }

    /// A connection is over.
    pub(crate) fn give_back(&mut self, entries: &[Entry]) {
        for entry in entries {
            let counter = self.counter(*entry);
            counter.concurrent = counter.concurrent.saturating_sub(1);
        }
    }

    /// The connection is not to count after all.
    pub(crate) fn undo(&mut self, now: Duration, entries: &[Entry]) {
        self.give_back(entries);
        for entry in entries {
            let counter = self.counter(*entry);
            counter.minute.take_back(now, MINUTE);
            counter.hour.take_back(now, HOUR);
        }
    }

    /// The subjects for which there is a quota, with it.
    pub(crate) fn quotas(&self, subjects: &[Subject]) -> Vec<(Subject, Quota)> {
        let with = |subject: &Subject| Some((*subject, self.tables[subject.kind as usize].quota?));
        subjects.iter().filter_map(with).collect()
    }

    /// Counts one more that was no connection, whether it fits or not.
    pub(crate) fn charge(&mut self, now: Duration, subjects: &[Subject]) {
        for subject in subjects {
            if let Some(entry) = self.entry(now, *subject) {
                self.counter(entry).add(now);
            }
        }
    }

    /// How many counters there are of the kind, those that are shared aside.
    pub(crate) fn len(&self, kind: Kind) -> usize {
        self.tables[kind as usize].own.len()
    }

    /// Where the subject is counted; nowhere where there is no quota for it.
    fn entry(&mut self, now: Duration, subject: Subject) -> Option<Entry> {
        let table = self.table(subject.kind);
        table.quota?;
        Some(Entry { subject, place: table.place(now, subject) })
    }

    fn spent(&mut self, now: Duration, entry: Entry) -> Option<Spent> {
        let subject = entry.subject;
        let quota = self.tables[subject.kind as usize].quota?;
        let counter = self.counter(entry);
        let spent = |per, limit, wait| Some(Spent { subject, per, limit, wait });
        let hour = counter.hour.wait(now, HOUR, 1, quota.per_hour);
        let minute = counter.minute.wait(now, MINUTE, 1, quota.per_minute);
        if !hour.is_zero() && hour >= minute {
            spent(Per::Hour, quota.per_hour, hour)
        } else if !minute.is_zero() {
            spent(Per::Minute, quota.per_minute, minute)
        } else if counter.concurrent >= quota.concurrent {
            spent(Per::Time, quota.concurrent, Duration::ZERO)
        } else {
            None
        }
    }

    fn table(&mut self, kind: Kind) -> &mut Table {
        &mut self.tables[kind as usize]
    }

    fn counter(&mut self, entry: Entry) -> &mut Counter {
        let table = self.table(entry.subject.kind);
        match entry.place {
            Place::Own(net) => table.own.entry(net).or_default(),
            Place::Shared(index) => &mut table.shared[index],
        }
    }
}

impl Table {
    fn place(&mut self, now: Duration, subject: Subject) -> Place {
        if self.own.len() >= self.bound && !self.own.contains_key(&subject.net) {
            self.sweep(now);
            if self.own.len() >= self.bound {
                let chance = self.chance.hash_one(subject.surroundings());
                return Place::Shared(usize::try_from(chance % SHARED as u64).unwrap_or_default());
            }
        }
        Place::Own(subject.net)
    }

    /// Lets those go in which nothing stands any more; looks at all, and therefore at most every five seconds.
    fn sweep(&mut self, now: Duration) {
        let slice = slice_at(now, MINUTE);
        if slice > self.swept {
            self.swept = slice;
            self.own.retain(|_, counter| !counter.is_idle(now));
        }
    }
}

impl Counter {
    fn add(&mut self, now: Duration) {
        self.minute.add(now, MINUTE, 1);
        self.hour.add(now, HOUR, 1);
    }

    fn is_idle(&mut self, now: Duration) -> bool {
        self.concurrent == 0 && self.hour.is_empty(now, HOUR)
    }
}

fn quota(quotas: &Quotas, kind: Kind) -> Option<Quota> {
    match kind {
        Kind::Client => quotas.client,
        Kind::TargetAddress => quotas.target_address,
        Kind::TargetNetwork => quotas.target_network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn client(text: &str) -> [Subject; 1] {
        [Subject::client(address(text))]
    }

    fn target(text: &str) -> [Subject; 2] {
        Subject::target(address(text))
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// What a refusal says.
    fn refused(result: Result<Vec<Entry>, Spent>) -> String {
        result.unwrap_err().message(at(105))
    }

    #[test]
    fn a_client_has_four_connections_at_a_time() {
        let mut ledger = Ledger::new(&Quotas::default());
        let held: Vec<_> = (0..4).map(|_| ledger.take(at(0), &client("203.0.113.5")).unwrap()).collect();
        assert_eq!(
            refused(ledger.take(at(1), &client("203.0.113.5"))),
            "This relay makes at most 4 connections at a time for one client. Try again when one of them has ended, in \
             105 seconds at the latest."
        );
        // Another client is another.
        assert!(ledger.take(at(1), &client("203.0.113.6")).is_ok());
        ledger.give_back(&held[2]);
        assert!(ledger.take(at(2), &client("203.0.113.5")).is_ok());
        assert!(ledger.take(at(2), &client("203.0.113.5")).is_err());
    }

    #[test]
    fn sixty_in_a_minute_and_six_hundred_in_an_hour() {
        let mut ledger = Ledger::new(&Quotas::default());
        let mut passed = |from: u64| {
            let mut count = 0;
            loop {
                match ledger.take(at(from), &client("203.0.113.5")) {
                    Ok(entries) => ledger.give_back(&entries),
                    Err(spent) => return (count, spent.message(at(105))),
                }
                count += 1;
            }
        };
        let sentence = "This relay takes at most 60 requests a minute for one client. Try again in";
        assert_eq!(passed(2), (60, format!("{sentence} a little more than a minute.")));
        assert_eq!(passed(5), (0, format!("{sentence} 60 seconds.")));
        assert_eq!(passed(64), (0, format!("{sentence} 1 second.")));
        for minute in 1..10 {
            assert_eq!(passed(2 + minute * 70).0, 60);
        }
        let sentence = "This relay takes at most 600 requests an hour for one client. Try again in";
        assert_eq!(passed(800), (0, format!("{sentence} 52 minutes.")));
        // The first 300 s had five times sixty.
        assert_eq!(passed(3900).0, 60);
    }

    #[test]
    fn what_is_dialled_counts_for_its_address_and_for_its_network() {
        let mut ledger = Ledger::new(&Quotas::default());
        for _ in 0..4 {
            ledger.take(at(0), &target("203.0.113.5")).unwrap();
        }
        assert_eq!(
            refused(ledger.take(at(0), &target("203.0.113.5"))),
            "This relay makes at most 4 connections at a time to 203.0.113.5, whoever asks. Try again when one of them \
             has ended, in 105 seconds at the latest."
        );
        for _ in 0..4 {
            ledger.take(at(0), &target("203.0.113.6")).unwrap();
        }
        assert_eq!(
            refused(ledger.take(at(0), &target("203.0.113.7"))),
            "This relay makes at most 8 connections at a time into the network 203.0.113.0/24, whoever asks. Try again \
             when one of them has ended, in 105 seconds at the latest."
        );
        assert!(ledger.take(at(0), &target("203.0.114.7")).is_ok());
    }

    #[test]
    fn where_one_of_two_quotas_is_spent_neither_is_charged() {
        let quotas = Quotas {
            target_address: "9/1/9".parse().ok(),
            target_network: "9/3/9".parse().ok(),
            ..Quotas::default()
        };
        let mut ledger = Ledger::new(&quotas);
        ledger.take(at(0), &target("203.0.113.5")).unwrap();
        for _ in 0..10 {
            assert!(ledger.take(at(0), &target("203.0.113.5")).is_err());
        }
        ledger.take(at(0), &target("203.0.113.6")).unwrap();
        ledger.take(at(0), &target("203.0.113.7")).unwrap();
        assert!(ledger.take(at(0), &target("203.0.113.8")).is_err());
    }

    #[test]
    fn a_host_has_a_64_to_itself_and_a_site_a_48() {
        let quotas = Quotas {
            client: "1/1/1".parse().ok(),
            target_network: "1/1/1".parse().ok(),
            ..Quotas::default()
        };
        let mut ledger = Ledger::new(&quotas);
        ledger.take(at(0), &client("2001:db8:1:2::3")).unwrap();
        assert!(ledger.take(at(0), &client("2001:db8:1:2:ffff::")).is_err());
        ledger.take(at(0), &client("2001:db8:1:3::3")).unwrap();
        ledger.take(at(0), &target("2001:db8:1:2::3")).unwrap();
        assert!(ledger.take(at(0), &target("2001:db8:1:3::3")).is_err());
        ledger.take(at(0), &target("2001:db8:2::3")).unwrap();
        // IPv4 by another way of writing it.
        ledger.take(at(0), &client("203.0.113.5")).unwrap();
        assert!(ledger.take(at(0), &client("::ffff:203.0.113.5")).is_err());
    }

    #[test]
    fn a_second_charge_leaves_half() {
        let quotas = Quotas { target_address: "9/4/9".parse().ok(), ..Quotas::default() };
        let mut ledger = Ledger::new(&quotas);
        for _ in 0..2 {
            ledger.take(at(0), &target("203.0.113.5")).unwrap();
            ledger.charge(at(1), &target("203.0.113.5"));
        }
        assert!(ledger.take(at(2), &target("203.0.113.5")).is_err());
        assert!(ledger.take(at(2), &target("203.0.113.6")).is_ok());
    }

    #[test]
    fn what_is_undone_counts_no_more() {
        let quotas = Quotas { client: "1/1/1".parse().ok(), ..Quotas::default() };
        let mut ledger = Ledger::new(&quotas);
        let entries = ledger.take(at(4), &client("203.0.113.5")).unwrap();
        assert!(ledger.take(at(4), &client("203.0.113.5")).is_err());
        ledger.undo(at(5), &entries);
        assert!(ledger.take(at(5), &client("203.0.113.5")).is_ok());
    }

    #[test]
    fn a_quota_that_is_off_counts_nothing_and_one_that_changes_counts_on() {
        let mut ledger = Ledger::new(&Quotas { client: None, ..Quotas::default() });
        for _ in 0..1000 {
            ledger.take(at(0), &client("203.0.113.5")).unwrap();
        }
        assert_eq!(ledger.len(Kind::Client), 0);
        ledger.change(&Quotas::default());
        let entries = ledger.take(at(0), &client("203.0.113.5")).unwrap();
        ledger.change(&Quotas { client: "1/60/600".parse().ok(), ..Quotas::default() });
        assert_eq!(ledger.told().client, "1/60/600".parse().ok());
        assert!(ledger.take(at(0), &client("203.0.113.5")).is_err());
        ledger.give_back(&entries);
        assert!(ledger.take(at(0), &client("203.0.113.5")).is_ok());
    }

    #[test]
    fn nobody_is_forgotten_because_others_come() {
        let quotas = Quotas { client: "1/2/9".parse().ok(), ..Quotas::default() };
        let mut ledger = Ledger::bounded(&quotas, 100);
        let held = ledger.take(at(0), &client("203.0.113.5")).unwrap();
        // A flood from one /32, each time under another /64.
        let mut passed = 0;
        for net in 0..10_000 {
            let from = format!("2001:db8:{:x}:{:x}::1", net / 100, net % 100);
            passed += usize::from(ledger.take(at(1), &client(&from)).is_ok());
        }
        // 99 have counters of their own, and all others one together.
        assert_eq!((passed, ledger.len(Kind::Client)), (100, 100));
        assert!(ledger.take(at(2), &client("203.0.113.5")).is_err());
        ledger.give_back(&held);
        assert!(ledger.take(at(2), &client("203.0.113.5")).is_ok());
        // Newcomers from elsewhere find room: each of these is in one of 1,024 counters.
        let others =
            (0..20).filter(|net| ledger.take(at(3), &client(&format!("198.{net}.100.7"))).is_ok()).count();
        assert!(others >= 15, "{others}");
    }

    #[test]
    fn the_bound_is_as_small_as_is_said() {
        // A hash table has a power of two of places, at most seven eighths of them in use, and an octet more for each.
        let places = (OWN * 8 / 7).next_power_of_two();
        let octets = Kind::ALL.len() * places * (size_of::<(IpNet, Counter)>() + 1);
        assert!(octets <= 18_000_000, "{octets}");
    }

    #[test]
    fn counters_in_which_nothing_stands_make_room() {
        let mut ledger = Ledger::bounded(&Quotas::default(), 100);
        let mut held = Vec::new();
        for host in 0..100 {
            held.push(ledger.take(at(0), &client(&format!("203.0.113.{host}"))).unwrap());
        }
        held.drain(1..).for_each(|entries| ledger.give_back(&entries));
        ledger.take(at(3899), &client("198.51.100.1")).unwrap();
        assert_eq!(ledger.len(Kind::Client), 100);
        ledger.take(at(3905), &client("198.51.100.2")).unwrap();
        // What still runs stays.
        assert_eq!(ledger.len(Kind::Client), 2);
        for _ in 0..3 {
            ledger.take(at(3905), &client("203.0.113.0")).unwrap();
        }
        assert!(ledger.take(at(3905), &client("203.0.113.0")).is_err());
    }
}
