//! A report in one sentence, or two where another port differs. Read off a report alone, so that a saved one
//! will do.

use heloscope_words::{plural, say, small};

use crate::names::Demand;
use crate::senders::{is_out_of_step, leaf_key};
use crate::words::error_words_of;
use crate::{ErrorCode, Finding, Port, PortError, Report, Role, Severity, Status, Tls};

/// The verdict on a report in plain words: `Mail reaches this server over TLS 1.3; its certificate expires in
/// 12 days.`
pub fn summary(report: &Report) -> String {
    if report.status == Status::Untested {
        return untested(report);
    }
    let failed = |port: &&Port| has(port, "connect-failed");
    // Who comes to a port of no standard is not known: without port 25 nothing is said but of the ports themselves.
    let is_known = has_relay(report) || report.ports.iter().all(|port| port.role != Role::Custom);
    if is_known && report.ports.iter().all(|port| failed(&port)) {
        return nothing_answers(report);
    }
    // Mail between servers matters most, then the first port of which anything is known.
    let relay = report.ports.iter().find(|port| port.role == Role::Relay);
    let known = |port: &&Port| port.banner.is_some() || !port.findings.is_empty();
    let main = relay.filter(known).or_else(|| report.ports.iter().find(|port| port.banner.is_some()));
    let Some(main) = main.or_else(|| report.ports.iter().find(known)) else { return untested(report) };

    let mut words = port_sentence(main, &report.ports);
    let mut said: Vec<&Finding> = main.findings.iter().collect();
    let mut missed: Vec<&Port> = Vec::new();
    for port in report.ports.iter().filter(|port| port.port != main.port) {
        let mut worst = port.findings.iter().filter(|finding| finding.severity >= Severity::Warning);
        match worst.find(|finding| !said.iter().any(|other| is_same(other, finding))) {
            Some(finding) => {
                let same = |other: &&Port| other.findings.iter().any(|one| is_same(one, finding));
                let ports = numbers(report.ports.iter().filter(same));
                words.push_str(&say!(" On {ports}: {}.", small(&finding.title)));
                said.push(finding);
            }
            None if port.findings.is_empty() => missed.push(port),
            None => {}
        }
    }
    for (why, ports) in by_error(missed) {
        words.push_str(&not_tested(&why, &ports));
    }
    words
}

/// Why ports could not be tested, and which of them for the same reason; those that were are left out.
fn by_error<'p>(ports: impl IntoIterator<Item = &'p Port>) -> Vec<(String, Vec<&'p Port>)> {
    let mut missed: Vec<(String, Vec<&Port>)> = Vec::new();
    for port in ports {
        let Some(why) = port.cut_short_by().map(|error| error_words_of(port, error)) else { continue };
        match missed.iter_mut().find(|(other, _)| *other == why) {
            Some((_, ports)) => ports.push(port),
            None => missed.push((why, vec![port])),
        }
    }
    missed
}

/// A sentence that stands after another.
fn not_tested(why: &str, ports: &[&Port]) -> String {
    match ports {
        [one] => say!(" Port {} could not be tested: {}.", one.port, why),
        several => say!(" Nothing could be tested on {}: {}.", numbers(several.iter().copied()), why),
    }
}

fn untested(report: &Report) -> String {
    let error = report.ports.iter().find_map(|port| port.error.as_ref());
    match error {
        Some(error) if error.code == ErrorCode::NameNotFound => {
            say!("The name {} does not exist, or has no address; nothing could be tested.", report.host)
        }
        Some(_) => match by_error(&report.ports).as_slice() {
            [(why, _)] => say!("Nothing could be tested: {}.", why),
            several => {
                let each: String = several.iter().map(|(why, ports)| not_tested(why, ports)).collect();
                each.trim_start().to_owned()
            }
        },
        None => say!("Nothing is known yet.").to_owned(),
    }
}

fn nothing_answers(report: &Report) -> String {
    let all = |code| {
        report
            .ports
            .iter()
            .all(|port| port.error.as_ref().is_some_and(|error: &PortError| error.code == code))
    };
    let ports = numbers(report.ports.iter());
    match has_relay(report) {
        false if all(ErrorCode::ConnectionRefused) => {
            say!("Mail clients cannot send on {ports}: the server refuses the connection.")
        }
        false if all(ErrorCode::Unreachable) => {
            say!("Mail clients cannot send on {ports} from here: there is no way to the server.")
        }
        false => say!("Mail clients cannot send on {ports} from here: the server does not answer."),
        true if all(ErrorCode::ConnectionRefused) => {
            say!("No mail reaches this server: it refuses connections on {ports}.")
        }
        true if all(ErrorCode::Unreachable) => {
            say!("No mail reaches this server from here: there is no way to it on {ports}.")
        }
        true => say!("No mail reaches this server from here: it does not answer on {ports}."),
    }
}

/// Whether the port was asked for to which the mail of other servers comes.
fn has_relay(report: &Report) -> bool {
    report.ports.iter().any(|port| port.role == Role::Relay)
}

/// `port 25`, `ports 25, 465 and 587`
fn numbers<'p>(ports: impl Iterator<Item = &'p Port>) -> String {
    let ports: Vec<&Port> = ports.collect();
    match ports.as_slice() {
        [] => say!("no port").to_owned(),
        [one] => say!("port {}", one.port),
        several => say!("ports {}", listed(several)),
    }
}

/// `25, 465 and 587`
fn listed(ports: &[&Port]) -> String {
    let mut numbers: Vec<String> = ports.iter().map(|port| port.port.to_string()).collect();
    match numbers.pop() {
        Some(last) if !numbers.is_empty() => say!("{} and {last}", numbers.join(", ")),
        last => last.unwrap_or_default(),
    }
}

/// Whether two ports have the same fault: a finding of one check may be told in other words where it is another fault.
fn is_same(one: &Finding, other: &Finding) -> bool {
    one.id == other.id && one.title == other.title
}

/// What the port comes to, and which of `all` come to the same by the same fault; then the worst that was found beside.
fn port_sentence(port: &Port, all: &[Port]) -> String {
    let who = match port.role {
        Role::Relay => say!("Mail reaches this server").to_owned(),
        Role::Submission | Role::Submissions => say!("Mail clients reach this server").to_owned(),
        Role::Custom => say!("Clients reach this server on port {}", port.port),
    };
    const DECISIVE: [&str; 9] = [
        "connect-failed",
        "greeting-rejected",
        "not-smtp",
        "ehlo-rejected",
        "malformed-reply",
        "reply-too-long",
        "starttls-failed",
        "tls-failed",
        "session-cut-short",
    ];
    let decides = |finding: &&Finding| match finding.id.as_str() {
        "esmtp-masked" => port.starttls_supported != Some(true),
        "malformed-reply" => !is_out_of_step(finding),
        // All else was tested.
        "reply-too-long" => finding.severity > Severity::Notice,
        id => DECISIVE.contains(&id),
    };
    let decisive = port.findings.iter().find(decides);
    let (main, told) = match (decisive, &port.tls) {
        (Some(finding), _) => {
            let same = |other: &&Port| other.findings.iter().any(|one| is_same(one, finding));
            let ports: Vec<&Port> = all.iter().filter(same).collect();
            let why = small(&finding.title);
            let words = match ports.as_slice() {
                [] | [_] => say!("Port {}: {why}", port.port),
                several => say!("Ports {}: {why}", listed(several)),
            };
            (words, Some(finding.id.as_str()))
        }
        (None, Some(tls)) if tls.completed => (say!("{who} over {}", tls.version), None),
        (None, Some(tls)) => answered(port, tls, &who),
        (None, None) if has(port, "starttls-missing") => {
            (say!("{who} in clear text only: STARTTLS is not offered"), Some("starttls-missing"))
        }
        (None, None) => {
            let why = match &port.error {
                Some(error) => error_words_of(port, error),
                None => say!("the test is not over").to_owned(),
            };
            (say!("Whether this server speaks TLS on port {} is not known: {why}", port.port), None)
        }
    };
    let mut rest = port.findings.iter().filter(|finding| Some(finding.id.as_str()) != told);
    let beside = match rest.next() {
        Some(finding) => Some(clause(finding)),
        None if decisive.is_none() => validity(port),
        None => None,
    };
    let more = match rest.count() {
        0 => String::new(),
        count => plural!(count, "; 1 more finding", "; {count} more findings"),
    };
    match beside {
        Some(beside) => format!("{main}; {beside}{more}."),
        None => format!("{main}."),
    }
}

/// Where no handshake was finished, but a hello by hand was answered.
fn answered(port: &Port, tls: &Tls, who: &str) -> (String, Option<&'static str>) {
    let Tls { version, cipher_suite, .. } = tls;
    let else_what = match port.role {
        Role::Relay => say!("else in clear text or not at all"),
        Role::Custom if !port.implicit_tls => say!("else in clear text or not at all"),
        _ => say!("else not at all"),
    };
    if has(port, "tls-version-weak") {
        return (
            say!("{who} over {version} where that is still spoken, {else_what}"),
            Some("tls-version-weak"),
        );
    }
    if has(port, "tls-name-refused") {
        let words = say!("{who} over TLS with a hello that does not name it, {else_what}");
        return (words, Some("tls-name-refused"));
    }
    if has(port, "tls-hello-intolerance") {
        let words = say!("{who} over {version} with a hello of an older form, {else_what}");
        return (words, Some("tls-hello-intolerance"));
    }
    let words = match Demand::of(tls, leaf_key(port)).words() {
        Some(what) => say!("{who} over TLS where {what} is taken, {else_what}"),
        None => say!("{who} over {version} where {cipher_suite} is still spoken, {else_what}"),
    };
    (words, Some("tls-outdated-only"))
}

fn validity(port: &Port) -> Option<String> {
    let certificate =
        port.certificate.as_ref().filter(|certificate| certificate.chain_valid == Some(true))?;
    Some(match certificate.path_days_remaining {
        Some(days) => say!("its certificate's path holds for {days} more days"),
        None => {
            let days = certificate.facts.days_remaining?;
            say!("its certificate is valid for {days} more days")
        }
    })
}

/// A finding as the second half of a sentence.
fn clause(finding: &Finding) -> String {
    match finding.id.as_str() {
        "certificate-self-signed" => say!("its certificate is self-signed").to_owned(),
        "certificate-untrusted" => say!("its certificate leads to no trusted root").to_owned(),
        "certificate-weak-key" => say!("a key of its certificates is too short").to_owned(),
        "certificate-common-name-only" => say!("its certificate has no subject alternative name").to_owned(),
        "tls-cipher-weak" => say!("its cipher suite is weak").to_owned(),
        "tls-version-weak" => say!("its best TLS version is below 1.2").to_owned(),
        "auth-without-tls" => say!("it offers AUTH before TLS").to_owned(),
        "starttls-injection" => say!("clear text follows its 220 to STARTTLS").to_owned(),
        _ => match finding.title.strip_prefix(say!("Certificate ")) {
            Some(rest) if !rest.contains(say!("of the chain")) => say!("its certificate {rest}"),
            _ => match finding.title.strip_prefix(say!("The certificate ")) {
                Some(rest) => say!("its certificate {rest}"),
                None => small(&finding.title),
            },
        },
    }
}

fn has(port: &Port, id: &str) -> bool {
    port.findings.iter().any(|finding| finding.id == id)
}
