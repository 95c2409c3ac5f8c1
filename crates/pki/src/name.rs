//! Distinguished names as text (RFC 4514).

use x509_parser::asn1_rs::{Any, Class, FromDer, Tag};
use x509_parser::x509::{AttributeTypeAndValue, RelativeDistinguishedName, X509Name};

use crate::der::{Elements, dotted, hex};

/// The name whose DER has this content, as RFC 4514 writes it, most specific RDN first, with a space after each comma:
/// `CN=R11, O=Let's Encrypt, C=US`.
///
/// What RFC 4514 §2.4 escapes is escaped; all other characters, control characters too, are left as they are.
/// Attribute types beyond the RFC's table carry the names in common use, or their dotted OID. What is no RDN is `#` and
/// hex.
pub(crate) fn rfc4514(content: &[u8]) -> String {
    let mut elements = Elements::of(content);
    let mut rdns: Vec<String> = elements.by_ref().map(|element| rdn(element.whole)).collect();
    if !elements.rest().is_empty() {
        rdns.push(undecoded(elements.rest()));
    }
    rdns.reverse();
    rdns.join(", ")
}

/// The most specific commonName, unescaped.
pub(crate) fn common_name(name: &X509Name<'_>) -> Option<String> {
    let last =
        name.iter_attributes().filter(|attribute| attribute.attr_type().as_bytes() == [0x55, 4, 3]).last();
    last.and_then(|attribute| text(attribute.attr_value()))
}

fn rdn(der: &[u8]) -> String {
    match RelativeDistinguishedName::from_der(der) {
        Ok((_, rdn)) => rdn.iter().map(attribute).collect::<Vec<_>>().join("+"),
        Err(_) => undecoded(der),
    }
}

fn undecoded(octets: &[u8]) -> String {
    format!("#{}", hex(octets, ""))
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = dotted(attribute.attr_type().as_bytes());
    let kind = short_name(&oid).unwrap_or(&oid);
    let value = attribute.attr_value();
    match text(value) {
        Some(text) => format!("{kind}={}", escaped(&text)),
        None => format!("{kind}={}", undecoded(value.data)),
    }
}

fn short_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.15" => "businessCategory",
        "2.5.4.17" => "postalCode",
        "2.5.4.42" => "GN",
        "2.5.4.97" => "organizationIdentifier",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        "1.3.6.1.4.1.311.60.2.1.1" => "jurisdictionL",
        "1.3.6.1.4.1.311.60.2.1.2" => "jurisdictionST",
        "1.3.6.1.4.1.311.60.2.1.3" => "jurisdictionC",
        _ => return None,
    })
}

/// The value of a string type; `None` for any other type. What does not decode as it should is read as
/// Latin-1 where the type has one octet a character, else with U+FFFD in place of the bad part.
fn text(value: &Any<'_>) -> Option<String> {
    if value.class() != Class::Universal {
        return None;
    }
    let octets = value.data;
    Some(match value.tag() {
        Tag::Utf8String => String::from_utf8_lossy(octets).into_owned(),
        Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            String::from_utf8(octets.to_vec()).unwrap_or_else(|_| latin1(octets))
        }
        Tag::TeletexString => latin1(octets),
        Tag::BmpString => {
            let units = octets.chunks(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0xfffd,
            });
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        Tag::UniversalString => octets.chunks(4).map(utf32).collect(),
        _ => return None,
    })
}

fn latin1(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

fn utf32(octets: &[u8]) -> char {
    let number = octets.try_into().map(u32::from_be_bytes).ok();
    number.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// RFC 4514 §2.4: the characters that a reader of the string would misunderstand.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.len().saturating_sub(1);
    for (position, character) in text.char_indices() {
        match character {
            '\0' => out.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '#' if position == 0 => out.push_str("\\#"),
            ' ' if position == 0 || position == last => out.push_str("\\ "),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_misread_is_escaped() {
        assert_eq!(escaped("Example, Inc."), "Example\\, Inc.");
        assert_eq!(escaped("a+b<c>;\"\\"), "a\\+b\\<c\\>\\;\\\"\\\\");
        assert_eq!(escaped("#1 "), "\\#1\\ ");
        assert_eq!(escaped(" "), "\\ ");
        assert_eq!(escaped("mx.example\0.org"), "mx.example\\00.org");
        assert_eq!(escaped("Let's Encrypt = R11"), "Let's Encrypt = R11");
        assert_eq!(escaped("\u{202e}\u{7}"), "\u{202e}\u{7}");
    }

    #[test]
    fn what_cannot_be_read_of_a_name_is_shown_as_hex() {
        let country = [0x31, 11, 0x30, 9, 6, 3, 0x55, 4, 6, 0x13, 2, b'U', b'S'];
        // A SET whose only element is an INTEGER, and one that says it were longer than it is.
        let (no_attribute, cut) = ([0x31, 3, 2, 1, 5], [0x31, 9, 0x30]);
        assert_eq!(rfc4514(&[]), "");
        assert_eq!(rfc4514(&country), "C=US");
        assert_eq!(rfc4514(&no_attribute), "#3103020105");
        assert_eq!(rfc4514(&[&no_attribute[..], &country].concat()), "C=US, #3103020105");
        assert_eq!(rfc4514(&[&country[..], &cut].concat()), "#310930, C=US");
    }

    #[test]
    fn old_string_types_are_read() {
        let any = |tag, octets| Any::from_tag_and_data(tag, octets);
        assert_eq!(text(&any(Tag::TeletexString, b"M\xfcller")).as_deref(), Some("Müller"));
        assert_eq!(text(&any(Tag::PrintableString, b"M\xfcller")).as_deref(), Some("Müller"));
        assert_eq!(text(&any(Tag::BmpString, b"\0M\0\xfc\xd8")).as_deref(), Some("Mü\u{fffd}"));
        assert_eq!(text(&any(Tag::UniversalString, b"\0\0\0M\0\x11\0\0")).as_deref(), Some("M\u{fffd}"));
        assert_eq!(text(&any(Tag::Utf8String, b"M\xff")).as_deref(), Some("M\u{fffd}"));
        assert_eq!(text(&any(Tag::Integer, b"\x01")), None);
    }
}
