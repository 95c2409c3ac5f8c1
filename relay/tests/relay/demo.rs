//! The mail servers with known faults.

use heloscope_observation::RefusalCode;
use heloscope_relay::TrustAnchors;
use heloscope_wire::{About, CloseCause};
use tokio_tungstenite::tungstenite::Message;

use crate::rig::{Rig, SHORT, code};

const PRIVATE_ROOT: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

#[tokio::test]
async fn specimens_are_offered_with_their_trust_anchor() {
    let rig = Rig::new(&[], |settings| {
        settings.demo = true;
        settings.trust_anchors = TrustAnchors::from_pem(PRIVATE_ROOT).unwrap();
    })
    .await;
    let about: About = serde_json::from_slice(&rig.ask("GET /v1/about HTTP/1.1", &[]).await.body).unwrap();
    assert!(about.trust_anchors.starts_with(PRIVATE_ROOT));
    assert_eq!(about.trust_anchors.matches("-----BEGIN CERTIFICATE-----").count(), 2);
    assert!(about.examples.len() > 10);
    assert!(
        about
            .examples
            .iter()
            .all(|example| example.host.ends_with(".specimen.test") && !example.title.is_empty())
    );
}

#[tokio::test]
async fn a_specimen_speaks_and_hangs_up_like_a_mail_server() {
    let rig = Rig::new(&[], |settings| settings.demo = true).await;
    let mut client = rig.open("host=closed-ports.specimen.test&port=25").await;
    let connected = client.connected().await;
    assert_eq!((connected.address.port(), connected.ehlo_name.as_str()), (25, "relay.example"));
    assert_eq!(client.hear().await, Message::Binary("220 closed-ports.specimen.test ESMTP ready\r\n".into()));
    client.say(&b"QUIT\r\n"[..]).await;
    let (reply, _, cause) = client.hear_out().await;
    assert!(reply.starts_with(b"221 "));
    assert_eq!(cause, CloseCause::Server);
}

#[tokio::test]
async fn a_specimen_that_cannot_be_reached_is_refused_like_any_host() {
    let rig = Rig::new(&[], |settings| {
        settings.demo = true;
        settings.limits.connect = SHORT;
    })
    .await;
    for (query, expected) in [
        ("host=closed-ports.specimen.test&port=465", RefusalCode::ConnectionRefused),
        ("host=filtered.specimen.test&port=25", RefusalCode::ConnectTimeout),
        ("host=no-route.specimen.test&port=25", RefusalCode::Unreachable),
        ("host=missing.specimen.test&port=25", RefusalCode::NameNotFound),
        ("host=specimen.test&port=25", RefusalCode::NameNotFound),
        ("host=closed-ports.specimen.test&port=80", RefusalCode::Blocked),
    ] {
        assert_eq!(code(&rig.open(query).await.refused().await), expected, "{query}");
    }
}

/// The address is dialled in place of the host's, whoever that is.
#[tokio::test]
async fn an_address_of_its_own_leads_to_a_specimen_and_another_to_where_it_is() {
    let rig = Rig::new(&[], |settings| settings.demo = true).await;
    let query = "host=healthy.specimen.test&port=25";
    let own = rig.open(query).await.connected().await.address;
    assert_eq!(rig.open(&format!("{query}&address={}", own.ip())).await.connected().await.address, own);
    let refusal = rig.open(&format!("{query}&address=10.0.0.5")).await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::Blocked);
    assert!(refusal.message.contains("10.0.0.5"), "{}", refusal.message);
}

#[tokio::test]
async fn without_the_demo_there_are_none() {
    let rig = Rig::new(&[], |_| {}).await;
    let refusal = rig.open("host=healthy.specimen.test&port=25").await.refused().await;
    assert_eq!(code(&refusal), RefusalCode::NameNotFound);
    let about: About = serde_json::from_slice(&rig.ask("GET /v1/about HTTP/1.1", &[]).await.body).unwrap();
    assert!(about.examples.is_empty() && about.trust_anchors.is_empty());
}
