//! The SMTP that `openssl s_server` does not speak: what comes before TLS is said here, and what is said inside TLS goes
//! through the standard input and output of an `s_server` that is started for each connection.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;

use heloscope_observation::{PortSpec, TlsMode};

use crate::openssl::Openssl;
use crate::ports::ADDRESS;

/// Listens on its ports until it is dropped.
#[derive(Debug)]
pub(crate) struct Front {
    ports: [PortSpec; 2],
    stopped: Arc<AtomicBool>,
}

/// How each connection is served.
struct Service {
    host: &'static str,
    openssl: Openssl,
    /// A file that is there already, for what goes wrong.
    log: PathBuf,
    /// For `openssl`, without where to listen.
    arguments: Vec<&'static str>,
    connections: AtomicU64,
}

impl Front {
    pub(crate) fn listen(
        host: &'static str,
        modes: [TlsMode; 2],
        openssl: Openssl,
        log: PathBuf,
        arguments: Vec<&'static str>,
    ) -> io::Result<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        let service = Arc::new(Service { host, openssl, log, arguments, connections: AtomicU64::new(0) });
        let mut ports = modes.map(|mode| PortSpec { port: 0, mode });
        for port in &mut ports {
            let listener = TcpListener::bind((ADDRESS, 0))?;
            port.port = listener.local_addr()?.port();
            let (mode, stopped, service) = (port.mode, Arc::clone(&stopped), Arc::clone(&service));
            thread::spawn(move || accept(&listener, mode, &stopped, &service));
        }
        Ok(Self { ports, stopped })
    }

    pub(crate) fn ports(&self) -> &[PortSpec; 2] {
        &self.ports
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        for port in self.ports {
            // It waits for a connection; a failure means that it waits no longer.
            let _ = TcpStream::connect((ADDRESS, port.port));
        }
    }
}

fn accept(listener: &TcpListener, mode: TlsMode, stopped: &AtomicBool, service: &Arc<Service>) {
    for stream in listener.incoming() {
        if stopped.load(Ordering::SeqCst) {
            return;
        }
        let (Ok(stream), service) = (stream, Arc::clone(service)) else { continue };
        thread::spawn(move || {
            // A client that goes away in the middle is no error.
            let _ = service.serve(stream, mode);
        });
    }
}

/// A client that says nothing for so long is left.
const SILENCE: Duration = Duration::from_secs(60);

impl Service {
    fn serve(&self, mut stream: TcpStream, mode: TlsMode) -> io::Result<()> {
        stream.set_read_timeout(Some(SILENCE))?;
        if mode == TlsMode::StartTls {
            self.greet(&mut stream)?;
            let output = stream.try_clone()?;
            if self.converse(&mut stream, output, true)? == End::Quit {
                return Ok(());
            }
        }
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let (mut server, inside) = self.s_server(number)?;
        let spliced = splice(stream, inside)?;
        let said = self.inside(&mut server, mode);
        // With its input ended it says goodbye, where the client has not.
        drop(server.stdin.take());
        server.wait()?;
        for thread in spliced {
            // Neither thread panics.
            let _ = thread.join();
        }
        said
    }

    /// What is said inside TLS.
    fn inside(&self, server: &mut Child, mode: TlsMode) -> io::Result<()> {
        let (Some(mut input), Some(mut output)) = (server.stdout.take(), server.stdin.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        if mode == TlsMode::Implicit {
            self.greet(&mut output)?;
        }
        self.converse(&mut input, output, false).map(|_| ())
    }

    fn greet(&self, output: &mut impl Write) -> io::Result<()> {
        write!(output, "220 {} ESMTP s_server\r\n", self.host)
    }

    /// Answers commands until the conversation is over, or TLS is to begin.
    fn converse(&self, input: &mut impl Read, mut output: impl Write, starttls: bool) -> io::Result<End> {
        let host = self.host;
        while let Some(line) = read_line(input)? {
            match line.to_ascii_uppercase().split(' ').next() {
                Some("EHLO") if starttls => {
                    write!(output, "250-{host}\r\n250-SIZE 10240000\r\n250 STARTTLS\r\n")?;
                }
                Some("EHLO") => write!(output, "250-{host}\r\n250 SIZE 10240000\r\n")?,
                Some("STARTTLS") if starttls => {
                    write!(output, "220 2.0.0 Ready to start TLS\r\n")?;
                    return Ok(End::StartTls);
                }
                Some("QUIT") => {
                    write!(output, "221 2.0.0 Bye\r\n")?;
                    return Ok(End::Quit);
                }
                _ => write!(output, "502 5.5.1 Command not implemented\r\n")?,
            }
        }
        Ok(End::Quit)
    }

    /// Starts an `s_server` for one connection, and connects to it.
    fn s_server(&self, number: u64) -> io::Result<(Child, UnixStream)> {
        // OpenSSL fails on a path of over 31 octets.
        let name = format!("connection-{number}");
        let socket = self.openssl.directory.join(&name);
        let mut server = self
            .openssl
            .command()
            .args(&self.arguments)
            .args(["-naccept", "1", "-unix"])
            .arg(&name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(OpenOptions::new().append(true).open(&self.log)?)
            .spawn()?;
        loop {
            match UnixStream::connect(&socket) {
                Ok(stream) => return Ok((server, stream)),
                Err(error) if server.try_wait()?.is_some() => return Err(error),
                Err(_) => sleep(Duration::from_millis(2)),
            }
        }
    }
}

#[derive(PartialEq, Eq)]
enum End {
    Quit,
    StartTls,
}

/// Octet by octet: what comes after STARTTLS is not for here.
fn read_line(input: &mut impl Read) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut octet = [0];
    while line.len() < 1000 && input.read(&mut octet)? == 1 {
        if octet == *b"\n" {
            return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
        }
        line.push(octet[0]);
    }
    Ok(None)
}

/// Passes on what comes from either side, in two threads that end with the connection.
fn splice(client: TcpStream, server: UnixStream) -> io::Result<[thread::JoinHandle<()>; 2]> {
    let (mut from_client, mut to_client) = (client.try_clone()?, client);
    let (mut from_server, mut to_server) = (server.try_clone()?, server);
    // That one side is gone shows on the other: its direction is ended too.
    let up = thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let down = thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    Ok([up, down])
}
