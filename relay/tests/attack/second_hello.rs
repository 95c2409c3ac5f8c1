//! In the hello that answers a HelloRetryRequest, RFC 8446 §4.1.2: the server has spoken TLS, and asks for more of the
//! client's own.

use heloscope_interop::OpenPort::OtherGroup;

use crate::attack::Directly::Fails;
use crate::attack::Step::HearAny;
use crate::attack::{
    Attack, EHLO, HANDSHAKE, Handshake, Key, LastFlight, MAIL, VERSIONS, Version, say, sealed,
};
use crate::campaign::{HOST, begin, port, run};
use crate::carrier::Carrier;
use crate::hello::{Hello, KEY_SHARE, SERVER_NAME, filled, with_length};
use crate::tls::Tls;

const COOKIE: u16 = 44;

/// A sound hello, and after the server's request for a share of P-384 a second one, changed.
fn attack(name: &str, change: impl FnOnce(Hello) -> Hello) -> Attack {
    let first = Hello::sound();
    let second = change(sound_second(&first)).record();
    let why = "Postfix speaks TLS: what it does not ignore it answers with an alert";
    let steps = vec![say(first.record()), HearAny, say(second), HearAny];
    Attack::new(format!("a second hello, {name}"), OtherGroup, steps, Fails(why))
}

fn sound_second(first: &Hello) -> Hello {
    let second = first.clone().extended(KEY_SHARE, share("secp384r1"));
    second.with(|hello| hello.record_version = [3, 3])
}

/// A list of one share of this group.
fn share(group: &str) -> Vec<u8> {
    let groups = heloscope_crypto::provider().kx_groups;
    let group = groups.iter().find(|known| known.name().as_str() == Some(group)).unwrap();
    let key = group.start().unwrap().pub_key().to_vec();
    with_length(2, &[&u16::from(group.name()).to_be_bytes()[..], &with_length(2, &key)].concat())
}

#[tokio::test]
async fn a_second_hello_that_is_another() {
    let cookie = |text: &[u8]| with_length(2, text);
    run(vec![
        attack("with a forged cookie", |hello| hello.extended(COOKIE, cookie(&[7; 32]))),
        attack("with an empty cookie", |hello| hello.extended(COOKIE, cookie(b""))),
        attack("with mail in a cookie", |hello| hello.extended(COOKIE, cookie(MAIL))),
        attack("with early data", |hello| hello.extended(42, "")),
        attack("with a ticket", |hello| hello.extended(35, [7; 64])),
        attack("with ALPN", |hello| hello.extended(16, with_length(2, &with_length(1, b"smtp")))),
        attack("with mail in the padding", |hello| hello.extended(21, filled(MAIL, 100))),
        attack("with another random", |hello| hello.random([7; 32])),
        attack("with mail in the random", |hello| hello.random(MAIL)),
        attack("with another session id", |hello| hello.with(|hello| hello.session_id = vec![7; 32])),
        attack("with fewer suites", |hello| hello.with(|hello| hello.suites.truncate(2))),
        attack("without the name", |hello| {
            hello.with(|hello| hello.extensions.retain(|(number, _)| *number != SERVER_NAME))
        }),
        attack("for another host", |hello| hello.named("evil.example")),
        attack("in another order", |hello| hello.with(|hello| hello.extensions.reverse())),
        attack("with a share of another group", |hello| hello.extended(KEY_SHARE, share("secp256r1"))),
        attack("with the first share", |_| Hello::sound().with(|hello| hello.record_version = [3, 3])),
        attack("with two shares", |hello| {
            let both = [&share("secp384r1")[2..], &share("X25519")[2..]].concat();
            hello.extended(KEY_SHARE, with_length(2, &both))
        }),
        attack("with compression", |hello| hello.with(|hello| hello.compression = vec![1, 0])),
        attack("of TLS 1.0's record", |hello| hello.with(|hello| hello.record_version = [3, 1])),
        attack("with mail behind the extensions", |hello| hello.with(|hello| hello.trailing = MAIL.to_vec())),
    ])
    .await;
    let frame_of_both = |first: &Hello| {
        let second = sound_second(first);
        [second.record(), second.record_of(HANDSHAKE, &second.message())].concat()
    };
    let first = Hello::sound();
    run(vec![Attack::new(
        "a second hello and a third",
        OtherGroup,
        vec![say(first.record()), HearAny, say(frame_of_both(&first)), HearAny],
        Fails("Postfix takes no third hello"),
    )])
    .await;
}

#[tokio::test]
async fn the_cores_own_second_hello_passes() {
    let Some((server, rig)) = begin().await else { return };
    for version in
        VERSIONS.into_iter().filter(|version| ![Version::Tls12, Version::Tls12ChaCha20].contains(version))
    {
        let port = port(&server, OtherGroup).port;
        let mut carrier = Carrier::relayed(rig.open(&format!("host={HOST}&port={port}")).await).await;
        let handshake = Handshake { version, last_flight: LastFlight::Sound };
        let mut tls = Tls::handshake(&mut carrier, HOST, handshake).await.expect("a handshake");
        assert!(tls.was_retried(), "{version:?}");
        carrier.show(tls.key_frame(Key::Right, None)).await;
        assert!(tls.hear(&mut carrier).await.starts_with(b"220 "), "{version:?}");
        carrier.say(&tls.seal(&sealed(EHLO))).await;
        assert!(tls.hear(&mut carrier).await.starts_with(b"250-"), "{version:?}");
    }
}
