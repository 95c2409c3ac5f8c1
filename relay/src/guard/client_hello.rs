use std::ops::Range;

use heloscope_observation::Host;
use heloscope_smtp::stray_command;

use super::reading::Reading;
use super::records::{HANDSHAKE, Record};

/// A hello that has passed, in the parts by which a second one is held against it.
#[derive(Clone, Debug)]
pub(super) struct Hello {
    /// All before the extensions: version, random, session id, suites, compression.
    front: Vec<u8>,
    /// In their order.
    extensions: Vec<Extension>,
}

/// Its number and its content.
type Extension = (u16, Vec<u8>);

/// What a HelloRetryRequest asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RetryRequest {
    /// A key share of this group, RFC 8446 §4.2.8.
    pub(super) group: Option<u16>,
    /// Its cookie, the whole content of the extension, RFC 8446 §4.2.2.
    pub(super) cookie: Option<Vec<u8>>,
}

/// Rule 2: a record that is one whole ClientHello for this host, such as the core makes, and that holds no command
/// should the server take it for SMTP. Nothing in it is the client's to choose but its randoms and its key share.
///
/// With `retry`, it answers a HelloRetryRequest: that one, which followed the first hello.
pub(super) fn client_hello(
    record: &Record<'_>,
    host: &Host,
    retry: Option<(&Hello, &RetryRequest)>,
) -> Option<Hello> {
    const CLIENT_HELLO: u8 = 1;
    // RFC 8446 §5.1: the first has a version that the oldest servers take.
    let version = if retry.is_some() { [3, 3] } else { [3, 1] };
    if record.kind != HANDSHAKE || record.version != version {
        return None;
    }
    let mut message = Reading(record.content);
    let kind = message.u8()?;
    let whole = message.vector24()?;
    let mut body = Reading(whole);
    if kind != CLIENT_HELLO || !message.is_empty() || body.u16()? != TLS_1_2 {
        return None;
    }
    body.take(32)?; // random
    let session_id = body.vector8()?;
    let suites = body.vector16()?;
    let compression = body.vector8()?;
    let front = whole[..whole.len() - body.0.len()].to_vec();
    let extensions = body.last_vector16()?;
    // A session to resume there is none: the core draws 32 octets for TLS 1.3 (RFC 8446 appendix D.4), or sends none.
    if !matches!(session_id.len(), 0 | 32) || !all_known(suites, &SUITES) || compression != [0] {
        return None;
    }
    let (name, listed) = read(extensions, host, retry.is_some())?;
    let from = record.octets.len() - extensions.len();
    if stray_command(record.octets, &(from + name.start..from + name.end)).is_some() {
        return None;
    }
    let hello = Hello { front, extensions: listed };
    retry.is_none_or(|(first, request)| hello.follows(first, request)).then_some(hello)
}

impl Hello {
    /// Whether it is the first hello once more but for what the server has asked for, RFC 8446 §4.1.2: its cookie, and a
    /// key share of its group. Padding may differ.
    fn follows(&self, first: &Self, request: &RetryRequest) -> bool {
        let share = match request.group {
            Some(group) => self.share().is_some_and(|share| share.starts_with(&group.to_be_bytes())),
            None => self.share() == first.share(),
        };
        let cookie = self.content(COOKIE) == request.cookie.as_deref();
        share && cookie && self.front == first.front && self.fixed().eq(first.fixed())
    }

    /// The extensions that have to be the same, as they are and in their order; of the key share only its place.
    fn fixed(&self) -> impl Iterator<Item = (u16, &[u8])> {
        let remaining = self.extensions.iter().filter(|(number, _)| ![COOKIE, PADDING].contains(number));
        remaining
            .map(|(number, content)| (*number, if *number == KEY_SHARE { &[] } else { content.as_slice() }))
    }

    fn share(&self) -> Option<&[u8]> {
        // The number in front is the list's length.
        self.content(KEY_SHARE).and_then(|list| list.get(2..))
    }

    fn content(&self, wanted: u16) -> Option<&[u8]> {
        let found = self.extensions.iter().find(|(number, _)| *number == wanted);
        found.map(|(_, content)| content.as_slice())
    }
}

/// The extensions, each one that the core sends, as it sends it and once; and where the host's name stands.
fn read(extensions: &[u8], host: &Host, retried: bool) -> Option<(Range<usize>, Vec<Extension>)> {
    let (mut name, mut seen) = (0..0, Vec::<Extension>::new());
    let mut rest = Reading(extensions);
    while !rest.is_empty() {
        let number = rest.u16()?;
        let content = rest.vector16()?;
        if seen.iter().any(|(known, _)| *known == number) || !is_sound(number, content, host, retried) {
            return None;
        }
        seen.push((number, content.to_vec()));
        if number == SERVER_NAME {
            let end = extensions.len() - rest.0.len();
            name = end - content.len() + NAME..end;
        }
    }
    Some((name, seen))
}

const TLS_1_2: u16 = 0x0303;
const SERVER_NAME: u16 = 0;
const PADDING: u16 = 21;
pub(super) const COOKIE: u16 = 44;
pub(super) const KEY_SHARE: u16 = 51;
/// Where a lone name begins in its extension: after the list's length, the name's type, and the name's length.
const NAME: usize = 2 + 1 + 2;

fn is_sound(number: u16, content: &[u8], host: &Host, retried: bool) -> bool {
    match number {
        SERVER_NAME => is_server_name(content, host),
        // status_request: OCSP, no responders, no extensions, RFC 6066 §8.
        5 => content == [1, 0, 0, 0, 0],
        10 => Reading(content).last_vector16().is_some_and(|groups| all_known(groups, &GROUPS)),
        // ec_point_formats: uncompressed, RFC 8422 §5.1.2.
        11 => content == [1, 0],
        13 => Reading(content).last_vector16().is_some_and(|schemes| all_known(schemes, &SIGNATURES)),
        // RFC 7685 §3
        PADDING => content.iter().all(|octet| *octet == 0),
        // extended_master_secret, RFC 7627 §5.1
        23 => content.is_empty(),
        // supported_versions: 1.3 and 1.2, or one of them
        43 => matches!(content, [4, 3, 4, 3, 3] | [2, 3, 4] | [2, 3, 3]),
        // The server's own, which [`Hello::follows`] sees to. It is searched for commands as all is: that the client did not
        // choose it would not keep another server from obeying.
        COOKIE => retried,
        // psk_key_exchange_modes: with (EC)DHE
        45 => content == [1, 1],
        KEY_SHARE => Reading(content).last_vector16().is_some_and(|shares| is_one_share(shares, retried)),
        // Among all others: pre_shared_key (41), early_data (42), session_ticket (35), ALPN (16).
        _ => false,
    }
}

/// The host asked for; RFC 6066 §3: an address is not named.
fn is_server_name(content: &[u8], host: &Host) -> bool {
    let Host::Name(name) = host else { return false };
    let entry = Reading(content).last_vector16();
    let [0, name_behind_length @ ..] = entry.unwrap_or_default() else { return false };
    Reading(name_behind_length).last_vector16() == Some(name.as_bytes())
}

/// One key share, of X25519 at first, RFC 8446 §4.2.8.
fn is_one_share(shares: &[u8], retried: bool) -> bool {
    let mut rest = Reading(shares);
    let (Some(group), Some(share)) = (rest.u16(), rest.vector16()) else { return false };
    let known = SHARES.contains(&(group, share.len()));
    rest.is_empty() && known && (retried || group == X25519)
}

/// Numbers of two octets each, all of them known, none twice.
fn all_known(numbers: &[u8], known: &[u16]) -> bool {
    let (pairs, rest) = numbers.as_chunks();
    let once = |(at, pair)| !pairs[..at].contains(pair) && known.contains(&u16::from_be_bytes(*pair));
    rest.is_empty() && !pairs.is_empty() && pairs.iter().enumerate().all(once)
}

const X25519: u16 = 29;

/// The groups that the TLS library offers, and the lengths of their shares; the last is X25519MLKEM768.
const SHARES: [(u16, usize); 5] = [(23, 65), (24, 97), (25, 133), (X25519, 32), (0x11ec, 1184 + 32)];

/// Those, and what the hello made by hand offers beyond.
const GROUPS: [u16; 11] = [X25519, 23, 24, 25, 0x11ec, 30, 26, 27, 28, 22, 21];

/// Of both hellos; RFC 8446 §4.2.3, and what TLS 1.2 had beyond.
const SIGNATURES: [u16; 21] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501,
    0x0601, 0x0301, 0x0303, 0x0201, 0x0203, 0x0402, 0x0202, 0x0101,
];

/// Of both hellos, the renegotiation signal (RFC 5746 §3.3) among them. Most are only asked about: no octet goes up
/// under any that the TLS library does not speak.
const SUITES: [u16; 107] = [
    0x1301, 0x1302, 0x1303, //
    // ECDHE and DHE with AEAD
    0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc0ad, 0xc02b, 0xc02f, 0xc0ac, 0x009f, 0xccaa, 0x009e, //
    0xc024, 0xc028, 0xc023, 0xc027, 0xc00a, 0xc014, 0xc009, 0xc013, 0x006b, 0x0067, 0x0039, 0x0033, 0x0088,
    0x0045, 0x006a, 0x0040, 0x0038, 0x0032, //
    0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x0084, 0x0041, //
    0xc008, 0xc012, 0x0016, 0x0013, 0x000a, 0xc007, 0xc011, 0x0005, 0x0004, 0x0015, 0x0009, 0x0014, 0x0008,
    0x0003, //
    0x00ff, //
    0xc05d, 0xc061, 0xc05c, 0xc060, 0xc053, 0xc052, 0xc051, 0xc050, //
    0xc087, 0xc08b, 0xc086, 0xc08a, 0xc07d, 0xc07c, 0xc073, 0xc077, 0xc072, 0xc076, 0x00c4, 0x00be, 0xc07b,
    0xc07a, 0x00c0, 0x00ba, //
    0xc0af, 0xc0ae, 0xc09f, 0xc09e, 0xc0a3, 0xc0a2, 0xc09d, 0xc09c, 0xc0a1, 0xc0a0, //
    0x009a, 0x0096, 0x0007, //
    0x00a7, 0x00a6, 0x006d, 0x006c, 0xc019, 0xc018, 0x003a, 0x0034, 0x001b, //
    0xc006, 0xc010, 0x003b, 0x0002, 0x0001, 0xc015,
];
