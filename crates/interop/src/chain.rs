use std::net::Ipv4Addr;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

/// A certificate for one server, its key, and the way up to a root.
pub(crate) struct Chain {
    /// The root, as PEM.
    pub(crate) root: String,
    /// Key, leaf and intermediate, as PEM, in the order Postfix wants them in.
    pub(crate) key_and_certificates: String,
}

impl Chain {
    /// Makes root, intermediate and leaf; the leaf names host and address, and holds from 30 days before `now` to 60
    /// days after.
    pub(crate) fn new(host: &str, address: Ipv4Addr, now: OffsetDateTime) -> Result<Self, rcgen::Error> {
        let root = authority_params(now, "Interop Root", BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate()?)?;
        let mut intermediate =
            authority_params(now, "Interop Intermediate", BasicConstraints::Constrained(0));
        intermediate.use_authority_key_identifier_extension = true;
        let intermediate = CertifiedIssuer::signed_by(intermediate, KeyPair::generate()?, &root)?;

        let mut leaf = params(host, now - Duration::days(30), now + Duration::days(60));
        leaf.subject_alt_names = vec![SanType::DnsName(host.try_into()?), SanType::IpAddress(address.into())];
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let leaf = leaf.signed_by(&key, &intermediate)?;
        let key_and_certificates = [key.serialize_pem(), leaf.pem(), intermediate.pem()].concat();
        Ok(Self { root: root.pem(), key_and_certificates })
    }
}

fn authority_params(now: OffsetDateTime, name: &str, path: BasicConstraints) -> CertificateParams {
    let mut params = params(name, now - Duration::days(365), now + Duration::days(365));
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
