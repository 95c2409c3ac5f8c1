//! The fix as configuration that one pastes in, and the commands that show the same finding again.
//!
//! Both stand in `texts/`: one file a mail server, with its name, what its words rest on, by what one knows it, and for each
//! topic the configuration; and one file of commands. The page loads these files only when somebody asks for them. A comment
//! in a configuration, its mark and one space before it, is a message, and said in the language that is spoken; what is
//! configuration that a comment holds back has no space there, or more.

mod commands;
mod guess;

use heloscope_observation::Host;
use heloscope_words::translation;

use crate::{ErrorCode, Finding, Port, Role, Severity};

pub use guess::{Clue, Guess};

/// What there is to paste for each mail server.
#[derive(Clone, Copy, Debug)]
pub struct Remedies<'a>(&'a str);

/// The configuration of one mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy<'a> {
    /// The mail server.
    pub server: &'a str,
    /// Lines of its configuration, with the name of the host in its place.
    pub configuration: String,
}

impl Remedies<'static> {
    /// Those that come with the program, the mail servers in the order of the alphabet.
    pub const BUILT_IN: Self = Self(concat!(
        include_str!("texts/commands.txt"),
        "\n",
        include_str!("texts/exchange.txt"),
        "\n",
        include_str!("texts/exim.txt"),
        "\n",
        include_str!("texts/haraka.txt"),
        "\n",
        include_str!("texts/opensmtpd.txt"),
        "\n",
        include_str!("texts/postfix.txt"),
        "\n",
        include_str!("texts/sendmail.txt"),
        "\n",
        include_str!("texts/stalwart.txt"),
    ));
}

impl<'a> Remedies<'a> {
    /// Those of a text, the files of `texts/` one after the other.
    pub fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// For a finding on these ports, what each mail server has to be told, where it can be told anything. Empty for a host
    /// that is none, as only a report that somebody wrote by hand has it.
    pub fn of(self, host: &str, ports: &[&Port], finding: &Finding) -> Vec<Remedy<'a>> {
        let mut told: Vec<Remedy<'a>> = Vec::new();
        let Ok(host) = host.parse::<Host>() else { return told };
        let host = host.to_string();
        let topics: Vec<&str> = ports.iter().filter_map(|port| topic(port, finding)).collect();
        // Where implicit TLS is to be, which is not port 465 on every server.
        let implicit = ports.iter().find(|port| topic(port, finding) == Some("implicit-tls"));
        let mut last = "";
        self.each_line(&mut |server, heading, line| {
            if !topics.contains(&heading) {
                return;
            }
            if told.last().is_none_or(|remedy| remedy.server != server) {
                told.push(Remedy { server, configuration: String::new() });
                last = heading;
            }
            if let Some(Remedy { configuration, .. }) = told.last_mut() {
                if !configuration.is_empty() {
                    configuration.push_str(if last == heading { "\n" } else { "\n\n" });
                }
                let said = match comment(line) {
                    Some((mark, comment)) => {
                        configuration.push_str(mark);
                        translation(comment).unwrap_or(comment)
                    }
                    None => line,
                };
                fill(configuration, said, &|name| match name {
                    "host" => Some(host.clone()),
                    "port" => implicit.map(|port| port.port.to_string()),
                    _ => None,
                });
            }
            last = heading;
        });
        told
    }

    /// Every line that says something, with the name of what its file is about, and the heading that it stands below.
    fn each_line(self, say: &mut dyn FnMut(&'a str, &'a str, &'a str)) {
        let (mut name, mut heading) = ("", "");
        for line in self.0.lines() {
            if let Some(of) = line.strip_prefix("=== ") {
                (name, heading) = (of, "");
            } else if let Some(of) = line.strip_prefix("== ") {
                heading = of;
            } else if !line.is_empty() {
                say(name, heading, line);
            }
        }
    }
}

/// What a line of a configuration says to its reader alone, behind what marks it as that.
fn comment(line: &str) -> Option<(&str, &str)> {
    let mark = ["# ", "; ", "dnl "].into_iter().find(|mark| line.starts_with(mark))?;
    let (mark, comment) = line.split_at(mark.len());
    (!comment.starts_with(' ')).then_some((mark, comment))
}

/// Writes a line with every name in braces replaced that `of` knows.
fn fill(out: &mut String, line: &str, of: &dyn Fn(&str) -> Option<String>) {
    let mut parts = line.split('{');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let known = part.split_once('}').and_then(|(name, rest)| Some((of(name)?, rest)));
        match known {
            Some((words, rest)) => {
                out.push_str(&words);
                out.push_str(rest);
            }
            None => {
                out.push('{');
                out.push_str(part);
            }
        }
    }
}

/// Under which heading the files of mail servers have the remedy of a finding; `None` where configuration is none.
fn topic(port: &Port, finding: &Finding) -> Option<&'static str> {
    Some(match (finding.id.as_str(), port.role) {
        ("connect-failed", Role::Relay) => "listen",
        ("connect-failed", Role::Submissions) => "implicit-tls",
        ("connect-failed" | "starttls-missing", Role::Submission) => "submission",
        ("starttls-missing", _) => "starttls",
        // A greeting for good has a reason that only the server's log knows.
        ("greeting-rejected", _) if finding.severity == Severity::Warning => "limits",
        ("greeting-slow", _) => "quick-greeting",
        ("ehlo-rejected", _) => "ehlo",
        ("tls-failed", _) if clear_text(port) => "implicit-tls",
        (
            "tls-failed" | "starttls-failed" | "tls-version-weak" | "tls-cipher-weak" | "tls-outdated-only",
            _,
        ) => "modern-tls",
        ("auth-without-tls", _) => "auth-in-tls",
        ("submission-without-auth", _) => "auth",
        (id, _) if id.starts_with("certificate-") => "certificate",
        _ => return None,
    })
}

fn clear_text(port: &Port) -> bool {
    port.error.as_ref().is_some_and(|error| error.code == ErrorCode::PlaintextOnImplicitTls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use heloscope_observation::Stage;

    use crate::{Capability, PortError, Report, SCHEMA_VERSION, Status, Timings};

    const TOPICS: [&str; 11] = [
        "auth",
        "auth-in-tls",
        "certificate",
        "ehlo",
        "implicit-tls",
        "limits",
        "listen",
        "modern-tls",
        "quick-greeting",
        "starttls",
        "submission",
    ];

    /// A port that greets so, and offers these keywords.
    pub(super) fn port(number: u16, banner: &str, keywords: &str) -> Port {
        let capability =
            |keyword: &str| Capability { keyword: keyword.into(), params: Vec::new(), meaning: None };
        Port {
            port: number,
            role: Role::Relay,
            implicit_tls: number == 465,
            connected: true,
            address: None,
            error: None,
            banner: Some(banner.to_owned()),
            notes: Vec::new(),
            starttls_supported: None,
            capabilities: Vec::new(),
            capabilities_before_tls: Some(keywords.split_whitespace().map(capability).collect()),
            capabilities_after_tls: None,
            tls: None,
            certificate: None,
            chain: Vec::new(),
            findings: Vec::new(),
            checks: Vec::new(),
            timings: Timings::default(),
            transcript: Vec::new(),
        }
    }

    /// A report on a host, of a test at a chosen address or at those of its name.
    pub(super) fn report(host: &str, address: Option<&str>) -> Report {
        Report {
            schema_version: SCHEMA_VERSION,
            language: "en".to_owned(),
            host: host.to_owned(),
            address: address.map(str::to_owned),
            tested_at: String::new(),
            duration_ms: 0,
            vantage: "direct".to_owned(),
            status: Status::Warning,
            findings: Vec::new(),
            ports: Vec::new(),
        }
    }

    /// A heading with the lines below it.
    type Entry = (&'static str, Vec<&'static str>);

    /// The name of what each file is about, and its headings.
    fn files() -> Vec<(&'static str, Vec<Entry>)> {
        let mut files: Vec<(_, Vec<(_, Vec<_>)>)> = Vec::new();
        Remedies::BUILT_IN.each_line(&mut |name, heading, line| {
            if files.last().is_none_or(|(last, _)| *last != name) {
                files.push((name, Vec::new()));
            }
            let headings = &mut files.last_mut().expect("it was pushed").1;
            if headings.last().is_none_or(|(last, _)| *last != heading) {
                headings.push((heading, Vec::new()));
            }
            headings.last_mut().expect("it was pushed").1.push(line);
        });
        files
    }

    #[test]
    fn each_mail_server_has_its_file_and_its_signs() {
        let files = files();
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            ["commands", "Exchange", "Exim", "Haraka", "OpenSMTPD", "Postfix", "Sendmail", "Stalwart"]
        );
        for (name, headings) in &files[1..] {
            let (heading, signs) = &headings[1];
            assert_eq!(*heading, "signs", "{name}: they stand first");
            for sign in signs {
                let known = ["greeting: ", "alone offers: ", "alone begins: "];
                assert!(known.iter().any(|known| sign.starts_with(known)), "{name}: {sign}");
            }
        }
    }

    #[test]
    fn the_files_have_these_topics_and_no_others() {
        for (name, headings) in &files()[1..] {
            for (topic, lines) in &headings[2..] {
                assert!(TOPICS.contains(topic), "{name}: {topic}");
                assert!(lines[0].starts_with(['#', ';', 'd']), "{name}, {topic}: where does it go?");
                assert!(lines.iter().all(|line| line.len() <= 130), "{name}, {topic}: too wide to read");
            }
            if *name == "Postfix" {
                assert_eq!(headings.len(), 2 + TOPICS.len());
            }
        }
    }

    /// Any DAEMON_OPTIONS takes the default's place, which listens on port 25; and two for one port, or for IPv4 and IPv6 on
    /// Linux, cannot both listen.
    #[test]
    fn no_daemon_of_sendmail_takes_the_port_of_another() {
        let (_, headings) = files().into_iter().find(|(name, _)| *name == "Sendmail").expect("it is there");
        for (topic, lines) in headings {
            let daemons = || lines.iter().filter(|line| line.contains("DAEMON_OPTIONS(`"));
            let for_25 = daemons().filter(|line| line.contains("Port=25,")).count();
            assert_eq!(for_25, usize::from(daemons().count() > 0), "{topic}: {lines:#?}");
        }
    }

    /// What names all ports at once, or stands beside what is there for the same port, closes what works.
    #[test]
    fn no_remedy_closes_a_port_that_is_open() {
        for (name, headings) in files() {
            for (topic, lines) in headings {
                let has = |begins: &str| lines.iter().any(|line| line.starts_with(begins));
                assert!(!has("listen="), "{name}, {topic}: the other ports would be gone: {lines:#?}");
                if has("daemon_smtp_ports") {
                    assert!(has("tls_on_connect_ports"), "{name}, {topic}: 465 without TLS: {lines:#?}");
                    assert!(lines[0].contains("with any port more that they have"), "{name}, {topic}");
                }
                let service = lines.iter().any(|line| line.contains(" inet n ") && !line.starts_with('#'));
                if service || has("listen on ") {
                    assert!(lines[0].contains(", in place of a "), "{name}, {topic}: twice: {lines:#?}");
                }
            }
        }
    }

    #[test]
    fn in_another_language_the_comments_alone_are_others() {
        let finding = |id: &str, severity| Finding {
            id: id.to_owned(),
            severity,
            title: String::new(),
            explanation: String::new(),
            fix: String::new(),
            reference: String::new(),
        };
        let told = |server: &str, finding: &Finding| {
            let remedies = Remedies::BUILT_IN.of("mx1.example.com", &[&port(25, "", "")], finding);
            let remedy = remedies.into_iter().find(|remedy| remedy.server == server);
            remedy.expect("it can be told this").configuration
        };
        let slow = finding("greeting-slow", Severity::Warning);
        let weak = finding("tls-version-weak", Severity::Warning);
        let english = "# main section of the configuration, then reload Exim\nrfc1413_query_timeout = 0s\n\
                       # and no \"delay\" in the ACL that acl_smtp_connect names";
        assert_eq!(told("Exim", &slow), english);
        heloscope_words::within(heloscope_languages::catalogue("de"), || {
            assert_eq!(
                told("Exim", &slow),
                "# Hauptteil der Konfiguration, dann Exim neu laden (reload)\nrfc1413_query_timeout = 0s\n\
                 # und kein \"delay\" in der ACL, die acl_smtp_connect nennt"
            );
            // What is held back by a comment is configuration none the less.
            assert!(
                told("Exim", &weak).contains("\n# stattdessen mit OpenSSL:\n#openssl_options = +no_sslv3 ")
            );
            assert!(
                told("Haraka", &weak).starts_with(
                    "; config/tls.ini, über dem ersten [Abschnitt]; dann Haraka neu starten\nmin"
                )
            );
        });
    }

    #[test]
    fn implicit_tls_is_configured_for_the_port_that_was_tested() {
        let finding = Finding {
            id: "tls-failed".to_owned(),
            severity: Severity::Error,
            title: String::new(),
            explanation: String::new(),
            fix: String::new(),
            reference: String::new(),
        };
        for number in [465, 10465] {
            let error = PortError {
                code: ErrorCode::PlaintextOnImplicitTls,
                message: String::new(),
                phase: Stage::Tls,
            };
            let role = if number == 465 { Role::Submissions } else { Role::Custom };
            let port = Port { implicit_tls: true, role, error: Some(error), ..port(number, "", "") };
            for Remedy { server, configuration } in
                Remedies::BUILT_IN.of("mx1.example.com", &[&port], &finding)
            {
                assert!(configuration.contains(&number.to_string()), "{server}: {configuration}");
                assert!(!configuration.contains("{port}"), "{server}: {configuration}");
                assert!(
                    number == 465 || !configuration.contains(" 465") && !configuration.contains("=465"),
                    "{server}: {configuration}"
                );
            }
        }
    }

    #[test]
    fn only_names_that_are_known_are_filled_in() {
        let mut out = String::new();
        fill(&mut out, "a {host} ${if def:tls {*}} %{file:/{host}}% {", &|name| {
            (name == "host").then(|| "mx1".to_owned())
        });
        assert_eq!(out, "a mx1 ${if def:tls {*}} %{file:/mx1}% {");
    }
}
