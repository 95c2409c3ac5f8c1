//! What is judged of a single port, and what is expected of its error.

use heloscope_observation::Stage;
use heloscope_report::{ErrorCode, Port, PortError, Report};

use super::{EHLO_AUTH, GREETING, Play, Scene, chain};

/// The report's part on a port where this happens.
pub(crate) fn port(spec: &str, play: impl FnOnce(Play<'_>) -> Play<'_>) -> Port {
    Scene::one(spec, play).judged().ports.remove(0)
}

/// All as it should be, on port 25, 465 and 587.
pub(crate) fn healthy() -> Report {
    let (root, intermediate, leaf) = chain();
    let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
    let scene = Scene::of("mx1.example.com")
        .port("25", |play| play.goes_well(sent))
        .port("465", |play| play.goes_well(sent))
        .port("587", |play| play.goes_well(sent));
    scene.judged_trusting(&root)
}

/// The error of a port where this happens.
pub(crate) fn error(port: &str, play: impl FnOnce(Play<'_>) -> Play<'_>) -> PortError {
    Scene::one(port, play).judged().ports[0].error.clone().expect("an error")
}

/// Holds an error against its code, its phase and words in its message.
pub(crate) fn assert_says(error: &PortError, code: ErrorCode, phase: Stage, words: &[&str]) {
    assert_eq!((error.code, error.phase), (code, phase), "{}", error.message);
    for words in words {
        assert!(error.message.contains(words), "{words:?} is not in {:?}", error.message);
    }
}
