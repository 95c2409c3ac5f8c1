use heloscope_words::{mark, say};
use maud::{Markup, html};

use crate::Page;

pub(crate) const PAGE: Page = Page {
    name: "test",
    title: mark!("What the test does"),
    about: mark!("What the test does, what it does not do, and what it cannot see."),
    body,
};

fn body() -> Markup {
    html! {
        h2 id="does" { (say!("What it does")) }
        ol {
            li { (say!("It looks the host's name up, and connects to each port by TCP.")) }
            li { (say!("It waits for the greeting, up to 38 s, and says nothing before it is complete.")) }
            li { (say!("It says EHLO with the name of the relay, or HELO where EHLO is refused.")) }
            li { (say!("It says STARTTLS where that is offered; on port 465 TLS begins at once.")) }
            li { (say!("It finishes a TLS handshake as a library of today would, whatever the certificate. Where that fails it asks \
                  once more, on a connection of its own, in the way of older libraries, to learn what the server does speak.")) }
            li { (say!("It says EHLO inside TLS, since only that reply counts then, and QUIT.")) }
            li { (say!("It looks at every certificate that was sent: dates, names, keys, signatures, and the path to a root of \
                  Mozilla's programme or to one that was added.")) }
        }
        h2 id="does-not" { (say!("What it does not do")) }
        ul {
            li { (say!("It sends no mail: no MAIL FROM, no RCPT TO. Whether an address exists, or mail to it is spam, it does not ask.")) }
            li { (say!("It sends no password. AUTH is noted where it is offered, and not tried.")) }
            li { (say!("It does not look up MX, TLSA, MTA-STS, SPF or DKIM records, and says so where an answer depends on them.")) }
            li { (say!("It does not try all versions and cipher suites: it reports those that the server chose.")) }
            li { (say!("It does not try how long a hello may be. Its own has 200 to 500 octets, depending on the length of the host's \
                  name, and some 1200 more where the server asks for a post-quantum key share; the check tls-hello-intolerance \
                  says how many it was. Whether a server, or a device before it, takes longer ones is not known by that.")) }
            li { (say!("It does not attack. What a server does on its own, such as sending octets after its 220 to STARTTLS, is noted.")) }
        }
        h2 id="cannot" { (say!("What it cannot see")) }
        p {
            (say!("It sees one path through the network, at one moment, from one address. Another sender may meet another machine \
             behind the same name, a firewall on its way, or a server that treats it better or worse. What could not be tested \
             is reported as not tested, and never as sound."))
        }
        p {
            (say!("It hangs up as soon as it has the 221 to QUIT, and does not wait to see whether the server ends TLS with a \
             close_notify after that. Where the server hangs up first, at whatever point, the report says so if none came."))
        }
        h2 id="where" { (say!("Where it runs")) }
        p {
            (say!("TLS is spoken and certificates are read in your browser. The relay carries octets between browser and mail \
             server. Of what goes on inside TLS it is shown what the browser says, EHLO and QUIT, so that nothing else goes \
             through it; what the server answers there it cannot read. It stores nothing."))
        }
    }
}
