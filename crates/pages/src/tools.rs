use heloscope_words::{mark, say, spoken};
use maud::{Markup, html};

use crate::Page;

pub(crate) const PAGE: Page = Page {
    name: "tools",
    title: mark!("Which tool"),
    about: mark!("Which tool answers which question about a mail server."),
    body,
};

/// A question, the tool that answers it, and how it is asked of mx1.example.com.
const QUESTIONS: &[(&str, &str, &str)] = &[
    (
        mark!("Does the server answer, and what will each kind of sender do?"),
        mark!("this test, or heloscope in a terminal"),
        "heloscope mx1.example.com",
    ),
    (mark!("Which hosts take mail for a domain?"), mark!("dig, of BIND"), "dig +short example.com MX"),
    (
        mark!("Which certificates does it send?"),
        "openssl",
        "openssl s_client -starttls smtp -connect mx1.example.com:25 -servername mx1.example.com -showcerts </dev/null",
    ),
    (
        mark!("Do the TLSA records match, and would a Postfix with DANE deliver?"),
        mark!("posttls-finger, of Postfix"),
        "posttls-finger -c -l dane example.com",
    ),
    (
        mark!("What does the server say, word for word?"),
        "swaks",
        "swaks --server mx1.example.com --quit-after EHLO --tls",
    ),
    (
        mark!("Does it take a mail to this address?"),
        mark!("swaks, which sends one"),
        "swaks --server mx1.example.com --to postmaster@example.com --tls",
    ),
    (
        mark!("Which versions and cipher suites does it take, all of them?"),
        mark!("testssl.sh or sslyze"),
        "testssl.sh --starttls smtp mx1.example.com:25",
    ),
    (
        mark!("Is there a TLSA record, signed by DNSSEC?"),
        mark!("dig, by way of a resolver that validates; signed where that sets the flag ad"),
        "dig +dnssec _25._tcp.mx1.example.com TLSA",
    ),
    (
        mark!("What does the MTA-STS policy say?"),
        mark!("dig and curl"),
        "dig +short _mta-sts.example.com TXT; curl https://mta-sts.example.com/.well-known/mta-sts.txt",
    ),
    (
        mark!("Does port 25 get out of this network at all?"),
        mark!("nc, towards a host that is known to answer"),
        "nc -vz mx1.example.com 25",
    ),
];

fn body() -> Markup {
    html! {
        p { (say!("Each has its question. In the commands, put your own names for those of example.com.")) }
        @for (question, tool, command) in QUESTIONS {
            section {
                h2 { (spoken(question)) }
                p { (spoken(tool)) ":" }
                pre { code {
                    @for (place, word) in command.split(' ').enumerate() {
                        @if place > 0 { " " }
                        // A line goes on at a space alone: broken after a hyphen, an option would look like another.
                        span class="word" { (word) }
                    }
                } }
            }
        }
        p {
            (say!("Below each finding a report has the commands that show the same once more, with host and port filled in."))
        }
    }
}
