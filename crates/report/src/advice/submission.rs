//! Where AUTH is offered, and where it is not.

use heloscope_words::{mark, say};

use super::session::list;
use super::{Advice, Audience};

pub(super) fn auth_without_tls(mechanisms: &[String], audience: Audience) -> Advice {
    let plain = mechanisms.iter().any(|mechanism| mechanism == "PLAIN" || mechanism == "LOGIN");
    let risk = match plain {
        true => {
            say!(
                "PLAIN and LOGIN send the password as it is: a client that logs in without TLS gives it to \
             everyone on the path."
            )
        }
        false => {
            say!(
                "A client that logs in without TLS shows who it is and what it sends to everyone on the path."
            )
        }
    };
    let follows = audience.says(
        mark!("Mail between servers is not affected: senders, whether opportunistic, MTA-STS or DANE, do not log \
         in."),
        mark!("Mail clients set to demand TLS log in only after STARTTLS; those that are not, or whose STARTTLS an \
         attacker removes, log in in clear text."),
    );
    let offered = match mechanisms {
        [] => say!("AUTH is offered before TLS").to_owned(),
        _ => say!("AUTH is offered before TLS, with {}", list(mechanisms)),
    };
    Advice {
        title: say!("AUTH is offered before TLS").to_owned(),
        explanation: format!("{offered}. {risk} {follows}"),
        fix: say!(
            "Offer AUTH only inside TLS (Postfix: smtpd_tls_auth_only = yes; Exim: auth_advertise_hosts = {}). On port 25 \
             offer none at all; submission has ports 465 and 587.",
            "${if eq{$tls_in_cipher}{}{}{*}}"
        )
            .to_owned(),
    }
}

pub(super) fn submission_without_auth() -> Advice {
    Advice {
        title: say!("No AUTH is offered on a submission port").to_owned(),
        explanation: say!(
            "After TLS the EHLO reply has no AUTH, so mail clients cannot log in; a client that \
                      must log in cannot send. The server may know its users otherwise, by address or by \
                      client certificate. Other mail servers do not use this port: opportunistic, MTA-STS \
                      and DANE senders are not affected."
        )
        .to_owned(),
        fix: say!(
            "Switch authentication on for this port (Postfix: smtpd_sasl_auth_enable = yes), or close the \
              port if nobody submits mail here."
        )
        .to_owned(),
    }
}
