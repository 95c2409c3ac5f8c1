//! Whether a certificate is for the host, in words (RFC 9525).

use std::net::IpAddr;

use heloscope_words::say;

use super::certificate::{DANE_COMMON_NAME, DANE_NAME, consequence};
use super::session::list;
use super::{Advice, Audience};
use crate::visible::visible_within;

pub(super) fn hostname_mismatch(
    host: &str,
    presented: &[String],
    total: usize,
    audience: Audience,
) -> Advice {
    let names = match total {
        0 => {
            say!("It presents no DNS name and no IP address at all, and so stands for no host (RFC 9525 §6).")
                .to_owned()
        }
        _ => {
            let names = listed(presented, total);
            say!("It is for {names}; none of that matches {host} (RFC 9525 §6).")
                + &near_miss(host, presented)
        }
    };
    let by_address = host.parse::<IpAddr>().is_ok();
    let consequence = match by_address {
        true => audience.pick(
            say!("Opportunistic senders deliver all the same: they do not look at the certificate. Senders that enforce MTA-STS \
                  and DANE senders go by the name in the MX record, which is never an address."),
            say!("Mail clients that are set up with the address refuse the connection or warn their user."),
        ),
        false => consequence(audience, DANE_NAME),
    };
    let fix = match by_address {
        true => say!(
            "Test by the name in the MX record, or by the one that clients are set up with. Only where something connects by \
             the address does the certificate need {host} among its subject alternative names, as an IP address."
        ),
        false => say!(
            "Have a certificate issued with {host} among its subject alternative names. Senders look for the \
             name in the MX record, clients for the name they are set up with: test by that name."
        ),
    };
    Advice {
        title: say!("The certificate is not for {host}"),
        explanation: format!("{names} {consequence}"),
        fix,
    }
}

fn listed(presented: &[String], total: usize) -> String {
    match total {
        _ if total > presented.len() => {
            say!("{}, and {} more", list(presented), total - presented.len())
        }
        _ => list(presented),
    }
}

/// Why a name does not count that looks as though it did; a sentence with a space before it, or nothing.
fn near_miss(host: &str, presented: &[String]) -> String {
    let any = |test: &dyn Fn(&str) -> bool| presented.iter().any(|name| test(name));
    let why = if host.parse::<IpAddr>().is_ok() && any(&|name| name == host) {
        say!(
            " The address stands there as a DNS name: only an entry of the kind iPAddress stands for one (RFC 9525 §6.4)."
        )
    } else if any(&|name| name.contains('*')) {
        say!(" A wildcard is the whole left-most label, and stands for exactly one (RFC 9525 §6.3).")
    } else if any(&|name| name.strip_suffix('.').is_some_and(|name| name.eq_ignore_ascii_case(host))) {
        say!(" A name in a certificate has no dot at its end.")
    } else if any(&|name| !name.is_ascii() || name.contains("\\x")) {
        say!(" A name in a certificate is in A-labels, with nothing beyond ASCII (RFC 5280 §7.2).")
    } else {
        ""
    };
    why.to_owned()
}

pub(super) fn common_name_only(name: &str, matches: bool, audience: Audience) -> Advice {
    let name = visible_within(name);
    let (title, which, dane) = match matches {
        true => (
            say!("Only the common name carries the name"),
            say!(
                "There is no subject alternative name; the name stands in the common name alone ({name}), which no longer \
                 counts (RFC 9525 §2)."
            ),
            DANE_COMMON_NAME,
        ),
        false => (
            say!("The certificate has no subject alternative name"),
            say!(
                "There is no subject alternative name; what name there is stands in the common name ({name}), which no longer \
                 counts (RFC 9525 §2)."
            ),
            DANE_NAME,
        ),
    };
    Advice {
        title: title.to_owned(),
        explanation: format!("{which} {}", consequence(audience, dane)),
        fix: say!("Have a certificate issued that has the host name among its subject alternative names.")
            .to_owned(),
    }
}
