//! What an attack is: a name, steps, and what is known of it beforehand.

use heloscope_interop::OpenPort;

/// Steps that are taken twice: over TCP, which is the control, and through the relay.
#[derive(Clone, Debug)]
pub(crate) struct Attack {
    pub(crate) name: String,
    pub(crate) port: OpenPort,
    pub(crate) steps: Vec<Step>,
    pub(crate) directly: Directly,
    pub(crate) through: Through,
}

/// What comes of it over TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Directly {
    /// A message is in the queue.
    Mail,
    /// A command line that begins with this reaches the server.
    Command(String),
    /// The server begins a handshake.
    Handshake,
    /// Nothing, and here is why: a server that is not this Postfix may be more obliging.
    Fails(&'static str),
}

/// How the relay takes it. In either case nothing of it has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Through {
    /// It closes the connection with cause `guard` and code 1008, where a server that speaks TLS has not hung up before.
    Stopped,
    /// There is nothing to stop: it never was to go up, or the server has hung up.
    Nowhere,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// These octets in one frame.
    Say(Vec<u8>),
    /// The server's reply, complete, in clear or in TLS.
    Hear,
    /// Anything of the server's.
    HearAny,
    /// A real handshake, to its end.
    Handshake(Handshake),
    /// A key in a text frame; over TCP there is nobody to show it to.
    Show(Key),
    /// A record of this type under the client's key, in a frame of its own.
    Seal(Sealed),
    /// Records in one frame.
    SealTogether(Vec<Sealed>),
    /// A record in frames of at most so many octets.
    SealCut(Sealed, usize),
    /// The last record once more.
    Replay,
    /// The next record takes a sequence number later than is its turn.
    SkipNumber,
    /// KeyUpdate, RFC 8446 §4.6.3, and the next key from here on.
    UpdateKey,
    /// The octets as the relay's WebSocket is to get them; over TCP, the payload alone.
    Frames { raw: Vec<u8>, payload: Vec<u8> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handshake {
    pub(crate) version: Version,
    pub(crate) last_flight: LastFlight,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Tls12,
    Tls12ChaCha20,
    Tls13,
    Tls13ChaCha20,
}

pub(crate) const VERSIONS: [Version; 4] =
    [Version::Tls12, Version::Tls12ChaCha20, Version::Tls13, Version::Tls13ChaCha20];

/// What goes up as the client's last flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastFlight {
    Sound,
    /// Its last record, Finished, has other octets.
    FalseFinished,
    /// Finished is under the right keys, and says another thing. The client goes on as if the server had taken it.
    WrongFinished,
    /// Finished is longer by one octet.
    LongFinished,
    /// Finished is shorter by one octet.
    ShortFinished,
    /// In place of Finished, mail in clear.
    Mail,
    /// Mail in a record as long as Finished.
    MailAsFinished,
    /// The flight twice.
    Twice,
    /// A warning in clear, and then the flight.
    AlertFirst,
    /// None at all.
    Withheld,
}

#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) kind: u8,
    pub(crate) text: Vec<u8>,
    /// Zeros behind it, in TLS 1.3 (RFC 8446 §5.4).
    pub(crate) padding: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Right,
    /// Of the right lengths.
    Wrong,
    /// The right key with an IV that is wrong.
    WrongIv,
    /// The key under which the server encrypts.
    Servers,
    /// That of another connection, of the same suite.
    OtherConnections,
    /// One octet too long.
    TooLong,
}

pub(crate) const APPLICATION_DATA: u8 = 23;
pub(crate) const HANDSHAKE: u8 = 22;
pub(crate) const ALERT: u8 = 21;
pub(crate) const CHANGE_CIPHER_SPEC: u8 = 20;

impl Attack {
    pub(crate) fn new(name: impl Into<String>, port: OpenPort, steps: Vec<Step>, directly: Directly) -> Self {
        Self { name: name.into(), port, steps, directly, through: Through::Stopped }
    }

    /// Whether it begins inside TLS as a test does, with the right key and EHLO: so far the relay lets it through.
    pub(crate) fn says_ehlo_first(&self) -> bool {
        let mut inside = self.steps.iter().filter(|step| !matches!(step, Step::Say(_) | Step::Hear));
        matches!(inside.next(), Some(Step::Handshake(Handshake { last_flight: LastFlight::Sound, .. })))
            && matches!(inside.next(), Some(Step::Show(Key::Right)))
            && matches!(inside.next(), Some(Step::Seal(Sealed { text, padding: 0, .. })) if text == EHLO.as_bytes())
    }

    /// Whether it begins a handshake with the server.
    pub(crate) fn shakes_hands(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Handshake(_)))
    }

    /// The relay has nothing to stop.
    pub(crate) fn nowhere(self) -> Self {
        Self { through: Through::Nowhere, ..self }
    }
}

pub(crate) fn say(octets: impl AsRef<[u8]>) -> Step {
    Step::Say(octets.as_ref().to_vec())
}

/// Application data, as a sealed record.
pub(crate) fn seal(text: impl AsRef<[u8]>) -> Step {
    Step::Seal(sealed(text))
}

pub(crate) fn sealed(text: impl AsRef<[u8]>) -> Sealed {
    record(APPLICATION_DATA, text)
}

pub(crate) fn record(kind: u8, text: impl AsRef<[u8]>) -> Sealed {
    Sealed { kind, text: text.as_ref().to_vec(), padding: 0 }
}

pub(crate) fn shake(version: Version) -> Step {
    Step::Handshake(Handshake { version, last_flight: LastFlight::Sound })
}

pub(crate) fn command(line: &str) -> Directly {
    Directly::Command(line.to_owned())
}

/// A whole mail in 29 octets, and one in front to end what may be a line.
pub(crate) const MAIL: &[u8] = b"\nMAIL FROM:a\nRCPT TO:b\nDATA\n.\n";

/// The same line by line.
pub(crate) const MAIL_LINES: [&str; 4] = ["MAIL FROM:a", "RCPT TO:b", "DATA", "."];

/// The line that the relay's client may say.
pub(crate) const EHLO: &str = "EHLO relay.example\r\n";
