//! `openssl verify` is asked about every chain too, about path, time and name apart. Where its answer differs
//! from ours, be it only that it stops at a fault before it comes to the next, the difference stands in a table with
//! its reason; any other difference fails, and so does one that no longer occurs.
//!
//! The answers, and so the reasons, are those of OpenSSL 3.0.19 and of 3.5.9: with both the table held, to the row.

// clippy.toml allows it in #[test] functions only, and what they call is test code too.
#![allow(clippy::unwrap_used)]

mod authority;
#[path = "differential/chain.rs"]
mod chain;
#[path = "differential/faults.rs"]
mod faults;
#[path = "differential/fixtures.rs"]
mod fixtures;
#[path = "differential/names.rs"]
mod names;
#[path = "differential/openssl.rs"]
mod openssl;
#[path = "differential/rules.rs"]
mod rules;
#[path = "differential/trust.rs"]
mod trust;

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs, thread};

use authority::verifier;
use chain::Chain;
use heloscope_pki::{Certificate, Fault, Identity, ReferenceIdentifier, TrustAnchors, identity};

/// Which chains, by the start of their names; which question; our answer; OpenSSL's; the reason.
type Difference = (&'static str, &'static str, &'static str, &'static str, &'static str);

const DIFFERENCES: &[Difference] = &[
    ("last-second/", "time", "holds", "expired@0", "RFC 5280 §4.1.2.5 counts notAfter in; OpenSSL does not"),
    (
        "anchor-is-no-ca/",
        "path",
        "holds",
        "end_entity_as_ca",
        "RFC 5280 §6.1.1 d takes name and key from a trust anchor, not its basic constraints",
    ),
    (
        "anchor-key-usage/",
        "path",
        "holds",
        "wrong_key_usage",
        "RFC 5280 §6.1.1 d takes name and key from a trust anchor, not its key usage",
    ),
    (
        "anchor-purpose/",
        "path",
        "holds",
        "not_for_server_auth",
        "RFC 5280 §6.1.1 d takes name and key from a trust anchor, not its extended key usage",
    ),
    (
        "anchor-critical/",
        "path",
        "holds",
        "unsupported_critical_extension",
        "RFC 5280 §6.1.1 d takes name and key from a trust anchor, not its extensions",
    ),
    (
        "intermediate-trusted/",
        "path",
        "holds",
        "untrusted_root",
        "any certificate may be a trust anchor; OpenSSL wants a root unless told -partial_chain",
    ),
    (
        "version-1-trusted",
        "path",
        "holds",
        "missing_intermediate",
        "any certificate may be a trust anchor; OpenSSL wants a root unless told -partial_chain",
    ),
    (
        "self-signed-renewed-trusted/",
        "path",
        "holds",
        "self_signed",
        "name and key are the anchor's; OpenSSL wants the very certificate where the leaf is the anchor",
    ),
    (
        "self-signed-tampered/",
        "path",
        "bad_signature",
        "self_signed",
        "OpenSSL takes what is issued to itself for self-signed and does not verify the signature",
    ),
    (
        "namesake-issuer-of-one-key-id-first/",
        "path",
        "holds",
        "bad_signature",
        "OpenSSL settles for the first issuer by name and key identifier, before it tries the key",
    ),
    (
        "key-id-of-another/",
        "path",
        "holds",
        "missing_intermediate",
        "key identifiers help to find an issuer (RFC 5280 §4.2.1.1); OpenSSL refuses one that they do not name",
    ),
    (
        "ca-as-leaf/",
        "path",
        "ca_as_end_entity",
        "holds",
        "not known: webpki, as Mozilla's clients, takes no CA certificate for a server's; OpenSSL and RFC 5280 do",
    ),
    (
        "issuer-first/",
        "path",
        "ca_as_end_entity",
        "holds",
        "not known: webpki, as Mozilla's clients, takes no CA certificate for a server's; OpenSSL and RFC 5280 do",
    ),
    (
        "version-1/",
        "path",
        "unsupported_version",
        "holds",
        "webpki wants version 3 of every certificate; OpenSSL and RFC 5280 §6.1.4 k of issuers only",
    ),
    (
        "version-1-fixture",
        "path",
        "unsupported_version",
        "holds",
        "webpki wants version 3 of every certificate; OpenSSL and RFC 5280 §6.1.4 k of issuers only",
    ),
    (
        "critical-policies/",
        "path",
        "unsupported_critical_extension",
        "holds",
        "not known: webpki processes no certificate policies, which OpenSSL does",
    ),
    (
        "critical-policy-constraints/",
        "path",
        "unsupported_critical_extension",
        "holds",
        "not known: webpki processes no certificate policies, which OpenSSL does",
    ),
    ("ed448", "path", "unsupported_signature_algorithm", "holds", NOT_VERIFIED),
    ("sha-224", "path", "unsupported_signature_algorithm", "holds", NOT_VERIFIED),
    ("p-224", "path", "unsupported_signature_algorithm", "holds", NOT_VERIFIED),
    ("pss-without-salt", "path", "unsupported_signature_algorithm", "holds", NOT_VERIFIED),
    ("before-1970", "path", "early_date", "holds", "not known: webpki reads no date before 1970"),
    (
        "path-length-self-issued/",
        "path",
        "self_issued_counted",
        "holds",
        "not known: webpki counts a self-issued intermediate, which RFC 5280 §6.1.4 l does not",
    ),
    (
        "seven-intermediates/",
        "path",
        "path_too_long",
        "holds",
        "not known: webpki looks at no path of more than six intermediates",
    ),
    ("permitted-beside-", "path", "names_not_compared", "holds", NOT_COMPARED),
    ("permitted-address-beside-partial-wildcard/", "path", "names_not_compared", "holds", NOT_COMPARED),
    (
        "permitted-elsewhere-ca-as-leaf/",
        "path",
        "ca_as_end_entity name_constraint_violation",
        "name_constraint_violation",
        "not known: webpki, as Mozilla's clients, takes no CA certificate for a server's; OpenSSL and RFC 5280 do",
    ),
    (
        "excluded-below-wildcard/",
        "path",
        "name_constraint_violation",
        "holds",
        "the wildcard stands for the excluded name too; OpenSSL compares it as it is written",
    ),
    (
        "permitted-common-name-only/",
        "path",
        "holds",
        "name_constraint_violation",
        "a commonName is no dNSName (RFC 5280 §4.2.1.10); OpenSSL takes it for one",
    ),
    ("permitted-common-name-only/", "name", "false", "true", COMMON_NAME),
    ("common-name-only/", "name", "false", "true", COMMON_NAME),
    ("common-name-only-wildcard/", "name", "false", "true", COMMON_NAME),
    ("common-name-beside-address/", "name", "false", "true", COMMON_NAME),
    ("version-1-fixture", "name", "false", "true", COMMON_NAME),
    ("version-1-trusted", "name", "false", "true", COMMON_NAME),
    (
        "wildcard-partial-start/",
        "name",
        "false",
        "true",
        "RFC 9525 §6.3 wants the wildcard to be the whole label; OpenSSL unless told does not",
    ),
    (
        "wildcard-partial-end/",
        "name",
        "false",
        "true",
        "RFC 9525 §6.3 wants the wildcard to be the whole label; OpenSSL unless told does not",
    ),
    (
        "wildcard-underscore/",
        "name",
        "true",
        "false",
        "a wildcard stands for any label; OpenSSL lets it stand for no underscore",
    ),
];

const NOT_COMPARED: &str =
    "not known: webpki refuses a name that is no DNS name; OpenSSL compares it as it is written";
const NOT_VERIFIED: &str = "not known: this kind of signature is not verified here";
const COMMON_NAME: &str =
    "RFC 9525 §2 lets no commonName identify a server; OpenSSL falls back to it without dNSName";

/// Those whose answers the table has.
const VERSIONS: [&str; 2] = ["OpenSSL 3.0.", "OpenSSL 3.5."];

struct Ours {
    path: BTreeSet<String>,
    time: BTreeSet<String>,
    name: bool,
    /// The last certificate of the path.
    top: usize,
}

fn ours(chain: &Chain) -> Ours {
    let mut anchors = TrustAnchors::none();
    for der in &chain.trusted {
        anchors.add_pem(&openssl::pem(der)).unwrap();
    }
    let verdict = verifier(&anchors).path(&chain.sent, chain.at);
    let place = |index: &usize| verdict.path.iter().position(|certificate| certificate == index).unwrap();
    let (mut path, mut time) = (BTreeSet::new(), BTreeSet::new());
    for fault in &verdict.faults {
        match fault {
            Fault::Expired { certificate, .. } => time.insert(format!("expired@{}", place(certificate))),
            Fault::NotYetValid { certificate, .. } => {
                time.insert(format!("not_yet_valid@{}", place(certificate)))
            }
            Fault::TrustAnchorExpired { .. } => time.insert(format!("expired@{}", verdict.path.len())),
            Fault::TrustAnchorNotYetValid { .. } => {
                time.insert(format!("not_yet_valid@{}", verdict.path.len()))
            }
            // OpenSSL has one error for both.
            Fault::WrongKeyUsage { certificate: 0 } => path.insert("not_for_server_auth".to_owned()),
            other => path.insert(other.code().to_owned()),
        };
    }
    const UNTRUSTED: [&str; 4] = ["self_signed", "missing_intermediate", "untrusted_root", "bad_signature"];
    let untrusted = path.iter().any(|word| UNTRUSTED.contains(&word.as_str()));
    let unverified = path.contains("unsupported_signature_algorithm");
    assert_eq!(verdict.trust.is_none(), untrusted || unverified, "{}", chain.id);

    let facts = Certificate::read(&chain.sent[0]).unwrap();
    let reference = chain.host.parse().map(ReferenceIdentifier::Ip);
    let reference = reference.unwrap_or_else(|_| ReferenceIdentifier::dns(&chain.host).unwrap());
    let name = matches!(identity(&facts, &reference), Identity::Matches(_));
    Ours { path, time, name, top: *verdict.path.last().unwrap() }
}

/// One answer to one question that differs.
struct Found {
    id: String,
    question: &'static str,
    ours: String,
    theirs: String,
}

fn compare(chain: &Chain, folder: &Path) -> Vec<Found> {
    let ours = ours(chain);
    let theirs = openssl::answers(chain, ours.top, folder);
    let mut found = Vec::new();
    let mut differ = |question, ours, theirs| {
        found.push(Found { id: chain.id.clone(), question, ours, theirs });
    };
    let words = |words: &BTreeSet<String>| match words.is_empty() {
        true => "holds".to_owned(),
        false => words.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
    };
    if ours.path != theirs.path {
        differ("path", words(&ours.path), words(&theirs.path));
    }
    if let Some(time) = theirs.time.filter(|time| *time != ours.time) {
        differ("time", words(&ours.time), words(&time));
    }
    if ours.name != theirs.name {
        differ("name", ours.name.to_string(), theirs.name.to_string());
    }
    found
}

#[test]
fn openssl_gives_the_same_answers_but_for_known_reasons() {
    let chains: Vec<Chain> =
        [faults::chains(), names::chains(), fixtures::chains()].into_iter().flatten().collect();
    assert!(chains.len() >= 200, "{} chains", chains.len());
    let ids: BTreeSet<&str> = chains.iter().map(|chain| chain.id.as_str()).collect();
    assert_eq!(ids.len(), chains.len(), "a name stands for two chains");

    match openssl::version() {
        Some(version) if VERSIONS.iter().any(|known| version.starts_with(known)) => {}
        other => {
            let message = format!("differential: one of {VERSIONS:?} is wanted and {other:?} is there");
            assert_ne!(env::var("CI").as_deref(), Ok("true"), "{message}");
            eprintln!("{message}: SKIPPED, nothing was compared");
            return;
        }
    }

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("differential");
    let part = |number: usize| -> Vec<Found> {
        let chains = chains.iter().enumerate().skip(number).step_by(2);
        chains.flat_map(|(number, chain)| compare(chain, &folder.join(number.to_string()))).collect()
    };
    let found = thread::scope(|scope| {
        let other = scope.spawn(|| part(1));
        let mut found = part(0);
        found.extend(other.join().unwrap());
        found
    });

    let mut problems = Vec::new();
    let mut met = BTreeSet::new();
    for Found { id, question, ours, theirs } in &found {
        let known = DIFFERENCES.iter().position(|(start, about, we, they, _)| {
            id.starts_with(start) && (about, we, they) == (question, &ours.as_str(), &theirs.as_str())
        });
        match known {
            Some(row) => drop(met.insert(row)),
            None => problems.push(format!("{id}: {question}: ours {ours}, theirs {theirs}")),
        }
    }
    for (row, difference) in DIFFERENCES.iter().enumerate() {
        if !met.contains(&row) {
            problems.push(format!("no longer met: {difference:?}"));
        }
    }
    problems.sort();
    assert!(
        problems.is_empty(),
        "{} differences are not as listed:\n{}",
        problems.len(),
        problems.join("\n")
    );
    fs::remove_dir_all(&folder).unwrap();

    let differing = found.iter().map(|found| &found.id).collect::<BTreeSet<_>>().len();
    let agreeing = chains.len() - differing;
    println!("differential: {} chains, {agreeing} agree, {differing} differ for known reasons", chains.len());
}
