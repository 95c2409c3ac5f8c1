use heloscope_report::{reply_codes, status_codes};
use heloscope_words::{mark, say};
use maud::{Markup, html};

use crate::Page;

pub(crate) const PAGE: Page = Page {
    name: "replies",
    title: mark!("Reply codes"),
    about: mark!("What the three digits of a reply mean, and the enhanced status code after them."),
    body,
};

fn body() -> Markup {
    html! {
        p {
            (say!("A server answers each command with three digits and a text (RFC 5321 §4.2). The first digit is what a sender goes \
             by: 2 is done, 3 is go on, 4 is not now and the sender tries again, 5 is no and the mail goes back. The text is \
             for people, and says what its author liked."))
        }
        p {
            (say!("Many servers put an enhanced status code after the three digits, such as 5.7.1 (RFC 3463). Its first number is \
             the class again, 2, 4 or 5; the other two say why, and mean the same whatever the class."))
        }
        h2 id="reply-codes" { (say!("Reply codes")) }
        table {
            thead { tr { th scope="col" { (say!("Code")) } th scope="col" { (say!("What it means")) } } }
            tbody {
                @for (code, meaning) in reply_codes() {
                    tr id={ "code-" (code) } { th scope="row" { code { (code) } } td { (meaning) } }
                }
            }
        }
        h2 id="status-codes" { (say!("Enhanced status codes")) }
        p { (say!("The x stands for the class.")) }
        table {
            thead { tr { th scope="col" { (say!("Code")) } th scope="col" { (say!("What it means")) } } }
            tbody {
                @for (subject, detail, meaning) in status_codes() {
                    tr id={ "status-" (subject) "-" (detail) } {
                        th scope="row" { code { "x." (subject) "." (detail) } }
                        td { (meaning) }
                    }
                }
            }
        }
    }
}
