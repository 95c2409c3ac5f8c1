//! One port with a chain, and certificates to make one of.

use heloscope_report::Port;
use rcgen::CertificateParams;

use super::{Entity, Scene, ca};

/// Port 25 of mx1.example.com with this chain, the first of `private` trusted.
pub(crate) fn port(sent: &[&[u8]], private: Option<&Entity>) -> Port {
    let scene = Scene::one("25", |play| play.goes_well(sent));
    let report = private.map_or_else(|| scene.judged(), |anchor| scene.judged_trusting(anchor));
    report.ports.into_iter().next().expect("the one port asked for")
}

pub(crate) fn root() -> Entity {
    Entity::self_signed(ca("Example Root"), 1)
}

/// A leaf that a trusted root has issued.
pub(crate) fn issued(params: CertificateParams) -> Port {
    let root = root();
    let leaf = root.issue(params, 3);
    port(&[&leaf.der], Some(&root))
}
