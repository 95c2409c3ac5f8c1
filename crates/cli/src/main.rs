//! The mail server test from a terminal.
//!
//! A driver and nothing else: it looks up the name and opens TCP connections, or WebSockets of a relay, and carries octets
//! between them and the probe; what is seen is judged and put into words elsewhere.

mod arguments;
mod dial;
mod direct;
mod events;
mod live;
mod relay;
mod relayed;
mod run;
mod usage;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow};
use heloscope_observation::{Target, understand};
use heloscope_pki::{TrustAnchors, Verifier};
use heloscope_probe::Probe;
use heloscope_render::text::TextStyle;
use heloscope_render::{markdown, text};
use heloscope_report::{Remedies, Report, Severity, Status, checks, inert, judge};
use heloscope_wire::About;
use heloscope_words::{say, spoken, within};

use crate::arguments::{Arguments, Colour, Command, Language, Token};
use crate::dial::Dialler;
use crate::live::Live;
use crate::relay::Relay;
use crate::run::Way;
use crate::usage::Usage;

/// Nothing could be tested: a monitor must not take a mistyped command for a bad mail server.
const COULD_NOT_TEST: u8 = 3;

fn main() -> ExitCode {
    let Language(spoken) = Language::of_command_line(std::env::args_os());
    within(spoken, || {
        let done = match Arguments::read(std::env::args_os().collect()) {
            Ok(Arguments { command: Some(Command::Checks), .. }) => print(&table_of_checks()).map(|()| 0),
            Ok(arguments) => within(arguments.lang.0, || test(&arguments)),
            Err(Usage::Clap(error)) => {
                // Nothing is lost where nobody reads it.
                let _ = error.print();
                Ok(if error.use_stderr() { COULD_NOT_TEST } else { 0 })
            }
            Err(wrong) => Err(anyhow!("{wrong}")),
        };
        ExitCode::from(done.unwrap_or_else(|error| {
            let _ = writeln!(io::stderr(), "heloscope: {error:#}");
            COULD_NOT_TEST
        }))
    })
}

/// Tests the host, prints the report, and says the exit status.
fn test(arguments: &Arguments) -> Result<u8> {
    let text = arguments.host.as_deref().context(say!("no host was named"))?;
    let understood = understand(text, |name| idna::domain_to_ascii(name).ok())?;
    let asked = match (arguments.ports.as_slice(), understood.ports) {
        ([], named) => named.unwrap_or_default(),
        (ports, _) => ports.to_vec(),
    };
    let target = Target::new(understood.host, asked).at(arguments.address);
    let mut anchors = anchors(arguments)?;
    let mut relay = relay(arguments, &target)?;
    if let Some(said) = understood.said {
        let _ = writeln!(io::stderr(), "{said}");
    }

    let mut live = Live::on_standard_error(style(arguments.color, io::stderr().is_terminal()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let observations = runtime.block_on(async {
        let offer = match &mut relay {
            Some(relay) => relay.ask().await,
            None => None,
        };
        if let Some(About { trust_anchors, .. }) =
            offer.filter(|offer| !offer.trust_anchors.trim().is_empty())
        {
            anchors.add_pem(&trust_anchors).context(say!("the relay offers what are no trust anchors"))?;
        }
        let url = relay.as_ref().map(|relay| relay.url().to_owned());
        let probe = Probe::new(target.clone(), url, wall_clock_ms()?);
        let direct = || Dialler::new(target.host.clone(), arguments.address, arguments.ehlo_name.clone());
        let way = relay.map_or_else(|| Way::Direct(direct()), |relay| Way::Relay(Box::new(relay)));
        anyhow::Ok(run::run(probe, way, &mut live).await)
    })?;
    // A look-up that hangs in the system's resolver would hold us up.
    runtime.shutdown_background();

    let report = judge(&observations, &Verifier::new(&anchors), observations.began_at_ms.div_euclid(1000));
    print(&printed(arguments, &report)?)?;
    Ok(status(&report))
}

/// The relay to test through, where one was named.
fn relay(arguments: &Arguments, target: &Target) -> Result<Option<Relay>> {
    let Some(url) = arguments.relay.clone() else { return Ok(None) };
    let of_environment = || Token::of_environment().map_err(|wrong| anyhow!("HELOSCOPE_TOKEN: {wrong}"));
    let token = arguments.token.clone().map_or_else(of_environment, |token| Ok(Some(token)))?;
    let tls = relay::client_config(&arguments.relay_ca_files)?;
    Relay::new(url, target.clone(), tls, token).map(Some)
}

fn anchors(arguments: &Arguments) -> Result<TrustAnchors> {
    let mut anchors = TrustAnchors::webpki();
    for file in &arguments.ca_files {
        let pem = std::fs::read_to_string(file).with_context(|| say!("cannot read {}", file.display()))?;
        anchors.add_pem(&pem).with_context(|| say!("no trust anchors in {}", file.display()))?;
    }
    Ok(anchors)
}

fn printed(arguments: &Arguments, report: &Report) -> Result<String> {
    Ok(if arguments.json {
        written_out(&serde_json::to_string_pretty(report)?) + "\n"
    } else if arguments.markdown {
        markdown::report_with_remedies(report, Remedies::BUILT_IN)
    } else {
        text::report_with_remedies(
            report,
            style(arguments.color, io::stdout().is_terminal()),
            Remedies::BUILT_IN,
        )
    })
}

/// The same JSON, in which what a terminal would not show, or obey, stands as `\uXXXX` (RFC 8259 §7).
fn written_out(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        let mut octets = [0; 4];
        let text: &str = character.encode_utf8(&mut octets);
        if character < '\u{7f}' || inert(text) == text {
            out.push(character);
        } else {
            let mut units = [0; 2];
            let units = character.encode_utf16(&mut units);
            out.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

fn status(report: &Report) -> u8 {
    match report.status {
        Status::Ok | Status::Notice => 0,
        Status::Warning => 1,
        Status::Error => 2,
        Status::Untested => COULD_NOT_TEST,
    }
}

fn style(colour: Colour, terminal: bool) -> TextStyle {
    // https://no-color.org: set, and not empty.
    let unwanted = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match colour {
        Colour::Always => TextStyle::Colour,
        Colour::Auto if terminal && !unwanted() => TextStyle::Colour,
        Colour::Auto | Colour::Never => TextStyle::Plain,
    }
}

/// Every check, in Markdown; the documentation has the English one.
fn table_of_checks() -> String {
    let heads = [say!("Check"), say!("Severity"), say!("Title"), say!("Basis")];
    let mut table = format!("| {} |\n| --- | --- | --- | --- |\n", heads.join(" | "));
    for check in checks() {
        let severity = match check.severity {
            Severity::Ok => say!("ok"),
            Severity::Notice => say!("notice"),
            Severity::Warning => say!("warning"),
            Severity::Error => say!("error"),
        };
        let (title, basis) = (spoken(check.title), spoken(check.basis));
        table += &format!("| `{}` | {severity} | {title} | {basis} |\n", check.id);
    }
    table
}

/// Prints on standard output; a reader that has gone has read enough.
fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("cannot print"),
        _ => Ok(()),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
fn wall_clock_ms() -> Result<i64> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let since = since.context("this machine's clock stands before 1970")?;
    Ok(i64::try_from(since.as_millis())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_nothing_that_a_terminal_obeys() {
        let names = ["a\u{202e}b\u{200b}\u{7f}\u{9b}", "Gr\u{fc}\u{df}e \u{1f600}", "\u{e0041}"];
        let json = serde_json::to_string_pretty(&names).expect("JSON");
        let written = written_out(&json);
        assert!(written.contains("\"a\\u202eb\\u200b\\u007f\\u009b\""), "{written}");
        assert!(written.contains("\"\\udb40\\udc41\"") && written.contains("Gr\u{fc}\u{df}e"), "{written}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&written).expect("JSON"), names);
    }
}
