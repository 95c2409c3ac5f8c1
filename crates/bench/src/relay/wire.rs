//! A client that costs next to nothing: it opens a WebSocket (RFC 6455), or none, and reads what a mail server says
//! through it.

use std::io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What a bridge wants spoken to it.
#[derive(Clone, Debug)]
pub(crate) enum Protocol {
    /// Nothing: this is the mail server itself.
    Tcp,
    /// A WebSocket whose binary frames are octets; text frames are the bridge's own.
    WebSocket {
        /// Path and query of the request.
        target: String,
        /// Further header lines, each with its end.
        fields: String,
    },
    /// Wisp 1.2 over a WebSocket: one TCP stream to this port of 127.0.0.1.
    Wisp(u16),
}

/// A connection to a mail server; reading gives the server's octets, whatever they are wrapped in.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    wrapping: Wrapping,
    /// Octets of the mail server's in the frame at hand that are still to come.
    left: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapping {
    None,
    Frames,
    Wisp,
}

/// Longest wait for a read.
const PATIENCE: Duration = Duration::from_secs(30);
const BUFFER: usize = 64 * 1024;

// RFC 6455 §5.2.
const FINAL: u8 = 0x80;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const MASKED: u8 = 0x80;

// Wisp: the types of its packets. Type and stream come before what a packet carries.
const WISP_CONNECT: u8 = 1;
const WISP_DATA: u8 = 2;
const WISP_CLOSE: u8 = 4;
const WISP_HEADER: usize = 5;
const WISP_STREAM: [u8; 4] = 1_u32.to_le_bytes();
const WISP_TCP: u8 = 1;

impl Connection {
    /// Connects and asks for the mail server.
    pub(crate) fn open(address: SocketAddr, protocol: &Protocol) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let wrapping = match protocol {
            Protocol::Tcp => Wrapping::None,
            Protocol::WebSocket { .. } => Wrapping::Frames,
            Protocol::Wisp(_) => Wrapping::Wisp,
        };
        let mut connection = Self { stream: BufReader::with_capacity(BUFFER, stream), wrapping, left: 0 };
        match protocol {
            Protocol::Tcp => {}
            Protocol::WebSocket { target, fields } => connection.upgrade(address, target, fields)?,
            Protocol::Wisp(port) => {
                connection.upgrade(address, "/", "")?;
                let mut connect = vec![WISP_CONNECT];
                connect.extend(WISP_STREAM);
                connect.push(WISP_TCP);
                connect.extend(port.to_le_bytes());
                connect.extend(b"127.0.0.1");
                connection.write_frame(&connect)?;
            }
        }
        Ok(connection)
    }

    /// Reads one SMTP reply (RFC 5321 §4.2), to the end of its last line.
    pub(crate) fn reply(&mut self) -> io::Result<Vec<u8>> {
        let mut reply = Vec::new();
        let mut chunk = [0; 512];
        while !is_whole(&reply) {
            match self.read(&mut chunk)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => reply.extend(chunk.iter().take(read)),
            }
        }
        Ok(reply)
    }

    /// Sends a command.
    pub(crate) fn command(&mut self, line: &[u8]) -> io::Result<()> {
        match self.wrapping {
            Wrapping::None => self.stream.get_mut().write_all(line),
            Wrapping::Frames => self.write_frame(line),
            Wrapping::Wisp => {
                let mut packet = vec![WISP_DATA];
                packet.extend(WISP_STREAM);
                packet.extend(line);
                self.write_frame(&packet)
            }
        }
    }

    /// Reads octets until then, keeps none, and says how many there were.
    pub(crate) fn drain(&mut self, until: Instant) -> io::Result<u64> {
        let mut octets = 0;
        while Instant::now() < until {
            let have = self.octets()?.len();
            if have == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.used(have);
            octets += u64::try_from(have).unwrap_or(u64::MAX);
        }
        Ok(octets)
    }

    /// Lets go of the buffer; nothing is read any more.
    pub(crate) fn idle(self) -> TcpStream {
        self.stream.into_inner()
    }

    fn upgrade(&mut self, address: SocketAddr, target: &str, fields: &str) -> io::Result<()> {
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut line, mut first) = (Vec::new(), Vec::new());
        loop {
            line.clear();
            self.stream.read_until(b'\n', &mut line)?;
            match line.as_slice() {
                b"" => return Err(ErrorKind::UnexpectedEof.into()),
                b"\r\n" => break,
                _ if first.is_empty() => first = line.clone(),
                _ => {}
            }
        }
        if first.starts_with(b"HTTP/1.1 101") {
            return Ok(());
        }
        Err(Error::other(format!("it answers {}", String::from_utf8_lossy(&first).trim())))
    }

    /// One frame. Its mask is zero: it hides nothing, and nobody's cache is in between (RFC 6455 §10.3).
    fn write_frame(&mut self, octets: &[u8]) -> io::Result<()> {
        let length = u8::try_from(octets.len()).ok().filter(|&length| length < 126);
        let length = length.ok_or_else(|| Error::other("a frame longer than any command"))?;
        let mut frame = vec![FINAL | BINARY, MASKED | length, 0, 0, 0, 0];
        frame.extend(octets);
        self.stream.get_mut().write_all(&frame)
    }

    /// The mail server's next octets, none once it has ended.
    fn octets(&mut self) -> io::Result<&[u8]> {
        while self.wrapping != Wrapping::None && self.left == 0 {
            if !self.next_frame()? {
                return Ok(&[]);
            }
        }
        let whole = self.wrapping == Wrapping::None;
        let buffer = self.stream.fill_buf()?;
        Ok(if whole { buffer } else { buffer.get(..self.left).unwrap_or(buffer) })
    }

    fn used(&mut self, octets: usize) {
        self.stream.consume(octets);
        self.left = self.left.saturating_sub(octets);
    }

    /// Reads as far as a frame's octets; false where the mail server's have ended.
    fn next_frame(&mut self) -> io::Result<bool> {
        let [first, length] = self.take()?;
        let mut length = match length & !MASKED {
            126 => u64::from(u16::from_be_bytes(self.take()?)),
            127 => u64::from_be_bytes(self.take()?),
            short => u64::from(short),
        };
        let (opcode, mut carries) = (first & 0x0f, true);
        if opcode == CLOSE {
            return Ok(false);
        }
        if self.wrapping == Wrapping::Wisp && opcode == BINARY {
            let [kind, ..]: [u8; WISP_HEADER] = self.take()?;
            if kind == WISP_CLOSE {
                return Ok(false);
            }
            carries = kind == WISP_DATA;
            length = length.saturating_sub(5);
        }
        if !carries || opcode == TEXT || opcode > CLOSE {
            io::copy(&mut self.stream.by_ref().take(length), &mut io::sink())?;
            return Ok(true);
        }
        self.left = usize::try_from(length).map_err(Error::other)?;
        Ok(true)
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut octets = [0; N];
        self.stream.read_exact(&mut octets)?;
        Ok(octets)
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.octets()?.read(buffer)?;
        self.used(read);
        Ok(read)
    }
}

/// Whether the last line of a reply has come: three digits, a space, and CRLF at the end.
fn is_whole(reply: &[u8]) -> bool {
    let Some(lines) = reply.strip_suffix(b"\r\n") else { return false };
    lines.rsplit(|&octet| octet == b'\n').next().and_then(|line| line.get(3)) == Some(&b' ')
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn heard(protocol: &Protocol, answer: &'static [u8]) -> (Vec<u8>, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            stream.write_all(answer).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut request = Vec::new();
            stream.read_to_end(&mut request).unwrap();
            request
        });
        let mut connection = Connection::open(address, protocol).unwrap();
        let reply = connection.reply().unwrap();
        connection.command(b"EHLO a.test\r\n").unwrap();
        drop(connection);
        (reply, server.join().unwrap())
    }

    #[test]
    fn frames_are_unwrapped_and_control_is_left_out() {
        let protocol = Protocol::WebSocket { target: "/x?y".to_owned(), fields: "Origin: z\r\n".to_owned() };
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\
            \x81\x04{} ]\x89\x00\x82\x06220-a \x82\x7e\x00\x0a\r\n220 b c\n\x82\x05\r\n221\x82\x03 d\r\x82\x01\n";
        // "220 b c\n\r\n" ends no line of a reply: the last line is the one with 221.
        let (reply, request) = heard(&protocol, answer);
        assert_eq!(reply, b"220-a \r\n220 b c\n\r\n221 d\r\n");
        assert!(request.starts_with(b"GET /x?y HTTP/1.1\r\nHost: 127.0.0.1:"));
        assert!(request.ends_with(b"Origin: z\r\n\r\n\x82\x8d\0\0\0\0EHLO a.test\r\n"));
    }

    #[test]
    fn wisp_carries_a_stream_in_packets() {
        let answer = b"HTTP/1.1 101 Switching Protocols\r\n\r\n\
            \x82\x09\x03\0\0\0\0\x80\0\0\0\x82\x0c\x02\x01\x00\x00\x00220 a\r\n";
        let (reply, request) = heard(&Protocol::Wisp(0x1234), answer);
        assert_eq!(reply, b"220 a\r\n");
        let asked = b"\r\n\r\n\x82\x91\0\0\0\0\x01\x01\0\0\0\x01\x34\x12127.0.0.1\x82\x92\0\0\0\0\x02\x01\0\0\0EHLO a.test\r\n";
        assert!(request.ends_with(asked), "{request:?}");
    }

    #[test]
    fn an_end_in_the_middle_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut connection = Connection::open(address, &Protocol::Tcp).unwrap();
        listener.accept().unwrap().0.write_all(b"220-a\r\n").unwrap();
        assert_eq!(connection.reply().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}
