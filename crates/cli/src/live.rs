use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use heloscope_observation::Observations;
use heloscope_render::text::{self, TextStyle};

/// Between two drawings.
const PACE: Duration = Duration::from_millis(100);

/// The progress of a test on standard error, drawn over itself; nothing where that is no terminal.
pub(crate) struct Live {
    style: Option<TextStyle>,
    next: Duration,
    drawn: String,
}

impl Live {
    pub(crate) fn on_standard_error(style: TextStyle) -> Self {
        let terminal =
            io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self { style: terminal.then_some(style), next: Duration::ZERO, drawn: String::new() }
    }

    /// Draws what is known at this time, where that is due; says when to draw again.
    pub(crate) fn draw(&mut self, observations: &Observations, now: Duration) -> Option<Duration> {
        let style = self.style?;
        if now >= self.next {
            self.next = now + PACE;
            let view = text::progress(observations, now, style);
            if view != self.drawn {
                write(&(over(&self.drawn) + &unwrapped(&view)));
                self.drawn = view;
            }
        }
        Some(self.next)
    }

    /// Takes the last drawing away.
    pub(crate) fn clear(&mut self) {
        if !self.drawn.is_empty() {
            write(&over(&self.drawn));
            self.drawn.clear();
        }
    }
}

/// Moves up to the first line of what was drawn, and erases from there on (ECMA-48 CPL and ED).
fn over(drawn: &str) -> String {
    match drawn.lines().count() {
        0 => String::new(),
        lines => format!("\x1b[{lines}F\x1b[J"),
    }
}

/// Lines cut at the terminal's edge instead of wrapped (DECAWM), so that there are as many as are counted.
fn unwrapped(view: &str) -> String {
    let end = if view.is_empty() || view.ends_with('\n') { "" } else { "\n" };
    format!("\x1b[?7l{view}{end}\x1b[?7h")
}

/// In one piece, so that an interrupt leaves no half of it. A terminal that is gone is no reason to stop.
fn write(drawing: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(drawing.as_bytes()).and_then(|()| stderr.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_goes_over_the_last_one() {
        assert_eq!(over(""), "");
        assert_eq!(over("one\ntwo\n"), "\x1b[2F\x1b[J");
        assert_eq!(unwrapped("one\ntwo"), "\x1b[?7lone\ntwo\n\x1b[?7h");
    }
}
