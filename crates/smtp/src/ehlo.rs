use serde::{Deserialize, Serialize};

use crate::{Reply, ReplyLine, visible};

/// The 250 reply to EHLO, RFC 5321 §4.1.1.1: the server's name and what it offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EhloReply {
    /// The first line's text, [`visible`](crate::visible()): the server's domain, then perhaps a greeting of its own.
    pub domain: String,
    /// One a line, in the order sent.
    pub extensions: Vec<Extension>,
    /// How many lines more there were than are kept; an extension may stand on any of them.
    pub left_out: usize,
}

impl EhloReply {
    /// Reads the lines after the first as extensions; nothing that stands there is dropped but empty lines.
    pub fn read(reply: &Reply) -> Self {
        let mut texts = reply.lines.iter().map(ReplyLine::text);
        let domain = visible(texts.next().unwrap_or_default());
        let extensions = texts.filter_map(Extension::read).collect();
        Self { domain, extensions, left_out: reply.left_out.lines }
    }

    /// Whether an extension of this keyword is offered, in any case of letters.
    pub fn offers(&self, keyword: &str) -> bool {
        self.extensions.iter().any(|extension| extension.keyword.eq_ignore_ascii_case(keyword))
    }
}

/// One extension that a server offers: `SIZE 52428800`, in [`visible`](crate::visible()) text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// The keyword as sent; compare it in any case of letters, RFC 5321 §2.4. For the old form `AUTH=LOGIN`, `AUTH=LOGIN` as
    /// it stands.
    pub keyword: String,
    /// The parameters as sent, split at spaces.
    pub params: Vec<String>,
}

impl Extension {
    /// Blanks at the end and the first half of a doubled CR are no part of a word.
    fn read(text: &[u8]) -> Option<Self> {
        let end = text.iter().rposition(|octet| *octet != b'\r').map_or(0, |last| last + 1);
        let words = text[..end].split(|octet| matches!(octet, b' ' | b'\t')).filter(|word| !word.is_empty());
        let mut words = words.map(visible);
        Some(Self { keyword: words.next()?, params: words.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LineEnding;

    fn reply(lines: &[&str]) -> Reply {
        reply_of_octets(&lines.iter().map(|text| text.as_bytes()).collect::<Vec<_>>())
    }

    fn reply_of_octets(lines: &[&[u8]]) -> Reply {
        let lines =
            lines.iter().map(|text| ReplyLine { octets: (*text).into(), ending: LineEnding::CrLf, cut: 0 });
        Reply::from(lines.collect::<Vec<_>>())
    }

    #[test]
    fn keywords_and_parameters_stay_as_sent() {
        let ehlo = EhloReply::read(&reply(&[
            "250-mx at your service",
            "250-SIZE 1000",
            "250-auth=LOGIN  PLAIN ",
            "250 starttls",
        ]));
        assert_eq!(ehlo.domain, "mx at your service");
        let seen: Vec<_> = ehlo.extensions.iter().map(|e| (e.keyword.as_str(), e.params.join(","))).collect();
        assert_eq!(
            seen,
            [("SIZE", "1000".to_owned()), ("auth=LOGIN", "PLAIN".to_owned()), ("starttls", String::new())]
        );
        assert!(ehlo.offers("STARTTLS"));
        assert!(!ehlo.offers("AUTH"));
    }

    #[test]
    fn no_octet_is_lost_and_no_backslash_taken_for_an_escape() {
        let ehlo = EhloReply::read(&reply_of_octets(&[b"250-mx", b"250-X\xff\x1b \\x1b \xc3\xbc"]));
        assert_eq!(ehlo.extensions[0].keyword, "X\\xff\\x1b");
        assert_eq!(ehlo.extensions[0].params, ["\\\\x1b", "ü"]);
    }

    #[test]
    fn a_doubled_cr_is_no_part_of_a_keyword_or_parameter() {
        let ehlo = EhloReply::read(&reply(&[
            "250-mx\r",
            "250-SIZE 10\r",
            "250-\r",
            "250-X\rY",
            "250 STARTTLS \r\r",
        ]));
        let seen: Vec<_> = ehlo.extensions.iter().map(|e| (e.keyword.as_str(), e.params.join(","))).collect();
        assert_eq!(seen, [("SIZE", "10".to_owned()), ("X\\rY", String::new()), ("STARTTLS", String::new())]);
        assert!(ehlo.offers("STARTTLS"));
    }

    #[test]
    fn a_single_line_offers_nothing() {
        assert_eq!(EhloReply::read(&reply(&["250 mx"])).extensions, []);
    }
}
