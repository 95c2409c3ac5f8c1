use heloscope_report::{extensions, mechanisms};
use heloscope_words::{mark, say};
use maud::{Markup, html};

use crate::Page;

pub(crate) const PAGE: Page = Page {
    name: "extensions",
    title: mark!("Extensions"),
    about: mark!("What a server offers in its reply to EHLO, keyword by keyword."),
    body,
};

fn body() -> Markup {
    html! {
        p {
            (say!("The reply to EHLO has a line for each extension that the server offers: a keyword and, with some, parameters \
             (RFC 5321 §4.1.1.1). A client uses what it knows and passes over the rest. What was offered before TLS counts \
             for nothing inside TLS, where the client says EHLO once more (RFC 3207 §4.2): a server may well offer AUTH there \
             alone, and should."))
        }
        table {
            thead { tr { th scope="col" { (say!("Keyword")) } th scope="col" { (say!("What it means")) } } }
            tbody {
                @for (keyword, meaning) in extensions() {
                    tr id=(keyword) { th scope="row" { code { (keyword) } } td { (meaning) } }
                }
            }
        }
        h2 id="mechanisms" { (say!("Mechanisms of AUTH")) }
        p {
            (say!("PLAIN and LOGIN send the password as it is: inside TLS that is how nearly everyone logs in, before TLS it gives \
             the password away."))
        }
        table {
            thead { tr { th scope="col" { (say!("Mechanism")) } th scope="col" { (say!("What it is")) } } }
            tbody {
                @for (mechanism, meaning) in mechanisms() {
                    tr { th scope="row" { code { (mechanism) } } td { (meaning.trim_matches(['(', ')'])) } }
                }
            }
        }
    }
}
