use std::fmt::Write;
use std::time::Duration;

use heloscope_report::{PortProgress, Step, StepState, inert};
use heloscope_words::say;

use super::TextStyle;
use super::paint::{Colour, paint};
use crate::words;

pub(super) fn lines(ports: &[PortProgress], at: Duration, style: TextStyle) -> String {
    let mut out = String::new();
    for port in ports {
        let steps: Vec<_> = port.steps.iter().filter_map(|step| begun(step, at, style)).collect();
        let _ = writeln!(out, "{} {:<5} {}", say!("Port"), port.port.port, steps.join("  "));
        for note in port.steps.iter().filter_map(|step| step.note.as_deref()) {
            let _ = writeln!(out, "           {}", inert(note));
        }
    }
    out
}

/// A step that has begun; what is still to come is left out.
fn begun(step: &Step, at: Duration, style: TextStyle) -> Option<String> {
    let name = words::step(step.kind);
    match step.state {
        StepState::Pending | StepState::Skipped => None,
        StepState::Running { since_ms } => Some(format!("{name} … {}", words::clock(at, since_ms))),
        StepState::Done { .. } => Some(paint(style, &format!("✓ {name}"), Colour::Green)),
        StepState::Failed => {
            Some(format!("{}: {}", paint(style, &format!("✗ {name}"), Colour::Red), inert(&step.text)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::three_ports;

    #[test]
    fn a_line_a_port() {
        assert_eq!(
            lines(&three_ports(), Duration::from_millis(12_345), TextStyle::Plain),
            "Port 25    ✓ Connect  Greeting … 12 s\n\
             \u{20}          A greeting delay is not an error.\n\
             Port 465   ✗ Connect: refused \\x1b[31m\n\
             Port 587   ✓ Connect  ✓ Greeting  ✓ EHLO  ✓ TLS  ✓ Certificate\n"
        );
    }

    #[test]
    fn colours_surround_our_own_words() {
        let lines = lines(&three_ports()[1..2], Duration::ZERO, TextStyle::Colour);
        assert_eq!(lines, "Port 465   \x1b[1;31m✗ Connect\x1b[0m: refused \\x1b[31m\n");
    }
}
