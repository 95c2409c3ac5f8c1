//! The mail server at the far end of every bridge: it greets and answers EHLO, or it only sends, as much as it is let.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// What a mail server does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Greets, and answers every line as if it were EHLO.
    Talks,
    /// Sends octets until nobody takes any more.
    Sends,
}

/// A mail server that answers until it is dropped.
#[derive(Debug)]
pub(crate) struct MailServer {
    address: SocketAddr,
    _runtime: Runtime,
}

const GREETING: &[u8] = b"220 mail.test ESMTP\r\n";
const EHLO_REPLY: &[u8] = b"250-mail.test\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n250 8BITMIME\r\n";
/// What is written at a time; no octet of it looks like a record of TLS.
static CHUNK: [u8; 64 * 1024] = [b'x'; 64 * 1024];

impl MailServer {
    /// Listens on a free port of 127.0.0.1.
    pub(crate) fn start(part: Part) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_io().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        runtime.spawn(async move {
            loop {
                // Where there are no descriptors left there will be some again.
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(async move {
                        // Whoever is gone has got what it wanted.
                        let _ = serve(stream, part).await;
                    });
                }
            }
        });
        Ok(Self { address, _runtime: runtime })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve(mut stream: TcpStream, part: Part) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    match part {
        Part::Talks => {
            stream.write_all(GREETING).await?;
            let mut command = [0; 512];
            while stream.read(&mut command).await? > 0 {
                stream.write_all(EHLO_REPLY).await?;
            }
            Ok(())
        }
        Part::Sends => loop {
            stream.write_all(&CHUNK).await?;
        },
    }
}
