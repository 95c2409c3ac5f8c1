//! How far a test has come, for the live view.

use std::time::Duration;

use heloscope_observation::{Observations, PortSpec};
use heloscope_words::{plural, say};
use serde::{Deserialize, Serialize};

use crate::facts::{self, Cause, Failure, PortFacts};
use crate::visible::{inert, shortened};
use crate::words::code_words;

/// How far the test of one port has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortProgress {
    /// The port.
    pub port: PortSpec,
    /// The steps, in the order in which they happen on this port.
    pub steps: Vec<Step>,
}

/// One step of a port's test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which.
    pub kind: StepKind,
    /// How far it has come.
    pub state: StepState,
    /// A short fact, or why it failed; empty where there is nothing to say yet. What cannot be seen is
    /// written out.
    pub text: String,
    /// Why it may be waiting.
    pub note: Option<String>,
}

/// The steps of a port's test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// The name is looked up and TCP connects.
    Connect,
    /// The server greets.
    Greeting,
    /// EHLO: in clear text on a STARTTLS port, inside TLS on an implicit-TLS port.
    Ehlo,
    /// STARTTLS and its reply; not on an implicit-TLS port.
    StartTls,
    /// The handshake.
    Tls,
    /// The certificate.
    Certificate,
}

/// How far a step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Not begun.
    Pending,
    /// Begun, not ended.
    Running {
        /// When it began, in milliseconds since the test began.
        since_ms: u64,
    },
    /// Ended well.
    Done {
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// Ended badly.
    Failed,
    /// Will not be made.
    Skipped,
}

/// How far the test has come at the time `at` after its beginning, a port each in the order asked for.
pub fn progress(observations: &Observations, at: Duration) -> Vec<PortProgress> {
    let now = observations
        .began_at_ms
        .div_euclid(1000)
        .saturating_add(i64::try_from(at.as_secs()).unwrap_or(i64::MAX));
    let ports = observations.target.ports.iter();
    ports.map(|spec| port_progress(&PortFacts::of(observations, *spec), at, now)).collect()
}

fn port_progress(facts: &PortFacts<'_>, at: Duration, now: i64) -> PortProgress {
    use StepKind::{Certificate, Connect, Ehlo, Greeting, StartTls, Tls};
    let kinds: &[StepKind] = match facts.is_implicit() {
        true => &[Connect, Tls, Certificate, Greeting, Ehlo],
        false => &[Connect, Greeting, Ehlo, StartTls, Tls, Certificate],
    };
    let steps = kinds.iter().map(|kind| step(facts, *kind, at, now)).collect();
    PortProgress { port: facts.spec, steps }
}

fn step(facts: &PortFacts<'_>, kind: StepKind, at: Duration, now: i64) -> Step {
    let (began, done) = span(facts, kind);
    let failed = facts.failure.as_ref().filter(|failure| failed_step(facts, failure) == Some(kind));
    let over = facts.failure.is_some() || facts.moments.ended.is_some();
    let not_offered = facts.offers_starttls() == Some(false) && !facts.is_implicit();
    let (state, text) = match (failed, began, done) {
        (Some(failure), ..) => (StepState::Failed, failure_text(facts, failure)),
        (None, began, Some(done)) => {
            let took_ms = facts::milliseconds(done.saturating_sub(began.unwrap_or(done)));
            (StepState::Done { took_ms }, fact(facts, kind, now))
        }
        (None, ..) if kind == StepKind::StartTls && not_offered => {
            (StepState::Skipped, say!("not offered").to_owned())
        }
        (None, ..) if over || (not_offered && matches!(kind, StepKind::Tls | StepKind::Certificate)) => {
            (StepState::Skipped, String::new())
        }
        (None, Some(began), None) => {
            (StepState::Running { since_ms: facts::milliseconds(began) }, String::new())
        }
        (None, None, None) => (StepState::Pending, String::new()),
    };
    let note = match (state, began) {
        (StepState::Running { .. }, Some(began)) => {
            note(facts, kind, at.saturating_sub(began)).map(str::to_owned)
        }
        _ => None,
    };
    Step { kind, state, text, note }
}

/// When a step began and ended.
fn span(facts: &PortFacts<'_>, kind: StepKind) -> (Option<Duration>, Option<Duration>) {
    let moments = &facts.moments;
    let after_tcp = if facts.is_implicit() { moments.handshake_done } else { moments.connected };
    match kind {
        StepKind::Connect => (moments.dialled, moments.connected),
        StepKind::Greeting => (after_tcp, moments.greeted),
        StepKind::Ehlo if facts.is_implicit() => {
            (moments.encrypted_ehlo_sent, moments.encrypted_ehlo_answered)
        }
        StepKind::Ehlo => (moments.ehlo_sent, moments.ehlo_answered),
        StepKind::StartTls => (moments.starttls_sent, moments.starttls_answered),
        StepKind::Tls => (moments.handshake_begun, moments.handshake_done),
        StepKind::Certificate => (moments.chain_seen, moments.chain_seen),
    }
}

fn failed_step(facts: &PortFacts<'_>, failure: &Failure<'_>) -> Option<StepKind> {
    use heloscope_observation::Stage;
    match failure.stage {
        _ if matches!(failure.cause, Cause::Tls(failure) if facts.ends_handshake(failure)) => {
            Some(StepKind::Tls)
        }
        Stage::Resolve | Stage::Connect => Some(StepKind::Connect),
        Stage::Greeting => Some(StepKind::Greeting),
        Stage::Ehlo => Some(StepKind::Ehlo),
        Stage::StartTls => Some(StepKind::StartTls),
        Stage::Tls => Some(StepKind::Tls),
        Stage::EhloAfterTls => facts.is_implicit().then_some(StepKind::Ehlo),
        Stage::Quit => None,
    }
}

fn failure_text(facts: &PortFacts<'_>, failure: &Failure<'_>) -> String {
    match failure.cause {
        Cause::GreetingRejected(reply)
        | Cause::EhloRejected { ehlo: reply, .. }
        | Cause::StartTlsRejected(reply) => first_line(reply),
        _ if facts.answer().is_some() => say!("{}, not finished here", handshake(facts)),
        _ => code_words(facts::port_error(failure, facts).code).to_owned(),
    }
}

/// What a step that ended well learned.
fn fact(facts: &PortFacts<'_>, kind: StepKind, now: i64) -> String {
    let text = match kind {
        StepKind::Connect => {
            facts.established.map(|established| established.address.ip().to_canonical().to_string())
        }
        StepKind::Greeting => facts.greeting.map(first_line),
        StepKind::Ehlo => {
            let hello = if facts.is_implicit() { &facts.encrypted } else { &facts.clear };
            hello.extensions().map(|reply| keywords(&reply)).or_else(|| hello.ehlo.map(first_line))
        }
        StepKind::StartTls => facts.starttls.map(first_line),
        StepKind::Tls => Some(handshake(facts)),
        StepKind::Certificate => facts.chain.map(|chain| leaf(chain, now)),
    };
    text.unwrap_or_default()
}

fn handshake(facts: &PortFacts<'_>) -> String {
    facts::tls(facts).map(|tls| format!("{} · {}", tls.version, tls.cipher_suite)).unwrap_or_default()
}

/// Why a step may be waiting that waits for so long.
fn note(facts: &PortFacts<'_>, kind: StepKind, waited: Duration) -> Option<&'static str> {
    if waited < Duration::from_secs(2) {
        return None;
    }
    match kind {
        StepKind::Connect if facts.spec.port == 25 => {
            Some(say!("No answer yet: a firewall may drop the packets. Many networks block port 25."))
        }
        StepKind::Connect => Some(say!("No answer yet: a firewall may drop the packets.")),
        StepKind::Greeting => Some(say!(
            "A greeting delay is not an error: servers delay theirs on purpose, to shake off senders of spam \
             that do not wait."
        )),
        StepKind::Ehlo => {
            Some(say!("Some servers look the client's address up in the DNS before they answer EHLO."))
        }
        StepKind::StartTls | StepKind::Tls => {
            Some(say!("No answer yet: the server may be busy, or not set up for TLS here."))
        }
        StepKind::Certificate => None,
    }
}

/// The first line of a reply, at most 80 characters of it.
fn first_line(reply: &heloscope_smtp::Reply) -> String {
    short(reply.lines.first().map(|line| &*line.octets).unwrap_or_default())
}

/// STARTTLS first, then as offered, three in all and how many more.
fn keywords(reply: &heloscope_smtp::EhloReply) -> String {
    const SHOWN: usize = 3;
    let keywords = reply.extensions.iter().map(|offered| offered.keyword.as_str());
    let (first, others): (Vec<&str>, Vec<&str>) =
        keywords.partition(|keyword| keyword.eq_ignore_ascii_case("STARTTLS"));
    let mut shown: Vec<String> =
        first.iter().chain(&others).take(SHOWN).map(|keyword| short_visible(keyword)).collect();
    if reply.extensions.len() > SHOWN {
        shown.push(format!("+{}", reply.extensions.len() - SHOWN));
    }
    if shown.is_empty() { say!("no extensions").to_owned() } else { shown.join(", ") }
}

/// Whose certificate it is, and how long it has to live.
fn leaf(chain: &[heloscope_observation::Der], now: i64) -> String {
    let Some(der) = chain.first() else { return say!("none sent").to_owned() };
    let Ok(facts) = heloscope_pki::Certificate::read(&der.0) else { return say!("unreadable").to_owned() };
    let first = facts.presented_identifiers().next().map(facts::presented);
    let name = match &facts.common_name {
        Some(name) => short(name),
        None => short_visible(&first.unwrap_or_else(|| facts.subject.clone())),
    };
    let days = match facts::days_between(now, facts.not_after) {
        _ if now > facts.not_after => say!("expired").to_owned(),
        days => plural!(days, "1 day left", "{days} days left"),
    };
    format!("{name}, {days}")
}

/// Characters of a line or name that are shown.
const SHOWN: usize = 80;

fn short(octets: impl AsRef<[u8]>) -> String {
    shortened(octets, SHOWN)
}

fn short_visible(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", inert(&text[..end])),
        None => inert(text),
    }
}
