use super::session::list;
use super::{Advice, Audience};
use crate::facts::days_between;
use crate::visible::{inert_within, visible_within};
use crate::words::date;

/// What a bad certificate comes to. DANE never asks a public authority (RFC 7672 §3.1), so what it makes of
/// this certificate is said each time.
fn consequence(audience: Audience, dane: &str) -> String {
    let senders = format!(
        "Opportunistic senders deliver all the same: they do not look at the certificate. Senders that \
         enforce MTA-STS do not deliver (RFC 8461 §5). {dane}"
    );
    audience.pick(&senders, "Mail clients refuse the connection or warn their user.")
}

const DANE_DATES: &str = "For DANE senders the TLSA record decides: with DANE-EE(3) dates, name and issuer \
                          do not matter (RFC 7672 §3.1.1), with DANE-TA(2) the dates do.";
const DANE_NAME: &str = "For DANE senders the TLSA record decides: with DANE-EE(3) dates, name and issuer do \
                         not matter (RFC 7672 §3.1.1), with DANE-TA(2) the name does.";
const DANE_ISSUER: &str = "DANE senders do not ask whether an authority is publicly trusted: what counts is \
                           that a TLSA record matches (RFC 7672 §3.1), and with DANE-EE(3) it matches the \
                           server's own key.";
const DANE_CHAIN: &str = "With DANE-EE(3) DANE senders do not look at the chain; with DANE-TA(2) every \
                          certificate up to the one in the TLSA record must be sent (RFC 7672 §3.1.2).";
const DANE_PATH: &str = "With DANE-EE(3) DANE senders look at the server's key and not at the path (RFC 7672 §3.1.1); \
                         with DANE-TA(2) the path must hold up to the certificate in the TLSA record.";
const DANE_STRENGTH: &str = "With DANE-EE(3) DANE senders match the key alone and deliver, unless their TLS \
                             library refuses a key or signature so weak.";

pub(super) fn expired(place: usize, not_after: i64, now: i64, audience: Audience) -> Advice {
    // As many days as days_remaining is below zero: both are rounded down.
    let ago = match -days_between(now, not_after) {
        _ if now.saturating_sub(not_after) < 86_400 => "less than a day ago".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    };
    let subject = subject(place);
    Advice {
        title: format!("{subject} expired {ago}"),
        explanation: format!(
            "{} was valid until {}. {}",
            the(place),
            date(not_after),
            consequence(audience, DANE_DATES)
        ),
        fix: match place {
            0 => "Renew the certificate and have the server load it: most read it at start or reload only. \
                  Then see why the renewal did not happen by itself, and watch the date."
                .to_owned(),
            _ => "Fetch the authority's current intermediate certificate and send that in place of the \
                  expired one."
                .to_owned(),
        },
    }
}

pub(super) fn not_yet_valid(place: usize, not_before: i64, audience: Audience) -> Advice {
    let subject = subject(place);
    Advice {
        title: format!("{subject} is not valid yet"),
        explanation: format!(
            "{} is valid from {}. {}",
            the(place),
            date(not_before),
            consequence(audience, DANE_DATES)
        ),
        fix: "Use the former certificate until then, or have a new one issued. See that the clock of the \
              machine that made it is right."
            .to_owned(),
    }
}

pub(super) fn expiring_soon(days: i64, not_after: i64, audience: Audience) -> Advice {
    let left = match days {
        0 => "in less than a day".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    };
    Advice {
        title: format!("Certificate expires {left}"),
        explanation: format!(
            "It is valid until {}, and until then nothing changes for anyone. After that: {}",
            date(not_after),
            consequence(audience, DANE_DATES)
        ),
        fix: "Renew the certificate now and have the server load it. If it renews by itself, see why it has \
              not, or whether the server still holds the former one. Where TLSA records name its key, \
              publish the new record before the change."
            .to_owned(),
    }
}

pub(super) fn hostname_mismatch(
    host: &str,
    presented: &[String],
    total: usize,
    audience: Audience,
) -> Advice {
    let names = match total {
        0 => "It presents no DNS name and no IP address at all".to_owned(),
        _ if total > presented.len() => {
            format!("It is for {}, and {} more", list(presented), total - presented.len())
        }
        _ => format!("It is for {}", list(presented)),
    };
    Advice {
        title: format!("The certificate is not for {host}"),
        explanation: format!(
            "{names}; none of that matches {host} (RFC 9525 §6). {}",
            consequence(audience, DANE_NAME)
        ),
        fix: format!(
            "Have a certificate issued with {host} among its subject alternative names. Senders look for the \
             name in the MX record, clients for the name they are set up with: test by that name."
        ),
    }
}

pub(super) fn self_signed(audience: Audience) -> Advice {
    Advice {
        title: "The certificate is self-signed".to_owned(),
        explanation: format!(
            "It is signed with its own key, and no authority vouches for it: anyone can make one with this \
             name. {}",
            consequence(audience, DANE_ISSUER)
        ),
        fix: "Have a certificate issued by a public authority, at no cost by ACME (RFC 8555), or publish \
              TLSA records for this one if only DANE senders matter. A private authority's certificate can \
              be added to the trust anchors of this test."
            .to_owned(),
    }
}

pub(super) fn chain_incomplete(issuer: &str, unreadable: bool, audience: Audience) -> Advice {
    let issuer = inert_within(issuer);
    let perhaps = match unreadable {
        true => " One of the certificates that were sent cannot be read; it may be that one, damaged.",
        false => "",
    };
    Advice {
        title: "An intermediate certificate is missing".to_owned(),
        explanation: format!(
            "The certificate of the issuer, {issuer}, was not sent, so that no path leads to a trust anchor. \
             Web browsers often know or fetch it; mail servers and clients do not.{perhaps} {}",
            consequence(audience, DANE_CHAIN)
        ),
        fix:
            "Send the intermediate certificates after the server's own, each followed by its issuer's: with \
              ACME clients that is the file named fullchain, not cert."
                .to_owned(),
    }
}

pub(super) fn untrusted(root: &str, sent: bool, audience: Audience) -> Advice {
    let root = inert_within(root);
    let whether = if sent { "which the server sent" } else { "which was not sent" };
    Advice {
        title: "The certificate leads to a root that is not trusted".to_owned(),
        explanation: format!(
            "The path ends at {root}, {whether}, and neither Mozilla's programme nor the anchors added to \
             this test hold it. {}",
            consequence(audience, DANE_ISSUER)
        ),
        fix: "Have a certificate issued by a public authority, at no cost by ACME (RFC 8555). If only \
              machines that trust this root connect, add it to the trust anchors of this test."
            .to_owned(),
    }
}

pub(super) fn path_invalid(faults: &[String], anchor: bool, audience: Audience) -> Advice {
    let mut fix =
        "Have a new certificate issued for a TLS server, and send it with the intermediates that its \
                   authority names."
            .to_owned();
    if anchor {
        fix = "Replace the trust anchor that was added by the authority's current one, wherever it is trusted. \
               Where the authority has none, have a certificate issued by another."
            .to_owned();
    }
    Advice {
        title: "The certification path breaks a rule".to_owned(),
        explanation: format!("{} {}", faults.join(" "), consequence(audience, DANE_PATH)),
        fix,
    }
}

pub(super) fn unreadable(why: &str, audience: Audience) -> Advice {
    Advice {
        title: "The certificate cannot be read".to_owned(),
        explanation: format!("{why} {}", consequence(audience, DANE_PATH)),
        fix: "Look at the file that the server presents, with another program too (openssl x509 -text). If it is whole, have \
              a new certificate issued by an authority that keeps to RFC 5280."
            .to_owned(),
    }
}

pub(super) fn serial_number(numbers: &[(usize, String)], audience: Audience) -> Advice {
    let senders = "Senders of every kind, opportunistic, MTA-STS and DANE, deliver as a rule. Those whose TLS library reads \
                   certificates strictly, as Go's does with a negative number, get no TLS at all, and deliver in clear text \
                   or not.";
    let clients = "Mail clients whose TLS library reads certificates strictly refuse the connection; others pass over it.";
    Advice {
        title: "A serial number breaks a rule".to_owned(),
        explanation: format!(
            "{}. A serial number must be above zero and have at most 20 octets (RFC 5280 §4.1.2.2). {}",
            places(numbers, "has"),
            audience.pick(senders, clients)
        ),
        fix: "Have the certificate issued anew, with a random positive serial number: public authorities give no others. Of \
              a private authority's software this is a setting."
            .to_owned(),
    }
}

pub(super) fn path_unknown(audience: Audience) -> Advice {
    let senders = format!(
        "Opportunistic senders deliver: they do not look at the certificate. Senders that enforce MTA-STS deliver if \
         their TLS library finds a path to a root that they trust, else not at all; it may give up the search as well. \
         {DANE_CHAIN}"
    );
    let clients = "Mail clients whose TLS library finds a path send mail; others refuse the connection or warn their \
                   user.";
    Advice {
        title: "The search for a certification path was given up".to_owned(),
        explanation: format!(
            "So many certificates were sent, or so many that may have issued one another, that this test stopped looking \
             before it found a path to a trust anchor: whether there is one is not known. {}",
            audience.pick(&senders, clients)
        ),
        fix: "Send the server's own certificate and the intermediates that its authority names, each followed by its \
              issuer's, and nothing else."
            .to_owned(),
    }
}

pub(super) fn weak_key(keys: &[(usize, String)], audience: Audience) -> Advice {
    Advice {
        title: "A key is too short".to_owned(),
        explanation: format!(
            "{}. RSA keys need 2048 bits, keys on elliptic curves 224 (RFC 9325 §4.5). {}",
            places(keys, "has the key"),
            strength(audience)
        ),
        fix:
            "Make a new key, ECDSA P-256 or RSA 2048 or longer, and have a certificate issued for it. Where \
              TLSA records name the key, publish the new record before the change."
                .to_owned(),
    }
}

pub(super) fn weak_signature(signatures: &[(usize, String)], audience: Audience) -> Advice {
    Advice {
        title: "A signature rests on MD5 or SHA-1".to_owned(),
        explanation: format!(
            "{}. Such signatures can be forged, and no public authority makes them any more. {}",
            places(signatures, "is signed with"),
            strength(audience)
        ),
        fix: "Have the certificate issued anew with SHA-256 or better; replace an old intermediate by the \
              authority's current one."
            .to_owned(),
    }
}

fn strength(audience: Audience) -> String {
    let senders = format!(
        "Opportunistic senders deliver, unless their TLS library refuses it. Senders that enforce MTA-STS do \
         not deliver where theirs refuses it, as most do. {DANE_STRENGTH}"
    );
    audience.pick(&senders, "Mail clients of today refuse the connection.")
}

pub(super) fn common_name_only(name: &str, matches: bool, audience: Audience) -> Advice {
    let name = visible_within(name);
    let title = match matches {
        true => "Only the common name carries the name",
        false => "The certificate has no subject alternative name",
    };
    Advice {
        title: title.to_owned(),
        explanation: format!(
            "There is no subject alternative name; the name stands in the common name alone ({name}), which \
             no longer counts (RFC 9525 §2). {}",
            consequence(audience, DANE_NAME)
        ),
        fix: "Have a certificate issued that has the host name among its subject alternative names."
            .to_owned(),
    }
}

fn subject(place: usize) -> String {
    match place {
        0 => "Certificate".to_owned(),
        place => format!("Certificate {} of the chain", place + 1),
    }
}

fn the(place: usize) -> String {
    if place == 0 { "The certificate".to_owned() } else { subject(place) }
}

fn places(items: &[(usize, String)], verb: &str) -> String {
    let one = |(place, what): &(usize, String)| match place {
        0 => format!("The certificate {verb} {what}"),
        place => format!("certificate {} of the chain {verb} {what}", place + 1),
    };
    let text = items.iter().map(one).collect::<Vec<_>>().join(", ");
    text[..1].to_ascii_uppercase() + &text[1..]
}
