use std::io;
use std::net::TcpListener as StdListener;
use std::thread;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::intake::Intake;

/// Threads that take connections from one socket beside the thread that serves, each with a runtime of its own: a
/// connection stays where it was taken, so that no step of its has to wake another thread. They end when this is dropped.
pub(super) struct Workers {
    waiting: Vec<oneshot::Sender<Intake>>,
    _over: DropGuard,
}

/// How long after the last crowd they help.
const QUIET: Duration = Duration::from_secs(1);

impl Workers {
    /// Starts so many, which then wait until they are told to [`begin`](Self::begin).
    pub(super) async fn start(number: u64, listener: &TcpListener) -> io::Result<Self> {
        let over = CancellationToken::new();
        let mut workers = Self { waiting: Vec::new(), _over: over.clone().drop_guard() };
        for number in 1..=number {
            let listener = SockRef::from(listener).try_clone()?.into();
            let ((begin, begun), (ready, is_ready)) = (oneshot::channel(), oneshot::channel());
            let over = over.clone();
            let work = move || match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => {
                    // Whoever starts it may have given up.
                    let _ = ready.send(Ok(()));
                    runtime.block_on(work(listener, begun, over));
                    // A look-up that still hangs in the C library is not waited for.
                    runtime.shutdown_background();
                }
                Err(error) => drop(ready.send(Err(error))),
            };
            thread::Builder::new().name(format!("worker-{number}")).spawn(work)?;
            is_ready.await.map_err(io::Error::other)??;
            workers.waiting.push(begin);
        }
        Ok(workers)
    }

    /// Has them take connections.
    pub(super) fn begin(&mut self, intake: &Intake) {
        for worker in self.waiting.drain(..) {
            // One that is gone has said why.
            let _ = worker.send(intake.clone());
        }
    }
}

async fn work(listener: StdListener, begun: oneshot::Receiver<Intake>, over: CancellationToken) {
    let helping = async {
        let Ok(intake) = begun.await else { return };
        if let Err(error) = help(listener, &intake).await {
            tracing::error!(%error, "a worker takes no more connections");
        }
    };
    tokio::select! {
        () = helping => {}
        () = over.cancelled() => {}
    }
    // Connections that run may end.
    over.cancelled().await;
}

/// Takes connections while there is a crowd. Each connection wakes all who wait for one: where a single thread keeps up,
/// the others would wake in vain.
async fn help(mut listener: StdListener, intake: &Intake) -> io::Result<()> {
    let mut crowded = intake.crowded();
    loop {
        tokio::select! {
            _ = crowded.changed() => {}
            () = intake.stopped() => return Ok(()),
        }
        let listening = TcpListener::from_std(listener)?;
        let quiet = async {
            while crowded.borrow_and_update().elapsed() < QUIET {
                sleep(QUIET).await;
            }
        };
        tokio::select! {
            () = intake.take(&listening) => return Ok(()),
            () = quiet => {}
        }
        listener = listening.into_std()?;
    }
}
