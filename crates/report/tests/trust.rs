//! Whether a chain leads to a trust anchor: what is missing, not trusted, or breaks a rule on the way.

mod scene;

use heloscope_report::{ChainError, Verdict};
use rcgen::ExtendedKeyUsagePurpose;
use scene::certified::{issued, port, root};
use scene::{Asked, Entity, ca, chain, server};

#[test]
fn chain_incomplete() {
    let (root, intermediate, leaf) = chain();
    let alone = port(&[&leaf.der], Some(&root));
    assert_eq!(alone.ids(), ["certificate-chain-incomplete"]);
    let found = alone.found("certificate-chain-incomplete");
    // Nothing tells an intermediate from a root that was not sent, need not be, and is not trusted.
    assert_eq!(found.title, "The certificate's issuer was not sent");
    assert!(found.explanation.contains("CN=Example Intermediate"));
    assert!(found.explanation.contains("an intermediate, which is missing, or a root that is not trusted"));
    assert!(found.explanation.contains("most mail servers and clients do not"));
    assert!(found.fix.contains("If it is a root: have a certificate issued"), "{}", found.fix);
    assert_eq!(alone.certificate.clone().unwrap().chain_error, Some(ChainError::MissingIntermediate));
    assert_eq!(alone.why("certificate-untrusted"), "the path does not reach a root");

    let whole = port(&[&leaf.der, &intermediate.der], Some(&root));
    assert_eq!(whole.verdict("certificate-chain-incomplete"), Verdict::Passed);
}

#[test]
fn untrusted() {
    let (root, intermediate, leaf) = chain();
    let untrusted = port(&[&leaf.der, &intermediate.der, &root.der], None);
    assert_eq!(untrusted.ids(), ["certificate-untrusted"]);
    assert!(
        untrusted
            .found("certificate-untrusted")
            .explanation
            .contains("CN=Example Root, which the server sent")
    );

    let trusted = port(&[&leaf.der, &intermediate.der, &root.der], Some(&root));
    assert_eq!(trusted.verdict("certificate-untrusted"), Verdict::Passed);
}

#[test]
fn path_invalid() {
    let mut for_clients = server();
    for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let wrong = issued(for_clients);
    assert_eq!(wrong.ids(), ["certificate-path-invalid"]);
    assert!(wrong.found("certificate-path-invalid").explanation.contains("may not be used for TLS servers"));
    assert_eq!(wrong.certificate.unwrap().chain_error, Some(ChainError::NotForServerAuth));

    let mut for_both = server();
    for_both.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    assert_eq!(issued(for_both).verdict("certificate-path-invalid"), Verdict::Passed);
}

#[test]
fn a_forged_signature() {
    // Another root of the same name: its key did not make the signature.
    let (root, impostor) = (root(), Entity::self_signed(ca("Example Root"), 9));
    let leaf = root.issue(server(), 3);
    let port = port(&[&leaf.der], Some(&impostor));
    assert_eq!(port.certificate.unwrap().chain_valid, Some(false));
}

/// Nine authorities of one name and without key identifiers, each of which has issued the next, and a server's certificate
/// by the last.
fn maze() -> Vec<Entity> {
    let same = || {
        let mut params = ca("Same");
        params.use_authority_key_identifier_extension = false;
        params
    };
    let mut maze = vec![Entity::self_signed(same(), 10)];
    for seed in 11..20 {
        let next = maze[maze.len() - 1].issue(same(), seed);
        maze.push(next);
    }
    let leaf = maze[9].issue(server(), 3);
    maze[0] = leaf;
    maze
}

#[test]
fn a_path_that_was_not_looked_for_to_the_end_breaks_no_rule() {
    let maze = maze();
    let sent: Vec<&[u8]> = maze.iter().map(|one| one.der.as_slice()).collect();
    let lost = port(&sent, None);
    assert_eq!(lost.ids(), ["certificate-path-unknown"]);
    let found = lost.found("certificate-path-unknown");
    assert_eq!(found.title, "The search for a certification path was given up");
    assert!(found.explanation.contains("deliver if their TLS library finds a path"), "{}", found.explanation);
    assert!(found.explanation.contains("whether there is one is not known"), "{}", found.explanation);
    for id in ["certificate-path-invalid", "certificate-untrusted", "certificate-chain-incomplete"] {
        assert_eq!(
            (lost.verdict(id), lost.why(id)),
            (Verdict::NotTested, "the search for a path was given up"),
            "{id}"
        );
    }
    let leaf = lost.certificate.clone().unwrap();
    assert_eq!((leaf.chain_valid, leaf.chain_error), (None, Some(ChainError::SearchGivenUp)));
    // None of the authorities sent is a root, though each has the name of its issuer.
    assert!(lost.chain.iter().all(|one| one.signed_with_own_key == Some(false)));
}

#[test]
fn more_certificates_than_are_looked_at_are_not_called_incomplete() {
    let (root, intermediate, leaf) = chain();
    let others: Vec<Entity> =
        (30..39).map(|seed| Entity::self_signed(ca(&format!("Other {seed}")), seed)).collect();
    let mut sent: Vec<&[u8]> = vec![&leaf.der];
    sent.extend(others.iter().map(|other| other.der.as_slice()));
    assert_eq!(port(&sent, Some(&root)).ids(), ["certificate-chain-incomplete"]);
    sent.push(&intermediate.der);
    assert_eq!(port(&sent, Some(&root)).ids(), ["certificate-path-unknown"]);
}

#[test]
fn a_certificate_of_the_chain_that_is_signed_with_its_own_key_says_so() {
    let (root, intermediate, leaf) = chain();
    let port = port(&[&leaf.der, &intermediate.der, &root.der], Some(&root));
    let own: Vec<Option<bool>> = port.chain.iter().map(|one| one.signed_with_own_key).collect();
    assert_eq!(own, [Some(false), Some(false), Some(true)]);
}

#[test]
fn what_cannot_be_read_is_not_said_to_break_a_path() {
    let (root, intermediate, leaf) = chain();
    let lost = port(&[b"no certificate", &intermediate.der], Some(&root));
    assert_eq!(lost.ids(), ["certificate-path-invalid"]);
    let found = lost.found("certificate-path-invalid");
    assert_eq!(found.title, "The certificate cannot be read");
    assert!(
        found.explanation.starts_with("These 14 octets are no DER certificate."),
        "{}",
        found.explanation
    );

    let cut = &intermediate.der[..intermediate.der.len() - 1];
    let incomplete = port(&[&leaf.der, cut], Some(&root));
    assert_eq!(incomplete.ids(), ["certificate-chain-incomplete"]);
    let found = incomplete.found("certificate-chain-incomplete");
    assert!(found.explanation.contains("it may be that one, damaged"), "{}", found.explanation);
}

#[test]
fn self_signed() {
    let alone = Entity::self_signed(server(), 3);
    let port_of = |private| port(&[&alone.der], private);
    let untrusted = port_of(None);
    assert_eq!(untrusted.ids(), ["certificate-self-signed"]);
    assert_eq!(untrusted.verdict("certificate-untrusted"), Verdict::NotApplicable);
    let certificate = untrusted.certificate.unwrap();
    assert_eq!(
        (certificate.self_signed, certificate.chain_error),
        (Some(true), Some(ChainError::SelfSigned))
    );

    // A trust anchor may be self-signed.
    let anchor = port_of(Some(&alone));
    assert_eq!(anchor.ids(), [""; 0]);
    assert_eq!(anchor.verdict("certificate-self-signed"), Verdict::Passed);
    assert_eq!(anchor.certificate.unwrap().self_signed, Some(true));
}
