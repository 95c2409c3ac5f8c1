//! What this project's relay says of a connection that it does not make, and the command of a relay that does not let it
//! in. It is said in English; whole it is told in the language of the report, since it is a message here as well, and in a few
//! words it goes into a headline.

use std::net::IpAddr;
use std::str::FromStr;

use heloscope_observation::Host;
use heloscope_words::{mark, said, say};

const NOT_LET_OUT: &str = mark!(
    "This relay cannot reach port {port}: its network lets no connection to it out. That says nothing about the mail server; \
     test it from a relay elsewhere, or from a machine that sends mail."
);
const NOT_SERVED: &str = mark!(
    "This relay does not connect to port {port}. It serves {ports}; its operator can add others with --allow-port."
);
const NOT_ALLOWED: &str = mark!(
    "The relay does not connect to {ip}, which is {what}. Its operator can allow a network with --allow-net."
);
const LEADS_ASTRAY: &str =
    mark!("The name {name} leads to an address to which this relay does not connect, such as a private one.");
const DENIED: &str = mark!(
    "The operator of this relay does not have it connect to {host}. Ask them, or run a relay of your own."
);
/// The command says so before what the relay answers it.
const WANTS_TOKEN: &str = mark!(
    "The relay asks for its token, which --token or HELOSCOPE_TOKEN gives this command. It answers: {said}"
);

/// What it says where there is no connection though it would make one: told in the language of the report wherever it stands
/// as a message, one sentence or several.
const _: [&str; 15] = [
    mark!("This relay does not look up {name}, as no dot is in that name. Write the full name of the host."),
    mark!("The name {name} does not exist or has no address. Is it spelt right?"),
    mark!("The name has no address."),
    mark!("The name {name} could not be looked up: {reason}. Try again, or give its address."),
    mark!("the name servers did not answer within {time}"),
    mark!("{address} did not answer within {time}: a firewall drops the packets, or the machine is down."),
    mark!("{address} did not answer: a firewall drops the packets, or the machine is down."),
    mark!("{address} refused the connection: no mail server listens on that port, or a firewall says so."),
    mark!(
        "The relay has no way to {address}: its network may have no IPv6. Try an IPv4 address of the host."
    ),
    mark!("The relay has no way to {address}: there is no route to that network."),
    mark!("A firewall at the relay does not let it connect to {address}."),
    mark!(
        "A router on the way says that {address} cannot be reached: the machine is down, or a firewall says so."
    ),
    mark!("{address} cannot be reached: {error}."),
    mark!("Many networks block port 25 outwards; the relay's may be one."),
    mark!("({tried} addresses were tried.)"),
];

/// Why the relay refused, to stand after a colon; `None` where its message is none of those that are known. Nothing of it is
/// the message's own but a port, an address or a host.
pub(super) fn reason(message: &str) -> Option<String> {
    if let Some(port) = first::<u16>(NOT_LET_OUT, message) {
        return Some(say!("the relay's network lets no connection to port {port} out"));
    }
    if said(NOT_SERVED, message).is_some() {
        return Some(say!("the relay serves other ports only").to_owned());
    }
    if let Some(ip) = first::<IpAddr>(NOT_ALLOWED, message) {
        return Some(say!("the relay's rules do not let it connect to {ip}"));
    }
    if let Some(ip) = first::<Host>(LEADS_ASTRAY, message) {
        return Some(say!("the relay's rules do not let it connect to {ip}"));
    }
    if said(WANTS_TOKEN, message).is_some() {
        return Some(say!("the relay asks for its token").to_owned());
    }
    first::<Host>(DENIED, message).map(|host| say!("the relay's operator does not have it connect to {host}"))
}

fn first<T: FromStr>(known: &'static str, message: &str) -> Option<T> {
    said(known, message)?.first()?.parse().ok()
}
