//! Elliptic-curve key exchange: X25519 (RFC 7748) and the NIST curves (RFC 8446 section 4.2.8.2, RFC 8422 section 5.4).

use std::fmt::Debug;
use std::marker::PhantomData;

use getrandom::SysRng;
use p256::NistP256;
use p256::elliptic_curve::ecdh::EphemeralSecret;
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p256::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize, Generate, PublicKey};
use p384::NistP384;
use p521::NistP521;
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved};
use x25519_dalek::StaticSecret;

/// X25519, with the check of RFC 7748 section 6.1 that the peer's share contributes to the result.
pub(crate) static X25519: Montgomery = Montgomery;

/// ECDH on secp256r1, which is P-256.
pub(crate) static SECP256R1: Ecdh<NistP256> = Ecdh { name: NamedGroup::secp256r1, curve: PhantomData };

/// ECDH on secp384r1, which is P-384.
pub(crate) static SECP384R1: Ecdh<NistP384> = Ecdh { name: NamedGroup::secp384r1, curve: PhantomData };

/// ECDH on secp521r1, which is P-521.
pub(crate) static SECP521R1: Ecdh<NistP521> = Ecdh { name: NamedGroup::secp521r1, curve: PhantomData };

/// What any share that is not one is answered with.
pub(crate) const INVALID_SHARE: Error = Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare);

#[derive(Debug)]
pub(crate) struct Montgomery;

impl SupportedKxGroup for Montgomery {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|_| GetRandomFailed)?;
        Ok(Box::new(ActiveMontgomery::new(secret)))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct ActiveMontgomery {
    secret: StaticSecret,
    share: x25519_dalek::PublicKey,
}

impl ActiveMontgomery {
    fn new(secret: [u8; 32]) -> Self {
        let secret = StaticSecret::from(secret);
        Self { share: (&secret).into(), secret }
    }
}

impl ActiveKeyExchange for ActiveMontgomery {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer = <[u8; 32]>::try_from(peer).map_err(|_| INVALID_SHARE)?;
        let shared = self.secret.diffie_hellman(&peer.into());
        if shared.was_contributory() { Ok(shared.as_bytes().as_slice().into()) } else { Err(INVALID_SHARE) }
    }

    fn pub_key(&self) -> &[u8] {
        self.share.as_bytes()
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

#[derive(Debug)]
pub(crate) struct Ecdh<C> {
    name: NamedGroup,
    curve: PhantomData<fn() -> C>,
}

impl<C: CurveArithmetic> SupportedKxGroup for Ecdh<C>
where
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let secret = EphemeralSecret::<C>::try_generate_from_rng(&mut SysRng).map_err(|_| GetRandomFailed)?;
        let share = secret.public_key().to_sec1_point(false).as_bytes().to_vec();
        Ok(Box::new(ActiveEcdh { name: self.name, secret, share }))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        self.name
    }
}

struct ActiveEcdh<C: CurveArithmetic> {
    name: NamedGroup,
    secret: EphemeralSecret<C>,
    share: Vec<u8>,
}

impl<C: CurveArithmetic> ActiveKeyExchange for ActiveEcdh<C>
where
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        // TLS knows no other form (RFC 8446 section 4.2.8.2); the decoder below would take compressed points too. It
        // refuses what is not on the curve, and the point at infinity.
        if peer.first() != Some(&UNCOMPRESSED) {
            return Err(INVALID_SHARE);
        }
        let peer = PublicKey::<C>::from_sec1_bytes(peer).map_err(|_| INVALID_SHARE)?;
        Ok(self.secret.diffie_hellman(&peer).raw_secret_bytes().as_slice().into())
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        self.name
    }
}

const UNCOMPRESSED: u8 = 4;

#[cfg(test)]
mod tests {
    use rustls::crypto::ring;

    use super::*;
    use crate::octets;

    fn refused(group: &dyn SupportedKxGroup, share: &[u8]) -> bool {
        matches!(
            group.start().unwrap().complete(share),
            Err(Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare))
        )
    }

    /// RFC 7748 section 6.1.
    #[test]
    fn x25519_gives_rfc_7748_vector() {
        let alice = ActiveMontgomery::new(
            octets("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a").try_into().unwrap(),
        );
        assert_eq!(
            alice.pub_key(),
            octets("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        );
        let bob = octets("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
        assert_eq!(
            Box::new(alice).complete(&bob).unwrap().secret_bytes(),
            octets("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
        );
    }

    /// All points of small order, canonical or not: the result would be zero whatever the secret is.
    #[test]
    fn x25519_refuses_shares_that_do_not_contribute() {
        for share in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            assert!(refused(&X25519, &octets(share)), "{share}");
        }
    }

    #[test]
    fn shares_of_another_length_are_refused() {
        for group in [&X25519 as &dyn SupportedKxGroup, &SECP256R1, &SECP384R1, &SECP521R1] {
            let share = group.start().unwrap().pub_key().to_vec();
            assert!(refused(group, &[]), "{group:?}");
            assert!(refused(group, &share[..share.len() - 1]), "{group:?}");
            assert!(refused(group, &[&share[..], &[0]].concat()), "{group:?}");
        }
    }

    #[test]
    fn points_off_the_curve_at_infinity_or_compressed_are_refused() {
        for (group, len) in [(&SECP256R1 as &dyn SupportedKxGroup, 32), (&SECP384R1, 48), (&SECP521R1, 66)] {
            let share = group.start().unwrap().pub_key().to_vec();
            assert_eq!((share[0], share.len()), (4, 1 + 2 * len));

            let mut off_the_curve = share.clone();
            off_the_curve[2 * len] ^= 1;
            assert!(refused(group, &off_the_curve), "{group:?}");

            let mut beyond_the_field = share.clone();
            beyond_the_field[1..=len].fill(0xff);
            assert!(refused(group, &beyond_the_field), "{group:?}");

            assert!(refused(group, &[0]), "{group:?}");

            let compressed = [&[2 + share[2 * len] % 2], &share[1..=len]].concat();
            assert!(refused(group, &compressed), "{group:?}");
            let hybrid = [&[6 + share[2 * len] % 2], &share[1..]].concat();
            assert!(refused(group, &hybrid), "{group:?}");
        }
    }

    #[test]
    fn another_implementation_comes_to_the_same_secret() {
        for (ours, theirs) in [
            (&X25519 as &dyn SupportedKxGroup, ring::kx_group::X25519),
            (&SECP256R1, ring::kx_group::SECP256R1),
            (&SECP384R1, ring::kx_group::SECP384R1),
        ] {
            assert_eq!(ours.name(), theirs.name());
            let active = ours.start().unwrap();
            let answer = theirs.start_and_complete(active.pub_key()).unwrap();
            let secret = active.complete(&answer.pub_key).unwrap();
            assert_eq!(secret.secret_bytes(), answer.secret.secret_bytes(), "{ours:?}");
        }
    }
}
