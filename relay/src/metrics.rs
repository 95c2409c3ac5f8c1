use std::fmt::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::Rule;
use crate::summary::{Ending, Summary};

/// What the relay counts, for Prometheus. No label holds anything of a client or a mail server: each has a few fixed
/// values. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    sessions: Family<Labels<1>, Counter>,
    guard: Family<Labels<1>, Counter>,
    octets: Family<Labels<1>, Counter>,
    seconds: Histogram,
    open: Gauge<u64, AtomicU64>,
    lookups: Gauge<u64, AtomicU64>,
    spent: Family<Labels<2>, Counter>,
    counters: Family<Labels<1>, Gauge<u64, AtomicU64>>,
    answers: Family<Labels<1>, Counter>,
    too_many: Counter,
    blocked: Family<Labels<1>, Gauge<u64, AtomicU64>>,
    /// One sample where there is a store, and none else.
    store_up: Family<Labels<0>, Gauge<u64, AtomicU64>>,
}

/// Names and values.
type Labels<const N: usize> = [(&'static str, String); N];

/// The statuses that the relay answers with.
const STATUSES: [u16; 10] = [101, 200, 304, 307, 400, 403, 404, 405, 421, 503];

/// Upper ends of the session's durations, in seconds: a port refused, a quick test, a slow one, and each limit on time.
const SECONDS: [f64; 10] = [0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 90.0];

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("heloscope");
        let (sessions, guard, octets, spent, counters, answers, blocked, store_up) = Default::default();
        let too_many = Counter::default();
        let (seconds, open, lookups) = (Histogram::new(SECONDS), Gauge::default(), Gauge::default());
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Which relay this is", version);
        registry.register("sessions", "Sessions that have ended, by how", Family::clone(&sessions));
        registry.register(
            "guard_refusals",
            "Sessions that the guard closed, by its rule",
            Family::clone(&guard),
        );
        registry.register(
            "octets",
            "Octets carried, up to mail servers and down from them",
            Family::clone(&octets),
        );
        registry.register_with_unit(
            "session_duration",
            "How long sessions lasted",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register("sessions_open", "Sessions under way", open.clone());
        registry.register(
            "lookups_open",
            "Look-ups under way, those among them that were given up",
            lookups.clone(),
        );
        registry.register(
            "quota_refusals",
            "Connections refused for a quota, by which",
            Family::clone(&spent),
        );
        registry.register(
            "quota_counters",
            "Counters that are in use, by what they count",
            Family::clone(&counters),
        );
        registry.register("http_answers", "Answers to requests, by status", Family::clone(&answers));
        registry.register(
            "connections_closed_at_once",
            "HTTP connections of clients that had as many as they may",
            too_many.clone(),
        );
        registry.register(
            "port_blocked",
            "Whether the relay cannot reach the port, as its network lets nothing out to it",
            Family::clone(&blocked),
        );
        registry.register(
            "quota_store_up",
            "Whether the shared quota store answers",
            Family::clone(&store_up),
        );
        let metrics = Self(Arc::new(Inner {
            registry,
            sessions,
            guard,
            octets,
            seconds,
            open,
            lookups,
            spent,
            counters,
            answers,
            too_many,
            blocked,
            store_up,
        }));
        metrics.begin();
        metrics
    }

    /// Every counter whose labels are known beforehand is there from the start, at 0: what appears later, at 1, is no increase
    /// to Prometheus.
    fn begin(&self) {
        for ending in Ending::all() {
            self.0.sessions.get_or_create(&[("ending", ending.to_string())]).inc_by(0);
        }
        for rule in Rule::ALL {
            self.0.guard.get_or_create(&[("rule", rule.word().to_owned())]).inc_by(0);
        }
        for direction in ["up", "down"] {
            self.0.octets.get_or_create(&[("direction", direction.to_owned())]).inc_by(0);
        }
        for status in STATUSES {
            self.0.answers.get_or_create(&[("status", status.to_string())]).inc_by(0);
        }
    }

    pub(crate) fn session(&self, summary: &Summary) {
        self.0.sessions.get_or_create(&[("ending", summary.ending.to_string())]).inc();
        if let Some(rule) = summary.refused_by {
            self.0.guard.get_or_create(&[("rule", rule.word().to_owned())]).inc();
        }
        for (direction, octets) in [("up", summary.octets_up), ("down", summary.octets_down)] {
            self.0.octets.get_or_create(&[("direction", direction.to_owned())]).inc_by(octets);
        }
        self.0.seconds.observe(summary.lasted.as_secs_f64());
    }

    /// Whether the shared quota store is there.
    pub(crate) fn store(&self, up: bool) {
        self.0.store_up.get_or_create(&[]).set(up.into());
    }

    /// Whether the relay takes the port for one that it cannot reach.
    pub(crate) fn blocked(&self, port: u16, blocked: bool) {
        self.0.blocked.get_or_create(&[("port", port.to_string())]).set(blocked.into());
    }

    /// What [`Self::quota_refusal`] may tell, so that it is there from the start.
    pub(crate) fn may_refuse(&self, of: &str, per: &str) {
        self.0.spent.get_or_create(&[("of", of.to_owned()), ("per", per.to_owned())]).inc_by(0);
    }

    /// A quota that is used up: of what, and over which time.
    pub(crate) fn quota_refusal(&self, of: &str, per: &str) {
        self.0.spent.get_or_create(&[("of", of.to_owned()), ("per", per.to_owned())]).inc();
    }

    pub(crate) fn lookup_begun(&self) {
        self.0.lookups.inc();
    }

    pub(crate) fn lookup_ended(&self) {
        self.0.lookups.dec();
    }

    pub(crate) fn answer(&self, status: u16) {
        self.0.answers.get_or_create(&[("status", status.to_string())]).inc();
    }

    /// An HTTP connection of a client that has as many as it may.
    pub(crate) fn too_many(&self) {
        self.0.too_many.inc();
    }

    /// All of it in the text format of OpenMetrics 1.0; `open` sessions, and `counters` in use by what they count, are as
    /// at this moment.
    pub(crate) fn text(
        &self,
        open: u64,
        counters: impl IntoIterator<Item = (&'static str, usize)>,
    ) -> Result<String, Error> {
        self.0.open.set(open);
        for (of, number) in counters {
            let number = u64::try_from(number).unwrap_or(u64::MAX);
            self.0.counters.get_or_create(&[("of", of.to_owned())]).inner().store(number, Ordering::Relaxed);
        }
        let mut text = String::new();
        encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use heloscope_observation::RefusalCode;
    use heloscope_wire::CloseCause;

    use super::*;

    /// The words that a type has on the wire, as its reader lists them where there is another.
    fn words<T>(read: serde_json::Result<T>) -> Vec<String> {
        let error = read.err().unwrap().to_string();
        error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn every_counter_is_there_before_there_is_anything_to_count() {
        let text = Metrics::new().text(0, []).unwrap();
        let begins = |name: &str, labels: &str| {
            let sample = format!("heloscope_{name}_total{{{labels}}} 0");
            assert!(text.lines().any(|line| line == sample), "no {sample} in {text}");
        };
        let other = "\"no such word\"";
        let codes = words(serde_json::from_str::<RefusalCode>(other));
        let causes = words(serde_json::from_str::<CloseCause>(other));
        assert!(codes.contains(&"name_not_found".to_owned()) && causes.contains(&"guard".to_owned()));
        codes.iter().for_each(|code| begins("sessions", &format!("ending=\"refused {code}\"")));
        causes.iter().for_each(|cause| begins("sessions", &format!("ending=\"closed {cause}\"")));
        begins("sessions", "ending=\"client_closed\"");
        begins("sessions", "ending=\"client_gone\"");
        for rule in ["frame", "clear_phase", "client_hello", "handshake", "key_proof"] {
            begins("guard_refusals", &format!("rule=\"{rule}\""));
        }
        ["up", "down"].iter().for_each(|way| begins("octets", &format!("direction=\"{way}\"")));
        STATUSES.iter().for_each(|status| begins("http_answers", &format!("status=\"{status}\"")));
    }
}
