//! What may go upstream, checked octet by octet, in four rules.
//!
//! 1. [`clear_phase`]: EHLO, HELO, STARTTLS and QUIT, one line a frame, after the server's complete reply.
//! 2. [`client_hello`]: one ClientHello, such as the core makes, for the host asked for, without a command in it.
//! 3. [`handshake`]: what [`tls12`] and [`tls13`] have the client send until its Finished, in exact lengths.
//! 4. [`key_proof`]: what the key that the client has shown opens to EHLO, HELO, QUIT or a close_notify.
//!
//! The mail server is taken for honest, and for one of which the client may know anything; the client is not. (A
//! server that plays along needs no relay to be told things by its own client, and gets no more than the limit on octets.)
//! What a client could try to make of that, and where it ends:
//!
//! - *A hello that is mail.* A server that turns out to speak clear text reads a ClientHello as lines. It is searched as
//!   such, from the end of the line before it on, its header included; each list in it is one of known numbers, so that
//!   no more is left to choose than random, session id and key share.
//! - *A handshake that is mail.* After the hello nothing goes up unless the server's next octets are a handshake record
//!   and in it a ServerHello that can be read. Octets that came before the hello count for nothing: a server cannot be
//!   made to echo what it has not been sent. A server that spoke TLS and then something else is heard no further, and
//!   after an alert of its handshake neither, unless it is one that only warns.
//! - *A ClientKeyExchange or Finished that is mail.* The first is as long as the server's group has it and in clear, the
//!   second as long as the suite has it. Both go to a server that does TLS: it reads the one as a point of its curve
//!   and ends the connection where the other is not the Finished that it has computed. Neither can hold application
//!   data, for which TLS has another type (1.2) or another key (1.3).
//! - *Lengths that mean something else.* CCM, CBC, no encryption, compression, renegotiation, resumption, early data,
//!   padding and KeyUpdate would all shift them: none can be negotiated here, and with any suite that is not the core's
//!   own nothing goes up but one alert in clear.
//! - *Mail inside TLS.* It does not open to one of three lines, with the key, the place in the sequence and the lengths of
//!   the suite that the server chose in clear. What is under another connection's key, or under none, does not open.
//! - *Replies out of step.* Each line is answered by one reply. A server that sends more than it is asked for is led into
//!   no TLS.

mod clear_phase;
mod client_hello;
mod handshake;
mod key_proof;
mod reading;
mod records;
mod server_flight;
mod suite;
mod tls12;
mod tls13;

use heloscope_observation::{Host, TlsMode};
use heloscope_smtp::Command;
use heloscope_wire::ClientWriteKey;

use clear_phase::{ClearPhase, Next};
use handshake::Tls;

/// One connection's guard: a machine without sockets and clock, fed what either side sends.
///
/// What the server sends is told before the client sees it, so that an answer is never judged before what it answers.
/// The server's octets may be cut anywhere; so may the client's, once TLS has begun.
#[derive(Debug)]
pub struct Guard {
    host: Host,
    mode: TlsMode,
    lines: Lines,
    phase: Phase,
    greeting: Option<u16>,
    /// The client spoke last.
    unanswered: bool,
}

/// Why octets do not go up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// No WebSocket frame that a client sends, or one before there is a connection.
    Frame,
    /// No line that a test says, or not when it is its turn.
    ClearPhase,
    /// No ClientHello of the core's for this host, or octets that come before the server has answered one.
    ClientHello,
    /// No part of the handshake that the server has chosen.
    Handshake,
    /// Application data that does not open to a line that a test says, or no key, or one too many.
    KeyProof,
}

#[derive(Debug)]
enum Phase {
    Clear(ClearPhase),
    Tls(Box<Tls>),
    /// Something was refused: nothing passes any more.
    Refused(Rule),
}

impl Guard {
    /// For a connection to this host, on a port with this mode, whose client was told this name for EHLO.
    pub fn new(host: Host, mode: TlsMode, ehlo_name: &str) -> Self {
        let lines = Lines::new(ehlo_name);
        let phase = match mode {
            TlsMode::StartTls => Phase::Clear(ClearPhase::new(lines.clone())),
            TlsMode::Implicit => Phase::Tls(Box::new(Tls::new(host.clone(), mode, lines.clone()))),
        };
        Self { host, mode, lines, phase, greeting: None, unanswered: false }
    }

    /// Octets of the server's.
    pub fn from_server(&mut self, octets: &[u8]) {
        self.unanswered = false;
        match &mut self.phase {
            Phase::Clear(clear) => {
                let next = clear.hear(octets);
                self.greeting = clear.greeting();
                if next == Next::Tls {
                    // What followed the 220 is left behind: it came before the hello.
                    let tls = Tls::new(self.host.clone(), self.mode, self.lines.clone());
                    self.phase = Phase::Tls(Box::new(tls));
                }
            }
            Phase::Tls(tls) => tls.hear(octets),
            Phase::Refused(_) => {}
        }
    }

    /// A frame of the client's: what is to go up now. That may be nothing, until a record is whole; of a frame that is
    /// refused, and of all after it, nothing goes up.
    ///
    /// # Errors
    /// The rule that the frame breaks.
    pub fn from_client(&mut self, frame: &[u8]) -> Result<Vec<u8>, Rule> {
        let admitted = match &mut self.phase {
            Phase::Clear(clear) => clear.say(frame).map(|()| frame.to_vec()),
            Phase::Tls(tls) => tls.say(frame),
            Phase::Refused(rule) => Err(*rule),
        };
        self.unanswered |= matches!(&admitted, Ok(octets) if !octets.is_empty());
        self.hold(admitted)
    }

    /// The key that the client shows.
    ///
    /// # Errors
    /// [`Rule::KeyProof`] where the server has chosen no suite yet, the key is not as long as the suite's, or it is not
    /// the first.
    pub fn client_write_key(&mut self, key: &ClientWriteKey) -> Result<(), Rule> {
        let learned = match &mut self.phase {
            Phase::Tls(tls) => tls.learn(key),
            Phase::Clear(_) | Phase::Refused(_) => Err(Rule::KeyProof),
        };
        self.hold(learned)
    }

    /// Whether the server refused the client in its greeting, with 421 or 554 (RFC 5321 §3.1, §3.8); inside TLS the
    /// greeting cannot be seen.
    pub fn refused_in_greeting(&self) -> bool {
        matches!(self.greeting, Some(421 | 554))
    }

    /// Whether, on a port with implicit TLS, the greeting may still be to come: the client has done its part of the handshake
    /// and said nothing since. What the server sends there cannot be seen, and may be tickets (RFC 8446 §4.6.1).
    pub fn awaits_greeting_inside_tls(&self) -> bool {
        matches!(&self.phase, Phase::Tls(tls) if tls.awaits_greeting())
    }

    /// Whether it is the server that keeps the greeting back: it has not finished it, or, where TLS comes first, said nothing
    /// to what the client last said on the way there.
    pub fn owes_greeting(&self) -> bool {
        match &self.phase {
            Phase::Clear(clear) => clear.owes_greeting(),
            Phase::Tls(tls) => self.unanswered && tls.precedes_lines(),
            Phase::Refused(_) => false,
        }
    }

    fn hold<T>(&mut self, judged: Result<T, Rule>) -> Result<T, Rule> {
        if let Err(rule) = &judged {
            self.phase = Phase::Refused(*rule);
        }
        judged
    }
}

impl Rule {
    pub(crate) const ALL: [Self; 5] =
        [Self::Frame, Self::ClearPhase, Self::ClientHello, Self::Handshake, Self::KeyProof];

    /// Its word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::ClearPhase => "clear_phase",
            Self::ClientHello => "client_hello",
            Self::Handshake => "handshake",
            Self::KeyProof => "key_proof",
        }
    }
}

/// The lines that a test says, with the name that the client was told.
#[derive(Clone, Debug)]
struct Lines {
    ehlo: Vec<u8>,
    helo: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Ehlo,
    Helo,
    StartTls,
    Quit,
}

impl Lines {
    fn new(ehlo_name: &str) -> Self {
        let line = |command: fn(String) -> Command| command(ehlo_name.to_owned()).to_octets();
        Self { ehlo: line(Command::Ehlo), helo: line(Command::Helo) }
    }

    /// The line that these octets are, all of them.
    fn read(&self, octets: &[u8]) -> Option<Line> {
        match octets {
            b"STARTTLS\r\n" => Some(Line::StartTls),
            b"QUIT\r\n" => Some(Line::Quit),
            _ if octets == self.ehlo => Some(Line::Ehlo),
            _ if octets == self.helo => Some(Line::Helo),
            _ => None,
        }
    }
}
