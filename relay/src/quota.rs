//! How many connections there may be: for one client, to one mail server, into one network, and over all.

mod ledger;
mod spent;
mod store;
mod subject;
mod visit;
mod window;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use heloscope_observation::Refusal;
use heloscope_wire::Quotas;
use tokio::time::Instant;

use crate::Token;
use crate::metrics::Metrics;
use ledger::{Entry, Ledger};
use spent::{Per, Spent};
use store::{Answer, Shared, Store};
pub use store::{BadStoreUrl, StoreUrl};
use subject::Kind;
pub(crate) use subject::{Subject, prefix};
pub(crate) use visit::Visit;

/// What every connection passes, and what knows how many there are. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Turnstile(Arc<Inner>);

struct Inner {
    began: Instant,
    longest: Longest,
    ledger: Mutex<Ledger>,
    metrics: Metrics,
    /// What is shared with other relays.
    store: Option<Store>,
    crowd: Crowd,
}

/// The longest that one connection may last, from the request to the end, in milliseconds. Cheap to clone.
#[derive(Clone)]
struct Longest(Arc<AtomicU64>);

/// All connections that there are.
struct Crowd {
    limit: AtomicU64,
    inside: AtomicU64,
    /// Those that are there only to be told that it is full.
    told: AtomicU64,
}

/// How a client finds the relay.
pub(crate) enum Entrance {
    /// There is room for one more connection.
    Room(Inside),
    /// There is none, which the client is to be told.
    Full(Inside, Refusal),
    /// Not even for telling so.
    Overfull,
}

/// A place inside, given back when it is dropped.
pub(crate) struct Inside {
    turnstile: Turnstile,
    counted: fn(&Crowd) -> &AtomicU64,
}

/// A connection that counts, until this is dropped.
pub(crate) struct Lease {
    turnstile: Turnstile,
    entries: Vec<Entry>,
    _shared: Option<Shared>,
}

/// Each quota that can be used up: of what, and over which time, by their names in metrics.
fn refusals() -> impl Iterator<Item = (&'static str, &'static str)> {
    let counted = Kind::ALL.into_iter().flat_map(|kind| Per::ALL.map(|per| (kind.name(), per.name())));
    counted.chain(["all", "lookups"].map(|of| (of, Per::Time.name())))
}

impl Turnstile {
    pub(crate) fn new(quotas: &Quotas, longest: Duration, metrics: Metrics) -> Self {
        let crowd = Crowd { limit: quotas.all.into(), inside: 0.into(), told: 0.into() };
        refusals().for_each(|(of, per)| metrics.may_refuse(of, per));
        Self(Arc::new(Inner {
            began: Instant::now(),
            longest: Longest::of(longest),
            ledger: Mutex::new(Ledger::new(quotas)),
            metrics,
            store: None,
            crowd,
        }))
    }

    /// The same, with what is counted shared with the other relays that have this store and this secret.
    ///
    /// # Errors
    /// Where the store's address cannot be used; not where the store is away.
    pub(crate) async fn sharing(
        quotas: &Quotas,
        longest: Duration,
        metrics: Metrics,
        (url, secret): (&StoreUrl, Token),
    ) -> Result<Self, String> {
        let Self(inner) = Self::new(quotas, longest, metrics.clone());
        let inner = Arc::into_inner(inner).expect("nobody else has it yet");
        let store = Store::open(url, secret, inner.longest.clone(), metrics).await;
        let store = store.map_err(|error| error.to_string())?;
        Ok(Self(Arc::new(Inner { store: Some(store), ..inner })))
    }

    /// Lets a client in, whoever it is.
    pub(crate) fn enter(&self) -> Entrance {
        let limit = self.0.crowd.limit.load(Ordering::Relaxed);
        let place = |counted: fn(&Crowd) -> &AtomicU64| {
            let one_more = |inside| (inside < limit).then_some(inside + 1);
            let there = counted(&self.0.crowd).fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
            there.is_ok().then(|| Inside { turnstile: self.clone(), counted })
        };
        if let Some(inside) = place(|crowd| &crowd.inside) {
            Entrance::Room(inside)
        } else if let Some(told) = place(|crowd| &crowd.told) {
            self.0.metrics.quota_refusal("all", Per::Time.name());
            Entrance::Full(told, spent::full(limit, self.0.longest.now()))
        } else {
            self.0.metrics.quota_refusal("all", Per::Time.name());
            Entrance::Overfull
        }
    }

    /// Other quotas from now on, and another time for the longest connection; what is counted stays.
    pub(crate) fn change(&self, quotas: &Quotas, longest: Duration) {
        self.0.longest.change(longest);
        self.0.crowd.limit.store(quotas.all, Ordering::Relaxed);
        self.ledger().change(quotas);
    }

    pub(crate) fn quotas(&self) -> Quotas {
        Quotas { all: self.0.crowd.limit.load(Ordering::Relaxed), ..self.ledger().told() }
    }

    /// How many connections there are.
    pub(crate) fn inside(&self) -> u64 {
        self.0.crowd.inside.load(Ordering::Relaxed)
    }

    /// How many counters are in use, by what they count.
    pub(crate) fn counters(&self) -> [(&'static str, usize); Kind::ALL.len()] {
        Kind::ALL.map(|kind| (kind.name(), self.ledger().len(kind)))
    }

    /// Counts a connection for all of the subjects, or for none.
    async fn take(&self, subjects: &[Subject]) -> Result<Lease, Spent> {
        let taken = self.take_everywhere(subjects).await;
        taken.inspect_err(|spent| self.0.metrics.quota_refusal(spent.subject.kind.name(), spent.per.name()))
    }

    async fn take_everywhere(&self, subjects: &[Subject]) -> Result<Lease, Spent> {
        let entries = self.ledger().take(self.now(), subjects)?;
        let mut lease = Lease { turnstile: self.clone(), entries, _shared: None };
        if let Some(store) = &self.0.store {
            let quotas = self.ledger().quotas(subjects);
            match store.take(&quotas).await {
                Answer::Granted(shared) => lease._shared = Some(shared),
                Answer::Away => {}
                Answer::Spent(spent) => {
                    self.ledger().undo(self.now(), &std::mem::take(&mut lease.entries));
                    return Err(spent);
                }
            }
        }
        Ok(lease)
    }

    /// Waits until a shared store knows what has ended.
    pub(crate) async fn settle(&self) {
        if let Some(store) = &self.0.store {
            store.settle().await;
        }
    }

    /// Counts one more for the subjects, which is no connection.
    fn charge(&self, subjects: &[Subject]) {
        self.ledger().charge(self.now(), subjects);
        if let Some(store) = &self.0.store {
            let quotas = self.ledger().quotas(subjects);
            store.charge(&quotas.into_iter().map(|(subject, _)| subject).collect::<Vec<_>>());
        }
    }

    fn now(&self) -> Duration {
        self.0.began.elapsed()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Longest {
    fn of(longest: Duration) -> Self {
        let this = Self(Arc::default());
        this.change(longest);
        this
    }

    fn change(&self, longest: Duration) {
        self.0.store(u64::try_from(longest.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        (self.counted)(&self.turnstile.0.crowd).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.turnstile.ledger().give_back(&self.entries);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn when_it_is_full_as_many_again_are_told_so() {
        let turnstile =
            Turnstile::new(&Quotas { all: 2, ..Quotas::default() }, Duration::from_secs(105), Metrics::new());
        let (one, _two) = (turnstile.enter(), turnstile.enter());
        assert!(matches!(&one, Entrance::Room(_)));
        let (told, also_told) = (turnstile.enter(), turnstile.enter());
        for told in [&told, &also_told] {
            let Entrance::Full(_, refusal) = told else { panic!("there is room") };
            assert_eq!(
                refusal.message,
                "This relay carries 2 connections, as many as it may at a time. Try again in some seconds; the longest \
                 of them ends in 105 seconds at the latest."
            );
        }
        assert!(matches!(turnstile.enter(), Entrance::Overfull));
        drop((one, told));
        let (one, told) = (turnstile.enter(), turnstile.enter());
        assert!(matches!((one, told), (Entrance::Room(_), Entrance::Full(..))));
    }

    #[test]
    fn every_refusal_is_counted_before_there_is_one() {
        let metrics = Metrics::new();
        Turnstile::new(&Quotas::default(), Duration::from_secs(105), metrics.clone());
        let text = metrics.text(0, []).unwrap();
        let begins = |of: &str, per: &str| {
            let sample = format!("heloscope_quota_refusals_total{{of=\"{of}\",per=\"{per}\"}} 0");
            assert!(text.lines().any(|line| line == sample), "no {sample} in {text}");
        };
        for of in ["client", "target_address", "target_network"] {
            ["concurrent", "minute", "hour"].iter().for_each(|per| begins(of, per));
        }
        ["all", "lookups"].iter().for_each(|of| begins(of, "concurrent"));
    }

    #[tokio::test]
    async fn whatever_ends_a_lease_gives_it_back() {
        let turnstile = Turnstile::new(
            &Quotas { client: "1/60/600".parse().ok(), ..Quotas::default() },
            Duration::from_secs(105),
            Metrics::new(),
        );
        let client = [Subject::client(IpAddr::from([203, 0, 113, 5]))];
        let lease = turnstile.take(&client).await.unwrap();
        assert!(turnstile.take(&client).await.is_err());
        let task = tokio::spawn(async move {
            let _lease = lease;
            std::future::pending::<()>().await;
        });
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(turnstile.take(&client).await.is_ok());
    }
}
