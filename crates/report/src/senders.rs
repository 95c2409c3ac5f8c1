//! What each kind of sender will do with the server. Read off a report alone, so that a saved one will do.

mod certificate;
mod reach;

use certificate::{Standing, dane, finds_a_path, standing};
use reach::{Reach, reach};
use serde::{Deserialize, Serialize};

use heloscope_words::{mark, say, small, spoken};

use crate::words::error_words;
use crate::{ErrorCode, Finding, Phase, Port, PortError, Report, Role, Severity, Tls};

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
/// clients.
pub fn senders(report: &Report) -> Vec<SenderRow> {
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
            let (outcome, text) = row(port, *sender);
            SenderRow { sender: *sender, port: port.port, outcome, text }
        }));
    }
    rows
}

/// Whether a finding is about a reply that nobody asked for.
pub(crate) fn is_out_of_step(finding: &Finding) -> bool {
    finding.id == "malformed-reply" && finding.severity < Severity::Error
}

fn row(port: &Port, sender: Sender) -> (SenderOutcome, String) {
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
        (Reach::Later(finding), sender) => (Queues, later(port, finding, sender)),
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
        (reach @ (Reach::Encrypted | Reach::Answered(_)), sender) if has(port, "starttls-injection") => {
            injected(port, sender, matches!(reach, Reach::Encrypted))
        }
        (Reach::Encrypted, Sender::Opportunistic) => {
            (Delivers, say!("Delivers over {}; the certificate is not looked at.", version(port)))
        }
        (Reach::Encrypted, Sender::MtaSts | Sender::MailClient)
            if matches!(standing(port), Standing::Holds) && has(port, "certificate-weak-key") =>
        {
            (Depends, say!("Depends on its TLS library: a key is too short, which most refuse.").to_owned())
        }
        (Reach::Encrypted, Sender::MtaSts) => match standing(port) {
            Standing::Holds => (
                Delivers,
                say!(
                    "Delivers over {} where the policy names this host: the certificate \
                         holds.",
                    version(port)
                ),
            ),
            Standing::Unknown => (Depends, say!("Delivers if {}.", finds_a_path())),
            Standing::Against(faults) => (Refuses, say!("Does not deliver: {faults}.")),
        },
        (Reach::Encrypted, Sender::Dane) => (Depends, dane(port)),
        (Reach::Encrypted, Sender::MailClient) => {
            let login = match has(port, "submission-without-auth") {
                true => say!(" It finds no AUTH to log in with."),
                false => "",
            };
            match standing(port) {
                Standing::Holds => {
                    (Delivers, say!("Sends over {}; the certificate holds.{login}", version(port)))
                }
                Standing::Unknown => (Depends, say!("Sends if {}.{login}", finds_a_path())),
                Standing::Against(faults) => {
                    (Depends, say!("Refuses the connection or warns its user: {faults}.{login}"))
                }
            }
        }
        (Reach::Answered(tls), sender) => answered(port, tls, sender),
        (Reach::Unknown, _) => (NotTested, not_tested(port)),
    }
}

/// What a sender does that is sent away, hung up on, or left without an answer, RFC 5321 §4.5.4.1, §5.1.
fn later(port: &Port, finding: &Finding, sender: Sender) -> String {
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
        let lost = matches!(error.code, ErrorCode::Closed | ErrorCode::Reset | ErrorCode::Timeout);
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
fn injected(port: &Port, sender: Sender, encrypted: bool) -> (SenderOutcome, String) {
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

fn answered(port: &Port, tls: &Tls, sender: Sender) -> (SenderOutcome, String) {
    use SenderOutcome::{Depends, Refuses};
    let version = &tls.version;
    let is_old = has(port, "tls-version-weak");
    if has(port, "tls-name-refused") {
        return unnamed(version, sender);
    }
    let condition = match has(port, "tls-hello-intolerance") {
        true => say!("if its hello is of an older form").to_owned(),
        false => say!("if it still speaks {version} with {}", tls.cipher_suite),
    };
    match sender {
        Sender::Opportunistic => {
            let postfix = match is_old || has(port, "tls-outdated-only") {
                _ if is_gone_from_openssl(tls) => say!(", as OpenSSL does only where it was built to"),
                true => say!(", as Postfix on OpenSSL does"),
                false => "",
            };
            let text = say!(
                "Delivers over TLS {condition}{postfix}; else in clear text after a failed attempt, or keeps the \
                 mail queued."
            );
            (Depends, text)
        }
        Sender::MtaSts if is_old => {
            (Refuses, say!("Does not deliver: MTA-STS demands TLS 1.2, and this is {version} at best."))
        }
        Sender::MailClient if is_old => {
            (Refuses, say!("Cannot send: mail clients of today refuse {version}."))
        }
        Sender::MtaSts => match standing(port) {
            Standing::Against(faults) => (Refuses, say!("Does not deliver: {faults}.")),
            Standing::Unknown => {
                (Depends, say!("Delivers {condition}, and if {}; else not at all.", finds_a_path()))
            }
            Standing::Holds => {
                (Depends, say!("Delivers {condition}, else not at all: the certificate holds."))
            }
        },
        Sender::MailClient => match standing(port) {
            Standing::Against(faults) => {
                (Depends, say!("Refuses the connection or warns its user: {faults}."))
            }
            Standing::Unknown => (Depends, say!("Sends {condition}, and if {}.", finds_a_path())),
            Standing::Holds => {
                (Depends, say!("Sends {condition}, and cannot otherwise; the certificate holds."))
            }
        },
        Sender::Dane if port.certificate.is_none() => (Depends, dane(port)),
        Sender::Dane => {
            let text = say!(
                "Where TLSA records are published TLS must come up: it does {condition}. {}",
                dane(port)
            );
            (Depends, text)
        }
    }
}

/// What OpenSSL 1.1.0 and later leave out unless they are built with it.
fn is_gone_from_openssl(tls: &Tls) -> bool {
    const GONE: [&str; 6] = ["_RC4_", "_RC2_", "_DES_", "_DES40_", "_3DES_", "_EXPORT_"];
    tls.version == "SSL 3.0" || GONE.iter().any(|part| tls.cipher_suite.contains(part))
}

/// Where the server refuses a hello that names it.
fn unnamed(version: &str, sender: Sender) -> (SenderOutcome, String) {
    use SenderOutcome::{Depends, Refuses};
    match sender {
        Sender::Opportunistic => {
            let text = say!(
                "Delivers over {version} if its hello does not name the host, as Postfix's does not; else in clear text \
                 after a failed attempt, or keeps the mail queued."
            );
            (Depends, text)
        }
        Sender::MtaSts => {
            (Refuses, say!("Does not deliver: it must name the host, and is refused for it.").to_owned())
        }
        Sender::Dane => {
            let text = say!(
                "Where TLSA records are published it must name the host, is refused for it, and does not deliver."
            );
            (Depends, text.to_owned())
        }
        Sender::MailClient => {
            (Refuses, say!("Cannot send: it names the host, and is refused for it.").to_owned())
        }
    }
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

fn not_tested(port: &Port) -> String {
    match &port.error {
        None if has(port, "reply-too-long") => {
            say!("Not tested: the reply to EHLO has more lines than are kept.").to_owned()
        }
        Some(error) => say!("Not tested: {}.", error_words(error)),
        None => say!("Not tested.").to_owned(),
    }
}

fn version(port: &Port) -> &str {
    port.tls.as_ref().map_or("TLS", |tls| &tls.version)
}

fn has(port: &Port, id: &str) -> bool {
    port.findings.iter().any(|finding| finding.id == id)
}
