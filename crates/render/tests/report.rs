//! Whole reports in each format, against files that a person has read.

#![allow(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

use std::path::Path;

use heloscope_render::{html, markdown, text};
use heloscope_report::{ChainError, Remedies, Report, Severity, Status, Verdict};

fn fixture(name: &str) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Compares every format with the files of that name; what was rendered is left beside the build for a look.
fn compare(name: &str) {
    let report = fixture(name);
    let formats = [
        // A tag a line, for whoever reads the file or what changed in it.
        ("html", html::report(&report).replace("><", ">\n<") + "\n"),
        ("md", markdown::report(&report)),
        ("txt", text::report(&report, text::TextStyle::Plain)),
    ];
    let differing: Vec<_> = formats
        .into_iter()
        .filter_map(|(format, rendered)| {
            let file = format!("{name}.{format}");
            let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(&file);
            let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&file);
            std::fs::write(&fresh, &rendered).unwrap();
            (std::fs::read_to_string(kept).unwrap_or_default() != rendered).then_some(fresh)
        })
        .collect();
    assert!(differing.is_empty(), "not what tests/fixtures has: {differing:?}");
}

#[test]
fn a_healthy_server() {
    compare("healthy");
}

#[test]
fn a_server_with_faults() {
    compare("faulty");
}

#[test]
fn a_server_that_does_not_answer() {
    compare("unreachable");
}

#[test]
fn a_server_that_sends_markup_and_controls() {
    compare("hostile");
}

#[test]
fn what_was_seen_and_is_no_fault_stands_among_the_facts() {
    let mut report = fixture("healthy");
    report.ports[0].notes = vec!["The greeting came in <parts>.".to_owned()];
    assert!(html::report(&report).contains("<dt>Also seen</dt><dd>The greeting came in &lt;parts&gt;.</dd>"));
    assert!(markdown::report(&report).contains("Also seen: The greeting came in \\<parts\\>."));
    let text = text::report(&report, text::TextStyle::Plain);
    assert!(text.contains("  Also seen      The greeting came in <parts>.\n"));
    assert!(!html::report(&fixture("healthy")).contains("Also seen"));
}

/// What a circle ends at was sent.
#[test]
fn certificates_that_issued_one_another_have_no_issuer_that_was_not_sent() {
    let told = |issuers: [&str; 3]| {
        let mut report = fixture("healthy");
        report.ports.truncate(1);
        let port = &mut report.ports[0];
        port.chain = vec![port.chain[0].clone(), port.chain[1].clone(), port.chain[1].clone()];
        for (certificate, (subject, issuer)) in
            port.chain.iter_mut().zip(["CN=mx", "CN=A", "CN=B"].iter().zip(issuers))
        {
            certificate.subject = Some((*subject).to_owned());
            certificate.issuer = Some(issuer.to_owned());
            certificate.signed_with_own_key = Some(false);
        }
        let leaf = port.certificate.as_mut().unwrap();
        (leaf.chain_valid, leaf.trust, leaf.chain_error) =
            (Some(false), None, Some(ChainError::UntrustedRoot));
        html::report(&report).contains("not among the trusted roots; not sent")
    };
    assert!(told(["CN=A", "CN=B", "CN=C"]));
    assert!(!told(["CN=A", "CN=B", "CN=A"]));
    // One of its issuer's name, signed by another key, whose certificate was not sent.
    assert!(told(["CN=A", "CN=B", "CN=B"]));
}

/// What a reader does not see, or sees elsewhere than it stands.
fn unseen(character: char) -> bool {
    character != '\n'
        && (character.is_control() || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'))
}

#[test]
fn what_a_server_sent_is_no_markup_in_html() {
    let html = html::report(&fixture("hostile"));
    assert!(!html.contains(unseen));
    for markup in ["<script", "<img", "href", "src=\"", "style=", "onerror=\""] {
        assert!(!html.contains(markup), "{markup}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; \\u{202e}gnp.exe\\u{200b} `tick`"));
}

#[test]
fn what_a_server_sent_is_no_markup_in_markdown() {
    let markdown = markdown::report(&fixture("hostile"));
    assert!(!markdown.contains(unseen));
    let prose = outside_code(&markdown);
    for (place, _) in prose.match_indices(['<', '[', '!', '|', '~', '`']) {
        assert!(prose[..place].ends_with('\\'), "unescaped: {}", &prose[place.saturating_sub(20)..]);
    }
    for link in ["://", "@", "www.", "#12"] {
        assert!(!prose.contains(link), "{link}");
    }
    let titles = markdown.lines().filter(|line| line.starts_with('#')).count();
    let ours = [
        "# ",
        "## Findings",
        "## What each ",
        "### Error: ",
        "## Port ",
        "### Extensions",
        "### Cert",
        "### Timings",
        "### Trans",
        "### Checks",
    ];
    let known = markdown.lines().filter(|line| ours.iter().any(|title| line.starts_with(title))).count();
    assert_eq!(titles, known);
}

/// Markdown without its code spans and fenced blocks, read as CommonMark §6.1 and §4.5 say: a run of backticks opens a
/// span that ends at the next run of the same length.
fn outside_code(markdown: &str) -> String {
    let mut rest = markdown;
    let mut outside = String::new();
    while let Some(start) = rest.find('`') {
        if rest[..start].ends_with('\\') {
            outside.push_str(&rest[..=start]);
            rest = &rest[start + 1..];
            continue;
        }
        outside.push_str(&rest[..start]);
        let length = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        let mut inside = &rest[start + length..];
        loop {
            let run = inside.find('`').expect("a span or a block that is never closed");
            let found = inside[run..].len() - inside[run..].trim_start_matches('`').len();
            inside = &inside[run + found..];
            if found == length {
                break;
            }
        }
        rest = inside;
    }
    outside + rest
}

#[test]
fn no_escape_sequence_of_a_server_reaches_the_terminal() {
    let report = fixture("hostile");
    assert!(!text::report(&report, text::TextStyle::Plain).contains(unseen));
    let mut coloured = text::report(&report, text::TextStyle::Colour);
    for ours in ["\x1b[1m", "\x1b[1;31m", "\x1b[1;32m", "\x1b[1;33m", "\x1b[1;36m", "\x1b[0m"] {
        coloured = coloured.replace(ours, "");
    }
    assert!(!coloured.contains(unseen));
    assert_eq!(coloured, text::report(&report, text::TextStyle::Plain));
}

#[test]
fn every_status_has_its_word_in_every_format() {
    let mut report = fixture("healthy");
    for (status, class, word) in [
        (Status::Ok, "ok", "As it should be"),
        (Status::Notice, "notice", "Notice"),
        (Status::Warning, "warning", "Warning"),
        (Status::Error, "error", "Error"),
        (Status::Untested, "untested", "Not tested"),
    ] {
        report.status = status;
        let html = html::report(&report);
        assert!(html.contains(&format!(r#"<header class="verdict {class}" part="verdict">"#)), "{html}");
        assert!(html.contains(&format!(r#"<p class="kind"><span class="mark {class}"><svg"#)));
        assert!(html.contains(&format!("</svg> {word}</span></p><h2>")));
        let title = format!("# mx1.example.com: {}\n", word.to_lowercase());
        assert!(markdown::report(&report).starts_with(&title));
        assert!(text::report(&report, text::TextStyle::Plain).starts_with(&format!("{word}: ")));
    }
}

#[test]
fn a_port_that_was_not_tested_does_not_pass_for_sound() {
    let mut report = fixture("healthy");
    let quota = serde_json::json!({ "code": "quota", "message": "", "phase": "connect" });
    let port = &mut report.ports[1];
    port.connected = false;
    (port.banner, port.error) = (None, serde_json::from_value(quota).unwrap());
    assert_eq!(report.status, Status::Ok, "what was tested is");
    let html = html::report(&report);
    let mark =
        r#"<header class="verdict untested" part="verdict"><p class="kind"><span class="mark untested">"#;
    assert!(html.contains(mark), "{html}");
    assert!(html.contains("</svg> Tested in part</span></p><h2>Mail reaches this server over"), "{html}");
    assert!(html.contains("Port 465 could not be tested: the relay's quota is used up.</h2>"), "{html}");
    assert!(markdown::report(&report).starts_with("# mx1.example.com: tested in part\n"));
    assert!(text::report(&report, text::TextStyle::Plain).starts_with("Tested in part: Mail reaches"));
    report.status = Status::Notice;
    assert!(html::report(&report).contains("</svg> Notice</span></p><h2>"), "a finding is no clean bill");
}

#[test]
fn a_port_whose_quit_had_no_reply_was_tested_all_the_same() {
    let mut report = fixture("healthy");
    let mut fails = |code: &str, phase: &str| {
        let error = serde_json::json!({ "code": code, "message": "", "phase": phase });
        report.ports[1].error = serde_json::from_value(error).unwrap();
        text::report(&report, text::TextStyle::Plain)
    };
    let told = fails("timeout", "quit");
    assert!(told.starts_with("As it should be: Mail reaches"), "{told}");
    assert!(!told.contains("could not be tested"), "{told}");
    assert!(fails("timeout", "ehlo").starts_with("Tested in part: Mail reaches"));
    // That a reply too many puts the answers in doubt would be a finding.
    assert!(fails("malformed_reply", "quit").starts_with("As it should be: Mail reaches"));
}

#[test]
fn every_severity_has_its_word_in_every_format() {
    let mut report = fixture("unreachable");
    report.ports.truncate(1);
    for (severity, class, word) in [
        (Severity::Ok, "ok", "As it should be"),
        (Severity::Notice, "notice", "Notice"),
        (Severity::Warning, "warning", "Warning"),
        (Severity::Error, "error", "Error"),
    ] {
        report.ports[0].findings[0].severity = severity;
        let html = html::report(&report);
        assert!(
            html.contains(&format!(
                r#"<li class="finding {class}" part="finding" data-id="connect-failed">"#
            ))
        );
        assert!(html.contains(&format!(r#"</svg> {word}</span> <span class="where">port 25</span>"#)));
        let title = format!("### {word}: Port 25 did not answer (port 25)\n");
        assert!(markdown::report(&report).contains(&title));
        let title = format!("\n{word}: Port 25 did not answer (port 25)\n");
        assert!(text::report(&report, text::TextStyle::Plain).contains(&title));
    }
}

#[test]
fn every_verdict_of_a_check_has_its_word_in_every_format() {
    let mut report = fixture("healthy");
    report.ports.truncate(1);
    for (verdict, sign, word) in [
        (Verdict::Passed, "ok", "Passed"),
        (Verdict::Found, "warning", "Found"),
        (Verdict::NotApplicable, "untested", "Not applicable"),
        (Verdict::NotTested, "untested", "Not tested"),
    ] {
        report.ports[0].checks.truncate(1);
        report.ports[0].checks[0].verdict = verdict;
        let html = html::report(&report);
        assert!(html.contains(&format!(r#"<td><span class="mark {sign}"><svg"#)));
        assert!(html.contains(&format!("</svg> {word}</span></td>")));
        assert!(markdown::report(&report).contains(&format!("### Checks\n\n- {word}: `connect-failed`\n")));
        let list = format!("  Checks\n    {word}: connect-failed\n");
        assert!(text::report(&report, text::TextStyle::Plain).contains(&list));
    }
}

/// The part of a text from one line up to another.
fn part<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).unwrap_or_else(|| panic!("no “{from}” in {text}"));
    let length = text[start..].find(to).unwrap_or_else(|| panic!("no “{to}” in {text}"));
    &text[start..start + length]
}

/// Times that stand together are compared.
#[test]
fn the_times_of_a_port_are_in_one_unit() {
    let mut report = fixture("healthy");
    let last = report.ports[0].transcript.last_mut().unwrap();
    last.at_ms = 12_345;
    let text = text::report(&report, text::TextStyle::Plain);
    let port = part(&text, "Timings", "Checks");
    assert!(
        port.contains("12.345 s") && port.contains("Whole test 0.164 s") && !port.contains(" ms"),
        "{port}"
    );
    let markdown = markdown::report(&report);
    let port = part(&markdown, "### Timings", "### Checks");
    assert!(
        port.contains("12.345 s") && port.contains("Whole test: 0.164 s") && !port.contains(" ms"),
        "{port}"
    );
    let html = html::report(&report);
    let port = part(&html, "class=\"timings\"", "class=\"checks\"");
    assert!(
        port.contains("12.345</data> s") && port.contains(">0.164</data> s") && !port.contains(" ms<"),
        "{port}"
    );
}

/// As whatever shows the page writes them; what only looks like a mark is a server's, and stays as it is.
#[test]
fn the_count_in_a_mark_is_a_number() {
    let mut report = fixture("healthy");
    let texts = [
        format!("220 {} … [123456 more octets]", "x".repeat(508)),
        "… [39901 more lines, 359109 octets]".to_owned(),
        "250 mine … [123456 more octets]".to_owned(),
    ];
    for (line, text) in report.ports[0].transcript.iter_mut().zip(&texts) {
        text.clone_into(&mut line.text);
    }
    let html = html::report(&report);
    for told in [
        r#"x … <span class="short">[<data value="123456">123456</data> more</span> octets]"#,
        r#"… <span class="short">[<data value="39901">39901</data> more</span> lines, "#,
        r#"<span class="short"><data value="359109">359109</data> octets]</span>"#,
        "<code>250 mine … [123456 more octets]</code>",
    ] {
        assert!(html.contains(told), "{told}");
    }
}

#[test]
fn what_there_is_to_paste_stands_below_the_finding() {
    let mut report = fixture("faulty");
    report.ports[0].banner = Some("220 mx1.example.com ESMTP Postfix".to_owned());
    let place = html::report(&report)
        .split("data-id=\"")
        .skip(1)
        .position(|finding| finding.starts_with("certificate-expired\""))
        .unwrap();
    let html = html::remedy(&report, place, Remedies::BUILT_IN);
    assert!(html.contains("Looks like Postfix, by its greeting. That is a guess"), "{html}");
    assert_eq!(part(&html, "<details open=\"\">", "<pre>"), "<details open=\"\"><summary>Postfix</summary>");
    assert!(html.contains("    /etc/letsencrypt/live/mx1.example.com/privkey.pem,\n"), "{html}");
    assert_eq!(html.matches("<details>").count(), 6, "the other mail servers");
    assert!(html.contains("Set-ReceiveConnector &quot;$env:COMPUTERNAME"), "{html}");
    assert!(html.contains(
        "openssl s_client -starttls smtp -connect mx1.example.com:25 -servername mx1.example.com -showcerts \
         -verify_hostname mx1.example.com &lt;/dev/null\n"
    ));
    assert_eq!(html::remedy(&report, 1000, Remedies::BUILT_IN), "");

    let text = text::report_with_remedies(&report, text::TextStyle::Plain, Remedies::BUILT_IN);
    let finding = part(&text, "Error: The certificate expired on", "\n\n");
    assert!(finding.contains(
        "\n  Configuration (Looks like Postfix, by its greeting; a guess):\n    # /etc/postfix/main.cf"
    ));
    assert!(
        finding.contains(
            "\n    posttls-finger -c -P /etc/ssl/certs -s mx1.example.com -l secure '[mx1.example.com]:25'"
        ),
        "{finding}"
    );
    assert!(!finding.contains("Exim"));

    let markdown = markdown::report_with_remedies(&report, Remedies::BUILT_IN);
    assert!(markdown.contains(
        "**Configuration** (Looks like Postfix, by its greeting; a guess):\n\n```text\n# /etc/postfix/"
    ));
    assert!(!markdown.contains("Exim"));
}

#[test]
fn a_chosen_address_is_said_and_connected_to() {
    let mut report = fixture("faulty");
    report.address = Some("203.0.113.9".to_owned());
    let text = text::report_with_remedies(&report, text::TextStyle::Plain, Remedies::BUILT_IN);
    assert!(text.contains("\nmx1.example.com at 203.0.113.9 tested 2026-"), "{text}");
    assert!(text.contains("-connect 203.0.113.9:25 -servername mx1.example.com"), "{text}");
    assert!(!text.contains("-connect mx1.example.com") && !text.contains("[mx1.example.com]"), "{text}");
    assert!(!text.contains("--server mx1.example.com"), "{text}");
    let markdown = markdown::report(&report);
    assert!(markdown.contains("\n`mx1.example.com` at `203.0.113.9` tested 2026-"), "{markdown}");
    let html = html::report(&report);
    assert!(
        html.contains("mx1.example.com</code> at <code") && html.contains("203.0.113.9</code> tested <time"),
        "{html}"
    );
}

#[test]
fn who_writes_a_report_by_hand_writes_no_command() {
    let mut report = fixture("faulty");
    for address in ["$(reboot)", "mx2.example.com", "203.0.113.5 -x", ""] {
        let written = Report { address: Some(address.to_owned()), ..report.clone() };
        let text = text::report_with_remedies(&written, text::TextStyle::Plain, Remedies::BUILT_IN);
        assert!(!text.contains("openssl s_client"), "{address}: {text}");
    }
    for host in ["$(reboot)", "mx1.example.com; reboot", "-connect", "a'b", "mx1.example.com\n", ""] {
        report.host = host.to_owned();
        let count = html::report(&report).matches("data-id=").count();
        for place in 0..count {
            let html = html::remedy(&report, place, Remedies::BUILT_IN);
            assert!(!html.contains("<pre>"), "{host}: {html}");
        }
        let text = text::report_with_remedies(&report, text::TextStyle::Plain, Remedies::BUILT_IN);
        assert_eq!(text, text::report(&report, text::TextStyle::Plain), "{host}");
    }
}
