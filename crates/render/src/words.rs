//! The renderers' own words, in one place; the words of a finding are the report's.

use std::time::Duration;

use heloscope_report::{
    Certificate, Port, Role, Severity, Speaker, Status, StepKind, StepState, Trust, Verdict,
};
use heloscope_words::{mark, plural, say, spoken};

use crate::path::{End, is_self_issued};

pub(crate) const ADVICE: &str = mark!("To mend it");
pub(crate) const REFERENCE: &str = mark!("Reference");
pub(crate) const FINDINGS: &str = mark!("Findings");
pub(crate) const SENDERS: &str = mark!("What each kind of sender will do");
pub(crate) const UNKNOWN_EXTENSION: &str = mark!("Not known to this test");
pub(crate) const EXTENSIONS: &str = mark!("Extensions");
pub(crate) const CHAIN: &str = mark!("Certificates, in the order sent");
pub(crate) const BARS: &str = mark!("Each bar is a time of validity; the mark on it is the day of the test.");
pub(crate) const CUT_SHORT: &str = mark!("cut short");
pub(crate) const TIMINGS: &str = mark!("Timings");
pub(crate) const TRANSCRIPT: &str = mark!("Transcript");
pub(crate) const CHECKS: &str = mark!("Checks");
pub(crate) const TLS_BEGINS: &str = mark!("inside TLS from here on");
pub(crate) const TLS_ENDS: &str = mark!("in clear text from here on");

pub(crate) fn severity(severity: Severity) -> &'static str {
    spoken(match severity {
        Severity::Ok => mark!("As it should be"),
        Severity::Notice => mark!("Notice"),
        Severity::Warning => mark!("Warning"),
        Severity::Error => mark!("Error"),
    })
}

pub(crate) fn status(status: Status) -> &'static str {
    spoken(match status {
        Status::Ok => mark!("As it should be"),
        Status::Notice => mark!("Notice"),
        Status::Warning => mark!("Warning"),
        Status::Error => mark!("Error"),
        Status::Untested => mark!("Not tested"),
    })
}

/// The name of a step of a port's test.
pub(crate) fn step(kind: StepKind) -> &'static str {
    spoken(match kind {
        StepKind::Connect => mark!("Connect"),
        StepKind::Greeting => mark!("Greeting"),
        StepKind::Ehlo => "EHLO",
        StepKind::StartTls => "STARTTLS",
        StepKind::Tls => "TLS",
        StepKind::Certificate => mark!("Certificate"),
    })
}

/// For those who do not see the sign of a step.
pub(crate) fn step_state(state: StepState) -> &'static str {
    spoken(match state {
        StepState::Pending => mark!("waiting"),
        StepState::Running { .. } => mark!("running"),
        StepState::Done { .. } => mark!("done"),
        StepState::Failed => mark!("failed"),
        StepState::Skipped => mark!("skipped"),
    })
}

pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    spoken(match verdict {
        Verdict::Passed => mark!("Passed"),
        Verdict::Found => mark!("Found"),
        Verdict::NotApplicable => mark!("Not applicable"),
        Verdict::NotTested => mark!("Not tested"),
    })
}

/// What a port is for, as a phrase after its number.
pub(crate) fn role(port: &Port) -> &'static str {
    spoken(match (port.role, port.implicit_tls) {
        (Role::Relay, _) => mark!("mail between servers"),
        (Role::Submission, _) => mark!("submission by mail clients, STARTTLS"),
        (Role::Submissions, _) => mark!("submission by mail clients, implicit TLS"),
        (Role::Custom, true) => mark!("implicit TLS"),
        (Role::Custom, false) => "STARTTLS",
    })
}

pub(crate) fn trust(holds: bool, trust: Option<Trust>) -> &'static str {
    spoken(match (holds, trust) {
        (true, Some(Trust::Webpki)) => mark!("a path to a root of Mozilla's programme holds"),
        (true, Some(Trust::Private)) => mark!("a path to a trust anchor added here holds"),
        (true, None) => mark!("a path to a trust anchor holds"),
        (false, Some(Trust::Webpki)) => mark!("the path ends at a root of Mozilla's programme"),
        (false, Some(Trust::Private)) => mark!("the path ends at a trust anchor added here"),
        (false, None) => mark!("the path ends at no trust anchor"),
    })
}

/// What a certificate that was sent is.
pub(crate) fn sent(leaf: bool, certificate: &Certificate) -> &'static str {
    spoken(match (leaf, is_self_issued(certificate), certificate.signed_with_own_key) {
        (true, false, _) => mark!("The server's own, sent"),
        (true, true, _) => mark!("The server's own, sent; it names itself as its issuer"),
        (false, false, _) => mark!("Intermediate, sent"),
        (false, true, Some(true)) => mark!("Root, sent; it need not be, a sender that trusts it has its own"),
        (false, true, Some(false)) => {
            mark!("Intermediate, sent; it has its issuer's name, but another key signed it")
        }
        (false, true, None) => mark!("Sent; it names itself as its issuer"),
    })
}

/// What the certificates lead to and was not sent.
pub(crate) fn unsent(end: End) -> &'static str {
    spoken(match end {
        End::Trusted(Some(Trust::Private)) => mark!("Trust anchor, added here; not sent, and need not be"),
        End::Trusted(_) => mark!("Trusted root; not sent, and need not be"),
        End::Untrusted => mark!("Issuer that is not among the trusted roots; not sent"),
        End::Unknown => mark!("Issuer, not sent"),
    })
}

pub(crate) fn speaker(speaker: Speaker) -> &'static str {
    spoken(match speaker {
        Speaker::Server => mark!("server"),
        Speaker::Client => mark!("test"),
    })
}

/// `On port 25`, before what is said of some ports only.
pub(crate) fn on(ports: &[u16]) -> String {
    say!("On {}", self::ports(ports))
}

/// `port 25`, `ports 25 and 465`, `ports 25, 465 and 587`.
pub(crate) fn ports(ports: &[u16]) -> String {
    match ports {
        [only] => say!("port {only}"),
        _ => say!("ports {}", listed(ports)),
    }
}

fn listed(ports: &[u16]) -> String {
    match ports {
        [] => String::new(),
        [only] => only.to_string(),
        [rest @ .., last] => {
            let rest: Vec<_> = rest.iter().map(u16::to_string).collect();
            say!("{} and {last}", rest.join(", "))
        }
    }
}

/// `12 days left`, `expired 3 days ago`, in whole days: -1 is within the last 24 hours, -4 in the 24 hours three days ago.
pub(crate) fn days_remaining(days: i64) -> String {
    match days {
        0 => say!("less than a day left").into(),
        1.. => plural!(days, "1 day left", "{days} days left"),
        -1 => say!("expired less than a day ago").into(),
        _ => {
            let days = days.unsigned_abs() - 1;
            plural!(days, "expired 1 day ago", "expired {days} days ago")
        }
    }
}

/// In place of certificates that an earlier port sent as well.
pub(crate) fn same_chain(port: u16) -> String {
    say!("The certificates are those of port {port}.")
}

/// What was tested, when and from where; each part as it is to be set. `address`: the one that was chosen.
pub(crate) fn about(host: &str, address: Option<String>, moment: &str, took: &str, vantage: &str) -> String {
    match address {
        None => say!("{host} tested {moment} in {took}, {vantage}"),
        Some(address) => say!("{host} at {address} tested {moment} in {took}, {vantage}"),
    }
}

/// `2026-11-23 22:15:04 UTC`, from RFC 3339.
pub(crate) fn moment(rfc3339: &str) -> String {
    rfc3339
        .strip_suffix('Z')
        .and_then(|rest| rest.split_once('T'))
        .map_or_else(|| rfc3339.to_owned(), |(date, time)| say!("{date} {time} UTC"))
}

/// The date of a moment in RFC 3339.
pub(crate) fn date(rfc3339: &str) -> &str {
    rfc3339.split_once('T').map_or(rfc3339, |(date, _)| date)
}

/// `12 s`: how long something that began then has been going on.
pub(crate) fn clock(at: Duration, since_ms: u64) -> String {
    say!("{} s", at.saturating_sub(Duration::from_millis(since_ms)).as_secs())
}

#[cfg(test)]
pub(crate) mod tests {
    use heloscope_observation::STANDARD_PORTS;
    use heloscope_report::{PortProgress, Step};

    use super::*;

    /// A test under way, each state of a step in it.
    pub(crate) fn three_ports() -> [PortProgress; 3] {
        use StepKind::{Certificate, Connect, Ehlo, Greeting, StartTls, Tls};
        use StepState::{Done, Failed, Pending, Running, Skipped};
        let step = |kind, state, text: &str| Step { kind, state, text: text.into(), note: None };
        let [relay, submissions, submission] = STANDARD_PORTS;
        let waiting = Step {
            note: Some("A greeting delay is not an error.".into()),
            ..step(Greeting, Running { since_ms: 21 }, "")
        };
        let steps =
            vec![step(Connect, Done { took_ms: 21 }, "203.0.113.5"), waiting, step(Ehlo, Pending, "")];
        let refused = vec![step(Connect, Failed, "refused \x1b[31m"), step(Tls, Skipped, "")];
        let through = vec![
            step(Connect, Done { took_ms: 21 }, "203.0.113.5"),
            step(Greeting, Done { took_ms: 44 }, "220 <mx1.example.com> ready"),
            step(Ehlo, Done { took_ms: 22 }, "STARTTLS, SIZE"),
            step(StartTls, Skipped, ""),
            step(Tls, Done { took_ms: 31 }, "TLS 1.3 · TLS_AES_256_GCM_SHA384"),
            step(Certificate, Done { took_ms: 0 }, "mx1.example.com, 36 days left"),
        ];
        [
            PortProgress { port: relay, steps },
            PortProgress { port: submissions, steps: refused },
            PortProgress { port: submission, steps: through },
        ]
    }

    #[test]
    fn ports_are_listed_as_one_says_them() {
        assert_eq!(ports(&[25]), "port 25");
        assert_eq!(ports(&[25, 465]), "ports 25 and 465");
        assert_eq!(ports(&[25, 465, 587]), "ports 25, 465 and 587");
    }

    #[test]
    fn only_what_is_signed_with_its_own_key_is_a_root() {
        let named = |issuer: &str, signed_with_own_key| Certificate {
            subject: Some("CN=Example".into()),
            issuer: Some(issuer.into()),
            sans: Vec::new(),
            sans_total: 0,
            not_before: None,
            not_after: None,
            days_remaining: None,
            serial: None,
            sha256: String::new(),
            key: None,
            signature_algorithm: None,
            signed_with_own_key,
            unreadable: None,
        };
        let said = |issuer, own_key| sent(false, &named(issuer, own_key));
        assert_eq!(said("CN=Root", Some(false)), "Intermediate, sent");
        assert!(said("CN=Example", Some(true)).starts_with("Root, sent"));
        assert!(said("CN=Example", Some(false)).starts_with("Intermediate, sent"));
        // As in reports that were saved before it was asked.
        assert_eq!(said("CN=Example", None), "Sent; it names itself as its issuer");
        assert_eq!(sent(true, &named("CN=Root", None)), "The server's own, sent");
    }

    #[test]
    fn days_are_whole_also_once_expired() {
        let said: Vec<_> = [36, 1, 0, -1, -2, -10].map(days_remaining).into();
        assert_eq!(
            said,
            [
                "36 days left",
                "1 day left",
                "less than a day left",
                "expired less than a day ago",
                "expired 1 day ago",
                "expired 9 days ago"
            ]
        );
    }

    #[test]
    fn times() {
        assert_eq!(moment("2026-11-23T22:15:04Z"), "2026-11-23 22:15:04 UTC");
        assert_eq!(moment("yesterday"), "yesterday");
        assert_eq!(date("2026-11-23T22:15:04Z"), "2026-11-23");
    }
}
