//! The chain as it was sent, and the certification paths that its signatures make.
//!
//! A certificate's issuer is one with its issuer's name whose key verifies its signature. Since a signature
//! verifies with one key only, the paths are few, however many certificates bear the same name: nothing here
//! grows with the permutations of a hostile chain.

use rustls_pki_types::TrustAnchor;

use crate::anchors::{PrivateAnchor, TrustAnchors};
use crate::certificate::Certificate;
use crate::der::Parts;
use crate::ledger::{Signature, Signatures};
use crate::self_signed::SelfSigned;

/// How many certificates of a chain path building looks at, from the leaf on; those after them count as not
/// sent.
pub const MAX_CERTIFICATES: usize = 10;

/// How many paths are looked at; a chain with more than one holds cross-certificates.
pub const MAX_PATHS: usize = 16;

/// One certificate of the chain that parses.
pub(crate) struct Sent<'a> {
    /// Its index in the chain as sent.
    pub(crate) index: usize,
    pub(crate) der: &'a [u8],
    pub(crate) facts: Certificate,
    pub(crate) parts: Parts<'a>,
    pub(crate) self_signed: SelfSigned,
}

/// A path that ends at a trust anchor, by its signatures.
pub(crate) struct Anchored<'a> {
    pub(crate) path: Vec<usize>,
    pub(crate) anchor: &'a TrustAnchor<'static>,
    /// The anchor once more, unless it is Mozilla's.
    pub(crate) private: Option<&'a PrivateAnchor>,
}

/// The issuers of one certificate among those sent.
#[derive(Clone, Default)]
pub(crate) struct Issuers {
    positions: Vec<usize>,
    /// A certificate has the issuer's name, and nothing says that it is another key's, but its key did not
    /// make the signature.
    pub(crate) mismatched: bool,
}

impl Issuers {
    pub(crate) fn any(&self) -> bool {
        !self.positions.is_empty()
    }

    /// One more, in the order in which they were sent.
    fn add(&mut self, position: usize) {
        let place = self.positions.partition_point(|other| *other < position);
        self.positions.insert(place, position);
    }
}

/// The certificates that parse, the leaf first; positions are indexes into `sent`.
pub(crate) struct Chain<'a> {
    pub(crate) sent: Vec<Sent<'a>>,
    pub(crate) signatures: &'a Signatures<'a>,
    /// There are more certificates or more paths than are looked at.
    pub(crate) is_cut: bool,
    issuers: Vec<Option<Issuers>>,
}

impl<'a> Chain<'a> {
    /// `None` where the leaf does not parse. Copies of a certificate count once.
    pub(crate) fn read(
        mut chain: impl Iterator<Item = &'a [u8]>,
        signatures: &'a Signatures<'a>,
    ) -> Option<Self> {
        let mut sent: Vec<Sent<'a>> = Vec::new();
        for (index, der) in chain.by_ref().take(MAX_CERTIFICATES).enumerate() {
            if sent.iter().any(|other| other.der == der) {
                continue;
            }
            match Sent::read(index, der, signatures) {
                Some(certificate) => sent.push(certificate),
                None if index == 0 => return None,
                None => {}
            }
        }
        let issuers = vec![None; sent.len()];
        let is_cut = chain.next().is_some();
        (!sent.is_empty()).then_some(Chain { sent, signatures, is_cut, issuers })
    }

    /// Every path from the leaf up that cannot be made longer, at most [`MAX_PATHS`], in the order sent.
    pub(crate) fn paths(&mut self) -> Vec<Vec<usize>> {
        let mut paths = Vec::new();
        let mut open = vec![vec![0]];
        while let Some(path) = open.pop() {
            if paths.len() == MAX_PATHS {
                self.is_cut = true;
                break;
            }
            let head = path.last().copied().unwrap_or_default();
            let found = self.issuers(head).positions;
            let longer: Vec<Vec<usize>> = found
                .into_iter()
                .filter(|next| !path.iter().any(|earlier| self.same_entity(*earlier, *next)))
                .map(|next| [path.as_slice(), &[next]].concat())
                .collect();
            if longer.is_empty() {
                paths.push(path);
            } else {
                open.extend(longer.into_iter().rev());
            }
        }
        paths
    }

    /// Every beginning of one of `paths` whose last certificate is signed with a trust anchor's key, the
    /// shortest first.
    pub(crate) fn anchored(&self, paths: &[Vec<usize>], anchors: &'a TrustAnchors) -> Vec<Anchored<'a>> {
        let mut found: Vec<Anchored<'a>> = Vec::new();
        let mut tried: Vec<&[usize]> = Vec::new();
        let longest = paths.iter().map(Vec::len).max().unwrap_or_default();
        for length in 1..=longest {
            for path in paths.iter().filter_map(|path| path.get(..length)) {
                // A root's own signature adds nothing: if it is an anchor, what it issued is anchored already.
                let is_root = length > 1 && self.sent[path[length - 1]].self_signed == SelfSigned::Yes;
                if is_root || tried.contains(&path) {
                    continue;
                }
                tried.push(path);
                let anchored = self.anchors_of(path[length - 1], anchors).into_iter();
                found.extend(anchored.map(|(anchor, private)| Anchored {
                    path: path.to_vec(),
                    anchor,
                    private,
                }));
            }
        }
        found
    }

    /// Whether a trust anchor has the name of this certificate's issuer, and nothing says that it is another
    /// key's.
    pub(crate) fn names_an_anchor(&self, position: usize, anchors: &TrustAnchors) -> bool {
        let subject = &self.sent[position];
        let other_key = |private: &PrivateAnchor| key_ids(&subject.facts, &private.facts) == KeyIds::Differ;
        all(anchors).any(|(anchor, private)| {
            anchor.subject.as_ref() == subject.parts.issuer && !private.is_some_and(other_key)
        })
    }

    pub(crate) fn issuers(&mut self, position: usize) -> Issuers {
        if let Some(known) = &self.issuers[position] {
            return known.clone();
        }
        let found = self.find_issuers(position);
        self.issuers[position] = Some(found.clone());
        found
    }

    fn find_issuers(&mut self, position: usize) -> Issuers {
        let subject = &self.sent[position];
        let mut found = Issuers::default();
        if subject.self_signed != SelfSigned::No {
            return found;
        }
        // A certificate that claims to have issued itself, and whose key says otherwise, is a mismatch of its
        // own.
        found.mismatched =
            subject.facts.is_self_issued && key_ids(&subject.facts, &subject.facts) != KeyIds::Differ;

        let mut candidates: [Vec<usize>; 3] = Default::default();
        for (other, sent) in self.sent.iter().enumerate() {
            if other != position && sent.parts.subject == subject.parts.issuer {
                candidates[key_ids(&subject.facts, &sent.facts) as usize].push(other);
            }
        }

        let mut presumed = Vec::new();
        let mut wrong_keys: Vec<&[u8]> = Vec::new();
        let mut right_key = None;
        for other in candidates.into_iter().flatten() {
            let issuer = &self.sent[other];
            let key = issuer.parts.key;
            if right_key == Some(key) {
                found.add(other);
            } else if right_key.is_none() && !wrong_keys.contains(&key) {
                match self.signatures.verify(&subject.parts, key) {
                    Signature::Valid => {
                        right_key = Some(key);
                        found.add(other);
                    }
                    Signature::Invalid => {
                        wrong_keys.push(key);
                        found.mismatched |= key_ids(&subject.facts, &issuer.facts) != KeyIds::Differ;
                    }
                    Signature::Unsupported if key_ids(&subject.facts, &issuer.facts) != KeyIds::Differ => {
                        presumed.push(other);
                    }
                    Signature::Unsupported | Signature::NotVerified => {}
                }
            }
        }
        if right_key.is_some() {
            found.mismatched = false;
        } else {
            found.positions = presumed;
        }
        found
    }

    /// The trust anchors whose name is this certificate's issuer and whose key made its signature, or may
    /// have where the algorithm is not supported.
    fn anchors_of(&self, position: usize, anchors: &'a TrustAnchors) -> Vec<Anchor<'a>> {
        let subject = &self.sent[position];
        let mut found = Vec::new();
        for (anchor, private) in
            all(anchors).filter(|(anchor, _)| anchor.subject.as_ref() == subject.parts.issuer)
        {
            let key = webpki::spki_for_anchor(anchor);
            match self.signatures.verify(&subject.parts, key.as_ref()) {
                Signature::Valid | Signature::Unsupported => found.push((anchor, private)),
                Signature::Invalid | Signature::NotVerified => {}
            }
        }
        found
    }

    /// RFC 4158 §5.2: a path does not go through the same name and key twice.
    fn same_entity(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.sent[one].parts, &self.sent[other].parts);
        one.subject == other.subject && one.key == other.key
    }
}

impl<'a> Sent<'a> {
    fn read(index: usize, der: &'a [u8], signatures: &Signatures<'_>) -> Option<Self> {
        let facts = Certificate::read(der).ok()?;
        let parts = Parts::of(der)?;
        let self_signed = SelfSigned::of(&parts, signatures);
        Some(Sent { index, der, facts, parts, self_signed })
    }
}

/// What the key identifiers say about whether one certificate issued the other, the likeliest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyIds {
    Agree,
    Silent,
    Differ,
}

fn key_ids(subject: &Certificate, issuer: &Certificate) -> KeyIds {
    match (&subject.authority_key_identifier, &issuer.subject_key_identifier) {
        (Some(authority), Some(key)) if authority == key => KeyIds::Agree,
        (Some(_), Some(_)) => KeyIds::Differ,
        _ => KeyIds::Silent,
    }
}

type Anchor<'a> = (&'a TrustAnchor<'static>, Option<&'a PrivateAnchor>);

fn all(anchors: &TrustAnchors) -> impl Iterator<Item = Anchor<'_>> {
    let bundle = anchors.bundle().iter().map(|anchor| (anchor, None));
    bundle.chain(anchors.private().iter().map(|private| (&private.anchor, Some(private))))
}
