use heloscope_words::{mark, say, spoken};
use maud::{Markup, html};

use crate::Page;

pub(crate) const PAGE: Page = Page {
    name: "keyboard",
    title: mark!("By keyboard"),
    about: mark!("Which key does what on the page of the test, and where the focus goes."),
    body,
};

/// A key, where the focus is after it, and what has happened by then.
type Step = (&'static str, &'static str, &'static str);

/// From the page as it opens to a report. A test presses these keys on the page, and looks whether it is so.
const TEST: &[Step] = &[
    (
        "",
        mark!("Mail server"),
        mark!("The page opens with the focus in its field. Type a name, such as healthy.specimen.test."),
    ),
    (mark!("Tab"), mark!("Test"), mark!("The button that starts the test.")),
    (mark!("Tab"), "25", mark!("The first of the ports. Space ticks it, or takes the tick away.")),
    (mark!("Tab"), "465", ""),
    (mark!("Tab"), "587", ""),
    (mark!("Space"), "587", mark!("The port is left out.")),
    (mark!("Shift+Tab"), "465", mark!("The way back, one by one.")),
    (
        mark!("Enter"),
        "465",
        mark!(
            "The test starts, here as in the field. What goes on is said by screen readers; the focus stays."
        ),
    ),
];

/// In the report, counted on from the last of the ports.
const REPORT: &[Step] = &[
    (mark!("Tab"), "587", ""),
    (
        mark!("Tab"),
        mark!("Through the relay"),
        mark!("Where the relay names others. The arrow keys choose one of them."),
    ),
    (
        mark!("Tab"),
        mark!("Test through all of them"),
        mark!("Beside that choice. Enter starts a test through each."),
    ),
    (
        mark!("Tab"),
        mark!("Who runs this relay"),
        mark!("Where that can be followed: a mail address, or a page. Enter opens it."),
    ),
    (
        mark!("Tab"),
        mark!("Try it on an example"),
        mark!("Where the relay has examples. Enter shows them, and hides them again."),
    ),
    (
        mark!("Tab"),
        mark!("Copy as Markdown"),
        mark!("Enter copies the report. It comes first in the report, below the verdict."),
    ),
    (mark!("Tab"), mark!("Copy as text"), ""),
    (mark!("Tab"), mark!("Copy as JSON"), ""),
    (mark!("Tab"), mark!("Copy link to this report"), ""),
    (mark!("Tab"), mark!("Download JSON"), ""),
];

fn body() -> Markup {
    html! {
        p {
            (say!("Everything can be reached with Tab, in the order in which it stands on the page, and back with Shift+Tab. What has \
             the focus has a ring around it. No key is taken from the browser or from a screen reader."))
        }
        h2 id="test" { (say!("From the field to the report")) }
        (steps("test-steps", TEST))
        h2 id="report" { (say!("In the report")) }
        (steps("report-steps", REPORT))
        p {
            (say!("After that come, in each finding, the link that explains it and what there is to paste, then each port with its \
             transcript and its checks. Enter or Space unfolds what is folded, a line of the transcript too, and folds it again."))
        }
        h2 id="stop" { (say!("While a test runs")) }
        p {
            (say!("The button that starts it is then called Stop: Shift+Tab leads back to it, and Enter stops the test. The focus stays \
             where it was, also when the report comes."))
        }
        p {
            (say!("Above a report that was made elsewhere stands “Test again now”. Where that is pressed, the focus goes to Stop, and when \
             the new report is there to its verdict."))
        }
    }
}

fn steps(id: &str, steps: &[Step]) -> Markup {
    html! {
        table id=(id) {
            thead { tr { th scope="col" { (say!("To press")) } th scope="col" { (say!("Focus")) } th scope="col" { (say!("What it is")) } } }
            tbody {
                @for (key, focus, what) in steps {
                    tr {
                        th scope="row" { @if key.is_empty() { (say!("none yet")) } @else { kbd { (spoken(key)) } } }
                        td data-label=(say!("Focus")) { (spoken(focus)) }
                        td { (spoken(what)) }
                    }
                }
            }
        }
    }
}
