//! What is said of a session that ended, with what had come of a reply.

use heloscope_observation::Pace;
use heloscope_smtp::Fault;
use heloscope_words::say;

use super::Broken;
use crate::visible::visible_line;

pub(super) fn had_begun(partial: Option<Broken<'_>>) -> String {
    partial.map_or_else(String::new, |partial| {
        say!(" The beginning of a reply had come: “{}”.", text(partial.fault))
    })
}

pub(super) fn closed(at: &str, partial: Option<Broken<'_>>) -> String {
    let begun = begun(partial);
    say!("The server closed the connection {at}{begun}.")
}

/// For the reply to QUIT the test waits only so long in all.
pub(super) fn quit_not_ended(partial: Broken<'_>) -> String {
    say!("The reply to QUIT was not ended: “{}”.", text(partial.fault))
}

pub(super) fn timed_out(at: &str, seconds: u64, partial: Option<Broken<'_>>) -> String {
    say!("The server was silent for {seconds} s {at}{}.", begun(partial))
}

/// The server was not silent for long, but never came to an end.
pub(super) fn whole_time_over(
    at: &str,
    seconds: u64,
    shaking: Option<&Pace>,
    partial: Option<Broken<'_>>,
) -> String {
    let over = say!("The time for the whole test of this port, {seconds} s, was up {at}");
    if let Some(Pace { first, last, pieces, octets, .. }) = shaking {
        let over_seconds = last.saturating_sub(*first).as_secs();
        return say!("{over}: {octets} octets of it had come, in {pieces} pieces over {over_seconds} s.");
    }
    let Some(partial) = partial else { return format!("{over}.") };
    let said = text(partial.fault);
    match partial.came {
        Some(Pace { first, last, pieces: pieces @ 2.., octets, .. }) => {
            let over_seconds = last.saturating_sub(*first).as_secs();
            say!(
                "{over}: {octets} octets of a reply had come, in {pieces} pieces over {over_seconds} s: “{said}”."
            )
        }
        _ => say!("{over}, after the beginning of a reply: “{said}”."),
    }
}

fn begun(partial: Option<Broken<'_>>) -> String {
    partial.map_or_else(String::new, |partial| {
        say!(", after the beginning of a reply: “{}”", text(partial.fault))
    })
}

fn text(fault: &Fault) -> String {
    let lines = fault.lines.iter().map(|line| &*line.octets);
    let all: Vec<&[u8]> = lines.chain((!fault.octets.is_empty()).then_some(&*fault.octets)).collect();
    visible_line(all.join(&b' ').trim_ascii_end(), 0)
}
