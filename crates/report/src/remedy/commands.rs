use std::borrow::Cow;
use std::net::IpAddr;

use heloscope_observation::Host;

use super::{Remedies, fill};
use crate::{Finding, Port, Report, Speaker, TranscriptLine};

impl Remedies<'_> {
    /// Commands for a shell that show a finding on a port of a report again, without this test: openssl(1), Postfix's
    /// posttls-finger(1) and swaks(1). They connect to where the test connected, and name the host where it did. None of
    /// them sends mail. Empty for a host or an address that is none, as only a report that somebody wrote by hand has it.
    pub fn commands(self, report: &Report, port: &Port, finding: &Finding) -> Vec<String> {
        let mut commands = Vec::new();
        let Some(server) = Server::of(report, port) else { return commands };
        self.each_line(&mut |name, ids, line| {
            if name == "commands" && ids.split(' ').any(|id| id == finding.id) {
                let mut command = String::new();
                fill(&mut command, line, &|name| server.words(name, port));
                commands.push(command);
            }
        });
        commands
    }
}

/// The mail server, as commands name it.
struct Server {
    host: Host,
    /// What is connected to: the host, or the address that was chosen in its place.
    at: Host,
    port: u16,
    /// The name that the test gave with EHLO, for what a server says may hang on it; empty where it gave none.
    ehlo_name: String,
}

impl Server {
    fn of(report: &Report, port: &Port) -> Option<Self> {
        let host: Host = report.host.parse().ok()?;
        let at = match &report.address {
            Some(address) => Host::Address(address.parse().ok()?),
            None => host.clone(),
        };
        let other = || report.ports.iter().find_map(ehlo_name);
        let ehlo_name = ehlo_name(port).or_else(other).unwrap_or_default().to_owned();
        Some(Self { host, at, port: port.port, ehlo_name })
    }

    /// What stands for a name in braces.
    fn words(&self, name: &str, port: &Port) -> Option<String> {
        let Self { host, .. } = self;
        // An address is no server name, RFC 6066 §3.
        let is_named = matches!(host, Host::Name(_));
        let naming = |option: &str| if is_named { format!(" {option} {host}") } else { String::new() };
        let starttls = if port.implicit_tls { "" } else { " -starttls smtp" };
        let s_client = |name: &str| format!("openssl s_client{starttls} -connect {}{name}", self.with_port());
        let helo = match self.ehlo_name.as_str() {
            "" => String::new(),
            name => format!(" --helo {}", quoted(name)),
        };
        let swaks = |more: &str| format!("swaks --server {} --port {}{more}", self.at, self.port);
        let tls = if port.implicit_tls { " --tls-on-connect" } else { " --tls" };
        let inside = || swaks(&helo) + tls + &naming("--tls-sni");
        Some(match name {
            "host" => host.to_string(),
            "s_client" if is_named => s_client(&naming("-servername")),
            "s_client" | "nameless" => s_client(" -noservername"),
            "verify" => format!("-verify_{} {host}", if is_named { "hostname" } else { "ip" }),
            "finger" => {
                let wrapped = if port.implicit_tls { " -w" } else { "" };
                format!("posttls-finger{wrapped} -c -P /etc/ssl/certs{} -l", naming("-s"))
            }
            "version" => match port.tls.as_ref().map(|tls| tls.version.as_str()) {
                Some("TLS 1.1") => "-tls1_1",
                Some("TLS 1.0" | "SSL 3.0") => "-tls1",
                _ => "-tls1_2",
            }
            .to_owned(),
            "target" => self.bracketed(),
            // Else it looks for what it connects to in the certificate.
            "match" if is_named && self.at != *host => format!(" {host}"),
            "match" => String::new(),
            // EHLO is not said there.
            "banner" if port.implicit_tls => swaks(tls) + &naming("--tls-sni") + " --quit-after BANNER",
            "banner" => swaks("") + " --quit-after BANNER",
            "swaks" if !port.implicit_tls => swaks(&helo),
            // EHLO is refused where it was last said; a session is gone through as far as it came.
            "ehlo" | "session" if said(port, "STARTTLS") || is_inside_tls(port) => {
                inside() + " --quit-after EHLO"
            }
            "session" if !said(port, "EHLO") => return self.words("banner", port),
            "ehlo" | "session" if !port.implicit_tls => swaks(&helo) + " --quit-after FIRST-EHLO",
            "ehlo" => inside() + " --quit-after EHLO",
            "swaks" | "swaks-tls" => inside(),
            _ => return None,
        })
    }

    fn bracketed(&self) -> String {
        quoted(&format!("[{}]:{}", self.at, self.port)).into_owned()
    }

    fn with_port(&self) -> String {
        match self.at {
            Host::Address(IpAddr::V6(_)) => self.bracketed(),
            _ => format!("{}:{}", self.at, self.port),
        }
    }
}

/// The name that was given with EHLO, or with HELO: a domain name or an address literal, RFC 5321 §4.1.3.
fn ehlo_name(port: &Port) -> Option<&str> {
    let said = port.transcript.iter().find(|line| is_command(line, "EHLO") || is_command(line, "HELO"))?;
    let (_, name) = said.text.split_once(' ')?;
    let literal = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_literal = literal.is_some_and(|inner| {
        let address = inner.strip_prefix("IPv6:").unwrap_or(inner);
        address.parse::<IpAddr>().is_ok()
    });
    (is_literal || name.parse::<Host>().is_ok()).then_some(name)
}

/// Whether EHLO was said inside TLS.
fn is_inside_tls(port: &Port) -> bool {
    port.transcript.iter().any(|line| line.encrypted && is_command(line, "EHLO"))
}

/// Whether a command was said.
fn said(port: &Port, command: &str) -> bool {
    port.transcript.iter().any(|line| is_command(line, command))
}

fn is_command(line: &TranscriptLine, command: &str) -> bool {
    line.from == Speaker::Client && line.text.split(' ').next() == Some(command)
}

/// A word as a POSIX shell reads it: in single quotes, unless all it has is what no shell gives a meaning. A [`Host`] that
/// stands alone needs none: it has letters, digits, hyphens, dots and colons, and begins with no hyphen.
fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-_./:@=,+%".contains(&octet);
    if !word.is_empty() && word.bytes().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remedy::tests::{port, report};
    use crate::{Severity, Tls};

    #[test]
    fn a_word_stays_one_word_in_a_shell() {
        for (word, written) in [
            ("mx1.example.com:25", "mx1.example.com:25"),
            ("[2001:db8::5]:25", "'[2001:db8::5]:25'"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(id)", "'$(id)'"),
            ("it's", r"'it'\''s'"),
            ("new\nline", "'new\nline'"),
            ("!!", "'!!'"),
        ] {
            assert_eq!(quoted(word), written);
            let shell =
                std::process::Command::new("sh").args(["-c", &format!("printf %s {written}")]).output();
            assert_eq!(shell.expect("a shell").stdout, word.as_bytes(), "{word}");
        }
    }

    fn commands(host: &str, number: u16, id: &str) -> Vec<String> {
        commands_at(host, None, number, id)
    }

    fn commands_at(host: &str, address: Option<&str>, number: u16, id: &str) -> Vec<String> {
        let finding = Finding {
            id: id.to_owned(),
            severity: Severity::Warning,
            title: String::new(),
            explanation: String::new(),
            fix: String::new(),
            reference: String::new(),
        };
        Remedies::BUILT_IN.commands(&report(host, address), &port(number, "", ""), &finding)
    }

    #[test]
    fn a_host_needs_no_quotes() {
        for host in
            ["mx1.example.com", "xn--bcher-kva.example", "192.0.2.5", "2001:db8::5", "::ffff:192.0.2.5"]
        {
            let host: Host = host.parse().expect("it is one");
            assert_eq!(quoted(&host.to_string()), host.to_string());
        }
        for other in ["-connect", "a b", "$(id)", "a'b", "a;b", "a\nb", "a`b"] {
            assert!(other.parse::<Host>().is_err(), "{other}");
        }
    }

    #[test]
    fn host_and_port_are_filled_in() {
        assert_eq!(
            commands("mx1.example.com", 25, "certificate-expired"),
            [
                "openssl s_client -starttls smtp -connect mx1.example.com:25 -servername mx1.example.com -showcerts \
                 -verify_hostname mx1.example.com </dev/null",
                "openssl s_client -starttls smtp -connect mx1.example.com:25 -servername mx1.example.com </dev/null \
                 2>/dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName",
                "posttls-finger -c -P /etc/ssl/certs -s mx1.example.com -l secure '[mx1.example.com]:25'",
            ]
        );
        assert_eq!(
            commands("2001:db8::5", 465, "tls-failed"),
            [
                "openssl s_client -connect '[2001:db8::5]:465' -noservername -msg </dev/null",
                "posttls-finger -w -c -P /etc/ssl/certs -l may '[2001:db8::5]:465'",
                "swaks --server 2001:db8::5 --port 465 --tls-on-connect --quit-after EHLO",
            ]
        );
        assert_eq!(
            commands("192.0.2.5", 587, "starttls-missing"),
            ["swaks --server 192.0.2.5 --port 587 --quit-after FIRST-EHLO"]
        );
        assert_eq!(commands("mx1.example.com", 25, "no-such-finding"), Vec::<String>::new());
        assert_eq!(commands("$(reboot)", 25, "certificate-expired"), Vec::<String>::new());
    }

    /// What OpenSSL offers unless told otherwise has none of it.
    #[test]
    fn an_old_version_is_asked_for_by_its_option_and_with_all_suites() {
        let finding = Finding {
            id: "tls-version-weak".to_owned(),
            severity: Severity::Error,
            title: String::new(),
            explanation: String::new(),
            fix: String::new(),
            reference: String::new(),
        };
        for (version, option) in [("TLS 1.1", "-tls1_1"), ("TLS 1.0", "-tls1"), ("SSL 3.0", "-tls1")] {
            let tls = Tls {
                version: version.to_owned(),
                cipher_suite: "TLS_RSA_WITH_AES_128_CBC_SHA".to_owned(),
                key_exchange: Some("RSA".to_owned()),
                completed: false,
                client_certificate_requested: false,
            };
            let port = Port { tls: Some(tls), ..port(25, "", "") };
            let commands = Remedies::BUILT_IN.commands(&report("192.0.2.5", None), &port, &finding);
            assert_eq!(
                commands[..2],
                [
                    "openssl s_client -starttls smtp -connect 192.0.2.5:25 -noservername -tls1_2 </dev/null"
                        .to_owned(),
                    format!(
                        "openssl s_client -starttls smtp -connect 192.0.2.5:25 -noservername {option} -cipher \
                         ALL:COMPLEMENTOFALL:@SECLEVEL=0 </dev/null"
                    ),
                ]
            );
        }
    }

    /// One of several addresses may be the faulty one.
    #[test]
    fn the_address_that_was_chosen_is_connected_to_and_the_host_is_named() {
        let at = |address, number, id| commands_at("mx1.example.com", Some(address), number, id);
        assert_eq!(
            at("203.0.113.5", 25, "certificate-expired"),
            [
                "openssl s_client -starttls smtp -connect 203.0.113.5:25 -servername mx1.example.com -showcerts \
                 -verify_hostname mx1.example.com </dev/null",
                "openssl s_client -starttls smtp -connect 203.0.113.5:25 -servername mx1.example.com </dev/null \
                 2>/dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName",
                "posttls-finger -c -P /etc/ssl/certs -s mx1.example.com -l secure '[203.0.113.5]:25' mx1.example.com",
            ]
        );
        assert_eq!(
            at("2001:db8::5", 465, "tls-failed"),
            [
                "openssl s_client -connect '[2001:db8::5]:465' -servername mx1.example.com -msg </dev/null",
                "posttls-finger -w -c -P /etc/ssl/certs -s mx1.example.com -l may '[2001:db8::5]:465'",
                "swaks --server 2001:db8::5 --port 465 --tls-on-connect --tls-sni mx1.example.com --quit-after EHLO",
            ]
        );
        assert_eq!(
            at("203.0.113.5", 25, "connect-failed"),
            ["swaks --server 203.0.113.5 --port 25 --quit-after BANNER"]
        );
        assert_eq!(at("$(reboot)", 25, "certificate-expired"), Vec::<String>::new());
        assert_eq!(
            commands_at("192.0.2.7", Some("203.0.113.5"), 587, "tls-name-refused"),
            [
                "openssl s_client -starttls smtp -connect 203.0.113.5:587 -noservername </dev/null",
                "openssl s_client -starttls smtp -connect 203.0.113.5:587 -noservername </dev/null",
            ]
        );
    }

    /// A refusal may be of that name alone.
    #[test]
    fn the_name_that_the_test_gave_is_given_again() {
        let finding = Finding {
            id: "ehlo-rejected".to_owned(),
            severity: Severity::Error,
            title: String::new(),
            explanation: String::new(),
            fix: String::new(),
            reference: String::new(),
        };
        let command = |said: &str| {
            let text = said.to_owned();
            let line = TranscriptLine { at_ms: 0, from: Speaker::Client, encrypted: false, text };
            let port = Port { transcript: vec![line], ..port(25, "", "") };
            Remedies::BUILT_IN.commands(&report("mx1.example.com", None), &port, &finding).remove(0)
        };
        let with =
            |helo: &str| format!("swaks --server mx1.example.com --port 25{helo} --quit-after FIRST-EHLO");
        for (said, helo) in [
            ("EHLO relay.example.org", " --helo relay.example.org"),
            ("HELO relay.example.org", " --helo relay.example.org"),
            ("EHLO [192.0.2.1]", " --helo '[192.0.2.1]'"),
            ("EHLO [IPv6:2001:db8::1]", " --helo '[IPv6:2001:db8::1]'"),
            ("EHLO --data", ""),
            ("EHLO [$(reboot)]", ""),
            ("EHLO", ""),
        ] {
            assert_eq!(command(said), with(helo), "{said}");
        }
        // No EHLO was said here, but elsewhere.
        let text = "EHLO relay.example.org".to_owned();
        let line = TranscriptLine { at_ms: 0, from: Speaker::Client, encrypted: false, text };
        let other = Port { transcript: vec![line], ..port(25, "", "") };
        let report = Report { ports: vec![other], ..report("mx1.example.com", None) };
        let commands = Remedies::BUILT_IN.commands(&report, &port(465, "", ""), &finding);
        assert!(
            commands[0].contains(" --port 465 --helo relay.example.org --tls-on-connect"),
            "{commands:?}"
        );
    }

    #[test]
    fn every_check_has_its_commands() {
        for check in crate::checks() {
            let commands = commands("mx1.example.com", 25, check.id);
            assert!(!commands.is_empty(), "{}", check.id);
            assert!(commands.iter().all(|command| !command.contains('{')), "{commands:?}");
        }
    }
}
