//! What breaks a rule of a reply's form, and is read all the same.

use heloscope_smtp::{Command, LineEnding, Reply, ReplyLine, Separator};
use heloscope_words::{mark, say, spoken};

use super::{Check, Evidence, Outcome};
use crate::Severity;
use crate::facts::Heard;
use crate::visible::shortened;
use crate::words::{is_masked, reply_name};

pub(super) static CHECKS: &[&Check] = &[&REPLY_FORMAT];

static REPLY_FORMAT: Check = Check {
    id: "reply-format",
    severity: Severity::Notice,
    basis: "RFC 5321 §2.3.8, §4.1.1.1, §4.2, §4.3.1, §4.5.3.1.5; RFC 3207 §2; RFC 4954 §3",
    title: mark!("A reply breaks a rule that clients forgive"),
    examine: |subject| {
        let facts = subject.facts;
        let breaches = breaches(&facts.replies);
        match breaches.is_empty() {
            false => Outcome::Found(Evidence::ReplyFormat { breaches }),
            true if facts.greeting.is_some() => Outcome::Passed,
            true => subject.not_tested(),
        }
    },
};

/// A rule that is broken, with the first line that breaks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    /// In words that go on from where it stands: `ends in LF alone`.
    pub(crate) rule: &'static str,
    /// `Line 2 of the greeting`
    pub(crate) place: String,
    /// As it can be shown.
    pub(crate) line: String,
    /// How many lines more break the rule.
    pub(crate) more: usize,
}

/// Each rule that is broken, once.
fn breaches(replies: &[Heard<'_>]) -> Vec<Breach> {
    let mut all: Vec<Breach> = Vec::new();
    for heard in replies {
        for (place, line) in heard.reply.lines.iter().enumerate() {
            for rule in broken(heard, place, line) {
                match all.iter_mut().find(|known| known.rule == rule) {
                    Some(known) => known.more += 1,
                    None => all.push(Breach {
                        rule,
                        place: say!("Line {} of {}", number(heard.reply, place), reply_name(heard)),
                        line: quoted(line),
                        more: 0,
                    }),
                }
            }
        }
    }
    all
}

/// Counted from 1, with what is left out before the last line.
fn number(reply: &Reply, place: usize) -> usize {
    let is_last = place + 1 == reply.lines.len();
    (place + 1).saturating_add(if is_last { reply.left_out.lines } else { 0 })
}

fn broken(heard: &Heard<'_>, place: usize, line: &ReplyLine) -> Vec<&'static str> {
    let is_ehlo = matches!(heard.to, Some(Command::Ehlo(_))) && heard.reply.code() == 250;
    let (is_greet, is_extension) = (is_ehlo && place == 0, is_ehlo && place > 0);
    let is_greeting = heard.to.is_none() && heard.reply.code() == 220 && place == 0;
    let is_bare = line.text().trim_ascii().is_empty();
    let is_above_127 = !line.octets.is_ascii();
    // What follows the domain in an EHLO reply's first line may be anything of ASCII but CR and LF.
    let control = |octet: &u8| match is_greet {
        true => *octet == b'\r',
        false => octet.is_ascii_control() && *octet != b'\t',
    };
    let has_controls = line.octets.iter().any(control);
    let all = [
        (line.ending == LineEnding::Lf, mark!("ends in LF alone, not in CR LF (RFC 5321 §2.3.8)")),
        (
            line.code() != Some(heard.reply.code()),
            mark!("has another code than the last one (RFC 5321 §4.2.1)"),
        ),
        (
            line.separator() == Separator::Other,
            mark!("has neither a space nor a hyphen after its code (RFC 5321 §4.2)"),
        ),
        (is_greeting && is_bare, mark!("gives no domain name after its code (RFC 5321 §4.2, §4.3.1)")),
        (is_greet && is_bare, mark!("gives no domain name after its code (RFC 5321 §4.1.1.1)")),
        (has_controls, mark!("holds control characters (RFC 5321 §4.2)")),
        (
            is_above_127,
            mark!(
                "holds octets above 127, which only a client that asks for SMTPUTF8 may be sent (RFC 5321 §4.2; RFC \
             6531 §3.7.4)"
            ),
        ),
        (line.length() > 512, mark!("has more than 512 octets (RFC 5321 §4.5.3.1.5)")),
    ];
    let of_extension = match is_extension {
        true => broken_by_extension(&heard.reply.lines[1..place], line, is_above_127 || has_controls),
        false => Vec::new(),
    };
    all.into_iter().filter(|(is, _)| *is).map(|(_, rule)| spoken(rule)).chain(of_extension).collect()
}

/// What an extension breaks, offered after those `before` it; `odd` where it holds octets that it may not.
fn broken_by_extension(before: &[ReplyLine], line: &ReplyLine, odd: bool) -> Vec<&'static str> {
    let text = line.text();
    let named = keyword(text);
    let has_params = !text.get(named.len()..).unwrap_or_default().trim_ascii().is_empty();
    let is = |keyword: &str| named.eq_ignore_ascii_case(keyword.as_bytes());
    let legacy_auth = named.get(..5).is_some_and(|head| head.eq_ignore_ascii_case(b"AUTH="));
    let ends_with_space = text.ends_with(b" ") && is_ehlo_line(text.trim_ascii_end());
    let repeats = before.iter().any(|other| keyword(other.text()).eq_ignore_ascii_case(named));
    let is_overwritten = || is_masked(&String::from_utf8_lossy(named));
    let all = [
        (!odd && !legacy_auth && ends_with_space, mark!("ends with a space (RFC 5321 §4.1.1.1)")),
        (
            !odd && !legacy_auth && !ends_with_space && !is_ehlo_line(text),
            mark!(
                "is no keyword of letters, digits and hyphens with parameters after one space each (RFC 5321 \
             §4.1.1.1)"
            ),
        ),
        (legacy_auth, mark!("offers AUTH=, a form for old clients that no RFC has (RFC 4954 §3)")),
        (is("AUTH") && !has_params, mark!("offers AUTH without a mechanism (RFC 4954 §3)")),
        (is("STARTTLS") && has_params, mark!("gives STARTTLS a parameter, though it has none (RFC 3207 §2)")),
        (
            repeats && !named.is_empty() && !is_overwritten(),
            mark!(
                "repeats the keyword of an earlier line (RFC 5321 §4.1.1.1 does not say which of them counts)"
            ),
        ),
    ];
    all.into_iter().filter(|(is, _)| *is).map(|(_, rule)| spoken(rule)).collect()
}

/// What stands before the first space or tab.
fn keyword(text: &[u8]) -> &[u8] {
    text.split(|octet| matches!(octet, b' ' | b'\t')).next().unwrap_or_default()
}

/// `ehlo-line` of RFC 5321 §4.1.1.1.
fn is_ehlo_line(text: &[u8]) -> bool {
    let mut words = text.split(|octet| *octet == b' ');
    let keyword = words.next().unwrap_or_default();
    keyword.first().is_some_and(u8::is_ascii_alphanumeric)
        && keyword.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-')
        && words.all(|param| !param.is_empty() && param.iter().all(u8::is_ascii_graphic))
}

/// At most 80 characters, of which spaces at the end can be seen.
fn quoted(line: &ReplyLine) -> String {
    const SHOWN: usize = 80;
    let text = line.octets.trim_ascii_end();
    let spaces = line.octets.iter().rev().take_while(|octet| **octet == b' ').count();
    if line.cut == 0 && text.len() + spaces == line.octets.len() && spaces <= SHOWN / 4 {
        return shortened(text, SHOWN) + &"\\x20".repeat(spaces);
    }
    shortened(&line.octets, SHOWN)
}
