use heloscope_words::{mark, say};
use maud::{Markup, html};

use crate::Page;

pub(crate) const PAGE: Page = Page {
    name: "ports",
    title: mark!("Three ports"),
    about: mark!("Which port is for what, and STARTTLS against implicit TLS."),
    body,
};

fn body() -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { (say!("Port")) } th scope="col" { (say!("For")) } th scope="col" { "TLS" } th scope="col" { "AUTH" } } }
            tbody {
                tr id="port-25" {
                    th scope="row" { "25" }
                    td data-label=(say!("For")) { (say!("Mail between servers, RFC 5321. The MX record of a domain leads here; no other port takes mail from \
                          the rest of the world.")) }
                    td data-label="TLS" { (say!("STARTTLS. A server must not demand it of everyone (RFC 3207 §4), or mail is lost.")) }
                    td data-label="AUTH" { (say!("None.")) }
                }
                tr id="port-465" {
                    th scope="row" { "465" }
                    td data-label=(say!("For")) { (say!("Submission by mail clients, RFC 8314: the port to prefer.")) }
                    td data-label="TLS" { (say!("Implicit: TLS begins with the first octet.")) }
                    td data-label="AUTH" { (say!("Inside TLS.")) }
                }
                tr id="port-587" {
                    th scope="row" { "587" }
                    td data-label=(say!("For")) { (say!("Submission by mail clients, RFC 6409.")) }
                    td data-label="TLS" { (say!("STARTTLS, which a server should demand before AUTH.")) }
                    td data-label="AUTH" { (say!("Inside TLS.")) }
                }
            }
        }
        p {
            (say!("A domain may well have its MX on one host and submission on another. A host that takes mail from other servers \
             only needs neither 465 nor 587; of those two, one is enough. Networks of homes and clouds often block port 25 \
             on its way out: that it does not answer may be the fault of the network one tests from."))
        }
        h2 id="starttls" { "STARTTLS" }
        p {
            (say!("The session begins in clear text: greeting, EHLO, and the client's word STARTTLS where the server offers it. After \
             the server's 220 both speak TLS, and whatever was said before is forgotten (RFC 3207 §4.2). Whoever sits on the \
             path can take the offer out of the reply, and a client that does not insist goes on in clear text. MTA-STS and \
             DANE were made to insist between servers; a mail client does so by its settings."))
        }
        h2 id="implicit-tls" { (say!("Implicit TLS")) }
        p {
            (say!("TLS comes first, and SMTP is spoken inside alone. There is no offer that anyone could take out, nothing to \
             wait for in clear text, and two round trips less to the first command inside TLS. RFC 8314 §3 asks for it wherever users submit \
             mail. Between servers there is no port for it."))
        }
        h2 id="mixed-up" { (say!("Mixed up")) }
        p {
            (say!("A client set to implicit TLS on port 587 sends a handshake to a server that waits to greet it; one set to \
             STARTTLS on port 465 waits for a greeting that never comes. Both look like a server that hangs. A report says \
             which it is: clear text where TLS was to begin, or TLS where clear text was."))
        }
    }
}
