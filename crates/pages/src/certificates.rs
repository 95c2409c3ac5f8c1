use heloscope_report::certificate_warnings;
use heloscope_words::{mark, say, spoken};
use maud::{Markup, html};

use crate::Page;
use crate::date::dated;

pub(crate) const PAGE: Page = Page {
    name: "certificates",
    title: mark!("Certificate warnings"),
    about: mark!("What each warning about a certificate means, for mail servers and for mail clients."),
    body,
};

fn body() -> Markup {
    html! {
        p {
            (say!("Whether a certificate has expired, is for another name, or leads to no trusted root are three questions, and each \
             has its own answer: a certificate that has expired is not for that reason untrusted. What follows from a warning \
             depends on who connects."))
        }
        ul {
            li { (emphasized(say!("An *opportunistic* sender uses TLS where it is offered, and does not look at the certificate."))) }
            li { (emphasized(say!("A sender that finds an *MTA-STS* policy in mode enforce (RFC 8461) delivers only to a certificate \
                  that is valid, trusted and for the name in the MX record."))) }
            li { (emphasized(say!("A *DANE* sender goes by the TLSA records in the DNS (RFC 7672): with DANE-EE(3) the key alone \
                  counts, and neither name, dates nor issuer; with DANE-TA(2) name and dates count too."))) }
            li { (emphasized(say!("A *mail client* on port 465 or 587 looks at all of it, and refuses or asks its user."))) }
        }
        p { (dated(say!("The examples below are told of mx1.example.com, on 2026-11-23."))) }
        @for warning in certificate_warnings() {
            section {
                h2 id=(warning.check.id) { (spoken(warning.check.title)) }
                h3 { (say!("Where mail servers connect")) }
                p { (dated(&warning.to_senders)) }
                h3 { (say!("Where mail clients connect")) }
                p { (dated(&warning.to_clients)) }
                h3 { (say!("To mend it")) }
                p { (warning.fix) }
                p class="reference" { (say!("Reference")) ": " (spoken(warning.check.basis)) }
            }
        }
    }
}

/// A sentence with what stands between asterisks in bold.
fn emphasized(sentence: &str) -> Markup {
    html! {
        @for (place, part) in sentence.split('*').enumerate() {
            @if place % 2 == 1 { b { (part) } } @else { (part) }
        }
    }
}
