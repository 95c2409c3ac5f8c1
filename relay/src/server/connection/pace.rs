use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

use crate::server::callers::Caller;

/// When something last happened on a client's connection: what neither HTTP version's implementation counts.
#[derive(Debug)]
pub(super) struct Pace {
    began: Instant,
    /// Milliseconds from the beginning to the last octet, either way.
    moved: AtomicU64,
    asked: AtomicBool,
}

impl Pace {
    pub(super) fn begin() -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), moved: AtomicU64::new(0), asked: AtomicBool::new(false) })
    }

    /// There was a request.
    pub(super) fn asked(&self) {
        self.asked.store(true, Relaxed);
    }

    /// Waits until there was no request for so long from the beginning, then no octet for so long, or the connection
    /// has lasted for so long.
    pub(super) async fn runs_out(&self, first: Duration, silence: Duration, life: Duration) {
        loop {
            let idle = if self.asked.load(Relaxed) {
                Duration::from_millis(self.moved.load(Relaxed)) + silence
            } else {
                first
            };
            let deadline = self.began + idle.min(life);
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }

    fn moved(&self) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(since, Relaxed);
    }
}

/// A stream that tells its pace, and counts for whoever called as long as there is one.
pub(super) struct Paced<S> {
    stream: S,
    pace: Arc<Pace>,
    _caller: Option<Caller>,
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, pace: Arc<Pace>, caller: Option<Caller>) -> Self {
        Self { stream, pace, _caller: caller }
    }

    fn telling<T>(&self, progress: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if matches!(progress, Poll::Ready(Ok(_))) {
            self.pace.moved();
        }
        progress
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let progress = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.telling(progress)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.stream).poll_write(cx, octets);
        self.telling(progress)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.stream).poll_write_vectored(cx, octets);
        self.telling(progress)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn lasts(pace: &Pace) -> Duration {
        pace.runs_out(5 * SECOND, 90 * SECOND, 600 * SECOND).await;
        pace.began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_request_is_not_waited_for() {
        assert_eq!(lasts(&Pace::begin()).await, 5 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn octets_either_way_put_the_end_off_but_not_for_ever() {
        let pace = Pace::begin();
        let (near, mut far) = tokio::io::duplex(16);
        let mut paced = Paced::new(near, pace.clone(), None);
        pace.asked();
        sleep(60 * SECOND).await;
        far.write_all(b"x").await.unwrap();
        paced.read_exact(&mut [0]).await.unwrap();
        sleep(60 * SECOND).await;
        paced.write_all(b"x").await.unwrap();
        assert_eq!(lasts(&pace).await, 210 * SECOND);

        let pace = Pace::begin();
        let (near, mut far) = tokio::io::duplex(16);
        let mut paced = Paced::new(near, pace.clone(), None);
        pace.asked();
        let trickle = async {
            loop {
                far.write_all(b"x").await.unwrap();
                paced.read_exact(&mut [0]).await.unwrap();
                sleep(60 * SECOND).await;
            }
        };
        let lasted = tokio::select! {
            lasted = lasts(&pace) => lasted,
            () = trickle => unreachable!("it goes on"),
        };
        assert_eq!(lasted, 600 * SECOND);
    }
}
