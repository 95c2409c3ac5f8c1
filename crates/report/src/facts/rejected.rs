//! What is said of a reply that refuses, or that has no place where it came.

use heloscope_observation::Stage;
use heloscope_smtp::{LineEnding, Reply, ReplyLine, Separator};
use heloscope_words::say;

use super::Broken;
use super::port::Unanswered;
use crate::words::{codes_explained, is_refusal, likely_cause, likely_cause_inside_tls, quoted};

pub(super) fn greeting_rejected(reply: &Reply, inside_tls: bool) -> String {
    let said = quoted(reply);
    let what = match is_refusal(reply.code()) {
        true => say!("The server greeted with a refusal: {said}."),
        false => say!("The server greeted with {said}, which is no greeting that SMTP has."),
    };
    let cause = match inside_tls {
        true => likely_cause_inside_tls(reply),
        false => likely_cause(reply, Stage::Greeting),
    };
    with_codes(what, reply, Stage::Greeting, cause)
}

/// HELO is tried where EHLO was refused; each has a reply of its own.
pub(super) fn ehlo_rejected(ehlo: &Reply, helo: Option<&Reply>, stage: Stage, due: Option<&str>) -> String {
    let Some(helo) = helo else { return rejected("EHLO", ehlo, stage, due) };
    let first = rejected("EHLO", ehlo, stage, None);
    let said = quoted(helo);
    let second = match helo.code() {
        421 => {
            say!("HELO was tried next, and in place of a reply to it the server ended the session: {said}.")
        }
        code if is_refusal(code) => say!("HELO, which was tried next, it refused too: {said}."),
        _ => say!(
            "HELO, which was tried next, it answered with {said}, which is no reply that SMTP has there."
        ),
    };
    // The cause of a refusal for good is the first reply's.
    match codes_explained(helo, stage).filter(|_| helo.code() != ehlo.code()) {
        Some(_) if (400..500).contains(&helo.code()) => explained(format!("{first} {second}"), helo, stage),
        Some(codes) => format!("{first} {second} {codes}"),
        None => format!("{first} {second}"),
    }
}

/// EHLO was refused, whatever came of HELO.
pub(crate) fn ehlo_refused(ehlo: &Reply, stage: Stage) -> String {
    rejected("EHLO", ehlo, stage, None)
}

/// EHLO was refused, and nothing came of HELO.
pub(super) fn helo_unanswered(ehlo: &Reply, how: Unanswered, stage: Stage) -> String {
    let second = match how {
        Unanswered::Closed => say!("HELO was tried next, and the server closed the connection.").to_owned(),
        Unanswered::Reset => say!("HELO was tried next, and the connection was reset.").to_owned(),
        Unanswered::TimedOut(after) => {
            say!("HELO was tried next, and the server was silent for {} s.", after.as_secs())
        }
    };
    format!("{} {second}", ehlo_refused(ehlo, stage))
}

/// EHLO was refused and HELO accepted.
pub(crate) fn ehlo_alone_rejected(ehlo: &Reply, stage: Stage) -> String {
    let what = match stage {
        Stage::EhloAfterTls => say!("EHLO inside TLS was refused: {}.", quoted(ehlo)),
        _ => say!("EHLO was refused: {}.", quoted(ehlo)),
    };
    // A fault of the name, or of the address that tests, would be HELO's too.
    if !matches!(ehlo.code(), 501 | 504 | 550..=554) {
        return explained(what, ehlo, stage);
    }
    let codes = codes_explained(ehlo, stage).unwrap_or_default();
    say!(
        "{what} {codes} Likely cause: a rule of the server, or a device on the path, that is against EHLO as such: HELO gave \
         the same name from the same address."
    )
}

/// `due`: the command, where it was not sent. A 421 may come at any time, RFC 5321 §3.8.
pub(super) fn rejected(command: &str, reply: &Reply, stage: Stage, due: Option<&str>) -> String {
    let said = quoted(reply);
    let what = match (reply.code(), due) {
        (421, Some(due)) => say!("The server ended the session before {due} was sent: {said}."),
        (421, None) if stage == Stage::EhloAfterTls => {
            say!("Inside TLS the server ended the session in place of a reply to {command}: {said}.")
        }
        (421, None) => say!("The server ended the session in place of a reply to {command}: {said}."),
        (code, _) if is_refusal(code) && stage == Stage::EhloAfterTls => {
            say!("Inside TLS the server refused {command}: {said}.")
        }
        (code, _) if is_refusal(code) => say!("The server refused {command}: {said}."),
        _ if stage == Stage::EhloAfterTls => {
            say!(
                "Inside TLS the server answered {command} with {said}, which is no reply that SMTP has there."
            )
        }
        _ => say!("The server answered {command} with {said}, which is no reply that SMTP has there."),
    };
    explained(what, reply, stage)
}

pub(super) fn explained(words: String, reply: &Reply, stage: Stage) -> String {
    with_codes(words, reply, stage, likely_cause(reply, stage))
}

fn with_codes(mut words: String, reply: &Reply, stage: Stage, cause: Option<&str>) -> String {
    for more in [codes_explained(reply, stage).as_deref(), cause].into_iter().flatten() {
        words.push(' ');
        words.push_str(more);
    }
    words
}

/// What a refusal means whose last line had no end when the server hung up; nothing where it is none.
pub(super) fn refused_without_end(partial: Option<Broken<'_>>, stage: Stage) -> String {
    let Some(Broken { fault, .. }) = partial else { return String::new() };
    let last = ReplyLine { octets: fault.octets.clone(), ending: LineEnding::CrLf, cut: fault.more };
    if !last.code().is_some_and(is_refusal) || last.separator() == Separator::Hyphen {
        return String::new();
    }
    let lines = fault.lines.iter().cloned().chain([last]).collect();
    let reply = Reply { lines, left_out: fault.left_out };
    explained(say!(" Its line was not ended, but it is a refusal.").to_owned(), &reply, stage)
}
