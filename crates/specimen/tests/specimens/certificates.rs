//! What each specimen's certificate is, by rustls-webpki's verdict.

use std::sync::Arc;
use std::time::Duration;

use heloscope_specimen::Fleet;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error, RootCertStore};

use crate::client::{NOW, dial};

/// The verdict on a chain under the name `host`, `days` after the fleet was made.
fn verdict(fleet: &Fleet, chain: &[CertificateDer<'_>], host: &str, days: i64) -> &'static str {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(fleet.trust_anchors().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(NOW + days * 86_400).unwrap()));
    let host = ServerName::try_from(host.to_owned()).unwrap();
    match verifier.verify_server_cert(&chain[0], &chain[1..], &host, &[], at) {
        Ok(_) => "valid",
        Err(Error::InvalidCertificate(error)) => match error {
            CertificateError::ExpiredContext { .. } => "expired",
            CertificateError::NotValidYetContext { .. } => "not yet valid",
            CertificateError::NotValidForNameContext { .. } => "another name",
            CertificateError::UnknownIssuer => "unknown issuer",
            CertificateError::BadSignature => "bad signature",
            CertificateError::UnsupportedSignatureAlgorithmContext { .. } => "signature algorithm",
            CertificateError::Other(why) if why.to_string() == "MaximumPathBuildCallsExceeded" => {
                "too many paths"
            }
            other => panic!("{other:?}"),
        },
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_certificate_has_its_fault_and_no_other() {
    let fleet = Fleet::new(NOW);
    let expected = [
        ("healthy", 2, "valid"),
        ("tls12", 2, "valid"),
        ("ecdsa", 2, "valid"),
        ("expired", 2, "expired"),
        ("not-yet-valid", 2, "not yet valid"),
        ("expiring-soon", 2, "valid"),
        ("wrong-name", 2, "another name"),
        ("common-name-only", 2, "another name"),
        ("self-signed", 1, "unknown issuer"),
        ("incomplete-chain", 1, "unknown issuer"),
        ("untrusted-root", 2, "unknown issuer"),
        ("weak-key", 2, "valid"),
        ("sha1-signature", 2, "signature algorithm"),
        ("all-faults-at-once", 1, "expired"),
        ("certificate-maze", 10, "too many paths"),
        ("hostile-text", 2, "valid"),
        ("hello-retry", 2, "valid"),
        ("client-cert-request", 2, "valid"),
    ];
    for (name, sent, expected) in expected {
        for port in [25, 465] {
            let client = dial(&fleet, name, port).await;
            let (client, shown) =
                if port == 465 { client.tls().await } else { client.starttls().await }.unwrap();
            assert_eq!(shown.chain.len(), sent, "{name}");
            assert_eq!(verdict(&fleet, &shown.chain, &client.host, 0), expected, "{name} on {port}");
        }
    }
}

#[tokio::test]
async fn days_are_counted_from_when_the_fleet_is_made() {
    let fleet = Fleet::new(NOW);
    for (name, last_sound_day) in [("healthy", 60), ("expiring-soon", 12), ("expired", -11)] {
        let (client, shown) = dial(&fleet, name, 465).await.tls().await.unwrap();
        assert_eq!(verdict(&fleet, &shown.chain, &client.host, last_sound_day), "valid", "{name}");
        assert_eq!(verdict(&fleet, &shown.chain, &client.host, last_sound_day + 1), "expired", "{name}");
    }
    let (client, shown) = dial(&fleet, "not-yet-valid", 465).await.tls().await.unwrap();
    assert_eq!(verdict(&fleet, &shown.chain, &client.host, 9), "not yet valid");
    assert_eq!(verdict(&fleet, &shown.chain, &client.host, 10), "valid");
}

#[tokio::test]
async fn what_lies_under_other_faults() {
    let fleet = Fleet::new(NOW);
    let (_, shown) = dial(&fleet, "wrong-name", 465).await.tls().await.unwrap();
    assert_eq!(verdict(&fleet, &shown.chain, "another-server.specimen.test", 0), "valid");
    let (client, shown) = dial(&fleet, "all-faults-at-once", 465).await.tls().await.unwrap();
    assert_eq!(verdict(&fleet, &shown.chain, &client.host, -50), "unknown issuer");
    // The intermediate that `incomplete-chain` leaves out is the one `healthy` sends.
    let (_, whole) = dial(&fleet, "healthy", 465).await.tls().await.unwrap();
    let (client, cut) = dial(&fleet, "incomplete-chain", 465).await.tls().await.unwrap();
    let mended = [cut.chain[0].clone(), whole.chain[1].clone()];
    assert_eq!(verdict(&fleet, &mended, &client.host, 0), "valid");
}

#[tokio::test]
async fn no_two_fleets_trust_each_other() {
    let (one, other) = (Fleet::new(NOW), Fleet::new(NOW));
    let (client, shown) = dial(&one, "healthy", 465).await.tls().await.unwrap();
    // Both roots have the same name, but not the same key.
    assert_eq!(verdict(&other, &shown.chain, &client.host, 0), "bad signature");
}
