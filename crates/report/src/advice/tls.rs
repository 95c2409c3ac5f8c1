use heloscope_words::{mark, say, spoken};

use super::{Advice, Audience};
use crate::checks::{Handshaking, Refused};
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
              smtpd_tls_security_level = may; Exim: tls_advertise_hosts = *). If it is on, look for a \
              firewall on the path that removes it from the EHLO reply.")
            .to_owned(),
    }
}

fn starttls_broken(audience: Audience) -> String {
    audience.says(
    mark!("Opportunistic senders deliver in clear text after a failed attempt, or keep the mail queued. Senders \
     that enforce MTA-STS do not deliver (RFC 8461 §5), nor do DANE senders where TLSA records are published \
     for this host (RFC 7672 §2.2)."),
    mark!("Mail clients set to STARTTLS cannot send mail."),
    )
}

/// As far as is known where a hello that offers what is old as well could not be tried.
fn starttls_broken_today(audience: Audience) -> String {
    audience.says(
        mark!(
            "With a hello of today's form opportunistic senders deliver in clear text after a failed attempt, or keep the mail \
             queued; senders that enforce MTA-STS do not deliver (RFC 8461 §5), nor do DANE senders where TLSA records are \
             published for this host (RFC 7672 §2.2). Those that offer older versions and cipher suites as well may get \
             through."
        ),
        CLIENTS_TODAY,
    )
}

const CLIENTS_TODAY: &str = mark!(
    "Mail clients with a hello of today's form cannot send mail. Those that offer older versions and cipher suites as well \
     may get through."
);

/// Where a hello could not be tried, a later test may.
fn test_again(failed: &Handshaking, fix: &str) -> String {
    match failed.open {
        true => say!("{fix} Test again later: the hello that could not be tried this time tells more."),
        false => fix.to_owned(),
    }
}

pub(super) fn starttls_refused(refused: &Refused, audience: Audience) -> Advice {
    let Refused { code, said, .. } = refused;
    Advice {
        title: say!("STARTTLS is offered but refused with {code}"),
        explanation: format!("{said} {}", starttls_broken(audience)),
        fix: match code {
            500 | 502 | 503 => {
                say!("Switch STARTTLS on (Postfix: smtpd_tls_security_level = may; Exim: tls_advertise_hosts), or stop offering \
                 it. If the server's log shows another command, or none, a proxy, filter or device before it takes STARTTLS \
                 away; if the log does not know the connection, that device answered.")
            }
            501 | 504 => {
                say!("The command was STARTTLS and nothing more, as RFC 3207 §4 demands. If the server's log shows something \
                 else, a proxy, filter or device before it altered the command; if not, update the server.")
            }
            530 => {
                say!("Look in the server's log for the command that it got: if it was not STARTTLS, a proxy, filter or device \
                 before it altered it.")
            }
            535 | 550 | 551 | 553 | 554 => {
                say!("Look in the server's log for the rule that refused STARTTLS: it must be open to everyone to whom it is \
                 offered.")
            }
            _ => {
                say!("Look in the server's log for why TLS is not available: a certificate or key that is missing, unreadable or \
                 does not match is the usual cause. If the log shows no such command, a device on the path altered it.")
            }
        }
        .to_owned(),
    }
}

/// A code that is neither 220 nor a refusal.
pub(super) fn starttls_answered_oddly(refused: &Refused, audience: Audience) -> Advice {
    let Refused { code, said, .. } = refused;
    let code = format!("{code:03}");
    Advice {
        title: say!("STARTTLS is offered but answered with {code}, not 220"),
        explanation: say!(
            "{said} Only 220 lets TLS begin (RFC 3207 §4). {}",
            starttls_broken(audience)
        ),
        fix: say!("Let the server answer STARTTLS with 220, or not offer it. If it does, look for what answers in its place, or \
              sends a reply too many before: a proxy, a filter, a device on the path.")
            .to_owned(),
    }
}

pub(super) fn starttls_failed(failed: &Handshaking, audience: Audience) -> Advice {
    Advice {
        title: match failed.begun {
            true if failed.open => {
                say!("STARTTLS is offered but the handshake fails with a hello of today's form").to_owned()
            }
            true => say!("STARTTLS is offered but the handshake fails").to_owned(),
            false => say!("STARTTLS is offered but the server hangs up at it").to_owned(),
        },
        explanation: format!(
            "{}{} {}",
            failed.said,
            besides(failed),
            match failed.open {
                true => starttls_broken_today(audience),
                false => starttls_broken(audience),
            }
        ),
        fix: test_again(failed, handshake_fix(failed)),
    }
}

pub(super) fn failed(failed: &Handshaking) -> Advice {
    let clients = match failed.open {
        true => spoken(CLIENTS_TODAY),
        false => say!("Mail clients set to TLS on this port cannot send mail."),
    };
    Advice {
        title: match failed.open {
            true => say!("TLS does not come up with a hello of today's form").to_owned(),
            false => say!("TLS does not come up").to_owned(),
        },
        explanation: say!(
            "{}{} {clients} Other mail servers do not use this port: opportunistic, MTA-STS and DANE senders are not \
             affected.",
            failed.said,
            besides(failed)
        ),
        fix: test_again(failed, &failed_fix(failed)),
    }
}

fn failed_fix(failed: &Handshaking) -> String {
    match (&failed.choice, failed.client_certificate_requested) {
            // It speaks TLS.
            _ if failed.bad_signature => spoken(BAD_SIGNATURE_FIX).to_owned(),
            (None, false) if failed.no_tls => say!(
                "Let TLS begin with the first octet on this port (Postfix: smtpd_tls_wrappermode = yes; Exim: \
                 tls_on_connect_ports). If the server is set up so, look for what answers in its place: another service, or a \
                 proxy or filter before it."
            )
            .to_owned(),
            (Some(_), _) | (_, true) => handshake_fix(failed).to_owned(),
            (None, false) => say!(
                "On port 465 TLS begins with the first octet (Postfix: smtpd_tls_wrappermode = yes; Exim: \
                 tls_on_connect_ports = 465). {}",
                spoken(HANDSHAKE_FIX)
            ),
    }
}

const HANDSHAKE_FIX: &str = mark!(
    "Allow TLS 1.2 and 1.3 with ECDHE and AES-GCM or ChaCha20, see that certificate \
                             and key belong together and that the server can read them, and look in its log \
                             for the handshake's error."
);

const BAD_SIGNATURE_FIX: &str = mark!(
    "Give the server the key that belongs to its certificate, in every place that answers under \
     this name, proxies that end TLS included. If it has it, test from another network: something \
     on the path may answer in its place."
);

fn handshake_fix(failed: &Handshaking) -> &'static str {
    match failed.client_certificate_requested {
        _ if failed.bad_signature => spoken(BAD_SIGNATURE_FIX),
        false if failed.no_tls => {
            say!(
                "Let TLS begin right after the 220 to STARTTLS (RFC 3207 §4). If the server's log shows nothing of the \
                 handshake, look for what answered in its place: a proxy, filter or device before it that took STARTTLS and \
                 does not speak TLS."
            )
        }
        true => {
            say!(
                "Stop requiring a client certificate (Postfix: smtpd_tls_req_ccert = no; Exim: leave tls_verify_hosts empty, \
             tls_try_verify_hosts asks and does not require; OpenSMTPD: no verify in the listen rule). If the server only \
             asks for one, look in its log for the handshake's error."
            )
        }
        false if !failed.begun => {
            say!(
                "Look in the server's log for why it ended the connection at STARTTLS: a certificate or key that it cannot read, a \
                 process that crashes. If the log shows no such command, look for what ended it before the server: a proxy, a \
                 filter, a device on the path."
            )
        }
        false => spoken(HANDSHAKE_FIX),
    }
}

/// What else is known of a handshake that failed.
fn besides(failed: &Handshaking) -> String {
    let mut words = String::new();
    if let Some(choice) = failed.choice.as_ref().filter(|_| !failed.taken) {
        words.push_str(&say!(
            " The server answered a hello of an older form, and chose {choice}: what it dislikes comes later in the \
             handshake, or stands in newer hellos only."
        ));
    }
    // The alert has said it.
    if failed.client_certificate_requested && !failed.client_certificate_required && !failed.taken {
        words.push_str(say!(
            " The server asked for a client certificate, which mail servers and mail clients do not have."
        ));
    }
    words
}

pub(super) fn outdated_only(choice: &str, why: &[&str], audience: Audience) -> Advice {
    Advice {
        title: say!("The server takes only what modern TLS libraries no longer speak").to_owned(),
        explanation: say!(
            "The server answered a hello of an older form, and chose {choice}: {}. It is not broken, but TLS does not \
             come up with everyone. {}",
            why.join("; "),
            audience.says(
                mark!("Opportunistic senders that speak it, such as Postfix on OpenSSL, deliver over TLS; others \
                 deliver in clear text after a failed attempt, or keep the mail queued. Senders that enforce \
                 MTA-STS, and DANE senders where TLSA records are published, deliver if they speak it, else \
                 not at all."),
                mark!("Mail clients that speak it, such as those on OpenSSL, send mail; others cannot."),
            )
        ),
        fix: spoken(ALLOW_MODERN).to_owned(),
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
        fix: say!("Let the server present its certificate whatever name is asked for, or tell it this name. Look at \
              proxies before it, which may know it by another name.")
            .to_owned(),
    }
}

pub(super) fn starttls_inside_tls() -> Advice {
    Advice {
        title: say!("STARTTLS is offered inside TLS").to_owned(),
        explanation: say!(
            "The EHLO reply inside TLS offers STARTTLS once more, which a server must not (RFC 3207 \
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

pub(super) fn version_weak(version: &str, audience: Audience) -> Advice {
    let why = match version {
        "SSL 3.0" => say!("SSL 3.0 is broken (POODLE) and must not be used (RFC 7568)."),
        _ => say!("TLS before 1.2 rests on MD5 and SHA-1 and is withdrawn (RFC 8996)."),
    };
    Advice {
        title: say!("The server speaks {version} at best"),
        explanation: format!(
            "{why} {}",
            audience.says(
                mark!("Opportunistic senders that still speak it deliver over it; others deliver in clear text or \
                 keep the mail queued. Senders that enforce MTA-STS demand TLS 1.2 as a rule and do not \
                 deliver. DANE senders deliver only if they still speak this version."),
                mark!("Mail clients of today refuse it and cannot send mail."),
            )
        ),
        fix: say!("Update the server's TLS library and allow TLS 1.2 and 1.3 (Postfix: smtpd_tls_protocols = \
              >=TLSv1.2).")
            .to_owned(),
    }
}

pub(super) fn cipher_weak(suite: &str, weaknesses: &[Weakness], audience: Audience) -> Advice {
    let anonymous = weaknesses.contains(&Weakness::Anonymous);
    let enforcing = match (anonymous, weaknesses.contains(&Weakness::Null)) {
        (true, _) => {
            say!(
                "Senders that enforce MTA-STS do not deliver, nor do DANE senders where TLSA records are published: there is no \
             certificate to look at."
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
        true => say!("Mail clients cannot send mail: there is no certificate to look at."),
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
            audience.pick(&senders, clients)
        ),
        fix: spoken(ALLOW_MODERN).to_owned(),
    }
}

const ALLOW_MODERN: &str = mark!(
    "Allow ECDHE with AES-GCM or ChaCha20-Poly1305 and prefer them, and allow TLS 1.3, which \
                            has no weak suites."
);
