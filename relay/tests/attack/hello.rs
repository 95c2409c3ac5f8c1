//! ClientHellos with something in them: the core's own, changed in one place.

use crate::attack::{HANDSHAKE, MAIL};
use crate::campaign::HOST;
use crate::tls::first_flight;

/// A ClientHello in its parts, RFC 8446 §4.1.2.
#[derive(Clone, Debug)]
pub(crate) struct Hello {
    pub(crate) record_version: [u8; 2],
    pub(crate) version: [u8; 2],
    pub(crate) random: Vec<u8>,
    pub(crate) session_id: Vec<u8>,
    pub(crate) suites: Vec<u8>,
    pub(crate) compression: Vec<u8>,
    pub(crate) extensions: Vec<(u16, Vec<u8>)>,
    /// Behind the extensions, within the message.
    pub(crate) trailing: Vec<u8>,
}

pub(crate) const SERVER_NAME: u16 = 0;
pub(crate) const KEY_SHARE: u16 = 51;

impl Hello {
    /// The core's, for the server that the relay was asked for.
    pub(crate) fn sound() -> Self {
        Self::read(&first_flight(None, HOST))
    }

    fn read(record: &[u8]) -> Self {
        let mut rest = &record[9..];
        let version = take(&mut rest, 2).try_into().unwrap();
        let random = take(&mut rest, 32);
        let session_id = vector(&mut rest, 1);
        let suites = vector(&mut rest, 2);
        let compression = vector(&mut rest, 1);
        let listed = vector(&mut rest, 2);
        let (mut listed, mut extensions) = (listed.as_slice(), Vec::new());
        while !listed.is_empty() {
            let number = u16::from_be_bytes(take(&mut listed, 2).try_into().unwrap());
            extensions.push((number, vector(&mut listed, 2)));
        }
        let record_version = record[1..3].try_into().unwrap();
        Self {
            record_version,
            version,
            random,
            session_id,
            suites,
            compression,
            extensions,
            trailing: vec![],
        }
    }

    /// The handshake message.
    pub(crate) fn message(&self) -> Vec<u8> {
        let extensions: Vec<u8> = self
            .extensions
            .iter()
            .flat_map(|(number, content)| [&number.to_be_bytes()[..], &with_length(2, content)].concat())
            .collect();
        let body = [
            &self.version[..],
            &self.random,
            &with_length(1, &self.session_id),
            &with_length(2, &self.suites),
            &with_length(1, &self.compression),
            &with_length(2, &extensions),
            &self.trailing,
        ];
        [&[1], &with_length(3, &body.concat())[..]].concat()
    }

    /// One record with it.
    pub(crate) fn record(&self) -> Vec<u8> {
        self.record_of(HANDSHAKE, &self.message())
    }

    pub(crate) fn record_of(&self, kind: u8, content: &[u8]) -> Vec<u8> {
        [&[kind], &self.record_version[..], &with_length(2, content)].concat()
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// With an extension in place of one of the same number, or before all others.
    pub(crate) fn extended(self, number: u16, content: impl AsRef<[u8]>) -> Self {
        self.with(|hello| {
            let content = content.as_ref().to_vec();
            match hello.extensions.iter_mut().find(|(known, _)| *known == number) {
                Some(extension) => extension.1 = content,
                None => hello.extensions.insert(0, (number, content)),
            }
        })
    }

    /// With the name in the SNI, RFC 6066 §3.
    pub(crate) fn named(self, name: impl AsRef<[u8]>) -> Self {
        self.extended(SERVER_NAME, names(&[(0, name.as_ref())]))
    }

    /// With text in the random, and zeros behind it.
    pub(crate) fn random(self, text: impl AsRef<[u8]>) -> Self {
        self.with(|hello| hello.random = filled(text, 32))
    }
}

/// A list of names, each with its type.
pub(crate) fn names(names: &[(u8, &[u8])]) -> Vec<u8> {
    let entries: Vec<u8> =
        names.iter().flat_map(|(kind, name)| [&[*kind], &with_length(2, name)[..]].concat()).collect();
    with_length(2, &entries)
}

/// Text, and zeros up to so many octets; no more of it than that.
pub(crate) fn filled(text: impl AsRef<[u8]>, octets: usize) -> Vec<u8> {
    let mut filled = text.as_ref().to_vec();
    filled.resize(octets, 0);
    filled
}

/// Mail as long as the octets are even in number: lists are of pairs.
pub(crate) fn even_mail() -> Vec<u8> {
    filled(MAIL, MAIL.len() + MAIL.len() % 2)
}

/// Octets behind their length, which has so many octets itself.
pub(crate) fn with_length(octets: usize, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&length[4 - octets..], content].concat()
}

fn take(rest: &mut &[u8], octets: usize) -> Vec<u8> {
    let (taken, left) = rest.split_at(octets);
    *rest = left;
    taken.to_vec()
}

fn vector(rest: &mut &[u8], length_octets: usize) -> Vec<u8> {
    let length = take(rest, length_octets).iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
    take(rest, length)
}
