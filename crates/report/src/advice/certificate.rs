use heloscope_words::{capital, mark, plural, say, small, spoken};

use super::tls::broken;
use super::{Advice, Audience};
use crate::checks::Barred;
use crate::facts::days_between;
use crate::visible::inert_within;
use crate::words::date;

/// What mends a key that some do not take.
pub(super) const NEW_KEY: &str = mark!(
    "Make a new key, ECDSA P-256 or RSA 2048 or longer, and have a certificate issued for it. Where TLSA records name the key, \
     publish the new record before the change."
);

/// What a bad certificate comes to. DANE never asks a public authority (RFC 7672 §3.1), so what it makes of
/// this certificate is said each time.
pub(super) fn consequence(audience: Audience, dane: &'static str) -> String {
    consequence_beside(ALL_THE_SAME, audience, dane)
}

const ALL_THE_SAME: &str =
    mark!("Opportunistic senders deliver all the same: they do not look at the certificate.");

/// The same behind what becomes of those who do not look at the certificate.
fn consequence_beside(others: &'static str, audience: Audience, dane: &'static str) -> String {
    let (others, dane) = (spoken(others), spoken(dane));
    let senders = say!("{others} Senders that enforce MTA-STS do not deliver (RFC 8461 §5). {dane}");
    audience.pick(&senders, say!("Mail clients refuse the connection or warn their user."))
}

const DANE_DATES: &str = mark!(
    "For DANE senders the TLSA record decides: with DANE-EE(3) dates, name and issuer \
                          do not matter (RFC 7672 §3.1.1), with DANE-TA(2) the dates do."
);
pub(super) const DANE_NAME: &str = mark!(
    "For DANE senders the TLSA record decides: with DANE-EE(3) dates, name and issuer do \
                         not matter (RFC 7672 §3.1.1), with DANE-TA(2) the name does."
);
pub(super) const DANE_COMMON_NAME: &str = mark!(
    "For DANE senders the TLSA record decides: with DANE-EE(3) dates, name and issuer do \
                         not matter (RFC 7672 §3.1.1), with DANE-TA(2) the common name counts where there is no other \
                         name (RFC 7672 §3.2.3)."
);
const DANE_ISSUER: &str = mark!(
    "DANE senders do not ask whether an authority is publicly trusted: what counts is \
                           that a TLSA record matches (RFC 7672 §3.1), and with DANE-EE(3) it matches the \
                           server's own key."
);
const DANE_CHAIN: &str = mark!(
    "With DANE-EE(3) DANE senders do not look at the chain; with DANE-TA(2) every \
                          certificate up to the one in the TLSA record must be sent (RFC 7672 §3.1.2)."
);
const DANE_PATH: &str = mark!(
    "With DANE-EE(3) DANE senders look at the server's key and not at the path (RFC 7672 §3.1.1); \
                         with DANE-TA(2) the path must hold up to the certificate in the TLSA record."
);
const DANE_STRENGTH: &str = mark!(
    "With DANE-EE(3) DANE senders match the key alone and deliver, unless their TLS \
                             library refuses a key or signature so weak."
);

pub(super) fn expired(expired: &[(usize, i64)], now: i64, audience: Audience) -> Advice {
    let title = |place, not_after| {
        // Whole days, as one counts them: 25 hours ago was a day ago.
        let ago = match days_between(not_after, now) {
            ..=0 => say!("less than a day ago").to_owned(),
            days => plural!(days, "1 day ago", "{days} days ago"),
        };
        match place {
            0 => say!("Certificate expired {ago}"),
            place => say!("Certificate {} of the chain expired {ago}", place + 1),
        }
    };
    let was_valid = |place, not_after| say!("{} was valid until {}.", the(place), date(not_after));
    Advice {
        title: titles(expired, &title),
        explanation: each(expired, &was_valid) + &consequence(audience, DANE_DATES),
        fix: renewed(
            expired,
            mark!(
                "Renew the certificate and have the server load it: most read it at start or reload only. \
                  Then see why the renewal did not happen by itself, and watch the date."
            ),
        ),
    }
}

/// What mends the dates of these, by the fix for the leaf.
fn renewed(certificates: &[(usize, i64)], leaf: &'static str) -> String {
    let is_leaf = |(place, _): &(usize, i64)| *place == 0;
    let others = spoken(CURRENT_ISSUER);
    match (certificates.iter().any(is_leaf), certificates.iter().all(is_leaf)) {
        (false, _) => others.to_owned(),
        (_, true) => spoken(leaf).to_owned(),
        _ => spoken(leaf).to_owned() + " " + others,
    }
}

const CURRENT_ISSUER: &str = mark!("Fetch the authority's current certificate and send that one instead.");

pub(super) fn not_yet_valid(ahead: &[(usize, i64)], audience: Audience) -> Advice {
    let title = |place, _| match place {
        0 => say!("Certificate is not valid yet").to_owned(),
        place => say!("Certificate {} of the chain is not valid yet", place + 1),
    };
    let will_be = |place, not_before| say!("{} is valid from {}.", the(place), date(not_before));
    Advice {
        title: titles(ahead, &title),
        explanation: each(ahead, &will_be) + &consequence(audience, DANE_DATES),
        fix: renewed(
            ahead,
            mark!(
                "Use the former certificate until then, or have a new one issued. See that the clock of the \
                  machine that made it is right."
            ),
        ),
    }
}

pub(super) fn expiring_soon(soon: &[(usize, i64)], now: i64, audience: Audience) -> Advice {
    let title = |place, not_after| {
        let left = match days_between(now, not_after) {
            0 => say!("in less than a day").to_owned(),
            days => plural!(days, "in 1 day", "in {days} days"),
        };
        match place {
            0 => say!("Certificate expires {left}"),
            place => say!("Certificate {} of the chain expires {left}", place + 1),
        }
    };
    let is_valid = |place, not_after| say!("{} is valid until {}.", the(place), date(not_after));
    Advice {
        title: titles(soon, &title),
        explanation: say!(
            "{}Until then nothing changes for anyone. After that: {}",
            each(soon, &is_valid),
            consequence(audience, DANE_DATES)
        ),
        fix: renewed(
            soon,
            mark!(
                "Renew the certificate now and have the server load it. If it renews by itself, see why it has \
                  not, or whether the server still holds the former one. Where TLSA records name its key, \
                  publish the new record before the change."
            ),
        ),
    }
}

/// A title for each, one behind the other.
fn titles(certificates: &[(usize, i64)], title: &dyn Fn(usize, i64) -> String) -> String {
    let mut titles = String::new();
    for (place, time) in certificates {
        let title = title(*place, *time);
        match titles.is_empty() {
            true => titles = title,
            false => titles = titles + "; " + &small(&title),
        }
    }
    titles
}

/// A sentence for each, with a space behind it.
fn each(certificates: &[(usize, i64)], sentence: &dyn Fn(usize, i64) -> String) -> String {
    certificates.iter().fold(String::new(), |all, (place, time)| all + &sentence(*place, *time) + " ")
}

pub(super) fn self_signed(audience: Audience) -> Advice {
    Advice {
        title: say!("The certificate is self-signed").to_owned(),
        explanation: say!(
            "It is signed with its own key, and no authority vouches for it: anyone can make one with this \
             name. {}",
            consequence(audience, DANE_ISSUER)
        ),
        fix: say!(
            "Have a certificate issued by a public authority, at no cost by ACME (RFC 8555), or publish \
              TLSA records for this one if only DANE senders matter. A private authority's certificate can \
              be added to the trust anchors of this test."
        )
        .to_owned(),
    }
}

pub(super) fn chain_incomplete(issuer: &str, unreadable: bool, audience: Audience) -> Advice {
    let issuer = inert_within(issuer);
    let perhaps = match unreadable {
        true => say!(" One of the certificates that were sent cannot be read; it may be that one, damaged."),
        false => "",
    };
    Advice {
        title: say!("The certificate's issuer was not sent").to_owned(),
        explanation: say!(
            "The certificate of the issuer, {issuer}, was not sent, and neither Mozilla's programme nor the anchors added to this \
             test hold it: it is an intermediate, which is missing, or a root that is not trusted. Web browsers often know or \
             fetch an intermediate; most mail servers and clients do not.{perhaps} {}",
            consequence(audience, DANE_CHAIN)
        ),
        fix: intermediate_or_root(),
    }
}

/// What mends a path whose end was not sent.
fn intermediate_or_root() -> String {
    say!(
        "If it is an intermediate of a public authority's, send it after those that were: ACME clients put them all into the file \
         named fullchain, not cert. If it is a root: {}",
        small(spoken(TRUST_THE_ROOT))
    )
}

const TRUST_THE_ROOT: &str = mark!(
    "Have a certificate issued by a public authority, at no cost by ACME (RFC 8555). If only \
     machines that trust this root connect, add it to the trust anchors of this test."
);

pub(super) fn untrusted(root: &str, sent: bool, audience: Audience) -> Advice {
    let root = inert_within(root);
    if sent {
        return Advice {
            title: say!("The certificate leads to a root that is not trusted").to_owned(),
            explanation: say!(
                "The path ends at {root}, which the server sent, and neither Mozilla's programme nor the anchors added to \
                 this test hold it. {}",
                consequence(audience, DANE_ISSUER)
            ),
            fix: spoken(TRUST_THE_ROOT).to_owned(),
        };
    }
    Advice {
        title: say!("The certificate leads to no trusted root").to_owned(),
        explanation: say!(
            "The path ends at {root}, which was not sent, and neither Mozilla's programme nor the anchors added to this test \
             hold it: it is a root that is not trusted, or one more intermediate, which is missing. {}",
            consequence(audience, DANE_ISSUER)
        ),
        fix: intermediate_or_root(),
    }
}

pub(super) fn path_invalid(
    faults: &[String],
    anchor: bool,
    signature: bool,
    barred: Option<Barred>,
    audience: Audience,
) -> Advice {
    let fix = match (anchor, signature) {
        (true, _) => say!(
            "Replace the trust anchor that was added by the authority's current one, wherever it is trusted. \
               Where the authority has none, have a certificate issued by another."
        ),
        (false, true) => say!(
            "Send the issuer's certificate whose key made the signature: an authority may have several of one name. If \
             that was sent, have a new certificate issued."
        ),
        (false, false) => say!(
            "Have a new certificate issued for a TLS server, and send it with the intermediates that its \
                   authority names."
        ),
    };
    let follows = match barred {
        Some(Barred::All) => barred_to_all(audience),
        Some(Barred::Some) => consequence_beside(KEY_USAGE_SENDERS, audience, DANE_PATH),
        None => consequence(audience, DANE_PATH),
    };
    Advice {
        title: say!("The certification path breaks a rule").to_owned(),
        explanation: format!("{} {follows}", faults.join(" ")),
        fix: fix.to_owned(),
    }
}

/// GnuTLS asks about it in the handshake, whether the certificate is verified or not.
const KEY_USAGE_SENDERS: &str = mark!(
    "Senders whose TLS library goes by the key usage, such as GnuTLS (Exim in Debian), get no TLS: opportunistic senders deliver \
     in clear text or keep the mail queued, DANE senders do not deliver where TLSA records are published. On OpenSSL (Postfix) \
     TLS comes up."
);

/// Where OpenSSL asks as well.
fn barred_to_all(audience: Audience) -> String {
    say!(
        "With an ECDSA cipher suite of TLS 1.2 or older OpenSSL and GnuTLS both end TLS at that, and it comes up with hardly anyone. {}",
        broken(audience)
    )
}

pub(super) fn key_usage(lacks: &str, barred: Barred, audience: Audience) -> Advice {
    let senders = spoken(KEY_USAGE_SENDERS);
    let senders = say!("{senders} Senders that enforce MTA-STS deliver over TLS or not at all.");
    let clients = say!("Mail clients whose TLS library goes by the key usage cannot send mail; others can.");
    Advice {
        title: say!("The certificate's key usage does not allow the handshake").to_owned(),
        explanation: say!(
            "It lacks {lacks}, which this handshake needs. {}",
            match barred {
                Barred::Some => audience.pick(&senders, clients),
                Barred::All => barred_to_all(audience),
            }
        ),
        fix: say!("Have a certificate issued whose key usage has {lacks}, or none."),
    }
}

/// A TLS library needs the key in it, whoever looks at the rest.
const UNREADABLE_SENDERS: &str = mark!(
    "Where a sender's TLS library cannot read it either, TLS does not come up: opportunistic senders deliver in clear text or \
     keep the mail queued, and DANE senders do not deliver where TLSA records are published. Where it reads the key at least, \
     both deliver, DANE senders with DANE-EE(3) (RFC 7672 §3.1.1). Senders that enforce MTA-STS do not deliver (RFC 8461 §5)."
);
const UNREADABLE_CLIENTS: &str = mark!("Mail clients refuse the connection.");

pub(super) fn unreadable(why: &str, empty: bool, audience: Audience) -> Advice {
    let follows = match empty {
        true => broken(audience),
        false => audience.says(UNREADABLE_SENDERS, UNREADABLE_CLIENTS),
    };
    Advice {
        title: say!("The certificate cannot be read").to_owned(),
        explanation: format!("{why} {follows}"),
        fix: say!("Look at the file that the server presents, with another program too (openssl x509 -text). If it is whole, have \
              a new certificate issued by an authority that keeps to RFC 5280.")
            .to_owned(),
    }
}

pub(super) fn serial_number(numbers: &[(usize, String)], audience: Audience) -> Advice {
    let senders = say!(
        "Senders of every kind, opportunistic, MTA-STS and DANE, deliver as a rule. Those whose TLS library reads \
                   certificates strictly, as Go's does with a negative number, get no TLS at all, and deliver in clear text \
                   or not."
    );
    let clients = say!(
        "Mail clients whose TLS library reads certificates strictly refuse the connection; others pass over it."
    );
    Advice {
        title: say!("A serial number breaks a rule").to_owned(),
        explanation: say!(
            "{}. A serial number must be above zero and have at most 20 octets (RFC 5280 §4.1.2.2). {}",
            places(
                numbers,
                |what| say!("The certificate has {what}"),
                |place, what| say!("certificate {place} of the chain has {what}"),
            ),
            audience.pick(senders, clients)
        ),
        fix: say!("Have the certificate issued anew, with a random positive serial number: public authorities give no others. Of \
              a private authority's software this is a setting.")
            .to_owned(),
    }
}

pub(super) fn path_given_up(audience: Audience) -> Advice {
    let dane = spoken(DANE_CHAIN);
    let senders = say!(
        "Opportunistic senders deliver: they do not look at the certificate. Senders that enforce MTA-STS deliver if \
         their TLS library finds a path to a root that they trust, else not at all; it may give up the search as well. \
         {dane}"
    );
    let clients = say!(
        "Mail clients whose TLS library finds a path send mail; others refuse the connection or warn their \
                   user."
    );
    Advice {
        title: say!("The search for a certification path was given up").to_owned(),
        explanation: say!(
            "So many certificates were sent, or so many that may have issued one another, that this test stopped looking \
             before it found a path to a trust anchor: whether there is one is not known. {}",
            audience.pick(&senders, clients)
        ),
        fix: say!("Send the server's own certificate and the intermediates that its authority names, each followed by its \
              issuer's, and nothing else.")
            .to_owned(),
    }
}

pub(super) fn path_unknown(limits: &[String], audience: Audience) -> Advice {
    let dane = spoken(DANE_CHAIN);
    let senders = say!(
        "Opportunistic senders deliver: they do not look at the certificate. Senders that enforce MTA-STS deliver if \
         their TLS library takes the path, else not at all. {dane}"
    );
    let clients = say!(
        "Mail clients whose TLS library takes the path send mail; others refuse the connection or warn their user."
    );
    Advice {
        title: say!("Whether the certification path holds is not known").to_owned(),
        explanation: say!(
            "{} Whether the path holds all the same is not known. {}",
            limits.join(" "),
            audience.pick(&senders, clients)
        ),
        fix: say!(
            "Ask OpenSSL, which many mail servers are built with (openssl s_client -verify_return_error). Where mail has to \
             arrive from everywhere, have a certificate issued whose path has nothing of this."
        )
        .to_owned(),
    }
}

pub(super) fn weak_key(keys: &[(usize, String)], audience: Audience) -> Advice {
    Advice {
        title: say!("A key is too short").to_owned(),
        explanation: say!(
            "{}. RSA keys need 2048 bits, keys on elliptic curves 224 (RFC 9325 §4.5). {}",
            places(
                keys,
                |what| say!("The certificate has the key {what}"),
                |place, what| say!("certificate {place} of the chain has the key {what}"),
            ),
            strength(audience)
        ),
        fix: match keys.iter().any(|(place, _)| *place == 0) {
            true => spoken(NEW_KEY),
            false => say!(
                "The key is the authority's. Send its current intermediate certificate, if it has one with a longer key, or \
                 have a certificate issued by another."
            ),
        }
        .to_owned(),
    }
}

pub(super) fn weak_signature(signatures: &[(usize, String)], audience: Audience) -> Advice {
    Advice {
        title: say!("A signature rests on MD5 or SHA-1").to_owned(),
        explanation: say!(
            "{}. Such signatures can be forged, and no public authority makes them any more. {}",
            places(
                signatures,
                |what| say!("The certificate is signed with {what}"),
                |place, what| say!("certificate {place} of the chain is signed with {what}"),
            ),
            strength(audience)
        ),
        fix: say!(
            "Have the certificate issued anew with SHA-256 or better; replace an old intermediate by the \
              authority's current one."
        )
        .to_owned(),
    }
}

fn strength(audience: Audience) -> String {
    let dane = spoken(DANE_STRENGTH);
    let senders = say!(
        "Opportunistic senders deliver, unless their TLS library refuses it. Senders that enforce MTA-STS do \
         not deliver where theirs refuses it, as most do. {dane}"
    );
    audience.pick(&senders, say!("Mail clients of today refuse the connection."))
}

fn the(place: usize) -> String {
    match place {
        0 => say!("The certificate").to_owned(),
        place => say!("Certificate {} of the chain", place + 1),
    }
}

/// What there is to say of each, in the words for the server's own and in those for another of the chain, which is counted
/// from 1.
fn places(
    items: &[(usize, String)],
    leaf: impl Fn(&str) -> String,
    other: impl Fn(usize, &str) -> String,
) -> String {
    let one = |(place, what): &(usize, String)| match place {
        0 => leaf(what),
        place => other(place + 1, what),
    };
    capital(&items.iter().map(one).collect::<Vec<_>>().join(", "))
}
