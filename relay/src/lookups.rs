use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heloscope_observation::{Refusal, RefusalCode};
use tokio::task::JoinHandle;

use crate::Lookup;
use crate::metrics::Metrics;
use crate::quota::Subject;

/// The look-ups of names that are under way, bounded in number. One that nobody waits for any more goes on all the same:
/// `getaddrinfo` cannot be stopped, and keeps its thread until the name servers have answered or it has given them up itself.
/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lookups(Arc<Inner>);

struct Inner {
    limit: AtomicU64,
    /// How many each client has under way, where it has any; all together are no more than the limit.
    open: Mutex<HashMap<Subject, u64>>,
    metrics: Metrics,
}

/// A look-up for a client that counts, until this is dropped.
struct Counted(Lookups, Subject);

impl Lookups {
    pub(crate) fn new(limit: u64, metrics: Metrics) -> Self {
        Self(Arc::new(Inner { limit: limit.into(), open: Mutex::default(), metrics }))
    }

    /// Another limit from now on.
    pub(crate) fn change(&self, limit: u64) {
        self.0.limit.store(limit, Ordering::Relaxed);
    }

    /// Begins a look-up, which counts until it has ended, whoever waits for it. It has to be called within a runtime.
    ///
    /// # Errors
    /// Where there are as many as there may be, for this client or for all.
    pub(crate) fn begin(
        &self,
        client: Subject,
        lookup: impl FnOnce() -> Lookup,
    ) -> Result<JoinHandle<<Lookup as Future>::Output>, Refusal> {
        let counted = self.count(client)?;
        let lookup = lookup();
        Ok(tokio::spawn(async move {
            let _counted = counted;
            lookup.await
        }))
    }

    fn count(&self, client: Subject) -> Result<Counted, Refusal> {
        let limit = self.0.limit.load(Ordering::Relaxed);
        let mut open = self.open();
        let own = open.get(&client).copied().unwrap_or_default();
        let refused = if open.values().sum::<u64>() >= limit {
            Some(too_many(limit, ""))
        } else if own >= for_one(limit) {
            Some(too_many(for_one(limit), " for one client"))
        } else {
            None
        };
        if let Some(refusal) = refused {
            self.0.metrics.quota_refusal("lookups", "concurrent");
            return Err(refusal);
        }
        open.insert(client, own + 1);
        self.0.metrics.lookup_begun();
        Ok(Counted(self.clone(), client))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Subject, u64>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many of so many one client may have: an eighth, or four, which is what a test needs at a time and one more.
fn for_one(limit: u64) -> u64 {
    (limit / 8).max(4)
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Self(lookups, client) = self;
        let mut open = lookups.open();
        match open.get_mut(client) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(open.remove(client)),
        }
        lookups.0.metrics.lookup_ended();
    }
}

/// What is told where so many names are being looked up.
fn too_many(limit: u64, whose: &str) -> Refusal {
    // What the C library gives name servers at most, unless resolv.conf says otherwise: two rounds of three, 5 s each.
    const LONGEST: u64 = 30;
    let names = if limit == 1 { "name" } else { "names" };
    Refusal {
        code: RefusalCode::Quota,
        message: format!(
            "This relay looks up {limit} {names} at a time{whose}, and the name servers of as many have not answered yet. Try \
             again in some seconds, {LONGEST} at most, or give the server's address."
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn one_client_has_an_eighth_of_them_and_gets_each_back() {
        let lookups = Lookups::new(40, Metrics::new());
        let client = |last| Subject::client(IpAddr::from([203, 0, 113, last]));
        let mut open: Vec<Counted> = (0..5).map(|_| lookups.count(client(1)).ok().unwrap()).collect();
        let refusal = lookups.count(client(1)).err().unwrap();
        assert!(refusal.message.starts_with("This relay looks up 5 names at a time for one client, and "));
        open.extend((0..35).map(|number| lookups.count(client(2 + number / 5)).ok().unwrap()));
        let refusal = lookups.count(client(200)).err().unwrap();
        assert!(refusal.message.starts_with("This relay looks up 40 names at a time, and "));
        drop(open.remove(0));
        open.push(lookups.count(client(1)).ok().unwrap());
        assert!(lookups.count(client(200)).is_err());
        drop(open);
        assert!(lookups.open().is_empty());
    }
}
