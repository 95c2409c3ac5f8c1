//! A store that several relays share: Redis, or Valkey.
//!
//! What a relay counts by itself, it goes on counting: it never knows of more connections than the store does, so that
//! its own refusal stands, and the store is asked only where it has none. When the store is away there is nothing to
//! switch over to: the relay's own counters are at hand, and fill on.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use heloscope_wire::Quota;
use hmac::{Hmac, KeyInit, Mac};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, RedisError, RedisResult, Script,
    TlsCertificates,
};
use sha2::Sha256;
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;

use super::Longest;
use super::spent::{Per, Spent};
use super::subject::Subject;
use crate::metrics::Metrics;
use crate::{Token, TrustAnchors};

/// Where the store is, a secret since a password may stand in it.
#[derive(Clone)]
pub struct StoreUrl(Client);

/// A store, there or away. Cheap to clone.
#[derive(Clone)]
pub(super) struct Store(Arc<Inner>);

struct Inner {
    client: Client,
    /// Nothing while the store is away.
    connection: RwLock<Option<MultiplexedConnection>>,
    /// Why it is away, as far as it has been told; nothing while it is there.
    told: Mutex<Vec<String>>,
    /// Whether it has been there once: then its address has the right scheme.
    known: AtomicBool,
    count: Script,
    secret: Token,
    lease: Longest,
    /// This relay's name among those that share the store, by chance.
    relay: String,
    leases: AtomicU64,
    /// Those that have ended, and are not given back yet: no more than connections that had one when the store went away.
    ended: Mutex<Vec<Lease>>,
    metrics: Metrics,
    under_way: TaskTracker,
}

/// What the store says to a connection.
pub(super) enum Answer {
    Granted(Shared),
    Spent(Spent),
    /// There is no answer.
    Away,
}

/// A lease at the store, given back when it is dropped, or once the store is back; where neither comes about, it ends by
/// itself.
pub(super) struct Shared {
    store: Store,
    lease: Lease,
}

/// Under which name a connection is counted, for which subjects.
#[derive(Default)]
struct Lease {
    keys: Vec<String>,
    name: String,
}

/// How long the store has to answer. Beside a connection to a mail server that is little, and a store that takes longer
/// is of no use.
const PATIENCE: Duration = Duration::from_millis(250);

/// How often a store that is away is asked whether it is back.
const KNOCKING: Duration = Duration::from_secs(1);

/// How often a store that is there is asked whether it still is.
const ASKING: Duration = Duration::from_secs(3);

/// How long it may take to say so: no connection waits for that.
const ASKING_PATIENCE: Duration = Duration::from_secs(1);

/// How many reasons are told at most until it is back: the words are the store's.
const REASONS: usize = 8;

impl Store {
    /// Connects, or goes on without; from then on looks whether the store is there.
    pub(super) async fn open(
        url: &StoreUrl,
        secret: Token,
        lease: Longest,
        metrics: Metrics,
    ) -> RedisResult<Self> {
        let mut name = [0; 8];
        getrandom::fill(&mut name).map_err(std::io::Error::other)?;
        let store = Self(Arc::new(Inner {
            client: url.0.clone(),
            connection: RwLock::new(None),
            told: Mutex::default(),
            known: AtomicBool::new(false),
            count: Script::new(include_str!("count.lua")),
            secret,
            lease,
            relay: hexadecimal(&name),
            leases: 0.into(),
            ended: Mutex::default(),
            metrics,
            under_way: TaskTracker::new(),
        }));
        if let Err(error) = store.0.connect().await {
            store.0.away(&error);
        }
        tokio::spawn(watch(Arc::downgrade(&store.0)));
        Ok(store)
    }

    /// Counts a connection for all of the subjects, or for none.
    pub(super) async fn take(&self, subjects: &[(Subject, Quota)]) -> Answer {
        let Some(mut connection) = self.0.connection() else { return Answer::Away };
        let number = self.0.leases.fetch_add(1, Ordering::Relaxed);
        // There before the store is asked: whoever asks may be gone before it answers.
        let shared = Shared {
            store: self.clone(),
            lease: Lease {
                keys: subjects.iter().map(|(subject, _)| self.0.key(*subject)).collect(),
                name: format!("{}-{number}", self.0.relay),
            },
        };
        let mut count = self.0.count.prepare_invoke();
        count.arg("take").arg(&shared.lease.name).arg(milliseconds(self.0.lease.now()));
        for (key, (_, quota)) in shared.lease.keys.iter().zip(subjects) {
            count.key(key).arg(quota.concurrent).arg(quota.per_minute).arg(quota.per_hour);
        }
        let answer: RedisResult<Vec<u64>> = count.invoke_async(&mut connection).await;
        match answer.as_deref() {
            Ok([0]) => Answer::Granted(shared),
            Ok(&[key, per, wait]) => {
                let subject = usize::try_from(key).ok().and_then(|key| subjects.get(key.checked_sub(1)?));
                match (subject, per) {
                    (Some((subject, quota)), 1) => spent(*subject, Per::Time, quota.concurrent, 0),
                    (Some((subject, quota)), 2) => spent(*subject, Per::Minute, quota.per_minute, wait),
                    (Some((subject, quota)), 3) => spent(*subject, Per::Hour, quota.per_hour, wait),
                    _ => Answer::Away,
                }
            }
            Ok(_) => Answer::Away,
            Err(error) => {
                self.0.lost(error);
                Answer::Away
            }
        }
    }

    /// Counts one more for the subjects, which is no connection.
    pub(super) fn charge(&self, subjects: &[Subject]) {
        let keys: Vec<String> = subjects.iter().map(|subject| self.0.key(*subject)).collect();
        self.by_the_way(async move |store, mut connection| {
            let mut count = store.count.prepare_invoke();
            count.arg("charge").arg("").arg(0);
            for key in keys {
                count.key(key);
            }
            count.invoke_async::<Vec<u64>>(&mut connection).await.map(drop)
        });
    }

    /// Waits until what has been given back is so at the store.
    pub(super) async fn settle(&self) {
        self.0.under_way.close();
        self.0.under_way.wait().await;
    }

    /// Does something that nobody waits for, unless the store is away.
    fn by_the_way<F>(&self, what: impl FnOnce(Arc<Inner>, MultiplexedConnection) -> F)
    where
        F: Future<Output = RedisResult<()>> + Send + 'static,
    {
        if let Some(connection) = self.0.connection() {
            let (store, doing) = (self.0.clone(), what(self.0.clone(), connection));
            self.0.under_way.spawn(async move {
                if let Err(error) = doing.await {
                    store.lost(&error);
                }
            });
        }
    }
}

/// Asks a store that is there whether it still is, and one that is away whether it is back, as long as there is a relay.
async fn watch(store: Weak<Inner>) {
    let mut asked = Instant::now();
    loop {
        sleep(KNOCKING).await;
        let Some(store) = Weak::upgrade(&store) else { break };
        match store.connection() {
            None => match store.connect().await {
                Ok(()) => {
                    tracing::info!("the quota store is back: quotas are shared again");
                    asked = Instant::now();
                }
                Err(error) => store.away(&error),
            },
            Some(mut connection) if asked.elapsed() >= ASKING => {
                connection.set_response_timeout(ASKING_PATIENCE);
                if let Err(error) = store.ask(&mut connection).await {
                    store.lost(&error);
                }
                asked = Instant::now();
            }
            _ => {}
        }
    }
}

impl Inner {
    async fn connect(&self) -> RedisResult<()> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(PATIENCE).set_response_timeout(PATIENCE);
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        // One that is full, still loading its data or another's replica lets itself be connected to, and asked.
        let trial = "heloscope:{quota}:trial";
        let mut count = self.count.prepare_invoke();
        count.key(trial).arg("try").arg(&self.relay).arg(milliseconds(self.lease.now()));
        count.invoke_async::<Vec<u64>>(&mut connection).await?;
        let trial = Lease { keys: vec![trial.to_owned()], name: self.relay.clone() };
        give_back(&[trial], &mut connection).await?;
        self.give_back_ended(&mut connection).await?;
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clear();
        *self.connection.write().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        self.known.store(true, Ordering::Relaxed);
        self.metrics.store(true);
        Ok(())
    }

    /// Asks whether the store still is there. A lease that ended just when it came back may have been left.
    async fn ask(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        redis::cmd("PING").query_async::<()>(connection).await?;
        self.give_back_ended(connection).await
    }

    /// Gives back all leases that have ended; where the store does not take them, they are kept.
    async fn give_back_ended(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let ended = std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner));
        if ended.is_empty() {
            return Ok(());
        }
        let done = give_back(&ended, connection).await;
        if done.is_err() {
            self.ended.lock().unwrap_or_else(PoisonError::into_inner).extend(ended);
        }
        done
    }

    /// Goes on without the store, and says so once.
    fn lost(&self, error: &RedisError) {
        let there = self.connection.write().unwrap_or_else(PoisonError::into_inner).take();
        if there.is_some() {
            self.away(error);
        }
    }

    /// Tells why the store is away, each reason once, until it is back.
    fn away(&self, error: &RedisError) {
        self.metrics.store(false);
        let store = &self.client.get_connection_info().addr;
        let doubted = (!self.known.load(Ordering::Relaxed)).then(|| other_scheme(error, store)).flatten();
        let reason = [Some(reason(error)), doubted].into_iter().flatten().collect::<Vec<_>>().join("; ");
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_empty() {
            tracing::warn!(%store, reason, "the quota store is away: quotas hold for this relay alone until it is back");
        } else if !told.contains(&reason) && told.len() < REASONS {
            tracing::warn!(%store, reason, "the quota store stays away, now for another reason");
        } else {
            return;
        }
        told.push(reason);
    }

    fn connection(&self) -> Option<MultiplexedConnection> {
        self.connection.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The subject's name at the store, which tells nobody who it is. All are in one slot of a cluster.
    fn key(&self, subject: Subject) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("a key of any length will do");
        mac.update(format!("{} {}", subject.kind.name(), subject.net).as_bytes());
        format!(
            "heloscope:{{quota}}:{}:{}",
            subject.kind.name(),
            hexadecimal(&mac.finalize().into_bytes()[..16])
        )
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let lease = std::mem::take(&mut self.lease);
        self.store.0.ended.lock().unwrap_or_else(PoisonError::into_inner).push(lease);
        self.store
            .by_the_way(async move |store, mut connection| store.give_back_ended(&mut connection).await);
    }
}

async fn give_back(leases: &[Lease], connection: &mut MultiplexedConnection) -> RedisResult<()> {
    let mut remove = redis::pipe();
    for lease in leases {
        for key in &lease.keys {
            remove.zrem(format!("{key}:live"), &lease.name).ignore();
        }
    }
    remove.query_async(connection).await
}

/// What else its address may have to begin with: a store that takes a ClientHello for the beginning of a line waits for the rest
/// of it, and one that takes a command for a ClientHello hangs up.
fn other_scheme(error: &RedisError, store: &ConnectionAddr) -> Option<String> {
    let said = match store {
        ConnectionAddr::TcpTls { .. } if error.is_timeout() => {
            "if it speaks no TLS there, its address begins with redis://"
        }
        ConnectionAddr::Tcp(..) if error.is_connection_dropped() => {
            "if it speaks TLS there, its address begins with rediss://"
        }
        _ => return None,
    };
    Some(said.to_owned())
}

/// Why the store is away; of the address that may have a password in it, nothing.
fn reason(error: &RedisError) -> String {
    if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_io_error() {
        error.to_string()
    } else if error.code() == Some("OOM") {
        "its memory is full, up to its maxmemory".to_owned()
    } else if error.code() == Some("NOAUTH") {
        "it asks for a password, and there is none in the address of quota-store".to_owned()
    } else if error.kind() == ErrorKind::AuthenticationFailed {
        "it does not take the password in the address of quota-store, or the user".to_owned()
    } else {
        // A code of the store's own, such as NOPERM, says more than that the library does not know it.
        let kind = match error.kind() {
            ErrorKind::ExtensionError => error.code(),
            _ => Some(error.category()),
        };
        [kind, error.detail()].into_iter().flatten().collect::<Vec<_>>().join(": ")
    }
}

fn spent(subject: Subject, per: Per, limit: u16, wait: u64) -> Answer {
    Answer::Spent(Spent { subject, per, limit, wait: Duration::from_millis(wait) })
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

impl StoreUrl {
    /// The same, where the store's certificate is under one of these trust anchors in place of Mozilla's.
    ///
    /// # Errors
    /// Where there is no TLS, or an anchor cannot be used; a clause that says so.
    pub fn trusting(&self, anchors: &TrustAnchors) -> Result<Self, String> {
        let info = self.0.get_connection_info().clone();
        if !matches!(info.addr, ConnectionAddr::TcpTls { .. }) {
            return Err("it is for a store with TLS, whose address begins with rediss://".to_owned());
        }
        let root_cert = Some(anchors.and("").into_bytes());
        let certificates = TlsCertificates { client_tls: None, root_cert };
        Client::build_with_tls(info, certificates).map(Self).map_err(|error| error.to_string())
    }
}

/// The text is no address of a store. It is not repeated: there may be a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadStoreUrl;

impl FromStr for StoreUrl {
    type Err = BadStoreUrl;

    /// Reads `redis://HOST:PORT/DATABASE`, `redis://USER:PASSWORD@HOST`, the same with TLS as `rediss://`, or
    /// `redis+unix:///PATH`.
    fn from_str(text: &str) -> Result<Self, BadStoreUrl> {
        let known = ["redis://", "rediss://", "redis+unix://"].iter().any(|scheme| text.starts_with(scheme));
        // `#insecure` would be TLS with anybody.
        let verified = |client: &Client| {
            !matches!(client.get_connection_info().addr, ConnectionAddr::TcpTls { insecure: true, .. })
        };
        Client::open(text).ok().filter(|client| known && verified(client)).map(Self).ok_or(BadStoreUrl)
    }
}

impl fmt::Display for BadStoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this is no address of a quota store: write redis://HOST:PORT/DATABASE, redis://USER:PASSWORD@HOST:PORT, the \
             same with rediss:// for TLS, or redis+unix:///PATH",
        )
    }
}

impl std::error::Error for BadStoreUrl {}
