use std::fs::{self, Permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

/// Who issues the servers' certificates: a root and an intermediate, made anew each time.
pub struct Authority {
    pub(crate) now: OffsetDateTime,
    pub(crate) root: String,
    pub(crate) intermediate: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate for one server, its key, and the way up to a root, each as PEM.
pub(crate) struct Chain {
    pub(crate) root: String,
    pub(crate) key: String,
    /// Leaf, then intermediate.
    pub(crate) certificates: String,
}

/// A leaf holds from so many days before now.
pub(crate) const DAYS_BEFORE: i64 = 30;
/// A leaf holds until so many days after now.
pub(crate) const DAYS_AFTER: i64 = 60;

/// Root and intermediate hold for so many days before and after now.
pub(crate) const AUTHORITY_DAYS: i64 = 365;

impl Authority {
    /// Makes root and intermediate around `now_unix_seconds` (since 1970-01-01T00:00:00Z), a year each way; the
    /// certificates they issue hold from 30 days before to 60 days after.
    ///
    /// # Errors
    /// That is no time of the years 0 to 9999, or no key can be made.
    pub fn new(now_unix_seconds: i64) -> anyhow::Result<Self> {
        let now = OffsetDateTime::from_unix_timestamp(now_unix_seconds)?;
        let root = authority_params(now, "Interop Root", BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate()?)?;
        let mut intermediate =
            authority_params(now, "Interop Intermediate", BasicConstraints::Constrained(0));
        intermediate.use_authority_key_identifier_extension = true;
        let intermediate = CertifiedIssuer::signed_by(intermediate, KeyPair::generate()?, &root)?;
        Ok(Self { now, root: root.pem(), intermediate })
    }

    /// Issues a certificate for a new ECDSA P-256 key that names host and address.
    pub(crate) fn issue(&self, host: &str, address: Ipv4Addr) -> Result<Chain, rcgen::Error> {
        let [not_before, not_after] =
            [self.now - Duration::days(DAYS_BEFORE), self.now + Duration::days(DAYS_AFTER)];
        let mut leaf = params(host, not_before, not_after);
        leaf.subject_alt_names = vec![SanType::DnsName(host.try_into()?), SanType::IpAddress(address.into())];
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let leaf = leaf.signed_by(&key, &self.intermediate)?;
        let certificates = [leaf.pem(), self.intermediate.pem()].concat();
        Ok(Chain { root: self.root.clone(), key: key.serialize_pem(), certificates })
    }
}

impl Chain {
    /// Writes `ca.pem`, `key.pem`, for the owner alone, and `certificates.pem`.
    pub(crate) fn write(&self, directory: &Path) -> std::io::Result<()> {
        fs::write(directory.join("ca.pem"), &self.root)?;
        fs::write(directory.join("certificates.pem"), &self.certificates)?;
        let key = directory.join("key.pem");
        fs::write(&key, &self.key)?;
        fs::set_permissions(&key, Permissions::from_mode(0o600))
    }
}

fn authority_params(now: OffsetDateTime, name: &str, path: BasicConstraints) -> CertificateParams {
    let mut params = params(name, now - Duration::days(AUTHORITY_DAYS), now + Duration::days(AUTHORITY_DAYS));
    params.is_ca = IsCa::Ca(path);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn params(name: &str, not_before: OffsetDateTime, not_after: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = not_before;
    params.not_after = not_after;
    params
}
