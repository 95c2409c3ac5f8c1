//! Does a certification path to a trust anchor hold for a TLS server (RFC 5280 §6)?
//!
//! webpki has the last word: nothing holds that it has not accepted, at the time asked about, with the
//! algorithms that are accepted. It does not ask whether keyUsage allows what a certificate is used for, nor
//! whether a private trust anchor has expired or allows fewer intermediates; mail clients do, and so it is
//! asked here. Where the path does not hold, the question is taken apart, so that every reason is named and
//! not only the first:
//!
//! - **Trust** is judged at a time when the certificates of the path are all valid, the nearest to the time
//!   asked about, for any purpose and with weak signatures let pass. So an expired chain, a chain for clients
//!   only and a chain signed with SHA-1 keep their trust anchor. Where the certificates of the path are never
//!   all valid at the same time, webpki cannot be asked: signatures alone decide on trust.
//! - **Time**, **purpose**, **key usage**, **weak signatures**, **versions**, **critical extensions** and
//!   **basic constraints** are read off the certificates of the path.
//! - **Name constraints** are webpki's, and asked here where it stopped before them.
//! - Where no path reaches a trust anchor, the longest one tells why, by the rules at [`Verifier::path`].

use std::cmp::Reverse;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage};

use crate::anchors::{PrivateAnchor, TrustAnchors};
use crate::certificate::Certificate;
use crate::chain::{Anchored, Chain, MAX_CERTIFICATES, Sent};
use crate::constraints::break_constraints;
use crate::der::Parts;
use crate::fault::Fault;
use crate::ledger::{Signature, Signatures};
use crate::rules::{
    anchor_time_fault, constitution_faults, curve_fault, early_date_fault, key_usage_fault, length_fault,
    path_length_fault, purpose_fault, time_fault, weak_signature,
};
use crate::self_signed::SelfSigned;

/// Asks about paths, with these trust anchors and signature algorithms.
#[derive(Debug, Clone, Copy)]
pub struct Verifier<'a> {
    /// The trust anchors.
    pub anchors: &'a TrustAnchors,
    /// The algorithms a path may rest on.
    pub accepted: &'a [&'a dyn SignatureVerificationAlgorithm],
    /// Algorithms a path may not rest on, SHA-1 above all, to tell a weak signature from a bad one.
    pub weak: &'a [&'a dyn SignatureVerificationAlgorithm],
}

impl<'a> Verifier<'a> {
    /// Takes every signature algorithm that this tester knows: `heloscope-crypto`'s.
    pub fn new(anchors: &'a TrustAnchors) -> Self {
        Self {
            anchors,
            accepted: heloscope_crypto::SIGNATURE_ALGORITHMS,
            weak: heloscope_crypto::WEAK_SIGNATURE_ALGORITHMS,
        }
    }
}

/// Which trust anchors a path ends at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Mozilla's bundle.
    Webpki,
    /// Those added by [`TrustAnchors::add_pem`].
    Private,
}

/// The answer of [`Verifier::path`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PathVerdict {
    /// The trust anchors that the path ends at, whether it holds or not; `None` where it ends at none, and where a
    /// signature on the path is of a kind that is not verified.
    pub trust: Option<Trust>,
    /// The path: indexes into the chain as sent, leaf first, the trust anchor not included. A certificate of
    /// the chain that is not in it is not needed; a path that is not in ascending order was sent in the wrong
    /// order.
    pub path: Vec<usize>,
    /// Until when the path can hold, in Unix seconds: the soonest notAfter of its certificates and of its private trust
    /// anchor. `None` where it ends at none.
    pub until: Option<i64>,
    /// Why the path does not hold; empty where it does. Dates come first, then trust, then all else.
    pub faults: Vec<Fault>,
}

impl PathVerdict {
    /// Whether the path holds.
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether another validation may find that it holds: nothing but limits of this one stands against it.
    pub fn is_unknown(&self) -> bool {
        !self.holds() && self.faults.iter().all(Fault::is_unknown)
    }
}

/// The answers of [`Verifier::examine`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Examined {
    /// That of [`Verifier::path`].
    pub path: PathVerdict,
    /// That of [`Verifier::self_signed`] about the leaf.
    pub self_signed: SelfSigned,
    /// The same about each certificate as sent, of which [`MAX_CERTIFICATES`] are looked at.
    pub each_self_signed: Vec<SelfSigned>,
    /// That of [`Verifier::weak_signatures`].
    pub weak_signatures: Vec<usize>,
}

impl<'a> Verifier<'a> {
    /// Asks all there is to ask about the signatures of a chain, `None` for an empty one. Each signature is verified
    /// once, whichever questions it has a part in.
    pub fn examine<D: AsRef<[u8]>>(&self, chain: &[D], at: i64) -> Option<Examined> {
        let signatures = self.signatures();
        // First, for what is known of them is not known any more once a bound is reached.
        let each_self_signed = each_self_signed(&signatures, chain);
        Some(Examined {
            self_signed: *each_self_signed.first()?,
            path: self.path_by(&signatures, chain, at),
            weak_signatures: self.weak_among(&each_self_signed, chain),
            each_self_signed,
        })
    }

    /// Whether a path from the leaf to a trust anchor holds for a TLS server at the time `at`, in Unix
    /// seconds, the name aside. `chain` is the DER of the certificates as sent, leaf first.
    ///
    /// The leaf may itself be a private anchor: the same certificate, or one self-signed with the anchor's
    /// name and key. Then only its dates, purpose and key usage are asked about, and that nothing follows it.
    /// A root's dates are asked about where it is a private anchor, and where it was sent and is not trusted: whoever
    /// comes to trust it goes by them. Mozilla's bundle has none.
    ///
    /// Where no path reaches a trust anchor, it is
    /// - `SelfSigned` if the leaf is signed with its own key;
    /// - `SearchGivenUp` if not all signatures that may make a path were verified, or not all certificates or paths
    ///   were looked at;
    /// - `UntrustedRoot` if the path ends at a root that was sent;
    /// - `BadSignature` if the last certificate's issuer was sent or is a trust anchor, by name and key
    ///   identifiers, but its key did not make the signature;
    /// - `MissingIntermediate` if the leaf's issuer is not known;
    /// - `UntrustedRoot` if the issuer of an intermediate is not known: the chain looks complete up to a root
    ///   that was not sent, as it need not be (RFC 8446 §4.4.2).
    pub fn path<D: AsRef<[u8]>>(&self, chain: &[D], at: i64) -> PathVerdict {
        self.path_by(&self.signatures(), chain, at)
    }

    /// Whether a certificate is signed with its own key (RFC 5280 §3.2); one that does not parse is not.
    pub fn self_signed(&self, der: &[u8]) -> SelfSigned {
        SelfSigned::of_der(der, &self.signatures())
    }

    /// The certificates of the chain that carry an MD5 or SHA-1 signature, roots aside: a root's signature protects
    /// nothing. A root is a trust anchor, or signed with its own key and not the leaf. Indexes into the chain, of which
    /// [`MAX_CERTIFICATES`] are looked at.
    pub fn weak_signatures<D: AsRef<[u8]>>(&self, chain: &[D]) -> Vec<usize> {
        self.weak_among(&each_self_signed(&self.signatures(), chain), chain)
    }

    fn signatures(&self) -> Signatures<'a> {
        Signatures::new(self.accepted, self.weak)
    }

    fn weak_among<D: AsRef<[u8]>>(&self, self_signed: &[SelfSigned], chain: &[D]) -> Vec<usize> {
        let is_root = |index: usize, der: &[u8]| match (index, self_signed[index]) {
            (_, SelfSigned::No) => false,
            (0, self_signed) => self.is_anchor(der, self_signed),
            _ => true,
        };
        let weak = |der: &[u8]| Certificate::read(der).is_ok_and(|facts| facts.signature_algorithm.is_weak());
        let looked_at = chain.iter().map(AsRef::as_ref).take(MAX_CERTIFICATES).enumerate();
        looked_at.filter(|(index, der)| weak(der) && !is_root(*index, der)).map(|(index, _)| index).collect()
    }

    fn path_by<D: AsRef<[u8]>>(&self, signatures: &Signatures<'_>, chain: &[D], at: i64) -> PathVerdict {
        let nothing = |fault| PathVerdict { trust: None, path: Vec::new(), until: None, faults: vec![fault] };
        if chain.is_empty() {
            return nothing(Fault::NoCertificate);
        }
        let Some(mut chain) = Chain::read(chain.iter().map(AsRef::as_ref), signatures) else {
            return nothing(Fault::Unreadable);
        };
        if let Some(private) = self.own_anchor(&chain.sent[0], at) {
            let leaf = &chain.sent[0];
            let renewed = (private.der != leaf.der).then_some(private);
            let faults = time_fault(leaf, at)
                .into_iter()
                .chain(renewed.and_then(|private| anchor_time_fault(private, at)))
                .chain(purpose_fault(leaf))
                .chain(key_usage_fault(0, leaf))
                .chain(curve_fault(leaf))
                .chain(trailing_octets_fault(leaf));
            let until =
                renewed.map(|private| private.facts.not_after).into_iter().chain([leaf.facts.not_after]);
            return PathVerdict {
                trust: Some(Trust::Private),
                path: vec![0],
                until: until.min(),
                faults: faults.collect(),
            };
        }
        let paths = chain.paths();
        // The longest to hold before others, and of these the shortest. They are few: a sort would be some kilobytes of a
        // page's WebAssembly.
        let rank = |path: &Anchored<'_>| (path.time_fault(at).is_some(), Reverse(path.until(&chain)));
        let mut anchored: Vec<Anchored<'_>> = Vec::new();
        for path in chain.anchored(&paths, self.anchors) {
            let place = anchored.iter().take_while(|other| rank(other) <= rank(&path)).count();
            anchored.insert(place, path);
        }
        match self.choose(&chain, &anchored, at) {
            Some(choice) => self.judge_anchored(&chain, &choice, at),
            None => {
                let longest = paths.iter().rev().max_by_key(|path| path.len());
                self.judge_unanchored(&mut chain, longest.map_or(&[0], Vec::as_slice), at)
            }
        }
    }

    /// The private anchor that the leaf is: the very certificate, else one that has not expired, else any.
    fn own_anchor(&self, leaf: &Sent<'_>, at: i64) -> Option<&'a PrivateAnchor> {
        let anchors = self.anchors.private().iter();
        anchors
            .filter(|private| is_of(private, leaf.der, &leaf.parts, leaf.self_signed))
            .min_by_key(|private| (private.der != leaf.der, anchor_time_fault(private, at).is_some()))
    }

    /// Whether a certificate is a private anchor.
    fn is_anchor(&self, der: &[u8], self_signed: SelfSigned) -> bool {
        let Some(parts) = Parts::of(der) else { return false };
        self.anchors.private().iter().any(|private| is_of(private, der, &parts, self_signed))
    }

    /// The path to judge among those that reach a trust anchor: one that holds, else one that would but for
    /// its dates, purpose or signature algorithm, else the first.
    fn choose<'c>(&self, chain: &Chain<'a>, anchored: &'c [Anchored<'a>], at: i64) -> Option<Choice<'c, 'a>> {
        let holds = anchored.iter().find(|path| {
            let mut places = path.path.iter().map(|position| &chain.sent[*position]).enumerate();
            path.time_fault(at).is_none()
                && path.length_fault(chain).is_none()
                && places.all(|(place, sent)| {
                    key_usage_fault(place, sent).is_none() && curve_fault(sent).is_none()
                })
                && accepts(chain, path, at).is_ok()
        });
        if let Some(anchored) = holds {
            return Some(Choice { anchored, holds: true, error: None });
        }
        let mut first = None;
        for anchored in anchored {
            let time = common_time(anchored.path.iter().map(|position| &chain.sent[*position]), at);
            let answer = time.map(|time| would_accept(chain, anchored, time));
            let trusted = matches!(answer, Some(Ok(())));
            let choice = Choice { anchored, holds: false, error: answer.and_then(Result::err) };
            if trusted {
                return Some(choice);
            }
            first.get_or_insert(choice);
        }
        first
    }

    fn judge_anchored(&self, chain: &Chain<'_>, choice: &Choice<'_, '_>, at: i64) -> PathVerdict {
        let path: Vec<&Sent<'_>> =
            choice.anchored.path.iter().map(|position| &chain.sent[*position]).collect();
        let mut faults = Vec::new();
        if !choice.holds {
            faults.extend(path.iter().filter_map(|sent| time_fault(sent, at)));
            faults.extend(choice.anchored.time_fault(at));
            let anchor_key = webpki::spki_for_anchor(choice.anchored.anchor);
            let issuer_keys = path[1..].iter().map(|issuer| issuer.parts.key).chain([anchor_key.as_ref()]);
            faults.extend(
                path.iter()
                    .zip(issuer_keys)
                    .filter_map(|(sent, key)| signature_fault(chain.signatures, sent, key)),
            );
            faults.extend(constitution_faults(&path));
            faults.extend(path_length_fault(&path).or_else(|| choice.anchored.length_fault(chain)));
            let first = choice.error.as_ref().and_then(|error| match error {
                webpki::Error::BadDerTime => early_date_fault(&path).or_else(|| Fault::of(error)),
                _ => Fault::of(error),
            });
            // What webpki stops at may come before it compares names.
            let constraints = choice.anchored.anchor.name_constraints.as_deref();
            let breaks =
                first.as_ref().is_none_or(Fault::is_unknown) && break_constraints(&path, constraints);
            faults.extend(if breaks { Some(Fault::NameConstraintViolation) } else { first });
            if faults.is_empty() {
                // webpki refused for a reason that the facts should have shown and did not.
                faults.push(Fault::Malformed { part: None });
            }
        }
        let is_verified =
            !faults.iter().any(|fault| matches!(fault, Fault::UnsupportedSignatureAlgorithm { .. }));
        let trust = choice.anchored.private.map_or(Trust::Webpki, |_| Trust::Private);
        PathVerdict {
            trust: is_verified.then_some(trust),
            path: indexes(&path),
            until: is_verified.then(|| choice.anchored.until(chain)).flatten(),
            faults,
        }
    }

    fn judge_unanchored(&self, chain: &mut Chain<'_>, positions: &[usize], at: i64) -> PathVerdict {
        let end = positions.last().copied().unwrap_or_default();
        let issuers = chain.issuers(end);
        let mismatched = issuers.mismatched || chain.names_an_anchor(end, self.anchors);
        let path: Vec<&Sent<'_>> = positions.iter().map(|position| &chain.sent[*position]).collect();
        let last = &chain.sent[end];
        let ends_at_root = last.self_signed != SelfSigned::No;
        // A root's signature is nobody's concern, unless the leaf is its own root.
        let below_root = if ends_at_root && path.len() > 1 { &path[..path.len() - 1] } else { &path };

        let mut faults = Vec::new();
        faults.extend(path.iter().filter_map(|sent| time_fault(sent, at)));
        faults.push(match (ends_at_root, path.len()) {
            (true, 1) => Fault::SelfSigned,
            _ if chain.signatures.exhausted() => Fault::SearchGivenUp,
            (false, _) if chain.is_cut => Fault::SearchGivenUp,
            (true, _) => Fault::UntrustedRoot { root: last.facts.subject.clone(), sent: true },
            (false, _) if mismatched => Fault::BadSignature { certificate: last.index },
            (false, 1) => Fault::MissingIntermediate { issuer: last.facts.issuer.clone() },
            // The issuer that was sent is on the path already, where certificates issued one another.
            (false, _) => Fault::UntrustedRoot { root: last.facts.issuer.clone(), sent: issuers.any() },
        });
        let signed_by_another = below_root.iter().filter(|sent| sent.self_signed == SelfSigned::No);
        faults.extend(signed_by_another.filter_map(|sent| weak_signature(sent)));
        faults.extend(constitution_faults(below_root));
        faults.extend(path_length_fault(&path).filter(|fault| !fault.is_unknown()));
        PathVerdict { trust: None, path: indexes(&path), until: None, faults }
    }
}

impl Anchored<'_> {
    fn time_fault(&self, at: i64) -> Option<Fault> {
        self.private.and_then(|private| anchor_time_fault(private, at))
    }

    fn until(&self, chain: &Chain<'_>) -> Option<i64> {
        let sent = self.path.iter().map(|position| chain.sent[*position].facts.not_after);
        sent.chain(self.private.map(|private| private.facts.not_after)).min()
    }

    fn length_fault(&self, chain: &Chain<'_>) -> Option<Fault> {
        let length = self.private.and_then(|private| private.facts.path_length)?;
        let intermediates: Vec<&Sent<'_>> =
            self.path[1..].iter().map(|position| &chain.sent[*position]).collect();
        length_fault(length, &intermediates)
    }
}

/// The path that is judged, and what webpki says of it beside the things that are let pass.
struct Choice<'c, 'a> {
    anchored: &'c Anchored<'a>,
    holds: bool,
    error: Option<webpki::Error>,
}

/// webpki's verdict.
fn accepts(chain: &Chain<'_>, path: &Anchored<'_>, at: i64) -> Result<(), webpki::Error> {
    ask(chain, &path.path, path.anchor, &chain.signatures.accepted(), at, KeyUsage::server_auth())
}

/// webpki's verdict for any purpose, weak signatures let pass.
fn would_accept(chain: &Chain<'_>, path: &Anchored<'_>, at: i64) -> Result<(), webpki::Error> {
    ask(chain, &path.path, path.anchor, &chain.signatures.all(), at, AnyPurpose)
}

/// Asks webpki about exactly this path.
fn ask(
    chain: &Chain<'_>,
    path: &[usize],
    anchor: &TrustAnchor<'_>,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    at: i64,
    purpose: impl ExtendedKeyUsageValidator,
) -> Result<(), webpki::Error> {
    let certificates: Vec<CertificateDer<'_>> =
        path.iter().map(|position| CertificateDer::from_slice(chain.sent[*position].der)).collect();
    let [leaf, intermediates @ ..] = certificates.as_slice() else {
        return Err(webpki::Error::UnknownIssuer);
    };
    // webpki knows no time before 1970.
    let seconds = u64::try_from(at).map_err(|_| webpki::Error::BadDerTime)?;
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    EndEntityCert::try_from(leaf)?
        .verify_for_usage(algorithms, std::slice::from_ref(anchor), intermediates, time, purpose, None, None)
        .map(|_| ())
}

/// Whether a certificate is this anchor: the same octets, or self-signed with its name and key.
fn is_of(private: &PrivateAnchor, der: &[u8], parts: &Parts<'_>, self_signed: SelfSigned) -> bool {
    let same_entity = self_signed == SelfSigned::Yes
        && private.anchor.subject.as_ref() == parts.subject
        && webpki::spki_for_anchor(&private.anchor).as_ref() == parts.key;
    private.der == der || same_entity
}

fn signature_fault(signatures: &Signatures<'_>, sent: &Sent<'_>, issuer_key: &[u8]) -> Option<Fault> {
    weak_signature(sent).or_else(|| {
        let answer = signatures.verify(&sent.parts, issuer_key);
        (answer == Signature::Unsupported)
            .then_some(Fault::UnsupportedSignatureAlgorithm { certificate: sent.index })
    })
}

fn each_self_signed<D: AsRef<[u8]>>(signatures: &Signatures<'_>, chain: &[D]) -> Vec<SelfSigned> {
    let looked_at = chain.iter().map(AsRef::as_ref).take(MAX_CERTIFICATES);
    looked_at.map(|der| SelfSigned::of_der(der, signatures)).collect()
}

struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

/// What webpki would say of a certificate that it is not asked about.
fn trailing_octets_fault(sent: &Sent<'_>) -> Option<Fault> {
    (sent.facts.trailing_octets > 0).then_some(Fault::TrailingOctets)
}

/// The time nearest to `at` when all certificates are valid; never before 1970, which webpki does not know.
fn common_time<'s>(path: impl Iterator<Item = &'s Sent<'s>> + Clone, at: i64) -> Option<i64> {
    let from = path.clone().map(|sent| sent.facts.not_before).max()?.max(0);
    let until = path.map(|sent| sent.facts.not_after).min()?;
    (from <= until).then(|| at.clamp(from, until))
}

fn indexes(path: &[&Sent<'_>]) -> Vec<usize> {
    path.iter().map(|sent| sent.index).collect()
}
