//! DER as far as it is needed beside x509-parser: elements, the signed parts of a certificate, OIDs, hex.

use std::fmt::Write as _;

use x509_parser::asn1_rs::{Any, Class, FromDer};

/// One DER element: its tag number and class, its content, and the whole of it with the header.
pub(crate) struct Element<'a> {
    pub(crate) any: Any<'a>,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

impl Element<'_> {
    /// Whether this is `[number]`, a context-specific tag.
    pub(crate) fn is_context(&self, number: u32) -> bool {
        self.any.class() == Class::ContextSpecific && self.any.tag().0 == number
    }

    /// Whether this is the universal tag `number`.
    pub(crate) fn is_universal(&self, number: u32) -> bool {
        self.any.class() == Class::Universal && self.any.tag().0 == number
    }
}

pub(crate) const INTEGER: u32 = 2;
pub(crate) const BIT_STRING: u32 = 3;
pub(crate) const OCTET_STRING: u32 = 4;
pub(crate) const OID: u32 = 6;
pub(crate) const SEQUENCE: u32 = 16;

/// The elements that stand one after the other in `content`; ends at the first that is no DER.
pub(crate) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    pub(crate) fn of(content: &'a [u8]) -> Self {
        Elements { rest: content }
    }

    /// What has not been read; after the last `next`, what could not be read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next element where it carries the universal tag `number`.
    pub(crate) fn expect(&mut self, number: u32) -> Option<Element<'a>> {
        self.next().filter(|element| element.is_universal(number))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (rest, any) = Any::from_der(self.rest).ok()?;
        let whole = &self.rest[..self.rest.len() - rest.len()];
        self.rest = rest;
        Some(Element { content: any.data, any, whole })
    }
}

/// The octets of a certificate that signatures and path building need (RFC 5280 §4.1).
pub(crate) struct Parts<'a> {
    /// tbsCertificate with its header: what is signed.
    pub(crate) tbs: &'a [u8],
    /// The content of signatureAlgorithm.
    pub(crate) algorithm: &'a [u8],
    /// signatureValue without the octet that counts unused bits.
    pub(crate) signature: &'a [u8],
    /// The content of the issuer name.
    pub(crate) issuer: &'a [u8],
    /// The content of the subject name.
    pub(crate) subject: &'a [u8],
    /// subjectPublicKeyInfo with its header.
    pub(crate) key: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(crate) fn of(der: &'a [u8]) -> Option<Self> {
        let mut certificate = Elements::of(Elements::of(der).expect(SEQUENCE)?.content);
        let tbs = certificate.expect(SEQUENCE)?;
        let algorithm = certificate.expect(SEQUENCE)?.content;
        let signature = certificate.expect(BIT_STRING)?.content.strip_prefix(&[0])?;

        let mut fields = Elements::of(tbs.content);
        if !fields.next()?.is_universal(INTEGER) {
            fields.next()?; // the first was the version, so this is the serial number
        }
        fields.expect(SEQUENCE)?; // signature
        let issuer = fields.expect(SEQUENCE)?.content;
        fields.expect(SEQUENCE)?; // validity
        let subject = fields.expect(SEQUENCE)?.content;
        let key = fields.expect(SEQUENCE)?.whole;
        Some(Parts { tbs: tbs.whole, algorithm, signature, issuer, subject, key })
    }
}

/// The dotted form of an OBJECT IDENTIFIER's content; one that is malformed, or whose arcs do not fit 64
/// bits, as `#` and hex.
pub(crate) fn dotted(content: &[u8]) -> String {
    arcs(content).unwrap_or_else(|| format!("#{}", hex(content, "")))
}

fn arcs(content: &[u8]) -> Option<String> {
    let mut text = String::new();
    let mut arc: u64 = 0;
    for (position, octet) in content.iter().enumerate() {
        if arc >> 57 != 0 {
            return None;
        }
        arc = arc << 7 | u64::from(octet & 0x7f);
        if octet & 0x80 != 0 {
            if position + 1 == content.len() {
                return None;
            }
            continue;
        }
        if text.is_empty() {
            let first = (arc / 40).min(2);
            write!(text, "{first}.{}", arc - first * 40).ok()?;
        } else {
            write!(text, ".{arc}").ok()?;
        }
        arc = 0;
    }
    (!text.is_empty()).then_some(text)
}

/// Lower-case hex, the octets joined by `separator`.
pub(crate) fn hex(octets: &[u8], separator: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(octets.len() * (2 + separator.len()));
    for (position, octet) in octets.iter().enumerate() {
        if position > 0 {
            text.push_str(separator);
        }
        text.push(char::from(DIGITS[usize::from(octet >> 4)]));
        text.push(char::from(DIGITS[usize::from(octet & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_oids() {
        assert_eq!(dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]), "1.2.840.113549.1.1.11");
        assert_eq!(dotted(&[0x55, 0x04, 0x03]), "2.5.4.3");
        assert_eq!(dotted(&[0x88, 0x37, 0x01]), "2.999.1");
    }

    #[test]
    fn an_oid_that_ends_in_the_middle_or_does_not_fit_is_shown_as_hex() {
        assert_eq!(dotted(&[0x2a, 0x86]), "#2a86");
        assert_eq!(dotted(&[]), "#");
        assert_eq!(dotted(&[0xff; 12]), "#ffffffffffffffffffffffff");
    }

    #[test]
    fn elements_stop_at_what_is_no_der() {
        let mut elements = Elements::of(&[0x02, 0x01, 0x05, 0x30, 0x09, 0x00]);
        assert_eq!(elements.next().map(|element| element.content), Some(&[5][..]));
        assert!(elements.next().is_none());
        assert_eq!(elements.rest(), [0x30, 0x09, 0x00]);
    }
}
