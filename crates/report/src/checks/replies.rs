//! What breaks a rule of a reply's form, and is read all the same.

use heloscope_smtp::{Command, LineEnding, Reply, ReplyLine, Separator};
use heloscope_words::{mark, say, spoken};

use super::{Check, Evidence, NOT_KEPT, Outcome};
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
        let broken_off = facts.failure.and_then(|failure| facts.broken_off(failure.stage));
        let broken_off = broken_off.as_ref().map(|reply| Heard {
            to: facts.last_command,
            reply,
            encrypted: facts.is_encrypted(),
        });
        let heard: Vec<Heard<'_>> = facts.replies.iter().copied().chain(broken_off).collect();
        let breaches = breaches(&heard);
        match breaches.is_empty() {
            false => Outcome::Found(Evidence::ReplyFormat { breaches }),
            true if heard.iter().any(|heard| heard.reply.left_out.lines > 0) => {
                Outcome::NotTested(spoken(NOT_KEPT).into())
            }
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
    /// Whether it makes the line none of a reply to senders in wide use: Exim reads no further.
    pub(crate) unforgiven: bool,
}

const NO_SEPARATOR: &str = mark!("has neither a space nor a hyphen after its code (RFC 5321 §4.2)");

/// Each rule that is broken, once.
fn breaches(replies: &[Heard<'_>]) -> Vec<Breach> {
    let mut all: Vec<Breach> = Vec::new();
    for heard in replies {
        for (place, line) in heard.reply.lines.iter().enumerate() {
            for (fault, rule) in broken(heard, place, line) {
                match all.iter_mut().find(|known| known.rule == rule) {
                    Some(known) => known.more += 1,
                    None => all.push(Breach {
                        rule,
                        place: say!("Line {} of {}", number(heard.reply, place), reply_name(heard)),
                        line: quoted(line, fault),
                        more: 0,
                        unforgiven: rule == spoken(NO_SEPARATOR),
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

/// Where a line breaks a rule.
#[derive(Clone, Copy)]
enum Fault {
    /// As a whole, at its beginning or at its end.
    Line,
    /// At this octet.
    Octet(usize),
}

fn line_if(broken: bool) -> Option<Fault> {
    broken.then_some(Fault::Line)
}

fn broken(heard: &Heard<'_>, place: usize, line: &ReplyLine) -> Vec<(Fault, &'static str)> {
    let is_ehlo = matches!(heard.to, Some(Command::Ehlo(_))) && heard.reply.code() == 250;
    let (is_greet, is_extension) = (is_ehlo && place == 0, is_ehlo && place > 0);
    let is_greeting = heard.to.is_none() && heard.reply.code() == 220 && place == 0;
    let is_bare = line.text().trim_ascii().is_empty();
    let above_127 = line.octets.iter().position(|octet| !octet.is_ascii()).map(Fault::Octet);
    // What follows the domain in an EHLO reply's first line may be anything of ASCII but CR and LF.
    let control = |octet: &u8| match is_greet {
        true => *octet == b'\r',
        false => octet.is_ascii_control() && *octet != b'\t',
    };
    let controls = line.octets.iter().position(control).map(Fault::Octet);
    let all = [
        (line_if(line.ending == LineEnding::Lf), mark!("ends in LF alone, not in CR LF (RFC 5321 §2.3.8)")),
        (
            line_if(line.code() != Some(heard.reply.code())),
            mark!("has another code than the last one (RFC 5321 §4.2.1)"),
        ),
        (line_if(line.separator() == Separator::Other), NO_SEPARATOR),
        (
            line_if(is_greeting && is_bare),
            mark!("gives no domain name after its code (RFC 5321 §4.2, §4.3.1)"),
        ),
        (line_if(is_greet && is_bare), mark!("gives no domain name after its code (RFC 5321 §4.1.1.1)")),
        (controls, mark!("holds control characters (RFC 5321 §4.2)")),
        (
            above_127,
            mark!(
                "holds octets above 127, which only a client that asks for SMTPUTF8 may be sent (RFC 5321 §4.2; RFC \
             6531 §3.7.4)"
            ),
        ),
        (line_if(line.length() > 512), mark!("has more than 512 octets (RFC 5321 §4.5.3.1.5)")),
    ];
    let of_extension = match is_extension {
        true => broken_by_extension(&heard.reply.lines[1..place], line, above_127.or(controls).is_some()),
        false => Vec::new(),
    };
    said(all).chain(of_extension).collect()
}

/// The rules that are broken, in the reader's language.
fn said<const N: usize>(
    all: [(Option<Fault>, &'static str); N],
) -> impl Iterator<Item = (Fault, &'static str)> {
    all.into_iter().filter_map(|(fault, rule)| Some((fault?, spoken(rule))))
}

/// What an extension breaks, offered after those `before` it; `odd` where it holds octets that it may not.
fn broken_by_extension(before: &[ReplyLine], line: &ReplyLine, odd: bool) -> Vec<(Fault, &'static str)> {
    let text = line.text();
    let named = keyword(text);
    let has_params = !text.get(named.len()..).unwrap_or_default().trim_ascii().is_empty();
    let is = |keyword: &str| named.eq_ignore_ascii_case(keyword.as_bytes());
    let legacy_auth = named.get(..5).is_some_and(|head| head.eq_ignore_ascii_case(b"AUTH="));
    let ends_with_space = text.ends_with(b" ") && no_ehlo_line(text.trim_ascii_end()).is_none();
    let before_text = line.octets.len() - text.len();
    let repeats = before.iter().any(|other| keyword(other.text()).eq_ignore_ascii_case(named));
    let is_overwritten = || is_masked(&String::from_utf8_lossy(named));
    let all = [
        (line_if(!odd && !legacy_auth && ends_with_space), mark!("ends with a space (RFC 5321 §4.1.1.1)")),
        (
            no_ehlo_line(text)
                .filter(|_| !odd && !legacy_auth && !ends_with_space)
                .map(|at| Fault::Octet(before_text + at)),
            mark!(
                "is no keyword of letters, digits and hyphens with parameters after one space each (RFC 5321 \
             §4.1.1.1)"
            ),
        ),
        (line_if(legacy_auth), mark!("offers AUTH=, a form for old clients that no RFC has (RFC 4954 §3)")),
        (line_if(is("AUTH") && !has_params), mark!("offers AUTH without a mechanism (RFC 4954 §3)")),
        (
            line_if(is("STARTTLS") && has_params),
            mark!("gives STARTTLS a parameter, though it has none (RFC 3207 §2)"),
        ),
        (
            line_if(repeats && !named.is_empty() && !is_overwritten()),
            mark!(
                "repeats the keyword of an earlier line (RFC 5321 §4.1.1.1 does not say which of them counts)"
            ),
        ),
    ];
    said(all).collect()
}

/// What stands before the first space or tab, or before CRs that are not the line's ending but stand at its end.
fn keyword(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|octet| *octet != b'\r').map_or(0, |last| last + 1);
    text[..end].split(|octet| matches!(octet, b' ' | b'\t')).next().unwrap_or_default()
}

/// The first octet by which this is no `ehlo-line` of RFC 5321 §4.1.1.1; `None` where it is one.
fn no_ehlo_line(text: &[u8]) -> Option<usize> {
    let end = text.iter().position(|octet| *octet == b' ').unwrap_or(text.len());
    let named = &text[..end];
    let fits = |at: usize| named[at].is_ascii_alphanumeric() || (at > 0 && named[at] == b'-');
    if named.is_empty() {
        return Some(0);
    }
    // Each space has a parameter behind it.
    let of_params = |at: usize| match (text[at], text.get(at + 1)) {
        (b' ', following) => matches!(following, None | Some(b' ')),
        (octet, _) => !octet.is_ascii_graphic(),
    };
    (0..end).find(|at| !fits(*at)).or_else(|| (end..text.len()).find(|at| of_params(*at)))
}

/// At most 80 characters with the fault among them; spaces at the end can be seen.
fn quoted(line: &ReplyLine, fault: Fault) -> String {
    const SHOWN: usize = 80;
    /// Octets that are shown before the fault, where it is not among the first.
    const BEFORE: usize = 30;
    let start = match fault {
        Fault::Octet(at) if at >= SHOWN - BEFORE => start_of_character(&line.octets, at - BEFORE),
        _ => 0,
    };
    let octets = &line.octets[start..];
    let mark = if start > 0 { "…" } else { "" };
    let text = octets.trim_ascii_end();
    let spaces = octets.iter().rev().take_while(|octet| **octet == b' ').count();
    if line.cut == 0 && text.len() + spaces == octets.len() && spaces <= SHOWN / 4 {
        return format!("{mark}{}{}", shortened(text, SHOWN), "\\x20".repeat(spaces));
    }
    format!("{mark}{}", shortened(octets, SHOWN))
}

/// This place, or that where its character begins.
fn start_of_character(octets: &[u8], place: usize) -> usize {
    let begins = |place: &usize| octets[*place] & 0xc0 != 0x80;
    (place.saturating_sub(3)..=place).rev().find(begins).unwrap_or(place)
}
