//! From a plan to the certificates that a server sends and a client trusts.

use std::sync::LazyLock;

use rcgen::{
    CertificateParams, DnType, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
    SignatureAlgorithm, SigningKey,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;

use crate::authority::{DAY, NOW, ca, server, valid};

/// One question of this test: a chain, asked about at a time, for a host.
pub(crate) struct Chain {
    pub(crate) id: String,
    pub(crate) trusted: Vec<Vec<u8>>,
    pub(crate) sent: Vec<Vec<u8>>,
    pub(crate) at: i64,
    pub(crate) host: String,
}

/// The kind of all keys of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

pub(crate) const KINDS: [Kind; 4] = [Kind::Rsa, Kind::P256, Kind::P384, Kind::Ed25519];

/// Whose key: the n-th issuer's, counted from the root, is `n`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holder {
    Issuer(usize),
    Leaf,
    Stranger,
}

/// Keys are made once, as many of each kind as the longest chain of it has certificates, and a stranger's.
static KEYS: LazyLock<[Vec<KeyPair>; 4]> = LazyLock::new(|| {
    let rsa = PrivatePkcs8KeyDer::pem_slice_iter(include_bytes!("../fixtures/rsa-keys.pem"));
    let generated = |algorithm: &'static SignatureAlgorithm, count| {
        (0..count).map(|_| KeyPair::generate_for(algorithm).unwrap()).collect()
    };
    [
        rsa.map(|key| KeyPair::try_from(&key.unwrap()).unwrap()).collect(),
        generated(&PKCS_ECDSA_P256_SHA256, 10),
        generated(&PKCS_ECDSA_P384_SHA384, 6),
        generated(&PKCS_ED25519, 6),
    ]
});

fn key(kind: Kind, holder: Holder) -> &'static KeyPair {
    &KEYS[kind as usize][match holder {
        Holder::Leaf => 0,
        Holder::Stranger => 1,
        Holder::Issuer(number) => 2 + number,
    }]
}

/// What is to be certified, before anything is signed: a fault changes it.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    /// The root first.
    pub(crate) issuers: Vec<CertificateParams>,
    pub(crate) leaf: CertificateParams,
    pub(crate) at: i64,
    pub(crate) host: &'static str,
}

impl Plan {
    /// A chain without fault for `mx1.example.com`, of so many issuers, the root included.
    pub(crate) fn new(issuers: usize, kind: Kind) -> Self {
        let mut root = ca("Root");
        valid(&mut root, NOW - 3650 * DAY, NOW + 3650 * DAY);
        let intermediate = |number| {
            let mut intermediate = ca(&format!("Intermediate {number}"));
            valid(&mut intermediate, NOW - 365 * DAY, NOW + 365 * DAY);
            intermediate
        };
        let issuers = [root].into_iter().chain((1..issuers).map(intermediate)).collect();
        Plan { kind, issuers, leaf: server(), at: NOW, host: "mx1.example.com" }
    }

    pub(crate) fn root(&mut self) -> &mut CertificateParams {
        &mut self.issuers[0]
    }

    /// The intermediate below the root.
    pub(crate) fn upper(&mut self) -> &mut CertificateParams {
        &mut self.issuers[1]
    }

    /// The leaf's issuer.
    pub(crate) fn issuer(&mut self) -> &mut CertificateParams {
        self.issuers.last_mut().unwrap()
    }

    pub(crate) fn issue(self) -> Issued {
        let mut issued = Issued { plan: self, trusted: Vec::new(), sent: Vec::new(), root: Vec::new() };
        let plan = &issued.plan;
        issued.root = issued.sign(&plan.issuers[0], Holder::Issuer(0), 0);
        issued.trusted = vec![issued.root.clone()];
        issued.sent = vec![issued.sign(&plan.leaf, Holder::Leaf, plan.issuers.len() - 1)];
        let intermediates = (1..plan.issuers.len()).rev();
        let intermediates = intermediates
            .map(|number| issued.sign(&plan.issuers[number], Holder::Issuer(number), number - 1))
            .collect::<Vec<_>>();
        issued.sent.extend(intermediates);
        issued
    }
}

/// What the plan came to: a fault may change what is sent and what is trusted.
pub(crate) struct Issued {
    pub(crate) plan: Plan,
    pub(crate) trusted: Vec<Vec<u8>>,
    /// The leaf first, the root not included.
    pub(crate) sent: Vec<Vec<u8>>,
    pub(crate) root: Vec<u8>,
}

impl Issued {
    /// Signs a certificate for the key of `holder` as the issuer of this number.
    pub(crate) fn sign(&self, params: &CertificateParams, holder: Holder, issuer: usize) -> Vec<u8> {
        let (kind, by) = (self.plan.kind, &self.plan.issuers[issuer]);
        let issuer = Issuer::from_params(by, key(kind, Holder::Issuer(issuer)));
        params.signed_by(key(kind, holder), &issuer).unwrap().der().to_vec()
    }

    /// Signs a certificate with its own key.
    pub(crate) fn self_signed(&self, params: &CertificateParams, holder: Holder) -> Vec<u8> {
        params.self_signed(key(self.plan.kind, holder)).unwrap().der().to_vec()
    }

    /// Signs a certificate for the key of `holder` in the name of `by`, but with the stranger's key.
    pub(crate) fn sign_as_stranger(
        &self,
        params: &CertificateParams,
        holder: Holder,
        by: &CertificateParams,
    ) -> Vec<u8> {
        let issuer = Issuer::from_params(by, key(self.plan.kind, Holder::Stranger));
        params.signed_by(key(self.plan.kind, holder), &issuer).unwrap().der().to_vec()
    }

    /// A root that has nothing to do with the chain.
    pub(crate) fn stranger(&self) -> Vec<u8> {
        self.self_signed(&ca("Stranger"), Holder::Stranger)
    }

    /// The number of the leaf's issuer.
    pub(crate) fn last(&self) -> usize {
        self.plan.issuers.len() - 1
    }

    /// Changes the leaf in a way that rcgen does not offer, and has its issuer sign it again.
    pub(crate) fn change_leaf(&mut self, change: fn(&mut Vec<u8>)) {
        let by = key(self.plan.kind, Holder::Issuer(self.last()));
        self.sent[0] = signed_again(&self.sent[0], change, |tbs| by.sign(tbs).unwrap());
    }

    pub(crate) fn into_chain(self, id: String) -> Chain {
        let Issued { plan, trusted, sent, .. } = self;
        Chain { id, trusted, sent, at: plan.at, host: plan.host.to_owned() }
    }
}

/// The certificate with its tbsCertificate changed, which must keep its length, and signed again.
fn signed_again(der: &[u8], change: fn(&mut Vec<u8>), sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let (certificate, _) = element(der);
    let (_, tbs_length) = element(certificate);
    let mut tbs = certificate[..tbs_length].to_vec();
    change(&mut tbs);
    let (_, algorithm_length) = element(&certificate[tbs_length..]);
    let algorithm = &certificate[tbs_length..][..algorithm_length];
    let signature = [vec![0], sign(&tbs)].concat();
    wrapped(0x30, &[&tbs, algorithm, &wrapped(0x03, &signature)].concat())
}

/// The content of the first DER element, and the length of the whole.
fn element(der: &[u8]) -> (&[u8], usize) {
    let (header, length) = match der[1] {
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        short => (2, usize::from(short)),
    };
    (&der[header..header + length], header + length)
}

fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    match content.len() {
        0..=0x7f => [&[tag, low], content].concat(),
        0x80..=0xff => [&[tag, 0x81, low], content].concat(),
        _ => [&[tag, 0x82, high, low], content].concat(),
    }
}

/// The common name alone changed.
pub(crate) fn named(mut params: CertificateParams, common_name: &str) -> CertificateParams {
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}
