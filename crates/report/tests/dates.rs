//! The dates of a certificate and of those above it: which check each fires, and which none.

mod scene;

use heloscope_report::{ChainError, Port, Severity, Trust, Verdict, summary};
use scene::certified::{issued, port, root};
use scene::{Asked, DAY, Entity, NOW, Scene, ca, named, server, valid};

fn lives(from: i64, until: i64) -> Port {
    issued(valid(server(), from, until))
}

#[test]
fn expired() {
    let yesterday = lives(NOW - 90 * DAY, NOW - DAY);
    assert_eq!(yesterday.ids(), ["certificate-expired"]);
    let found = yesterday.found("certificate-expired");
    assert_eq!(found.title, "Certificate expired 1 day ago");
    assert!(found.explanation.contains("2026-11-22"), "{}", found.explanation);
    let certificate = yesterday.certificate.clone().unwrap();
    assert_eq!(certificate.facts.days_remaining, Some(-1));
    // Expired is not untrusted.
    assert_eq!(
        (certificate.chain_error, certificate.trust),
        (Some(ChainError::Expired), Some(Trust::Private))
    );
    assert_eq!(yesterday.verdict("certificate-untrusted"), Verdict::Passed);
    assert_eq!(yesterday.verdict("certificate-expiring-soon"), Verdict::NotApplicable);

    let just_now = lives(NOW - 90 * DAY, NOW - 1);
    assert_eq!(just_now.found("certificate-expired").title, "Certificate expired less than a day ago");
    let and_a_half = lives(NOW - 90 * DAY, NOW - 9 * DAY - DAY / 2);
    assert_eq!(and_a_half.found("certificate-expired").title, "Certificate expired 9 days ago");
    assert_eq!(and_a_half.certificate.unwrap().facts.days_remaining, Some(-10));

    assert_eq!(lives(NOW - 90 * DAY, NOW).verdict("certificate-expired"), Verdict::Passed);
}

#[test]
fn an_expired_intermediate_is_named() {
    let root = root();
    let intermediate = root.issue(valid(ca("Example Intermediate"), NOW - 90 * DAY, NOW - 3 * DAY), 2);
    let leaf = intermediate.issue(server(), 3);
    let port = port(&[&leaf.der, &intermediate.der], Some(&root));
    assert_eq!(port.ids(), ["certificate-expired"]);
    assert_eq!(port.found("certificate-expired").title, "Certificate 2 of the chain expired 3 days ago");
}

/// None hides another: the dates of each on the path are told, and what mends each.
#[test]
fn an_expired_certificate_does_not_hide_its_intermediate() {
    let root = root();
    let ends = |leaf: i64, intermediate: i64, asked_for| {
        let asked = valid(ca("Example Intermediate"), NOW - 400 * DAY, NOW + intermediate * DAY);
        let issuer = root.issue(asked, 2);
        let leaf = issuer.issue(valid(asked_for, NOW - 90 * DAY, NOW + leaf * DAY), 3);
        (port(&[&leaf.der, &issuer.der], Some(&root)), port(&[&leaf.der, &issuer.der], None))
    };
    let (both, untrusted) = ends(-2, -5, server());
    assert_eq!(both.ids(), ["certificate-expired"]);
    assert_eq!(untrusted.ids(), ["certificate-expired", "certificate-untrusted"]);
    for port in [both, untrusted] {
        let found = port.found("certificate-expired");
        assert_eq!(
            found.title,
            "Certificate expired 2 days ago; certificate 2 of the chain expired 5 days ago"
        );
        assert!(
            found.explanation.starts_with(
                "The certificate was valid until 2026-11-21. Certificate 2 of the chain was valid until 2026-11-18. Opportunistic"
            ),
            "{}",
            found.explanation
        );
        assert!(
            found.fix.starts_with("Renew the certificate and ")
                && found
                    .fix
                    .ends_with(" Fetch the authority's current certificate and send that one instead."),
            "{}",
            found.fix
        );
    }

    let (soon, _) = ends(12, 3, server());
    let found = soon.found("certificate-expiring-soon");
    assert_eq!(found.title, "Certificate expires in 12 days; certificate 2 of the chain expires in 3 days");
    assert!(
        found.explanation.starts_with(
            "The certificate is valid until 2026-12-05. Certificate 2 of the chain is valid until 2026-11-26. Until then"
        ),
        "{}",
        found.explanation
    );
    assert!(
        found.fix.starts_with("Renew the certificate now") && found.fix.contains(" Fetch the"),
        "{}",
        found.fix
    );
    let (expired, _) = ends(-2, 3, server());
    assert_eq!(expired.ids(), ["certificate-expired", "certificate-expiring-soon"]);
    assert_eq!(
        expired.found("certificate-expiring-soon").title,
        "Certificate 2 of the chain expires in 3 days"
    );
    let (another, _) = ends(60, -5, named("localhost"));
    assert_eq!(
        another.ids(),
        ["certificate-expired", "certificate-hostname-mismatch", "certificate-common-name-only"]
    );
}

#[test]
fn a_certificate_not_valid_yet_hides_no_date_of_its_intermediate() {
    let root = root();
    let lives = |from: i64, until: i64| {
        let issuer = root.issue(valid(ca("Example Intermediate"), NOW + from * DAY, NOW + until * DAY), 2);
        let leaf = issuer.issue(valid(server(), NOW + DAY, NOW + 90 * DAY), 3);
        port(&[&leaf.der, &issuer.der], Some(&root))
    };
    let expired = lives(-90, -5);
    assert_eq!(expired.ids(), ["certificate-expired", "certificate-not-yet-valid"]);
    assert_eq!(expired.found("certificate-expired").title, "Certificate 2 of the chain expired 5 days ago");
    assert_eq!(expired.found("certificate-not-yet-valid").title, "Certificate is not valid yet");

    let ahead = lives(2, 90);
    let found = ahead.found("certificate-not-yet-valid");
    assert_eq!(found.title, "Certificate is not valid yet; certificate 2 of the chain is not valid yet");
    assert!(
        found.explanation.starts_with(
            "The certificate is valid from 2026-11-24. Certificate 2 of the chain is valid from 2026-11-25. Opportunistic"
        ),
        "{}",
        found.explanation
    );
}

/// What mends the leaf does not mend its issuer.
#[test]
fn an_intermediate_not_valid_yet_has_a_fix_of_its_own() {
    let root = root();
    let lives = |leaf: i64| {
        let issuer = root.issue(valid(ca("Example Intermediate"), NOW + 2 * DAY, NOW + 90 * DAY), 2);
        let leaf = issuer.issue(valid(server(), NOW + leaf * DAY, NOW + 90 * DAY), 3);
        port(&[&leaf.der, &issuer.der], Some(&root)).found("certificate-not-yet-valid").fix.clone()
    };
    let current = "Fetch the authority's current certificate and send that one instead.";
    assert_eq!(lives(-1), current);
    let both = lives(1);
    assert!(
        both.starts_with("Use the former certificate until then, ")
            && both.ends_with(&format!(" is right. {current}")),
        "{both}"
    );
}

/// Whoever adds it to the trust anchors goes by its dates.
#[test]
fn the_dates_of_a_root_that_was_sent_and_is_not_trusted() {
    for (from, until, id, title, error) in [
        (
            NOW - 90 * DAY,
            NOW - 3 * DAY,
            "certificate-expired",
            "Certificate 2 of the chain expired 3 days ago",
            ChainError::Expired,
        ),
        (
            NOW + 3 * DAY,
            NOW + 90 * DAY,
            "certificate-not-yet-valid",
            "Certificate 2 of the chain is not valid yet",
            ChainError::NotYetValid,
        ),
    ] {
        let root = Entity::self_signed(valid(ca("Example Root"), from, until), 1);
        let leaf = root.issue(server(), 3);
        let sent = port(&[&leaf.der, &root.der], None);
        assert_eq!(sent.ids(), [id, "certificate-untrusted"]);
        assert_eq!(sent.found(id).title, title);
        assert_eq!(
            sent.found(id).fix,
            "Fetch the authority's current certificate and send that one instead."
        );
        assert_eq!(sent.certificate.unwrap().chain_error, Some(error));
    }
}

#[test]
fn not_yet_valid() {
    let tomorrow = lives(NOW + DAY, NOW + 90 * DAY);
    assert_eq!(tomorrow.ids(), ["certificate-not-yet-valid"]);
    assert!(tomorrow.found("certificate-not-yet-valid").explanation.contains("2026-11-24"));

    assert_eq!(lives(NOW, NOW + 90 * DAY).verdict("certificate-not-yet-valid"), Verdict::Passed);
}

/// A path holds as long as its shortest part.
#[test]
fn an_intermediate_that_expires_before_the_certificate() {
    let root = Entity::self_signed(ca("Example Root"), 1);
    let with = |days: i64| {
        let asked = valid(ca("Example Intermediate"), NOW - 400 * DAY, NOW + days * DAY);
        let intermediate = root.issue(asked, 2);
        let leaf = intermediate.issue(server(), 3);
        let sent: &[&[u8]] = &[&leaf.der, &intermediate.der];
        let scene = Scene::one("25", |play| play.goes_well(sent));
        (scene.judged_trusting(&root), scene.judged())
    };
    let (soon, untrusted) = with(3);
    let found = soon.ports[0].found("certificate-expiring-soon");
    assert_eq!(found.title, "Certificate 2 of the chain expires in 3 days");
    assert!(found.explanation.contains("For DANE senders the TLSA record decides"), "{}", found.explanation);
    assert!(found.fix.starts_with("Fetch the authority's current certificate"), "{}", found.fix);
    assert_eq!(
        summary(&soon),
        "Mail reaches this server over TLS 1.3; certificate 2 of the chain expires in 3 days."
    );
    // Nobody trusts it as it is.
    assert_eq!(untrusted.ports[0].verdict("certificate-expiring-soon"), Verdict::Passed);
    assert_eq!(untrusted.ports[0].certificate.as_ref().unwrap().path_days_remaining, None);

    let (later, _) = with(40);
    assert_eq!(later.ports[0].verdict("certificate-expiring-soon"), Verdict::Passed);
    assert_eq!(later.ports[0].certificate.as_ref().unwrap().path_days_remaining, Some(40));
    assert_eq!(
        summary(&later),
        "Mail reaches this server over TLS 1.3; its certificate's path holds for 40 more days."
    );
    let (healthy, _) = with(400);
    assert_eq!(healthy.ports[0].certificate.as_ref().unwrap().path_days_remaining, None);
}

#[test]
fn expiring_soon() {
    let soon = lives(NOW - 78 * DAY, NOW + 12 * DAY);
    assert_eq!(soon.found("certificate-expiring-soon").title, "Certificate expires in 12 days");
    assert_eq!(soon.found("certificate-expiring-soon").severity, Severity::Warning);
    assert_eq!(
        lives(NOW - 60 * DAY, NOW + 31 * DAY - 1).verdict("certificate-expiring-soon"),
        Verdict::Found
    );
    assert_eq!(lives(NOW - 59 * DAY, NOW + 31 * DAY).verdict("certificate-expiring-soon"), Verdict::Passed);
    let today = lives(NOW - 90 * DAY, NOW + 60);
    assert_eq!(today.found("certificate-expiring-soon").title, "Certificate expires in less than a day");
}

#[test]
fn a_short_lived_certificate_expires_soon_in_its_last_third() {
    // Of six days, two and a half are left, and then two.
    assert_eq!(
        lives(NOW - 3 * DAY - DAY / 2, NOW + 2 * DAY + DAY / 2).verdict("certificate-expiring-soon"),
        Verdict::Passed
    );
    assert_eq!(lives(NOW - 4 * DAY, NOW + 2 * DAY).verdict("certificate-expiring-soon"), Verdict::Found);
}

#[test]
fn a_trust_anchor_out_of_date() {
    for (from, until, error, words) in [
        (NOW - 90 * DAY, NOW - DAY, ChainError::TrustAnchorExpired, "expired on 2026-11-22"),
        (NOW + DAY, NOW + 90 * DAY, ChainError::TrustAnchorNotYetValid, "is not valid before 2026-11-24"),
    ] {
        let root = Entity::self_signed(valid(ca("Example Root"), from, until), 1);
        let leaf = root.issue(server(), 3);
        let port = port(&[&leaf.der], Some(&root));
        assert_eq!(port.ids(), ["certificate-path-invalid"]);
        let found = port.found("certificate-path-invalid");
        assert!(found.explanation.contains("CN=Example Root") && found.explanation.contains(words));
        assert!(found.fix.starts_with("Replace the trust anchor"), "{}", found.fix);
        assert_eq!(port.certificate.unwrap().chain_error, Some(error));
    }
}
