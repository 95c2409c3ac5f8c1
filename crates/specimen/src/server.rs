//! One server that plays every specimen: it speaks in turn, answers what a mail server answers, and takes no mail.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::script::{Auth, Script, Service, Step};

/// A server in conversation with one client.
pub(crate) struct Server {
    host: String,
    service: Service,
    tls: Arc<ServerConfig>,
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
    encrypted: bool,
    greeted: bool,
    refusing: bool,
    errors: u8,
}

/// What a server speaks over.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Whether the conversation goes on.
#[derive(PartialEq, Eq)]
enum Next {
    GoOn,
    HangUp,
}

use Next::{GoOn, HangUp};

/// How long the server waits for the client, RFC 5321 §4.5.3.2.7.
const PATIENCE: Duration = Duration::from_secs(300);
/// Octets of a command line, and of a TLS record.
const MAX_LINE: usize = 2048;
const MAX_RECORD: usize = 5 + 16 * 1024;
/// Commands that are none, before the server gives up on the client.
const MAX_ERRORS: u8 = 10;

impl Server {
    pub(crate) fn new<S>(host: &str, service: Service, tls: Arc<ServerConfig>, stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self {
            host: host.to_owned(),
            service,
            tls,
            stream: Box::new(stream),
            unread: Vec::new(),
            encrypted: false,
            greeted: false,
            refusing: false,
            errors: 0,
        }
    }

    /// Speaks until one of both hangs up.
    pub(crate) async fn serve(mut self) -> io::Result<()> {
        self.converse().await?;
        self.stream.shutdown().await
    }

    async fn converse(&mut self) -> io::Result<()> {
        let first = if self.service.implicit_tls { &[Step::Tls][..] } else { &[] };
        let mut next = self.play(first).await?;
        if next == GoOn {
            next = self.play(self.service.greeting).await?;
        }
        while next == GoOn {
            next = match self.line().await? {
                Line::Whole(line) => self.obey(&line).await?,
                Line::BareLf => self.last("521 5.5.2 Error: bare <LF> received").await?,
                Line::TooLong => self.last("500 5.5.2 Error: line too long").await?,
                Line::NeverCame => self.last("421 4.4.2 {host} Error: timeout exceeded").await?,
                Line::Ended => HangUp,
            };
        }
        Ok(())
    }

    async fn play(&mut self, script: Script) -> io::Result<Next> {
        let tls = self.service.tls;
        let steps =
            script.iter().flat_map(|step| if *step == Step::Tls { tls } else { std::slice::from_ref(step) });
        for step in steps {
            match *step {
                Step::Say(text) => self.say(text).await?,
                Step::SayOctets(octets) => self.write(octets).await?,
                Step::SayTimes(times, text) => {
                    for _ in 0..times {
                        self.say(text).await?;
                    }
                }
                Step::Trickle(pause, text) => {
                    for octet in text.replace("{host}", &self.host).into_bytes() {
                        sleep(Duration::from_millis(pause)).await;
                        self.write(&[octet]).await?;
                    }
                }
                Step::Wait(seconds) => sleep(Duration::from_secs(seconds)).await,
                Step::WaitForSilence(seconds, reply) => {
                    if self.hears_within(Duration::from_secs(seconds)).await? {
                        self.say(reply).await?;
                        return Ok(HangUp);
                    }
                }
                Step::HearLine => {
                    self.line().await?;
                }
                Step::HearRecord => self.record().await?,
                Step::Handshake => self.handshake().await?,
                Step::FallSilent => {
                    while self.read().await? != 0 {
                        self.unread.clear();
                    }
                    return Ok(HangUp);
                }
                Step::RefuseAll => self.refusing = true,
                Step::HangUp => return Ok(HangUp),
                // Unfolded above; a `tls` that begins TLS by itself would never end.
                Step::Tls => return Err(io::ErrorKind::InvalidInput.into()),
            }
        }
        Ok(GoOn)
    }

    async fn obey(&mut self, line: &[u8]) -> io::Result<Next> {
        let line = String::from_utf8_lossy(line);
        let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
        let argument = argument.trim();
        let verb = verb.to_ascii_uppercase();
        if self.refusing && verb != "QUIT" {
            return self.error("503 5.5.1 Error: this server takes no commands but QUIT").await;
        }
        match verb.as_str() {
            "EHLO" if !self.service.ehlo => self.error("502 5.5.1 Error: command not implemented").await,
            "EHLO" | "HELO" if argument.is_empty() => {
                self.error(&format!("501 5.5.4 Syntax: {verb} hostname")).await
            }
            "EHLO" => {
                self.greeted = true;
                let reply = self.ehlo_reply();
                self.reply(&reply).await
            }
            "HELO" => {
                self.greeted = true;
                self.reply("250 {host}").await
            }
            "STARTTLS" => self.starttls(argument).await,
            "QUIT" if argument.is_empty() => self.last("221 2.0.0 Bye").await,
            "NOOP" => self.reply("250 2.0.0 Ok").await,
            "RSET" if argument.is_empty() => self.reply("250 2.0.0 Ok").await,
            "QUIT" | "RSET" => self.error(&format!("501 5.5.4 Syntax: {verb}")).await,
            "AUTH" => self.auth().await,
            "MAIL" | "RCPT" | "DATA" | "BDAT" if !self.greeted => {
                self.error("503 5.5.1 Error: send HELO/EHLO first").await
            }
            "MAIL" => self.reply("550 5.7.1 This server takes no mail").await,
            "RCPT" | "DATA" => self.error("503 5.5.1 Error: need MAIL command").await,
            // A chunk would follow and be taken for commands.
            "BDAT" => self.last("503 5.5.1 Error: need MAIL command").await,
            "VRFY" | "EXPN" | "HELP" => self.reply("502 5.5.1 Error: command not implemented").await,
            _ => self.error("500 5.5.2 Error: command not recognized").await,
        }
    }

    fn ehlo_reply(&self) -> String {
        let service = &self.service;
        let mut lines = vec!["{host}"];
        lines.extend((0..service.times).flat_map(|_| service.extensions).copied());
        if service.starttls.is_some() && !self.encrypted {
            lines.push("STARTTLS");
        }
        if self.offers_auth() {
            lines.push("AUTH PLAIN LOGIN");
        }
        let last = lines.len() - 1;
        let numbered = lines.iter().enumerate();
        let marked = numbered.map(|(at, text)| format!("250{}{text}", if at == last { ' ' } else { '-' }));
        marked.collect::<Vec<_>>().join("\r\n")
    }

    fn offers_auth(&self) -> bool {
        match self.service.auth {
            Auth::Never => false,
            Auth::InsideTls => self.encrypted,
            Auth::Always => true,
        }
    }

    /// RFC 3207 §4.
    async fn starttls(&mut self, argument: &str) -> io::Result<Next> {
        let Some(script) = self.service.starttls else {
            return self.error("502 5.5.1 Error: command not implemented").await;
        };
        if self.encrypted {
            return self.error("503 5.5.1 Error: TLS already active").await;
        }
        if !argument.is_empty() {
            return self.error("501 5.5.4 Syntax: STARTTLS").await;
        }
        if !self.greeted {
            return self.error("503 5.5.1 Error: send EHLO first").await;
        }
        self.play(script).await
    }

    async fn auth(&mut self) -> io::Result<Next> {
        if self.offers_auth() {
            self.error("535 5.7.8 Error: authentication failed").await
        } else if self.service.auth == Auth::InsideTls {
            self.error("530 5.7.0 Must issue a STARTTLS command first").await
        } else {
            self.error("503 5.5.1 Error: authentication not enabled").await
        }
    }

    /// Forgets all that came and was said before, RFC 3207 §4.2.
    async fn handshake(&mut self) -> io::Result<()> {
        self.unread.clear();
        let clear = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        let accepted = timeout(PATIENCE, TlsAcceptor::from(self.tls.clone()).accept(clear)).await;
        self.stream = Box::new(accepted.map_err(|_| io::ErrorKind::TimedOut)??);
        self.encrypted = true;
        self.greeted = false;
        Ok(())
    }

    async fn reply(&mut self, text: &str) -> io::Result<Next> {
        self.say(&format!("{text}\r\n")).await?;
        Ok(GoOn)
    }

    async fn last(&mut self, text: &str) -> io::Result<Next> {
        self.reply(text).await?;
        Ok(HangUp)
    }

    async fn error(&mut self, text: &str) -> io::Result<Next> {
        self.errors += 1;
        if self.errors > MAX_ERRORS {
            return self.last("421 4.7.0 {host} Error: too many errors").await;
        }
        self.reply(text).await
    }

    async fn say(&mut self, text: &str) -> io::Result<()> {
        let text = text.replace("{host}", &self.host);
        self.write(text.as_bytes()).await
    }

    async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets).await?;
        self.stream.flush().await
    }

    async fn line(&mut self) -> io::Result<Line> {
        loop {
            if let Some(end) = self.unread.iter().position(|octet| *octet == b'\n') {
                let rest = self.unread.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.unread, rest);
                line.pop();
                return Ok(if line.pop() == Some(b'\r') { Line::Whole(line) } else { Line::BareLf });
            }
            if self.unread.len() >= MAX_LINE {
                return Ok(Line::TooLong);
            }
            let Ok(read) = timeout(PATIENCE, self.read()).await else { return Ok(Line::NeverCame) };
            if read? == 0 {
                return Ok(Line::Ended);
            }
        }
    }

    /// Reads past one TLS record, RFC 8446 §5.1, or to the end of the stream.
    async fn record(&mut self) -> io::Result<()> {
        loop {
            if let [_, _, _, high, low, fragment @ ..] = &self.unread[..] {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                if fragment.len() >= length {
                    self.unread.drain(..5 + length);
                    return Ok(());
                }
            }
            let read = timeout(PATIENCE, self.read()).await.map_err(|_| io::ErrorKind::TimedOut)??;
            if read == 0 || self.unread.len() > MAX_RECORD {
                return Ok(());
            }
        }
    }

    async fn hears_within(&mut self, time: Duration) -> io::Result<bool> {
        if !self.unread.is_empty() {
            return Ok(true);
        }
        timeout(time, self.read()).await.map_or(Ok(false), |read| read.map(|_| true))
    }

    async fn read(&mut self) -> io::Result<usize> {
        let mut octets = [0; 1024];
        let read = self.stream.read(&mut octets).await?;
        self.unread.extend_from_slice(&octets[..read]);
        Ok(read)
    }
}

/// What reading a command line came to.
enum Line {
    Whole(Vec<u8>),
    BareLf,
    TooLong,
    NeverCame,
    Ended,
}
