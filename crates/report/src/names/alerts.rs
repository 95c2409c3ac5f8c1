//! TLS alerts: IANA's names, and what one usually means when a mail server sends it.

use heloscope_observation::AlertDescription;
use heloscope_words::{mark, say, spoken};

/// The name in IANA's "TLS Alerts" registry; its number for one that is not known.
pub(crate) fn alert_name(alert: AlertDescription) -> String {
    row(alert).map_or_else(|| alert.0.to_string(), |(_, name, _)| (*name).to_owned())
}

/// What the alert usually means, a whole sentence; `None` for one that is not known.
pub(crate) fn alert_meaning(alert: AlertDescription) -> Option<&'static str> {
    row(alert).map(|(_, _, meaning)| spoken(meaning)).filter(|meaning| !meaning.is_empty())
}

/// Of what a server warns with this alert, to stand after "it warned". `names_host`: whether the hello names a host.
pub(crate) fn warning_words(alert: AlertDescription, names_host: bool) -> String {
    let name = alert_name(alert);
    match alert {
        AlertDescription::UNRECOGNIZED_NAME if names_host => {
            say!("that it does not know the name in the hello (alert {name}, RFC 6066 §3)")
        }
        _ => say!("with the alert {name}"),
    }
}

fn row(alert: AlertDescription) -> Option<&'static (u8, &'static str, &'static str)> {
    ALERTS.iter().find(|(number, ..)| *number == alert.0)
}

const CLIENT_CERTIFICATE: &str = mark!(
    "It speaks of the client's certificate, of which there is none here: the server seems to demand one."
);
const BROKEN_RECORD: &str = mark!(
    "A record did not decrypt or did not parse: a fault in the server's TLS library, \
                             or a device on the path that alters octets."
);

/// RFC 8446 §6 and RFC 5246 §7.2 say what each is for.
#[rustfmt::skip]
const ALERTS: &[(u8, &str, &str)] = &[
    (0, "close_notify", mark!("The server ended TLS in good order, but too early.")),
    (10, "unexpected_message", mark!("The server's TLS was in another state than the handshake allows: often a \
                                fault in its TLS library.")),
    (20, "bad_record_mac", BROKEN_RECORD),
    (21, "decryption_failed_RESERVED", BROKEN_RECORD),
    (22, "record_overflow", BROKEN_RECORD),
    (30, "decompression_failure_RESERVED", BROKEN_RECORD),
    (40, "handshake_failure", mark!("The server found nothing in common with what was offered: usually it accepts \
                               only old cipher suites or key exchanges, has no certificate, or has one of a \
                               kind that fits no suite offered.")),
    (41, "no_certificate_RESERVED", CLIENT_CERTIFICATE),
    (42, "bad_certificate", CLIENT_CERTIFICATE),
    (43, "unsupported_certificate", CLIENT_CERTIFICATE),
    (44, "certificate_revoked", CLIENT_CERTIFICATE),
    (45, "certificate_expired", CLIENT_CERTIFICATE),
    (46, "certificate_unknown", CLIENT_CERTIFICATE),
    (47, "illegal_parameter", mark!("The server took a field of the handshake for inconsistent: often a fault in \
                               its TLS library, or in a device on the path.")),
    (48, "unknown_ca", CLIENT_CERTIFICATE),
    (49, "access_denied", mark!("The server's access rules refused the session.")),
    (50, "decode_error", mark!("The server could not read a handshake message: often a TLS library or a device on \
                          the path that dislikes large or new hellos.")),
    (51, "decrypt_error", mark!("A signature or a Finished message did not verify at the server.")),
    (60, "export_restriction_RESERVED", mark!("The server speaks of export rules that ended in 2000: its TLS \
                                         library is very old.")),
    (70, "protocol_version", mark!("The server speaks none of the versions offered: usually nothing newer than TLS \
                              1.1.")),
    (71, "insufficient_security", mark!("The server demands stronger cipher suites or groups than those offered.")),
    (80, "internal_error", mark!("The server's TLS failed for a reason of its own: often a certificate or key that \
                            is missing, unreadable or does not match.")),
    (86, "inappropriate_fallback", mark!("The server took the hello for a forced downgrade.")),
    (90, "user_canceled", mark!("The server gave up the handshake for a reason outside TLS.")),
    (100, "no_renegotiation", mark!("The server refused to negotiate anew.")),
    (109, "missing_extension", mark!("The server demands an extension that was not offered.")),
    (110, "unsupported_extension", mark!("The server met an extension it did not expect.")),
    (111, "certificate_unobtainable_RESERVED", CLIENT_CERTIFICATE),
    (112, "unrecognized_name", mark!("The server has no certificate for the name asked for (SNI) and will not \
                                answer with another.")),
    (113, "bad_certificate_status_response", ""),
    (114, "bad_certificate_hash_value_RESERVED", CLIENT_CERTIFICATE),
    (115, "unknown_psk_identity", ""),
    (116, "certificate_required", mark!("The server demands a client certificate. Mail servers and mail clients \
                                   have none to give, as a rule.")),
    (117, "general_error", ""),
    (120, "no_application_protocol", mark!("The server demands an application protocol (ALPN): it is set up for \
                                      something other than mail.")),
    (121, "ech_required", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_their_names_and_meanings() {
        assert_eq!(alert_name(AlertDescription(40)), "handshake_failure");
        assert!(alert_meaning(AlertDescription(70)).unwrap().contains("TLS 1.1"));
        assert_eq!(
            (alert_name(AlertDescription(200)), alert_meaning(AlertDescription(200))),
            ("200".into(), None)
        );
        assert_eq!(alert_meaning(AlertDescription(117)), None);
    }
}
