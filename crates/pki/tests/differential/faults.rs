//! What is wrong with a path, or only looks it: each with chains of several lengths and kinds of keys.

use std::ops::RangeInclusive;

use super::chain::{Chain, Issued, KINDS, Kind, Plan};
use super::{rules, trust};

/// One fault: how many issuers its chains may have, what it changes in the plan, what in the certificates.
pub(crate) struct Row(
    pub(crate) &'static str,
    pub(crate) RangeInclusive<usize>,
    pub(crate) fn(&mut Plan),
    pub(crate) fn(&mut Issued),
);

pub(crate) const PLANNED: fn(&mut Issued) = |_| {};
pub(crate) const AS_PLANNED: fn(&mut Plan) = |_| {};

pub(crate) fn chains() -> Vec<Chain> {
    let mut chains = Vec::new();
    for kind in KINDS {
        for issuers in 1..=4 {
            chains.push(made(&[&Row("valid", 1..=4, AS_PLANNED, PLANNED)], issuers, kind));
        }
    }
    let rows: Vec<&Row> = [&OTHER_HOST].into_iter().chain(trust::ROWS).chain(rules::ROWS).collect();
    for (number, row) in rows.iter().enumerate() {
        for issuers in row.1.clone() {
            let kind = if issuers > 4 { Kind::P256 } else { KINDS[(number + issuers) % 4] };
            chains.push(made(&[row], issuers, kind));
        }
    }
    for (number, pair) in PAIRS.iter().enumerate() {
        let rows = pair.map(|id| *rows.iter().find(|row| row.0 == id).unwrap());
        let fewest = rows.map(|row| *row.1.start()).into_iter().max().unwrap();
        for issuers in fewest..=fewest + 1 {
            chains.push(made(&rows, issuers, KINDS[(number + issuers) % 4]));
        }
    }
    chains
}

fn made(rows: &[&Row], issuers: usize, kind: Kind) -> Chain {
    let id: Vec<&str> = rows.iter().map(|row| row.0).collect();
    let mut plan = Plan::new(issuers, kind);
    rows.iter().for_each(|row| row.2(&mut plan));
    let mut issued = plan.issue();
    rows.iter().for_each(|row| row.3(&mut issued));
    issued.into_chain(format!("{}/{issuers}/{kind:?}", id.join(" & ")))
}

const OTHER_HOST: Row = Row("other-host", 1..=4, |plan| plan.host = "mx2.example.com", PLANNED);

/// Two faults at once, done in this order.
const PAIRS: &[[&str; 2]] = &[
    ["expired-leaf", "other-host"],
    ["expired-leaf", "untrusted-root"],
    ["expired-leaf", "untrusted-root-sent"],
    ["expired-leaf", "missing-issuer"],
    ["expired-leaf", "purpose-client"],
    ["expired-leaf", "tampered-leaf"],
    ["expired-leaf", "self-signed"],
    ["expired-leaf", "permitted-elsewhere"],
    ["expired-issuer", "untrusted-root"],
    ["expired-issuer", "other-host"],
    ["expired-root", "untrusted-root-sent"],
    ["expired-leaf", "expired-root"],
    ["expired-leaf", "expired-issuer"],
    ["not-yet-valid-leaf", "expired-issuer"],
    ["not-yet-valid-leaf", "untrusted-root-sent"],
    ["other-host", "untrusted-root"],
    ["other-host", "self-signed"],
    ["other-host", "purpose-client"],
    ["purpose-client", "untrusted-root-sent"],
    ["purpose-client", "self-signed"],
    ["issuer-is-no-ca", "untrusted-root-sent"],
    ["critical-leaf", "purpose-client"],
    ["critical-leaf", "untrusted-root"],
    ["path-length", "expired-leaf"],
    ["key-usage-issuer", "expired-leaf"],
    ["key-usage-issuer", "untrusted-root-sent"],
    ["key-usage-leaf", "purpose-client"],
];
