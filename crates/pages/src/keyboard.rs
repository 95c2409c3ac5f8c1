use maud::{Markup, html};

use crate::Page;

pub(crate) const PAGE: Page = Page {
    name: "keyboard",
    title: "By keyboard",
    about: "Which key does what on the page of the test, and where the focus goes.",
    body,
};

/// A key, where the focus is after it, and what has happened by then.
type Step = (&'static str, &'static str, &'static str);

/// From the page as it opens to a report. A test presses these keys on the page, and looks whether it is so.
const TEST: &[Step] = &[
    (
        "",
        "Mail server",
        "The page opens with the focus in its field. Type a name, such as healthy.specimen.test.",
    ),
    ("Tab", "Test", "The button that starts the test."),
    ("Tab", "25", "The first of the ports. Space ticks it, or takes the tick away."),
    ("Tab", "465", ""),
    ("Tab", "587", ""),
    ("Space", "587", "The port is left out."),
    ("Shift+Tab", "465", "The way back, one by one."),
    (
        "Enter",
        "465",
        "The test starts, here as in the field. What goes on is said by screen readers; the focus stays.",
    ),
];

/// In the report, counted on from the last of the ports.
const REPORT: &[Step] = &[
    ("Tab", "587", ""),
    ("Tab", "Try it on an example", "Where the relay has examples. Enter shows them, and hides them again."),
    ("Tab", "Copy as Markdown", "Enter copies the report. It comes first in the report, below the verdict."),
    ("Tab", "Copy as text", ""),
    ("Tab", "Copy as JSON", ""),
    ("Tab", "Copy link to this report", ""),
    ("Tab", "Download JSON", ""),
];

fn body() -> Markup {
    html! {
        p {
            "Everything can be reached with Tab, in the order in which it stands on the page, and back with Shift+Tab. What has \
             the focus has a ring around it. No key is taken from the browser or from a screen reader."
        }
        h2 id="test" { "From the field to the report" }
        (steps("test-steps", TEST))
        h2 id="report" { "In the report" }
        (steps("report-steps", REPORT))
        p {
            "After that come, in each finding, the link that explains it and what there is to paste, then each port with its \
             transcript and its checks. Enter or Space unfolds what is folded, a line of the transcript too, and folds it again."
        }
        h2 id="stop" { "While a test runs" }
        p {
            "The button that starts it is then called Stop: Shift+Tab leads back to it, and Enter stops the test. The focus stays \
             where it was, also when the report comes."
        }
    }
}

fn steps(id: &str, steps: &[Step]) -> Markup {
    html! {
        table id=(id) {
            thead { tr { th scope="col" { "Key" } th scope="col" { "Focus" } th scope="col" { "What it is" } } }
            tbody {
                @for (key, focus, what) in steps {
                    tr {
                        th scope="row" { @if key.is_empty() { "none yet" } @else { kbd { (key) } } }
                        td data-label="Focus" { (focus) }
                        td { (what) }
                    }
                }
            }
        }
    }
}
