use super::client_hello::{COOKIE, KEY_SHARE, RetryRequest};
use super::reading::Reading;
use super::records::{
    ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, HEADER, MAX_CONTENT as MAX_HELLO,
};
use super::suite::{Suite, Version};

/// What the server says in TLS, as far as it decides on what the client may say: read in any cut, a few octets kept.
#[derive(Debug, Default)]
pub(super) struct ServerFlight {
    /// The header of the next record, as far as it has come.
    header: Vec<u8>,
    /// The type of the record at hand, and how much of its content is to come.
    kind: u8,
    left: usize,
    message: Message,
    /// What has come of an alert in clear, while one comes.
    alert: Option<Vec<u8>>,
    /// After the server's ChangeCipherSpec in TLS 1.2 its handshake messages cannot be read.
    encrypted: bool,
}

/// What was seen of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// HelloRetryRequest, RFC 8446 §4.1.4.
    Retry(RetryRequest),
    /// ServerHello: the suite, where it is one that the core speaks.
    Hello(Option<Suite>),
    /// ServerKeyExchange over a curve of this number, RFC 8422 §5.4.
    KeyExchange(Option<u16>),
    /// CertificateRequest, RFC 5246 §7.4.4.
    CertificateRequest,
    /// ServerHelloDone, RFC 5246 §7.4.5.
    HelloDone,
    /// Another handshake message in clear.
    OtherMessage,
    /// ChangeCipherSpec.
    ChangeCipherSpec,
    /// A record whose type is application data.
    ApplicationData,
    /// A warning alert in clear, RFC 5246 §7.2: the server may go on.
    Warning,
    /// Any other alert, in clear or encrypted under TLS 1.2.
    Alert,
    /// Handshake messages that cannot be read.
    EncryptedHandshake,
    /// What has come is no TLS; nothing after it is read.
    NoTls,
}

/// A handshake message that comes.
#[derive(Debug, Default)]
struct Message {
    /// Its header and as much of its body as is kept.
    octets: Vec<u8>,
    /// How much of its body is to come, once the header has.
    left: Option<usize>,
}

/// 2^14 and what encryption adds, RFC 5246 §6.2.3.
const MAX_RECORD: usize = (1 << 14) + 2048;
const MESSAGE_HEADER: usize = 4;
/// Level and description, RFC 5246 §7.2.
const CLEAR_ALERT: usize = 2;

impl ServerFlight {
    /// Takes from the front of `octets` until there is something to be seen, or nothing left.
    pub(super) fn next(&mut self, octets: &mut &[u8]) -> Option<Seen> {
        while !octets.is_empty() {
            let seen = if self.left == 0 { self.begin_record(octets) } else { self.content(octets) };
            if seen.is_some() {
                return seen;
            }
        }
        None
    }

    fn begin_record(&mut self, octets: &mut &[u8]) -> Option<Seen> {
        let missing = HEADER - self.header.len();
        self.header.extend_from_slice(take_up_to(octets, missing));
        let [kind, major, minor, high, low] = *self.header.first_chunk::<HEADER>()?;
        self.header.clear();
        self.kind = kind;
        self.left = u16::from_be_bytes([high, low]).into();
        if !(CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&kind)
            || major != 3
            || minor > 4
            || self.left > MAX_RECORD
        {
            return Some(Seen::NoTls);
        }
        match kind {
            CHANGE_CIPHER_SPEC => Some(Seen::ChangeCipherSpec),
            ALERT if !self.encrypted && self.left == CLEAR_ALERT => {
                self.alert = Some(Vec::new());
                None
            }
            ALERT => Some(Seen::Alert),
            APPLICATION_DATA => Some(Seen::ApplicationData),
            _ if self.encrypted => Some(Seen::EncryptedHandshake),
            _ => None,
        }
    }

    fn content(&mut self, octets: &mut &[u8]) -> Option<Seen> {
        if self.kind != HANDSHAKE || self.encrypted {
            let content = take_up_to(octets, self.left);
            self.left -= content.len();
            return self.alert(content);
        }
        let there = self.left.min(octets.len());
        let mut content = &octets[..there];
        let seen = self.message.next(&mut content);
        // What follows the message at hand is for the next turn.
        let taken = there - content.len();
        *octets = &octets[taken..];
        self.left -= taken;
        seen
    }

    /// Level and description, where they are in clear. A close_notify is no mere warning, though its level says so.
    fn alert(&mut self, content: &[u8]) -> Option<Seen> {
        const CLOSE_NOTIFY: u8 = 0;
        let alert = self.alert.as_mut()?;
        alert.extend_from_slice(content);
        let [level, description] = *alert.first_chunk()?;
        self.alert = None;
        Some(if level == 1 && description != CLOSE_NOTIFY { Seen::Warning } else { Seen::Alert })
    }

    /// From here on, handshake records are encrypted.
    pub(super) fn expect_encrypted(&mut self) {
        self.encrypted = true;
    }
}

impl Message {
    /// Takes from the front of a record's content until a message is whole.
    fn next(&mut self, content: &mut &[u8]) -> Option<Seen> {
        let left = match self.left {
            Some(left) => left,
            None => {
                let missing = MESSAGE_HEADER - self.octets.len();
                self.octets.extend_from_slice(take_up_to(content, missing));
                let [_, high, middle, low] = *self.octets.first_chunk::<MESSAGE_HEADER>()?;
                u32::from_be_bytes([0, high, middle, low]) as usize
            }
        };
        let kept = MESSAGE_HEADER + self.kept();
        let body = take_up_to(content, left);
        let room = kept.saturating_sub(self.octets.len());
        self.octets.extend_from_slice(&body[..body.len().min(room)]);
        self.left = Some(left - body.len());
        if left > body.len() {
            return None;
        }
        let message = std::mem::take(self).octets;
        Some(seen(message[0], &message[MESSAGE_HEADER..]))
    }

    /// Octets of its body that are looked at. A ServerHello that is longer is none that can be read.
    fn kept(&self) -> usize {
        match self.octets[0] {
            SERVER_HELLO => MAX_HELLO,
            SERVER_KEY_EXCHANGE => 3,
            _ => 0,
        }
    }
}

const SERVER_HELLO: u8 = 2;
const SERVER_KEY_EXCHANGE: u8 = 12;

fn seen(kind: u8, body: &[u8]) -> Seen {
    const CERTIFICATE_REQUEST: u8 = 13;
    const SERVER_HELLO_DONE: u8 = 14;
    const NAMED_CURVE: u8 = 3;
    match kind {
        SERVER_HELLO => server_hello(body).unwrap_or(Seen::Hello(None)),
        SERVER_KEY_EXCHANGE => Seen::KeyExchange(match *body {
            [NAMED_CURVE, high, low] => Some(u16::from_be_bytes([high, low])),
            _ => None,
        }),
        CERTIFICATE_REQUEST => Seen::CertificateRequest,
        SERVER_HELLO_DONE => Seen::HelloDone,
        _ => Seen::OtherMessage,
    }
}

/// Reads a ServerHello (RFC 8446 §4.1.3, RFC 5246 §7.4.1.3); `None` where it is none.
fn server_hello(body: &[u8]) -> Option<Seen> {
    const TLS_1_2: u16 = 0x0303;
    let mut body = Reading(body);
    let legacy_version = body.u16()?;
    let random = body.take(32)?;
    let session_id = body.vector8()?;
    let suite = body.u16()?;
    let compression = body.u8()?;
    let extensions = if body.is_empty() { &[] } else { body.last_vector16()? };
    if legacy_version != TLS_1_2 || session_id.len() > 32 || compression != 0 {
        return None;
    }
    let version = match extension(SUPPORTED_VERSIONS, extensions)? {
        Some(content) => (content == [3, 4]).then_some(Version::Tls13)?,
        None => Version::Tls12,
    };
    if random == HELLO_RETRY_REQUEST && version == Version::Tls13 {
        let group = match extension(KEY_SHARE, extensions)? {
            Some(&[high, low]) => Some(u16::from_be_bytes([high, low])),
            Some(_) => return None,
            None => None,
        };
        let cookie = extension(COOKIE, extensions)?.map(<[u8]>::to_vec);
        return Some(Seen::Retry(RetryRequest { group, cookie }));
    }
    Some(Seen::Hello(Suite::find(suite, version)))
}

/// RFC 8446 §4.2.1; where it is missing, the version is TLS 1.2.
const SUPPORTED_VERSIONS: u16 = 43;

/// The content of the extension with this number, if there is one; `None` where they cannot be read, or it is there twice.
fn extension(wanted: u16, extensions: &[u8]) -> Option<Option<&[u8]>> {
    let mut found = None;
    let mut rest = Reading(extensions);
    while !rest.is_empty() {
        let number = rest.u16()?;
        let content = rest.vector16()?;
        if number == wanted && found.replace(content).is_some() {
            return None;
        }
    }
    Some(found)
}

/// The random of a ServerHello that is none, RFC 8446 §4.1.3.
const HELLO_RETRY_REQUEST: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, //
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

fn take_up_to<'a>(octets: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = octets.split_at(length.min(octets.len()));
    *octets = rest;
    taken
}
