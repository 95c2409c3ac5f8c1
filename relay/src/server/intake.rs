use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;

use super::connection::Door;
use super::shortage::{RESPITE, Shortage};

/// Takes connections and has them served, each where it was taken. Cheap to clone.
#[derive(Clone)]
pub(super) struct Intake {
    door: Door,
    /// Those that are served.
    connections: TaskTracker,
    /// The WebSockets that came on them.
    sessions: TaskTracker,
    shortage: Arc<Mutex<Shortage>>,
    /// When there was last a crowd.
    crowded: watch::Sender<Instant>,
}

/// More at the same time than one thread is left alone with: a page opens three WebSockets.
const FEW: usize = 4;

impl Intake {
    pub(super) fn new(door: Door, connections: TaskTracker, sessions: TaskTracker) -> Self {
        Self {
            door,
            connections,
            sessions,
            shortage: Arc::default(),
            crowded: watch::Sender::new(Instant::now()),
        }
    }

    /// Takes connections until the door's `stop` is cancelled.
    pub(super) async fn take(&self, listener: &TcpListener) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.door.stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, client)) => {
                    self.shortage().eased();
                    // What a task is made of is copied several times on its way there.
                    self.connections.spawn(Box::pin(self.door.clone().serve(stream, client)));
                    if self.connections.len() + self.sessions.len() > FEW {
                        self.crowded.send_replace(Instant::now());
                    }
                }
                // The client was gone before it was its turn.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                    ) =>
                {
                    tracing::debug!(%error, "cannot take a connection");
                }
                Err(error) => {
                    self.shortage().met(&error);
                    // The next attempt would fail at once as well.
                    tokio::select! {
                        () = sleep(RESPITE) => {}
                        () = self.door.stop.cancelled() => break,
                    }
                }
            }
        }
    }

    /// Tells when there is a crowd: the moment changes with each connection that is one too many for one thread.
    pub(super) fn crowded(&self) -> watch::Receiver<Instant> {
        self.crowded.subscribe()
    }

    /// Waits until no more connections are taken.
    pub(super) async fn stopped(&self) {
        self.door.stop.cancelled().await;
    }

    fn shortage(&self) -> MutexGuard<'_, Shortage> {
        self.shortage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
