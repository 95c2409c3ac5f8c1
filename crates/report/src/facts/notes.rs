use std::time::Duration;

use heloscope_observation::{AlertDescription, Pace, Stage};
use heloscope_smtp::{Command, FaultKind, LeftOut};
use heloscope_words::{capital, decimal, plural, say};

use super::ended::quit_not_ended;
use super::failure::unanswered;
use super::port::Unanswered;
use super::tls_error::close_notify_basis;
use super::{Cause, ChainFacts, Failure, Heard, PortFacts, port_error};
use crate::names::warning_words;
use crate::words::{quoted, reply_name};

/// Between octets of one reply this is no longer the network's doing.
const PAUSE: Duration = Duration::from_secs(1);

/// What was seen and is no fault, a sentence or two each. `fits`: whether the certificate is for the host, where one was
/// seen.
pub(crate) fn notes(facts: &PortFacts<'_>, fits: Option<bool>, chain: Option<&ChainFacts>) -> Vec<String> {
    let greeting =
        facts.greeting_came.and_then(|pace| greeting_in_parts(pace, facts.greeting_awaited_from()));
    let warned = match facts.handshake {
        Some(handshake) if handshake.completed || !facts.answers_by_hand() => &facts.warned[..],
        Some(_) => &facts.answer_warned,
        None => &[],
    };
    let long_replies = facts.replies.iter().filter_map(long_reply);
    let warned = went_on(warned, facts.names_host, fits);
    let quit = facts.odd_at_quit.map(|cause| odd_at_quit(cause, facts));
    let quit = quit.or_else(|| quit_answered_oddly(facts));
    let order = chain.and_then(out_of_order);
    let cut_off = cut_off_at_last(facts);
    greeting.into_iter().chain(long_replies).chain(warned).chain(order).chain(quit).chain(cut_off).collect()
}

/// A session that was cut off before its end has an error that says so.
fn cut_off_at_last(facts: &PortFacts<'_>) -> Option<String> {
    let told = facts
        .failure
        .is_some_and(|failure| matches!(failure.cause, Cause::Closed(_)) && !failure.is_after_all());
    let says = say!(
        "At the end the server closed the connection without TLS's close_notify ({} demands it). Nothing more was to be said, \
         and it does mail no harm.",
        close_notify_basis(facts)
    );
    (facts.tls_cut_off && !told).then_some(says)
}

/// A certificate that does not certify the one before it; by names alone, for the path has its own checks.
fn out_of_order(chain: &ChainFacts) -> Option<String> {
    let pairs = chain.certificates.windows(2).enumerate();
    let mut strays = pairs.filter_map(|(place, pair)| match pair {
        [Ok(before), Ok(certificate)] => (before.issuer != certificate.subject).then_some(place + 2),
        _ => None,
    });
    strays.next().map(|number| {
        say!(
            "Certificate {number} of the chain has not issued the one before it: they are out of order, or one does not belong \
             there. RFC 5246 §7.4.2 demands an order in which each has, RFC 8446 §4.4.2 advises it; most TLS libraries find \
             the path all the same."
        )
    })
}

/// Warnings in a handshake that did not break off; that about the name is told before others. `names_host`: whether the hello
/// names the host.
fn went_on(warned: &[AlertDescription], names_host: bool, fits: Option<bool>) -> Option<String> {
    let about_name = warned.iter().find(|alert| **alert == AlertDescription::UNRECOGNIZED_NAME);
    let alert = *about_name.or(warned.first())?;
    let certificate = match fits.filter(|_| about_name.is_some() && names_host) {
        Some(true) => say!(" The certificate that it sent is for the name all the same."),
        Some(false) => say!(" The certificate that it sent is not for the name."),
        None => "",
    };
    let first = warning_words(alert, names_host);
    Some(match warned.len() - 1 {
        0 => say!("In the handshake the server warned {first}, and went on.{certificate}"),
        others => plural!(
            others,
            "In the handshake the server warned {first}, and with 1 other alert, and went on.{certificate}",
            "In the handshake the server warned {first}, and with {others} other alerts, and went on.{certificate}"
        ),
    })
}

/// All was said by then: it is no fault that mail meets.
fn odd_at_quit(cause: Cause<'_>, facts: &PortFacts<'_>) -> String {
    let what = match (unanswered(cause), cause) {
        (Some(how), _) => return quit_unanswered(how),
        (None, Cause::NoReply(begun)) if begun.fault.kind == FaultKind::Incomplete => quit_not_ended(begun),
        (None, _) => port_error(&Failure { stage: Stage::Quit, cause, due: None }, facts).message,
    };
    say!("{what} RFC 5321 §4.1.1.10 demands 221; nothing more was to be said, and it does mail no harm.")
}

fn quit_unanswered(how: Unanswered) -> String {
    match how {
        Unanswered::Closed => {
            say!("The server closed the connection without a reply to QUIT (RFC 5321 §4.1.1.10 demands 221).")
                .to_owned()
        }
        Unanswered::Reset => {
            say!("The connection was reset without a reply to QUIT (RFC 5321 §4.1.1.10 demands 221).")
                .to_owned()
        }
        Unanswered::TimedOut(after) => {
            let seconds = after.as_secs();
            say!("No reply to QUIT came within {seconds} s (RFC 5321 §4.1.1.10 demands 221).")
        }
    }
}

/// With another code than its own; a 421 may come at any time, RFC 5321 §3.8.
fn quit_answered_oddly(facts: &PortFacts<'_>) -> Option<String> {
    let is_quit = |heard: &&Heard<'_>| heard.to == Some(&Command::Quit);
    let reply = facts.replies.iter().find(is_quit).filter(|_| facts.unasked.is_none())?.reply;
    let is_odd = !matches!(reply.code(), 221 | 421);
    is_odd.then(|| say!("The server answered QUIT with {} (RFC 5321 §4.1.1.10 demands 221).", quoted(reply)))
}

/// A reply of which not all lines are kept.
fn long_reply(heard: &Heard<'_>) -> Option<String> {
    let LeftOut { lines: left_out @ 1.., .. } = heard.reply.left_out else { return None };
    let kept = heard.reply.lines.len();
    let all = left_out.saturating_add(kept);
    let rest = match (heard.to, heard.reply.code()) {
        (Some(Command::Ehlo(_)), 250) => say!("; what the others offer is not known"),
        _ => "",
    };
    Some(say!(
        "{} has {all} lines, of which the first {} and the last are kept{rest}.",
        capital(reply_name(heard)),
        kept - 1
    ))
}

/// `from`: when the greeting began to be waited for.
fn greeting_in_parts(pace: &Pace, from: Option<Duration>) -> Option<String> {
    let Pace { first, last, lines, pieces, octets } = pace;
    let took = last.saturating_sub(*first);
    if took < PAUSE {
        return None;
    }
    let (first_line, last_line) = (lines.first()?, lines.last()?);
    // A line may take a piece or two more on its way.
    let dripped = *pieces > lines.len().saturating_add(2);
    if dripped || last_line.saturating_sub(*first_line) < PAUSE {
        return Some(say!("The greeting, {octets} octets, came in {pieces} pieces over {}.", seconds(took)));
    }
    let begun = first_line.saturating_sub(from.unwrap_or(*first));
    let begun = if begun < PAUSE { say!("at once").to_owned() } else { say!("after {}", seconds(begun)) };
    Some(say!(
        "The greeting came in parts: its first line {begun}, the last {} later. A server such as Postfix's postscreen does so to find \
         out who speaks before the greeting is complete; this test did not.",
        seconds(last_line.saturating_sub(*first_line))
    ))
}

/// `2.2 s`, and from five seconds on `6 s`: of a wait that long a tenth is the path's doing, not the server's.
fn seconds(time: Duration) -> String {
    const HALF_A_TENTH: Duration = Duration::from_millis(50);
    const HALF_A_SECOND: Duration = Duration::from_millis(500);
    let rounded = time.saturating_add(HALF_A_TENTH);
    match rounded.as_secs() {
        5.. => say!("{} s", time.saturating_add(HALF_A_SECOND).as_secs()),
        whole => say!("{} s", decimal(whole, &(rounded.subsec_millis() / 100).to_string())),
    }
}
