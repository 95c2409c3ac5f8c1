use heloscope_crypto::modulus_bits;
use rustls::pki_types::{SubjectPublicKeyInfoDer, alg_id};

/// The SubjectPublicKeyInfo of a certificate (RFC 5280 §4.1), for verifying the handshake's signature.
///
/// Only the way there is walked: a certificate with a version, serial number or extension that a validating reader
/// refuses still has a key, and the handshake with it must go through. `None` where the way is not DER.
pub(super) fn subject_public_key_info(certificate: &[u8]) -> Option<SubjectPublicKeyInfoDer<'_>> {
    const SEQUENCE: u8 = 0x30;
    const EXPLICIT_VERSION: u8 = 0xa0;
    let (certificate, _) = element(certificate, Some(SEQUENCE))?;
    let (mut rest, _) = element(certificate.content, Some(SEQUENCE)).map(|(tbs, _)| (tbs.content, ()))?;
    if rest.first() == Some(&EXPLICIT_VERSION) {
        rest = element(rest, None)?.1;
    }
    // serialNumber, signature, issuer, validity, subject
    for _ in 0..5 {
        rest = element(rest, None)?.1;
    }
    element(rest, Some(SEQUENCE)).map(|(key, _)| key.whole.into())
}

/// The AlgorithmIdentifier of a SubjectPublicKeyInfo without its header, and the bits of the modulus of an RSA key (RFC 8017
/// appendix A.1.1).
pub(super) fn algorithm_and_modulus(key: &[u8]) -> Option<(&[u8], Option<u32>)> {
    let (algorithm, rest) = element(element(key, None)?.0.content, None)?;
    let is_rsa = algorithm.content == alg_id::RSA_ENCRYPTION.as_ref();
    // A BIT STRING begins with the number of the bits that are none of it.
    let bits = element(rest, None).and_then(|(key, _)| modulus_bits(key.content.get(1..)?));
    Some((algorithm.content, bits.filter(|_| is_rsa)))
}

struct Element<'a> {
    whole: &'a [u8],
    content: &'a [u8],
}

/// The first element of some DER (X.690 §8.1), of this tag where one is named, and what follows it.
fn element(octets: &[u8], tag: Option<u8>) -> Option<(Element<'_>, &[u8])> {
    let (first, rest) = octets.split_first()?;
    if tag.is_some_and(|tag| tag != *first) {
        return None;
    }
    let (length, rest) = rest.split_first()?;
    let (length, content) = match length {
        short @ 0..=0x7f => (usize::from(*short), rest),
        long @ 0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long - 0x80))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, following) = content.split_at_checked(length)?;
    let whole = &octets[..octets.len() - following.len()];
    Some((Element { whole, content }, following))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SEQUENCE { SEQUENCE { [0] version, serial 1, four empty SEQUENCEs, the key }, … }
    fn certificate(version: &[u8]) -> Vec<u8> {
        let fields = [version, &[2, 1, 1], &[0x30, 0].repeat(4), &[0x30, 2, 5, 0]].concat();
        let tbs = [&[0x30, u8::try_from(fields.len()).unwrap()], &fields[..]].concat();
        [&[0x30, 0x81, u8::try_from(tbs.len()).unwrap()], &tbs[..]].concat()
    }

    #[test]
    fn the_key_is_found_with_and_without_a_version() {
        for version in [&[0xa0, 3, 2, 1, 2][..], &[]] {
            let certificate = certificate(version);
            assert_eq!(subject_public_key_info(&certificate).as_deref(), Some(&[0x30, 2, 5, 0][..]));
        }
    }

    #[test]
    fn broken_der_has_no_key() {
        let whole = certificate(&[]);
        for end in 0..whole.len() {
            assert_eq!(subject_public_key_info(&whole[..end]), None, "{end}");
        }
        assert_eq!(subject_public_key_info(&[0x30, 0x84, 0, 0, 0, 1, 0]), None);
        assert_eq!(subject_public_key_info(&[0x31, 0]), None);
    }

    #[test]
    fn the_modulus_is_that_of_a_key_of_rsa() {
        let of = |algorithm: u8, modulus: &[u8]| {
            let numbers =
                [&[0x30, 5 + modulus.len() as u8, 2, modulus.len() as u8], modulus, &[2, 1, 3]].concat();
            let bits = [&[3, 1 + numbers.len() as u8, 0], &numbers[..]].concat();
            let name = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, algorithm, 5, 0];
            let all = [&name[..], &bits].concat();
            algorithm_and_modulus(&[&[0x30, all.len() as u8], &all[..]].concat()).and_then(|(_, bits)| bits)
        };
        assert_eq!((of(1, &[0, 0x80, 0]), of(1, &[1, 0, 0]), of(1, &[0])), (Some(16), Some(17), None));
        assert_eq!(of(7, &[0, 0x80, 0]), None);
    }
}
