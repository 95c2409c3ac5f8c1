//! `openssl verify` agrees on whether a path holds, wherever there is an `openssl`.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

mod authority;

use std::fs;
use std::path::Path;
use std::process::Command;

use authority::{DAY, Entity, NOW, ca, self_signed, server, three, trusting, valid, verifier};
use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, NameConstraints};

/// `None` where there is no `openssl` to ask.
fn openssl_accepts(trusted: &Entity, sent: &[&Entity], at: i64) -> Option<bool> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = |name: &str, entities: &[&Entity]| {
        let path = folder.join(name);
        fs::write(&path, entities.iter().map(|entity| entity.pem.as_str()).collect::<String>()).unwrap();
        path
    };
    let mut command = Command::new("openssl");
    command.args([
        "verify",
        "-no-CApath",
        "-no-CAstore",
        "-purpose",
        "sslserver",
        "-attime",
        &at.to_string(),
    ]);
    command.arg("-CAfile").arg(file("trusted.pem", &[trusted]));
    command.arg("-untrusted").arg(file("sent.pem", sent));
    command.arg(file("leaf.pem", &sent[..1]));
    Some(command.output().ok()?.status.success())
}

#[test]
fn openssl_agrees() {
    let (root, intermediate, leaf) = three();
    let stranger = self_signed(ca("Stranger"));

    let mut asked = server();
    valid(&mut asked, NOW - 90 * DAY, NOW - DAY);
    let expired = intermediate.issue(asked);

    let mut asked = server();
    asked.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client = intermediate.issue(asked);

    let mut asked = ca("Narrow");
    let permitted_subtrees = vec![GeneralSubtree::DnsName("example.org".to_owned())];
    asked.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    let narrow = root.issue(asked);
    let outside = narrow.issue(server());

    let mut asked = ca("Short");
    asked.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let short = root.issue(asked);
    let lower = short.issue(ca("Lower"));
    let too_low = lower.issue(server());

    let forged = leaf.issue(server());
    let own = self_signed(server());

    for (name, trusted, sent, at, expected) in [
        ("in order", &root, vec![&leaf, &intermediate], NOW, true),
        ("with root", &root, vec![&leaf, &intermediate, &root], NOW, true),
        ("wrong order", &root, vec![&leaf, &root, &stranger, &intermediate], NOW, true),
        ("missing intermediate", &root, vec![&leaf, &stranger], NOW, false),
        ("untrusted root", &stranger, vec![&leaf, &intermediate, &root], NOW, false),
        ("self-signed", &root, vec![&own], NOW, false),
        ("self-signed and trusted", &own, vec![&own], NOW, true),
        // Not at notAfter itself: RFC 5280 counts that second in, OpenSSL does not.
        ("last second but one", &root, vec![&leaf, &intermediate], NOW + 60 * DAY - 1, true),
        ("a second late", &root, vec![&leaf, &intermediate], NOW + 60 * DAY + 1, false),
        ("a second early", &root, vec![&leaf, &intermediate], NOW - 60 * DAY - 1, false),
        ("expired leaf", &root, vec![&expired, &intermediate], NOW, false),
        ("for clients", &root, vec![&client, &intermediate], NOW, false),
        ("outside the name constraints", &root, vec![&outside, &narrow], NOW, false),
        ("path length", &root, vec![&too_low, &lower, &short], NOW, false),
        ("leaf as CA", &root, vec![&forged, &leaf, &intermediate], NOW, false),
    ] {
        let chain: Vec<&[u8]> = sent.iter().map(|entity| entity.der.as_slice()).collect();
        assert_eq!(verifier(&trusting(&[trusted])).path(&chain, at).holds(), expected, "{name}");
        if let Some(theirs) = openssl_accepts(trusted, &sent, at) {
            assert_eq!(theirs, expected, "{name}, by openssl");
        }
    }
}
