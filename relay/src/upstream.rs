use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;

use crate::quota::Lease;
use heloscope_connecting::{Connected, Connecting};

/// The connection to a mail server, or to a specimen of one within this process, and what it is counted for: when it
/// closes, for whatever reason, that ends too.
pub(crate) struct Upstream {
    stream: Stream,
    /// The system has told of a reset already, and what it gives is what had come before.
    reset: bool,
    /// Something was read that may not be acknowledged yet.
    owes_acknowledgement: bool,
    _leases: Vec<Lease>,
}

enum Stream {
    Tcp(TcpStream),
    Specimen(DuplexStream),
}

/// The most octets that are read at a time: several frames, so that much costs few system calls.
pub(crate) const CHUNK: usize = 64 * 1024;

/// Who sends as much at a time is in the middle of a stream.
const STREAM: usize = 16 * 1024;

impl Upstream {
    pub(crate) fn tcp(Connected { stream, reset }: Connected, leases: Vec<Lease>) -> Self {
        Self { stream: Stream::Tcp(stream), reset, owes_acknowledgement: false, _leases: leases }
    }

    pub(crate) fn specimen(stream: DuplexStream, leases: Vec<Lease>) -> Self {
        Self { stream: Stream::Specimen(stream), reset: false, owes_acknowledgement: false, _leases: leases }
    }

    /// Connects, and sets what the replies of a mail server are not to wait for.
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Connected> {
        let connected = Connecting::begin(address)?.made().await?;
        // Where it fails the connection is slower, or over already.
        let _ = connected.stream.set_nodelay(true);
        acknowledge_at_once(&connected.stream);
        Ok(connected)
    }
}

/// Reads what a mail server sends.
///
/// A connection that waits holds no buffer. In the middle of a stream one is kept: to give so much back to the allocator and
/// ask for it again at each chunk costs more than the reading does, with musl's more than all else.
#[derive(Default)]
pub(crate) struct Chunks {
    kept: Option<BytesMut>,
}

impl Chunks {
    /// Waits for octets, at most [`CHUNK`]; none where the other side has ended.
    pub(crate) async fn next<R: AsyncRead + Unpin>(&mut self, reader: &mut R) -> io::Result<Bytes> {
        poll_fn(|context| self.poll_next(reader, context)).await
    }

    fn poll_next<R: AsyncRead + Unpin>(
        &mut self,
        reader: &mut R,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Bytes>> {
        let Some(mut buffer) = self.kept.take() else {
            let mut buffer = [MaybeUninit::uninit(); CHUNK];
            let mut buffer = ReadBuf::uninit(&mut buffer);
            ready!(Pin::new(reader).poll_read(context, &mut buffer))?;
            if buffer.filled().len() < STREAM {
                return Poll::Ready(Ok(Bytes::copy_from_slice(buffer.filled())));
            }
            let mut kept = BytesMut::with_capacity(CHUNK);
            kept.extend_from_slice(buffer.filled());
            return Poll::Ready(Ok(self.give(kept)));
        };
        // The last chunk has been written by now, and so this is its room once more.
        buffer.reserve(CHUNK);
        ready!(pin!(reader.read_buf(&mut buffer)).poll(context))?;
        Poll::Ready(Ok(self.give(buffer)))
    }

    /// What was read; the room behind it is kept.
    fn give(&mut self, mut buffer: BytesMut) -> Bytes {
        let chunk = buffer.split().freeze();
        self.kept = Some(buffer);
        chunk
    }
}

/// Postfix sends TLS 1.3 tickets first, and Nagle's algorithm then holds its next reply until they are acknowledged: a
/// delayed acknowledgement costs 40 ms. Linux falls back to delaying by itself, so this is said again after each read.
fn acknowledge_at_once(stream: &TcpStream) {
    // Where it fails the connection is slower, no worse.
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_quickack(true);
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

impl AsyncRead for Upstream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, reset, owes_acknowledgement, .. } = self.get_mut();
        match stream {
            Stream::Tcp(stream) => {
                // Only now, when the client has what was read: it waits for that, and an acknowledgement is a packet too.
                if std::mem::take(owes_acknowledgement) {
                    acknowledge_at_once(stream);
                }
                let before = buffer.filled().len();
                let result = ready!(Pin::new(&mut *stream).poll_read(context, buffer));
                let read = buffer.filled().len() - before;
                // Nothing waits for the acknowledgement of a stream.
                *owes_acknowledgement = (1..STREAM).contains(&read);
                Poll::Ready(if *reset && read == 0 { Err(ErrorKind::ConnectionReset.into()) } else { result })
            }
            Stream::Specimen(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Upstream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(context, octets),
            Stream::Specimen(stream) => Pin::new(stream).poll_write(context, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Stream::Specimen(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Specimen(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn a_stream_is_read_into_one_buffer_and_who_waits_holds_none() {
        let (mut server, mut reader) = tokio::io::duplex(4 * CHUNK);
        let mut chunks = Chunks::default();
        let mut stream: Vec<u8> = (0..=255).cycle().take(3 * CHUNK).collect();
        server.write_all(&stream).await.unwrap();
        let mut rooms = Vec::new();
        for octets in stream.chunks(CHUNK) {
            let chunk = chunks.next(&mut reader).await.unwrap();
            assert!(chunk == octets);
            rooms.push(chunk.as_ptr());
        }
        assert_eq!(rooms, [rooms[0]; 3]);

        assert!(chunks.next(&mut reader).now_or_never().is_none());
        assert!(chunks.kept.is_none());

        stream.truncate(STREAM - 1);
        server.write_all(&stream).await.unwrap();
        assert!(chunks.next(&mut reader).await.unwrap() == stream);
        assert!(chunks.kept.is_none());
    }

    #[tokio::test]
    async fn a_chunk_that_is_still_held_is_not_written_over() {
        let (mut server, mut reader) = tokio::io::duplex(4 * CHUNK);
        let mut chunks = Chunks::default();
        server.write_all(&[1; CHUNK]).await.unwrap();
        server.write_all(&[2; CHUNK]).await.unwrap();
        let first = chunks.next(&mut reader).await.unwrap();
        let second = chunks.next(&mut reader).await.unwrap();
        assert!(first == [1; CHUNK][..] && second == [2; CHUNK][..]);
    }
}
