use std::ops::Range;

/// Where a server that takes these octets for SMTP, from the beginning of a line on, would find a command that is not
/// STARTTLS or QUIT; `None` where it would find none. EHLO and HELO count: the name behind them could be any.
///
/// A command stands at the beginning of a line, whatever controls and spaces are before it, in any case of letters
/// (RFC 5321 §2.4, §4.1.1); CR and LF alone end a line too, for there are servers that say so. RCPT, without which
/// there is no mail, AUTH, VRFY and EXPN, which need no other command, count anywhere: a server may cut a line that is
/// long, or end one at another control. A word that lies wholly within `name` does not count: a checked host name holds
/// no space to end a command with.
pub fn stray_command(octets: &[u8], name: &Range<usize>) -> Option<usize> {
    let mut at_line_start = true;
    for (at, octet) in octets.iter().enumerate() {
        let word = octets.get(at..at + WORD).unwrap_or_default();
        let is = |command: &[u8]| word.eq_ignore_ascii_case(command);
        let named = name.start <= at && at + WORD <= name.end;
        let any = |commands: &[&[u8; WORD]]| commands.iter().any(|command| is(*command));
        if !named && (any(&ALONE) || at_line_start && any(&COMMANDS)) {
            return Some(at);
        }
        let blank = octet.is_ascii_control() || *octet == b' ';
        at_line_start = matches!(octet, b'\r' | b'\n') || at_line_start && blank;
    }
    None
}

const WORD: usize = 4;

/// Each does something without another, or nothing is done without it.
const ALONE: [&[u8; WORD]; 4] = [b"RCPT", b"AUTH", b"VRFY", b"EXPN"];

/// Or the first letters of longer ones: RFC 5321 §4.1.1, RFC 3030 §2, RFC 4954 §4, RFC 1985, and what RFC 821 had;
/// `LHLO` is RFC 2033's, `ATRN` RFC 2645's, `BURL` RFC 4468's; `XCLIENT` and `XFORWARD` are Postfix's, `ONEX`, `VERB` and
/// `DEBUG` sendmail's, `X-EXPS`, `X-LINK2STATE` and `XEXCH50` Exchange's.
const COMMANDS: [&[u8; WORD]; 24] = [
    b"MAIL", b"DATA", b"BDAT", b"ETRN", b"TURN", b"SEND", b"SOML", b"SAML", b"XCLI", b"XFOR", b"EHLO",
    b"HELO", b"LHLO", b"NOOP", b"RSET", b"HELP", b"ATRN", b"BURL", b"ONEX", b"VERB", b"DEBU", b"X-EX",
    b"X-LI", b"XEXC",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(octets: &[u8]) -> Option<usize> {
        stray_command(octets, &(0..0))
    }

    #[test]
    fn a_command_begins_a_line_whatever_controls_stand_before_it() {
        assert_eq!(found(b"\x16\x03\x01MAIL FROM:<>"), Some(3), "the first line begins with the octets");
        assert_eq!(found(b"xx\nmail from:<>"), Some(3));
        assert_eq!(found(b"xx\r\0\x7f \tvRfY a"), Some(7));
        assert_eq!(found(b"xx mail from:<>"), None);
        assert_eq!(found(b"xx\n\x80mail from:<>"), None);
    }

    #[test]
    fn every_command_is_found_but_those_that_say_nothing() {
        for command in COMMANDS.iter().chain(&ALONE) {
            assert_eq!(found(&[b"xx\r\n", &command[..]].concat()), Some(4));
        }
        for harmless in [&b"STARTTLS\r\n"[..], b"QUIT\r\n", b"dat", b""] {
            assert_eq!(found(harmless), None);
        }
    }

    #[test]
    fn what_needs_no_other_command_counts_anywhere() {
        for command in [b"rCPT", b"aUTH", b"vRFY", b"eXPN"] {
            assert_eq!(found(&[b"\xff\xff", &command[..]].concat()), Some(2));
            assert_eq!(found(&[b"\xff\xff", &command[..3]].concat()), None);
        }
    }

    #[test]
    fn a_word_of_the_name_is_no_command_and_one_that_reaches_out_of_it_is() {
        let hello = b"\0\0\x0amail.x.org\0\x17";
        assert_eq!(stray_command(hello, &(3..13)), None);
        assert_eq!(stray_command(hello, &(3..6)), Some(3));
        assert_eq!(stray_command(b"xrcpt.x", &(1..7)), None);
        assert_eq!(stray_command(b"xrcpt.x", &(2..7)), Some(1));
    }
}
