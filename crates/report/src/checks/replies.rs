//! What breaks a rule of a reply's form, and is read all the same.

use heloscope_smtp::{Command, LineEnding, Reply, ReplyLine, Separator};

use super::{Check, Evidence, Outcome};
use crate::Severity;
use crate::facts::Heard;
use crate::visible::visible_line;

pub(super) static CHECKS: &[&Check] = &[&REPLY_FORMAT];

static REPLY_FORMAT: Check = Check {
    id: "reply-format",
    severity: Severity::Notice,
    basis: "RFC 5321 §2.3.8, §4.1.1.1, §4.2, §4.5.3.1.5",
    title: "A reply breaks a rule that clients forgive",
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
                        place: format!("Line {} of {}", number(heard.reply, place), what(heard)),
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
    let is_above_127 = !line.octets.is_ascii();
    // What follows the domain in an EHLO reply's first line may be anything of ASCII but CR and LF.
    let control = |octet: &u8| match is_greet {
        true => *octet == b'\r',
        false => octet.is_ascii_control() && *octet != b'\t',
    };
    let has_controls = line.octets.iter().any(control);
    let legacy_auth =
        is_extension && line.text().get(..5).is_some_and(|head| head.eq_ignore_ascii_case(b"AUTH="));
    let is_odd = is_extension && !legacy_auth && !is_above_127 && !has_controls && !is_ehlo_line(line.text());
    let rules = [
        (line.ending == LineEnding::Lf, "ends in LF alone, not in CR LF (RFC 5321 §2.3.8)"),
        (line.code() != Some(heard.reply.code()), "has another code than the last one (RFC 5321 §4.2.1)"),
        (
            line.separator() == Separator::Other,
            "has neither a space nor a hyphen after its code (RFC 5321 §4.2)",
        ),
        (has_controls, "holds control characters (RFC 5321 §4.2)"),
        (
            is_above_127,
            "holds octets above 127, which only a client that asks for SMTPUTF8 may be sent (RFC 5321 §4.2; RFC \
             6531 §3.7.4)",
        ),
        (line.length() > 512, "has more than 512 octets (RFC 5321 §4.5.3.1.5)"),
        (
            is_odd,
            "is no keyword of letters, digits and hyphens with parameters after one space each (RFC 5321 \
             §4.1.1.1)",
        ),
        (legacy_auth, "offers AUTH=, a form for old clients that no RFC has (RFC 4954 §3)"),
    ];
    rules.into_iter().filter_map(|(is, rule)| is.then_some(rule)).collect()
}

/// `ehlo-line` of RFC 5321 §4.1.1.1.
fn is_ehlo_line(text: &[u8]) -> bool {
    let mut words = text.split(|octet| *octet == b' ');
    let keyword = words.next().unwrap_or_default();
    keyword.first().is_some_and(u8::is_ascii_alphanumeric)
        && keyword.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-')
        && words.all(|param| !param.is_empty() && param.iter().all(u8::is_ascii_graphic))
}

fn what(heard: &Heard<'_>) -> &'static str {
    match (heard.to, heard.encrypted) {
        (None, _) => "the greeting",
        (Some(Command::Ehlo(_)), false) => "the reply to EHLO",
        (Some(Command::Ehlo(_)), true) => "the reply to EHLO inside TLS",
        (Some(Command::Helo(_)), _) => "the reply to HELO",
        (Some(Command::StartTls), _) => "the reply to STARTTLS",
        (Some(Command::Quit), _) => "the reply to QUIT",
    }
}

/// At most 80 characters.
fn quoted(line: &ReplyLine) -> String {
    const SHOWN: usize = 80;
    let mut shown = visible_line(&line.octets, line.cut);
    if let Some((end, _)) = shown.char_indices().nth(SHOWN) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}
