use heloscope_words::{mark, say, spoken};

use super::certificate::NEW_KEY;
use super::handshake::STARTTLS_BROKEN;
use super::{Advice, Audience};
use crate::checks::Demands;
use crate::names::Weakness;

pub(super) fn starttls_missing(audience: Audience) -> Advice {
    Advice {
        title: say!("STARTTLS is not offered").to_owned(),
        explanation: say!(
            "The server answers EHLO and does not offer STARTTLS. {}",
            audience.says(
                mark!("Opportunistic senders deliver in clear text: everyone on the path can read and alter the \
                 mail. Senders that enforce MTA-STS do not deliver (RFC 8461 §5). DANE senders do not \
                 deliver where TLSA records are published for this host (RFC 7672 §2.2); where there are \
                 none they act as opportunistic senders."),
                mark!("Mail clients set to demand STARTTLS refuse to go on; those set to use TLS where there is \
                 some send password and mail in clear text."),
            )
        ),
        fix: say!("Give the server a certificate and switch STARTTLS on (Postfix: smtpd_tls_chain_files and \
              smtpd_tls_security_level = may, for port 587 encrypt; Exim: tls_advertise_hosts = *). If it is on, look for a \
              firewall on the path that removes it from the EHLO reply.")
            .to_owned(),
    }
}

pub(super) fn outdated_only(choice: &str, why: &str, demands: Demands, audience: Audience) -> Advice {
    let Demands { group, key, by_openssl, is_rare } = demands;
    let follows = match by_openssl {
        _ if is_rare => {
            audience.says(STARTTLS_BROKEN, mark!("Mail clients of today refuse it and cannot send mail."))
        }
        true => audience.says(
            mark!(
                "Opportunistic senders that speak it, such as Postfix on OpenSSL, deliver over TLS; others \
             deliver in clear text after a failed attempt, or keep the mail queued. Senders that enforce \
             MTA-STS, and DANE senders where TLSA records are published, deliver if they speak it, else \
             not at all."
            ),
            mark!("Mail clients that speak it, such as those on OpenSSL, send mail; others cannot."),
        ),
        false => audience.says(
            mark!(
                "Opportunistic senders that speak it deliver over TLS; others \
             deliver in clear text after a failed attempt, or keep the mail queued. Senders that enforce \
             MTA-STS, and DANE senders where TLSA records are published, deliver if they speak it, else \
             not at all."
            ),
            mark!("Mail clients that speak it send mail; others cannot."),
        ),
    };
    let whom = match is_rare {
        true => {
            mark!("OpenSSL and GnuTLS do not offer it unless told to, and TLS comes up with hardly anyone.")
        }
        false => mark!("TLS does not come up with everyone."),
    };
    Advice {
        title: match is_rare {
            true => say!("The server takes only what hardly any TLS library speaks").to_owned(),
            false => say!("The server takes only what many TLS libraries do not speak").to_owned(),
        },
        explanation: say!("The server chose {choice}: {why}. {} {follows}", spoken(whom)),
        fix: match (key, group) {
            (true, _) => spoken(NEW_KEY),
            (false, true) => say!(
                "Allow the groups X25519 and secp256r1 (Postfix: tls_eecdh_auto_curves; Exim: tls_eccurve)."
            ),
            (false, false) => spoken(ALLOW_MODERN),
        }
        .to_owned(),
    }
}

pub(super) fn hello_intolerance(
    said: &str,
    second: Option<usize>,
    long_name: bool,
    audience: Audience,
) -> Advice {
    let refused = match second {
        None => mark!(
            "The first hello was that of a TLS library of today, with TLS 1.3 and its key shares; the other goes up to TLS \
             1.2."
        ),
        Some(LARGE..) => mark!(
            "It took the first hello, that of a TLS library of today; the second had the key share that it asked for, and is \
             so large that on many paths it takes two TCP segments. The older one goes up to TLS 1.2 and is shorter."
        ),
        Some(_) => mark!(
            "It took the first hello, that of a TLS library of today; the second had the key share that it asked for. The \
             older one goes up to TLS 1.2."
        ),
    };
    // As long as a hello may be by RFC 7685 §4 that is not taken, with the header of its record.
    let length = match second {
        None if long_name => say!(
            " The length of the first one may be the cause as well: with this host's name it is 256 to 511 octets long, which \
             certain load balancers do not take (RFC 7685 §4); the other is longer."
        ),
        Some(261..=516) if !long_name => say!(
            " The length of the second one may be the cause as well: certain load balancers take no hello of 256 to 511 octets \
             (RFC 7685 §4), and neither the first nor the older one has such a length."
        ),
        _ => "",
    };
    let fix = match second {
        Some(LARGE..) => mark!(
            "Update the server's TLS library, and look at the firewalls, load balancers and proxies before it: some read \
             only the first segment of a hello. If that cannot be mended, switch off the groups with large shares, such as \
             X25519MLKEM768."
        ),
        _ => mark!(
            "Update the server's TLS library, and look at the firewalls, load balancers and proxies before it: some drop a \
             hello of 256 to 511 octets (RFC 7685), or one that offers TLS 1.3."
        ),
    };
    Advice {
        title: say!("The server takes an older form of hello, not today's").to_owned(),
        explanation: format!(
            "{said} {}{length} {}",
            spoken(refused),
            audience.says(
                mark!("Opportunistic senders with an older hello deliver over TLS; others deliver in clear text \
                 after a failed attempt, or keep the mail queued. Senders that enforce MTA-STS, and DANE \
                 senders where TLSA records are published, deliver with an older hello only."),
                mark!("Mail clients with an older hello send mail; others cannot."),
            )
        ),
        fix: spoken(fix).to_owned(),
    }
}

/// Octets of a hello that does not fit into every packet: IPv6 demands no more of a path than 1280 (RFC 8200 §5).
const LARGE: usize = 1280;

pub(super) fn name_refused(said: &str, long_name: bool, audience: Audience) -> Advice {
    let length = match long_name {
        true => say!(
            " A hello with this host's name is longer than 255 octets, the one without it is not: the length may be the cause \
             as well, and not the name. Certain load balancers take no hello of 256 to 511 octets (RFC 7685 §4)."
        ),
        false => "",
    };
    Advice {
        title: say!("The server refuses a hello that names it").to_owned(),
        explanation: format!(
            "{said}{length} {}",
            audience.says(
                mark!("Opportunistic senders that send no SNI, as Postfix does unless told to, deliver over TLS; \
                 others deliver in clear text after a failed attempt, or keep the mail queued. MTA-STS and \
                 DANE senders must name the host (RFC 8461 §7.1, RFC 7672 §8.1) and do not deliver."),
                mark!("Mail clients name the host, and cannot send mail."),
            )
        ),
        fix: spoken(NAME_FIX).to_owned(),
    }
}

pub(super) const NAME_FIX: &str = mark!(
    "Let the server present its certificate whatever name is asked for, if any, or tell it this name, in its virtual hosts or \
     its SNI map. Look at proxies before it, which may know it by another name."
);

pub(super) fn starttls_inside_tls() -> Advice {
    Advice {
        title: say!("STARTTLS is offered inside TLS").to_owned(),
        explanation: say!(
            "The EHLO reply inside TLS offers STARTTLS, which a server must not (RFC 3207 \
                      §4.2). Senders of every kind, opportunistic, MTA-STS and DANE, and mail clients pass \
                      over it: TLS is up. One that takes it at its word gets an error."
        )
        .to_owned(),
        fix: say!(
            "Update the server. If a proxy before it ends TLS, let the server know which connections come \
              over TLS."
        )
        .to_owned(),
    }
}

pub(super) fn injection(octets: usize, begun: &str) -> Advice {
    Advice {
        title: say!("Clear text follows the 220 to STARTTLS").to_owned(),
        explanation: say!(
            "Between the 220 to STARTTLS and the handshake came {octets} octets that nobody asked for: \
             “{begun}”. A client that takes them for replies inside TLS believes what an attacker on the \
             path wrote (response injection). Senders of every kind, opportunistic, MTA-STS and DANE, and \
             mail clients are exposed to it; careful ones drop the octets or the connection."
        ),
        fix: say!(
            "Update the mail server and any proxy before it, and test again from another network: if the \
              octets are gone there, a device on the first path puts them in."
        )
        .to_owned(),
    }
}

pub(super) fn version_weak(version: &str, leads_nowhere: bool, audience: Audience) -> Advice {
    let why = match version {
        "SSL 3.0" => say!("SSL 3.0 is broken (POODLE) and must not be used (RFC 7568)."),
        _ => say!("TLS before 1.2 rests on MD5 and SHA-1 and is withdrawn (RFC 8996)."),
    };
    let follows = match leads_nowhere {
        true => broken(audience),
        false => audience.says(
            mark!(
                "Opportunistic senders that still speak it deliver over it; others deliver in clear text or \
                 keep the mail queued. Senders that enforce MTA-STS demand TLS 1.2 as a rule and do not \
                 deliver. DANE senders deliver only if they still speak this version."
            ),
            mark!("Mail clients of today refuse it and cannot send mail."),
        ),
    };
    Advice {
        title: say!("The server speaks {version} at best"),
        explanation: format!("{why} {follows}"),
        fix: say!(
            "Update the server's TLS library and allow TLS 1.2 and 1.3 (Postfix: smtpd_tls_protocols = \
              >=TLSv1.2)."
        )
        .to_owned(),
    }
}

/// No handshake ends with what was chosen.
pub(super) fn broken(audience: Audience) -> String {
    audience.says(STARTTLS_BROKEN, mark!("Mail clients cannot send mail."))
}

pub(super) fn cipher_weak(
    suite: &str,
    weaknesses: &[Weakness],
    leads_nowhere: bool,
    audience: Audience,
) -> Advice {
    let anonymous = weaknesses.contains(&Weakness::Anonymous);
    let enforcing = match (anonymous, weaknesses.contains(&Weakness::Null)) {
        (true, _) => {
            say!(
                "Senders that enforce MTA-STS, and DANE senders where TLSA records are published, do not offer it; whether the \
             server has a certificate for them is not known."
            )
        }
        (false, true) => {
            say!(
                "Over it everyone on the path reads the mail all the same. Senders that enforce MTA-STS, and DANE senders where \
             TLSA records are published, do not offer it, and do not deliver."
            )
        }
        (false, false) => {
            say!(
                "Senders that enforce MTA-STS and DANE senders judge the certificate and not the suite: as far as the suite \
             goes, they deliver if they still offer it, else not at all."
            )
        }
    };
    let senders = say!(
        "Opportunistic senders deliver over it where they still offer it, else in clear text. {enforcing}"
    );
    let clients = match anonymous {
        true => {
            say!("Mail clients do not offer it; whether the server has a certificate for them is not known.")
        }
        false => {
            say!("Mail clients use it where they still offer it, and cannot send mail where they do not.")
        }
    };
    let weaknesses: Vec<String> = weaknesses.iter().map(|weakness| weakness.words()).collect();
    Advice {
        title: say!("The server chose a weak cipher suite, {suite}"),
        explanation: say!(
            "What is weak about it: {}. {}",
            weaknesses.join("; "),
            match leads_nowhere {
                true => broken(audience),
                false => audience.pick(&senders, clients).to_owned(),
            }
        ),
        fix: spoken(ALLOW_MODERN).to_owned(),
    }
}

const ALLOW_MODERN: &str = mark!(
    "Allow ECDHE with AES-GCM or ChaCha20-Poly1305 and prefer them, and allow TLS 1.3 with \
                            the same."
);
