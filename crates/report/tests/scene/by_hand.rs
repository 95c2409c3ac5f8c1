//! A server whose hello by hand is answered: what it chooses then, and how the library's hello failed before.

use heloscope_observation::{AlertDescription, RefusalCode, Stage, TlsFailure, TlsVersion};
use heloscope_report::Report;

use super::{Play, Scene, chain};

pub(crate) const HANDSHAKE_FAILURE: TlsFailure = TlsFailure::Alert(AlertDescription(40));

/// What a server chose when a hello by hand asked.
#[derive(Clone, Copy)]
pub(crate) struct Choice {
    pub(crate) version: TlsVersion,
    pub(crate) suite: u16,
    pub(crate) group: Option<u16>,
    pub(crate) bits: Option<u16>,
}

/// TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256 over P-256
pub(crate) const CBC: Choice =
    Choice { version: TlsVersion::TLS_1_2, suite: 0xc027, group: Some(23), bits: None };

/// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 over P-256
pub(crate) const SOUND: Choice =
    Choice { version: TlsVersion::TLS_1_2, suite: 0xc02f, group: Some(23), bits: None };

/// How the library's hello fails.
pub(crate) type Fails = fn(Play<'_>) -> Play<'_>;

/// The library's hello fails like this, and the other is answered, with a sound chain.
pub(crate) fn report(port: &str, fails: impl FnOnce(Play<'_>) -> Play<'_>, choice: Choice) -> Report {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let Choice { version, suite, group, bits } = choice;
    Scene::one(port, |play| fails(play.until_hello()))
        .raw_hello(port, |play| play.connects().answers(version, suite, group, bits, sent))
        .judged_trusting(&root)
}

pub(crate) fn alerts(play: Play<'_>) -> Play<'_> {
    play.tls_fails(HANDSHAKE_FAILURE)
}

pub(crate) fn is_reset(play: Play<'_>) -> Play<'_> {
    play.loses(Stage::Tls, RefusalCode::Reset)
}

pub(crate) fn hangs_up(play: Play<'_>) -> Play<'_> {
    play.closes(Stage::Tls)
}

pub(crate) fn is_silent(play: Play<'_>) -> Play<'_> {
    play.times_out(Stage::Tls, 20)
}
