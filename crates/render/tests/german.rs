//! Whole reports with German around them: what the renderers say themselves, in every format, and nothing in English.

#![allow(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

use std::path::Path;

use heloscope_languages::catalogue;
use heloscope_render::{html, markdown, text};
use heloscope_report::{Certificate, Finding, Remedies, Report};
use heloscope_words::{Catalogue, within};

fn german() -> &'static Catalogue {
    catalogue("de").unwrap()
}

/// The report without the words that it was made with.
fn wordless(name: &str) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}.json"));
    let mut report: Report = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(report.language, "en");
    report.language = "de".to_owned();
    let ports = report.ports.iter_mut();
    report.findings.iter_mut().for_each(silence);
    for port in ports {
        port.findings.iter_mut().for_each(silence);
        port.notes.clear();
        if let Some(error) = &mut port.error {
            error.message.clear();
        }
        for check in &mut port.checks {
            check.why = check.why.take().map(|_| "Grund".to_owned());
        }
        let offered = [&mut port.capabilities_before_tls, &mut port.capabilities_after_tls];
        for capability in offered.into_iter().flatten().flatten().chain(&mut port.capabilities) {
            capability.meaning = None;
        }
        if let Some(leaf) = &mut port.certificate {
            leaf.chain_error_text = None;
        }
        let unread = |certificate: &mut Certificate| certificate.unreadable = None;
        port.chain.iter_mut().for_each(unread);
    }
    report
}

fn silence(finding: &mut Finding) {
    for words in [&mut finding.title, &mut finding.explanation, &mut finding.fix, &mut finding.reference] {
        *words = "Wort".to_owned();
    }
}

#[test]
fn nothing_around_a_report_stays_english() {
    let german = german();
    for name in ["healthy", "faulty", "unreachable", "hostile"] {
        let report = wordless(name);
        within(Some(german), || {
            let formats = [
                html::report(&report),
                html::remedy(&report, 0, Remedies::BUILT_IN),
                markdown::report_with_remedies(&report, Remedies::BUILT_IN),
                text::report_with_remedies(&report, text::TextStyle::Plain, Remedies::BUILT_IN),
            ];
            for format in formats {
                assert_eq!(german.left_english(&format), Vec::<&str>::new(), "{name}");
            }
        });
    }
}

#[test]
fn a_report_in_german() {
    let report = wordless("healthy");
    within(Some(german()), || {
        let text = text::report(&report, text::TextStyle::Plain);
        let verdict = "Wie es sein soll: Mail erreicht diesen Server über TLS 1.3; das Zertifikat ist noch 36 Tage gültig.";
        assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(verdict), "{text}");
        assert!(text.contains("mx1.example.com getestet 2026-11-23 22:15:04 UTC in "), "{text}");
        assert!(text.contains("  Begrüßung           220 mx1.example.com"), "{text}");
        let markdown = markdown::report(&report);
        assert!(markdown.starts_with("# mx1.example.com: Wie es sein soll\n"), "{markdown}");
        assert!(
            html::report(&report)
                .contains("<h3>Port 25 <span class=\"role\">Mail zwischen Servern</span></h3>")
        );
    });
    assert!(text::report(&report, text::TextStyle::Plain).starts_with("As it should be: Mail reaches"));
}

/// In text they stand as they are copied; on the page they are written as the language has them.
#[test]
fn numbers_have_the_sign_of_the_language_and_are_marked_on_the_page() {
    let mut report = wordless("healthy");
    report.duration_ms = 31_249;
    let sent = "SIZE 10240000: 9.7 s";
    report.ports[0].banner = Some(sent.to_owned());
    report.ports[0].capabilities_before_tls.iter_mut().flatten().for_each(|offered| {
        offered.meaning = Some("Größte Nachricht: 9,7 MiB (10240000 Oktette)".to_owned());
    });
    within(Some(german()), || {
        for text in [text::report(&report, text::TextStyle::Plain), markdown::report(&report)] {
            assert!(text.contains(" in 31,2 s, "), "{text}");
            assert!(text.contains(sent), "{text}");
        }
        let html = html::report(&report);
        assert!(html.contains("<data value=\"31.2\">31,2</data> s</span>"), "{html}");
        let size = "<data value=\"9.7\">9,7</data> MiB</span> \
                    <span class=\"short\">(<data value=\"10240000\">10240000</data> Oktette)</span>";
        assert!(html.contains(size), "{html}");
        assert!(html.contains(&format!("<code>{sent}</code>")), "{html}");
    });
}
