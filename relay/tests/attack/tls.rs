//! A TLS client whose handshake is real and whose records are its own: the provider and the settings are the core's, so
//! that nothing but the attack tells it from a test.

use std::io::Read;
use std::sync::{Arc, Mutex};

use heloscope_crypto::{WriteKey, provider, watch_write_key};
use heloscope_wire::{ClientWriteKey, ToRelay};
use ring::{aead, hkdf};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConnection, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, HandshakeKind, KeyLog, SignatureScheme};

use crate::attack::{ALERT, Handshake, Key, LastFlight, MAIL, Sealed, Version};
use crate::carrier::Carrier;

/// A connection whose handshake is done.
pub(crate) struct Tls {
    connection: ClientConnection,
    secrets: Arc<Secrets>,
    version: Version,
    key: WriteKey,
    /// Of the client's traffic, TLS 1.3 alone.
    secret: Vec<u8>,
    pub(crate) sequence: u64,
    pub(crate) last: Vec<u8>,
}

impl Version {
    fn is_13(self) -> bool {
        matches!(self, Self::Tls13 | Self::Tls13ChaCha20)
    }

    /// The suite, the only one that is offered.
    fn suite(self) -> u16 {
        match self {
            Self::Tls12 => 0xc02c,
            Self::Tls12ChaCha20 => 0xcca9,
            Self::Tls13 => 0x1302,
            Self::Tls13ChaCha20 => 0x1303,
        }
    }

    fn aead(self) -> &'static aead::Algorithm {
        match self {
            Self::Tls12 | Self::Tls13 => &aead::AES_256_GCM,
            Self::Tls12ChaCha20 | Self::Tls13ChaCha20 => &aead::CHACHA20_POLY1305,
        }
    }

    fn hash(self) -> hkdf::Algorithm {
        match self {
            Self::Tls12 | Self::Tls13 => hkdf::HKDF_SHA384,
            Self::Tls12ChaCha20 | Self::Tls13ChaCha20 => hkdf::HKDF_SHA256,
        }
    }
}

/// The first flight of a client, one record: as the core's is.
pub(crate) fn first_flight(version: Option<Version>, host: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    client(version, host, &Arc::default()).write_tls(&mut octets).unwrap();
    octets
}

impl Tls {
    /// Speaks TLS to the end of the handshake; `None` where the server did not want that, or the relay.
    pub(crate) async fn handshake(carrier: &mut Carrier, host: &str, handshake: Handshake) -> Option<Self> {
        let secrets = Arc::new(Secrets::default());
        let mut connection = client(Some(handshake.version), host, &secrets);
        let (mut key, mut first) = (None, true);
        loop {
            let mut outgoing = Vec::new();
            while connection.wants_write() {
                connection.write_tls(&mut outgoing).unwrap();
            }
            if !first && !outgoing.is_empty() && handshake.last_flight == LastFlight::WrongFinished {
                let mut key: WriteKey = key?;
                let finished_key = match secrets.of("CLIENT_HANDSHAKE_TRAFFIC_SECRET") {
                    Some(secret) => traffic_key(handshake.version, &secret),
                    None => key.clone(),
                };
                carrier.say(&with_wrong_finished(&outgoing, handshake.version, &finished_key)).await;
                let secret = secrets.of("CLIENT_TRAFFIC_SECRET_0").unwrap_or_default();
                if handshake.version.is_13() {
                    key = traffic_key(handshake.version, &secret);
                }
                return Some(Self::after(connection, secrets, handshake.version, key));
            }
            if !first && !outgoing.is_empty() {
                for frame in last_flight(&outgoing, handshake.last_flight) {
                    carrier.say(&frame).await;
                }
                if handshake.last_flight != LastFlight::Sound {
                    return None;
                }
            } else if !outgoing.is_empty() {
                carrier.say(&outgoing).await;
            }
            first = false;
            if !connection.is_handshaking() {
                break;
            }
            let octets = carrier.hear().await?;
            let mut rest = octets.as_slice();
            while !rest.is_empty() {
                connection.read_tls(&mut rest).ok()?;
                let (state, made) = watch_write_key(|| connection.process_new_packets());
                key = made.or(key);
                state.ok()?;
            }
        }
        Some(Self::after(connection, secrets, handshake.version, key?))
    }

    /// As it is after the client's Finished.
    fn after(connection: ClientConnection, secrets: Arc<Secrets>, version: Version, key: WriteKey) -> Self {
        let secret = secrets.of("CLIENT_TRAFFIC_SECRET_0").unwrap_or_default();
        let sequence = u64::from(!version.is_13());
        Self { connection, secrets, version, key, secret, sequence, last: Vec::new() }
    }

    /// What the server says, once a reply is complete; what there is where it says no more.
    pub(crate) async fn hear(&mut self, carrier: &mut Carrier) -> Vec<u8> {
        let mut heard = Vec::new();
        loop {
            // That there is nothing for now is no error here.
            let _ = self.connection.reader().read_to_end(&mut heard);
            if crate::campaign::is_complete(&heard) {
                return heard;
            }
            let Some(octets) = carrier.hear().await else { return heard };
            let mut rest = octets.as_slice();
            while !rest.is_empty() && self.connection.read_tls(&mut rest).is_ok() {
                if self.connection.process_new_packets().is_err() {
                    return heard;
                }
            }
        }
    }

    /// Whether the server has asked for another hello, RFC 8446 §4.1.4.
    pub(crate) fn was_retried(&self) -> bool {
        self.connection.handshake_kind() == Some(HandshakeKind::FullWithHelloRetryRequest)
    }

    /// The text frame with a key.
    pub(crate) fn key_frame(&self, which: Key, other: Option<&WriteKey>) -> String {
        let WriteKey { mut key, mut iv } = self.key.clone();
        match which {
            Key::Right => {}
            Key::Wrong => key[0] ^= 1,
            Key::WrongIv => iv[3] ^= 1,
            Key::TooLong => key.push(0),
            Key::OtherConnections => {
                WriteKey { key, iv } = other.cloned().expect("another connection's handshake came first");
            }
            Key::Servers => {
                let secret = self.secrets.of("SERVER_TRAFFIC_SECRET_0").expect("it is TLS 1.3");
                WriteKey { key, iv } = traffic_key(self.version, &secret);
            }
        }
        ToRelay::ClientWriteKey(ClientWriteKey { key, iv }).to_frame()
    }

    pub(crate) fn key(&self) -> &WriteKey {
        &self.key
    }

    /// A record, RFC 8446 §5.2, RFC 5246 §6.2.3.3.
    pub(crate) fn seal(&mut self, Sealed { kind, text, padding }: &Sealed) -> Vec<u8> {
        let number = self.sequence.to_be_bytes();
        self.sequence += 1;
        let explicit: &[u8] = if self.key.iv.len() == 4 { &number } else { &[] };
        let (key, nonce) = (aead_key(self.version, &self.key), nonce(&self.key, number));
        let mut sealed = text.clone();
        let mut header = if self.version.is_13() {
            sealed.push(*kind);
            sealed.resize(sealed.len() + padding, 0);
            vec![23, 3, 3]
        } else {
            vec![*kind, 3, 3]
        };
        if self.version.is_13() {
            header.extend(length(sealed.len() + TAG));
            key.seal_in_place_append_tag(nonce, aead::Aad::from(&header), &mut sealed).unwrap();
        } else {
            let aad = [&number[..], &header, &length(sealed.len())].concat();
            key.seal_in_place_append_tag(nonce, aead::Aad::from(aad), &mut sealed).unwrap();
            header.extend(length(explicit.len() + sealed.len()));
        }
        self.last = [&header, explicit, &sealed].concat();
        self.last.clone()
    }

    /// Says so, and goes on under the next key.
    pub(crate) fn update_key(&mut self) -> Vec<u8> {
        const KEY_UPDATE: &[u8] = &[24, 0, 0, 1, 0];
        let said = self.seal(&crate::attack::record(crate::attack::HANDSHAKE, KEY_UPDATE));
        self.secret = expand(self.version, &self.secret, b"traffic upd", self.secret.len());
        self.key = traffic_key(self.version, &self.secret);
        self.sequence = 0;
        said
    }
}

const TAG: usize = 16;

fn aead_key(version: Version, key: &WriteKey) -> aead::LessSafeKey {
    aead::LessSafeKey::new(aead::UnboundKey::new(version.aead(), &key.key).unwrap())
}

fn nonce(key: &WriteKey, number: [u8; 8]) -> aead::Nonce {
    let mut nonce = [0; 12];
    nonce[..key.iv.len()].copy_from_slice(&key.iv);
    nonce[4..].iter_mut().zip(number).for_each(|(octet, number)| *octet ^= number);
    aead::Nonce::assume_unique_for_key(nonce)
}

/// The last flight with a Finished (RFC 8446 §4.4.4, RFC 5246 §7.4.9) whose last octet is another, under its key.
fn with_wrong_finished(sound: &[u8], version: Version, key: &WriteKey) -> Vec<u8> {
    const ENCRYPTED: u8 = 23;
    let mut records = records(sound);
    let finished = records.pop().expect("a flight has records");
    // An empty Certificate may come before, encrypted as well.
    let before = records.iter().filter(|record| version.is_13() && record[0] == ENCRYPTED).count();
    let number = u64::try_from(before).unwrap().to_be_bytes();
    let (header, body) = finished.split_at(5);
    let (explicit, ciphertext) = body.split_at(if key.iv.len() == 4 { 8 } else { 0 });
    let aad = match version.is_13() {
        true => header.to_vec(),
        false => [&number[..], &header[..3], &length(ciphertext.len() - TAG)].concat(),
    };
    // RFC 5288 §3: what the nonce of a record begins with is the key block's, the rest is the record's own.
    let unique = explicit.try_into().unwrap_or(number);
    let aead = aead_key(version, key);
    let mut text = ciphertext.to_vec();
    aead.open_in_place(nonce(key, unique), aead::Aad::from(&aad), &mut text)
        .expect("the key is the right one");
    text.truncate(ciphertext.len() - TAG);
    // In TLS 1.3 the record's type stands behind it.
    let last = text.len() - if version.is_13() { 2 } else { 1 };
    text[last] ^= 1;
    aead.seal_in_place_append_tag(nonce(key, unique), aead::Aad::from(&aad), &mut text).unwrap();
    [&records.concat(), header, explicit, &text].concat()
}

fn length(octets: usize) -> [u8; 2] {
    u16::try_from(octets).unwrap().to_be_bytes()
}

/// The frames of the last flight: sound, in one; otherwise as the attack has it.
fn last_flight(sound: &[u8], which: LastFlight) -> Vec<Vec<u8>> {
    let records = records(sound);
    let (finished, before) = records.split_last().expect("a flight has records");
    let before = before.concat();
    let with = |content: Vec<u8>| [&finished[..3], &length(content.len()), &content].concat();
    let with_finished = |content| vec![[before.clone(), with(content)].concat()];
    let content = finished[5..].to_vec();
    match which {
        LastFlight::Sound => vec![sound.to_vec()],
        LastFlight::WrongFinished => unreachable!("it takes keys, and is made elsewhere"),
        LastFlight::FalseFinished => with_finished(content.iter().map(|octet| octet ^ 0x55).collect()),
        LastFlight::LongFinished => with_finished([content, vec![0]].concat()),
        LastFlight::ShortFinished => with_finished(content[1..].to_vec()),
        LastFlight::Mail => vec![before, MAIL.to_vec()],
        LastFlight::MailAsFinished => {
            let mail = MAIL.iter().copied().cycle().take(content.len()).collect();
            with_finished(mail)
        }
        LastFlight::Twice => vec![sound.to_vec(), sound.to_vec()],
        LastFlight::AlertFirst => vec![vec![ALERT, 3, 3, 0, 2, 1, 90], sound.to_vec()],
        LastFlight::Withheld => vec![],
    }
}

fn records(mut octets: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let [_, _, _, high, low, ..] = octets {
        let (record, rest) = octets.split_at(5 + usize::from(u16::from_be_bytes([*high, *low])));
        records.push(record.to_vec());
        octets = rest;
    }
    records
}

/// RFC 8446 §7.3.
fn traffic_key(version: Version, secret: &[u8]) -> WriteKey {
    WriteKey {
        key: expand(version, secret, b"key", version.aead().key_len()),
        iv: expand(version, secret, b"iv", 12),
    }
}

/// HKDF-Expand-Label without context, RFC 8446 §7.1.
fn expand(version: Version, secret: &[u8], label: &[u8], octets: usize) -> Vec<u8> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let label = [b"tls13 ", label].concat();
    let label_length = [u8::try_from(label.len()).unwrap()];
    let info = [&length(octets)[..], &label_length, &label, &[0]];
    let mut expanded = vec![0; octets];
    let secret = hkdf::Prk::new_less_safe(version.hash(), secret);
    secret.expand(&info, Length(octets)).unwrap().fill(&mut expanded).unwrap();
    expanded
}

fn client(version: Option<Version>, host: &str, secrets: &Arc<Secrets>) -> ClientConnection {
    let mut provider = provider();
    if let Some(version) = version {
        provider.cipher_suites.retain(|suite| u16::from(suite.suite()) == version.suite());
    }
    let provider = Arc::new(provider);
    let versions: &[&rustls::SupportedProtocolVersion] = match version {
        None => rustls::ALL_VERSIONS,
        Some(version) if version.is_13() => &[&rustls::version::TLS13],
        Some(_) => &[&rustls::version::TLS12],
    };
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TakesAny(provider)))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.key_log = secrets.clone();
    ClientConnection::new(Arc::new(config), ServerName::try_from(host.to_owned()).unwrap()).unwrap()
}

/// What the TLS library tells of its secrets.
#[derive(Debug, Default)]
struct Secrets(Mutex<Vec<(String, Vec<u8>)>>);

impl Secrets {
    fn of(&self, label: &str) -> Option<Vec<u8>> {
        let secrets = self.0.lock().unwrap();
        secrets.iter().find(|(known, _)| known == label).map(|(_, secret)| secret.clone())
    }
}

impl KeyLog for Secrets {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        self.0.lock().unwrap().push((label.to_owned(), secret.to_vec()));
    }
}

/// Whose certificate it is does not matter here.
#[derive(Debug)]
struct TakesAny(Arc<CryptoProvider>);

impl ServerCertVerifier for TakesAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
