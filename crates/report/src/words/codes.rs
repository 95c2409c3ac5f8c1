//! What reply codes and enhanced status codes mean.

use heloscope_smtp::EnhancedStatusCode;

/// What a reply code means: RFC 5321 §4.2.3, or the RFC named; `None` for one that no RFC gives a meaning.
pub(crate) fn reply_code(code: u16) -> Option<&'static str> {
    REPLY_CODES.iter().find(|(number, _)| *number == code).map(|(_, meaning)| *meaning)
}

/// What an enhanced status code means, its class aside: IANA's registry, else what RFC 3463 §3 says of its
/// subject.
pub(crate) fn status_code(code: EnhancedStatusCode) -> Option<&'static str> {
    let row =
        STATUS_CODES.iter().find(|(subject, detail, _)| (*subject, *detail) == (code.subject, code.detail));
    row.map(|(_, _, meaning)| *meaning).or_else(|| SUBJECTS.get(usize::from(code.subject)).copied())
}

/// What the first digit of a reply code says, RFC 5321 §4.2.1; `None` for one that no reply begins with.
pub(crate) fn reply_class(code: u16) -> Option<&'static str> {
    Some(match code / 100 {
        2 => "success",
        3 => "more is awaited from the client",
        4 => "failure for now",
        5 => "failure for good",
        _ => return None,
    })
}

/// What the class of an enhanced status code says, RFC 3463 §2; `None` for one that is none.
pub(crate) fn status_class(code: EnhancedStatusCode) -> Option<&'static str> {
    matches!(code.class, 2 | 4 | 5).then(|| reply_class(u16::from(code.class) * 100)).flatten()
}

pub(crate) const REPLY_CODES: &[(u16, &str)] = &[
    (211, "system status, or system help reply"),
    (214, "help message"),
    (220, "service ready"),
    (221, "service closing transmission channel"),
    (235, "authentication succeeded, RFC 4954"),
    (250, "requested mail action okay, completed"),
    (251, "user not local; will forward"),
    (252, "cannot VRFY user, but will accept message and attempt delivery"),
    (334, "server challenge, RFC 4954"),
    (354, "start mail input"),
    (421, "service not available, closing transmission channel"),
    (432, "a password transition is needed, RFC 4954"),
    (450, "requested mail action not taken: mailbox unavailable, busy, or blocked for policy reasons"),
    (451, "requested action aborted: local error in processing"),
    (452, "requested action not taken: insufficient system storage"),
    (
        454,
        "TLS not available due to temporary reason, RFC 3207, or temporary authentication failure, RFC 4954",
    ),
    (455, "server unable to accommodate parameters"),
    (500, "syntax error, command unrecognized"),
    (501, "syntax error in parameters or arguments"),
    (502, "command not implemented"),
    (503, "bad sequence of commands"),
    (504, "command parameter not implemented"),
    (521, "server does not accept mail, RFC 7504"),
    (530, "must issue a STARTTLS command first, RFC 3207, or authentication required, RFC 4954"),
    (534, "authentication mechanism is too weak, RFC 4954"),
    (535, "authentication credentials invalid, RFC 4954"),
    (538, "encryption required for requested authentication mechanism, RFC 4954"),
    (550, "requested action not taken: mailbox unavailable, no access, or rejected for policy reasons"),
    (551, "user not local"),
    (552, "requested mail action aborted: exceeded storage allocation"),
    (553, "requested action not taken: mailbox name not allowed"),
    (554, "transaction failed, or as a greeting: no SMTP service here"),
    (555, "MAIL FROM or RCPT TO parameters not recognized or not implemented"),
    (556, "domain does not accept mail, RFC 7504"),
];

/// RFC 3463 §3, by number.
const SUBJECTS: [&str; 8] = [
    "other or undefined status",
    "addressing status",
    "mailbox status",
    "mail system status",
    "network and routing status",
    "mail delivery protocol status",
    "message content or media status",
    "security or policy status",
];

/// IANA's "Simple Mail Transfer Protocol (SMTP) Enhanced Status Codes" registry, RFC 5248.
pub(crate) const STATUS_CODES: &[(u16, u16, &str)] = &[
    (0, 0, "other undefined status"),
    (1, 0, "other address status"),
    (1, 1, "bad destination mailbox address"),
    (1, 2, "bad destination system address"),
    (1, 3, "bad destination mailbox address syntax"),
    (1, 4, "destination mailbox address ambiguous"),
    (1, 5, "destination address valid"),
    (1, 6, "destination mailbox has moved, no forwarding address"),
    (1, 7, "bad sender's mailbox address syntax"),
    (1, 8, "bad sender's system address"),
    (1, 9, "message relayed to non-compliant mailer"),
    (1, 10, "recipient address has null MX"),
    (2, 0, "other or undefined mailbox status"),
    (2, 1, "mailbox disabled, not accepting messages"),
    (2, 2, "mailbox full"),
    (2, 3, "message length exceeds administrative limit"),
    (2, 4, "mailing list expansion problem"),
    (3, 0, "other or undefined mail system status"),
    (3, 1, "mail system full"),
    (3, 2, "system not accepting network messages"),
    (3, 3, "system not capable of selected features"),
    (3, 4, "message too big for system"),
    (3, 5, "system incorrectly configured"),
    (3, 6, "requested priority was changed"),
    (4, 0, "other or undefined network or routing status"),
    (4, 1, "no answer from host"),
    (4, 2, "bad connection"),
    (4, 3, "directory server failure"),
    (4, 4, "unable to route"),
    (4, 5, "mail system congestion"),
    (4, 6, "routing loop detected"),
    (4, 7, "delivery time expired"),
    (5, 0, "other or undefined protocol status"),
    (5, 1, "invalid command"),
    (5, 2, "syntax error"),
    (5, 3, "too many recipients"),
    (5, 4, "invalid command arguments"),
    (5, 5, "wrong protocol version"),
    (5, 6, "authentication exchange line is too long"),
    (6, 0, "other or undefined media error"),
    (6, 1, "media not supported"),
    (6, 2, "conversion required and prohibited"),
    (6, 3, "conversion required but not supported"),
    (6, 4, "conversion with loss performed"),
    (6, 5, "conversion failed"),
    (6, 6, "message content not available"),
    (6, 7, "non-ASCII addresses not permitted for that sender or recipient"),
    (6, 8, "UTF-8 string reply is required, but not permitted by the SMTP client"),
    (6, 9, "UTF-8 header message cannot be transferred to one or more recipients"),
    (7, 0, "other or undefined security status"),
    (7, 1, "delivery not authorized, message refused"),
    (7, 2, "mailing list expansion prohibited"),
    (7, 3, "security conversion required but not possible"),
    (7, 4, "security features not supported"),
    (7, 5, "cryptographic failure"),
    (7, 6, "cryptographic algorithm not supported"),
    (7, 7, "message integrity failure"),
    (7, 8, "authentication credentials invalid"),
    (7, 9, "authentication mechanism is too weak"),
    (7, 10, "encryption needed"),
    (7, 11, "encryption required for requested authentication mechanism"),
    (7, 12, "a password transition is needed"),
    (7, 13, "user account disabled"),
    (7, 14, "trust relationship required"),
    (7, 15, "priority level is too low"),
    (7, 16, "message is too big for the specified priority"),
    (7, 17, "mailbox owner has changed"),
    (7, 18, "domain owner has changed"),
    (7, 19, "RRVS test cannot be completed"),
    (7, 20, "no passing DKIM signature found"),
    (7, 21, "no acceptable DKIM signature found"),
    (7, 22, "no valid author-matched DKIM signature found"),
    (7, 23, "SPF validation failed"),
    (7, 24, "SPF validation error"),
    (7, 25, "reverse DNS validation failed"),
    (7, 26, "multiple authentication checks failed"),
    (7, 27, "sender address has null MX"),
    (7, 28, "mail flood detected"),
    (7, 29, "ARC validation failure"),
    (7, 30, "REQUIRETLS support required"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn status(class: u8, subject: u16, detail: u16) -> Option<&'static str> {
        status_code(EnhancedStatusCode { class, subject, detail })
    }

    #[test]
    fn codes_have_the_meanings_of_their_registries() {
        assert_eq!(reply_code(421), Some("service not available, closing transmission channel"));
        assert_eq!(reply_code(299), None);
        assert_eq!(status(5, 7, 25), Some("reverse DNS validation failed"));
        assert_eq!(status(4, 3, 2), Some("system not accepting network messages"));
    }

    #[test]
    fn an_unregistered_detail_has_the_meaning_of_its_subject() {
        assert_eq!(status(5, 7, 509), Some("security or policy status"));
        assert_eq!(status(5, 9, 1), None);
    }
}
