//! Certificates that nearly hold: what is said of why they do not, and of who minds.

mod scene;

use heloscope_report::{Remedies, Report, Role, SenderOutcome, senders};
use rcgen::{CertificateParams, NameConstraints, SanType};
use scene::{Asked, DAY, Entity, NOW, Scene, ca, chain, fixture, named, server, valid};

fn root() -> Entity {
    Entity::self_signed(ca("Example Root"), 1)
}

/// Port 25 of a host with a certificate of these alternative names, from a trusted root.
fn presenting(host: &str, names: &[SanType]) -> Report {
    presenting_as("x", host, names)
}

/// The same, with this common name.
fn presenting_as(common_name: &str, host: &str, names: &[SanType]) -> Report {
    let root = root();
    let mut params = named(common_name);
    params.subject_alt_names = names.to_vec();
    let leaf = root.issue(params, 3);
    let scene = Scene::of(host).port("25", |play| play.goes_well(&[&leaf.der]));
    let report = scene.judged_trusting(&root);
    assert_eq!(report.ports[0].role, Role::Relay);
    report
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().expect("ASCII"))
}

fn told(report: &Report, row: usize) -> (SenderOutcome, String) {
    let row = senders(report).swap_remove(row);
    (row.outcome, row.text)
}

#[test]
fn a_name_that_nearly_matches_is_told_why_it_does_not() {
    for (host, name, why) in [
        (
            "mx1.example.com",
            "mx*.example.com",
            "A wildcard is the whole left-most label, and stands for exactly one (RFC 9525 §6.3).",
        ),
        ("mx1.example.com", "*.mx1.example.com", "A wildcard is the whole left-most label"),
        ("mx1.example.com", "MX1.example.com.", "A name in a certificate has no dot at its end."),
        (
            "192.0.2.5",
            "192.0.2.5",
            "The address stands there as a DNS name: only an entry of the kind iPAddress",
        ),
    ] {
        let report = presenting(host, &[dns(name)]);
        let found = report.ports[0].found("certificate-hostname-mismatch");
        let begins = format!("It is for {name}; none of that matches {host} (RFC 9525 §6). {why}");
        assert!(found.explanation.starts_with(&begins), "{}", found.explanation);
    }
    let other = presenting("mx1.example.com", &[dns("mail.example.com")]);
    let found = other.ports[0].found("certificate-hostname-mismatch");
    assert!(found.explanation.contains("(RFC 9525 §6). Opportunistic senders"), "{}", found.explanation);
}

#[test]
fn a_certificate_without_names_is_for_no_host() {
    let report =
        presenting("mx1.example.com", &[SanType::URI("https://mx1.example.com/".try_into().expect("ASCII"))]);
    let found = report.ports[0].found("certificate-hostname-mismatch");
    let begins = "It presents no DNS name and no IP address at all, and so stands for no host (RFC 9525 §6).";
    assert!(found.explanation.starts_with(begins), "{}", found.explanation);
    let refuses = "Does not deliver: the certificate is without any host name.";
    assert_eq!(told(&report, 1), (SenderOutcome::Refuses, refuses.to_owned()));
    // A common name alone, and that another, is no second reason.
    let bare = presenting("mx1.example.com", &[]);
    assert_eq!(told(&bare, 1).1, refuses);
    let only = bare.ports[0].found("certificate-common-name-only");
    assert!(
        only.explanation.contains("what name there is stands in the common name (x)"),
        "{}",
        only.explanation
    );
}

/// It no longer counts, but for one kind of sender.
#[test]
fn a_common_name_counts_with_dane_ta_alone() {
    let report = presenting_as("mx1.example.com", "mx1.example.com", &[]);
    let refuses = "Does not deliver: the certificate is named by its common name only.";
    assert_eq!(told(&report, 1), (SenderOutcome::Refuses, refuses.to_owned()));
    let (outcome, dane) = told(&report, 2);
    assert_eq!(outcome, SenderOutcome::Depends);
    assert!(dane.contains("in the record count as well, and hold."), "{dane}");
    let only = report.ports[0].found("certificate-common-name-only");
    let said = "with DANE-TA(2) the common name counts where there is no other name (RFC 7672 §3.2.3).";
    assert!(only.explanation.ends_with(said), "{}", only.explanation);
}

/// Whoever tests by an address has not asked what senders ask.
#[test]
fn senders_that_go_by_the_name_say_nothing_of_an_address() {
    let by_name = "It goes by the name in the MX record, which is never an address: test by that name.";
    for report in [
        presenting("192.0.2.5", &[dns("mx1.example.com")]),
        presenting("192.0.2.5", &[SanType::IpAddress([192, 0, 2, 5].into())]),
    ] {
        assert_eq!(told(&report, 0).0, SenderOutcome::Delivers);
        for row in [1, 2] {
            assert_eq!(told(&report, row), (SenderOutcome::Depends, by_name.to_owned()));
        }
    }
    let report = presenting("192.0.2.5", &[dns("mx1.example.com")]);
    let found = report.ports[0].found("certificate-hostname-mismatch");
    assert!(!found.explanation.contains("do not deliver"), "{}", found.explanation);
    assert!(found.fix.starts_with("Test by the name in the MX record"), "{}", found.fix);
}

/// The server's own certificate is not what a fault of another says it is.
#[test]
fn a_fault_further_up_the_chain_is_not_the_servers_certificates() {
    for (from, until, is) in [
        (NOW - 90 * DAY, NOW - 3 * DAY, "on a path with an expired certificate"),
        (NOW + DAY, NOW + 90 * DAY, "on a path with a certificate that is not valid yet"),
    ] {
        let root = root();
        let intermediate = root.issue(valid(ca("Example Intermediate"), from, until), 2);
        let scene = |leaf: CertificateParams| {
            let leaf = intermediate.issue(leaf, 3);
            Scene::one("25", |play| play.goes_well(&[&leaf.der, &intermediate.der])).judged_trusting(&root)
        };
        assert_eq!(told(&scene(server()), 1).1, format!("Does not deliver: the certificate is {is}."));
        let own = if until < NOW { "expired" } else { "not valid yet" };
        let both = scene(valid(server(), from, until));
        assert_eq!(told(&both, 1).1, format!("Does not deliver: the certificate is {own}."));
    }
}

/// What was not sent may be the root, or one more intermediate.
#[test]
fn a_path_that_ends_where_nothing_was_sent_has_two_ends_to_it() {
    let (root, intermediate, leaf) = chain();
    let scene = Scene::one("25", |play| play.goes_well(&[&leaf.der, &intermediate.der]));
    let report = scene.judged();
    let found = report.ports[0].found("certificate-untrusted");
    assert_eq!(found.title, "The certificate leads to no trusted root");
    assert!(
        found.explanation.contains("or one more intermediate, which is missing"),
        "{}",
        found.explanation
    );
    assert!(
        found.fix.starts_with("If it is an intermediate of a public authority's, send it"),
        "{}",
        found.fix
    );
    assert_eq!(told(&report, 1).1, "Does not deliver: the certificate is without a path to a trusted root.");

    let whole = Scene::one("25", |play| play.goes_well(&[&leaf.der, &intermediate.der, &root.der])).judged();
    assert_eq!(
        whole.ports[0].found("certificate-untrusted").title,
        "The certificate leads to a root that is not trusted"
    );
    assert_eq!(told(&whole, 1).1, "Does not deliver: the certificate is from a root that is not trusted.");
}

#[test]
fn the_names_that_break_a_constraint_are_the_certificates() {
    let mut constrained = ca("Example Intermediate");
    constrained.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("example.org".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    let root = root();
    let intermediate = root.issue(constrained, 2);
    let leaf = intermediate.issue(server(), 3);
    let scene = Scene::one("25", |play| play.goes_well(&[&leaf.der, &intermediate.der]));
    let report = scene.judged_trusting(&root);
    let found = report.ports[0].found("certificate-path-invalid");
    let begins = "The names of the certificate break the name constraints of an issuer.";
    assert!(found.explanation.starts_with(begins), "{}", found.explanation);
    assert!(!Remedies::BUILT_IN.commands(&report, &report.ports[0], found).is_empty());
}

/// What most TLS libraries refuse some still take.
#[test]
fn a_weak_signature_alone_depends_on_the_library() {
    let leaf = fixture(include_str!("../../pki/tests/fixtures/sha1.pem"));
    let root = include_str!("../../pki/tests/fixtures/root.pem");
    let sha1 = |host, port| {
        Scene::of(host).port(port, |play| play.goes_well(&[&leaf])).at(NOW + 2 * DAY).judged_by(Some(root))
    };
    let depends = "Depends on its TLS library: a signature rests on MD5 or SHA-1, which most refuse.";
    let report = sha1("sha1.example", "25");
    assert_eq!(told(&report, 1), (SenderOutcome::Depends, depends.to_owned()));
    let dane = told(&report, 2).1;
    assert!(dane.contains("and hold; its TLS library may refuse a key or a signature so weak."), "{dane}");
    assert_eq!(told(&sha1("sha1.example", "465"), 0), (SenderOutcome::Depends, depends.to_owned()));
    // With another fault it does not matter what the library takes.
    let other = told(&sha1("mx1.example.com", "25"), 1);
    let against = "Does not deliver: the certificate is for another name and signed with MD5 or SHA-1.";
    assert_eq!(other, (SenderOutcome::Refuses, against.to_owned()));
}

/// Who needs the order is rare, and what is said is no finding.
#[test]
fn certificates_out_of_order_are_noted() {
    let root = root();
    let first = root.issue(ca("Example Intermediate 1"), 2);
    let second = first.issue(ca("Example Intermediate 2"), 4);
    let leaf = second.issue(server(), 3);
    let notes = |sent: &[&[u8]]| {
        let scene = Scene::one("25", |play| play.goes_well(sent));
        let mut report = scene.judged_trusting(&root);
        assert_eq!(report.ports[0].ids(), [""; 0]);
        report.ports.swap_remove(0).notes
    };
    assert_eq!(notes(&[&leaf.der, &second.der, &first.der]), [""; 0]);
    assert_eq!(notes(&[&leaf.der, &second.der, &first.der, &root.der]), [""; 0]);
    for (sent, number) in
        [([&leaf.der, &first.der, &second.der], 2), ([&leaf.der, &second.der, &root.der], 3)]
    {
        let sent: Vec<&[u8]> = sent.iter().map(|der| der.as_slice()).chain([first.der.as_slice()]).collect();
        let noted = notes(&sent);
        let begins = format!("Certificate {number} of the chain has not issued the one before it");
        assert!(noted.len() == 1 && noted[0].starts_with(&begins), "{noted:?}");
    }
}
