//! How far a sender gets, whatever it does about it.

use super::certificate::{Standing, standing};
use super::{Sender, Tested, ended_by, has, is_out_of_step};
use crate::words::is_greeting;
use crate::{Finding, Role, Severity, Speaker, Tls, TranscriptLine};

/// How far a sender of any kind gets.
pub(super) enum Reach<'a> {
    /// Nobody gets any further.
    Stopped(&'a Finding),
    /// A reply says yes, but not with its own code: who goes by the first digit goes on.
    Odd(&'a Finding),
    /// What is no reply stands before the greeting: who skips it goes on.
    Preceded(&'a Finding),
    /// Nobody for now.
    Later(&'a Finding),
    ClearText,
    /// A device on the path overwrites what is offered: whether TLS is, is not known.
    Masked,
    /// TLS was offered and failed.
    Broken,
    /// TLS was offered and failed with a hello like this test's; whether it does with another was not tested.
    BrokenToday,
    Encrypted,
    /// A hello by hand was answered, and no handshake finished: it depends on what a sender's TLS library speaks.
    Answered(&'a Tls),
    Unknown,
}

pub(super) fn reach<'a>(port: Tested<'a>, sender: Sender) -> Reach<'a> {
    let find = |ids: &[&str]| port.port.findings.iter().find(|finding| ids.contains(&finding.id.as_str()));
    if let Some(refused) = find(&["greeting-rejected", "ehlo-rejected"]) {
        let helo_only = ended_by(port).is_none() && refused.id == "ehlo-rejected";
        let for_clients = port.implicit_tls || matches!(port.role, Role::Submission | Role::Submissions);
        return match refused.severity {
            Severity::Error => Reach::Stopped(refused),
            // Without EHLO there is no AUTH.
            _ if helo_only && for_clients => Reach::Stopped(refused),
            _ if helo_only && is_barred_to_all(port) => Reach::Broken,
            _ if helo_only && port.tls.as_ref().is_some_and(|tls| tls.completed) => Reach::Encrypted,
            _ if helo_only && find(&["esmtp-masked"]).is_some() => Reach::Masked,
            _ if helo_only => Reach::ClearText,
            _ if says_yes(port) => Reach::Odd(refused),
            _ => Reach::Later(refused),
        };
    }
    // Who does not take the certificate ends the session before whatever happens inside TLS.
    let ends_first = match sender {
        _ if port.tls.is_none() => false,
        _ if has(port, "starttls-injection") || is_barred_to_all(port) => true,
        Sender::MtaSts | Sender::MailClient => matches!(standing(port), Standing::Against(_)),
        Sender::Opportunistic | Sender::Dane => false,
    };
    if let Some(cut) = find(&["session-cut-short"]).filter(|_| !ends_first) {
        return Reach::Later(cut);
    }
    let fatal = find(&["connect-failed", "not-smtp", "malformed-reply"]);
    // A reply too many is no end by itself: what comes of it is known no better than what was tested.
    if let Some(fatal) = fatal.filter(|fatal| !is_out_of_step(fatal)) {
        let greets = fatal.id == "not-smtp" && port.transcript.iter().any(is_greeting_line);
        return if greets { Reach::Preceded(fatal) } else { Reach::Stopped(fatal) };
    }
    if let Some(failed) = find(&["starttls-failed", "tls-failed"]) {
        return if failed.severity < Severity::Error { Reach::BrokenToday } else { Reach::Broken };
    }
    // Neither OpenSSL nor GnuTLS goes on, or offers what it demands unless told to.
    if is_barred_to_all(port) || sender != Sender::Opportunistic && is_hardly_spoken(port) {
        return Reach::Broken;
    }
    match &port.port.tls {
        // What was not tested is the rest: the relay went away, or a reply had no end.
        Some(tls) if tls.completed && !ends_first && is_cut_off(port) => return Reach::Unknown,
        Some(tls) if tls.completed => return Reach::Encrypted,
        Some(tls) => return Reach::Answered(tls),
        None => {}
    }
    match find(&["starttls-missing", "esmtp-masked"]) {
        Some(missing) if missing.id == "starttls-missing" => Reach::ClearText,
        Some(_) if port.starttls_supported != Some(true) => Reach::Masked,
        _ => Reach::Unknown,
    }
}

/// Whether hardly any sender's TLS library offers what the server demands.
pub(super) fn is_hardly_spoken(port: Tested<'_>) -> bool {
    is_error(port, &["tls-outdated-only"])
}

/// Whether OpenSSL and GnuTLS both end TLS by the key usage. To a hello that does not name the host the server may speak TLS
/// 1.3, in which OpenSSL does not.
fn is_barred_to_all(port: Tested<'_>) -> bool {
    is_error(port, &["certificate-key-usage", "certificate-path-invalid"]) && !has(port, "tls-name-refused")
}

fn is_error(port: Tested<'_>, ids: &[&str]) -> bool {
    let mut findings = port.port.findings.iter();
    findings.any(|finding| ids.contains(&finding.id.as_str()) && finding.severity == Severity::Error)
}

fn is_greeting_line(line: &TranscriptLine) -> bool {
    line.from == Speaker::Server && is_greeting(line.text.as_bytes())
}

/// Whether the test ended inside TLS before all was said there, or what was said is in doubt.
fn is_cut_off(port: Tested<'_>) -> bool {
    port.port.cut_short_by().is_some()
}

/// Whether the last reply before QUIT begins with 2, RFC 5321 §4.2.1.
fn says_yes(port: Tested<'_>) -> bool {
    let is_quit = |line: &&TranscriptLine| line.from == Speaker::Client && line.text == "QUIT";
    let before = port.transcript.iter().take_while(|line| !is_quit(line));
    before.last().is_some_and(|line| line.from == Speaker::Server && line.text.starts_with('2'))
}
