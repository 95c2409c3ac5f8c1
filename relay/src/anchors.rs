use std::fmt;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Private trust anchors to offer to the page: certificates in PEM, RFC 7468 §5. The relay itself trusts none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustAnchors(String);

/// Why a text holds no trust anchors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnchorsFault {
    /// There is no certificate in it.
    None,
    /// Something in it is no PEM, in the reader's words.
    NotPem(String),
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

impl TrustAnchors {
    /// Reads the certificates of a PEM text. All else in it, a private key above all, stays behind: what is offered to
    /// the page is offered to everybody.
    ///
    /// # Errors
    /// Where there is no certificate, or one that is no PEM.
    pub fn from_pem(text: &str) -> Result<Self, AnchorsFault> {
        let mut kept = String::new();
        let mut inside = false;
        for line in text.lines().map(str::trim_end) {
            inside |= line == BEGIN;
            if inside {
                kept.push_str(line);
                kept.push('\n');
            }
            inside &= line != END;
        }
        let certificates = CertificateDer::pem_slice_iter(kept.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| AnchorsFault::NotPem(error.to_string()))?;
        if certificates.is_empty() || inside { Err(AnchorsFault::None) } else { Ok(Self(kept)) }
    }

    /// These and those of another PEM text that is known to hold nothing else.
    pub(crate) fn and(&self, others: &str) -> String {
        format!("{}{others}", self.0)
    }
}

impl fmt::Display for AnchorsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => write!(f, "there is no whole certificate in it; one begins with `{BEGIN}`"),
            Self::NotPem(reason) => write!(f, "a certificate in it is no PEM: {reason}"),
        }
    }
}

impl std::error::Error for AnchorsFault {}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_private_key_beside_a_certificate_stays_behind() {
        let text = format!(
            "My CA\r\n-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n{CERTIFICATE}remark\n"
        );
        assert_eq!(TrustAnchors::from_pem(&text), Ok(TrustAnchors(CERTIFICATE.into())));
    }

    #[test]
    fn a_text_without_a_whole_certificate_is_refused() {
        for text in ["", "30 82 01", "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"] {
            assert_eq!(TrustAnchors::from_pem(text), Err(AnchorsFault::None), "{text}");
        }
        let cut = format!("{CERTIFICATE}-----BEGIN CERTIFICATE-----\nMAA=\n");
        assert!(TrustAnchors::from_pem(&cut).is_err());
        let broken = "-----BEGIN CERTIFICATE-----\nM!A=\n-----END CERTIFICATE-----\n";
        assert!(matches!(TrustAnchors::from_pem(broken), Err(AnchorsFault::NotPem(_))));
    }
}
