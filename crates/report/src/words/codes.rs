//! What reply codes and enhanced status codes mean.

use heloscope_smtp::EnhancedStatusCode;
use heloscope_words::{mark, say, spoken};

/// What a reply code means in a greeting or in any other reply: RFC 5321 §4.2.3, or the RFC named; `None` for one that stands
/// in none of them.
pub(crate) fn reply_code(code: u16, greets: bool) -> Option<&'static str> {
    match (code, greets) {
        (554, true) => return Some(say!("no SMTP service here")),
        (554, false) => return Some(say!("transaction failed")),
        _ => {}
    }
    REPLY_CODES.iter().find(|(number, _)| *number == code).map(|(_, meaning)| spoken(meaning))
}

/// What an enhanced status code means, its class aside: IANA's registry, else what RFC 3463 §3 says of its
/// subject.
pub(crate) fn status_code(code: EnhancedStatusCode) -> Option<&'static str> {
    let row =
        STATUS_CODES.iter().find(|(subject, detail, _)| (*subject, *detail) == (code.subject, code.detail));
    row.map(|(_, _, meaning)| spoken(meaning))
        .or_else(|| SUBJECTS.get(usize::from(code.subject)).map(|meaning| spoken(meaning)))
}

/// What the first digit of a reply code says, RFC 5321 §4.2.1; `None` for one that no reply begins with.
pub(crate) fn reply_class(code: u16) -> Option<&'static str> {
    Some(spoken(match code / 100 {
        2 => mark!("success"),
        3 => mark!("more is awaited from the client"),
        4 => mark!("failure for now"),
        5 => mark!("failure for good"),
        _ => return None,
    }))
}

/// What the class of an enhanced status code says, RFC 3463 §2; `None` for one that is none.
pub(crate) fn status_class(code: EnhancedStatusCode) -> Option<&'static str> {
    matches!(code.class, 2 | 4 | 5).then(|| reply_class(u16::from(code.class) * 100)).flatten()
}

pub(crate) const REPLY_CODES: &[(u16, &str)] = &[
    (211, mark!("system status, or system help reply")),
    (214, mark!("help message")),
    (220, mark!("service ready")),
    (221, mark!("service closing transmission channel")),
    (235, mark!("authentication succeeded, RFC 4954")),
    (250, mark!("requested mail action okay, completed")),
    (251, mark!("user not local; will forward")),
    (252, mark!("cannot VRFY user, but will accept message and attempt delivery")),
    (253, mark!("so many messages are pending for the node, and their sending has begun, RFC 1985 (ETRN)")),
    (334, mark!("server challenge, RFC 4954")),
    (354, mark!("start mail input")),
    (355, mark!("the transaction goes on from this octet, RFC 1845 (CHECKPOINT)")),
    (421, mark!("service not available, closing transmission channel")),
    (422, mark!("a password transition is needed, RFC 5248 (with X.7.12)")),
    (432, mark!("a password transition is needed, RFC 4954")),
    (450, mark!("requested mail action not taken: mailbox unavailable, busy, or blocked for policy reasons")),
    (451, mark!("requested action aborted: local error in processing")),
    (452, mark!("requested action not taken: insufficient system storage")),
    (453, mark!("there is no mail for these domains, RFC 2645 (ATRN)")),
    (
        454,
        mark!(
            "TLS not available due to temporary reason, RFC 3207, or temporary authentication failure, RFC 4954"
        ),
    ),
    (455, mark!("server unable to accommodate parameters")),
    (458, mark!("unable to queue messages for the node, RFC 1985 (ETRN)")),
    (459, mark!("node not allowed, RFC 1985 (ETRN)")),
    (500, mark!("syntax error, command unrecognized")),
    (501, mark!("syntax error in parameters or arguments")),
    (502, mark!("command not implemented")),
    (503, mark!("bad sequence of commands")),
    (504, mark!("command parameter not implemented")),
    (521, mark!("server does not accept mail, RFC 7504")),
    (523, mark!("encryption needed, RFC 5248 (with X.7.10)")),
    (524, mark!("encryption required for requested authentication mechanism, RFC 5248 (with X.7.11)")),
    (525, mark!("user account disabled, RFC 5248 (with X.7.13)")),
    (530, mark!("must issue a STARTTLS command first, RFC 3207, or authentication required, RFC 4954")),
    (534, mark!("authentication mechanism is too weak, RFC 4954")),
    (535, mark!("authentication credentials invalid, RFC 4954")),
    (538, mark!("encryption required for requested authentication mechanism, RFC 4954")),
    (
        550,
        mark!("requested action not taken: mailbox unavailable, no access, or rejected for policy reasons"),
    ),
    (551, mark!("user not local")),
    (552, mark!("requested mail action aborted: exceeded storage allocation")),
    (553, mark!("requested action not taken: mailbox name not allowed")),
    (554, mark!("transaction failed, or as a greeting: no SMTP service here")),
    (555, mark!("MAIL FROM or RCPT TO parameters not recognized or not implemented")),
    (556, mark!("domain does not accept mail, RFC 7504")),
];

/// RFC 3463 §3, by number.
const SUBJECTS: [&str; 8] = [
    mark!("other or undefined status"),
    mark!("addressing status"),
    mark!("mailbox status"),
    mark!("mail system status"),
    mark!("network and routing status"),
    mark!("mail delivery protocol status"),
    mark!("message content or media status"),
    mark!("security or policy status"),
];

/// IANA's "Simple Mail Transfer Protocol (SMTP) Enhanced Status Codes" registry, RFC 5248.
pub(crate) const STATUS_CODES: &[(u16, u16, &str)] = &[
    (0, 0, mark!("other undefined status")),
    (1, 0, mark!("other address status")),
    (1, 1, mark!("bad destination mailbox address")),
    (1, 2, mark!("bad destination system address")),
    (1, 3, mark!("bad destination mailbox address syntax")),
    (1, 4, mark!("destination mailbox address ambiguous")),
    (1, 5, mark!("destination address valid")),
    (1, 6, mark!("destination mailbox has moved, no forwarding address")),
    (1, 7, mark!("bad sender's mailbox address syntax")),
    (1, 8, mark!("bad sender's system address")),
    (1, 9, mark!("message relayed to non-compliant mailer")),
    (1, 10, mark!("recipient address has null MX")),
    (2, 0, mark!("other or undefined mailbox status")),
    (2, 1, mark!("mailbox disabled, not accepting messages")),
    (2, 2, mark!("mailbox full")),
    (2, 3, mark!("message length exceeds administrative limit")),
    (2, 4, mark!("mailing list expansion problem")),
    (3, 0, mark!("other or undefined mail system status")),
    (3, 1, mark!("mail system full")),
    (3, 2, mark!("system not accepting network messages")),
    (3, 3, mark!("system not capable of selected features")),
    (3, 4, mark!("message too big for system")),
    (3, 5, mark!("system incorrectly configured")),
    (3, 6, mark!("requested priority was changed")),
    (4, 0, mark!("other or undefined network or routing status")),
    (4, 1, mark!("no answer from host")),
    (4, 2, mark!("bad connection")),
    (4, 3, mark!("directory server failure")),
    (4, 4, mark!("unable to route")),
    (4, 5, mark!("mail system congestion")),
    (4, 6, mark!("routing loop detected")),
    (4, 7, mark!("delivery time expired")),
    (5, 0, mark!("other or undefined protocol status")),
    (5, 1, mark!("invalid command")),
    (5, 2, mark!("syntax error")),
    (5, 3, mark!("too many recipients")),
    (5, 4, mark!("invalid command arguments")),
    (5, 5, mark!("wrong protocol version")),
    (5, 6, mark!("authentication exchange line is too long")),
    (6, 0, mark!("other or undefined media error")),
    (6, 1, mark!("media not supported")),
    (6, 2, mark!("conversion required and prohibited")),
    (6, 3, mark!("conversion required but not supported")),
    (6, 4, mark!("conversion with loss performed")),
    (6, 5, mark!("conversion failed")),
    (6, 6, mark!("message content not available")),
    (6, 7, mark!("non-ASCII addresses not permitted for that sender or recipient")),
    (6, 8, mark!("UTF-8 string reply is required, but not permitted by the SMTP client")),
    (6, 9, mark!("UTF-8 header message cannot be transferred to one or more recipients")),
    // A duplicate of 6.8, and deprecated.
    (6, 10, mark!("UTF-8 string reply is required, but not permitted by the SMTP client")),
    (7, 0, mark!("other or undefined security status")),
    (7, 1, mark!("delivery not authorized, message refused")),
    (7, 2, mark!("mailing list expansion prohibited")),
    (7, 3, mark!("security conversion required but not possible")),
    (7, 4, mark!("security features not supported")),
    (7, 5, mark!("cryptographic failure")),
    (7, 6, mark!("cryptographic algorithm not supported")),
    (7, 7, mark!("message integrity failure")),
    (7, 8, mark!("authentication credentials invalid")),
    (7, 9, mark!("authentication mechanism is too weak")),
    (7, 10, mark!("encryption needed")),
    (7, 11, mark!("encryption required for requested authentication mechanism")),
    (7, 12, mark!("a password transition is needed")),
    (7, 13, mark!("user account disabled")),
    (7, 14, mark!("trust relationship required")),
    (7, 15, mark!("priority level is too low")),
    (7, 16, mark!("message is too big for the specified priority")),
    (7, 17, mark!("mailbox owner has changed")),
    (7, 18, mark!("domain owner has changed")),
    (7, 19, mark!("RRVS test cannot be completed")),
    (7, 20, mark!("no passing DKIM signature found")),
    (7, 21, mark!("no acceptable DKIM signature found")),
    (7, 22, mark!("no valid author-matched DKIM signature found")),
    (7, 23, mark!("SPF validation failed")),
    (7, 24, mark!("SPF validation error")),
    (7, 25, mark!("reverse DNS validation failed")),
    (7, 26, mark!("multiple authentication checks failed")),
    (7, 27, mark!("sender address has null MX")),
    (7, 28, mark!("mail flood detected")),
    (7, 29, mark!("ARC validation failure")),
    (7, 30, mark!("REQUIRETLS support required")),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn status(class: u8, subject: u16, detail: u16) -> Option<&'static str> {
        status_code(EnhancedStatusCode { class, subject, detail })
    }

    #[test]
    fn codes_have_the_meanings_of_their_registries() {
        assert_eq!(reply_code(421, true), Some("service not available, closing transmission channel"));
        assert_eq!(reply_code(299, false), None);
        assert_eq!(
            [true, false].map(|greets| reply_code(554, greets)),
            [Some("no SMTP service here"), Some("transaction failed")]
        );
        for (code, rfc) in [
            (253, "RFC 1985"),
            (355, "RFC 1845"),
            (422, "RFC 5248"),
            (432, "RFC 4954"),
            (453, "RFC 2645"),
            (454, "RFC 3207"),
            (458, "RFC 1985"),
            (459, "RFC 1985"),
            (521, "RFC 7504"),
            (523, "RFC 5248"),
            (524, "RFC 5248"),
            (525, "RFC 5248"),
            (530, "RFC 4954"),
            (534, "RFC 4954"),
            (535, "RFC 4954"),
            (538, "RFC 4954"),
            (556, "RFC 7504"),
        ] {
            assert!(reply_code(code, false).is_some_and(|meaning| meaning.contains(rfc)), "{code}");
        }
        // Servers make these up.
        for code in [541, 571] {
            assert_eq!(reply_code(code, false), None, "{code}");
        }
        assert_eq!(status(5, 7, 25), Some("reverse DNS validation failed"));
        assert_eq!(status(5, 6, 10), status(5, 6, 8));
        assert_eq!(status(4, 3, 2), Some("system not accepting network messages"));
    }

    #[test]
    fn an_unregistered_detail_has_the_meaning_of_its_subject() {
        assert_eq!(status(5, 7, 509), Some("security or policy status"));
        assert_eq!(status(5, 9, 1), None);
    }
}
