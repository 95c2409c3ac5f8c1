//! What each kind of sender will do with the server. Read off a report alone, so that a saved one will do.

mod answered;
mod certificate;
mod reach;

use answered::{answered, conditional, passes_over_key_usage};
use certificate::{Standing, dane, is_key_usage_against, is_weakly_signed_alone, standing};
use reach::{Reach, reach};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::ops::Deref;

use heloscope_words::{mark, say, small, spoken};

use crate::words::error_words_of;
use crate::{ErrorCode, Finding, Phase, Port, PortError, Report, Role, Severity, Speaker};

/// What one kind of sender will do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderRow {
    /// The kind of sender.
    pub sender: Sender,
    /// The port it connects to.
    pub port: u16,
    /// What it will do.
    pub outcome: SenderOutcome,
    /// The same with the reason, in a sentence or two.
    pub text: String,
}

/// The kinds of senders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// A mail server that uses TLS where there is some and does not look at the certificate, RFC 7435.
    Opportunistic,
    /// A mail server that found an MTA-STS policy in mode enforce, RFC 8461.
    MtaSts,
    /// A mail server that looks for TLSA records, RFC 7672.
    Dane,
    /// A mail client that submits mail, RFC 8314.
    MailClient,
}

impl Sender {
    /// What a reader calls it.
    pub fn name(self) -> &'static str {
        spoken(match self {
            Self::Opportunistic => mark!("Opportunistic TLS"),
            Self::MtaSts => mark!("MTA-STS in mode enforce"),
            Self::Dane => "DANE",
            Self::MailClient => mark!("Mail client"),
        })
    }
}

/// What a sender will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SenderOutcome {
    /// Delivers over TLS.
    Delivers,
    /// Delivers in clear text.
    ClearText,
    /// Keeps the mail and comes back later.
    Queues,
    /// Does not deliver.
    Refuses,
    /// It depends on what was not looked at; the text says on what.
    Depends,
    /// Could not be tested.
    NotTested,
}

impl SenderOutcome {
    /// What a reader calls it.
    pub fn name(self) -> &'static str {
        spoken(match self {
            Self::Delivers => mark!("delivers over TLS"),
            Self::ClearText => mark!("delivers in clear text"),
            Self::Queues => mark!("tries again later"),
            Self::Refuses => mark!("does not deliver"),
            Self::Depends => mark!("depends"),
            Self::NotTested => mark!("not tested"),
        })
    }
}

/// What each kind of sender will do, as far as the report's ports tell: mail servers on port 25, mail clients
/// on 465 and 587, each in the order of the report.
///
/// Where 25 was not asked for, other STARTTLS ports of no standard stand in for it; implicit-TLS ones are for
/// clients. Only who is set up for such a port connects to it.
pub fn senders(report: &Report) -> Vec<SenderRow> {
    let by_address = report.host.parse::<IpAddr>().is_ok();
    let has_relay = report.ports.iter().any(|port| port.role == Role::Relay);
    let mut rows = Vec::new();
    for port in &report.ports {
        let for_senders = match port.role {
            Role::Relay => true,
            Role::Custom if port.implicit_tls => false,
            Role::Custom if has_relay => continue,
            Role::Custom => true,
            Role::Submission | Role::Submissions => false,
        };
        let kinds: &[Sender] = match for_senders {
            true => &[Sender::Opportunistic, Sender::MtaSts, Sender::Dane],
            false => &[Sender::MailClient],
        };
        rows.extend(kinds.iter().map(|sender| {
            let (outcome, mut text) = row(Tested { port, at: &report.tested_at, by_address }, *sender);
            if port.role == Role::Custom && outcome != SenderOutcome::NotTested {
                text = say!("If set up for this port: {}", small(&text));
            }
            SenderRow { sender: *sender, port: port.port, outcome, text }
        }));
    }
    rows
}

/// The kind of the leaf's key.
pub(crate) fn leaf_key(port: &Port) -> Option<&str> {
    port.certificate.as_ref()?.facts.key.as_deref()
}

/// Whether a finding is about a reply that nobody asked for.
pub(crate) fn is_out_of_step(finding: &Finding) -> bool {
    finding.id == "malformed-reply" && finding.severity < Severity::Error
}

/// A port, and what of its report senders go by as well.
#[derive(Clone, Copy)]
struct Tested<'a> {
    port: &'a Port,
    /// When, as RFC 3339 has it, in UTC.
    at: &'a str,
    /// The host was given as an address.
    by_address: bool,
}

impl Deref for Tested<'_> {
    type Target = Port;

    fn deref(&self) -> &Port {
        self.port
    }
}

fn row(port: Tested<'_>, sender: Sender) -> (SenderOutcome, String) {
    use SenderOutcome::{ClearText, Delivers, Depends, NotTested, Queues, Refuses};
    match (reach(port, sender), sender) {
        (Reach::Stopped(finding), Sender::MailClient) => (
            Refuses,
            say!(
                "Cannot send: \
                                                                            {}.",
                small(&finding.title)
            ),
        ),
        (Reach::Stopped(finding), _) => (
            Refuses,
            say!(
                "Does not deliver here: \
                                                           {}.",
                small(&finding.title)
            ),
        ),
        (Reach::Preceded(finding), _) => (
            Depends,
            say!(
                "Depends on whether it skips what stands before the greeting, as Postfix does: {}.",
                small(&finding.title)
            ),
        ),
        (Reach::Odd(finding), Sender::MailClient) => (
            Depends,
            say!("Depends on whether it goes by the first digit of a reply: {}.", small(&finding.title)),
        ),
        (Reach::Odd(finding), _) => (
            Depends,
            say!(
                "Depends on whether it goes by the first digit of a reply, as Postfix and Exim do: {}.",
                small(&finding.title)
            ),
        ),
        (Reach::Later(finding), Sender::Opportunistic | Sender::MtaSts | Sender::Dane) if is_still_speaking(port) => {
            let why = small(&finding.title);
            (
                Depends,
                say!(
                    "Goes on if the reply ends while it waits, which is minutes (RFC 5321 §4.5.3.2); else tries the domain's \
                     other mail exchangers, or this one again later: {why}."
                ),
            )
        }
        (Reach::Later(finding), Sender::Opportunistic | Sender::MtaSts | Sender::Dane)
            if finding.id == "ehlo-rejected" && !is_helo_tried(port) =>
        {
            let why = small(&finding.title);
            (
                Depends,
                say!(
                    "Some, such as Postfix, try HELO, which was not tested; the others try the domain's other mail exchangers, \
                     or this one again later: {why}."
                ),
            )
        }
        (Reach::Later(finding), sender) => (Queues, later(port, finding, sender)),
        (Reach::ClearText, Sender::Opportunistic) if demands_starttls(port) => (
            Depends,
            say!(
                "Delivers in clear text only if the server takes mail so, which was not tested: it demands STARTTLS, and its refusal \
                 of EHLO hides whether that is offered."
            )
            .to_owned(),
        ),
        (Reach::ClearText, Sender::Opportunistic) => {
            (ClearText, say!("Delivers in clear text: TLS is not offered.").to_owned())
        }
        (Reach::ClearText, Sender::MtaSts) => (Refuses, say!("Does not deliver: TLS is not offered.").to_owned()),
        (Reach::Masked, sender) => (Depends, masked(sender).to_owned()),
        (Reach::Broken, Sender::Opportunistic) => (
            Depends,
            say!("TLS is offered but fails: delivers in clear text after a failed attempt, or keeps the mail \
             queued.")
                .to_owned(),
        ),
        (Reach::Broken, Sender::MtaSts) => (
            Refuses,
            say!("Does not deliver: TLS is offered but \
                                                      fails.")
                .to_owned(),
        ),
        (Reach::ClearText | Reach::Broken, Sender::Dane) => (
            Depends,
            say!("Does not deliver where TLSA records are published for this host: TLS does not come up. Without \
             such records, as an opportunistic sender. The records were not looked up.")
                .to_owned(),
        ),
        (Reach::ClearText, Sender::MailClient) => (
            Depends,
            say!("Refuses to go on where it is set to demand TLS; else sends password and mail in clear \
             text.")
                .to_owned(),
        ),
        (Reach::Broken, Sender::MailClient) => (Refuses, say!("Cannot send: TLS does not come up.").to_owned()),
        (Reach::BrokenToday, sender) => (Depends, broken_today(sender)),
        (reach @ (Reach::Encrypted | Reach::Answered(_)), sender) if has(port, "starttls-injection") => {
            injected(port, sender, matches!(reach, Reach::Encrypted))
        }
        (Reach::Encrypted | Reach::Answered(_), Sender::MtaSts | Sender::Dane) if port.by_address => (
            Depends,
            say!("It goes by the name in the MX record, which is never an address: test by that name.").to_owned(),
        ),
        (Reach::Encrypted, sender) if is_key_usage_against(port) => {
            conditional(port, passes_over_key_usage(), sender)
        }
        (Reach::Encrypted, Sender::Opportunistic) => {
            (Delivers, say!("Delivers over {}; the certificate is not looked at.", version(port)))
        }
        (Reach::Encrypted, Sender::MtaSts | Sender::MailClient)
            if matches!(standing(port), Standing::Holds(_)) && has(port, "certificate-weak-key") =>
        {
            (Depends, say!("Depends on its TLS library: a key is too short, which most refuse.").to_owned())
        }
        (Reach::Encrypted, Sender::MtaSts | Sender::MailClient) if is_weakly_signed_alone(port) => (
            Depends,
            say!("Depends on its TLS library: a signature rests on MD5 or SHA-1, which most refuse.").to_owned(),
        ),
        (Reach::Encrypted, Sender::MtaSts) => match standing(port) {
            Standing::Holds(holds) => (
                Delivers,
                say!("Delivers over {} where the policy names this host: {holds}.", version(port)),
            ),
            Standing::Unknown(condition) => (Depends, say!("Delivers if {condition}.")),
            Standing::Against(faults) => (Refuses, say!("Does not deliver: {faults}.")),
        },
        (Reach::Encrypted, Sender::Dane) => (Depends, dane(port)),
        (Reach::Encrypted, Sender::MailClient) => {
            let login = match has(port, "submission-without-auth") {
                true => say!(" It finds no AUTH to log in with."),
                false => "",
            };
            match standing(port) {
                Standing::Holds(holds) => {
                    let verdict = if login.is_empty() { Delivers } else { Depends };
                    (verdict, say!("Sends over {}; {holds}.{login}", version(port)))
                }
                Standing::Unknown(condition) => (Depends, say!("Sends if {condition}.{login}")),
                Standing::Against(faults) => {
                    (Depends, say!("Refuses the connection or warns its user: {faults}.{login}"))
                }
            }
        }
        (Reach::Answered(tls), sender) => answered(port, tls, sender),
        (Reach::Unknown, _) => (NotTested, not_tested(port)),
    }
}

/// Whether the server was in the middle of a reply, and not silent, when this test ran out of time.
fn is_still_speaking(port: Tested<'_>) -> bool {
    const PAUSE_MS: u64 = 10_000;
    let timed_out = port.error.as_ref().is_some_and(|error| error.code == ErrorCode::Timeout);
    let ended =
        port.timings.began_ms.zip(port.timings.total_ms).map(|(began, total)| began.saturating_add(total));
    let last = port.transcript.last().filter(|line| line.from == Speaker::Server);
    timed_out && ended.zip(last).is_some_and(|(ended, last)| ended.saturating_sub(last.at_ms) < PAUSE_MS)
}

/// Whether the server said 530, Must issue a STARTTLS command first, RFC 3207 §4.
fn demands_starttls(port: Tested<'_>) -> bool {
    let mut said = port.transcript.iter().filter(|line| line.from == Speaker::Server);
    said.any(|line| line.text.starts_with("530"))
}

/// Whether HELO was said at all.
fn is_helo_tried(port: Tested<'_>) -> bool {
    let mut lines = port.transcript.iter();
    lines.any(|line| line.from == Speaker::Client && line.text.starts_with("HELO "))
}

/// What a sender does that is sent away, hung up on, or left without an answer, RFC 5321 §4.5.4.1, §5.1.
fn later(port: Tested<'_>, finding: &Finding, sender: Sender) -> String {
    let why = small(&finding.title);
    if sender == Sender::MailClient {
        return say!("Cannot send for now: {why}.");
    }
    let error = port.error.as_ref();
    let waits = error.is_some_and(|error| error.code == ErrorCode::Timeout);
    let text = match waits {
        true => say!(
            "Waits some minutes, then tries the domain's other mail exchangers, or this one again later: {why}."
        ),
        false => say!("Tries the domain's other mail exchangers, or this one again later: {why}."),
    };
    let in_tls = |error: &PortError| {
        // A 421 is an answer like any other.
        let lost = matches!(
            error.code,
            ErrorCode::Closed
                | ErrorCode::Reset
                | ErrorCode::Timeout
                | ErrorCode::TlsAlert
                | ErrorCode::TlsFailed
        );
        lost && matches!(error.phase, Phase::Tls | Phase::EhloAfterTls)
    };
    match sender {
        Sender::Opportunistic if error.is_some_and(in_tls) => {
            text + say!(" Some, such as Postfix, then try this one without TLS.")
        }
        _ => text,
    }
}

/// Where clear text follows the 220 to STARTTLS; a sender that does not mind it goes on to the certificate.
fn injected(port: Tested<'_>, sender: Sender, encrypted: bool) -> (SenderOutcome, String) {
    let looks = encrypted && matches!(sender, Sender::MtaSts | Sender::MailClient);
    if let (true, Standing::Against(faults)) = (looks, standing(port)) {
        let text = match sender {
            Sender::MailClient => say!(
                "Ends the session, or warns its user: clear text follows the 220 to STARTTLS, and {faults}."
            ),
            _ => say!("Does not deliver: clear text follows the 220 to STARTTLS, and {faults}."),
        };
        return (SenderOutcome::Refuses, text);
    }
    let name = if sender == Sender::MailClient { say!("a mail client") } else { say!("a sender") };
    let text = say!("Clear text follows the 220 to STARTTLS: {name} that is careful ends the session there.");
    match sender {
        Sender::Dane if encrypted => (SenderOutcome::Depends, format!("{text} {}", dane(port))),
        _ => (SenderOutcome::Depends, text),
    }
}

/// Where TLS fails with a hello like this test's, and another was not tested.
fn broken_today(sender: Sender) -> String {
    let does = spoken(match sender {
        Sender::Opportunistic => mark!(
            "With a hello like this test's TLS fails: delivers in clear text after a failed attempt, or keeps the mail queued."
        ),
        Sender::MtaSts => mark!("With a hello like this test's TLS fails: does not deliver."),
        Sender::Dane => mark!(
            "With a hello like this test's TLS fails: does not deliver where TLSA records are published for this host. \
             Without such records, as an opportunistic sender. The records were not looked up."
        ),
        Sender::MailClient => mark!("With a hello like this test's TLS fails: cannot send."),
    });
    say!("{does} Whether a hello that offers something else is taken was not tested.")
}

/// Where a device on the path overwrites what is offered, and may stand before the server or before this test alone.
fn masked(sender: Sender) -> &'static str {
    spoken(match sender {
        Sender::Opportunistic => {
            mark!(
                "Whether TLS is offered is not known. Across the device that overwrites the EHLO reply it delivers in clear \
             text; on another path, over TLS if the server offers it."
            )
        }
        Sender::MtaSts => {
            mark!(
                "Whether TLS is offered is not known. Across the device that overwrites the EHLO reply it does not deliver; on \
             another path, if the server offers TLS and the certificate holds."
            )
        }
        Sender::Dane => {
            mark!(
                "Whether TLS is offered is not known, and TLSA records were not looked up. Where there are any it does not \
             deliver across the device that overwrites the EHLO reply. Without records, as an opportunistic sender."
            )
        }
        Sender::MailClient => {
            mark!(
                "Whether TLS is offered is not known. Across the device that overwrites the EHLO reply it refuses to go on where \
             it is set to demand TLS; else it sends password and mail in clear text."
            )
        }
    })
}

fn not_tested(port: Tested<'_>) -> String {
    match ended_by(port) {
        None if has(port, "reply-too-long") => {
            say!("Not tested: the reply to EHLO has more lines than are kept.").to_owned()
        }
        Some(error) => say!("Not tested: {}.", error_words_of(port.port, error)),
        None => say!("Not tested.").to_owned(),
    }
}

/// The error that kept the test from what it is about.
fn ended_by(port: Tested<'_>) -> Option<&PortError> {
    port.port.cut_short_by()
}

fn version(port: Tested<'_>) -> &str {
    port.port.tls.as_ref().map_or("TLS", |tls| &tls.version)
}

fn has(port: Tested<'_>, id: &str) -> bool {
    port.findings.iter().any(|finding| finding.id == id)
}
