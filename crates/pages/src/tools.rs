use maud::{Markup, html};

use crate::Page;

pub(crate) const PAGE: Page = Page {
    name: "tools",
    title: "Which tool",
    about: "Which tool answers which question about a mail server.",
    body,
};

/// A question, the tool that answers it, and how it is asked of mx1.example.com.
const QUESTIONS: &[(&str, &str, &str)] = &[
    (
        "Does the server answer, and what will each kind of sender do?",
        "this test, or heloscope in a terminal",
        "heloscope mx1.example.com",
    ),
    ("Which hosts take mail for a domain?", "dig, of BIND", "dig +short example.com MX"),
    (
        "Which certificates does it send?",
        "openssl",
        "openssl s_client -starttls smtp -connect mx1.example.com:25 -servername mx1.example.com -showcerts </dev/null",
    ),
    (
        "Do the TLSA records match, and would a Postfix with DANE deliver?",
        "posttls-finger, of Postfix",
        "posttls-finger -c -l dane example.com",
    ),
    (
        "What does the server say, word for word?",
        "swaks",
        "swaks --server mx1.example.com --quit-after EHLO --tls",
    ),
    (
        "Does it take a mail to this address?",
        "swaks, which sends one",
        "swaks --server mx1.example.com --to postmaster@example.com --tls",
    ),
    (
        "Which versions and cipher suites does it take, all of them?",
        "testssl.sh or sslyze",
        "testssl.sh --starttls smtp mx1.example.com:25",
    ),
    (
        "Is there a TLSA record, signed by DNSSEC?",
        "dig; signed where the flag ad is among its answer's flags",
        "dig +dnssec _25._tcp.mx1.example.com TLSA",
    ),
    (
        "What does the MTA-STS policy say?",
        "dig and curl",
        "dig +short _mta-sts.example.com TXT; curl https://mta-sts.example.com/.well-known/mta-sts.txt",
    ),
    (
        "Does port 25 get out of this network at all?",
        "nc, towards a host that is known to answer",
        "nc -vz mx1.example.com 25",
    ),
];

fn body() -> Markup {
    html! {
        p { "Each has its question. In the commands, put your own names for those of example.com." }
        @for (question, tool, command) in QUESTIONS {
            section {
                h2 { (question) }
                p { (tool) ":" }
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
            "Below each finding a report has the commands that show the same once more, with host and port filled in."
        }
    }
}
