use std::borrow::Cow;

use heloscope_observation::Host;

use super::{Remedies, fill};
use crate::{Finding, Port, Speaker};

impl Remedies<'_> {
    /// Commands for a shell that show a finding on a port again, without this test: openssl(1), Postfix's posttls-finger(1)
    /// and swaks(1). None of them sends mail. Empty for a host that is none, as only a report that somebody wrote by hand
    /// has it.
    pub fn commands(self, host: &str, port: &Port, finding: &Finding) -> Vec<String> {
        let mut commands = Vec::new();
        let Ok(host) = host.parse::<Host>() else { return commands };
        self.each_line(&mut |name, ids, line| {
            if name == "commands" && ids.split(' ').any(|id| id == finding.id) {
                let mut command = String::new();
                fill(&mut command, line, &|name| words(name, &host, port));
                commands.push(command);
            }
        });
        commands
    }
}

/// What stands for a name in braces.
fn words(name: &str, host: &Host, port: &Port) -> Option<String> {
    let is_address = matches!(host, Host::Address(_));
    let is_ipv6 = matches!(host, Host::Address(address) if address.is_ipv6());
    let bracketed = || quoted(&format!("[{host}]:{}", port.port)).into_owned();
    let to = || if is_ipv6 { bracketed() } else { format!("{host}:{}", port.port) };
    let starttls = if port.implicit_tls { "" } else { " -starttls smtp" };
    let swaks = |tls: &str| format!("swaks --server {host} --port {}{tls}", port.port);
    Some(match name {
        "host" => host.to_string(),
        // An address is no server name, RFC 6066 §3.
        "s_client" if !is_address => {
            format!("openssl s_client{starttls} -connect {} -servername {host}", to())
        }
        "s_client" | "nameless" => format!("openssl s_client{starttls} -connect {} -noservername", to()),
        "verify" => format!("-verify_{} {host}", if is_address { "ip" } else { "hostname" }),
        "finger" => {
            format!("posttls-finger{} -c -P /etc/ssl/certs -l", if port.implicit_tls { " -w" } else { "" })
        }
        "target" => bracketed(),
        "swaks" if !port.implicit_tls => swaks(""),
        // EHLO is refused where it was last said.
        "ehlo" if !port.implicit_tls && !is_inside_tls(port) => swaks("") + " --quit-after FIRST-EHLO",
        "ehlo" => {
            swaks(if port.implicit_tls { " --tls-on-connect" } else { " --tls" }) + " --quit-after EHLO"
        }
        "swaks" | "swaks-tls" => swaks(if port.implicit_tls { " --tls-on-connect" } else { " --tls" }),
        _ => return None,
    })
}

/// Whether EHLO was said inside TLS.
fn is_inside_tls(port: &Port) -> bool {
    port.transcript
        .iter()
        .any(|line| line.from == Speaker::Client && line.encrypted && line.text.starts_with("EHLO "))
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
    use crate::Severity;
    use crate::remedy::tests::port;

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
        let finding = Finding {
            id: id.to_owned(),
            severity: Severity::Warning,
            title: String::new(),
            explanation: String::new(),
            fix: String::new(),
            reference: String::new(),
        };
        Remedies::BUILT_IN.commands(host, &port(number, "", ""), &finding)
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
                "posttls-finger -c -P /etc/ssl/certs -l secure '[mx1.example.com]:25'",
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

    #[test]
    fn every_check_has_its_commands() {
        for check in crate::checks() {
            let commands = commands("mx1.example.com", 25, check.id);
            assert!(!commands.is_empty(), "{}", check.id);
            assert!(commands.iter().all(|command| !command.contains('{')), "{commands:?}");
        }
    }
}
