//! What the report's words say of each code, extension and certificate there may be, whole: for pages about them.

use heloscope_smtp::Extension;
use heloscope_words::{say, spoken};

use crate::advice::{Audience, advice};
use crate::checks::{Barred, Evidence};
use crate::words::{KEYWORDS, MECHANISMS, REPLY_CODES, STATUS_CODES, meaning};
use crate::{Check, checks};

/// Each reply code with its meaning, RFC 5321 §4.2.3 and those that extend it.
pub fn reply_codes() -> impl Iterator<Item = (u16, &'static str)> {
    REPLY_CODES.iter().map(|(code, meaning)| (*code, spoken(meaning)))
}

/// Subject and detail of each enhanced status code with its meaning, RFC 3463 and IANA's registry (RFC 5248).
pub fn status_codes() -> impl Iterator<Item = (u16, u16, &'static str)> {
    STATUS_CODES.iter().map(|(subject, detail, meaning)| (*subject, *detail, spoken(meaning)))
}

/// Each extension keyword with its meaning, those with parameters included.
pub fn extensions() -> impl Iterator<Item = (&'static str, String)> {
    let size = say!(
        "Takes the size of a message in advance, and states the largest; 0 or no number is no fixed limit, RFC 1870"
    );
    let with_parameters = ["AUTH", "AUTH=", "X-EXPS", "LIMITS", "MT-PRIORITY", "DELIVERBY", "NO-SOLICITING"];
    let explained = with_parameters.into_iter().filter_map(|keyword| {
        let extension = Extension { keyword: keyword.to_owned(), params: Vec::new() };
        Some((keyword, meaning(&extension)?))
    });
    let size = std::iter::once(("SIZE", size.to_owned()));
    size.chain(explained)
        .chain(KEYWORDS.iter().map(|(keyword, meaning)| (*keyword, spoken(meaning).to_owned())))
}

/// Each mechanism of AUTH with what there is to say of it.
pub fn mechanisms() -> impl Iterator<Item = (&'static str, &'static str)> {
    MECHANISMS.iter().map(|(mechanism, meaning)| (*mechanism, spoken(meaning)))
}

/// What a check says where it finds something.
#[derive(Debug)]
pub struct Warning {
    /// The check.
    pub check: &'static Check,
    /// What it means on port 25, where mail servers connect.
    pub to_senders: String,
    /// What it means on ports 465 and 587, where mail clients connect.
    pub to_clients: String,
    /// What to change on the server.
    pub fix: String,
}

/// Each warning about a certificate, as it would be told of mx1.example.com on 23 November 2026.
pub fn certificate_warnings() -> impl Iterator<Item = Warning> {
    checks().filter_map(|check| {
        let evidence = example(check.id)?;
        let senders = advice(&evidence, Audience::Senders);
        let to_clients = advice(&evidence, Audience::Clients).explanation;
        Some(Warning { check, to_senders: senders.explanation, to_clients, fix: senders.fix })
    })
}

fn example(id: &str) -> Option<Evidence> {
    const DAY: i64 = 86_400;
    /// 2026-11-23T22:00:00Z
    const NOW: i64 = 1_795_471_200;
    let host = || "mx1.example.com".to_owned();
    Some(match id {
        "certificate-expired" => {
            Evidence::CertificateExpired { expired: vec![(0, NOW - 10 * DAY)], now: NOW }
        }
        "certificate-not-yet-valid" => Evidence::CertificateNotYetValid { ahead: vec![(0, NOW + DAY)] },
        "certificate-expiring-soon" => {
            Evidence::CertificateExpiringSoon { soon: vec![(0, NOW + 12 * DAY)], now: NOW }
        }
        "certificate-hostname-mismatch" => Evidence::CertificateHostnameMismatch {
            host: host(),
            presented: vec!["www.example.com".to_owned()],
            total: 1,
        },
        "certificate-self-signed" => Evidence::CertificateSelfSigned,
        "certificate-chain-incomplete" => Evidence::CertificateChainIncomplete {
            issuer: "CN=Example CA 1, O=Example".to_owned(),
            unreadable: false,
        },
        "certificate-untrusted" => {
            Evidence::CertificateUntrusted { root: "CN=Example Root, O=Example".to_owned(), sent: false }
        }
        "certificate-path-invalid" => Evidence::CertificatePathInvalid {
            faults: vec![say!("The certificate may not be used for a TLS server.").to_owned()],
            anchor: false,
            signature: false,
            barred: None,
        },
        "certificate-path-unknown" => Evidence::CertificatePathGivenUp,
        "certificate-key-usage" => {
            Evidence::CertificateKeyUsage { lacks: "digitalSignature", barred: Barred::Some }
        }
        "certificate-weak-key" => Evidence::CertificateWeakKey { keys: vec![(0, "RSA 1024".to_owned())] },
        "certificate-weak-signature" => {
            Evidence::CertificateWeakSignature { signatures: vec![(0, "sha1WithRSAEncryption".to_owned())] }
        }
        "certificate-common-name-only" => Evidence::CertificateCommonNameOnly { name: host(), matches: true },
        "certificate-serial-number" => {
            Evidence::CertificateSerialNumber { numbers: vec![(0, say!("the serial number 0").to_owned())] }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_of_a_certificate_has_its_warning() {
        let warned: Vec<&str> = certificate_warnings().map(|warning| warning.check.id).collect();
        let of_certificates: Vec<&str> =
            checks().map(|check| check.id).filter(|id| id.starts_with("certificate-")).collect();
        assert_eq!(warned, of_certificates);
    }

    /// What SIZE without a number means is no word on SIZE as such.
    #[test]
    fn size_may_have_a_limit() {
        let (_, size) = extensions().find(|(keyword, _)| *keyword == "SIZE").expect("it is there");
        assert!(size.contains("states the largest"), "{size}");
    }

    #[test]
    fn every_extension_is_told_once() {
        let mut keywords: Vec<&str> = extensions().map(|(keyword, _)| keyword).collect();
        assert!(keywords.len() > 30);
        keywords.sort_unstable();
        let all = keywords.len();
        keywords.dedup();
        assert_eq!(keywords.len(), all);
    }
}
