use serde::{Deserialize, Serialize};

/// A TLS version as it stands on the wire: 0x0304 is TLS 1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TlsVersion(pub u16);

impl TlsVersion {
    /// SSL 3.0, RFC 6101.
    pub const SSL_3_0: Self = Self(0x0300);
    /// TLS 1.0, RFC 2246.
    pub const TLS_1_0: Self = Self(0x0301);
    /// TLS 1.1, RFC 4346.
    pub const TLS_1_1: Self = Self(0x0302);
    /// TLS 1.2, RFC 5246.
    pub const TLS_1_2: Self = Self(0x0303);
    /// TLS 1.3, RFC 8446.
    pub const TLS_1_3: Self = Self(0x0304);
}

/// A cipher suite by its number in IANA's "TLS Cipher Suites" registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CipherSuite(pub u16);

/// A group by its number in IANA's "TLS Supported Groups" registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NamedGroup(pub u16);

/// An alert by its number in IANA's "TLS Alerts" registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertDescription(pub u8);

impl AlertDescription {
    /// The server does not know the name in the hello, RFC 6066 §3.
    pub const UNRECOGNIZED_NAME: Self = Self(112);
    /// The server demands a client certificate, RFC 8446 §6.2.
    pub const CERTIFICATE_REQUIRED: Self = Self(116);
}

/// What a TLS handshake came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// The version chosen.
    pub version: TlsVersion,
    /// The suite chosen.
    pub suite: CipherSuite,
    /// The group of the key exchange; `None` where there is none or it is not known.
    pub group: Option<NamedGroup>,
    /// The length in bits of the prime of a finite-field group that the server made itself; `None` with any other key
    /// exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finite_field_bits: Option<u16>,
    /// Whether the server asked for another key share first, RFC 8446 §4.1.4.
    pub hello_retry: bool,
    /// How many octets the first hello had, the header of its record included; `None` in a test that was saved before this was
    /// kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hello_octets: Option<usize>,
    /// Whether the handshake was finished; `false` where this was read from the server's clear flight alone, or where it failed
    /// at [`TlsFailure::UnverifiedKey`].
    pub completed: bool,
    /// What of it the hello made by hand had not offered, so that nobody can go on; `None` also in a test that was saved
    /// before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unoffered: Option<Unoffered>,
}

/// What a server chose though it was not offered, RFC 5246 §7.4.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unoffered {
    /// The version, and the suite perhaps as well.
    Version,
    /// The suite.
    Suite,
}

/// A certificate as sent; in JSON lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Der(pub Vec<u8>);

impl TryFrom<String> for Der {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
        let pairs = digits
            .filter(|digits| digits.len() % 2 == 0)
            .ok_or("a certificate here is pairs of hexadecimal digits")?;
        let octets = pairs.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap_or_default());
        Ok(Self(octets.collect()))
    }
}

impl From<Der> for String {
    fn from(der: Der) -> Self {
        der.0
            .iter()
            .flat_map(|octet| [octet >> 4, octet & 15])
            .filter_map(|nibble| char::from_digit(nibble.into(), 16))
            .collect()
    }
}

/// Why a TLS handshake failed, or the encrypted channel after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsFailure {
    /// The server sent a fatal alert.
    Alert(AlertDescription),
    /// What came after the ClientHello, or once the handshake was finished, is no TLS record: these octets first, at most
    /// 512. The time is that at which they came.
    NotTls(heloscope_smtp::Octets),
    /// The server broke the protocol, or what it chose cannot be spoken; in the TLS library's words.
    Protocol(String),
    /// The signature by which the server proves that it holds its certificate's key does not verify.
    BadSignature,
    /// That signature cannot be verified: with a key such as the certificate's this test verifies none. Whether the server
    /// holds it is not known.
    UnverifiedKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_hexadecimal_in_json() {
        let der = Der(vec![0x30, 0x82, 0xff]);
        assert_eq!(serde_json::to_string(&der).unwrap(), r#""3082ff""#);
        assert_eq!(serde_json::from_str::<Der>(r#""3082FF""#).unwrap(), der);
        assert!(serde_json::from_str::<Der>(r#""308""#).is_err());
        assert!(serde_json::from_str::<Der>(r#""3g""#).is_err());
    }
}
