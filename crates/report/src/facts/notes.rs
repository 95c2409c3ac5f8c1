use std::time::Duration;

use heloscope_observation::Pace;

use super::PortFacts;

/// Between octets of one reply this is no longer the network's doing.
const PAUSE: Duration = Duration::from_secs(1);

/// What was seen and is no fault, a sentence each.
pub(crate) fn notes(facts: &PortFacts<'_>) -> Vec<String> {
    let greeting =
        facts.greeting_came.and_then(|pace| greeting_in_parts(pace, facts.greeting_awaited_from()));
    greeting.into_iter().collect()
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
        return Some(format!(
            "The greeting, {octets} octets, came in {pieces} pieces over {}.",
            seconds(took)
        ));
    }
    let begun = first_line.saturating_sub(from.unwrap_or(*first));
    let begun = if begun < PAUSE { "at once".to_owned() } else { format!("after {}", seconds(begun)) };
    Some(format!(
        "The greeting came in parts: its first line {begun}, the last {} later. A server such as Postfix's postscreen does so to find \
         out who speaks before the greeting is complete; this test did not.",
        seconds(last_line.saturating_sub(*first_line))
    ))
}

/// `6.0 s`
fn seconds(time: Duration) -> String {
    format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100)
}
