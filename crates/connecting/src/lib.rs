//! TCP connecting, told apart from what comes right after it.
//!
//! A server may accept and reset at once, and the system then says of the attempt itself that it was reset. But a host that
//! takes no connection answers the SYN with a RST, and that is a refusal (RFC 9293 §3.10.7.3): whoever was reset was
//! connected.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;

/// A connection in the making.
#[derive(Debug)]
pub struct Connecting(TcpStream);

/// A connection that was made.
#[derive(Debug)]
pub struct Connected {
    /// The connection.
    pub stream: TcpStream,
    /// It was reset before anyone looked at it. What the server had sent can be read, and then comes an end.
    pub reset: bool,
}

impl Connecting {
    /// Sends the SYN.
    ///
    /// # Errors
    /// There is no socket, or no way to the address.
    pub fn begin(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        match socket.connect(&address.into()) {
            Err(error) if !is_under_way(&error) => Err(error),
            Ok(()) | Err(_) => TcpStream::from_std(socket.into()).map(Self),
        }
    }

    /// Waits until TCP has connected.
    ///
    /// # Errors
    /// It has not: refused, unreachable, timed out by the system.
    pub async fn made(self) -> io::Result<Connected> {
        let Self(stream) = self;
        stream.writable().await?;
        match stream.take_error()? {
            Some(error) if !is_reset(&error) => Err(error),
            told => Ok(Connected { stream, reset: told.is_some() }),
        }
    }
}

/// EINPROGRESS, for which the standard library has no name.
fn is_under_way(error: &io::Error) -> bool {
    const EINPROGRESS: i32 = if cfg!(any(target_os = "linux", target_os = "android")) { 115 } else { 36 };
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(EINPROGRESS)
}

fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{Ipv4Addr, TcpListener};
    use std::time::Duration;

    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn who_is_reset_was_connected_and_reads_what_came_before() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let connecting = Connecting::begin(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        server.write_all(b"220-mx.example wait\r\n").unwrap();
        socket2::SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
        drop(server);
        // Until the reset has come the system knows a peer.
        while connecting.0.peer_addr().is_ok() {
            std::thread::yield_now();
        }
        let Connected { mut stream, reset } = connecting.made().await.unwrap();
        assert!(reset);
        let mut octets = Vec::new();
        stream.read_to_end(&mut octets).await.unwrap();
        assert_eq!(octets, b"220-mx.example wait\r\n");
    }

    #[tokio::test]
    async fn who_is_refused_was_not() {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let refused = match Connecting::begin(free) {
            Ok(connecting) => connecting.made().await.map(|connected| connected.reset),
            Err(error) => Err(error),
        };
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn who_is_not_reset_talks() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let connecting = Connecting::begin(listener.local_addr().unwrap()).unwrap();
        let Connected { mut stream, reset } = connecting.made().await.unwrap();
        assert!(!reset);
        let (mut server, _) = listener.accept().unwrap();
        server.write_all(b"220 mx.example\r\n").unwrap();
        drop(server);
        let mut octets = String::new();
        stream.read_to_string(&mut octets).await.unwrap();
        assert_eq!(octets, "220 mx.example\r\n");
    }
}
