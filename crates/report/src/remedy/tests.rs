use std::collections::BTreeSet;

use super::*;
use crate::{Capability, PortError, Report, SCHEMA_VERSION, Status, Timings, TranscriptLine};

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
        let mut told = BTreeSet::new();
        for (heading, lines) in &headings[2..] {
            let (topics, ports) = heading.split_once(" on ").unwrap_or((heading, "25"));
            for topic in topics.split(' ') {
                assert!(TOPICS.contains(&topic), "{name}: {heading}");
                told.insert(topic);
            }
            for port in ports.split(' ') {
                assert!(["25", "587", "implicit", "other"].contains(&port), "{name}: {heading}");
            }
            assert!(lines[0].starts_with(['#', ';', 'd']), "{name}, {heading}: where does it go?");
            let names = |line: &&str| line.contains("{port}") || line.contains("{host}");
            let said: Vec<&str> = lines.iter().filter_map(|line| Some(comment(line)?.1)).collect();
            assert!(!said.iter().any(names), "{name}, {heading}: a translation has other names: {said:?}");
            assert!(lines.iter().all(|line| line.len() <= 130), "{name}, {heading}: too wide to read");
        }
        if *name == "Postfix" {
            assert_eq!(told.len(), TOPICS.len());
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
        assert!(told("Exim", &weak).contains("\n# stattdessen mit OpenSSL:\n#openssl_options = +no_sslv3 "));
        assert!(
            told("Haraka", &weak)
                .starts_with("; config/tls.ini, über dem ersten [Abschnitt]; dann Haraka neu starten\nmin")
        );
    });
}

fn finding(id: &str) -> Finding {
    let severity = Severity::Error;
    let [title, explanation, fix, reference] = [const { String::new() }; 4];
    Finding { id: id.to_owned(), severity, title, explanation, fix, reference }
}

/// A port of the kind that its number has, or another of STARTTLS.
fn at(number: u16) -> Port {
    let role = match number {
        25 => Role::Relay,
        465 => Role::Submissions,
        587 => Role::Submission,
        _ => Role::Custom,
    };
    Port { role, ..port(number, "", "") }
}

/// For each mail server that can be told anything, what it is told.
fn told(ports: &[Port], id: &str) -> Vec<(&'static str, String)> {
    let ports: Vec<&Port> = ports.iter().collect();
    let remedies = Remedies::BUILT_IN.of("mx1.example.com", &ports, &finding(id));
    remedies.into_iter().map(|Remedy { server, configuration }| (server, configuration)).collect()
}

fn told_one(ports: &[Port], id: &str, server: &str) -> String {
    let (_, told) = told(ports, id).into_iter().find(|(name, _)| *name == server).expect("it is told this");
    told
}

const SERVERS: [&str; 7] = ["Exchange", "Exim", "Haraka", "OpenSMTPD", "Postfix", "Sendmail", "Stalwart"];
/// How each gives a certificate, and a key.
const CERTIFICATE: [&str; 7] = [
    "Enable-ExchangeCertificate ",
    "\ntls_certificate = ",
    "\ncert=",
    " cert \"",
    "smtpd_tls_chain_files",
    "`confSERVER_CERT'",
    "\ncert = ",
];
/// How each limits protocols and ciphers.
const PROTOCOLS: [&str; 6] = [
    "SCHANNEL",
    "tls_require_ciphers = ",
    "ciphers=",
    "smtp ciphers ",
    "smtpd_tls_protocols = ",
    "`confCIPHER_LIST'",
];

/// A port whose STARTTLS, or what followed it, ended so.
fn failed(number: u16, code: ErrorCode, phase: Stage, replies: &[&str]) -> Port {
    let line = |from, text: &str| TranscriptLine { at_ms: 0, from, encrypted: false, text: text.to_owned() };
    let mut transcript = vec![
        line(Speaker::Server, "220 mx1.example.com ESMTP"),
        line(Speaker::Client, "EHLO client.test"),
        line(Speaker::Server, "250 STARTTLS"),
        line(Speaker::Client, "STARTTLS"),
    ];
    transcript.extend(replies.iter().map(|reply| line(Speaker::Server, reply)));
    transcript.extend([line(Speaker::Client, "QUIT"), line(Speaker::Server, "221 bye")]);
    let error = Some(PortError { code, message: String::new(), phase });
    Port { error, transcript, ..at(number) }
}

/// Protocols and ciphers are not the cause where the server did not come to a handshake.
#[test]
fn starttls_that_is_refused_is_mended_by_a_certificate_and_a_key() {
    let refused = |number, reply| failed(number, ErrorCode::StartTlsRejected, Stage::StartTls, &[reply]);
    for number in [25, 587, 2525] {
        for port in [
            refused(number, "454 4.7.0 TLS not available due to local problem"),
            refused(number, "454-4.7.0 TLS not"),
            refused(number, "451 later"),
            failed(number, ErrorCode::Closed, Stage::StartTls, &[]),
            failed(number, ErrorCode::Reset, Stage::StartTls, &[]),
        ] {
            let told = told(&[port], "starttls-failed");
            assert_eq!(told.iter().map(|(name, _)| *name).collect::<Vec<_>>(), SERVERS);
            for ((name, told), certificate) in told.iter().zip(CERTIFICATE) {
                assert!(told.contains(certificate), "{name}: {told}");
                assert!(PROTOCOLS.iter().all(|protocols| !told.contains(protocols)), "{name}: {told}");
            }
        }
        for code in ["500", "502", "503"] {
            let missing = told(&[at(number)], "starttls-missing");
            assert_eq!(told(&[refused(number, code)], "starttls-failed"), missing, "{code}");
        }
        // What answered so, or why, no configuration knows.
        for code in ["250", "354", "501", "504", "530", "535", "550", "551", "553", "554"] {
            assert_eq!(told(&[refused(number, code)], "starttls-failed"), [], "{code}");
        }
    }
}

/// The finding says both: protocols and ciphers to allow, and a certificate and a key that belong together.
#[test]
fn a_handshake_that_fails_is_mended_by_protocols_or_by_a_certificate() {
    for (number, id) in [(25, "starttls-failed"), (587, "starttls-failed"), (465, "tls-failed")] {
        for code in [ErrorCode::TlsAlert, ErrorCode::TlsFailed, ErrorCode::Closed] {
            let told = told(&[failed(number, code, Stage::Tls, &["220 go"])], id);
            assert_eq!(told.iter().map(|(name, _)| *name).collect::<Vec<_>>(), SERVERS);
            for (place, (name, told)) in told.iter().enumerate() {
                if number == 465 && *name == "Exchange" {
                    continue;
                }
                assert!(told.contains(CERTIFICATE[place]), "{name}: {told}");
                assert!(PROTOCOLS.get(place).is_none_or(|words| told.contains(words)), "{name}: {told}");
            }
        }
    }
}

/// Whatever ports lack it: what mends one is enough for that one, and what mends two says nothing twice.
#[test]
fn starttls_is_switched_on_with_a_certificate_on_whichever_port_lacks_it() {
    for ports in [&[25][..], &[587], &[2525], &[25, 587]] {
        let ports: Vec<Port> = ports.iter().map(|number| at(*number)).collect();
        let told = told(&ports, "starttls-missing");
        assert_eq!(told.iter().map(|(name, _)| *name).collect::<Vec<_>>(), SERVERS);
        for ((name, told), certificate) in told.iter().zip(CERTIFICATE) {
            assert!(told.contains(certificate), "{name}: {told}");
            // To a Postfix it is told in two files.
            let at_most = if *name == "Postfix" { ports.len() } else { 1 };
            let mut lines = told.lines().filter(|line| line.contains(certificate.trim()));
            assert!(lines.by_ref().count() <= at_most, "{name}: {told}");
            for port in &ports {
                let number = port.port;
                let switched_on = match (*name, number) {
                    ("Exchange", 25) => "\\Default Frontend $env:COMPUTERNAME\"\nSet-ReceiveConnector $connector \
                                         -AuthMechanism \"$((Get-ReceiveConnector $connector).AuthMechanism), Tls\""
                        .to_owned(),
                    ("Exchange", 587) => "\\Client Frontend $env:COMPUTERNAME\"\nSet-ReceiveConnector $connector \
                                          -AuthMechanism \"$((Get-ReceiveConnector $connector).AuthMechanism), Tls\""
                        .to_owned(),
                    ("Exchange", _) => "\n  Set-ReceiveConnector $_.Identity -AuthMechanism".to_owned(),
                    ("Exim", _) => "\ntls_advertise_hosts = *".to_owned(),
                    ("Haraka", _) => "\ntls\n".to_owned(),
                    ("OpenSMTPD", 587) => "\nlisten on :: port 587 tls-require pki \"mx1.example.com\" auth".to_owned(),
                    ("OpenSMTPD", _) => format!("\nlisten on :: port {number} tls pki \"mx1.example.com\""),
                    ("Postfix", 587) => "\n    -o smtpd_tls_security_level=encrypt".to_owned(),
                    ("Postfix", _) => "\nsmtpd_tls_security_level = may".to_owned(),
                    ("Sendmail", _) => "\ndefine(`confSERVER_KEY'".to_owned(),
                    _ => format!("bind = [\"[::]:{number}\"]\nprotocol = \"smtp\"\ntls.enable = true"),
                };
                assert!(told.contains(&switched_on), "{name}, {number}: {told}");
            }
        }
    }
}

/// Each has a connector of its own; on port 465 Exchange has none with TLS.
#[test]
fn exchange_is_told_of_the_connector_that_listens_on_the_port() {
    const NEW: &str = "-TlsCertificateName $name";
    let connectors = [(25, "Default Frontend"), (587, "Client Frontend")];
    for id in ["certificate-expired", "starttls-missing"] {
        for (number, connector) in connectors {
            let told = told_one(&[at(number)], id, "Exchange");
            let line = format!(
                "\n# in the same shell:\nSet-ReceiveConnector \"$env:COMPUTERNAME\\{connector} \
                 $env:COMPUTERNAME\" {NEW}"
            );
            assert!(told.contains(&line) && told.matches(NEW).count() == 1, "{told}");
            assert_eq!(told.matches(" Frontend ").count(), told.matches(connector).count(), "{told}");
        }
        let told = told_one(&[at(25), at(587)], id, "Exchange");
        assert_eq!(told.matches(NEW).count(), 2, "{told}");
        assert_eq!(told.matches("Import-ExchangeCertificate").count(), 1, "{told}");
        let told = told_one(&[at(2525)], id, "Exchange");
        assert!(!told.contains(" Frontend ") && told.contains("':2525\\b'"), "{told}");
    }
    for (id, code) in [
        ("certificate-expired", None),
        ("connect-failed", Some(ErrorCode::ConnectionRefused)),
        ("tls-failed", Some(ErrorCode::PlaintextOnImplicitTls)),
        ("tls-failed", Some(ErrorCode::TlsAlert)),
        ("tls-version-weak", None),
    ] {
        let error = code.map(|code| PortError { code, message: String::new(), phase: Stage::Tls });
        let told = told_one(&[Port { error, ..at(465) }], id, "Exchange");
        assert!(told.starts_with("# Exchange has no implicit TLS"), "{told}");
        assert!(told.lines().all(|line| line.starts_with("# ")), "{told}");
    }
}

/// Where AUTH is switched on for the ports of mail clients nobody knows: on port 25 alone it is switched off.
#[test]
fn auth_inside_tls_alone_takes_auth_from_no_mail_client() {
    let on_587 = told_one(&[at(587)], "auth-without-tls", "Postfix");
    assert_eq!(on_587, "# /etc/postfix/main.cf, then: postfix reload\nsmtpd_tls_auth_only = yes");
    let on_25 = told_one(&[at(25)], "auth-without-tls", "Postfix");
    assert_eq!(
        on_25,
        on_587
            + "\n\n# and in master.cf, so that port 25 has no AUTH at all, below its service (smtp inet; with \
               postscreen: smtpd pass):\n#    -o smtpd_sasl_auth_enable=no"
    );
    for (number, at_25) in [(25, true), (587, false)] {
        let told = told_one(&[at(number)], "auth-without-tls", "Sendmail");
        assert_eq!(told.contains("Port=25, Name=MTA, M=A"), at_25, "{told}");
    }
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
        let error =
            PortError { code: ErrorCode::PlaintextOnImplicitTls, message: String::new(), phase: Stage::Tls };
        let role = if number == 465 { Role::Submissions } else { Role::Custom };
        let port = Port { implicit_tls: true, role, error: Some(error), ..port(number, "", "") };
        for Remedy { server, configuration } in Remedies::BUILT_IN.of("mx1.example.com", &[&port], &finding) {
            if server == "Exchange" {
                assert!(configuration.starts_with("# Exchange has no implicit TLS, on this port neither:"));
                continue;
            }
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
