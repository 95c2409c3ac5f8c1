//! The fix as configuration that one pastes in, and the commands that show the same finding again.
//!
//! Both stand in `texts/`: one file a mail server, with its name, what its words rest on, by what one knows it, and below its
//! headings the configuration; and one file of commands. A heading has the topics for which it is, and behind `on` the ports,
//! where it is not for all: `25`, `587`, `implicit` (TLS), `other`. The page loads these files only when somebody asks for them. A comment
//! in a configuration, its mark and one space before it, is a message, and said in the language that is spoken; what is
//! configuration that a comment holds back has no space there, or more.

mod commands;
mod guess;

use heloscope_observation::{Host, Stage};
use heloscope_words::translation;

use crate::{ErrorCode, Finding, Port, Role, Severity, Speaker};

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
        let mut last = "";
        self.each_line(&mut |server, heading, line| {
            let Some(port) = ports.iter().find(|port| is_for(heading, port, finding)) else { return };
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
                    "port" => Some(port.port.to_string()),
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

/// Whether what stands below a heading is for a finding on a port.
fn is_for(heading: &str, port: &Port, finding: &Finding) -> bool {
    let (topics, ports) = heading.split_once(" on ").unwrap_or((heading, ""));
    let this = match port.role {
        _ if port.implicit_tls => "implicit",
        Role::Relay => "25",
        Role::Submission => "587",
        _ => "other",
    };
    (ports.is_empty() || share(ports, this)) && share(topics, self::topics(port, finding))
}

/// Whether a word of the one is a word of the other.
fn share(words: &str, others: &str) -> bool {
    words.split(' ').any(|word| others.split(' ').any(|other| other == word))
}

/// The topics under which the files of mail servers have the remedy of a finding.
fn topics(port: &Port, finding: &Finding) -> &'static str {
    match (finding.id.as_str(), port.role) {
        ("connect-failed", Role::Relay) => "listen",
        ("connect-failed", Role::Submissions) => "implicit-tls",
        ("connect-failed", Role::Submission) => "submission",
        ("starttls-missing", _) => "starttls",
        // A greeting for good has a reason that only the server's log knows.
        ("greeting-rejected", _) if finding.severity == Severity::Warning => "limits",
        ("greeting-slow", _) => "quick-greeting",
        ("ehlo-rejected", _) => "ehlo",
        ("tls-failed" | "starttls-failed", _) => not_come_up(port),
        ("tls-version-weak" | "tls-cipher-weak" | "tls-outdated-only", _) => "modern-tls",
        ("auth-without-tls", _) => "auth-in-tls",
        ("submission-without-auth", _) => "auth",
        (id, _) if id.starts_with("certificate-") => "certificate",
        _ => NONE,
    }
}

/// Where configuration is no remedy: no file has it.
const NONE: &str = "none";

/// The topics for TLS that does not come up.
fn not_come_up(port: &Port) -> &'static str {
    match port.error.as_ref().map(|error| (error.code, error.phase)) {
        Some((ErrorCode::PlaintextOnImplicitTls, _)) => "implicit-tls",
        // As the finding's fix says of these codes.
        Some((ErrorCode::StartTlsRejected, _)) => match refusal(port) {
            500 | 502 | 503 => "starttls",
            1..400 | 501 | 504 | 530 | 535 | 550 | 551 | 553 | 554 => NONE,
            _ => "certificate",
        },
        Some((_, Stage::StartTls)) => "certificate",
        _ => "certificate modern-tls",
    }
}

/// The code with which STARTTLS was answered; 0 where none is known.
fn refusal(port: &Port) -> u16 {
    let mut lines = port.transcript.iter().skip_while(|line| line.text != "STARTTLS");
    let reply = lines.find(|line| line.from == Speaker::Server);
    reply.and_then(|line| line.text.get(..3)?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
