use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CidrSubnet, CrlDistributionPoint, CustomExtension,
    DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints,
    SanType, SerialNumber,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use time::{Duration, OffsetDateTime};

use crate::rsa_keys::{Rsa1024, Sha1Issuer, with_sha1};
use crate::script::{Credentials, Issuer, Key, Names};

const SERVER_RSA_2048: &str = include_str!("../keys/server-rsa-2048.pem");
const ISSUER_RSA_2048: &str = include_str!("../keys/issuer-rsa-2048.pem");
/// The domain of all specimens; the root is good for nothing else, since one of its intermediates has a public key pair.
const DOMAIN: &str = "specimen.test";
const ANOTHER_HOST: &str = "another-server.specimen.test";

/// Makes the certificates of a fleet.
pub(crate) struct Authority {
    now: OffsetDateTime,
    root: CertifiedIssuer<'static, KeyPair>,
    rsa: CertifiedIssuer<'static, KeyPair>,
    ecdsa: CertifiedIssuer<'static, KeyPair>,
    untrusted: CertifiedIssuer<'static, KeyPair>,
    maze: Vec<CertifiedIssuer<'static, KeyPair>>,
    rsa_with_sha1: rcgen::Issuer<'static, Sha1Issuer>,
    server_rsa_2048: KeyPair,
    server_rsa_1024: Rsa1024,
    server_ecdsa: KeyPair,
    server_ecdsa_p384: KeyPair,
}

const FRESH: &str = "the system gives random numbers for a key";
const FIXTURE: &str = "the key is a file of this crate, and its tests read it";
const ENCODED: &str = "every name here is ASCII where ASCII is asked for, and ring signs with keys it took";

impl Authority {
    /// Makes roots and intermediates, valid for years around `now` (seconds since 1970-01-01T00:00:00Z, taken as
    /// the nearest of 2000-01-01 to 2100-01-01 where it lies outside).
    pub(crate) fn new(now: i64) -> Self {
        let now = now.clamp(946_684_800, 4_102_444_800);
        let now = OffsetDateTime::from_unix_timestamp(now).expect("the years 2000 to 2100 are in range");
        let untrusted_root = root(now, "Root of Nobody");
        let root = root(now, "Specimen Root");
        let rsa_key = || KeyPair::from_pem(ISSUER_RSA_2048).expect(FIXTURE);
        let rsa_params = intermediate_params(now, "Specimen RSA CA");
        Self {
            now,
            rsa_with_sha1: rcgen::Issuer::new(rsa_params.clone(), Sha1Issuer::new(ISSUER_RSA_2048)),
            rsa: CertifiedIssuer::signed_by(rsa_params, rsa_key(), &root).expect(ENCODED),
            ecdsa: intermediate(now, "Specimen ECDSA CA", &root),
            untrusted: intermediate(now, "CA of Nobody", &untrusted_root),
            maze: maze(now),
            root,
            server_rsa_2048: KeyPair::from_pem(SERVER_RSA_2048).expect(FIXTURE),
            server_rsa_1024: Rsa1024::new(),
            server_ecdsa: KeyPair::generate().expect(FRESH),
            server_ecdsa_p384: p384(),
        }
    }

    /// The root that reports are to trust, as PEM.
    pub(crate) fn root_pem(&self) -> String {
        self.root.pem()
    }

    /// The root that reports are to trust, as DER.
    pub(crate) fn root_der(&self) -> CertificateDer<'static> {
        self.root.der().clone()
    }

    /// Makes one server's certificate; `serial` is to differ from server to server.
    pub(crate) fn issue(&self, host: &str, serial: u8, credentials: &Credentials) -> CertifiedKey {
        let params = self.server_params(host, serial, credentials);
        let mut chain = vec![match credentials.key {
            Key::Rsa2048 => self.sign(&params, &self.server_rsa_2048, credentials.issuer),
            Key::EcdsaP256 => self.sign(&params, &self.server_ecdsa, credentials.issuer),
            Key::EcdsaP384 => self.sign(&params, &self.server_ecdsa_p384, credentials.issuer),
            Key::Rsa1024 => params.signed_by(&self.server_rsa_1024, &self.rsa).expect(ENCODED).into(),
        }];
        if credentials.intermediate_sent {
            chain.extend(self.intermediates_of(credentials.issuer).cloned());
        }
        let key: Arc<dyn rustls::sign::SigningKey> = match credentials.key {
            Key::Rsa2048 => for_rustls(&self.server_rsa_2048),
            Key::EcdsaP256 => for_rustls(&self.server_ecdsa),
            Key::EcdsaP384 => for_rustls(&self.server_ecdsa_p384),
            Key::Rsa1024 => Arc::new(self.server_rsa_1024.clone()),
        };
        CertifiedKey::new(chain, key)
    }

    fn sign(&self, params: &CertificateParams, key: &KeyPair, issuer: Issuer) -> CertificateDer<'static> {
        let certificate = match issuer {
            Issuer::Rsa => params.signed_by(key, &self.rsa),
            Issuer::Ecdsa => params.signed_by(key, &self.ecdsa),
            Issuer::Untrusted => params.signed_by(key, &self.untrusted),
            Issuer::Maze => params.signed_by(key, self.maze.last().expect(FRESH)),
            Issuer::Itself => params.self_signed(key),
            Issuer::RsaWithSha1 => {
                let unmarked = params.signed_by(key, &self.rsa_with_sha1).expect(ENCODED);
                return with_sha1(unmarked.der()).into();
            }
        };
        certificate.expect(ENCODED).into()
    }

    fn intermediates_of(&self, issuer: Issuer) -> impl Iterator<Item = &CertificateDer<'static>> {
        let issuers = match issuer {
            Issuer::Rsa | Issuer::RsaWithSha1 => std::slice::from_ref(&self.rsa),
            Issuer::Ecdsa => std::slice::from_ref(&self.ecdsa),
            Issuer::Untrusted => std::slice::from_ref(&self.untrusted),
            Issuer::Maze => &self.maze,
            Issuer::Itself => &[],
        };
        issuers.iter().map(CertifiedIssuer::der)
    }

    fn server_params(&self, host: &str, serial: u8, credentials: &Credentials) -> CertificateParams {
        let (from, to) = credentials.days;
        // Half a day further from now, so that "12 days" stays 12 whole days for as long, and so does "10 days ago".
        let half = Duration::hours(12 * to.signum());
        let mut params = params(self.now + Duration::days(from), self.now + Duration::days(to) + half);
        let number = [&[serial.max(1)], &self.now.unix_timestamp().to_be_bytes()[..]].concat();
        params.serial_number = Some(SerialNumber::from(number));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let name = if credentials.names == Names::Another { ANOTHER_HOST } else { host };
        params.distinguished_name.push(DnType::CommonName, name);
        if credentials.names != Names::CommonNameOnly {
            params.subject_alt_names.push(SanType::DnsName(name.try_into().expect(ENCODED)));
        }
        if credentials.names == Names::Thousands {
            let others = (0..OTHER_NAMES).map(|number| format!("{number}.{host}").try_into().expect(ENCODED));
            params.subject_alt_names.extend(others.map(SanType::DnsName));
        }
        if credentials.names == Names::Hostile {
            params.distinguished_name.push(DnType::OrganizationName, HOSTILE_ORGANIZATION);
            params.distinguished_name.push(DnType::OrganizationalUnitName, HOSTILE_UNIT);
            params.subject_alt_names.push(SanType::URI(HOSTILE_URI.try_into().expect(ENCODED)));
            params.crl_distribution_points.push(CrlDistributionPoint { uris: vec![CRL_URI.to_owned()] });
            params.custom_extensions.push(authority_information_access());
        }
        params
    }
}

/// Together with the maze's certificates they make a message of nearly 64 KiB.
const OTHER_NAMES: usize = 1500;

const HOSTILE_ORGANIZATION: &str = "<script>alert('organization')</script>, CN=trusted.example";
const HOSTILE_UNIT: &str = "\u{202e}elpmaxe.knab\u{202c} \u{200b}\u{feff}\u{7}\u{1b}[31m\0";
const HOSTILE_URI: &str = "javascript:alert('\"><img src=x onerror=alert(1)>')";

/// Nobody is to fetch any of these.
const CRL_URI: &str = "http://elsewhere.specimen.test/crl";
const OCSP_URI: &str = "http://elsewhere.specimen.test/ocsp";
const ISSUER_URI: &str = "http://elsewhere.specimen.test/issuer";

/// Where to ask whether the certificate is revoked, and where to get its issuer's (RFC 5280 §4.2.2.1).
fn authority_information_access() -> CustomExtension {
    const AUTHORITY_INFO_ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
    let element = |tag: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).ok().filter(|length| *length < 128).expect(ENCODED);
        [&[tag, length], content].concat()
    };
    let description = |method: u8, uri: &str| {
        let id_ad = [0x2b, 6, 1, 5, 5, 7, 48, method];
        element(0x30, &[element(0x06, &id_ad), element(0x86, uri.as_bytes())].concat())
    };
    let content = element(0x30, &[description(1, OCSP_URI), description(2, ISSUER_URI)].concat());
    CustomExtension::from_oid_content(AUTHORITY_INFO_ACCESS, content)
}

fn root(now: OffsetDateTime, name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = authority_params(now, name, 5 * 365, BasicConstraints::Unconstrained);
    let every_address = [CidrSubnet::V4([0; 4], [0; 4]), CidrSubnet::V6([0; 16], [0; 16])];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(DOMAIN.to_owned())],
        excluded_subtrees: every_address.map(GeneralSubtree::IpAddress).into(),
    });
    CertifiedIssuer::self_signed(params, p384()).expect(ENCODED)
}

/// Authorities of one name and without key identifiers: each may have issued itself, any other and the server.
fn maze(now: OffsetDateTime) -> Vec<CertifiedIssuer<'static, KeyPair>> {
    let params = || {
        let mut params = authority_params(now, "Maze", 365, BasicConstraints::Unconstrained);
        params.use_authority_key_identifier_extension = false;
        params
    };
    let outside = CertifiedIssuer::self_signed(params(), p384()).expect(ENCODED);
    let mut maze: Vec<CertifiedIssuer<'static, KeyPair>> = Vec::new();
    for _ in 0..9 {
        let next = CertifiedIssuer::signed_by(params(), p384(), maze.last().unwrap_or(&outside));
        maze.push(next.expect(ENCODED));
    }
    maze
}

fn p384() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).expect(FRESH)
}

fn intermediate(
    now: OffsetDateTime,
    name: &str,
    root: &CertifiedIssuer<'static, KeyPair>,
) -> CertifiedIssuer<'static, KeyPair> {
    let key = KeyPair::generate().expect(FRESH);
    CertifiedIssuer::signed_by(intermediate_params(now, name), key, root).expect(ENCODED)
}

fn intermediate_params(now: OffsetDateTime, name: &str) -> CertificateParams {
    let mut params = authority_params(now, name, 2 * 365, BasicConstraints::Constrained(0));
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn authority_params(now: OffsetDateTime, name: &str, days: i64, path: BasicConstraints) -> CertificateParams {
    let mut params = params(now - Duration::days(days), now + Duration::days(days));
    params.is_ca = IsCa::Ca(path);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::OrganizationName, "Heloscope specimens");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn params(not_before: OffsetDateTime, not_after: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = not_before;
    params.not_after = not_after;
    params
}

fn for_rustls(key: &KeyPair) -> Arc<dyn rustls::sign::SigningKey> {
    let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ring::sign::any_supported_type(&der).expect("ring made this key, or took it already")
}

#[cfg(test)]
mod tests {
    use rustls::CertificateError;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    const NOW: i64 = 1_795_471_200; // 2026-11-23T22:00:00Z

    #[test]
    fn the_published_key_is_good_for_specimens_alone() {
        let authority = Authority::new(NOW);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.root_der()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
        let verdict = |host: &str| {
            let now = authority.now;
            let mut params = params(now - Duration::days(1), now + Duration::days(1));
            params.subject_alt_names = CertificateParams::new([host.to_owned()]).unwrap().subject_alt_names;
            let leaf = authority.sign(&params, &authority.server_rsa_2048, Issuer::Rsa);
            let name = ServerName::try_from(host.to_owned()).unwrap();
            let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW.unsigned_abs()));
            verifier.verify_server_cert(&leaf, &[authority.rsa.der().clone()], &name, &[], at)
        };
        assert!(verdict("another.specimen.test").is_ok());
        for host in ["mx.example.com", "specimen.test.example.com", "192.0.2.1", "2001:db8::1"] {
            let Err(rustls::Error::InvalidCertificate(CertificateError::Other(why))) = verdict(host) else {
                panic!("{host} passes")
            };
            assert_eq!(why.to_string(), "NameConstraintViolation", "{host}");
        }
    }
}
